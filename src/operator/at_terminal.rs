//! An operator at a terminal: the devices, and what is known of the screen.
//!
//! Invariant: the terminal's modes are changed only while a question waits; once the terminal is gone every question fails
//! with that reason. Refuses to know: what follows from an answer.

use super::completion::Completions;
use super::key_reader::KeyReader;
use super::keys::{KeySource, PressedKey};
use super::lines::{EnteredLine, LinePurpose, LineRequest, LineSource, TerminalLines};
use super::live_output::LiveOutput;
use super::look::TerminalLook;
use super::terminal_writer::TerminalWriter;
use super::tty::{ControllingTerminal, PollableEvents};
use super::unfinished::UnfinishedEntries;
use super::visible_context::VisibleContext;
use crate::ident::Clock;
use crate::ident::StepId;
use crate::ports::IncidentReminders;
use crate::ports::LineAction;
use crate::ports::OperatorError;
use crate::ports::Stream;
use crate::ports::Watch;
use crate::term::Style;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// The operator at a terminal.
pub struct TerminalOperator {
    pub(super) writer: TerminalWriter,
    pub(super) keys: KeyReader,
    pub(super) lines: Box<dyn LineSource>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) look: TerminalLook,
    /// The command that is running, from its first output or its start until its end.
    pub(super) running_output: Option<LiveOutput>,
    pub(super) visible: VisibleContext,
    /// Number and title of every step, for naming earlier commands.
    pub(super) step_titles: BTreeMap<StepId, String>,
    pub(super) unfinished: UnfinishedEntries,
    /// Path of the record, repeated when the run is over; empty until the run has begun.
    pub(super) record_path: String,
    /// The incident that the run is part of, if any.
    pub(super) incident: Option<Box<dyn IncidentReminders>>,
}

impl TerminalOperator {
    /// Asks at the controlling terminal and writes to `out`, which is the same terminal. While it waits for a key it also
    /// reads `session_events`. Fails if there is no controlling terminal.
    pub fn open(
        out: Box<dyn Write>,
        look: TerminalLook,
        clock: Box<dyn Clock>,
        session_events: Option<Box<dyn PollableEvents>>,
    ) -> std::io::Result<Self> {
        Ok(Self::from_devices(
            out,
            Box::new(ControllingTerminal::open(session_events)?),
            Box::new(TerminalLines::new(look)),
            look,
            clock,
        ))
    }

    /// Asks through the given keys and lines, and writes to `out`.
    pub fn from_devices(
        out: Box<dyn Write>,
        keys: Box<dyn KeySource>,
        lines: Box<dyn LineSource>,
        look: TerminalLook,
        clock: Box<dyn Clock>,
    ) -> Self {
        Self {
            writer: TerminalWriter::new(out),
            keys: KeyReader::new(keys),
            lines,
            clock,
            look,
            running_output: None,
            visible: VisibleContext::default(),
            step_titles: BTreeMap::new(),
            unfinished: UnfinishedEntries::default(),
            record_path: String::new(),
            incident: None,
        }
    }

    /// Sends the output of commands to `output` instead, a writer to the same terminal. Secrets in it are masked already.
    #[must_use]
    pub fn with_command_output(mut self, output: Box<dyn Write>) -> Self {
        self.writer.set_command_output(output);
        self
    }

    /// Columns to write in: those of the window, within what is readable.
    pub(super) fn text_columns(&self) -> usize {
        self.keys.window_columns().clamp(20, 120)
    }

    /// The running command, which counts as started by its first output at the latest.
    fn live_output(&mut self) -> &mut LiveOutput {
        self.running_output.get_or_insert_with(|| LiveOutput::new(self.look, Some(self.keys.window_columns())))
    }

    /// Leaves the terminal in a sane state after a command, at the beginning of a line.
    pub(super) fn finish_live_output(&mut self) {
        if let Some(mut live) = self.running_output.take() {
            let end = live.finish_command();
            self.write_text(&end);
        }
    }

    pub(super) fn write_text(&mut self, text: &str) {
        self.writer.write_text(text);
    }

    /// Asks for a line without completion.
    pub(super) fn ask_plain_line(
        &mut self,
        prompt: &str,
        initial: &str,
        purpose: LinePurpose,
    ) -> Result<EnteredLine, OperatorError> {
        self.ask_line(&LineRequest { prompt, initial: (initial, ""), purpose, completions: &Completions::default() })
    }

    /// Asks for a line; keys may be being read when it is called. A letter that was typed together with the previous key
    /// becomes the first letter of the line.
    pub(super) fn ask_line(&mut self, ask: &LineRequest<'_>) -> Result<EnteredLine, OperatorError> {
        self.writer.ensure_usable()?;
        let mut before = ask.initial.0.to_owned();
        if let Some(PressedKey::Char(c)) = self.keys.take_queued() {
            before.push(c);
        }
        self.write_text("\r");
        self.keys.end_reading();
        let line = self.lines.ask_line(&LineRequest { initial: (&before, ask.initial.1), ..*ask });
        self.keys.begin_reading()?;
        if line.as_ref().is_ok_and(|line| *line == EnteredLine::EndOfInput) {
            // A closed terminal looks the same as Ctrl-D. Reading a key tells them apart.
            self.keys.queue_pending()?;
        }
        line
    }

    /// Asks for a line that must not be blank. None if it is, or if it was cancelled.
    pub(super) fn ask_for_words(&mut self, prompt: &str) -> Result<Option<String>, OperatorError> {
        match self.ask_plain_line(prompt, "", LinePurpose::FreeText)? {
            EnteredLine::Text(text) if !text.trim().is_empty() => Ok(Some(text)),
            _ => {
                self.write_hint("nothing was entered");
                Ok(None)
            }
        }
    }

    /// Echoes the label of the key that was pressed, behind the prompt.
    pub(super) fn echo_label(&mut self, label: &str) {
        let label = self.look.paint_text(Style::Dim, label);
        self.write_text(&format!("{label}\n"));
    }

    /// Writes one short line over the prompt; the caller writes the prompt again.
    pub(super) fn write_hint(&mut self, text: &str) {
        let text = self.look.paint_text(Style::Dim, text);
        self.write_text(&format!("\r{text}\n"));
    }
}

impl Drop for TerminalOperator {
    /// A command whose end was never reported may have left the terminal in any state.
    fn drop(&mut self) {
        self.finish_live_output();
    }
}

impl Watch for TerminalOperator {
    fn on_output(&mut self, _stream: Stream, bytes: &[u8]) {
        let before = self.live_output().track_output(bytes);
        self.write_text(before);
        self.writer.write_command_output(bytes);
    }

    fn on_quiet(&mut self, elapsed: Duration, silent: Duration) {
        self.show_due_while_running();
        let line = self.live_output().draw_progress(elapsed, silent);
        self.write_text(&line);
    }

    fn on_engine_key(&mut self) -> LineAction {
        self.ask_engine_line()
    }
}
