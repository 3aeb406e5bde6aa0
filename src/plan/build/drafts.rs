//! Cells and tasks → drafts of steps, with what their attributes say.
//!
//! Invariant: a draft takes the prose that was read since the one before it. Refuses to know: where in the document's outline
//! it stands; the scope tells.

use super::{Builder, Draft, Scope};
use crate::document::{Attributes, CellKind};
use crate::plan::cells::CellStep;
use crate::plan::comments::condition_of;
use crate::plan::expect;
use crate::plan::model::{Node, StepKind};
use crate::plan::repeat::{self, Repeat};
use crate::plan::rollback::Marked;

impl Builder<'_> {
    pub(super) fn task(&mut self, title: String, body: String, lines: (u32, u32), scope: &Scope) -> Vec<Node> {
        let cell = CellStep {
            kind: StepKind::Task,
            title,
            number: None,
            head: None,
            conditional: None,
            commands: Vec::new(),
            body,
            why: None,
            unread: false,
            line: lines.0,
            end_line: lines.1,
        };
        vec![self.push(cell, Attributes::default(), None, lines.0, scope)]
    }

    pub(super) fn cell(&mut self, index: usize, scope: &Scope) -> Vec<Node> {
        let runbook = self.runbook;
        let Some(cell) = runbook.cells.get(index) else { return Vec::new() };
        match cell.kind {
            CellKind::Command | CellKind::Guessed => {
                let expected =
                    cell.expected.and_then(|i| runbook.cells.get(i)).map(crate::document::Cell::text).or_else(|| {
                        let printed: Vec<&str> = cell
                            .content
                            .iter()
                            .filter(|line| line.role == crate::document::LineRole::Printed)
                            .map(|line| line.text.as_str())
                            .collect();
                        (!printed.is_empty()).then(|| printed.join("\n") + "\n")
                    });
                let shown = cell.expected.and_then(|i| runbook.cells.get(i));
                let similarity = shown.and_then(|shown| shown.attributes.get("expected_similarity"));
                let similarity = similarity.and_then(expect::percent);
                let steps = self.cells.steps(index, cell, self.is_file);
                let last = steps.len().saturating_sub(1);
                steps
                    .into_iter()
                    .enumerate()
                    .map(|(i, mut step)| {
                        if let Some(when) = cell.attributes.get("when").filter(|_| step.conditional.is_none()) {
                            step.conditional = Some(when.to_owned());
                        }
                        let expected = expected.clone().filter(|_| i == last);
                        let commands = step.commands.len();
                        let (repeat, odd) = repeat::read(&cell.attributes, runbook, cell.line, commands, i == last);
                        self.findings.extend(odd);
                        let node = self.push(step, cell.attributes.clone(), expected, cell.line, scope);
                        if let Some(draft) = self.drafts.last_mut() {
                            draft.repeat = repeat;
                            draft.is_last_of_cell = i == last;
                            draft.similarity = similarity;
                        }
                        node
                    })
                    .collect()
            }
            CellKind::Message => {
                let step = CellStep {
                    kind: StepKind::Message,
                    title: message_title(&cell.text()),
                    number: None,
                    head: None,
                    conditional: None,
                    commands: Vec::new(),
                    body: cell.text(),
                    why: None,
                    unread: false,
                    line: cell.line,
                    end_line: cell.end_line,
                };
                vec![self.push(step, cell.attributes.clone(), None, cell.line, scope)]
            }
            CellKind::Reference => {
                self.read_first(&cell.span);
                Vec::new()
            }
            CellKind::Output => {
                if !self.attached.contains(&index) {
                    self.read_first(&cell.span);
                }
                Vec::new()
            }
        }
    }

    fn push(
        &mut self,
        mut cell: CellStep,
        attributes: Attributes,
        expected: Option<String>,
        source: u32,
        scope: &Scope,
    ) -> Node {
        let mut headings = scope.headings.clone();
        if let Some((number, title)) = &cell.head {
            headings.push(format!("{number}. {title}"));
        }
        if cell.conditional.is_none() {
            cell.conditional =
                scope.conditional.clone().or_else(|| cell.head.as_ref().and_then(|(_, title)| condition_of(title)));
        }
        let prose = std::mem::take(&mut self.prose);
        let cell_undoes = attributes.get("rollback").filter(|value| *value != "false");
        let rollback = cell_undoes
            .map(|name| Marked::Cell(name.trim().to_owned()))
            .or_else(|| scope.rollback.then_some(Marked::Heading));
        self.drafts.push(Draft {
            similarity: None,
            is_last_of_cell: true,
            repeat: Repeat::default(),
            rollback,
            cell,
            headings,
            prose,
            attributes,
            expected,
            place: scope.place.clone(),
            procedure: scope.procedure,
            source,
        });
        Node::Step(self.drafts.len() - 1)
    }
}

/// A message is called by its first line.
fn message_title(template: &str) -> String {
    let marks = ['*', '_', '#', '>', ' ', '`'];
    let first = template.lines().map(|line| line.trim_matches(marks)).find(|line| !line.is_empty());
    format!("Message: {}", first.unwrap_or_default())
}
