//! What the operator at the terminal is told.
//!
//! Invariant: telling never waits and never fails; a terminal that is gone shows at the next question.

use super::at_terminal::AtTerminal;
use super::display;
use super::live::Live;
use super::look::{Look, count, one_line, took};
use super::outcome::{outcome_line, outcome_words};
use crate::history::CommandState;
use crate::history::Mode;
use crate::history::RunResult;
use crate::plan::Plan;
use crate::plan::Step;
use crate::ports::Ask;
use crate::ports::Operator;
use crate::ports::OperatorError;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::ports::Reply;
use crate::ports::Shown;
use crate::ports::Talk;
use crate::term::Span;
use crate::term::Style;
use crate::term::render;
use std::fmt::Write as _;

impl Operator for AtTerminal {
    fn pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.wait(pause)
    }

    fn tell(&mut self, talk: &Talk<'_>) {
        let (look, columns) = (self.look, self.columns());
        match talk {
            Talk::Opening { plan, file, host, user, cwd, mode, record } => {
                self.titles = titles(plan);
                (*record).clone_into(&mut self.record);
                let whereabouts = format!("{}@{}:{}", one_line(user), one_line(host), one_line(cwd));
                self.write(&opening(plan, file, &whereabouts, *mode, record, look, columns));
            }
            Talk::Step(shown) => self.show_step(shown),
            Talk::Started { text, line: _ } => {
                if self.agreed.take().as_deref() != Some(text) {
                    let command = display::command(text, None, look, columns);
                    self.write(&command);
                }
                self.live = Some(Live::new(look, Some(self.keys.window().0)));
            }
            Talk::Finished { finished, text: _, detail } => {
                self.end_live();
                self.write(&outcome_line(finished, *detail, look));
                self.named.insert(finished.started);
                self.header_shown = false;
                self.fresh_step = None;
            }
            Talk::Respawned { how } => {
                let text = format!("the shell ended ({}); a new one was started from its last snapshot", one_line(how));
                self.write(&warning(&text, look, columns));
            }
            Talk::Skipped { step, reason } => self.write(&skipped(step, reason, look, columns)),
            Talk::Notice(text) => {
                // Not wrapped: a path in it can be copied.
                self.write(&format!("{}\n", one_line(text)));
            }
            Talk::Warning(text) => self.write(&warning(text, look, columns)),
            Talk::Closing { result, reason, done, of, unsettled, elapsed } => {
                let facts = format!("{done} of {} done{}{}", count(*of, "step"), look.glyphs.dot(), took(*elapsed));
                let mut text = closing(*result, reason, &facts, look, columns);
                text.push_str(&closing_unsettled(unsettled, look, columns, |command| {
                    self.titles.get(&command.started.step).cloned().unwrap_or_default()
                }));
                if !self.record.is_empty() {
                    let record = look.paint(Style::Dim, &format!("record: {}", one_line(&self.record)));
                    text.push_str(&record);
                    text.push('\n');
                }
                self.write(&text);
            }
        }
    }

    fn ask(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError> {
        if let Some(why) = &self.gone {
            return Err(OperatorError::Gone(why.clone()));
        }
        self.end_live();
        if let Some(reply) = self.go_on_typing()? {
            self.keys.end();
            return Ok(reply);
        }
        let reply = match ask {
            Ask::Command(ask) => self.ask_command(ask),
            Ask::Failure(ask) => self.ask_failure(ask),
            Ask::Task(ask) => self.ask_task(ask),
            Ask::Message(ask) => self.ask_message(ask),
            Ask::Choice(ask) => self.ask_choice(ask),
            Ask::Input(ask) => self.ask_input(ask),
        };
        // Whatever happened, the terminal is the next command's now.
        self.keys.end();
        match &reply {
            Err(OperatorError::Gone(why)) => self.gone = Some(why.clone()),
            // What is said of it stands on a line of its own.
            Err(OperatorError::Session(_)) => self.write("\n"),
            _ => {}
        }
        reply
    }
}

impl AtTerminal {
    fn show_step(&mut self, shown: &Shown<'_>) {
        let (look, columns) = (self.look, self.columns());
        let incident = self.incident_clock();
        let mut text = format!("\n{}\n", display::header(&shown.standing, incident.as_deref(), look, columns));
        if shown.step.source.headings != self.path {
            self.path.clone_from(&shown.step.source.headings);
            if !self.path.is_empty() {
                text.push_str(&display::heading_path(&self.path, look, columns));
                text.push('\n');
            }
        }
        text.push_str(&display::step(shown, look, columns));
        self.write(&text);
        self.header_shown = true;
        self.fresh_step = Some(shown.step.id.clone());
    }
}

/// Number and title of every step.
pub(super) fn titles(plan: &Plan) -> std::collections::BTreeMap<crate::ident::StepId, String> {
    let title = |step: &Step| format!("{} {}", one_line(&step.number), one_line(&step.title));
    plan.steps.iter().map(|step| (step.id.clone(), title(step))).collect()
}

fn opening(plan: &Plan, file: &str, whereabouts: &str, mode: Mode, record: &str, look: Look, columns: usize) -> String {
    let dot = look.glyphs.dot();
    let mode = match mode {
        Mode::Attended => "",
        Mode::Unattended => "unattended",
    };
    let mut facts = format!("{}{dot}{}", one_line(whereabouts), count(plan.steps.len(), "step"));
    if !mode.is_empty() {
        facts.push_str(dot);
        facts.push_str(mode);
    }
    let place = display::location(file, plan.procedure.line.max(1));
    let mut out = look.paragraph(
        &[Span::new(Style::Heading, one_line(&plan.procedure.title)), Span::new(Style::Dim, format!("\u{a0} {place}"))],
        columns,
        "",
    );
    out.push_str(&look.paragraph(&[Span::new(Style::Prose, facts)], columns, ""));
    out.push_str(&look.paint(Style::Dim, &format!("record: {}", one_line(record))));
    out.push('\n');
    out
}

pub(super) fn warning(text: &str, look: Look, columns: usize) -> String {
    look.paragraph(&[Span::new(Style::Warning, format!("warning: {}", one_line(text)))], columns, "")
}

fn skipped(step: &Step, reason: &str, look: Look, columns: usize) -> String {
    let text = format!("skipped {} {}: {}", one_line(&step.number), one_line(&step.title), one_line(reason));
    look.paragraph(&[Span::new(Style::Dim, text)], columns, "")
}

/// How a run ended.
pub(super) fn result_words(result: RunResult) -> (Style, &'static str) {
    match result {
        RunResult::Completed => (Style::Success, "completed"),
        RunResult::Failed => (Style::Failure, "failed"),
        RunResult::Stopped => (Style::Warning, "stopped"),
        RunResult::Interrupted => (Style::Warning, "interrupted"),
        RunResult::Abandoned => (Style::Warning, "abandoned"),
    }
}

fn closing(result: RunResult, reason: &str, facts: &str, look: Look, columns: usize) -> String {
    let (style, word) = result_words(result);
    let mut spans = vec![Span::new(style, word), Span::new(Style::Prose, format!("{}{facts}", look.glyphs.dot()))];
    if !reason.is_empty() {
        spans.push(Span::new(Style::Prose, format!("{}{}", look.glyphs.dot(), one_line(reason))));
    }
    format!("\n{}", look.paragraph(&spans, columns, ""))
}

fn closing_unsettled(
    unsettled: &[&CommandState],
    look: Look,
    columns: usize,
    title: impl Fn(&CommandState) -> String,
) -> String {
    if unsettled.is_empty() {
        return String::new();
    }
    let mut out = look.paint(Style::Negative, "worth a look:");
    out.push('\n');
    for command in unsettled {
        let head = [
            Span::new(Style::Prose, format!("{}: ", title(command))),
            Span::new(Style::Negative, outcome_words(command, look)),
        ];
        // Writing to a string cannot fail.
        let _: std::fmt::Result = writeln!(out, "  {}", render(&head, look.color));
        out.push_str(&display::command(&command.started.text, None, look, columns));
    }
    out
}
