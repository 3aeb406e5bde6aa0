//! Variables that a command reads and nothing has set: asked of the live shell, then of the operator.
//!
//! Invariant: a command without a form for an unset variable never runs while it is unset. Refuses to know: how a value is
//! asked for.

use super::command::head;
use super::{Ending, Engine, EngineError};
use crate::history::{Decision, InputOrigin, RunResult};
use crate::ident::InputName;
use crate::plan::{Command, Input, Origin, Rules, Step};
use crate::ports::{Journal, Kernel, Operator, OperatorError, Reply};
use std::collections::BTreeSet;

/// What came of it.
pub(super) enum Unset {
    /// None is left.
    None,
    /// The operator gave no value: the command is asked about again.
    AskAgain,
    /// The run ends.
    End(Ending),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Every variable the command reads without a form for being unset is asked of the live shell; one that is unset is
    /// asked of the operator, and set in the session.
    pub(super) fn values_for(&mut self, step: &'a Step, place: usize, command: &Command) -> Result<Unset, EngineError> {
        // One that has a form for being unset is not asked for; given beforehand, it is set all the same.
        let given = |name: &String| self.values.contains_key(&InputName::new(name.clone()));
        let mut needs = command.needs();
        needs.extend(
            command.facts.reads.iter().filter(|read| read.has_default).map(|read| read.name.clone()).filter(given),
        );
        let mut seen = BTreeSet::new();
        needs.retain(|name| seen.insert(name.clone()));
        if needs.is_empty() {
            return Ok(Unset::None);
        }
        let live = self.session.values(&needs)?;
        for unset in live.iter().filter(|value| value.value.is_none()) {
            let name = InputName::new(unset.name.clone());
            if let Some(value) = self.values.get(&name).filter(|_| self.given.contains(&name)).cloned() {
                self.session.set(&unset.name, &value)?;
                continue;
            }
            let (value, origin) = if let Some(value) = self.values.get(&name) {
                (value.clone(), InputOrigin::Flag)
            } else {
                let input = self.unset_input(&name);
                let why = format!("`{}` reads `{name}`, which is not set", head(&command.text));
                let offered = self.offered(step, place, &input)?;
                match self.ask_value(&input, &why, false, &offered) {
                    Ok(Ok(value)) => {
                        let default = input.default.as_ref() == Some(&value);
                        (value, if default { InputOrigin::Default } else { InputOrigin::Prompt })
                    }
                    Ok(Err(Reply::Stop)) => {
                        self.decide(step, None, Decision::Stop, String::new())?;
                        return Ok(Unset::End(self.stopped(Some(step))));
                    }
                    Ok(Err(reply)) => {
                        self.answered_otherwise(step, reply)?;
                        return Ok(Unset::AskAgain);
                    }
                    Err(EngineError::Operator(OperatorError::Unanswered(flag))) => {
                        let (result, reason) = (RunResult::Failed, format!("{why}; {flag}"));
                        return Ok(Unset::End(Ending { result, reason, next: Some(step.id.clone()) }));
                    }
                    Err(error) => return Err(error),
                }
            };
            self.learn(step, &name, &value, origin)?;
            self.session.set(&unset.name, &value)?;
        }
        Ok(Unset::None)
    }

    /// What is known of a variable that is to be asked for. The value that the procedure itself writes for it is offered
    /// when its step was skipped.
    fn unset_input(&self, name: &InputName) -> Input {
        if let Some(input) = self.plan.input(name) {
            return input.clone();
        }
        let secret = self.is_secret(name);
        Input {
            name: name.clone(),
            origin: Origin::Variable,
            shown: format!("${name}"),
            default: self.literal_default(name.as_str()).filter(|_| !secret),
            blocks: true,
            rules: Rules { secret, ..Rules::default() },
            uses: Vec::new(),
        }
    }

    fn literal_default(&self, name: &str) -> Option<String> {
        let commands = self.plan.steps.iter().flat_map(|step| &step.commands);
        commands
            .filter(|command| command.input.as_ref().is_some_and(|input| input.as_str() == name))
            .find_map(|command| command.default_value().map(ToOwned::to_owned))
    }

    /// A note or a secret given in place of a value is taken in; any other answer is given again at the command.
    pub(super) fn answered_otherwise(&mut self, step: &'a Step, reply: Reply) -> Result<(), EngineError> {
        match reply {
            Reply::Note(text) => self.note(Some(step), text),
            Reply::Secret(secret) => self.take_secret(step, &secret),
            _ => Ok(()),
        }
    }
}
