//! Escaped texts and worded outcomes for other modules that write Markdown.
//!
//! Invariant: the same escaping as in transcripts: text from any origin is shown literally.

use super::escape;
use super::words;
use crate::history::{CommandFinished, RunResult};
use std::time::Duration;

/// Escapes text for a paragraph, a heading or a table cell.
pub fn inline(text: &str) -> String {
    escape::inline(text)
}

/// Formats the first line of a command as a code span, cut to `most` characters.
pub fn command(text: &str, most: usize) -> String {
    escape::code(&escape::shorten(text, most))
}

/// Formats the first line of a command as a code span for a table cell.
pub fn command_in_cell(text: &str, most: usize) -> String {
    escape::cell_code(&escape::shorten(text, most))
}

/// Describes a command's outcome without markup: `exit 1 — no match`.
pub fn outcome(finished: &CommandFinished) -> String {
    words::outcome(finished)
}

/// Names a run's result in one word.
pub fn run_result(result: RunResult) -> &'static str {
    words::run_result(result)
}

/// Formats a duration: `0.4 s`, `3 min 05 s`.
pub fn took(duration: Duration) -> String {
    words::took(duration)
}
