//! What every command of `runbook incident` works with: the records, the author, the environment.
//!
//! Invariant: facts are recorded under the author's name, and each act is confirmed on standard error.

use super::failure::{incident_failure, record_failure};
use crate::cli::choices::ColorChoice;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_notices;
use crate::ident::SystemClock;
use crate::incident::{Author, Incident, IncidentAction, IncidentError, IncidentStore, Now, Urgency, list_obligations};
use crate::mask::Masker;

/// The parts that every command of `runbook incident` needs.
pub(super) struct IncidentContext<'e> {
    pub(super) incidents: IncidentStore,
    pub(super) author: Author,
    pub(super) environment: &'e Environment,
    pub(super) color: ColorChoice,
}

impl<'e> IncidentContext<'e> {
    pub(super) fn new(color: ColorChoice, environment: &'e Environment) -> Result<Self, Failure> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let author = Author { user: environment.user_name(), host, masker: Masker::new() };
        Ok(Self { incidents: recorded_incidents(environment)?, author, environment, color })
    }

    pub(super) fn current_moment() -> Now {
        Now::read_clocks(&SystemClock::start_now())
    }

    /// Finds an incident by name, open or closed; the only open one without a name.
    pub(super) fn find_any(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => self.incidents.find_by_name(name).map_err(incident_failure),
            None => self.incidents.only_open().map_err(incident_failure),
        }
    }

    /// Finds an incident that is open, by name or as the only one. Fails when it is closed.
    pub(super) fn find_open(&self, name: Option<&str>) -> Result<Incident, Failure> {
        match name {
            Some(name) => find_open_named(&self.incidents, name),
            None => self.incidents.only_open().map_err(incident_failure),
        }
    }

    /// Records an act, and confirms it on standard error together with the items that are due.
    pub(super) fn record_act(&self, incident: &mut Incident, act: IncidentAction, now: &Now) -> Result<Exit, Failure> {
        incident.record_facts(act.facts, &self.author, now).map_err(record_failure)?;
        let mut lines = vec![self.author.masker.mask_text(&act.confirmation).into_owned()];
        lines.extend(pressing_items(incident, now));
        print_notices(&lines);
        Ok(Exit::Success)
    }
}

/// The recorded incidents of this user. Fails when no state folder is known.
pub(super) fn recorded_incidents(environment: &Environment) -> Result<IncidentStore, Failure> {
    Ok(IncidentStore::in_folders(environment.incidents_folder()?, environment.runs_folder()?))
}

/// The incident of that name. Fails when there is none, or when it is closed.
pub(super) fn find_open_named(incidents: &IncidentStore, name: &str) -> Result<Incident, Failure> {
    let incident = incidents.find_by_name(name).map_err(incident_failure)?;
    if incident.state.is_open() {
        return Ok(incident);
    }
    Err(incident_failure(IncidentError::Closed(incident.id().clone())))
}

/// Lines for the items that are overdue or nearly so.
pub(super) fn pressing_items(incident: &Incident, now: &Now) -> Vec<String> {
    let due = list_obligations(&incident.state, now);
    due.iter().filter(|due| due.urgency > Urgency::Later).map(|due| format!("! {}", due.reminder_text())).collect()
}
