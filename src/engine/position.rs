//! Where a command stands in the plan.
//!
//! Invariant: the indices are those of the plan and do not change while the run goes on.

use crate::plan::{Command, Step};

/// A command of the plan: its step, and the indices of both.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandPosition<'p> {
    pub(super) step: &'p Step,
    /// Index of the step in the plan.
    pub(super) step_index: usize,
    /// Index of the command in its step.
    pub(super) index: usize,
}

impl<'p> CommandPosition<'p> {
    /// Index of the command in its step, as facts record it.
    pub(super) fn recorded_index(self) -> u32 {
        u32::try_from(self.index).unwrap_or(u32::MAX)
    }

    /// True for the last command of its step.
    pub(super) fn is_last(self) -> bool {
        self.index + 1 == self.step.commands.len()
    }

    /// The command as the document has it.
    pub(super) fn written_command(self) -> Option<&'p Command> {
        self.step.commands.get(self.index)
    }

    /// The condition that the document waits for after this command.
    pub(super) fn awaited_condition(self) -> Option<&'p Command> {
        self.step.repeat.until.as_deref().filter(|_| self.is_last())
    }
}
