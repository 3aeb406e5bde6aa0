//! The condition that a step waits for: tried until it holds.
//!
//! Invariant: a condition passes a gate of its own each time it is tried. Refuses to know: what the condition is behind.

use super::candidate::{Attempt, Candidate};
use super::first_line::first_line;
use super::outcome::may_be_better;
use super::permission::{Grounds, Permission};
use super::position::CommandPosition;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{CommandFinished, CommandSource, Decision, RunResult};
use crate::plan::{Command, Gate, Retry, Runnable};
use crate::ports::{Ask, AskCommand, Journal, Kernel, Operator, Paused, Reply};

/// Why a condition is tried now.
#[derive(Clone, Copy, Debug)]
pub(super) enum WaitReason<'w> {
    /// The command before it was permitted, and came back well.
    After(&'w Permission),
    /// The run was resumed behind the command.
    Resumed,
    /// The condition failed, and this is the reply to the question what to do.
    AfterFailure(&'w Reply),
}

/// Result of waiting for a condition.
pub(super) enum Waited {
    /// It was tried, for the last time with this end.
    Finished(CommandFinished),
    /// It was declined, or cannot be recorded.
    NotTried,
    /// An unattended run ends, because no flag lets the condition through.
    End(Ending),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Tries a condition until it holds, there were enough tries, or the operator wants no more.
    pub(super) fn wait_until(
        &mut self,
        at: CommandPosition<'a>,
        condition: &Command,
        reason: WaitReason<'_>,
    ) -> Result<Waited, EngineError> {
        let candidate =
            Candidate { command: condition.clone(), source: CommandSource::Until, decision: Decision::Until };
        let Retry { times, every } = at.step.repeat.polling_tries();
        let mut earlier: Option<Permission> = None;
        let mut last = None;
        let mut time = 0;
        loop {
            let reason = earlier.as_ref().map_or(reason, WaitReason::After);
            let Some(permission) = self.permit_condition(at, condition, reason)? else {
                return self.end_unwaited(at, condition, last);
            };
            let command_index = Some(at.recorded_index());
            let attempt = Attempt { step: at.step, command_index, candidate: &candidate, decision: Decision::Until };
            let Some(finished) = self.execute_attempt(&attempt, &permission)? else { return Ok(Waited::NotTried) };
            let again = time < times && may_be_better(&finished.outcome);
            time += 1;
            if !again || self.pause_before(&format!("try {time} of {times}"), "waiting", every)? == Paused::Enough {
                return Ok(Waited::Finished(finished));
            }
            earlier = Some(permission);
            last = Some(finished);
        }
    }

    /// Judges if the condition may be tried now, and asks if nothing permits it. `None`: it may not.
    fn permit_condition(
        &mut self,
        at: CommandPosition<'a>,
        condition: &Command,
        reason: WaitReason<'_>,
    ) -> Result<Option<Permission>, EngineError> {
        let Ok(runnable) = self.bind_and_check(condition) else { return Ok(None) };
        let mut gate = self.gate_of_text(at.step, runnable.text())?;
        let Ok(lines) = self.name_live_object(at.step, condition, &mut gate)? else { return Ok(None) };
        let grounds = match reason {
            WaitReason::After(earlier) => Some(Grounds::Repetition { earlier }),
            WaitReason::AfterFailure(reply) => Some(Grounds::AfterFailure { reply }),
            WaitReason::Resumed => None,
        };
        let permission = grounds.and_then(|grounds| self.judge_permission(at.step, &runnable, &gate, grounds));
        if permission.is_some() {
            return Ok(permission);
        }
        self.ask_about_condition(at, condition, &runnable, &gate, &lines)
    }

    fn ask_about_condition(
        &mut self,
        at: CommandPosition<'a>,
        condition: &Command,
        runnable: &Runnable,
        gate: &Gate,
        lines: &[String],
    ) -> Result<Option<Permission>, EngineError> {
        loop {
            let mut confirm = vec!["the step waits until this succeeds".to_owned()];
            confirm.extend(gate.reason_lines());
            confirm.extend_from_slice(lines);
            let needs_confirmation = gate.is_closed();
            let ask = AskCommand {
                shown: self.progress.shown_step(at.step, at.step_index),
                command: condition,
                index: at.step.commands.len(),
                text: runnable.text(),
                refused: None,
                confirm: if needs_confirmation { confirm } else { Vec::new() },
                gate: gate.clone(),
            };
            match self.operator.ask_question(&Ask::Command(ask))? {
                Reply::Note(text) => self.record_note(Some(at.step), text)?,
                Reply::Secret(secret) => self.accept_typed_secret(at.step, &secret)?,
                reply => {
                    let grounds = Grounds::Answered { needs_confirmation, reply: &reply };
                    return Ok(self.judge_permission(at.step, runnable, gate, grounds));
                }
            }
        }
    }

    /// Ends the waiting for a condition that may not be tried.
    fn end_unwaited(
        &mut self,
        at: CommandPosition<'a>,
        condition: &Command,
        last: Option<CommandFinished>,
    ) -> Result<Waited, EngineError> {
        let reason = format!("the condition `{}` was not let through", first_line(&condition.text));
        self.record_decision(at.step, Some(at.recorded_index()), Decision::Decline, reason.clone())?;
        if !self.progress.is_interactive() {
            return Ok(Waited::End(Ending { result: RunResult::Stopped, reason, next: Some(at.step.id.clone()) }));
        }
        Ok(last.map_or(Waited::NotTried, Waited::Finished))
    }
}
