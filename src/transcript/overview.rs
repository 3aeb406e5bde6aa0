//! Facts about a whole run that the first lines of its transcript need: its end, its results, its deviations.
//!
//! Invariant: one pass, and a few words for each command.

use super::drawing::TimelineDrawing;
use super::html::Tone;
use super::phrase::{Phrase, plain_phrase};
use super::run_span::RunSpan;
use super::series::SeriesFinder;
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
pub(super) struct CommandResult {
    pub(super) result: String,
    /// True if the result is to be emphasised.
    pub(super) stands_out: bool,
    pub(super) tone: Tone,
    pub(super) took: Duration,
}

/// A step as it was last entered.
#[derive(Debug)]
struct StepVisit {
    link: Phrase,
    form: StepForm,
    result: Option<StepResult>,
}

/// A category of results: its rank in listings and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ResultCategory(u8, pub(super) &'static str);

/// A run's commands and their results.
#[derive(Debug, Default)]
pub(super) struct CommandSummary {
    /// Finished commands, by the event that started them.
    pub(super) results: BTreeMap<Seq, CommandResult>,
    /// Number of commands for each kind of outcome.
    pub(super) outcomes: BTreeMap<ResultCategory, u64>,
    /// The command that is running now.
    pub(super) running: Option<Seq>,
    /// Commands that were run repeatedly.
    pub(super) series: SeriesFinder,
    /// Commands started but not finished, with their start times.
    open_commands: BTreeMap<Seq, (Timestamp, CommandStarted)>,
}

/// A run at a glance.
#[derive(Debug, Default)]
pub(super) struct RunOverview {
    pub(super) run_started: Option<RunStarted>,
    /// None while the run goes on, or if no end is recorded.
    pub(super) run_finished: Option<RunFinished>,
    pub(super) span: RunSpan,
    pub(super) commands: CommandSummary,
    /// List items, by the event that began them.
    pub(super) deviations: BTreeMap<Seq, Phrase>,
    /// Rows of the inputs table, by the event that gave the value.
    pub(super) inputs: BTreeMap<Seq, Vec<Phrase>>,
    pub(super) note_count: u64,
    pub(super) drawing: TimelineDrawing,
    steps: BTreeMap<StepId, StepVisit>,
}

impl RunOverview {
    pub(super) fn from_events(events: impl Iterator<Item: Borrow<Event>>, live: bool) -> Self {
        let mut overview = Self::default();
        for event in events {
            overview.record_event(event.borrow());
        }
        let open = std::mem::take(&mut overview.commands.open_commands);
        // A recorder may outlive the end of its run for a moment; then no command is running.
        if live && overview.run_finished.is_none() {
            overview.commands.running = open.last_key_value().map(|(seq, _)| *seq);
        }
        for (seq, (at, started)) in open {
            let word = overview.unfinished_state(seq);
            overview.count_outcome(ResultCategory(4, word));
            if overview.commands.running != Some(seq) {
                overview.add_command_deviation(seq, at, &started, &["Unknown"], "no end is recorded");
            }
        }
        overview
    }

    fn record_event(&mut self, event: &Event) {
        self.span.extend_to(event);
        self.drawing.record_event(event, self.span.took);
        match &event.fact {
            Fact::RunStarted(started) => self.run_started = Some(started.clone()),
            Fact::StepEntered(entered) => {
                self.run_finished = None;
                let link =
                    Phrase::default().with_link(format!("#{}", event_anchor(event.seq)), numbered_step_title(entered));
                self.steps.insert(entered.step.clone(), StepVisit { link, form: entered.form, result: None });
            }
            Fact::StepFinished(finished) => {
                if let Some(step) = self.steps.get_mut(&finished.step) {
                    step.result = Some(finished.result);
                }
            }
            Fact::Decided(decided) => self.record_decision(event.seq, event.at.utc, decided),
            Fact::CommandStarted(started) => {
                self.run_finished = None;
                self.commands.series.start_command(
                    event.seq,
                    words::format_day_and_time(self.span.first_at, event.at.utc),
                    started,
                );
                self.commands.open_commands.insert(event.seq, (event.at.utc, started.clone()));
            }
            Fact::CommandFinished(finished) => {
                self.commands.series.finish_command(finished);
                self.finish_command(finished);
            }
            Fact::InputGiven(input) => {
                self.inputs.insert(event.seq, input_table_row(input));
            }
            Fact::NoteAdded(_) => self.note_count += 1,
            Fact::RunResumed(_) => self.run_finished = None,
            Fact::RunFinished(finished) => self.run_finished = Some(finished.clone()),
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
        self.add_deviation(
            event.seq,
            event.at.utc,
            Phrase::default().with_strong(label).with_text(": ").with_quote(&details),
        );
    }

    fn record_decision(&mut self, seq: Seq, at: Timestamp, decided: &Decided) {
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
            "" if decided.decision == Decision::Skip => plain_phrase(" — no reason given"),
            "" => Phrase::default(),
            reason => plain_phrase(" — ").with_quote(reason),
        };
        let link = self.link_to_step(&decided.step);
        self.add_deviation(
            seq,
            at,
            Phrase::default().with_strong(label).with_text(" ").followed_by(link).with_text(what).followed_by(reason),
        );
    }

    fn finish_command(&mut self, finished: &CommandFinished) {
        let result = words::describe_outcome(finished);
        let negative = matches!(finished.outcome, Outcome::Negative(_));
        let stands_out = !negative && words::outcome_deviation(&finished.outcome).is_some();
        let took = Duration::from_nanos(finished.took_ns);
        self.count_outcome(outcome_category(&finished.outcome));
        self.commands.results.insert(
            finished.started,
            CommandResult { result: result.clone(), stands_out, tone: words::outcome_tone(&finished.outcome), took },
        );
        let Some((at, started)) = self.commands.open_commands.remove(&finished.started) else { return };
        let labels: Vec<&str> = [
            matches!(started.source, CommandSource::Own).then_some("Own command"),
            matches!(started.source, CommandSource::Edited(_)).then_some("Edited"),
            (started.attempt > 1).then_some("Retried"),
            words::outcome_deviation(&finished.outcome),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.add_command_deviation(finished.started, at, &started, &labels, &result);
    }

    fn add_command_deviation(
        &mut self,
        seq: Seq,
        at: Timestamp,
        started: &CommandStarted,
        labels: &[&str],
        result: &str,
    ) {
        if labels.is_empty() {
            return;
        }
        let link = self.link_to_step(&started.step);
        let labels = capitalize_first(&labels.join(", ").to_lowercase());
        let what = Phrase::default().with_strong(labels).with_text(" ").followed_by(link).with_text(": ");
        let what = what.with_short_code(&started.text, COMMAND_CHARACTERS).with_text(" — ").with_quote(result);
        self.add_deviation(seq, at, what);
    }

    fn add_deviation(&mut self, seq: Seq, at: Timestamp, what: Phrase) {
        let time = words::format_day_and_time(self.span.first_at, at);
        self.deviations.insert(seq, Phrase::default().with_time(time).with_text(" ").followed_by(what));
    }

    fn link_to_step(&self, step: &StepId) -> Phrase {
        self.steps.get(step).map_or_else(|| Phrase::default().with_quote(step.as_str()), |visit| visit.link.clone())
    }

    fn count_outcome(&mut self, outcome: ResultCategory) {
        *self.commands.outcomes.entry(outcome).or_default() += 1;
    }

    /// Tone of a command, finished or not.
    pub(super) fn command_tone(&self, command: Seq) -> Tone {
        let unfinished = if self.commands.running == Some(command) { Tone::Running } else { Tone::Unknown };
        self.commands.results.get(&command).map_or(unfinished, |brief| brief.tone)
    }

    /// State of a command that has no recorded end.
    pub(super) fn unfinished_state(&self, command: Seq) -> &'static str {
        if self.commands.running == Some(command) { "running" } else { "unknown" }
    }

    /// Number of steps entered, and how many of them had each result.
    pub(super) fn count_step_results(&self) -> (usize, BTreeMap<ResultCategory, u64>) {
        let mut results = BTreeMap::new();
        for visit in self.steps.values() {
            let count = visit.result.map_or(ResultCategory(u8::MAX, "open"), |result| {
                ResultCategory(result as u8, words::describe_step_result(result))
            });
            *results.entry(count).or_default() += 1;
        }
        (self.steps.len(), results)
    }
}

/// Name, value and origin of an input.
fn input_table_row(input: &InputGiven) -> Vec<Phrase> {
    vec![
        Phrase::default().with_short_code(input.name.as_str(), INPUT_NAME_CHARACTERS),
        Phrase::default().with_short_code(&input.value, INPUT_VALUE_CHARACTERS),
        plain_phrase(words::describe_origin(input.origin)),
    ]
}

fn outcome_category(outcome: &Outcome) -> ResultCategory {
    match outcome {
        Outcome::Succeeded => ResultCategory(0, "exit 0"),
        Outcome::Negative(_) => ResultCategory(1, "negative"),
        Outcome::Failed => ResultCategory(2, "failed"),
        Outcome::Unknown => ResultCategory(4, "unknown"),
        _ => ResultCategory(3, "ended otherwise"),
    }
}

fn capitalize_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// Anchor of an event in the transcript.
pub(super) fn event_anchor(seq: Seq) -> String {
    format!("event-{seq}")
}

/// Title of a step with its number, unless the title already begins with it.
pub(super) fn numbered_step_title(entered: &StepEntered) -> Phrase {
    let title = entered.title.trim();
    let numbered =
        title.strip_prefix(entered.number.as_str()).is_some_and(|rest| rest.starts_with(['.', ')', ':', ' ']));
    if numbered || entered.number.is_empty() {
        Phrase::default().with_quote(title)
    } else {
        Phrase::default().with_quote(&entered.number).with_text(". ").with_quote(title)
    }
}
