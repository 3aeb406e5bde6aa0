//! The incident that a run joins.

use super::context::{incidents, open_named};
use super::failure::failure;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::incident::{Incident, IncidentError};

/// Finds the incident that a run joins: the named one, else the only open one. `None` when none is open, or with
/// `--incident none`. Fails when several are open and none is named.
pub(in crate::cli) fn of_run(given: Option<&str>, environment: &Environment) -> Result<Option<Incident>, Failure> {
    let incidents = incidents(environment)?;
    match given {
        Some("none") => Ok(None),
        Some(name) => open_named(&incidents, name).map(Some),
        None => match incidents.the_open_one() {
            Ok(incident) => Ok(Some(incident)),
            Err(IncidentError::NoneOpen) => Ok(None),
            Err(error) => {
                let failed = failure(error);
                let help = "say which one the run is part of: `--incident ID`, or `--incident none`";
                Err(if failed.exit == Exit::Usage { failed.help(help) } else { failed })
            }
        },
    }
}
