//! A phrase: text with inline markup, independent of the page format.
//!
//! Invariant: pieces hold unescaped text; each page format escapes every piece exactly once.

use super::escape::shorten_first_line;

/// A piece of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PhrasePiece {
    /// Unmarked text.
    Text(String),
    /// Code or another literal, shown in a monospaced font.
    Code(String),
    /// Text to be noticed at a glance.
    Strong(Phrase),
    /// Emphasised text: a note, or something uncertain.
    Emphasis(Phrase),
    /// Link to an anchor on this page (`#…`) or to a file next to it.
    Link(String, Phrase),
    /// Time of day of a deviation.
    Time(String),
}

/// Text with inline markup, built piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<PhrasePiece>);

impl Phrase {
    /// Appends unmarked text; an empty one adds no piece.
    #[must_use]
    pub(super) fn with_text(mut self, words: impl Into<String>) -> Self {
        let words = words.into();
        if !words.is_empty() {
            self.0.push(PhrasePiece::Text(words));
        }
        self
    }

    /// Appends text that somebody else wrote, trimmed.
    #[must_use]
    pub(super) fn with_quote(self, words: &str) -> Self {
        self.with_text(words.trim())
    }

    /// Appends the first line of a text that somebody else wrote, at most `most` characters.
    #[must_use]
    pub(super) fn with_short_quote(self, words: &str, most: usize) -> Self {
        self.with_text(shorten_first_line(words, most))
    }

    #[must_use]
    pub(super) fn with_code(mut self, code: &str) -> Self {
        self.0.push(PhrasePiece::Code(code.to_owned()));
        self
    }

    /// Appends the first line of a code text, at most `most` characters.
    #[must_use]
    pub(super) fn with_short_code(self, code: &str, most: usize) -> Self {
        self.with_code(&shorten_first_line(code, most))
    }

    #[must_use]
    pub(super) fn with_strong(mut self, phrase: impl Into<Phrase>) -> Self {
        self.0.push(PhrasePiece::Strong(phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn with_emphasis(mut self, phrase: impl Into<Phrase>) -> Self {
        self.0.push(PhrasePiece::Emphasis(phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn with_link(mut self, to: impl Into<String>, phrase: impl Into<Phrase>) -> Self {
        self.0.push(PhrasePiece::Link(to.into(), phrase.into()));
        self
    }

    #[must_use]
    pub(super) fn with_time(mut self, time: impl Into<String>) -> Self {
        self.0.push(PhrasePiece::Time(time.into()));
        self
    }

    #[must_use]
    pub(super) fn followed_by(mut self, other: Phrase) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without markup.
    pub(super) fn to_plain_text(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                PhrasePiece::Text(words) | PhrasePiece::Code(words) | PhrasePiece::Time(words) => out.push_str(words),
                PhrasePiece::Strong(phrase) | PhrasePiece::Emphasis(phrase) | PhrasePiece::Link(_, phrase) => {
                    out.push_str(&phrase.to_plain_text());
                }
            }
        }
        out
    }
}

/// A phrase of unmarked text.
pub(super) fn plain_phrase(words: impl Into<String>) -> Phrase {
    Phrase::default().with_text(words)
}

impl From<&str> for Phrase {
    fn from(words: &str) -> Self {
        plain_phrase(words)
    }
}

impl From<String> for Phrase {
    fn from(words: String) -> Self {
        plain_phrase(words)
    }
}
