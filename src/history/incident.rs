//! The facts of an incident: its runs, notes and milestones under one severity and one clock.
//!
//! Invariant: as any fact, complete in itself: the rules an incident goes by are in its first fact, so that a later change
//! of the runbook changes nothing of what was due. Refuses to know: how the rules were read, what is due now.

use super::incident_rules::IncidentRules;
use super::runbook_identity::RunbookIdentity;
use crate::ident::{Anchor, IncidentId, RunId, Seq};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Something that happened in an incident, and who wrote it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEvent {
    /// The user.
    pub by: String,
    /// The machine.
    pub host: String,
    /// Which start of the machine the event's monotonic time counts from; empty where that is not known.
    pub boot: String,
    /// The last event of each joined run at this moment: what came before, whatever the clocks say.
    pub seen: Vec<(RunId, Seq)>,
    /// What happened.
    pub what: IncidentFact,
}

/// See [`IncidentEvent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentFact {
    /// It was opened.
    Opened(Box<IncidentOpened>),
    /// A run joined it.
    RunJoined(RunJoined),
    /// Somebody wrote something down.
    Noted(Noted),
    /// A milestone was reached.
    Reached(Reached),
    /// It is worse, or less bad, than was thought.
    SeverityChanged(SeverityChanged),
    /// Somebody was called in.
    Escalated(Escalated),
    /// Somebody else leads it now.
    HandedOver(HandedOver),
    /// A status update was written.
    StatusWritten(StatusWritten),
    /// A status update was given to a command that sends it.
    StatusSent(StatusSent),
    /// It was closed.
    Closed(IncidentClosed),
}

/// See [`IncidentFact::Opened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Its id.
    pub incident: IncidentId,
    /// What is wrong, in the operator's or the alert's words.
    pub title: String,
    /// Its severity; empty when none was given.
    pub severity: String,
    /// The document the rules are from.
    pub runbook: Option<RunbookIdentity>,
    /// The rules it goes by.
    pub rules: IncidentRules,
    /// The alert that opened it, in a few lines; empty without one.
    pub alert: String,
    /// What the alert's sender calls its group, so that a repeated alert opens nothing twice; empty without one.
    pub alert_group: String,
    /// The version of this program.
    pub version: String,
}

/// See [`IncidentFact::RunJoined`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJoined {
    /// The run.
    pub run: RunId,
    /// The document's path as given.
    pub path: String,
    /// The procedure's anchor.
    pub procedure: Anchor,
    /// The procedure's heading.
    pub title: String,
}

/// See [`IncidentFact::Noted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The words.
    pub text: String,
}

/// See [`IncidentFact::Reached`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which.
    pub milestone: Milestone,
    /// When, as somebody stated it; none when it was recorded as it happened.
    pub stated: Option<Timestamp>,
    /// Who or what states it, when not the one who wrote it down: `the alert`.
    pub source: String,
}

/// A moment that an incident's times are counted from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Milestone {
    /// Users began to notice.
    ImpactStart,
    /// A person or an alarm noticed.
    Detected,
    /// Somebody took it on.
    Acknowledged,
    /// It was called an incident.
    Declared,
    /// Users do not notice any more.
    Mitigated,
    /// The cause is gone.
    Resolved,
}

impl Milestone {
    /// All, in the order they are usually reached in.
    pub const ALL: [Self; 6] =
        [Self::ImpactStart, Self::Detected, Self::Acknowledged, Self::Declared, Self::Mitigated, Self::Resolved];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::ImpactStart => "impact-start",
            Self::Detected => "detected",
            Self::Acknowledged => "acknowledged",
            Self::Declared => "declared",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no milestone.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "`{0}` is no milestone; they are `impact-start`, `detected`, `acknowledged`, `declared`, `mitigated`, `resolved`"
)]
pub struct NoMilestone(String);

impl FromStr for Milestone {
    type Err = NoMilestone;

    fn from_str(word: &str) -> Result<Self, NoMilestone> {
        let found = Self::ALL.into_iter().find(|milestone| milestone.name() == word);
        found.ok_or_else(|| NoMilestone(word.to_owned()))
    }
}

/// See [`IncidentFact::SeverityChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityChanged {
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// See [`IncidentFact::Escalated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// To whom.
    pub to: String,
    /// How, or what they said.
    pub text: String,
}

/// See [`IncidentFact::HandedOver`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// To whom.
    pub to: String,
    /// What they should know.
    pub text: String,
}

/// See [`IncidentFact::StatusWritten`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusWritten {
    /// The text, its fields filled in.
    pub text: String,
}

/// See [`IncidentFact::StatusSent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSent {
    /// The event of the text.
    pub status: Seq,
    /// The command that was given the text.
    pub command: String,
    /// Its exit status; none when it did not end by itself.
    pub exit: Option<i32>,
    /// What it printed, cut.
    pub output: String,
}

/// See [`IncidentFact::Closed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentClosed {
    /// Why, or what is left.
    pub reason: String,
}

/// A run became part of an incident: the fact on the run's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentJoined {
    /// The incident.
    pub incident: IncidentId,
    /// Its severity then.
    pub severity: String,
    /// Its title.
    pub title: String,
}
