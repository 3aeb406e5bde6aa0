//! The transcript as one JSON document, versioned by `schema` and described in `docs/transcript.md`.
//!
//! Invariant: a name once used keeps its meaning within a schema number; events stand in the order of their numbers, one a
//! line; outputs are plain text, cut as in every transcript. Refuses to know: how the journal writes its lines.

use super::elapsed::ElapsedClock;
use super::excerpt::{Excerpt, ScreenLine, excerpt_output};
use super::overview::RunOverview;
use super::sources::{Sources, find_mismatch};
use super::steps::output_file_path;
use super::words;
use crate::history::{CommandFinished, CommandSource, CommandStarted, Event, Fact, Outcome, RunStarted};
use crate::ident::{Digest, Seq};
use serde_json::{Map, Value, json};
use std::borrow::Borrow;
use std::io;
use std::io::Write;

/// Incremented when a name changes its meaning.
const SCHEMA_NUMBER: u32 = 1;

/// Writes the transcript of a run as JSON; see [`super::write_markdown`].
pub fn write_json<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let overview = RunOverview::from_events(events(), sources.is_live);
    let head = json!({
        "schema": SCHEMA_NUMBER,
        "run": overview.run_started.as_ref().map(run_as_json),
        "outcome": describe_state(&overview, sources),
        "reason": overview.run_finished.as_ref().map(|finished| &finished.reason),
        "started": overview.span.first_at.map(|at| at.to_string()),
        "ended": overview.run_finished.as_ref().and(overview.span.last_at).map(|at| at.to_string()),
        "elapsed_ms": milliseconds(overview.span.took),
        "clock_steps": overview.span.clock_steps.iter()
            .map(|(seq, step)| json!({ "before": seq, "seconds": step })).collect::<Vec<_>>(),
        "count": overview.span.events,
        "last_hash": sources.last_hash.map(|head: Digest| head.to_string()),
    });
    let head = head.to_string();
    write!(to, "{},\"events\":[", head.strip_suffix('}').unwrap_or(&head))?;
    let mut elapsed = ElapsedClock::default();
    let same = events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX));
    for (i, event) in same.enumerate() {
        let event = event.borrow();
        let mut line = Map::new();
        line.insert("seq".into(), json!(event.seq));
        line.insert("time".into(), json!(event.at.utc.to_string()));
        line.insert("elapsed_ms".into(), milliseconds(elapsed.advance_to(event)));
        let (kind, fields) = event_as_json(event, &overview, sources);
        line.insert("kind".into(), json!(kind));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        write!(to, "{}\n{}", if i == 0 { "" } else { "," }, Value::Object(line))?;
    }
    writeln!(to, "\n]}}")
}

fn milliseconds(duration: std::time::Duration) -> Value {
    json!(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn describe_state(overview: &RunOverview, sources: &Sources<'_>) -> &'static str {
    match &overview.run_finished {
        Some(finished) => words::describe_run_result(finished.result),
        None if sources.is_live => "running",
        None => "unknown",
    }
}

fn run_as_json(started: &RunStarted) -> Value {
    json!({
        "id": started.run,
        "procedure": started.procedure.as_str(),
        "title": started.procedure_title,
        "runbook": {
            "path": started.runbook.path,
            "title": started.runbook.title,
            "sha256": started.runbook.digest.to_string(),
            "git_commit": started.runbook.git_commit,
            "git_modified": started.runbook.git_modified,
        },
        "steps": started.steps,
        "host": started.host,
        "user": started.user,
        "cwd": started.cwd,
        "mode": words::describe_mode(started.mode),
        "version": started.version,
        "flags": started.flags,
    })
}

/// Kind and fields of an event. Enumerated values use the journal's words.
fn event_as_json(event: &Event, overview: &RunOverview, sources: &Sources<'_>) -> (String, Value) {
    match &event.fact {
        Fact::RunStarted(_) => ("run-started".into(), json!({})),
        Fact::CommandStarted(started) => ("command-started".into(), command_as_json(event.seq, started, overview)),
        Fact::CommandFinished(finished) => ("command-finished".into(), finish_as_json(finished, sources)),
        Fact::Other(other) => {
            let fields: Map<String, Value> = other
                .fields
                .iter()
                .map(|(name, text)| (name.clone(), serde_json::from_str(text).unwrap_or_else(|_| json!(text))))
                .collect();
            (other.kind.clone(), json!({ "fields": fields }))
        }
        // The other facts are plain records and keep their field names.
        fact => match serde_json::to_value(fact) {
            Ok(Value::Object(fact)) => fact.into_iter().next().unwrap_or(("unknown".into(), json!({}))),
            _ => ("unknown".into(), json!({})),
        },
    }
}

fn command_as_json(seq: Seq, started: &CommandStarted, overview: &RunOverview) -> Value {
    let (source, original) = match &started.source {
        CommandSource::Document => ("document", None),
        CommandSource::Edited(original) => ("edited", Some(original)),
        CommandSource::Placed(original) => ("placed", Some(original)),
        CommandSource::Own => ("own", None),
        CommandSource::Until => ("until", None),
        CommandSource::Sampled(original) => ("sampled", Some(original)),
    };
    let state = if overview.commands.results.contains_key(&seq) { "finished" } else { overview.unfinished_state(seq) };
    json!({
        "step": started.step.as_str(),
        "command": started.command,
        "of": started.of,
        "attempt": started.attempt,
        "source": source,
        "original": original,
        "text": started.text,
        "line": started.line,
        "never_ends": started.never_ends,
        "state": state,
    })
}

fn finish_as_json(finished: &CommandFinished, sources: &Sources<'_>) -> Value {
    let outcome = match serde_json::to_value(&finished.outcome) {
        Ok(Value::String(word)) => word,
        _ => "negative".to_owned(),
    };
    let meaning = match &finished.outcome {
        Outcome::Negative(meaning) => Some(meaning),
        _ => None,
    };
    json!({
        "started": finished.started,
        "outcome": outcome,
        "meaning": meaning,
        "end": finished.end,
        "status": finished.status,
        "pipestatus": finished.pipestatus,
        "cwd": finished.cwd,
        "took_ms": finished.took_ns / 1_000_000,
        "output": output_as_json(finished, sources),
    })
}

fn output_as_json(finished: &CommandFinished, sources: &Sources<'_>) -> Value {
    let captured = &finished.output;
    let mut value = json!({
        "length_bytes": captured.length_bytes,
        "kept_bytes": captured.kept_bytes,
        "file": output_file_path(finished.started),
    });
    let lines = |lines: &[ScreenLine]| json!(lines.iter().map(ScreenLine::to_text).collect::<Vec<_>>());
    let (name, shown) = match excerpt_output(finished.started, captured, sources.outputs) {
        Excerpt::Empty => ("lines", json!([])),
        Excerpt::Complete(whole) => ("lines", lines(&whole)),
        Excerpt::Truncated(short) => ("short", lines(&short)),
        Excerpt::FullScreen(screen) => ("screen", lines(&screen)),
        Excerpt::HeadAndTail { head, left_out, tail } => {
            ("parts", json!({ "head": lines(&head), "left_out": left_out, "tail": lines(&tail) }))
        }
        Excerpt::Unreadable if captured.salt.is_empty() => ("missing", json!("redacted")),
        Excerpt::Unreadable => ("missing", json!("unreadable")),
    };
    if let Value::Object(value) = &mut value {
        value.insert(name.to_owned(), shown);
        if let Some(mismatch) = find_mismatch(finished, sources) {
            value.insert("mismatch".to_owned(), json!(mismatch));
        }
    }
    value
}
