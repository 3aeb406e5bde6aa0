//! Lines as the operator types them: changed commands, notes, values.
//!
//! Invariant: what was typed is kept in memory alone; no file ever has it, since it may be a secret, and a secret is not
//! even kept there. No control character of a text reaches the terminal while it is edited.

use super::completion::{self, Offered, Offers};
use super::look::Look;
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

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A command: goes on after a trailing `\`, and `Ctrl-X s` puts a secret into it.
    Command,
    /// A text of several lines: a message.
    Text,
    /// Words: a note, a reason, a name.
    Words,
    /// Which of several: not remembered.
    Choice,
    /// A value.
    Value,
    /// A secret: not shown, and not remembered.
    Secret,
}

impl Purpose {
    fn is_remembered(self) -> bool {
        !matches!(self, Self::Choice | Self::Secret)
    }
}

/// A line to ask for.
#[derive(Clone, Copy, Debug)]
pub struct AskLine<'a> {
    /// What stands before it.
    pub prompt: &'a str,
    /// What stands there already: before the cursor, and behind it.
    pub initial: (&'a str, &'a str),
    /// What it is for.
    pub purpose: Purpose,
    /// What Tab completes it to.
    pub offers: &'a Offers,
}

/// What came of asking for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The text.
    Text(String),
    /// Ctrl-C or Esc.
    Cancelled,
    /// Ctrl-D on an empty line.
    End,
    /// Ctrl-X s: a secret goes between these two parts.
    Secret(String, String),
}

/// Where lines come from.
pub trait Lines {
    /// Asks for a line.
    fn ask(&mut self, ask: &AskLine<'_>) -> Result<Line, OperatorError>;
}

/// How long an escape waits for the rest of a sequence before it cancels.
const ESCAPE_WAIT_MS: u16 = 60;

type LineEditor = Editor<Manners, DefaultHistory>;

/// Lines typed at the terminal, with a history each for commands, words and values.
pub struct TypedLines {
    look: Look,
    commands: Option<LineEditor>,
    words: Option<LineEditor>,
    values: Option<LineEditor>,
    cut: Cut,
}

impl TypedLines {
    /// Lines that look like this; each is read from the terminal when it is asked for.
    pub fn new(look: Look) -> Self {
        Self { look, commands: None, words: None, values: None, cut: Cut::default() }
    }

    fn editor(&mut self, purpose: Purpose) -> LineResult<&mut LineEditor> {
        let slot = match purpose {
            Purpose::Command => &mut self.commands,
            Purpose::Text | Purpose::Words => &mut self.words,
            Purpose::Choice | Purpose::Value | Purpose::Secret => &mut self.values,
        };
        if let Some(editor) = slot {
            return Ok(editor);
        }
        let mut editor = new_editor(self.look)?;
        if purpose == Purpose::Command {
            let keys = vec![KeyEvent::ctrl('X'), KeyEvent(KeyCode::Char('s'), Modifiers::NONE)];
            editor.bind_sequence(Event::KeySeq(keys), EventHandler::Conditional(Box::new(self.cut.clone())));
        }
        Ok(slot.insert(editor))
    }
}

/// Where the line was when a secret was asked for. The handler of a key can end the line, and not say why.
#[derive(Clone, Default)]
struct Cut(Arc<Mutex<Option<(String, String)>>>);

impl Cut {
    fn take(&self) -> Option<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ConditionalEventHandler for Cut {
    fn handle(&self, _event: &Event, _n: RepeatCount, _positive: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (before, after) = context.line().split_at_checked(context.pos())?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((before.to_owned(), after.to_owned()));
        Some(Cmd::Interrupt)
    }
}

fn new_editor(look: Look) -> LineResult<LineEditor> {
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
    editor.set_helper(Some(Manners::default()));
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), EventHandler::Simple(Cmd::Newline));
    editor.bind_sequence(KeyEvent(KeyCode::Esc, Modifiers::NONE), EventHandler::Simple(Cmd::Interrupt));
    Ok(editor)
}

impl Lines for TypedLines {
    fn ask(&mut self, ask: &AskLine<'_>) -> Result<Line, OperatorError> {
        let AskLine { prompt, initial, purpose, offers } = *ask;
        if purpose == Purpose::Secret {
            return ask_unseen(prompt).map_err(|error| OperatorError::Gone(error.to_string()));
        }
        if !self.look.cursor {
            let initial = [initial.0, initial.1].concat();
            return ask_plainly(prompt, &initial).map_err(|error| OperatorError::Gone(error.to_string()));
        }
        let gone = |error: ReadlineError| OperatorError::Gone(error.to_string());
        let cut = self.cut.clone();
        let editor = self.editor(purpose).map_err(gone)?;
        if let Some(manners) = editor.helper_mut() {
            *manners =
                Manners { continues: matches!(purpose, Purpose::Command | Purpose::Text), offers: offers.clone() };
        }
        match editor.readline_with_initial(prompt, initial) {
            Ok(text) => {
                if purpose.is_remembered() && !text.trim().is_empty() {
                    editor.add_history_entry(text.as_str()).map_err(gone)?;
                }
                Ok(Line::Text(text))
            }
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {
                Ok(cut.take().map_or(Line::Cancelled, |(before, after)| Line::Secret(before, after)))
            }
            Err(error) => Err(gone(error)),
        }
    }
}

/// Where nothing can be edited (`TERM=dumb`): the initial text is shown, and an empty line stands for it.
fn ask_plainly(prompt: &str, initial: &str) -> io::Result<Line> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let shown = if initial.is_empty() { String::new() } else { format!("[{initial}] ") };
    terminal.write_all(format!("{prompt}{shown}").as_bytes())?;
    Ok(match read_line(&mut terminal)? {
        Line::Text(text) if text.is_empty() => Line::Text(initial.to_owned()),
        line => line,
    })
}

/// A line that the terminal does not echo.
fn ask_unseen(prompt: &str) -> io::Result<Line> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = rustix::termios::tcgetattr(&terminal)?;
    let mut unseen = before.clone();
    unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
    unseen.local_modes.insert(LocalModes::ICANON);
    unseen.input_modes.insert(InputModes::ICRNL);
    rustix::termios::tcsetattr(&terminal, OptionalActions::Flush, &unseen)?;
    let line = terminal.write_all(prompt.as_bytes()).and_then(|()| read_line(&mut terminal));
    // What was typed behind the line is no answer to anything.
    rustix::termios::tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    terminal.write_all(b"\n")?;
    Ok(match line? {
        // Ctrl-C and Esc are signs here, since signals are off.
        Line::Text(text) if text.contains(['\u{3}', '\u{1b}']) => Line::Cancelled,
        line => line,
    })
}

/// Byte by byte: what comes behind the line belongs to the next question.
fn read_line(terminal: &mut File) -> io::Result<Line> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match terminal.read(&mut byte) {
            Ok(0) if line.is_empty() => return Ok(Line::End),
            Ok(0) => break,
            Ok(_) if byte == [b'\n'] => break,
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Line::Text(String::from_utf8_lossy(&line).into_owned()))
}

/// How the editor behaves.
#[derive(Default)]
struct Manners {
    /// A trailing `\` asks for another line.
    continues: bool,
    offers: Offers,
}

impl Helper for Manners {}

impl Completer for Manners {
    type Candidate = Offered;

    fn complete(&self, line: &str, pos: usize, _context: &Context<'_>) -> LineResult<(usize, Vec<Offered>)> {
        Ok((0, completion::complete(&self.offers, line.get(..pos).unwrap_or(line))))
    }
}

impl Hinter for Manners {
    type Hint = String;
}

impl Validator for Manners {
    fn validate(&self, context: &mut ValidationContext<'_>) -> LineResult<ValidationResult> {
        let unfinished = self.continues && ends_in_backslash(context.input());
        Ok(if unfinished { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Manners {
    /// A pasted escape sequence is kept in the text and not sent to the terminal. Control characters have no width, so that
    /// the places of all others stay right.
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if line.chars().any(is_unshown) {
            Cow::Owned(line.chars().filter(|c| !is_unshown(*c)).collect())
        } else {
            Cow::Borrowed(line)
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        true
    }
}

fn is_unshown(c: char) -> bool {
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
        assert_eq!(Manners::default().highlight("a\u{1b}[2Jb\nc", 0), "a[2Jb\nc");
    }
}
