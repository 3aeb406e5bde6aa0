//! The line that `Ctrl-]` opens while a command runs.
//!
//! Invariant: nothing of it reaches the command, and the command goes on meanwhile. Refuses to know: what is done about it.

use super::at_terminal::AtTerminal;
use super::keys::Key;
use super::lines::{Line, Purpose};
use crate::ports::LineAction;
use crate::term::Style;

const MENU: &str = "the command goes on: n note · s stop it · d detach · ] send it Ctrl-] · Enter back to it";

impl AtTerminal {
    pub(super) fn ask_engine_line(&mut self) -> LineAction {
        self.end_live();
        let separator = self.look.glyphs.dot();
        let incident = if self.pager.is_some() { " · @ incident" } else { "" };
        let menu = self.look.paint(Style::Dim, &format!("{MENU}{incident}").replace(" · ", separator));
        self.write(&format!("\n{menu} "));
        let key = self.keys.begin().and_then(|()| self.keys.next(None));
        self.keys.end();
        self.write("\n");
        match key {
            Ok(Some(Key::Char('n'))) => match self.line("note: ", "", Purpose::Words) {
                Ok(Line::Text(text)) if !text.trim().is_empty() => LineAction::Note(text),
                _ => LineAction::GoOn,
            },
            Ok(Some(Key::Char('@'))) => {
                // A terminal that is gone shows at the next question.
                drop(self.incident_line());
                LineAction::GoOn
            }
            Ok(Some(Key::Char('s'))) => LineAction::Stop,
            Ok(Some(Key::Char('d'))) => LineAction::Detach,
            Ok(Some(Key::Char(']'))) => LineAction::Pass,
            _ => LineAction::GoOn,
        }
    }
}
