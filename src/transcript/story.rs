//! Composes the transcript of a run for any page format: header, timeline, steps, deviations, integrity.
//!
//! Invariant: three passes over the events, none of which keeps them.

use super::html::Tone;
use super::overview::{ResultCategory, RunOverview};
use super::page::TranscriptPage;
use super::pages::{HtmlPage, MarkdownPage, TextPage};
use super::phrase::{Phrase, plain_phrase};
use super::sources::Sources;
use super::{steps, timeline, words};
use crate::history::{Event, RunStarted};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

/// Longer values in the header are shortened.
const VALUE_CHARACTERS: usize = 400;

/// Writes the transcript of a run as Markdown. `events` starts over with the run's first event at each call. Events that a
/// live run adds between the calls are left out. Fails when `to` cannot be written.
pub fn write_markdown<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    write_page(events, sources, &mut MarkdownPage(to))
}

/// Writes the transcript of a run as one HTML file; see [`write_markdown`].
pub(super) fn write_html<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    write_page(events, sources, &mut HtmlPage::new(to))
}

/// Writes the transcript of a run as plain text; see [`write_markdown`].
pub fn write_text<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    write_page(events, sources, &mut TextPage(to))
}

fn write_page<I>(events: impl Fn() -> I, sources: &Sources<'_>, page: &mut impl TranscriptPage) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let mut overview = RunOverview::from_events(events(), sources.is_live);
    let same = || events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX));
    let (title, verdict) = (run_title(&overview), run_verdict(&overview, sources));
    page.write_page_start(&title, &verdict)?;
    write_header(&overview, sources, page)?;
    if let Some(picture) =
        std::mem::take(&mut overview.drawing).into_picture(overview.commands.running, &title.to_plain_text())
    {
        page.write_picture(&picture)?;
    }
    write_inputs(&overview, page)?;
    timeline::write_timeline(same(), &overview, page)?;
    steps::write_steps(same(), sources, &overview, page)?;
    write_deviations(&overview, page)?;
    write_integrity(&overview, sources, page)?;
    page.write_page_end()
}

fn run_title(overview: &RunOverview) -> Phrase {
    match &overview.run_started {
        None => plain_phrase("Run without a beginning"),
        Some(started) if started.procedure_title.trim().is_empty() => {
            Phrase::default().with_quote(&started.runbook.title)
        }
        Some(started) => Phrase::default().with_quote(&started.procedure_title),
    }
}

fn write_header(overview: &RunOverview, sources: &Sources<'_>, page: &mut impl TranscriptPage) -> io::Result<()> {
    let Some(started) = &overview.run_started else {
        return page.write_paragraph(&plain_phrase("The record has no ").with_code("run-started").with_text(" event."));
    };
    let mut rows: Vec<(&str, Phrase)> = Vec::new();
    let mut row = |name: &'static str, value: Phrase| {
        if !value.is_empty() {
            rows.push((name, value));
        }
    };
    row("Outcome", describe_outcome(overview, sources));
    row("Started", overview.span.first_at.map_or(Phrase::default(), |at| plain_phrase(format_date_and_time(at))));
    row("Ended", plain_phrase(describe_end(overview)));
    row(
        "Operator",
        Phrase::default()
            .with_quote(&started.user)
            .with_text(" on ")
            .with_quote(&started.host)
            .with_text(format!(", {}", words::describe_mode(started.mode))),
    );
    row("Directory", short_code(&started.cwd));
    row("Runbook", describe_runbook(started));
    row("Git commit", describe_git_commit(started));
    row("SHA-256", Phrase::default().with_code(&started.runbook.digest.to_string()));
    row("Steps", plain_phrase(describe_steps(overview, started)));
    row("Commands", plain_phrase(join_counts(&overview.commands.outcomes)));
    row("Notes", plain_phrase(if overview.note_count == 0 { String::new() } else { overview.note_count.to_string() }));
    row("Deviations", describe_deviations(overview));
    let flags = started.flags.iter().enumerate().map(|(i, flag)| {
        let space = if i == 0 { Phrase::default() } else { plain_phrase(" ") };
        space.followed_by(short_code(flag))
    });
    row("Flags", flags.fold(Phrase::default(), Phrase::followed_by));
    row("Run", short_code(started.run.as_str()).with_text(" with runbook ").with_quote(&started.version));
    page.write_summary_table(&rows)
}

fn write_inputs(overview: &RunOverview, page: &mut impl TranscriptPage) -> io::Result<()> {
    if overview.inputs.is_empty() {
        return Ok(());
    }
    page.write_heading("Inputs")?;
    page.write_table(&["Input", "Value", "Where from"], &mut overview.inputs.values().cloned())
}

fn short_code(text: &str) -> Phrase {
    Phrase::default().with_short_code(text, VALUE_CHARACTERS)
}

fn run_verdict(overview: &RunOverview, sources: &Sources<'_>) -> (Tone, String) {
    match &overview.run_finished {
        Some(finished) => {
            (words::run_result_tone(finished.result), words::describe_run_result(finished.result).to_owned())
        }
        None if sources.is_live => (Tone::Running, "running".to_owned()),
        None => (Tone::Unknown, "unknown".to_owned()),
    }
}

fn describe_outcome(overview: &RunOverview, sources: &Sources<'_>) -> Phrase {
    let Some(finished) = &overview.run_finished else {
        return if sources.is_live {
            Phrase::default().with_strong("running")
        } else {
            Phrase::default().with_emphasis("unknown").with_text(": no end is recorded")
        };
    };
    let result = Phrase::default().with_strong(words::describe_run_result(finished.result));
    let reason = finished.reason.trim();
    if reason.is_empty() { result } else { result.with_text(" — ").with_quote(reason) }
}

fn format_date_and_time(at: jiff::Timestamp) -> String {
    format!("{} {} UTC", words::format_date(at), words::format_time(at))
}

fn describe_end(overview: &RunOverview) -> String {
    let (Some(last), Some(_)) = (overview.span.last_at, &overview.run_finished) else { return String::new() };
    format!("{}, after {}", format_date_and_time(last), words::format_duration(overview.span.took))
}

fn describe_runbook(started: &RunStarted) -> Phrase {
    let anchor = started.procedure.as_str();
    let fragment = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Phrase::default()
        .with_quote(&started.runbook.title)
        .with_text(" ")
        .with_short_code(&format!("{}{fragment}", started.runbook.path), VALUE_CHARACTERS)
}

fn describe_git_commit(started: &RunStarted) -> Phrase {
    let modified = if started.runbook.git_modified { ", with changes not committed" } else { "" };
    started.runbook.git_commit.as_ref().map_or(Phrase::default(), |commit| short_code(commit).with_text(modified))
}

fn describe_steps(overview: &RunOverview, started: &RunStarted) -> String {
    let (entered, results) = overview.count_step_results();
    format!("{entered} of {} entered: {}", started.steps, join_counts(&results)).trim_end_matches(": ").to_owned()
}

fn join_counts(results: &BTreeMap<ResultCategory, u64>) -> String {
    let list: Vec<_> = results.iter().map(|(result, count)| format!("{count} {}", result.1)).collect();
    list.join(", ")
}

fn describe_deviations(overview: &RunOverview) -> Phrase {
    match overview.deviations.len() {
        0 => plain_phrase("none"),
        count => Phrase::default().with_link("#deviations", format!("{count}, listed at the end")),
    }
}

fn write_deviations(overview: &RunOverview, page: &mut impl TranscriptPage) -> io::Result<()> {
    page.write_heading("Deviations")?;
    if overview.deviations.is_empty() {
        return page.write_paragraph(&plain_phrase("None: every step entered was run as the document has it."));
    }
    page.write_list(&mut overview.deviations.values())
}

fn write_integrity(overview: &RunOverview, sources: &Sources<'_>, page: &mut impl TranscriptPage) -> io::Result<()> {
    let events = words::format_count(overview.span.events, "event", "events");
    page.write_heading("Integrity")?;
    if !overview.span.clock_steps.is_empty() {
        let list: Vec<_> = overview
            .span
            .clock_steps
            .iter()
            .map(|(seq, step)| format!("{} before event {seq}", words::describe_clock_step(*step)))
            .collect();
        page.write_paragraph(&plain_phrase(format!(
            "The machine's clock did not run evenly: it was set {}. The order is that of the record, and elapsed times are by \
             the recorder's own clock.",
            list.join(", ")
        )))?;
    }
    let made = plain_phrase(format!("Made from {events}"));
    let made = match sources.last_hash {
        Some(head) => made.with_text(", last hash ").with_code(&head.to_string()),
        None => made,
    };
    page.write_last_paragraph(&made.with_text("."))
}
