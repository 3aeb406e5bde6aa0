//! `runbook resume` and `runbook stop`.
//!
//! Invariant: a resumed run has the flags that it began with; its values are asked for again.

use super::args::{ResumeArgs, RunArg};
use super::choices::ColorChoice;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::incident;
use super::output::print_notices;
use super::run_ending::ended;
use super::run_options::{RunValues, host, options};
use super::{open, records, values};
use crate::history::{Mode, RunStarted};
use crate::journal::{Folder, Folders};
use crate::kernel::{AttachError, stop_session};
use crate::session;
use crate::session::{Recorded, Selection};
use std::path::{Path, PathBuf};

/// Resumes a run. Fails without an operator, and when the run is over or was unattended.
pub(super) fn run(args: &ResumeArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    if !Environment::has_operator() {
        return Err(Failure::usage("a run is resumed by an operator at a terminal, and there is none"));
    }
    let root = environment.runs_folder()?;
    let recorded = match &args.run {
        Some(name) => read(records::find(&root, Some(name))?)?,
        None => latest_open(&root)?,
    };
    let run = recorded.folder.run().clone();
    let Some(started) = recorded.state.started.clone().filter(|_| recorded.is_open()) else {
        return Err(Failure::usage(format!("there is nothing to go on with in the run `{run}`: it came to its end"))
            .help("`runbook runs` lists the runs and says which can be resumed"));
    };
    if !started.mode.is_interactive() {
        return Err(Failure::usage(format!("the run `{run}` was unattended; it cannot be resumed"))
            .help(format!("`runbook run {} --from STEP` begins a new one", started.runbook.path)));
    }
    let path = document(args, &started, &recorded.folder)?;
    let opened = open::open(&path)?;
    print_notices(&opened.findings());
    let (section, _) = opened.select(started.procedure.as_str())?;
    let cwd = PathBuf::from(&started.cwd);
    let secrets = flags(&started, "--secret ");
    let values = RunValues {
        selection: selection(&started),
        mode: Mode::Attended,
        given: values::given_again(&args.inputs, &secrets, &opened)?,
        secrets,
        cwd: if cwd.is_dir() { cwd } else { PathBuf::from("/") },
        color,
    };
    let mut options = options(&opened, section, values, environment)?;
    // An incident that has been closed or removed since is left out.
    let incident = recorded.state.incident.as_ref().map(|joined| joined.incident.as_str());
    options.incident = incident.and_then(|id| incident::of_run(Some(id), environment).ok().flatten());
    let masker = options.initial_masker();
    ended(session::resume(&options, recorded), &options).map_err(|failure| failure.masked(&masker))
}

fn read(folder: Folder) -> Result<Recorded, Failure> {
    Recorded::read(folder).map_err(|error| Failure::record(error.to_string()))
}

fn latest_open(root: &Path) -> Result<Recorded, Failure> {
    let folders = Folders::under(root).list().map_err(|error| Failure::record(error.to_string()))?;
    let mut found = folders.into_iter().filter_map(|folder| Recorded::read(folder).ok()).filter(Recorded::is_open);
    found.next().ok_or_else(|| Failure::usage("there is no run to go on with").help("`runbook runs` lists the runs"))
}

/// Path of the document: as given, as recorded, or else its copy in the record. Fails when all are missing.
fn document(args: &ResumeArgs, started: &RunStarted, folder: &Folder) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let path = PathBuf::from(&started.runbook.path);
    for candidate in [path.clone(), Path::new(&started.cwd).join(&path)] {
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    if folder.document().is_file() {
        print_notices(&[format!("`{}` is not here; going on with the copy in the record", path.display())]);
        return Ok(folder.document());
    }
    Err(Failure::usage(format!("the document `{}` is not here", path.display())).help("say where it is: `--file FILE`"))
}

/// The steps that were selected when the run began, from the flags in its record.
fn selection(started: &RunStarted) -> Selection {
    let only = flags(started, "--only ");
    match flags(started, "--from ").into_iter().next() {
        _ if !only.is_empty() => Selection::Only(only),
        Some(from) => Selection::From(from),
        None => Selection::All,
    }
}

/// Values of a flag, from the flags in the run's record. `name` ends in a space.
fn flags(started: &RunStarted, name: &str) -> Vec<String> {
    started.flags.iter().filter_map(|flag| flag.strip_prefix(name)).map(|value| value.trim().to_owned()).collect()
}

/// Stops a run that is live in another terminal. Fails when it is not live.
pub(super) fn stop(args: &RunArg, environment: &Environment) -> Result<Exit, Failure> {
    let folder = records::find(&environment.runs_folder()?, args.run.as_deref())?;
    stop_session(folder.path(), &session::who(&environment.user(), &host())).map_err(|error| match error {
        AttachError::NotThere => {
            Failure::usage(format!("the run `{}` is not live", folder.run())).help("`runbook runs` says which are")
        }
        other => Failure::usage(other.to_string()),
    })?;
    print_notices(&[format!("`{}` ends; a running command is told to, and its end is recorded", folder.run())]);
    Ok(Exit::Success)
}
