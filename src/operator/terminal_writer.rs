//! Everything written to the operator's terminal.
//!
//! Invariant: after the first failed write nothing more is written, and every later question fails with that error.
//! Refuses to know: what the text means.

use crate::ports::OperatorError;
use std::io::Write;

/// The terminal as an output: our own text, and the output of commands.
pub(super) struct TerminalWriter {
    out: Box<dyn Write>,
    /// Receives the output of commands if that is a writer of its own; otherwise `out` does.
    command_output: Option<Box<dyn Write>>,
    /// Why the terminal can no longer be used.
    gone: Option<String>,
}

impl TerminalWriter {
    pub(super) fn new(out: Box<dyn Write>) -> Self {
        Self { out, command_output: None, gone: None }
    }

    pub(super) fn set_command_output(&mut self, output: Box<dyn Write>) {
        self.command_output = Some(output);
    }

    /// Writes our own text, which must be harmless already.
    pub(super) fn write_text(&mut self, text: &str) {
        if text.is_empty() || self.gone.is_some() {
            return;
        }
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            self.gone = Some(error.to_string());
        }
    }

    /// Writes bytes that a command printed, unchanged.
    pub(super) fn write_command_output(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.gone.is_some() {
            return;
        }
        let to = self.command_output.as_mut().unwrap_or(&mut self.out);
        if let Err(error) = to.write_all(bytes).and_then(|()| to.flush()) {
            self.gone = Some(error.to_string());
        }
    }

    /// Marks the terminal as unusable, for example because reading from it failed.
    pub(super) fn mark_gone(&mut self, reason: String) {
        self.gone = Some(reason);
    }

    /// Fails if the terminal is gone.
    pub(super) fn ensure_usable(&self) -> Result<(), OperatorError> {
        match &self.gone {
            Some(reason) => Err(OperatorError::Gone(reason.clone())),
            None => Ok(()),
        }
    }
}
