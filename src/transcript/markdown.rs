//! The transcript in Markdown: header, timeline, steps, deviations, integrity.
//!
//! Invariant: three passes over the events, none of which keeps them.

use super::escape::{code, inline};
use super::overview::{Count, Overview};
use super::{steps, timeline, words};
use crate::history::{Event, OutputSource, RunStarted};
use crate::ident::Digest;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;

/// What a transcript is made from, beside the events.
pub struct Sources<'a> {
    /// The document that ran; without it no prose is shown.
    pub document: Option<&'a str>,
    /// Where the outputs are.
    pub output: &'a dyn OutputSource,
    /// The journal's last hash, where it is known.
    pub head: Option<Digest>,
    /// Whether the run goes on: somebody writes its journal.
    pub live: bool,
}

/// Writes the transcript of a run. `events` gives the run's events from the first, each time it is called; what a live run
/// adds in the meantime is left to the next transcript.
pub fn markdown<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item = Event>,
{
    let overview = Overview::of(events(), sources.live);
    let same = || events().take(usize::try_from(overview.events).unwrap_or(usize::MAX));
    header(&overview, sources, to)?;
    inputs(&overview, to)?;
    timeline::write(same(), &overview, to)?;
    steps::write(same(), sources, &overview, to)?;
    deviations(&overview, to)?;
    integrity(&overview, sources, to)
}

fn header(overview: &Overview, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()> {
    let Some(started) = &overview.started else {
        return writeln!(to, "# Run without a beginning\n\nThe record has no `run-started` event.\n");
    };
    let title =
        if started.procedure_title.trim().is_empty() { &started.runbook.title } else { &started.procedure_title };
    writeln!(to, "# {}\n", inline(title))?;
    writeln!(to, "| | |\n|:--|:--|")?;
    let mut row = |name: &str, value: &str| match value {
        "" => Ok(()),
        _ => writeln!(to, "| {name} | {value} |"),
    };
    row("Outcome", &outcome(overview, sources))?;
    row("Started", &overview.first_at.map_or(String::new(), date_and_time))?;
    row("Ended", &ended(overview))?;
    row("Operator", &format!("{} on {}, {}", inline(&started.user), inline(&started.host), words::mode(started.mode)))?;
    row("Directory", &cell(&started.cwd))?;
    row("Runbook", &runbook(started))?;
    row("Git commit", &git_commit(started))?;
    row("SHA-256", &code(&started.runbook.digest.to_string()))?;
    row("Steps", &steps_row(overview, started))?;
    row("Commands", &counts(&overview.outcomes))?;
    row("Notes", &if overview.notes == 0 { String::new() } else { overview.notes.to_string() })?;
    row("Deviations", &deviations_row(overview))?;
    row("Flags", &started.flags.iter().map(|flag| cell(flag)).collect::<Vec<_>>().join(" "))?;
    row("Run", &format!("{} with runbook {}", cell(started.run.as_str()), inline(&started.version)))?;
    writeln!(to)
}

fn inputs(overview: &Overview, to: &mut impl Write) -> io::Result<()> {
    if overview.inputs.is_empty() {
        return Ok(());
    }
    writeln!(to, "## Inputs\n\n| Input | Value | Where from |\n|:--|:--|:--|")?;
    for row in overview.inputs.values() {
        writeln!(to, "{row}")?;
    }
    writeln!(to)
}

fn cell(text: &str) -> String {
    super::escape::cell_code(text, 400)
}

fn outcome(overview: &Overview, sources: &Sources<'_>) -> String {
    let Some(finished) = &overview.finished else {
        return if sources.live { "**running**" } else { "*unknown*: no end is recorded" }.to_owned();
    };
    let result = words::run_result(finished.result);
    let reason = finished.reason.trim();
    if reason.is_empty() { format!("**{result}**") } else { format!("**{result}** — {}", inline(reason)) }
}

fn date_and_time(at: jiff::Timestamp) -> String {
    format!("{} {} UTC", words::date(at), words::time(at))
}

fn ended(overview: &Overview) -> String {
    let (Some(first), Some(last), Some(_)) = (overview.first_at, overview.last_at, &overview.finished) else {
        return String::new();
    };
    format!("{}, after {}", date_and_time(last), words::took(words::since(first, last)))
}

fn runbook(started: &RunStarted) -> String {
    let anchor = started.procedure.as_str();
    let place = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    format!("{} {}", inline(&started.runbook.title), cell(&format!("{}{place}", started.runbook.path)))
}

fn git_commit(started: &RunStarted) -> String {
    let modified = if started.runbook.git_modified { ", with changes not committed" } else { "" };
    started.runbook.git_commit.as_ref().map_or(String::new(), |commit| format!("{}{modified}", cell(commit)))
}

fn steps_row(overview: &Overview, started: &RunStarted) -> String {
    let (entered, results) = overview.step_results();
    format!("{entered} of {} entered: {}", started.steps, counts(&results)).trim_end_matches(": ").to_owned()
}

fn counts(results: &BTreeMap<Count, u64>) -> String {
    let list: Vec<_> = results.iter().map(|(result, count)| format!("{count} {}", result.1)).collect();
    list.join(", ")
}

fn deviations_row(overview: &Overview) -> String {
    match overview.deviations.len() {
        0 => "none".to_owned(),
        count => format!("[{count}, listed at the end](#deviations)"),
    }
}

fn deviations(overview: &Overview, to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "## Deviations\n")?;
    if overview.deviations.is_empty() {
        return writeln!(to, "None: every step entered was run as the document has it.\n");
    }
    for deviation in overview.deviations.values() {
        writeln!(to, "{deviation}")?;
    }
    writeln!(to)
}

fn integrity(overview: &Overview, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()> {
    let events = words::count(overview.events, "event", "events");
    let head = sources.head.map_or(String::new(), |head| format!(", last hash `{head}`"));
    writeln!(to, "## Integrity\n\nMade from {events}{head}.")
}
