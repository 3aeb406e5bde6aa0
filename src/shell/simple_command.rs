//! Simple commands with every word in full, where a mark replaces each expansion.
//!
//! Invariant: a text without expansion marks is exactly what bash passes on. Refuses to know: what a word means.

use std::ops::Range;

/// Replaces an expansion in the text of a word: the expansion mark.
pub(crate) const EXPANSION_MARK: char = '\u{fffc}';

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandWord {
    /// Text with quotes removed and each expansion replaced by an expansion mark.
    pub text: String,
    /// Text as written.
    pub raw: String,
    /// Byte range in the command's text.
    pub span: Range<usize>,
}

impl CommandWord {
    /// A word that does not stand in the text by itself, such as one joined from several words.
    pub(crate) fn from_text(text: String, span: Range<usize>) -> Self {
        Self { raw: text.clone(), text, span }
    }

    /// The text, if it contains no expansion.
    pub(crate) fn fixed_text(&self) -> Option<&str> {
        (!self.text.contains(EXPANSION_MARK)).then_some(self.text.as_str())
    }

    /// The text for messages, with expansions as written.
    pub(crate) fn display_text(&self) -> &str {
        if self.text.contains(EXPANSION_MARK) { self.raw.trim_matches('"') } else { &self.text }
    }
}

/// Kind of a redirection, by its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RedirectionKind {
    /// `< file`
    Read,
    /// `> file`
    Overwrite,
    /// `>> file`
    Append,
    /// `<> file`
    ReadWrite,
    /// `<<E` or `<<<`: the target is the text itself, not a file.
    HereText,
    /// `2>&1`
    Duplicate,
}

/// One redirection of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirection {
    pub kind: RedirectionKind,
    pub fd: Option<i32>,
    /// The file, the descriptor, or the text.
    pub target: CommandWord,
}

/// One simple command with all words, assignments and redirections.
#[derive(Clone, Debug, Default)]
pub(crate) struct DetailedCommand {
    /// The program and its arguments. Empty if the command only assigns variables.
    pub words: Vec<CommandWord>,
    /// Variable names and values that are set before the program.
    pub assignments: Vec<(String, CommandWord)>,
    /// Redirections of this command, not of a compound command around it.
    pub redirections: Vec<Redirection>,
}
