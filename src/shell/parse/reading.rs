//! What a parser found in a text, in our own words.
//!
//! Invariant: every range lies within the text that was read. Refuses to know: which parser it was, and what any
//! program does.

use crate::shell::Simple;
use crate::shell::simple_command::{Detail, Redirection};
use std::ops::Range;

/// One reading of a text without syntax errors.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Each simple command, in the order of the text.
    pub found: Vec<Found>,
    /// Words and redirections in full; empty unless asked for.
    pub full: FullWords,
    /// The functions that are defined, and where.
    pub functions: Vec<Function>,
    /// How many words each command has, in order, where the second parser sees them too.
    pub signature: Vec<usize>,
    /// The places of the members in `found`, if the text is one pipeline of simple commands.
    pub pipeline: Option<Vec<usize>>,
    /// The last statement is a compound command or is negated.
    pub status_alone: bool,
    /// Variables set and read, in order.
    pub variables: Vec<Variable>,
    /// What the shell itself does beside running programs.
    pub shell: ShellEffects,
    /// An unquoted stretch with a blank or an operator in it: commands may hide there.
    pub hides: Option<Range<usize>>,
    /// Which stretches of the text can run something, and which cannot.
    pub extent: Extent,
    /// A loop that nothing in the text ends.
    pub loops_for_ever: bool,
    /// Two statements stand on one line with nothing between them, which no shell reads.
    pub crowded: bool,
}

/// Each simple command and redirection with every word, expansions as holes.
#[derive(Debug, Default)]
pub(crate) struct FullWords {
    /// Each simple command's words, in the order of `found`.
    pub details: Vec<Detail>,
    /// The redirections of compounds.
    pub loose: Vec<Redirection>,
}

/// What the shell itself does, so that a text of programs that only read does more than read.
#[derive(Debug, Default)]
pub(crate) struct ShellEffects {
    /// A function is defined in the session.
    pub defines: bool,
    /// Something is redirected into a file.
    pub writes: bool,
    /// A variable is set by which a program can be made to run another.
    pub steers: bool,
}

/// The stretches of a text that were walked, and those in which nothing can run.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// Where each substitution and arithmetic expansion that was walked begins, and where each backtick stands.
    pub expanded: Vec<usize>,
    /// Single quotes and literal heredocs, in which nothing is expanded.
    pub inert: Vec<Range<usize>>,
    /// Comments.
    pub comments: Vec<Range<usize>>,
}

/// A function's definition.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: String,
    pub span: Range<usize>,
    /// In the session itself.
    pub in_session: bool,
}

/// A simple command and where it stands.
#[derive(Debug)]
pub(crate) struct Found {
    pub simple: Simple,
    pub place: Place,
}

/// Where a simple command stands.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent of each other: any mix of them occurs")]
pub(crate) struct Place {
    /// Its pipeline, if it is a member of one.
    pub seat: Option<Seat>,
    /// It runs in the session itself: no subshell, no substitution, no pipe, not in the background.
    pub in_session: bool,
    /// It only stands in the body of a function.
    pub deferred: bool,
    /// Nobody waits for it.
    pub background: bool,
    /// Its input is not the terminal.
    pub fed: bool,
}

/// A place in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub pipe: usize,
    pub index: usize,
}

/// What happens to a variable.
#[derive(Debug)]
pub(crate) enum Variable {
    Set { name: String, literal: Option<String>, value: Range<usize>, in_session: bool },
    Read { name: String, has_default: bool },
}

/// Why a text cannot be read.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The parser's words.
    pub message: String,
    /// What a further line must hold to mend it.
    pub awaits: Awaits,
}

/// What an unfinished text waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Any line may go on with it.
    Anything,
    /// A line with this in it.
    Text(String),
    /// A line that begins with one of these.
    Start(Vec<String>),
    /// Nothing mends it.
    Nothing,
}

impl Awaits {
    pub(crate) fn is_met_by(&self, line: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Text(text) => line.contains(text.as_str()),
            Self::Start(words) => words.iter().any(|word| line.trim_start_matches('\t').starts_with(word.as_str())),
            Self::Nothing => false,
        }
    }
}
