//! Facts about a whole run that the first lines of its transcript need: its end, its results, its deviations.
//!
//! Invariant: one pass, and a few words for each command.

use super::drawing::Drawing;
use super::html::Tone;
use super::phrase::{Phrase, phrase};
use super::run_span::RunSpan;
use super::series::Finder;
use super::words;
use crate::history::{
    CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, InputGiven, Outcome, RunFinished,
    RunStarted, StepEntered, StepForm, StepResult,
};
use crate::ident::{Seq, StepId};
use jiff::Timestamp;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

const COMMAND_CHARACTERS: usize = 72;
const INPUT_NAME_CHARACTERS: usize = 80;
const INPUT_VALUE_CHARACTERS: usize = 160;

/// A finished command's result in a few words.
#[derive(Debug)]
pub(super) struct Brief {
    pub(super) result: String,
    /// True if the result is to be emphasised.
    pub(super) stands_out: bool,
    pub(super) tone: Tone,
    pub(super) took: Duration,
}

/// A step as it was last entered.
#[derive(Debug)]
struct Visit {
    link: Phrase,
    form: StepForm,
    result: Option<StepResult>,
}

/// A category of results: its rank in listings and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count(u8, pub(super) &'static str);

/// A run's commands and their results.
#[derive(Debug, Default)]
pub(super) struct CommandSummary {
    /// Finished commands, by the event that started them.
    pub(super) briefs: BTreeMap<Seq, Brief>,
    /// Number of commands for each kind of outcome.
    pub(super) outcomes: BTreeMap<Count, u64>,
    /// The command that is running now.
    pub(super) running: Option<Seq>,
    /// Commands that were run repeatedly.
    pub(super) series: Finder,
    /// Commands started but not finished, with their start times.
    open: BTreeMap<Seq, (Timestamp, CommandStarted)>,
}

/// A run at a glance.
#[derive(Debug, Default)]
pub(super) struct Overview {
    pub(super) started: Option<RunStarted>,
    /// None while the run goes on, or if no end is recorded.
    pub(super) finished: Option<RunFinished>,
    pub(super) span: RunSpan,
    pub(super) commands: CommandSummary,
    /// List items, by the event that began them.
    pub(super) deviations: BTreeMap<Seq, Phrase>,
    /// Rows of the inputs table, by the event that gave the value.
    pub(super) inputs: BTreeMap<Seq, Vec<Phrase>>,
    pub(super) notes: u64,
    pub(super) drawing: Drawing,
    steps: BTreeMap<StepId, Visit>,
}

impl Overview {
    pub(super) fn of(events: impl Iterator<Item: Borrow<Event>>, live: bool) -> Self {
        let mut overview = Self::default();
        for event in events {
            overview.take(event.borrow());
        }
        let open = std::mem::take(&mut overview.commands.open);
        // A recorder may outlive the end of its run for a moment; then no command is running.
        if live && overview.finished.is_none() {
            overview.commands.running = open.last_key_value().map(|(seq, _)| *seq);
        }
        for (seq, (at, started)) in open {
            let word = overview.unfinished(seq);
            overview.count(Count(4, word));
            if overview.commands.running != Some(seq) {
                overview.command_deviation(seq, at, &started, &["Unknown"], "no end is recorded");
            }
        }
        overview
    }

    fn take(&mut self, event: &Event) {
        self.span.extend_to(event);
        self.drawing.take(event, self.span.took);
        match &event.fact {
            Fact::RunStarted(started) => self.started = Some(started.clone()),
            Fact::StepEntered(entered) => {
                self.finished = None;
                let link = Phrase::default().link(format!("#{}", anchor(event.seq)), step_title(entered));
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
                self.commands.series.started(event.seq, words::day_and_time(self.span.first_at, event.at.utc), started);
                self.commands.open.insert(event.seq, (event.at.utc, started.clone()));
            }
            Fact::CommandFinished(finished) => {
                self.commands.series.finished(finished);
                self.command_finished(finished);
            }
            Fact::InputGiven(input) => {
                self.inputs.insert(event.seq, input_row(input));
            }
            Fact::NoteAdded(_) => self.notes += 1,
            Fact::RunResumed(_) => self.finished = None,
            Fact::RunFinished(finished) => self.finished = Some(finished.clone()),
            _ => self.record_trouble(event),
        }
    }

    /// Lists trouble with the shell, the engine or the record as a deviation.
    fn record_trouble(&mut self, event: &Event) {
        let (label, details) = match &event.fact {
            Fact::ShellDied(died) => ("Shell died", died.how.clone()),
            Fact::StateLost(lost) => ("Not restored", lost.what.clone()),
            Fact::LeftRunning(left) => ("Left running", left.processes.join(", ")),
            Fact::EngineLost(lost) => ("Engine lost", lost.then.clone()),
            Fact::RecordFailed(failed) => ("The record failed", failed.why.clone()),
            _ => return,
        };
        self.deviate(event.seq, event.at.utc, Phrase::default().strong(label).text(": ").said(&details));
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
        let reason = match decided.reason.trim() {
            "" if decided.decision == Decision::Skip => phrase(" — no reason given"),
            "" => Phrase::default(),
            reason => phrase(" — ").said(reason),
        };
        let link = self.link(&decided.step);
        self.deviate(seq, at, Phrase::default().strong(label).text(" ").and(link).text(what).and(reason));
    }

    fn command_finished(&mut self, finished: &CommandFinished) {
        let result = words::outcome(finished);
        let negative = matches!(finished.outcome, Outcome::Negative(_));
        let stands_out = !negative && words::deviation(&finished.outcome).is_some();
        let took = Duration::from_nanos(finished.took_ns);
        self.count(counted(&finished.outcome));
        self.commands.briefs.insert(
            finished.started,
            Brief { result: result.clone(), stands_out, tone: words::tone(&finished.outcome), took },
        );
        let Some((at, started)) = self.commands.open.remove(&finished.started) else { return };
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
        let labels = capitalized(&labels.join(", ").to_lowercase());
        let what = Phrase::default().strong(labels).text(" ").and(link).text(": ");
        let what = what.code_short(&started.text, COMMAND_CHARACTERS).text(" — ").said(result);
        self.deviate(seq, at, what);
    }

    fn deviate(&mut self, seq: Seq, at: Timestamp, what: Phrase) {
        let time = words::day_and_time(self.span.first_at, at);
        self.deviations.insert(seq, Phrase::default().time(time).text(" ").and(what));
    }

    fn link(&self, step: &StepId) -> Phrase {
        self.steps.get(step).map_or_else(|| Phrase::default().said(step.as_str()), |visit| visit.link.clone())
    }

    fn count(&mut self, outcome: Count) {
        *self.commands.outcomes.entry(outcome).or_default() += 1;
    }

    /// Tone of a command, finished or not.
    pub(super) fn tone(&self, command: Seq) -> Tone {
        let unfinished = if self.commands.running == Some(command) { Tone::Running } else { Tone::Unknown };
        self.commands.briefs.get(&command).map_or(unfinished, |brief| brief.tone)
    }

    /// State of a command that has no recorded end.
    pub(super) fn unfinished(&self, command: Seq) -> &'static str {
        if self.commands.running == Some(command) { "running" } else { "unknown" }
    }

    /// Number of steps entered, and how many of them had each result.
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

/// Name, value and origin of an input.
fn input_row(input: &InputGiven) -> Vec<Phrase> {
    vec![
        Phrase::default().code_short(input.name.as_str(), INPUT_NAME_CHARACTERS),
        Phrase::default().code_short(&input.value, INPUT_VALUE_CHARACTERS),
        phrase(words::origin(input.origin)),
    ]
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

/// Anchor of an event in the transcript.
pub(super) fn anchor(seq: Seq) -> String {
    format!("event-{seq}")
}

/// Title of a step with its number, unless the title already begins with it.
pub(super) fn step_title(entered: &StepEntered) -> Phrase {
    let title = entered.title.trim();
    let numbered =
        title.strip_prefix(entered.number.as_str()).is_some_and(|rest| rest.starts_with(['.', ')', ':', ' ']));
    if numbered || entered.number.is_empty() {
        Phrase::default().said(title)
    } else {
        Phrase::default().said(&entered.number).text(". ").said(title)
    }
}
