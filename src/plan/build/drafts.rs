//! Cells and tasks → drafts of steps, with what their attributes say.
//!
//! Invariant: a draft takes the prose that was read since the one before it. Refuses to know: where in the document's outline
//! it stands; the scope says that.

use super::{BuildScope, PlanBuilder, StepDraft};
use crate::document::{Attributes, Cell, CellKind, LineRole};
use crate::plan::cells::CellStep;
use crate::plan::comments::stated_condition;
use crate::plan::expect;
use crate::plan::model::{Node, StepCell, StepKind, StepSource};
use crate::plan::repeat::{self, Repeat};
use crate::plan::rollback::RollbackMark;
use std::sync::Arc;

impl PlanBuilder<'_> {
    pub(super) fn add_task(&mut self, title: String, body: String, lines: (u32, u32), scope: &BuildScope) -> Vec<Node> {
        let step = CellStep { body, ..CellStep::new(StepKind::Task, title, lines) };
        vec![self.push_draft(step, settings_of(Attributes::default()), lines.0, scope)]
    }

    /// Adds the steps of a cell. A reference or output cell gives none: it is shown before the next step.
    pub(super) fn add_cell(&mut self, index: usize, scope: &BuildScope) -> Vec<Node> {
        let runbook = self.runbook;
        let Some(cell) = runbook.cells.get(index) else { return Vec::new() };
        match cell.kind {
            CellKind::Command | CellKind::Guessed => self.add_command_cell(index, cell, scope),
            CellKind::Message => {
                let (text, lines) = (cell.joined_text(), (cell.line, cell.end_line));
                let step =
                    CellStep { body: text.clone(), ..CellStep::new(StepKind::Message, message_title(&text), lines) };
                vec![self.push_draft(step, settings_of(cell.attributes.clone()), cell.line, scope)]
            }
            CellKind::Reference => {
                self.show_before_next(&cell.span);
                Vec::new()
            }
            CellKind::Output => {
                if !self.attached.contains(&index) {
                    self.show_before_next(&cell.span);
                }
                Vec::new()
            }
        }
    }

    fn add_command_cell(&mut self, index: usize, cell: &Cell, scope: &BuildScope) -> Vec<Node> {
        let runbook = self.runbook;
        let output_cell = cell.expected.and_then(|output| runbook.cells.get(output));
        let expected = output_cell.map(Cell::joined_text).or_else(|| printed_text(cell));
        let similarity = output_cell.and_then(|output| output.attributes.get("expected_similarity"));
        let similarity = similarity.and_then(expect::parse_similarity);
        let steps = self.cells.steps_of_cell(index, cell, self.is_file);
        let last = steps.len().saturating_sub(1);
        let mut nodes = Vec::with_capacity(steps.len());
        for (i, mut step) in steps.into_iter().enumerate() {
            if let Some(when) = cell.attributes.get("when").filter(|_| step.conditional.is_none()) {
                step.conditional = Some(when.to_owned());
            }
            let is_last = i == last;
            let (repeat, findings) =
                repeat::parse_repeat(&cell.attributes, runbook, cell.line, step.commands.len(), is_last);
            self.findings.extend(findings);
            let settings = StepCell {
                influences: Arc::from([]),
                attributes: cell.attributes.clone(),
                is_last,
                // The output shown is that of the cell's last command.
                expected: expected.clone().filter(|_| is_last),
                similarity,
            };
            nodes.push(self.push_draft(step, settings, cell.line, scope));
            if let Some(draft) = self.drafts.last_mut() {
                draft.repeat = repeat;
            }
        }
        nodes
    }

    fn push_draft(&mut self, mut cell: CellStep, settings: StepCell, cell_line: u32, scope: &BuildScope) -> Node {
        let mut headings = scope.headings.clone();
        if let Some((number, title)) = &cell.head {
            headings.push(format!("{number}. {title}"));
        }
        if cell.conditional.is_none() {
            cell.conditional =
                scope.conditional.clone().or_else(|| cell.head.as_ref().and_then(|(_, title)| stated_condition(title)));
        }
        let prose = std::mem::take(&mut self.prose);
        let marked_cell = settings.attributes.get("rollback").filter(|value| *value != "false");
        let rollback = marked_cell
            .map(|name| RollbackMark::Cell(name.trim().to_owned()))
            .or_else(|| scope.rollback.then_some(RollbackMark::Heading));
        self.drafts.push(StepDraft {
            source: StepSource { line: cell.line, end_line: cell.end_line, headings, prose },
            cell,
            settings,
            repeat: Repeat::default(),
            rollback,
            containers: scope.containers.clone(),
            procedure: scope.procedure,
            cell_line,
        });
        Node::Step(self.drafts.len() - 1)
    }
}

/// The settings of a step that no output is expected of.
fn settings_of(attributes: Attributes) -> StepCell {
    StepCell { attributes, influences: Arc::from([]), is_last: true, expected: None, similarity: None }
}

/// The output that the author pasted below the commands, in the cell itself.
fn printed_text(cell: &Cell) -> Option<String> {
    let printed: Vec<&str> =
        cell.content.iter().filter(|line| line.role == LineRole::Printed).map(|line| line.text.as_str()).collect();
    (!printed.is_empty()).then(|| printed.join("\n") + "\n")
}

/// A message is titled by its first line.
fn message_title(template: &str) -> String {
    let marks = ['*', '_', '#', '>', ' ', '`'];
    let first = template.lines().map(|line| line.trim_matches(marks)).find(|line| !line.is_empty());
    format!("Message: {}", first.unwrap_or_default())
}
