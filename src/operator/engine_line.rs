//! The menu that `Ctrl-]` opens while a command runs.
//!
//! Invariant: no key of the menu reaches the command, and the command keeps running. Refuses to know: how an action is
//! carried out.

use super::at_terminal::TerminalOperator;
use super::keys::PressedKey;
use super::lines::{EnteredLine, LinePurpose};
use crate::ports::LineAction;
use crate::term::Style;

const MENU: &str = "the command goes on: n note · s stop it · d detach · ] send it Ctrl-] · Enter back to it";

impl TerminalOperator {
    pub(super) fn ask_engine_line(&mut self) -> LineAction {
        self.finish_live_output();
        let separator = self.look.glyphs.item_separator();
        let incident = if self.incident.is_some() { " · @ incident" } else { "" };
        let menu = self.look.paint_text(Style::Dim, &format!("{MENU}{incident}").replace(" · ", separator));
        self.write_text(&format!("\n{menu} "));
        let key = self.keys.begin_reading().and_then(|()| self.keys.read_key(None));
        self.keys.end_reading();
        self.write_text("\n");
        match key {
            Ok(Some(PressedKey::Char('n'))) => match self.ask_plain_line("note: ", "", LinePurpose::FreeText) {
                Ok(EnteredLine::Text(text)) if !text.trim().is_empty() => LineAction::Note(text),
                _ => LineAction::GoOn,
            },
            Ok(Some(PressedKey::Char('@'))) => {
                // If the terminal is gone, the next question fails with the reason.
                drop(self.ask_incident_line());
                LineAction::GoOn
            }
            Ok(Some(PressedKey::Char('s'))) => LineAction::Stop,
            Ok(Some(PressedKey::Char('d'))) => LineAction::Detach,
            Ok(Some(PressedKey::Char(']'))) => LineAction::Pass,
            _ => LineAction::GoOn,
        }
    }
}
