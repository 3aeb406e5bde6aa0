//! The run as a drawing: who did what when, in four lanes.
//!
//! Invariant: one pass with a short label for each event; positions follow the recorder's clock. Refuses to know: how it is drawn.

use super::escape::shorten_first_line;
use super::html::{Lane, Mark, TimelinePicture, Tone};
use super::words;
use crate::history::{Decision, Event, Fact, StepEntered};
use crate::ident::Seq;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const LABEL_CHARACTERS: usize = 80;

/// Marks of the four lanes, collected event by event.
#[derive(Debug, Default)]
pub(super) struct TimelineDrawing {
    begins: Option<Timestamp>,
    operator: Vec<Mark>,
    commands: Vec<Mark>,
    milestones: Vec<Mark>,
    notes: Vec<Mark>,
    /// Index in `commands` of each command that has not ended.
    open_commands: BTreeMap<Seq, usize>,
    /// Index in `operator` of the current step.
    open_step: Option<usize>,
    last_at: Duration,
}

impl TimelineDrawing {
    /// Adds the mark of an event; `at` is the time since the first event.
    pub(super) fn record_event(&mut self, event: &Event, at: Duration) {
        self.begins.get_or_insert(event.at.utc);
        self.last_at = at;
        match &event.fact {
            Fact::StepEntered(entered) => {
                self.leave_step(at);
                self.open_step = Some(self.operator.len());
                self.operator.push(Mark { number: entered.number.clone(), ..new_mark(at, label_step(entered)) });
            }
            Fact::StepFinished(_) => self.leave_step(at),
            Fact::CommandStarted(started) => {
                self.open_commands.insert(event.seq, self.commands.len());
                self.commands.push(Mark {
                    tone: Tone::Unknown,
                    ..new_mark(at, shorten_first_line(&started.text, LABEL_CHARACTERS))
                });
            }
            Fact::CommandFinished(finished) => {
                let mark = self.open_commands.remove(&finished.started).and_then(|at| self.commands.get_mut(at));
                if let Some(mark) = mark {
                    mark.tone = words::outcome_tone(&finished.outcome);
                    mark.to = Some(mark.from + Duration::from_nanos(finished.took_ns));
                    mark.label = format!("{}: {}", mark.label, words::describe_outcome(finished));
                }
            }
            Fact::Decided(decided) => {
                let Some(label) = words::describe_decision(decided.decision, &words::decision_subject(decided.command))
                else {
                    return;
                };
                let tone = match decided.decision {
                    Decision::Done | Decision::Back => Tone::Neutral,
                    _ => Tone::Deviation,
                };
                self.operator.push(Mark { tone, ..new_mark(at, label) });
            }
            Fact::InputGiven(input) => self.operator.push(new_mark(at, format!("Input {}", input.name))),
            Fact::MessageFilled(_) => self.operator.push(new_mark(at, "Message")),
            Fact::ChoiceMade(choice) => {
                self.operator.push(new_mark(at, shorten_first_line(&choice.question, LABEL_CHARACTERS)));
            }
            Fact::NoteAdded(note) => self.notes.push(new_mark(at, shorten_first_line(&note.text, LABEL_CHARACTERS))),
            _ => self.add_milestone(event, at),
        }
    }

    fn add_milestone(&mut self, event: &Event, at: Duration) {
        let (tone, label) = match &event.fact {
            Fact::RunStarted(_) => (Tone::Neutral, "Run started".to_owned()),
            Fact::ShellDied(died) => (Tone::Bad, format!("The shell died: {}", died.how)),
            Fact::EngineLost(_) => (Tone::Deviation, "The engine was lost".to_owned()),
            Fact::RunResumed(resumed) => (Tone::Neutral, format!("Run resumed by {}", resumed.user)),
            Fact::RecordFailed(_) => (Tone::Bad, "The record failed".to_owned()),
            Fact::RunFinished(finished) => {
                self.leave_step(at);
                (
                    words::run_result_tone(finished.result),
                    format!("Run {}", words::describe_run_result(finished.result)),
                )
            }
            _ => return,
        };
        // In this lane only problems get a shape.
        let tone = if tone == Tone::Good { Tone::Neutral } else { tone };
        self.milestones.push(Mark { tone, ..new_mark(at, label) });
    }

    fn leave_step(&mut self, at: Duration) {
        if let Some(mark) = self.open_step.take().and_then(|step| self.operator.get_mut(step)) {
            mark.to = Some(at);
        }
    }

    /// Completes the picture; none without events. `running` is the command that runs now.
    pub(super) fn into_picture(mut self, running: Option<Seq>, title: &str) -> Option<TimelinePicture> {
        let begins = self.begins?;
        self.leave_step(self.last_at);
        for (seq, index) in std::mem::take(&mut self.open_commands) {
            let Some(mark) = self.commands.get_mut(index) else { continue };
            mark.to = Some(self.last_at.max(mark.from));
            if running == Some(seq) {
                mark.tone = Tone::Running;
            }
        }
        let bad = self.commands.iter().filter(|mark| mark.tone == Tone::Bad).count();
        let description = format!(
            "Four lanes over one time axis of {}: the operator with {}, {} of which {} failed or ended otherwise, {}, and {}. \
             The table below tells the same in words.",
            words::format_duration(self.last_at),
            count_marks(&self.operator, "mark", "marks"),
            count_marks(&self.commands, "command", "commands"),
            bad,
            count_marks(&self.milestones, "milestone", "milestones"),
            count_marks(&self.notes, "note", "notes"),
        );
        let lanes = [
            ("Operator: steps and decisions", self.operator, false),
            ("Commands", self.commands, false),
            ("Milestones", self.milestones, true),
            ("Notes", self.notes, true),
        ];
        let lanes = lanes.into_iter().map(|(name, marks, has_key)| Lane { name: name.to_owned(), marks, has_key });
        Some(TimelinePicture {
            id: "run".to_owned(),
            title: format!("Timeline of {title}"),
            description,
            begins_at: begins,
            lanes: lanes.collect(),
        })
    }
}

fn count_marks(marks: &[Mark], one: &str, many: &str) -> String {
    words::format_count(marks.len() as u64, one, many)
}

fn new_mark(at: Duration, label: impl Into<String>) -> Mark {
    Mark { from: at, to: None, tone: Tone::Neutral, label: label.into(), number: String::new() }
}

fn label_step(entered: &StepEntered) -> String {
    format!("Step {}: {}", entered.number, shorten_first_line(&entered.title, LABEL_CHARACTERS))
}
