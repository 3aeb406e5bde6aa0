//! The operator's own terminal, read key by key.
//!
//! Invariant: while no question waits the terminal has its original modes, after a panic too. Refuses to know:
//! what a key does.

use super::keys::{KeySource, PressedKey, decode_key};
use crate::ports::OperatorError;
use crate::ports::SessionEvents;
use crate::term::window_size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr,
};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Columns and rows of a window that does not report its size.
const DEFAULT_WINDOW: (usize, usize) = (80, 24);

/// News of the session that can be waited for together with a key.
pub trait PollableEvents: SessionEvents {
    /// Descriptor to poll: readable when there may be news.
    fn poll_descriptor(&self) -> BorrowedFd<'_>;
}

pub(super) struct ControllingTerminal {
    file: File,
    original_modes: Option<Termios>,
    /// The session, heard while a key is waited for.
    session_events: Option<Box<dyn PollableEvents>>,
}

impl ControllingTerminal {
    /// Opens the controlling terminal, so that redirected streams do not matter. Fails if there is none.
    pub(super) fn open(session_events: Option<Box<dyn PollableEvents>>) -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new().read(true).write(true).open("/dev/tty")?,
            original_modes: None,
            session_events,
        })
    }

    fn read_byte(&mut self, wait: Option<Duration>) -> Result<Option<u8>, OperatorError> {
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut listens = true;
        loop {
            let descriptor =
                self.session_events.as_ref().filter(|_| listens).map(|session_events| session_events.poll_descriptor());
            let mut fds = vec![PollFd::new(&self.file, PollFlags::IN)];
            fds.extend(descriptor.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN)));
            match poll(&mut fds, wait.as_ref()) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(terminal_gone(error)),
            }
            let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
            let (typed, heard) = (ready.next() == Some(true), ready.next() == Some(true));
            if let Some(session_events) = self.session_events.as_mut().filter(|_| heard) {
                listens = session_events.receive_events().map_err(OperatorError::Session)?;
            }
            if !typed {
                continue;
            }
            let mut byte = [0];
            match rustix::io::read(&self.file, &mut byte) {
                Ok(0) => return Err(OperatorError::Gone("it was closed".to_owned())),
                Ok(_) => return Ok(byte.first().copied()),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(terminal_gone(error)),
            }
        }
    }
}

fn terminal_gone(error: Errno) -> OperatorError {
    OperatorError::Gone(io::Error::from(error).to_string())
}

impl KeySource for ControllingTerminal {
    fn begin_reading(&mut self) -> Result<(), OperatorError> {
        if self.original_modes.is_some() {
            return Ok(());
        }
        let before = tcgetattr(&self.file).map_err(terminal_gone)?;
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        modes.input_modes -= InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR | InputModes::IXON;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.file, OptionalActions::Drain, &modes).map_err(terminal_gone)?;
        self.original_modes = Some(before);
        Ok(())
    }

    fn end_reading(&mut self) {
        if let Some(before) = self.original_modes.take() {
            // If the terminal is gone, there is nothing to restore, and the next question fails.
            let _: rustix::io::Result<()> = tcsetattr(&self.file, OptionalActions::Drain, &before);
        }
    }

    fn discard_pending(&mut self) {
        let _: rustix::io::Result<()> = tcflush(&self.file, QueueSelector::IFlush);
    }

    fn next_key(&mut self, wait: Option<Duration>) -> Result<Option<PressedKey>, OperatorError> {
        decode_key(&mut |wait| self.read_byte(wait), wait)
    }

    fn window_size(&self) -> (usize, usize) {
        window_size(&self.file).unwrap_or(DEFAULT_WINDOW)
    }
}

impl Drop for ControllingTerminal {
    fn drop(&mut self) {
        self.end_reading();
    }
}
