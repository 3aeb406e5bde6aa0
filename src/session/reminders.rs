//! The incident of a run: joins them, reminds the operator of due items, and records what is done about them.
//!
//! Invariant: a run is in the incident's record before any of its commands runs. Each due item is mentioned once, and again every ten
//! minutes while it is overdue. Refuses to know: the terminal.

use super::masked::Secrets;
use crate::history::{IncidentFact, IncidentJoined, RunJoined, RunStarted};
use crate::ident::SystemClock;
use crate::incident::{self, Author, Incident, Now, Urgency, WORDS, due, said, words};
use crate::journal::JournalError;
use crate::mask::Masker;
use crate::ports::Pager;
use std::collections::BTreeMap;

/// Seconds after which an overdue item is mentioned again.
const AGAIN_SECONDS: u64 = 600;

/// Adds a run to an incident's record. Returns the fact for the run's own record.
pub(super) fn join(incident: &Incident, run: &RunStarted, masker: &Masker) -> Result<IncidentJoined, JournalError> {
    let mut incident = incident.clone();
    let author = Author { by: run.user.clone(), host: run.host.clone(), masker: masker.clone() };
    let joined = RunJoined {
        run: run.run.clone(),
        path: run.runbook.path.clone(),
        procedure: run.procedure.clone(),
        title: run.procedure_title.clone(),
    };
    incident.record(vec![IncidentFact::RunJoined(joined)], &author, &Now::read(&SystemClock::start()))?;
    Ok(IncidentJoined {
        incident: incident.id().clone(),
        severity: incident.state.severity.clone(),
        title: incident.state.title().to_owned(),
    })
}

/// Watches the incident of a run while the run goes on.
pub(super) struct IncidentPager {
    incident: Incident,
    user: String,
    host: String,
    secrets: Secrets,
    clock: SystemClock,
    /// Size of the incident's journal when it was last read, in bytes.
    length: u64,
    /// Due items that were mentioned, by key: their urgency then, and the time in seconds since the declaration.
    told: BTreeMap<String, (Urgency, u64)>,
}

impl IncidentPager {
    pub(super) fn new(incident: Incident, user: &str, host: &str, secrets: &Secrets) -> Self {
        Self {
            incident,
            user: user.to_owned(),
            host: host.to_owned(),
            secrets: secrets.clone(),
            clock: SystemClock::start(),
            length: 0,
            told: BTreeMap::new(),
        }
    }

    /// The notice at the beginning of the run: the incident, its age, and the next due item.
    pub(super) fn opening(&self) -> String {
        let state = &self.incident.state;
        let now = self.now();
        let next = due(state, &now).first().map_or_else(String::new, |due| format!("; next: {}", due.text()));
        let since = state.declared().map_or(0, |declared| declared.ago(&now));
        let severity = if state.severity.is_empty() { "no severity" } else { &state.severity };
        let id = self.incident.id();
        format!("part of the incident `{id}` ({severity}, {}), declared {} ago{next}", state.title(), words(since))
    }

    fn now(&self) -> Now {
        Now::read(&self.clock)
    }

    /// Reads the incident again if its journal has grown. A failure is ignored, and the next call tries again.
    fn refresh(&mut self) {
        let length = std::fs::metadata(self.incident.folder().journal()).map_or(0, |found| found.len());
        if length != self.length && self.incident.refresh().is_ok() {
            self.length = length;
        }
    }

    fn since_declared(&self, now: &Now) -> u64 {
        self.incident.state.declared().map_or(0, |declared| declared.ago(now))
    }
}

impl Pager for IncidentPager {
    fn clock(&mut self) -> String {
        self.refresh();
        let seconds = self.since_declared(&self.now());
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let state = &self.incident.state;
        let name = if state.severity.is_empty() { "incident" } else { &state.severity };
        if state.is_open() { format!("{name} since {clock}") } else { format!("{name} closed") }
    }

    fn due(&mut self) -> Vec<String> {
        self.refresh();
        let now = self.now();
        let since = self.since_declared(&now);
        let mut sentences = Vec::new();
        for due in due(&self.incident.state, &now) {
            let before = self.told.get(&due.key()).copied();
            let is_new = before.is_none_or(|(urgency, _)| urgency < due.urgency);
            let again = before
                .is_some_and(|(_, told)| due.urgency == Urgency::Over && since.saturating_sub(told) >= AGAIN_SECONDS);
            if due.urgency > Urgency::Later && (is_new || again) {
                sentences.push(due.text());
                self.told.insert(due.key(), (due.urgency, since));
            } else if let Some((urgency, told)) = before
                && due.urgency < urgency
            {
                // The item was done, and its next deadline is counting.
                self.told.insert(due.key(), (due.urgency, told));
            }
        }
        sentences
    }

    fn say(&mut self, line: &str) -> Result<String, String> {
        self.refresh();
        let now = self.now();
        let act = said(&self.incident.state, line, &now).map_err(|unclear| {
            if unclear.help.is_empty() { unclear.message } else { format!("{}; {}", unclear.message, unclear.help) }
        })?;
        if !self.incident.state.is_open() {
            return Err(incident::IncidentError::Closed(self.incident.id().clone()).to_string());
        }
        let author = Author { by: self.user.clone(), host: self.host.clone(), masker: self.secrets.masker() };
        self.incident.record(act.facts, &author, &now).map_err(|error| error.to_string())?;
        Ok(act.told)
    }

    fn words(&self) -> &'static str {
        WORDS
    }
}
