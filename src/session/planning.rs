//! The plan of a run and its policy, checked before anything starts.
//!
//! Invariant: every value that is given beforehand fits its input.

use super::error::SessionError;
use super::options::{RunOptions, Selection};
use crate::kernel::{BashSyntax, find_bash};
use crate::plan::{Missing, Plan, Planner, Policy};
use crate::ports::{Syntax as _, Verdict};
use std::collections::BTreeSet;
use std::path::Path;

/// Plans the procedure and keeps the steps that were selected. Fails when a step is unknown or none is left.
pub fn plan(options: &RunOptions<'_>) -> Result<Plan, SessionError> {
    let is_file = |path: &str| Path::new(path).is_file();
    let mut plan = Planner::new(options.procedure.runbook, &is_file).plan(options.procedure.section);
    plan.keep_secret(&options.secrets.names);
    match &options.procedure.selection {
        Selection::All => {}
        Selection::From(step) => {
            let first = plan.find(step)?;
            plan.keep(&|place| place >= first);
        }
        Selection::Only(names) => {
            let places = names.iter().map(|name| plan.find(name)).collect::<Result<BTreeSet<_>, _>>()?;
            plan.only(&places);
        }
    }
    if plan.reachable().is_empty() {
        let anchor = plan.procedure.anchor.as_str();
        let hash = if anchor.is_empty() { "" } else { "#" };
        return Err(SessionError::Nothing(format!("{}{hash}{anchor}", options.procedure.path.display())));
    }
    Ok(plan)
}

/// Completes the policy: values are named after their inputs, and an unattended run gets the document's defaults. Fails when a value
/// does not fit its input.
pub fn policy(plan: &Plan, options: &RunOptions<'_>) -> Result<Policy, SessionError> {
    let mut values = plan.named(&options.grants.policy.values);
    for (name, value) in &values {
        if let Some(input) = plan.input(name).filter(|input| input.blocks || &input.shown != value) {
            input.rules.check(value).map_err(|unfit| SessionError::Unfit(name.to_string(), unfit))?;
            let path = Path::new(value);
            let path = if path.is_absolute() { path.to_owned() } else { options.environment.cwd.join(path) };
            if input.rules.exists && (value.is_empty() || !path.exists()) {
                let unfit = crate::plan::Unfit::missing(&path, input.rules.secret);
                return Err(SessionError::Unfit(name.to_string(), unfit));
            }
        }
    }
    if !options.mode.is_interactive() {
        for (name, value) in plan.defaults() {
            values.entry(name).or_insert(value);
        }
    }
    Ok(Policy { values, ..options.grants.policy.clone() })
}

fn texts(plan: &Plan, options: &RunOptions<'_>) -> Vec<String> {
    plan.reachable()
        .into_iter()
        .filter_map(|place| plan.steps.get(place))
        .flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref()))
        .filter_map(|command| command.bind(&options.grants.policy.values).ok())
        .map(|runnable| runnable.text().to_owned())
        .collect()
}

pub(super) fn missing(plan: &Plan, options: &RunOptions<'_>, syntax: &mut BashSyntax) -> Vec<Missing> {
    let is_set = |name: &str| options.environment.variables.contains(name) || BASH_SETS.contains(&name);
    options.grants.policy.missing(plan, &is_set, &mut |text| match syntax.check(text) {
        Verdict::Accepted => None,
        Verdict::Rejected { message, .. } => Some(message),
        Verdict::Unavailable(why) => Some(why),
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

pub(super) fn syntax(plan: &Plan, options: &RunOptions<'_>) -> Result<BashSyntax, SessionError> {
    let bash = find_bash(options.environment.search_path.as_deref())?;
    let mut syntax = BashSyntax::new(Some(bash));
    syntax.prefetch(texts(plan, options));
    Ok(syntax)
}
