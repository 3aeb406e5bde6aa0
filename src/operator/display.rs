//! Steps and the status line, as they are shown.
//!
//! Invariant: every text of the document, the machine and the record is sanitised here. Refuses to know: when something is
//! shown.

use super::command_text::render_command_lines;
use super::look::{TerminalLook, cut_line, format_clock, format_count, one_line, sanitize_prose};
use super::outcome::describe_outcome;
use crate::history::CommandState;
use crate::plan::Command;
use crate::plan::Step;
use crate::plan::StepKind;
use crate::ports::ShownStep;
use crate::ports::StepPosition;
use crate::shell::SessionChange;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::display_width;
use crate::term::render_markdown;

/// Precedes every line of a command.
const INDENT: &str = "    ";

/// Renders the status line, as wide as the window. `incident` is the clock of the incident that the run is part of.
pub(super) fn render_header(
    standing: &StepPosition<'_>,
    incident: Option<&str>,
    look: TerminalLook,
    columns: usize,
) -> String {
    let dot = look.glyphs.item_separator();
    let elapsed = format_clock(standing.elapsed);
    let progress = match standing.step_number {
        // A choice is asked between steps.
        0 => elapsed,
        position => format!("step {position} of {}{dot}{elapsed}", standing.step_count),
    };
    let progress = incident.map_or_else(String::new, |incident| format!("{incident}{dot}")) + &progress;
    let host = one_line(standing.host);
    let fixed = display_width(&progress) + display_width(&host) + 2 * display_width(dot) + 3;
    let room = columns.saturating_sub(fixed);
    // The end of the directory and the beginning of the procedure are most informative.
    let cwd = cut_front(&one_line(standing.cwd), room / 2);
    let procedure = cut_line(&one_line(standing.procedure), room.saturating_sub(display_width(&cwd)).max(8));
    let text = format!(" {procedure}{dot}{host}:{cwd}{dot}{progress} ");
    let pad = " ".repeat(columns.saturating_sub(display_width(&text)));
    format!("{}\n", look.paint_text(Style::Header, &format!("{}{pad}", cut_line(&text, columns))).trim_end())
}

/// At most `columns` columns from the end of a line, behind `…` if it is cut.
fn cut_front(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += display_width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.iter().rev().collect()
}

/// Renders the headings above a step, outermost first.
pub(super) fn render_heading_path(headings: &[String], look: TerminalLook, columns: usize) -> String {
    let path: Vec<_> = headings.iter().map(|heading| one_line(heading)).collect();
    look.render_paragraph(&[StyledSpan::new(Style::Heading, path.join(look.glyphs.heading_separator()))], columns, "")
}

/// Renders a step: its prose, its heading with the line in the document, remarks, and its commands or its text.
pub(super) fn render_step(shown: &ShownStep<'_>, look: TerminalLook, columns: usize) -> String {
    let step = shown.step;
    let mut out = String::new();
    for prose in &step.source.prose {
        out.push_str(&render_markdown(&prose.text, columns, look.color));
        out.push('\n');
    }
    out.push_str(&render_step_heading(shown, look, columns));
    if let Some(condition) = &step.conditional {
        out.push_str(&render_remark(&format!("only if it applies: {}", one_line(condition)), look, columns));
    }
    match step.kind {
        StepKind::Command => {}
        StepKind::Guessed => {
            out.push_str(&render_remark("not marked as shell in the document: a guess", look, columns));
        }
        StepKind::Task => out.push_str(&render_task(step, look, columns)),
        StepKind::Message => out.push_str(&look.paint_text(Style::Dim, "  a message to fill in\n")),
    }
    for words in step.repeat.describe_lines() {
        out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, one_line(&words))], columns, "  "));
    }
    if !step.commands.is_empty() {
        out.push('\n');
        out.push_str(&render_commands(step, look, columns));
    }
    if let Some(expected) = &step.cell.expected {
        out.push_str(&look.paint_text(Style::Dim, "\n  expected output:\n"));
        for line in sanitize_prose(expected).lines() {
            out.push_str(&look.paint_text(Style::Dim, &format!("{INDENT}{line}")));
            out.push('\n');
        }
    }
    out
}

/// Renders number and title of a step, and its location at the right edge if there is room.
fn render_step_heading(shown: &ShownStep<'_>, look: TerminalLook, columns: usize) -> String {
    let step = shown.step;
    let location = format_location(shown.file, step.source.line);
    let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
    let heading = look.paint_text(Style::StepHeading, &title);
    let used = display_width(&title) + display_width(&location) + 2;
    if used <= columns {
        let gap = " ".repeat(columns - used + 2);
        return format!("{heading}{gap}{}\n", look.paint_text(Style::Dim, &location));
    }
    let spans = [StyledSpan::new(Style::StepHeading, title), StyledSpan::new(Style::Dim, format!(" {location}"))];
    look.render_paragraph(&spans, columns, "")
}

/// Formats a line of the document: `RUNBOOK.md:548`.
pub(super) fn format_location(file: &str, line: u32) -> String {
    format!("{}:{line}", one_line(file))
}

/// Renders a remark on a step or command that needs attention.
pub(super) fn render_remark(text: &str, look: TerminalLook, columns: usize) -> String {
    look.render_paragraph(&[StyledSpan::new(Style::Warning, format!("! {text}"))], columns, "  ")
}

/// Renders the text of a manual task.
fn render_task(step: &Step, look: TerminalLook, columns: usize) -> String {
    let mut out = String::new();
    let body = step.body.trim();
    if !body.is_empty() && body != step.title.trim() {
        // The text of a section is Markdown. Text from a code fence is shown line by line.
        if body.lines().any(|line| line.trim_start().starts_with("- ") || line.contains("**")) {
            let width = columns.saturating_sub(INDENT.len());
            for line in render_markdown(body, width, look.color).lines() {
                out.push_str(format!("{INDENT}{line}").trim_end());
                out.push('\n');
            }
        } else {
            for line in sanitize_prose(body).lines() {
                out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Prose, line)], columns, INDENT));
            }
        }
    }
    let why = step.task_reason.as_ref().map_or_else(String::new, |why| format!(" ({})", one_line(&why.text)));
    let text = format!("a task: done elsewhere, by you{why}");
    out.push_str(&look.render_paragraph(&[StyledSpan::new(Style::Dim, text)], columns, "  "));
    out
}

/// Renders the commands of a step, numbered if there are several.
fn render_commands(step: &Step, look: TerminalLook, columns: usize) -> String {
    let is_numbered = step.commands.len() > 1;
    let digits = step.commands.len().to_string().len();
    let mut out = String::new();
    for (i, command) in step.commands.iter().enumerate() {
        let first = if is_numbered { format!("  {:>digits$}  ", i + 1) } else { INDENT.to_owned() };
        out.push_str(&render_command_lines(&command.text, command.note.as_deref(), &first, look, columns));
    }
    out
}

/// Renders one command as it would run.
pub(super) fn render_command(text: &str, note: Option<&str>, look: TerminalLook, columns: usize) -> String {
    render_command_lines(text, note, INDENT, look, columns)
}

/// Renders the facts about a command that matter before it runs, such as changes to the session.
pub(super) fn render_facts(command: &Command, look: TerminalLook, columns: usize) -> String {
    let facts = &command.facts;
    let mut remarks = Vec::new();
    if let Some(why) = &facts.never_ends_reason {
        remarks.push(format!("does not end by itself ({}): Ctrl-C ends it, and the step goes on", one_line(why)));
    }
    if let Some(why) = &facts.interactive_reason {
        remarks.push(one_line(why));
    }
    let changes: Vec<_> = facts.session_changes.iter().map(|change| describe_session_change(*change)).collect();
    if !changes.is_empty() {
        remarks.push(format!("changes the session: {}", changes.join(", ")));
    }
    remarks
        .iter()
        .map(|remark| look.render_paragraph(&[StyledSpan::new(Style::Dim, remark.as_str())], columns, "  "))
        .collect()
}

fn describe_session_change(change: SessionChange) -> &'static str {
    match change {
        SessionChange::Directory => "its directory",
        SessionChange::Variables => "its variables",
        SessionChange::Definitions => "its functions or aliases",
        SessionChange::Options => "its options",
        SessionChange::Traps => "its traps",
        SessionChange::Exec => "`exec` replaces or redirects the shell",
        SessionChange::Exit => "`exit` ends the step",
    }
}

/// The most earlier commands that are named one by one; older ones are counted.
const MAX_NAMED_COMMANDS: usize = 8;

/// Renders earlier commands that are unresolved. `title` returns the title of a command's step.
pub(super) fn render_unresolved(
    commands: &[&CommandState],
    title: &dyn Fn(&CommandState) -> String,
    look: TerminalLook,
    columns: usize,
) -> String {
    let omitted = commands.len().saturating_sub(MAX_NAMED_COMMANDS);
    let mut out = String::new();
    if omitted > 0 {
        out.push_str(
            &look.paint_text(Style::Negative, &format!("  earlier: {} more\n", format_count(omitted, "command"))),
        );
    }
    for command in commands.iter().skip(omitted) {
        let title = title(command);
        let words = describe_outcome(command, look);
        let frame = display_width(&title) + display_width(&words) + "  earlier : `` ".len();
        let text = cut_line(&one_line(&command.started.text), columns.saturating_sub(frame).max(20));
        let spans = [
            StyledSpan::new(Style::Dim, format!("earlier: {title}: ")),
            StyledSpan::new(Style::Prose, format!("`{text}` ")),
            StyledSpan::new(Style::Negative, words),
        ];
        out.push_str(&look.render_paragraph(&spans, columns, "  "));
    }
    out
}
