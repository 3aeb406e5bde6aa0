//! The command after the one that runs, where nothing is to be thought about in between.
//!
//! Invariant: what is sent ahead is to the letter what would be sent once the command before it is back; it is run only if that
//! comes back well and leaves the shell as it was. Where the engine would ask, note, wait, compare or look at the shell in between,
//! nothing is sent ahead. Refuses to know: how it is sent.

use super::command::Candidate;
use super::walk::left;
use super::{Engine, EngineError};
use crate::history::{CommandSource, Decision, Fact, StepResult};
use crate::plan::{Command, Gate, Step, StepKind};
use crate::ports::{Journal, Kernel, Operator, Request};

/// Where the run is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    /// The place of the step after the one that the plan is at, if a step comes next.
    pub(super) then: Option<usize>,
    /// Whether all commands of the step so far have run, in their order, in this run.
    pub(super) is_straight: bool,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// What will be run after this one if it comes back well.
    pub(super) fn ahead(
        &mut self,
        step: &Step,
        number: Option<u32>,
        request: &Request,
        decision: Decision,
    ) -> Result<Option<Request>, EngineError> {
        let is_first_time = decision == Decision::Run && request.started.source == CommandSource::Document;
        let is_plain = request.goes_on && is_first_time && self.way.is_straight && step.repeat.is_once();
        let Some(number) = number.filter(|_| is_plain) else { return Ok(None) };
        let index = usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
        if step.commands.get(index).is_some() {
            return self.ahead_at(Vec::new(), step, index);
        }
        let Some((place, next)) = self.next_step().filter(|_| step.expectation().is_none()) else {
            return Ok(None);
        };
        let before = vec![left(step, StepResult::Done), self.entered(next, place)];
        self.ahead_at(before, next, 0)
    }

    /// The step after this one, if its commands can be sent ahead.
    fn next_step(&self) -> Option<(usize, &'a Step)> {
        let place = self.way.then?;
        let step = self.plan.steps.get(place)?;
        let is_plain = matches!(step.kind, StepKind::Command | StepKind::Guessed) && step.repeat.is_once();
        is_plain.then_some((place, step))
    }

    fn ahead_at(&mut self, before: Vec<Fact>, step: &Step, index: usize) -> Result<Option<Request>, EngineError> {
        let Some(command) = step.commands.get(index).filter(|command| is_settled(command)) else { return Ok(None) };
        let Ok(runnable) = self.ready(command) else { return Ok(None) };
        if runnable.is_placed() || !runnable.variables().is_empty() || crate::plan::watched(runnable.text()).is_some() {
            return Ok(None);
        }
        let shadows = self.session.shadows()?;
        let gate = Gate::of_command(step, index, runnable.text(), &self.values, &self.settings.host, &shadows);
        if gate.is_closed() || !self.operator.lets_through(step, &gate) {
            return Ok(None);
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let candidate =
            Candidate { command: command.clone(), source: CommandSource::Document, decision: Decision::Run };
        Ok(Some(self.request(before, step, Some(number), &candidate, &runnable, Decision::Run)))
    }
}

/// Whether nothing has to be given, placed or asked of the shell for a command.
fn is_settled(command: &Command) -> bool {
    command.uses.is_empty() && command.input.is_none() && command.facts.reads.is_empty()
}
