//! Cells with their commands, and the offset in the document of each byte of a command.
//!
//! Invariant: every offset in a command maps to one in the document, also if quotes or lists interrupt its lines. Refuses to
//! know: steps.

use crate::document::{Cell, CellKind, LineRole, Runbook, Span};
use crate::risk::Risk;
use crate::shell::{Facts, Part};
use std::ops::Range;

/// A cell split into commands, comments and lines that are not shell.
pub(super) struct CellText<'a> {
    pub cell: &'a Cell,
    pub parts: Vec<Placed>,
}

/// A command, a comment or lines that are not shell, with its position in the cell.
pub(super) struct Placed {
    pub what: What,
    /// Index of the first line in the cell.
    pub first: usize,
    /// The text, which may span several lines.
    pub text: String,
    /// Offset in `text` of each line after the first.
    starts: Vec<usize>,
}

impl Placed {
    fn new(what: What, first: usize, text: String) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Self { what, first, text, starts }
    }
}

pub(super) enum What {
    Comment,
    Command { facts: Box<Facts>, risk: Box<Risk> },
    NotShell { reason: String },
}

/// A command with the cell that contains it.
#[derive(Clone, Copy)]
pub(super) struct At<'c, 'a> {
    pub cell: &'c CellText<'a>,
    pub placed: &'c Placed,
    pub facts: &'c Facts,
    pub risk: &'c Risk,
}

/// Reads the shell cells of a document; cells for another interpreter are left out.
pub(super) fn read(runbook: &Runbook) -> Vec<CellText<'_>> {
    let commands = runbook.cells.iter().filter(|cell| matches!(cell.kind, CellKind::Command | CellKind::Guessed));
    commands.filter(|cell| cell.attributes.get("interpreter").is_none()).map(cell_text).collect()
}

fn cell_text(cell: &Cell) -> CellText<'_> {
    let mut text = String::new();
    for line in &cell.content {
        if line.role == LineRole::Shell {
            text.push_str(&line.text);
        }
        text.push('\n');
    }
    let parts = crate::shell::split(&text).into_iter().map(|part| match part {
        Part::Comment(comment) => Placed::new(What::Comment, comment.line, comment.text),
        Part::Command(command) if command.in_table => {
            let reason = crate::shell::IS_TABLE.to_owned();
            Placed::new(What::NotShell { reason }, command.lines.first, command.text)
        }
        Part::Command(command) => {
            let risk = Box::new(crate::risk::risk(&command.text));
            let first = command.lines.first;
            Placed::new(What::Command { facts: Box::new(command.facts), risk }, first, command.text)
        }
        Part::NotShell(part) => Placed::new(What::NotShell { reason: part.reason }, part.lines.first, part.text),
    });
    CellText { cell, parts: parts.collect() }
}

impl<'a> CellText<'a> {
    /// Texts whose syntax bash checks: everything except comments.
    pub(super) fn texts(&self) -> Vec<String> {
        let asked = self.parts.iter().filter(|part| !matches!(part.what, What::Comment));
        asked.map(|part| part.text.clone()).collect()
    }

    /// Commands of the cell in order.
    pub(super) fn commands<'c>(&'c self) -> impl Iterator<Item = At<'c, 'a>> {
        self.parts.iter().filter_map(move |placed| match &placed.what {
            What::Command { facts, risk } => Some(At { cell: self, placed, facts, risk }),
            _ => None,
        })
    }

    /// Maps a range of a part's text to the document.
    pub(super) fn span(&self, placed: &Placed, range: Range<usize>) -> Span {
        let begin = self.offset(placed, range.start);
        let end = self.offset(placed, range.end);
        begin..end.max(begin)
    }

    /// Range of a whole part in the document, without blanks around it.
    pub(super) fn whole(&self, placed: &Placed) -> Span {
        let lead = placed.text.len() - placed.text.trim_start().len();
        self.span(placed, lead..placed.text.trim_end().len().max(lead))
    }

    /// Range of a part's first line in the document.
    pub(super) fn head(&self, placed: &Placed) -> Span {
        self.line(placed, 0)
    }

    /// Range of one of a part's lines in the document, counted from 0; the whole part if there is no such line.
    pub(super) fn line(&self, placed: &Placed, number: usize) -> Span {
        let Some(line) = self.cell.content.get(placed.first + number) else { return self.whole(placed) };
        let trimmed = line.text.trim_end();
        let lead = trimmed.len() - trimmed.trim_start().len();
        line.offset + lead..line.offset + trimmed.len().max(lead)
    }

    fn offset(&self, placed: &Placed, at: usize) -> usize {
        let at = at.min(placed.text.len());
        // Some commands are asked for thousands of offsets, so their lines are counted only once.
        let line = placed.starts.partition_point(|&start| start <= at);
        let column = line.checked_sub(1).and_then(|above| placed.starts.get(above)).map_or(at, |start| at - start);
        self.cell
            .content
            .get(placed.first + line)
            .map_or(self.cell.span.start, |source| source.offset + column.min(source.text.len()))
    }
}

impl At<'_, '_> {
    /// Maps a range of the command's text to the document.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        self.cell.span(self.placed, range)
    }

    /// Range of the command's first line in the document.
    pub(super) fn head(&self) -> Span {
        self.cell.head(self.placed)
    }

    /// First line of the command, cut after 76 characters, for messages.
    pub(super) fn short(&self) -> String {
        let line = self.placed.text.trim().lines().next().unwrap_or("").trim_end_matches([' ', '\\']);
        if line.chars().count() > 76 { line.chars().take(75).chain(['…']).collect() } else { line.to_owned() }
    }
}
