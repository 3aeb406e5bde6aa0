//! Everything that a run needs to know before it begins.
//!
//! Invariant: nothing here changes while a run goes on. Refuses to know: the command line that it came from.

use crate::document::{Runbook, SectionIndex};
use crate::history::Mode;
use crate::incident::Incident;
use crate::mask::Masker;
use crate::operator::TerminalLook;
use crate::plan::Policy;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Which steps of a procedure to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every step.
    All,
    /// This step, by number or id, and every step after it.
    From(String),
    /// These steps alone, by number or id.
    Only(Vec<String>),
}

/// The procedure to run, and the document that it is in.
#[derive(Clone)]
pub struct ProcedureSource<'a> {
    /// Path of the document as the operator typed it.
    pub path: PathBuf,
    /// Bytes of the document as read; the run folder gets a masked copy of them.
    pub bytes: &'a [u8],
    /// The document, parsed from `bytes`.
    pub runbook: &'a Runbook,
    /// The section whose steps are run.
    pub section: SectionIndex,
    /// Which steps of the section are run.
    pub selection: Selection,
}

/// The machine and the user that a run works with.
#[derive(Clone)]
pub struct RunEnvironment {
    /// Name of this machine.
    pub host: String,
    /// Name of the user, for the record.
    pub user: String,
    /// Working directory in which bash starts.
    pub cwd: PathBuf,
    /// Path of this program, which is started again as the recorder.
    pub program: PathBuf,
    /// `$PATH`, in which bash and git are looked up.
    pub search_path: Option<OsString>,
    /// The environment variables that are set.
    pub variables: BTreeMap<String, String>,
}

/// Where a run keeps its files.
#[derive(Clone)]
pub struct RunStorage {
    /// Folder that gets a folder for each run.
    pub runs: PathBuf,
    /// `$XDG_RUNTIME_DIR`, for the socket and the step files of a live run.
    pub runtime: Option<PathBuf>,
    /// True if the recorder writes its errors to the run folder.
    pub log: bool,
}

/// Permissions that the operator gave in advance.
#[derive(Clone)]
pub struct RunGrants {
    /// Limits of an unattended run, and the values given in advance.
    pub policy: Policy,
    /// Flags of the command line, as the record keeps them.
    pub flags: Vec<String>,
}

/// Inputs to keep out of everything recorded and shown.
#[derive(Clone)]
pub struct SecretInputs {
    /// Names of the inputs that the operator calls secret.
    pub names: Vec<String>,
    /// Name and value of each secret that is known before the run begins.
    pub values: Vec<(String, String)>,
}

/// Options of one run.
#[derive(Clone)]
pub struct RunOptions<'a> {
    /// The procedure to run.
    pub procedure: ProcedureSource<'a>,
    /// The machine and the user.
    pub environment: RunEnvironment,
    /// Where the run keeps its files.
    pub storage: RunStorage,
    /// Permissions that the operator gave in advance.
    pub grants: RunGrants,
    /// Inputs to keep secret.
    pub secrets: SecretInputs,
    /// An operator at the terminal answers, or nobody does.
    pub mode: Mode,
    /// A file for bash to read first.
    pub rc: Option<PathBuf>,
    /// Styles and characters of what the run prints.
    pub look: TerminalLook,
    /// The incident that the run joins, or has joined already.
    pub incident: Option<Incident>,
}

impl RunOptions<'_> {
    /// A masker for the secrets that are known before the run begins.
    pub fn initial_masker(&self) -> Masker {
        let mut masker = Masker::new();
        masker.add_secrets(self.secrets.values.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        masker
    }
}
