//! A command of the operator's own, in the same shell.
//!
//! Invariant: it passes the same gate as a command of the document. Refuses to know: the plan's commands.

use super::candidate::{Attempt, Candidate};
use super::first_line::first_line;
use super::permission::{Grounds, Permission};
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{Decision, End};
use crate::plan::{Command, Gate, Refusal, Runnable, Step};
use crate::ports::{Ask, AskCommand, AskFailure, Journal, Kernel, Notice, Operator, Reply};

/// The answer to the question about an own command behind a closed gate.
enum OwnAnswer {
    Permitted(Permission),
    Changed(String),
    AskAgain,
    Declined,
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs an own command. Returns an ending if the operator ends the run after the shell has exited.
    pub(super) fn run_own_command(
        &mut self,
        step: &'a Step,
        step_index: usize,
        text: &str,
    ) -> Result<Option<Ending>, EngineError> {
        let mut text = text.to_owned();
        loop {
            let candidate = Candidate::own_command(Command::from_typed_text(&text, 0));
            let runnable = match self.bind_and_check(&candidate.command) {
                Ok(runnable) => runnable,
                Err(refusal) => return self.refuse_own_command(step, &text, &refusal).map(|()| None),
            };
            let mut gate = self.gate_of_text(step, runnable.text())?;
            let lines = match self.judge_live_values(step, &candidate.command, runnable.text(), &mut gate)? {
                Ok(lines) => lines,
                Err(refusal) => return self.refuse_own_command(step, &text, &refusal).map(|()| None),
            };
            let answer = match self.judge_permission(step, &runnable, &gate, Grounds::Typed) {
                Some(permission) => OwnAnswer::Permitted(permission),
                None => self.ask_about_own_command(step, step_index, &candidate.command, &runnable, &gate, lines)?,
            };
            match answer {
                OwnAnswer::Permitted(permission) => {
                    return self.execute_own_command(step, step_index, &candidate, &permission);
                }
                OwnAnswer::Changed(changed) => text = changed,
                OwnAnswer::AskAgain => {}
                OwnAnswer::Declined => {
                    let reason = format!("`{}` was not confirmed", first_line(&text));
                    self.record_decision(step, None, Decision::Decline, reason)?;
                    return Ok(None);
                }
            }
        }
    }

    fn refuse_own_command(&mut self, step: &Step, text: &str, refusal: &Refusal) -> Result<(), EngineError> {
        let reason = format!("`{}`: {refusal}", first_line(text));
        self.operator.show_notice(&Notice::Warning(&reason));
        self.record_decision(step, None, Decision::Decline, reason)
    }

    fn ask_about_own_command(
        &mut self,
        step: &'a Step,
        step_index: usize,
        command: &Command,
        runnable: &Runnable,
        gate: &Gate,
        lines: Vec<String>,
    ) -> Result<OwnAnswer, EngineError> {
        let ask = AskCommand {
            shown: self.progress.shown_step(step, step_index),
            command,
            index: 0,
            text: runnable.text(),
            values: self.value_origins(command),
            refused: None,
            confirm: gate.reason_lines().into_iter().chain(lines).collect(),
            gate: gate.clone(),
        };
        Ok(match self.operator.ask_question(&Ask::Command(ask))? {
            Reply::Edit(changed) => OwnAnswer::Changed(changed),
            Reply::Secret(secret) => {
                self.accept_typed_secret(step, &secret)?;
                OwnAnswer::AskAgain
            }
            reply => {
                let grounds = Grounds::Answered { needs_confirmation: false, reply: &reply };
                let permission = self.judge_permission(step, runnable, gate, grounds);
                permission.map_or(OwnAnswer::Declined, OwnAnswer::Permitted)
            }
        })
    }

    fn execute_own_command(
        &mut self,
        step: &'a Step,
        step_index: usize,
        candidate: &Candidate,
        permission: &Permission,
    ) -> Result<Option<Ending>, EngineError> {
        let attempt = Attempt { step, command_index: None, candidate, decision: Decision::Own };
        let Some(finished) = self.execute_attempt(&attempt, permission)? else { return Ok(None) };
        if finished.end == End::Exited {
            let ask = AskFailure {
                shown: self.progress.shown_step(step, step_index),
                index: None,
                text: &candidate.command.text,
                outcome: Some(&finished.outcome),
                status: finished.status,
                rollbacks: Vec::new(),
            };
            if self.operator.ask_question(&Ask::Failure(ask))? == Reply::Stop {
                self.record_decision(step, None, Decision::Stop, String::new())?;
                return Ok(Some(self.progress.stopped_ending(Some(step))));
            }
        }
        Ok(None)
    }
}
