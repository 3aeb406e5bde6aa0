//! The events of an incident and of its runs as rows of one table.
//!
//! Invariant: every row names its event. The order is that of the records, not of the wall clock. No text breaks a row.
//! Refuses to know: which part of the post-mortem the table goes into.

use super::records::{Record, Records};
use crate::history::{
    CommandFinished, CommandSource, Decision, Event, Fact, IncidentEvent, IncidentFact, Outcome, Redacted, RunStarted,
    StepForm,
};
use crate::ident::{Seq, StepId};
use crate::incident::acts::stamp;
use crate::incident::order::{IncidentMark, Mark, Place, RunMarks, order};
use crate::transcript::{command_in_cell, inline, outcome, run_result, took};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const TEXT_CHARACTERS: usize = 300;
const COMMAND_CHARACTERS: usize = 100;
/// Clocks of two machines may differ by this much; only a larger step back means that the wall clock was set.
pub(super) const SLACK_SECONDS: i64 = 2;

struct Row {
    at: Timestamp,
    who: String,
    what: String,
    result: String,
    reference: String,
}

/// Renders the table, followed by a sentence if the wall clock was set back.
pub(super) fn timeline(records: &Records) -> String {
    let rows = rows(records);
    let mut out = String::from("| UTC | Who | What | Result | Event |\n|:--|:--|:--|:--|:--|\n");
    let mut before: Option<Timestamp> = None;
    let mut set_back = 0;
    for row in &rows {
        let day = row.at.strftime("%Y-%m-%d").to_string();
        let same_day = before.is_some_and(|before| before.strftime("%Y-%m-%d").to_string() == day);
        let time = row.at.strftime("%H:%M:%S").to_string();
        let time = if same_day { time } else { format!("{day} {time}") };
        if before.is_some_and(|before| before.as_second() - row.at.as_second() > SLACK_SECONDS) {
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
pub(super) fn places(records: &Records) -> Vec<(Place, Timestamp)> {
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
            IncidentMark { at: event.at, boot, seen: later.clone(), joined }
        })
        .collect();
    incident.reverse();
    let line = |record: &Record| RunMarks {
        run: record.id.clone(),
        marks: record.events.iter().map(|event| Mark { seq: event.seq, at: event.at }).collect(),
        joined: record.events.iter().position(|event| matches!(event.fact, Fact::IncidentJoined(_))),
    };
    order(&incident, &records.runs.iter().map(line).collect::<Vec<_>>())
}

fn rows(records: &Records) -> Vec<Row> {
    let tellers: Vec<Teller<'_>> = records.runs.iter().map(Teller::new).collect();
    let row = |(position, _)| match position {
        Place::Incident(at) => {
            let event = records.incident.events.get(at)?;
            match &event.fact {
                Fact::Incident(incident) => Some(of_incident(event, incident, &records.incident)),
                Fact::Redacted(redacted) => {
                    let (what, result) = dropped(redacted, &records.incident);
                    let reference = records.incident.reference(event.seq);
                    Some(Row { at: event.at.utc, who: words(&redacted.user), what, result, reference })
                }
                _ => None,
            }
        }
        Place::Run { run, event } => tellers.get(run)?.row(records.runs.get(run)?.events.get(event)?),
    };
    places(records).into_iter().filter_map(row).collect()
}

/// Escapes text that a person wrote, puts it on one line and cuts it for a row.
pub(super) fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TEXT_CHARACTERS {
        return inline(&line);
    }
    let cut: String = line.chars().take(TEXT_CHARACTERS).collect();
    format!("{} …", inline(cut.trim_end()))
}

fn of_incident(event: &Event, incident: &IncidentEvent, record: &Record) -> Row {
    let (what, result) = match &incident.what {
        IncidentFact::Opened(opened) => {
            (format!("**Incident opened**: {}", words(&opened.title)), inline(&opened.severity))
        }
        IncidentFact::RunJoined(joined) => {
            let procedure = format!("{}#{}", joined.path, joined.procedure);
            (
                format!("Run {} joined: {}", joined.run, command_in_cell(&procedure, COMMAND_CHARACTERS)),
                words(&joined.title),
            )
        }
        IncidentFact::Noted(noted) => (format!("Note: *{}*", words(&noted.text)), String::new()),
        IncidentFact::Reached(reached) => {
            let by = if reached.source.is_empty() { String::new() } else { format!(" by {}", words(&reached.source)) };
            let result = reached.stated.map_or_else(String::new, |at| format!("stated{by}: {}", stamp(at)));
            (format!("**Milestone**: {}", reached.milestone), result)
        }
        IncidentFact::SeverityChanged(changed) => {
            let from = if changed.from.is_empty() { "none".to_owned() } else { inline(&changed.from) };
            (format!("**Severity** {}, was {from}", inline(&changed.to)), words(&changed.reason))
        }
        IncidentFact::Escalated(escalated) => {
            (format!("**Escalated** to {}", words(&escalated.to)), words(&escalated.text))
        }
        IncidentFact::HandedOver(handed) => (format!("**Handed over** to {}", words(&handed.to)), words(&handed.text)),
        IncidentFact::StatusWritten(status) => (format!("Status update: {}", words(&status.text)), String::new()),
        IncidentFact::StatusSent(sent) => {
            let how = sent.exit.map_or_else(|| "**did not end**".to_owned(), |exit| format!("exit {exit}"));
            (format!("Status update {} sent: {}", sent.status, command_in_cell(&sent.command, COMMAND_CHARACTERS)), how)
        }
        IncidentFact::Closed(closed) => ("**Incident closed**".to_owned(), words(&closed.reason)),
    };
    let reference = record.reference(event.seq);
    Row { at: event.at.utc, who: words(&incident.by), what, result, reference }
}

fn dropped(redacted: &Redacted, record: &Record) -> (String, String) {
    let events: Vec<_> = redacted.events.iter().map(|seq| record.reference(*seq)).collect();
    (format!("The text of {} was dropped from the record", events.join(", ")), words(&redacted.reason))
}

/// Looks up what a row about a run's event needs from its other events.
pub(super) struct Teller<'a> {
    record: &'a Record,
    started: Option<&'a RunStarted>,
    finished: BTreeMap<Seq, &'a CommandFinished>,
    steps: BTreeMap<&'a StepId, (String, StepForm)>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(record: &'a Record) -> Self {
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

    pub(super) fn started(&self) -> Option<&'a RunStarted> {
        self.started
    }

    /// Formats a reference to one of its events: `7c1d9e#12`.
    pub(super) fn reference(&self, seq: Seq) -> String {
        self.record.reference(seq)
    }

    pub(super) fn finished(&self, started: Seq) -> Option<&'a CommandFinished> {
        self.finished.get(&started).copied()
    }

    /// A step's number and title, escaped. The flag is true for a task, which a person does by hand.
    pub(super) fn step(&self, step: &StepId) -> (String, bool) {
        self.steps
            .get(step)
            .map_or_else(|| (inline(step.as_str()), false), |(title, form)| (words(title), *form == StepForm::Task))
    }

    fn who(&self) -> String {
        match self.started {
            Some(started) if !started.mode.is_interactive() => format!("{} (unattended)", words(&started.user)),
            Some(started) => words(&started.user),
            None => String::new(),
        }
    }

    fn row(&self, event: &Event) -> Option<Row> {
        let (what, result) = self.told(event)?;
        let reference = self.record.reference(event.seq);
        Some(Row { at: event.at.utc, who: self.who(), what, result, reference })
    }

    fn told(&self, event: &Event) -> Option<(String, String)> {
        Some(match &event.fact {
            Fact::RunStarted(started) => {
                (format!("Run started: {}", words(&started.procedure_title)), format!("on {}", words(&started.host)))
            }
            Fact::CommandStarted(started) => {
                let marks = [
                    (started.source == CommandSource::Own).then_some("own command"),
                    matches!(started.source, CommandSource::Edited(_)).then_some("edited"),
                    (started.attempt > 1).then_some("again"),
                ];
                let marks: Vec<&str> = marks.into_iter().flatten().collect();
                let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
                (format!("{}{marks}", command_in_cell(&started.text, COMMAND_CHARACTERS)), self.result(event.seq))
            }
            Fact::Decided(decided) => {
                let (title, is_task) = self.step(&decided.step);
                let what = match decided.decision {
                    Decision::Skip => format!("**Skipped**: {title}"),
                    Decision::GoOn => format!("Went on past a failure: {title}"),
                    Decision::Decline => format!("**Declined**: {title}"),
                    Decision::Done if is_task => format!("Done: {title}"),
                    Decision::Done => format!("Done by other means: {title}"),
                    _ => return None,
                };
                (what, words(&decided.reason))
            }
            Fact::NoteAdded(note) => (format!("Note: *{}*", words(&note.text)), String::new()),
            Fact::ChoiceMade(choice) => {
                let chosen = choice.option.as_deref().map_or_else(|| "went on without one".to_owned(), words);
                (format!("Choice: {}", words(&choice.question)), chosen)
            }
            Fact::ShellDied(died) => ("**The shell died**".to_owned(), words(&died.how)),
            Fact::EngineLost(lost) => ("**The engine was lost**".to_owned(), words(&lost.then)),
            Fact::RunResumed(resumed) => {
                (format!("Run resumed by {}", words(&resumed.user)), format!("on {}", words(&resumed.host)))
            }
            Fact::RecordFailed(failed) => ("**The record failed**".to_owned(), words(&failed.why)),
            Fact::Redacted(redacted) => dropped(redacted, self.record),
            Fact::RunFinished(finished) => {
                let reason = words(&finished.reason);
                let reason = if reason.is_empty() { reason } else { format!(", {reason}") };
                ("Run ended".to_owned(), format!("**{}**{reason}", run_result(finished.result)))
            }
            _ => return None,
        })
    }

    /// Outcome and duration of a command.
    pub(super) fn result(&self, started: Seq) -> String {
        let Some(finished) = self.finished(started) else { return "**no end recorded**".to_owned() };
        let described = inline(&outcome(finished));
        let took = took(Duration::from_nanos(finished.took_ns));
        if matches!(finished.outcome, Outcome::Succeeded | Outcome::Negative(_)) {
            format!("{described}, {took}")
        } else {
            format!("**{described}**, {took}")
        }
    }
}
