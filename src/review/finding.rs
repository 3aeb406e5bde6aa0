//! One finding.
//!
//! Invariant: its code stands in the table. Refuses to know: how it is shown.

use super::codes::code;
use super::severity::Severity;
use crate::document::Span;

/// One finding of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of one of [`CODES`](super::codes::CODES).
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The bytes of the document it is about.
    pub span: Span,
    /// Line in the document, from 1.
    pub line: u32,
    /// Message with the thing found in backticks.
    pub message: String,
    /// Advice for the author, in the imperative.
    pub help: String,
    /// Further places, with a few words each.
    pub also: Vec<(Span, String)>,
}

impl Finding {
    /// Makes a finding with the severity and the help of its code.
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

    /// Replaces the help of the code by a more exact one.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a related place in the document, with a few words about it.
    pub(super) fn also(mut self, span: Span, words: impl Into<String>) -> Self {
        self.also.push((span, words.into()));
        self
    }
}
