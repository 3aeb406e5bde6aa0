//! A runbook → the steps of a procedure: ordered, numbered, and with the gates and values that a run needs.
//!
//! Invariant: pure. Only a [`Runnable`] can run, and [`Command::bind_values`] alone makes one from a [`Command`]. Refuses to know:
//! processes, the journal, the terminal.

mod bind;
mod build;
mod cells;
mod command;
mod comments;
mod duration;
mod expect;
mod gate;
mod inputs;
mod locate;
mod model;
mod name;
mod number;
mod policy;
mod repeat;
mod rollback;
mod select;
mod templates;
mod tracked;
mod uses;
mod words;

pub use bind::{fill_message, message_fields, quote_word, reference_variable, tokenize_shell};
pub use command::{Command, InputUse, PassedVariable, Refusal, Runnable, Values};
pub use duration::{parse_duration, spell_duration};
pub use expect::{COMPARED_BYTES, ExpectedOutput, OutputComparison};
pub use gate::{Consent, Gate, RequiredAnswer, RunPlace, compute_approval, definitions_before};
pub use inputs::{Input, InputKind, InputRules, InputSource, InputUseSite, InvalidValue, canonical_name};
pub use locate::locate_object;
pub use model::{
    Alternative, Choice, ChoiceKind, Node, Plan, Procedure, Prose, RollbackTarget, Step, StepCell, StepKind,
    StepSource, TaskReason,
};
pub use policy::{OpeningFlags, Policy, UnmetRequirement};
pub use repeat::{Monitor, Repeat, Retry};
pub use select::{SelectStepError, collect_steps};
pub use tracked::{KnownVariables, VariableValues};

use crate::document::{Runbook, SectionIndex};
use crate::ident::{Anchor, InputName, StepId};
use crate::risk::{Influence, find_influences};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Plans the procedures of one document.
pub struct Planner<'a> {
    runbook: &'a Runbook,
    is_file: &'a dyn Fn(&str) -> bool,
    cells: cells::CellCache,
}

impl<'a> Planner<'a> {
    /// A planner for one document. `is_file` is true for a path that names a file. A word such as `/deploy` is a command if it
    /// names a file, and otherwise a chat command, which becomes a task.
    pub fn new(runbook: &'a Runbook, is_file: &'a dyn Fn(&str) -> bool) -> Self {
        Self { runbook, is_file, cells: cells::CellCache::default() }
    }

    /// The full plan of a section.
    pub fn plan_section(&mut self, section: SectionIndex) -> Plan {
        let builder = build::PlanBuilder::new(self.runbook, self.is_file, &mut self.cells, false);
        finish_plan(self.runbook, section, builder)
    }

    /// The plan of a section for an overview. Procedures below a choice are named but not planned, and steps have their
    /// numbers as ids.
    pub fn outline_section(&mut self, section: SectionIndex) -> Plan {
        let builder = build::PlanBuilder::new(self.runbook, self.is_file, &mut self.cells, true);
        finish_plan(self.runbook, section, builder)
    }
}

fn finish_plan(runbook: &Runbook, section: SectionIndex, mut builder: build::PlanBuilder<'_>) -> Plan {
    let mut root = builder.build_procedure(section);
    let closing = builder.take_closing_prose();
    let numbers = number::assign_numbers(&builder.drafts);
    // An overview needs no ids, and making their digests would take a tenth of its time.
    let is_outline = builder.shallow;
    let ids = if is_outline { numbers.iter().map(StepId::new).collect() } else { name::assign_ids(&builder.drafts) };
    let marked: Vec<_> = builder.drafts.iter().map(|draft| draft.rollback.clone()).collect();
    let mut findings = std::mem::take(&mut builder.findings);
    let environment: Vec<(String, String)> = runbook.front_matter.env.clone().into_iter().collect();
    let variables = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let influences: Arc<[Influence]> = find_influences(variables).into();
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
            source: draft.source,
            conditional: draft.cell.conditional,
            commands: draft.cell.commands,
            body: draft.cell.body,
            task_reason: draft.cell.why,
            cell: StepCell { influences: Arc::clone(&influences), ..draft.settings },
            repeat: draft.repeat,
            rollback_target: None,
        })
        .collect();
    findings.extend(rollback::resolve_rollbacks(runbook, &mut steps, &marked, &mut root));
    // An overview needs no inputs either.
    let (inputs, findings) = if is_outline {
        (Vec::new(), Vec::new())
    } else {
        mark_assigned_inputs(&mut steps);
        let (inputs, mut use_findings) = uses::find_uses(runbook, &mut steps);
        use_findings.append(&mut findings);
        (inputs, use_findings)
    };
    Plan {
        procedure: describe_procedure(runbook, section),
        document: runbook.digest,
        steps,
        root,
        closing,
        environment,
        inputs,
        findings,
    }
}

fn describe_procedure(runbook: &Runbook, index: SectionIndex) -> Procedure {
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

/// True if a part of the text still needs a value: it is no literal then.
fn has_placeholder(text: &str, part: &std::ops::Range<usize>) -> bool {
    let is_in_part = |hole: &std::ops::Range<usize>| part.start <= hole.start && hole.end <= part.end;
    crate::shell::find_holes(text).iter().any(|hole| hole.kind.blocks_running() && is_in_part(&hole.span))
}

/// Marks literal assignments that a later command reads as inputs with that default.
fn mark_assigned_inputs(steps: &mut [Step]) {
    let mut read_later: BTreeSet<String> = BTreeSet::new();
    for step in steps.iter_mut().rev() {
        for command in step.commands.iter_mut().rev() {
            let facts = &command.facts;
            if let ([only], [_]) = (facts.assignments.as_slice(), facts.simple_commands.as_slice())
                && only.literal.is_some()
                && read_later.contains(&only.name)
                && !has_placeholder(&command.text, &only.value_span)
            {
                command.input = Some(InputName::new(only.name.clone()));
            }
            read_later.extend(facts.variable_reads.iter().map(|read| read.name.clone()));
        }
    }
}
