//! The incident at a run's prompt: what is due is told, and what was done about it is taken down.
//!
//! Invariant: what is told comes in lines of its own, never into a prompt or a full-screen program. Refuses to know: what is due
//! when, and how it is recorded.

use super::at_terminal::AtTerminal;
use super::display::remark;
use super::lines::{Line, Purpose};
use super::look::{Look, one_line, plain};
use crate::ports::{OperatorError, Pager};
use crate::term::Style;
use std::time::Duration;

/// So often a question that waits looks whether something became due.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

impl AtTerminal {
    /// The run is part of an incident.
    #[must_use]
    pub fn with_pager(mut self, pager: Option<Box<dyn Pager>>) -> Self {
        self.pager = pager;
        self
    }

    /// The incident's clock, for the line that says where the run stands.
    pub(super) fn incident_clock(&mut self) -> Option<String> {
        self.pager.as_mut().map(|pager| one_line(&pager.clock()))
    }

    /// What has become due, in lines; empty when nothing has.
    pub(super) fn due_lines(&mut self) -> String {
        let (look, columns) = (self.look, self.columns());
        let Some(pager) = self.pager.as_mut() else { return String::new() };
        due_lines(&pager.due(), look, columns)
    }

    /// Tells what has become due while a command runs, where that does not disturb it.
    pub(super) fn tell_due_meanwhile(&mut self) {
        if self.pager.is_none() || !self.live.as_ref().is_some_and(super::live::Live::may_tell) {
            return;
        }
        let lines = self.due_lines();
        if !lines.is_empty() {
            let wipe = self.live.as_mut().map_or("", super::live::Live::wipe);
            self.write(&format!("{wipe}{lines}"));
        }
    }

    /// Asks what was done, and has it recorded.
    pub(super) fn incident_line(&mut self) -> Result<(), OperatorError> {
        let Some(words) = self.pager.as_ref().map(|pager| pager.words()) else {
            self.hint("this run is part of no incident");
            return Ok(());
        };
        self.hint(&words.replace(" · ", self.look.glyphs.dot()));
        let Line::Text(line) = self.line("incident: ", "", Purpose::Words)? else {
            self.hint("nothing was recorded");
            return Ok(());
        };
        self.say_of_incident(&line);
        Ok(())
    }

    /// Has something recorded in the incident, and says what became of it.
    pub(super) fn say_of_incident(&mut self, line: &str) {
        let Some(pager) = self.pager.as_mut() else { return };
        if line.trim().is_empty() {
            self.hint("nothing was recorded");
            return;
        }
        match pager.say(line) {
            Ok(told) => self.hint(&format!("incident: {}", plain(&told))),
            Err(why) => self.hint(&format!("not recorded: {}", plain(&why))),
        }
    }
}

/// Sentences about what is due, in lines.
pub(super) fn due_lines(due: &[String], look: Look, columns: usize) -> String {
    if due.is_empty() {
        return String::new();
    }
    let mut out: String =
        due.iter().map(|due| remark(&format!("incident: {}", one_line(due)), look, columns)).collect();
    out.push_str(&look.paint(Style::Dim, "  @ records what was done about it\n"));
    out
}
