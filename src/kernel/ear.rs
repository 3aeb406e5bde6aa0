//! Hearing from the recorder while no request waits for an answer.
//!
//! Invariant: nothing that was heard is lost: output is kept for whoever watches next. Refuses to know: the operator.

use super::link::lost;
use super::session::Session;
use crate::ports::{Hearing, KernelError};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

/// See the module.
#[derive(Debug)]
pub struct Ear {
    session: Session,
    descriptor: OwnedFd,
}

impl Session {
    /// Hears of the end of the run while the operator is asked.
    pub fn ear(&self) -> Result<Ear, KernelError> {
        let descriptor = self.duplicate().map_err(lost)?;
        Ok(Ear { session: self.clone(), descriptor })
    }
}

impl Hearing for Ear {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    fn hear(&mut self) -> Result<bool, KernelError> {
        self.session.hear()
    }
}
