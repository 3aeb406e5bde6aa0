//! Permission for a command that the document repeats, waits for or samples.
//!
//! Invariant: each execution is judged by the gate of that moment; where nothing permits it, it is asked about. Refuses to know:
//! when and how often it is repeated.

use super::first_line::first_line;
use super::permission::{Grounds, Permission};
use super::position::CommandPosition;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{Decision, RunResult};
use crate::plan::{Command, Gate, Runnable};
use crate::ports::{Ask, AskCommand, Journal, Kernel, Operator, Reply};

/// Judgement on one repetition.
pub(super) enum RepetitionVerdict {
    Permitted(Permission),
    /// It may not run now. The decision is recorded.
    Declined,
    /// The run ends: the operator stops it, or no flag lets the command through.
    End(Ending),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Judges if a repeated command may run now, and asks about it if these grounds do not permit it. `why` says in the question
    /// why it would run.
    pub(super) fn permit_repetition(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
        grounds: Option<Grounds<'_>>,
        why: &str,
    ) -> Result<RepetitionVerdict, EngineError> {
        let Ok(runnable) = self.bind_and_check(command) else { return self.decline_repetition(at, command) };
        let mut gate = self.gate_of_text(at.step, runnable.text())?;
        let Ok(lines) = self.judge_live_values(at.step, command, runnable.text(), &mut gate)? else {
            return self.decline_repetition(at, command);
        };
        if let Some(grounds) = grounds
            && let Some(permission) = self.judge_permission(at.step, &runnable, &gate, grounds)
        {
            return Ok(RepetitionVerdict::Permitted(permission));
        }
        let mut confirm = gate.reason_lines();
        if !confirm.is_empty() {
            confirm.insert(0, why.to_owned());
        }
        confirm.extend(lines);
        self.ask_about_repetition(at, command, &runnable, &gate, &confirm)
    }

    fn ask_about_repetition(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
        runnable: &Runnable,
        gate: &Gate,
        confirm: &[String],
    ) -> Result<RepetitionVerdict, EngineError> {
        loop {
            let ask = AskCommand {
                shown: self.progress.shown_step(at.step, at.step_index),
                command,
                index: at.step.commands.len(),
                text: runnable.text(),
                values: self.value_origins(command),
                refused: None,
                confirm: confirm.to_vec(),
                gate: gate.clone(),
            };
            match self.operator.ask_question(&Ask::Command(ask))? {
                Reply::Note(text) => self.record_note(Some(at.step), text)?,
                Reply::Secret(secret) => self.accept_typed_secret(at.step, &secret)?,
                Reply::Own(text) => {
                    if let Some(ending) = self.run_own_command(at.step, at.step_index, &text)? {
                        return Ok(RepetitionVerdict::End(ending));
                    }
                    // It may have changed what the gate was judged on.
                    return self.permit_repetition(at, command, None, confirm.first().map_or("", String::as_str));
                }
                Reply::Stop => {
                    self.record_decision(at.step, None, Decision::Stop, String::new())?;
                    return Ok(RepetitionVerdict::End(self.progress.stopped_ending(Some(at.step))));
                }
                reply => {
                    let grounds = Grounds::Answered { needs_confirmation: !confirm.is_empty(), reply: &reply };
                    return match self.judge_permission(at.step, runnable, gate, grounds) {
                        Some(permission) => Ok(RepetitionVerdict::Permitted(permission)),
                        None => self.decline_repetition(at, command),
                    };
                }
            }
        }
    }

    fn decline_repetition(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
    ) -> Result<RepetitionVerdict, EngineError> {
        let reason = format!("`{}` was not let through", first_line(&command.text));
        self.record_decision(at.step, Some(at.recorded_index()), Decision::Decline, reason.clone())?;
        if self.progress.is_interactive() {
            return Ok(RepetitionVerdict::Declined);
        }
        let ending = Ending { result: RunResult::Stopped, reason, next: Some(at.step.id.clone()) };
        Ok(RepetitionVerdict::End(ending))
    }
}
