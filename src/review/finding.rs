//! One finding.
//!
//! Invariant: its code stands in the table. Refuses to know: how it is shown.

use super::codes::code;
use super::severity::Severity;
use crate::document::Span;

/// Something that a reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its code, as the table has it.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The bytes of the document it is about.
    pub span: Span,
    /// Its line, from 1.
    pub line: u32,
    /// What was found, the thing in backticks.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Further places, with a few words each.
    pub also: Vec<(Span, String)>,
}

impl Finding {
    /// Of a code, with the severity and the help that the table gives it.
    pub(super) fn new(name: &'static str, span: Span, message: impl Into<String>) -> Self {
        let known = code(name);
        Self {
            code: name,
            severity: known.map_or(Severity::Warning, |code| code.severity),
            span,
            line: 0,
            message: message.into(),
            help: known.map_or_else(String::new, |code| code.help.to_owned()),
            also: Vec::new(),
        }
    }

    /// The same with another help.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same with another place.
    pub(super) fn also(mut self, span: Span, words: impl Into<String>) -> Self {
        self.also.push((span, words.into()));
        self
    }
}
