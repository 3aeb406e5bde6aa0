//! What is known of one command from its syntax tree.
//!
//! Invariant: names and words are stated only where the tree is trusted; a command that the parsers see differently is
//! opaque, and then nothing is promised of it.

use super::Definition;
use std::ops::Range;

/// Everything known of one command.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whether the tree can be trusted.
    pub clarity: Clarity,
    /// Every simple command in it, at any depth, in order of the text: lists, pipes, subshells, substitutions, bodies of
    /// functions and loops. Empty for an opaque command.
    pub simple: Vec<Simple>,
    /// What its exit status speaks for.
    pub status: StatusSource,
    /// The variables it sets in the session.
    pub assigns: Vec<Assignment>,
    /// The variables it reads, without those it has set itself before.
    pub reads: Vec<Read>,
    /// How it changes the session beyond variables.
    pub session: Vec<SessionChange>,
    /// The functions and aliases it defines in the session.
    pub defines: Vec<Definition>,
    /// Why it never ends by itself (`top`, `logs -f`, `watch`), if so. In a list, the first part that does not.
    pub never_ends: Option<String>,
    /// Why it wants an operator at the terminal (`vim`, `crontab -e`, `exec -it … sh`), if so.
    pub interactive: Option<String>,
    /// Words that stand for a value nobody has filled in: `<pod-name>`.
    pub placeholders: Vec<Placeholder>,
    /// Set when it parses and yet is no command: never run, a task.
    pub not_a_command: Option<NotACommand>,
    /// Whether every program in it is tabled as one that only reads (`ls`, `grep`, `curl` without data or output).
    pub reads_only: bool,
}

/// What the exit status of a command speaks for.
#[derive(Clone, Debug, Default)]
pub struct StatusSource {
    /// Where the whole command is one pipeline of simple commands (negated or not): their places in `simple`, in order.
    /// None for a list, a compound, or anything else whose last pipeline cannot be told.
    pub pipeline: Option<Vec<usize>>,
    /// Whether its status alone says how it went, and not the members of a pipeline inside it: a compound command, or a
    /// negated pipeline.
    pub alone: bool,
}

/// Whether a command's tree can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clarity {
    /// Both parsers see the same commands.
    #[default]
    Clear,
    /// They do not, or a word hides a blank or an operator; with the reason.
    Opaque(String),
}

/// One simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simple {
    /// The program, or why it cannot be named.
    pub program: Program,
    /// Its words after the program, each with its text where that is fixed (no expansion in it), quotes removed. Globs, a
    /// leading tilde and placeholders stand as written; `[[ … ]]` has none.
    pub words: Vec<Option<String>>,
    /// Its bytes in the command's text.
    pub span: Range<usize>,
}

/// The first word of a simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A fixed name, quotes removed.
    Named(String),
    /// The name comes out of an expansion.
    Dynamic,
    /// Assignments or redirections only.
    None,
}

/// A variable set by a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// The value, where it is fixed and the assignment is the whole command (`NAME=value`, not `NAME=value cmd`).
    pub literal: Option<String>,
    /// The bytes of the value in the command's text.
    pub value_span: Range<usize>,
}

/// A variable read by a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// Whether the expansion has a form for an unset variable (`${x-…}`, `${x:-…}`, `${x:?…}`, `${x+…}`).
    pub has_default: bool,
}

/// A change to the session that later commands see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionChange {
    /// `cd`, `pushd`, `popd`.
    Directory,
    /// `export`, `unset`, `declare`, `readonly`.
    Variables,
    /// A function or an alias is defined.
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

/// A word that stands for a value: `<pod-name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// As written, brackets included.
    pub text: String,
    /// Its bytes in the command's text.
    pub span: Range<usize>,
}

/// Why something that parses is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotACommand {
    /// The first word ends in a colon: YAML.
    Yaml,
    /// The first word is a slash and a plain word, `/incident`; a command only if such a file exists.
    Slash(String),
    /// Five schedule fields and a command: a line for a crontab.
    Cron,
}

/// The class of a stretch of shell, for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenClass {
    /// The name of a program, builtin or function.
    Program,
    /// A reserved word.
    Keyword,
    /// `|`, `&&`, `>` and the like.
    Operator,
    /// An option, `-f`.
    Flag,
    /// Quoted text.
    Quoted,
    /// `$x`, `$(…)`'s frame.
    Expansion,
    /// An assigned name.
    Name,
    /// A comment.
    Comment,
    /// A placeholder nobody filled in.
    Placeholder,
}

/// A stretch of shell of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its bytes.
    pub span: Range<usize>,
    /// Its class.
    pub class: TokenClass,
}

/// An exit status of a program that is an answer and not a failure, from the program's own documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabledAnswer {
    /// The status.
    pub status: i32,
    /// What it says: `no match`, `differs`, `inactive`.
    pub meaning: &'static str,
    /// It is an answer only if this stands in the output.
    pub only_if_printed: Option<&'static str>,
}
