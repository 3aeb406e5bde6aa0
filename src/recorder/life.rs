//! How a session begins, loses its shell or its engine, and ends.
//!
//! Invariant: a bash that ends unasked is recorded and followed by another; a session without an engine ends by itself.
//! Refuses to know: commands and their output.

use super::connection::Connection;
use super::protocol::{Failure, PROGRAM_VERSION, Reply, Secret};
use super::running::{Manner, step_file};
use super::session::{Activity, Carried, Closing, START_LIMIT, Session, write_private};
use super::shell::{Shell, quote};
use crate::history::{End, EngineLost, Fact, LeftRunning, Mode, RunFinished, RunResult, ShellDied, ShellStarted};
use crate::ident::Clock as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl Session {
    /// Starts a bash where the last one was.
    pub(super) fn start_shell(&mut self) -> std::io::Result<()> {
        let nonce = self.salts.next_salt()?;
        let candidates = [self.cwd.clone(), self.options.cwd.clone(), PathBuf::from("/")];
        let cwd = candidates.iter().find(|dir| dir.is_dir()).map_or(Path::new("/"), PathBuf::as_path);
        let shell = Shell::start(&self.options, self.folder.path(), &nonce, cwd, self.left.take())?;
        self.shell = Some(shell);
        self.activity = Activity::Starting(self.now() + START_LIMIT);
        Ok(())
    }

    pub(super) fn shell_is_up(&mut self, version: String, cwd: &str) {
        let Some(shell) = &self.shell else { return };
        shell.started();
        self.cwd = PathBuf::from(cwd);
        self.untold.push(Fact::ShellStarted(ShellStarted {
            pid: u32::try_from(shell.pid.as_raw_nonzero().get()).unwrap_or_default(),
            program: self.options.shell.display().to_string(),
            version,
        }));
        match self.options.rc.clone() {
            Some(rc) => self.read_rc(&rc),
            None => self.is_prepared(),
        }
    }

    /// The shell is as it is to be at the start of a session: now as the last one was, if there was one.
    pub(super) fn is_prepared(&mut self) {
        if !self.restore() {
            // Nothing was to be restored; but what the last shell had started may live on.
            if self.respawned.is_some() {
                self.name_missing();
            }
            self.is_idle();
        }
    }

    pub(super) fn read_rc(&mut self, rc: &Path) {
        let file = self.folder.path().join("rc");
        let mut text = b". ".to_vec();
        text.extend_from_slice(&quote(rc));
        let text = step_file(&String::from_utf8_lossy(&text), 1, Manner::Careful { trace: false, verbose: false });
        let written = write_private(&file, &text).is_ok();
        if written {
            let id = self.prepare("rc");
            self.activity = Activity::ReadingRc(id, file);
        } else {
            self.is_prepared();
        }
    }

    /// bash has ended.
    pub(super) fn shell_ended(&mut self, how: &str) {
        self.drain();
        self.read_reports();
        let Some(mut shell) = self.shell.take() else { return };
        shell.close();
        self.left = shell.leave();
        if self.closing != Closing::No {
            self.finish(End::ShellDied, None, Vec::new(), Some(how));
            self.closing = Closing::Done;
            let left = self.state.children.but(None);
            let left: Vec<String> = left.iter().map(ToString::to_string).collect();
            if !left.is_empty() {
                drop(self.append_last(vec![Fact::LeftRunning(LeftRunning { processes: left.clone() })]));
            }
            self.reply(&Reply::Ended { left });
            return;
        }
        match &self.activity {
            Activity::Starting(_) | Activity::ReadingRc(..) => {
                self.fail_to_start(&format!("it ended at its start: {how}"));
                return;
            }
            Activity::Restoring(_, file) => {
                let file = file.clone();
                self.restoring_failed(&file);
                self.untold.push(Fact::ShellDied(ShellDied { how: how.to_owned() }));
            }
            Activity::Command(_) => {
                self.respawned = Some(how.to_owned());
                self.finish(End::ShellDied, None, Vec::new(), Some(how));
            }
            Activity::Answering(_) => {
                self.respawned = Some(how.to_owned());
                self.untold.push(Fact::ShellDied(ShellDied { how: how.to_owned() }));
                self.fail(Failure::Shell, format!("it ended: {how}"));
            }
            Activity::Idle => {
                self.respawned = Some(how.to_owned());
                self.untold.push(Fact::ShellDied(ShellDied { how: how.to_owned() }));
            }
        }
        // The engine has heard how the last command came back, and goes by that.
        self.carried = Carried { is_plain: self.carried.is_plain, ..Carried::default() };
        if let Err(error) = self.start_shell() {
            self.fail_to_start(&error.to_string());
        }
    }

    /// There is no shell, and there will be none.
    pub(super) fn fail_to_start(&mut self, why: &str) {
        if let Some(shell) = self.shell.take() {
            shell.signal(rustix::process::Signal::KILL);
        }
        if self.welcomed {
            self.respawned = self.respawned.take().map(|how| format!("{how}; no new shell could be started: {why}"));
            self.is_idle();
        } else if self.engine.is_some() {
            self.reply(&Reply::Refused { reason: why.to_owned() });
            self.closing = Closing::Done;
        } else {
            self.no_shell = Some(why.to_owned());
            self.activity = Activity::Idle;
        }
    }

    /// A client has said hello and is the engine now.
    pub(super) fn engine_came(&mut self, connection: Connection, who: &str) {
        self.engine = Some(connection);
        self.engine_due = None;
        who.clone_into(&mut self.driver);
        if self.welcomed {
            return self.welcome_back();
        }
        if let Some(reason) = self.no_shell.take() {
            self.reply(&Reply::Refused { reason });
            self.closing = Closing::Done;
        } else if !matches!(self.activity, Activity::Starting(_) | Activity::ReadingRc(..) | Activity::Restoring(..)) {
            self.welcome();
        }
    }

    pub(super) fn welcome(&mut self) {
        let Some(shell) = self.shell.as_ref().filter(|_| self.engine.is_some() && !self.welcomed) else { return };
        let welcome = Reply::Welcome {
            program: PROGRAM_VERSION.to_owned(),
            run: self.options.run.clone(),
            shell: u32::try_from(shell.pid.as_raw_nonzero().get()).unwrap_or_default(),
            running: None,
        };
        self.welcomed = true;
        self.reply(&welcome);
    }

    /// An engine takes the session up again: it is shown what the running command has printed so far.
    fn welcome_back(&mut self) {
        let running = match &self.activity {
            Activity::Command(running) => Some(running.events.clone()),
            _ => None,
        };
        let shell = self.shell.as_ref().map_or(0, |shell| shell.pid.as_raw_nonzero().get());
        self.reply(&Reply::Welcome {
            program: PROGRAM_VERSION.to_owned(),
            run: self.options.run.clone(),
            shell: u32::try_from(shell).unwrap_or_default(),
            running,
        });
        let known: Vec<Secret> = self.masker.secrets().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        if !known.is_empty() {
            self.reply(&Reply::Learned { secrets: known });
        }
        if let (Activity::Command(running), Some(engine)) = (&mut self.activity, self.engine.as_mut()) {
            running.limit = running.given_limit;
            // What the engine before this one has sent and wanted is nothing to it.
            running.sent.clear();
            running.goes_on = false;
            engine.output_kept(running.seq, running.capture.kept());
            let unstored = running.unstored.copy();
            if !unstored.is_empty() {
                engine.output_unstored(running.seq, &unstored);
            }
        }
    }

    /// Whoever resumes the run finds the session as it is; after a day nobody will.
    pub(super) fn wait_for_engine(&mut self) {
        if !self.options.mode.is_interactive() || self.over {
            return self.abandon();
        }
        self.engine_due.get_or_insert(self.clock.now().mono + super::IDLE_LIMIT);
    }

    /// The engine's connection has ended without a goodbye.
    pub(super) fn engine_lost(&mut self) {
        self.engine = None;
        self.driver.clear();
        self.waiting.clear();
        self.respawned = None;
        if self.closing != Closing::No {
            return;
        }
        if self.over && matches!(self.activity, Activity::Idle) {
            // It only has not said goodbye.
            return self.close();
        }
        let now = self.now();
        let running = matches!(self.activity, Activity::Command(_));
        let then = match (running, self.options.mode) {
            (true, _) => "the running command goes on",
            (false, Mode::Attended) => "the session waits to be resumed",
            (false, Mode::Unattended) => "the run ends",
        };
        drop(self.append_last(vec![Fact::EngineLost(EngineLost { then: then.to_owned() })]));
        if let Activity::Command(running) = &mut self.activity {
            let alone = if running.started.never_ends { self.options.monitor_alone } else { super::COMMAND_ALONE };
            running.limit = Some(running.limit.unwrap_or(Duration::MAX).min(now + alone));
        } else {
            self.wait_for_engine();
        }
    }

    pub(super) fn abandon(&mut self) {
        if self.closing == Closing::No {
            self.end_run(RunResult::Abandoned, "its engine was lost");
        }
    }

    pub(super) fn end_run(&mut self, result: RunResult, reason: &str) {
        let finished = RunFinished { result, reason: reason.to_owned(), next: None };
        drop(self.append_last(vec![Fact::RunFinished(finished)]));
        self.close();
    }

    /// The recorder itself is told to end.
    pub(super) fn terminate(&mut self) {
        self.terminated = true;
        if let Activity::Command(running) = &mut self.activity {
            // It was not its time that was over.
            running.stopped = true;
            self.abort();
        } else {
            self.stop();
        }
    }

    pub(super) fn stop(&mut self) {
        if self.closing != Closing::No {
            return;
        }
        let (result, why) = match self.stopped_by.as_str() {
            "" => (RunResult::Interrupted, "its recorder was told to end".to_owned()),
            who => (RunResult::Stopped, format!("stopped by {who}")),
        };
        self.end_run(result, &why);
        self.reply(&Reply::Stopped { why: self.masker.text(&why).into_owned() });
    }

    /// Lets bash exit.
    pub(super) fn close(&mut self) {
        let Some(shell) = &mut self.shell else {
            self.closing = Closing::Done;
            return;
        };
        shell.close();
        self.closing = Closing::Told(self.clock.now().mono + super::EXIT_GRACE);
    }

    /// The next moment at which something is due.
    pub(super) fn due(&self) -> Option<Duration> {
        let activity = match &self.activity {
            Activity::Starting(at) => Some(*at),
            Activity::Command(running) => running.due(),
            Activity::ReadingRc(..) | Activity::Restoring(..) | Activity::Idle | Activity::Answering(_) => {
                self.background_masks.due()
            }
        };
        let closing = match self.closing {
            Closing::Told(at) | Closing::HungUp(at) => Some(at),
            Closing::No | Closing::Done => None,
        };
        [activity, closing, self.engine_due, self.settle_at].into_iter().flatten().min()
    }

    /// Whether nobody has come in time.
    pub(super) fn nobody_came(&mut self, now: Duration) {
        if self.engine_due.is_some_and(|due| due <= now) {
            self.engine_due = None;
            if self.welcomed {
                self.abandon();
            } else {
                self.close();
            }
        }
    }

    /// Whether no engine can take the session over any more.
    pub(super) fn is_ending(&self) -> bool {
        self.closing != Closing::No || self.over
    }
}
