//! Texts of any origin and outcomes of commands, for other writers of Markdown.
//!
//! Invariant: as the transcript's own: what comes out shows itself and does nothing else.

use super::escape;
use super::words;
use crate::history::{CommandFinished, RunResult};
use std::time::Duration;

/// Text within a paragraph, a heading or a table's cell.
pub fn inline(text: &str) -> String {
    escape::inline(text)
}

/// A command as a code span in a paragraph: its first line, shortened.
pub fn command(text: &str, most: usize) -> String {
    escape::code(&escape::shorten(text, most))
}

/// The same in a table's cell.
pub fn command_in_cell(text: &str, most: usize) -> String {
    escape::cell_code(&escape::shorten(text, most))
}

/// How a command came back, without markup.
pub fn outcome(finished: &CommandFinished) -> String {
    words::outcome(finished)
}

/// How a run ended, in one word.
pub fn run_result(result: RunResult) -> &'static str {
    words::run_result(result)
}

/// How long something took: `0.4 s`, `3 min 05 s`.
pub fn took(duration: Duration) -> String {
    words::took(duration)
}
