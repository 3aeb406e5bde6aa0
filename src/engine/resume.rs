//! Taking a run up again: what was done is passed by, what was open is asked about.
//!
//! Invariant: nothing that was started before is run again without somebody saying so. Refuses to know: whether the shell is
//! the old one.

use super::Engine;
use crate::history::{
    Captured, ChoiceMade, CommandFinished, CommandSource, CommandState, Decided, Decision, End, Event, Fact, Outcome,
    StepResult,
};
use crate::ident::{Digest, StepId};
use crate::plan::{Choice, Step};
use crate::ports::{Journal, Kernel, Operator};
use std::collections::{BTreeMap, VecDeque};

/// What a journal says beyond the state that its events add up to.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// Whether steps are still passed by.
    passing: bool,
    /// The choices that were made, in order.
    choices: VecDeque<ChoiceMade>,
    /// What was decided about a command since it was started last.
    decided: BTreeMap<(StepId, u32), Decision>,
    /// The step that is taken up in its middle.
    open: Option<StepId>,
}

/// What became of a command before.
pub(super) enum Before {
    /// Nothing.
    New,
    /// It came back well, or was done by other means.
    Ran,
    /// It failed, and somebody went on past it.
    PassedOver,
    /// It was skipped.
    Skipped,
    /// It failed, or nobody knows; with its text where that was edited.
    Open(Box<CommandFinished>, Option<String>),
}

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Goes on where these events end, instead of at the beginning.
    pub fn resume_at(&mut self, events: &[Event]) {
        let mut earlier = Earlier { passing: true, ..Earlier::default() };
        for event in events {
            match &event.fact {
                Fact::InputGiven(given) => self.take_back(given),
                Fact::ChoiceMade(choice) => earlier.choices.push_back(choice.clone()),
                Fact::CommandStarted(started) => {
                    if let Some(command) = started.command {
                        earlier.decided.remove(&(started.step.clone(), command));
                    }
                }
                Fact::Decided(Decided { step, command: Some(command), decision, .. }) => {
                    earlier.decided.insert((step.clone(), *command), *decision);
                }
                _ => {}
            }
        }
        self.earlier = earlier;
    }

    /// Whether a step was finished before. The first that was not ends the passing by.
    pub(super) fn was_finished(&mut self, step: &Step) -> bool {
        if !self.earlier.passing {
            return false;
        }
        let known = self.state.steps.get(&step.id);
        if known.is_some_and(|known| known.result.is_some_and(|result| result != StepResult::Failed)) {
            return true;
        }
        self.earlier.passing = false;
        self.earlier.open = known.map(|_| step.id.clone());
        false
    }

    /// What was chosen before at this choice: an option's place, or none to go on.
    #[expect(clippy::option_option, reason = "whether it was answered, and whether the answer was an option")]
    pub(super) fn was_chosen(&mut self, choice: &Choice) -> Option<Option<usize>> {
        let made = self.earlier.choices.front().filter(|made| self.earlier.passing && made.question == choice.title);
        let Some(made) = made.cloned() else {
            self.earlier.passing = false;
            return None;
        };
        self.earlier.choices.pop_front();
        let Some(title) = made.option else { return Some(None) };
        let place = choice.options.iter().position(|option| option.title == title && option.line == made.line);
        let place = place.or_else(|| choice.options.iter().position(|option| option.title == title));
        if place.is_none() {
            self.earlier.passing = false;
        }
        place.map(Some)
    }

    /// Whether this step was begun before.
    pub(super) fn take_up(&mut self, step: &Step) -> bool {
        self.earlier.open.take().is_some_and(|open| open == step.id)
    }

    /// What became of a command of that step.
    pub(super) fn before(&self, step: &Step, number: u32) -> Before {
        let decided = self.earlier.decided.get(&(step.id.clone(), number));
        let last = self.state.attempts(&step.id).rev().find(|attempt| attempt.started.command == Some(number));
        match (last, decided) {
            (_, Some(Decision::Done)) => Before::Ran,
            (None, Some(Decision::Skip | Decision::GoOn)) => Before::Skipped,
            (Some(_), Some(Decision::GoOn | Decision::Skip)) => Before::PassedOver,
            (None, _) => Before::New,
            (Some(last), _) if last.outcome().goes_on() => Before::Ran,
            (Some(last), _) => {
                let edited = matches!(last.started.source, CommandSource::Edited(_)).then(|| last.started.text.clone());
                // What was masked cannot be run again as it stands in the record.
                Before::Open(Box::new(finished(last)), edited.filter(|text| !text.contains("[masked:")))
            }
        }
    }
}

/// The recorded end, or one that says that nobody knows.
fn finished(command: &CommandState) -> CommandFinished {
    command.finished.clone().unwrap_or_else(|| CommandFinished {
        started: command.seq,
        end: End::Unknown,
        outcome: Outcome::Unknown,
        status: None,
        pipestatus: Vec::new(),
        cwd: String::new(),
        took_ns: 0,
        output: Captured {
            length_bytes: 0,
            kept_bytes: 0,
            digest: Digest::of(b""),
            all_digest: None,
            salt: String::new(),
            inline: None,
        },
    })
}
