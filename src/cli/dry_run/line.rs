//! One command of a reviewed plan, and the words that describe it.
//!
//! Invariant: the words are the same in text, in Markdown and in JSON. Refuses to know: the layout.

use crate::plan::{Command, Gate, Policy, RequiredAnswer};
use crate::risk::Level;
use std::borrow::Cow;

/// A command as a run would execute it, with its risk and what it lacks.
pub(super) struct ReviewedCommand<'a> {
    pub(super) command: Cow<'a, Command>,
    /// Why it runs, if it is not one of the step's own commands.
    pub(super) role: Option<String>,
    pub(super) text: String,
    pub(super) gate: Gate,
    /// Why the command cannot run as written.
    pub(super) refused: Option<String>,
    /// Flags for the values that its text still needs.
    pub(super) wanted: Vec<String>,
    /// Variables that it reads and that nothing has set before.
    pub(super) unset: Vec<String>,
    /// Programs that it calls; `true` for those found on this machine.
    pub(super) needs: Vec<(String, bool)>,
    /// Lines of checks before it whose failure would not stop it in a plain shell.
    pub(super) unchecked: Vec<u32>,
    /// How an unattended run would treat it, in words.
    pub(super) unattended: String,
}

/// The facts of a step that decide how an unattended run treats its commands.
pub(super) struct StepCircumstances<'a> {
    pub(super) policy: &'a Policy,
    pub(super) number: &'a str,
    pub(super) left_out: Option<&'a str>,
    pub(super) approval: Option<&'a Result<String, String>>,
}

impl ReviewedCommand<'_> {
    /// `2 destroys or stops, path `x` (privileged)`.
    pub(super) fn risk_summary(&self) -> String {
        let risk = &self.gate.risk;
        let unknown = if risk.unknown { ", and not known beyond" } else { "" };
        let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.as_str()).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(" ({})", flags.join(", ")) };
        let object = match risk.object_to_type() {
            Some(object) if object.level == risk.level => format!(", {} `{}`", object.kind, object.name),
            _ => String::new(),
        };
        format!("{} {}{unknown}{object}{flags}", risk.level.as_number(), risk.level.as_str())
    }

    /// Up to four reasons for the risk, the shadowed names first.
    pub(super) fn risk_reasons(&self) -> Vec<String> {
        let shadowed = self.gate.shadowed_names();
        let mut reasons: Vec<String> =
            shadowed.chain(self.gate.risk.decisive_reasons().map(|reason| reason.text.clone())).collect();
        reasons.dedup();
        reasons.truncate(4);
        reasons
    }

    /// The answer that lets the command run when an operator is there.
    pub(super) fn operator_answer(&self) -> String {
        match &self.gate.required_answer {
            RequiredAnswer::Enter => "Enter".to_owned(),
            RequiredAnswer::Yes => "y".to_owned(),
            RequiredAnswer::Typed(name) if name.contains(['$', '`']) => {
                format!("y, then what `{name}` stands for by then, typed")
            }
            RequiredAnswer::Typed(name) => format!("y, then `{name}` typed"),
        }
    }

    /// The effects that are known, as a label and its values. Empty fields are left out.
    pub(super) fn known_effects(&self) -> Vec<(&'static str, Vec<String>)> {
        let effects = &self.gate.risk.effects;
        let strings = |list: &[crate::risk::Touched]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let needs = self.needs.iter().map(|(name, there)| {
            if *there { format!("`{name}`") } else { format!("`{name}`, which is not on this machine") }
        });
        let fields = [
            ("reads", strings(&effects.reads)),
            ("writes", strings(&effects.writes)),
            ("talks to", effects.talks_to.clone()),
            ("needs", needs.collect()),
        ];
        fields.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Further remarks, one a line: unset variables, a value to confirm, why it cannot run.
    pub(super) fn further_remarks(&self) -> Vec<String> {
        let mut facts: Vec<String> = self.role.iter().cloned().collect();
        if let Some(line) = self.unchecked.first() {
            facts.push(format!(
                "plain bash would run it even after line {line} has failed; here a failure stops the step first"
            ));
        }
        if !self.unset.is_empty() {
            let names: Vec<String> = self.unset.iter().map(|name| format!("`{name}`")).collect();
            facts.push(format!("asks first for {}", names.join(", ")));
        }
        let why = self.command.facts.never_ends_reason.as_ref().or(self.command.facts.interactive_reason.as_ref());
        facts.extend(why.cloned());
        if let Some(input) = &self.command.input {
            facts.push(format!("`{input}` is a value to confirm: --input {input}=VALUE"));
        }
        if let Some(why) = &self.refused {
            facts.push(format!("cannot run as it stands: {why}"));
        }
        facts
    }

    /// Fills in [`Self::unattended`] from the flags that were given.
    pub(super) fn decide_unattended(&mut self, around: &StepCircumstances<'_>) {
        self.unattended = self.unattended_verdict(around);
    }

    fn unattended_verdict(&self, around: &StepCircumstances<'_>) -> String {
        let StepCircumstances { policy, number, left_out, approval } = around;
        if let Some(why) = left_out {
            return format!("leaves it out: {why}");
        }
        if self.refused.is_some() {
            return "does not begin the run: it cannot run as it stands".to_owned();
        }
        let mut lacks = self.wanted.clone();
        lacks.extend(self.unset.iter().map(|name| format!("--input {name}=VALUE")));
        if let Some(input) = self.command.input.as_ref().filter(|input| !policy.values.contains_key(*input)) {
            lacks.push(format!("--input {input}=VALUE"));
        }
        let risk = &self.gate.risk;
        if risk.unknown && !policy.allow_unknown {
            lacks.push("--allow unknown".to_owned());
        }
        match (risk.level, approval) {
            (Level::Destroys, _) if !policy.allow_destructive => lacks.push("--allow destructive".to_owned()),
            (Level::Irreversible, Some(Ok(digest))) => {
                let approve = format!("{number}@{digest}");
                if !policy.approve.contains(&approve) {
                    lacks.push(format!("--approve {approve}"));
                }
            }
            (Level::Irreversible, Some(Err(why))) => {
                return format!("does not begin the run: it cannot be approved beforehand, for {why}");
            }
            _ => {}
        }
        if !lacks.is_empty() {
            return format!("does not begin the run without {}", lacks.join(" "));
        }
        if self.command.facts.never_ends_reason.is_some() {
            let lasts = policy.monitor_for.map_or("a while".to_owned(), |lasts| format!("{} s", lasts.as_secs()));
            return format!("runs it, and ends it after {lasts} (`--monitor-for`)");
        }
        "runs it".to_owned()
    }
}
