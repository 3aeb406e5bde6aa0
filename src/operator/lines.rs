//! Lines as the operator types them: edited commands, notes, values.
//!
//! Invariant: typed lines are kept in memory only, since one may be a secret. A line asked for as a secret is not kept at
//! all. No control character reaches the terminal while a line is edited. Refuses to know: what a line is used for later.

use super::completion::{self, Completions, ValueCandidate};
use super::look::TerminalLook;
use crate::ports::OperatorError;
use crate::term::Color;
use rustix::termios::{InputModes, LocalModes, OptionalActions};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Behavior, Cmd, ColorMode, CompletionType, ConditionalEventHandler, Config, Context, Editor, Event, EventContext,
    EventHandler, Helper, KeyCode, KeyEvent, Modifiers, RepeatCount, Result as LineResult,
};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

/// Use of a line, which decides how it is edited and remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinePurpose {
    /// A command. It continues after a trailing `\`, and `Ctrl-X s` inserts a secret.
    Command,
    /// A message, which can have several lines.
    Message,
    /// A note, a reason or a name.
    FreeText,
    /// One of several options; not remembered.
    Choice,
    /// A value for an input or a field.
    Value,
    /// A secret; neither echoed nor remembered.
    Secret,
}

impl LinePurpose {
    fn is_remembered(self) -> bool {
        !matches!(self, Self::Choice | Self::Secret)
    }
}

/// A request for a line.
#[derive(Clone, Copy, Debug)]
pub struct LineRequest<'a> {
    /// Text in front of the line.
    pub prompt: &'a str,
    /// Initial text of the line, in front of the cursor and behind it.
    pub initial: (&'a str, &'a str),
    /// Use of the line.
    pub purpose: LinePurpose,
    /// Completions that Tab offers.
    pub completions: &'a Completions,
}

/// Answer to a request for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnteredLine {
    /// Text that was entered, without the newline.
    Text(String),
    /// The line was cancelled with Ctrl-C or Esc.
    Cancelled,
    /// Ctrl-D on an empty line, or the end of input.
    EndOfInput,
    /// Ctrl-X s: a secret is to be inserted between these two parts.
    SecretRequested(String, String),
}

/// A source of lines.
pub trait LineSource {
    /// Asks for a line and waits for it. Fails if the terminal is gone.
    fn ask_line(&mut self, ask: &LineRequest<'_>) -> Result<EnteredLine, OperatorError>;
}

/// Milliseconds that Esc waits for the rest of an escape sequence before it cancels the line.
const ESCAPE_WAIT_MS: u16 = 60;

type LineEditor = Editor<EditorHelper, DefaultHistory>;

/// Lines typed at the terminal, with separate histories for commands, words and values.
pub struct TerminalLines {
    look: TerminalLook,
    commands: Option<LineEditor>,
    words: Option<LineEditor>,
    values: Option<LineEditor>,
    split_line: SplitLine,
}

impl TerminalLines {
    /// Creates the source. The terminal is opened when the first line is asked for.
    pub fn new(look: TerminalLook) -> Self {
        Self { look, commands: None, words: None, values: None, split_line: SplitLine::default() }
    }

    /// The editor with the history for this purpose, created at its first use.
    fn editor_for(&mut self, purpose: LinePurpose) -> LineResult<&mut LineEditor> {
        let slot = match purpose {
            LinePurpose::Command => &mut self.commands,
            LinePurpose::Message | LinePurpose::FreeText => &mut self.words,
            LinePurpose::Choice | LinePurpose::Value | LinePurpose::Secret => &mut self.values,
        };
        if let Some(editor) = slot {
            return Ok(editor);
        }
        let mut editor = new_editor(self.look)?;
        if purpose == LinePurpose::Command {
            let keys = vec![KeyEvent::ctrl('X'), KeyEvent(KeyCode::Char('s'), Modifiers::NONE)];
            editor.bind_sequence(Event::KeySeq(keys), EventHandler::Conditional(Box::new(self.split_line.clone())));
        }
        Ok(slot.insert(editor))
    }
}

/// The two parts of the line at which a secret was asked for. A key handler can end the line but not return a value, so
/// it leaves the parts here.
#[derive(Clone, Default)]
struct SplitLine(Arc<Mutex<Option<(String, String)>>>);

impl SplitLine {
    fn take_parts(&self) -> Option<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ConditionalEventHandler for SplitLine {
    fn handle(&self, _event: &Event, _n: RepeatCount, _positive: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (before, after) = context.line().split_at_checked(context.pos())?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((before.to_owned(), after.to_owned()));
        Some(Cmd::Interrupt)
    }
}

fn new_editor(look: TerminalLook) -> LineResult<LineEditor> {
    let color = if look.color == Color::Always { ColorMode::Forced } else { ColorMode::Disabled };
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .auto_add_history(false)
        .max_history_size(200)?
        .keyseq_timeout(Some(ESCAPE_WAIT_MS))
        .bracketed_paste(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(color)
        .build();
    let mut editor = Editor::with_history(config, DefaultHistory::new())?;
    editor.set_helper(Some(EditorHelper::default()));
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), EventHandler::Simple(Cmd::Newline));
    editor.bind_sequence(KeyEvent(KeyCode::Esc, Modifiers::NONE), EventHandler::Simple(Cmd::Interrupt));
    Ok(editor)
}

impl LineSource for TerminalLines {
    fn ask_line(&mut self, ask: &LineRequest<'_>) -> Result<EnteredLine, OperatorError> {
        let LineRequest { prompt, initial, purpose, completions: offers } = *ask;
        if purpose == LinePurpose::Secret {
            return ask_without_echo(prompt).map_err(|error| OperatorError::Gone(error.to_string()));
        }
        if !self.look.can_move_cursor {
            let initial = [initial.0, initial.1].concat();
            return ask_plainly(prompt, &initial).map_err(|error| OperatorError::Gone(error.to_string()));
        }
        let gone = |error: ReadlineError| OperatorError::Gone(error.to_string());
        let split_line = self.split_line.clone();
        let editor = self.editor_for(purpose).map_err(gone)?;
        if let Some(helper) = editor.helper_mut() {
            *helper = EditorHelper {
                continues_after_backslash: matches!(purpose, LinePurpose::Command | LinePurpose::Message),
                offers: offers.clone(),
            };
        }
        match editor.readline_with_initial(prompt, initial) {
            Ok(text) => {
                if purpose.is_remembered() && !text.trim().is_empty() {
                    editor.add_history_entry(text.as_str()).map_err(gone)?;
                }
                Ok(EnteredLine::Text(text))
            }
            Err(ReadlineError::Eof) => Ok(EnteredLine::EndOfInput),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(split_line
                .take_parts()
                .map_or(EnteredLine::Cancelled, |(before, after)| EnteredLine::SecretRequested(before, after))),
            Err(error) => Err(gone(error)),
        }
    }
}

/// Asks on a terminal that cannot edit (`TERM=dumb`). The initial text is shown, and an empty line means that text.
fn ask_plainly(prompt: &str, initial: &str) -> io::Result<EnteredLine> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let shown = if initial.is_empty() { String::new() } else { format!("[{initial}] ") };
    terminal.write_all(format!("{prompt}{shown}").as_bytes())?;
    Ok(match read_line(&mut terminal)? {
        EnteredLine::Text(text) if text.is_empty() => EnteredLine::Text(initial.to_owned()),
        line => line,
    })
}

/// Asks for a line that the terminal does not echo.
fn ask_without_echo(prompt: &str) -> io::Result<EnteredLine> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = rustix::termios::tcgetattr(&terminal)?;
    let mut modes = before.clone();
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
    modes.local_modes.insert(LocalModes::ICANON);
    modes.input_modes.insert(InputModes::ICRNL);
    rustix::termios::tcsetattr(&terminal, OptionalActions::Flush, &modes)?;
    let line = terminal.write_all(prompt.as_bytes()).and_then(|()| read_line(&mut terminal));
    // Input typed after the line is discarded.
    rustix::termios::tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    terminal.write_all(b"\n")?;
    Ok(match line? {
        // Ctrl-C arrives as a character, since signals are off; so does Esc.
        EnteredLine::Text(text) if text.contains(['\u{3}', '\u{1b}']) => EnteredLine::Cancelled,
        line => line,
    })
}

/// Reads a line byte by byte, since further input belongs to the next question.
fn read_line(terminal: &mut File) -> io::Result<EnteredLine> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match terminal.read(&mut byte) {
            Ok(0) if line.is_empty() => return Ok(EnteredLine::EndOfInput),
            Ok(0) => break,
            Ok(_) if byte == [b'\n'] => break,
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(EnteredLine::Text(String::from_utf8_lossy(&line).into_owned()))
}

/// Completion, validation and highlighting for the editor.
#[derive(Default)]
struct EditorHelper {
    /// True if a trailing `\` continues the line.
    continues_after_backslash: bool,
    offers: Completions,
}

impl Helper for EditorHelper {}

impl Completer for EditorHelper {
    type Candidate = ValueCandidate;

    fn complete(&self, line: &str, pos: usize, _context: &Context<'_>) -> LineResult<(usize, Vec<ValueCandidate>)> {
        Ok((0, completion::complete_value(&self.offers, line.get(..pos).unwrap_or(line))))
    }
}

impl Hinter for EditorHelper {
    type Hint = String;
}

impl Validator for EditorHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> LineResult<ValidationResult> {
        let unfinished = self.continues_after_backslash && ends_in_backslash(context.input());
        Ok(if unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for EditorHelper {
    /// Removes control characters from what is sent to the terminal; a pasted escape sequence stays in the text. They have
    /// no width, so the cursor stays at the right column.
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if line.chars().any(is_hidden_control) {
            Cow::Owned(line.chars().filter(|c| !is_hidden_control(*c)).collect())
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        true
    }
}

fn is_hidden_control(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

fn ends_in_backslash(text: &str) -> bool {
    text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_after_a_backslash_that_is_not_quoted_by_another() {
        assert!(ends_in_backslash("a \\"));
        assert!(!ends_in_backslash("a \\\\"));
        assert!(!ends_in_backslash("a"));
    }

    #[test]
    fn a_pasted_escape_sequence_is_not_sent_to_the_terminal() {
        assert_eq!(EditorHelper::default().highlight("a\u{1b}[2Jb\nc", 0), "a[2Jb\nc");
    }
}
