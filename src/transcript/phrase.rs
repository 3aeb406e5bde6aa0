//! A phrase: text with marks, before it is Markdown, HTML or plain.
//!
//! Invariant: what it is made of is kept apart from how it is marked up, so a page escapes each piece in its own way, once.

use super::escape::shorten;

/// A part of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words.
    Text(String),
    /// What a program reads.
    Code(String),
    /// What must catch the eye.
    Strong(Phrase),
    /// What is less sure, or spoken.
    Soft(Phrase),
    /// A way to another place: of this page with `#`, of this folder otherwise.
    Link(String, Phrase),
    /// A deviation's time.
    Time(String),
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<Piece>);

impl Phrase {
    /// Our own words.
    #[must_use]
    pub(super) fn text(mut self, words: impl Into<String>) -> Self {
        let words = words.into();
        if !words.is_empty() {
            self.0.push(Piece::Text(words));
        }
        self
    }

    /// Words of somebody else's, without the blanks around them.
    #[must_use]
    pub(super) fn said(self, words: &str) -> Self {
        self.text(words.trim())
    }

    /// Words of somebody else's, their first line, shortened.
    #[must_use]
    pub(super) fn said_short(self, words: &str, most: usize) -> Self {
        self.text(shorten(words, most))
    }

    #[must_use]
    pub(super) fn code(mut self, code: &str) -> Self {
        self.0.push(Piece::Code(code.to_owned()));
        self
    }

    /// Code, its first line, shortened.
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

    /// Its words alone.
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

/// A phrase of our own words.
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
