//! Commands as the operator types them, and the secrets that `Ctrl-X s` puts into them.
//!
//! Invariant: no text contains a secret. The command refers to it by a variable, and only the answer carries its value.
//! Refuses to know: who keeps the value.

use super::at_terminal::TerminalOperator;
use super::completion::Completions;
use super::lines::{EnteredLine, LinePurpose, LineRequest};
use super::unfinished::UnfinishedCommand;
use crate::ports::OperatorError;
use crate::ports::Reply;
use crate::ports::TypedSecret;

impl TerminalOperator {
    /// Resumes typing a command after a secret for it was registered. None if there is no such command.
    pub(super) fn resume_typing(&mut self) -> Result<Option<Reply>, OperatorError> {
        match self.unfinished.take_command() {
            Some(command) => self.type_command(command),
            None => Ok(None),
        }
    }

    /// Asks for a command. None if nothing was typed or changed.
    pub(super) fn type_command(&mut self, mut command: UnfinishedCommand) -> Result<Option<Reply>, OperatorError> {
        loop {
            let ask = LineRequest {
                prompt: if command.original.is_some() { "edit: " } else { "own command: " },
                initial: (&command.before, &command.after),
                purpose: LinePurpose::Command,
                completions: &Completions::default(),
            };
            let line = self.ask_line(&ask)?;
            match (line, &command.original) {
                (EnteredLine::Text(text), Some(original)) => {
                    return Ok(self.accept_change(original, text).map(Reply::Edit));
                }
                (EnteredLine::Text(text), None) if !text.trim().is_empty() => return Ok(Some(Reply::Own(text))),
                (EnteredLine::SecretRequested(before, after), _) => {
                    (command.before, command.after) = (before, after);
                    if let Some(secret) = self.ask_secret()? {
                        command.before.push_str(&crate::plan::reference_variable(&command.before, &secret.name));
                        self.unfinished.keep_command(command);
                        return Ok(Some(Reply::Secret(secret)));
                    }
                }
                (_, original) => {
                    self.write_hint(if original.is_some() { "not changed" } else { "nothing was entered" });
                    return Ok(None);
                }
            }
        }
    }

    /// Asks for the name of a secret, which is echoed, and for its value, which is not.
    fn ask_secret(&mut self) -> Result<Option<TypedSecret>, OperatorError> {
        self.write_hint("");
        loop {
            let EnteredLine::Text(name) =
                self.ask_plain_line("a name for the secret, as a variable: ", "SECRET", LinePurpose::Choice)?
            else {
                self.write_hint("no secret was entered");
                return Ok(None);
            };
            let name = name.trim().to_owned();
            if !is_variable_name(&name) {
                self.write_hint("a variable's name has letters, digits and `_`, and begins with no digit");
                continue;
            }
            return match self.ask_plain_line(&format!("{name} (not shown): "), "", LinePurpose::Secret)? {
                EnteredLine::Text(value) if !value.is_empty() => Ok(Some(TypedSecret { name, value })),
                _ => {
                    self.write_hint("no secret was entered");
                    Ok(None)
                }
            };
        }
    }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
