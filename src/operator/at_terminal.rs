//! An operator at a terminal: writes, waits for a key, and knows what stands in sight.
//!
//! Invariant: the terminal's modes are changed only while a question waits; once the terminal is gone every question says
//! so. Nothing is decided here: an answer is what the operator pressed.

use super::completion::Offers;
use super::display;
use super::incident::LOOK_EVERY;
use super::keys::{Key, Keys};
use super::lines::{AskLine, Line, Lines, Purpose, TypedLines};
use super::live::Live;
use super::look::Look;
use super::question::{Action, Question};
use super::secrets::Unfinished;
use super::tty::{PollableEvents, Tty};
use crate::history::CommandState;
use crate::ident::Clock;
use crate::ident::Seq;
use crate::ident::StepId;
use crate::ports::LineAction;
use crate::ports::OperatorError;
use crate::ports::Pager;
use crate::ports::Reply;
use crate::ports::Standing;
use crate::ports::Stream;
use crate::ports::Watch;
use crate::term::CLEAR;
use crate::term::Style;
use crate::term::sanitize_code;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

/// How long after a letter another key counts as typed with it: `s` and Enter, or a pasted text.
const TOGETHER: Duration = Duration::from_millis(40);
/// The same after Enter, where a wait would be felt.
const TOGETHER_ENTER: Duration = Duration::from_millis(15);
/// The same key again within this time is a key held down, and must not run one command after the other.
const HELD: Duration = Duration::from_millis(60);
/// Two Ctrl-C within this time stop the run.
const TWICE: Duration = Duration::from_secs(2);

/// What a question was answered with.
pub(super) enum Press {
    Key(Key),
    Redraw,
    Stop,
}

/// The operator at a terminal.
pub struct AtTerminal {
    pub(super) out: Box<dyn Write>,
    /// Where commands' output goes, when that is not `out`.
    output: Option<Box<dyn Write>>,
    pub(super) keys: Box<dyn Keys>,
    pub(super) lines: Box<dyn Lines>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) look: Look,
    /// A key that came with the one before.
    ahead: Option<Key>,
    interrupted_at: Option<Duration>,
    /// The key before, and when it came.
    before: Option<(Key, Duration)>,
    pub(super) gone: Option<String>,
    pub(super) live: Option<Live>,
    /// The line that says where the run stands.
    header: String,
    /// It is in sight.
    pub(super) header_shown: bool,
    /// The headings last shown.
    pub(super) path: Vec<String>,
    /// The step that was shown and of which nothing has run since.
    pub(super) fresh_step: Option<StepId>,
    /// The text the operator has just said yes to: it need not be shown again when it starts.
    pub(super) agreed: Option<String>,
    /// Number and title of every step, for naming earlier commands.
    pub(super) titles: BTreeMap<StepId, String>,
    /// The commands whose outcome is in sight or was named.
    pub(super) named: BTreeSet<Seq>,
    /// The message being written, so that a note in between does not lose it.
    pub(super) draft: Option<(StepId, String)>,
    /// The command being typed, while a secret for it is taken in.
    pub(super) unfinished: Option<Unfinished>,
    pub(super) record: String,
    /// The incident that the run is part of.
    pub(super) pager: Option<Box<dyn Pager>>,
}

impl AtTerminal {
    /// Asks at the controlling terminal and writes to `out`, which is the same terminal. While a key is waited for, `hearing`
    /// is heard.
    pub fn open(
        out: Box<dyn Write>,
        look: Look,
        clock: Box<dyn Clock>,
        hearing: Option<Box<dyn PollableEvents>>,
    ) -> std::io::Result<Self> {
        Ok(Self::with(out, Box::new(Tty::open(hearing)?), Box::new(TypedLines::new(look)), look, clock))
    }

    /// Asks where it is told to.
    pub fn with(
        out: Box<dyn Write>,
        keys: Box<dyn Keys>,
        lines: Box<dyn Lines>,
        look: Look,
        clock: Box<dyn Clock>,
    ) -> Self {
        Self {
            out,
            output: None,
            keys,
            lines,
            clock,
            look,
            ahead: None,
            interrupted_at: None,
            before: None,
            gone: None,
            live: None,
            header: String::new(),
            header_shown: false,
            path: Vec::new(),
            fresh_step: None,
            agreed: None,
            titles: BTreeMap::new(),
            named: BTreeSet::new(),
            draft: None,
            unfinished: None,
            record: String::new(),
            pager: None,
        }
    }

    /// Commands' output goes there, which is the same terminal: no secret is in it any more.
    #[must_use]
    pub fn with_output(mut self, output: Box<dyn Write>) -> Self {
        self.output = Some(output);
        self
    }

    /// Columns to write in: the window's, but no wider than can be read.
    pub(super) fn columns(&self) -> usize {
        self.keys.window().0.clamp(20, 120)
    }

    fn live(&mut self) -> &mut Live {
        self.live.get_or_insert_with(|| Live::new(self.look, Some(self.keys.window().0)))
    }

    /// The terminal as a command must leave it.
    pub(super) fn end_live(&mut self) {
        if let Some(mut live) = self.live.take() {
            let end = live.end();
            self.write(&end);
        }
    }

    pub(super) fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    pub(super) fn write_bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.gone.is_some() {
            return;
        }
        if let Err(error) = self.out.write_all(bytes).and_then(|()| self.out.flush()) {
            self.gone = Some(error.to_string());
        }
    }

    /// Shows where the run stands, unless that is in sight, and the earlier commands that are to be named.
    pub(super) fn begin_question(&mut self, standing: &Standing<'_>, name_all: bool) {
        // What was typed before the question was there is no answer to it.
        self.ahead = None;
        self.keys.flush();
        let columns = self.columns();
        let incident = self.incident_clock();
        self.header = display::header(standing, incident.as_deref(), self.look, columns);
        if !self.header_shown {
            self.write(&format!("\n{}", self.header));
            self.header_shown = true;
        }
        let unnamed: Vec<&CommandState> =
            standing.unsettled.iter().copied().filter(|c| name_all || !self.named.contains(&c.seq)).collect();
        self.named.extend(unnamed.iter().map(|command| command.seq));
        let titles = &self.titles;
        let title = |command: &CommandState| {
            titles
                .get(&command.started.step)
                .cloned()
                .unwrap_or_else(|| display::location("line", command.started.line))
        };
        let earlier = display::unsettled(&unnamed, &title, self.look, columns);
        self.write(&earlier);
        let due = self.due_lines();
        self.write(&due);
    }

    /// Asks with one key, and for the lines that a key asks for. `body` stands above the keys.
    pub(super) fn put(&mut self, question: &Question, body: &str) -> Result<Reply, OperatorError> {
        self.keys.begin()?;
        let with_incident;
        let question = if self.pager.is_some() {
            let help = "records what was done about the incident: a status update, an escalation, a milestone";
            with_incident = question.clone().key('@', "incident", help, Action::Incident);
            &with_incident
        } else {
            question
        };
        let answer = self.put_shown(question, body);
        self.keys.end();
        answer
    }

    fn put_shown(&mut self, question: &Question, body: &str) -> Result<Reply, OperatorError> {
        let legend = |this: &Self| question.legend(this.look, this.columns());
        self.write(&format!("{body}{}", legend(self)));
        loop {
            let key = match self.press()? {
                Press::Stop => return Ok(Reply::Stop),
                Press::Redraw => {
                    let clear = if self.look.cursor { CLEAR } else { "\n" };
                    self.write(&format!("{clear}{}{body}{}", self.header, legend(self)));
                    continue;
                }
                Press::Key(Key::Char('?')) => {
                    self.say("help");
                    self.write(&format!("{}{}", question.help(self.look, self.columns()), legend(self)));
                    continue;
                }
                Press::Key(key) => key,
            };
            let Some(entry) = question.find(key) else {
                self.hint("that key does nothing here; ? lists those that do");
                continue;
            };
            if let Some(reply) = self.act(&entry.action, entry.label, question)? {
                return Ok(reply);
            }
        }
    }

    /// Does what a key does; none: the question waits on.
    fn act(&mut self, action: &Action, label: &str, question: &Question) -> Result<Option<Reply>, OperatorError> {
        let reply = match action {
            Action::Hint(text) => {
                self.hint(text);
                None
            }
            Action::Reply(reply) => {
                self.say(label);
                Some(reply.clone())
            }
            Action::Edit => self.edit(&question.text)?,
            Action::EditText => self.edit_text(&question.text)?.map(Reply::Edit),
            Action::Typed(name) => Some(self.typed(name)?),
            Action::Note => self.filled("note: ", Purpose::Words)?.map(Reply::Note),
            Action::Own => self.type_command(Unfinished::own())?,
            Action::Incident => {
                self.incident_line()?;
                None
            }
            Action::SkipBecause => self.filled("skip, because: ", Purpose::Words)?.map(Reply::Skip),
            Action::DoneBy => self.filled("done, how: ", Purpose::Words)?.map(Reply::Done),
        };
        Ok(reply)
    }

    /// Only the name itself runs the command.
    fn typed(&mut self, name: &str) -> Result<Reply, OperatorError> {
        let shown = sanitize_code(name).into_owned();
        match self.line(&format!("type {shown} to run it: "), "", Purpose::Words)? {
            Line::Text(text) if text.trim() == shown.trim() => Ok(Reply::Run),
            _ => {
                self.hint("that is not the name, so it is not run");
                Ok(Reply::Decline)
            }
        }
    }

    fn edit(&mut self, text: &str) -> Result<Option<Reply>, OperatorError> {
        let initial = self.editable(text);
        self.type_command(Unfinished::edit(initial))
    }

    fn edit_text(&mut self, text: &str) -> Result<Option<String>, OperatorError> {
        let initial = self.editable(text);
        let Line::Text(changed) = self.line("edit: ", &initial, Purpose::Text)? else {
            self.hint("not changed");
            return Ok(None);
        };
        Ok(self.changed(&initial, changed))
    }

    /// The editor shows no control characters, so the text to edit has them written out.
    fn editable(&mut self, text: &str) -> String {
        let initial = sanitize_code(text.trim_end_matches('\n')).into_owned();
        if initial != text.trim_end_matches('\n') {
            self.hint("characters that cannot be seen are written out in the text to edit, as `^[` or `<U+200B>`");
        }
        initial
    }

    pub(super) fn changed(&mut self, initial: &str, text: String) -> Option<String> {
        if text == initial || text.trim().is_empty() {
            self.hint(if text == initial { "not changed" } else { "there is no command in it" });
            return None;
        }
        Some(text)
    }

    /// A line that is not empty; none when it is, or when it was cancelled.
    fn filled(&mut self, prompt: &str, purpose: Purpose) -> Result<Option<String>, OperatorError> {
        match self.line(prompt, "", purpose)? {
            Line::Text(text) if !text.trim().is_empty() => Ok(Some(text)),
            _ => {
                self.hint("nothing was entered");
                Ok(None)
            }
        }
    }

    /// Asks for a line that nothing completes.
    pub(super) fn line(&mut self, prompt: &str, initial: &str, purpose: Purpose) -> Result<Line, OperatorError> {
        self.ask_line(&AskLine { prompt, initial: (initial, ""), purpose, offers: &Offers::default() })
    }

    /// Asks for a line, whether or not keys are being read. A letter typed together with the key before is its first.
    pub(super) fn ask_line(&mut self, ask: &AskLine<'_>) -> Result<Line, OperatorError> {
        if let Some(why) = &self.gone {
            return Err(OperatorError::Gone(why.clone()));
        }
        let mut before = ask.initial.0.to_owned();
        if let Some(Key::Char(c)) = self.ahead.take() {
            before.push(c);
        }
        self.write("\r");
        self.keys.end();
        let line = self.lines.ask(&AskLine { initial: (&before, ask.initial.1), ..*ask });
        self.keys.begin()?;
        if line.as_ref().is_ok_and(|line| *line == Line::End) {
            // A terminal that was closed looks the same; the next key tells.
            self.ahead = self.keys.next(Some(Duration::ZERO))?;
        }
        line
    }

    /// The next key that means something.
    fn press(&mut self) -> Result<Press, OperatorError> {
        let prompt = self.look.paint(Style::Key, self.look.glyphs.prompt());
        self.write(&prompt);
        loop {
            if let Some(why) = &self.gone {
                return Err(OperatorError::Gone(why.clone()));
            }
            let key = match self.ahead.take() {
                Some(key) => key,
                None => self.next_key(&prompt)?,
            };
            match key {
                Key::Other => {}
                Key::Redraw => return Ok(Press::Redraw),
                Key::End => {
                    self.say("stop");
                    return Ok(Press::Stop);
                }
                Key::Interrupt => {
                    if self.is_second_interrupt() {
                        self.say("stop");
                        return Ok(Press::Stop);
                    }
                    self.hint("press q to stop; Ctrl-C ends a running command only");
                    self.write(&prompt);
                }
                Key::Enter | Key::Char(_) => {
                    if self.is_held_down(key) {
                        continue;
                    }
                    if self.comes_alone(key)? {
                        return Ok(Press::Key(key));
                    }
                    self.hint("many keys at once, a pasted text perhaps: nothing was done");
                    self.write(&prompt);
                }
            }
        }
    }

    /// The next key; meanwhile what becomes due in the incident is told above the prompt.
    fn next_key(&mut self, prompt: &str) -> Result<Key, OperatorError> {
        if self.pager.is_none() {
            return Ok(self.keys.next(None)?.unwrap_or(Key::Other));
        }
        loop {
            if let Some(key) = self.keys.next(Some(LOOK_EVERY))? {
                return Ok(key);
            }
            let due = self.due_lines();
            if !due.is_empty() {
                self.write(&format!("\r\n{due}{prompt}"));
            }
        }
    }

    /// Swallows an Enter typed together with a letter, keeps one more letter, and drains a pasted text. False: it was one.
    fn comes_alone(&mut self, key: Key) -> Result<bool, OperatorError> {
        let wait = if key == Key::Enter { TOGETHER_ENTER } else { TOGETHER };
        let Some(second) = self.keys.next(Some(wait))? else { return Ok(true) };
        if second == Key::Interrupt || second == Key::End {
            self.ahead = Some(second);
            return Ok(true);
        }
        match self.keys.next(Some(wait))? {
            None if second == Key::Enter => Ok(true),
            None => {
                self.ahead = Some(second);
                Ok(true)
            }
            Some(_) => {
                while self.keys.next(Some(TOGETHER))?.is_some() {}
                Ok(false)
            }
        }
    }

    fn is_held_down(&mut self, key: Key) -> bool {
        let now = self.clock.now().mono;
        let before = self.before.replace((key, now));
        before.is_some_and(|(same, at)| same == key && now.saturating_sub(at) < HELD)
    }

    fn is_second_interrupt(&mut self) -> bool {
        let now = self.clock.now().mono;
        let second = self.interrupted_at.is_some_and(|first| now.saturating_sub(first) <= TWICE);
        self.interrupted_at = Some(now);
        second
    }

    /// Echoes what was chosen.
    fn say(&mut self, words: &str) {
        let words = self.look.paint(Style::Dim, words);
        self.write(&format!("{words}\n"));
    }

    /// One short line about the key that was pressed; the prompt comes again behind it.
    pub(super) fn hint(&mut self, text: &str) {
        let text = self.look.paint(Style::Dim, text);
        self.write(&format!("\r{text}\n"));
    }
}

impl Drop for AtTerminal {
    /// A command whose end was never told may have left the terminal in any state.
    fn drop(&mut self) {
        self.end_live();
    }
}

impl Watch for AtTerminal {
    fn output(&mut self, _stream: Stream, bytes: &[u8]) {
        let before = self.live().output(bytes);
        self.write(before);
        if bytes.is_empty() || self.gone.is_some() {
            return;
        }
        let to = self.output.as_mut().unwrap_or(&mut self.out);
        if let Err(error) = to.write_all(bytes).and_then(|()| to.flush()) {
            self.gone = Some(error.to_string());
        }
    }

    fn quiet(&mut self, elapsed: Duration, silent: Duration) {
        self.tell_due_meanwhile();
        let line = self.live().quiet(elapsed, silent);
        self.write(&line);
    }

    fn engine_line(&mut self) -> LineAction {
        self.ask_engine_line()
    }
}
