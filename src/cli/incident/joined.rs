//! The incident that a run joins.

use super::context::{find_open_named, recorded_incidents};
use super::failure::incident_failure;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::incident::{Incident, IncidentError};

/// Finds the incident that a run joins: the named one, else the only open one. `None` when none is open, or with
/// `--incident none`. Fails when several are open and none is named.
pub(in crate::cli) fn incident_of_run(
    given: Option<&str>,
    environment: &Environment,
) -> Result<Option<Incident>, Failure> {
    let incidents = recorded_incidents(environment)?;
    match given {
        Some("none") => Ok(None),
        Some(name) => find_open_named(&incidents, name).map(Some),
        None => match incidents.only_open() {
            Ok(incident) => Ok(Some(incident)),
            Err(IncidentError::NoneOpen) => Ok(None),
            Err(error) => {
                let failed = incident_failure(error);
                let help = "say which one the run is part of: `--incident ID`, or `--incident none`";
                Err(if failed.exit == Exit::Usage { failed.with_help(help) } else { failed })
            }
        },
    }
}
