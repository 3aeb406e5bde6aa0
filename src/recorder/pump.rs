//! The moving of bytes from the shell to the record, and the acts that time and signals bring.
//!
//! Invariant: nothing blocks; one stream that never falls silent cannot starve the others. Refuses to know: requests.

use super::activity::{Activity, Closing};
use super::protocol::OutputChannel;
use super::running::Abort;
use super::session::Session;
use super::shell_port::ReadResult;
use rustix::process::{Signal, WaitOptions, WaitStatus};
use std::time::Duration;

const READ_BYTES: usize = 256 << 10;
const REPORT_BYTES: usize = 64 << 10;
/// Output is put into its file once this much has been gathered.
const ENOUGH_BYTES: usize = 64 << 10;
/// Reads from one stream before the others get their turn.
const READS_PER_TURN: usize = 16;
/// The most output that can be on its way when a report comes: a terminal holds less, a pipe 1 MiB.
const DRAIN_LIMIT_BYTES: usize = 2 << 20;
/// Time between telling a command to end and killing its processes.
const KILL_GRACE: Duration = Duration::from_secs(2);
/// Number of checks that an interrupt was received.
const INTERRUPT_CHECKS: u32 = 10;
/// Interval at which bash is told again to end a command.
const TELL_AGAIN: Duration = Duration::from_millis(450);
const KILL_AGAIN: Duration = Duration::from_millis(500);
/// After this many kills without a report bash itself is killed.
const KILLS_BEFORE_SHELL: u32 = 6;

/// Bounds of one round of reading from one stream.
#[derive(Clone, Copy)]
struct ReadLimits {
    bytes: usize,
    reads: usize,
}

impl Session {
    /// Reads output for one turn of the poll loop.
    pub(super) fn read_output(&mut self) {
        let bytes = READS_PER_TURN.saturating_mul(READ_BYTES);
        self.read_streams(ReadLimits { bytes, reads: READS_PER_TURN });
    }

    /// Reads all output that was printed before a report.
    pub(super) fn drain_output(&mut self) {
        self.read_streams(ReadLimits { bytes: DRAIN_LIMIT_BYTES, reads: usize::MAX });
    }

    fn read_streams(&mut self, limits: ReadLimits) {
        let mut buffer = std::mem::take(&mut self.buffers.output);
        buffer.resize(READ_BYTES, 0);
        let streams = self.shell.live.as_ref().map_or(0, |shell| shell.stream_count());
        // The terminal first, then the pipes from the last on: one that ends is removed.
        for index in (0..streams.min(1)).chain((1..streams).rev()) {
            let channel = self.shell.live.as_ref().and_then(|shell| shell.stream_channel(index));
            if let Some(channel) = channel {
                self.read_stream(index, channel, &mut buffer, limits);
            }
        }
        self.buffers.output = buffer;
    }

    /// Reads one stream until it has nothing, or a limit is met.
    ///
    /// A terminal gives at most 4 KiB at a time, so output is gathered before it is recorded.
    fn read_stream(&mut self, index: usize, channel: OutputChannel, buffer: &mut [u8], limits: ReadLimits) {
        let mut total = 0;
        let mut filled = 0;
        let mut result = ReadResult::Bytes(0);
        let mut reads = 0;
        while total < limits.bytes && reads < limits.reads && matches!(result, ReadResult::Bytes(_)) {
            let room = buffer.get_mut(filled..).unwrap_or_default();
            result = self.shell.live.as_ref().map_or(ReadResult::Nothing, |shell| shell.read_output(index, room));
            reads += 1;
            if let ReadResult::Bytes(length) = result {
                total += length;
                filled += length;
            }
            if filled >= ENOUGH_BYTES || !matches!(result, ReadResult::Bytes(_)) {
                self.accept_output(channel, buffer.get(..filled).unwrap_or_default());
                filled = 0;
            }
        }
        self.accept_output(channel, buffer.get(..filled).unwrap_or_default());
        if matches!(result, ReadResult::Ended)
            && let Some(shell) = &mut self.shell.live
        {
            shell.close_stream(index);
        }
    }

    /// Reads and handles all reports that have come.
    pub(super) fn read_reports(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffers.reports);
        buffer.resize(REPORT_BYTES, 0);
        while self.shell.live.as_mut().is_some_and(|shell| shell.receive_reports(&mut buffer)) {
            // Each as it comes: the engine need not wait for the reports behind a command's end.
            while let Some(report) = self.shell.live.as_mut().and_then(|shell| shell.next_report()) {
                self.handle_report(report);
            }
        }
        self.buffers.reports = buffer;
    }

    /// Collects ended children: bash, and orphans that were handed to the recorder.
    pub(super) fn reap_children(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            let is_shell = self.shell.local_pid() == Some(pid);
            let Some(shell) = self.shell.live.as_ref().filter(|_| is_shell) else { continue };
            if status.stopped() {
                // `kill -STOP $$` would stop the session forever.
                shell.signal_shell(Signal::CONT);
            } else {
                self.shell_ended(&describe_exit(status));
            }
        }
    }

    /// Does everything whose time has come.
    pub(super) fn run_due_work(&mut self) {
        let now = self.elapsed_time();
        if self.record.sync_deadline().is_some_and(|at| at <= now) {
            self.sync_reported_end();
        }
        self.check_engine_deadline(now);
        self.release_after_silence(now);
        match &self.activity {
            Activity::Starting(at) if *at <= now => return self.fail_to_start("it did not report in time"),
            Activity::Command(_) => self.tick_command(now),
            _ => {}
        }
        self.repeat_lost_interrupt(now);
        self.press_shell_to_exit(now);
    }

    fn tick_command(&mut self, now: Duration) {
        let Activity::Command(running) = &mut self.activity else { return };
        let output = &mut running.output;
        if output.sync_at.is_some_and(|at| at <= now) {
            output.capture.start_background_sync();
            output.sync_at = output.capture.is_dirty().then(|| now + super::SYNC_INTERVAL);
        }
        let must_release = output.buffered.as_ref().is_some_and(|buffered| buffered.until <= now);
        let abort_at = match &mut running.ending.abort {
            Abort::No => running.ending.limit,
            Abort::Told { kill_at, again_at } => {
                if again_at.is_some_and(|at| at <= now) {
                    *again_at = again_at.map(|at| at + TELL_AGAIN).filter(|at| at < kill_at);
                    if let Some(shell) = &self.shell.live {
                        shell.signal_shell(Signal::USR1);
                    }
                }
                Some(*kill_at)
            }
            Abort::Killed(at, _) => Some(*at),
        };
        if must_release {
            self.release_buffered_output();
        }
        if abort_at.is_some_and(|at| at <= now) {
            self.abort_command();
        }
    }

    /// Checks whether the running command got its interrupt, and repeats one that was lost.
    fn repeat_lost_interrupt(&mut self, now: Duration) {
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell.live) else { return };
        let interrupt = &mut running.interrupt;
        let Some((_, checks)) = interrupt.check_at.filter(|(at, _)| *at <= now) else { return };
        interrupt.check_at = (checks < INTERRUPT_CHECKS).then(|| (now + super::HEARD_AFTER, checks + 1));
        // A shell with a trap for the signal decides itself what an interrupt does.
        if running.start.command.text.contains("trap") || self.shell.state.traps_interrupts() {
            return;
        }
        let reached_bash = std::mem::take(&mut interrupt.reached_bash);
        shell.repeat_lost_interrupt(now.saturating_sub(running.since), reached_bash);
    }

    /// Ends the running command: the first call tells it to end, later ones kill.
    pub(super) fn abort_command(&mut self) {
        let now = self.elapsed_time();
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell.live) else { return };
        running.ending.abort = match running.ending.abort {
            Abort::No => {
                // bash first, so that it does not go on with the next command of a list.
                shell.signal_shell(Signal::USR1);
                shell.signal_foreground(Signal::TERM);
                shell.signal_foreground(Signal::CONT);
                Abort::Told { kill_at: now + KILL_GRACE, again_at: Some(now + TELL_AGAIN) }
            }
            Abort::Told { .. } => {
                // A command may have trapped USR1; Ctrl-C unwinds that one.
                shell.signal_shell(Signal::INT);
                shell.signal_foreground(Signal::KILL);
                Abort::Killed(now + KILL_AGAIN, 1)
            }
            Abort::Killed(_, count) => {
                shell.signal_foreground(Signal::KILL);
                if count >= KILLS_BEFORE_SHELL {
                    shell.signal_shell(Signal::KILL);
                }
                Abort::Killed(now + KILL_AGAIN, count.saturating_add(1))
            }
        };
    }

    /// Hangs up, then kills, a bash that was told to exit and does not.
    fn press_shell_to_exit(&mut self, now: Duration) {
        let Some(shell) = &self.shell.live else { return };
        match self.closing {
            Closing::Told(at) if at <= now => {
                shell.signal_foreground(Signal::HUP);
                shell.signal_shell(Signal::HUP);
                shell.signal_foreground(Signal::CONT);
                shell.signal_shell(Signal::CONT);
                self.closing = Closing::HungUp(now + super::HANGUP_GRACE);
            }
            Closing::HungUp(at) if at <= now => {
                shell.signal_foreground(Signal::KILL);
                shell.signal_shell(Signal::KILL);
                self.closing = Closing::HungUp(now + super::HANGUP_GRACE);
            }
            _ => {}
        }
    }
}

fn describe_exit(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    }
}
