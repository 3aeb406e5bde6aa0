//! `runbook list`: the procedures of documents, their steps and cells.
//!
//! Invariant: the JSON has a `schema` number; within one number fields are only ever added.

use super::error::Failure;
use super::open::{self, OpenedDocument, ProcedureTarget};
use crate::document::{Cell, CellKind, Runbook, SectionIndex};
use crate::plan::{Choice, ChoiceKind, Command, Node, Plan, Planner, Step};
use crate::term::sanitize_text;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Version of the JSON format.
const SCHEMA: u32 = 1;

/// A procedure of a document: its plan, and the indices of its cells.
struct ListedProcedure {
    section: SectionIndex,
    plan: Plan,
    cells: Vec<usize>,
}

/// Lists procedures as text, with notices for standard error. Procedures without a step are left out. Fails when a document cannot
/// be read.
pub(super) fn list_as_text(words: &[String]) -> Result<(String, Vec<String>), Failure> {
    let mut out = String::new();
    let mut notices = Vec::new();
    for word in words {
        let target = ProcedureTarget::from_arguments(word, None)?;
        let opened = open::open_document(&target.path)?;
        if !out.is_empty() {
            out.push('\n');
        }
        let procedures = find_procedures(&opened, &target.procedure, true)?;
        let shown = target.path.display().to_string();
        if procedures.iter().all(|procedure| procedure.plan.root.is_empty()) {
            notices.push(format!("`{shown}` has no step to run"));
        }
        let mut shown_above = 0;
        for procedure in procedures.iter().filter(|p| !p.plan.root.is_empty()) {
            write_procedure(&mut out, &shown, &opened.runbook, procedure, &mut shown_above);
        }
        notices.extend(opened.parser_findings());
    }
    // Titles, anchors and names of files are the document's.
    Ok((sanitize_text(&out).into_owned(), notices))
}

/// Lists procedures as JSON, with notices for standard error: an object for one document, an array for several. Fails when a
/// document cannot be read.
pub(super) fn list_as_json(words: &[String]) -> Result<(String, Vec<String>), Failure> {
    let mut documents = Vec::new();
    let mut notices = Vec::new();
    for word in words {
        let target = ProcedureTarget::from_arguments(word, None)?;
        let opened = open::open_document(&target.path)?;
        let procedures = find_procedures(&opened, &target.procedure, false)?;
        notices.extend(opened.parser_findings());
        documents.push(document_json(&opened, &procedures));
    }
    let value = match <[Value; 1]>::try_from(documents) {
        Ok([only]) => only,
        Err(several) => Value::Array(several),
    };
    Ok((format!("{value:#}\n"), notices))
}

/// Every procedure of a document, or the one that was asked for and those below it. In an outline the steps below a choice are
/// listed only under their own procedures.
fn find_procedures(opened: &OpenedDocument, procedure: &str, outline: bool) -> Result<Vec<ListedProcedure>, Failure> {
    let runbook = &opened.runbook;
    let (root, _) = opened.select_section(procedure)?;
    let within = runbook.sections.get(root).map_or(0..0, |section| section.span.clone());
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let mut planner = Planner::new(runbook, &is_file);
    let mut list = Vec::new();
    for (index, section) in runbook.sections.iter().enumerate() {
        let inside = within.start <= section.span.start && section.span.end <= within.end;
        // The document itself is a procedure only where it has steps before any heading, or no heading at all.
        let itself = index == 0 && (runbook.sections.len() == 1 || has_own_cells(runbook, 0));
        if !inside || (index == 0 && !itself) {
            continue;
        }
        let before = |limit: usize| runbook.cells.partition_point(|cell| cell.span.start < limit);
        let cells: Vec<usize> = (before(section.span.start)..before(section.span.end)).collect();
        let plan = if outline { planner.outline_section(index) } else { planner.plan_section(index) };
        if !plan.root.is_empty() || !cells.is_empty() {
            list.push(ListedProcedure { section: index, plan, cells });
        }
    }
    Ok(list)
}

fn has_own_cells(runbook: &Runbook, section: SectionIndex) -> bool {
    runbook.cells.iter().any(|cell| cell.section == section)
}

/// Writes a procedure. `shown_above` is the byte offset at which the last numbered sequence ends: the sections in it have had their
/// steps listed already.
fn write_procedure(
    out: &mut String,
    shown: &str,
    runbook: &Runbook,
    procedure: &ListedProcedure,
    shown_above: &mut usize,
) {
    let Some(section) = runbook.sections.get(procedure.section) else { return };
    let indent = "  ".repeat(usize::from(section.level.saturating_sub(2)));
    let plan = &procedure.plan;
    let head =
        format!("{indent}{shown}#{}  {} (line {}", plan.procedure.anchor, plan.procedure.title, plan.procedure.line);
    if section.span.end <= *shown_above {
        let steps = plan.steps.len();
        let _ = writeln!(out, "{head}; {steps} {} of the sequence)", if steps == 1 { "step" } else { "steps" });
        return;
    }
    let _ = writeln!(out, "{head})");
    let child = |index: &SectionIndex| runbook.sections.get(*index);
    if section.level > 0 && section.children.iter().filter_map(child).any(|below| below.number.is_some()) {
        *shown_above = section.span.end;
    } else if let [Node::Step(_), ..] = plan.root.as_slice()
        && let Some(first) = section.children.iter().filter_map(child).rfind(|below| below.line <= first_line(plan))
    {
        let _ = writeln!(out, "{indent}  only #{}", first.anchor);
        return;
    }
    let mut entries = Vec::new();
    own_nodes(&plan.root, &mut entries, 0);
    for (depth, entry) in entries {
        if let Some(line) = entry_line(plan, &entry) {
            let _ = writeln!(out, "{indent}  {}{line}", "  ".repeat(depth));
        }
    }
}

enum ListEntry<'p> {
    Step(usize),
    Choice(&'p Choice),
    Option(&'p str),
}

/// Line of the plan's first step; 0 when it has none.
fn first_line(plan: &Plan) -> u32 {
    plan.steps.first().map_or(0, |step| step.source.line)
}

fn own_nodes<'p>(nodes: &'p [Node], out: &mut Vec<(usize, ListEntry<'p>)>, depth: usize) {
    for node in nodes {
        match node {
            Node::Step(index) => out.push((depth, ListEntry::Step(*index))),
            Node::Choice(choice) if choice.kind == ChoiceKind::Alternatives => {
                out.push((depth, ListEntry::Choice(choice)));
                for option in &choice.options {
                    out.push((depth + 1, ListEntry::Option(&option.title)));
                    own_nodes(&option.nodes, out, depth + 2);
                }
            }
            Node::Choice(choice) => out.push((depth, ListEntry::Choice(choice))),
        }
    }
}

fn entry_line(plan: &Plan, entry: &ListEntry<'_>) -> Option<String> {
    Some(match entry {
        ListEntry::Step(index) => {
            let step = plan.steps.get(*index)?;
            let kind = if step.commands.is_empty() { step.kind.as_str().to_owned() } else { count_commands(step) };
            let when = if step.conditional.is_some() { ", asks" } else { "" };
            format!("{:<5} {}  [{kind}{when}]", step.number, step.title)
        }
        ListEntry::Choice(choice) if choice.kind == ChoiceKind::Sections => {
            format!("choice of {} procedures", choice.options.len())
        }
        ListEntry::Choice(choice) => format!("choice: {}", choice.title),
        ListEntry::Option(title) => format!("- {title}"),
    })
}

fn count_commands(step: &Step) -> String {
    let kind = if step.kind == crate::plan::StepKind::Guessed { "guessed, " } else { "" };
    match step.commands.len() {
        1 => format!("{kind}1 command"),
        n => format!("{kind}{n} commands"),
    }
}

fn document_json(opened: &OpenedDocument, procedures: &[ListedProcedure]) -> Value {
    let runbook = &opened.runbook;
    json!({
        "schema": SCHEMA,
        "file": opened.path.to_string_lossy(),
        "title": runbook.title,
        "digest": runbook.digest,
        "procedures": procedures.iter().map(|procedure| procedure_json(runbook, procedure)).collect::<Vec<_>>(),
        "findings": runbook.findings.iter().map(|finding| json!({
            "code": finding.code,
            "line": finding.line,
            "message": finding.message,
            "help": finding.help,
        })).collect::<Vec<_>>(),
    })
}

fn procedure_json(runbook: &Runbook, procedure: &ListedProcedure) -> Value {
    let plan = &procedure.plan;
    let mut path = plan.procedure.path.clone();
    path.push(plan.procedure.title.clone());
    let mut choices = Vec::new();
    choices_json(plan, &plan.root, &mut choices);
    json!({
        "anchor": plan.procedure.anchor,
        "title": plan.procedure.title,
        "level": plan.procedure.level,
        "line": plan.procedure.line,
        "path": path,
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "choices": choices,
        "cells": procedure.cells.iter().filter_map(|&i| runbook.cells.get(i)).map(cell_json).collect::<Vec<_>>(),
    })
}

/// A step as JSON, for `list` and for `show`.
pub(super) fn step_json(step: &Step) -> Value {
    json!({
        "id": step.id,
        "number": step.number,
        "title": step.title,
        "kind": step.kind.as_str(),
        "line": step.source.line,
        "end_line": step.source.end_line,
        "conditional": step.conditional.is_some(),
        "condition": step.conditional,
        "headings": step.source.headings,
        "commands": step.commands.iter().map(command_json).collect::<Vec<_>>(),
        "until": step.repeat.until.as_deref().map(command_json),
        "body": if step.body.is_empty() { Value::Null } else { Value::from(step.body.clone()) },
    })
}

fn command_json(command: &Command) -> Value {
    json!({
        "text": command.text,
        "line": command.line,
        "end_line": command.end_line,
        "note": command.note,
        "input": command.input,
        "never_ends": command.facts.never_ends_reason,
        "interactive": command.facts.interactive_reason,
        "placeholders": command.facts.placeholders.iter().map(|p| p.text.clone()).collect::<Vec<_>>(),
    })
}

fn choices_json(plan: &Plan, nodes: &[Node], out: &mut Vec<Value>) {
    for node in nodes {
        let Node::Choice(choice) = node else { continue };
        let options = choice.options.iter().map(|option| {
            let mut indices = Vec::new();
            crate::plan::collect_steps(&option.nodes, &mut indices);
            json!({
                "title": option.title,
                "anchor": option.anchor,
                "line": option.line,
                "steps": indices.iter().filter_map(|&index| plan.steps.get(index)).map(|step| &step.id).collect::<Vec<_>>(),
            })
        });
        out.push(json!({
            "kind": match choice.kind { ChoiceKind::Sections => "sections", ChoiceKind::Alternatives => "alternatives" },
            "title": choice.title,
            "line": choice.line,
            "options": options.collect::<Vec<_>>(),
        }));
        for option in &choice.options {
            choices_json(plan, &option.nodes, out);
        }
    }
}

fn cell_json(cell: &Cell) -> Value {
    json!({
        "line": cell.line,
        "end_line": cell.end_line,
        "kind": match cell.kind {
            CellKind::Command => "command",
            CellKind::Guessed => "guessed",
            CellKind::Message => "message",
            CellKind::Reference => "reference",
            CellKind::Output => "output",
        },
        "language": cell.language,
    })
}
