//! Everything that is found out about a command before the operator is asked to run it.
//!
//! Invariant: what is prepared is what is asked about and what runs: the text, its gate and the reasons to confirm belong
//! together. Refuses to know: the answer, and how a command is executed.

use super::position::CommandPosition;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use super::unset::Unset;
use crate::plan::{Command, Gate, Refusal, Runnable, StepKind};
use crate::ports::{Journal, Kernel, Operator, Reply, SyntaxVerdict};

/// A command with its values and its gate, as it is asked about.
pub(super) struct Prepared {
    /// The answer that was given in place of a value; it answers the command itself.
    pub(super) given_reply: Option<Reply>,
    /// The command as it would run, or why it cannot.
    pub(super) bound: Result<Runnable, Refusal>,
    /// Text to show: with its values, if they could be bound.
    pub(super) text: String,
    pub(super) gate: Gate,
    /// Reasons why Enter is not enough.
    pub(super) confirm: Vec<String>,
}

impl Prepared {
    /// True if the command can run and gives no reason to ask, once the rest of the step was permitted.
    pub(super) fn needs_no_question(&self) -> bool {
        self.given_reply.is_none() && self.bound.is_ok() && self.confirm.is_empty()
    }
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Asks for the values that the command needs, binds it, and looks at everything that the question about it must show. Fails with
    /// an ending if a value is missing and nobody can be asked for it.
    pub(super) fn prepare_command(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
    ) -> Result<Result<Prepared, Ending>, EngineError> {
        let given_reply = match self.ask_all_values(at, command)? {
            Ok(reply) => reply,
            Err(ending) => return Ok(Err(ending)),
        };
        let mut bound = self.bind_and_check(command);
        let text = bound.as_ref().map_or(command.text.as_str(), |runnable| runnable.text()).to_owned();
        let mut gate = self.gate_of_command(at.step, at.index, &text)?;
        let mut confirm = reasons_to_confirm(at, &gate);
        if bound.as_ref().is_ok_and(Runnable::is_raw) {
            confirm.push("a value stands in it as part of the command, because the document says `| raw`".to_owned());
        }
        confirm.extend(self.value_like_option(command));
        confirm.extend(self.placeholders_kept(command));
        if let Some(refusal) = bound.is_ok().then(|| self.refused_condition(at)).flatten() {
            bound = Err(refusal);
        }
        if bound.is_ok() {
            match self.judge_live_values(at.step, command, &text, &mut gate)? {
                Ok(lines) => confirm.extend(lines),
                Err(refusal) => bound = Err(refusal),
            }
        }
        Ok(Ok(Prepared { given_reply, bound, text, gate, confirm }))
    }

    /// Asks for all values of a command and of the condition behind it, before anything is said of them at a gate: placeholders,
    /// then variables that the shell does not have. Returns an answer that is no value: it answers the command itself.
    pub(super) fn ask_all_values(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
    ) -> Result<Result<Option<Reply>, Ending>, EngineError> {
        let commands = [Some(command), at.awaited_condition()];
        for command in commands.into_iter().flatten() {
            if let Some(reply) = self.ask_missing_values(at, command)? {
                return Ok(Ok(Some(reply)));
            }
        }
        // What an unattended run leaves out needs no values.
        let is_left_out =
            !self.progress.is_interactive() && self.progress.settings.policy.reason_left_out(at.step).is_some();
        for command in commands.into_iter().flatten().filter(|_| !is_left_out) {
            match self.set_unset_variables(at.step, at.step_index, command)? {
                Unset::None => {}
                Unset::Answered(reply) => return Ok(Ok(Some(reply))),
                Unset::End(ending) => return Ok(Err(ending)),
            }
        }
        Ok(Ok(None))
    }

    /// Binds a command and asks bash whether it accepts it. What does not look like shell to us is refused in bash's own words.
    pub(super) fn bind_and_check(&mut self, command: &Command) -> Result<Runnable, Refusal> {
        let bound = command.bind_values(&self.known.values);
        let text = match &bound {
            Ok(runnable) => runnable.text(),
            Err(Refusal::NotShell(_)) => command.text.as_str(),
            Err(_) => return bound,
        };
        match self.syntax.check_syntax(text) {
            SyntaxVerdict::Accepted => bound,
            SyntaxVerdict::Rejected { message, line } => {
                Err(Refusal::NotShell(format!("bash rejects it (line {}): {message}", command.line.max(1) + line - 1)))
            }
            SyntaxVerdict::Unavailable(why) => {
                Err(Refusal::NotShell(format!("bash could not be asked about it: {why}")))
            }
        }
    }

    /// Why the condition behind a command cannot run as it stands.
    fn refused_condition(&mut self, at: CommandPosition<'a>) -> Option<Refusal> {
        let condition = at.awaited_condition()?;
        let refusal = self.bind_and_check(condition).err()?;
        Some(Refusal::NotShell(format!("what it waits for, `{}`, cannot run: {refusal}", condition.text)))
    }

    /// Placeholders that stay as they are written, because no value can be put there.
    fn placeholders_kept(&self, command: &Command) -> Vec<String> {
        let kept = command.unplaceable_uses(&self.known.values).filter(|(one, _)| !one.blocks);
        kept.map(|(one, why)| {
            let written = command.text.get(one.span.clone()).unwrap_or_default();
            format!("`{written}` stays as it is written, for no value can be placed there: {why}")
        })
        .collect()
    }

    /// Warns of a value that a program may take for an option.
    fn value_like_option(&self, command: &Command) -> Option<String> {
        let begins_word = |at: usize| command.text.get(..at).is_some_and(|text| text.ends_with([' ', '\t', '\'', '"']));
        let mut values = command.uses.iter().filter(|one| begins_word(one.span.start)).filter_map(|one| {
            self.known.values.get(&one.name).filter(|value| value.starts_with('-') && value.len() > 1 && !one.secret)
        });
        values
            .next()
            .map(|value| format!("the value `{value}` begins with a dash, so a program may take it for an option"))
    }
}

/// Reasons why Enter is not enough for a command. The step's own reasons are named at its first command alone.
fn reasons_to_confirm(at: CommandPosition<'_>, gate: &Gate) -> Vec<String> {
    let step = at.step;
    let mut reasons = Vec::new();
    if at.index == 0 {
        if let Some(condition) = &step.conditional {
            reasons.push(format!("only if it applies: {condition}"));
        }
        if step.kind == StepKind::Guessed {
            reasons.push("the document does not say that this is shell".to_owned());
        }
        if step.cell.attributes.is_set("confirm") {
            reasons.push("the document asks for a confirmation".to_owned());
        }
        if step.rollback_target.is_some() {
            reasons.push("it undoes what was done".to_owned());
        }
    }
    reasons.extend(gate.reason_lines());
    reasons
}
