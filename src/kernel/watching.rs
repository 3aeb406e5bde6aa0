//! Watching a command run: output and keys pass through, signals and the engine's key are acted on.
//!
//! Invariant: the command's keys are read only while it has the terminal. Refuses to know: what the command is for.

use super::link::{Link, kernel_error, out_of_turn, recorder_lost, to_timespec};
use super::signals::{PendingSignals, Signals};
use super::terminal::{RawTerminal, window_size};
use crate::history::{Event, Fact, NoteAdded};
use crate::ident::{Clock as _, StepId, SystemClock};
use crate::ports::{Finished, KernelError, LineAction, Watch};
use crate::recorder::protocol::{FinishedCommand, TerminalSize, WireReply, WireRequest};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::time::Duration;

/// How often the watcher is called while nothing is printed.
const QUIET_INTERVAL: Duration = Duration::from_millis(100);
const KEYS_BYTES: usize = 4096;
/// Ctrl-], the key that asks for the engine while a command runs.
const LINE_KEY: u8 = 0x1d;

/// A command that runs, and everything its watcher needs.
pub(super) struct WatchedCommand<'a> {
    pub(super) link: &'a mut Link,
    pub(super) signals: &'a Signals,
    pub(super) clock: &'a SystemClock,
    /// The operator's terminal, while the command has it.
    pub(super) terminal: Option<RawTerminal>,
    pub(super) size: Option<TerminalSize>,
    pub(super) watch: &'a mut dyn Watch,
    /// Monotonic time at which watching began.
    pub(super) since: Duration,
    pub(super) step: Option<StepId>,
    /// Facts that were sent with the command, its start last.
    pub(super) sent: Vec<Fact>,
    pub(super) meanwhile: Vec<Event>,
    /// True if the command finished as [`FinishedCommand::is_plain`] defines.
    pub(super) is_plain: bool,
    /// True if the command has left the shell as it was.
    pub(super) same_shell: bool,
}

/// Which sources have something to read.
struct ReadySources {
    reply: bool,
    keys: bool,
    signal: bool,
}

impl WatchedCommand<'_> {
    /// Watches the command until it comes back.
    pub(super) fn follow_command(&mut self) -> Result<Finished, KernelError> {
        let mut heard = self.since;
        let mut looked = self.since;
        // The end of the command before may have brought the first news of one that was sent ahead.
        if let Some(finished) = self.take_replies()? {
            return Ok(finished);
        }
        loop {
            let ready = self.wait_for_news(looked + QUIET_INTERVAL)?;
            let now = self.clock.now().mono;
            if ready.reply {
                self.link.read_available()?;
                if let Some(finished) = self.take_replies()? {
                    return Ok(finished);
                }
                (heard, looked) = (now, now);
            }
            if ready.signal {
                let come = self.signals.take_pending();
                self.act_on_signals(come)?;
            }
            if ready.keys {
                self.forward_keys()?;
            }
            if now >= looked + QUIET_INTERVAL {
                looked = now;
                self.watch.on_quiet(now.saturating_sub(self.since), now.saturating_sub(heard));
            }
        }
    }

    /// Takes up what was read. Returns the command's end if it has come.
    fn take_replies(&mut self) -> Result<Option<Finished>, KernelError> {
        while let Some(reply) = self.link.next_reply(Some(&mut *self.watch))? {
            match reply {
                WireReply::Finished(came) => return self.take_finished(*came).map(Some),
                WireReply::Appended { events } => self.meanwhile.extend(events.into_iter().map(Event::from)),
                WireReply::Failed { what, message } => return Err(kernel_error(what, message)),
                _ => return Err(out_of_turn()),
            }
        }
        Ok(None)
    }

    fn take_finished(&mut self, came: FinishedCommand) -> Result<Finished, KernelError> {
        self.is_plain = came.is_plain();
        let FinishedCommand { begun, finished, settled, respawned, left, same_shell } = came;
        self.same_shell = same_shell && respawned.is_none();
        let before: Option<Vec<Event>> = begun.into_iter().map(|begun| begun.into_event(&self.sent)).collect();
        let mut before = before.ok_or_else(out_of_turn)?;
        let started = before.pop().ok_or_else(out_of_turn)?;
        let meanwhile = std::mem::take(&mut self.meanwhile);
        let finished = finished.into();
        Ok(Finished { before, started, finished, is_durable: settled, respawned, meanwhile, left_running: left })
    }

    fn wait_for_news(&self, until: Duration) -> Result<ReadySources, KernelError> {
        let stdin = rustix::stdio::stdin();
        let mut fds =
            vec![PollFd::new(&self.link.stream, PollFlags::IN), PollFd::new(&self.signals.wake, PollFlags::IN)];
        if self.terminal.is_some() {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        let left = until.saturating_sub(self.clock.now().mono);
        match rustix::event::poll(&mut fds, Some(&to_timespec(left))) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(ReadySources { reply: false, keys: false, signal: true }),
            Err(error) => return Err(recorder_lost(error)),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut next = || ready.next().unwrap_or(false);
        Ok(ReadySources { reply: next(), signal: next(), keys: next() })
    }

    fn act_on_signals(&mut self, come: PendingSignals) -> Result<(), KernelError> {
        if come.end {
            return Err(KernelError::Terminal(
                "this program was told to end; the command goes on, recorded".to_owned(),
            ));
        }
        if come.interrupt {
            self.link.send_request(&WireRequest::Interrupt, b"")?;
        }
        if come.resized && self.terminal.is_some() {
            let size = window_size();
            if let Some(size) = size.filter(|_| size != self.size) {
                self.size = Some(size);
                self.link.send_request(&WireRequest::Resize(size), b"")?;
            }
        }
        Ok(())
    }

    fn forward_keys(&mut self) -> Result<(), KernelError> {
        let Some(terminal) = &self.terminal else { return Ok(()) };
        let mut buffer = [0; KEYS_BYTES];
        let keys = terminal.read_keys(&mut buffer)?;
        if keys.is_empty() {
            return Ok(());
        }
        let Some(key_index) = keys.iter().position(|&key| key == LINE_KEY) else {
            return self.link.send_request(&WireRequest::Input, keys);
        };
        let before = keys.get(..key_index).unwrap_or_default().to_vec();
        if !before.is_empty() {
            self.link.send_request(&WireRequest::Input, &before)?;
        }
        self.ask_engine_line()
    }

    /// Lets the operator talk to the engine, and does what they want of the command.
    fn ask_engine_line(&mut self) -> Result<(), KernelError> {
        // While the operator answers, the terminal's modes are what they were before the command.
        self.terminal = None;
        let action = self.watch.on_engine_key();
        self.terminal = Some(RawTerminal::enter_raw_mode()?);
        match action {
            LineAction::GoOn => Ok(()),
            LineAction::Note(text) => {
                let note = Fact::NoteAdded(NoteAdded { step: self.step.clone(), text });
                self.link.send_request(&WireRequest::Append { facts: vec![note] }, b"")
            }
            LineAction::Stop => self.link.send_request(&WireRequest::Abort, b""),
            LineAction::Detach => Err(KernelError::Detached),
            LineAction::Pass => self.link.send_request(&WireRequest::Input, &[LINE_KEY]),
        }
    }
}
