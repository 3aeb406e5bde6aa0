//! Variables that a command reads and nothing has set: asked of the live shell, then of the operator.
//!
//! Invariant: a command without a form for an unset variable never runs while it is unset. Refuses to know: how a value is
//! asked for.

use super::first_line::first_line;
use super::inputs::answered_origin;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{InputOrigin, RunResult};
use crate::ident::InputName;
use crate::plan::{Command, Input, InputRules, InputSource, Step};
use crate::ports::{Journal, Kernel, Notice, Operator, OperatorError, Reply};
use std::collections::BTreeSet;

/// Result of setting the variables that a command reads.
pub(super) enum Unset {
    /// Every variable has a value now.
    None,
    /// The operator gave this answer in place of a value: it answers the command itself.
    Answered(Reply),
    /// Nobody can be asked.
    End(Ending),
}

/// The answer to the question for the value of an unset variable.
enum GivenValue {
    Value(String, InputOrigin),
    Answered(Reply),
    End(Ending),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Asks the live shell for every variable that the command reads without a form for being unset. The operator is asked for
    /// one that is unset, and it is set in the session.
    pub(super) fn set_unset_variables(
        &mut self,
        step: &'a Step,
        step_index: usize,
        command: &Command,
    ) -> Result<Unset, EngineError> {
        let names = self.variables_to_check(command);
        if names.is_empty() {
            return Ok(Unset::None);
        }
        let live = self.session.read_variables(&names)?;
        for unset in live.iter().filter(|variable| variable.value.is_none()) {
            let name = InputName::new(unset.name.clone());
            let known = self.known.values.get(&name).cloned();
            if let Some(value) = known.as_ref().filter(|_| self.known.recorded.contains(&name)) {
                self.session.set_variable(&unset.name, value)?;
                continue;
            }
            let given = match known {
                Some(value) => GivenValue::Value(value, InputOrigin::Flag),
                None => self.ask_for_unset(step, step_index, &name, command)?,
            };
            match given {
                GivenValue::Value(value, origin) => {
                    self.learn_value(step, &name, &value, origin)?;
                    self.session.set_variable(&unset.name, &value)?;
                }
                GivenValue::Answered(reply) => return Ok(Unset::Answered(reply)),
                GivenValue::End(ending) => return Ok(Unset::End(ending)),
            }
        }
        Ok(Unset::None)
    }

    /// Names of the variables that must be set before the command runs, each once.
    fn variables_to_check(&self, command: &Command) -> Vec<String> {
        // One with a form for being unset is not asked for; if its value was set beforehand, it is set all the same.
        let has_value = |name: &String| self.known.values.contains_key(&InputName::new(name.clone()));
        let mut names = command.needed_variables();
        let with_default = command.facts.variable_reads.iter().filter(|read| read.has_default);
        names.extend(with_default.map(|read| read.name.clone()).filter(has_value));
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    fn ask_for_unset(
        &mut self,
        step: &'a Step,
        step_index: usize,
        name: &InputName,
        command: &Command,
    ) -> Result<GivenValue, EngineError> {
        let input = self.input_of_variable(name);
        let why = format!("`{}` reads `{name}`, which is not set", first_line(&command.text));
        if self.is_secret(name)
            && let Some(value) = self.fetch_secret(step, step_index, &input)?
        {
            let Some(unfit) = self.unfit_variable(command, name, &value) else {
                return Ok(GivenValue::Value(value, InputOrigin::Command));
            };
            self.operator.show_notice(&Notice::Warning(&unfit));
        }
        let offered =
            if self.is_secret(name) { Vec::new() } else { self.run_offering_command(step, step_index, &input)? };
        let answer = loop {
            let answer = self.ask_for_value(&input, &why, false, &offered);
            // A value that the command cannot take is asked for again at once.
            match &answer {
                Ok(Ok(value)) => match self.unfit_variable(command, name, value) {
                    Some(unfit) if self.progress.is_interactive() => {
                        self.operator.show_notice(&Notice::Warning(&unfit));
                    }
                    _ => break answer,
                },
                _ => break answer,
            }
        };
        match answer {
            Ok(Ok(value)) => {
                let origin = answered_origin(&input, &value, &offered);
                Ok(GivenValue::Value(value, origin))
            }
            Ok(Err(reply)) => Ok(GivenValue::Answered(reply)),
            Err(EngineError::Operator(OperatorError::Unanswered(flag))) => {
                let (result, reason) = (RunResult::Failed, format!("{why}; {flag}"));
                Ok(GivenValue::End(Ending { result, reason, next: Some(step.id.clone()) }))
            }
            Err(error) => Err(error),
        }
    }

    /// Why a value does not fit where the command reads the variable.
    fn unfit_variable(&self, command: &Command, name: &InputName, value: &str) -> Option<String> {
        let variables = [(name.as_str().to_owned(), value.to_owned())].into_iter().collect();
        let judged = command.judge_expansions(&command.text, &self.known.values, &variables);
        let why = judged.unfit.into_iter().next()?.why;
        Some(format!("this value does not fit where `{}` reads `${name}`: {why}", first_line(&command.text)))
    }

    /// The input to ask for, for a variable that the plan may not declare. The value that the procedure itself writes for it is offered, for
    /// the case that its step was skipped.
    fn input_of_variable(&self, name: &InputName) -> Input {
        if let Some(input) = self.progress.plan.find_input(name) {
            return input.clone();
        }
        let secret = self.is_secret(name);
        Input {
            name: name.clone(),
            origin: InputSource::Variable,
            shown: format!("${name}"),
            default: self.assigned_literal(name.as_str()).filter(|_| !secret),
            blocks: true,
            rules: InputRules { secret, ..InputRules::default() },
            uses: Vec::new(),
        }
    }

    fn assigned_literal(&self, name: &str) -> Option<String> {
        let commands = self.progress.plan.steps.iter().flat_map(|step| &step.commands);
        commands
            .filter(|command| command.input.as_ref().is_some_and(|input| input.as_str() == name))
            .find_map(|command| command.default_value().map(ToOwned::to_owned))
    }

    /// Takes in a note or a secret that was given in place of a value. Any other answer is given again at the command.
    pub(super) fn accept_note_or_secret(&mut self, step: &'a Step, reply: Reply) -> Result<(), EngineError> {
        match reply {
            Reply::Note(text) => self.record_note(Some(step), text),
            Reply::Secret(secret) => self.accept_typed_secret(step, &secret),
            _ => Ok(()),
        }
    }
}
