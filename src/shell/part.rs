//! The parts that a shell text splits into.
//!
//! Invariant: the parts of a text are in order, do not overlap, and leave out only blank lines.

use super::CommandFacts;

/// Line numbers in the text that was split, counted from 0, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// First line of the range.
    pub first: usize,
    /// Last line of the range.
    pub last: usize,
}

/// One part of a split text.
#[derive(Clone, Debug)]
pub enum ShellPart {
    /// A line that holds only a comment.
    Comment(CommentLine),
    /// A complete command.
    Command(Box<ShellCommand>),
    /// Lines that are not shell.
    NotShell(NotShell),
}

/// One comment line. Consecutive lines are separate parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentLine {
    /// Line number, counted from 0.
    pub line: usize,
    /// Text without the `#` and the blanks around it.
    pub text: String,
}

/// One complete top-level command, as bash's reader sees it. Comments on the command's own lines belong to it.
#[derive(Clone, Debug)]
pub struct ShellCommand {
    /// Lines that the command covers.
    pub lines: LineRange,
    /// Exact text of those lines, without the last newline.
    pub text: String,
    /// Comment after the command on the same line, without `#`.
    pub trailing_comment: Option<String>,
    /// Programs, variables and effects found in the command.
    pub facts: CommandFacts,
    /// True if the lines look like a table that a program printed and only happen to parse as a command.
    pub in_table: bool,
}

/// Lines that cannot be read as a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShell {
    /// Lines that the part covers.
    pub lines: LineRange,
    /// Exact text of those lines, without the last newline.
    pub text: String,
    /// Reason for messages: `a heredoc that never ends`, `below a line that is no shell`.
    pub reason: String,
    /// True if the text was too large to parse, so its commands were not analysed.
    pub not_analysed: bool,
}
