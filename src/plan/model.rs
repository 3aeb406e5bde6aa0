//! The parts of a plan.
//!
//! Invariant: `steps` is in order of the document; nodes name steps by their place in it, each exactly once.

use super::inputs::Input;
use super::repeat::Repeat;
use super::rollback::Undoes;
use crate::document::Attributes;
use crate::document::Finding;
use crate::ident::{Anchor, Digest, InputName, StepId};
use crate::interpolate::Filter;
use crate::shell::Facts;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The values given for a run's inputs.
pub type Values = BTreeMap<InputName, String>;

/// The steps of one procedure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The procedure.
    pub procedure: Procedure,
    /// SHA-256 of the document's original bytes.
    pub document: Digest,
    /// Every step, in order of the document.
    pub steps: Vec<Step>,
    /// How they follow each other.
    pub root: Vec<Node>,
    /// What stands in the document after the last step.
    pub closing: Vec<Prose>,
    /// The values its steps need, each once, in the order they are needed.
    pub inputs: Vec<Input>,
    /// What is odd about how they are used.
    pub findings: Vec<Finding>,
}

/// The section that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// Its anchor; empty for a whole document.
    pub anchor: Anchor,
    /// Its heading, or the document's title.
    pub title: String,
    /// Its line, from 1.
    pub line: u32,
    /// The heading's level; 0 for a whole document.
    pub level: u8,
    /// The headings above it, outermost first.
    pub path: Vec<String>,
}

/// A place in the order of a plan.
#[derive(Clone, Debug)]
pub enum Node {
    /// A step, by its place in [`Plan::steps`].
    Step(usize),
    /// Something to choose first.
    Choice(Choice),
}

/// Sections or alternatives to choose from. It comes back after each choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is a choice of.
    pub kind: ChoiceKind,
    /// What is asked: the heading, or the line that leads the list.
    pub title: String,
    /// Its line, from 1.
    pub line: u32,
    /// What can be chosen.
    pub options: Vec<Alternative>,
}

/// What a [`Choice`] is a choice of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceKind {
    /// The sections below a heading.
    Sections,
    /// The items of a list of alternatives.
    Alternatives,
}

/// One option of a [`Choice`].
#[derive(Clone, Debug)]
pub struct Alternative {
    /// Its title.
    pub title: String,
    /// Its anchor, when it is a section.
    pub anchor: Option<Anchor>,
    /// Its line, from 1.
    pub line: u32,
    /// What is done when it is chosen.
    pub nodes: Vec<Node>,
}

/// A step's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// Commands under one comment.
    Command,
    /// Commands of a cell that only looks like shell.
    Guessed,
    /// Something the operator does elsewhere, and confirms.
    Task,
    /// A text with fields to fill in.
    Message,
}

impl StepKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Guessed => "guessed",
            Self::Task => "task",
            Self::Message => "message",
        }
    }
}

/// Text of the document shown before a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose {
    /// Its lines, from 1, inclusive.
    pub lines: (u32, u32),
    /// Its Markdown, the containers' indentation removed.
    pub text: String,
}

/// What the operator decides on.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, from its heading path and content.
    pub id: StepId,
    /// The number shown: its author's (`3`, `3.1`), or its place in its procedure.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: StepKind,
    /// Its first line, from 1.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
    /// The condition its comment or attribute states ("If API down, restart"); then it always asks.
    pub conditional: Option<String>,
    /// The headings above it, outermost first, the procedure's own included; lists' items and leads too.
    pub headings: Vec<String>,
    /// What to read before it.
    pub prose: Vec<Prose>,
    /// Its commands, for a command or guessed step.
    pub commands: Vec<Command>,
    /// A task's or message's own text: comment lines, pasted lines, the template with its `[Field]`s.
    pub body: String,
    /// Why these lines are a task, where that is not plain from the document: `pasted YAML, not shell`.
    pub why: Option<String>,
    /// A task of lines that are too long to be read: what they would do nobody has looked.
    pub unread: bool,
    /// The cell's attributes.
    pub attributes: Attributes,
    /// What the commands are expected to print, where the document shows it.
    pub expected: Option<String>,
    /// How much of that must come back, in percent, where the document says so.
    pub similarity: Option<u8>,
    /// No other step of its cell comes after it.
    pub is_last_of_cell: bool,
    /// How its commands are run again without anybody asking.
    pub repeat: Repeat,
    /// What it undoes; then it is in no sequence.
    pub undoes: Option<Undoes>,
}

impl Step {
    /// The time its cell's `timeout` attribute gives a command.
    pub fn timeout(&self) -> Option<Duration> {
        self.attributes.get("timeout").and_then(duration)
    }
}

/// A length of time as people write it: `90`, `30s`, `5m`, `1h`, `1m30s`, `500ms`. Without a unit: seconds.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))?;
        let amount: u64 = digits.parse().ok()?;
        let (unit, later) = after.split_at_checked(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()))?;
        let part = match unit.trim() {
            "ms" => Duration::from_millis(amount),
            "" | "s" => Duration::from_secs(amount),
            "m" => Duration::from_secs(amount.checked_mul(60)?),
            "h" => Duration::from_secs(amount.checked_mul(3600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = later;
    }
    Some(total)
}

/// One command of a step.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its text as the document has it.
    pub text: String,
    /// Its first line, from 1.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
    /// The comment behind it.
    pub note: Option<String>,
    /// What is known of it.
    pub facts: Facts,
    /// Set when it is `NAME=value` alone and a later command of the procedure reads the name: an input with that default.
    pub input: Option<InputName>,
    /// The places in its text where values go, in order.
    pub uses: Vec<Use>,
}

/// A place in a command's text where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The bytes that the value takes the place of.
    pub span: Range<usize>,
    /// The input.
    pub name: InputName,
    /// What is done to the value first.
    pub filter: Filter,
    /// The command cannot run without the value.
    pub blocks: bool,
    /// The value must be in no text.
    pub secret: bool,
    /// Why no value whatever can be placed there.
    pub no_place: Option<String>,
}

/// Why a command may not run as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Values nobody has filled in.
    #[error("{} {} not filled in", list(.0), if .0.len() == 1 { "is" } else { "are" })]
    Unplaced(Vec<String>),
    /// A value that cannot go where it should.
    #[error("`{0}` cannot be placed: {1}")]
    NotPlaced(String, String),
    /// Pasted prompt: `> file` alone would truncate the file.
    #[error("it begins with `>`, which looks like a pasted prompt and would empty a file")]
    PastedPrompt,
    /// Not a command at all.
    #[error("{0}")]
    NotShell(String),
    /// Nothing but blanks and comments.
    #[error("there is no command in it")]
    Empty,
}

fn list(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A command's text with every value in its place. Made by [`Command::bind`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runnable {
    pub(super) text: String,
    pub(super) placed: bool,
    pub(super) raw: bool,
    pub(super) variables: Vec<Passed>,
}

/// A value that a command's text refers to by a variable of the session.
#[derive(Clone, PartialEq, Eq)]
pub struct Passed {
    /// The variable.
    pub variable: String,
    /// The input.
    pub name: InputName,
    /// The value.
    pub value: String,
    /// Whether it is a secret.
    pub secret: bool,
}

impl std::fmt::Debug for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passed").field("variable", &self.variable).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Runnable {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it differs from the document by values placed in it.
    pub fn is_placed(&self) -> bool {
        self.placed
    }

    /// Whether a value stands in it as text of the command, because the document says `| raw`.
    pub fn is_raw(&self) -> bool {
        self.raw
    }

    /// The values that the session must hold in variables first.
    pub fn variables(&self) -> &[Passed] {
        &self.variables
    }
}
