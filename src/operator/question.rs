//! A question answered by one key: which keys there are, what each does, what is said of it.
//!
//! Invariant: a key that is not in the list does nothing, and one that stands for a hint changes nothing.

use super::keys::Key;
use super::look::Look;
use crate::ports::Reply;
use crate::term::Span;
use crate::term::Style;
use crate::term::width;
use std::fmt::Write as _;

/// What a key does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Answers.
    Reply(Reply),
    /// Opens the command for a change; the changed one is the answer.
    Edit,
    /// The same with a text that is no command.
    EditText,
    /// Asks for this name to be typed, and runs; anything else declines.
    Typed(String),
    /// Asks for a note.
    Note,
    /// Asks for a command of one's own.
    Own,
    /// Asks what was done about the incident, and has it recorded.
    Incident,
    /// Asks why, and skips.
    SkipBecause,
    /// Asks how, and marks as done.
    DoneBy,
    /// Says something and waits on.
    Hint(String),
}

/// A key of a question.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    /// What it does, in the line of keys; empty: it is not named there.
    pub(super) label: &'static str,
    /// What it does, in the help.
    pub(super) help: &'static str,
    pub(super) action: Action,
}

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) entries: Vec<Entry>,
    /// What `e` begins with.
    pub(super) text: String,
}

impl Question {
    pub(super) fn new(text: &str) -> Self {
        Self { entries: Vec::new(), text: text.to_owned() }
    }

    /// Adds a letter.
    pub(super) fn key(mut self, key: char, label: &'static str, help: &'static str, action: Action) -> Self {
        self.entries.push(Entry { key: Key::Char(key), label, help, action });
        self
    }

    /// Adds Enter.
    pub(super) fn enter(mut self, label: &'static str, help: &'static str, action: Action) -> Self {
        self.entries.push(Entry { key: Key::Enter, label, help, action });
        self
    }

    /// What a key does.
    pub(super) fn find(&self, key: Key) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The line of keys.
    pub(super) fn legend(&self, look: Look, columns: usize) -> String {
        let mut spans = Vec::new();
        let named = self.entries.iter().filter(|entry| !entry.label.is_empty());
        let named = named.map(|entry| (key_name(entry.key), entry.label)).chain([("?".to_owned(), "help")]);
        for (i, (key, label)) in named.enumerate() {
            if i > 0 {
                spans.push(Span::new(Style::Dim, look.glyphs.dot()));
            }
            spans.push(Span::new(Style::Key, key));
            // The label stays with its key on one line.
            spans.push(Span::new(Style::Prose, format!(" {label}").replace(' ', "\u{a0}")));
        }
        look.paragraph(&spans, columns, "")
    }

    /// Every key with what it does.
    pub(super) fn help(&self, look: Look, columns: usize) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().filter(|entry| !entry.help.is_empty()) {
            let name = key_name(entry.key);
            let pad = " ".repeat(8_usize.saturating_sub(width(&name)));
            let spans = [Span::new(Style::Prose, entry.help)];
            let text = look.paragraph(&spans, columns, "          ");
            let text = text.trim_start();
            // Writing to a string cannot fail.
            let _: std::fmt::Result = write!(out, "  {}{pad}{text}", look.paint(Style::Key, &name));
        }
        let more = "Ctrl-L shows the question again. Ctrl-C ends a running command only; here, pressed twice, it stops the run.";
        out.push_str(&look.paragraph(&[Span::new(Style::Dim, more)], columns, "  "));
        out
    }
}

fn key_name(key: Key) -> String {
    match key {
        Key::Enter => "Enter".to_owned(),
        Key::Char(c) => c.to_string(),
        Key::Interrupt => "Ctrl-C".to_owned(),
        Key::End => "Ctrl-D".to_owned(),
        Key::Redraw => "Ctrl-L".to_owned(),
        Key::Other => String::new(),
    }
}
