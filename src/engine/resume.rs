//! Resuming a run: what was done is passed by, what was open is asked about.
//!
//! Invariant: nothing that was started before is run again without somebody saying so. Refuses to know: whether the shell is
//! the old one.

use super::earlier::{Earlier, EarlierOutcome, OpenCommand};
use super::position::CommandPosition;
use super::run::Engine;
use crate::history::{
    Captured, CommandFinished, CommandSource, CommandState, Decision, End, Event, Fact, Outcome, StepResult,
};
use crate::ident::Digest;
use crate::plan::{Choice, Step};
use crate::ports::{Journal, Kernel, Operator};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Makes the run go on where these events end, instead of at the beginning.
    pub fn resume_at(&mut self, events: &[Event]) {
        for event in events {
            if let Fact::InputGiven(given) = &event.fact {
                self.known.restore_value(self.progress.plan, given);
            }
        }
        self.earlier = Earlier::from_events(events);
    }

    /// True if a step was finished before the run was resumed. The first that was not ends the passing by.
    pub(super) fn was_finished(&mut self, step: &Step) -> bool {
        if !self.earlier.is_passing_by {
            return false;
        }
        let known = self.progress.state.steps.get(&step.id);
        if known.is_some_and(|known| known.result.is_some_and(|result| result != StepResult::Failed)) {
            return true;
        }
        self.earlier.is_passing_by = false;
        self.earlier.open_step = known.map(|_| step.id.clone());
        false
    }

    /// The answer given at this choice before the run was resumed: the index of an option, or `Some(None)` to go on.
    #[expect(clippy::option_option, reason = "whether it was answered, and whether the answer was an option")]
    pub(super) fn earlier_choice(&mut self, choice: &Choice) -> Option<Option<usize>> {
        let is_passing_by = self.earlier.is_passing_by;
        let made = self.earlier.choices.front().filter(|made| is_passing_by && made.question == choice.title);
        let Some(made) = made.cloned() else {
            self.earlier.is_passing_by = false;
            return None;
        };
        self.earlier.choices.pop_front();
        let Some(title) = made.option else { return Some(None) };
        let index = choice.options.iter().position(|option| option.title == title && option.line == made.line);
        let index = index.or_else(|| choice.options.iter().position(|option| option.title == title));
        if index.is_none() {
            self.earlier.is_passing_by = false;
        }
        index.map(Some)
    }

    /// True, once, for the step that is resumed in its middle.
    pub(super) fn is_resumed_step(&mut self, step: &Step) -> bool {
        self.earlier.open_step.take().is_some_and(|open| open == step.id)
    }

    /// Outcome of a command before the run was resumed.
    pub(super) fn earlier_outcome(&self, at: CommandPosition<'a>) -> EarlierOutcome {
        let (step, command) = (&at.step.id, at.recorded_index());
        let decision = self.earlier.decisions.get(&(step.clone(), command));
        let mut attempts = self.progress.state.attempts_in_step(step).rev();
        let last = attempts.find(|attempt| attempt.started.command == Some(command));
        match (last, decision) {
            (_, Some(Decision::Done)) => EarlierOutcome::Ran,
            (None, Some(Decision::Skip | Decision::GoOn)) => EarlierOutcome::Skipped,
            (Some(_), Some(Decision::GoOn | Decision::Skip)) => EarlierOutcome::PassedOver,
            (None, _) => EarlierOutcome::New,
            (Some(last), _) if last.known_outcome().allows_next_command() => EarlierOutcome::Ran,
            (Some(last), _) => EarlierOutcome::Open(open_command(last)),
        }
    }
}

fn open_command(last: &CommandState) -> OpenCommand {
    let is_edited = matches!(last.started.source, CommandSource::Edited(_));
    // What was masked cannot be run again as it stands in the record.
    let can_run_again = is_edited && !last.started.text.contains("[masked:");
    OpenCommand {
        finished: Box::new(recorded_end(last)),
        edited_text: can_run_again.then(|| last.started.text.clone()),
    }
}

/// The recorded end of a command, or one that says that nobody knows how it ended.
fn recorded_end(command: &CommandState) -> CommandFinished {
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
            digest: Digest::of_bytes(b""),
            all_digest: None,
            salt: String::new(),
            inline: None,
        },
    })
}
