//! Values from outside that reach commands through variables: those that were asked for, given by flags, by an alert or by the
//! environment, and what assignments of the procedure carry on from them.
//!
//! Invariant: a name that carries such a value anywhere in the procedure is tracked in all of it, whatever the order of the steps.
//! Refuses to know: the live shell, which has the last word on what a variable holds.

use super::command::{Command, Values};
use super::inputs::InputSource;
use super::model::Plan;
use crate::interpolate::{self, JudgedExpansions};
use crate::shell::VariableAssignment;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Values of variables by name.
pub type VariableValues = BTreeMap<String, String>;

/// How many assignments a value is followed through.
const MOST_LINKS: usize = 16;

/// The values that are known when a command is judged.
#[derive(Clone, Copy, Debug)]
pub struct KnownVariables<'k> {
    /// Values of inputs.
    pub values: &'k Values,
    /// Values of tracked variables. One that is empty is not known yet.
    pub variables: &'k VariableValues,
}

impl Plan {
    /// The values of variables that come from outside, as far as they are known before a step runs: given ones, `environment`, and
    /// what the plan's assignments carry on from them. A variable whose value nobody knows yet has an empty one.
    pub fn tracked_values(&self, values: &Values, environment: &VariableValues) -> VariableValues {
        let mut tracked: VariableValues = self
            .inputs
            .iter()
            .filter(|input| input.origin == InputSource::Variable)
            .map(|input| (input.name.as_str().to_owned(), String::new()))
            .collect();
        tracked.extend(environment.iter().map(|(name, value)| (name.clone(), value.clone())));
        tracked.extend(values.iter().map(|(name, value)| (name.as_str().to_owned(), value.clone())));
        let commands: Vec<&Command> = self
            .steps
            .iter()
            .flat_map(|step| step.commands.iter().chain(step.repeat.until.as_deref()))
            .filter(|command| !command.facts.assignments.is_empty())
            .collect();
        for _ in 0..MOST_LINKS {
            let mut is_changed = false;
            for command in &commands {
                for (name, value) in command.carried_values(&command.text, values, &tracked) {
                    let known = tracked.get(&name);
                    if known.is_none() || (known.is_some_and(String::is_empty) && !value.is_empty()) {
                        tracked.insert(name, value);
                        is_changed = true;
                    }
                }
            }
            if !is_changed {
                break;
            }
        }
        tracked
    }
}

impl Command {
    /// Judges if the values of tracked variables fit where this command reads them. `text` is the command with the values of its
    /// placeholders, and `variables` are the values of the tracked variables now.
    pub fn judge_expansions(&self, text: &str, values: &Values, variables: &VariableValues) -> JudgedExpansions {
        let known = variables.iter().filter(|(_, value)| !value.is_empty());
        let mut known: VariableValues = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        // What the command assigns itself is read as it is then.
        known.extend(self.placed_values(values));
        interpolate::judge_expansions(text, &known, &self.assignments_of(text))
    }

    /// The values that the command's own assignments carry on.
    fn carried_values(&self, text: &str, values: &Values, variables: &VariableValues) -> VariableValues {
        let mut carried = interpolate::carried_values(text, variables, &self.assignments_of(text));
        carried.extend(self.placed_values(values));
        carried
    }

    /// Variables that the command sets to the value of a placeholder, by an assignment or as the variable of a loop.
    fn placed_values(&self, values: &Values) -> VariableValues {
        if self.uses.is_empty() {
            return VariableValues::new();
        }
        let assigned = self.facts.assignments.iter().map(|assign| (assign.name.clone(), assign.value_span.clone()));
        let mut placed = VariableValues::new();
        for (name, span) in assigned.chain(interpolate::loop_variables(&self.text)) {
            let within = self.uses.iter().filter(|one| span.start <= one.span.start && one.span.end <= span.end);
            let value: String = within.filter_map(|one| values.get(&one.name)).map(String::as_str).collect();
            if !value.is_empty() {
                placed.insert(name, value);
            }
        }
        placed
    }

    fn assignments_of(&self, text: &str) -> Cow<'_, [VariableAssignment]> {
        if text == self.text {
            Cow::Borrowed(&self.facts.assignments)
        } else {
            Cow::Owned(crate::shell::describe_command(text).assignments)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Runbook;
    use crate::ident::InputName;
    use crate::plan::Planner;

    fn tracked(commands: &str, given: &[(&str, &str)]) -> VariableValues {
        let text = format!("# R\n\n```bash\n{commands}\n```\n");
        let runbook = Runbook::parse_bytes(text.as_bytes());
        let plan = Planner::new(&runbook, &|_| false).plan_section(0);
        let values = given.iter().map(|(name, value)| (InputName::new(*name), (*value).to_owned())).collect();
        plan.tracked_values(&values, &VariableValues::new())
    }

    #[test]
    fn a_value_is_followed_through_plain_assignments_in_any_order() {
        let found = tracked("C=\"$B-x\"\nexport B=$A\nls \"$C\"", &[("A", "v")]);
        assert_eq!(found.get("B").map(String::as_str), Some("v"));
        assert_eq!(found.get("C").map(String::as_str), Some("v-x"));
        assert!(!tracked("D=fixed\nE=$(date)\nls $D $E", &[("A", "v")]).contains_key("D"));
    }

    #[test]
    fn a_variable_that_nothing_sets_is_tracked() {
        assert!(tracked("ls $NAMESPACE", &[]).contains_key("NAMESPACE"));
    }
}
