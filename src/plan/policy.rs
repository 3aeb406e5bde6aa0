//! What an unattended run is allowed, and what it still lacks before anything of it may start.
//!
//! Invariant: only the operator's own flags stand here; a document never adds to them.

use super::gate::{Gate, Place, approval};
use super::inputs::{Input, Origin};
use super::model::{Alternative, Choice, Command, Node, Plan, Refusal, Step, StepKind, Values};
use crate::ident::InputName;
use crate::risk::Level;
use crate::shell::Shadows;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The flags of an unattended run.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, and any may be given with any")]
pub struct Policy {
    /// `--yes`.
    pub yes: bool,
    /// `--allow unknown`.
    pub allow_unknown: bool,
    /// `--allow destructive`.
    pub allow_destructive: bool,
    /// `--approve STEP@DIGEST`.
    pub approve: Vec<String>,
    /// Where it runs.
    pub place: Place,
    /// `--include STEP`: conditional and guessed steps to run, by number or id.
    pub include: Vec<String>,
    /// `--choose OPTION`: by title, its beginning, anchor, or number.
    pub choose: Vec<String>,
    /// `--input NAME=VALUE`.
    pub values: Values,
    /// `--monitor-for`: after this long a command that never ends is ended, and a monitor, too.
    pub monitor_for: Option<Duration>,
    /// `--rollback-on-failure`: what was done is undone when a command failed.
    pub rollback_on_failure: bool,
}

/// Something an unattended run lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The document's line, from 1.
    pub line: u32,
    /// What was found: `` `BACKUP_FILE=…` is a default that later commands use ``.
    pub found: String,
    /// The flag that answers it; none when only a change of the document, or an operator, can.
    pub flag: Option<String>,
}

impl Policy {
    /// Why a step is left out of an unattended run, if it is.
    pub fn leaves_out(&self, step: &Step) -> Option<String> {
        let included = self.include.iter().any(|name| name == &step.number || name == step.id.as_str());
        let include = || format!("`--include {}` runs it", step.number);
        match step.kind {
            StepKind::Task => Some("a task for an operator".to_owned()),
            StepKind::Message => Some("a message for an operator".to_owned()),
            StepKind::Guessed if !included => Some(format!("only looks like shell; {}", include())),
            _ if included => None,
            _ => match &step.conditional {
                Some(condition) => Some(format!("conditional (`{condition}`); {}", include())),
                None if step.attributes.is_set("excludeFromRunAll") => {
                    Some(format!("marked `excludeFromRunAll`; {}", include()))
                }
                None if step.attributes.is_set("confirm") => Some(format!("marked `confirm`; {}", include())),
                None => None,
            },
        }
    }

    /// The option that `--choose` names, among those not yet taken.
    pub fn choice(&self, options: &[(String, Option<String>)], taken: &[bool]) -> Option<usize> {
        self.choose.iter().find_map(|wanted| {
            (0..options.len()).find(|&i| {
                !taken.get(i).copied().unwrap_or(false)
                    && options.get(i).is_some_and(|(title, anchor)| {
                        wanted == &(i + 1).to_string()
                            || anchor.as_ref() == Some(&wanted.trim_start_matches('#').to_owned())
                            || title.to_lowercase().starts_with(&wanted.to_lowercase())
                    })
            })
        })
    }

    /// Everything an unattended run of this plan lacks. `is_set` says whether the shell will start with a variable;
    /// `rejects` is bash's message for a text it does not accept.
    pub fn missing(
        &self,
        plan: &Plan,
        is_set: &dyn Fn(&str) -> bool,
        rejects: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Vec<Missing> {
        let mut steps = Vec::new();
        let mut missing = Vec::new();
        self.meet(&plan.root, plan, &mut steps, &mut missing);
        if self.rollback_on_failure {
            let undoing = plan.rollbacks().into_iter().filter_map(|place| plan.steps.get(place));
            for step in undoing.filter(|step| !step.commands.is_empty()) {
                if !steps.iter().any(|other| other.id == step.id) {
                    steps.push(step);
                }
            }
        }
        let commands: Vec<&Command> =
            steps.iter().flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref())).collect();
        if !self.yes {
            missing.push(Missing {
                line: plan.procedure.line,
                found: "there is no operator at a terminal to confirm each step".to_owned(),
                flag: Some("--yes".to_owned()),
            });
        }
        // What is too large to be read is no task for later: nobody would do it.
        for step in plan.reachable().into_iter().filter_map(|place| plan.steps.get(place)) {
            if let Some(why) = step.why.as_ref().filter(|_| step.unread) {
                missing.push(Missing { line: step.line, found: format!("a cell cannot be read ({why})"), flag: None });
            }
        }
        self.gates(plan, &steps, &mut missing);
        let mut set: BTreeSet<String> = BTreeSet::new();
        let mut wanted: BTreeSet<&InputName> = BTreeSet::new();
        // There may be thousands.
        let inputs: HashMap<&InputName, &Input> = plan.inputs.iter().map(|input| (&input.name, input)).collect();
        for command in commands {
            for (one, why) in command.unplaceable(&self.values).filter(|(one, _)| !one.blocks) {
                let written = command.text.get(one.span.clone()).unwrap_or_default();
                missing.push(Missing {
                    line: command.line,
                    found: format!("`{}`: no value can be placed for `{written}`: {why}", head(&command.text)),
                    // Its own text keeps it as it stands.
                    flag: inputs.get(&one.name).map(|input| input.kept(written)),
                });
            }
            for one in command.wants(&self.values).filter(|one| one.no_place.is_none()) {
                let Some(input) = inputs.get(&one.name).filter(|input| !input.may_be_left()) else { continue };
                if wanted.insert(&input.name) {
                    missing.push(Missing {
                        line: command.line,
                        found: format!("`{}`: `{}` stands for a value", head(&command.text), input.shown),
                        flag: Some(input.flag()),
                    });
                }
            }
            match command.bind(&self.values) {
                Err(Refusal::Unplaced(_)) if command.wants(&self.values).any(|one| one.blocks) => {}
                Err(refusal @ Refusal::Unplaced(_)) => missing.push(Missing {
                    line: command.line,
                    found: format!("`{}`: {refusal}", head(&command.text)),
                    flag: None,
                }),
                Err(refusal) => missing.push(Missing {
                    line: command.line,
                    found: format!("`{}` cannot run: {refusal}", head(&command.text)),
                    flag: None,
                }),
                Ok(runnable) => {
                    if let Some(message) = rejects(runnable.text()) {
                        missing.push(Missing {
                            line: command.line,
                            found: format!("`{}`: bash says: {message}", head(&command.text)),
                            flag: None,
                        });
                    }
                }
            }
            if let Some(name) = command.input.as_ref().filter(|name| !self.values.contains_key(*name)) {
                missing.push(Missing {
                    line: command.line,
                    found: format!("`{}` is a value written long ago that later commands use", head(&command.text)),
                    flag: Some(format!("--input {name}=VALUE")),
                });
            }
            for name in command.needs() {
                let given = self.values.keys().any(|known| known.as_str() == name);
                if !given && !is_set(&name) && set.insert(name.clone()) {
                    missing.push(Missing {
                        line: command.line,
                        found: format!("`{}` reads `{name}`, which nothing sets", head(&command.text)),
                        flag: Some(format!("--input {name}=VALUE")),
                    });
                }
            }
            set.extend(command.facts.assigns.iter().map(|assign| assign.name.clone()));
        }
        missing.sort_by_key(|lack| lack.line);
        missing
    }

    /// The gates that no flag answers.
    fn gates(&self, plan: &Plan, steps: &[&Step], missing: &mut Vec<Missing>) {
        let (mut unknown, mut destructive) = (Vec::new(), Vec::new());
        let mut shadows = Shadows::default();
        for step in steps {
            let mut last_resort = None;
            for (index, command) in step.commands.iter().enumerate() {
                let bound = command.bind(&self.values);
                let text = bound.as_ref().map_or(command.text.as_str(), |runnable| runnable.text());
                let risk = Gate::of_command(step, index, text, &self.values, &self.place.host, &shadows).risk;
                shadows.learn(&command.facts.defines);
                if risk.unknown {
                    unknown.push(command.line);
                }
                match risk.level {
                    Level::Destroys => destructive.push(command.line),
                    Level::Irreversible => last_resort = last_resort.or(Some(command)),
                    Level::Reads | Level::Changes => {}
                }
            }
            if let Some(command) = last_resort {
                missing.extend(self.unapproved(plan, step, command));
            }
        }
        if let (Some(&line), false) = (unknown.first(), self.allow_unknown) {
            let found = format!("{} whose risk is not known", count(unknown.len(), "command"));
            missing.push(Missing { line, found, flag: Some("--allow unknown".to_owned()) });
        }
        if let (Some(&line), false) = (destructive.first(), self.allow_destructive) {
            let found = format!(
                "{} that {} or stop something",
                count(destructive.len(), "command"),
                if destructive.len() == 1 { "may destroy" } else { "destroy" }
            );
            missing.push(Missing { line, found, flag: Some("--allow destructive".to_owned()) });
        }
    }

    /// Why a gate stays closed when nobody is there, if it does: what the live shell says counts, whatever was said before the
    /// first command.
    pub fn refuses(&self, step: &Step, gate: &Gate) -> Option<String> {
        let risk = &gate.risk;
        let because = gate.reasons().join("; ");
        if risk.unknown && !self.allow_unknown {
            return Some(format!("{because}; `--allow unknown` is not given"));
        }
        match risk.level {
            Level::Destroys if !self.allow_destructive => {
                Some(format!("{because}; `--allow destructive` is not given"))
            }
            Level::Irreversible if !risk.shadowed.is_empty() => Some(format!("{because}; no approval is for that")),
            Level::Irreversible => {
                let approved = names(step).any(|name| {
                    self.approve.iter().any(|given| given.strip_prefix(name).is_some_and(|d| d.starts_with('@')))
                });
                (!approved).then(|| format!("{because}; it is not approved"))
            }
            Level::Reads | Level::Changes | Level::Destroys => None,
        }
    }

    /// What a step that cannot be undone lacks.
    fn unapproved(&self, plan: &Plan, step: &Step, command: &Command) -> Option<Missing> {
        let found = format!("`{}` cannot be undone", head(&command.text));
        match approval(plan, step, &self.values, &self.place) {
            Ok(digest) => {
                let given = names(step).any(|name| self.approve.contains(&format!("{name}@{digest}")));
                let flag = Some(format!("--approve {}@{digest}", step.number));
                (!given).then_some(Missing { line: command.line, found, flag })
            }
            Err(why) => Some(Missing { line: command.line, found: format!("{found}, and {why}"), flag: None }),
        }
    }

    /// The steps that would run, in order, and the choices nobody has answered.
    fn meet<'p>(&self, nodes: &'p [Node], plan: &'p Plan, steps: &mut Vec<&'p Step>, missing: &mut Vec<Missing>) {
        for node in nodes {
            match node {
                Node::Step(place) => {
                    steps.extend(plan.steps.get(*place).filter(|step| self.leaves_out(step).is_none()));
                }
                Node::Choice(choice) => self.meet_choice(choice, plan, steps, missing),
            }
        }
    }

    fn meet_choice<'p>(
        &self,
        choice: &'p Choice,
        plan: &'p Plan,
        steps: &mut Vec<&'p Step>,
        missing: &mut Vec<Missing>,
    ) {
        let options = choice.names();
        let mut taken = vec![false; options.len()];
        while let Some(chosen) = self.choice(&options, &taken) {
            if let Some(slot) = taken.get_mut(chosen) {
                *slot = true;
            }
            if let Some(option) = choice.options.get(chosen) {
                self.meet(&option.nodes, plan, steps, missing);
            }
        }
        if !taken.contains(&true) {
            let list: Vec<String> = choice.options.iter().map(Alternative::wanted).collect();
            missing.push(Missing {
                line: choice.line,
                found: format!("`{}` is a choice", choice.title),
                flag: Some(format!("--choose, one of {}", list.join(", "))),
            });
        }
    }
}

/// How `--approve` may name a step.
fn names(step: &Step) -> impl Iterator<Item = &str> {
    [step.number.as_str(), step.id.as_str()].into_iter()
}

impl Input {
    /// An unattended run may go on without a value: the document has one.
    fn may_be_left(&self) -> bool {
        self.origin == Origin::Attribute && self.default.is_some()
    }

    /// The flag that gives it.
    pub fn flag(&self) -> String {
        self.giving(if self.rules.secret { "@FILE" } else { "VALUE" })
    }

    /// The flag that keeps the document's own text.
    fn kept(&self, written: &str) -> String {
        self.giving(written)
    }

    fn giving(&self, value: &str) -> String {
        let pair = format!("{}={value}", self.name);
        // `NAME=VALUE` is an assignment elsewhere, and plain here.
        let plain = pair.chars().all(|c| c.is_ascii_alphanumeric() || "_.:=@-".contains(c));
        if plain { format!("--input {pair}") } else { format!("--input {}", crate::shell::quote(&pair)) }
    }
}

impl Choice {
    /// The options' titles and anchors.
    pub fn names(&self) -> Vec<(String, Option<String>)> {
        self.options
            .iter()
            .map(|option| (option.title.clone(), option.anchor.as_ref().map(|anchor| anchor.as_str().to_owned())))
            .collect()
    }
}

impl Alternative {
    /// How `--choose` names it.
    fn wanted(&self) -> String {
        self.anchor.as_ref().map_or_else(|| format!("'{}'", self.title), |anchor| format!("'{anchor}'"))
    }
}

fn head(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 60 { line.chars().take(59).chain(['…']).collect() } else { line.to_owned() }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("there is 1 {noun}") } else { format!("there are {n} {noun}s") }
}
