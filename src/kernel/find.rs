//! Programs, looked up without starting any.
//!
//! Invariant: a folder or a file that cannot be executed is no program. Refuses to know: what the programs are for.

use crate::ports::{KernelError, Probe};
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Looks a program up as a shell would: in the folders of `path`, or as a path of its own if the name has a slash.
pub fn find_program(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|file| can_execute(file));
    }
    std::env::split_paths(path?).map(|dir| dir.join(name)).find(|file| can_execute(file))
}

/// Looks bash up in the folders of `path`. Fails with a hint if it is not there, because without bash there is no session.
pub fn find_bash(path: Option<&OsStr>) -> Result<PathBuf, KernelError> {
    find_program("bash", path).ok_or_else(|| {
        KernelError::Shell("`bash` was not found in PATH; commands run in bash, so install it, or mend PATH".to_owned())
    })
}

fn can_execute(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// A [`Probe`] that looks programs up in the folders of a `PATH`.
#[derive(Clone, Debug)]
pub struct PathProbe {
    path: Option<OsString>,
}

impl PathProbe {
    /// Looks in the folders of this value of `PATH`.
    pub fn new(path: Option<OsString>) -> Self {
        Self { path }
    }
}

impl Probe for PathProbe {
    fn is_executable(&mut self, path: &str) -> bool {
        find_program(path, self.path.as_deref()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_name_and_by_place_and_a_folder_is_no_program() {
        let mut probe = PathProbe::new(Some("/nowhere:/bin".into()));
        assert!(probe.is_executable("sh"));
        assert!(probe.is_executable("/bin/sh"));
        assert!(!probe.is_executable("/bin"));
        assert!(!probe.is_executable("incident"));
        assert!(!probe.is_executable("/etc/passwd"));
    }
}
