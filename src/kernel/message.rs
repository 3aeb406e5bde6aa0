//! A text given to a command on its standard input.
//!
//! Invariant: the command reaches bash as a file, as steps do, and never as an argument; it has no terminal, and a limit of time.
//! Refuses to know: whether it may run; who calls has asked.

use duct::cmd;
use std::io;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;

/// A command that sends a message has so long.
const LIMIT: Duration = Duration::from_mins(1);
/// Of its output so much is kept.
const KEPT_BYTES: usize = 4096;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSent {
    /// Its exit status; none when a signal or the limit ended it.
    pub exit: Option<i32>,
    /// What it printed, cut.
    pub output: String,
}

/// Runs a command with a text on its standard input, in a folder. `beside` is where its script lies meanwhile.
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
