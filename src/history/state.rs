//! The state that a run's events add up to.
//!
//! Invariant: the same events give the same state, live or read back.

use super::{
    CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, IncidentJoined, Outcome, RunResult,
    RunStarted, StepEntered, StepResult,
};
use crate::ident::{Seq, StepId};
use jiff::Timestamp;
use std::collections::BTreeMap;

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
                if let Some(command) = self.commands.iter_mut().rev().find(|c| c.seq == finished.started) {
                    command.finished = Some(finished.clone());
                }
            }
            Fact::OutputCompared(compared) if compared.decides && !compared.met => {
                let command = self.commands.iter_mut().rev().find(|command| command.seq == compared.command);
                if let Some(finished) = command.and_then(|command| command.finished.as_mut()) {
                    finished.outcome = Outcome::Failed;
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
    pub fn attempts<'a>(&'a self, step: &'a StepId) -> impl DoubleEndedIterator<Item = &'a CommandState> {
        self.commands.iter().filter(move |command| &command.started.step == step)
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
        let needs_naming = |command: &CommandState| {
            command.finished.as_ref().map_or(&Outcome::Unknown, |finished| &finished.outcome).needs_naming()
        };
        // Asked before every command, and most of them succeed: only of the others it is asked whether they came again.
        let is_last = |place: usize, command: &CommandState| {
            let (step, number) = (&command.started.step, command.started.command);
            // Each command of one's own is one of its kind.
            number.is_none()
                || !self.commands.iter().skip(place + 1).any(|c| c.started.command == number && &c.started.step == step)
        };
        let commands = self.commands.iter().enumerate();
        commands.filter(|(place, c)| needs_naming(c) && is_last(*place, c)).map(|(_, command)| command).collect()
    }
}
