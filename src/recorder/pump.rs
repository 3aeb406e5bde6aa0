//! Moving bytes: from bash to the record, and what time and signals bring.
//!
//! Invariant: nothing blocks; one descriptor that never falls silent cannot starve the others. Refuses to know: requests.

use super::protocol::Channel;
use super::running::Abort;
use super::session::{Activity, Closing, Session};
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, WaitStatus};
use std::time::Duration;

const READ_BYTES: usize = 256 << 10;
const REPORT_BYTES: usize = 64 << 10;
/// With so much gathered it is put into its file.
const ENOUGH_BYTES: usize = 64 << 10;
/// Reads in one turn of the loop before others get theirs.
const READS_PER_TURN: usize = 16;
/// More than this cannot have been in the kernel's hands when the report came: a terminal holds less, a pipe 1 MiB.
const DRAIN_LIMIT_BYTES: usize = 2 << 20;
/// After bash is told to end a command, its processes have this long.
const KILL_GRACE: Duration = Duration::from_secs(2);
/// So often it is looked whether an interrupt was heard.
const LOOKS: u32 = 10;
/// bash is told again so often meanwhile.
const TELL_AGAIN: Duration = Duration::from_millis(450);
const KILL_AGAIN: Duration = Duration::from_millis(500);
/// After this many kills without a report bash itself is killed.
const KILLS_BEFORE_SHELL: u32 = 6;

/// What a descriptor gave.
#[derive(Clone, Copy)]
enum Taken {
    Bytes(usize),
    Nothing,
    Ended,
}

impl Session {
    /// Reads the terminal, or an unattended run's pipes.
    pub(super) fn read_output(&mut self) {
        self.read_channels(READS_PER_TURN.saturating_mul(READ_BYTES), READS_PER_TURN);
    }

    /// Reads all that was printed before a report.
    pub(super) fn drain(&mut self) {
        self.read_channels(DRAIN_LIMIT_BYTES, usize::MAX);
    }

    fn read_channels(&mut self, limit_bytes: usize, limit_reads: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(READ_BYTES, 0);
        let channels = self.shell.as_ref().map_or(0, |shell| shell.pipes.len());
        // A command that writes to its terminal though it has pipes: it stands in the same output.
        self.read_channel(None, Channel::Out, &mut buffer, limit_bytes, limit_reads);
        for index in (0..channels).rev() {
            let channel = self.shell.as_ref().and_then(|shell| shell.pipes.get(index)).map(|(channel, _)| *channel);
            if let Some(channel) = channel {
                self.read_channel(Some(index), channel, &mut buffer, limit_bytes, limit_reads);
            }
        }
        self.buffer = buffer;
    }

    /// Reads until there is nothing, or enough. A terminal gives 4 KiB at most at a time, so what came is gathered before
    /// it is put into its file.
    fn read_channel(&mut self, pipe: Option<usize>, channel: Channel, buffer: &mut [u8], bytes: usize, reads: usize) {
        let mut taken_bytes = 0;
        let mut filled = 0;
        let mut state = Taken::Bytes(0);
        let mut count = 0;
        while taken_bytes < bytes && count < reads && matches!(state, Taken::Bytes(_)) {
            let room = buffer.get_mut(filled..).unwrap_or_default();
            state = self.take_from(pipe, room);
            count += 1;
            if let Taken::Bytes(length) = state {
                taken_bytes += length;
                filled += length;
            }
            if filled >= ENOUGH_BYTES || !matches!(state, Taken::Bytes(_)) {
                self.printed(channel, buffer.get(..filled).unwrap_or_default());
                filled = 0;
            }
        }
        self.printed(channel, buffer.get(..filled).unwrap_or_default());
        if matches!(state, Taken::Ended) {
            self.channel_ended(pipe);
        }
    }

    fn take_from(&self, pipe: Option<usize>, room: &mut [u8]) -> Taken {
        let Some(shell) = &self.shell else { return Taken::Nothing };
        match pipe {
            None if shell.master_ended => Taken::Nothing,
            None => take(&shell.master, room),
            Some(index) => shell.pipes.get(index).map_or(Taken::Nothing, |(_, fd)| take(fd, room)),
        }
    }

    fn channel_ended(&mut self, pipe: Option<usize>) {
        let Some(shell) = &mut self.shell else { return };
        match pipe {
            None => shell.master_ended = true,
            Some(index) if index < shell.pipes.len() => {
                drop(shell.pipes.remove(index));
            }
            Some(_) => {}
        }
    }

    /// Reads and takes up what bash has reported.
    pub(super) fn read_reports(&mut self) {
        // Not the one for output: a command's end, taken up here, reads the last of that.
        let mut buffer = std::mem::take(&mut self.report_buffer);
        buffer.resize(REPORT_BYTES, 0);
        while let Some(shell) = self.shell.as_mut().filter(|shell| !shell.report_ended) {
            match take(&shell.report, &mut buffer) {
                Taken::Bytes(length) => shell.reports.push(buffer.get(..length).unwrap_or_default()),
                Taken::Nothing => break,
                Taken::Ended => shell.report_ended = true,
            }
            // Each as it comes: behind a command's end stands what the engine need not wait for.
            while let Some(report) = self.shell.as_mut().and_then(|shell| shell.reports.next_report()) {
                self.reported(report);
            }
        }
        self.report_buffer = buffer;
    }

    /// Takes leave of children that have ended: bash, and orphans that were handed to the recorder.
    pub(super) fn reap(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            let Some(shell) = self.shell.as_ref().filter(|shell| shell.pid == pid) else { continue };
            if status.stopped() {
                // `kill -STOP $$` would stop the session for ever.
                shell.signal(Signal::CONT);
            } else {
                self.shell_ended(&describe(status));
            }
        }
    }

    /// Does what is due.
    pub(super) fn tick(&mut self) {
        let now = self.now();
        if self.settle_at.is_some_and(|at| at <= now) {
            self.settle();
        }
        self.nobody_came(now);
        self.fell_silent(now);
        match &mut self.activity {
            Activity::Starting(at) if *at <= now => {
                self.fail_to_start("it did not report in time");
                return;
            }
            Activity::Command(running) => {
                if running.sync_at.is_some_and(|at| at <= now) {
                    running.capture.begin_sync();
                    running.sync_at = running.capture.is_dirty().then(|| now + super::SYNC_INTERVAL);
                }
                let held_due = running.held.as_ref().is_some_and(|held| held.until <= now);
                let abort_due = match &mut running.abort {
                    Abort::No => running.limit,
                    Abort::Told { kill_at, again_at } => {
                        if again_at.is_some_and(|at| at <= now) {
                            *again_at = again_at.map(|at| at + TELL_AGAIN).filter(|at| at < kill_at);
                            if let Some(shell) = &self.shell {
                                shell.signal(Signal::USR1);
                            }
                        }
                        Some(*kill_at)
                    }
                    Abort::Killed(at, _) => Some(*at),
                };
                if held_due {
                    self.release_held();
                }
                if abort_due.is_some_and(|at| at <= now) {
                    self.abort();
                }
            }
            _ => {}
        }
        self.pass_on_interrupt(now);
        self.press_on(now);
    }

    /// Passes an interrupt on that was lost. bash 5.3, interrupted between the start of a program and the moment at which it is
    /// given the terminal, leaves the program running, and waits for it before the next thing it does, in the foreground itself: no
    /// key reaches the program any more. Any bash, interrupted a moment earlier, itself or in the child that is about to become the
    /// program, starts it all the same and waits for it, and the program has heard nothing.
    fn pass_on_interrupt(&mut self, now: Duration) {
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell) else { return };
        let Some((_, looks)) = running.heard_at.filter(|(at, _)| *at <= now) else { return };
        running.heard_at = (looks < LOOKS).then(|| (now + super::HEARD_AFTER, looks + 1));
        // A shell that has a trap for it decides itself what it is.
        if running.started.text.contains("trap") || self.state.traps_interrupts() {
            return;
        }
        let was_starting = std::mem::take(&mut running.bash_was_interrupted);
        if let Some(left) = super::processes::left_behind(shell.pid, now.saturating_sub(running.since)) {
            let _ = rustix::process::kill_process_group(left, Signal::INT);
        } else if was_starting && !shell.is_in_front() && super::processes::waits_for_child(shell.pid) {
            shell.interrupt();
        }
    }

    /// Ends the running command: the first call tells it to, the later ones kill.
    pub(super) fn abort(&mut self) {
        let now = self.now();
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell) else { return };
        running.abort = match running.abort {
            Abort::No => {
                // bash first, so that it does not go on with the next command of a list.
                shell.signal(Signal::USR1);
                shell.signal_foreground(Signal::TERM);
                shell.signal_foreground(Signal::CONT);
                Abort::Told { kill_at: now + KILL_GRACE, again_at: Some(now + TELL_AGAIN) }
            }
            Abort::Told { .. } => {
                // Where a command has taken USR1 for itself, Ctrl-C unwinds it.
                shell.signal(Signal::INT);
                shell.signal_foreground(Signal::KILL);
                Abort::Killed(now + KILL_AGAIN, 1)
            }
            Abort::Killed(_, count) => {
                shell.signal_foreground(Signal::KILL);
                if count >= KILLS_BEFORE_SHELL {
                    shell.signal(Signal::KILL);
                }
                Abort::Killed(now + KILL_AGAIN, count.saturating_add(1))
            }
        };
    }

    /// A bash that was let go and does not go is hung up, then killed.
    fn press_on(&mut self, now: Duration) {
        let Some(shell) = &self.shell else { return };
        match self.closing {
            Closing::Told(at) if at <= now => {
                shell.signal_foreground(Signal::HUP);
                shell.signal(Signal::HUP);
                shell.signal_foreground(Signal::CONT);
                shell.signal(Signal::CONT);
                self.closing = Closing::HungUp(now + super::HANGUP_GRACE);
            }
            Closing::HungUp(at) if at <= now => {
                shell.signal_foreground(Signal::KILL);
                shell.signal(Signal::KILL);
                self.closing = Closing::HungUp(now + super::HANGUP_GRACE);
            }
            _ => {}
        }
    }
}

fn take(fd: impl AsFd, buffer: &mut [u8]) -> Taken {
    loop {
        return match rustix::io::read(&fd, &mut *buffer) {
            Ok(0) => Taken::Ended,
            Ok(length) => Taken::Bytes(length),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Taken::Nothing,
            Err(_) => Taken::Ended,
        };
    }
}

fn describe(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    }
}
