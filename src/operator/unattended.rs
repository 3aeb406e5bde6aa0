//! A run without an operator: the flags answer, and notices are plain lines.
//!
//! Invariant: no question waits. The output of commands keeps its streams; notices go to standard error, one line for each
//! event. Refuses to know: where the policy comes from.

use super::look::{TerminalLook, format_count, format_duration, one_line};
use super::notices::{result_words, step_titles};
use super::outcome::{describe_outcome, render_outcome_line};
use crate::history::CommandState;
use crate::ident::StepId;
use crate::plan::{Consent, Gate, Plan, Policy, Step, spell_duration};
use crate::ports::Ask;
use crate::ports::AskChoice;
use crate::ports::AskInput;
use crate::ports::Chosen;
use crate::ports::IncidentReminders;
use crate::ports::Notice;
use crate::ports::Operator;
use crate::ports::OperatorError;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::ports::Reply;
use crate::ports::Stream;
use crate::ports::Watch;
use crate::term::OutputTracker;
use crate::term::Style;
use crate::term::sanitize_code;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Answers questions by a policy and writes notices as plain lines.
pub struct UnattendedOperator {
    policy: Policy,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    notices: Box<dyn Write>,
    look: TerminalLook,
    /// Name of the document, as of the last step.
    file: String,
    /// Number and title of every step.
    step_titles: BTreeMap<StepId, String>,
    /// True if a rollback has begun; there is at most one.
    was_rolled_back: bool,
    /// Tells if standard error is at the beginning of a line.
    tracker: OutputTracker,
    /// The incident that the run is part of, if any.
    incident: Option<Box<dyn IncidentReminders>>,
    /// Notices that are written once the facts behind them are durable; none if notices are written at once.
    deferred: Option<String>,
}

impl UnattendedOperator {
    /// Answers by `policy`. The output of commands goes to `out` and `err`, with secrets masked already; notices go to
    /// `notices`.
    pub fn new(
        policy: Policy,
        out: Box<dyn Write>,
        err: Box<dyn Write>,
        notices: Box<dyn Write>,
        look: TerminalLook,
    ) -> Self {
        Self {
            policy,
            out,
            err,
            notices,
            look,
            file: String::new(),
            step_titles: BTreeMap::new(),
            was_rolled_back: false,
            tracker: OutputTracker::new(),
            incident: None,
            deferred: None,
        }
    }

    /// Attaches the incident that the run is part of, if any.
    #[must_use]
    pub fn with_incident(mut self, pager: Option<Box<dyn IncidentReminders>>) -> Self {
        self.incident = pager;
        self
    }

    fn write_due_reminders(&mut self) {
        for due in self.incident.as_mut().map(|incident| incident.due_sentences()).unwrap_or_default() {
            self.write_line(Style::Warning, &format!("incident: {}", one_line(&due)));
        }
    }

    /// Writes a line in a style, after a newline if the current line is not empty.
    fn write_line(&mut self, style: Style, text: &str) {
        let fresh = if self.tracker.is_on_fresh_line() { "" } else { "\n" };
        let text = format!("{fresh}{}\n", self.look.paint_text(style, text));
        self.write_or_defer(&text);
    }

    fn write_or_defer(&mut self, text: &str) {
        self.tracker.observe_bytes(text.as_bytes());
        match &mut self.deferred {
            Some(deferred) => deferred.push_str(text),
            None => self.write_notice(text),
        }
    }

    /// Writes a notice. Errors are ignored: a run goes on without a reader of its notices.
    fn write_notice(&mut self, text: &str) {
        drop(self.notices.write_all(text.as_bytes()).and_then(|()| self.notices.flush()));
    }

    fn write_opening(&mut self, plan: &Plan, facts: &str, record: &str) {
        self.step_titles = step_titles(plan);
        let steps = format_count(plan.steps.len(), "step");
        self.write_line(Style::Heading, &format!("== {} ({steps}) {facts}", one_line(&plan.procedure.title)));
        for (name, value) in &plan.environment {
            self.write_line(Style::Dim, &format!("the document sets {}={}", one_line(name), one_line(value)));
        }
        self.write_line(Style::Dim, &format!("record: {}", one_line(record)));
    }

    fn write_started(&mut self, text: &str, line: u32) {
        let location = if line == 0 { String::new() } else { format!("   {}:{line}", self.file) };
        let harmless = sanitize_code(text.trim_end_matches('\n')).into_owned();
        for (i, line) in harmless.split('\n').enumerate() {
            let suffix = if i == 0 { location.as_str() } else { "" };
            self.write_line(Style::Command, &format!("> {line}{suffix}"));
        }
        self.tracker = OutputTracker::new();
    }

    fn write_closing(&mut self, result: &str, style: Style, unresolved: &[&CommandState]) {
        for command in unresolved {
            let title = self.step_titles.get(&command.started.step).cloned().unwrap_or_default();
            let (words, text) = (describe_outcome(command, self.look), one_line(&command.started.text));
            self.write_line(Style::Negative, &format!("worth a look: {title}: `{text}` {words}"));
        }
        self.write_line(style, result);
    }

    fn answer_command(&self, step: &Step, gate: &Gate) -> Reply {
        if let Some(reason) = self.policy.reason_left_out(step) {
            return Reply::SkipRest(reason);
        }
        if self.policy.reason_refused(step, gate).is_some() {
            return Reply::Decline;
        }
        // A command that cannot run as it stands is refused and recorded by the engine.
        Reply::Run(Consent::Flags)
    }

    /// The policy's reason for leaving out a step, or `otherwise`.
    fn skip_reason(&self, step: &Step, otherwise: &str) -> String {
        self.policy.reason_left_out(step).unwrap_or_else(|| otherwise.to_owned())
    }

    /// Chooses the option that `--choose` names and that was not taken yet. Without one the run continues if an option was
    /// taken before, and fails otherwise.
    fn answer_choice(&self, ask: &AskChoice<'_>) -> Result<Reply, OperatorError> {
        let with_anchors = ask.options.iter().zip(&ask.anchors);
        let names: Vec<_> =
            with_anchors.map(|((title, ..), anchor)| ((*title).to_owned(), anchor.map(str::to_owned))).collect();
        let taken: Vec<bool> = ask.options.iter().map(|(_, _, taken)| *taken).collect();
        match self.policy.find_chosen_option(&names, &taken) {
            Some(option_index) => Ok(Reply::Chosen(Chosen::Option(option_index))),
            None if taken.contains(&true) => Ok(Reply::Chosen(Chosen::GoOn)),
            None => {
                let titles: Vec<_> = ask.options.iter().map(|(title, ..)| format!("`{}`", one_line(title))).collect();
                let asked = format!("`{}` is a choice of {}", one_line(ask.title), titles.join(", "));
                Err(OperatorError::Unanswered(format!("{asked}; `--choose TITLE` says which")))
            }
        }
    }

    /// Answers with the value of `--input`. Fails if there is none.
    fn answer_input(&self, ask: &AskInput<'_>) -> Result<Reply, OperatorError> {
        let name = one_line(ask.name);
        let missing = || {
            let default =
                ask.default.map_or_else(String::new, |value| format!(" (in the document: `{}`)", one_line(value)));
            OperatorError::Unanswered(format!("{}; `--input {name}=VALUE` gives it{default}", one_line(ask.why)))
        };
        let value = self.policy.values.iter().find(|(name, _)| name.as_str() == ask.name);
        value.map(|(_, value)| Reply::Value(value.clone())).ok_or_else(missing)
    }
}

impl Watch for UnattendedOperator {
    fn on_output(&mut self, stream: Stream, bytes: &[u8]) {
        // The output is recorded already, so an error is ignored: a restore goes on without a reader.
        match stream {
            Stream::Out => drop(self.out.write_all(bytes).and_then(|()| self.out.flush())),
            Stream::Err => drop(self.err.write_all(bytes).and_then(|()| self.err.flush())),
        }
        // Both streams may be the same file, so either can end in the middle of a line.
        self.tracker.observe_bytes(bytes);
    }

    fn on_quiet(&mut self, _elapsed: Duration, _silent: Duration) {
        self.write_due_reminders();
    }

    fn on_durable(&mut self) {
        if let Some(deferred) = self.deferred.take().filter(|deferred| !deferred.is_empty()) {
            self.write_notice(&deferred);
        }
    }
}

impl Operator for UnattendedOperator {
    fn defer_until_durable(&mut self) {
        self.deferred.get_or_insert_default();
    }

    fn show_notice(&mut self, talk: &Notice<'_>) {
        match talk {
            Notice::Opening { plan, file, host, user, cwd, mode: _, record } => {
                let facts = format!("{}, {}@{}:{}", one_line(file), one_line(user), one_line(host), one_line(cwd));
                self.write_opening(plan, &facts, record);
            }
            Notice::Step(shown) => {
                self.write_due_reminders();
                self.file = one_line(shown.file);
                let step = shown.step;
                let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
                let location = format!("{}:{}", self.file, step.source.line);
                self.write_line(Style::StepHeading, &format!("== {title}   {location}"));
            }
            Notice::Started { text, line } => self.write_started(text, *line),
            Notice::Finished { finished, text: _, detail } => {
                let fresh = if self.tracker.is_on_fresh_line() { "" } else { "\n" };
                let line = render_outcome_line(finished, *detail, self.look);
                self.write_or_defer(&format!("{fresh}{line}"));
            }
            Notice::Respawned { how } => {
                self.write_line(
                    Style::Warning,
                    &format!("warning: the shell ended ({}); a new one was started", one_line(how)),
                );
            }
            Notice::Skipped { step, reason } => {
                let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
                self.write_line(Style::Dim, &format!("skipped {title}: {}", one_line(reason)));
            }
            Notice::Info(text) => self.write_line(Style::Prose, &one_line(text)),
            Notice::Warning(text) => self.write_line(Style::Warning, &format!("warning: {}", one_line(text))),
            Notice::Closing { result, reason, done, of, unresolved: unsettled, elapsed } => {
                let (style, word) = result_words(*result);
                let because = if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) };
                let line = format!(
                    "== {word}, {done} of {} done in {}{because}",
                    format_count(*of, "step"),
                    format_duration(*elapsed)
                );
                self.write_closing(&line, style, unsettled);
            }
        }
    }

    fn lets_through(&self, step: &Step, gate: &Gate) -> bool {
        self.answer_command(step, gate) == Reply::Run(Consent::Flags)
    }

    fn wait_pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.write_line(Style::Dim, &format!("{} in {}", one_line(pause.next), spell_duration(pause.lasts)));
        std::thread::sleep(pause.lasts);
        Ok(Paused::Over)
    }

    fn ask_question(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError> {
        match ask {
            Ask::Command(ask) => Ok(self.answer_command(ask.shown.step, &ask.gate)),
            // Only once: a failure during the rollback ends the run.
            Ask::Failure(ask) if self.policy.rollback_on_failure && !self.was_rolled_back => {
                self.was_rolled_back = true;
                Ok(if ask.rollbacks.is_empty() { Reply::Stop } else { Reply::RollBack })
            }
            Ask::Failure(_) => Ok(Reply::Stop),
            Ask::Task(ask) => Ok(Reply::Skip(self.skip_reason(ask.shown.step, "a task for an operator"))),
            Ask::Message(ask) => Ok(Reply::Skip(self.skip_reason(ask.shown.step, "a message for an operator"))),
            Ask::Choice(ask) => self.answer_choice(ask),
            Ask::Input(ask) => self.answer_input(ask),
        }
    }
}
