//! Notices to the operator at the terminal, and the entry to every question.
//!
//! Invariant: a notice never waits and never fails; if the terminal is gone, the next question says so. Refuses to know:
//! why something happened.

use super::at_terminal::TerminalOperator;
use super::display;
use super::live_output::LiveOutput;
use super::look::{TerminalLook, format_count, format_duration, one_line};
use super::outcome::{describe_outcome, render_outcome_line};
use crate::history::CommandState;
use crate::history::Mode;
use crate::history::RunResult;
use crate::plan::Plan;
use crate::plan::Step;
use crate::ports::Ask;
use crate::ports::Notice;
use crate::ports::Operator;
use crate::ports::OperatorError;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::ports::Reply;
use crate::ports::ShownStep;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::render_spans;
use std::fmt::Write as _;

impl Operator for TerminalOperator {
    fn wait_pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.wait_out(pause)
    }

    fn show_notice(&mut self, talk: &Notice<'_>) {
        let (look, columns) = (self.look, self.text_columns());
        match talk {
            Notice::Opening { plan, file, host, user, cwd, mode, record } => {
                self.step_titles = step_titles(plan);
                (*record).clone_into(&mut self.record_path);
                let whereabouts = format!("{}@{}:{}", one_line(user), one_line(host), one_line(cwd));
                self.write_text(&render_opening(plan, file, &whereabouts, *mode, record, look, columns));
            }
            Notice::Step(shown) => self.show_step(shown),
            Notice::Started { text, line: _ } => {
                if !self.visible.take_confirmation(text) {
                    let command = display::render_command(text, None, look, columns);
                    self.write_text(&command);
                }
                self.running_output = Some(LiveOutput::new(look, Some(self.keys.window_columns())));
            }
            Notice::Finished { finished, text: _, detail } => {
                self.finish_live_output();
                self.write_text(&render_outcome_line(finished, *detail, look));
                self.visible.mark_finished(finished.started);
            }
            Notice::Respawned { how } => {
                let text = format!("the shell ended ({}); a new one was started from its last snapshot", one_line(how));
                self.write_text(&render_warning(&text, look, columns));
            }
            Notice::Skipped { step, reason } => self.write_text(&render_skipped(step, reason, look, columns)),
            Notice::Info(text) => {
                // Not wrapped, so that a path in it can be copied.
                self.write_text(&format!("{}\n", one_line(text)));
            }
            Notice::Warning(text) => self.write_text(&render_warning(text, look, columns)),
            Notice::Closing { result, reason, done, of, unresolved: unsettled, elapsed } => {
                let facts = format!(
                    "{done} of {} done{}{}",
                    format_count(*of, "step"),
                    look.glyphs.item_separator(),
                    format_duration(*elapsed)
                );
                let mut text = render_result(*result, reason, &facts, look, columns);
                text.push_str(&render_unresolved(unsettled, look, columns, |command| {
                    self.step_titles.get(&command.started.step).cloned().unwrap_or_default()
                }));
                if !self.record_path.is_empty() {
                    let record = look.paint_text(Style::Dim, &format!("record: {}", one_line(&self.record_path)));
                    text.push_str(&record);
                    text.push('\n');
                }
                self.write_text(&text);
            }
        }
    }

    fn ask_question(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError> {
        self.writer.ensure_usable()?;
        self.finish_live_output();
        if let Some(reply) = self.resume_typing()? {
            self.keys.end_reading();
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
        // After any outcome the next command gets the terminal.
        self.keys.end_reading();
        match &reply {
            Err(OperatorError::Gone(reason)) => self.writer.mark_gone(reason.clone()),
            // The error is reported later; it begins on a line of its own.
            Err(OperatorError::Session(_)) => self.write_text("\n"),
            _ => {}
        }
        reply
    }
}

impl TerminalOperator {
    fn show_step(&mut self, shown: &ShownStep<'_>) {
        let (look, columns) = (self.look, self.text_columns());
        let incident = self.incident_clock();
        let mut text = format!("\n{}\n", display::render_header(&shown.position, incident.as_deref(), look, columns));
        if self.visible.enter_step(shown.step) {
            text.push_str(&display::render_heading_path(&shown.step.source.headings, look, columns));
            text.push('\n');
        }
        text.push_str(&display::render_step(shown, look, columns));
        self.write_text(&text);
    }
}

/// Number and title of every step.
pub(super) fn step_titles(plan: &Plan) -> std::collections::BTreeMap<crate::ident::StepId, String> {
    let numbered_title = |step: &Step| format!("{} {}", one_line(&step.number), one_line(&step.title));
    plan.steps.iter().map(|step| (step.id.clone(), numbered_title(step))).collect()
}

fn render_opening(
    plan: &Plan,
    file: &str,
    whereabouts: &str,
    mode: Mode,
    record: &str,
    look: TerminalLook,
    columns: usize,
) -> String {
    let dot = look.glyphs.item_separator();
    let mode = match mode {
        Mode::Attended => "",
        Mode::Unattended => "unattended",
    };
    let mut facts = format!("{}{dot}{}", one_line(whereabouts), format_count(plan.steps.len(), "step"));
    if !mode.is_empty() {
        facts.push_str(dot);
        facts.push_str(mode);
    }
    let location = display::format_location(file, plan.procedure.line.max(1));
    let mut out = look.render_paragraph(
        &[
            StyledSpan::new(Style::Heading, one_line(&plan.procedure.title)),
            StyledSpan::new(Style::Dim, format!("\u{a0} {location}")),
        ],
        columns,
        "",
    );
    out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Prose, facts)], columns, ""));
    for (name, value) in &plan.environment {
        let text = format!("the document sets {}={}", one_line(name), one_line(value));
        out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, text)], columns, ""));
    }
    out.push_str(&look.paint_text(Style::Dim, &format!("record: {}", one_line(record))));
    out.push('\n');
    out
}

fn render_warning(text: &str, look: TerminalLook, columns: usize) -> String {
    look.render_paragraph(&[StyledSpan::new(Style::Warning, format!("warning: {}", one_line(text)))], columns, "")
}

fn render_skipped(step: &Step, reason: &str, look: TerminalLook, columns: usize) -> String {
    let text = format!("skipped {} {}: {}", one_line(&step.number), one_line(&step.title), one_line(reason));
    look.render_paragraph(&[StyledSpan::new(Style::Dim, text)], columns, "")
}

/// Style and word for the result of a run.
pub(super) fn result_words(result: RunResult) -> (Style, &'static str) {
    match result {
        RunResult::Completed => (Style::Success, "completed"),
        RunResult::Failed => (Style::Failure, "failed"),
        RunResult::Stopped => (Style::Warning, "stopped"),
        RunResult::Interrupted => (Style::Warning, "interrupted"),
        RunResult::Abandoned => (Style::Warning, "abandoned"),
    }
}

fn render_result(result: RunResult, reason: &str, facts: &str, look: TerminalLook, columns: usize) -> String {
    let (style, word) = result_words(result);
    let mut spans = vec![
        StyledSpan::new(style, word),
        StyledSpan::new(Style::Prose, format!("{}{facts}", look.glyphs.item_separator())),
    ];
    if !reason.is_empty() {
        spans.push(StyledSpan::new(Style::Prose, format!("{}{}", look.glyphs.item_separator(), one_line(reason))));
    }
    format!("\n{}", look.render_paragraph(&spans, columns, ""))
}

fn render_unresolved(
    commands: &[&CommandState],
    look: TerminalLook,
    columns: usize,
    title: impl Fn(&CommandState) -> String,
) -> String {
    if commands.is_empty() {
        return String::new();
    }
    let mut out = look.paint_text(Style::Negative, "worth a look:");
    out.push('\n');
    for command in commands {
        let head = [
            StyledSpan::new(Style::Prose, format!("{}: ", title(command))),
            StyledSpan::new(Style::Negative, describe_outcome(command, look)),
        ];
        // Writing to a string cannot fail.
        let _: std::fmt::Result = writeln!(out, "  {}", render_spans(&head, look.color));
        out.push_str(&display::render_command(&command.started.text, None, look, columns));
    }
    out
}
