//! Questions of `runbook incident` to an operator at a terminal.
//!
//! Invariant: without an operator nothing is asked; an empty answer counts as none.

use super::context::IncidentContext;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::operator::{Completions, EnteredLine, LinePurpose, LineRequest, LineSource as _, TerminalLines};
use crate::term::sanitize_text;
use std::io::{IsTerminal as _, Write as _};

/// Asks the operator at the terminal for lines of text.
pub(super) struct Asker(TerminalLines);

impl Asker {
    /// Returns `None` without an operator.
    pub(super) fn new(desk: &IncidentContext<'_>) -> Option<Self> {
        if !Environment::has_operator() {
            return None;
        }
        let color = desk.environment.choose_color(desk.color, std::io::stderr().is_terminal());
        Some(Self(TerminalLines::new(desk.environment.terminal_look(color))))
    }

    /// Asks for a line; `None` when it is blank. Fails, to end the command, on Ctrl-C and Ctrl-D.
    pub(super) fn ask_line(&mut self, prompt: &str, initial: &str) -> Result<Option<String>, Failure> {
        let prompt = sanitize_text(prompt).into_owned();
        let initial = sanitize_text(initial).into_owned();
        let ask = LineRequest {
            prompt: &prompt,
            initial: (&initial, ""),
            purpose: LinePurpose::FreeText,
            completions: &Completions::default(),
        };
        match self.0.ask_line(&ask).map_err(|error| Failure::usage_error(error.to_string()))? {
            EnteredLine::Text(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
            EnteredLine::Cancelled | EnteredLine::EndOfInput | EnteredLine::SecretRequested(..) => {
                Err(Failure { exit: Exit::Interrupted, message: "nothing was recorded".to_owned(), help: None })
            }
        }
    }
}

/// Prints a text above a question, on standard error.
pub(super) fn print_above(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", sanitize_text(text)));
}
