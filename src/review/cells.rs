//! Cells with their commands, and the offset in the document of each byte of a command.
//!
//! Invariant: every offset in a command maps to one in the document, also if quotes or lists interrupt its lines. Refuses to
//! know: steps.

use crate::document::{Cell, CellKind, LineRole, Runbook, Span};
use crate::risk::Risk;
use crate::shell::{CommandFacts, ShellPart};
use std::ops::Range;

/// A cell split into commands, comments and lines that are not shell.
pub(super) struct CellText<'a> {
    pub cell: &'a Cell,
    pub parts: Vec<CellPart>,
}

/// A command, a comment or lines that are not shell, with its position in the cell.
pub(super) struct CellPart {
    pub kind: PartKind,
    /// Index of the first line in the cell.
    pub first_line: usize,
    /// The text, which may span several lines.
    pub text: String,
    /// Offset in `text` of each line after the first.
    line_starts: Vec<usize>,
}

impl CellPart {
    fn new(kind: PartKind, first_line: usize, text: String) -> Self {
        let line_starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Self { kind, first_line, text, line_starts }
    }
}

pub(super) enum PartKind {
    Comment,
    Command { facts: Box<CommandFacts>, risk: Box<Risk> },
    NotShell { reason: String },
}

/// A command with the cell that contains it.
#[derive(Clone, Copy)]
pub(super) struct LocatedCommand<'c, 'a> {
    pub cell: &'c CellText<'a>,
    pub part: &'c CellPart,
    pub facts: &'c CommandFacts,
    pub risk: &'c Risk,
}

/// Reads the shell cells of a document; cells for another interpreter are left out.
pub(super) fn read_cells(runbook: &Runbook) -> Vec<CellText<'_>> {
    let commands = runbook.cells.iter().filter(|cell| matches!(cell.kind, CellKind::Command | CellKind::Guessed));
    commands.filter(|cell| cell.attributes.get("interpreter").is_none()).map(split_cell).collect()
}

fn split_cell(cell: &Cell) -> CellText<'_> {
    let mut text = String::new();
    for line in &cell.content {
        if line.role == LineRole::Shell {
            text.push_str(&line.text);
        }
        text.push('\n');
    }
    let parts = crate::shell::split_commands(&text).into_iter().map(|part| match part {
        ShellPart::Comment(comment) => CellPart::new(PartKind::Comment, comment.line, comment.text),
        ShellPart::Command(command) if command.in_table => {
            let reason = crate::shell::PRINTED_TABLE_REASON.to_owned();
            CellPart::new(PartKind::NotShell { reason }, command.lines.first, command.text)
        }
        ShellPart::Command(command) => {
            let risk = Box::new(crate::risk::judge_risk(&command.text));
            let first = command.lines.first;
            CellPart::new(PartKind::Command { facts: Box::new(command.facts), risk }, first, command.text)
        }
        ShellPart::NotShell(part) => {
            CellPart::new(PartKind::NotShell { reason: part.reason }, part.lines.first, part.text)
        }
    });
    CellText { cell, parts: parts.collect() }
}

impl<'a> CellText<'a> {
    /// Texts whose syntax bash checks: everything except comments.
    pub(super) fn texts_to_check(&self) -> Vec<String> {
        let asked = self.parts.iter().filter(|part| !matches!(part.kind, PartKind::Comment));
        asked.map(|part| part.text.clone()).collect()
    }

    /// Commands of the cell in order.
    pub(super) fn located_commands<'c>(&'c self) -> impl Iterator<Item = LocatedCommand<'c, 'a>> {
        self.parts.iter().filter_map(move |placed| match &placed.kind {
            PartKind::Command { facts, risk } => Some(LocatedCommand { cell: self, part: placed, facts, risk }),
            _ => None,
        })
    }

    /// Maps a range of a part's text to the document.
    pub(super) fn map_range(&self, placed: &CellPart, range: Range<usize>) -> Span {
        let begin = self.document_offset(placed, range.start);
        let end = self.document_offset(placed, range.end);
        begin..end.max(begin)
    }

    /// Range of a whole part in the document, without blanks around it.
    pub(super) fn part_span(&self, placed: &CellPart) -> Span {
        let lead = placed.text.len() - placed.text.trim_start().len();
        self.map_range(placed, lead..placed.text.trim_end().len().max(lead))
    }

    /// Range of a part's first line in the document.
    pub(super) fn first_line_span(&self, placed: &CellPart) -> Span {
        self.line_span(placed, 0)
    }

    /// Range of one of a part's lines in the document, counted from 0; the whole part if there is no such line.
    pub(super) fn line_span(&self, placed: &CellPart, number: usize) -> Span {
        let Some(line) = self.cell.content.get(placed.first_line + number) else { return self.part_span(placed) };
        let trimmed = line.text.trim_end();
        let lead = trimmed.len() - trimmed.trim_start().len();
        line.offset + lead..line.offset + trimmed.len().max(lead)
    }

    fn document_offset(&self, placed: &CellPart, at: usize) -> usize {
        let at = at.min(placed.text.len());
        // Some commands are asked for thousands of offsets, so their lines are counted only once.
        let line = placed.line_starts.partition_point(|&start| start <= at);
        let column = line.checked_sub(1).and_then(|above| placed.line_starts.get(above)).map_or(at, |start| at - start);
        self.cell
            .content
            .get(placed.first_line + line)
            .map_or(self.cell.span.start, |source| source.offset + column.min(source.text.len()))
    }
}

impl LocatedCommand<'_, '_> {
    /// Maps a range of the command's text to the document.
    pub(super) fn map_range(&self, range: Range<usize>) -> Span {
        self.cell.map_range(self.part, range)
    }

    /// Range of the command's first line in the document.
    pub(super) fn first_line_span(&self) -> Span {
        self.cell.first_line_span(self.part)
    }

    /// First line of the command, cut after 76 characters, for messages.
    pub(super) fn short_line(&self) -> String {
        let line = self.part.text.trim().lines().next().unwrap_or("").trim_end_matches([' ', '\\']);
        if line.chars().count() > 76 { line.chars().take(75).chain(['…']).collect() } else { line.to_owned() }
    }
}
