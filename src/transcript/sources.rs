//! Inputs of a transcript beside the run's events.
//!
//! Invariant: borrowed for one rendering and never written to. Refuses to know: where they come from.

use crate::history::{CommandFinished, OutputSource};
use crate::ident::Digest;

/// Everything a transcript is made from, except the events.
pub struct Sources<'a> {
    /// Text of the runbook that ran. Without it the transcript has no prose.
    pub document: Option<&'a str>,
    /// Recorded outputs of the commands.
    pub outputs: &'a dyn OutputSource,
    /// Hash of the journal's last line, if known.
    pub last_hash: Option<Digest>,
    /// True while a recorder still writes the journal.
    pub is_live: bool,
}

/// Describes how a command's output differs from its record, in the words of `runbook verify`. None if it does not.
pub(super) fn find_mismatch(finished: &CommandFinished, sources: &Sources<'_>) -> Option<String> {
    sources.outputs.find_mismatch(finished.started, &finished.output)
}

/// Formats a mismatch as the mark that every format shows: `not as recorded: its output file was changed`.
pub(super) fn format_mismatch(mismatch: &str) -> String {
    format!("not as recorded: {mismatch}")
}
