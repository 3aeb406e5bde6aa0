//! What went wrong, as the person at the command line should read it, and the exit status that goes with it.
//!
//! Invariant: the one place that maps a failure to an exit status (DESIGN's table).

use crate::mask::Masker;
use crate::term::{Color, Style, sanitize};
use std::fmt::Write as _;
use std::io::Write as _;

/// Exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every step that was to run succeeded.
    Success = 0,
    /// A command failed.
    CommandFailed = 1,
    /// Wrong usage, an unreadable runbook, a missing input: nothing ran.
    Usage = 2,
    /// The operator stopped the run, or a gate was not passed.
    Stopped = 3,
    /// The record could not be written.
    Record = 4,
    /// Interrupted.
    Interrupted = 130,
}

/// A failure, with what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit status.
    pub(super) exit: Exit,
    /// What was found, the thing in backticks.
    pub(super) message: String,
    /// What to do; may be several lines.
    pub(super) help: Option<String>,
}

impl Failure {
    /// Wrong usage.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None }
    }

    /// A failure of the record.
    pub(super) fn record(message: impl Into<String>) -> Self {
        Self { exit: Exit::Record, message: message.into(), help: None }
    }

    /// The same without secrets.
    #[must_use]
    pub(super) fn masked(self, masker: &Masker) -> Self {
        let hide = |text: String| masker.text(&text).into_owned();
        Self { exit: self.exit, message: hide(self.message), help: self.help.map(hide) }
    }

    /// The same with what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Failure {
    /// Prints it on standard error; what looks like a key or a token is masked.
    pub(super) fn print(self, color: Color) {
        let failure = self.masked(&Masker::new());
        drop(std::io::stderr().lock().write_all(failure.text(color).as_bytes()));
    }

    fn text(&self, color: Color) -> String {
        let mut text = String::new();
        let mut lines = self.message.lines();
        let first = lines.next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}", color.paint(Style::Failure, "error:"), sanitize(first));
        for line in lines {
            let _ = writeln!(text, "       {}", sanitize(line));
        }
        for (i, line) in self.help.iter().flat_map(|help| help.lines()).enumerate() {
            let lead = if i == 0 { color.paint(Style::Key, " help:") } else { "      ".to_owned() };
            let _ = writeln!(text, "{lead} {}", sanitize(line));
        }
        text
    }
}
