//! A writer that lets no secret through.
//!
//! Invariant: what one write holds is masked as a whole; nothing is held back from one write to the next. Refuses to know:
//! what is written.

use crate::mask::Masker;
use std::io;
use std::io::Write;

/// See the module.
pub(super) struct Masked<W> {
    to: W,
    masker: Masker,
}

impl<W: Write> Masked<W> {
    pub(super) fn new(to: W, masker: Masker) -> Self {
        Self { to, masker }
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(&self.masker.bytes(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
