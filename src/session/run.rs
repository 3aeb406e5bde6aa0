//! One run from its options to its ending.
//!
//! Invariant: the run folder exists before bash does, and the transcript is written however the run ended.

use super::render;
use crate::document::{Runbook, SectionIndex};
use crate::engine::{Ending, Engine, EngineError, Settings};
use crate::history::{Fact, Mode, RunResult, RunStarted, RunbookIdentity};
use crate::ident::{Clock, RunId, SystemClock};
use crate::journal::{Folder, Folders, JournalError};
use crate::kernel::{self, BashSyntax, StartOptions, find_program};
use crate::operator::{AtTerminal, Look, Unattended};
use crate::plan::{Missing, Plan, Planner, Policy, SelectStepError};
use crate::ports::{Journal as _, KernelError, Operator, Syntax as _, Verdict};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Which steps of a procedure to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// From this one on.
    From(String),
    /// These.
    Only(Vec<String>),
}

/// A run's options.
pub struct RunOptions<'a> {
    /// The document's path, as given.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The document.
    pub runbook: &'a Runbook,
    /// The section to run.
    pub section: SectionIndex,
    /// Which of its steps.
    pub selection: Selection,
    /// Who answers.
    pub mode: Mode,
    /// What an unattended run is allowed.
    pub policy: Policy,
    /// The flags as given, for the record.
    pub flags: Vec<String>,
    /// The directory to start in.
    pub cwd: PathBuf,
    /// A file for bash to read first.
    pub rc: Option<PathBuf>,
    /// Where runs are recorded.
    pub runs: PathBuf,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
    /// `$PATH`.
    pub search_path: Option<OsString>,
    /// The names of the environment's variables.
    pub variables: BTreeSet<String>,
    /// This program.
    pub program: PathBuf,
    /// The machine.
    pub host: String,
    /// The user.
    pub user: String,
    /// How it looks.
    pub look: Look,
    /// Whether the recorder writes its errors to the run folder.
    pub log: bool,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A step was named that is not there.
    #[error(transparent)]
    Step(#[from] SelectStepError),
    /// There is no step.
    #[error("`{0}` has no step to run")]
    Nothing(String),
    /// An unattended run lacks answers.
    #[error("nothing was run: {} not answered", if .0.len() == 1 { "one question is".to_owned() } else { format!("{} questions are", .0.len()) })]
    Missing(Vec<Missing>),
    /// The record could not be begun or rendered.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(std::io::Error),
    /// The engine's.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<KernelError> for SessionError {
    fn from(error: KernelError) -> Self {
        Self::Engine(EngineError::Kernel(error))
    }
}

/// Runs it. With the ending comes the transcript's path.
pub fn run(options: &RunOptions<'_>) -> Result<(Ending, PathBuf), SessionError> {
    let plan = plan(options)?;
    // Looked for before anything else: without bash there is no run.
    let bash = find_program("bash", options.search_path.as_deref()).ok_or_else(|| {
        KernelError::Shell("`bash` was not found in PATH; commands run in bash, so install it, or mend PATH".to_owned())
    })?;
    let mut syntax = BashSyntax::new(Some(bash));
    syntax.prefetch(texts(&plan, options));
    if options.mode == Mode::Unattended {
        let missing = missing(&plan, options, &mut syntax);
        if !missing.is_empty() {
            return Err(SessionError::Missing(missing));
        }
    }
    let clock = SystemClock::start();
    let run = RunId::generate(&clock.now());
    let folder = Folders::under(&options.runs).create(&run)?;
    keep_document(&folder, options.bytes)?;
    let mut session = kernel::Session::start(&start_options(options, &run, &folder))?;
    let started = run_started(options, &plan, &run);
    let events = session.append(vec![Fact::RunStarted(started)])?;
    let settings = settings(options, &folder);
    let ending = match options.mode {
        Mode::Attended => {
            let out = Box::new(std::io::stderr());
            let mut operator =
                AtTerminal::open(out, options.look, Box::new(SystemClock::start())).map_err(SessionError::Terminal)?;
            walk(&plan, &settings, &mut session, &mut operator, &mut syntax, &clock, &events)
        }
        Mode::Unattended => {
            let (out, err) = (Box::new(std::io::stdout()), Box::new(std::io::stderr()));
            let mut operator = Unattended::new(options.policy.clone(), out, err, options.look);
            walk(&plan, &settings, &mut session, &mut operator, &mut syntax, &clock, &events)
        }
    };
    let ending = ending?;
    session.finish()?;
    let rendered = render::render(&folder, false)?;
    Ok((ending, rendered.path))
}

fn walk<O: Operator>(
    plan: &Plan,
    settings: &Settings,
    session: &mut kernel::Session,
    operator: &mut O,
    syntax: &mut BashSyntax,
    clock: &dyn Clock,
    events: &[crate::history::Event],
) -> Result<Ending, EngineError> {
    let mut engine = Engine::new(plan, settings, session, operator, syntax, clock, events);
    let mut ending = engine.run()?;
    // A failure that was passed over is still one for whoever reads the exit status.
    let failed = engine.state().unsettled().iter().any(|command| !command.outcome().goes_on());
    if ending.result == RunResult::Completed && failed {
        ending.result = RunResult::Failed;
    }
    Ok(ending)
}

/// The plan with the steps that were selected.
fn plan(options: &RunOptions<'_>) -> Result<Plan, SessionError> {
    let is_file = |path: &str| Path::new(path).is_file();
    let mut plan = Planner::new(options.runbook, &is_file).plan(options.section);
    match &options.selection {
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
        return Err(SessionError::Nothing(format!("{}{hash}{anchor}", options.path.display())));
    }
    Ok(plan)
}

fn texts(plan: &Plan, options: &RunOptions<'_>) -> Vec<String> {
    plan.reachable()
        .into_iter()
        .filter_map(|place| plan.steps.get(place))
        .flat_map(|step| &step.commands)
        .filter_map(|command| command.bind(&options.policy.values).ok())
        .map(|runnable| runnable.text().to_owned())
        .collect()
}

fn missing(plan: &Plan, options: &RunOptions<'_>, syntax: &mut BashSyntax) -> Vec<Missing> {
    let is_set = |name: &str| options.variables.contains(name) || BASH_SETS.contains(&name);
    options.policy.missing(plan, &is_set, &mut |text| match syntax.check(text) {
        Verdict::Accepted => None,
        Verdict::Rejected { message, .. } => Some(message),
        Verdict::Unavailable(why) => Some(why),
    })
}

/// Variables that bash sets itself, from its manual's section "Shell Variables".
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

/// The document as it ran, beside its record.
fn keep_document(folder: &Folder, bytes: &[u8]) -> Result<(), JournalError> {
    let path = folder.document();
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| JournalError::io("write", &path, error))
}

fn start_options(options: &RunOptions<'_>, run: &RunId, folder: &Folder) -> StartOptions {
    let mut start = StartOptions::new(
        options.program.clone(),
        run.clone(),
        folder.path().to_owned(),
        options.cwd.clone(),
        options.mode,
    );
    start.path.clone_from(&options.search_path);
    start.rc.clone_from(&options.rc);
    start.runtime_dir.clone_from(&options.runtime);
    start.log = options.log;
    start.env = options.runbook.front_matter.env.clone().into_iter().collect();
    start
}

fn run_started(options: &RunOptions<'_>, plan: &Plan, run: &RunId) -> RunStarted {
    let git = kernel::git_state(&options.path, options.search_path.as_deref());
    let file_name = options.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    RunStarted {
        run: run.clone(),
        runbook: RunbookIdentity {
            path: options.path.to_string_lossy().into_owned(),
            title: options.runbook.title.clone().unwrap_or(file_name),
            digest: options.runbook.digest,
            git_modified: git.as_ref().is_some_and(|git| git.modified),
            git_commit: git.map(|git| git.commit),
        },
        procedure: plan.procedure.anchor.clone(),
        procedure_title: plan.procedure.title.clone(),
        steps: u32::try_from(plan.reachable().len()).unwrap_or(u32::MAX),
        host: options.host.clone(),
        user: options.user.clone(),
        cwd: options.cwd.to_string_lossy().into_owned(),
        mode: options.mode,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        flags: options.flags.clone(),
    }
}

fn settings(options: &RunOptions<'_>, folder: &Folder) -> Settings {
    Settings {
        file: options.path.to_string_lossy().into_owned(),
        file_name: options.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        host: options.host.clone(),
        user: options.user.clone(),
        cwd: options.cwd.to_string_lossy().into_owned(),
        mode: options.mode,
        values: options.policy.values.clone(),
        monitor_for: options.policy.monitor_for,
        timeout: options.runbook.front_matter.timeout.as_deref().and_then(crate::plan::duration),
        record: folder.path().to_string_lossy().into_owned(),
    }
}
