//! Why a run did not begin, or did not reach its end.

use crate::engine::EngineError;
use crate::journal::JournalError;
use crate::plan::{SelectStepError, UnmetRequirement};
use crate::ports::KernelError;

/// Why a run did not begin, or did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A selected step is not in the plan.
    #[error(transparent)]
    Step(#[from] SelectStepError),
    /// A value breaks the rules of its input: the input's name, and the rule.
    #[error("the value of `{0}` does not fit: {1}")]
    Unfit(String, crate::plan::InvalidValue),
    /// The procedure, named here, has no step to run.
    #[error("`{0}` has no step to run")]
    Nothing(String),
    /// An unattended run lacks these answers.
    #[error("nothing was run: {} not answered", if .0.len() == 1 { "one question is".to_owned() } else { format!("{} questions are", .0.len()) })]
    Missing(Vec<UnmetRequirement>),
    /// The run cannot be resumed, for the reason given.
    #[error("{0}")]
    NotResumable(String),
    /// The record could not be created, written or rendered.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(std::io::Error),
    /// The engine failed, or the session or the operator behind it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<KernelError> for SessionError {
    fn from(error: KernelError) -> Self {
        Self::Engine(EngineError::Kernel(error))
    }
}
