//! One command of a plan: its text, where values go in it, and the form that may run.
//!
//! Invariant: a [`Runnable`]'s fields are private to the plan, so that [`Command::bind`] alone makes one. Refuses to know: steps and
//! their order.

use crate::ident::InputName;
use crate::shell::{Facts, Filter};
use std::collections::BTreeMap;
use std::ops::Range;

/// The values given for a run's inputs.
pub type Values = BTreeMap<InputName, String>;

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
