//! One run, from its options to its ending.
//!
//! Invariant: the run folder exists before bash starts, and the transcript is written however the run ends.

use super::error::SessionError;
use super::options::RunOptions;
use super::planning::{complete_policy, plan_selected_steps, syntax_checker, unmet_requirements};
use super::reminders;
use super::render;
use super::walking::PreparedRun;
use crate::engine::Ending;
use crate::history::{Fact, RunStarted, RunbookIdentity};
use crate::ident::{Clock as _, RunId, SystemClock};
use crate::journal::{Folder, Folders, JournalError};
use crate::kernel::{self, StartOptions};
use crate::plan::Plan;
use crate::ports::{Journal as _, KernelError};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Runs a procedure. Returns its ending and the path of its transcript. An unattended run that lacks answers fails before anything is
/// started or recorded.
pub fn run_procedure(options: &RunOptions<'_>) -> Result<(Ending, PathBuf), SessionError> {
    let plan = plan_selected_steps(options)?;
    let policy = complete_policy(&plan, options)?;
    let mut options = options.clone();
    options.grants.policy = policy;
    let options = &options;
    // Look for bash first: without it there is no run, and nothing is recorded.
    let mut syntax = syntax_checker(&plan, options)?;
    if !options.mode.is_interactive() {
        let missing = unmet_requirements(&plan, options, &mut syntax);
        if !missing.is_empty() {
            return Err(SessionError::Missing(missing));
        }
    }
    let clock = SystemClock::start_now();
    let run = RunId::generate_at(&clock.now());
    let folder = Folders::with_root(&options.storage.runs).create_folder(&run)?;
    let masker = options.initial_masker();
    keep_document(&folder, &masker.mask_bytes(options.procedure.bytes))?;
    // Ask git while the recorder starts.
    let (path, search_path) = (options.procedure.path.clone(), options.environment.search_path.clone());
    let git = move || kernel::git_state(&path, search_path.as_deref());
    let asking = std::thread::Builder::new().name("git".to_owned()).spawn(git.clone());
    let mut session = kernel::Session::start(&start_options(options, &run, &folder))?;
    register_secrets(&mut session, options)?;
    let git = asking.map_or_else(|_| git(), |thread| thread.join().unwrap_or_default());
    let started = run_started(options, &plan, &run, git);
    let joined =
        options.incident.as_ref().map(|incident| reminders::join_incident(incident, &started, &masker)).transpose()?;
    let mut facts = vec![Fact::RunStarted(started)];
    facts.extend(joined.map(Fact::IncidentJoined));
    let events = session.append_facts(facts)?;
    let mut walking = PreparedRun { plan: &plan, options, folder: &folder, syntax, clock, events, resumed: None };
    let ended = walking.walk_with_operator(&mut session, &masker);
    let rendered = render::render_transcript(&folder, false);
    Ok((ended?, rendered?.path))
}

pub(super) fn register_secrets(session: &mut kernel::Session, options: &RunOptions<'_>) -> Result<(), KernelError> {
    if !options.secrets.values.is_empty() {
        let secrets = options.secrets.values.iter().map(|(name, value)| (name.clone(), value.as_bytes().to_vec()));
        session.register_secrets(secrets.collect())?;
    }
    Ok(())
}

/// Writes the copy of the document that the record keeps.
fn keep_document(folder: &Folder, bytes: &[u8]) -> Result<(), JournalError> {
    let path = folder.document_path();
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| JournalError::from_io("write", &path, error))
}

pub(super) fn start_options(options: &RunOptions<'_>, run: &RunId, folder: &Folder) -> StartOptions {
    let mut start = StartOptions::new(
        options.environment.program.clone(),
        run.clone(),
        folder.folder_path().to_owned(),
        options.environment.cwd.clone(),
        options.mode,
    );
    start.shell.search_path.clone_from(&options.environment.search_path);
    start.shell.rc.clone_from(&options.rc);
    start.runtime_dir.clone_from(&options.storage.runtime);
    start.log = options.storage.log;
    start.run.who = driver_name(&options.environment.user, &options.environment.host);
    start.shell.env = options.procedure.runbook.front_matter.env.clone().into_iter().collect();
    start
}

/// Describes who drives a run, for the message to anyone else who tries to.
pub fn driver_name(user: &str, host: &str) -> String {
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok();
    let tty = tty.map_or_else(String::new, |tty| format!(", terminal {}", tty.to_string_lossy()));
    format!("{user} on {host}{tty}, process {}", std::process::id())
}

fn run_started(options: &RunOptions<'_>, plan: &Plan, run: &RunId, git: Option<kernel::GitState>) -> RunStarted {
    let file_name = options.procedure.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    RunStarted {
        run: run.clone(),
        runbook: RunbookIdentity {
            path: options.procedure.path.to_string_lossy().into_owned(),
            title: options.procedure.runbook.title.clone().unwrap_or(file_name),
            digest: options.procedure.runbook.digest,
            git_modified: git.as_ref().is_some_and(|git| git.modified),
            git_commit: git.map(|git| git.commit),
        },
        procedure: plan.procedure.anchor.clone(),
        procedure_title: plan.procedure.title.clone(),
        steps: u32::try_from(plan.reachable_steps().len()).unwrap_or(u32::MAX),
        host: options.environment.host.clone(),
        user: options.environment.user.clone(),
        cwd: options.environment.cwd.to_string_lossy().into_owned(),
        mode: options.mode,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        flags: options.grants.flags.clone(),
    }
}
