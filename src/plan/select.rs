//! Finds steps of a plan by number or id, and reduces a plan to some of its steps.
//!
//! Invariant: the steps themselves keep their indexes; only the order of nodes changes. Refuses to know: why a step is selected.

use super::model::{Node, Plan, Step};

/// A name that fits no step, or several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectStepError {
    /// No step has this number or id: the name, and the steps there are.
    #[error("there is no step `{0}` in this procedure; its steps are {1}")]
    Unknown(String, String),
    /// Several steps have this number: the name, how many, and their ids.
    #[error("`{0}` is the number of {1} steps; use an id: {2}")]
    Ambiguous(String, usize, String),
}

impl Plan {
    /// The index of the step with this number or id. Fails when no step has it, or several do.
    pub fn find_step(&self, name: &str) -> Result<usize, SelectStepError> {
        let name = name.trim();
        if let Some(index) = self.steps.iter().position(|step| step.id.as_str() == name) {
            return Ok(index);
        }
        let numbered: Vec<usize> =
            (0..self.steps.len()).filter(|&i| self.steps.get(i).is_some_and(|step| step.number == name)).collect();
        let list = |steps: &mut dyn Iterator<Item = &Step>, by_id: bool| {
            steps
                .take(20)
                .map(|step| if by_id { format!("`{}`", step.id) } else { format!("`{}` {}", step.number, step.title) })
                .collect::<Vec<_>>()
                .join(", ")
        };
        match numbered.as_slice() {
            [index] => Ok(*index),
            [] => Err(SelectStepError::Unknown(name.to_owned(), list(&mut self.steps.iter(), false))),
            many => {
                let mut steps = many.iter().filter_map(|&i| self.steps.get(i));
                Err(SelectStepError::Ambiguous(name.to_owned(), many.len(), list(&mut steps, true)))
            }
        }
    }

    /// Keeps only the steps for whose index `keep` is true, in the same order. Choices left without steps go.
    pub fn retain_steps(&mut self, keep: &dyn Fn(usize) -> bool) {
        prune_nodes(&mut self.root, keep);
    }

    /// Reduces the plan to these steps, in order and without choices.
    pub fn retain_only_steps(&mut self, indexes: &std::collections::BTreeSet<usize>) {
        self.root = indexes.iter().copied().filter(|&index| index < self.steps.len()).map(Node::Step).collect();
    }

    /// Indexes of the steps that a run can reach, in order.
    pub fn reachable_steps(&self) -> Vec<usize> {
        let mut indexes = Vec::new();
        collect_steps(&self.root, &mut indexes);
        indexes.sort_unstable();
        indexes
    }
}

fn prune_nodes(nodes: &mut Vec<Node>, keep: &dyn Fn(usize) -> bool) {
    nodes.retain_mut(|node| match node {
        Node::Step(index) => keep(*index),
        Node::Choice(choice) => {
            for option in &mut choice.options {
                prune_nodes(&mut option.nodes, keep);
            }
            choice.options.retain(|option| !option.nodes.is_empty());
            !choice.options.is_empty()
        }
    });
}

/// Collects the indexes of the steps below some nodes.
pub fn collect_steps(nodes: &[Node], indexes: &mut Vec<usize>) {
    for node in nodes {
        match node {
            Node::Step(index) => indexes.push(*index),
            Node::Choice(choice) => choice.options.iter().for_each(|option| collect_steps(&option.nodes, indexes)),
        }
    }
}
