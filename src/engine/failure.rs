//! After a command that did not succeed, or did not run: a person decides.
//!
//! Invariant: nothing of a step runs after a failure unless somebody says so. Refuses to know: what a failure looks like.

use super::candidate::{Attempt, Candidate};
use super::outcome::{CommandOutcome, Next, SideAction};
use super::permission::Grounds;
use super::position::CommandPosition;
use super::repeat::Attempted;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use super::wait::{WaitReason, Waited};
use crate::history::{CommandFinished, Decision, Outcome};
use crate::plan::Step;
use crate::ports::{Ask, AskFailure, Journal, Kernel, Notice, Operator, Reply};

/// Result of running a failed command again.
enum RetryOutcome {
    /// It cannot run as it stands, or its gate is closed: the command itself is asked about again.
    NeedsQuestion,
    /// It was not run: the failure is asked about again.
    NotRun,
    End(Ending),
    Finished(CommandFinished),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Records the commands of a step from this one on as skipped.
    pub(super) fn skip_rest(&mut self, step: &'a Step, from: usize, reason: &str) -> Result<(), EngineError> {
        if !self.progress.is_interactive() {
            self.operator.show_notice(&Notice::Skipped { step, reason });
        }
        for index in from..step.commands.len() {
            let command = u32::try_from(index).unwrap_or(u32::MAX);
            self.record_decision(step, Some(command), Decision::Skip, reason.to_owned())?;
        }
        Ok(())
    }

    /// Asks what to do after a command failed, or was declined at its gate (`finished` is `None`), until that is decided.
    /// `None`: the command itself is asked about again.
    pub(super) fn decide_after_failure(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &mut Candidate,
        mut finished: Option<CommandFinished>,
    ) -> Result<Option<CommandOutcome>, EngineError> {
        let (step, command) = (at.step, Some(at.recorded_index()));
        loop {
            match self.ask_about_failure(at, candidate, finished.as_ref())? {
                Reply::RollBack => {
                    if let Some(next) = self.roll_back(step, at.recorded_index())? {
                        return Ok(Some(CommandOutcome::Leave(next)));
                    }
                }
                Reply::Retry if finished.is_none() => return Ok(None),
                reply @ Reply::Retry => match self.retry_command(at, candidate, &reply)? {
                    RetryOutcome::NeedsQuestion => {
                        candidate.decision = Decision::Retry;
                        return Ok(None);
                    }
                    RetryOutcome::NotRun => {}
                    RetryOutcome::End(ending) => return Ok(Some(CommandOutcome::Leave(Next::End(ending)))),
                    RetryOutcome::Finished(again) if again.outcome.allows_next_command() => {
                        return Ok(Some(CommandOutcome::Done));
                    }
                    RetryOutcome::Finished(again) => finished = Some(again),
                },
                Reply::GoOn => return self.go_on_past(at, finished.as_ref()).map(Some),
                Reply::Edit(text) => {
                    if text != candidate.command.text
                        && let Some(written) = at.written_command()
                    {
                        *candidate = Candidate::with_text(written, &text);
                    }
                    return Ok(None);
                }
                Reply::Done(how) => {
                    self.record_decision(step, command, Decision::Done, how)?;
                    return Ok(Some(CommandOutcome::Done));
                }
                Reply::SkipRest(reason) => {
                    self.skip_rest(step, at.index, &reason)?;
                    return Ok(Some(CommandOutcome::RestSkipped));
                }
                other => match self.side_action(step, at.step_index, other)? {
                    SideAction::AskAgain => {}
                    SideAction::Skip(reason) => {
                        self.skip_rest(step, at.index + usize::from(finished.is_some()), &reason)?;
                        return Ok(Some(CommandOutcome::RestSkipped));
                    }
                    SideAction::Leave(next) => return Ok(Some(CommandOutcome::Leave(next))),
                },
            }
        }
    }

    fn ask_about_failure(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        finished: Option<&CommandFinished>,
    ) -> Result<Reply, EngineError> {
        let last = self.progress.state.commands.last().filter(|_| finished.is_some());
        let text_that_ran = last.map(|command| command.started.text.as_str());
        let ask = AskFailure {
            shown: self.progress.shown_step(at.step, at.step_index),
            index: Some(at.index),
            text: text_that_ran.unwrap_or(&candidate.command.text),
            outcome: finished.map(|finished| &finished.outcome),
            status: finished.and_then(|finished| finished.status),
            rollbacks: self.progress.offered_rollbacks(),
        };
        Ok(self.operator.ask_question(&Ask::Failure(ask))?)
    }

    /// Runs a failed command again, or the condition behind it if that is what failed.
    fn retry_command(
        &mut self,
        at: CommandPosition<'a>,
        candidate: &Candidate,
        reply: &Reply,
    ) -> Result<RetryOutcome, EngineError> {
        let step = at.step;
        // The shell may be a new one, without the secrets of the old; variables and directory may have changed.
        let prepared = match self.prepare_command(at, &candidate.command)? {
            Ok(prepared) => prepared,
            Err(ending) => return Ok(RetryOutcome::End(ending)),
        };
        let (None, Ok(runnable)) = (&prepared.given_reply, &prepared.bound) else {
            return Ok(RetryOutcome::NeedsQuestion);
        };
        if let Some(condition) = step.repeat.until.as_deref().filter(|_| self.tried_condition_last()) {
            return Ok(match self.wait_until(at, condition, WaitReason::AfterFailure(reply))? {
                Waited::Finished(finished) => RetryOutcome::Finished(finished),
                Waited::NotTried => RetryOutcome::NotRun,
                Waited::End(ending) => RetryOutcome::End(ending),
            });
        }
        let grounds = Grounds::AfterFailure { reply };
        let Some(permission) = self.judge_permission(step, runnable, &prepared.gate, grounds) else {
            return Ok(RetryOutcome::NeedsQuestion);
        };
        let attempt = Attempt { step, command_index: Some(at.recorded_index()), candidate, decision: Decision::Retry };
        Ok(match self.run_with_repeats(at, &attempt, &permission)? {
            Attempted::Finished(finished) => RetryOutcome::Finished(finished),
            Attempted::NotRun => RetryOutcome::NotRun,
            Attempted::End(ending) => RetryOutcome::End(ending),
        })
    }

    /// Goes on past a command that failed or was declined.
    fn go_on_past(
        &mut self,
        at: CommandPosition<'a>,
        finished: Option<&CommandFinished>,
    ) -> Result<CommandOutcome, EngineError> {
        let command = Some(at.recorded_index());
        let Some(finished) = finished else {
            self.record_decision(at.step, command, Decision::Skip, "declined at its gate".to_owned())?;
            return Ok(CommandOutcome::Skipped);
        };
        self.record_decision(at.step, command, Decision::GoOn, String::new())?;
        // `exit` ends the step; any other failure is passed over, and the step goes on.
        let ends_step = finished.outcome == Outcome::Exited;
        Ok(if ends_step { CommandOutcome::StepDone } else { CommandOutcome::PassedOver })
    }
}
