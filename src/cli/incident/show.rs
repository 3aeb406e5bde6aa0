//! `runbook incident list` and `show`.
//!
//! Invariant: text from people and alerts is sanitised; a fact that was not recorded is shown as blank.

use super::context::Desk;
use super::failure::record_failure;
use crate::cli::choices::Format;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_data;
use crate::history::{Fact, Milestone, RunState};
use crate::incident::{Incident, Now, State, Urgency, due, measures, stamp, words};
use crate::journal::Reader;
use crate::term::sanitize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Prints a list of all incidents. One that cannot be read is listed as damaged.
pub(super) fn list(format: Format, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let all = desk.incidents.all().map_err(record_failure)?;
    let now = Desk::now();
    if format == Format::Json {
        let values: Vec<Value> = all
            .iter()
            .map(|read| match read {
                Ok(incident) => json(incident, &now),
                Err(error) => json!({ "state": "damaged", "damage": error.to_string() }),
            })
            .collect();
        return print_data(&format!("{:#}\n", json!({ "schema": 1, "incidents": values })));
    }
    if all.is_empty() {
        return print_data("no incident is recorded yet\n");
    }
    let mut out =
        format!("{:<24} {:<8} {:<9} {:<12} {:>5}  {}\n", "incident", "state", "severity", "lasted", "runs", "title");
    for read in all {
        // Writing to a string cannot fail.
        let _: std::fmt::Result = match read {
            Ok(incident) => writeln!(
                out,
                "{:<24} {:<8} {:<9} {:<12} {:>5}  {}",
                incident.id().as_str(),
                if incident.state.is_open() { "open" } else { "closed" },
                sanitize(&incident.state.severity),
                words(lasted(&incident, &now)),
                incident.state.runs.len(),
                sanitize(incident.state.title())
            ),
            Err(error) => writeln!(out, "{:<24} {:<8} {error}", "", "damaged"),
        };
    }
    print_data(&out)
}

/// Seconds from the declaration to the end of the incident, or until now.
fn lasted(incident: &Incident, now: &Now) -> u64 {
    let state = &incident.state;
    let since = state.declared().map_or(0, |declared| declared.ago(now));
    let end = state.reached.get(&Milestone::Resolved).map(|told| &told.when);
    let end = end.or_else(|| state.closed.as_ref().map(|told| &told.when));
    since.saturating_sub(end.map_or(0, |end| end.ago(now)))
}

/// Prints one incident: the named one, or the only open one.
pub(super) fn show(name: Option<&str>, format: Format, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let incident = desk.any(name)?;
    let now = Desk::now();
    match format {
        Format::Json => {
            let mut value = json(&incident, &now);
            if let Value::Object(members) = &mut value {
                members.insert("schema".to_owned(), json!(1));
            }
            print_data(&format!("{value:#}\n"))
        }
        Format::Text => print_data(&sanitize(&text(&incident, &now))),
    }
}

/// Collects lines, each without trailing blanks.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// Begins a part: an empty line, then its title.
    fn add_title(&mut self, title: &str) {
        self.add("");
        self.add(title);
    }
}

fn text(incident: &Incident, now: &Now) -> String {
    let mut lines = Lines::default();
    add_summary(&mut lines, incident, now);
    add_due(&mut lines, &incident.state, now);
    add_milestones(&mut lines, incident);
    add_runs(&mut lines, incident);
    add_messages(&mut lines, &incident.state, now);
    add_redactions(&mut lines, incident);
    add_contacts(&mut lines, &incident.state);
    lines.0
}

fn add_summary(lines: &mut Lines, incident: &Incident, now: &Now) {
    let state = &incident.state;
    lines.add(&format!("{} {} {}", incident.id(), state.severity, one_line(state.title())));
    let status = if state.is_open() { "open" } else { "closed" };
    lines.add(&format!("{status}, led by {}, {}", one_line(&state.lead), words(lasted(incident, now))));
    if let Some(level) = state.level() {
        lines.add(&format!("{}: {} {}", level.name, one_line(&level.title), one_line(&level.impact)));
    }
}

fn add_due(lines: &mut Lines, state: &State, now: &Now) {
    lines.add_title("due");
    let due = due(state, now);
    if due.is_empty() {
        lines.add("  nothing");
    }
    for due in due {
        lines.add(&format!("  {} {}", if due.urgency > Urgency::Later { "!" } else { " " }, one_line(&due.text())));
    }
}

fn add_milestones(lines: &mut Lines, incident: &Incident) {
    lines.add_title("milestones");
    for milestone in Milestone::ALL {
        lines.add(&format!("    {:<14} {}", milestone.name(), reached(incident, milestone)));
    }
    lines.add("");
    for measure in measures(&incident.state) {
        lines.add(&format!("    {} {:<20} {}", measure.name, measure.title, measure.text()));
    }
}

fn add_runs(lines: &mut Lines, incident: &Incident) {
    if incident.state.runs.is_empty() {
        return;
    }
    lines.add_title("runs");
    for joined in &incident.state.runs {
        let run = &joined.what;
        let (status, _) = run_state(incident, &run.run);
        let (path, title) = (one_line(&run.path), one_line(&run.title));
        lines.add(&format!("    {}  {status:<11} {path}#{}  {title}", run.run, run.procedure));
    }
}

fn add_messages(lines: &mut Lines, state: &State, now: &Now) {
    if let Some(last) = state.statuses.last() {
        let ago = words(last.when.ago(now));
        lines.add_title(&format!("status updates: {}, the last {ago} ago", state.statuses.len()));
    }
    for told in &state.escalated {
        lines.add(&format!("escalated to {} at {}", one_line(&told.what.to), stamp(told.when.time())));
    }
}

fn add_redactions(lines: &mut Lines, incident: &Incident) {
    for event in &incident.events {
        if let Fact::Redacted(redacted) = &event.fact {
            let events: Vec<_> = redacted.events.iter().map(ToString::to_string).collect();
            let reason = one_line(&redacted.reason);
            let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
            lines.add_title(&format!("the text of event {} was dropped from the record{reason}", events.join(", ")));
        }
    }
}

fn add_contacts(lines: &mut Lines, state: &State) {
    let contacts = state.rules().map(|rules| rules.contacts.as_slice()).unwrap_or_default();
    if !state.is_open() || contacts.is_empty() {
        return;
    }
    lines.add_title("contacts");
    for contact in contacts {
        let ways: Vec<_> = contact.ways.iter().map(|(name, way)| format!("{name} {way}").trim().to_owned()).collect();
        lines.add(&format!("    {}: {}", one_line(&contact.who), one_line(&ways.join("; "))));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reached(incident: &Incident, milestone: Milestone) -> String {
    let Some(told) = incident.state.reached.get(&milestone) else { return "-".to_owned() };
    let source = if told.what.is_empty() { one_line(&told.by) } else { one_line(&told.what) };
    match told.when.stated {
        Some(stated) => format!("{}, stated by {source}; recorded {}", stamp(stated), stamp(told.when.recorded)),
        None => stamp(told.when.recorded),
    }
}

/// State of a run in one or two words, and the number of its commands.
fn run_state(incident: &Incident, run: &crate::ident::RunId) -> (&'static str, usize) {
    use crate::history::{Phase, RunResult};
    let folder = incident.run_folder(run);
    let Ok(reader) = Reader::open(&folder) else { return ("not there", 0) };
    let mut state = RunState::default();
    for event in reader {
        match event {
            Ok(event) => state.apply(&event),
            Err(_) => return ("damaged", state.commands.len()),
        }
    }
    let word = match state.phase {
        Phase::Over(RunResult::Completed) => "completed",
        Phase::Over(RunResult::Failed) => "failed",
        Phase::Over(RunResult::Stopped) => "stopped",
        Phase::Over(RunResult::Interrupted) => "interrupted",
        Phase::Over(RunResult::Abandoned) => "abandoned",
        Phase::New => "not begun",
        Phase::Waiting | Phase::Running(_) => "goes on",
    };
    (word, state.commands.len())
}

fn json(incident: &Incident, now: &Now) -> Value {
    let state = &incident.state;
    let measures: serde_json::Map<String, Value> =
        measures(state).into_iter().map(|measure| (measure.name.to_owned(), json!(measure.length.ok()))).collect();
    json!({
        "incident": incident.id(),
        "state": if state.is_open() { "open" } else { "closed" },
        "severity": state.severity,
        "title": state.title(),
        "lead": state.lead,
        "seconds_since_declared": state.declared().map(|declared| declared.ago(now)),
        "milestones": milestones_json(state),
        "measures_seconds": measures,
        "due": due_json(state, now),
        "runs": runs_json(incident),
        "status_updates": state.statuses.len(),
        "escalated": state.escalated.iter().map(|told| told.what.to.as_str()).collect::<Vec<_>>(),
        "redacted": dropped(incident),
        "folder": incident.folder().path(),
    })
}

fn milestones_json(state: &State) -> Value {
    let all = Milestone::ALL.into_iter().map(|milestone| {
        let reached = state.reached.get(&milestone).map(|told| {
            json!({
                "time": told.when.time().to_string(),
                "stated": told.when.stated.is_some(),
                "recorded": told.when.recorded.to_string(),
                "event": told.seq,
                "by": told.by,
                "source": told.what,
            })
        });
        (milestone.name().to_owned(), reached.unwrap_or(Value::Null))
    });
    Value::Object(all.collect())
}

fn due_json(state: &State, now: &Now) -> Vec<Value> {
    let due = due(state, now);
    let due = due.iter().map(|due| {
        let urgency = match due.urgency {
            Urgency::Later => "later",
            Urgency::Near => "near",
            Urgency::Over => "over",
        };
        json!({ "what": due.text(), "urgency": urgency, "seconds_left": due.left })
    });
    due.collect()
}

fn runs_json(incident: &Incident) -> Vec<Value> {
    let runs = incident.state.runs.iter().map(|joined| {
        let (status, commands) = run_state(incident, &joined.what.run);
        json!({
            "run": joined.what.run,
            "runbook": joined.what.path,
            "procedure": joined.what.procedure.as_str(),
            "title": joined.what.title,
            "state": status,
            "commands": commands,
        })
    });
    runs.collect()
}

/// Numbers of the events whose text was redacted.
fn dropped(incident: &Incident) -> Vec<crate::ident::Seq> {
    let events = incident.events.iter().filter_map(|event| match &event.fact {
        Fact::Redacted(redacted) => Some(redacted.events.iter().copied()),
        _ => None,
    });
    events.flatten().collect()
}
