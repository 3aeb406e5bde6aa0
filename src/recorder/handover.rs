//! The file through which bash gets a command's text.
//!
//! One file serves all commands, because creating and removing one for each doubles the cost of handing a command over. So
//! does freeing its blocks: the file is overwritten, not emptied. If it was removed or its mode changed, it is created anew.
//!
//! Invariant: only its owner can read the file, and it is blank except while its command runs. Refuses to know: the text's
//! meaning.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const MODE: u32 = 0o600;

/// A longer file is truncated to this length when it is blanked, so that one long text does not slow down the next ones.
const BLANKED_BYTES_LIMIT: usize = 16 << 10;

#[derive(Debug)]
struct CreatedFile {
    path: PathBuf,
    file: File,
    inode: u64,
}

impl CreatedFile {
    fn new(path: &Path, text: &[u8]) -> std::io::Result<Self> {
        drop(std::fs::remove_file(path));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
        let inode = file.metadata()?.ino();
        file.write_all(text)?;
        Ok(Self { path: path.to_owned(), file, inode })
    }

    /// Length of the file at `path`; `None` unless it is this file, with its mode unchanged.
    fn unchanged_length(&self, path: &Path) -> Option<u64> {
        let found = std::fs::symlink_metadata(path).ok()?;
        let same = found.is_file() && found.ino() == self.inode && found.mode() & 0o7777 == MODE;
        (same && self.path == path).then_some(found.len())
    }

    /// Replaces the content; `length` is the current one.
    fn overwrite_content(&self, length: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all_at(bytes, 0)?;
        let wanted = bytes.len() as u64;
        if length > wanted { self.file.set_len(wanted) } else { Ok(()) }
    }
}

/// The file that bash sources for each command.
#[derive(Debug, Default)]
pub(super) struct StepFile {
    created: Option<CreatedFile>,
}

impl StepFile {
    /// Writes a text where bash finds it. Fails when the file cannot be created or written.
    pub(super) fn write_text(&mut self, path: &Path, text: &[u8]) -> std::io::Result<()> {
        if let Some(made) = &self.created
            && let Some(length) = made.unchanged_length(path)
        {
            return made.overwrite_content(length, text);
        }
        if let Some(old) = self.created.take() {
            drop(std::fs::remove_file(&old.path));
        }
        self.created = Some(CreatedFile::new(path, text)?);
        Ok(())
    }

    /// Overwrites the text with newlines.
    pub(super) fn blank_text(&mut self) {
        if let Some(made) = &self.created {
            let blank = made.file.metadata().and_then(|found| {
                let length = usize::try_from(found.len()).unwrap_or(usize::MAX).min(BLANKED_BYTES_LIMIT);
                made.overwrite_content(found.len(), &vec![b'\n'; length])
            });
            // When the disk is full, truncating still works.
            if blank.is_err() {
                drop(made.file.set_len(0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn each_text_stands_alone_whatever_became_of_the_file_in_between() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("RUNBOOK.md");
        let meddling: [fn(&Path); 5] = [
            |_| {},
            |path| std::fs::remove_file(path).unwrap(),
            |path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap(),
            |path| std::fs::write(path, "something longer than any of the texts").unwrap(),
            |path| {
                std::fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink("/dev/null", path).unwrap();
            },
        ];
        let mut handover = StepFile::default();
        for (meddle, text) in meddling.iter().zip(["echo one and two", "echo 3", "echo four", "a", "echo five"]) {
            handover.write_text(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            handover.blank_text();
            assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), "");
            meddle(&path);
        }
        handover.write_text(&path, b"echo 6").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo 6");
        let other = folder.path().join("OTHER.md");
        handover.write_text(&other, b"x").unwrap();
        assert!(!path.exists() && other.exists());
    }
}
