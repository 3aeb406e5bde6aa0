//! A text into complete commands, comments, and what is neither.
//!
//! Invariant: the parts are in order, do not overlap and leave out only blank lines; each command is complete as bash's
//! own reader would have it; a line that is no shell takes its paragraph with it and nothing more. Refuses to know:
//! prompts and output, which the document has taken away before.

use super::masking::Masked;
use super::reading::Reading;
use super::{Comment, Facts, LineRange, NotShell, Part, ShellCommand};
use super::{describe, limits, second, shuck};
use std::borrow::Cow;
use std::ops::Range;

/// How many bytes may be read in vain for one text, before each further fragment is one line.
const PATIENCE: usize = 2 * 1024 * 1024;

/// Splits a text. Lines that end in CR LF are read, and given back, as if they ended in LF.
pub fn split(text: &str) -> Vec<Part> {
    let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if text.len() > limits::LONGEST {
        return whole(&text, "longer than 256 KiB");
    }
    limits::with_room(&text, || Splitter::new(&text).run()).unwrap_or_else(|| whole(&text, "no room to read it"))
}

/// The whole text as no shell.
fn whole(text: &str, reason: &str) -> Vec<Part> {
    let mut splitter = Splitter::new(text);
    splitter.refuse(0..splitter.lines.len(), reason);
    splitter.parts
}

struct Splitter<'a> {
    text: &'a str,
    lines: Vec<Range<usize>>,
    parts: Vec<Part>,
    patience: usize,
}

/// What became of a fragment.
enum Attempt {
    Complete(Box<Facts>, Option<String>),
    Incomplete(String),
    Hopeless(String),
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            lines.push(start..start + line.len());
            start += line.len() + 1;
        }
        Self { text, lines, parts: Vec::new(), patience: PATIENCE }
    }

    fn run(mut self) -> Vec<Part> {
        let mut at = 0;
        while at < self.lines.len() {
            let line = self.line(at);
            if is_blank(line) {
                at += 1;
            } else if let Some(comment) = line.trim_start_matches([' ', '\t']).strip_prefix('#') {
                let text = comment.trim_start_matches('#').trim().to_owned();
                self.parts.push(Part::Comment(Comment { line: at, text }));
                at += 1;
            } else {
                at = self.command(at);
            }
        }
        self.parts
    }

    fn line(&self, at: usize) -> &'a str {
        self.lines.get(at).and_then(|range| self.text.get(range.clone())).unwrap_or("")
    }

    /// The text of the lines from `first` to before `end`.
    fn fragment(&self, first: usize, end: usize) -> &'a str {
        let start = self.lines.get(first).map_or(0, |range| range.start);
        let stop = end.checked_sub(1).and_then(|last| self.lines.get(last)).map_or(start, |range| range.end);
        self.text.get(start..stop).unwrap_or("")
    }

    /// One command from `first` on, or a paragraph that is none. Returns the line after it.
    fn command(&mut self, first: usize) -> usize {
        let mut reason = None;
        let last = self.lines.len().min(first + limits::MOST_LINES);
        for end in first + 1..=last {
            let text = self.fragment(first, end);
            match attempt(text) {
                Attempt::Complete(facts, note) => return self.accept(first..end, *facts, note),
                Attempt::Incomplete(why) => reason = reason.or(Some(why)),
                // Behind an unfinished first line an error may yet be mended.
                Attempt::Hopeless(why) => {
                    let on_its_own = reason.is_none();
                    reason = reason.or(Some(why));
                    if on_its_own {
                        break;
                    }
                }
            }
            self.patience = self.patience.saturating_sub(text.len());
            if self.patience == 0 {
                break;
            }
        }
        if let Some((end, facts)) = self.retry(first, last) {
            return self.accept(first..end, facts, None);
        }
        let end = self.paragraph(first);
        self.refuse(first..end, &reason.unwrap_or_else(|| "no shell".to_owned()));
        end
    }

    fn accept(&mut self, lines: Range<usize>, facts: Facts, note: Option<String>) -> usize {
        let text = self.fragment(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(Part::Command(Box::new(ShellCommand { lines: range, text, note, facts })));
        lines.end
    }

    /// What the first parser is known to refuse although bash takes it: the second one decides, and the command is opaque.
    fn retry(&mut self, first: usize, last: usize) -> Option<(usize, Facts)> {
        let line = self.line(first);
        let known =
            line.contains('}') || ["for ", "select ", "coproc "].iter().any(|k| line.trim_start().starts_with(k));
        if !known {
            return None;
        }
        for end in first + 1..=last {
            let text = self.fragment(first, end);
            if self.patience == 0 || limits::depth(text) > limits::DEEPEST {
                return None;
            }
            self.patience = self.patience.saturating_sub(text.len());
            let masked = Masked::new(text);
            let goes_on = |tail: &str| second::signature(&format!("{}\n{tail}\n", masked.masked())).is_ok();
            if !ends_in_backslash(text) && second::signature(masked.masked()).is_ok() && !goes_on("fi") {
                return Some((end, describe::opaque(text, "only one of the two parsers reads it".to_owned())));
            }
        }
        None
    }

    /// Where the paragraph that begins at `first` ends: at a blank line or a comment.
    fn paragraph(&self, first: usize) -> usize {
        let mut end = first + 1;
        while ends_in_backslash(self.line(end - 1)) && end < self.lines.len() {
            end += 1;
        }
        while end < self.lines.len() {
            let line = self.line(end);
            if is_blank(line) || line.trim_start_matches([' ', '\t']).starts_with('#') {
                break;
            }
            end += 1;
        }
        end
    }

    fn refuse(&mut self, lines: Range<usize>, reason: &str) {
        let mut lines = lines;
        while lines.start < lines.end && is_blank(self.line(lines.end - 1)) {
            lines.end -= 1;
        }
        while lines.start < lines.end && is_blank(self.line(lines.start)) {
            lines.start += 1;
        }
        if lines.is_empty() {
            return;
        }
        let text = self.fragment(lines.start, lines.end).to_owned();
        let range = LineRange { first: lines.start, last: lines.end - 1 };
        self.parts.push(Part::NotShell(NotShell { lines: range, text, reason: reason.to_owned() }));
    }
}

/// Tries a fragment.
fn attempt(text: &str) -> Attempt {
    let last_line = text.rsplit('\n').next().unwrap_or(text);
    let continued = ends_in_backslash(last_line);
    if continued && !last_line.contains('#') {
        return Attempt::Incomplete("a backslash with nothing after it".to_owned());
    }
    if limits::depth(text) > limits::DEEPEST {
        return Attempt::Hopeless("nested more than 100 deep".to_owned());
    }
    let masked = Masked::new(text);
    let reading = match shuck::read(&masked) {
        Ok(reading) => reading,
        Err(refusal) if refusal.hopeless => return Attempt::Hopeless(refusal.message),
        Err(refusal) => return Attempt::Incomplete(refusal.message),
    };
    let in_comment = reading.comments.iter().any(|comment| comment.end >= text.len());
    if continued && !in_comment {
        return Attempt::Incomplete("a backslash with nothing after it".to_owned());
    }
    if let Some(reason) = open(masked.masked(), &reading) {
        return Attempt::Incomplete(reason.to_owned());
    }
    let note = note(text, &reading);
    Attempt::Complete(Box::new(describe::facts(&masked, reading)), note)
}

/// What the first parser leaves open without a word: whatever would still close it must be refused.
fn open(text: &str, reading: &Reading) -> Option<&'static str> {
    let goes_on = |tail: &str| shuck::accepts(&format!("{text}\n{tail}\n"));
    if reading.crowded {
        return Some("two commands on a line with nothing between them");
    }
    if text.contains("<<") && goes_on("fi") {
        return Some("a heredoc that never ends");
    }
    if text.contains("=(") && goes_on(")") {
        return Some("an array that never ends");
    }
    (text.contains("${") && goes_on("}")).then_some("a `${` that never ends")
}

/// The comment behind the last line, else behind the first.
fn note(text: &str, reading: &Reading) -> Option<String> {
    let line_of = |at: usize| {
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        (start, text.get(start..at).unwrap_or(""))
    };
    let last_start = text.rfind('\n').map_or(0, |newline| newline + 1);
    let mut notes = reading.comments.iter().filter(|comment| {
        let (start, before) = line_of(comment.start);
        (start == 0 || start == last_start) && !is_blank(before)
    });
    let first = notes.next()?;
    let chosen = notes.next_back().unwrap_or(first);
    let words = text.get(chosen.clone())?.trim_start_matches('#').trim();
    (!words.is_empty()).then(|| words.to_owned())
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|b| b.is_ascii_whitespace())
}

/// An odd number of backslashes joins the next line.
fn ends_in_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}
