//! Steps, and where the run stands, as they are shown.
//!
//! Invariant: every text of the document, of the machine and of the record is made harmless here.

use super::command_text::command_lines;
use super::look::{Look, clock, count, cut, one_line, plain};
use super::outcome::outcome_words;
use crate::history::CommandState;
use crate::plan::Command;
use crate::plan::SessionChange;
use crate::plan::Step;
use crate::plan::StepKind;
use crate::ports::Shown;
use crate::ports::Standing;
use crate::term::Span;
use crate::term::Style;
use crate::term::markdown;
use crate::term::width;

/// Before every line of a command.
const INDENT: &str = "    ";

/// One line that says where the run stands; as many columns as the window.
/// `incident` is its clock, where the run is part of one.
pub(super) fn header(standing: &Standing<'_>, incident: Option<&str>, look: Look, columns: usize) -> String {
    let dot = look.glyphs.dot();
    let elapsed = clock(standing.elapsed);
    let place = match standing.position {
        // Between steps, at a choice.
        0 => elapsed,
        position => format!("step {position} of {}{dot}{elapsed}", standing.of),
    };
    let place = incident.map_or_else(String::new, |incident| format!("{incident}{dot}")) + &place;
    let host = one_line(standing.host);
    let fixed = width(&place) + width(&host) + 2 * width(dot) + 3;
    let room = columns.saturating_sub(fixed);
    // The directory's end and the procedure's beginning tell most.
    let cwd = cut_front(&one_line(standing.cwd), room / 2);
    let procedure = cut(&one_line(standing.procedure), room.saturating_sub(width(&cwd)).max(8));
    let text = format!(" {procedure}{dot}{host}:{cwd}{dot}{place} ");
    let pad = " ".repeat(columns.saturating_sub(width(&text)));
    format!("{}\n", look.paint(Style::Header, &format!("{}{pad}", cut(&text, columns))).trim_end())
}

fn cut_front(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.iter().rev().collect()
}

/// The headings above a step, outermost first.
pub(super) fn heading_path(headings: &[String], look: Look, columns: usize) -> String {
    let path: Vec<_> = headings.iter().map(|heading| one_line(heading)).collect();
    look.paragraph(&[Span::new(Style::Heading, path.join(look.glyphs.below()))], columns, "")
}

/// A step: its prose, its heading with its line in the document, what is said of it, and its commands or its text.
pub(super) fn step(shown: &Shown<'_>, look: Look, columns: usize) -> String {
    let step = shown.step;
    let mut out = String::new();
    for prose in &step.source.prose {
        out.push_str(&markdown(&prose.text, columns, look.color));
        out.push('\n');
    }
    out.push_str(&step_heading(shown, look, columns));
    if let Some(condition) = &step.conditional {
        out.push_str(&remark(&format!("only if it applies: {}", one_line(condition)), look, columns));
    }
    match step.kind {
        StepKind::Command => {}
        StepKind::Guessed => out.push_str(&remark("not marked as shell in the document: a guess", look, columns)),
        StepKind::Task => out.push_str(&task(step, look, columns)),
        StepKind::Message => out.push_str(&look.paint(Style::Dim, "  a message to fill in\n")),
    }
    for words in step.repeat.words() {
        out.push_str(&look.paragraph(&[Span::new(Style::Dim, one_line(&words))], columns, "  "));
    }
    if !step.commands.is_empty() {
        out.push('\n');
        out.push_str(&commands(step, look, columns));
    }
    if let Some(expected) = &step.cell.expected {
        out.push_str(&look.paint(Style::Dim, "\n  expected output:\n"));
        for line in plain(expected).lines() {
            out.push_str(&look.paint(Style::Dim, &format!("{INDENT}{line}")));
            out.push('\n');
        }
    }
    out
}

fn step_heading(shown: &Shown<'_>, look: Look, columns: usize) -> String {
    let step = shown.step;
    let place = location(shown.file, step.source.line);
    let title = format!("{} {}", one_line(&step.number), one_line(&step.title));
    let heading = look.paint(Style::StepHeading, &title);
    let used = width(&title) + width(&place) + 2;
    if used <= columns {
        let gap = " ".repeat(columns - used + 2);
        return format!("{heading}{gap}{}\n", look.paint(Style::Dim, &place));
    }
    let spans = [Span::new(Style::StepHeading, title), Span::new(Style::Dim, format!(" {place}"))];
    look.paragraph(&spans, columns, "")
}

/// `RUNBOOK.md:548`.
pub(super) fn location(file: &str, line: u32) -> String {
    format!("{}:{line}", one_line(file))
}

/// Something said of a step or command, that needs attention.
pub(super) fn remark(text: &str, look: Look, columns: usize) -> String {
    look.paragraph(&[Span::new(Style::Warning, format!("! {text}"))], columns, "  ")
}

fn task(step: &Step, look: Look, columns: usize) -> String {
    let mut out = String::new();
    let body = step.body.trim();
    if !body.is_empty() && body != step.title.trim() {
        // A section's own text is Markdown; what stood in a fence is shown line by line.
        if body.lines().any(|line| line.trim_start().starts_with("- ") || line.contains("**")) {
            let width = columns.saturating_sub(INDENT.len());
            for line in markdown(body, width, look.color).lines() {
                out.push_str(format!("{INDENT}{line}").trim_end());
                out.push('\n');
            }
        } else {
            for line in plain(body).lines() {
                out.push_str(&look.paragraph(&[Span::new(Style::Prose, line)], columns, INDENT));
            }
        }
    }
    let why = step.why.as_ref().map_or_else(String::new, |why| format!(" ({})", one_line(&why.text)));
    let text = format!("a task: done elsewhere, by you{why}");
    out.push_str(&look.paragraph(&[Span::new(Style::Dim, text)], columns, "  "));
    out
}

fn commands(step: &Step, look: Look, columns: usize) -> String {
    let many = step.commands.len() > 1;
    let digits = step.commands.len().to_string().len();
    let mut out = String::new();
    for (i, command) in step.commands.iter().enumerate() {
        let first = if many { format!("  {:>digits$}  ", i + 1) } else { INDENT.to_owned() };
        out.push_str(&command_lines(&command.text, command.note.as_deref(), &first, look, columns));
    }
    out
}

/// One command about to be asked about, as it would run.
pub(super) fn command(text: &str, note: Option<&str>, look: Look, columns: usize) -> String {
    command_lines(text, note, INDENT, look, columns)
}

/// What an operator wants to know of a command before it runs.
pub(super) fn marks(command: &Command, look: Look, columns: usize) -> String {
    let facts = &command.facts;
    let mut marks = Vec::new();
    if let Some(why) = &facts.never_ends {
        marks.push(format!("does not end by itself ({}): Ctrl-C ends it, and the step goes on", one_line(why)));
    }
    if let Some(why) = &facts.interactive {
        marks.push(one_line(why));
    }
    let changes: Vec<_> = facts.session.iter().map(|change| session_change(*change)).collect();
    if !changes.is_empty() {
        marks.push(format!("changes the session: {}", changes.join(", ")));
    }
    marks.iter().map(|mark| look.paragraph(&[Span::new(Style::Dim, mark.as_str())], columns, "  ")).collect()
}

fn session_change(change: SessionChange) -> &'static str {
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

/// The most earlier commands that are named one by one.
const MOST_NAMED: usize = 8;

/// Earlier commands that did not succeed. `title` knows the steps' titles.
pub(super) fn unsettled(
    commands: &[&CommandState],
    title: &dyn Fn(&CommandState) -> String,
    look: Look,
    columns: usize,
) -> String {
    let left_out = commands.len().saturating_sub(MOST_NAMED);
    let mut out = String::new();
    if left_out > 0 {
        out.push_str(&look.paint(Style::Negative, &format!("  earlier: {} more\n", count(left_out, "command"))));
    }
    for command in commands.iter().skip(left_out) {
        let title = title(command);
        let words = outcome_words(command, look);
        let frame = width(&title) + width(&words) + "  earlier : `` ".len();
        let text = cut(&one_line(&command.started.text), columns.saturating_sub(frame).max(20));
        let spans = [
            Span::new(Style::Dim, format!("earlier: {title}: ")),
            Span::new(Style::Prose, format!("`{text}` ")),
            Span::new(Style::Negative, words),
        ];
        out.push_str(&look.paragraph(&spans, columns, "  "));
    }
    out
}
