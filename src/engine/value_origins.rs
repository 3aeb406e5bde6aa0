//! Where the values in a command came from, for the question about it.
//!
//! Invariant: names and origins only, never a value. Refuses to know: how the question is shown.

use super::run::Engine;
use crate::history::InputOrigin;
use crate::ident::InputName;
use crate::plan::Command;
use crate::ports::{Journal, Kernel, Operator};
use std::collections::BTreeSet;

/// The most values that are named.
const MOST_NAMED: usize = 12;

impl<S: Kernel + Journal, O: Operator> Engine<'_, S, O> {
    /// Origin of each value that the command has in it or reads through a variable: `` `host` typed ``.
    pub(super) fn value_origins(&self, command: &Command) -> Vec<String> {
        let placed = command.uses.iter().filter(|one| one.reject_reason.is_none()).map(|one| one.name.clone());
        let read = command.facts.variable_reads.iter().map(|read| InputName::new(read.name.clone()));
        let assigned = command.given_assignment(&self.known.values).map(|(name, _)| name.clone());
        let mut seen = BTreeSet::new();
        let names = placed.chain(read).chain(assigned).filter(|name| seen.insert(name.clone()));
        let origin = |name: &InputName| self.known.find_origin(self.progress.plan, name);
        let described = names.filter_map(|name| Some(format!("`{name}` {}", describe_origin(origin(&name)?))));
        let mut origins: Vec<String> = described.collect();
        if origins.len() > MOST_NAMED {
            let others = origins.len() - MOST_NAMED;
            origins.truncate(MOST_NAMED);
            origins.push(format!("{others} more"));
        }
        origins
    }
}

fn describe_origin(origin: InputOrigin) -> &'static str {
    match origin {
        InputOrigin::Flag => "given at the start",
        InputOrigin::Prompt => "typed",
        InputOrigin::Default => "from the document",
        InputOrigin::Listing => "from a listing",
        InputOrigin::Command => "fetched by a command",
    }
}
