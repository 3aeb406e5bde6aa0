//! What a text of shell splits into.
//!
//! Invariant: the parts of a text are in order, do not overlap, and leave out only blank lines.

use super::Facts;

/// Lines of the text that was split, from 0, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// The first line.
    pub first: usize,
    /// The last line.
    pub last: usize,
}

/// A part of a split text.
#[derive(Clone, Debug)]
pub enum Part {
    /// Consecutive lines that are comments and nothing else.
    Comment(Comment),
    /// A complete command.
    Command(Box<ShellCommand>),
    /// Lines that are no shell.
    NotShell(NotShell),
}

/// One comment line. Consecutive lines are separate parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its line.
    pub line: usize,
    /// Its text without the `#` and the blanks around it.
    pub text: String,
}

/// One complete top-level command, as bash's reader sees it. Its own lines' comments belong to it.
#[derive(Clone, Debug)]
pub struct ShellCommand {
    /// Its lines.
    pub lines: LineRange,
    /// Its lines' text, exactly, without the last newline.
    pub text: String,
    /// The comment behind it on its own line, without `#`.
    pub note: Option<String>,
    /// What it is made of.
    pub facts: Facts,
    /// It stands in a table that a program printed, and only happens to be a command.
    pub in_table: bool,
}

/// Lines that no reading makes a command of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShell {
    /// The lines.
    pub lines: LineRange,
    /// Their text.
    pub text: String,
    /// Why: `a heredoc that never ends`, `below a line that is no shell`.
    pub reason: String,
    /// Nobody has looked what it is: it is too long to be read.
    pub unread: bool,
}
