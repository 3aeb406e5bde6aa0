//! Time to detect, to acknowledge, to mitigate and to resolve an incident.
//!
//! Invariant: a length lies between two milestones that were stated or recorded. If one is unset, the length is blank; it is
//! never guessed.

use super::clock::words;
use super::moment::When;
use super::state::State;
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
    pub length: Result<u64, Blank>,
}

/// Reason for which a length is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blank {
    /// These milestones were never stated or recorded.
    Unset(Vec<Milestone>),
    /// The milestone that ends it came before the one that begins it.
    Backwards,
}

const MEASURES: [(&str, &str, Milestone, Milestone); 4] = [
    ("TTD", "time to detect", Milestone::ImpactStart, Milestone::Detected),
    ("TTA", "time to acknowledge", Milestone::Detected, Milestone::Acknowledged),
    ("TTM", "time to mitigate", Milestone::ImpactStart, Milestone::Mitigated),
    ("TTR", "time to resolve", Milestone::ImpactStart, Milestone::Resolved),
];

/// Measures an incident, always with all four lengths.
pub fn measures(state: &State) -> Vec<Measure> {
    let when = |milestone| state.reached.get(&milestone).map(|recorded| &recorded.when);
    let measure = |&(name, title, from, to): &(&'static str, &'static str, Milestone, Milestone)| {
        let length = match (when(from), when(to)) {
            (Some(first), Some(last)) => between(first, last).ok_or(Blank::Backwards),
            (first, last) => {
                let unset = [(first, from), (last, to)].into_iter().filter(|(when, _)| when.is_none());
                Err(Blank::Unset(unset.map(|(_, milestone)| milestone).collect()))
            }
        };
        Measure { name, title, from, to, length }
    };
    MEASURES.iter().map(measure).collect()
}

/// Seconds between two moments. The monotonic clock counts if both were recorded as they happened, in the same boot of the
/// machine. Otherwise the stated or recorded wall-clock times do.
fn between(first: &When, last: &When) -> Option<u64> {
    let both_recorded = first.stated.is_none() && last.stated.is_none();
    if both_recorded && !first.boot.is_empty() && first.boot == last.boot {
        return last.mono.checked_sub(first.mono).map(|length| length.as_secs());
    }
    u64::try_from(last.time().as_second() - first.time().as_second()).ok()
}

impl Measure {
    /// The length in words; if it is not known, `blank` with the reason.
    pub fn text(&self) -> String {
        match &self.length {
            Ok(length) => words(*length),
            Err(Blank::Backwards) => format!("blank: `{}` is before `{}`", self.to, self.from),
            Err(Blank::Unset(unset)) => {
                let names: Vec<_> = unset.iter().map(|milestone| format!("`{milestone}`")).collect();
                let verb = if names.len() == 1 { "is" } else { "are" };
                format!("blank: {} {verb} not set", names.join(" and "))
            }
        }
    }
}
