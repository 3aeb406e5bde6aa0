//! The command after the one that runs, where nothing has to be thought about in between.
//!
//! Invariant: what is sent ahead is to the letter what would be sent once the command before it is back; it is run only if that
//! comes back well and leaves the shell as it was. Where the engine would ask, note, wait, compare or look at the shell in between,
//! nothing is sent ahead. Refuses to know: how it is sent.

use super::candidate::{Attempt, Candidate};
use super::permission::Grounds;
use super::progress::step_finished;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{CommandSource, Decision, Fact, StepResult};
use crate::plan::{Command, Step, StepKind};
use crate::ports::{Journal, Kernel, Operator, Request};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// The request that follows this one if its command comes back well; `None` if anything has to be thought about.
    pub(super) fn request_ahead(
        &mut self,
        attempt: &Attempt<'_>,
        request: &Request,
    ) -> Result<Option<Request>, EngineError> {
        let step = attempt.step;
        let is_first_time = attempt.decision == Decision::Run && request.start.source == CommandSource::Document;
        let is_plain = request.goes_on && is_first_time && self.send_ahead.is_straight && step.repeat.is_once();
        let Some(command_index) = attempt.command_index.filter(|_| is_plain) else { return Ok(None) };
        let index = usize::try_from(command_index).unwrap_or(usize::MAX).saturating_add(1);
        if step.commands.get(index).is_some() {
            return self.request_without_questions(Vec::new(), step, index);
        }
        let Some((next_index, next)) = self.next_plain_step().filter(|_| step.expected_output().is_none()) else {
            return Ok(None);
        };
        let before = vec![step_finished(step, StepResult::Done), self.progress.step_entered(next, next_index)];
        self.request_without_questions(before, next, 0)
    }

    /// The step after this one, if its commands can be sent ahead.
    fn next_plain_step(&self) -> Option<(usize, &'a Step)> {
        let index = self.send_ahead.next_step_index?;
        let step = self.progress.plan.steps.get(index)?;
        let is_plain = matches!(step.kind, StepKind::Command | StepKind::Guessed) && step.repeat.is_once();
        is_plain.then_some((index, step))
    }

    /// Prepares a command as far as that needs no question, and makes its request if nothing is left to ask.
    fn request_without_questions(
        &mut self,
        before: Vec<Fact>,
        step: &Step,
        index: usize,
    ) -> Result<Option<Request>, EngineError> {
        let Some(command) = step.commands.get(index).filter(|command| needs_no_input(command)) else {
            return Ok(None);
        };
        let Ok(runnable) = self.bind_and_check(command) else { return Ok(None) };
        if runnable.is_interpolated()
            || !runnable.passed_variables().is_empty()
            || crate::shell::parse_watch(runnable.text()).is_some()
        {
            return Ok(None);
        }
        // The shell cannot be asked for a variable while the command before runs.
        if !self.tracked_variables(runnable.text()).is_empty() {
            return Ok(None);
        }
        let gate = self.gate_of_command(step, index, runnable.text())?;
        let is_let_through = !gate.is_closed() && self.operator.lets_through(step, &gate);
        let grounds = Grounds::SentAhead { is_let_through };
        let Some(permission) = self.judge_permission(step, &runnable, &gate, grounds) else {
            return Ok(None);
        };
        let candidate = Candidate::as_written(command);
        let command_index = Some(u32::try_from(index).unwrap_or(u32::MAX));
        let attempt = Attempt { step, command_index, candidate: &candidate, decision: Decision::Run };
        Ok(Some(self.build_request(before, &attempt, &permission)))
    }
}

/// True if a command needs no value and nothing has to be asked of the shell for it.
fn needs_no_input(command: &Command) -> bool {
    command.uses.is_empty() && command.input.is_none() && command.facts.variable_reads.is_empty()
}
