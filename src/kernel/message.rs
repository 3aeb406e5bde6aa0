//! Sending a message by a command that reads it from standard input.
//!
//! Invariant: the command reaches bash as a file, as steps do, and never as an argument; it has no terminal and a time limit.
//! Refuses to know: whether it may run; the caller has asked.

use duct::cmd;
use std::io;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;

/// How long a command that sends a message may run.
const LIMIT: Duration = Duration::from_mins(1);
/// How much of the command's output is kept.
const KEPT_BYTES: usize = 4096;

/// How the command that sends a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSent {
    /// Exit status; `None` if a signal or the time limit ended it.
    pub exit: Option<i32>,
    /// Beginning of what it printed, at most 4096 bytes.
    pub output: String,
}

/// Runs a command in `folder` with a text on its standard input. Its script lies in `beside` meanwhile. Fails if the script
/// cannot be written or bash cannot be started.
pub fn send_message(
    bash: &Path,
    command: &str,
    text: &str,
    folder: Option<&Path>,
    beside: &Path,
) -> io::Result<MessageSent> {
    let mut script = NamedTempFile::new_in(beside)?;
    script.write_all(command.as_bytes())?;
    script.write_all(b"\n")?;
    script.flush()?;
    let printed = NamedTempFile::new_in(beside)?;
    let expression = cmd!(bash, "--noprofile", "--norc", script.path())
        .stdin_bytes(text.as_bytes().to_vec())
        .stdout_file(printed.reopen()?)
        .stderr_to_stdout()
        .unchecked();
    let expression = folder.map_or(expression.clone(), |folder| expression.dir(folder));
    let handle = expression.start()?;
    let exit = if let Some(output) = handle.wait_timeout(LIMIT)? {
        output.status.code()
    } else {
        handle.kill()?;
        None
    };
    let mut output = Vec::new();
    printed.reopen()?.take(KEPT_BYTES as u64).read_to_end(&mut output)?;
    Ok(MessageSent { exit, output: String::from_utf8_lossy(&output).into_owned() })
}
