//! What a resumed run knows of the time before, beyond the state that its events add up to.
//!
//! Invariant: read from the journal alone. Refuses to know: the engine.

use crate::history::{ChoiceMade, CommandFinished, Decided, Decision, Event, Fact};
use crate::ident::StepId;
use std::collections::{BTreeMap, VecDeque};

/// Decisions of the run before it was resumed.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// True until the first step that was not finished; steps before it are passed by.
    pub(super) is_passing_by: bool,
    /// Choices that were made, in order, and not followed again yet.
    pub(super) choices: VecDeque<ChoiceMade>,
    /// Last decision on each command since it was started last.
    pub(super) decisions: BTreeMap<(StepId, u32), Decision>,
    /// The step that is resumed in its middle.
    pub(super) open_step: Option<StepId>,
}

impl Earlier {
    /// Collects the choices and decisions of these events.
    pub(super) fn from_events(events: &[Event]) -> Self {
        let mut earlier = Self { is_passing_by: true, ..Self::default() };
        for event in events {
            match &event.fact {
                Fact::ChoiceMade(choice) => earlier.choices.push_back(choice.clone()),
                Fact::CommandStarted(started) => {
                    if let Some(command) = started.command {
                        earlier.decisions.remove(&(started.step.clone(), command));
                    }
                }
                Fact::Decided(Decided { step, command: Some(command), decision, .. }) => {
                    earlier.decisions.insert((step.clone(), *command), *decision);
                }
                _ => {}
            }
        }
        earlier
    }
}

/// Outcome of a command before the run was resumed.
pub(super) enum EarlierOutcome {
    /// It was not started, and nothing was decided about it.
    New,
    /// It came back well, or was done by other means.
    Ran,
    /// It failed, and somebody went on past it.
    PassedOver,
    Skipped,
    Open(OpenCommand),
}

/// A command that failed before the run was resumed, or whose end nobody knows.
pub(super) struct OpenCommand {
    pub(super) finished: Box<CommandFinished>,
    /// The text that ran, if the operator had edited the command.
    pub(super) edited_text: Option<String>,
}
