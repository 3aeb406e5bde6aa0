//! A command from its start to its end, its keys and its output.
//!
//! Invariant: its start is on disk before bash sees it, its end before the engine hears of it, unless the engine goes on by itself:
//! then its end and the next start are put there together. Refuses to know: how bytes come and go.

use super::capture::{self, Capture};
use super::hide::Masks;
use super::outbox::Ring;
use super::protocol::{CameBack, Channel, Failure, Reply, Run, WireEvent};
use super::report::{Ended, How};
use super::running::{Abort, Held, Manner, Running, as_sent, names_descriptors, step_file, step_file_name};
use super::session::{Activity, Session};
use crate::history::{CommandFinished, End, Fact, LeftRunning, Mode, ShellDied, judge};
use crate::ident::{Clock as _, Seq};
use std::io::Write as _;
use std::path::PathBuf;

impl Session {
    pub(super) fn run(&mut self, run: Run) {
        self.carried.is_plain = false;
        let Run { before, started, name, limit, size, unrecorded, goes_on, is_ahead: _ } = run;
        let Ok(salt) = self.salts.next_salt() else {
            return self.fail(Failure::Record, "no random bytes for the salt");
        };
        let name = step_file_name(&name);
        let file = self.folder.path().join(&name);
        let same_shell = self.state.is_left_by(&started);
        let check_trap = self.carried.check_trap;
        let names_descriptors = names_descriptors(&started.text);
        let goes_on_plainly = self.carried.is_neutral() && self.state.status == 0 && self.carried.file == name;
        let is_plain = same_shell && !check_trap && !names_descriptors && self.state.can_set_line();
        let manner = if is_plain && goes_on_plainly {
            Manner::Quick
        } else {
            Manner::Careful { trace: self.carried.has('x'), verbose: self.carried.has('v') }
        };
        // The text is put where bash will find it before it is recorded: bash is not told yet.
        if let Err(error) = self.handover.put(&file, &step_file(&started.text, started.line, manner)) {
            return self.fail(Failure::Shell, format!("the command cannot be handed over: {error}"));
        }
        let facts: Vec<Fact> = before.into_iter().chain([Fact::CommandStarted(started.clone())]).collect();
        let mut is_recorded = true;
        let events = match self.append(facts.clone()) {
            Ok(events) => events,
            Err(_) if unrecorded => {
                is_recorded = false;
                self.unrecorded_events(facts.clone())
            }
            Err(why) => {
                self.handover.clear();
                return self.fail(Failure::Record, why);
            }
        };
        let (Some(seq), Some(shell)) = (events.last().map(|event| event.seq), self.shell.as_mut()) else { return };
        shell.flush_input();
        if let Some(size) = size {
            shell.resize(size);
        }
        let since = self.clock.now().mono;
        self.state.look_at_descriptors(shell.pid);
        self.state.will_run(&started, same_shell);
        self.carried.check_trap = started.text.contains("trap");
        if manner == Manner::Quick {
            shell.request(format!("q {}\n", seq.0).as_bytes());
        } else {
            let how = [('t', check_trap), ('b', names_descriptors), ('s', same_shell)];
            let how: String = how.iter().filter(|(_, is_so)| *is_so).map(|(letter, _)| *letter).chain(['-']).collect();
            shell.request(format!("r {} {how} {name}\n", seq.0).as_bytes());
            self.carried.file = name;
        }
        if !same_shell {
            self.state.may_change(seq.0);
        }
        let path = capture::output_path(&self.options.folder, seq);
        self.activity = Activity::Command(Box::new(Running {
            seq,
            sent: as_sent(&events, &facts),
            events: events.into_iter().map(WireEvent::from).collect(),
            started,
            masks: Masks::new(&self.masker),
            unstored: Ring::default(),
            is_recorded,
            goes_on,
            same_shell,
            capture: Capture::new(
                path,
                salt,
                if is_recorded { self.options.output_limit_bytes } else { 0 },
                self.options.free_disk_percent,
            ),
            since,
            begun: false,
            held_keys: Vec::new(),
            held_interrupt: false,
            interrupted: false,
            heard_at: None,
            bash_was_interrupted: false,
            stopped: false,
            limit: limit.map(|limit| since + limit),
            given_limit: limit.map(|limit| since + limit),
            abort: Abort::No,
            sync_at: None,
            held: Some(Held::until(since + super::HOLD)),
        }));
    }

    /// bash has begun the command: keys that came meanwhile are its own.
    pub(super) fn begun(&mut self) {
        let Activity::Command(running) = &mut self.activity else { return };
        running.begun = true;
        let keys = std::mem::take(&mut running.held_keys);
        let interrupt = running.held_interrupt;
        if !keys.is_empty() {
            self.keys(&keys);
        }
        if interrupt {
            self.interrupt();
        }
    }

    pub(super) fn take_state(&mut self, ended: &Ended) {
        if ended.cwd.starts_with('/') {
            self.cwd = PathBuf::from(&ended.cwd);
        }
        self.carried.flags = Some(ended.flags.clone());
    }

    pub(super) fn ended(&mut self, ended: &Ended) {
        self.take_state(ended);
        self.state.status = ended.status;
        let end = match ended.how {
            How::Ran => End::Ran,
            How::Returned => End::Returned,
            How::Exited => End::Exited,
            How::Errexit => End::Errexit,
            How::Thrown => End::Thrown,
            How::Stopped => End::Stopped,
            How::Aborted => End::Aborted,
        };
        self.finish(end, Some(ended.status), ended.pipestatus.clone(), None);
    }

    /// Records the end of the running command and tells the engine, or keeps the answer until a new shell is up.
    pub(super) fn finish(&mut self, end: End, status: Option<i32>, pipestatus: Vec<i32>, died: Option<&str>) {
        if !matches!(self.activity, Activity::Command(_)) {
            return;
        }
        let took = self.now();
        self.drain();
        self.end_masks();
        let Activity::Command(running) = std::mem::replace(&mut self.activity, Activity::Idle) else { return };
        let goes_on = running.goes_on && died.is_none() && self.engine.is_some();
        if !goes_on {
            self.put_away();
        }
        let Running {
            seq,
            events,
            sent,
            started,
            is_recorded,
            same_shell,
            mut capture,
            since,
            interrupted,
            stopped,
            abort,
            held,
            ..
        } = *running;
        let held = held.map(|held| held.pieces).unwrap_or_default();
        let held: Vec<_> =
            held.into_iter().map(|(channel, bytes)| (channel, capture.take_inline(&bytes), bytes)).collect();
        // A command that is told to end may end in its own way before bash hears of it.
        let end = match (abort, end) {
            (Abort::No, end) => end,
            (_, End::Stopped | End::Exited) => end,
            _ => End::Aborted,
        };
        let outcome = judge(
            end,
            status.unwrap_or_default(),
            &pipestatus,
            &started.answers,
            started.never_ends,
            if end == End::Aborted { stopped } else { interrupted },
            capture.head(),
        );
        let finished = CommandFinished {
            started: seq,
            end,
            outcome,
            status,
            pipestatus,
            cwd: self.cwd.display().to_string(),
            took_ns: u64::try_from(took.saturating_sub(since).as_nanos()).unwrap_or(u64::MAX),
            output: capture.finish(),
        };
        let died = died.map(|how| Fact::ShellDied(ShellDied { how: how.to_owned() }));
        let facts: Vec<Fact> = std::iter::once(Fact::CommandFinished(finished)).chain(died.clone()).collect();
        let foreseen = facts.first().filter(|_| goes_on && is_recorded).and_then(|fact| self.foresee(fact.clone()));
        let appended = match &foreseen {
            Some(event) => Some(vec![event.clone()]),
            None if is_recorded => self.append_last(facts.clone()).ok(),
            None => None,
        };
        // An end that has no place in the record is told all the same: the command has run, and must not be run again.
        let appended = appended.unwrap_or_else(|| self.unrecorded_end(facts, is_recorded));
        self.tell_held(seq, &held, is_recorded);
        let finished = appended.into_iter().find(|event| matches!(event.fact, Fact::CommandFinished(_)));
        if let Some(finished) = finished {
            let begun = Running::begun(events, &sent);
            if died.is_some() {
                self.held_reply = Some((begun, finished.into()));
                return;
            }
            let respawned = self.respawned.take();
            let left = self.new_orphans();
            let left_running = (!left.is_empty()).then(|| Fact::LeftRunning(LeftRunning { processes: left.clone() }));
            // The engine knows by this that all before it is on disk.
            self.settle_at = None;
            let settled = foreseen.is_none();
            let came = CameBack { begun, finished: finished.into(), settled, respawned, left, same_shell };
            self.carried.is_plain = came.is_plain();
            self.reply(&Reply::Finished(Box::new(came)));
            // The engine needs none of the following to go on, and does so meanwhile.
            if let Some(event) = foreseen {
                self.append_soon(event);
            }
            self.untold.extend(left_running);
        }
        if goes_on {
            self.put_away();
        }
        if died.is_none() {
            self.is_idle();
        }
    }

    /// Output that stands in the end of a command: channel, offset and how much of it is kept, the bytes.
    fn tell_held(&mut self, command: Seq, held: &[(Channel, (u64, usize), Vec<u8>)], is_recorded: bool) {
        for (channel, (offset, kept), bytes) in held {
            let kept = bytes.get(..*kept).unwrap_or_default();
            if let Some(engine) = self.engine.as_mut().filter(|_| !is_recorded) {
                engine.output_unstored(command, bytes);
            } else if let Some(engine) = self.engine.as_mut().filter(|_| !kept.is_empty()) {
                engine.output_inline(Some(command), *channel, *offset, kept);
            }
        }
    }

    /// The terminal as it was before the command, and its text nowhere any more.
    fn put_away(&mut self) {
        if let Some(shell) = &self.shell {
            shell.restore_modes();
        }
        self.handover.clear();
    }

    pub(super) fn keys(&mut self, keys: &[u8]) {
        let (Activity::Command(running), Some(shell), Mode::Attended) =
            (&mut self.activity, &mut self.shell, self.options.mode)
        else {
            return;
        };
        if !running.begun {
            if running.held_keys.len() < super::KEYS_LIMIT_BYTES {
                running.held_keys.extend_from_slice(keys);
            }
            return;
        }
        let interrupts = keys.contains(&shell.interrupt_key());
        if interrupts && shell.keys.waiting() > 0 {
            // Behind keys that nobody reads it would never arrive.
            shell.keys.clear();
            running.interrupt_sent(shell.interrupt(), self.clock.now().mono);
            return;
        }
        if interrupts {
            running.interrupt_sent(shell.is_in_front(), self.clock.now().mono);
        }
        if shell.keys.waiting() < super::KEYS_LIMIT_BYTES {
            shell.keys.buffer().extend_from_slice(keys);
        }
        shell.flush_keys();
    }

    pub(super) fn interrupt(&mut self) {
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell) else { return };
        if running.begun {
            running.interrupt_sent(shell.interrupt(), self.clock.now().mono);
        } else {
            running.held_interrupt = true;
        }
    }

    /// Puts output into its file and tells the engine of it; secrets are out of it already.
    pub(super) fn record_output(&mut self, channel: Channel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = self.now();
        let Activity::Command(running) = &mut self.activity else {
            return self.printed_in_background(channel, bytes);
        };
        if !running.held.as_mut().is_some_and(|held| held.hold(channel, bytes, now)) {
            self.release_held();
            self.keep_output(channel, bytes);
        }
    }

    /// Puts what was held back into its file, and all that follows.
    pub(super) fn release_held(&mut self) {
        let Activity::Command(running) = &mut self.activity else { return };
        for (channel, bytes) in running.held.take().map(|held| held.pieces).unwrap_or_default() {
            self.keep_output(channel, &bytes);
        }
    }

    fn keep_output(&mut self, channel: Channel, bytes: &[u8]) {
        let Activity::Command(running) = &mut self.activity else { return };
        let (offset, kept) = running.capture.take(bytes);
        if running.sync_at.is_none() && running.capture.is_dirty() {
            running.sync_at = Some(self.clock.now().mono + super::SYNC_INTERVAL);
        }
        let seq = running.seq;
        let (kept, rest) = bytes.split_at_checked(kept).unwrap_or((bytes, b""));
        if !rest.is_empty() {
            running.unstored.push(rest);
        }
        let broken = running.capture.is_broken() || !running.is_recorded;
        self.tell_output(seq, channel, offset, kept);
        if let Some(engine) = self.engine.as_mut().filter(|_| broken && !rest.is_empty()) {
            engine.output_unstored(seq, rest);
        }
        if broken && !rest.is_empty() {
            self.gap.get_or_insert_default().bytes += rest.len() as u64;
        }
    }

    fn tell_output(&mut self, command: Seq, channel: Channel, offset: u64, bytes: &[u8]) {
        if let Some(engine) = self.engine.as_mut().filter(|_| !bytes.is_empty()) {
            // The engine knows by this that all before the command is on disk.
            self.settle_at = None;
            engine.output(Some(command), channel, offset, bytes);
        }
    }

    fn printed_in_background(&mut self, channel: Channel, bytes: &[u8]) {
        if self.background.is_none() {
            let path = capture::background_path(&self.options.folder);
            self.background = capture::open_output(&path).ok().map(|file| (file, 0));
        }
        let Some((file, length)) = &mut self.background else { return };
        // Past the limit it is not kept: jobs of the background can fill a disk as well.
        if length.saturating_add(bytes.len() as u64) > self.options.output_limit_bytes || file.write_all(bytes).is_err()
        {
            return;
        }
        let offset = *length;
        *length += bytes.len() as u64;
        if let Some(engine) = &mut self.engine {
            engine.output(None, channel, offset, bytes);
        }
    }
}
