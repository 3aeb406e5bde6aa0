//! The plan of a run and its policy, checked before anything starts.
//!
//! Invariant: every value that is given beforehand fits its input.

use super::error::SessionError;
use super::options::{RunOptions, Selection};
use crate::kernel::{BashSyntax, find_bash};
use crate::plan::{InputSource, Plan, Planner, Policy, UnmetRequirement};
use crate::ports::{Syntax as _, SyntaxVerdict};
use std::collections::BTreeSet;
use std::path::Path;

/// Plans the procedure and keeps the steps that were selected. Fails when a step is unknown or none is left.
pub fn plan_selected_steps(options: &RunOptions<'_>) -> Result<Plan, SessionError> {
    let is_file = |path: &str| Path::new(path).is_file();
    let mut plan = Planner::new(options.procedure.runbook, &is_file).plan_section(options.procedure.section);
    plan.mark_secret(&options.secrets.names);
    match &options.procedure.selection {
        Selection::All => {}
        Selection::From(step) => {
            let first = plan.find_step(step)?;
            plan.retain_steps(&|index| index >= first);
        }
        Selection::Only(names) => {
            let indices = names.iter().map(|name| plan.find_step(name)).collect::<Result<BTreeSet<_>, _>>()?;
            plan.retain_only_steps(&indices);
        }
    }
    if plan.reachable_steps().is_empty() {
        let anchor = plan.procedure.anchor.as_str();
        let hash = if anchor.is_empty() { "" } else { "#" };
        return Err(SessionError::Nothing(format!("{}{hash}{anchor}", options.procedure.path.display())));
    }
    Ok(plan)
}

/// Completes the policy: values are named after their inputs, and an unattended run gets the document's defaults. Fails when a value
/// does not fit its input.
pub fn complete_policy(plan: &Plan, options: &RunOptions<'_>) -> Result<Policy, SessionError> {
    let mut values = plan.with_plan_names(&options.grants.policy.values);
    for (name, value) in &values {
        if let Some(input) = plan.find_input(name).filter(|input| input.blocks || &input.shown != value) {
            input.rules.check_value(value).map_err(|unfit| SessionError::Unfit(name.to_string(), unfit))?;
            let path = Path::new(value);
            let path = if path.is_absolute() { path.to_owned() } else { options.environment.cwd.join(path) };
            if input.rules.exists && (value.is_empty() || !path.exists()) {
                let unfit = crate::plan::InvalidValue::missing_path(&path, input.rules.secret);
                return Err(SessionError::Unfit(name.to_string(), unfit));
            }
        }
    }
    if !options.mode.is_interactive() {
        for (name, value) in plan.default_values() {
            values.entry(name).or_insert(value);
        }
    }
    let wanted = plan.inputs.iter().filter(|input| input.origin == InputSource::Variable);
    let variables = wanted
        .filter_map(|input| options.environment.variables.get_key_value(input.name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Policy { values, variables, ..options.grants.policy.clone() })
}

fn texts_for_bash(plan: &Plan, options: &RunOptions<'_>) -> Vec<String> {
    plan.reachable_steps()
        .into_iter()
        .filter_map(|index| plan.steps.get(index))
        .flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref()))
        .filter_map(|command| command.bind_values(&options.grants.policy.values).ok())
        .map(|runnable| runnable.text().to_owned())
        .collect()
}

pub(super) fn unmet_requirements(
    plan: &Plan,
    options: &RunOptions<'_>,
    syntax: &mut BashSyntax,
) -> Vec<UnmetRequirement> {
    let is_set = |name: &str| options.environment.variables.contains_key(name) || BASH_SETS.contains(&name);
    options.grants.policy.unmet_requirements(plan, &is_set, &mut |text| match syntax.check_syntax(text) {
        SyntaxVerdict::Accepted => None,
        SyntaxVerdict::Rejected { message, .. } => Some(message),
        SyntaxVerdict::Unavailable(why) => Some(why),
    })
}

/// Variables that bash sets itself, from the section "Shell Variables" of its manual.
pub const BASH_SETS: &[&str] = &[
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_VERSION",
    "BASH_VERSINFO",
    "COLUMNS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "GROUPS",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LINENO",
    "LINES",
    "MACHTYPE",
    "OLDPWD",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "TERM",
    "UID",
];

pub(super) fn syntax_checker(plan: &Plan, options: &RunOptions<'_>) -> Result<BashSyntax, SessionError> {
    let bash = find_bash(options.environment.search_path.as_deref())?;
    let mut syntax = BashSyntax::new(Some(bash));
    syntax.prefetch_verdicts(texts_for_bash(plan, options));
    Ok(syntax)
}
