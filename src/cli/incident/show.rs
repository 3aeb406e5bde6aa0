//! `runbook incident list` and `show`.
//!
//! Invariant: text from people and alerts is sanitised; a fact that was not recorded is shown as blank.

use super::context::IncidentContext;
use super::failure::record_failure;
use crate::cli::choices::Format;
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_data;
use crate::history::{Fact, Milestone, RunState};
use crate::incident::{
    Incident, IncidentState, Now, Urgency, format_length, format_utc_time, list_obligations, measure_incident,
};
use crate::journal::JournalReader;
use crate::term::sanitize_text;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Prints a list of all incidents. One that cannot be read is listed as damaged.
pub(super) fn list_incidents(format: Format, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let all = desk.incidents.read_all().map_err(record_failure)?;
    let now = IncidentContext::current_moment();
    if format == Format::Json {
        let values: Vec<Value> = all
            .iter()
            .map(|read| match read {
                Ok(incident) => incident_json(incident, &now),
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
                sanitize_text(&incident.state.severity),
                format_length(duration_seconds(&incident, &now)),
                incident.state.runs.len(),
                sanitize_text(incident.state.title())
            ),
            Err(error) => writeln!(out, "{:<24} {:<8} {error}", "", "damaged"),
        };
    }
    print_data(&out)
}

/// Seconds from the declaration to the end of the incident, or until now.
fn duration_seconds(incident: &Incident, now: &Now) -> u64 {
    let state = &incident.state;
    let since = state.clock_start().map_or(0, |declared| declared.seconds_ago(now));
    let end = state.milestones.get(&Milestone::Resolved).map(|told| &told.when);
    let end = end.or_else(|| state.closed.as_ref().map(|told| &told.when));
    since.saturating_sub(end.map_or(0, |end| end.seconds_ago(now)))
}

/// Prints one incident: the named one, or the only open one.
pub(super) fn show_incident(name: Option<&str>, format: Format, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let incident = desk.find_any(name)?;
    let now = IncidentContext::current_moment();
    match format {
        Format::Json => {
            let mut value = incident_json(&incident, &now);
            if let Value::Object(members) = &mut value {
                members.insert("schema".to_owned(), json!(1));
            }
            print_data(&format!("{value:#}\n"))
        }
        Format::Text => print_data(&sanitize_text(&incident_text(&incident, &now))),
    }
}

/// Collects lines, each without trailing blanks.
#[derive(Default)]
struct TextLines(String);

impl TextLines {
    fn add_line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// Begins a part: an empty line, then its title.
    fn add_title(&mut self, title: &str) {
        self.add_line("");
        self.add_line(title);
    }
}

fn incident_text(incident: &Incident, now: &Now) -> String {
    let mut lines = TextLines::default();
    add_summary(&mut lines, incident, now);
    add_due(&mut lines, &incident.state, now);
    add_milestones(&mut lines, incident);
    add_runs(&mut lines, incident);
    add_messages(&mut lines, &incident.state, now);
    add_redactions(&mut lines, incident);
    add_contacts(&mut lines, &incident.state);
    lines.0
}

fn add_summary(lines: &mut TextLines, incident: &Incident, now: &Now) {
    let state = &incident.state;
    lines.add_line(&format!("{} {} {}", incident.id(), state.severity, one_line(state.title())));
    let status = if state.is_open() { "open" } else { "closed" };
    lines.add_line(&format!(
        "{status}, led by {}, {}",
        one_line(&state.lead),
        format_length(duration_seconds(incident, now))
    ));
    if let Some(level) = state.severity_rule() {
        lines.add_line(&format!("{}: {} {}", level.name, one_line(&level.title), one_line(&level.impact)));
    }
}

fn add_due(lines: &mut TextLines, state: &IncidentState, now: &Now) {
    lines.add_title("due");
    let due = list_obligations(state, now);
    if due.is_empty() {
        lines.add_line("  nothing");
    }
    for due in due {
        lines.add_line(&format!(
            "  {} {}",
            if due.urgency > Urgency::Later { "!" } else { " " },
            one_line(&due.reminder_text())
        ));
    }
}

fn add_milestones(lines: &mut TextLines, incident: &Incident) {
    lines.add_title("milestones");
    for milestone in Milestone::ALL {
        lines.add_line(&format!("    {:<14} {}", milestone.wire_name(), milestone_time(incident, milestone)));
    }
    lines.add_line("");
    for measure in measure_incident(&incident.state) {
        lines.add_line(&format!("    {} {:<20} {}", measure.name, measure.title, measure.length_text()));
    }
}

fn add_runs(lines: &mut TextLines, incident: &Incident) {
    if incident.state.runs.is_empty() {
        return;
    }
    lines.add_title("runs");
    for joined in &incident.state.runs {
        let run = &joined.fact;
        let (status, _) = run_state(incident, &run.run);
        let (path, title) = (one_line(&run.path), one_line(&run.title));
        lines.add_line(&format!("    {}  {status:<11} {path}#{}  {title}", run.run, run.procedure));
    }
}

fn add_messages(lines: &mut TextLines, state: &IncidentState, now: &Now) {
    if let Some(last) = state.status_updates.last() {
        let ago = format_length(last.when.seconds_ago(now));
        lines.add_title(&format!("status updates: {}, the last {ago} ago", state.status_updates.len()));
    }
    for told in &state.escalations {
        lines.add_line(&format!(
            "escalated to {} at {}",
            one_line(&told.fact.to),
            format_utc_time(told.when.effective_time())
        ));
    }
}

fn add_redactions(lines: &mut TextLines, incident: &Incident) {
    for event in &incident.events {
        if let Fact::Redacted(redacted) = &event.fact {
            let events: Vec<_> = redacted.events.iter().map(ToString::to_string).collect();
            let reason = one_line(&redacted.reason);
            let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
            lines.add_title(&format!("the text of event {} was dropped from the record{reason}", events.join(", ")));
        }
    }
}

fn add_contacts(lines: &mut TextLines, state: &IncidentState) {
    let contacts = state.rules().map(|rules| rules.contacts.as_slice()).unwrap_or_default();
    if !state.is_open() || contacts.is_empty() {
        return;
    }
    lines.add_title("contacts");
    for contact in contacts {
        let ways: Vec<_> = contact.ways.iter().map(|(name, way)| format!("{name} {way}").trim().to_owned()).collect();
        lines.add_line(&format!("    {}: {}", one_line(&contact.who), one_line(&ways.join("; "))));
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn milestone_time(incident: &Incident, milestone: Milestone) -> String {
    let Some(told) = incident.state.milestones.get(&milestone) else { return "-".to_owned() };
    let source = if told.fact.is_empty() { one_line(&told.author) } else { one_line(&told.fact) };
    match told.when.stated {
        Some(stated) => {
            format!("{}, stated by {source}; recorded {}", format_utc_time(stated), format_utc_time(told.when.recorded))
        }
        None => format_utc_time(told.when.recorded),
    }
}

/// State of a run in one or two words, and the number of its commands.
fn run_state(incident: &Incident, run: &crate::ident::RunId) -> (&'static str, usize) {
    use crate::history::{Phase, RunResult};
    let folder = incident.run_folder(run);
    let Ok(reader) = JournalReader::open_journal(&folder) else { return ("not there", 0) };
    let mut state = RunState::default();
    for event in reader {
        match event {
            Ok(event) => state.apply_event(&event),
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

fn incident_json(incident: &Incident, now: &Now) -> Value {
    let state = &incident.state;
    let measures: serde_json::Map<String, Value> = measure_incident(state)
        .into_iter()
        .map(|measure| (measure.name.to_owned(), json!(measure.length.ok())))
        .collect();
    json!({
        "incident": incident.id(),
        "state": if state.is_open() { "open" } else { "closed" },
        "severity": state.severity,
        "title": state.title(),
        "lead": state.lead,
        "seconds_since_declared": state.clock_start().map(|declared| declared.seconds_ago(now)),
        "milestones": milestones_json(state),
        "measures_seconds": measures,
        "due": due_json(state, now),
        "runs": runs_json(incident),
        "status_updates": state.status_updates.len(),
        "escalated": state.escalations.iter().map(|told| told.fact.to.as_str()).collect::<Vec<_>>(),
        "redacted": redacted_events(incident),
        "folder": incident.folder().folder_path(),
    })
}

fn milestones_json(state: &IncidentState) -> Value {
    let all = Milestone::ALL.into_iter().map(|milestone| {
        let reached = state.milestones.get(&milestone).map(|told| {
            json!({
                "time": told.when.effective_time().to_string(),
                "stated": told.when.stated.is_some(),
                "recorded": told.when.recorded.to_string(),
                "event": told.seq,
                "by": told.author,
                "source": told.fact,
            })
        });
        (milestone.wire_name().to_owned(), reached.unwrap_or(Value::Null))
    });
    Value::Object(all.collect())
}

fn due_json(state: &IncidentState, now: &Now) -> Vec<Value> {
    let due = list_obligations(state, now);
    let due = due.iter().map(|due| {
        let urgency = match due.urgency {
            Urgency::Later => "later",
            Urgency::Soon => "near",
            Urgency::Overdue => "over",
        };
        json!({ "what": due.reminder_text(), "urgency": urgency, "seconds_left": due.seconds_left })
    });
    due.collect()
}

fn runs_json(incident: &Incident) -> Vec<Value> {
    let runs = incident.state.runs.iter().map(|joined| {
        let (status, commands) = run_state(incident, &joined.fact.run);
        json!({
            "run": joined.fact.run,
            "runbook": joined.fact.path,
            "procedure": joined.fact.procedure.as_str(),
            "title": joined.fact.title,
            "state": status,
            "commands": commands,
        })
    });
    runs.collect()
}

/// Numbers of the events whose text was redacted.
fn redacted_events(incident: &Incident) -> Vec<crate::ident::Seq> {
    let events = incident.events.iter().filter_map(|event| match &event.fact {
        Fact::Redacted(redacted) => Some(redacted.events.iter().copied()),
        _ => None,
    });
    events.flatten().collect()
}
