//! Reviews a plan: each command bound, checked by bash, and weighed.
//!
//! Invariant: bash is asked only for its syntax, and programs are looked up without starting them.

use super::line::{ReviewedCommand, StepCircumstances};
use super::model::{DryRun, PlanEntry, ReviewedStep};
use crate::cli::environment::Environment;
use crate::cli::findings;
use crate::cli::open::OpenedDocument;
use crate::ident::InputName;
use crate::kernel::{BashSyntax, PathProbe, find_program};
use crate::plan::{
    Command, Gate, Input, KnownVariables, Node, Plan, Policy, Refusal, RequiredAnswer, Step, VariableValues,
    compute_approval, locate_object, spell_duration,
};
use crate::ports::{Probe as _, Syntax as _, SyntaxVerdict};
use crate::risk::Level;
use crate::session::BASH_SETS;
use crate::shell::{SessionChange, ShellDefinitions, is_builtin};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Reviews the steps of a plan in order, as a run with this policy would meet them.
pub(in crate::cli) fn review_plan<'a>(
    plan: &'a Plan,
    opened: &OpenedDocument,
    policy: &'a Policy,
    environment: &Environment,
) -> DryRun<'a> {
    let path = environment.get("PATH");
    let mut syntax = BashSyntax::new(find_program("bash", path));
    let commands =
        plan.reachable_steps().into_iter().filter_map(|index| plan.steps.get(index)).flat_map(|step| &step.commands);
    syntax.prefetch_verdicts(
        commands
            .filter_map(|command| command.bind_values(&policy.values).ok())
            .map(|runnable| runnable.text().to_owned())
            .collect(),
    );
    let is_set =
        |name: &str| environment.all_variables().keys().any(|known| known == name) || BASH_SETS.contains(&name);
    let missing = policy.unmet_requirements(plan, &is_set, &mut |text| bash_rejects(&mut syntax, text));
    let lines: (u32, u32) = plan_lines(plan);
    let found = findings::review_document(opened, environment);
    // Pairs of lines: a destructive command, and the check before it that would not stop it.
    let unchecked = found
        .iter()
        .filter(|finding| finding.code == "unchecked-destruction")
        .flat_map(|finding| finding.related.iter().map(|(span, _)| (opened.runbook.line_of(span.start), finding.line)));
    let unchecked = unchecked.collect();
    let findings = found.iter().filter(|finding| (lines.0..=lines.1).contains(&finding.line));
    let findings = findings
        .map(|finding| {
            format!(
                "{}:{}: {}[{}]: {}",
                opened.file_name(),
                finding.line,
                finding.severity.as_str(),
                finding.code,
                finding.message
            )
        })
        .collect();
    let mut reviewer = Reviewer {
        plan,
        inputs: plan.inputs.iter().map(|input| (&input.name, input)).collect(),
        policy,
        syntax,
        probe: PathProbe::new(path.map(ToOwned::to_owned)),
        set: BTreeSet::new(),
        tracked: plan.tracked_values(&policy.values, &policy.variables),
        offered: BTreeSet::new(),
        is_moved: false,
        definitions: ShellDefinitions::default(),
        unchecked,
        is_set: &is_set,
    };
    let mut entries = Vec::new();
    reviewer.review_nodes(&plan.root, 0, &mut entries);
    DryRun { plan, file: opened.file_name(), policy, entries, missing, findings }
}

/// First and last line of the plan's steps. The line before the first step counts, for it may hold a comment.
fn plan_lines(plan: &Plan) -> (u32, u32) {
    let steps: Vec<&Step> = plan.reachable_steps().into_iter().filter_map(|index| plan.steps.get(index)).collect();
    let first = steps.iter().map(|step| step.source.line).min().unwrap_or(0);
    (first.saturating_sub(1), steps.iter().map(|step| step.source.end_line).max().unwrap_or(0))
}

fn bash_rejects(syntax: &mut BashSyntax, text: &str) -> Option<String> {
    match syntax.check_syntax(text) {
        SyntaxVerdict::Accepted => None,
        SyntaxVerdict::Rejected { message, .. } => Some(message),
        SyntaxVerdict::Unavailable(why) => Some(why),
    }
}

struct Reviewer<'a, 'r> {
    plan: &'a Plan,
    /// The plan's inputs by name; a plan may have thousands.
    inputs: HashMap<&'a InputName, &'a Input>,
    policy: &'a Policy,
    syntax: BashSyntax,
    probe: PathProbe,
    /// Variables that the steps before assign.
    set: BTreeSet<String>,
    /// Values from outside that variables are known to have.
    tracked: VariableValues,
    /// Inputs whose offering command was reviewed already.
    offered: BTreeSet<&'a InputName>,
    /// True if a command before changes the directory.
    is_moved: bool,
    /// The functions and aliases that the steps before define.
    definitions: ShellDefinitions,
    /// Pairs of lines: a destructive command, and the check before it whose failure would not stop it in a plain shell.
    unchecked: Vec<(u32, u32)>,
    is_set: &'r dyn Fn(&str) -> bool,
}

impl<'a> Reviewer<'a, '_> {
    fn review_nodes(&mut self, nodes: &'a [Node], depth: usize, entries: &mut Vec<PlanEntry<'a>>) {
        for node in nodes {
            match node {
                Node::Step(index) => {
                    if let Some(step) = self.plan.steps.get(*index) {
                        let reviewed = self.review_step(step);
                        entries.push(PlanEntry::Step(depth, reviewed));
                    }
                }
                Node::Choice(choice) => {
                    entries.push(PlanEntry::Choice(depth, &choice.title));
                    for option in &choice.options {
                        entries.push(PlanEntry::Option(depth + 1, option));
                        self.review_nodes(&option.nodes, depth + 2, entries);
                    }
                }
            }
        }
    }

    fn review_step(&mut self, step: &'a Step) -> ReviewedStep<'a> {
        let mut commands: Vec<ReviewedCommand<'a>> = Vec::new();
        for (index, command) in step.commands.iter().enumerate() {
            commands.extend(self.review_offering_commands(step, command));
            commands.push(self.review_command(step, index, Cow::Borrowed(command)));
        }
        if let Some(until) = step.repeat.until.as_deref() {
            commands.extend(self.review_offering_commands(step, until));
            let mut condition = self.review_command(step, step.commands.len(), Cow::Borrowed(until));
            let tries = step.repeat.polling_tries();
            condition.role = Some(format!(
                "the step waits until this succeeds: tried again up to {} times, every {}",
                tries.times,
                spell_duration(tries.every)
            ));
            commands.push(condition);
        }
        let last_resort = commands.iter().any(|line| line.gate.risk.level == Level::Irreversible);
        let approval = last_resort.then(|| compute_approval(self.plan, step, &self.policy.values, &self.policy.place));
        let left_out = self.policy.reason_left_out(step);
        let around = StepCircumstances {
            policy: self.policy,
            number: &step.number,
            left_out: left_out.as_deref(),
            approval: approval.as_ref(),
        };
        for line in &mut commands {
            line.decide_unattended(&around);
        }
        let asks = step.conditional.as_ref().map(|condition| format!("only if it applies: {condition}"));
        ReviewedStep { step, commands, asks, left_out, approval }
    }

    /// The commands whose lines are offered for the inputs that this command needs first.
    fn review_offering_commands(&mut self, step: &Step, command: &Command) -> Vec<ReviewedCommand<'a>> {
        let variables = command.needed_variables().into_iter().map(InputName::new);
        let names: Vec<InputName> =
            command.unfilled_uses(&self.policy.values).map(|one| one.name.clone()).chain(variables).collect();
        let mut offering = Vec::new();
        for name in names {
            let Some(&input) = self.inputs.get(&name).filter(|_| !self.policy.values.contains_key(&name)) else {
                continue;
            };
            let Some(from) = input.rules.from.as_ref().filter(|_| self.offered.insert(&input.name)) else { continue };
            let command = Command::from_typed_text(from, command.line);
            let mut reviewed = self.review_command(step, usize::MAX, Cow::Owned(command));
            reviewed.role = Some(format!("its lines are offered for `{name}`"));
            offering.push(reviewed);
        }
        offering
    }

    fn review_command(&mut self, step: &Step, index: usize, command: Cow<'a, Command>) -> ReviewedCommand<'a> {
        let policy = self.policy;
        let bound = command.bind_values(&policy.values);
        let text = bound.as_ref().map_or_else(|_| command.text.clone(), |runnable| runnable.text().to_owned());
        let wanted: Vec<String> = command
            .unfilled_uses(&policy.values)
            .filter_map(|one| self.inputs.get(&one.name).map(|input| input.input_flag()))
            .collect();
        let refused = match &bound {
            Err(Refusal::Unplaced(_)) if !wanted.is_empty() => None,
            Err(refusal) => Some(refusal.to_string()),
            Ok(runnable) => {
                bash_rejects(&mut self.syntax, runnable.text()).map(|message| format!("bash says: {message}"))
            }
        };
        let unfit = || {
            let judged = command.judge_expansions(&text, &policy.values, &self.tracked);
            let first = judged.unfit.into_iter().next();
            first.map(|unfit| format!("the value of `${}` does not fit: {}", unfit.name, unfit.why))
        };
        let refused = refused.or_else(unfit);
        let given = |name: &String| policy.values.keys().any(|known| known.as_str() == name);
        let unset = command
            .needed_variables()
            .into_iter()
            .filter(|name| !given(name) && !(self.is_set)(name) && !self.set.contains(name))
            .collect();
        self.set.extend(command.facts.assignments.iter().map(|assign| assign.name.clone()));
        let mut gate = Gate::for_command(step, index, &text, &policy.place.host, &self.definitions);
        let known = KnownVariables { values: &policy.values, variables: &self.tracked };
        gate.raise_by_values(&command, &text, &known, |expanded| {
            Gate::for_text(step, expanded, &policy.place.host, &self.definitions)
        });
        self.name_object(step, &mut gate);
        self.definitions.add_all(&command.facts.definitions);
        self.is_moved |= command.facts.session_changes.contains(&SessionChange::Directory);
        let programs =
            gate.risk.effects.needs.iter().filter(|name| !is_builtin(name) && !self.definitions.defines_name(name));
        let needs = programs.map(|name| (name.clone(), self.probe.is_executable(name))).collect();
        let lines = command.line..=command.end_line.max(command.line);
        let unchecked =
            self.unchecked.iter().filter(|(line, _)| lines.contains(line)).map(|(_, check)| *check).collect();
        let role = None;
        ReviewedCommand {
            command,
            role,
            text,
            gate,
            refused,
            wanted,
            unset,
            needs,
            unchecked,
            unattended: String::new(),
        }
    }

    /// Names the object to type as the run will, as far as it is known before.
    fn name_object(&self, step: &Step, gate: &mut Gate) {
        let RequiredAnswer::Typed(name) = &gate.required_answer else { return };
        let value_of = |name: &str| {
            let known = self.policy.values.iter().find(|(known, _)| known.as_str() == name);
            known.map(|(_, value)| value.clone())
        };
        let place = &self.policy.place;
        let is_known = !name.contains(['$', '`']) || {
            let mut probe = gate.clone();
            probe.resolve_name(step, &place.host, value_of, |path| Some(path.to_owned()));
            probe.required_answer != RequiredAnswer::Typed(Gate::fallback_name(step, &place.host))
        };
        if is_known && (!self.is_moved || name.starts_with('/')) {
            let cwd = Path::new(&place.cwd);
            gate.resolve_name(step, &place.host, value_of, |path| {
                locate_object(cwd, path, |path| path.canonicalize().ok())
            });
        }
    }
}
