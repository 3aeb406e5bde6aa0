//! A text cut into words without a parser: for texts that no parser reads yet.
//!
//! Invariant: lexical, total and linear. A wrong cut makes a word look like a value or not; it never changes what runs.
//! Refuses to know: what words mean.

use super::vocabulary as words;
use std::ops::Range;

/// How a byte is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteReading {
    Bare,
    Single,
    Double,
    Comment,
    Heredoc,
}

/// A word of a command, as far as it can be told without a parser.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub span: Range<usize>,
    /// It names the program.
    pub first: bool,
    /// It stands in a heredoc.
    pub heredoc: bool,
    /// The program it is given to.
    pub program: Range<usize>,
    /// The word before it.
    pub before: Range<usize>,
}

/// A text with the reading of each byte.
pub(super) struct LexedText<'a> {
    text: &'a str,
    quotes: Vec<ByteReading>,
}

impl<'a> LexedText<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, quotes: classify_bytes(text) }
    }

    pub(super) fn is_comment_at(&self, at: usize) -> bool {
        self.quotes.get(at) == Some(&ByteReading::Comment)
    }

    pub(super) fn split_words(&self) -> Vec<Word> {
        let bytes = self.text.as_bytes();
        let mut words: Vec<Word> = Vec::new();
        let (mut start, mut first, mut program, mut before) = (None, true, 0..0, 0..0);
        for at in 0..=bytes.len() {
            let quote = self.quotes.get(at).copied().unwrap_or(ByteReading::Bare);
            let byte = bytes.get(at).copied().unwrap_or(b'\n');
            let escaped = at > 0 && bytes.get(at - 1) == Some(&b'\\') && quote == ByteReading::Bare;
            let blank = matches!(quote, ByteReading::Bare | ByteReading::Heredoc) && byte.is_ascii_whitespace();
            let operator = quote == ByteReading::Bare && b";|&()<>".contains(&byte) && !escaped;
            if !(blank || operator || quote == ByteReading::Comment || at == bytes.len()) {
                start.get_or_insert(at);
                continue;
            }
            if let Some(from) = start.take() {
                let heredoc = self.quotes.get(from) == Some(&ByteReading::Heredoc);
                let span = from..at;
                let text = self.text.get(span.clone()).unwrap_or("");
                let names = first && !heredoc && !is_assignment(text);
                words.push(Word {
                    span: span.clone(),
                    first: names,
                    heredoc,
                    program: program.clone(),
                    before: before.clone(),
                });
                if names && !words::WRAPPERS.contains(&base_name(text)) && !words::KEYWORDS.contains(&text) {
                    first = false;
                    program = span.clone();
                }
                before = span;
            }
            let continued = byte == b'\n' && at > 0 && bytes.get(at - 1) == Some(&b'\\');
            let ends_line = byte == b'\n' && !continued && quote != ByteReading::Heredoc;
            if (operator && !matches!(byte, b'<' | b'>')) || ends_line {
                first = true;
                program = 0..0;
            }
        }
        words
    }
}

/// The reading of each byte; a heredoc is read by its first line alone.
fn classify_bytes(text: &str) -> Vec<ByteReading> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut state = ByteReading::Bare;
    let mut heredocs: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut wide = 1;
        let mut now = state;
        match (state, byte) {
            (ByteReading::Bare | ByteReading::Double, b'\\') => wide = 2,
            (ByteReading::Bare, b'\'') => (state, now) = (ByteReading::Single, ByteReading::Single),
            (ByteReading::Bare, b'"') => (state, now) = (ByteReading::Double, ByteReading::Double),
            (ByteReading::Single, b'\'') | (ByteReading::Double, b'"') => state = ByteReading::Bare,
            (ByteReading::Bare, b'#') if at == 0 || bytes.get(at - 1).is_some_and(|b| b" \t\n;&|(".contains(b)) => {
                (state, now) = (ByteReading::Comment, ByteReading::Comment);
            }
            (ByteReading::Comment, b'\n') => (state, now) = (ByteReading::Bare, ByteReading::Bare),
            (ByteReading::Bare, b'<') if bytes.get(at + 1) == Some(&b'<') => {
                wide = if bytes.get(at + 2) == Some(&b'<') { 3 } else { 2 };
                if wide == 2 {
                    heredocs.extend(heredoc_delimiter(text, at + 2));
                }
            }
            _ => {}
        }
        out.extend(std::iter::repeat_n(now, wide.min(bytes.len() - at)));
        at += wide;
        if byte == b'\n' && state == ByteReading::Bare {
            for word in std::mem::take(&mut heredocs) {
                let len = heredoc_length(text.get(at..).unwrap_or(""), word);
                out.extend(std::iter::repeat_n(ByteReading::Heredoc, len));
                at += len;
            }
        }
    }
    out
}

/// How long a heredoc is, its last line included.
fn heredoc_length(text: &str, word: &str) -> usize {
    let mut len = 0;
    for line in text.split_inclusive('\n') {
        len += line.len();
        if line.trim_matches(['\t', '\n', '\r']) == word {
            break;
        }
    }
    len
}

fn heredoc_delimiter(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches([' ', '\t']);
    let rest = rest.trim_start_matches(['\'', '"', '\\']);
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|word| !word.is_empty())
}

/// A program's name without its folder.
pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
