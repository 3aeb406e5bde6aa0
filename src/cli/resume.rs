//! `runbook resume` and `runbook stop`.
//!
//! Invariant: a resumed run has the flags that it began with; its values are asked for again.

use super::args::{ResumeArgs, RunArg};
use super::choices::ColorChoice;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::incident;
use super::output::print_notices;
use super::run_ending::report_ending;
use super::run_options::{RunValues, host_name, make_run_options};
use super::{open, records, values};
use crate::history::{Mode, RunStarted};
use crate::journal::{Folder, Folders};
use crate::kernel::{AttachError, stop_session};
use crate::session;
use crate::session::{Recorded, Selection};
use std::path::{Path, PathBuf};

/// Resumes a run. Fails without an operator, and when the run is over or was unattended.
pub(super) fn resume_run(args: &ResumeArgs, color: ColorChoice, environment: &Environment) -> Result<Exit, Failure> {
    if !Environment::has_operator() {
        return Err(Failure::usage_error("a run is resumed by an operator at a terminal, and there is none"));
    }
    let root = environment.runs_folder()?;
    let recorded = match &args.run {
        Some(name) => read_recorded(records::find_run(&root, Some(name))?)?,
        None => latest_open_run(&root)?,
    };
    let run = recorded.folder.run_id().clone();
    let Some(started) = recorded.state.started.clone().filter(|_| recorded.can_resume()) else {
        return Err(Failure::usage_error(format!(
            "there is nothing to go on with in the run `{run}`: it came to its end"
        ))
        .with_help("`runbook runs` lists the runs and says which can be resumed"));
    };
    if !started.mode.is_interactive() {
        return Err(Failure::usage_error(format!("the run `{run}` was unattended; it cannot be resumed"))
            .with_help(format!("`runbook run {} --from STEP` begins a new one", started.runbook.path)));
    }
    let path = document_path(args, &started, &recorded.folder)?;
    let opened = open::open_document(&path)?;
    print_notices(&opened.parser_findings());
    let (section, _) = opened.select_section(started.procedure.as_str())?;
    let cwd = PathBuf::from(&started.cwd);
    let secrets = recorded_flags(&started, "--secret ");
    let values = RunValues {
        selection: recorded_selection(&started),
        mode: Mode::Attended,
        given: values::gather_resumed_values(&args.inputs, &secrets, &opened, section)?,
        secrets,
        cwd: if cwd.is_dir() { cwd } else { PathBuf::from("/") },
        color,
    };
    let mut options = make_run_options(&opened, section, values, environment)?;
    // An incident that has been closed or removed since is left out.
    let incident = recorded.state.incident.as_ref().map(|joined| joined.incident.as_str());
    options.incident = incident.and_then(|id| incident::incident_of_run(Some(id), environment).ok().flatten());
    let masker = options.initial_masker();
    report_ending(session::resume_run(&options, recorded), &options)
        .map_err(|failure| failure.with_secrets_masked(&masker))
}

fn read_recorded(folder: Folder) -> Result<Recorded, Failure> {
    Recorded::read_folder(folder).map_err(|error| Failure::record_error(error.to_string()))
}

fn latest_open_run(root: &Path) -> Result<Recorded, Failure> {
    let folders = Folders::with_root(root).list_runs().map_err(|error| Failure::record_error(error.to_string()))?;
    let mut found =
        folders.into_iter().filter_map(|folder| Recorded::read_folder(folder).ok()).filter(Recorded::can_resume);
    found
        .next()
        .ok_or_else(|| Failure::usage_error("there is no run to go on with").with_help("`runbook runs` lists the runs"))
}

/// Path of the document: as given, as recorded, or else its copy in the record. Fails when all are missing.
fn document_path(args: &ResumeArgs, started: &RunStarted, folder: &Folder) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let path = PathBuf::from(&started.runbook.path);
    for candidate in [path.clone(), Path::new(&started.cwd).join(&path)] {
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    if folder.document_path().is_file() {
        print_notices(&[format!("`{}` is not here; going on with the copy in the record", path.display())]);
        return Ok(folder.document_path());
    }
    Err(Failure::usage_error(format!("the document `{}` is not here", path.display()))
        .with_help("say where it is: `--file FILE`"))
}

/// The steps that were selected when the run began, from the flags in its record.
fn recorded_selection(started: &RunStarted) -> Selection {
    let only = recorded_flags(started, "--only ");
    match recorded_flags(started, "--from ").into_iter().next() {
        _ if !only.is_empty() => Selection::Only(only),
        Some(from) => Selection::From(from),
        None => Selection::All,
    }
}

/// Values of a flag, from the flags in the run's record. `name` ends in a space.
fn recorded_flags(started: &RunStarted, name: &str) -> Vec<String> {
    started.flags.iter().filter_map(|flag| flag.strip_prefix(name)).map(|value| value.trim().to_owned()).collect()
}

/// Stops a run that is live in another terminal. Fails when it is not live.
pub(super) fn stop_run(args: &RunArg, environment: &Environment) -> Result<Exit, Failure> {
    let folder = records::find_run(&environment.runs_folder()?, args.run.as_deref())?;
    stop_session(folder.folder_path(), &session::driver_name(&environment.user_name(), &host_name())).map_err(
        |error| match error {
            AttachError::NotThere => Failure::usage_error(format!("the run `{}` is not live", folder.run_id()))
                .with_help("`runbook runs` says which are"),
            other => Failure::usage_error(other.to_string()),
        },
    )?;
    print_notices(&[format!("`{}` ends; a running command is told to, and its end is recorded", folder.run_id())]);
    Ok(Exit::Success)
}
