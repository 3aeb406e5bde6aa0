//! The outputs of a run's commands, read from their files and compared with the journal.
//!
//! Invariant: only ordinary files are read. Refuses to know: where outputs are shown.

use super::ordinary::open_ordinary;
use crate::history::{Captured, CommandFinished, OutputSource};
use crate::ident::{Digest, Seq};
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

const BLOCK_BYTES: usize = 256 << 10;

/// Path of the output file of the command that started at `command`, in a folder of output files.
pub(super) fn output_path(folder: &Path, command: Seq) -> PathBuf {
    folder.join(format!("{:06}.out", command.0))
}

/// The outputs of a run: each from its file, or, where that is missing or shorter, from the event.
#[derive(Clone, Debug)]
pub struct RunOutput {
    folder: PathBuf,
    inline: BTreeMap<Seq, Vec<u8>>,
    is_compared: bool,
}

impl RunOutput {
    /// The outputs in a folder of output files, taken as they are.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, inline: BTreeMap::new(), is_compared: false }
    }

    /// The same outputs, each compared with its digest when a renderer asks for that.
    #[must_use]
    pub fn compare_digests(self) -> Self {
        Self { is_compared: true, ..self }
    }

    /// Remembers the output that an event holds, as a substitute for a missing or shorter file.
    pub fn remember_inline(&mut self, finished: &CommandFinished) {
        if let Some(bytes) = &finished.output.inline {
            self.inline.insert(finished.started, bytes.clone());
        }
    }

    fn read_output_file(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let file = open_ordinary(&output_path(&self.folder, command))?;
        let left = file.metadata()?.len().saturating_sub(offset_bytes);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(limit_bytes)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset_bytes + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

impl OutputSource for RunOutput {
    fn read_output(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let from_file = self.read_output_file(command, offset_bytes, limit_bytes);
        let Some(inline) = self.inline.get(&command) else { return from_file };
        let offset = usize::try_from(offset_bytes).unwrap_or(usize::MAX).min(inline.len());
        let from_event: Vec<u8> = inline.iter().skip(offset).take(limit_bytes).copied().collect();
        // The file of a short output may be missing or cut: it is not synced, the event is.
        match from_file {
            Ok(bytes) if bytes.len() >= from_event.len() => Ok(bytes),
            _ => Ok(from_event),
        }
    }
    fn find_mismatch(&self, command: Seq, output: &Captured) -> Option<String> {
        self.is_compared.then(|| find_difference(&output_path(&self.folder, command), output)).flatten()
    }
}

/// Describes the difference between an output and its record, if there is one.
pub(super) fn find_difference(path: &Path, output: &Captured) -> Option<String> {
    // The salt goes with a payload that was dropped.
    if output.salt.is_empty() {
        return path.exists().then(|| "its output was to be dropped, and its file is still there".to_owned());
    }
    let inline = output.inline.as_deref();
    let of_inline = |bytes: &[u8]| Digest::of_parts(&[output.salt.as_bytes(), bytes]) == output.digest;
    if inline.is_some_and(|bytes| !of_inline(bytes)) {
        return Some("the output in the event does not match its digest".to_owned());
    }
    match digest_file(path, &output.salt) {
        Ok((length, digest)) if length == output.kept_bytes && digest == output.digest => None,
        // After a crash the file may hold less than the event.
        Ok((length, _)) if length < output.kept_bytes && inline.is_some() => None,
        Ok((length, _)) if length != output.kept_bytes => {
            Some(format!("its output file has {length} bytes, and {} were recorded", output.kept_bytes))
        }
        Ok(_) => Some("its output file was changed".to_owned()),
        Err(_) if inline.is_some() => None,
        Err(error) => Some(format!("its output file cannot be read: {error}")),
    }
}

fn digest_file(path: &Path, salt: &str) -> io::Result<(u64, Digest)> {
    let mut file = open_ordinary(path)?;
    let mut hasher = sha2::Sha256::new();
    hasher.update(salt.as_bytes());
    let (mut buffer, mut length) = (vec![0; BLOCK_BYTES], 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((length, Digest::from_bytes(hasher.finalize().into()))),
            Ok(count) => {
                hasher.update(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
