//! The answer that a command needs from the operator before it may run.
//!
//! Invariant: a document can raise a risk and never lower it; an approval holds only for the exact texts and values it was made from.
//! Refuses to know: who answers.

use super::command::{Command, Values};
use super::model::{Plan, Step};
use super::tracked::{KnownVariables, VariableValues};
use crate::ident::Digest;
use crate::risk::{Flag, Level, Risk};
use crate::shell::{SessionChange, ShellDefinitions};

/// The answer that opens a gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequiredAnswer {
    /// Press Enter, as before any command.
    #[default]
    Enter,
    /// Type `y` to confirm.
    Yes,
    /// Type this text: the name of the object at risk.
    Typed(String),
}

/// An answer that lets a command run, as the operator gave it. Whether it is enough is for the [`Gate`] to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Enter, or the key that runs a command without a question of its own.
    Enter,
    /// `y`, at a question that asks for it.
    Yes,
    /// The name of the object at risk, typed.
    Typed(String),
    /// The flags of an unattended run, by its policy.
    Flags,
}

/// A command's risk and the answer that it needs before it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// The command's risk, raised where the document says so.
    pub risk: Risk,
    /// The answer that opens the gate.
    pub required_answer: RequiredAnswer,
}

impl Gate {
    /// The gate of a step's text, on this host, in a shell with these functions and aliases.
    pub fn for_text(step: &Step, text: &str, host: &str, definitions: &ShellDefinitions) -> Self {
        Self::from_risk(step, crate::risk::risk_with(text, definitions), host)
    }

    /// The gate of a risk, raised where the step's document says so.
    fn from_risk(step: &Step, mut risk: Risk, host: &str) -> Self {
        if let Some(raised) = step.cell.attributes.get("risk").and_then(parse_risk_level) {
            risk.level = risk.level.max(raised);
        }
        for influence in &*step.cell.influences {
            influence.add_to(&mut risk);
        }
        let required_answer = match risk.level {
            Level::Irreversible => RequiredAnswer::Typed(confirmation_text(&risk, step, host)),
            Level::Destroys => RequiredAnswer::Yes,
            Level::Reads | Level::Changes if risk.unknown => RequiredAnswer::Yes,
            Level::Reads | Level::Changes => RequiredAnswer::Enter,
        };
        Self { risk, required_answer }
    }

    /// The gate of a step's command with its values. A condition behind it has a gate of its own, see [`Gate::for_condition`].
    pub fn for_command(step: &Step, index: usize, text: &str, host: &str, definitions: &ShellDefinitions) -> Self {
        match step.commands.get(index) {
            Some(command) => Self::from_risk(step, command.judge_text(text, definitions), host),
            None => Self::for_text(step, text, host, definitions),
        }
    }

    /// Raises the gate to that of the same command with the values of its variables in place, where that is stricter.
    pub fn raise_to(&mut self, other: Self) {
        let is_unknown = self.risk.unknown || other.risk.unknown;
        if other.risk.level > self.risk.level {
            *self = other;
        } else if other.risk.unknown && !self.risk.unknown {
            self.risk.reasons.extend(other.risk.reasons.into_iter().filter(|reason| reason.level.is_none()));
        }
        self.risk.unknown = is_unknown;
        if is_unknown && self.required_answer == RequiredAnswer::Enter {
            self.required_answer = RequiredAnswer::Yes;
        }
    }

    /// Raises the gate by what the command does with the values that its variables are known to have.
    pub fn raise_by_values(
        &mut self,
        command: &Command,
        text: &str,
        known: &KnownVariables<'_>,
        judge: impl FnOnce(&str) -> Self,
    ) {
        let expanded = command.judge_expansions(text, known.values, known.variables).expanded;
        if expanded != text {
            self.raise_to(judge(&expanded));
        }
    }

    /// The text of the `until` condition behind a step's commands and its gate; `None` if the step waits for nothing.
    pub fn for_condition(
        step: &Step,
        values: &Values,
        host: &str,
        definitions: &ShellDefinitions,
    ) -> Option<(String, Self)> {
        let until = step.repeat.until.as_deref()?;
        let text = until.bind_values(values).map_or_else(|_| until.text.clone(), |bound| bound.text().to_owned());
        let gate = Self::for_text(step, &text, host, definitions);
        Some((text, gate))
    }

    /// Turns the name to type into the live object: variables become what they hold (`live`), and a path on this machine becomes
    /// what it leads to (`locate`). If either does not know, the step and the host are typed instead, so that nobody confirms
    /// `$DIR` without knowing what it is.
    pub fn resolve_name(
        &mut self,
        step: &Step,
        host: &str,
        live: impl Fn(&str) -> Option<String>,
        locate: impl FnOnce(&str) -> Option<String>,
    ) {
        let is_path = self.is_local_path();
        let RequiredAnswer::Typed(name) = &mut self.required_answer else { return };
        if *name == Self::fallback_name(step, host) {
            return;
        }
        let held = if name.contains(['$', '`']) { expand_variables(name, live) } else { Some(name.clone()) };
        let resolved = if is_path { held.and_then(|path| locate(&path)) } else { held };
        *name = resolved.filter(|name| can_be_typed(name)).unwrap_or_else(|| Self::fallback_name(step, host));
    }

    /// The name to type where the object cannot be named: the number of the step and the host.
    pub fn fallback_name(step: &Step, host: &str) -> String {
        format!("{} {host}", step.number).trim().to_owned()
    }

    /// True if the name to type is that of a path on this machine, and not within a container or on another host.
    fn is_local_path(&self) -> bool {
        let risk = &self.risk;
        let is_elsewhere = |name: &str| {
            risk.effects.writes.iter().any(|touched| touched.name == name && touched.within.is_some())
                || risk.flags.contains(&Flag::Remote)
        };
        risk.object_to_type().is_some_and(|object| object.kind == "path" && !is_elsewhere(&object.name))
    }

    /// True if the operator's consent is enough for the command. Flags open an open gate alone: whether they open a closed one
    /// depends on the step, see [`Policy::opening_flags`](super::Policy::opening_flags).
    pub fn is_passed_by(&self, consent: &Consent) -> bool {
        match (&self.required_answer, consent) {
            (RequiredAnswer::Enter, _) | (RequiredAnswer::Yes, Consent::Yes | Consent::Typed(_)) => true,
            (RequiredAnswer::Typed(name), Consent::Typed(typed)) => typed.trim() == name.trim(),
            (RequiredAnswer::Yes | RequiredAnswer::Typed(_), _) => false,
        }
    }

    /// True if the command needs more than Enter.
    pub fn is_closed(&self) -> bool {
        self.required_answer != RequiredAnswer::Enter
    }

    /// Names that a function or alias of the shell replaces, one line each.
    pub fn shadowed_names(&self) -> impl Iterator<Item = String> {
        self.risk
            .shadowed
            .iter()
            .map(|shadowed| format!("`{}` is {} of this shell", shadowed.name, shadowed.kind.as_str()))
    }

    /// Why the command needs more than Enter, one line each; empty for an open gate.
    pub fn reason_lines(&self) -> Vec<String> {
        if !self.is_closed() {
            return Vec::new();
        }
        let risk = &self.risk;
        let mut lines = Vec::new();
        if risk.level >= Level::Destroys {
            let stake =
                risk.object_to_type().map_or_else(String::new, |object| format!(": {} `{}`", object.kind, object.name));
            lines.push(format!("{}{stake}", risk.level.as_str()));
        }
        lines.extend(self.shadowed_names());
        let decisive: Vec<&str> = risk.decisive_reasons().map(|reason| reason.text.as_str()).collect();
        lines.extend(decisive.iter().take(3).map(|text| (*text).to_owned()));
        if risk.unknown {
            lines.push("its risk is not known".to_owned());
        }
        let telling = risk.flags.iter().filter(|flag| !matches!(flag, Flag::NoDryRun | Flag::NeedsTty));
        let flags: Vec<&str> = telling.map(|flag| flag.as_str()).collect();
        if !flags.is_empty() && risk.level >= Level::Destroys {
            lines.push(flags.join(", "));
        }
        lines
    }
}

/// The text that a typed confirmation asks for: the object's name, or else the number of the step and the host.
fn confirmation_text(risk: &Risk, step: &Step, host: &str) -> String {
    if let Some(object) =
        risk.object_to_type().filter(|object| object.level == risk.level && can_be_typed(&object.name))
    {
        return object.name.clone();
    }
    Gate::fallback_name(step, host)
}

fn can_be_typed(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 80 && !name.contains(char::is_control)
}

/// Replaces `$NAME` and `${NAME}` by their values. `None` if a value is unknown or another expansion is in the text.
fn expand_variables(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        out.push_str(&value_of(name)?);
        rest = behind;
    }
    out.push_str(rest);
    (!rest.contains('`') && !out.contains('`')).then_some(out)
}

fn parse_risk_level(text: &str) -> Option<Level> {
    Some(match text {
        "1" | "changes" => Level::Changes,
        "2" | "destroys" | "destructive" => Level::Destroys,
        "3" | "irreversible" | "final" => Level::Irreversible,
        _ => return None,
    })
}

/// The functions and aliases that earlier steps of the plan define, as far as their texts show.
pub fn definitions_before(plan: &Plan, step: &Step) -> ShellDefinitions {
    let mut definitions = ShellDefinitions::default();
    let steps = plan.steps.iter().take_while(|other| other.id != step.id);
    steps.flat_map(|other| &other.commands).for_each(|command| definitions.add_all(&command.facts.definitions));
    definitions
}

/// The host and directory of an unattended run. An approval is bound to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPlace {
    /// Host name of the machine.
    pub host: String,
    /// Working directory at the start.
    pub cwd: String,
}

/// The approval of a step with irreversible commands: 16 hexadecimal digits over the commands, values, host and directory.
/// Fails with the reason if the effects cannot be known beforehand.
pub fn compute_approval(plan: &Plan, step: &Step, values: &Values, place: &RunPlace) -> Result<String, String> {
    let mut texts = Vec::new();
    let mut definitions = definitions_before(plan, step);
    let tracked = plan.tracked_values(values, &VariableValues::new());
    for (index, command) in step.commands.iter().enumerate() {
        let text =
            command.bind_values(values).map_or_else(|_| command.text.clone(), |runnable| runnable.text().to_owned());
        let mut gate = Gate::for_command(step, index, &text, &place.host, &definitions);
        let known = KnownVariables { values, variables: &tracked };
        gate.raise_by_values(command, &text, &known, |expanded| {
            Gate::for_text(step, expanded, &place.host, &definitions)
        });
        definitions.add_all(&command.facts.definitions);
        if gate.risk.level == Level::Irreversible {
            if let Some(shadowed) = gate.shadowed_names().next() {
                return Err(format!("{shadowed}, and what that does is not known beforehand"));
            }
            let open =
                command.facts.variable_reads.iter().find(|read| !values.keys().any(|name| name.as_str() == read.name));
            if let Some(open) = open {
                return Err(format!("what `${}` stands for is not known beforehand", open.name));
            }
            if text.contains("$(") || text.contains('`') {
                return Err("a part of it comes out of another command".to_owned());
            }
        }
        texts.push(format!("{}:{text}", gate.risk.level.as_number()));
    }
    if let Some((text, gate)) = Gate::for_condition(step, values, &place.host, &definitions) {
        if gate.risk.level == Level::Irreversible {
            return Err("what it waits for would run again and again".to_owned());
        }
        texts.push(format!("{}:{text}", gate.risk.level.as_number()));
    }
    let before = plan.steps.iter().take_while(|other| other.id != step.id).flat_map(|other| &other.commands);
    let mut moved = before.filter(|command| command.facts.session_changes.contains(&SessionChange::Directory));
    if let Some(command) = moved.next() {
        return Err(format!("line {} changes the directory", command.line));
    }
    let given: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut parts = vec![plan.document.to_string(), step.id.as_str().to_owned(), place.host.clone(), place.cwd.clone()];
    parts.extend(given);
    parts.extend(texts);
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    Ok(Digest::of_parts(&parts).to_string().chars().filter(char::is_ascii_hexdigit).take(16).collect())
}
