//! Escaped texts and worded outcomes for other modules that write Markdown.
//!
//! Invariant: the same escaping as in transcripts: text from any origin is shown literally.

use super::escape;
use super::words;
use crate::history::{CommandFinished, RunResult};
use std::time::Duration;

/// Escapes text for a paragraph, a heading or a table cell.
pub fn escape_inline(text: &str) -> String {
    escape::escape_inline(text)
}

/// Formats the first line of a command as a code span, cut to `most` characters.
pub fn command_code_span(text: &str, most: usize) -> String {
    escape::code_span(&escape::shorten_first_line(text, most))
}

/// Formats the first line of a command as a code span for a table cell.
pub fn command_cell_code_span(text: &str, most: usize) -> String {
    escape::cell_code_span(&escape::shorten_first_line(text, most))
}

/// Describes a command's outcome without markup: `exit 1 — no match`.
pub fn describe_outcome(finished: &CommandFinished) -> String {
    words::describe_outcome(finished)
}

/// Names a run's result in one word.
pub fn describe_run_result(result: RunResult) -> &'static str {
    words::describe_run_result(result)
}

/// Formats a duration: `0.4 s`, `3 min 05 s`.
pub fn format_duration(duration: Duration) -> String {
    words::format_duration(duration)
}
