//! The rules a runbook gives for incidents: severities, escalation, contacts, updates and the post-mortem.
//!
//! Invariant: the names of these fields are also those of the record, and stay as they are. Refuses to know: how the rules
//! are read from a document, and what is due by them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// A number of minutes, in seconds.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// The same length as a [`Duration`].
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// The rules a runbook gives for incidents. Field names are also those of the record, and must stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncidentRules {
    /// The severities, worst first, as the document has them.
    pub severities: Vec<Severity>,
    /// Escalation path: whom to call in, in order.
    pub escalation: Vec<EscalationStep>,
    /// Contacts: whom to reach, and how.
    pub contacts: Vec<Contact>,
    /// How often a status update is due; none when the document does not say.
    pub updates: Option<UpdateInterval>,
    /// Rules for the post-mortem; none when the document does not mention it.
    pub post_mortem: Option<PostMortem>,
}

/// A severity as the document defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severity {
    /// Short name: `P0`.
    pub name: String,
    /// Title: `Critical`; empty without one.
    pub title: String,
    /// Description of the impact; empty when the document gives none.
    pub impact: String,
    /// How soon somebody must respond.
    pub response: Option<Response>,
    /// Words in alerts that mean this severity, beside its name and title.
    pub alerts: Vec<String>,
    /// Line in the document, from 1.
    pub line: u32,
}

/// How soon somebody must respond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// Immediately.
    Immediate,
    /// Within this time.
    Within(Seconds),
    /// On the next business day.
    NextBusinessDay,
    /// Words of the document that give no time.
    Words(String),
}

/// One step of the escalation path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationStep {
    /// Person, role or team to call.
    pub who: String,
    /// Delay after the incident was declared; none for those who are there from the start.
    pub after: Option<Seconds>,
    /// The document's own words about when to call.
    pub condition: String,
    /// Line in the document, from 1.
    pub line: u32,
}

/// Somebody who can be reached during an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Role, team or company.
    pub who: String,
    /// Ways to reach them: the name of the column, empty without one, and its content.
    pub ways: Vec<(String, String)>,
    /// Line in the document, from 1.
    pub line: u32,
}

/// An interval between two status updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateInterval {
    /// Shortest interval: no update is needed before.
    pub least: Seconds,
    /// Longest interval: an update is overdue after.
    pub most: Seconds,
    /// Line in the document, from 1.
    pub line: u32,
}

/// Rules for the post-mortem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMortem {
    /// How long after the incident it is due; none when the document does not say.
    pub within: Option<Seconds>,
    /// Severities that need a post-mortem; empty means all.
    pub severities: Vec<String>,
    /// Headings that it must have, in order.
    pub parts: Vec<String>,
    /// Line in the document, from 1.
    pub line: u32,
}

impl IncidentRules {
    /// The severity of this name, compared without regard to case.
    pub fn find_severity(&self, name: &str) -> Option<&Severity> {
        self.severities.iter().find(|severity| severity.name.eq_ignore_ascii_case(name.trim()))
    }

    /// True if the document says nothing about incidents.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
