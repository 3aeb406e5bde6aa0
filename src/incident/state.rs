//! The present state of an incident, computed from its events.
//!
//! Invariant: the same events give the same state. A milestone stated again replaces the earlier time, which stays in the
//! record. Refuses to know: the present time, files.

use super::moment::EventTime;
use crate::history::{
    Escalated, Event, Fact, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentOpened, IncidentRules,
    Milestone, RunJoined, Severity,
};
use crate::ident::Seq;
use std::collections::BTreeMap;

/// A fact of the incident with the event that recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFact<T> {
    /// Sequence number of the event.
    pub seq: Seq,
    /// Time of the fact, as recorded and as stated.
    pub when: EventTime,
    /// User who recorded it.
    pub author: String,
    /// The fact.
    pub fact: T,
}

impl<T> RecordedFact<T> {
    fn new(event: &Event, incident: &IncidentEvent, fact: T) -> Self {
        Self { seq: event.seq, when: EventTime::from_event(event, incident), author: incident.by.clone(), fact }
    }
}

/// Everything that an incident's events establish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentState {
    /// The opening, which is the first fact; `None` for a journal without one.
    pub opened: Option<RecordedFact<IncidentOpened>>,
    /// Present severity; empty if none was ever set.
    pub severity: String,
    /// User or person who leads the incident now.
    pub lead: String,
    /// Milestones stated or recorded, each with the source of a stated time.
    pub milestones: BTreeMap<Milestone, RecordedFact<String>>,
    /// Runs in the order in which they joined.
    pub runs: Vec<RecordedFact<RunJoined>>,
    /// Escalations in the order of the record.
    pub escalations: Vec<RecordedFact<Escalated>>,
    /// Handovers in the order of the record.
    pub handovers: Vec<RecordedFact<HandedOver>>,
    /// Texts of the status updates in the order of the record.
    pub status_updates: Vec<RecordedFact<String>>,
    /// The closing; `None` while the incident is open.
    pub closed: Option<RecordedFact<IncidentClosed>>,
    /// Sequence number of the last event.
    pub last_seq: Option<Seq>,
}

impl IncidentState {
    /// Computes the state from all events.
    pub fn from_events(events: &[Event]) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply_event(event);
        }
        state
    }

    /// Applies one event, which must follow the ones applied before.
    pub fn apply_event(&mut self, event: &Event) {
        self.last_seq = Some(event.seq);
        let Fact::Incident(incident) = &event.fact else { return };
        match &incident.what {
            IncidentFact::Opened(opened) => {
                self.severity.clone_from(&opened.severity);
                self.lead.clone_from(&incident.by);
                self.opened = Some(RecordedFact::new(event, incident, opened.as_ref().clone()));
            }
            IncidentFact::RunJoined(joined) => self.runs.push(RecordedFact::new(event, incident, joined.clone())),
            IncidentFact::Reached(reached) => {
                let mut recorded = RecordedFact::new(event, incident, reached.source.clone());
                recorded.when.stated = reached.stated;
                self.milestones.insert(reached.milestone, recorded);
            }
            IncidentFact::SeverityChanged(changed) => self.severity.clone_from(&changed.to),
            IncidentFact::Escalated(escalated) => {
                self.escalations.push(RecordedFact::new(event, incident, escalated.clone()));
            }
            IncidentFact::HandedOver(handed) => {
                self.lead.clone_from(&handed.to);
                self.handovers.push(RecordedFact::new(event, incident, handed.clone()));
            }
            IncidentFact::StatusWritten(status) => {
                self.status_updates.push(RecordedFact::new(event, incident, status.text.clone()));
            }
            IncidentFact::Closed(closed) => self.closed = Some(RecordedFact::new(event, incident, closed.clone())),
            IncidentFact::Noted(_) | IncidentFact::StatusSent(_) => {}
        }
    }

    /// Title given at the opening; empty without an opening.
    pub fn title(&self) -> &str {
        self.opened.as_ref().map_or("", |opened| &opened.fact.title)
    }

    /// Rules copied from the runbook when the incident was opened.
    pub fn rules(&self) -> Option<&IncidentRules> {
        self.opened.as_ref().map(|opened| &opened.fact.rules)
    }

    /// The rules' entry for the present severity.
    pub fn severity_rule(&self) -> Option<&Severity> {
        self.rules()?.find_severity(&self.severity)
    }

    /// True if it was opened and not closed.
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// Start of the incident's clock: the declaration, else the opening.
    pub fn clock_start(&self) -> Option<&EventTime> {
        let declared = self.milestones.get(&Milestone::Declared).map(|recorded| &recorded.when);
        declared.or_else(|| self.opened.as_ref().map(|opened| &opened.when))
    }

    /// Milestones that nobody has stated or recorded.
    pub fn unset_milestones(&self) -> Vec<Milestone> {
        Milestone::ALL.into_iter().filter(|milestone| !self.milestones.contains_key(milestone)).collect()
    }
}
