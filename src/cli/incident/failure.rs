//! Failures of an incident's record, as the person at the command line should read them.

use crate::cli::error::Failure;
use crate::incident::{IncidentError, Unclear};
use crate::journal::JournalError;

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
pub(super) fn record_failure(error: JournalError) -> Failure {
    Failure::record(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
pub(super) fn failure(error: IncidentError) -> Failure {
    let message = error.to_string();
    match error {
        IncidentError::Journal(_) => Failure::record(message),
        IncidentError::None | IncidentError::NoneOpen => {
            Failure::usage(message).help("`runbook incident open TITLE --severity SEVERITY` opens one")
        }
        IncidentError::SeveralOpen(_) => {
            Failure::usage(message).help("say which: `--incident ID`, or its id for `show`, `close` and `report`")
        }
        IncidentError::Closed(_) => Failure::usage(message).help("`runbook incident list` says which are open"),
        IncidentError::Unknown { .. } | IncidentError::Ambiguous { .. } => {
            Failure::usage(message).help("`runbook incident list` lists them")
        }
    }
}

pub(super) fn unclear(unclear: Unclear) -> Failure {
    let failure = Failure::usage(unclear.message);
    if unclear.help.is_empty() { failure } else { failure.help(unclear.help) }
}
