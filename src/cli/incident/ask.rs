//! Questions of `runbook incident` to an operator at a terminal.
//!
//! Invariant: without an operator nothing is asked; an empty answer counts as none.

use super::context::Desk;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::operator::{AskLine, Line, Lines as _, Offers, Purpose, TypedLines};
use crate::term::sanitize;
use std::io::{IsTerminal as _, Write as _};

/// Asks the operator at the terminal for lines of text.
pub(super) struct Asker(TypedLines);

impl Asker {
    /// Returns `None` without an operator.
    pub(super) fn new(desk: &Desk<'_>) -> Option<Self> {
        if !Environment::has_operator() {
            return None;
        }
        let color = desk.environment.color(desk.color, std::io::stderr().is_terminal());
        Some(Self(TypedLines::new(desk.environment.look(color))))
    }

    /// Asks for a line; `None` when it is blank. Fails, to end the command, on Ctrl-C and Ctrl-D.
    pub(super) fn ask(&mut self, prompt: &str, initial: &str) -> Result<Option<String>, Failure> {
        let prompt = sanitize(prompt).into_owned();
        let initial = sanitize(initial).into_owned();
        let ask =
            AskLine { prompt: &prompt, initial: (&initial, ""), purpose: Purpose::Words, offers: &Offers::default() };
        match self.0.ask(&ask).map_err(|error| Failure::usage(error.to_string()))? {
            Line::Text(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
            Line::Cancelled | Line::End | Line::Secret(..) => {
                Err(Failure { exit: Exit::Interrupted, message: "nothing was recorded".to_owned(), help: None })
            }
        }
    }
}

/// Prints a text above a question, on standard error.
pub(super) fn tell(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", sanitize(text)));
}
