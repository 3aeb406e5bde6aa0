//! The runtime folder of a recorder, for its socket, bash's rc file and the text of the current command.
//!
//! Invariant: the folder and its parent belong to this user and are closed to all others. Refuses to know: its files.

use std::fs::{DirBuilder, File};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// A folder that is removed, with its contents, on drop.
#[derive(Debug)]
pub(super) struct RuntimeFolder {
    path: PathBuf,
}

impl RuntimeFolder {
    /// Creates `name` in `$XDG_RUNTIME_DIR/runbook`, or in a folder of this user's own in `temp_dir`.
    ///
    /// Fails if the parent belongs to somebody else, or if `name` exists.
    pub(super) fn create_private(runtime_dir: Option<&Path>, temp_dir: &Path, name: &str) -> std::io::Result<Self> {
        let parent = match runtime_dir {
            Some(dir) => dir.join("runbook"),
            None => temp_dir.join(format!("runbook-{}", rustix::process::geteuid().as_raw())),
        };
        ensure_private_folder(&parent)?;
        let path = parent.join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RuntimeFolder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

/// Path of the link, in a run's folder, to the socket of its recorder.
///
/// An operator who resumes the run may have another `XDG_RUNTIME_DIR`, so the socket's own path cannot be derived.
pub fn socket_link_path(run_folder: &Path) -> PathBuf {
    run_folder.join("socket")
}

/// Removes the runtime folder of a killed recorder of this run. The caller holds the journal's lock.
pub(super) fn remove_stale_folder(run_folder: &Path, names: &[&str]) {
    let Ok(socket) = std::fs::read_link(socket_link_path(run_folder)) else { return };
    let ours = |folder: &Path| folder.file_name().is_some_and(|name| names.iter().any(|ours| name == *ours));
    if let Some(folder) = socket.parent().filter(|folder| ours(folder)) {
        drop(std::fs::remove_dir_all(folder));
    }
}

/// Links the run's folder to its recorder's socket.
pub(super) fn link_socket(run_folder: &Path, socket: &Path) -> std::io::Result<()> {
    let note = socket_link_path(run_folder);
    drop(std::fs::remove_file(&note));
    std::os::unix::fs::symlink(socket, note)
}

/// Writes a file that only this user can read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

fn ensure_private_folder(path: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Another user may have created it before, or put a link there.
    let found = std::fs::symlink_metadata(path)?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    if !ours {
        let message = format!("`{}` is not a folder of this user; remove it, or set XDG_RUNTIME_DIR", path.display());
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    if found.mode() & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_closed_to_others_and_gone_afterwards() {
        let temp = tempfile::tempdir().unwrap();
        let folder = RuntimeFolder::create_private(None, temp.path(), "abc").unwrap();
        let path = folder.path().to_owned();
        for folder in [path.as_path(), path.parent().unwrap()] {
            assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_link_in_the_place_of_the_folder_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(target.path(), temp.path().join("runbook")).unwrap();
        assert!(RuntimeFolder::create_private(Some(temp.path()), temp.path(), "abc").is_err());
    }
}
