//! Questions of `runbook incident` to an operator at a terminal.
//!
//! Invariant: nothing is asked where nobody sits; an empty answer is no answer.

use super::context::Desk;
use crate::cli::environment::Environment;
use crate::cli::error::{Exit, Failure};
use crate::operator::{AskLine, Line, Lines as _, Offers, Purpose, TypedLines};
use crate::term::sanitize;
use std::io::{IsTerminal as _, Write as _};

/// An operator at the terminal.
pub(super) struct Asker(TypedLines);

impl Asker {
    /// None where nobody sits.
    pub(super) fn new(desk: &Desk<'_>) -> Option<Self> {
        if !Environment::has_operator() {
            return None;
        }
        let color = desk.environment.color(desk.color, std::io::stderr().is_terminal());
        Some(Self(TypedLines::new(desk.environment.look(color))))
    }

    /// A line; none when it is empty. Ctrl-C and Ctrl-D end the command.
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

/// Says something above a question.
pub(super) fn tell(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{}", sanitize(text)));
}
