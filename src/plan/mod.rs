//! A runbook → the steps of a procedure, in order, numbered, with what stands between them and running.
//!
//! Invariant: pure; a [`Command`] cannot run, only a [`Runnable`] can, and [`Command::bind`] alone makes one. Refuses to know:
//! processes, the journal, the terminal.

mod bind;
mod build;
mod cells;
mod comments;
mod expect;
mod gate;
mod inputs;
mod model;
mod name;
mod number;
mod policy;
mod repeat;
mod rollback;
mod select;
mod templates;
mod uses;
mod words;

pub use crate::document::{Attributes, Finding, Span};
pub use crate::interpolate::Filter;
pub use crate::risk::{Flag, Level, Object, Reason, Risk, Touched};
pub use crate::shell::{
    Clarity, Definition, NotACommand, SessionChange, ShadowKind, Shadows, TabledAnswer, Token, TokenClass, Watched,
    is_builtin, watched,
};
pub use bind::{fields, fill, quote, reference, tokens};
pub use expect::{COMPARED_BYTES, Compared, Expected};
pub use gate::{Gate, Pass, Place, approval, before};
pub use inputs::{Input, InputKind, Origin, Rules, Unfit, UsedAt, canonical, is_secret_name};
pub use model::{
    Alternative, Choice, ChoiceKind, Command, Node, Passed, Plan, Procedure, Prose, Refusal, Runnable, Step, StepKind,
    Use, Values, duration,
};
pub use policy::{Missing, Policy};
pub use repeat::{Monitor, Repeat, Retry, length};
pub use rollback::Undoes;
pub use select::{SelectStepError, collect};

use crate::document::{Runbook, SectionIndex};
use crate::ident::{Anchor, InputName, StepId};
use std::collections::BTreeSet;

/// Plans the procedures of one document.
pub struct Planner<'a> {
    runbook: &'a Runbook,
    is_file: &'a dyn Fn(&str) -> bool,
    cells: cells::Cells,
}

impl<'a> Planner<'a> {
    /// For one document. `is_file` says whether a path names a file: a slash word that does is a command, one that does
    /// not is a chat command and becomes a task.
    pub fn new(runbook: &'a Runbook, is_file: &'a dyn Fn(&str) -> bool) -> Self {
        Self { runbook, is_file, cells: cells::Cells::default() }
    }

    /// The plan of a section.
    pub fn plan(&mut self, section: SectionIndex) -> Plan {
        let builder = build::Builder::new(self.runbook, self.is_file, &mut self.cells, false);
        finish(self.runbook, section, builder)
    }

    /// The plan of a section in which the procedures below a choice are named and not planned, and steps have their numbers
    /// for ids: for an overview.
    pub fn outline(&mut self, section: SectionIndex) -> Plan {
        let builder = build::Builder::new(self.runbook, self.is_file, &mut self.cells, true);
        finish(self.runbook, section, builder)
    }
}

fn finish(runbook: &Runbook, section: SectionIndex, mut builder: build::Builder<'_>) -> Plan {
    let mut root = builder.procedure(section);
    let closing = builder.closing();
    let numbers = number::numbers(&builder.drafts);
    // An overview names steps by their numbers alone: digests of everything would be a tenth of its time.
    let is_outline = builder.shallow;
    let ids = if is_outline { numbers.iter().map(StepId::new).collect() } else { name::ids(&builder.drafts) };
    let marked: Vec<_> = builder.drafts.iter().map(|draft| draft.rollback.clone()).collect();
    let mut odd = std::mem::take(&mut builder.findings);
    let mut steps: Vec<Step> = builder
        .drafts
        .into_iter()
        .zip(numbers)
        .zip(ids)
        .map(|((draft, number), id)| Step {
            id,
            number,
            title: draft.cell.title,
            kind: draft.cell.kind,
            line: draft.cell.line,
            end_line: draft.cell.end_line,
            conditional: draft.cell.conditional,
            headings: draft.headings,
            prose: draft.prose,
            commands: draft.cell.commands,
            body: draft.cell.body,
            why: draft.cell.why,
            unread: draft.cell.unread,
            attributes: draft.attributes,
            expected: draft.expected,
            similarity: draft.similarity,
            is_last_of_cell: draft.is_last_of_cell,
            repeat: draft.repeat,
            undoes: None,
        })
        .collect();
    odd.extend(rollback::resolve(runbook, &mut steps, &marked, &mut root));
    // Nor does anybody ask an overview for its inputs.
    let (inputs, findings) = if is_outline {
        (Vec::new(), Vec::new())
    } else {
        mark_inputs(&mut steps);
        let (inputs, mut findings) = uses::find(runbook, &mut steps);
        findings.append(&mut odd);
        (inputs, findings)
    };
    Plan { procedure: procedure(runbook, section), document: runbook.digest, steps, root, closing, inputs, findings }
}

fn procedure(runbook: &Runbook, index: SectionIndex) -> Procedure {
    let found = runbook.sections.get(index);
    let title = found.map(|s| s.title.clone()).filter(|title| !title.is_empty()).or_else(|| runbook.title.clone());
    let mut path = runbook.heading_path(index);
    path.pop();
    Procedure {
        anchor: found.map_or_else(|| Anchor::new(""), |s| s.anchor.clone()),
        title: title.unwrap_or_else(|| "the whole document".to_owned()),
        line: found.map_or(1, |s| s.line),
        level: found.map_or(0, |s| s.level),
        path,
    }
}

/// A literal assignment that a later command reads is an input with that default.
fn mark_inputs(steps: &mut [Step]) {
    let mut read_later: BTreeSet<String> = BTreeSet::new();
    for step in steps.iter_mut().rev() {
        for command in step.commands.iter_mut().rev() {
            let facts = &command.facts;
            if let ([only], [_]) = (facts.assigns.as_slice(), facts.simple.as_slice())
                && only.literal.is_some()
                && read_later.contains(&only.name)
            {
                command.input = Some(InputName::new(only.name.clone()));
            }
            read_later.extend(facts.reads.iter().map(|read| read.name.clone()));
        }
    }
}
