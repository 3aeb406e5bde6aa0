//! The file in which a command's text is handed to bash.
//!
//! Invariant: readable by its owner alone, and empty but while its command runs. One file serves all commands, because making
//! and removing one for each costs as much as all the rest of the handing over; when somebody has removed or changed it,
//! another is made. Refuses to know: what the text is.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const MODE: u32 = 0o600;

#[derive(Debug)]
struct Made {
    path: PathBuf,
    file: File,
    inode: u64,
}

impl Made {
    fn new(path: &Path, text: &[u8]) -> std::io::Result<Self> {
        drop(std::fs::remove_file(path));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
        let inode = file.metadata()?.ino();
        file.write_all(text)?;
        Ok(Self { path: path.to_owned(), file, inode })
    }

    /// Whether bash would find this file there, as it was made.
    fn is_at(&self, path: &Path) -> bool {
        let as_made = |found: std::fs::Metadata| {
            let same = found.is_file() && found.ino() == self.inode && found.mode() & 0o7777 == MODE;
            same && found.len() == 0
        };
        self.path == path && std::fs::symlink_metadata(path).is_ok_and(as_made)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Handover {
    made: Option<Made>,
}

impl Handover {
    /// Puts a text there.
    pub(super) fn put(&mut self, path: &Path, text: &[u8]) -> std::io::Result<()> {
        if let Some(made) = self.made.as_ref().filter(|made| made.is_at(path)) {
            return made.file.write_all_at(text, 0);
        }
        if let Some(old) = self.made.take() {
            drop(std::fs::remove_file(&old.path));
        }
        self.made = Some(Made::new(path, text)?);
        Ok(())
    }

    /// Takes it away again.
    pub(super) fn clear(&mut self) {
        if let Some(made) = &self.made {
            drop(made.file.set_len(0));
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
        let mut handover = Handover::default();
        for (meddle, text) in meddling.iter().zip(["echo one and two", "echo 3", "echo four", "a", "echo five"]) {
            handover.put(&path, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            handover.clear();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
            meddle(&path);
        }
        handover.put(&path, b"echo 6").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo 6");
        let other = folder.path().join("OTHER.md");
        handover.put(&other, b"x").unwrap();
        assert!(!path.exists() && other.exists());
    }
}
