//! The two streams: data to standard output, notices to standard error.
//!
//! Invariant: notices are sanitised here. Refuses to know: the commands that print.

use super::error::{Exit, Failure};
use std::io::Write as _;

/// Prints data on standard output. Succeeds when the reader has closed the pipe (`| head`); fails on any other write error.
pub(super) fn print_data(text: &str) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage_error(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(Exit::Success),
    }
}

/// Prints lines on standard error. A write error is ignored: there is nowhere left to report it.
pub(super) fn print_notices(lines: &[String]) {
    let mut err = std::io::stderr().lock();
    for line in lines {
        drop(writeln!(err, "{}", crate::term::sanitize_text(line)));
    }
}
