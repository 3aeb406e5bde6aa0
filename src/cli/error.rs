//! A failure as the person at the command line reads it, with its exit status.
//!
//! Invariant: every exit status of the program is one of [`Exit`], as the table in DESIGN lists them.

use crate::mask::Masker;
use crate::term::{Color, Style, sanitize_text};
use std::fmt::Write as _;
use std::io::Write as _;

/// Exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every step that was to run succeeded.
    Success = 0,
    /// A command of the runbook failed.
    CommandFailed = 1,
    /// Wrong usage, an unreadable runbook, a missing input: nothing ran.
    Usage = 2,
    /// The operator stopped the run, or a gate was not passed.
    Stopped = 3,
    /// The record could not be written.
    Record = 4,
    /// The operator interrupted the run.
    Interrupted = 130,
}

/// A failure, and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    /// Exit status of the program after this failure.
    pub(super) exit: Exit,
    /// The problem, with the object it is about in backticks.
    pub(super) message: String,
    /// A remedy, on one or more lines.
    pub(super) help: Option<String>,
}

impl Failure {
    /// A failure of usage, without help: nothing ran.
    pub(super) fn usage_error(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None }
    }

    /// A failure to write or read the record, without help.
    pub(super) fn record_error(message: impl Into<String>) -> Self {
        Self { exit: Exit::Record, message: message.into(), help: None }
    }

    /// The same failure with the masker's secrets masked in its texts.
    #[must_use]
    pub(super) fn with_secrets_masked(self, masker: &Masker) -> Self {
        let mask = |text: String| masker.mask_text(&text).into_owned();
        Self { exit: self.exit, message: mask(self.message), help: self.help.map(mask) }
    }

    /// The same failure with a remedy.
    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Failure {
    /// Prints the failure on standard error. Texts that look like a key or a token are masked.
    pub(super) fn print_to_stderr(self, color: Color) {
        let failure = self.with_secrets_masked(&Masker::new());
        drop(std::io::stderr().lock().write_all(failure.render_text(color).as_bytes()));
    }

    fn render_text(&self, color: Color) -> String {
        let mut text = String::new();
        let mut lines = self.message.lines();
        let first = lines.next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}", color.paint_text(Style::Failure, "error:"), sanitize_text(first));
        for line in lines {
            let _ = writeln!(text, "       {}", sanitize_text(line));
        }
        for (i, line) in self.help.iter().flat_map(|help| help.lines()).enumerate() {
            let lead = if i == 0 { color.paint_text(Style::Key, " help:") } else { "      ".to_owned() };
            let _ = writeln!(text, "{lead} {}", sanitize_text(line));
        }
        text
    }
}
