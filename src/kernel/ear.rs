//! Hearing from the recorder while no request waits for an answer.
//!
//! Invariant: no output is lost; it is kept for the next command's watcher. Refuses to know: the operator.

use super::link::lost;
use super::session::Session;
use crate::ports::{Hearing, KernelError};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

/// News from a session's recorder while no request waits for an answer.
#[derive(Debug)]
pub struct Ear {
    session: Session,
    descriptor: OwnedFd,
}

impl Ear {
    /// Descriptor to poll: readable when there may be news. Never read from it directly.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Session {
    /// News of the session while the operator is asked. Fails if the connection cannot be duplicated.
    pub fn ear(&self) -> Result<Ear, KernelError> {
        let descriptor = self.duplicate().map_err(lost)?;
        Ok(Ear { session: self.clone(), descriptor })
    }
}

impl Hearing for Ear {
    fn hear(&mut self) -> Result<bool, KernelError> {
        self.session.hear()
    }
}
