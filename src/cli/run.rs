//! `runbook run`: the arguments of a run, and what its ending means for the exit status.

use super::args::{Allowed, ColorChoice, DryRunFormat, RunArgs};
use super::dry_run;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::incident;
use super::notice;
use super::open::{self, Opened, Target};
use super::print;
use super::values;
use super::values::Given;
use crate::document::SectionIndex;
use crate::engine::{Ending, EngineError};
use crate::history::{Mode, RunResult};
use crate::plan::{Missing, Place, Policy, Values};
use crate::ports::{KernelError, OperatorError};
use crate::session::{self, RunOptions, Selection, SessionError};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

/// Runs a procedure.
pub(super) fn run(args: &RunArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    let target = Target::read(&args.file, args.procedure.as_deref())?;
    let opened = open::open(&target.path)?;
    let (section, step) = opened.select(&target.procedure)?;
    let mode =
        if !args.yes && !args.no_input && Environment::has_operator() { Mode::Attended } else { Mode::Unattended };
    notice(&opened.findings());
    let values = RunValues {
        selection: selection(args, step)?,
        mode,
        given: values::given(args, &opened, environment)?,
        secrets: args.secret.clone(),
        cwd: working_directory(args, &opened)?,
        color,
    };
    let options = options(&opened, section, values, environment)?;
    let place = Place { host: options.host.clone(), cwd: options.cwd.to_string_lossy().into_owned() };
    let masker = session::masker(&options);
    let ran = with_values(args, &opened, options, place, color, environment);
    ran.map_err(|failure| failure.masked(&masker))
}

/// The rest, once it is known what is secret.
fn with_values(
    args: &RunArgs,
    opened: &Opened,
    mut options: RunOptions<'_>,
    place: Place,
    color: ColorChoice,
    environment: &Environment,
) -> Result<Exit, Failure> {
    options.policy = policy(args, place, options.policy.values)?;
    options.flags = flags(args);
    options.rc.clone_from(&args.rc);
    if args.dry_run {
        let plan = session::plan(&options).map_err(|error| failure(error, &options))?;
        // What it lacks is said of an unattended run, which takes the document's own defaults.
        options.mode = Mode::Unattended;
        let policy = session::policy(&plan, &options).map_err(|error| failure(error, &options))?;
        let reviewed = dry_run::review(&plan, opened, &policy, environment);
        let text = match args.format {
            DryRunFormat::Text => reviewed.text(environment.color(color, std::io::stdout().is_terminal())),
            DryRunFormat::Markdown => reviewed.markdown(),
            DryRunFormat::Json => format!("{:#}\n", reviewed.json()),
        };
        return print(&session::masker(&options).text(&text));
    }
    options.incident = incident::of_run(args.incident.as_deref(), environment)?;
    ended(session::run(&options), &options)
}

/// What differs between beginning a run and going on with one.
pub(super) struct RunValues {
    /// The steps.
    pub(super) selection: Selection,
    /// Who answers.
    pub(super) mode: Mode,
    /// Values given beforehand.
    pub(super) given: Given,
    /// The inputs that the operator calls secret.
    pub(super) secrets: Vec<String>,
    /// Where the shell starts.
    pub(super) cwd: PathBuf,
    /// When to use colour.
    pub(super) color: ColorChoice,
}

/// The options of a run, with what the environment says.
pub(super) fn options<'a>(
    opened: &'a Opened,
    section: SectionIndex,
    values: RunValues,
    environment: &Environment,
) -> Result<RunOptions<'a>, Failure> {
    let host = host();
    let names_any = values.given.names_any();
    let options = RunOptions {
        bytes: &opened.bytes,
        runbook: &opened.runbook,
        section,
        selection: values.selection,
        mode: values.mode,
        policy: Policy { values: values.given.values.clone(), ..Policy::default() },
        secrets: values.secrets,
        flags: Vec::new(),
        cwd: values.cwd,
        rc: None,
        runs: environment.runs_folder()?,
        runtime: environment.runtime_folder(),
        search_path: environment.get("PATH").map(ToOwned::to_owned),
        variables: environment.all().keys().map(|name| name.to_string_lossy().into_owned()).collect(),
        program: std::env::current_exe()
            .map_err(|error| Failure::usage(format!("this program cannot find itself: {error}")))?,
        host,
        user: environment.user(),
        look: environment.look(environment.color(values.color, std::io::stderr().is_terminal())),
        log: environment.has("RUNBOOK_LOG"),
        path: opened.path.clone(),
        hidden: values.given.hidden.clone(),
        incident: None,
    };
    if names_any {
        let plan = session::plan(&options).map_err(|error| failure(error, &options));
        let asked = plan.and_then(|plan| values.given.is_asked_for(&plan, &options.path));
        asked.map_err(|failure| failure.masked(&session::masker(&options)))?;
    }
    Ok(options)
}

/// This machine's name.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The exit status of a run, or what went wrong with it.
pub(super) fn ended(ended: Result<(Ending, PathBuf), SessionError>, options: &RunOptions<'_>) -> Result<Exit, Failure> {
    match ended {
        Ok((ending, transcript)) => {
            let mut lines = vec![format!("transcript: {}", transcript.display())];
            let run = transcript.parent().and_then(Path::file_name);
            if ending.result == RunResult::Stopped && ending.next.is_some() && options.mode.is_interactive() {
                lines.extend(run.map(|run| format!("go on with it: runbook resume {}", run.to_string_lossy())));
            }
            notice(&lines);
            Ok(exit(&ending))
        }
        Err(error) => Err(failure(error, options)),
    }
}

fn exit(ending: &Ending) -> Exit {
    match ending.result {
        RunResult::Completed => Exit::Success,
        RunResult::Failed => Exit::CommandFailed,
        RunResult::Stopped | RunResult::Abandoned => Exit::Stopped,
        RunResult::Interrupted => Exit::Interrupted,
    }
}

fn failure(error: SessionError, options: &RunOptions<'_>) -> Failure {
    let message = error.to_string();
    match error {
        SessionError::Missing(missing) => Failure::usage(message).help(missing_help(&missing, &options.path)),
        SessionError::Nothing(_) => {
            Failure::usage(message).help(format!("`runbook list {}` lists the procedures", options.path.display()))
        }
        SessionError::Journal(_) => Failure::record(message),
        SessionError::NotResumable(_) => {
            Failure::usage(message).help("`runbook runs` shows the runs; `runbook stop RUN` ends one")
        }
        SessionError::Step(_) | SessionError::Terminal(_) | SessionError::Unfit(..) => Failure::usage(message),
        SessionError::Engine(EngineError::Kernel(kernel)) => match kernel {
            KernelError::Record(_) | KernelError::Lost(_) => {
                Failure::record(message).help("what was recorded until then is kept: `runbook transcript` shows it")
            }
            KernelError::Shell(_) => Failure::usage(message),
            KernelError::Terminal(_) => interrupted(message),
            KernelError::Detached => Failure { exit: Exit::Stopped, ..interrupted(message) },
            KernelError::Ended(_) => Failure { exit: Exit::Stopped, message, help: None }
                .help("what was done is recorded: `runbook transcript` shows it, `runbook resume` goes on"),
        },
        SessionError::Engine(EngineError::Operator(operator)) => match operator {
            OperatorError::Gone(_) => interrupted(message),
            OperatorError::Unanswered(_) | OperatorError::Session(_) => {
                Failure { exit: Exit::Stopped, message, help: None }
            }
        },
    }
}

fn interrupted(message: String) -> Failure {
    let help = "a command that was running goes on by itself and is recorded: `runbook runs` shows it";
    Failure { exit: Exit::Interrupted, message, help: Some(help.to_owned()) }
}

/// What an unattended run lacks, a line each, then the flags to copy.
fn missing_help(missing: &[Missing], path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut lines: Vec<String> = Vec::new();
    for lack in missing {
        let flag = lack.flag.as_ref().map_or_else(
            || "needs an operator: run it at a terminal, or change the document".to_owned(),
            |flag| format!("give `{flag}`"),
        );
        lines.push(format!("{file}:{}: {}; {flag}", lack.line, lack.found));
    }
    lines.join("\n")
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

/// The flags that loosen or narrow a run, for its record.
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
    // Values stand in the record where they are used.
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
    // `a/../b` as the shell would say it.
    Ok(path.canonicalize().unwrap_or(path))
}
