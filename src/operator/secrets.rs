//! Commands as the operator types them, and the secrets that `Ctrl-X s` puts into them.
//!
//! Invariant: a secret stands in no text: the command refers to it by a variable, and its value goes into the answer alone.
//! Refuses to know: who keeps the value.

use super::at_terminal::AtTerminal;
use super::completion::Offers;
use super::lines::{AskLine, Line, Purpose};
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::ports::TypedSecret;

/// A command that is being typed.
#[derive(Clone, Debug)]
pub(super) struct Unfinished {
    /// What it was before the change; none for a command of one's own.
    from: Option<String>,
    /// What stands before the cursor.
    before: String,
    /// What stands behind it.
    after: String,
}

impl Unfinished {
    pub(super) fn own() -> Self {
        Self { from: None, before: String::new(), after: String::new() }
    }

    pub(super) fn edit(text: String) -> Self {
        Self { from: Some(text.clone()), before: text, after: String::new() }
    }
}

impl AtTerminal {
    /// Goes on with a command after a secret for it was taken in.
    pub(super) fn go_on_typing(&mut self) -> Result<Option<Reply>, OperatorError> {
        match self.unfinished.take() {
            Some(unfinished) => self.type_command(unfinished),
            None => Ok(None),
        }
    }

    /// Asks for a command. None: nothing was typed, or nothing was changed.
    pub(super) fn type_command(&mut self, mut typing: Unfinished) -> Result<Option<Reply>, OperatorError> {
        loop {
            let ask = AskLine {
                prompt: if typing.from.is_some() { "edit: " } else { "own command: " },
                initial: (&typing.before, &typing.after),
                purpose: Purpose::Command,
                offers: &Offers::default(),
            };
            let line = self.ask_line(&ask)?;
            match (line, &typing.from) {
                (Line::Text(text), Some(from)) => {
                    let from = from.clone();
                    return Ok(self.changed(&from, text).map(Reply::Edit));
                }
                (Line::Text(text), None) if !text.trim().is_empty() => return Ok(Some(Reply::Own(text))),
                (Line::Secret(before, after), _) => {
                    (typing.before, typing.after) = (before, after);
                    if let Some(secret) = self.type_secret()? {
                        typing.before.push_str(&crate::plan::reference(&typing.before, &secret.name));
                        self.unfinished = Some(typing);
                        return Ok(Some(Reply::Secret(secret)));
                    }
                }
                (_, from) => {
                    self.hint(if from.is_some() { "not changed" } else { "nothing was entered" });
                    return Ok(None);
                }
            }
        }
    }

    /// Asks for the name of a secret, which is shown, and for its value, which is not.
    fn type_secret(&mut self) -> Result<Option<TypedSecret>, OperatorError> {
        self.hint("");
        loop {
            let Line::Text(name) = self.line("a name for the secret, as a variable: ", "SECRET", Purpose::Choice)?
            else {
                self.hint("no secret was entered");
                return Ok(None);
            };
            let name = name.trim().to_owned();
            let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !named {
                self.hint("a variable's name has letters, digits and `_`, and begins with no digit");
                continue;
            }
            return match self.line(&format!("{name} (not shown): "), "", Purpose::Secret)? {
                Line::Text(value) if !value.is_empty() => Ok(Some(TypedSecret { name, value })),
                _ => {
                    self.hint("no secret was entered");
                    Ok(None)
                }
            };
        }
    }
}
