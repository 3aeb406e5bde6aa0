//! The keys of a question: what each does, and how it is described.
//!
//! Invariant: a key that is not in the menu does nothing, and one with a hint changes nothing. Refuses to know: which
//! question it belongs to.

use super::keys::PressedKey;
use super::look::TerminalLook;
use crate::ports::Reply;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::display_width;
use std::fmt::Write as _;

/// The effect of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyAction {
    /// Answers the question with this reply.
    Reply(Reply),
    /// Opens the command in the editor; the changed command is the answer.
    EditCommand,
    /// Opens a message in the editor; the changed text is the answer.
    EditMessage,
    /// Asks for this name and runs the command if it is typed. Anything else declines the command.
    ConfirmByName(String),
    /// Asks for a note.
    TakeNote,
    /// Asks for an own command.
    TypeOwnCommand,
    /// Asks what was done about the incident and records it. The question stays open.
    UpdateIncident,
    /// Asks for a reason, and skips.
    SkipWithReason,
    /// Asks for a description, and marks as done.
    DoneWithWords,
    /// Writes this hint. The question stays open.
    Hint(String),
}

/// A key and its effect.
#[derive(Clone, Debug)]
pub(super) struct MenuEntry {
    pub(super) key: PressedKey,
    /// Words for the legend; empty if the key is not listed there.
    pub(super) label: &'static str,
    /// Words for the help; empty if the key is not listed there.
    pub(super) help: &'static str,
    pub(super) action: KeyAction,
}

/// The keys of one question, in the order of the legend.
#[derive(Clone, Debug)]
pub(super) struct KeyMenu {
    pub(super) entries: Vec<MenuEntry>,
    /// The text that `e` opens.
    pub(super) text: String,
}

impl KeyMenu {
    pub(super) fn new(text: &str) -> Self {
        Self { entries: Vec::new(), text: text.to_owned() }
    }

    /// Adds a letter or sign.
    pub(super) fn with_key(mut self, key: char, label: &'static str, help: &'static str, action: KeyAction) -> Self {
        self.entries.push(MenuEntry { key: PressedKey::Char(key), label, help, action });
        self
    }

    /// Adds the Enter key.
    pub(super) fn with_enter(mut self, label: &'static str, help: &'static str, action: KeyAction) -> Self {
        self.entries.push(MenuEntry { key: PressedKey::Enter, label, help, action });
        self
    }

    pub(super) fn find_entry(&self, key: PressedKey) -> Option<&MenuEntry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// One line with the keys and their labels, wrapped if necessary.
    pub(super) fn render_legend(&self, look: TerminalLook, columns: usize) -> String {
        let mut spans = Vec::new();
        let named = self.entries.iter().filter(|entry| !entry.label.is_empty());
        let named = named.map(|entry| (key_name(entry.key), entry.label)).chain([("?".to_owned(), "help")]);
        for (i, (key, label)) in named.enumerate() {
            if i > 0 {
                spans.push(StyledSpan::new(Style::Dim, look.glyphs.item_separator()));
            }
            spans.push(StyledSpan::new(Style::Key, key));
            // Hard blanks keep the label and its key on one line.
            spans.push(StyledSpan::new(Style::Prose, format!(" {label}").replace(' ', "\u{a0}")));
        }
        look.render_paragraph(&spans, columns, "")
    }

    /// Every key with its help, one a line.
    pub(super) fn render_help(&self, look: TerminalLook, columns: usize) -> String {
        let mut out = String::new();
        for entry in self.entries.iter().filter(|entry| !entry.help.is_empty()) {
            let name = key_name(entry.key);
            let pad = " ".repeat(8_usize.saturating_sub(display_width(&name)));
            let spans = [StyledSpan::new(Style::Prose, entry.help)];
            let text = look.render_paragraph(&spans, columns, "          ");
            let text = text.trim_start();
            // Writing to a string cannot fail.
            let _: std::fmt::Result = write!(out, "  {}{pad}{text}", look.paint_text(Style::Key, &name));
        }
        let more = "Ctrl-L shows the question again. Ctrl-C ends a running command only; here, pressed twice, it stops the run.";
        out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, more)], columns, "  "));
        out
    }
}

fn key_name(key: PressedKey) -> String {
    match key {
        PressedKey::Enter => "Enter".to_owned(),
        PressedKey::Char(c) => c.to_string(),
        PressedKey::Interrupt => "Ctrl-C".to_owned(),
        PressedKey::EndOfInput => "Ctrl-D".to_owned(),
        PressedKey::Redraw => "Ctrl-L".to_owned(),
        PressedKey::Other => String::new(),
    }
}
