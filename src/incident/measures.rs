//! How long it took: to detect, to acknowledge, to mitigate, to resolve.
//!
//! Invariant: a length is between two milestones that were stated or recorded; with one of them unset it is blank, and never
//! guessed.

use super::clock::words;
use super::moment::When;
use super::state::State;
use crate::history::Milestone;

/// One length of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its short name: `TTD`.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// From.
    pub from: Milestone,
    /// To.
    pub to: Milestone,
    /// How long, in seconds, or why that is not known.
    pub length: Result<u64, Blank>,
}

/// Why a length is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blank {
    /// These milestones are not set.
    Unset(Vec<Milestone>),
    /// The later milestone is before the earlier.
    Backwards,
}

const MEASURES: [(&str, &str, Milestone, Milestone); 4] = [
    ("TTD", "time to detect", Milestone::ImpactStart, Milestone::Detected),
    ("TTA", "time to acknowledge", Milestone::Detected, Milestone::Acknowledged),
    ("TTM", "time to mitigate", Milestone::ImpactStart, Milestone::Mitigated),
    ("TTR", "time to resolve", Milestone::ImpactStart, Milestone::Resolved),
];

/// The four of them.
pub fn measures(state: &State) -> Vec<Measure> {
    let when = |milestone| state.reached.get(&milestone).map(|told| &told.when);
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

/// Seconds from one to the other. Where both were recorded as they happened, under one start of the machine, its own clock
/// counts; else the times as stated and recorded.
fn between(first: &When, last: &When) -> Option<u64> {
    let both_recorded = first.stated.is_none() && last.stated.is_none();
    if both_recorded && !first.boot.is_empty() && first.boot == last.boot {
        return last.mono.checked_sub(first.mono).map(|length| length.as_secs());
    }
    u64::try_from(last.time().as_second() - first.time().as_second()).ok()
}

impl Measure {
    /// How long, in words; blank with the reason where it is not known.
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
