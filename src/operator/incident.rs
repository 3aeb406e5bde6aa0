//! The incident at a run's prompt: reminders appear there, and what was done about them is recorded.
//!
//! Invariant: reminders are written in lines of their own, never into a prompt or a full-screen program. Refuses to know: what is
//! due when, and how it is recorded.

use super::at_terminal::TerminalOperator;
use super::display::render_remark;
use super::lines::{EnteredLine, LinePurpose};
use super::live_output::LiveOutput;
use super::look::{TerminalLook, one_line, sanitize_prose};
use crate::ports::{IncidentReminders, OperatorError};
use crate::term::Style;
use std::time::Duration;

/// Interval at which a waiting question looks for due reminders.
pub(super) const REMINDER_INTERVAL: Duration = Duration::from_secs(1);

impl TerminalOperator {
    /// Attaches the incident that the run is part of, if any.
    #[must_use]
    pub fn with_incident(mut self, pager: Option<Box<dyn IncidentReminders>>) -> Self {
        self.incident = pager;
        self
    }

    /// Severity of the incident and the time since it began, for the status line.
    pub(super) fn incident_clock(&mut self) -> Option<String> {
        self.incident.as_mut().map(|incident| one_line(&incident.clock_line()))
    }

    /// Lines for the reminders that have become due since the last call; empty if there are none.
    pub(super) fn due_lines(&mut self) -> String {
        let (look, columns) = (self.look, self.text_columns());
        let Some(incident) = self.incident.as_mut() else { return String::new() };
        render_reminders(&incident.due_sentences(), look, columns)
    }

    /// Shows due reminders while a command runs, if that does not disturb its output.
    pub(super) fn show_due_while_running(&mut self) {
        if self.incident.is_none() || !self.running_output.as_ref().is_some_and(LiveOutput::can_interleave) {
            return;
        }
        let lines = self.due_lines();
        if !lines.is_empty() {
            let wipe = self.running_output.as_mut().map_or("", LiveOutput::wipe_progress);
            self.write_text(&format!("{wipe}{lines}"));
        }
    }

    /// Asks what was done about the incident and records it.
    pub(super) fn ask_incident_line(&mut self) -> Result<(), OperatorError> {
        let Some(words) = self.incident.as_ref().map(|incident| incident.action_help()) else {
            self.write_hint("this run is part of no incident");
            return Ok(());
        };
        self.write_hint(&words.replace(" · ", self.look.glyphs.item_separator()));
        let EnteredLine::Text(line) = self.ask_plain_line("incident: ", "", LinePurpose::FreeText)? else {
            self.write_hint("nothing was recorded");
            return Ok(());
        };
        self.record_in_incident(&line);
        Ok(())
    }

    /// Records a line in the incident and shows the result. Does nothing if the run is part of no incident.
    pub(super) fn record_in_incident(&mut self, line: &str) {
        let Some(incident) = self.incident.as_mut() else { return };
        if line.trim().is_empty() {
            self.write_hint("nothing was recorded");
            return;
        }
        match incident.record_action(line) {
            Ok(recorded) => self.write_hint(&format!("incident: {}", sanitize_prose(&recorded))),
            Err(reason) => self.write_hint(&format!("not recorded: {}", sanitize_prose(&reason))),
        }
    }
}

fn render_reminders(due: &[String], look: TerminalLook, columns: usize) -> String {
    if due.is_empty() {
        return String::new();
    }
    let mut out: String =
        due.iter().map(|due| render_remark(&format!("incident: {}", one_line(due)), look, columns)).collect();
    out.push_str(&look.paint_text(Style::Dim, "  @ records what was done about it\n"));
    out
}
