//! The values of a run: asked for once, at the step that needs them, checked, recorded.
//!
//! Invariant: a secret is known to the record before anything can print it, and its value is in no fact. Refuses to know:
//! how a value gets into a command.

use super::first_line::first_line;
use super::known_values::masked_value;
use super::position::CommandPosition;
use super::run::Engine;
use super::settings::EngineError;
use crate::history::{Fact, InputGiven, InputOrigin};
use crate::ident::InputName;
use crate::plan::{Command, Input, InputKind, InputRules, InputSource, InputUse, InvalidValue, Refusal, Step};
use crate::ports::{Ask, AskInput, Journal, Kernel, Notice, Operator, Reply, TypedSecret};
use std::path::Path;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Registers every secret that was given before the run began, so that the record masks it.
    pub(super) fn register_given_secrets(&mut self) -> Result<(), EngineError> {
        for (name, value) in self.known.values.clone() {
            if self.is_secret(&name) {
                self.register_secret(&name, &value)?;
            }
        }
        Ok(())
    }

    fn register_secret(&mut self, name: &InputName, value: &str) -> Result<(), EngineError> {
        for refused in self.session.register_secret(name.as_str(), value)? {
            self.operator.show_notice(&Notice::Warning(&format!("the secret `{name}` is not masked: {refused}")));
        }
        Ok(())
    }

    /// Takes in a secret that was typed into a command: a variable of the shell holds it, and it is in no text.
    pub(super) fn accept_typed_secret(&mut self, step: &Step, secret: &TypedSecret) -> Result<(), EngineError> {
        let name = InputName::new(secret.name.clone());
        let live = self.session.read_variables(std::slice::from_ref(&secret.name))?;
        let is_ours = self.is_secret(&name) && self.known.recorded.contains(&name);
        if !is_ours && live.iter().any(|live| live.value.is_some()) {
            let warning =
                format!("`{name}` is a variable of the shell already and stays as it is: give the secret another name");
            self.operator.show_notice(&Notice::Warning(&warning));
            return Ok(());
        }
        self.known.mark_secret(name.clone());
        self.learn_value(step, &name, &secret.value, InputOrigin::Prompt)?;
        Ok(self.session.set_variable(&secret.name, &secret.value)?)
    }

    /// Asks for every value that the command's text needs and nobody has given. Returns an answer that is no value: it is the
    /// answer to the command itself.
    pub(super) fn ask_missing_values(
        &mut self,
        at: CommandPosition<'a>,
        command: &Command,
    ) -> Result<Option<Reply>, EngineError> {
        if !self.progress.is_interactive() {
            return Ok(None);
        }
        if let Some(reply) = self.confirm_stale_literal(at.step, command)? {
            return Ok(Some(reply));
        }
        let mut names: Vec<InputName> = Vec::new();
        for wanted in command.unfilled_uses(&self.known.values).filter(|one| one.reject_reason.is_none()) {
            if !names.contains(&wanted.name) {
                names.push(wanted.name.clone());
            }
        }
        let plan = self.progress.plan;
        for input in names.iter().filter_map(|name| plan.find_input(name)) {
            if self.is_secret(&input.name)
                && let Some(value) = self.fetch_secret(at.step, at.step_index, input)?
                && !self.warn_of_refused(command, &input.name, &value)
            {
                self.learn_value(at.step, &input.name, &value, InputOrigin::Command)?;
                continue;
            }
            let mut offered = self.offered_values(at, input)?;
            if offered.is_empty() {
                offered = self.parts_just_listed(command, &input.name);
            }
            let value = match self.ask_until_accepted(input, command, &offered)? {
                Ok(value) => value,
                Err(reply) => return Ok(Some(reply)),
            };
            let origin = answered_origin(input, &value, &offered);
            self.learn_value(at.step, &input.name, &value, origin)?;
        }
        Ok(None)
    }

    /// Lines of the command that the document names for an input. Those of a secret are never shown.
    fn offered_values(&mut self, at: CommandPosition<'a>, input: &Input) -> Result<Vec<String>, EngineError> {
        if self.is_secret(&input.name) {
            return Ok(Vec::new());
        }
        self.run_offering_command(at.step, at.step_index, input)
    }

    /// Asks until the value fits the input and can be put into the command.
    fn ask_until_accepted(
        &mut self,
        input: &Input,
        command: &Command,
        offered: &[String],
    ) -> Result<Result<String, Reply>, EngineError> {
        let why = why_asked(input, command);
        loop {
            let value = match self.ask_for_value(input, &why, true, offered)? {
                Ok(value) => value,
                Err(reply) => return Ok(Err(reply)),
            };
            match self.refused_value(command, &input.name, &value) {
                None => return Ok(Ok(value)),
                Some(refused) => self.operator.show_notice(&Notice::Warning(&refused)),
            }
        }
    }

    /// True if a value cannot be put into the command. The operator is told why.
    fn warn_of_refused(&mut self, command: &Command, name: &InputName, value: &str) -> bool {
        let Some(refused) = self.refused_value(command, name, value) else { return false };
        self.operator.show_notice(&Notice::Warning(&refused));
        true
    }

    /// Why a value cannot be put into the command that it is asked for, so that another one can be given.
    fn refused_value(&self, command: &Command, name: &InputName, value: &str) -> Option<String> {
        let mut values = self.known.values.clone();
        values.insert(name.clone(), value.to_owned());
        let Err(Refusal::NotPlaced(word, why)) = command.bind_values(&values) else { return None };
        let is_of_input = |one: &&InputUse| one.name == *name && one.reject_reason.is_none();
        let mut uses = command.uses.iter().filter(is_of_input);
        let is_ours = uses.any(|one| command.text.get(one.span.clone()) == Some(&*word));
        is_ours.then(|| format!("this value cannot be placed for `{word}`: {why}"))
    }

    /// Asks about a literal that the document assigns if a command has just listed other names: a stale one must not be used
    /// in silence.
    fn confirm_stale_literal(&mut self, step: &'a Step, command: &Command) -> Result<Option<Reply>, EngineError> {
        let (Some(name), Some(default)) = (&command.input, command.default_value()) else { return Ok(None) };
        // A secret is not shown beside names that were listed.
        if self.known.values.contains_key(name) || self.is_secret(name) {
            return Ok(None);
        }
        let listed = self.names_just_listed(default);
        if listed.iter().all(|other| other == default) {
            return Ok(None);
        }
        let there = if listed.iter().any(|other| other == default) {
            "is one of the names just listed"
        } else {
            "is not one of the names just listed"
        };
        let why = format!("`{}` has a value written into the document, which {there}", first_line(&command.text));
        let choices = listed.clone();
        let ask = AskInput { name: name.as_str(), why: &why, default: Some(default), choices, ..AskInput::default() };
        match self.operator.ask_question(&Ask::Input(ask))? {
            Reply::Value(value) => {
                let origin = match value == default {
                    true => InputOrigin::Default,
                    false if listed.contains(&value) => InputOrigin::Listing,
                    false => InputOrigin::Prompt,
                };
                self.learn_value(step, name, &value, origin)?;
                Ok(None)
            }
            other => Ok(Some(other)),
        }
    }

    /// Asks until the value fits the input's rules. `may_keep`: the document's own word may stay.
    pub(super) fn ask_for_value(
        &mut self,
        input: &Input,
        why: &str,
        may_keep: bool,
        offered: &[String],
    ) -> Result<Result<String, Reply>, EngineError> {
        let rules = &input.rules;
        let secret = self.is_secret(&input.name);
        let only_choices = !rules.choices.is_empty();
        let is_optional = matches!(input.origin, InputSource::Placeholder(_)) && !input.blocks;
        // The document's own word is never a secret.
        let may_keep = may_keep && is_optional && !secret;
        let why = if self.known.is_forgotten(&input.name) {
            format!("asked for again, since no record holds a secret: {why}")
        } else {
            why.to_owned()
        };
        loop {
            let ask = AskInput {
                name: input.name.as_str(),
                why: &why,
                default: input.default.as_deref().filter(|_| !secret),
                description: rules.description.as_deref(),
                choices: if only_choices { rules.choices.clone() } else { offered.to_vec() },
                only_choices,
                wanted: describe_wanted(input),
                secret,
                keep: may_keep.then_some(&*input.shown),
                files_from: (rules.kind == InputKind::Path).then_some(&*self.progress.state.cwd),
            };
            match self.operator.ask_question(&Ask::Input(ask))? {
                Reply::Value(value) if may_keep && value == input.shown => return Ok(Ok(value)),
                Reply::Value(value) => match self.check_value(rules, &value) {
                    Ok(()) => return Ok(Ok(value)),
                    Err(unfit) => {
                        let warning = format!("the value of `{}` does not fit: {unfit}", input.name);
                        self.operator.show_notice(&Notice::Warning(&warning));
                    }
                },
                other => return Ok(Err(other)),
            }
        }
    }

    /// Checks a value against its input's rules. A path that must exist is looked for from the shell's directory.
    pub(super) fn check_value(&mut self, rules: &InputRules, value: &str) -> Result<(), InvalidValue> {
        rules.check_value(value)?;
        let path = Path::new(&self.progress.state.cwd).join(value);
        if rules.exists && (value.is_empty() || !self.session.path_exists(&path)) {
            return Err(InvalidValue::missing_path(&path, rules.secret));
        }
        Ok(())
    }

    /// Takes a value in: registered if it is a secret, recorded, and known to every later step.
    pub(super) fn learn_value(
        &mut self,
        step: &Step,
        name: &InputName,
        value: &str,
        origin: InputOrigin,
    ) -> Result<(), EngineError> {
        let secret = self.is_secret(name);
        if secret {
            self.register_secret(name, value)?;
        }
        let recorded = if secret { masked_value(name) } else { value.to_owned() };
        self.record_fact(Fact::InputGiven(InputGiven {
            step: Some(step.id.clone()),
            name: name.clone(),
            value: recorded,
            origin,
        }))?;
        self.known.insert_recorded(name, value, origin);
        Ok(())
    }

    /// Records the values given beforehand that a command uses, each at its first use.
    pub(super) fn record_used_values(&mut self, step: &Step, command: &Command) -> Result<(), EngineError> {
        let assigned = command.given_assignment(&self.known.values).map(|(name, _)| name.clone());
        let names: Vec<InputName> = command.uses.iter().map(|one| one.name.clone()).chain(assigned).collect();
        for name in names {
            if self.known.recorded.contains(&name) {
                continue;
            }
            if let Some(value) = self.known.values.get(&name).cloned() {
                let origin = self.known.find_origin(self.progress.plan, &name).unwrap_or(InputOrigin::Flag);
                self.learn_value(step, &name, &value, origin)?;
            }
        }
        Ok(())
    }
}

/// Where the value came from that answered a question.
pub(super) fn answered_origin(input: &Input, value: &str, offered: &[String]) -> InputOrigin {
    if input.default.as_deref() == Some(value) || input.shown == value {
        InputOrigin::Default
    } else if offered.iter().any(|other| other == value) {
        InputOrigin::Listing
    } else {
        InputOrigin::Prompt
    }
}

/// Why the operator is asked for the value of an input.
fn why_asked(input: &Input, command: &Command) -> String {
    let line = first_line(&command.text);
    match input.origin {
        InputSource::Placeholder(_) => format!("`{}` in `{line}` stands for a value", input.shown),
        InputSource::Declared => format!("`{line}` needs `{}`", input.name),
        InputSource::Attribute => format!("`{line}` sets `{}`; its cell asks for the value", input.name),
        InputSource::Variable | InputSource::Assignment => format!("`{line}` reads `{}`, which is not set", input.name),
    }
}

/// The kind of value that an input takes, in words.
fn describe_wanted(input: &Input) -> Option<String> {
    let kind = match input.rules.kind {
        InputKind::Text => None,
        InputKind::Int => Some("a whole number"),
        InputKind::Path => Some("a path"),
        InputKind::Host => Some("a host"),
        InputKind::Url => Some("a URL"),
        InputKind::Bool => Some("`true` or `false`"),
    };
    match (kind, &input.rules.pattern) {
        (Some(kind), Some(pattern)) => Some(format!("{kind} that matches {pattern}")),
        (Some(kind), None) => Some(kind.to_owned()),
        (None, Some(pattern)) => Some(format!("text that matches {pattern}")),
        (None, None) => None,
    }
}
