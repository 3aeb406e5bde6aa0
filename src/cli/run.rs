//! `runbook run`: from its arguments to a run, or to a dry run.
//!
//! Invariant: a failure is printed only after the secrets given beforehand are masked in it.

use super::args::{Allowed, DryRunFormat, RunArgs};
use super::choices::ColorChoice;
use super::dry_run;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::incident;
use super::open::{self, Opened, Target};
use super::output::{print_data, print_notices};
use super::run_ending::{ended, failure};
use super::run_options::{RunValues, options};
use super::values;
use crate::history::Mode;
use crate::plan::{Place, Policy, Values};
use crate::session::{self, RunOptions, Selection};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Runs a procedure, or reviews it with `--dry-run`. Returns the exit status that the run's ending stands for.
pub(super) fn run(args: &RunArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    let target = Target::read(&args.file, args.procedure.as_deref())?;
    let opened = open::open(&target.path)?;
    let (section, step) = opened.select(&target.procedure)?;
    let mode =
        if !args.yes && !args.no_input && Environment::has_operator() { Mode::Attended } else { Mode::Unattended };
    print_notices(&opened.findings());
    let values = RunValues {
        selection: selection(args, step)?,
        mode,
        given: values::given(args, &opened, environment)?,
        secrets: args.secret.clone(),
        cwd: working_directory(args, &opened)?,
        color,
    };
    let options = options(&opened, section, values, environment)?;
    let place =
        Place { host: options.environment.host.clone(), cwd: options.environment.cwd.to_string_lossy().into_owned() };
    let masker = options.initial_masker();
    let ran = with_values(args, &opened, options, place, color, environment);
    ran.map_err(|failure| failure.masked(&masker))
}

/// The part of [`run`] that needs the values given beforehand. Its failures may hold secrets; the caller masks them.
fn with_values(
    args: &RunArgs,
    opened: &Opened,
    mut options: RunOptions<'_>,
    place: Place,
    color: ColorChoice,
    environment: &Environment,
) -> Result<Exit, Failure> {
    options.grants.policy = policy(args, place, options.grants.policy.values)?;
    options.grants.flags = flags(args);
    options.rc.clone_from(&args.rc);
    if args.dry_run {
        let plan = session::plan(&options).map_err(|error| failure(error, &options))?;
        // The listing of missing answers is for an unattended run, which takes the document's defaults.
        options.mode = Mode::Unattended;
        let policy = session::policy(&plan, &options).map_err(|error| failure(error, &options))?;
        let reviewed = dry_run::review(&plan, opened, &policy, environment);
        let text = match args.format {
            DryRunFormat::Text => reviewed.text(environment.color(color, std::io::stdout().is_terminal())),
            DryRunFormat::Markdown => reviewed.markdown(),
            DryRunFormat::Json => format!("{:#}\n", reviewed.json()),
        };
        return print_data(&options.initial_masker().text(&text));
    }
    options.incident = incident::of_run(args.incident.as_deref(), environment)?;
    ended(session::run(&options), &options)
}

fn selection(args: &RunArgs, step: Option<String>) -> Result<Selection, Failure> {
    match (step, &args.from, args.only.as_slice()) {
        (None, None, []) => Ok(Selection::All),
        (None, Some(from), []) => Ok(Selection::From(from.clone())),
        (None, None, only) => Ok(Selection::Only(only.to_vec())),
        (Some(step), None, []) => Ok(Selection::Only(vec![step])),
        (Some(step), ..) => {
            Err(Failure::usage(format!("a step is named twice: `:{step}` and by `--from` or `--only`")))
        }
        (None, Some(_), [_, ..]) => Err(Failure::usage("`--from` and `--only` exclude each other")),
    }
}

fn policy(args: &RunArgs, place: Place, values: Values) -> Result<Policy, Failure> {
    let read = |written: &String| {
        crate::plan::duration(written).ok_or_else(|| {
            Failure::usage(format!("`--monitor-for {written}` is no length of time")).help("write `30s`, `5m` or `1h`")
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
        monitor_for,
        rollback_on_failure: args.rollback_on_failure,
    })
}

/// The flags that permit or restrict a run, for its record. Values are left out.
fn flags(args: &RunArgs) -> Vec<String> {
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
fn working_directory(args: &RunArgs, opened: &Opened) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::usage(format!("the current directory cannot be used: {error}")).help("give `--cwd DIR`")
    });
    let (wanted, who) = match (&args.cwd, &opened.runbook.front_matter.cwd) {
        (Some(cwd), _) => (cwd.clone(), "--cwd"),
        (None, Some(cwd)) => (opened.path.parent().unwrap_or(Path::new("")).join(cwd), "the front matter's `cwd`"),
        (None, None) => return here,
    };
    let path = if wanted.is_absolute() { wanted } else { here?.join(wanted) };
    if !path.is_dir() {
        return Err(Failure::usage(format!("`{}`, from {who}, is no directory", path.display())));
    }
    // Resolve `a/../b`, as the shell's own `pwd` would.
    Ok(path.canonicalize().unwrap_or(path))
}
