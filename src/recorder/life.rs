//! The start of a session, the end of its shell, and the end of the session.
//!
//! Invariant: a bash that ends unasked is recorded and replaced. Refuses to know: commands and their output.

use super::activity::{Activity, Closing};
use super::command::CommandEnd;
use super::protocol::{Failure, WireReply};
use super::quoting::quote_path;
use super::running::{Manner, step_file};
use super::session::{RC_FILE, RESTORE_FILE, START_LIMIT, Session};
use super::shell::LocalShell;
use super::shell_state::Carried;
use crate::history::{Fact, LeftRunning, RunFinished, RunResult, ShellDied, ShellStarted};
use crate::ident::Clock as _;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl Session {
    /// Starts a bash in the working directory of the last one.
    ///
    /// Fails when the system refuses a process, a terminal or random bytes.
    pub(super) fn start_shell(&mut self) -> std::io::Result<()> {
        let nonce = self.record.next_salt()?;
        let candidates = [self.shell.cwd.clone(), self.options.launch.cwd.clone(), PathBuf::from("/")];
        let cwd = candidates.iter().find(|dir| dir.is_dir()).map_or(Path::new("/"), PathBuf::as_path);
        let remains = std::mem::take(&mut self.shell.remains);
        let shell = LocalShell::start_bash(&self.options, self.folder.path(), &nonce, cwd, remains)?;
        self.shell.live = Some(Box::new(shell));
        self.activity = Activity::Starting(self.elapsed_time() + START_LIMIT);
        Ok(())
    }

    /// Handles bash's report that it is up.
    pub(super) fn shell_started(&mut self, version: String, cwd: &str) {
        let Some(shell) = &self.shell.live else { return };
        shell.confirm_start();
        let pid = shell.process_number();
        self.shell.cwd = PathBuf::from(cwd);
        let program = self.options.launch.shell.display().to_string();
        self.record.add_pending(Fact::ShellStarted(ShellStarted { pid, program, version }));
        match self.options.rc.clone() {
            Some(rc) => self.read_rc(&rc),
            None => self.finish_start(),
        }
    }

    /// Called once the rc file has been read: restores the state of the last shell, if there was one.
    pub(super) fn finish_start(&mut self) {
        if !self.begin_restore() {
            // Even with no state to restore, jobs of the last shell may still run.
            if self.shell.respawned.is_some() {
                self.record_missing_state();
            }
            self.become_idle();
        }
    }

    fn read_rc(&mut self, rc: &Path) {
        let mut text = b". ".to_vec();
        text.extend_from_slice(&quote_path(rc));
        let text = step_file(&String::from_utf8_lossy(&text), 1, Manner::Careful { trace: false, verbose: false });
        if self.shell.write_setup_file(RC_FILE, &text) {
            self.activity = Activity::ReadingRc(self.shell.send_setup(RC_FILE));
        } else {
            self.finish_start();
        }
    }

    /// Records that bash has ended, and starts another unless the session is closing.
    pub(super) fn shell_ended(&mut self, how: &str) {
        self.drain_output();
        self.read_reports();
        if matches!(self.activity, Activity::Restoring(_)) {
            self.shell.remove_setup_file(RESTORE_FILE);
        }
        let Some(mut shell) = self.shell.live.take() else { return };
        shell.close_requests();
        self.shell.remains = shell.into_remains();
        if self.closing != Closing::No {
            return self.finish_closing(how);
        }
        match &self.activity {
            Activity::Starting(_) | Activity::ReadingRc(_) => {
                return self.fail_to_start(&format!("it ended at its start: {how}"));
            }
            Activity::Restoring(_) => {
                self.abandon_restore();
                self.record_shell_death(how);
            }
            Activity::Command(_) => {
                self.shell.respawned = Some(how.to_owned());
                self.finish_command(CommandEnd::with_shell(how));
            }
            Activity::Answering(..) => {
                self.shell.respawned = Some(how.to_owned());
                self.record_shell_death(how);
                self.client.send_failure(Failure::Shell, format!("it ended: {how}"));
            }
            Activity::Idle => {
                self.shell.respawned = Some(how.to_owned());
                self.record_shell_death(how);
            }
        }
        // `is_plain` stays: the engine has heard how the last command finished and relies on it.
        self.shell.carried = Carried { is_plain: self.shell.carried.is_plain, ..Carried::default() };
        if let Err(error) = self.start_shell() {
            self.fail_to_start(&error.to_string());
        }
    }

    fn record_shell_death(&mut self, how: &str) {
        self.record.add_pending(Fact::ShellDied(ShellDied { how: how.to_owned() }));
    }

    /// Ends the session after its bash, and names the processes that go on.
    fn finish_closing(&mut self, how: &str) {
        self.finish_command(CommandEnd::with_shell(how));
        self.closing = Closing::Done;
        let left = self.shell.state.surviving_processes(None);
        let left: Vec<String> = left.iter().map(ToString::to_string).collect();
        if !left.is_empty() {
            drop(self.record.append_with_reserve(vec![Fact::LeftRunning(LeftRunning { processes: left.clone() })]));
        }
        self.client.send_reply(&WireReply::Ended { left });
    }

    /// Gives up on having a shell.
    pub(super) fn fail_to_start(&mut self, why: &str) {
        if let Some(shell) = self.shell.live.take() {
            shell.signal_shell(Signal::KILL);
        }
        if self.client.welcomed {
            let respawned = self.shell.respawned.take();
            self.shell.respawned = respawned.map(|how| format!("{how}; no new shell could be started: {why}"));
            self.become_idle();
        } else if self.client.engine.is_some() {
            self.client.send_reply(&WireReply::Refused { reason: why.to_owned() });
            self.closing = Closing::Done;
        } else {
            self.shell.start_failure = Some(why.to_owned());
            self.activity = Activity::Idle;
        }
    }

    /// Ends the run as abandoned, unless it is ending already.
    pub(super) fn abandon_run(&mut self) {
        if self.closing == Closing::No {
            self.end_run(RunResult::Abandoned, "its engine was lost");
        }
    }

    fn end_run(&mut self, result: RunResult, reason: &str) {
        let finished = RunFinished { result, reason: reason.to_owned(), next: None };
        drop(self.record.append_with_reserve(vec![Fact::RunFinished(finished)]));
        self.close_shell();
    }

    /// Ends the run as soon as the running command has been ended.
    pub(super) fn terminate_run(&mut self) {
        self.ending.terminated = true;
        if let Activity::Command(running) = &mut self.activity {
            // The command did not run out of time.
            running.ending.stopped = true;
            self.abort_command();
        } else {
            self.stop_run();
        }
    }

    /// Ends the run as stopped or interrupted, unless it is ending already.
    pub(super) fn stop_run(&mut self) {
        if self.closing != Closing::No {
            return;
        }
        let (result, why) = match self.ending.stopped_by.as_str() {
            "" => (RunResult::Interrupted, "its recorder was told to end".to_owned()),
            who => (RunResult::Stopped, format!("stopped by {who}")),
        };
        self.end_run(result, &why);
        let why = self.record.fact_masker().mask_text(&why).into_owned();
        self.client.send_reply(&WireReply::Stopped { why });
    }

    /// Makes bash exit; without one the session is done.
    pub(super) fn close_shell(&mut self) {
        let Some(shell) = &mut self.shell.live else {
            self.closing = Closing::Done;
            return;
        };
        shell.close_requests();
        self.closing = Closing::Told(self.clock.now().mono + super::EXIT_GRACE);
    }

    /// Next moment at which [`Session::run_due_work`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let activity = match &self.activity {
            Activity::Starting(at) => Some(*at),
            Activity::Command(running) => running.next_deadline(),
            Activity::ReadingRc(_) | Activity::Restoring(_) | Activity::Idle | Activity::Answering(..) => {
                self.masking.background.release_deadline()
            }
        };
        let closing = match self.closing {
            Closing::Told(at) | Closing::HungUp(at) => Some(at),
            Closing::No | Closing::Done => None,
        };
        [activity, closing, self.client.engine_due, self.record.sync_deadline()].into_iter().flatten().min()
    }

    /// True if no engine can take the session over any more.
    pub(super) fn is_ending(&self) -> bool {
        self.closing != Closing::No || self.ending.is_over
    }
}
