//! Hearing from the recorder while no request waits for an answer.
//!
//! Invariant: no output is lost; it is kept for the next command's watcher. Refuses to know: the operator.

use super::link::recorder_lost;
use super::session::Session;
use crate::ports::{KernelError, SessionEvents};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

/// News from a session's recorder while no request waits for an answer.
#[derive(Debug)]
pub struct RecorderEvents {
    session: Session,
    descriptor: OwnedFd,
}

impl RecorderEvents {
    /// Descriptor to poll: readable when there may be news. Never read from it directly.
    pub fn poll_descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Session {
    /// News of the session while the operator is asked. Fails if the connection cannot be duplicated.
    pub fn recorder_events(&self) -> Result<RecorderEvents, KernelError> {
        let descriptor = self.duplicate_connection().map_err(recorder_lost)?;
        Ok(RecorderEvents { session: self.clone(), descriptor })
    }
}

impl SessionEvents for RecorderEvents {
    fn receive_events(&mut self) -> Result<bool, KernelError> {
        self.session.receive_idle_events()
    }
}
