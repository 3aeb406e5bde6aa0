//! Words with what expansions leave open.
//!
//! Invariant: a text without [`HOLE`] is what bash gives. Refuses to know: what a word means.

use std::ops::Range;

/// Stands for an expansion in a word's text.
pub(crate) const HOLE: char = '\u{fffc}';

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arg {
    /// Quotes removed, each expansion a [`HOLE`].
    pub text: String,
    /// As written.
    pub raw: String,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

impl Arg {
    /// A word made of other words.
    pub(crate) fn made(text: String, span: Range<usize>) -> Self {
        Self { raw: text.clone(), text, span }
    }

    /// Its text, where no expansion makes it.
    pub(crate) fn fixed(&self) -> Option<&str> {
        (!self.text.contains(HOLE)).then_some(self.text.as_str())
    }

    /// As a person reads it: expansions as written.
    pub(crate) fn shown(&self) -> &str {
        if self.text.contains(HOLE) { self.raw.trim_matches('"') } else { &self.text }
    }
}

/// Which way a redirection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// `< file`
    From,
    /// `> file`
    Over,
    /// `>> file`
    Behind,
    /// `<> file`
    Both,
    /// `<<E`, `<<<`: the text itself.
    Text,
    /// `2>&1`
    Copy,
}

/// One redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirection {
    pub flow: Flow,
    pub fd: Option<i32>,
    /// The file, or the text.
    pub target: Arg,
}

/// A simple command in full.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// The program and its words; empty for assignments alone.
    pub words: Vec<Arg>,
    /// Names and values set for it.
    pub assigns: Vec<(String, Arg)>,
    /// Its own redirections.
    pub redirects: Vec<Redirection>,
}
