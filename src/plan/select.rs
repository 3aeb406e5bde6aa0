//! Finding a step of a plan by what the operator wrote: its number or its id.

use super::model::{Node, Plan, Step};

/// A name that is no step's, or several steps'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectStepError {
    /// No step is called that.
    #[error("there is no step `{0}` in this procedure; its steps are {1}")]
    Unknown(String, String),
    /// Several are.
    #[error("`{0}` is the number of {1} steps; use an id: {2}")]
    Ambiguous(String, usize, String),
}

impl Plan {
    /// The place of the step with this number or id.
    pub fn find(&self, name: &str) -> Result<usize, SelectStepError> {
        let name = name.trim();
        if let Some(place) = self.steps.iter().position(|step| step.id.as_str() == name) {
            return Ok(place);
        }
        let numbered: Vec<usize> =
            (0..self.steps.len()).filter(|&i| self.steps.get(i).is_some_and(|step| step.number == name)).collect();
        let list = |places: &mut dyn Iterator<Item = &Step>, by_id: bool| {
            places
                .take(20)
                .map(|step| if by_id { format!("`{}`", step.id) } else { format!("`{}` {}", step.number, step.title) })
                .collect::<Vec<_>>()
                .join(", ")
        };
        match numbered.as_slice() {
            [place] => Ok(*place),
            [] => Err(SelectStepError::Unknown(name.to_owned(), list(&mut self.steps.iter(), false))),
            many => {
                let mut steps = many.iter().filter_map(|&i| self.steps.get(i));
                Err(SelectStepError::Ambiguous(name.to_owned(), many.len(), list(&mut steps, true)))
            }
        }
    }

    /// The plan with only the steps that `keep` says, in the same order; choices left without any are gone.
    pub fn keep(&mut self, keep: &dyn Fn(usize) -> bool) {
        prune(&mut self.root, keep);
    }

    /// The plan with these steps alone, one after the other, without any choice.
    pub fn only(&mut self, places: &std::collections::BTreeSet<usize>) {
        self.root = places.iter().copied().filter(|&place| place < self.steps.len()).map(Node::Step).collect();
    }

    /// The steps that can be met, by their places, in order.
    pub fn reachable(&self) -> Vec<usize> {
        let mut places = Vec::new();
        collect(&self.root, &mut places);
        places.sort_unstable();
        places
    }
}

fn prune(nodes: &mut Vec<Node>, keep: &dyn Fn(usize) -> bool) {
    nodes.retain_mut(|node| match node {
        Node::Step(place) => keep(*place),
        Node::Choice(choice) => {
            for option in &mut choice.options {
                prune(&mut option.nodes, keep);
            }
            choice.options.retain(|option| !option.nodes.is_empty());
            !choice.options.is_empty()
        }
    });
}

/// The steps below some nodes, by their places.
pub fn collect(nodes: &[Node], places: &mut Vec<usize>) {
    for node in nodes {
        match node {
            Node::Step(place) => places.push(*place),
            Node::Choice(choice) => choice.options.iter().for_each(|option| collect(&option.nodes, places)),
        }
    }
}
