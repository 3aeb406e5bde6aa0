//! Output that comes while no command runs.
//!
//! Invariant: the file never exceeds the session's output limit, so background jobs cannot fill the disk. Refuses to know:
//! which job printed it.

use super::capture::{background_path, open_output};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// The file of background output; opened when the first byte comes.
#[derive(Debug, Default)]
pub(super) struct BackgroundOutput {
    open: Option<(File, u64)>,
}

impl BackgroundOutput {
    /// Appends bytes. Returns their offset in the file; `None` if they were not kept.
    pub(super) fn keep_bytes(&mut self, run_folder: &Path, limit_bytes: u64, bytes: &[u8]) -> Option<u64> {
        if self.open.is_none() {
            self.open = open_output(&background_path(run_folder)).ok().map(|file| (file, 0));
        }
        let (file, length) = self.open.as_mut()?;
        if length.saturating_add(bytes.len() as u64) > limit_bytes || file.write_all(bytes).is_err() {
            return None;
        }
        let offset = *length;
        *length += bytes.len() as u64;
        Some(offset)
    }
}
