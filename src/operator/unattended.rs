//! Nobody at a terminal: the flags answer, and what happens is told in plain lines.
//!
//! Invariant: it never waits. Commands' output goes where it belongs, talk goes to standard error, a line for each thing
//! that happened.

use super::look::{Look, count, one_line, took};
use super::outcome::{outcome_line, outcome_words};
use super::talk::{result_words, titles};
use crate::history::CommandState;
use crate::ident::StepId;
use crate::plan::{Gate, Plan, Policy, Step, length};
use crate::ports::Ask;
use crate::ports::AskChoice;
use crate::ports::AskInput;
use crate::ports::Chosen;
use crate::ports::Operator;
use crate::ports::OperatorError;
use crate::ports::Pager;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::ports::Reply;
use crate::ports::Stream;
use crate::ports::Talk;
use crate::ports::Watch;
use crate::term::OutputTracker;
use crate::term::Style;
use crate::term::sanitize_code;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// See the module.
pub struct Unattended {
    policy: Policy,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    talk: Box<dyn Write>,
    look: Look,
    file: String,
    titles: BTreeMap<StepId, String>,
    /// Whether what was done was undone already.
    rolled_back: bool,
    /// Whether standard error stands at the beginning of a line.
    tracker: OutputTracker,
    /// The incident that the run is part of.
    pager: Option<Box<dyn Pager>>,
    /// What is told once it is on disk.
    held: Option<String>,
}

impl Unattended {
    /// Answers by `policy`; commands' output goes to `out` and `err`, from which secrets are gone already, and talk to `talk`.
    pub fn new(policy: Policy, out: Box<dyn Write>, err: Box<dyn Write>, talk: Box<dyn Write>, look: Look) -> Self {
        Self {
            policy,
            out,
            err,
            talk,
            look,
            file: String::new(),
            titles: BTreeMap::new(),
            rolled_back: false,
            tracker: OutputTracker::new(),
            pager: None,
            held: None,
        }
    }

    /// The run is part of an incident.
    #[must_use]
    pub fn with_pager(mut self, pager: Option<Box<dyn Pager>>) -> Self {
        self.pager = pager;
        self
    }

    fn tell_due(&mut self) {
        for due in self.pager.as_mut().map(|pager| pager.due()).unwrap_or_default() {
            self.line(Style::Warning, &format!("incident: {}", one_line(&due)));
        }
    }

    /// A reader of the talk that went away does not stop a run.
    fn line(&mut self, style: Style, text: &str) {
        let fresh = if self.tracker.on_fresh_line() { "" } else { "\n" };
        let text = format!("{fresh}{}\n", self.look.paint(style, text));
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        self.tracker.saw(text.as_bytes());
        match &mut self.held {
            Some(held) => held.push_str(text),
            None => self.write(text),
        }
    }

    fn write(&mut self, text: &str) {
        drop(self.talk.write_all(text.as_bytes()).and_then(|()| self.talk.flush()));
    }

    fn opening(&mut self, plan: &Plan, facts: &str, record: &str) {
        self.titles = titles(plan);
        let steps = count(plan.steps.len(), "step");
        self.line(Style::Heading, &format!("== {} ({steps}) {facts}", one_line(&plan.procedure.title)));
        self.line(Style::Dim, &format!("record: {}", one_line(record)));
    }

    fn started(&mut self, text: &str, line: u32) {
        let place = if line == 0 { String::new() } else { format!("   {}:{line}", self.file) };
        let harmless = sanitize_code(text.trim_end_matches('\n')).into_owned();
        for (i, line) in harmless.split('\n').enumerate() {
            let place = if i == 0 { place.as_str() } else { "" };
            self.line(Style::Command, &format!("> {line}{place}"));
        }
        self.tracker = OutputTracker::new();
    }

    fn closing(&mut self, head: &str, style: Style, unsettled: &[&CommandState]) {
        for command in unsettled {
            let title = self.titles.get(&command.started.step).cloned().unwrap_or_default();
            let (words, text) = (outcome_words(command, self.look), one_line(&command.started.text));
            self.line(Style::Negative, &format!("worth a look: {title}: `{text}` {words}"));
        }
        self.line(style, head);
    }

    fn command(&self, step: &Step, gate: &Gate) -> Reply {
        if let Some(reason) = self.policy.leaves_out(step) {
            return Reply::SkipRest(reason);
        }
        if self.policy.refuses(step, gate).is_some() {
            return Reply::Decline;
        }
        // A command that cannot run as it stands is refused by whoever asks, and recorded so.
        Reply::Run
    }

    /// What `--choose` names among the options not taken yet; when something was taken before, on.
    fn choice(&self, ask: &AskChoice<'_>) -> Result<Reply, OperatorError> {
        let with_anchors = ask.options.iter().zip(&ask.anchors);
        let names: Vec<_> =
            with_anchors.map(|((title, ..), anchor)| ((*title).to_owned(), anchor.map(str::to_owned))).collect();
        let taken: Vec<bool> = ask.options.iter().map(|(_, _, taken)| *taken).collect();
        match self.policy.choice(&names, &taken) {
            Some(at) => Ok(Reply::Chosen(Chosen::Option(at))),
            None if taken.contains(&true) => Ok(Reply::Chosen(Chosen::GoOn)),
            None => {
                let titles: Vec<_> = ask.options.iter().map(|(title, ..)| format!("`{}`", one_line(title))).collect();
                let asked = format!("`{}` is a choice of {}", one_line(ask.title), titles.join(", "));
                Err(OperatorError::Unanswered(format!("{asked}; `--choose TITLE` says which")))
            }
        }
    }

    fn input(&self, ask: &AskInput<'_>) -> Result<Reply, OperatorError> {
        let name = one_line(ask.name);
        let missing = || {
            let default =
                ask.default.map_or_else(String::new, |value| format!(" (in the document: `{}`)", one_line(value)));
            OperatorError::Unanswered(format!("{}; `--input {name}=VALUE` gives it{default}", one_line(ask.why)))
        };
        let given = self.policy.values.iter().find(|(name, _)| name.as_str() == ask.name);
        given.map(|(_, value)| Reply::Value(value.clone())).ok_or_else(missing)
    }
}

impl Watch for Unattended {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        // It is on disk already; a reader that went away does not stop a restore.
        match stream {
            Stream::Out => drop(self.out.write_all(bytes).and_then(|()| self.out.flush())),
            Stream::Err => drop(self.err.write_all(bytes).and_then(|()| self.err.flush())),
        }
        // The two streams may be one file, so either may have left the line open.
        self.tracker.saw(bytes);
    }

    fn quiet(&mut self, _elapsed: Duration, _silent: Duration) {
        self.tell_due();
    }

    fn settled(&mut self) {
        if let Some(held) = self.held.take().filter(|held| !held.is_empty()) {
            self.write(&held);
        }
    }
}

impl Operator for Unattended {
    fn hold_back(&mut self) {
        self.held.get_or_insert_default();
    }

    fn tell(&mut self, talk: &Talk<'_>) {
        match talk {
            Talk::Opening { plan, file, host, user, cwd, mode: _, record } => {
                let facts = format!("{}, {}@{}:{}", one_line(file), one_line(user), one_line(host), one_line(cwd));
                self.opening(plan, &facts, record);
            }
            Talk::Step(shown) => {
                self.tell_due();
                self.file = one_line(shown.file);
                let step = shown.step;
                let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
                let place = format!("{}:{}", self.file, step.source.line);
                self.line(Style::StepHeading, &format!("== {title}   {place}"));
            }
            Talk::Started { text, line } => self.started(text, *line),
            Talk::Finished { finished, text: _, detail } => {
                let fresh = if self.tracker.on_fresh_line() { "" } else { "\n" };
                let line = outcome_line(finished, *detail, self.look);
                self.say(&format!("{fresh}{line}"));
            }
            Talk::Respawned { how } => {
                self.line(
                    Style::Warning,
                    &format!("warning: the shell ended ({}); a new one was started", one_line(how)),
                );
            }
            Talk::Skipped { step, reason } => {
                let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
                self.line(Style::Dim, &format!("skipped {title}: {}", one_line(reason)));
            }
            Talk::Notice(text) => self.line(Style::Prose, &one_line(text)),
            Talk::Warning(text) => self.line(Style::Warning, &format!("warning: {}", one_line(text))),
            Talk::Closing { result, reason, done, of, unsettled, elapsed } => {
                let (style, word) = result_words(*result);
                let because = if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) };
                let head = format!("== {word}, {done} of {} done in {}{because}", count(*of, "step"), took(*elapsed));
                self.closing(&head, style, unsettled);
            }
        }
    }

    fn lets_through(&self, step: &Step, gate: &Gate) -> bool {
        self.command(step, gate) == Reply::Run
    }

    fn pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.line(Style::Dim, &format!("{} in {}", one_line(pause.next), length(pause.lasts)));
        std::thread::sleep(pause.lasts);
        Ok(Paused::Over)
    }

    fn ask(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError> {
        match ask {
            Ask::Command(ask) => Ok(self.command(ask.shown.step, &ask.gate)),
            // Once: what fails while it undoes things ends the run.
            Ask::Failure(ask) if self.policy.rollback_on_failure && !self.rolled_back => {
                self.rolled_back = true;
                Ok(if ask.rollbacks.is_empty() { Reply::Stop } else { Reply::RollBack })
            }
            Ask::Failure(_) => Ok(Reply::Stop),
            Ask::Task(ask) => Ok(Reply::Skip(self.left_out(ask.shown.step, "a task for an operator"))),
            Ask::Message(ask) => Ok(Reply::Skip(self.left_out(ask.shown.step, "a message for an operator"))),
            Ask::Choice(ask) => self.choice(ask),
            Ask::Input(ask) => self.input(ask),
        }
    }
}

impl Unattended {
    fn left_out(&self, step: &crate::plan::Step, otherwise: &str) -> String {
        self.policy.leaves_out(step).unwrap_or_else(|| otherwise.to_owned())
    }
}
