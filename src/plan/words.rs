//! Rewrites the texts of a plan that are shown, not those that are run.
//!
//! Invariant: commands, values and spans stay as they are. Refuses to know: why texts are changed.

use super::model::{Choice, Node, Plan, Prose, RollbackTarget, Step};
use crate::ident::StepId;

/// Makes the new text from the old one.
type TextChange<'a> = &'a dyn Fn(&str) -> String;

impl Plan {
    /// The plan with every title, heading, paragraph and note changed. Do this before a text is cut or wrapped, because
    /// a secret cannot be found in pieces.
    #[must_use]
    pub fn with_texts_changed(mut self, change: TextChange<'_>) -> Self {
        let each = |texts: &mut Vec<String>| texts.iter_mut().for_each(|text| *text = change(text));
        self.procedure.title = change(&self.procedure.title);
        each(&mut self.procedure.path);
        change_prose(&mut self.closing, change);
        self.steps.iter_mut().for_each(|step| change_step(step, change));
        change_nodes(&mut self.root, change);
        self
    }
}

fn change_prose(all: &mut [Prose], change: TextChange<'_>) {
    for prose in all {
        prose.text = change(&prose.text);
    }
}

fn change_step(step: &mut Step, change: TextChange<'_>) {
    // Ids are made from titles. The record changes them in the same way.
    step.id = StepId::new(change(step.id.as_str()));
    if let Some(RollbackTarget::Step(undone)) = &mut step.rollback_target {
        *undone = StepId::new(change(undone.as_str()));
    }
    step.title = change(&step.title);
    step.body = change(&step.body);
    for heading in &mut step.source.headings {
        *heading = change(heading);
    }
    change_prose(&mut step.source.prose, change);
    let notes = step.commands.iter_mut().filter_map(|command| command.note.as_mut());
    for text in notes.chain(&mut step.conditional).chain(step.task_reason.as_mut().map(|why| &mut why.text)) {
        *text = change(text);
    }
}

fn change_nodes(all: &mut [Node], change: TextChange<'_>) {
    for node in all {
        match node {
            Node::Step(_) => {}
            Node::Choice(choice) => change_choice(choice, change),
        }
    }
}

fn change_choice(choice: &mut Choice, change: TextChange<'_>) {
    choice.title = change(&choice.title);
    for option in &mut choice.options {
        option.title = change(&option.title);
        change_nodes(&mut option.nodes, change);
    }
}
