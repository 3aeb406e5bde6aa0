//! Bytes on their way to a descriptor that may not take them all at once.
//!
//! Invariant: order is kept, nothing blocks. Refuses to know: what the bytes mean.

use rustix::fd::AsFd;
use rustix::io::Errno;
use std::collections::VecDeque;

/// Queue of bytes for one descriptor.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// Append bytes here to queue them.
    pub(super) fn buffer_mut(&mut self) -> &mut Vec<u8> {
        if self.sent > 0 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.bytes
    }

    /// Number of bytes that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Drops all waiting bytes.
    pub(super) fn drop_waiting(&mut self) {
        self.bytes.clear();
        self.sent = 0;
    }

    /// Writes what the descriptor takes. Fails when it will never take anything again.
    pub(super) fn flush_to(&mut self, fd: impl AsFd) -> Result<(), Errno> {
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(&fd, rest) {
                Ok(count) => self.sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.drop_waiting();
        Ok(())
    }
}

/// Capacity of a [`OutputRing`], for output that cannot be kept on disk.
const RING_BYTES: usize = 1 << 20;

/// The last mebibyte of a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct OutputRing {
    bytes: VecDeque<u8>,
}

impl OutputRing {
    /// Appends bytes and drops the oldest beyond the capacity.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(RING_BYTES);
        self.bytes.extend(bytes.iter().skip(from));
        let over = self.bytes.len().saturating_sub(RING_BYTES);
        self.bytes.drain(..over);
    }

    /// Removes and returns the oldest bytes, at most `limit`.
    pub(super) fn take_oldest(&mut self, limit: usize) -> Vec<u8> {
        self.bytes.drain(..limit.min(self.bytes.len())).collect()
    }

    pub(super) fn copy_bytes(&self) -> Vec<u8> {
        self.bytes.iter().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
