//! A command as it would run now, before anybody has permitted it.
//!
//! Invariant: an edited command knows the text it was made from. Refuses to know: values and gates.

use crate::history::{CommandSource, Decision};
use crate::plan::{Command, Step};

/// A command as it would run now.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) command: Command,
    pub(super) source: CommandSource,
    /// Decision to record when the command is run for the first time.
    pub(super) decision: Decision,
}

impl Candidate {
    /// The command as the document has it.
    pub(super) fn as_written(written: &Command) -> Self {
        Self { command: written.clone(), source: CommandSource::Document, decision: Decision::Run }
    }

    /// The command with the operator's text; the document's own text makes it the document's command again.
    pub(super) fn with_text(written: &Command, text: &str) -> Self {
        if text == written.text {
            return Self::as_written(written);
        }
        let mut command = Command::from_typed_text(text, written.line);
        command.end_line = written.end_line;
        Self { command, source: CommandSource::Edited(written.text.clone()), decision: Decision::Edit }
    }

    /// A command that is not part of the document.
    pub(super) fn own_command(command: Command) -> Self {
        Self { command, source: CommandSource::Own, decision: Decision::Own }
    }
}

/// One execution of a candidate, as it is recorded and sent.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'c> {
    pub(super) step: &'c Step,
    /// Index of the command in its step; `None` for an own command.
    pub(super) command_index: Option<u32>,
    pub(super) candidate: &'c Candidate,
    pub(super) decision: Decision,
}
