//! A runbook → the rules it gives for incidents: severities, escalation, contacts, updates, post-mortem.
//!
//! Invariant: pure and total; an unmodified document is read as people write them (headings, bold labels, lists, tables), and
//! what is not said stays empty. Refuses to know: clocks, incidents.

mod given;
mod lengths;
mod people;
mod prose;
mod severities;
mod writing;

use crate::document::Runbook;
use crate::history::IncidentRules;

/// The rules of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesRead {
    /// The rules.
    pub rules: IncidentRules,
    /// What of the front matter could not be read, a sentence each.
    pub odd: Vec<String>,
}

/// Reads the rules of a document.
pub fn rules(runbook: &Runbook) -> RulesRead {
    let mut rules = IncidentRules {
        severities: severities::read(runbook),
        escalation: people::escalation(runbook),
        contacts: people::contacts(runbook),
        updates: writing::updates(runbook),
        post_mortem: writing::post_mortem(runbook),
    };
    let odd = given::over(&mut rules, &runbook.front_matter.incident);
    RulesRead { rules, odd }
}

/// The first length of time in a text, as people write them.
pub fn length(text: &str) -> Option<crate::history::Seconds> {
    lengths::length(text)
}
