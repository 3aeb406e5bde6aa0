//! Entries that were interrupted and are taken up again.
//!
//! Invariant: an unfinished entry is taken up at most once. A message goes only to the step it was written for. Refuses to
//! know: what interrupted it.

use crate::ident::StepId;

/// A command that is being typed.
#[derive(Clone, Debug)]
pub(super) struct UnfinishedCommand {
    /// The command to be edited; none if the operator types an own command.
    pub(super) original: Option<String>,
    /// Text in front of the cursor.
    pub(super) before: String,
    /// Text behind the cursor.
    pub(super) after: String,
}

impl UnfinishedCommand {
    pub(super) fn own_command() -> Self {
        Self { original: None, before: String::new(), after: String::new() }
    }

    pub(super) fn edit_of(text: String) -> Self {
        Self { original: Some(text.clone()), before: text, after: String::new() }
    }
}

/// Entries that the operator had begun when something else came first.
#[derive(Default)]
pub(super) struct UnfinishedEntries {
    /// A filled message and its step, kept while a note is recorded.
    message: Option<(StepId, String)>,
    /// A command, kept while a secret for it is registered.
    command: Option<UnfinishedCommand>,
}

impl UnfinishedEntries {
    pub(super) fn keep_message(&mut self, step: StepId, text: String) {
        self.message = Some((step, text));
    }

    /// The message kept for this step. One of another step is dropped.
    pub(super) fn take_message(&mut self, step: &StepId) -> Option<String> {
        self.message.take().filter(|(id, _)| id == step).map(|(_, text)| text)
    }

    pub(super) fn keep_command(&mut self, command: UnfinishedCommand) {
        self.command = Some(command);
    }

    pub(super) fn take_command(&mut self) -> Option<UnfinishedCommand> {
        self.command.take()
    }
}
