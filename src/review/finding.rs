//! A finding: one problem at one position of a document.
//!
//! Invariant: the code of every finding is in the table of codes. Refuses to know: how a finding is shown.

use super::codes::find_code;
use super::severity::Severity;
use crate::document::Span;

/// A problem that the author or the operator should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the code in [`super::CODES`].
    pub code: &'static str,
    /// Severity of the code.
    pub severity: Severity,
    /// Range of bytes in the document.
    pub span: Span,
    /// Line in the document, from 1; 0 until the review is complete.
    pub line: u32,
    /// The problem, with the offending text in backticks.
    pub message: String,
    /// Advice for the author.
    pub help: String,
    /// Further ranges that belong to the problem, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Finding {
    /// Makes a finding with the severity and the help of its code.
    pub(super) fn new(name: &'static str, span: Span, message: impl Into<String>) -> Self {
        let known = find_code(name);
        Self {
            code: name,
            severity: known.map_or(Severity::Warning, |code| code.severity),
            span,
            line: 0,
            message: message.into(),
            help: known.map_or_else(String::new, |code| code.help.to_owned()),
            related: Vec::new(),
        }
    }

    /// Replaces the help of the code.
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a further range, described by `words`.
    pub(super) fn with_related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }
}
