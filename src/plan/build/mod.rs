//! Sections and blocks → nodes and drafts of steps, as sequences, choices and tasks.
//!
//! Invariant: a run never continues from one procedure into the next by itself, because sections without numbers become a choice.
//! Refuses to know: the numbers and names that steps get.

mod drafts;

use super::cells::CellCache;
use super::cells::CellStep;
use super::comments::stated_condition;
use super::model::{Alternative, Choice, ChoiceKind, Node, Prose, StepCell, StepSource};
use super::repeat::Repeat;
use super::rollback::{RollbackMark, is_rollback_title};
use crate::document::Block;
use crate::document::CellKind;
use crate::document::DocumentFinding;
use crate::document::Item;
use crate::document::Lead;
use crate::document::List;
use crate::document::Runbook;
use crate::document::SectionIndex;
use crate::document::Span;
use std::collections::HashSet;

/// A step before it gets its number and name.
#[derive(Clone, Debug)]
pub(super) struct StepDraft {
    pub(super) cell: CellStep,
    pub(super) source: StepSource,
    pub(super) settings: StepCell,
    pub(super) repeat: Repeat,
    /// Set for a step that undoes others.
    pub(super) rollback: Option<RollbackMark>,
    /// The numbered containers around the step, outermost first.
    pub(super) containers: Vec<NumberedContainer>,
    /// Section of the procedure, within which numbers are unique.
    pub(super) procedure: SectionIndex,
    /// First line of the cell, to tell steps under one numbered comment from those of a later cell.
    pub(super) cell_line: u32,
}

/// A numbered heading, item or option around steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberedContainer {
    /// Serial number, unique in one plan.
    pub(super) instance: usize,
    /// Number of the heading or item; empty without one.
    pub(super) number: String,
    /// True for an option of a choice. Its steps never share numbers with the steps around the choice.
    pub(super) option: bool,
}

/// Context of the section or block being built.
#[derive(Clone)]
struct BuildScope {
    procedure: SectionIndex,
    headings: Vec<String>,
    containers: Vec<NumberedContainer>,
    /// True if the procedure has something to run, so that numbered parts without commands are tasks.
    tasks: bool,
    conditional: Option<String>,
    /// True below a rollback heading, whose steps undo those before it.
    rollback: bool,
}

pub(super) struct PlanBuilder<'a> {
    runbook: &'a Runbook,
    is_file: &'a dyn Fn(&str) -> bool,
    pub(super) drafts: Vec<StepDraft>,
    /// Prose read since the last step.
    prose: Vec<Prose>,
    /// Number of containers made so far.
    instances: usize,
    /// Output cells that are shown with a command cell, by index.
    attached: HashSet<usize>,
    cells: &'a mut CellCache,
    /// True to leave the procedures below a choice empty.
    pub(super) shallow: bool,
    /// Mistakes in the cells' attributes.
    pub(super) findings: Vec<DocumentFinding>,
}

impl<'a> PlanBuilder<'a> {
    pub(super) fn new(
        runbook: &'a Runbook,
        is_file: &'a dyn Fn(&str) -> bool,
        cells: &'a mut CellCache,
        shallow: bool,
    ) -> Self {
        let attached = runbook.cells.iter().filter_map(|cell| cell.expected).collect();
        Self {
            runbook,
            is_file,
            drafts: Vec::new(),
            prose: Vec::new(),
            instances: 0,
            attached,
            cells,
            shallow,
            findings: Vec::new(),
        }
    }

    /// The nodes of a procedure.
    pub(super) fn build_procedure(&mut self, index: SectionIndex) -> Vec<Node> {
        let mut headings = self.runbook.heading_path(index);
        if let (Some(section), true) = (self.runbook.sections.get(index), headings.is_empty()) {
            headings.extend((!section.title.is_empty()).then(|| section.title.clone()));
        }
        let scope = self.scope_for_procedure(index, headings, false);
        self.build_section(index, &scope)
    }

    /// The scope at the start of a procedure.
    fn scope_for_procedure(&self, index: SectionIndex, headings: Vec<String>, rollback: bool) -> BuildScope {
        let tasks = self.has_anything_to_run(index);
        BuildScope { procedure: index, headings, containers: Vec::new(), tasks, conditional: None, rollback }
    }

    /// The prose after the last step.
    pub(super) fn take_closing_prose(&mut self) -> Vec<Prose> {
        std::mem::take(&mut self.prose)
    }

    fn build_section(&mut self, index: SectionIndex, scope: &BuildScope) -> Vec<Node> {
        let Some(section) = self.runbook.sections.get(index) else { return Vec::new() };
        let mut nodes = self.build_blocks(&section.blocks, scope);
        let below: Vec<SectionIndex> =
            section.children.iter().copied().filter(|&child| self.has_steps(child, scope.tasks)).collect();
        let has_own_steps = nodes.iter().any(|node| !matches!(node, Node::Choice(c) if c.options.is_empty()));
        // A rollback section is no part of the sequence, but may be an option of a choice.
        let (undoing, children): (Vec<_>, Vec<_>) =
            below.iter().copied().partition(|&child| index != 0 && self.is_rollback_section(child));
        let has_something_to_undo = has_own_steps || !children.is_empty();
        let is_sequence = index != 0
            && (has_something_to_undo || below.is_empty())
            && children.iter().all(|&child| self.runbook.sections.get(child).is_some_and(|s| s.number.is_some()));
        if is_sequence {
            for child in children {
                nodes.extend(self.build_numbered_section(child, scope));
            }
            let inner = BuildScope { rollback: true, ..scope.clone() };
            for child in undoing {
                self.build_numbered_section(child, &inner);
            }
            return nodes;
        }
        let children = below;
        if let ([only], false) = (children.as_slice(), has_own_steps) {
            // A single procedure is no choice. But a document's only title leads to the choice below it.
            return self.build_option(*only, index == 0, scope);
        }
        self.prose.clear();
        let options: Vec<Alternative> = children
            .iter()
            .filter_map(|&child| {
                let below = self.runbook.sections.get(child)?;
                let scope = BuildScope { rollback: undoing.contains(&child) && has_something_to_undo, ..scope.clone() };
                let nodes = if self.shallow { Vec::new() } else { self.build_option(child, false, &scope) };
                Some(Alternative {
                    title: below.title.clone(),
                    anchor: Some(below.anchor.clone()),
                    line: below.line,
                    nodes,
                })
            })
            .collect();
        if !options.is_empty() {
            let title = if section.title.is_empty() { "Which procedure?".to_owned() } else { section.title.clone() };
            nodes.push(Node::Choice(Choice { kind: ChoiceKind::Sections, title, line: section.line, options }));
        }
        nodes
    }

    /// Builds an option of a choice as a procedure of its own. With `as_choice` its numbered sections are a choice too.
    fn build_option(&mut self, index: SectionIndex, as_choice: bool, outer: &BuildScope) -> Vec<Node> {
        let Some(section) = self.runbook.sections.get(index) else { return Vec::new() };
        let mut headings = outer.headings.clone();
        headings.push(section.title.clone());
        let scope = self.scope_for_procedure(index, headings, outer.rollback);
        if !as_choice || section.children.is_empty() {
            return self.build_section(index, &scope);
        }
        let mut nodes = self.build_blocks(&section.blocks, &scope);
        let children: Vec<SectionIndex> =
            section.children.iter().copied().filter(|&child| self.has_steps(child, scope.tasks)).collect();
        if let ([only], true) = (children.as_slice(), nodes.is_empty()) {
            return self.build_option(*only, false, &scope);
        }
        let mut options = Vec::new();
        for child in children {
            let Some(below) = self.runbook.sections.get(child) else { continue };
            self.prose.clear();
            let inner = if self.shallow {
                Vec::new()
            } else if self.has_anything_to_run(child) || below.number.is_none() {
                self.build_option(child, false, &scope)
            } else {
                self.build_numbered_section(child, &scope)
            };
            options.push(Alternative {
                title: below.title.clone(),
                anchor: Some(below.anchor.clone()),
                line: below.line,
                nodes: inner,
            });
        }
        if !options.is_empty() {
            nodes.push(Node::Choice(Choice {
                kind: ChoiceKind::Sections,
                title: section.title.clone(),
                line: section.line,
                options,
            }));
        }
        nodes
    }

    fn build_numbered_section(&mut self, index: SectionIndex, scope: &BuildScope) -> Vec<Node> {
        let Some(section) = self.runbook.sections.get(index) else { return Vec::new() };
        // A rollback section is not numbered among the sections it undoes.
        let own = || if scope.rollback { "R".to_owned() } else { String::new() };
        let number = section.number.clone().unwrap_or_else(own);
        let inner = self.enter_container(scope, &section.title, number, false, stated_condition(&section.plain_title));
        if self.has_anything_to_run(index) {
            return self.build_section(index, &inner);
        }
        let body = section.blocks.iter().map(|block| self.block_span(block));
        let end = body.clone().map(|span| span.end).max();
        let text = body.map(|span| self.prose_from_span(&span).text).collect::<Vec<_>>().join("\n\n");
        let end_line = end.map_or(section.line, |end| self.runbook.line_of(end.saturating_sub(1)));
        self.add_task(section.plain_title.clone(), text, (section.line, end_line), &inner)
    }

    fn build_blocks(&mut self, blocks: &[Block], scope: &BuildScope) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut rest = blocks;
        while let Some((block, after)) = rest.split_first() {
            rest = after;
            match block {
                Block::Prose(span) => self.show_before_next(span),
                Block::Cell(index) => nodes.extend(self.add_cell(*index, scope)),
                Block::List(list) => nodes.extend(self.build_list(list, scope)),
                Block::Lead(lead) => {
                    let end = rest.iter().position(|b| matches!(b, Block::Lead(_))).unwrap_or(rest.len());
                    let (own, later) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    nodes.extend(self.build_lead(lead, own, scope));
                    rest = later;
                }
            }
        }
        nodes
    }

    fn build_lead(&mut self, lead: &Lead, own: &[Block], scope: &BuildScope) -> Vec<Node> {
        let inner = self.enter_container(
            scope,
            &format!("{}. {}", lead.number, lead.title),
            lead.number.clone(),
            false,
            stated_condition(&lead.title),
        );
        if own.iter().any(|block| self.has_block_steps(block)) {
            return self.build_blocks(own, &inner);
        }
        if !scope.tasks {
            self.show_before_next(&lead.span);
            return self.build_blocks(own, scope);
        }
        let text =
            own.iter().map(|block| self.prose_from_span(&self.block_span(block)).text).collect::<Vec<_>>().join("\n\n");
        let end = own.last().map_or(lead.span.end, |block| self.block_span(block).end);
        let lines = (self.runbook.line_of(lead.span.start), self.runbook.line_of(end.saturating_sub(1)));
        self.add_task(lead.title.clone(), text, lines, &inner)
    }

    fn build_list(&mut self, list: &List, scope: &BuildScope) -> Vec<Node> {
        if let Some(question) = &list.alternatives {
            return self.build_alternatives(list, question, scope);
        }
        let any_task = list.items.iter().any(|item| self.item_is_task(item, list.ordered && scope.tasks));
        if !any_task && !list.items.iter().any(|item| item.blocks.iter().any(|b| self.has_block_steps(b))) {
            self.show_before_next(&list.span);
            return Vec::new();
        }
        let mut nodes = Vec::new();
        for item in &list.items {
            if self.item_is_task(item, list.ordered && scope.tasks) {
                nodes.extend(self.add_item_task(item, scope, false));
            } else if let Some(number) = item.number.filter(|_| list.ordered) {
                let inner =
                    self.enter_container(scope, &item.title, number.to_string(), false, stated_condition(&item.title));
                nodes.extend(self.build_item(item, &inner));
            } else {
                nodes.extend(self.build_blocks(&item.blocks, scope));
            }
        }
        nodes
    }

    fn build_alternatives(&mut self, list: &List, question: &str, scope: &BuildScope) -> Vec<Node> {
        let mut options = Vec::new();
        for item in &list.items {
            let number = item.number.unwrap_or_default().to_string();
            let nodes = if self.item_is_task(item, true) {
                self.add_item_task(item, scope, true)
            } else {
                let inner = self.enter_container(scope, &item.title, number, true, None);
                self.build_item(item, &inner)
            };
            options.push(Alternative { title: item.title.clone(), anchor: None, line: item.line, nodes });
        }
        let line = self.runbook.line_of(list.span.start);
        if options.iter().all(|option| option.nodes.is_empty()) {
            return Vec::new();
        }
        vec![Node::Choice(Choice {
            kind: ChoiceKind::Alternatives,
            title: question.trim_end_matches(':').to_owned(),
            line,
            options,
        })]
    }

    /// Builds an item's blocks without the first line, which the title already shows.
    fn build_item(&mut self, item: &Item, scope: &BuildScope) -> Vec<Node> {
        let mut blocks = item.blocks.as_slice();
        if let Some((Block::Prose(span), rest)) = blocks.split_first() {
            if self.prose_from_span(span).text.lines().count() > 1 {
                self.show_before_next(span);
            }
            blocks = rest;
        }
        self.build_blocks(blocks, scope)
    }

    fn item_is_task(&self, item: &Item, numbered: bool) -> bool {
        let runs = item.blocks.iter().any(|block| self.has_block_steps(block));
        !runs && (item.checked.is_some() || (numbered && item.number.is_some()))
    }

    fn add_item_task(&mut self, item: &Item, scope: &BuildScope, option: bool) -> Vec<Node> {
        let number = item.number.map(|number| number.to_string());
        let mut blocks = item.blocks.iter();
        let mut text = String::new();
        if let Some(first) = blocks.next() {
            let prose = self.prose_from_span(&self.block_span(first)).text;
            text.push_str(prose.split_once('\n').map_or("", |(_, more)| more));
        }
        for block in blocks {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&self.prose_from_span(&self.block_span(block)).text);
        }
        let end_line = self.runbook.line_of(item.span.end.saturating_sub(1)).max(item.line);
        let scope = match number {
            Some(number) => self.enter_container(scope, "", number, option, stated_condition(&item.title)),
            None => scope.clone(),
        };
        self.add_task(item.title.clone(), text, (item.line, end_line), &scope)
    }

    fn enter_container(
        &mut self,
        scope: &BuildScope,
        title: &str,
        number: String,
        option: bool,
        conditional: Option<String>,
    ) -> BuildScope {
        let mut inner = scope.clone();
        self.instances += 1;
        inner.containers.push(NumberedContainer { instance: self.instances, number, option });
        if !title.is_empty() {
            inner.headings.push(title.to_owned());
        }
        if conditional.is_some() {
            inner.conditional = conditional;
        }
        inner
    }

    fn show_before_next(&mut self, span: &Span) {
        let prose = self.prose_from_span(span);
        if !prose.text.trim().is_empty() {
            self.prose.push(prose);
        }
    }

    fn prose_from_span(&self, span: &Span) -> Prose {
        let raw = self.runbook.text.get(span.clone()).unwrap_or_default();
        let lead = raw.len() - raw.trim_start_matches(['\n', '\r']).len();
        let first = self.runbook.line_of(span.start + lead);
        let last = self.runbook.line_of((span.start + raw.trim_end().len()).saturating_sub(1).max(span.start + lead));
        Prose { lines: (first, last), text: remove_shared_indent(raw.trim_matches(['\n', '\r'])) }
    }

    fn block_span(&self, block: &Block) -> Span {
        match block {
            Block::Prose(span) => span.clone(),
            Block::Lead(lead) => lead.span.clone(),
            Block::List(list) => list.span.clone(),
            Block::Cell(index) => self.runbook.cells.get(*index).map_or(0..0, |cell| cell.span.clone()),
        }
    }

    fn is_rollback_section(&self, index: SectionIndex) -> bool {
        self.runbook.sections.get(index).is_some_and(|section| is_rollback_title(&section.plain_title))
    }

    fn has_block_steps(&self, block: &Block) -> bool {
        match block {
            Block::Prose(_) | Block::Lead(_) => false,
            Block::Cell(index) => self.runbook.cells.get(*index).is_some_and(|cell| is_step_kind(cell.kind)),
            Block::List(list) => {
                list.items.iter().any(|i| i.checked.is_some() || i.blocks.iter().any(|b| self.has_block_steps(b)))
            }
        }
    }

    /// True if a section, or one below it, has a step to run or confirm.
    fn has_anything_to_run(&self, index: SectionIndex) -> bool {
        self.runbook.sections.get(index).is_some_and(|section| {
            section.blocks.iter().any(|block| self.has_block_steps(block))
                || section.children.iter().any(|&child| self.has_anything_to_run(child))
        })
    }

    /// True if a section gives any step. With `tasks`, a number alone makes one.
    fn has_steps(&self, index: SectionIndex, tasks: bool) -> bool {
        let numbered = self.runbook.sections.get(index).is_some_and(|section| section.number.is_some());
        self.has_anything_to_run(index) || (tasks && numbered)
    }
}

fn is_step_kind(kind: CellKind) -> bool {
    matches!(kind, CellKind::Command | CellKind::Guessed | CellKind::Message)
}

/// Removes the indentation that all lines except blank ones share, quote marks included.
fn remove_shared_indent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t', '>']).len();
    let blank = |line: &str| line.trim_matches([' ', '\t', '>', '\r']).is_empty();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    // The first line may begin in the middle of one ("1. text"), so the others decide.
    let shared = lines
        .clone()
        .filter(|line| !blank(line))
        .map(indent)
        .min()
        .unwrap_or(0)
        .min(if first.starts_with([' ', '\t', '>']) { indent(first) } else { usize::MAX });
    let mut out = first.trim_start_matches([' ', '\t', '>']).to_owned();
    for line in lines {
        out.push('\n');
        out.push_str(if blank(line) { "" } else { line.get(shared..).unwrap_or(line) });
    }
    out
}
