//! The incident of a run: joins them, reminds the operator of due items, and records what is done about them.
//!
//! Invariant: a run is in the incident's record before any of its commands runs. Each due item is mentioned once, and again every ten
//! minutes while it is overdue. Refuses to know: the terminal.

use super::masked::KnownSecrets;
use crate::history::{IncidentFact, IncidentJoined, RunJoined, RunStarted};
use crate::ident::SystemClock;
use crate::incident::{self, Author, Incident, Now, PROMPT_USAGE, Urgency, format_length, list_obligations, said};
use crate::journal::JournalError;
use crate::mask::Masker;
use crate::ports::IncidentReminders;
use std::collections::BTreeMap;

/// Seconds after which an overdue item is mentioned again.
const AGAIN_SECONDS: u64 = 600;

/// Adds a run to an incident's record. Returns the fact for the run's own record.
pub(super) fn join_incident(
    incident: &Incident,
    run: &RunStarted,
    masker: &Masker,
) -> Result<IncidentJoined, JournalError> {
    let mut incident = incident.clone();
    let author = Author { user: run.user.clone(), host: run.host.clone(), masker: masker.clone() };
    let joined = RunJoined {
        run: run.run.clone(),
        path: run.runbook.path.clone(),
        procedure: run.procedure.clone(),
        title: run.procedure_title.clone(),
    };
    incident.record_facts(
        vec![IncidentFact::RunJoined(joined)],
        &author,
        &Now::read_clocks(&SystemClock::start_now()),
    )?;
    Ok(IncidentJoined {
        incident: incident.id().clone(),
        severity: incident.state.severity.clone(),
        title: incident.state.title().to_owned(),
    })
}

/// Watches the incident of a run while the run goes on.
pub(super) struct OpenIncidentReminders {
    incident: Incident,
    user: String,
    host: String,
    secrets: KnownSecrets,
    clock: SystemClock,
    /// Size of the incident's journal when it was last read, in bytes.
    length: u64,
    /// Due items that were mentioned, by key: their urgency then, and the time in seconds since the declaration.
    told: BTreeMap<String, (Urgency, u64)>,
}

impl OpenIncidentReminders {
    pub(super) fn new(incident: Incident, user: &str, host: &str, secrets: &KnownSecrets) -> Self {
        Self {
            incident,
            user: user.to_owned(),
            host: host.to_owned(),
            secrets: secrets.clone(),
            clock: SystemClock::start_now(),
            length: 0,
            told: BTreeMap::new(),
        }
    }

    /// The notice at the beginning of the run: the incident, its age, and the next due item.
    pub(super) fn opening_notice(&self) -> String {
        let state = &self.incident.state;
        let now = self.current_moment();
        let next = list_obligations(state, &now)
            .first()
            .map_or_else(String::new, |due| format!("; next: {}", due.reminder_text()));
        let since = state.clock_start().map_or(0, |declared| declared.seconds_ago(&now));
        let severity = if state.severity.is_empty() { "no severity" } else { &state.severity };
        let id = self.incident.id();
        format!(
            "part of the incident `{id}` ({severity}, {}), declared {} ago{next}",
            state.title(),
            format_length(since)
        )
    }

    fn current_moment(&self) -> Now {
        Now::read_clocks(&self.clock)
    }

    /// Reads the incident again if its journal has grown. A failure is ignored, and the next call tries again.
    fn refresh_incident(&mut self) {
        let length = std::fs::metadata(self.incident.folder().journal_path()).map_or(0, |found| found.len());
        if length != self.length && self.incident.reread_journal().is_ok() {
            self.length = length;
        }
    }

    fn seconds_since_declared(&self, now: &Now) -> u64 {
        self.incident.state.clock_start().map_or(0, |declared| declared.seconds_ago(now))
    }
}

impl IncidentReminders for OpenIncidentReminders {
    fn clock_line(&mut self) -> String {
        self.refresh_incident();
        let seconds = self.seconds_since_declared(&self.current_moment());
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let state = &self.incident.state;
        let name = if state.severity.is_empty() { "incident" } else { &state.severity };
        if state.is_open() { format!("{name} since {clock}") } else { format!("{name} closed") }
    }

    fn due_sentences(&mut self) -> Vec<String> {
        self.refresh_incident();
        let now = self.current_moment();
        let since = self.seconds_since_declared(&now);
        let mut sentences = Vec::new();
        for due in list_obligations(&self.incident.state, &now) {
            let before = self.told.get(&due.reminder_key()).copied();
            let is_new = before.is_none_or(|(urgency, _)| urgency < due.urgency);
            let again = before.is_some_and(|(_, told)| {
                due.urgency == Urgency::Overdue && since.saturating_sub(told) >= AGAIN_SECONDS
            });
            if due.urgency > Urgency::Later && (is_new || again) {
                sentences.push(due.reminder_text());
                self.told.insert(due.reminder_key(), (due.urgency, since));
            } else if let Some((urgency, told)) = before
                && due.urgency < urgency
            {
                // The item was done, and its next deadline is counting.
                self.told.insert(due.reminder_key(), (due.urgency, told));
            }
        }
        sentences
    }

    fn record_action(&mut self, line: &str) -> Result<String, String> {
        self.refresh_incident();
        let now = self.current_moment();
        let act = said(&self.incident.state, line, &now).map_err(|unclear| {
            if unclear.help.is_empty() { unclear.message } else { format!("{}; {}", unclear.message, unclear.help) }
        })?;
        if !self.incident.state.is_open() {
            return Err(incident::IncidentError::Closed(self.incident.id().clone()).to_string());
        }
        let author = Author { user: self.user.clone(), host: self.host.clone(), masker: self.secrets.current_masker() };
        self.incident.record_facts(act.facts, &author, &now).map_err(|error| error.to_string())?;
        Ok(act.confirmation)
    }

    fn action_help(&self) -> &'static str {
        PROMPT_USAGE
    }
}
