//! What a run is beside its plan, and how it ends.
//!
//! Invariant: nothing here changes while the run goes on. Refuses to know: the engine.

use crate::history::{Mode, RunResult};
use crate::ident::StepId;
use crate::plan::Policy;
use crate::ports::{KernelError, OperatorError};
use std::time::Duration;

/// How long an unattended run lets a command that never ends run, if no other time is set.
pub const MONITOR_FOR: Duration = Duration::from_secs(30);

/// Everything that defines a run, beside its plan.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the document as the operator typed it.
    pub file: String,
    /// File name of the document, for `RUNBOOK.md:12` and for the shell's own messages.
    pub file_name: String,
    /// Name of the machine that the run takes place on.
    pub host: String,
    /// Name of the user who runs it.
    pub user: String,
    /// Directory that the shell starts in.
    pub cwd: String,
    /// Who answers the engine's questions.
    pub mode: Mode,
    /// The flags that the run was given; those of an attended run open no gate.
    pub policy: Policy,
    /// The document's own limit for each command.
    pub timeout: Option<Duration>,
    /// Path of the run's record, shown when the run begins.
    pub record: String,
}

impl Settings {
    /// Limit of a command that never ends, when nobody is there to end it.
    pub(super) fn unattended_limit(&self) -> Duration {
        self.policy.monitor_for.unwrap_or(MONITOR_FOR)
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The result that is recorded.
    pub result: RunResult,
    /// Reason for the result; empty if the result speaks for itself.
    pub reason: String,
    /// The step to resume at, if the run stopped before its end.
    pub next: Option<StepId>,
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The session or its record failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The operator could not be asked, or gave no answer.
    #[error(transparent)]
    Operator(OperatorError),
}

impl From<OperatorError> for EngineError {
    fn from(error: OperatorError) -> Self {
        match error {
            OperatorError::Session(error) => Self::Kernel(error),
            error => Self::Operator(error),
        }
    }
}
