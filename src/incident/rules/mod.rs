//! A runbook → the rules it gives for incidents: severities, escalation, contacts, updates, post-mortem.
//!
//! Invariant: pure and total. A document needs no special syntax: headings, bold labels, lists and tables are enough. What it
//! does not say stays empty. Refuses to know: clocks, incidents.

mod front_matter;
mod lengths;
mod people;
mod prose;
mod reporting;
mod severities;

use crate::document::Runbook;
use crate::history::IncidentRules;

/// Rules of a document, with what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesRead {
    /// Rules of the text, replaced by those of the front matter where it has any.
    pub rules: IncidentRules,
    /// A sentence for each key of the front matter that cannot be read.
    pub odd: Vec<String>,
}

/// Reads the rules of a document from its text and its front matter.
pub fn rules(runbook: &Runbook) -> RulesRead {
    let mut rules = IncidentRules {
        severities: severities::read(runbook),
        escalation: people::escalation(runbook),
        contacts: people::contacts(runbook),
        updates: reporting::updates(runbook),
        post_mortem: reporting::post_mortem(runbook),
    };
    let odd = front_matter::over(&mut rules, &runbook.front_matter.incident);
    RulesRead { rules, odd }
}

/// Finds the first length of time in a text, as people write it; of a range, the upper end.
pub fn length(text: &str) -> Option<crate::history::Seconds> {
    lengths::length(text)
}
