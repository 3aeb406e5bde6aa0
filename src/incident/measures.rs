//! Time to detect, to acknowledge, to mitigate and to resolve an incident.
//!
//! Invariant: a length lies between two milestones that were stated or recorded. If one is unset, the length is blank; it is
//! never guessed.

use super::clock::format_length;
use super::moment::EventTime;
use super::state::IncidentState;
use crate::history::Milestone;

/// One length of time between two milestones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Abbreviation, such as `TTD`.
    pub name: &'static str,
    /// The abbreviation spelt out.
    pub title: &'static str,
    /// Milestone at which it begins.
    pub from: Milestone,
    /// Milestone at which it ends.
    pub to: Milestone,
    /// Length in seconds, or the reason for which it is not known.
    pub length: Result<u64, BlankReason>,
}

/// Reason for which a length is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlankReason {
    /// These milestones were never stated or recorded.
    Unset(Vec<Milestone>),
    /// The milestone that ends it came before the one that begins it.
    WrongOrder,
}

const MEASURES: [(&str, &str, Milestone, Milestone); 4] = [
    ("TTD", "time to detect", Milestone::ImpactStart, Milestone::Detected),
    ("TTA", "time to acknowledge", Milestone::Detected, Milestone::Acknowledged),
    ("TTM", "time to mitigate", Milestone::ImpactStart, Milestone::Mitigated),
    ("TTR", "time to resolve", Milestone::ImpactStart, Milestone::Resolved),
];

/// Measures an incident, always with all four lengths.
pub fn measure_incident(state: &IncidentState) -> Vec<Measure> {
    let when = |milestone| state.milestones.get(&milestone).map(|recorded| &recorded.when);
    let measure = |&(name, title, from, to): &(&'static str, &'static str, Milestone, Milestone)| {
        let length = match (when(from), when(to)) {
            (Some(first), Some(last)) => seconds_between(first, last).ok_or(BlankReason::WrongOrder),
            (first, last) => {
                let unset = [(first, from), (last, to)].into_iter().filter(|(when, _)| when.is_none());
                Err(BlankReason::Unset(unset.map(|(_, milestone)| milestone).collect()))
            }
        };
        Measure { name, title, from, to, length }
    };
    MEASURES.iter().map(measure).collect()
}

/// Seconds between two moments. The monotonic clock counts if both were recorded as they happened, in the same boot of the
/// machine. Otherwise the stated or recorded wall-clock times do.
fn seconds_between(first: &EventTime, last: &EventTime) -> Option<u64> {
    let both_recorded = first.stated.is_none() && last.stated.is_none();
    if both_recorded && !first.boot_id.is_empty() && first.boot_id == last.boot_id {
        return last.since_boot.checked_sub(first.since_boot).map(|length| length.as_secs());
    }
    u64::try_from(last.effective_time().as_second() - first.effective_time().as_second()).ok()
}

impl Measure {
    /// The length in words; if it is not known, `blank` with the reason.
    pub fn length_text(&self) -> String {
        match &self.length {
            Ok(length) => format_length(*length),
            Err(BlankReason::WrongOrder) => format!("blank: `{}` is before `{}`", self.to, self.from),
            Err(BlankReason::Unset(unset)) => {
                let names: Vec<_> = unset.iter().map(|milestone| format!("`{milestone}`")).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                format!("blank: {} {verb} not set", names.join(" and "))
            }
        }
    }
}
