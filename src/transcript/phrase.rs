//! A phrase: text with inline markup, independent of the page format.
//!
//! Invariant: pieces hold unescaped text; each page format escapes every piece exactly once.

use super::escape::shorten;

/// A piece of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Unmarked text.
    Text(String),
    /// Code or another literal, shown in a monospaced font.
    Code(String),
    /// Text to be noticed at a glance.
    Strong(Phrase),
    /// Emphasised text: a note, or something uncertain.
    Soft(Phrase),
    /// Link to an anchor on this page (`#…`) or to a file next to it.
    Link(String, Phrase),
    /// Time of day of a deviation.
    Time(String),
}

/// Text with inline markup, built piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<Piece>);

impl Phrase {
    /// Appends unmarked text; an empty one adds no piece.
    #[must_use]
    pub(super) fn text(mut self, words: impl Into<String>) -> Self {
        let words = words.into();
        if !words.is_empty() {
            self.0.push(Piece::Text(words));
        }
        self
    }

    /// Appends text that somebody else wrote, trimmed.
    #[must_use]
    pub(super) fn said(self, words: &str) -> Self {
        self.text(words.trim())
    }

    /// Appends the first line of a text that somebody else wrote, at most `most` characters.
    #[must_use]
    pub(super) fn said_short(self, words: &str, most: usize) -> Self {
        self.text(shorten(words, most))
    }

    #[must_use]
    pub(super) fn code(mut self, code: &str) -> Self {
        self.0.push(Piece::Code(code.to_owned()));
        self
    }

    /// Appends the first line of a code text, at most `most` characters.
    #[must_use]
    pub(super) fn code_short(self, code: &str, most: usize) -> Self {
        self.code(&shorten(code, most))
    }

    #[must_use]
    pub(super) fn strong(mut self, phrase: impl Into<Phrase>) -> Self {
        self.0.push(Piece::Strong(phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn soft(mut self, phrase: impl Into<Phrase>) -> Self {
        self.0.push(Piece::Soft(phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn link(mut self, to: impl Into<String>, phrase: impl Into<Phrase>) -> Self {
        self.0.push(Piece::Link(to.into(), phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn time(mut self, time: impl Into<String>) -> Self {
        self.0.push(Piece::Time(time.into()));
        self
    }

    #[must_use]
    pub(super) fn and(mut self, other: Phrase) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without markup.
    pub(super) fn plain(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(words) | Piece::Code(words) | Piece::Time(words) => out.push_str(words),
                Piece::Strong(phrase) | Piece::Soft(phrase) | Piece::Link(_, phrase) => out.push_str(&phrase.plain()),
            }
        }
        out
    }
}

/// A phrase of unmarked text.
pub(super) fn phrase(words: impl Into<String>) -> Phrase {
    Phrase::default().text(words)
}

impl From<&str> for Phrase {
    fn from(words: &str) -> Self {
        phrase(words)
    }
}

impl From<String> for Phrase {
    fn from(words: String) -> Self {
        phrase(words)
    }
}
