//! What is offered for a value: the lines of a command that the document names, or names that were just listed.
//!
//! Invariant: a command that offers values is shown and asked about like any other, and runs only if all it does is read.
//! Refuses to know: which value is chosen.

use super::candidate::{Attempt, Candidate};
use super::first_line::first_line;
use super::listing::{MOST_OFFERED, Surroundings, names_like_default};
use super::permission::Grounds;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{CommandFinished, Decision};
use crate::ident::{InputName, Seq};
use crate::plan::{Command, Input, Runnable, Step};
use crate::ports::{Ask, AskCommand, Journal, Kernel, Notice, Operator};

/// Variable that holds a fetched secret for a moment; no snapshot has it.
const FETCHED: &str = "__rb_fetched";
/// How much of a listing is read.
const LISTING_BYTES: usize = 64 << 10;
/// Among how many commands before the one that needs a value a listing is looked for.
const LISTED_BEFORE: usize = 5;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Runs the command whose lines the document offers for an input. Returns no lines if there is none, or if it is not run.
    pub(super) fn run_offering_command(
        &mut self,
        step: &'a Step,
        step_index: usize,
        input: &Input,
    ) -> Result<Vec<String>, EngineError> {
        let Some(from) = &input.rules.from else { return Ok(Vec::new()) };
        // On a terminal `ls` and others print columns.
        let piped = format!("{} | cat", from.trim_end());
        let command = Command::from_typed_text(
            if Command::from_typed_text(from, 0).facts.status_source.pipeline_members.is_some() {
                &piped
            } else {
                from
            },
            0,
        );
        let runnable = match self.bind_and_check(&command) {
            Ok(runnable) if command.facts.reads_only => runnable,
            Ok(_) => return Ok(self.refuse_to_offer(input, "it is not known to only read")),
            Err(refusal) => return Ok(self.refuse_to_offer(input, &refusal.to_string())),
        };
        let why = format!("its lines are offered for `{}`", input.name);
        let Some(finished) = self.ask_and_run_offering(step, step_index, input, command, &runnable, why)? else {
            return Ok(Vec::new());
        };
        let text = self.printed_text(finished.started);
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_OFFERED).map(str::to_owned).collect())
    }

    /// Runs the command whose single line is the value of a secret input: it goes into a variable, and is neither shown nor recorded.
    /// Returns `None` if there is no such command, or if it gave no value.
    pub(super) fn fetch_secret(
        &mut self,
        step: &'a Step,
        step_index: usize,
        input: &Input,
    ) -> Result<Option<String>, EngineError> {
        let Some(from) = &input.rules.from else { return Ok(None) };
        if !Command::from_typed_text(from, 0).facts.reads_only {
            self.refuse_to_offer(input, "it is not known to only read");
            return Ok(None);
        }
        let command = Command::from_typed_text(&format!("{FETCHED}=$({})", from.trim()), 0);
        let runnable = match self.bind_and_check(&command) {
            Ok(runnable) => runnable,
            Err(refusal) => {
                self.refuse_to_offer(input, &refusal.to_string());
                return Ok(None);
            }
        };
        let why = format!("its single line becomes the secret `{}`, unseen", input.name);
        let Some(finished) = self.ask_and_run_offering(step, step_index, input, command, &runnable, why)? else {
            return Ok(None);
        };
        let name = FETCHED.to_owned();
        let live = self.session.read_variables(std::slice::from_ref(&name))?;
        let value = live.into_iter().find_map(|live| live.value).unwrap_or_default();
        self.session.set_variable(FETCHED, "")?;
        let Err(why) = self.check_fetched(input, &finished, &value) else { return Ok(Some(value)) };
        let warning = format!("`{}` {why}, so the secret `{}` is asked for", first_line(from), input.name);
        self.operator.show_notice(&Notice::Warning(&warning));
        Ok(None)
    }

    /// Checks what a command fetched for a secret. Fails with the reason why it is no value.
    fn check_fetched(&mut self, input: &Input, finished: &CommandFinished, value: &str) -> Result<(), String> {
        if !finished.outcome.allows_next_command() {
            return Err("failed".to_owned());
        }
        match value.lines().count() {
            1 if !value.contains('\n') => {}
            0 => return Err("gave no line".to_owned()),
            lines => return Err(format!("gave {lines} lines")),
        }
        self.check_value(&input.rules, value).map_err(|unfit| format!("gave a value that does not fit: {unfit}"))
    }

    fn ask_and_run_offering(
        &mut self,
        step: &'a Step,
        step_index: usize,
        input: &Input,
        command: Command,
        runnable: &Runnable,
        why: String,
    ) -> Result<Option<CommandFinished>, EngineError> {
        let mut gate = self.gate_of_text(step, runnable.text())?;
        if let Err(refusal) = self.judge_live_values(step, &command, runnable.text(), &mut gate)? {
            self.refuse_to_offer(input, &refusal.to_string());
            return Ok(None);
        }
        let ask = AskCommand {
            shown: self.progress.shown_step(step, step_index),
            command: &command,
            index: step.commands.len(),
            text: runnable.text(),
            values: self.value_origins(&command),
            refused: None,
            confirm: vec![why],
            gate: gate.clone(),
        };
        let reply = self.operator.ask_question(&Ask::Command(ask))?;
        let grounds = Grounds::Answered { needs_confirmation: false, reply: &reply };
        let Some(permission) = self.judge_permission(step, runnable, &gate, grounds) else {
            self.accept_note_or_secret(step, reply)?;
            return Ok(None);
        };
        let candidate = Candidate::own_command(command);
        let attempt = Attempt { step, command_index: None, candidate: &candidate, decision: Decision::Own };
        self.execute_attempt(&attempt, &permission)
    }

    fn refuse_to_offer(&mut self, input: &Input, why: &str) -> Vec<String> {
        let from = first_line(input.rules.from.as_deref().unwrap_or_default());
        let warning = format!("`{from}`, whose lines the document would offer for `{}`, is not run: {why}", input.name);
        self.operator.show_notice(&Notice::Warning(&warning));
        Vec::new()
    }

    /// Parts of the names that the last command printed which would fit where the value is missing.
    pub(super) fn parts_just_listed(&mut self, command: &Command, name: &InputName) -> Vec<String> {
        let Some(surroundings) = Surroundings::of_input(command, name) else { return Vec::new() };
        let last = self.progress.state.commands.last().map(|command| command.seq);
        let printed = last.map(|last| self.printed_text(last)).unwrap_or_default();
        surroundings.matching_parts(&printed)
    }

    /// Names like this default in what the last few commands printed: those of the latest that printed any.
    pub(super) fn names_just_listed(&mut self, default: &str) -> Vec<String> {
        let latest = self.progress.state.commands.iter().rev().take(LISTED_BEFORE);
        let latest: Vec<Seq> = latest.map(|command| command.seq).collect();
        latest
            .into_iter()
            .map(|command| names_like_default(&self.printed_text(command), default))
            .find(|names| !names.is_empty())
            .unwrap_or_default()
    }

    /// The beginning of what a command printed, in whole lines if it was cut.
    fn printed_text(&mut self, command: Seq) -> String {
        let known = self.progress.state.commands.iter().rev().find(|known| known.seq == command);
        let inline = known.and_then(|known| known.finished.as_ref()?.output.inline.clone());
        let mut bytes = inline.unwrap_or_else(|| self.session.read_output(command, LISTING_BYTES));
        if bytes.len() == LISTING_BYTES {
            // The last line may have been cut.
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0));
        }
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }
}
