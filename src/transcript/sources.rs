//! Inputs of a transcript beside the run's events.
//!
//! Invariant: borrowed for one rendering and never written to. Refuses to know: where they come from.

use crate::history::OutputSource;
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
