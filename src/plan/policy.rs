//! The flags of an unattended run, and the check before it starts.
//!
//! Invariant: only the operator's flags permit anything; a document never adds to them. Refuses to know: how flags are parsed.

use super::command::{Command, Refusal, Values};
use super::gate::{Gate, RunPlace, compute_approval};
use super::inputs::{Input, InputSource};
use super::model::{Alternative, Choice, Node, Plan, Step, StepKind};
use super::tracked::{KnownVariables, VariableValues};
use crate::ident::InputName;
use crate::risk::Level;
use crate::shell::ShellDefinitions;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The flags of an unattended run.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, and any may be given with any")]
pub struct Policy {
    /// `--yes`: run without confirming each step.
    pub yes: bool,
    /// `--allow unknown`: run commands whose risk is not known.
    pub allow_unknown: bool,
    /// `--allow destructive`: run commands that destroy or stop something.
    pub allow_destructive: bool,
    /// `--approve STEP@DIGEST`: irreversible steps to run, with their approvals.
    pub approve: Vec<String>,
    /// Host and directory of the run, part of each approval.
    pub place: RunPlace,
    /// `--include STEP`: conditional and guessed steps to run, by number or id.
    pub include: Vec<String>,
    /// `--choose OPTION`: by title, its beginning, anchor, or number.
    pub choose: Vec<String>,
    /// `--input NAME=VALUE`: values of inputs.
    pub values: Values,
    /// Values that variables of the plan have in the environment of the run.
    pub variables: VariableValues,
    /// `--monitor-for`: time after which a monitor or a command that never ends is stopped.
    pub monitor_for: Option<Duration>,
    /// `--rollback-on-failure`: run the rollback steps when a command failed.
    pub rollback_on_failure: bool,
}

/// Something an unattended run lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetRequirement {
    /// Line in the document, from 1.
    pub line: u32,
    /// Description of what is lacking: `` `BACKUP_FILE=…` is a default that later commands use ``.
    pub found: String,
    /// The flag that supplies it; none if only an operator or a change of the document can.
    pub flag: Option<String>,
}

/// Flags of the command line that opened a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningFlags {
    /// The flags as given: `--allow destructive --allow unknown`.
    pub flags: String,
    /// True if an approval of this very step is among them.
    pub is_approved: bool,
}

impl Policy {
    /// Why an unattended run leaves a step out; none if it runs.
    pub fn reason_left_out(&self, step: &Step) -> Option<String> {
        let included = self.include.iter().any(|name| name == &step.number || name == step.id.as_str());
        let include = || format!("`--include {}` runs it", step.number);
        match step.kind {
            StepKind::Task => Some("a task for an operator".to_owned()),
            StepKind::Message => Some("a message for an operator".to_owned()),
            StepKind::Guessed if !included => Some(format!("only looks like shell; {}", include())),
            _ if included => None,
            _ => match &step.conditional {
                Some(condition) => Some(format!("conditional (`{condition}`); {}", include())),
                None if step.cell.attributes.is_set("excludeFromRunAll") => {
                    Some(format!("marked `excludeFromRunAll`; {}", include()))
                }
                None if step.cell.attributes.is_set("confirm") => Some(format!("marked `confirm`; {}", include())),
                None => None,
            },
        }
    }

    /// The index of the first option not yet taken that `--choose` names. `options` are titles and anchors.
    pub fn find_chosen_option(&self, options: &[(String, Option<String>)], taken: &[bool]) -> Option<usize> {
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

    /// Everything an unattended run of this plan lacks, in order of the document. `is_set` says whether the shell will start
    /// with a variable; `rejects` is bash's message for a text it does not accept.
    pub fn unmet_requirements(
        &self,
        plan: &Plan,
        is_set: &dyn Fn(&str) -> bool,
        rejects: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Vec<UnmetRequirement> {
        let mut steps = Vec::new();
        let mut missing = Vec::new();
        self.walk_nodes(&plan.root, plan, &mut steps, &mut missing);
        if self.rollback_on_failure {
            add_rollbacks(plan, &mut steps);
        }
        if !self.yes {
            missing.push(UnmetRequirement {
                line: plan.procedure.line,
                found: "there is no operator at a terminal to confirm each step".to_owned(),
                flag: Some("--yes".to_owned()),
            });
        }
        missing.extend(unread_cells(plan));
        self.check_gates(plan, &steps, &mut missing);
        let mut check = CommandCheck::new(self, plan, is_set);
        for command in steps.iter().flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref())) {
            check.check_command(command, rejects);
        }
        missing.append(&mut check.missing);
        missing.sort_by_key(|lack| lack.line);
        missing
    }

    /// Reports the gates that no flag opens.
    fn check_gates(&self, plan: &Plan, steps: &[&Step], missing: &mut Vec<UnmetRequirement>) {
        let (mut unknown, mut destructive) = (Vec::new(), Vec::new());
        let mut definitions = ShellDefinitions::default();
        let tracked = plan.tracked_values(&self.values, &self.variables);
        let known = KnownVariables { values: &self.values, variables: &tracked };
        for step in steps {
            let mut last_resort = None;
            for (index, command) in step.commands.iter().enumerate() {
                let bound = command.bind_values(&self.values);
                let text = bound.as_ref().map_or(command.text.as_str(), |runnable| runnable.text());
                let mut gate = Gate::for_command(step, index, text, &self.place.host, &definitions);
                gate.raise_by_values(command, text, &known, |expanded| {
                    Gate::for_text(step, expanded, &self.place.host, &definitions)
                });
                let risk = gate.risk;
                definitions.add_all(&command.facts.definitions);
                if risk.unknown {
                    unknown.push(command.line);
                }
                match risk.level {
                    Level::Destroys => destructive.push(command.line),
                    Level::Irreversible => last_resort = last_resort.or(Some(command)),
                    Level::Reads | Level::Changes => {}
                }
            }
            let condition = Gate::for_condition(step, &self.values, &self.place.host, &definitions);
            if let (Some((_, gate)), Some(until)) = (condition, step.repeat.until.as_deref()) {
                if gate.risk.unknown {
                    unknown.push(until.line);
                }
                match gate.risk.level {
                    Level::Destroys => destructive.push(until.line),
                    Level::Irreversible => last_resort = last_resort.or(Some(until)),
                    Level::Reads | Level::Changes => {}
                }
            }
            if let Some(command) = last_resort {
                missing.extend(self.missing_approval(plan, step, command));
            }
        }
        if let (Some(&line), false) = (unknown.first(), self.allow_unknown) {
            let found = format!("{} whose risk is not known", count_in_words(unknown.len(), "command"));
            missing.push(UnmetRequirement { line, found, flag: Some("--allow unknown".to_owned()) });
        }
        if let (Some(&line), false) = (destructive.first(), self.allow_destructive) {
            let found = format!(
                "{} that {} or stop something",
                count_in_words(destructive.len(), "command"),
                if destructive.len() == 1 { "may destroy" } else { "destroy" }
            );
            missing.push(UnmetRequirement { line, found, flag: Some("--allow destructive".to_owned()) });
        }
    }

    /// Why a gate stays closed in an unattended run; none if a flag opens it. The gate comes from the live shell, so it may be
    /// stricter than the one checked before the start.
    pub fn reason_refused(&self, step: &Step, gate: &Gate) -> Option<String> {
        let risk = &gate.risk;
        let because = gate.reason_lines().join("; ");
        if risk.unknown && !self.allow_unknown {
            return Some(format!("{because}; `--allow unknown` is not given"));
        }
        match risk.level {
            Level::Destroys if !self.allow_destructive => {
                Some(format!("{because}; `--allow destructive` is not given"))
            }
            Level::Irreversible if !risk.shadowed.is_empty() => Some(format!("{because}; no approval is for that")),
            Level::Irreversible => {
                let approved = approval_names(step).any(|name| {
                    self.approve.iter().any(|given| given.strip_prefix(name).is_some_and(|d| d.starts_with('@')))
                });
                (!approved).then(|| format!("{because}; it is not approved"))
            }
            Level::Reads | Level::Changes | Level::Destroys => None,
        }
    }

    /// The flags that open a gate for one execution in an unattended run, as the record names them; `None` if none do. `place` is
    /// where the command would run now: an approval holds for the host and directory that it was made for.
    pub fn opening_flags(&self, plan: &Plan, step: &Step, gate: &Gate, place: &RunPlace) -> Option<OpeningFlags> {
        if !self.yes || self.reason_refused(step, gate).is_some() {
            return None;
        }
        let mut flags = Vec::new();
        let mut is_approved = false;
        match gate.risk.level {
            Level::Reads | Level::Changes => {}
            Level::Destroys => flags.push("--allow destructive".to_owned()),
            Level::Irreversible => {
                let digest = compute_approval(plan, step, &self.values, place).ok()?;
                let name = approval_names(step).find(|name| self.approve.contains(&format!("{name}@{digest}")))?;
                flags.push(format!("--approve {name}@{digest}"));
                is_approved = true;
            }
        }
        if gate.risk.unknown {
            flags.push("--allow unknown".to_owned());
        }
        Some(OpeningFlags { flags: flags.join(" "), is_approved })
    }

    /// The approval that an irreversible step lacks; none if the operator gave it.
    fn missing_approval(&self, plan: &Plan, step: &Step, command: &Command) -> Option<UnmetRequirement> {
        let found = format!("`{}` cannot be undone", shorten_first_line(&command.text));
        match compute_approval(plan, step, &self.values, &self.place) {
            Ok(digest) => {
                let given = approval_names(step).any(|name| self.approve.contains(&format!("{name}@{digest}")));
                let flag = Some(format!("--approve {}@{digest}", step.number));
                (!given).then_some(UnmetRequirement { line: command.line, found, flag })
            }
            Err(why) => Some(UnmetRequirement { line: command.line, found: format!("{found}, and {why}"), flag: None }),
        }
    }

    /// Collects the steps that would run, in order, and the choices that no flag answers.
    fn walk_nodes<'p>(
        &self,
        nodes: &'p [Node],
        plan: &'p Plan,
        steps: &mut Vec<&'p Step>,
        missing: &mut Vec<UnmetRequirement>,
    ) {
        for node in nodes {
            match node {
                Node::Step(index) => {
                    steps.extend(plan.steps.get(*index).filter(|step| self.reason_left_out(step).is_none()));
                }
                Node::Choice(choice) => self.walk_choice(choice, plan, steps, missing),
            }
        }
    }

    fn walk_choice<'p>(
        &self,
        choice: &'p Choice,
        plan: &'p Plan,
        steps: &mut Vec<&'p Step>,
        missing: &mut Vec<UnmetRequirement>,
    ) {
        let options = choice.option_names();
        let mut taken = vec![false; options.len()];
        while let Some(chosen) = self.find_chosen_option(&options, &taken) {
            if let Some(slot) = taken.get_mut(chosen) {
                *slot = true;
            }
            if let Some(option) = choice.options.get(chosen) {
                self.walk_nodes(&option.nodes, plan, steps, missing);
            }
        }
        if !taken.contains(&true) {
            let list: Vec<String> = choice.options.iter().map(Alternative::choose_argument).collect();
            missing.push(UnmetRequirement {
                line: choice.line,
                found: format!("`{}` is a choice", choice.title),
                flag: Some(format!("--choose, one of {}", list.join(", "))),
            });
        }
    }
}

/// Collects the values and variables that commands lack, in the order they would run.
struct CommandCheck<'a> {
    policy: &'a Policy,
    /// By name, since a plan may have thousands.
    inputs: HashMap<&'a InputName, &'a Input>,
    is_set: &'a dyn Fn(&str) -> bool,
    /// Values from outside that variables are known to have.
    tracked: VariableValues,
    /// Variables that an earlier command sets, or that were reported already.
    known_variables: BTreeSet<String>,
    /// Inputs that were reported already.
    wanted: BTreeSet<&'a InputName>,
    missing: Vec<UnmetRequirement>,
}

impl<'a> CommandCheck<'a> {
    fn new(policy: &'a Policy, plan: &'a Plan, is_set: &'a dyn Fn(&str) -> bool) -> Self {
        let inputs = plan.inputs.iter().map(|input| (&input.name, input)).collect();
        let (known_variables, wanted) = (BTreeSet::new(), BTreeSet::new());
        let tracked = plan.tracked_values(&policy.values, &policy.variables);
        Self { policy, inputs, is_set, tracked, known_variables, wanted, missing: Vec::new() }
    }

    fn check_command(&mut self, command: &Command, rejects: &mut dyn FnMut(&str) -> Option<String>) {
        self.check_inputs(command);
        self.check_binding(command, rejects);
        self.check_variables(command);
        self.known_variables.extend(command.facts.assignments.iter().map(|assign| assign.name.clone()));
    }

    fn report_missing(&mut self, command: &Command, found: String, flag: Option<String>) {
        self.missing.push(UnmetRequirement { line: command.line, found, flag });
    }

    /// Reports placeholders that take no value, and inputs without one.
    fn check_inputs(&mut self, command: &Command) {
        let values = &self.policy.values;
        for (input_use, why) in command.unplaceable_uses(values).filter(|(input_use, _)| !input_use.blocks) {
            let written = command.text.get(input_use.span.clone()).unwrap_or_default();
            let found =
                format!("`{}`: no value can be placed for `{written}`: {why}", shorten_first_line(&command.text));
            // Given as a value, the written text stays as it is.
            let flag = self.inputs.get(&input_use.name).map(|input| input.flag_keeping_text(written));
            self.report_missing(command, found, flag);
        }
        for input_use in command.unfilled_uses(values).filter(|input_use| input_use.reject_reason.is_none()) {
            let Some(&input) = self.inputs.get(&input_use.name).filter(|input| !input.has_usable_default()) else {
                continue;
            };
            if self.wanted.insert(&input.name) {
                let found = format!("`{}`: `{}` stands for a value", shorten_first_line(&command.text), input.shown);
                self.report_missing(command, found, Some(input.input_flag()));
            }
        }
    }

    /// Reports why the command cannot run with the values given, or bash's objection to it.
    fn check_binding(&mut self, command: &Command, rejects: &mut dyn FnMut(&str) -> Option<String>) {
        let shown = shorten_first_line(&command.text);
        match command.bind_values(&self.policy.values) {
            // The inputs were reported already.
            Err(Refusal::Unplaced(_))
                if command.unfilled_uses(&self.policy.values).any(|input_use| input_use.blocks) => {}
            Err(refusal @ Refusal::Unplaced(_)) => self.report_missing(command, format!("`{shown}`: {refusal}"), None),
            Err(refusal) => self.report_missing(command, format!("`{shown}` cannot run: {refusal}"), None),
            Ok(runnable) => {
                if let Some(message) = rejects(runnable.text()) {
                    self.report_missing(command, format!("`{shown}`: bash says: {message}"), None);
                }
                let judged = command.judge_expansions(runnable.text(), &self.policy.values, &self.tracked);
                for unfit in judged.unfit {
                    let found = format!("`{shown}`: the value of `${}` does not fit: {}", unfit.name, unfit.why);
                    self.report_missing(command, found, None);
                }
            }
        }
    }

    /// Reports a default that nobody confirmed, and variables that nothing sets.
    fn check_variables(&mut self, command: &Command) {
        let values = &self.policy.values;
        if let Some(name) = command.input.as_ref().filter(|name| !values.contains_key(*name)) {
            let found =
                format!("`{}` is a value written long ago that later commands use", shorten_first_line(&command.text));
            self.report_missing(command, found, Some(format!("--input {name}=VALUE")));
        }
        for name in command.needed_variables() {
            let is_given = values.keys().any(|known| known.as_str() == name);
            if !is_given && !(self.is_set)(&name) && self.known_variables.insert(name.clone()) {
                let found = format!("`{}` reads `{name}`, which nothing sets", shorten_first_line(&command.text));
                self.report_missing(command, found, Some(format!("--input {name}=VALUE")));
            }
        }
    }
}

/// Adds the rollback steps that have commands and are not among the steps yet.
fn add_rollbacks<'p>(plan: &'p Plan, steps: &mut Vec<&'p Step>) {
    let rollbacks = plan.rollback_steps().into_iter().filter_map(|index| plan.steps.get(index));
    for step in rollbacks.filter(|step| !step.commands.is_empty()) {
        if !steps.iter().any(|other| other.id == step.id) {
            steps.push(step);
        }
    }
}

/// Cells too long to parse. They are no tasks to leave for later: nobody would notice them.
fn unread_cells(plan: &Plan) -> impl Iterator<Item = UnmetRequirement> {
    plan.reachable_steps().into_iter().filter_map(|index| {
        let step = plan.steps.get(index)?;
        let why = step.task_reason.as_ref().filter(|why| why.is_unread)?;
        let found = format!("a cell cannot be read ({})", why.text);
        Some(UnmetRequirement { line: step.source.line, found, flag: None })
    })
}

/// The names by which `--approve` may refer to a step.
fn approval_names(step: &Step) -> impl Iterator<Item = &str> {
    [step.number.as_str(), step.id.as_str()].into_iter()
}

impl Input {
    /// True if an unattended run may use the document's value.
    fn has_usable_default(&self) -> bool {
        self.origin == InputSource::Attribute && self.default.is_some()
    }

    /// The flag that gives this input a value.
    pub fn input_flag(&self) -> String {
        self.flag_for_value(if self.rules.secret { "@FILE" } else { "VALUE" })
    }

    /// The flag that keeps the placeholder as written.
    fn flag_keeping_text(&self, written: &str) -> String {
        self.flag_for_value(written)
    }

    fn flag_for_value(&self, value: &str) -> String {
        let pair = format!("{}={value}", self.name);
        // As an argument, `NAME=VALUE` needs no quotes, although quoting would add them.
        let plain = pair.chars().all(|c| c.is_ascii_alphanumeric() || "_.:=@-".contains(c));
        if plain { format!("--input {pair}") } else { format!("--input {}", crate::shell::quote_value(&pair)) }
    }
}

impl Choice {
    /// The titles and anchors of the options.
    pub fn option_names(&self) -> Vec<(String, Option<String>)> {
        self.options
            .iter()
            .map(|option| (option.title.clone(), option.anchor.as_ref().map(|anchor| anchor.as_str().to_owned())))
            .collect()
    }
}

impl Alternative {
    /// The quoted name for `--choose`: the anchor, or the title without one.
    fn choose_argument(&self) -> String {
        self.anchor.as_ref().map_or_else(|| format!("'{}'", self.title), |anchor| format!("'{anchor}'"))
    }
}

fn shorten_first_line(text: &str) -> String {
    // A long text is not read to its end: this is asked for once a finding.
    let line: String = text.chars().take_while(|&c| c != '\n').take(61).collect();
    if line.chars().count() > 60 {
        line.chars().take(59).chain(['…']).collect()
    } else {
        line.trim_end_matches('\r').to_owned()
    }
}

fn count_in_words(n: usize, noun: &str) -> String {
    if n == 1 { format!("there is 1 {noun}") } else { format!("there are {n} {noun}s") }
}
