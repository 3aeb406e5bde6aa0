//! One run from its options to its ending.
//!
//! Invariant: the run folder exists before bash does, and the transcript is written however the run ended.

use super::masked::{Discreet, Masked, Secrets};
use super::pager;
use super::pager::IncidentPager;
use super::render;
use crate::document::{Runbook, SectionIndex};
use crate::engine::{Ending, Engine, EngineError, Settings};
use crate::history::{CommandStarted, Event, Fact, Mode, RunResult, RunResumed, RunStarted, RunbookIdentity};
use crate::ident::{Clock as _, RunId, SystemClock};
use crate::incident::Incident;
use crate::journal::{Folder, Folders, JournalError};
use crate::kernel::{self, BashSyntax, StartOptions, find_bash};
use crate::mask::Masker;
use crate::operator::{AtTerminal, Look, PollableEvents, Unattended};
use crate::plan::{Missing, Plan, Planner, Policy, SelectStepError};
use crate::ports::{Journal as _, KernelError, Operator, Pager, Syntax as _, Talk, Verdict};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::fd::BorrowedFd;
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
#[derive(Clone)]
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
    /// The inputs that the operator calls secret.
    pub secrets: Vec<String>,
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
    /// Secrets, by name and value: they are kept out of everything recorded and shown.
    pub hidden: Vec<(String, String)>,
    /// Whether the recorder writes its errors to the run folder.
    pub log: bool,
    /// The incident that the run joins, or is part of.
    pub incident: Option<Incident>,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A step was named that is not there.
    #[error(transparent)]
    Step(#[from] SelectStepError),
    /// A value that its input does not take.
    #[error("the value of `{0}` does not fit: {1}")]
    Unfit(String, crate::plan::Unfit),
    /// There is no step.
    #[error("`{0}` has no step to run")]
    Nothing(String),
    /// An unattended run lacks answers.
    #[error("nothing was run: {} not answered", if .0.len() == 1 { "one question is".to_owned() } else { format!("{} questions are", .0.len()) })]
    Missing(Vec<Missing>),
    /// The run cannot be taken up.
    #[error("{0}")]
    NotResumable(String),
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
    let policy = policy(&plan, options)?;
    let options = &RunOptions { policy, ..options.clone() };
    // Looked for before anything else: without bash there is no run.
    let mut syntax = syntax(&plan, options)?;
    if !options.mode.is_interactive() {
        let missing = missing(&plan, options, &mut syntax);
        if !missing.is_empty() {
            return Err(SessionError::Missing(missing));
        }
    }
    let clock = SystemClock::start();
    let run = RunId::generate(&clock.now());
    let folder = Folders::under(&options.runs).create(&run)?;
    let masker = masker(options);
    keep_document(&folder, &masker.bytes(options.bytes))?;
    // git is asked while the recorder starts.
    let (path, search_path) = (options.path.clone(), options.search_path.clone());
    let git = move || kernel::git_state(&path, search_path.as_deref());
    let asking = std::thread::Builder::new().name("git".to_owned()).spawn(git.clone());
    let mut session = kernel::Session::start(&start_options(options, &run, &folder))?;
    hide(&mut session, options)?;
    let git = asking.map_or_else(|_| git(), |thread| thread.join().unwrap_or_default());
    let started = run_started(options, &plan, &run, git);
    let joined = options.incident.as_ref().map(|incident| pager::join(incident, &started, &masker)).transpose()?;
    let mut facts = vec![Fact::RunStarted(started)];
    facts.extend(joined.map(Fact::IncidentJoined));
    let events = session.append(facts)?;
    let mut walking = Walking { plan: &plan, options, folder: &folder, syntax, clock, events, resumed: None };
    let ended = walking.go(&mut session, &masker);
    let rendered = render::render(&folder, false);
    Ok((ended?, rendered?.path))
}

/// What the run must not record, as known before it begins.
pub fn masker(options: &RunOptions<'_>) -> Masker {
    let mut masker = Masker::new();
    masker.add_all(options.hidden.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    masker
}

pub(super) fn hide(session: &mut kernel::Session, options: &RunOptions<'_>) -> Result<(), KernelError> {
    if !options.hidden.is_empty() {
        let secrets = options.hidden.iter().map(|(name, value)| (name.clone(), value.as_bytes().to_vec()));
        session.hide(secrets.collect())?;
    }
    Ok(())
}

pub(super) fn syntax(plan: &Plan, options: &RunOptions<'_>) -> Result<BashSyntax, SessionError> {
    let bash = find_bash(options.search_path.as_deref())?;
    let mut syntax = BashSyntax::new(Some(bash));
    syntax.prefetch(texts(plan, options));
    Ok(syntax)
}

/// What a resumed run has to deal with before it goes on.
pub(super) struct Resumed {
    /// What the operator is told.
    pub(super) told: Vec<String>,
    /// The command that runs still.
    pub(super) running: Option<CommandStarted>,
    /// Recorded first.
    pub(super) fact: RunResumed,
}

impl PollableEvents for kernel::Ear {
    fn descriptor(&self) -> BorrowedFd<'_> {
        Self::descriptor(self)
    }
}

/// A run with everything it needs.
pub(super) struct Walking<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a RunOptions<'a>,
    pub(super) folder: &'a Folder,
    pub(super) syntax: BashSyntax,
    pub(super) clock: SystemClock,
    pub(super) events: Vec<Event>,
    pub(super) resumed: Option<Resumed>,
}

impl Walking<'_> {
    pub(super) fn go(&mut self, session: &mut kernel::Session, masker: &Masker) -> Result<Ending, SessionError> {
        let look = self.options.look;
        let secrets = Secrets::new(masker, session.learned());
        let user = &self.options.user;
        let pager = self
            .options
            .incident
            .clone()
            .map(|incident| IncidentPager::new(incident, user, &self.options.host, &secrets));
        let told = pager.as_ref().map(IncidentPager::opening);
        let pager = pager.map(|pager| Box::new(pager) as Box<dyn Pager>);
        match self.options.mode {
            Mode::Attended => {
                let out = Box::new(Masked::new(std::io::stderr(), &secrets));
                let clock = Box::new(SystemClock::start());
                let hearing: Box<dyn PollableEvents> = Box::new(session.ear()?);
                let operator = AtTerminal::open(out, look, clock, Some(hearing)).map_err(SessionError::Terminal)?;
                // The recorder has taken the secrets out of it.
                let mut operator = operator.with_output(Box::new(std::io::stderr())).with_pager(pager);
                if let Some(told) = told {
                    operator.tell(&Talk::Notice(&told));
                }
                self.walk(session, &secrets, &mut operator)
            }
            Mode::Unattended => {
                let talk = Box::new(Masked::new(std::io::stderr(), &secrets));
                let (out, err) = (Box::new(std::io::stdout()), Box::new(std::io::stderr()));
                let operator = Unattended::new(self.options.policy.clone(), out, err, talk, look);
                let mut operator = operator.with_pager(pager);
                if let Some(told) = told {
                    operator.tell(&Talk::Notice(&told));
                }
                self.walk(session, &secrets, &mut operator)
            }
        }
    }

    fn walk<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        secrets: &Secrets,
        operator: &mut O,
    ) -> Result<Ending, SessionError> {
        let settings = settings(self.options, self.folder);
        let masker = masker(self.options);
        let plan = self.plan.clone().with_words(&|text| masker.text(text).into_owned());
        let resumed = self.resumed.take();
        let is_resumed = resumed.is_some();
        if let Some(resumed) = resumed {
            self.catch_up(session, operator, resumed)?;
        }
        let mut discreet = Discreet::new(session, secrets);
        let syntax = &mut self.syntax;
        let mut engine = Engine::new(&plan, &settings, &mut discreet, operator, syntax, &self.clock, &self.events);
        if is_resumed {
            engine.resume_at(&self.events);
        }
        let mut ending = engine.run()?;
        // A failure that was passed over is still one for whoever reads the exit status.
        let failed = engine.state().unsettled().iter().any(|command| !command.outcome().goes_on());
        if ending.result == RunResult::Completed && failed {
            ending.result = RunResult::Failed;
        }
        let left = session.finish()?;
        if !left.is_empty() {
            operator.tell(&Talk::Warning(&format!("still running after the run: {}", left.join(", "))));
        }
        Ok(ending)
    }

    /// Says what is new, records who goes on, and watches the command that runs still to its end.
    fn catch_up<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        operator: &mut O,
        resumed: Resumed,
    ) -> Result<(), SessionError> {
        for line in &resumed.told {
            operator.tell(&Talk::Notice(line));
        }
        self.events.extend(session.append(vec![Fact::RunResumed(resumed.fact)])?);
        if let Some(started) = &resumed.running {
            operator.tell(&Talk::Started { text: &started.text, line: started.line });
            let came = session.follow(operator)?;
            if let Fact::CommandFinished(finished) = &came.finished.fact {
                operator.tell(&Talk::Finished { finished, text: &started.text, detail: None });
            }
            if let Some(how) = &came.respawned {
                operator.tell(&Talk::Respawned { how });
            }
            self.events.push(came.finished);
        }
        Ok(())
    }
}

/// The plan with the steps that were selected.
pub fn plan(options: &RunOptions<'_>) -> Result<Plan, SessionError> {
    let is_file = |path: &str| Path::new(path).is_file();
    let mut plan = Planner::new(options.runbook, &is_file).plan(options.section);
    plan.keep_secret(&options.secrets);
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

/// The policy with the values under their inputs' names, checked; unattended, with the document's defaults too.
pub fn policy(plan: &Plan, options: &RunOptions<'_>) -> Result<Policy, SessionError> {
    let mut values = plan.named(&options.policy.values);
    for (name, value) in &values {
        if let Some(input) = plan.input(name).filter(|input| input.blocks || &input.shown != value) {
            input.rules.check(value).map_err(|unfit| SessionError::Unfit(name.to_string(), unfit))?;
            let path = Path::new(value);
            let path = if path.is_absolute() { path.to_owned() } else { options.cwd.join(path) };
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
    Ok(Policy { values, ..options.policy.clone() })
}

fn texts(plan: &Plan, options: &RunOptions<'_>) -> Vec<String> {
    plan.reachable()
        .into_iter()
        .filter_map(|place| plan.steps.get(place))
        .flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref()))
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

pub(super) fn start_options(options: &RunOptions<'_>, run: &RunId, folder: &Folder) -> StartOptions {
    let mut start = StartOptions::new(
        options.program.clone(),
        run.clone(),
        folder.path().to_owned(),
        options.cwd.clone(),
        options.mode,
    );
    start.shell.search_path.clone_from(&options.search_path);
    start.shell.rc.clone_from(&options.rc);
    start.runtime_dir.clone_from(&options.runtime);
    start.log = options.log;
    start.run.who = who(&options.user, &options.host);
    start.shell.env = options.runbook.front_matter.env.clone().into_iter().collect();
    start
}

/// Who drives a run, for whoever else wants to.
pub fn who(user: &str, host: &str) -> String {
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok();
    let tty = tty.map_or_else(String::new, |tty| format!(", terminal {}", tty.to_string_lossy()));
    format!("{user} on {host}{tty}, process {}", std::process::id())
}

fn run_started(options: &RunOptions<'_>, plan: &Plan, run: &RunId, git: Option<kernel::GitState>) -> RunStarted {
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
