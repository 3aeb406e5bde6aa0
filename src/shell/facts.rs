//! The facts that one command's syntax tree gives.
//!
//! Invariant: names and words are stated only where the tree is trusted. A command that the two parsers see differently is
//! opaque, and nothing is promised about it.

use super::Definition;
use std::ops::Range;

/// Everything the syntax tree tells about one command.
#[derive(Clone, Debug, Default)]
pub struct CommandFacts {
    /// Tells if the tree can be trusted.
    pub clarity: Clarity,
    /// Every simple command at any depth, in order of the text. Lists, pipes, subshells, substitutions and the bodies of
    /// functions and loops are included. Empty for an opaque command.
    pub simple_commands: Vec<SimpleCommand>,
    /// Which parts of the command the exit status can be attributed to.
    pub status_source: StatusSource,
    /// Variables that the command sets in the session.
    pub assignments: Vec<VariableAssignment>,
    /// Variables that the command reads before it has set them itself.
    pub variable_reads: Vec<VariableRead>,
    /// Changes to the session beyond plain variable assignments.
    pub session_changes: Vec<SessionChange>,
    /// Functions and aliases that the command defines in the session.
    pub definitions: Vec<Definition>,
    /// Why the command never ends by itself (`top`, `logs -f`, `watch`). In a list, the first part that does not end.
    /// None if it ends.
    pub never_ends_reason: Option<String>,
    /// Why the command needs an operator at the terminal (`vim`, `crontab -e`, `exec -it … sh`). None if it does not.
    pub interactive_reason: Option<String>,
    /// Words in the text that still need a value: `<pod-name>`.
    pub placeholders: Vec<Placeholder>,
    /// Set if the text parses as shell but is meant for something else. Such a text is never run; it becomes a manual task.
    pub not_a_command: Option<NotACommand>,
    /// True if every program in the command is listed as one that only reads (`ls`, `grep`, `curl` without data or output).
    pub reads_only: bool,
}

/// Which parts of a command its exit status can be attributed to.
#[derive(Clone, Debug, Default)]
pub struct StatusSource {
    /// Indices into the command's list of simple commands, in order, if the whole command is one pipeline of simple
    /// commands (negated or not). None for a list, a compound command, or anything else whose last pipeline is unknown.
    pub pipeline_members: Option<Vec<usize>>,
    /// True if only the command's own status tells how it went, not the statuses of pipeline members inside it. That is
    /// the case for a compound command and for a negated pipeline.
    pub own_status_only: bool,
}

/// Tells if a command's syntax tree can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clarity {
    /// Both parsers see the same commands.
    #[default]
    Clear,
    /// The parsers disagree, or a word contains an unquoted blank or operator. Carries the reason for messages.
    Opaque(String),
}

/// One simple command: a program with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCommand {
    /// First word of the command.
    pub program: ProgramName,
    /// Words after the program, quotes removed. None where an expansion decides the text. Globs, a leading tilde and
    /// placeholders stay as written. `[[ … ]]` has no words.
    pub words: Vec<Option<String>>,
    /// Byte range in the command's text, assignments and redirections included.
    pub span: Range<usize>,
}

/// The first word of a simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramName {
    /// A fixed name, quotes removed.
    Named(String),
    /// The name comes from an expansion.
    Dynamic,
    /// There is no program: assignments or redirections only.
    None,
}

/// A variable that a command sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableAssignment {
    /// Name of the variable, without `$`.
    pub name: String,
    /// The value, if no expansion makes it and the assignment is the whole command (`NAME=value`, not `NAME=value cmd`).
    pub literal: Option<String>,
    /// Byte range of the value in the command's text.
    pub value_span: Range<usize>,
}

/// A variable that a command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableRead {
    /// Name of the variable, without `$`.
    pub name: String,
    /// True if every expansion handles an unset variable (`${x-…}`, `${x:-…}`, `${x:?…}`, `${x+…}`).
    pub has_default: bool,
}

/// A change to the session that later commands see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionChange {
    /// `cd`, `pushd`, `popd`.
    Directory,
    /// `export`, `unset`, `declare`, `readonly`.
    Variables,
    /// A definition of a function or an alias.
    Definitions,
    /// `set`, `shopt`, `umask`, `ulimit`.
    Options,
    /// `trap`.
    Traps,
    /// `exec` with or without a program.
    Exec,
    /// `exit`, `return`.
    Exit,
}

/// A word that still needs a value: `<pod-name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Text as written, brackets included.
    pub text: String,
    /// Byte range in the command's text.
    pub span: Range<usize>,
}

/// Why a text that parses as shell is not a shell command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotACommand {
    /// The first word ends in a colon, as a YAML key does.
    Yaml,
    /// The first word is a slash and a plain word, `/incident`. It is a command only if such a file exists.
    Slash(String),
    /// Five schedule fields and a command: a crontab line.
    Cron,
}

/// Syntax class of a token, for highlighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenClass {
    /// The name of a program, builtin or function.
    Program,
    /// A reserved word.
    Keyword,
    /// `|`, `&&`, `>` and the like.
    Operator,
    /// An option such as `-f`.
    Flag,
    /// Text in quotes or in a heredoc.
    Quoted,
    /// A variable such as `$x`, or the `$(` and `)` of a substitution.
    Expansion,
    /// The name in an assignment.
    Name,
    /// A comment, up to the end of the line.
    Comment,
    /// A word that still needs a value: `<pod-name>`.
    Placeholder,
}

/// A piece of shell text with one syntax class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighlightToken {
    /// Byte range in the text.
    pub span: Range<usize>,
    /// Syntax class of the whole piece.
    pub class: TokenClass,
}

/// A non-zero exit status that a program's own documentation calls an answer, not a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabledAnswer {
    /// The exit status.
    pub status: i32,
    /// Meaning of the status for messages: `no match`, `differs`, `inactive`.
    pub meaning: &'static str,
    /// Text that the output must contain for the status to count as an answer. None if the status is enough.
    pub only_if_printed: Option<&'static str>,
}
