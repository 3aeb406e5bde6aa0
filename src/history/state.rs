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

/// Progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was recorded yet.
    New,
    /// Between two commands.
    Waiting,
    /// This command is running.
    Running(Seq),
    /// The run ended, or was stopped.
    Over(RunResult),
}

/// One attempt at a command.
#[derive(Clone, Debug)]
pub struct CommandState {
    /// `seq` of the command's start.
    pub seq: Seq,
    /// When the command was started.
    pub at: Timestamp,
    /// The recorded start.
    pub started: CommandStarted,
    /// The recorded end; none while the command runs, or when no end was recorded.
    pub finished: Option<CommandFinished>,
}

impl CommandState {
    /// Outcome of the attempt; [`Outcome::Unknown`] while no end is recorded.
    pub fn known_outcome(&self) -> Outcome {
        self.finished.as_ref().map_or(Outcome::Unknown, |finished| finished.outcome.clone())
    }
}

/// State of a step that was shown at least once.
#[derive(Clone, Debug)]
pub struct StepState {
    /// How the step was first shown.
    pub entered: StepEntered,
    /// Latest result; none while the step is open.
    pub result: Option<StepResult>,
    /// Indexes of the commands that were skipped, from 0.
    pub skipped: Vec<u32>,
}

/// State of a run after all events so far.
#[derive(Clone, Debug)]
pub struct RunState {
    /// The first fact of the run; none before it was recorded.
    pub started: Option<RunStarted>,
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// Number and time of the latest event.
    pub last: Option<(Seq, Timestamp)>,
    /// Progress of the run.
    pub phase: Phase,
    /// Every attempt at a command, in order.
    pub commands: Vec<CommandState>,
    /// Indexes into `commands` of each step's attempts.
    attempts_by_step: BTreeMap<StepId, Vec<usize>>,
    /// Indexes into `commands` of attempts that still run or that a gate must name. Kept apart, because they are few and are asked
    /// for before every command.
    unresolved: BTreeSet<usize>,
    /// Every step that was shown, by id.
    pub steps: BTreeMap<StepId, StepState>,
    /// The step that was shown last.
    pub current: Option<StepId>,
    /// Working directory of the shell, as last reported.
    pub cwd: String,
    /// True while the run has lost its engine and was not resumed.
    pub engine_lost: bool,
    /// The incident that the run is part of.
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
            attempts_by_step: BTreeMap::new(),
            unresolved: BTreeSet::new(),
            steps: BTreeMap::new(),
            current: None,
            cwd: String::new(),
            engine_lost: false,
            incident: None,
        }
    }
}

impl RunState {
    /// Applies one event. Events must come in order of their numbers. A fact about an unknown step or command is ignored,
    /// because a journal may come from a newer version.
    pub fn apply_event(&mut self, event: &Event) {
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
                let index = self.commands.len();
                self.unresolved.insert(index);
                self.attempts_by_step.entry(started.step.clone()).or_default().push(index);
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
                let index = self.commands.iter().rposition(|command| command.seq == finished.started);
                if let Some((index, command)) = index.and_then(|index| Some((index, self.commands.get_mut(index)?))) {
                    command.finished = Some(finished.clone());
                    if finished.outcome.needs_naming_at_gate() {
                        self.unresolved.insert(index);
                    } else {
                        self.unresolved.remove(&index);
                    }
                }
            }
            Fact::OutputCompared(compared) if compared.decides && !compared.met => {
                let index = self.commands.iter().rposition(|command| command.seq == compared.command);
                let found = index.and_then(|index| Some((index, self.commands.get_mut(index)?.finished.as_mut()?)));
                if let Some((index, finished)) = found {
                    finished.outcome = Outcome::Failed;
                    self.unresolved.insert(index);
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
                // A command that ran when its recorder died does not run any more, and its end is unknown.
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
    pub fn attempts_in_step(&self, step: &StepId) -> impl DoubleEndedIterator<Item = &CommandState> {
        self.attempts_by_step.get(step).into_iter().flatten().filter_map(|&index| self.commands.get(index))
    }

    /// Number of earlier attempts at a command. Checks of its `until` condition are counted separately.
    pub fn count_attempts(&self, step: &StepId, command: Option<u32>, source: &CommandSource) -> u32 {
        let waits = |source: &CommandSource| *source == CommandSource::Until;
        let count = self
            .attempts_in_step(step)
            .filter(|attempt| attempt.started.command == command && waits(&attempt.started.source) == waits(source))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The attempts that the next gate must name, in order: the last one at each command, if it did not succeed.
    pub fn unresolved_commands(&self) -> Vec<&CommandState> {
        let is_last = |index: usize, command: &CommandState| {
            let (step, number) = (&command.started.step, command.started.command);
            let mut later = self.attempts_by_step.get(step).into_iter().flatten().filter(|&&other| other > index);
            // Each of the operator's own commands stands for itself.
            number.is_none()
                || !later.any(|&other| self.commands.get(other).is_some_and(|other| other.started.command == number))
        };
        let open = self.unresolved.iter().filter_map(|&index| Some((index, self.commands.get(index)?)));
        open.filter(|(index, command)| is_last(*index, command)).map(|(_, command)| command).collect()
    }
}
