//! Decide, append, act: the loop that walks a plan with its operator.
//!
//! Invariant: a decision is recorded before it is acted on, and nothing runs that was not shown. Refuses to know: bash,
//! files, colours, JSON; it sees ports alone.

mod ahead;
mod command;
mod expect;
mod failure;
mod inputs;
mod repeat;
mod resume;
mod rollback;
mod unrecorded;
mod unset;
mod walk;

use crate::history::{Event, Fact, Mode, RunResult, RunState};
use crate::ident::{Clock, InputName, Moment, StepId};
use crate::plan::{Plan, Step, Values};
use crate::ports::{Journal, Kernel, KernelError, Operator, OperatorError, Shown, Standing, Syntax};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long an unattended run watches a command that never ends, when nobody says.
pub const MONITOR_FOR: Duration = Duration::from_secs(30);

/// What a run is, beside its plan.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The document's path, as given.
    pub file: String,
    /// The document's file name, for `RUNBOOK.md:12` and the shell's own messages.
    pub file_name: String,
    /// The machine.
    pub host: String,
    /// The user.
    pub user: String,
    /// The directory the shell starts in.
    pub cwd: String,
    /// Who answers.
    pub mode: Mode,
    /// Values given beforehand.
    pub values: Values,
    /// After this long an unattended run ends a command that never ends ([`MONITOR_FOR`] if not said), and a monitor.
    pub monitor_for: Option<Duration>,
    /// The document's own limit for a command.
    pub timeout: Option<Duration>,
    /// Where the record is kept, for the opening words.
    pub record: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The result.
    pub result: RunResult,
    /// Why, when that is not plain.
    pub reason: String,
    /// The step that is next, when it was stopped before its end.
    pub next: Option<StepId>,
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The session or its record.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The operator.
    #[error(transparent)]
    Operator(OperatorError),
}

impl From<OperatorError> for EngineError {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::Session(error) => Self::Kernel(error),
            error => Self::Operator(error),
        }
    }
}

/// One run.
pub struct Engine<'a, S, O> {
    plan: &'a Plan,
    settings: &'a Settings,
    session: &'a mut S,
    operator: &'a mut O,
    syntax: &'a mut dyn Syntax,
    clock: &'a dyn Clock,
    began: Moment,
    state: RunState,
    /// The steps that can be met, in order; for `step n of m`.
    order: Vec<usize>,
    values: Values,
    /// Facts that wait for the next append.
    held: Vec<Fact>,
    /// Where the run is, for what is next.
    way: ahead::Way,
    /// What was before, when the run is taken up again.
    earlier: resume::Earlier,
    /// The inputs whose value stands in the record.
    given: BTreeSet<InputName>,
    /// The inputs that are secrets though the plan does not say so: the operator typed them as such.
    secrets: BTreeSet<InputName>,
    /// The secrets that were given before the run was taken up again. No record has them.
    forgotten: BTreeSet<InputName>,
    /// How many facts could not be recorded.
    unrecorded: u64,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// A run whose first fact, the start, is already in `events`.
    pub fn new(
        plan: &'a Plan,
        settings: &'a Settings,
        session: &'a mut S,
        operator: &'a mut O,
        syntax: &'a mut dyn Syntax,
        clock: &'a dyn Clock,
        events: &[Event],
    ) -> Self {
        let mut state = RunState::default();
        for event in events {
            state.apply(event);
        }
        let values = settings.values.clone();
        Self {
            plan,
            settings,
            session,
            operator,
            syntax,
            clock,
            began: clock.now(),
            state,
            order: plan.reachable(),
            values,
            held: Vec::new(),
            way: ahead::Way::default(),
            earlier: resume::Earlier::default(),
            given: BTreeSet::new(),
            secrets: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            unrecorded: 0,
        }
    }

    /// The state that the events add up to.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Records a fact now, and what was held back before it.
    fn record(&mut self, fact: Fact) -> Result<(), EngineError> {
        let mut facts = std::mem::take(&mut self.held);
        facts.push(fact);
        match self.session.append(facts.clone()) {
            Ok(events) => {
                self.operator.settled();
                for event in &events {
                    self.state.apply(event);
                }
            }
            Err(KernelError::Record(why)) => self.go_on_unrecorded(facts, &why)?,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Records a fact with the next append. For what nobody acts on by itself (a step was entered, a step was left); it is on
    /// disk before anything runs and before anybody is asked.
    fn hold(&mut self, fact: Fact) {
        self.held.push(fact);
    }

    /// Records what was held back.
    fn settle(&mut self) -> Result<(), EngineError> {
        match self.held.pop() {
            Some(last) => self.record(last),
            None => Ok(()),
        }
    }

    /// Asks the operator; what was held back is on disk first, where somebody may think about the answer for an hour.
    fn settle_for_operator(&mut self) -> Result<(), EngineError> {
        if self.settings.mode.is_interactive() { self.settle() } else { Ok(()) }
    }

    fn elapsed(&self) -> Duration {
        self.clock.now().mono.saturating_sub(self.began.mono)
    }
}

/// Where a run stands. Free of the engine, so that the operator can be borrowed beside it.
fn standing<'s>(
    plan: &'s Plan,
    settings: &'s Settings,
    state: &'s RunState,
    order: &[usize],
    place: Option<usize>,
    elapsed: Duration,
) -> Standing<'s> {
    let position = place.and_then(|place| order.iter().position(|&p| p == place)).map_or(0, |i| i + 1);
    Standing {
        procedure: &plan.procedure.title,
        host: &settings.host,
        cwd: &state.cwd,
        position,
        of: order.len(),
        elapsed,
        unsettled: state.unsettled(),
    }
}

/// A step, and where the run stands.
fn shown<'s>(
    plan: &'s Plan,
    settings: &'s Settings,
    state: &'s RunState,
    order: &[usize],
    place: usize,
    elapsed: Duration,
    step: &'s Step,
) -> Shown<'s> {
    Shown { standing: standing(plan, settings, state, order, Some(place), elapsed), step, file: &settings.file_name }
}
