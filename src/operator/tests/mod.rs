//! The operator over scripted keys and lines, and what it wrote.

mod answers;
mod incident;
mod shown;
mod unattended;

use super::{EnteredLine, KeySource, LineRequest, LineSource, PressedKey, TerminalLook, TerminalOperator};
use crate::history::Answers;
use crate::history::Captured;
use crate::history::CommandFinished;
use crate::history::CommandSource;
use crate::history::CommandStarted;
use crate::history::CommandState;
use crate::history::End;
use crate::history::Outcome;
use crate::ident::Anchor;
use crate::ident::Clock;
use crate::ident::Digest;
use crate::ident::Moment;
use crate::ident::Seq;
use crate::ident::StepId;
use crate::plan::Command;
use crate::plan::Gate;
use crate::plan::Plan;
use crate::plan::Procedure;
use crate::plan::Step;
use crate::plan::StepCell;
use crate::plan::StepKind;
use crate::plan::StepSource;
use crate::ports::AskCommand;
use crate::ports::OperatorError;
use crate::ports::ShownStep;
use crate::ports::StepPosition;
use crate::term::Color;
use crate::term::Glyphs;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

pub(super) const LOOK: TerminalLook =
    TerminalLook { color: Color::Never, glyphs: Glyphs::Unicode, can_move_cursor: true };

/// What the operator's hands do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Typed {
    /// Before the question stands there.
    Ahead(PressedKey),
    /// After it.
    Key(PressedKey),
    /// Long enough that the next key is one by itself.
    Pause,
}

/// Everything written, in order.
#[derive(Clone, Default)]
pub(super) struct Sink(Rc<RefCell<Vec<u8>>>);

impl Sink {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct ScriptedKeys {
    typed: VecDeque<Typed>,
    raw: bool,
}

impl KeySource for ScriptedKeys {
    fn begin_reading(&mut self) -> Result<(), OperatorError> {
        self.raw = true;
        Ok(())
    }

    fn end_reading(&mut self) {
        self.raw = false;
    }

    fn discard_pending(&mut self) {
        while matches!(self.typed.front(), Some(Typed::Ahead(_))) {
            self.typed.pop_front();
        }
    }

    fn next_key(&mut self, wait: Option<Duration>) -> Result<Option<PressedKey>, OperatorError> {
        assert!(self.raw, "keys are read only while the terminal gives them one by one");
        match (self.typed.front(), wait) {
            // A question that looks around while it waits lets the time pass.
            (Some(Typed::Pause), Some(wait)) if wait >= Duration::from_secs(1) => {
                self.typed.pop_front();
                Ok(None)
            }
            (Some(Typed::Pause) | None, Some(_)) => Ok(None),
            (Some(Typed::Pause), None) => {
                self.typed.pop_front();
                self.next_key(None)
            }
            (Some(Typed::Key(_) | Typed::Ahead(_)), _) => match self.typed.pop_front() {
                Some(Typed::Key(key) | Typed::Ahead(key)) => Ok(Some(key)),
                _ => Ok(None),
            },
            (None, None) => Err(OperatorError::Gone("the script is over".to_owned())),
        }
    }

    fn window_size(&self) -> (usize, usize) {
        (80, 24)
    }
}

type Asked = Rc<RefCell<Vec<(String, String)>>>;

struct ScriptedLines {
    lines: VecDeque<EnteredLine>,
    asked: Asked,
}

impl LineSource for ScriptedLines {
    fn ask_line(&mut self, ask: &LineRequest<'_>) -> Result<EnteredLine, OperatorError> {
        self.asked.borrow_mut().push((ask.prompt.to_owned(), [ask.initial.0, ask.initial.1].concat()));
        self.lines.pop_front().ok_or_else(|| OperatorError::Gone("the script is over".to_owned()))
    }
}

/// A clock on which this much passes between two looks at it.
struct Steps(Cell<Duration>, Duration);

impl Clock for Steps {
    fn now(&self) -> Moment {
        self.0.set(self.0.get() + self.1);
        Moment { utc: jiff::Timestamp::UNIX_EPOCH, mono: self.0.get() }
    }
}

/// An operator, what it wrote, and what lines it asked for (prompt, initial text).
pub(super) struct Scripted {
    pub(super) operator: TerminalOperator,
    pub(super) sink: Sink,
    pub(super) asked: Asked,
}

pub(super) fn scripted(typed: Vec<Typed>, lines: &[&str]) -> Scripted {
    scripted_at(Duration::from_millis(200), typed, lines)
}

/// The same with this much time between two keys.
pub(super) fn scripted_at(between: Duration, typed: Vec<Typed>, lines: &[&str]) -> Scripted {
    let sink = Sink::default();
    let asked = Asked::default();
    let lines = lines.iter().map(|text| EnteredLine::Text((*text).to_owned())).collect();
    let keys = ScriptedKeys { typed: typed.into(), raw: false };
    let lines = ScriptedLines { lines, asked: Rc::clone(&asked) };
    let clock = Steps(Cell::default(), between);
    let operator =
        TerminalOperator::from_devices(Box::new(sink.clone()), Box::new(keys), Box::new(lines), LOOK, Box::new(clock));
    Scripted { operator, sink, asked }
}

/// Single keys, each by itself; `\r` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D.
pub(super) fn one_by_one(keys: &str) -> Vec<Typed> {
    keys.chars().flat_map(|c| [Typed::Key(key(c)), Typed::Pause]).collect()
}

/// Keys that come all at once.
pub(super) fn at_once(keys: &str) -> Vec<Typed> {
    keys.chars().map(|c| Typed::Key(key(c))).collect()
}

pub(super) fn key(c: char) -> PressedKey {
    match c {
        '\r' => PressedKey::Enter,
        '\u{3}' => PressedKey::Interrupt,
        '\u{4}' => PressedKey::EndOfInput,
        '\u{c}' => PressedKey::Redraw,
        c => PressedKey::Char(c),
    }
}

#[expect(clippy::default_trait_access, reason = "the facts' type is not this module's to name")]
pub(super) fn command(text: &str, line: u32) -> Command {
    let end_line = line;
    let mut command = Command::from_typed_text(text, line);
    command.end_line = end_line;
    command.facts = Default::default();
    command
}

pub(super) fn step(title: &str, kind: StepKind, commands: Vec<Command>) -> Step {
    Step {
        id: StepId::new(format!("step-{title}")),
        number: "3.1".into(),
        title: title.into(),
        kind,
        source: StepSource {
            line: 40,
            end_line: 48,
            headings: vec!["Recovery".into(), "Restore the orders database".into()],
            prose: Vec::new(),
        },
        conditional: None,
        commands,
        body: String::new(),
        task_reason: None,
        cell: StepCell {
            attributes: crate::document::Attributes::default(),
            influences: std::sync::Arc::from([]),
            is_last: true,
            expected: None,
            similarity: None,
        },
        repeat: crate::plan::Repeat::default(),
        rollback_target: None,
    }
}

pub(super) fn plan(steps: Vec<Step>) -> Plan {
    let procedure = Procedure {
        anchor: Anchor::new("restore"),
        title: "Restore the orders database".into(),
        line: 30,
        level: 2,
        path: vec!["Recovery".into()],
    };
    Plan {
        environment: Vec::new(),
        procedure,
        document: Digest::of_bytes(b""),
        steps,
        root: Vec::new(),
        closing: Vec::new(),
        inputs: Vec::new(),
        findings: Vec::new(),
    }
}

pub(super) fn standing() -> StepPosition<'static> {
    StepPosition {
        procedure: "Restore the orders database",
        host: "db1",
        cwd: "/srv/orders",
        step_number: 3,
        step_count: 9,
        elapsed: Duration::from_secs(761),
        unresolved: Vec::new(),
    }
}

pub(super) fn shown(step: &Step) -> ShownStep<'_> {
    ShownStep { position: standing(), step, file: "RUNBOOK.md" }
}

pub(super) fn ask_command(step: &Step, index: usize) -> AskCommand<'_> {
    let command = step.commands.get(index).unwrap();
    AskCommand {
        shown: shown(step),
        command,
        index,
        text: &command.text,
        values: Vec::new(),
        refused: None,
        confirm: Vec::new(),
        gate: Gate::default(),
    }
}

pub(super) fn finished(outcome: Outcome, status: i32, pipestatus: &[i32]) -> CommandFinished {
    CommandFinished {
        started: Seq(7),
        end: End::Ran,
        outcome,
        status: Some(status),
        pipestatus: pipestatus.to_vec(),
        cwd: "/srv/orders".into(),
        took_ns: 1_200_000_000,
        output: Captured {
            length_bytes: 0,
            kept_bytes: 0,
            digest: Digest::of_bytes(b""),
            all_digest: None,
            salt: String::new(),
            inline: Some(Vec::new()),
        },
    }
}

/// An earlier command of another step.
pub(super) fn earlier(outcome: Outcome, status: i32) -> CommandState {
    let started = CommandStarted {
        step: StepId::new("step-Check the logs"),
        command: Some(0),
        of: 1,
        attempt: 1,
        source: CommandSource::Document,
        text: "docker logs api | grep ERROR".into(),
        line: 20,
        level: Some(0),
        never_ends: false,
        answers: Answers::default(),
    };
    let finished = Some(finished(outcome, status, &[0, status]));
    CommandState { seq: Seq(5), at: jiff::Timestamp::UNIX_EPOCH, started, finished }
}
