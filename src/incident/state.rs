//! What an incident's events add up to.
//!
//! Invariant: the same events give the same state; a milestone stated anew counts from then on, and what was said before stays
//! in the record. Refuses to know: the present time, files.

use super::moment::When;
use crate::history::{
    Escalated, Event, Fact, HandedOver, IncidentClosed, IncidentFact, IncidentOpened, IncidentRules, Milestone,
    RunJoined, Severity,
};
use crate::ident::Seq;
use std::collections::BTreeMap;

/// A fact of the incident with its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<T> {
    /// The event.
    pub seq: Seq,
    /// When.
    pub when: When,
    /// Who wrote it down.
    pub by: String,
    /// What.
    pub what: T,
}

/// The state of an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The first fact.
    pub opened: Option<Told<IncidentOpened>>,
    /// The severity now; empty when none was given.
    pub severity: String,
    /// Who leads it now.
    pub lead: String,
    /// The milestones that are known.
    pub reached: BTreeMap<Milestone, Told<String>>,
    /// The runs that joined it, in order.
    pub runs: Vec<Told<RunJoined>>,
    /// Who was called in.
    pub escalated: Vec<Told<Escalated>>,
    /// Who took over.
    pub handed_over: Vec<Told<HandedOver>>,
    /// The status updates.
    pub statuses: Vec<Told<String>>,
    /// Its end.
    pub closed: Option<Told<IncidentClosed>>,
    /// The last event.
    pub last: Option<Seq>,
}

impl State {
    /// What these events add up to.
    pub fn of(events: &[Event]) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Takes one event into account.
    pub fn apply(&mut self, event: &Event) {
        self.last = Some(event.seq);
        let Fact::Incident(incident) = &event.fact else { return };
        let when = When::of(event, incident);
        macro_rules! told {
            ($what:expr) => {
                Told { seq: event.seq, when: when.clone(), by: incident.by.clone(), what: $what }
            };
        }
        match &incident.what {
            IncidentFact::Opened(opened) => {
                self.severity.clone_from(&opened.severity);
                self.lead.clone_from(&incident.by);
                self.opened = Some(told!(opened.as_ref().clone()));
            }
            IncidentFact::RunJoined(joined) => self.runs.push(told!(joined.clone())),
            IncidentFact::Reached(reached) => {
                let mut told = told!(reached.source.clone());
                told.when.stated = reached.stated;
                self.reached.insert(reached.milestone, told);
            }
            IncidentFact::SeverityChanged(changed) => self.severity.clone_from(&changed.to),
            IncidentFact::Escalated(escalated) => self.escalated.push(told!(escalated.clone())),
            IncidentFact::HandedOver(handed) => {
                self.lead.clone_from(&handed.to);
                self.handed_over.push(told!(handed.clone()));
            }
            IncidentFact::StatusWritten(status) => self.statuses.push(told!(status.text.clone())),
            IncidentFact::Closed(closed) => self.closed = Some(told!(closed.clone())),
            IncidentFact::Noted(_) | IncidentFact::StatusSent(_) => {}
        }
    }

    /// Its title.
    pub fn title(&self) -> &str {
        self.opened.as_ref().map_or("", |opened| &opened.what.title)
    }

    /// The rules it goes by.
    pub fn rules(&self) -> Option<&IncidentRules> {
        self.opened.as_ref().map(|opened| &opened.what.rules)
    }

    /// What the rules say of its severity.
    pub fn level(&self) -> Option<&Severity> {
        self.rules()?.severity(&self.severity)
    }

    /// Whether it was opened and not closed.
    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// When its clock began: when it was declared, else when it was opened.
    pub fn declared(&self) -> Option<&When> {
        let declared = self.reached.get(&Milestone::Declared).map(|told| &told.when);
        declared.or_else(|| self.opened.as_ref().map(|opened| &opened.when))
    }

    /// The milestones nobody has stated or recorded.
    pub fn unset(&self) -> Vec<Milestone> {
        Milestone::ALL.into_iter().filter(|milestone| !self.reached.contains_key(milestone)).collect()
    }
}
