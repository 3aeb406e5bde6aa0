//! Failures of an incident's record, as the person at the command line should read them.

use crate::cli::error::Failure;
use crate::incident::{IncidentError, InvalidAction};
use crate::journal::JournalError;

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
pub(super) fn record_failure(error: JournalError) -> Failure {
    Failure::record_error(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` is given")]
pub(super) fn incident_failure(error: IncidentError) -> Failure {
    let message = error.to_string();
    match error {
        IncidentError::Journal(_) => Failure::record_error(message),
        IncidentError::NothingRecorded | IncidentError::NoneOpen => {
            Failure::usage_error(message).with_help("`runbook incident open TITLE --severity SEVERITY` opens one")
        }
        IncidentError::SeveralOpen(_) => Failure::usage_error(message)
            .with_help("say which: `--incident ID`, or its id for `show`, `close` and `report`"),
        IncidentError::Closed(_) => {
            Failure::usage_error(message).with_help("`runbook incident list` says which are open")
        }
        IncidentError::NoMatch { .. } | IncidentError::Ambiguous { .. } => {
            Failure::usage_error(message).with_help("`runbook incident list` lists them")
        }
    }
}

pub(super) fn unclear_act(unclear: InvalidAction) -> Failure {
    let failure = Failure::usage_error(unclear.message);
    if unclear.help.is_empty() { failure } else { failure.with_help(unclear.help) }
}
