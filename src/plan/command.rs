//! One command of a plan: its text, where values go in it, and the form that may run.
//!
//! Invariant: a [`Runnable`]'s fields are private to the plan, so that [`Command::bind_values`] alone makes one. Refuses to know: steps and
//! their order.

use crate::ident::InputName;
use crate::interpolate::Filter;
use crate::risk::Risk;
use crate::shell::{CommandFacts, ShellDefinitions};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

/// The values given for a run's inputs.
pub type Values = BTreeMap<InputName, String>;

/// One command of a step, as the document has it.
#[derive(Clone, Debug)]
pub struct Command {
    /// Text in the document.
    pub text: String,
    /// First line, from 1.
    pub line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// Comment at the end of the line.
    pub note: Option<String>,
    /// Facts from the parsed text.
    pub facts: CommandFacts,
    /// The variable of a lone `NAME=value` that a later command of the procedure reads. It is an input with that default.
    pub input: Option<InputName>,
    /// The positions in the text where values go, in order.
    pub uses: Vec<InputUse>,
    /// Answers about the text as it is written.
    pub(super) analysis: Analysis,
}

/// Answers about one text, each found when it is first needed. A run needs them before its start and again before each command.
///
/// Answers depend on the text alone, so a clone of the command may keep them.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    risk: OnceLock<Risk>,
    objection: OnceLock<Option<String>>,
}

impl Command {
    /// Judges a text of this command, with or without values in it, in a shell with these functions and aliases.
    pub(super) fn judge_text(&self, text: &str, definitions: &ShellDefinitions) -> Risk {
        let judge = || crate::risk::risk_with(text, definitions);
        if definitions.is_empty() && text == self.text {
            self.analysis.risk.get_or_init(judge).clone()
        } else {
            judge()
        }
    }

    /// Why a text of this command, with or without values in it, is no shell; none when all of it is.
    pub(super) fn find_objection(&self, text: &str) -> Option<String> {
        let find = || crate::shell::not_shell_reason(text);
        if text == self.text { self.analysis.objection.get_or_init(find).clone() } else { find() }
    }
}

/// A position in a command's text where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputUse {
    /// Bytes of the text that the value replaces.
    pub span: Range<usize>,
    /// The input whose value goes there.
    pub name: InputName,
    /// How the value is quoted first.
    pub filter: Filter,
    /// True if the command cannot run without the value.
    pub blocks: bool,
    /// True for a secret, which must not be in the text.
    pub secret: bool,
    /// Why no value can be interpolated there, whatever it is.
    pub reject_reason: Option<String>,
}

/// Why a command may not run as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Placeholders without a value, as written.
    #[error("{} {} not filled in", list_quoted(.0), if .0.len() == 1 { "is" } else { "are" })]
    Unplaced(Vec<String>),
    /// A value that cannot be interpolated: the placeholder as written, and the reason.
    #[error("`{0}` cannot be placed: {1}")]
    NotPlaced(String, String),
    /// A pasted prompt: `> file` alone would truncate the file.
    #[error("it begins with `>`, which looks like a pasted prompt and would empty a file")]
    PastedPrompt,
    /// Text that is no command, with the reason.
    #[error("{0}")]
    NotShell(String),
    /// Only blanks and comments.
    #[error("there is no command in it")]
    Empty,
}

fn list_quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A command's text with every value interpolated. Made by [`Command::bind_values`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runnable {
    pub(super) text: String,
    /// True if the text differs from the document's.
    pub(super) placed: bool,
    /// True if a value is in the text unquoted.
    pub(super) raw: bool,
    pub(super) passed: Vec<PassedVariable>,
}

/// A value that a command's text refers to through a shell variable of the session.
#[derive(Clone, PartialEq, Eq)]
pub struct PassedVariable {
    /// Name of the shell variable.
    pub variable: String,
    /// The input that the value belongs to.
    pub name: InputName,
    /// Value to set; may be a secret, and is left out of `Debug`.
    pub value: String,
    /// True if the value is a secret, to be masked everywhere.
    pub secret: bool,
}

impl std::fmt::Debug for PassedVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passed").field("variable", &self.variable).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Runnable {
    /// The text to hand to bash.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if interpolated values make the text differ from the document's.
    pub fn is_interpolated(&self) -> bool {
        self.placed
    }

    /// True if a value is part of the command's syntax, because the document says `| raw`.
    pub fn is_raw(&self) -> bool {
        self.raw
    }

    /// The values that the session must set as variables first.
    pub fn passed_variables(&self) -> &[PassedVariable] {
        &self.passed
    }
}
