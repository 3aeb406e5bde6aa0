//! The present state of an incident, computed from its events.
//!
//! Invariant: the same events give the same state. A milestone stated again replaces the earlier time, which stays in the
//! record. Refuses to know: the present time, files.

use super::moment::When;
use crate::history::{
    Escalated, Event, Fact, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentOpened, IncidentRules,
    Milestone, RunJoined, Severity,
};
use crate::ident::Seq;
use std::collections::BTreeMap;

/// A fact of the incident with the event that recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<T> {
    /// Sequence number of the event.
    pub seq: Seq,
    /// Time of the fact, as recorded and as stated.
    pub when: When,
    /// User who recorded it.
    pub by: String,
    /// The fact.
    pub what: T,
}

impl<T> Told<T> {
    fn new(event: &Event, incident: &IncidentEvent, what: T) -> Self {
        Self { seq: event.seq, when: When::of(event, incident), by: incident.by.clone(), what }
    }
}

/// Everything that an incident's events establish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The opening, which is the first fact; `None` for a journal without one.
    pub opened: Option<Told<IncidentOpened>>,
    /// Present severity; empty if none was ever set.
    pub severity: String,
    /// User or person who leads the incident now.
    pub lead: String,
    /// Milestones stated or recorded, each with the source of a stated time.
    pub reached: BTreeMap<Milestone, Told<String>>,
    /// Runs in the order in which they joined.
    pub runs: Vec<Told<RunJoined>>,
    /// Escalations in the order of the record.
    pub escalated: Vec<Told<Escalated>>,
    /// Handovers in the order of the record.
    pub handed_over: Vec<Told<HandedOver>>,
    /// Texts of the status updates in the order of the record.
    pub statuses: Vec<Told<String>>,
    /// The closing; `None` while the incident is open.
    pub closed: Option<Told<IncidentClosed>>,
    /// Sequence number of the last event.
    pub last: Option<Seq>,
}

impl State {
    /// Computes the state from all events.
    pub fn of(events: &[Event]) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Applies one event, which must follow the ones applied before.
    pub fn apply(&mut self, event: &Event) {
        self.last = Some(event.seq);
        let Fact::Incident(incident) = &event.fact else { return };
        match &incident.what {
            IncidentFact::Opened(opened) => {
                self.severity.clone_from(&opened.severity);
                self.lead.clone_from(&incident.by);
                self.opened = Some(Told::new(event, incident, opened.as_ref().clone()));
            }
            IncidentFact::RunJoined(joined) => self.runs.push(Told::new(event, incident, joined.clone())),
            IncidentFact::Reached(reached) => {
                let mut recorded = Told::new(event, incident, reached.source.clone());
                recorded.when.stated = reached.stated;
                self.reached.insert(reached.milestone, recorded);
            }
            IncidentFact::SeverityChanged(changed) => self.severity.clone_from(&changed.to),
            IncidentFact::Escalated(escalated) => self.escalated.push(Told::new(event, incident, escalated.clone())),
            IncidentFact::HandedOver(handed) => {
                self.lead.clone_from(&handed.to);
                self.handed_over.push(Told::new(event, incident, handed.clone()));
            }
            IncidentFact::StatusWritten(status) => self.statuses.push(Told::new(event, incident, status.text.clone())),
            IncidentFact::Closed(closed) => self.closed = Some(Told::new(event, incident, closed.clone())),
            IncidentFact::Noted(_) | IncidentFact::StatusSent(_) => {}
        }
    }

    /// Title given at the opening; empty without an opening.
    pub fn title(&self) -> &str {
        self.opened.as_ref().map_or("", |opened| &opened.what.title)
    }

    /// Rules copied from the runbook when the incident was opened.
    pub fn rules(&self) -> Option<&IncidentRules> {
        self.opened.as_ref().map(|opened| &opened.what.rules)
    }

    /// The rules' entry for the present severity.
    pub fn level(&self) -> Option<&Severity> {
        self.rules()?.severity(&self.severity)
    }

    /// True if it was opened and not closed.
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// Start of the incident's clock: the declaration, else the opening.
    pub fn declared(&self) -> Option<&When> {
        let declared = self.reached.get(&Milestone::Declared).map(|recorded| &recorded.when);
        declared.or_else(|| self.opened.as_ref().map(|opened| &opened.when))
    }

    /// Milestones that nobody has stated or recorded.
    pub fn unset(&self) -> Vec<Milestone> {
        Milestone::ALL.into_iter().filter(|milestone| !self.reached.contains_key(milestone)).collect()
    }
}
