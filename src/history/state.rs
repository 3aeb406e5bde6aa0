//! The state that a run's events add up to.
//!
//! Invariant: the same events give the same state, live or read back.

use super::fact::{
    CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, RunResult, RunStarted, StepEntered,
    StepResult,
};
use super::incident::IncidentJoined;
use super::outcome::Outcome;
use crate::ident::{Seq, StepId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was recorded yet.
    New,
    /// Between two commands.
    Waiting,
    /// A command runs.
    Running(Seq),
    /// The run ended, or was stopped.
    Over(RunResult),
}

/// One attempt at a command.
#[derive(Clone, Debug)]
pub struct CommandState {
    /// Its start's number.
    pub seq: Seq,
    /// When it was started.
    pub at: Timestamp,
    /// How it was started.
    pub started: CommandStarted,
    /// How it came back; none while it runs, or when nobody knows.
    pub finished: Option<CommandFinished>,
}

impl CommandState {
    /// What came of it; [`Outcome::Unknown`] while no end is recorded.
    pub fn outcome(&self) -> Outcome {
        self.finished.as_ref().map_or(Outcome::Unknown, |finished| finished.outcome.clone())
    }
}

/// What is known of a step.
#[derive(Clone, Debug)]
pub struct StepState {
    /// How it was shown.
    pub entered: StepEntered,
    /// The latest result; none while it is open.
    pub result: Option<StepResult>,
    /// The commands skipped in it, by their place.
    pub skipped: Vec<u32>,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct RunState {
    /// The first fact.
    pub started: Option<RunStarted>,
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// The latest event's number and time.
    pub last: Option<(Seq, Timestamp)>,
    /// Where it stands.
    pub phase: Phase,
    /// Every command, in order.
    pub commands: Vec<CommandState>,
    /// The places of a step's commands among them.
    attempts: BTreeMap<StepId, Vec<usize>>,
    /// The places of those that must be named, or run still. There are few, and they are asked for before every command.
    open: BTreeSet<usize>,
    /// Every step that was shown.
    pub steps: BTreeMap<StepId, StepState>,
    /// The step in sight.
    pub current: Option<StepId>,
    /// The shell's directory, as last reported.
    pub cwd: String,
    /// Whether the engine was lost.
    pub engine_lost: bool,
    /// The incident it is part of.
    pub incident: Option<IncidentJoined>,
}

impl Default for RunState {
    fn default() -> Self {
        Self {
            started: None,
            started_at: None,
            last: None,
            phase: Phase::New,
            commands: Vec::new(),
            attempts: BTreeMap::new(),
            open: BTreeSet::new(),
            steps: BTreeMap::new(),
            current: None,
            cwd: String::new(),
            engine_lost: false,
            incident: None,
        }
    }
}

impl RunState {
    /// Takes one event into account. Events come in order of their numbers; a fact about something unknown is kept out
    /// of the state, never a panic, because a journal may come from a newer version.
    pub fn apply(&mut self, event: &Event) {
        self.last = Some((event.seq, event.at.utc));
        match &event.fact {
            Fact::RunStarted(started) => {
                self.cwd.clone_from(&started.cwd);
                self.started = Some(started.clone());
                self.started_at = Some(event.at.utc);
                self.phase = Phase::Waiting;
            }
            Fact::StepEntered(entered) => {
                self.current = Some(entered.step.clone());
                self.steps
                    .entry(entered.step.clone())
                    .and_modify(|step| step.result = None)
                    .or_insert_with(|| StepState { entered: entered.clone(), result: None, skipped: Vec::new() });
            }
            Fact::Decided(Decided { step, command: Some(command), decision: Decision::Skip, .. }) => {
                if let Some(step) = self.steps.get_mut(step) {
                    step.skipped.push(*command);
                }
            }
            Fact::CommandStarted(started) => {
                self.phase = Phase::Running(event.seq);
                let place = self.commands.len();
                self.open.insert(place);
                self.attempts.entry(started.step.clone()).or_default().push(place);
                self.commands.push(CommandState {
                    seq: event.seq,
                    at: event.at.utc,
                    started: started.clone(),
                    finished: None,
                });
            }
            Fact::CommandFinished(finished) => {
                if self.phase == Phase::Running(finished.started) {
                    self.phase = Phase::Waiting;
                }
                self.cwd.clone_from(&finished.cwd);
                let place = self.commands.iter().rposition(|command| command.seq == finished.started);
                if let Some((place, command)) = place.and_then(|place| Some((place, self.commands.get_mut(place)?))) {
                    command.finished = Some(finished.clone());
                    if finished.outcome.needs_naming() {
                        self.open.insert(place);
                    } else {
                        self.open.remove(&place);
                    }
                }
            }
            Fact::OutputCompared(compared) if compared.decides && !compared.met => {
                let place = self.commands.iter().rposition(|command| command.seq == compared.command);
                let found = place.and_then(|place| Some((place, self.commands.get_mut(place)?.finished.as_mut()?)));
                if let Some((place, finished)) = found {
                    finished.outcome = Outcome::Failed;
                    self.open.insert(place);
                }
            }
            Fact::StepFinished(finished) => {
                if let Some(step) = self.steps.get_mut(&finished.step) {
                    step.result = Some(finished.result);
                }
            }
            Fact::EngineLost(_) => self.engine_lost = true,
            Fact::IncidentJoined(joined) => self.incident = Some(joined.clone()),
            Fact::RunResumed(resumed) => {
                // What ran when its recorder died does not run any more, and its end is unknown.
                if !resumed.attached || matches!(self.phase, Phase::Over(_)) {
                    self.phase = Phase::Waiting;
                }
                self.engine_lost = false;
            }
            Fact::RunFinished(finished) => self.phase = Phase::Over(finished.result),
            _ => {}
        }
    }

    /// The attempts at the commands of a step, in order.
    pub fn attempts(&self, step: &StepId) -> impl DoubleEndedIterator<Item = &CommandState> {
        self.attempts.get(step).into_iter().flatten().filter_map(|&place| self.commands.get(place))
    }

    /// How often a command was started before; what it waits for is counted by itself.
    pub fn attempts_at(&self, step: &StepId, command: Option<u32>, source: &CommandSource) -> u32 {
        let waits = |source: &CommandSource| *source == CommandSource::Until;
        let count = self
            .attempts(step)
            .filter(|attempt| attempt.started.command == command && waits(&attempt.started.source) == waits(source))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The outcomes that the next gate must name, in order: for each command its last attempt, when that was no success.
    pub fn unsettled(&self) -> Vec<&CommandState> {
        let is_last = |place: usize, command: &CommandState| {
            let (step, number) = (&command.started.step, command.started.command);
            let mut later = self.attempts.get(step).into_iter().flatten().filter(|&&other| other > place);
            // Each command of one's own is one of its kind.
            number.is_none()
                || !later.any(|&other| self.commands.get(other).is_some_and(|other| other.started.command == number))
        };
        let open = self.open.iter().filter_map(|&place| Some((place, self.commands.get(place)?)));
        open.filter(|(place, command)| is_last(*place, command)).map(|(_, command)| command).collect()
    }
}
