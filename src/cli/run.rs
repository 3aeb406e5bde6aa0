//! `runbook run`: from its arguments to a run, or to a dry run.
//!
//! Invariant: a failure is printed only after the secrets given beforehand are masked in it.

use super::args::{Allowed, DryRunFormat, RunArgs};
use super::choices::ColorChoice;
use super::dry_run;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::incident;
use super::open::{self, OpenedDocument, ProcedureTarget};
use super::output::{print_data, print_notices};
use super::run_ending::{failure_of_session, report_ending};
use super::run_options::{RunValues, make_run_options};
use super::values;
use crate::history::Mode;
use crate::plan::{Policy, RunPlace, Values, VariableValues};
use crate::session::{self, RunOptions, Selection};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Runs a procedure, or reviews it with `--dry-run`. Returns the exit status that the run's ending stands for.
pub(super) fn run_procedure(args: &RunArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    let target = ProcedureTarget::from_arguments(&args.file, args.procedure.as_deref())?;
    let opened = open::open_document(&target.path)?;
    let (section, step) = opened.select_section(&target.procedure)?;
    let mode =
        if !args.yes && !args.no_input && Environment::has_operator() { Mode::Attended } else { Mode::Unattended };
    print_notices(&opened.parser_findings());
    let values = RunValues {
        selection: selected_steps(args, step)?,
        mode,
        given: values::gather_values(args, &opened, section, environment)?,
        secrets: args.secret.clone(),
        cwd: working_directory(args, &opened)?,
        color,
    };
    let options = make_run_options(&opened, section, values, environment)?;
    let place = RunPlace {
        host: options.environment.host.clone(),
        cwd: options.environment.cwd.to_string_lossy().into_owned(),
    };
    let masker = options.initial_masker();
    let ran = run_with_values(args, &opened, options, place, color, environment);
    ran.map_err(|failure| failure.with_secrets_masked(&masker))
}

/// The part of [`run_procedure`] that needs the values given beforehand. Its failures may hold secrets; the caller masks them.
fn run_with_values(
    args: &RunArgs,
    opened: &OpenedDocument,
    mut options: RunOptions<'_>,
    place: RunPlace,
    color: ColorChoice,
    environment: &Environment,
) -> Result<Exit, Failure> {
    options.grants.policy = policy_from_flags(args, place, options.grants.policy.values)?;
    options.grants.flags = flags_for_record(args);
    options.rc.clone_from(&args.rc);
    if args.dry_run {
        let plan = session::plan_selected_steps(&options).map_err(|error| failure_of_session(error, &options))?;
        // The listing of missing answers is for an unattended run, which takes the document's defaults.
        options.mode = Mode::Unattended;
        let policy = session::complete_policy(&plan, &options).map_err(|error| failure_of_session(error, &options))?;
        let reviewed = dry_run::review_plan(&plan, opened, &policy, environment);
        let text = match args.format {
            DryRunFormat::Text => reviewed.to_text(environment.choose_color(color, std::io::stdout().is_terminal())),
            DryRunFormat::Markdown => reviewed.to_markdown(),
            DryRunFormat::Json => format!("{:#}\n", reviewed.to_json()),
        };
        return print_data(&options.initial_masker().mask_text(&text));
    }
    options.incident = incident::incident_of_run(args.incident.as_deref(), environment)?;
    report_ending(session::run_procedure(&options), &options)
}

fn selected_steps(args: &RunArgs, step: Option<String>) -> Result<Selection, Failure> {
    match (step, &args.from, args.only.as_slice()) {
        (None, None, []) => Ok(Selection::All),
        (None, Some(from), []) => Ok(Selection::From(from.clone())),
        (None, None, only) => Ok(Selection::Only(only.to_vec())),
        (Some(step), None, []) => Ok(Selection::Only(vec![step])),
        (Some(step), ..) => {
            Err(Failure::usage_error(format!("a step is named twice: `:{step}` and by `--from` or `--only`")))
        }
        (None, Some(_), [_, ..]) => Err(Failure::usage_error("`--from` and `--only` exclude each other")),
    }
}

fn policy_from_flags(args: &RunArgs, place: RunPlace, values: Values) -> Result<Policy, Failure> {
    let read = |written: &String| {
        crate::plan::parse_duration(written).ok_or_else(|| {
            Failure::usage_error(format!("`--monitor-for {written}` is no length of time"))
                .with_help("write `30s`, `5m` or `1h`")
        })
    };
    let monitor_for = args.monitor_for.as_ref().map(read).transpose()?;
    Ok(Policy {
        yes: args.yes,
        allow_unknown: args.allow.contains(&Allowed::Unknown),
        allow_destructive: args.allow.contains(&Allowed::Destructive),
        approve: args.approve.clone(),
        place,
        include: args.include.clone(),
        choose: args.choose.clone(),
        values,
        variables: VariableValues::new(),
        monitor_for,
        rollback_on_failure: args.rollback_on_failure,
    })
}

/// The flags that permit or restrict a run, for its record. Values are left out.
fn flags_for_record(args: &RunArgs) -> Vec<String> {
    let mut flags = Vec::new();
    let mut add = |flag: &str, value: &str| flags.push(format!("{flag} {value}").trim_end().to_owned());
    if args.yes {
        add("--yes", "");
    }
    for allowed in &args.allow {
        add("--allow", if *allowed == Allowed::Unknown { "unknown" } else { "destructive" });
    }
    args.approve.iter().for_each(|approval| add("--approve", approval));
    args.from.iter().for_each(|step| add("--from", step));
    args.only.iter().for_each(|step| add("--only", step));
    args.include.iter().for_each(|step| add("--include", step));
    args.choose.iter().for_each(|option| add("--choose", option));
    // Only the name: the record has the value where it is used.
    for input in &args.inputs {
        add("--input", input.split_once('=').map_or("", |(name, _)| name));
    }
    args.input_files.iter().for_each(|file| add("--inputs", &file.to_string_lossy()));
    args.secret.iter().for_each(|name| add("--secret", name));
    if args.rollback_on_failure {
        add("--rollback-on-failure", "");
    }
    args.incident.iter().for_each(|incident| add("--incident", incident));
    if let Some(rc) = &args.rc {
        add("--rc", &rc.to_string_lossy());
    }
    if let Some(cwd) = &args.cwd {
        add("--cwd", &cwd.to_string_lossy());
    }
    flags
}

/// `--cwd`, else the front matter's `cwd` (from the document's folder), else the operator's directory.
fn working_directory(args: &RunArgs, opened: &OpenedDocument) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::usage_error(format!("the current directory cannot be used: {error}")).with_help("give `--cwd DIR`")
    });
    let (wanted, who) = match (&args.cwd, &opened.runbook.front_matter.cwd) {
        (Some(cwd), _) => (cwd.clone(), "--cwd"),
        (None, Some(cwd)) => (opened.path.parent().unwrap_or(Path::new("")).join(cwd), "the front matter's `cwd`"),
        (None, None) => return here,
    };
    let path = if wanted.is_absolute() { wanted } else { here?.join(wanted) };
    if !path.is_dir() {
        return Err(Failure::usage_error(format!("`{}`, from {who}, is no directory", path.display())));
    }
    // Resolve `a/../b`, as the shell's own `pwd` would.
    Ok(path.canonicalize().unwrap_or(path))
}
