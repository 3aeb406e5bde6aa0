//! Bytes on their way to a descriptor that may not take them all at once.
//!
//! Invariant: order is kept, nothing blocks. Refuses to know: what the bytes mean.

use rustix::fd::AsFd;
use rustix::io::Errno;
use std::collections::VecDeque;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// Where bytes are put.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.sent > 0 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.bytes
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }

    /// Sends what the descriptor takes; the error says that it takes nothing any more.
    pub(super) fn flush(&mut self, fd: impl AsFd) -> Result<(), Errno> {
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(&fd, rest) {
                Ok(count) => self.sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.clear();
        Ok(())
    }
}

/// More than this is not kept in memory of what cannot be kept on disk.
const RING_BYTES: usize = 1 << 20;

/// The last of many bytes.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
}

impl Ring {
    /// Takes bytes; the oldest fall out.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(RING_BYTES);
        self.bytes.extend(bytes.iter().skip(from));
        let over = self.bytes.len().saturating_sub(RING_BYTES);
        self.bytes.drain(..over);
    }

    /// Takes the oldest out, at most so many.
    pub(super) fn take(&mut self, limit: usize) -> Vec<u8> {
        self.bytes.drain(..limit.min(self.bytes.len())).collect()
    }

    /// All of them.
    pub(super) fn copy(&self) -> Vec<u8> {
        self.bytes.iter().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
