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
    pub problems: Vec<String>,
}

/// Reads the rules of a document from its text and its front matter.
pub fn read_rules(runbook: &Runbook) -> RulesRead {
    let mut rules = IncidentRules {
        severities: severities::read_severities(runbook),
        escalation: people::read_escalation(runbook),
        contacts: people::read_contacts(runbook),
        updates: reporting::read_update_interval(runbook),
        post_mortem: reporting::read_post_mortem(runbook),
    };
    let odd = front_matter::override_rules(&mut rules, &runbook.front_matter.incident);
    RulesRead { rules, problems: odd }
}

/// Finds the first length of time in a text, as people write it; of a range, the upper end.
pub fn find_length(text: &str) -> Option<crate::history::Seconds> {
    lengths::find_length(text)
}
