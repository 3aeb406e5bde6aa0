//! A procedure's steps, and the order and choices between them.
//!
//! Invariant: `steps` is in order of the document; nodes name steps by their index in it, each exactly once. Refuses to know:
//! how a command is read or bound.

use super::command::Command;
use super::duration::parse_duration;
use super::inputs::Input;
use super::repeat::Repeat;
use crate::document::Attributes;
use crate::document::DocumentFinding;
use crate::ident::{Anchor, Digest, StepId};
use crate::risk::Influence;
use std::sync::Arc;
use std::time::Duration;

/// The steps of one procedure, with the values they need.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The section or document that these steps come from.
    pub procedure: Procedure,
    /// SHA-256 of the document's original bytes.
    pub document: Digest,
    /// Every step, in order of the document, including those of options and rollbacks.
    pub steps: Vec<Step>,
    /// The order in which a run walks the steps. Rollbacks are not in it.
    pub root: Vec<Node>,
    /// Text that the document has after the last step.
    pub closing: Vec<Prose>,
    /// Variables that the front matter sets in the shell, with their values.
    pub environment: Vec<(String, String)>,
    /// The values that the steps need, each once, in the order they are needed.
    pub inputs: Vec<Input>,
    /// Mistakes in the steps' attributes and in the use of inputs.
    pub findings: Vec<DocumentFinding>,
}

/// The section that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// Anchor of the section; empty for a whole document.
    pub anchor: Anchor,
    /// Heading of the section, or the document's title.
    pub title: String,
    /// Line of the heading, from 1.
    pub line: u32,
    /// Level of the heading; 0 for a whole document.
    pub level: u8,
    /// The headings above it, outermost first.
    pub path: Vec<String>,
}

/// One entry in the order of a plan.
#[derive(Clone, Debug)]
pub enum Node {
    /// A step, by its index in [`Plan::steps`].
    Step(usize),
    /// A choice that the operator makes before going on.
    Choice(Choice),
}

/// Sections or alternatives to choose from. A run offers it again after each choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Sections or items of a list.
    pub kind: ChoiceKind,
    /// The question: the heading, or the line before the list.
    pub title: String,
    /// Line of the heading or list, from 1.
    pub line: u32,
    /// The options, in order of the document.
    pub options: Vec<Alternative>,
}

/// Where the options of a [`Choice`] come from.
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
    /// Heading or first line of the option.
    pub title: String,
    /// Anchor of the section; none for an item of a list.
    pub anchor: Option<Anchor>,
    /// Line of the option, from 1.
    pub line: u32,
    /// The nodes to walk once the option is chosen.
    pub nodes: Vec<Node>,
}

/// How a step is done: by the shell or by the operator.
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
    /// The kind as JSON output and journals spell it.
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
    /// First and last line in the document, from 1, both inclusive.
    pub lines: (u32, u32),
    /// Markdown of the text, without the indentation of its containers.
    pub text: String,
}

/// The unit that an operator decides on: commands to run, a task to do or a message to send.
#[derive(Clone, Debug)]
pub struct Step {
    /// Stable name, made from the heading path and the content.
    pub id: StepId,
    /// The number shown: the author's (`3`, `3.1`), or the step's position in its procedure.
    pub number: String,
    /// Comment, list item or heading that names the step, or its first command.
    pub title: String,
    /// How the step is done.
    pub kind: StepKind,
    /// Lines, headings and prose that the step has in the document.
    pub source: StepSource,
    /// The condition that a comment or attribute states ("If API down, restart"). Such a step always asks.
    pub conditional: Option<String>,
    /// The commands, in order; empty for a task or message.
    pub commands: Vec<Command>,
    /// A task's or message's own text: comment lines, pasted lines, the template with its `[Field]`s.
    pub body: String,
    /// Why lines of a cell are a task, where the document does not show it.
    pub task_reason: Option<TaskReason>,
    /// The settings of the code cell that the step comes from.
    pub cell: StepCell,
    /// How the commands are run again without anybody asking.
    pub repeat: Repeat,
    /// The target of a rollback step. Such a step is in no sequence.
    pub rollback_target: Option<RollbackTarget>,
}

/// Where a step stands in the document.
#[derive(Clone, Debug, Default)]
pub struct StepSource {
    /// First line, from 1.
    pub line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The headings above the step, outermost first, the procedure's own included; also items and bold lines that head it.
    pub headings: Vec<String>,
    /// Text between the previous step and this one.
    pub prose: Vec<Prose>,
}

/// Settings from the code cell of a step. Steps of one cell share the attributes.
#[derive(Clone, Debug)]
pub struct StepCell {
    /// The cell's attributes; empty for a task that comes from no cell.
    pub attributes: Attributes,
    /// Variables of the front matter that change what programs do.
    pub influences: Arc<[Influence]>,
    /// True if no other step of the cell follows.
    pub is_last: bool,
    /// The output that the document shows for the last command.
    pub expected: Option<String>,
    /// How much of the expected output must be printed, in percent, where the document says so.
    pub similarity: Option<u8>,
}

/// Why lines of a shell cell became a task for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskReason {
    /// The reason as shown: `pasted YAML, not shell`.
    pub text: String,
    /// True if the lines are too long to parse, so that their commands were not analysed.
    pub is_unread: bool,
}

/// The target of a rollback step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollbackTarget {
    /// It undoes this step alone.
    Step(StepId),
    /// It undoes the procedure as a whole.
    Procedure,
}

impl Step {
    /// How long each command may run, from the cell's `timeout` attribute.
    pub fn command_timeout(&self) -> Option<Duration> {
        self.cell.attributes.get("timeout").and_then(parse_duration)
    }
}
