//! The events of an incident and of its runs as rows of one table.
//!
//! Invariant: every row names its event. The order is that of the records, not of the wall clock. No text breaks a row.
//! Refuses to know: which part of the post-mortem the table goes into.

use super::records::{IncidentRecords, JournalRecord};
use crate::history::{
    CommandFinished, CommandSource, Decision, Event, Fact, IncidentEvent, IncidentFact, Outcome, Redacted, RunStarted,
    StepForm,
};
use crate::ident::{Seq, StepId};
use crate::incident::acts::format_utc_time;
use crate::incident::order::{EventPosition, IncidentMark, RunMark, RunMarks, order_events};
use crate::transcript::{
    command_cell_code_span, describe_outcome, describe_run_result, escape_inline, format_duration,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const MAX_TEXT_CHARACTERS: usize = 300;
const MAX_COMMAND_CHARACTERS: usize = 100;
/// Clocks of two machines may differ by this much; only a larger step back means that the wall clock was set.
pub(super) const CLOCK_SLACK_SECONDS: i64 = 2;

struct TimelineRow {
    at: Timestamp,
    who: String,
    what: String,
    result: String,
    reference: String,
}

/// Renders the table, followed by a sentence if the wall clock was set back.
pub(super) fn render_timeline(records: &IncidentRecords) -> String {
    let rows = timeline_rows(records);
    let mut out = String::from("| UTC | Who | What | Result | Event |\n|:--|:--|:--|:--|:--|\n");
    let mut before: Option<Timestamp> = None;
    let mut set_back = 0;
    for row in &rows {
        let day = row.at.strftime("%Y-%m-%d").to_string();
        let same_day = before.is_some_and(|before| before.strftime("%Y-%m-%d").to_string() == day);
        let time = row.at.strftime("%H:%M:%S").to_string();
        let time = if same_day { time } else { format!("{day} {time}") };
        if before.is_some_and(|before| before.as_second() - row.at.as_second() > CLOCK_SLACK_SECONDS) {
            set_back += 1;
        }
        before = Some(row.at);
        let columns = [&time, &row.who, &row.what, &row.result, &row.reference].map(String::as_str);
        out.extend(["| ", &columns.join(" | "), " |\n"]);
    }
    if set_back > 0 {
        let times = if set_back == 1 { "once".to_owned() } else { format!("{set_back} times") };
        out.extend([
            "\nThe wall clock was set back ",
            &times,
            " meanwhile; the order is that of the records, not of the times shown.\n",
        ]);
    }
    out
}

/// Puts all events in one order, each with its time by the monotonic clocks. An event that does not name the events before it,
/// such as a redaction, comes as late as possible.
pub(super) fn order_all_events(records: &IncidentRecords) -> Vec<(EventPosition, Timestamp)> {
    let mut later: Vec<_> = records.runs.iter().map(|run| (run.id.clone(), Seq(u64::MAX))).collect();
    let mut incident: Vec<IncidentMark> = records
        .incident
        .events
        .iter()
        .rev()
        .map(|event| {
            let (mut boot, mut joined) = (String::new(), None);
            if let Fact::Incident(incident) = &event.fact {
                later.clone_from(&incident.seen);
                boot.clone_from(&incident.boot);
                if let IncidentFact::RunJoined(run) = &incident.what {
                    joined = Some(run.run.clone());
                }
            }
            IncidentMark { at: event.at, boot_id: boot, seen: later.clone(), joined_run: joined }
        })
        .collect();
    incident.reverse();
    let line = |record: &JournalRecord| RunMarks {
        run: record.id.clone(),
        marks: record.events.iter().map(|event| RunMark { seq: event.seq, at: event.at }).collect(),
        join_index: record.events.iter().position(|event| matches!(event.fact, Fact::IncidentJoined(_))),
    };
    order_events(&incident, &records.runs.iter().map(line).collect::<Vec<_>>())
}

fn timeline_rows(records: &IncidentRecords) -> Vec<TimelineRow> {
    let tellers: Vec<RunNarrator<'_>> = records.runs.iter().map(RunNarrator::new).collect();
    let row = |(position, _)| match position {
        EventPosition::Incident(at) => {
            let event = records.incident.events.get(at)?;
            match &event.fact {
                Fact::Incident(incident) => Some(incident_row(event, incident, &records.incident)),
                Fact::Redacted(redacted) => {
                    let (what, result) = describe_redaction(redacted, &records.incident);
                    let reference = records.incident.event_reference(event.seq);
                    Some(TimelineRow { at: event.at.utc, who: quote_words(&redacted.user), what, result, reference })
                }
                _ => None,
            }
        }
        EventPosition::Run { run, event } => tellers.get(run)?.event_row(records.runs.get(run)?.events.get(event)?),
    };
    order_all_events(records).into_iter().filter_map(row).collect()
}

/// Escapes text that a person wrote, puts it on one line and cuts it for a row.
pub(super) fn quote_words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_TEXT_CHARACTERS {
        return escape_inline(&line);
    }
    let cut: String = line.chars().take(MAX_TEXT_CHARACTERS).collect();
    format!("{} …", escape_inline(cut.trim_end()))
}

fn incident_row(event: &Event, incident: &IncidentEvent, record: &JournalRecord) -> TimelineRow {
    let (what, result) = match &incident.what {
        IncidentFact::Opened(opened) => {
            (format!("**Incident opened**: {}", quote_words(&opened.title)), escape_inline(&opened.severity))
        }
        IncidentFact::RunJoined(joined) => {
            let procedure = format!("{}#{}", joined.path, joined.procedure);
            (
                format!("Run {} joined: {}", joined.run, command_cell_code_span(&procedure, MAX_COMMAND_CHARACTERS)),
                quote_words(&joined.title),
            )
        }
        IncidentFact::Noted(noted) => (format!("Note: *{}*", quote_words(&noted.text)), String::new()),
        IncidentFact::Reached(reached) => {
            let by =
                if reached.source.is_empty() { String::new() } else { format!(" by {}", quote_words(&reached.source)) };
            let result = reached.stated.map_or_else(String::new, |at| format!("stated{by}: {}", format_utc_time(at)));
            (format!("**Milestone**: {}", reached.milestone), result)
        }
        IncidentFact::SeverityChanged(changed) => {
            let from = if changed.from.is_empty() { "none".to_owned() } else { escape_inline(&changed.from) };
            (format!("**Severity** {}, was {from}", escape_inline(&changed.to)), quote_words(&changed.reason))
        }
        IncidentFact::Escalated(escalated) => {
            (format!("**Escalated** to {}", quote_words(&escalated.to)), quote_words(&escalated.text))
        }
        IncidentFact::HandedOver(handed) => {
            (format!("**Handed over** to {}", quote_words(&handed.to)), quote_words(&handed.text))
        }
        IncidentFact::StatusWritten(status) => (format!("Status update: {}", quote_words(&status.text)), String::new()),
        IncidentFact::StatusSent(sent) => {
            let how = sent.exit.map_or_else(|| "**did not end**".to_owned(), |exit| format!("exit {exit}"));
            (
                format!(
                    "Status update {} sent: {}",
                    sent.status,
                    command_cell_code_span(&sent.command, MAX_COMMAND_CHARACTERS)
                ),
                how,
            )
        }
        IncidentFact::Closed(closed) => ("**Incident closed**".to_owned(), quote_words(&closed.reason)),
    };
    let reference = record.event_reference(event.seq);
    TimelineRow { at: event.at.utc, who: quote_words(&incident.by), what, result, reference }
}

fn describe_redaction(redacted: &Redacted, record: &JournalRecord) -> (String, String) {
    let events: Vec<_> = redacted.events.iter().map(|seq| record.event_reference(*seq)).collect();
    if events.is_empty() {
        return ("A text was removed from the files of the record".to_owned(), quote_words(&redacted.reason));
    }
    (format!("The text of {} was dropped from the record", events.join(", ")), quote_words(&redacted.reason))
}

/// Looks up what a row about a run's event needs from its other events.
pub(super) struct RunNarrator<'a> {
    record: &'a JournalRecord,
    started: Option<&'a RunStarted>,
    finished: BTreeMap<Seq, &'a CommandFinished>,
    steps: BTreeMap<&'a StepId, (String, StepForm)>,
}

impl<'a> RunNarrator<'a> {
    pub(super) fn new(record: &'a JournalRecord) -> Self {
        let mut teller = Self { record, started: None, finished: BTreeMap::new(), steps: BTreeMap::new() };
        for event in &record.events {
            match &event.fact {
                Fact::RunStarted(started) => teller.started = Some(started),
                Fact::CommandFinished(finished) => {
                    teller.finished.insert(finished.started, finished);
                }
                Fact::StepEntered(entered) => {
                    let title = format!("{} {}", entered.number, entered.title);
                    teller.steps.insert(&entered.step, (title, entered.form));
                }
                _ => {}
            }
        }
        teller
    }

    pub(super) fn run_started(&self) -> Option<&'a RunStarted> {
        self.started
    }

    /// Formats a reference to one of its events: `7c1d9e#12`.
    pub(super) fn event_reference(&self, seq: Seq) -> String {
        self.record.event_reference(seq)
    }

    pub(super) fn command_finished(&self, started: Seq) -> Option<&'a CommandFinished> {
        self.finished.get(&started).copied()
    }

    /// A step's number and title, escaped. The flag is true for a task, which a person does by hand.
    pub(super) fn describe_step(&self, step: &StepId) -> (String, bool) {
        self.steps.get(step).map_or_else(
            || (escape_inline(step.as_str()), false),
            |(title, form)| (quote_words(title), *form == StepForm::Task),
        )
    }

    fn run_user(&self) -> String {
        match self.started {
            Some(started) if !started.mode.is_interactive() => format!("{} (unattended)", quote_words(&started.user)),
            Some(started) => quote_words(&started.user),
            None => String::new(),
        }
    }

    fn event_row(&self, event: &Event) -> Option<TimelineRow> {
        let (what, result) = self.describe_event(event)?;
        let reference = self.record.event_reference(event.seq);
        Some(TimelineRow { at: event.at.utc, who: self.run_user(), what, result, reference })
    }

    fn describe_event(&self, event: &Event) -> Option<(String, String)> {
        Some(match &event.fact {
            Fact::RunStarted(started) => (
                format!("Run started: {}", quote_words(&started.procedure_title)),
                format!("on {}", quote_words(&started.host)),
            ),
            Fact::CommandStarted(started) => {
                let marks = [
                    (started.source == CommandSource::Own).then_some("own command"),
                    matches!(started.source, CommandSource::Edited(_)).then_some("edited"),
                    (started.attempt > 1).then_some("again"),
                ];
                let marks: Vec<&str> = marks.into_iter().flatten().collect();
                let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
                (
                    format!("{}{marks}", command_cell_code_span(&started.text, MAX_COMMAND_CHARACTERS)),
                    self.describe_result(event.seq),
                )
            }
            Fact::Decided(decided) => {
                let (title, is_task) = self.describe_step(&decided.step);
                let what = match decided.decision {
                    Decision::Skip => format!("**Skipped**: {title}"),
                    Decision::GoOn => format!("Went on past a failure: {title}"),
                    Decision::Decline => format!("**Declined**: {title}"),
                    Decision::Done if is_task => format!("Done: {title}"),
                    Decision::Done => format!("Done by other means: {title}"),
                    _ => return None,
                };
                (what, quote_words(&decided.reason))
            }
            Fact::NoteAdded(note) => (format!("Note: *{}*", quote_words(&note.text)), String::new()),
            Fact::ChoiceMade(choice) => {
                let chosen = choice.option.as_deref().map_or_else(|| "went on without one".to_owned(), quote_words);
                (format!("Choice: {}", quote_words(&choice.question)), chosen)
            }
            Fact::ShellDied(died) => ("**The shell died**".to_owned(), quote_words(&died.how)),
            Fact::EngineLost(lost) => ("**The engine was lost**".to_owned(), quote_words(&lost.then)),
            Fact::RunResumed(resumed) => {
                (format!("Run resumed by {}", quote_words(&resumed.user)), format!("on {}", quote_words(&resumed.host)))
            }
            Fact::RecordFailed(failed) => ("**The record failed**".to_owned(), quote_words(&failed.why)),
            Fact::Redacted(redacted) => describe_redaction(redacted, self.record),
            Fact::RunFinished(finished) => {
                let reason = quote_words(&finished.reason);
                let reason = if reason.is_empty() { reason } else { format!(", {reason}") };
                ("Run ended".to_owned(), format!("**{}**{reason}", describe_run_result(finished.result)))
            }
            _ => return None,
        })
    }

    /// Outcome and duration of a command.
    pub(super) fn describe_result(&self, started: Seq) -> String {
        let Some(finished) = self.command_finished(started) else { return "**no end recorded**".to_owned() };
        let described = escape_inline(&describe_outcome(finished));
        let took = format_duration(Duration::from_nanos(finished.took_ns));
        if matches!(finished.outcome, Outcome::Succeeded | Outcome::Negative(_)) {
            format!("{described}, {took}")
        } else {
            format!("**{described}**, {took}")
        }
    }
}
