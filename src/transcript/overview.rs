//! What must be known of a whole run before its first line is written: its end, its commands' results, its deviations.
//!
//! Invariant: one pass, and a few words for each command.

use super::escape::{cell_code, inline, short_code};
use super::words;
use crate::history::{
    CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, Outcome, RunFinished, RunStarted,
    StepEntered, StepForm, StepResult,
};
use crate::ident::{Seq, StepId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const COMMAND_CHARACTERS: usize = 72;

/// How a command came back, in a few words.
#[derive(Debug)]
pub(super) struct Brief {
    pub(super) result: String,
    /// Whether the result must catch the eye.
    pub(super) stands_out: bool,
    pub(super) took: Duration,
}

/// A step as it was last entered.
#[derive(Debug)]
struct Visit {
    link: String,
    form: StepForm,
    result: Option<StepResult>,
}

/// What is counted, by its place in a list and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count(u8, pub(super) &'static str);

/// A run at a glance.
#[derive(Debug, Default)]
pub(super) struct Overview {
    pub(super) events: u64,
    pub(super) started: Option<RunStarted>,
    pub(super) first_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
    /// None while it goes on, or when nobody knows.
    pub(super) finished: Option<RunFinished>,
    pub(super) briefs: BTreeMap<Seq, Brief>,
    /// List items, by the event that began them.
    pub(super) deviations: BTreeMap<Seq, String>,
    pub(super) notes: u64,
    /// Rows of the inputs' table, by the event that gave the value.
    pub(super) inputs: BTreeMap<Seq, String>,
    /// Commands by what came of them.
    pub(super) outcomes: BTreeMap<Count, u64>,
    /// The command that runs now.
    running: Option<Seq>,
    open: BTreeMap<Seq, (Timestamp, CommandStarted)>,
    steps: BTreeMap<StepId, Visit>,
}

impl Overview {
    pub(super) fn of(events: impl Iterator<Item = Event>, live: bool) -> Self {
        let mut overview = Self::default();
        for event in events {
            overview.take(&event);
        }
        let open = std::mem::take(&mut overview.open);
        // A run that was stopped is no different for a recorder that is about to go.
        if live && overview.finished.is_none() {
            overview.running = open.last_key_value().map(|(seq, _)| *seq);
        }
        for (seq, (at, started)) in open {
            let word = overview.unfinished(seq);
            overview.count(Count(4, word));
            if overview.running != Some(seq) {
                overview.command_deviation(seq, at, &started, &["Unknown"], "no end is recorded");
            }
        }
        overview
    }

    fn take(&mut self, event: &Event) {
        self.events += 1;
        self.first_at.get_or_insert(event.at.utc);
        self.last_at = Some(event.at.utc);
        match &event.fact {
            Fact::RunStarted(started) => self.started = Some(started.clone()),
            Fact::StepEntered(entered) => {
                self.finished = None;
                let link = format!("[{}](#{})", step_title(entered), anchor(event.seq));
                self.steps.insert(entered.step.clone(), Visit { link, form: entered.form, result: None });
            }
            Fact::StepFinished(finished) => {
                if let Some(step) = self.steps.get_mut(&finished.step) {
                    step.result = Some(finished.result);
                }
            }
            Fact::Decided(decided) => self.decided(event.seq, event.at.utc, decided),
            Fact::CommandStarted(started) => {
                self.finished = None;
                self.open.insert(event.seq, (event.at.utc, started.clone()));
            }
            Fact::CommandFinished(finished) => self.command_finished(finished),
            Fact::InputGiven(input) => {
                let (name, value) = (cell_code(input.name.as_str(), 80), cell_code(&input.value, 160));
                let row = format!("| {name} | {value} | {} |", words::origin(input.origin));
                self.inputs.insert(event.seq, row);
            }
            Fact::NoteAdded(_) => self.notes += 1,
            Fact::ShellDied(died) => {
                self.deviate(event.seq, event.at.utc, &format!("**Shell died**: {}", inline(&died.how)));
            }
            Fact::StateLost(lost) => {
                self.deviate(event.seq, event.at.utc, &format!("**Not restored**: {}", inline(&lost.what)));
            }
            Fact::LeftRunning(left) => {
                let processes: Vec<_> = left.processes.iter().map(|process| inline(process)).collect();
                self.deviate(event.seq, event.at.utc, &format!("**Left running**: {}", processes.join(", ")));
            }
            Fact::EngineLost(lost) => {
                self.deviate(event.seq, event.at.utc, &format!("**Engine lost**: {}", inline(&lost.then)));
            }
            Fact::RecordFailed(failed) => {
                self.deviate(event.seq, event.at.utc, &format!("**The record failed**: {}", inline(&failed.why)));
            }
            Fact::RunResumed(_) => self.finished = None,
            Fact::RunFinished(finished) => self.finished = Some(finished.clone()),
            _ => {}
        }
    }

    fn decided(&mut self, seq: Seq, at: Timestamp, decided: &Decided) {
        let form = self.steps.get(&decided.step).map(|step| step.form);
        let label = match decided.decision {
            Decision::Skip => "Skipped",
            Decision::GoOn => "Went on past it",
            Decision::Decline => "Declined",
            Decision::Done if matches!(form, Some(StepForm::Command | StepForm::Guessed)) => "Done by other means",
            _ => return,
        };
        let what = decided.command.map_or(String::new(), |command| format!(", command {}", u64::from(command) + 1));
        let reason = if decided.reason.trim().is_empty() {
            if decided.decision == Decision::Skip { " — no reason given".to_owned() } else { String::new() }
        } else {
            format!(" — {}", inline(&decided.reason))
        };
        let link = self.link(&decided.step);
        self.deviate(seq, at, &format!("**{label}** {link}{what}{reason}"));
    }

    fn command_finished(&mut self, finished: &CommandFinished) {
        let result = words::outcome(finished);
        let negative = matches!(finished.outcome, Outcome::Negative(_));
        let stands_out = !negative && words::deviation(&finished.outcome).is_some();
        let took = Duration::from_nanos(finished.took_ns);
        self.count(counted(&finished.outcome));
        self.briefs.insert(finished.started, Brief { result: result.clone(), stands_out, took });
        let Some((at, started)) = self.open.remove(&finished.started) else { return };
        let labels: Vec<&str> = [
            matches!(started.source, CommandSource::Own).then_some("Own command"),
            matches!(started.source, CommandSource::Edited(_)).then_some("Edited"),
            (started.attempt > 1).then_some("Retried"),
            words::deviation(&finished.outcome),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.command_deviation(finished.started, at, &started, &labels, &result);
    }

    fn command_deviation(&mut self, seq: Seq, at: Timestamp, started: &CommandStarted, labels: &[&str], result: &str) {
        if labels.is_empty() {
            return;
        }
        let link = self.link(&started.step);
        let command = short_code(&started.text, COMMAND_CHARACTERS);
        let labels = capitalized(&labels.join(", ").to_lowercase());
        self.deviate(seq, at, &format!("**{labels}** {link}: {command} — {}", inline(result)));
    }

    fn deviate(&mut self, seq: Seq, at: Timestamp, what: &str) {
        let time = words::day_and_time(self.first_at, at);
        self.deviations.insert(seq, format!("- {time} {what}"));
    }

    fn link(&self, step: &StepId) -> String {
        self.steps.get(step).map_or_else(|| inline(step.as_str()), |visit| visit.link.clone())
    }

    fn count(&mut self, outcome: Count) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// The word for a command without an end.
    pub(super) fn unfinished(&self, command: Seq) -> &'static str {
        if self.running == Some(command) { "running" } else { "unknown" }
    }

    /// How many steps were entered, and how many of them ended how.
    pub(super) fn step_results(&self) -> (usize, BTreeMap<Count, u64>) {
        let mut results = BTreeMap::new();
        for visit in self.steps.values() {
            let count =
                visit.result.map_or(Count(u8::MAX, "open"), |result| Count(result as u8, words::step_result(result)));
            *results.entry(count).or_default() += 1;
        }
        (self.steps.len(), results)
    }
}

fn counted(outcome: &Outcome) -> Count {
    match outcome {
        Outcome::Succeeded => Count(0, "exit 0"),
        Outcome::Negative(_) => Count(1, "negative"),
        Outcome::Failed => Count(2, "failed"),
        Outcome::Unknown => Count(4, "unknown"),
        _ => Count(3, "ended otherwise"),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// The name of an event's place in the transcript.
pub(super) fn anchor(seq: Seq) -> String {
    format!("event-{seq}")
}

/// A step's number and title, escaped.
pub(super) fn step_title(entered: &StepEntered) -> String {
    let title = entered.title.trim();
    let numbered =
        title.strip_prefix(entered.number.as_str()).is_some_and(|rest| rest.starts_with(['.', ')', ':', ' ']));
    if numbered || entered.number.is_empty() {
        inline(title)
    } else {
        format!("{}. {}", inline(&entered.number), inline(title))
    }
}
