//! The values of a run: asked for once, at the step that needs them, checked, recorded.
//!
//! Invariant: a secret is known to the record before anything can print it, and its value is in no fact. Refuses to know:
//! how a value is placed.

use super::command::{Candidate, head};
use super::{Engine, EngineError, shown};
use crate::history::{CommandSource, Decision, Fact, InputGiven, InputOrigin};
use crate::ident::{InputName, Seq};
use crate::plan::{Command, Gate, Input, InputKind, Origin, Refusal, Rules, Step, Unfit, Use};
use crate::ports::{Ask, AskCommand, AskInput, Journal, Kernel, Operator, Reply, Talk, TypedSecret};
use std::path::Path;

/// The most lines offered for an input.
const MOST_OFFERED: usize = 1_000;
/// So much of a listing is read for them.
const LISTING_BYTES: usize = 64 << 10;
/// A listing is looked for among so many commands before the one that needs it.
const LISTED_BEFORE: usize = 5;

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// The record is told every secret that was given beforehand.
    pub(super) fn hide_given(&mut self) -> Result<(), EngineError> {
        for (name, value) in self.values.clone() {
            if self.is_secret(&name) {
                self.hide(&name, &value)?;
            }
        }
        Ok(())
    }

    fn hide(&mut self, name: &InputName, value: &str) -> Result<(), EngineError> {
        for refused in self.session.hide(name.as_str(), value)? {
            self.operator.tell(&Talk::Warning(&format!("the secret `{name}` is not masked: {refused}")));
        }
        Ok(())
    }

    pub(super) fn is_secret(&self, name: &InputName) -> bool {
        self.secrets.contains(name) || is_secret(self.plan.input(name), name)
    }

    /// Takes in a secret that was typed into a command: it is held by a variable of the shell and is in no text.
    pub(super) fn take_secret(&mut self, step: &Step, secret: &TypedSecret) -> Result<(), EngineError> {
        let name = InputName::new(secret.name.clone());
        let live = self.session.values(std::slice::from_ref(&secret.name))?;
        let ours = self.is_secret(&name) && self.given.contains(&name);
        if !ours && live.iter().any(|live| live.value.is_some()) {
            let warning =
                format!("`{name}` is a variable of the shell already and stays as it is: give the secret another name");
            self.operator.tell(&Talk::Warning(&warning));
            return Ok(());
        }
        self.secrets.insert(name.clone());
        self.learn(step, &name, &secret.value, InputOrigin::Prompt)?;
        Ok(self.session.set(&secret.name, &secret.value)?)
    }

    /// Asks for what a command's text needs and nobody has given. An answer that is no value is the answer to the
    /// command itself.
    pub(super) fn fill(
        &mut self,
        step: &'a Step,
        place: usize,
        command: &Command,
    ) -> Result<Option<Reply>, EngineError> {
        if !self.settings.mode.is_interactive() {
            return Ok(None);
        }
        if let Some(reply) = self.confirm_stale(step, command)? {
            return Ok(Some(reply));
        }
        let mut names: Vec<InputName> = Vec::new();
        for wanted in command.wants(&self.values).filter(|one| one.no_place.is_none()) {
            if !names.contains(&wanted.name) {
                names.push(wanted.name.clone());
            }
        }
        let plan = self.plan;
        for name in names {
            let Some(input) = plan.input(&name) else { continue };
            let mut offered = self.offered(step, place, input)?;
            if offered.is_empty() {
                offered = self.listed_for(command, &name);
            }
            let why = why(input, command);
            let value = loop {
                match self.ask_value(input, &why, true, &offered)? {
                    Ok(value) => match self.refused_there(command, &name, &value) {
                        None => break value,
                        Some(refused) => self.operator.tell(&Talk::Warning(&refused)),
                    },
                    Err(reply) => return Ok(Some(reply)),
                }
            };
            let own = input.default.as_ref() == Some(&value) || input.shown == value;
            let origin = if own { InputOrigin::Default } else { InputOrigin::Prompt };
            self.learn(step, &input.name, &value, origin)?;
        }
        Ok(None)
    }

    /// Why a value cannot be placed in the command it is asked for, so that another one can be given.
    fn refused_there(&self, command: &Command, name: &InputName, value: &str) -> Option<String> {
        let mut values = self.values.clone();
        values.insert(name.clone(), value.to_owned());
        let Err(Refusal::NotPlaced(word, why)) = command.bind(&values) else { return None };
        let placed = |one: &&Use| one.name == *name && one.no_place.is_none();
        let ours = command.uses.iter().filter(placed).any(|one| command.text.get(one.span.clone()) == Some(&*word));
        ours.then(|| format!("this value cannot be placed for `{word}`: {why}"))
    }

    /// The parts of names just listed that would stand where a value is missing: `2025` of `orders_2025.gz` for
    /// `orders_TIMESTAMP.gz`.
    fn listed_for(&mut self, command: &Command, name: &InputName) -> Vec<String> {
        let Some(one) = command.uses.iter().find(|one| one.name == *name && !one.secret) else { return Vec::new() };
        let ends = |c: char| c.is_whitespace() || "\"'`|;&<>()=".contains(c);
        let before = command
            .text
            .get(..one.span.start)
            .and_then(|text| text.rsplit([' ', '\t', '\n', '"', '\'', '=', '/']).next());
        let after = command.text.get(one.span.end..).and_then(|text| text.split(ends).next());
        let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
        // Both sides of a name of its own, or everything listed would fit.
        if before.len() < 2
            || after.len() < 2
            || after.contains('/')
            || (before.to_owned() + after).contains(['$', '<', '*'])
        {
            return Vec::new();
        }
        let last = self.state.commands.last().map(|command| command.seq);
        let printed = last.map(|last| self.printed(last)).unwrap_or_default();
        let mut found: Vec<String> = Vec::new();
        for word in printed.split_whitespace() {
            let file = word.rsplit('/').next().unwrap_or(word);
            let part =
                file.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).filter(|part| !part.is_empty());
            if let Some(part) = part.filter(|part| !found.iter().any(|known| known == part)) {
                found.push(part.to_owned());
            }
        }
        found.truncate(MOST_OFFERED);
        found
    }

    /// A literal that the step before has just listed other names for is asked about: a stale one must not be restored in
    /// silence.
    fn confirm_stale(&mut self, step: &'a Step, command: &Command) -> Result<Option<Reply>, EngineError> {
        let (Some(name), Some(default)) = (&command.input, command.default_value()) else { return Ok(None) };
        if self.values.contains_key(name) {
            return Ok(None);
        }
        let listed = self.listed_before(default);
        if listed.iter().all(|other| other == default) {
            return Ok(None);
        }
        let there = if listed.iter().any(|other| other == default) {
            "is one of the names just listed"
        } else {
            "is not one of the names just listed"
        };
        let why = format!("`{}` has a value written into the document, which {there}", head(&command.text));
        let ask =
            AskInput { name: name.as_str(), why: &why, default: Some(default), choices: listed, ..AskInput::default() };
        match self.operator.ask(&Ask::Input(ask))? {
            Reply::Value(value) => {
                let origin = if value == default { InputOrigin::Default } else { InputOrigin::Prompt };
                self.learn(step, name, &value, origin)?;
                Ok(None)
            }
            other => Ok(Some(other)),
        }
    }

    /// The names like this one that a command has just listed: the latest of the last few that lists any.
    fn listed_before(&mut self, default: &str) -> Vec<String> {
        let before: Vec<Seq> =
            self.state.commands.iter().rev().take(LISTED_BEFORE).map(|command| command.seq).collect();
        before
            .into_iter()
            .map(|command| listed(&self.printed(command), default))
            .find(|names| !names.is_empty())
            .unwrap_or_default()
    }

    /// The beginning of what a command printed.
    fn printed(&mut self, command: Seq) -> String {
        let inline = self.state.commands.iter().rev().find(|known| known.seq == command).and_then(|known| {
            let output = &known.finished.as_ref()?.output;
            output.inline.clone()
        });
        let mut bytes = inline.unwrap_or_else(|| self.session.printed(command, LISTING_BYTES));
        if bytes.len() == LISTING_BYTES {
            // The last line may have been cut.
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0));
        }
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }

    /// Asks until the value fits. `keep`: the document's own word may stay.
    pub(super) fn ask_value(
        &mut self,
        input: &Input,
        why: &str,
        keep: bool,
        offered: &[String],
    ) -> Result<Result<String, Reply>, EngineError> {
        let rules = &input.rules;
        let secret = self.is_secret(&input.name);
        let only = !rules.choices.is_empty();
        let keep = keep && matches!(input.origin, Origin::Placeholder(_)) && !input.blocks;
        let why = if self.forgotten.contains(&input.name) {
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
                choices: if only { rules.choices.clone() } else { offered.to_vec() },
                only_choices: only,
                wanted: wanted(input),
                secret,
                keep: keep.then_some(&*input.shown),
                files_from: (rules.kind == InputKind::Path).then_some(&*self.state.cwd),
            };
            match self.operator.ask(&Ask::Input(ask))? {
                Reply::Value(value) if keep && value == input.shown => return Ok(Ok(value)),
                Reply::Value(value) => match self.fits(rules, &value) {
                    Ok(()) => return Ok(Ok(value)),
                    Err(unfit) => {
                        let warning = format!("the value of `{}` does not fit: {unfit}", input.name);
                        self.operator.tell(&Talk::Warning(&warning));
                    }
                },
                other => return Ok(Err(other)),
            }
        }
    }

    /// Whether a value is what its input must be; a path that must be there is looked for from the shell's directory.
    fn fits(&mut self, rules: &Rules, value: &str) -> Result<(), Unfit> {
        rules.check(value)?;
        let path = Path::new(&self.state.cwd).join(value);
        if rules.exists && (value.is_empty() || !self.session.is_there(&path)) {
            return Err(Unfit::missing(&path, rules.secret));
        }
        Ok(())
    }

    /// The words that may stand for a value, where none can be placed: they stay.
    pub(super) fn kept_as_written(&self, command: &Command) -> Vec<String> {
        let kept = command.unplaceable(&self.values).filter(|(one, _)| !one.blocks);
        kept.map(|(one, why)| {
            let written = command.text.get(one.span.clone()).unwrap_or_default();
            format!("`{written}` stays as it is written, for no value can be placed there: {why}")
        })
        .collect()
    }

    /// A value that a program may take for an option.
    pub(super) fn dashes(&self, command: &Command) -> Option<String> {
        let begins_word = |at: usize| command.text.get(..at).is_some_and(|text| text.ends_with([' ', '\t', '\'', '"']));
        let mut values = command.uses.iter().filter(|one| begins_word(one.span.start)).filter_map(|one| {
            self.values.get(&one.name).filter(|value| value.starts_with('-') && value.len() > 1 && !one.secret)
        });
        values
            .next()
            .map(|value| format!("the value `{value}` begins with a dash, so a program may take it for an option"))
    }

    /// The lines of the command that the document names for an input. It is shown and asked about like any other, and runs
    /// only if all it does is read.
    pub(super) fn offered(&mut self, step: &'a Step, place: usize, input: &Input) -> Result<Vec<String>, EngineError> {
        let Some(from) = &input.rules.from else { return Ok(Vec::new()) };
        // On a terminal `ls` and others print columns.
        let piped = format!("{} | cat", from.trim_end());
        let command =
            Command::typed(if Command::typed(from, 0).facts.status.pipeline.is_some() { &piped } else { from }, 0);
        let runnable = match self.ready(&command) {
            Ok(runnable) if command.facts.reads_only => runnable,
            Ok(_) => return Ok(self.not_offered(input, "it is not known to only read")),
            Err(refusal) => return Ok(self.not_offered(input, &refusal.to_string())),
        };
        let shadows = self.session.shadows()?;
        let gate = Gate::of(step, runnable.text(), &self.settings.host, &shadows);
        let ask = AskCommand {
            shown: shown(self.plan, self.settings, &self.state, &self.order, place, self.elapsed(), step),
            command: &command,
            index: step.commands.len(),
            text: runnable.text(),
            refused: None,
            confirm: vec![format!("its lines are offered for `{}`", input.name)],
            gate,
        };
        match self.operator.ask(&Ask::Command(ask))? {
            Reply::Run | Reply::RunRest => {}
            other => {
                self.answered_otherwise(step, other)?;
                return Ok(Vec::new());
            }
        }
        let candidate = Candidate { command, source: CommandSource::Own, decision: Decision::Own };
        let Some(finished) = self.execute(step, None, &candidate, &runnable, Decision::Own)? else {
            return Ok(Vec::new());
        };
        let text = self.printed(finished.started);
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_OFFERED).map(str::to_owned).collect())
    }

    fn not_offered(&mut self, input: &Input, why: &str) -> Vec<String> {
        let from = input.rules.from.as_deref().unwrap_or_default();
        let warning =
            format!("`{}`, whose lines the document would offer for `{}`, is not run: {why}", head(from), input.name);
        self.operator.tell(&Talk::Warning(&warning));
        Vec::new()
    }

    /// Takes a value in: hidden if it is a secret, recorded, known to every later step.
    pub(super) fn learn(
        &mut self,
        step: &Step,
        name: &InputName,
        value: &str,
        origin: InputOrigin,
    ) -> Result<(), EngineError> {
        let secret = self.is_secret(name);
        if secret {
            self.hide(name, value)?;
        }
        let recorded = if secret { format!("[masked:{name}]") } else { value.to_owned() };
        self.record(Fact::InputGiven(InputGiven {
            step: Some(step.id.clone()),
            name: name.clone(),
            value: recorded,
            origin,
        }))?;
        self.given.insert(name.clone());
        self.forgotten.remove(name);
        self.values.insert(name.clone(), value.to_owned());
        Ok(())
    }

    /// A value that was given before the run was taken up again. A secret is not in the record, and is asked for again.
    pub(super) fn take_back(&mut self, given: &InputGiven) {
        if given.value == format!("[masked:{}]", given.name) {
            self.secrets.insert(given.name.clone());
            self.forgotten.insert(given.name.clone());
        } else if !self.is_secret(&given.name) && !given.value.contains("[masked:") {
            // One given anew counts, and is recorded where it is used.
            let known = self.values.entry(given.name.clone()).or_insert_with(|| given.value.clone());
            if *known == given.value {
                self.given.insert(given.name.clone());
            }
        }
    }

    /// Records the values given beforehand that a command uses, each at its first use.
    pub(super) fn record_given(&mut self, step: &Step, command: &Command) -> Result<(), EngineError> {
        let assigned = command.given(&self.values).map(|(name, _)| name.clone());
        let names: Vec<InputName> = command.uses.iter().map(|one| one.name.clone()).chain(assigned).collect();
        for name in names {
            if self.given.contains(&name) {
                continue;
            }
            if let Some(value) = self.values.get(&name).cloned() {
                let default = self.plan.input(&name).and_then(|input| input.default.as_ref()) == Some(&value);
                let origin = if default { InputOrigin::Default } else { InputOrigin::Flag };
                self.learn(step, &name, &value, origin)?;
            }
        }
        Ok(())
    }
}

/// The names in an output that end like a default does, in its folder where they have none.
fn listed(printed: &str, default: &str) -> Vec<String> {
    let name = default.rsplit('/').next().unwrap_or(default);
    let Some((_, ending)) = name.rsplit_once('.').filter(|(stem, ending)| !stem.is_empty() && !ending.is_empty())
    else {
        return Vec::new();
    };
    let folder = default.strip_suffix(name).unwrap_or("");
    let alike = |word: &&str| word.rsplit_once('.').is_some_and(|(stem, end)| end == ending && !stem.is_empty());
    let mut names: Vec<String> = Vec::new();
    for word in printed.split_whitespace().filter(alike) {
        let name = if word.contains('/') { word.to_owned() } else { format!("{folder}{word}") };
        if !names.contains(&name) && names.len() < MOST_OFFERED {
            names.push(name);
        }
    }
    names
}

fn is_secret(input: Option<&Input>, name: &InputName) -> bool {
    input.map_or_else(|| crate::plan::is_secret_name(name.as_str()), |input| input.rules.secret)
}

fn why(input: &Input, command: &Command) -> String {
    let head = head(&command.text);
    match input.origin {
        Origin::Placeholder(_) => format!("`{}` in `{head}` stands for a value", input.shown),
        Origin::Declared => format!("`{head}` needs `{}`", input.name),
        Origin::Attribute => format!("`{head}` sets `{}`; its cell asks for the value", input.name),
        Origin::Variable | Origin::Assignment => format!("`{head}` reads `{}`, which is not set", input.name),
    }
}

fn wanted(input: &Input) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_listing_offers_the_names_that_end_alike() {
        let long = "-rw-r--r-- 1 a a 20 Jan 22 02:00 backups/db_2.sql.gz\ntotal 4.0K\n";
        assert_eq!(listed(long, "backups/db_1.sql.gz"), ["backups/db_2.sql.gz"]);
        assert_eq!(listed("db_2.gz\nnotes.txt\ndb_2.gz\n", "backups/db_1.gz"), ["backups/db_2.gz"]);
        assert!(listed("a b c 1.2", "production").is_empty());
    }
}
