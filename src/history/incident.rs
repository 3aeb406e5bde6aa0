//! The facts of an incident: its runs, notes and milestones under one severity and one clock.
//!
//! Invariant: complete in itself as any fact. The rules of an incident are in its first fact, so that a later change
//! of the runbook does not move what was due. Refuses to know: how the rules were read, what is due now.

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
    /// User name of the author.
    pub by: String,
    /// Name of the author's machine.
    pub host: String,
    /// Boot id of the machine. The event's monotonic time counts from that boot; empty where it is not known.
    pub boot: String,
    /// Last event of each joined run at this moment. Those came before this event, whatever the clocks say.
    pub seen: Vec<(RunId, Seq)>,
    /// The fact itself.
    pub what: IncidentFact,
}

/// Something that happened in an incident. An [`IncidentEvent`] adds who recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentFact {
    /// The incident was opened.
    Opened(Box<IncidentOpened>),
    /// A run became part of the incident.
    RunJoined(RunJoined),
    /// Somebody wrote a note.
    Noted(Noted),
    /// A milestone was reached.
    Reached(Reached),
    /// The severity was raised or lowered.
    SeverityChanged(SeverityChanged),
    /// Somebody was called in to help.
    Escalated(Escalated),
    /// The lead was handed over to somebody else.
    HandedOver(HandedOver),
    /// A status update was written.
    StatusWritten(StatusWritten),
    /// A status update was passed to a command that sends it.
    StatusSent(StatusSent),
    /// The incident was closed.
    Closed(IncidentClosed),
}

/// The first fact of an incident, with the rules it follows from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Id of the incident.
    pub incident: IncidentId,
    /// Summary of the problem in the words of the operator or the alert.
    pub title: String,
    /// Severity at the start; empty when none was given.
    pub severity: String,
    /// The document that the rules come from; none without a document.
    pub runbook: Option<RunbookIdentity>,
    /// Rules of the incident: severities, escalation, contacts, updates.
    pub rules: IncidentRules,
    /// The alert that opened the incident, in a few lines; empty without one.
    pub alert: String,
    /// Group key from the alert's sender, so that a repeated alert opens no second incident; empty without one.
    pub alert_group: String,
    /// Version of this program.
    pub version: String,
}

/// A run became part of an incident: the fact on the incident's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJoined {
    /// Id of the run.
    pub run: RunId,
    /// Path of the document as the operator typed it.
    pub path: String,
    /// Anchor of the procedure; empty when the whole document is run.
    pub procedure: Anchor,
    /// Heading of the procedure.
    pub title: String,
}

/// A note on the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Text of the note.
    pub text: String,
}

/// A milestone was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The milestone that was reached.
    pub milestone: Milestone,
    /// Time that somebody stated for it; none when it was recorded as it happened.
    pub stated: Option<Timestamp>,
    /// Who or what stated it, when it was not the author: `the alert`. Otherwise empty.
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
    /// It was declared an incident.
    Declared,
    /// Users do not notice any more.
    Mitigated,
    /// The cause is gone.
    Resolved,
}

impl Milestone {
    /// All milestones, in the order in which they are usually reached.
    pub const ALL: [Self; 6] =
        [Self::ImpactStart, Self::Detected, Self::Acknowledged, Self::Declared, Self::Mitigated, Self::Resolved];

    /// The word for the milestone in the record and on the command line.
    pub fn wire_name(self) -> &'static str {
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
        f.write_str(self.wire_name())
    }
}

/// The text names no milestone.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "`{0}` is no milestone; they are `impact-start`, `detected`, `acknowledged`, `declared`, `mitigated`, `resolved`"
)]
pub struct UnknownMilestone(String);

impl FromStr for Milestone {
    type Err = UnknownMilestone;

    fn from_str(word: &str) -> Result<Self, UnknownMilestone> {
        let found = Self::ALL.into_iter().find(|milestone| milestone.wire_name() == word);
        found.ok_or_else(|| UnknownMilestone(word.to_owned()))
    }
}

/// The severity was raised or lowered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityChanged {
    /// Severity before; empty when there was none.
    pub from: String,
    /// Severity from now on.
    pub to: String,
    /// Reason for the change; may be empty.
    pub reason: String,
}

/// Somebody was called in to help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// Name of the person or team.
    pub to: String,
    /// How they were reached, or what they answered.
    pub text: String,
}

/// The lead of the incident was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// Name of the person or team.
    pub to: String,
    /// Briefing for the new lead.
    pub text: String,
}

/// A status update was written, and not yet sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusWritten {
    /// Text of the update with its fields filled in.
    pub text: String,
}

/// A status update was passed to a command that sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSent {
    /// Event of the [`StatusWritten`] that was sent.
    pub status: Seq,
    /// Command that got the text on its stdin.
    pub command: String,
    /// Exit status of the command; none when it did not end by itself.
    pub exit: Option<i32>,
    /// Output of the command, truncated.
    pub output: String,
}

/// The incident was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentClosed {
    /// Reason, or what is left to do.
    pub reason: String,
}

/// A run became part of an incident: the fact on the run's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentJoined {
    /// Id of the incident.
    pub incident: IncidentId,
    /// Severity when the run joined; empty when there was none.
    pub severity: String,
    /// Title of the incident.
    pub title: String,
}
