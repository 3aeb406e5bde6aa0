//! The parts of a runbook.
//!
//! Invariant: indexes point into the same [`Runbook`]. Only titles and cell texts are copies of the document's text, because
//! they differ from their source: markup and containers' prefixes are removed. Refuses to know: how Markdown is read.

use super::lines::Lines;
use super::yaml::YamlEntry;
use crate::ident::{Anchor, Digest};
use std::collections::BTreeMap;
use std::ops::Range;

/// A range of the document, in bytes.
pub type Span = Range<usize>;
/// Index of a section in [`Runbook::sections`].
pub type SectionIndex = usize;
/// Index of a cell in [`Runbook::cells`].
pub type CellIndex = usize;

/// A Markdown document, taken apart into sections and cells.
#[derive(Clone, Debug)]
pub struct Runbook {
    /// The text: the original bytes, with a BOM dropped and invalid UTF-8 replaced (each with a finding).
    pub text: String,
    /// SHA-256 of the original bytes.
    pub digest: Digest,
    /// The front matter's title, or the first heading of level 1, or none.
    pub title: Option<String>,
    /// Values from the front matter; empty when there is none.
    pub front_matter: FrontMatter,
    /// Every section in order of the document. Section 0 is the document itself: level 0, no heading, empty anchor.
    pub sections: Vec<Section>,
    /// Every code cell in order of the document.
    pub cells: Vec<Cell>,
    /// Problems found while reading, in order of the document.
    pub findings: Vec<DocumentFinding>,
    /// Offsets of the lines in `text`.
    pub(super) lines: Lines,
}

/// The part under one heading, down to the next heading of the same level or higher.
#[derive(Clone, Debug)]
pub struct Section {
    /// The heading's level, 1 to 6; 0 for the document itself.
    pub level: u8,
    /// The heading's text as a reader sees it.
    pub title: String,
    /// The number the heading begins with: `1. `, `2)`, `Step 3:`, `Phase 1 -`. Never from `Scenario 1`, `Option 2`, `Case 3`.
    pub number: Option<String>,
    /// The title without that number.
    pub plain_title: String,
    /// Anchor of the heading: GitHub's, or the document's own `{#id}`.
    pub anchor: Anchor,
    /// Further anchors: `<a name>`, `<a id>` at the heading, and GitHub's when `{#id}` is given.
    pub also: Vec<Anchor>,
    /// The heading's line, from 1; 1 for the document itself.
    pub line: u32,
    /// The section's bytes: heading, own blocks, and the sections below it.
    pub span: Span,
    /// The blocks before the first section below it.
    pub blocks: Vec<Block>,
    /// The sections directly below it.
    pub children: Vec<SectionIndex>,
    /// Index of the section above; none for section 0.
    pub parent: Option<SectionIndex>,
}

/// One block of a section or list item. Blocks of a quote are part of the sequence around it.
#[derive(Clone, Debug)]
pub enum Block {
    /// Anything to read: paragraphs, tables, HTML, rules. The span covers whole lines.
    Prose(Span),
    /// A wholly bold numbered line, "**1. Schedule maintenance window**". It heads the blocks after it.
    Lead(Lead),
    /// A code cell, by its index.
    Cell(CellIndex),
    /// A numbered or bulleted list.
    List(List),
}

/// A bold numbered line that acts as a heading.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Number at the front of the line, `1`.
    pub number: String,
    /// Text of the line without the number.
    pub title: String,
    /// Bytes of the line.
    pub span: Span,
}

/// A numbered or bulleted list.
#[derive(Clone, Debug)]
pub struct List {
    /// True if the items are numbered.
    pub ordered: bool,
    /// Text of the line before an ordered list of alternatives. Such a line names solutions, causes, options, fixes or
    /// "one of".
    pub alternatives: Option<String>,
    /// The items, in order of the document.
    pub items: Vec<Item>,
    /// Bytes of the whole list.
    pub span: Span,
}

/// One item of a list, with its blocks.
#[derive(Clone, Debug)]
pub struct Item {
    /// Number of the item in an ordered list.
    pub number: Option<u64>,
    /// First line of the item as a reader sees it.
    pub title: String,
    /// State of a task list marker, `[ ]` or `[x]`; none without a marker.
    pub checked: Option<bool>,
    /// Bytes of the item, marker included.
    pub span: Span,
    /// First line of the item, from 1.
    pub line: u32,
    /// The item's blocks, the first paragraph included (as [`Block::Prose`]).
    pub blocks: Vec<Block>,
}

/// How a code cell is treated: run, filled in or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Shell commands to run.
    Command,
    /// No language, but it looks like shell: shown, and never run without an explicit yes.
    Guessed,
    /// A text with fields to fill in.
    Message,
    /// Code to show, never run.
    Reference,
    /// Output that a command is expected to print.
    Output,
}

/// One block of code: fenced, or only indented where that looks like shell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// How the cell is treated.
    pub kind: CellKind,
    /// The first word of the info string, as written; empty when there is none.
    pub language: String,
    /// Attributes from the rest of the info string.
    pub attributes: Attributes,
    /// From the opening fence to the closing one, in bytes; without fences, its lines.
    pub span: Span,
    /// The opening fence's line, from 1; without fences, the first line.
    pub line: u32,
    /// The closing fence's line, or the last line where there is none.
    pub end_line: u32,
    /// The content, line by line. Containers' prefixes and indentation are removed as CommonMark says.
    pub content: Vec<SourceLine>,
    /// Index of the section that holds the cell.
    pub section: SectionIndex,
    /// Index of the output cell that shows what this command cell should print.
    pub expected: Option<CellIndex>,
}

impl Cell {
    /// The lines of the content, each with a newline behind it.
    pub fn joined_text(&self) -> String {
        let mut text = String::new();
        for line in &self.content {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }
}

/// One line of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// Text of the line, without containers' prefixes and line end.
    pub text: String,
    /// Byte offset in the document at which the text begins.
    pub offset: usize,
    /// Line number in the document, from 1.
    pub line: u32,
    /// In a cell with prompts: part of a command, whose prompt is no longer in `text`, or printed output.
    pub role: LineRole,
}

/// A command cell's lines are shell, or output pasted below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineRole {
    /// Part of a command or a comment.
    Shell,
    /// Output from when the author ran the command.
    Printed,
}

/// Attributes of an info string, in either notation (`{"name":"x"}`, `{name=x}`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Values by name, as written; `true` for a bare name.
    pub all: BTreeMap<String, String>,
}

impl Attributes {
    /// The value of an attribute, as written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// True if an attribute is `true`, `1` or `yes`.
    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1" | "yes"))
    }
}

/// Values from the front matter, as text and as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// `title`: replaces the first heading as the title of the document.
    pub title: Option<String>,
    /// `cwd`: the working directory that the runbook names.
    pub cwd: Option<String>,
    /// `timeout`: the time a command may take.
    pub timeout: Option<String>,
    /// `env`: environment variables, without the names a document may not set.
    pub env: BTreeMap<String, String>,
    /// `severity` of the incident that the runbook is for.
    pub severity: Option<String>,
    /// `message_command`: the command that sends a filled-in message.
    pub message_command: Option<String>,
    /// Declared inputs: name → property → value. A single value is stored under `default`.
    pub inputs: BTreeMap<String, BTreeMap<String, String>>,
    /// `incident`: rules for incidents, not interpreted here.
    pub incident: Vec<YamlEntry>,
    /// Bytes of the front matter, the `---` lines included; empty when there is none.
    pub span: Span,
}

/// A problem in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFinding {
    /// Stable code: `unclosed-fence`, `invalid-utf8`, `unknown-attribute`.
    pub code: &'static str,
    /// Line of the problem, from 1.
    pub line: u32,
    /// Bytes of the text at fault.
    pub span: Span,
    /// Description of the problem, the text at fault in backticks.
    pub message: String,
    /// Advice on how to fix it.
    pub help: String,
}
