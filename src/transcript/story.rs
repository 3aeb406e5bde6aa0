//! Composes the transcript of a run for any page format: header, timeline, steps, deviations, integrity.
//!
//! Invariant: three passes over the events, none of which keeps them.

use super::html::Tone;
use super::overview::{Count, Overview};
use super::page::Page;
use super::pages::{Html, Markdown, Text};
use super::phrase::{Phrase, phrase};
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
pub fn markdown<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    tell(events, sources, &mut Markdown(to))
}

/// Writes the transcript of a run as one HTML file; see [`markdown`].
pub(super) fn html<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    tell(events, sources, &mut Html::new(to))
}

/// Writes the transcript of a run as plain text; see [`markdown`].
pub fn text<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    tell(events, sources, &mut Text(to))
}

fn tell<I>(events: impl Fn() -> I, sources: &Sources<'_>, page: &mut impl Page) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let mut overview = Overview::of(events(), sources.live);
    let same = || events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX));
    let (title, verdict) = (title(&overview), verdict(&overview, sources));
    page.begin(&title, &verdict)?;
    header(&overview, sources, page)?;
    if let Some(picture) = std::mem::take(&mut overview.drawing).finish(overview.commands.running, &title.plain()) {
        page.picture(&picture)?;
    }
    inputs(&overview, page)?;
    timeline::write(same(), &overview, page)?;
    steps::write(same(), sources, &overview, page)?;
    deviations(&overview, page)?;
    integrity(&overview, sources, page)?;
    page.end()
}

fn title(overview: &Overview) -> Phrase {
    match &overview.started {
        None => phrase("Run without a beginning"),
        Some(started) if started.procedure_title.trim().is_empty() => Phrase::default().said(&started.runbook.title),
        Some(started) => Phrase::default().said(&started.procedure_title),
    }
}

fn header(overview: &Overview, sources: &Sources<'_>, page: &mut impl Page) -> io::Result<()> {
    let Some(started) = &overview.started else {
        return page.paragraph(&phrase("The record has no ").code("run-started").text(" event."));
    };
    let mut rows: Vec<(&str, Phrase)> = Vec::new();
    let mut row = |name: &'static str, value: Phrase| {
        if !value.is_empty() {
            rows.push((name, value));
        }
    };
    row("Outcome", outcome(overview, sources));
    row("Started", overview.span.first_at.map_or(Phrase::default(), |at| phrase(date_and_time(at))));
    row("Ended", phrase(ended(overview)));
    row(
        "Operator",
        Phrase::default()
            .said(&started.user)
            .text(" on ")
            .said(&started.host)
            .text(format!(", {}", words::mode(started.mode))),
    );
    row("Directory", code(&started.cwd));
    row("Runbook", runbook(started));
    row("Git commit", git_commit(started));
    row("SHA-256", Phrase::default().code(&started.runbook.digest.to_string()));
    row("Steps", phrase(steps_row(overview, started)));
    row("Commands", phrase(counts(&overview.commands.outcomes)));
    row("Notes", phrase(if overview.notes == 0 { String::new() } else { overview.notes.to_string() }));
    row("Deviations", deviations_row(overview));
    let flags = started.flags.iter().enumerate().map(|(i, flag)| {
        let space = if i == 0 { Phrase::default() } else { phrase(" ") };
        space.and(code(flag))
    });
    row("Flags", flags.fold(Phrase::default(), Phrase::and));
    row("Run", code(started.run.as_str()).text(" with runbook ").said(&started.version));
    page.facts(&rows)
}

fn inputs(overview: &Overview, page: &mut impl Page) -> io::Result<()> {
    if overview.inputs.is_empty() {
        return Ok(());
    }
    page.part("Inputs")?;
    page.table(&["Input", "Value", "Where from"], &mut overview.inputs.values().cloned())
}

fn code(text: &str) -> Phrase {
    Phrase::default().code_short(text, VALUE_CHARACTERS)
}

fn verdict(overview: &Overview, sources: &Sources<'_>) -> (Tone, String) {
    match &overview.finished {
        Some(finished) => (words::run_tone(finished.result), words::run_result(finished.result).to_owned()),
        None if sources.live => (Tone::Running, "running".to_owned()),
        None => (Tone::Unknown, "unknown".to_owned()),
    }
}

fn outcome(overview: &Overview, sources: &Sources<'_>) -> Phrase {
    let Some(finished) = &overview.finished else {
        return if sources.live {
            Phrase::default().strong("running")
        } else {
            Phrase::default().soft("unknown").text(": no end is recorded")
        };
    };
    let result = Phrase::default().strong(words::run_result(finished.result));
    let reason = finished.reason.trim();
    if reason.is_empty() { result } else { result.text(" — ").said(reason) }
}

fn date_and_time(at: jiff::Timestamp) -> String {
    format!("{} {} UTC", words::date(at), words::time(at))
}

fn ended(overview: &Overview) -> String {
    let (Some(last), Some(_)) = (overview.span.last_at, &overview.finished) else { return String::new() };
    format!("{}, after {}", date_and_time(last), words::took(overview.span.took))
}

fn runbook(started: &RunStarted) -> Phrase {
    let anchor = started.procedure.as_str();
    let place = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Phrase::default()
        .said(&started.runbook.title)
        .text(" ")
        .code_short(&format!("{}{place}", started.runbook.path), VALUE_CHARACTERS)
}

fn git_commit(started: &RunStarted) -> Phrase {
    let modified = if started.runbook.git_modified { ", with changes not committed" } else { "" };
    started.runbook.git_commit.as_ref().map_or(Phrase::default(), |commit| code(commit).text(modified))
}

fn steps_row(overview: &Overview, started: &RunStarted) -> String {
    let (entered, results) = overview.step_results();
    format!("{entered} of {} entered: {}", started.steps, counts(&results)).trim_end_matches(": ").to_owned()
}

fn counts(results: &BTreeMap<Count, u64>) -> String {
    let list: Vec<_> = results.iter().map(|(result, count)| format!("{count} {}", result.1)).collect();
    list.join(", ")
}

fn deviations_row(overview: &Overview) -> Phrase {
    match overview.deviations.len() {
        0 => phrase("none"),
        count => Phrase::default().link("#deviations", format!("{count}, listed at the end")),
    }
}

fn deviations(overview: &Overview, page: &mut impl Page) -> io::Result<()> {
    page.part("Deviations")?;
    if overview.deviations.is_empty() {
        return page.paragraph(&phrase("None: every step entered was run as the document has it."));
    }
    page.list(&mut overview.deviations.values())
}

fn integrity(overview: &Overview, sources: &Sources<'_>, page: &mut impl Page) -> io::Result<()> {
    let events = words::count(overview.span.events, "event", "events");
    page.part("Integrity")?;
    if !overview.span.clock_steps.is_empty() {
        let list: Vec<_> = overview
            .span
            .clock_steps
            .iter()
            .map(|(seq, step)| format!("{} before event {seq}", words::clock(*step)))
            .collect();
        page.paragraph(&phrase(format!(
            "The machine's clock did not run evenly: it was set {}. The order is that of the record, and elapsed times are by \
             the recorder's own clock.",
            list.join(", ")
        )))?;
    }
    let made = phrase(format!("Made from {events}"));
    let made = match sources.head {
        Some(head) => made.text(", last hash ").code(&head.to_string()),
        None => made,
    };
    page.last(&made.text("."))
}
