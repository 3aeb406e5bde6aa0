//! What every command of `runbook incident` works with: the records, the author, the environment.
//!
//! Invariant: facts are recorded under the author's name, and each act is confirmed on standard error.

use super::failure::{failure, record_failure};
use crate::cli::choices::ColorChoice;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_notices;
use crate::ident::SystemClock;
use crate::incident::{Act, Author, Incident, IncidentError, Incidents, Now, Urgency, due};
use crate::mask::Masker;

/// The parts that every command of `runbook incident` needs.
pub(super) struct Desk<'e> {
    pub(super) incidents: Incidents,
    pub(super) author: Author,
    pub(super) environment: &'e Environment,
    pub(super) color: ColorChoice,
}

impl<'e> Desk<'e> {
    pub(super) fn new(color: ColorChoice, environment: &'e Environment) -> Result<Self, Failure> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let author = Author { by: environment.user(), host, masker: Masker::new() };
        Ok(Self { incidents: incidents(environment)?, author, environment, color })
    }

    pub(super) fn now() -> Now {
        Now::read(&SystemClock::start())
    }

    /// Finds an incident by name, open or closed; the only open one without a name.
    pub(super) fn any(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => self.incidents.find(name).map_err(failure),
            None => self.incidents.the_open_one().map_err(failure),
        }
    }

    /// Finds an incident that is open, by name or as the only one. Fails when it is closed.
    pub(super) fn open(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => open_named(&self.incidents, name),
            None => self.incidents.the_open_one().map_err(failure),
        }
    }

    /// Records an act, and confirms it on standard error together with the items that are due.
    pub(super) fn act(&self, incident: &mut Incident, act: Act, now: &Now) -> Result<Exit, Failure> {
        incident.record(act.facts, &self.author, now).map_err(record_failure)?;
        let mut lines = vec![self.author.masker.text(&act.told).into_owned()];
        lines.extend(pressing(incident, now));
        print_notices(&lines);
        Ok(Exit::Success)
    }
}

/// The recorded incidents of this user. Fails when no state folder is known.
pub(super) fn incidents(environment: &Environment) -> Result<Incidents, Failure> {
    Ok(Incidents::under(environment.incidents_folder()?, environment.runs_folder()?))
}

/// The incident of that name. Fails when there is none, or when it is closed.
pub(super) fn open_named(incidents: &Incidents, name: &str) -> Result<Incident, Failure> {
    let incident = incidents.find(name).map_err(failure)?;
    if incident.state.is_open() {
        return Ok(incident);
    }
    Err(failure(IncidentError::Closed(incident.id().clone())))
}

/// Lines for the items that are overdue or nearly so.
pub(super) fn pressing(incident: &Incident, now: &Now) -> Vec<String> {
    let due = due(&incident.state, now);
    due.iter().filter(|due| due.urgency > Urgency::Later).map(|due| format!("! {}", due.text())).collect()
}
