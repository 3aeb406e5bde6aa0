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
    /// As many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// The rules a runbook gives for incidents. Their names below are also those of the record, and stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IncidentRules {
    /// The severities, worst first, as the document has them.
    pub severities: Vec<Severity>,
    /// Whom to call in, in order.
    pub escalation: Vec<Rung>,
    /// Whom to reach, and how.
    pub contacts: Vec<Contact>,
    /// How often a status update is due.
    pub updates: Option<Every>,
    /// The post-mortem.
    pub post_mortem: Option<PostMortem>,
}

/// One severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severity {
    /// Its name: `P0`.
    pub name: String,
    /// What it is called: `Critical`.
    pub title: String,
    /// What it means, where that is said.
    pub impact: String,
    /// How soon somebody must answer.
    pub response: Option<Response>,
    /// Words of alerts that mean it, beside its name and title.
    pub alerts: Vec<String>,
    /// Its line in the document, from 1.
    pub line: u32,
}

/// How soon somebody must answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// At once.
    Immediate,
    /// Within this time.
    Within(Seconds),
    /// On the next business day.
    NextBusinessDay,
    /// In words that give no time.
    Words(String),
}

/// One step of the escalation path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Who.
    pub who: String,
    /// How long after the incident was declared; none for whoever is there from the beginning.
    pub after: Option<Seconds>,
    /// The document's words about when.
    pub condition: String,
    /// Its line in the document, from 1.
    pub line: u32,
}

/// Somebody to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The role, team or company.
    pub who: String,
    /// How: the column's name, where there is one, and what stands there.
    pub ways: Vec<(String, String)>,
    /// Its line in the document, from 1.
    pub line: u32,
}

/// How often something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    /// No need before.
    pub least: Seconds,
    /// Not later.
    pub most: Seconds,
    /// The document's line, from 1.
    pub line: u32,
}

/// What the document says of the post-mortem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMortem {
    /// How long after the incident it is due.
    pub within: Option<Seconds>,
    /// For which severities; all when none is named.
    pub severities: Vec<String>,
    /// Its parts.
    pub parts: Vec<String>,
    /// The document's line, from 1.
    pub line: u32,
}

impl IncidentRules {
    /// The severity of this name; letters' case does not matter.
    pub fn severity(&self, name: &str) -> Option<&Severity> {
        self.severities.iter().find(|severity| severity.name.eq_ignore_ascii_case(name.trim()))
    }

    /// Whether the document says nothing about incidents.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
