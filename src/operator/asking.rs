//! Asking one question by key, from the status line to the answer.
//!
//! Invariant: only a key of the question answers it. For any other key a hint appears and the question stays open. Refuses to
//! know: what the question is about.

use super::at_terminal::TerminalOperator;
use super::display;
use super::incident::REMINDER_INTERVAL;
use super::key_menu::{KeyAction, KeyMenu};
use super::keys::PressedKey;
use super::lines::{EnteredLine, LinePurpose};
use super::unfinished::UnfinishedCommand;
use crate::history::CommandState;
use crate::plan::Consent;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::ports::StepPosition;
use crate::term::CLEAR_SCREEN;
use crate::term::Style;
use crate::term::sanitize_code;

/// Input of the operator at a question.
enum Press {
    Key(PressedKey),
    Redraw,
    /// Ctrl-D, or Ctrl-C twice.
    Stop,
}

impl TerminalOperator {
    /// Discards what was typed before, and shows the status line unless it is visible. Then names the unresolved commands
    /// (again, if `name_all`) and shows due reminders of the incident.
    pub(super) fn begin_question(&mut self, standing: &StepPosition<'_>, name_all: bool) {
        self.keys.discard_typed_ahead();
        let columns = self.text_columns();
        let incident = self.incident_clock();
        let header = display::render_header(standing, incident.as_deref(), self.look, columns);
        if self.visible.update_header(header) {
            self.write_text(&format!("\n{}", self.visible.current_header()));
        }
        let unnamed = self.visible.name_commands(&standing.unresolved, name_all);
        let titles = &self.step_titles;
        let title = |command: &CommandState| {
            titles
                .get(&command.started.step)
                .cloned()
                .unwrap_or_else(|| display::format_location("line", command.started.line))
        };
        let earlier = display::render_unresolved(&unnamed, &title, self.look, columns);
        self.write_text(&earlier);
        let due = self.due_lines();
        self.write_text(&due);
    }

    /// Asks with one key, and for the lines that a key asks for. `body` is shown above the keys.
    pub(super) fn ask_by_key(&mut self, menu: &KeyMenu, body: &str) -> Result<Reply, OperatorError> {
        self.keys.begin_reading()?;
        let with_incident;
        let menu = if self.incident.is_some() {
            let help = "records what was done about the incident: a status update, an escalation, a milestone";
            with_incident = menu.clone().with_key('@', "incident", help, KeyAction::UpdateIncident);
            &with_incident
        } else {
            menu
        };
        let reply = self.await_reply(menu, body);
        self.keys.end_reading();
        reply
    }

    fn await_reply(&mut self, menu: &KeyMenu, body: &str) -> Result<Reply, OperatorError> {
        let legend = |this: &Self| menu.render_legend(this.look, this.text_columns());
        self.write_text(&format!("{body}{}", legend(self)));
        loop {
            let key = match self.read_press()? {
                Press::Stop => return Ok(Reply::Stop),
                Press::Redraw => {
                    let clear = if self.look.can_move_cursor { CLEAR_SCREEN } else { "\n" };
                    self.write_text(&format!("{clear}{}{body}{}", self.visible.current_header(), legend(self)));
                    continue;
                }
                Press::Key(PressedKey::Char('?')) => {
                    self.echo_label("help");
                    self.write_text(&format!("{}{}", menu.render_help(self.look, self.text_columns()), legend(self)));
                    continue;
                }
                Press::Key(key) => key,
            };
            let Some(entry) = menu.find_entry(key) else {
                self.write_hint("that key does nothing here; ? lists those that do");
                continue;
            };
            if let Some(reply) = self.perform_action(&entry.action, entry.label, &menu.text)? {
                return Ok(reply);
            }
        }
    }

    /// Performs the action of a key on `text`. None if the question stays open.
    fn perform_action(&mut self, action: &KeyAction, label: &str, text: &str) -> Result<Option<Reply>, OperatorError> {
        let reply = match action {
            KeyAction::Hint(text) => {
                self.write_hint(text);
                None
            }
            KeyAction::Reply(reply) => {
                self.echo_label(label);
                Some(reply.clone())
            }
            KeyAction::EditCommand => self.edit_command(text)?,
            KeyAction::EditMessage => self.edit_message(text)?.map(Reply::Edit),
            KeyAction::ConfirmByName(name) => Some(self.confirm_by_name(name)?),
            KeyAction::TakeNote => self.ask_for_words("note: ")?.map(Reply::Note),
            KeyAction::TypeOwnCommand => self.type_command(UnfinishedCommand::own_command())?,
            KeyAction::UpdateIncident => {
                self.ask_incident_line()?;
                None
            }
            KeyAction::SkipWithReason => self.ask_for_words("skip, because: ")?.map(Reply::Skip),
            KeyAction::DoneWithWords => self.ask_for_words("done, how: ")?.map(Reply::Done),
        };
        Ok(reply)
    }

    /// Asks for the name of what is at stake. Any other text declines the command.
    fn confirm_by_name(&mut self, name: &str) -> Result<Reply, OperatorError> {
        let shown = sanitize_code(name).into_owned();
        match self.ask_plain_line(&format!("type {shown} to run it: "), "", LinePurpose::FreeText)? {
            EnteredLine::Text(text) if text.trim() == shown.trim() => Ok(Reply::Run(Consent::Typed(name.to_owned()))),
            _ => {
                self.write_hint("that is not the name, so it is not run");
                Ok(Reply::Decline)
            }
        }
    }

    fn edit_command(&mut self, text: &str) -> Result<Option<Reply>, OperatorError> {
        let initial = self.escape_for_editing(text);
        self.type_command(UnfinishedCommand::edit_of(initial))
    }

    /// Opens a message in the editor. None if it was not changed.
    fn edit_message(&mut self, text: &str) -> Result<Option<String>, OperatorError> {
        let initial = self.escape_for_editing(text);
        let EnteredLine::Text(changed) = self.ask_plain_line("edit: ", &initial, LinePurpose::Message)? else {
            self.write_hint("not changed");
            return Ok(None);
        };
        Ok(self.accept_change(&initial, changed))
    }

    /// Writes out control characters, since the editor does not show them, and says so.
    fn escape_for_editing(&mut self, text: &str) -> String {
        let initial = sanitize_code(text.trim_end_matches('\n')).into_owned();
        if initial != text.trim_end_matches('\n') {
            self.write_hint(
                "characters that cannot be seen are written out in the text to edit, as `^[` or `<U+200B>`",
            );
        }
        initial
    }

    /// The edited text; none, with a hint, if it is blank or the same as before.
    pub(super) fn accept_change(&mut self, initial: &str, text: String) -> Option<String> {
        if text == initial || text.trim().is_empty() {
            self.write_hint(if text == initial { "not changed" } else { "there is no command in it" });
            return None;
        }
        Some(text)
    }

    /// Writes the prompt and reads the next key that was pressed deliberately.
    fn read_press(&mut self) -> Result<Press, OperatorError> {
        let prompt = self.look.paint_text(Style::Key, self.look.glyphs.prompt_sign());
        self.write_text(&prompt);
        loop {
            self.writer.ensure_usable()?;
            let key = match self.keys.take_queued() {
                Some(key) => key,
                None => self.wait_for_key(&prompt)?,
            };
            match key {
                PressedKey::Other => {}
                PressedKey::Redraw => return Ok(Press::Redraw),
                PressedKey::EndOfInput => {
                    self.echo_label("stop");
                    return Ok(Press::Stop);
                }
                PressedKey::Interrupt => {
                    if self.keys.is_second_interrupt(self.clock.now().mono) {
                        self.echo_label("stop");
                        return Ok(Press::Stop);
                    }
                    self.write_hint("press q to stop; Ctrl-C ends a running command only");
                    self.write_text(&prompt);
                }
                PressedKey::Enter | PressedKey::Char(_) => {
                    if self.keys.is_held_down(key, self.clock.now().mono) {
                        continue;
                    }
                    if self.keys.accept_single_press(key)? {
                        return Ok(Press::Key(key));
                    }
                    self.write_hint("many keys at once, a pasted text perhaps: nothing was done");
                    self.write_text(&prompt);
                }
            }
        }
    }

    /// Waits for a key. Reminders of the incident that become due in the meantime appear above the prompt.
    fn wait_for_key(&mut self, prompt: &str) -> Result<PressedKey, OperatorError> {
        if self.incident.is_none() {
            return Ok(self.keys.read_key(None)?.unwrap_or(PressedKey::Other));
        }
        loop {
            if let Some(key) = self.keys.read_key(Some(REMINDER_INTERVAL))? {
                return Ok(key);
            }
            let due = self.due_lines();
            if !due.is_empty() {
                self.write_text(&format!("\r\n{due}{prompt}"));
            }
        }
    }
}
