//! The commit that a document belongs to, as git tells it.
//!
//! Invariant: a git that is missing, slow or odd gives no answer, never an error, and no question to it takes more than a second.
//! Refuses to know: what the commit is recorded for.

use super::find::find_program;
use duct::cmd;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

/// State of the repository that a document lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitState {
    /// Hash of the commit that is checked out.
    pub commit: String,
    /// True if the document differs from that commit.
    pub modified: bool,
}

/// How long git has for one answer.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks git about a document, without running anything that its repository names. `None` if it lies in no repository, or if git gives no answer.
pub fn git_state(document: &Path, search_path: Option<&OsStr>) -> Option<GitState> {
    let document = std::path::absolute(document).ok()?;
    let folder = document.parent()?;
    // Most documents lie in no repository; then git is not started.
    folder.ancestors().find(|above| above.join(".git").exists())?;
    let git = find_program("git", search_path)?;
    let commit = ask_git(&git, folder, &["rev-parse".as_ref(), "HEAD".as_ref()])?.trim().to_owned();
    let is_hash = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let modified = is_modified(&git, folder, &document);
    is_hash.then_some(GitState { commit, modified })
}

/// Compares a document with the one in the commit by their hashes. `git status` would run the filters that the repository names.
fn is_modified(git: &Path, folder: &Path, document: &Path) -> bool {
    let Some(name) = document.file_name() else { return true };
    let mut in_commit = OsString::from("HEAD:./");
    in_commit.push(name);
    let committed = ask_git(git, folder, &["rev-parse".as_ref(), "--verify".as_ref(), "--quiet".as_ref(), &in_commit]);
    let arguments = ["hash-object".as_ref(), "--no-filters".as_ref(), "--".as_ref(), document.as_os_str()];
    let present = ask_git(git, folder, &arguments);
    committed.is_none() || committed != present
}

fn ask_git(git: &Path, folder: &Path, arguments: &[&OsStr]) -> Option<String> {
    let mut all: Vec<&OsStr> = vec![
        "--no-optional-locks".as_ref(),
        "-c".as_ref(),
        "core.fsmonitor=false".as_ref(),
        "-C".as_ref(),
        folder.as_os_str(),
    ];
    all.extend_from_slice(arguments);
    let handle = cmd(git, all)
        .stdin_null()
        .stderr_null()
        .stdout_capture()
        .unchecked()
        .before_spawn(|command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        })
        .start()
        .ok()?;
    match handle.wait_timeout(LIMIT) {
        Ok(Some(output)) if output.status.success() => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(Some(_)) => None,
        Ok(None) | Err(_) => {
            drop(handle.kill());
            None
        }
    }
}
