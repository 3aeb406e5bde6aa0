//! The commands of a step, one after the other: prepare, ask, act.
//!
//! Invariant: each command is its own unit; a failure stops the step until somebody decides, an answer does not.

use super::candidate::{Attempt, Candidate};
use super::earlier::{EarlierOutcome, OpenCommand};
use super::first_line::first_line;
use super::outcome::{CommandOutcome, CommandTally, Next, SideAction, may_be_passed_over};
use super::permission::{Grounds, Permission};
use super::position::CommandPosition;
use super::prepare::Prepared;
use super::repeat::Attempted;
use super::run::Engine;
use super::settings::EngineError;
use super::wait::{WaitReason, Waited};
use crate::history::{CommandFinished, CommandSource, Decision, Outcome, RunResult, StepResult};
use crate::plan::{Command, Gate, Refusal, Step};
use crate::ports::{Ask, AskCommand, Journal, Kernel, Notice, Operator, Reply};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs the commands of a step and leaves it.
    pub(super) fn run_commands(&mut self, step: &'a Step, step_index: usize) -> Result<Next, EngineError> {
        let mut tally = CommandTally::default();
        // Set by "run the rest": no question until something is not a plain success.
        let mut runs_rest = false;
        let mut is_resumed = self.is_resumed_step(step);
        for index in 0..step.commands.len() {
            let at = CommandPosition { step, step_index, index };
            self.send_ahead.is_straight = tally.done == index && !is_resumed;
            let earlier = if is_resumed { self.earlier_outcome(at) } else { EarlierOutcome::New };
            is_resumed &= !matches!(earlier, EarlierOutcome::New);
            match self.run_or_pass_by(at, &mut runs_rest, earlier)? {
                CommandOutcome::Done => tally.done += 1,
                CommandOutcome::PassedOver => tally.passed_over += 1,
                CommandOutcome::Skipped => tally.skipped += 1,
                CommandOutcome::RestSkipped => {
                    tally.skipped += step.commands.len() - index;
                    break;
                }
                CommandOutcome::StepDone => return Ok(self.leave_step(step, StepResult::Done)),
                CommandOutcome::Leave(next) => {
                    if let Next::End(ending) = &next
                        && ending.result == RunResult::Failed
                    {
                        self.leave_step(step, StepResult::Failed);
                    }
                    return Ok(next);
                }
            }
        }
        Ok(self.leave_step(step, tally.step_result()))
    }

    /// Runs a command unless it was dealt with before the run was resumed.
    fn run_or_pass_by(
        &mut self,
        at: CommandPosition<'a>,
        runs_rest: &mut bool,
        earlier: EarlierOutcome,
    ) -> Result<CommandOutcome, EngineError> {
        match earlier {
            EarlierOutcome::Ran if self.has_untried_condition(at) => self.resume_waiting(at),
            EarlierOutcome::Ran => Ok(CommandOutcome::Done),
            EarlierOutcome::PassedOver => Ok(CommandOutcome::PassedOver),
            EarlierOutcome::Skipped => Ok(CommandOutcome::Skipped),
            EarlierOutcome::Open(open) => self.run_command(at, runs_rest, Some(open)),
            EarlierOutcome::New => self.run_command(at, runs_rest, None),
        }
    }

    /// Runs one command of a step. An `open` one was started before the run was resumed: first somebody decides about that.
    fn run_command(
        &mut self,
        at: CommandPosition<'a>,
        runs_rest: &mut bool,
        open: Option<OpenCommand>,
    ) -> Result<CommandOutcome, EngineError> {
        let Some(written) = at.written_command() else { return Ok(CommandOutcome::Done) };
        let mut candidate = Candidate::as_written(written);
        if let Some(OpenCommand { finished, edited_text }) = open {
            if let Some(text) = edited_text {
                candidate = Candidate::with_text(written, &text);
            }
            if let Some(outcome) = self.decide_after_failure(at, &mut candidate, Some(*finished))? {
                return Ok(outcome);
            }
        }
        loop {
            let mut prepared = match self.prepare_command(at, &candidate.command)? {
                Ok(prepared) => prepared,
                Err(ending) => return Ok(CommandOutcome::Leave(Next::End(ending))),
            };
            let (reply, permission) = self.ask_about_command(at, &candidate, &mut prepared, *runs_rest)?;
            let outcome = match permission {
                Some(permission) => self.run_permitted(at, &mut candidate, runs_rest, &prepared, &permission)?,
                None => self.act_on_reply(at, &mut candidate, runs_rest, &prepared, reply)?,
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    /// Asks about a prepared command, unless the rest of the step was permitted and covers it.
    fn ask_about_command(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        prepared: &mut Prepared,
        runs_rest: bool,
    ) -> Result<(Reply, Option<Permission>), EngineError> {
        let gate = prepared.gate.clone();
        if runs_rest
            && prepared.needs_no_question()
            && let Ok(runnable) = &prepared.bound
        {
            return Ok((Reply::RunRest, self.judge_permission(at.step, runnable, &gate, Grounds::RestOfStep)));
        }
        let needs_confirmation = !prepared.confirm.is_empty();
        let reply = match prepared.given_reply.take() {
            Some(reply) => reply,
            None => self.operator.ask_question(&Ask::Command(AskCommand {
                shown: self.progress.shown_step(at.step, at.step_index),
                command: &candidate.command,
                index: at.index,
                text: &prepared.text,
                values: self.value_origins(&candidate.command),
                refused: prepared.bound.as_ref().err().map(ToString::to_string),
                confirm: std::mem::take(&mut prepared.confirm),
                gate: prepared.gate.clone(),
            }))?,
        };
        let Ok(runnable) = &prepared.bound else { return Ok((reply, None)) };
        let grounds = Grounds::Answered { needs_confirmation, reply: &reply };
        let permission = self.judge_permission(at.step, runnable, &gate, grounds);
        // What is not enough for the gate declines the command.
        let is_consent = matches!(reply, Reply::Run(_) | Reply::RunRest | Reply::Monitor);
        Ok((if is_consent && permission.is_none() { Reply::Decline } else { reply }, permission))
    }

    /// Runs a permitted command and decides what follows. `None`: it is asked about again.
    fn run_permitted(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &mut Candidate,
        runs_rest: &mut bool,
        prepared: &Prepared,
        permission: &Permission,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        *runs_rest = permission.covers_rest_of_step();
        if permission.is_for_samples() {
            candidate.source = CommandSource::Sampled(candidate.command.text.clone());
        }
        if let Some(outcome) = self.stop_after_negative(at, &candidate.command, &prepared.gate)? {
            return Ok(Some(outcome));
        }
        match self.run_first_time(at, candidate, permission)? {
            Attempted::Finished(finished) => {
                *runs_rest &= finished.outcome == Outcome::Succeeded;
                self.judge_finished(at, candidate, finished)
            }
            Attempted::NotRun => {
                *runs_rest = false;
                Ok(None)
            }
            Attempted::End(ending) => Ok(Some(CommandOutcome::Leave(Next::End(ending)))),
        }
    }

    fn run_first_time(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        permission: &Permission,
    ) -> Result<Attempted, EngineError> {
        let is_rest = permission.covers_rest_of_step();
        let decision = if is_rest { Decision::RunRest } else { candidate.decision };
        let command_index = Some(at.recorded_index());
        self.run_with_repeats(at, &Attempt { step: at.step, command_index, candidate, decision }, permission)
    }

    /// Decides what follows from a command that came back. `None`: it is asked about again.
    fn judge_finished(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &mut Candidate,
        finished: CommandFinished,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        if finished.outcome.allows_next_command() {
            return Ok(Some(CommandOutcome::Done));
        }
        if at.step.cell.attributes.is_set("continue") && may_be_passed_over(&finished.outcome) {
            let reason = "the document says `continue`".to_owned();
            self.record_decision(at.step, Some(at.recorded_index()), Decision::GoOn, reason)?;
            return Ok(Some(CommandOutcome::PassedOver));
        }
        self.decide_after_failure(at, candidate, Some(finished))
    }

    /// Declines a command that cannot run as it stands. Only an operator is asked about it again.
    fn refuse_to_run(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        refusal: &Refusal,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        let reason = refusal.to_string();
        self.record_decision(at.step, Some(at.recorded_index()), Decision::Decline, reason.clone())?;
        if !self.progress.is_interactive() {
            let reason = format!("`{}` cannot run: {reason}", first_line(&candidate.command.text));
            return Ok(Some(CommandOutcome::end_run(RunResult::Stopped, reason, at.step)));
        }
        self.operator.show_notice(&Notice::Warning(&format!("it cannot run as it stands: {reason}")));
        Ok(None)
    }

    /// Acts on a reply that does not run the command. `None`: it is asked about again.
    fn act_on_reply(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &mut Candidate,
        runs_rest: &mut bool,
        prepared: &Prepared,
        reply: Reply,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        let (step, command) = (at.step, Some(at.recorded_index()));
        match reply {
            Reply::Run(_) | Reply::RunRest | Reply::Monitor => match &prepared.bound {
                Err(refusal) => self.refuse_to_run(at, candidate, refusal),
                Ok(_) => Ok(None),
            },
            Reply::Edit(text) => {
                if text != candidate.command.text
                    && let Some(written) = at.written_command()
                {
                    *candidate = Candidate::with_text(written, &text);
                }
                Ok(None)
            }
            Reply::Done(how) => {
                self.record_decision(step, command, Decision::Done, how)?;
                Ok(Some(CommandOutcome::StepDone))
            }
            Reply::Decline if !self.progress.is_interactive() => {
                let reasons = prepared.gate.reason_lines().join("; ");
                let reason = format!("`{}` was not let through: {reasons}", first_line(&prepared.text));
                self.record_decision(step, command, Decision::Decline, reason.clone())?;
                Ok(Some(CommandOutcome::end_run(RunResult::Stopped, reason, step)))
            }
            Reply::Decline => {
                *runs_rest = false;
                self.record_decision(step, command, Decision::Decline, String::new())?;
                self.decide_after_failure(at, candidate, None)
            }
            Reply::SkipRest(reason) => {
                self.skip_rest(step, at.index, &reason)?;
                Ok(Some(CommandOutcome::RestSkipped))
            }
            other => self.act_on_side_reply(at, other),
        }
    }

    fn act_on_side_reply(
        &mut self,
        at: CommandPosition<'a>,
        reply: Reply,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        let step = at.step;
        Ok(match self.side_action(step, at.step_index, reply)? {
            SideAction::AskAgain => None,
            // A condition that does not apply does not apply to the rest of the step either.
            SideAction::Skip(reason) if at.index == 0 && step.conditional.is_some() => {
                self.skip_rest(step, at.index, &reason)?;
                Some(CommandOutcome::RestSkipped)
            }
            SideAction::Skip(reason) => {
                self.record_decision(step, Some(at.recorded_index()), Decision::Skip, reason)?;
                Some(CommandOutcome::Skipped)
            }
            SideAction::Leave(next) => Some(CommandOutcome::Leave(next)),
        })
    }

    /// Tries the condition behind a command that ran before the run was resumed.
    fn resume_waiting(&mut self, at: CommandPosition<'a>) -> Result<CommandOutcome, EngineError> {
        let (Some(condition), Some(written)) = (at.step.repeat.until.as_deref(), at.written_command()) else {
            return Ok(CommandOutcome::Done);
        };
        match self.ask_all_values(at, condition)? {
            Ok(None) => {}
            Ok(Some(reply)) => {
                let outcome = self.act_on_side_reply(at, reply)?;
                return outcome.map_or_else(|| self.resume_waiting(at), Ok);
            }
            Err(ending) => return Ok(CommandOutcome::Leave(Next::End(ending))),
        }
        let finished = match self.wait_until(at, condition, WaitReason::Resumed)? {
            Waited::Finished(finished) => finished,
            Waited::NotTried => return Ok(CommandOutcome::Done),
            Waited::End(ending) => return Ok(CommandOutcome::Leave(Next::End(ending))),
        };
        if finished.outcome.allows_next_command() {
            return Ok(CommandOutcome::Done);
        }
        let mut candidate = Candidate::as_written(written);
        let outcome = self.decide_after_failure(at, &mut candidate, Some(finished))?;
        outcome.map_or_else(|| self.run_command(at, &mut false, None), Ok)
    }

    /// Stops an unattended run before an answer like "no match" is carried into a command that may destroy something.
    fn stop_after_negative(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
        gate: &Gate,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        if self.progress.is_interactive() || !gate.is_closed() {
            return Ok(None);
        }
        let unresolved = self.progress.state.unresolved_commands();
        let Some((earlier, meaning)) = unresolved.into_iter().find_map(|earlier| match earlier.known_outcome() {
            Outcome::Negative(meaning) => Some((first_line(&earlier.started.text), meaning)),
            // A failure that the document passes over is passed over up to here only.
            Outcome::Failed | Outcome::TimedOut => Some((first_line(&earlier.started.text), "a failure".to_owned())),
            _ => None,
        }) else {
            return Ok(None);
        };
        let reason =
            format!("`{earlier}` came back with {meaning}, and `{}` may destroy something", first_line(&command.text));
        self.record_decision(at.step, Some(at.recorded_index()), Decision::Decline, reason.clone())?;
        Ok(Some(CommandOutcome::end_run(RunResult::Failed, reason, at.step)))
    }
}
