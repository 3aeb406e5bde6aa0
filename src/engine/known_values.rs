//! The values of a run's inputs, and which of them are secrets.
//!
//! Invariant: a value counts as recorded only once its fact is appended. Refuses to know: who gave it.

use crate::history::{InputGiven, InputOrigin};
use crate::ident::{InputName, is_secret_name};
use crate::plan::{Plan, Values, VariableValues};
use std::collections::{BTreeMap, BTreeSet};

/// Values of inputs, with what the record knows of them.
#[derive(Debug, Default)]
pub(super) struct KnownValues {
    pub(super) values: Values,
    /// Inputs whose value stands in the record.
    pub(super) recorded: BTreeSet<InputName>,
    /// Where the recorded values came from.
    origins: BTreeMap<InputName, InputOrigin>,
    /// Secrets that the plan does not declare: the operator typed them as such.
    typed_secrets: BTreeSet<InputName>,
    /// Names of the variables that carry values from outside, and how many values were known when they were found.
    tracked: Option<(usize, BTreeSet<String>)>,
    /// Secrets that were given before the run was resumed. No record has their values.
    forgotten_secrets: BTreeSet<InputName>,
}

impl KnownValues {
    /// Values that were set before the run began.
    pub(super) fn new(values: Values) -> Self {
        Self { values, ..Self::default() }
    }

    /// Names of the plan's variables that carry values from outside.
    pub(super) fn tracked_names(&mut self, plan: &Plan, environment: &VariableValues) -> &BTreeSet<String> {
        let count = self.values.len();
        let names = match self.tracked.take() {
            Some((known, names)) if known == count => names,
            _ => plan.tracked_values(&self.values, environment).into_keys().collect(),
        };
        &self.tracked.insert((count, names)).1
    }

    /// True if the value must be in no text.
    pub(super) fn is_secret(&self, plan: &Plan, name: &InputName) -> bool {
        let is_declared_secret =
            || plan.find_input(name).map_or_else(|| is_secret_name(name.as_str()), |input| input.rules.secret);
        self.typed_secrets.contains(name) || is_declared_secret()
    }

    /// Where a value came from; `None` if nobody has given it. What is not recorded yet was given before the run.
    pub(super) fn find_origin(&self, plan: &Plan, name: &InputName) -> Option<InputOrigin> {
        let value = self.values.get(name)?;
        let default = plan.find_input(name).and_then(|input| input.default.as_ref());
        let before_run = if default == Some(value) { InputOrigin::Default } else { InputOrigin::Flag };
        Some(self.origins.get(name).copied().unwrap_or(before_run))
    }

    /// True if the value has to be given anew, because no record holds a secret.
    pub(super) fn is_forgotten(&self, name: &InputName) -> bool {
        self.forgotten_secrets.contains(name)
    }

    /// Treats an input as a secret from here on.
    pub(super) fn mark_secret(&mut self, name: InputName) {
        self.typed_secrets.insert(name);
    }

    /// Takes in a value whose fact was appended.
    pub(super) fn insert_recorded(&mut self, name: &InputName, value: &str, origin: InputOrigin) {
        self.origins.insert(name.clone(), origin);
        self.recorded.insert(name.clone());
        self.forgotten_secrets.remove(name);
        self.values.insert(name.clone(), value.to_owned());
    }

    /// Takes in a value that was recorded before the run was resumed. A secret is not in the record and has to be given anew.
    pub(super) fn restore_value(&mut self, plan: &Plan, given: &InputGiven) {
        if given.value == masked_value(&given.name) {
            self.typed_secrets.insert(given.name.clone());
            self.forgotten_secrets.insert(given.name.clone());
        } else if !self.is_secret(plan, &given.name) && !given.value.contains("[masked:") {
            // A value set on the command line wins, and is recorded where it is used.
            let known = self.values.entry(given.name.clone()).or_insert_with(|| given.value.clone());
            if *known == given.value {
                self.recorded.insert(given.name.clone());
                self.origins.insert(given.name.clone(), given.origin);
            }
        }
    }
}

/// The mark that the record has in place of a secret.
pub(super) fn masked_value(name: &InputName) -> String {
    format!("[masked:{name}]")
}
