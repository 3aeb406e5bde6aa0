//! The parts of a runbook.
//!
//! Invariant: indexes point into the same [`Runbook`]; nothing here owns text that the document already holds, but for
//! titles and cell texts, which differ from their source (markup and containers' prefixes removed).

use super::lines::Lines;
use super::yaml::Entry;
use crate::ident::{Anchor, Digest};
use std::collections::BTreeMap;
use std::ops::Range;

/// A stretch of the document, in bytes.
pub type Span = Range<usize>;
/// A section's place in [`Runbook::sections`].
pub type SectionIndex = usize;
/// A cell's place in [`Runbook::cells`].
pub type CellIndex = usize;

/// One Markdown document.
#[derive(Clone, Debug)]
pub struct Runbook {
    /// The text: the original bytes, with a BOM dropped and invalid UTF-8 replaced (each with a finding).
    pub text: String,
    /// SHA-256 of the original bytes.
    pub digest: Digest,
    /// The front matter's title, or the first heading of level 1, or none.
    pub title: Option<String>,
    /// What the front matter says.
    pub front_matter: FrontMatter,
    /// Every section in order of the document. Section 0 is the document itself: level 0, no heading, empty anchor.
    pub sections: Vec<Section>,
    /// Every fence in order of the document.
    pub cells: Vec<Cell>,
    /// What is odd about the document.
    pub findings: Vec<Finding>,
    /// Where its lines begin.
    pub(super) lines: Lines,
}

/// The part under one heading, down to the next heading of its level or higher.
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
    /// Its anchor: GitHub's, or the document's own `{#id}`.
    pub anchor: Anchor,
    /// Further anchors: `<a name>`, `<a id>` at the heading, and GitHub's when `{#id}` is given.
    pub also: Vec<Anchor>,
    /// The heading's line, from 1; 1 for the document itself.
    pub line: u32,
    /// The section's bytes: heading, own blocks, and the sections below it.
    pub span: Span,
    /// The blocks before its first child section.
    pub blocks: Vec<Block>,
    /// The sections directly below it.
    pub children: Vec<SectionIndex>,
    /// The section it is in; none for section 0.
    pub parent: Option<SectionIndex>,
}

/// One block of a section or list item. Quotes are transparent: their blocks stand in the surrounding sequence.
#[derive(Clone, Debug)]
pub enum Block {
    /// Anything to read: paragraphs, tables, HTML, rules. Its span takes whole lines.
    Prose(Span),
    /// A wholly bold numbered line, "**1. Schedule maintenance window**": it heads what follows it.
    Lead(Lead),
    /// A fence.
    Cell(CellIndex),
    /// A list.
    List(List),
}

/// See [`Block::Lead`].
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its number, `1`.
    pub number: String,
    /// Its text without the number.
    pub title: String,
    /// Its bytes.
    pub span: Span,
}

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// Whether its items are numbered.
    pub ordered: bool,
    /// Set when it is a list of alternatives: an ordered list led by a line that says solutions, causes, options, fixes or
    /// "one of"; holds that line's text.
    pub alternatives: Option<String>,
    /// The items.
    pub items: Vec<Item>,
    /// Its bytes.
    pub span: Span,
}

/// A list item.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its number in an ordered list.
    pub number: Option<u64>,
    /// The text of its first line as a reader sees it.
    pub title: String,
    /// `[ ]` or `[x]`.
    pub checked: Option<bool>,
    /// Its bytes.
    pub span: Span,
    /// Its line, from 1.
    pub line: u32,
    /// What it holds, its first paragraph included (as [`Block::Prose`]).
    pub blocks: Vec<Block>,
}

/// A cell's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Shell to run.
    Command,
    /// Untagged, but it looks like shell: shown, never run without an explicit yes.
    Guessed,
    /// A text with fields to fill in.
    Message,
    /// Shown and never run.
    Reference,
    /// What a command is expected to print.
    Output,
}

/// One block of code: fenced, or only indented where that looks like shell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Its kind.
    pub kind: CellKind,
    /// The first word of the info string, as written; empty when there is none.
    pub language: String,
    /// The rest of the info string, read.
    pub attributes: Attributes,
    /// From the opening fence to the closing one, in bytes; without fences, its lines.
    pub span: Span,
    /// The opening fence's line, from 1; without fences, the first line.
    pub line: u32,
    /// The closing fence's line, or the last line where there is none.
    pub end_line: u32,
    /// Its content line by line, containers' prefixes and indentation removed as CommonMark says.
    pub content: Vec<SourceLine>,
    /// The section it stands in.
    pub section: SectionIndex,
    /// The output cell that tells what this command cell should print.
    pub expected: Option<CellIndex>,
}

impl Cell {
    /// The content's text, lines joined with newlines, with one at the end where there is any line.
    pub fn text(&self) -> String {
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
    /// Its text without containers' prefixes and line end.
    pub text: String,
    /// Where that text begins in the document, in bytes.
    pub offset: usize,
    /// Its line in the document, from 1.
    pub line: u32,
    /// Of a cell with prompts: whether this line is a command's (the prompt is no longer in `text`) or expected output.
    pub role: LineRole,
}

/// What a line of a command cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineRole {
    /// Shell.
    Shell,
    /// What a command printed when the author ran it.
    Printed,
}

/// What an info string says beyond the language, in either notation (`{"name":"x"}`, `{name=x}`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Every attribute as written: name → value; `true` for a bare name.
    pub all: BTreeMap<String, String>,
}

impl Attributes {
    /// An attribute's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// Whether an attribute is `true`, `1` or `yes`.
    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1" | "yes"))
    }
}

/// What the front matter says. Values are text, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// `title`.
    pub title: Option<String>,
    /// `cwd`.
    pub cwd: Option<String>,
    /// `timeout`.
    pub timeout: Option<String>,
    /// `env`, without the names a document may not set.
    pub env: BTreeMap<String, String>,
    /// `severity`.
    pub severity: Option<String>,
    /// `message_command`.
    pub message_command: Option<String>,
    /// Declared inputs: name → property → value (a single value stands under `default`).
    pub inputs: BTreeMap<String, BTreeMap<String, String>>,
    /// `incident`: its entries, read by whoever opens incidents.
    pub incident: Vec<Entry>,
    /// The front matter's bytes, fences included; empty when there is none.
    pub span: Span,
}

/// Something odd about the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable word: `unclosed-fence`, `invalid-utf8`, `unknown-attribute`.
    pub code: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The bytes it is about.
    pub span: Span,
    /// What was found, the thing in backticks.
    pub message: String,
    /// What to do.
    pub help: String,
}
