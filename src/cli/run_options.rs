//! The options of a run that begins or goes on, from its document, its values and the environment.
//!
//! Invariant: a flag that gives a value nothing asks for is refused before anything starts.

use super::choices::ColorChoice;
use super::environment::Environment;
use super::error::Failure;
use super::open::OpenedDocument;
use super::run_ending::failure_of_session;
use super::values::GivenValues;
use crate::document::SectionIndex;
use crate::history::Mode;
use crate::plan::Policy;
use crate::session::{
    self, ProcedureSource, RunEnvironment, RunGrants, RunOptions, RunStorage, SecretInputs, Selection,
};
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// The options that differ between a new run and a resumed one.
pub(super) struct RunValues {
    /// Which steps to run.
    pub(super) selection: Selection,
    /// An operator answers, or nobody does.
    pub(super) mode: Mode,
    /// Values from flags, files and the environment.
    pub(super) given: GivenValues,
    /// The inputs that the operator calls secret.
    pub(super) secrets: Vec<String>,
    /// Working directory in which bash starts.
    pub(super) cwd: PathBuf,
    /// When to use colour.
    pub(super) color: ColorChoice,
}

/// Builds the options of a run. Fails when a flag gives a value that the procedure does not ask for.
pub(super) fn make_run_options<'a>(
    opened: &'a OpenedDocument,
    section: SectionIndex,
    values: RunValues,
    environment: &Environment,
) -> Result<RunOptions<'a>, Failure> {
    let names_any = values.given.names_any();
    let options = RunOptions {
        procedure: ProcedureSource {
            path: opened.path.clone(),
            bytes: &opened.bytes,
            runbook: &opened.runbook,
            section,
            selection: values.selection,
        },
        storage: RunStorage {
            runs: environment.runs_folder()?,
            runtime: environment.runtime_folder(),
            log: environment.is_set("RUNBOOK_LOG"),
        },
        environment: RunEnvironment {
            host: host_name(),
            user: environment.user_name(),
            cwd: values.cwd,
            program: std::env::current_exe()
                .map_err(|error| Failure::usage_error(format!("this program cannot find itself: {error}")))?,
            search_path: environment.get("PATH").map(ToOwned::to_owned),
            variables: environment
                .all_variables()
                .iter()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
                .collect(),
        },
        grants: RunGrants {
            policy: Policy { values: values.given.values.clone(), ..Policy::default() },
            flags: Vec::new(),
        },
        secrets: SecretInputs { names: values.secrets, values: values.given.hidden.clone() },
        mode: values.mode,
        rc: None,
        look: environment.terminal_look(environment.choose_color(values.color, std::io::stderr().is_terminal())),
        incident: None,
    };
    if names_any {
        let plan = session::plan_selected_steps(&options).map_err(|error| failure_of_session(error, &options));
        let asked = plan.and_then(|plan| values.given.check_asked_for(&plan, &options.procedure.path));
        asked.map_err(|failure| failure.with_secrets_masked(&options.initial_masker()))?;
    }
    Ok(options)
}

/// Name of this machine, as `uname -n` prints it.
pub(super) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
