//! How far a run has come, apart from the ports, so that the operator can be borrowed beside it.
//!
//! Invariant: [`Progress::run_position`] alone says where the run stands. Refuses to know: the ports' adapters.

use super::settings::{Ending, Settings};
use crate::history::{
    CommandState, Event, Fact, Mode, Outcome, RunResult, RunState, StepEntered, StepFinished, StepForm, StepResult,
};
use crate::ident::{Clock, Moment};
use crate::plan::{Plan, Step, StepKind};
use crate::ports::{ShownStep, StepPosition};
use std::time::Duration;

/// How far a run has come.
pub(super) struct Progress<'a> {
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a Settings,
    pub(super) clock: &'a dyn Clock,
    began: Moment,
    /// The state that the events so far add up to.
    pub(super) state: RunState,
    /// Indices of the steps that can be reached, in order; for `step n of m`.
    reachable: Vec<usize>,
}

impl<'a> Progress<'a> {
    /// A run that has come as far as these events say.
    pub(super) fn new(plan: &'a Plan, settings: &'a Settings, clock: &'a dyn Clock, events: &[Event]) -> Self {
        let mut state = RunState::default();
        for event in events {
            state.apply_event(event);
        }
        Self { plan, settings, clock, began: clock.now(), state, reachable: plan.reachable_steps() }
    }

    /// True if an operator can be asked.
    pub(super) fn is_interactive(&self) -> bool {
        self.settings.mode.is_interactive()
    }

    /// Time since this engine began, by the monotonic clock.
    pub(super) fn elapsed_time(&self) -> Duration {
        self.clock.now().mono.saturating_sub(self.began.mono)
    }

    /// How many steps can be reached.
    pub(super) fn step_count(&self) -> usize {
        self.reachable.len()
    }

    /// Position of a step among those that can be reached, from 1; 0 for one that is not among them.
    fn step_position(&self, step_index: usize) -> usize {
        self.reachable.iter().position(|&index| index == step_index).map_or(0, |position| position + 1)
    }

    /// Where the run stands, at this step or between steps.
    pub(super) fn run_position(&self, step_index: Option<usize>) -> StepPosition<'_> {
        StepPosition {
            procedure: &self.plan.procedure.title,
            host: &self.settings.host,
            cwd: &self.state.cwd,
            step_number: step_index.map_or(0, |index| self.step_position(index)),
            step_count: self.step_count(),
            elapsed: self.elapsed_time(),
            unresolved: self.state.unresolved_commands(),
        }
    }

    /// A step, and where the run stands.
    pub(super) fn shown_step<'s>(&'s self, step: &'s Step, step_index: usize) -> ShownStep<'s> {
        ShownStep { position: self.run_position(Some(step_index)), step, file: &self.settings.file_name }
    }

    /// The fact that a step is shown.
    pub(super) fn step_entered(&self, step: &Step, step_index: usize) -> Fact {
        Fact::StepEntered(StepEntered {
            step: step.id.clone(),
            number: step.number.clone(),
            position: u32::try_from(self.step_position(step_index)).unwrap_or(u32::MAX),
            form: step_form(step.kind),
            headings: step.source.headings.clone(),
            title: step.title.clone(),
            line: step.source.line,
            end_line: step.source.end_line,
            prose: step.source.prose.iter().map(|prose| prose.lines).collect(),
        })
    }

    /// How the run ends when it is stopped at a step, or between steps.
    pub(super) fn stopped_ending(&self, step: Option<&Step>) -> Ending {
        let last = self.state.commands.last().map(CommandState::known_outcome);
        let (result, reason) = match (self.settings.mode, last) {
            (Mode::Unattended, Some(Outcome::Interrupted)) => (RunResult::Interrupted, "interrupted".to_owned()),
            (Mode::Unattended, Some(outcome)) if !outcome.allows_next_command() => {
                (RunResult::Failed, self.failure_reason())
            }
            _ => (RunResult::Stopped, "the operator stopped it".to_owned()),
        };
        Ending { result, reason, next: step.map(|step| step.id.clone()) }
    }

    /// Names the last command and its exit status; empty if nothing has run.
    pub(super) fn failure_reason(&self) -> String {
        self.state.commands.last().map_or_else(String::new, |command| {
            let first = command.started.text.lines().next().unwrap_or_default();
            let status = command.finished.as_ref().and_then(|finished| finished.status);
            match status {
                Some(status) => format!("`{first}` failed with exit {status}"),
                None => format!("`{first}` failed"),
            }
        })
    }
}

/// The fact that a step is left.
pub(super) fn step_finished(step: &Step, result: StepResult) -> Fact {
    Fact::StepFinished(StepFinished { step: step.id.clone(), result })
}

fn step_form(kind: StepKind) -> StepForm {
    match kind {
        StepKind::Command => StepForm::Command,
        StepKind::Guessed => StepForm::Guessed,
        StepKind::Task => StepForm::Task,
        StepKind::Message => StepForm::Message,
    }
}
