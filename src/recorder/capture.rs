//! The output of one command: its file, its digest, its length.
//!
//! Invariant: bytes are in the file, or in a durable event, before anyone hears of them. One digest covers exactly the bytes
//! kept; if more came, another covers all of them. Refuses to know: where the bytes come from.

use crate::history::Captured;
use crate::ident::{Digest, Seq};
use sha2::Digest as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// Output up to this many bytes is stored in the event of the command's end.
pub const INLINE_BYTES: usize = 4096;

/// Bytes that are kept between two checks of the free space.
const DISK_CHECK_BYTES: u64 = 1 << 20;

/// Stack of the thread that syncs a file.
const SYNC_STACK_BYTES: usize = 64 << 10;

/// Path of the output of the command whose start is `command`, in its run's folder.
pub fn output_path(folder: &Path, command: Seq) -> PathBuf {
    folder.join("output").join(format!("{:06}.out", command.0))
}

/// Path of the output that came while no command ran.
pub fn background_path(folder: &Path) -> PathBuf {
    folder.join("output").join("background.out")
}

/// True if less than `percent` of the disk is free.
///
/// Checked only after each [`DISK_CHECK_BYTES`], so that small outputs are kept even on a nearly full disk.
fn is_disk_low(path: &Path, percent: u64) -> bool {
    let Some(disk) = path.parent().and_then(|folder| rustix::fs::statvfs(folder).ok()) else { return false };
    disk.f_blocks > 0 && disk.f_bavail.saturating_mul(100) < disk.f_blocks.saturating_mul(percent)
}

/// Opens a file of output for appending, readable by its owner alone.
pub(super) fn open_output(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Salted digests of a command's output.
struct OutputDigests {
    salt: String,
    /// Of the bytes that are kept.
    kept: sha2::Sha256,
    /// Of all bytes, once not all of them are kept.
    all: Option<sha2::Sha256>,
}

/// Bounds of what is kept of a command's output.
struct KeepLimits {
    /// No more than this is kept.
    bytes: u64,
    /// With less of the disk free than this, in percent, nothing more is kept.
    free_percent: u64,
    /// Once this many bytes are kept, the free space is checked again.
    check_at: u64,
}

/// Output of one command while it comes.
pub(super) struct Capture {
    path: PathBuf,
    file: Option<File>,
    digests: OutputDigests,
    limits: KeepLimits,
    /// Beginning of the output, at most [`INLINE_BYTES`].
    head: Vec<u8>,
    /// Bytes that came.
    length: u64,
    /// Bytes that are kept.
    kept: u64,
    /// True if bytes were written since the last sync began.
    dirty: bool,
    /// A sync that is under way, so that output need not wait for the disk.
    syncing: Option<JoinHandle<std::io::Result<()>>>,
    /// True once a write or a sync has failed.
    broken: bool,
}

impl Capture {
    /// No output yet. The file is created when the first byte comes.
    pub(super) fn new(path: PathBuf, salt: String, limit_bytes: u64, free_percent: u64) -> Self {
        let mut hasher = sha2::Sha256::new();
        hasher.update(salt.as_bytes());
        Self {
            path,
            file: None,
            digests: OutputDigests { salt, kept: hasher, all: None },
            limits: KeepLimits { bytes: limit_bytes, free_percent, check_at: DISK_CHECK_BYTES },
            head: Vec::new(),
            length: 0,
            kept: 0,
            dirty: false,
            syncing: None,
            broken: false,
        }
    }

    /// Appends bytes to the file. Returns their offset and how many were kept.
    ///
    /// At the limit, or on a full disk, the rest is only counted and nothing is kept any more: what is kept stays the
    /// beginning of the output.
    pub(super) fn keep_in_file(&mut self, bytes: &[u8]) -> (u64, usize) {
        if self.kept >= self.limits.check_at {
            self.limits.check_at = self.kept + DISK_CHECK_BYTES;
            if is_disk_low(&self.path, self.limits.free_percent) {
                self.limits.bytes = self.kept;
            }
        }
        let room = self.bytes_allowed(bytes.len());
        let kept = if self.broken { 0 } else { self.write_to_file(bytes.get(..room).unwrap_or_default()) };
        (self.count_bytes(bytes, kept), kept)
    }

    /// Keeps bytes for the event alone, without a file. At most [`INLINE_BYTES`], and no more may follow.
    pub(super) fn keep_inline(&mut self, bytes: &[u8]) -> (u64, usize) {
        let kept = self.bytes_allowed(bytes.len());
        (self.count_bytes(bytes, kept), kept)
    }

    fn bytes_allowed(&self, bytes: usize) -> usize {
        usize::try_from(self.limits.bytes.saturating_sub(self.kept)).unwrap_or(usize::MAX).min(bytes)
    }

    fn count_bytes(&mut self, bytes: &[u8], kept: usize) -> u64 {
        let offset = self.kept;
        self.length += bytes.len() as u64;
        let stored = bytes.get(..kept).unwrap_or_default();
        let digests = &mut self.digests;
        if digests.all.is_none() && kept < bytes.len() {
            digests.all = Some(digests.kept.clone());
        }
        if let Some(all) = &mut digests.all {
            all.update(bytes);
        }
        digests.kept.update(stored);
        self.kept += kept as u64;
        let missing = INLINE_BYTES.saturating_sub(self.head.len());
        self.head.extend(stored.iter().take(missing));
        offset
    }

    fn write_to_file(&mut self, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        if self.file.is_none() {
            self.file = open_output(&self.path).ok();
        }
        let Some(file) = self.file.as_mut() else {
            self.broken = true;
            return 0;
        };
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match file.write(rest) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.broken = written < bytes.len();
        self.dirty = true;
        written
    }

    /// True once the file could not be written.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// True if something was written since the last sync.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Starts syncing the file in a thread, unless the last sync is still under way.
    pub(super) fn start_background_sync(&mut self) {
        if self.syncing.as_ref().is_some_and(|syncing| !syncing.is_finished()) {
            return;
        }
        self.join_background_sync();
        let Some(Ok(file)) = self.file.as_ref().filter(|_| self.dirty).map(File::try_clone) else { return };
        let thread = std::thread::Builder::new().name("sync".to_owned()).stack_size(SYNC_STACK_BYTES);
        match thread.spawn(move || file.sync_data()) {
            Ok(syncing) => {
                self.syncing = Some(syncing);
                self.dirty = false;
            }
            Err(_) => self.sync_file(),
        }
    }

    fn join_background_sync(&mut self) {
        if let Some(syncing) = self.syncing.take()
            && !matches!(syncing.join(), Ok(Ok(())))
        {
            self.broken = true;
        }
    }

    /// Syncs the file. A failed sync is never retried: the kernel has dropped its pages.
    fn sync_file(&mut self) {
        self.join_background_sync();
        if std::mem::take(&mut self.dirty)
            && let Some(file) = &self.file
            && file.sync_data().is_err()
        {
            self.broken = true;
        }
    }

    /// Number of bytes in the file.
    pub(super) fn kept_bytes(&self) -> u64 {
        self.kept
    }

    /// The beginning, at most [`INLINE_BYTES`].
    pub(super) fn inline_head(&self) -> &[u8] {
        &self.head
    }

    /// Closes the file. Output too long for the event is durable when this returns.
    pub(super) fn finish_output(mut self) -> Captured {
        let small = self.kept <= INLINE_BYTES as u64;
        if !small {
            self.sync_file();
        }
        Captured {
            length_bytes: self.length,
            kept_bytes: self.kept,
            digest: Digest::from_bytes(self.digests.kept.finalize().into()),
            all_digest: self.digests.all.map(|all| Digest::from_bytes(all.finalize().into())),
            salt: self.digests.salt,
            inline: small.then_some(self.head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digest_covers_what_is_kept_and_another_all_that_came() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("output")).unwrap();
        let path = output_path(folder.path(), Seq(7));
        let mut capture = Capture::new(path.clone(), "salt".into(), 5, 0);
        assert_eq!(capture.keep_in_file(b"abc"), (0, 3));
        assert_eq!(capture.keep_in_file(b"defg"), (3, 2));
        assert_eq!(capture.keep_in_file(b"h"), (5, 0));
        let captured = capture.finish_output();
        assert_eq!((captured.length_bytes, captured.kept_bytes), (8, 5));
        assert_eq!(captured.digest, Digest::of_bytes(b"saltabcde"));
        assert_eq!(captured.all_digest, Some(Digest::of_bytes(b"saltabcdefgh")));
        assert_eq!(captured.inline.as_deref(), Some(&b"abcde"[..]));
        assert_eq!(std::fs::read(path).unwrap(), b"abcde");
    }

    #[test]
    fn a_command_that_prints_nothing_has_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = output_path(folder.path(), Seq(1));
        let captured = Capture::new(path.clone(), String::new(), 10, 0).finish_output();
        assert_eq!(captured.inline.as_deref(), Some(&b""[..]));
        assert!(!path.exists());
    }
}
