//! The options of a run that begins or goes on, from its document, its values and the environment.
//!
//! Invariant: a flag that gives a value nothing asks for is refused before anything starts.

use super::choices::ColorChoice;
use super::environment::Environment;
use super::error::Failure;
use super::open::Opened;
use super::run_ending::failure;
use super::values::Given;
use crate::document::SectionIndex;
use crate::history::Mode;
use crate::plan::Policy;
use crate::session::{self, RunOptions, Selection};
use std::io::IsTerminal as _;
use std::path::PathBuf;

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
