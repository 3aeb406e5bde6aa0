//! Rewrites the texts of a plan that are shown, not those that are run.
//!
//! Invariant: commands, values and spans stay as they are. Refuses to know: why texts are changed.

use super::model::{Choice, Node, Plan, Prose, Step, Undoes};
use crate::ident::StepId;

/// Makes the new text from the old one.
type Change<'a> = &'a dyn Fn(&str) -> String;

impl Plan {
    /// The plan with every title, heading, paragraph and note changed. Do this before a text is cut or wrapped, because
    /// a secret cannot be found in pieces.
    #[must_use]
    pub fn with_words(mut self, change: Change<'_>) -> Self {
        let each = |texts: &mut Vec<String>| texts.iter_mut().for_each(|text| *text = change(text));
        self.procedure.title = change(&self.procedure.title);
        each(&mut self.procedure.path);
        prose(&mut self.closing, change);
        self.steps.iter_mut().for_each(|step| words(step, change));
        nodes(&mut self.root, change);
        self
    }
}

fn prose(all: &mut [Prose], change: Change<'_>) {
    for prose in all {
        prose.text = change(&prose.text);
    }
}

fn words(step: &mut Step, change: Change<'_>) {
    // Ids are made from titles. The record changes them in the same way.
    step.id = StepId::new(change(step.id.as_str()));
    if let Some(Undoes::Step(undone)) = &mut step.undoes {
        *undone = StepId::new(change(undone.as_str()));
    }
    step.title = change(&step.title);
    step.body = change(&step.body);
    for heading in &mut step.source.headings {
        *heading = change(heading);
    }
    prose(&mut step.source.prose, change);
    let notes = step.commands.iter_mut().filter_map(|command| command.note.as_mut());
    for text in notes.chain(&mut step.conditional).chain(step.why.as_mut().map(|why| &mut why.text)) {
        *text = change(text);
    }
}

fn nodes(all: &mut [Node], change: Change<'_>) {
    for node in all {
        match node {
            Node::Step(_) => {}
            Node::Choice(choice) => options(choice, change),
        }
    }
}

fn options(choice: &mut Choice, change: Change<'_>) {
    choice.title = change(&choice.title);
    for option in &mut choice.options {
        option.title = change(&option.title);
        nodes(&mut option.nodes, change);
    }
}
