//! The parts of the screen that the operator can see already, so that they are not shown twice.
//!
//! Invariant: output of a command invalidates the status line and the step. Refuses to know: how anything is drawn.

use crate::history::CommandState;
use crate::ident::Seq;
use crate::ident::StepId;
use crate::plan::Step;
use std::collections::BTreeSet;

/// The parts of the screen that questions refer to. The caller writes whatever a method reports as missing.
#[derive(Default)]
pub(super) struct VisibleContext {
    /// The status line, kept for drawing the question again.
    header: String,
    is_header_visible: bool,
    /// The headings last shown.
    headings: Vec<String>,
    /// The step that was shown and of which nothing has run since.
    fresh_step: Option<StepId>,
    /// Text that the operator has just confirmed; it need not be shown again when it starts.
    confirmed_text: Option<String>,
    /// Commands whose outcome is on the screen or was named in a question.
    named_commands: BTreeSet<Seq>,
}

impl VisibleContext {
    pub(super) fn current_header(&self) -> &str {
        &self.header
    }

    /// Stores the current status line. Returns true if it is to be written because none is visible.
    pub(super) fn update_header(&mut self, header: String) -> bool {
        self.header = header;
        !std::mem::replace(&mut self.is_header_visible, true)
    }

    /// Marks a step as shown below a status line. Returns true if its headings are new and are to be written.
    pub(super) fn enter_step(&mut self, step: &Step) -> bool {
        self.is_header_visible = true;
        self.fresh_step = Some(step.id.clone());
        if step.source.headings == self.headings {
            return false;
        }
        self.headings.clone_from(&step.source.headings);
        !self.headings.is_empty()
    }

    /// True if the step was shown and nothing of it has run since.
    pub(super) fn is_step_fresh(&self, step: &StepId) -> bool {
        self.fresh_step.as_ref() == Some(step)
    }

    pub(super) fn mark_step_stale(&mut self) {
        self.fresh_step = None;
    }

    /// Marks a command as finished: its outcome is visible now, and its output has scrolled the rest away.
    pub(super) fn mark_finished(&mut self, command: Seq) {
        self.named_commands.insert(command);
        self.is_header_visible = false;
        self.fresh_step = None;
    }

    /// The unresolved commands to name at a question, each once; all of them if `name_all`.
    pub(super) fn name_commands<'a>(
        &mut self,
        unresolved: &[&'a CommandState],
        name_all: bool,
    ) -> Vec<&'a CommandState> {
        let is_new = |command: &&CommandState| name_all || !self.named_commands.contains(&command.seq);
        let commands: Vec<_> = unresolved.iter().copied().filter(is_new).collect();
        self.named_commands.extend(commands.iter().map(|command| command.seq));
        commands
    }

    /// Remembers the text of a command that the operator agreed to run, if any.
    pub(super) fn set_confirmed_text(&mut self, text: Option<String>) {
        self.confirmed_text = text;
    }

    /// True if this text is the one just confirmed. The confirmation counts for one start.
    pub(super) fn take_confirmation(&mut self, text: &str) -> bool {
        self.confirmed_text.take().as_deref() == Some(text)
    }
}
