//! The timeline: a table with a row for each event that matters to a post-mortem.
//!
//! Invariant: a row is one line. Events implied by another row (a decision to run, a step's normal end) get none.

use super::elapsed::ElapsedClock;
use super::overview::{RunOverview, event_anchor, numbered_step_title};
use super::page;
use super::page::TranscriptPage;
use super::phrase::{Phrase, plain_phrase};
use super::words;
use crate::history::{
    ChoiceMade, CommandSource, CommandStarted, Decided, Decision, Event, Fact, RunFinished, StepEntered, StepForm,
    StepResult,
};
use crate::ident::Seq;
use std::borrow::Borrow;
use std::io;

const COMMAND_CHARACTERS: usize = 80;
const TEXT_CHARACTERS: usize = 160;

/// A timeline row without its times.
struct TimelineEntry {
    who: String,
    event: Phrase,
    result: Phrase,
    took: String,
}

/// Writes the timeline of a run.
pub(super) fn write_timeline(
    events: impl Iterator<Item: Borrow<Event>>,
    overview: &RunOverview,
    page: &mut impl TranscriptPage,
) -> io::Result<()> {
    let mut timeline =
        TimelineWriter { overview, day: String::new(), elapsed: ElapsedClock::default(), shell_count: 0 };
    page.write_timeline_start()?;
    for event in events {
        timeline.write_event(event.borrow(), page)?;
    }
    page.write_timeline_end()
}

struct TimelineWriter<'a> {
    overview: &'a RunOverview,
    day: String,
    elapsed: ElapsedClock,
    shell_count: u32,
}

impl TimelineWriter<'_> {
    fn write_event(&mut self, event: &Event, page: &mut impl TranscriptPage) -> io::Result<()> {
        let elapsed = self.elapsed.advance_to(event);
        let row = self.event_row(event);
        if row.is_none() && self.elapsed.clock_step.is_none() {
            return Ok(());
        }
        let elapsed = words::format_elapsed(elapsed);
        let day = words::format_date(event.at.utc);
        if day != self.day {
            page.write_timeline_day(&day)?;
            self.day = day;
        }
        let time = words::format_time(event.at.utc);
        let is_step = matches!(event.fact, Fact::StepEntered(_));
        let set = self.elapsed.clock_step.map(|step| {
            new_row("machine", format!("The clock was set {}", words::describe_clock_step(step)), Phrase::default())
        });
        for (row, is_step) in set.map(|row| (row, false)).into_iter().chain(row.map(|row| (row, is_step))) {
            let TimelineEntry { who, event, result, took } = row;
            let (time, elapsed) = (time.clone(), elapsed.clone());
            page.write_timeline_row(&page::PageRow { time, elapsed, who, event, result, took, is_step })?;
        }
        Ok(())
    }

    fn event_row(&mut self, event: &Event) -> Option<TimelineEntry> {
        let operator = self.operator_name();
        let blank = Phrase::default;
        let short = |label: &str, text: &str| plain_phrase(label).with_short_quote(text, TEXT_CHARACTERS);
        Some(match &event.fact {
            Fact::RunStarted(started) => {
                new_row(operator, plain_phrase("Run started on ").with_quote(&started.host), blank())
            }
            Fact::ShellStarted(_) => {
                self.shell_count += 1;
                if self.shell_count == 1 {
                    return None;
                }
                new_row("runbook", "A new shell was started", blank())
            }
            Fact::StepEntered(entered) => step_row(event.seq, entered, operator),
            Fact::Decided(decided) => decision_row(decided, operator)?,
            Fact::InputGiven(input) => {
                let event =
                    plain_phrase("Input ").with_short_code(input.name.as_str(), COMMAND_CHARACTERS).with_text(" = ");
                new_row(
                    operator,
                    event.with_short_code(&input.value, COMMAND_CHARACTERS),
                    words::describe_origin(input.origin),
                )
            }
            Fact::CommandStarted(started) => self.command_row(event.seq, started, operator),
            Fact::NoteAdded(note) => {
                let text = blank().with_short_quote(&note.text, TEXT_CHARACTERS);
                new_row(operator, plain_phrase("Note: ").with_emphasis(text), blank())
            }
            Fact::OutputCompared(compared) if !compared.met => {
                let result = if compared.decides { blank().with_strong("failed") } else { blank() };
                new_row("runbook", format!("{} % of the expected output came back", compared.percent), result)
            }
            Fact::ChoiceMade(choice) => choice_row(choice, operator),
            Fact::MessageFilled(message) => new_row(operator, short("Message: ", &message.text), blank()),
            Fact::StepFinished(finished) if finished.result == StepResult::Failed => {
                new_row("runbook", "The step ended", blank().with_strong("failed"))
            }
            Fact::RunResumed(resumed) => {
                let how = if resumed.attached { "the session lived on" } else { "in a new shell" };
                new_row(resumed.user.clone(), plain_phrase("Run resumed on ").with_quote(&resumed.host), how)
            }
            Fact::Redacted(redacted) => {
                let events: Vec<_> = redacted.events.iter().map(ToString::to_string).collect();
                let event = match events.as_slice() {
                    [] => "A text was removed from the files of the record".to_owned(),
                    events => format!("The text of event {} was dropped from the record", events.join(", ")),
                };
                new_row(redacted.user.clone(), event, short("", &redacted.reason))
            }
            Fact::RunFinished(finished) => run_finished_row(finished, operator),
            Fact::Other(other) => new_row("runbook", blank().with_short_code(&other.kind, COMMAND_CHARACTERS), blank()),
            Fact::IncidentJoined(joined) => new_row(
                "runbook",
                short("Joined the incident ", &joined.title),
                blank().with_quote(&joined.severity).with_text(" ").with_quote(joined.incident.as_str()),
            ),
            Fact::ShellDied(_)
            | Fact::StateLost(_)
            | Fact::LeftRunning(_)
            | Fact::EngineLost(_)
            | Fact::RecordFailed(_) => trouble_row(&event.fact)?,
            // Shown with the command that it is for.
            Fact::GatePassed(_)
            | Fact::CommandFinished(_)
            | Fact::OutputCompared(_)
            | Fact::StepFinished(_)
            | Fact::Incident(_) => {
                return None;
            }
        })
    }

    fn operator_name(&self) -> String {
        match &self.overview.run_started {
            Some(started) if started.mode.is_interactive() => started.user.clone(),
            Some(_) => "unattended".to_owned(),
            None => String::new(),
        }
    }

    fn command_row(&self, seq: Seq, started: &CommandStarted, operator: String) -> TimelineEntry {
        let mut event = Phrase::default().with_short_code(&started.text, COMMAND_CHARACTERS);
        let marks = [
            matches!(started.source, CommandSource::Own).then(|| "own command".to_owned()),
            matches!(started.source, CommandSource::Edited(_)).then(|| "edited".to_owned()),
            (started.attempt > 1).then(|| format!("attempt {}", started.attempt)),
        ];
        let marks: Vec<String> = marks.into_iter().flatten().collect();
        if !marks.is_empty() {
            event = event.with_text(format!(" ({})", marks.join(", ")));
        }
        let (result, took) = match self.overview.commands.results.get(&seq) {
            None => (Phrase::default().with_emphasis(self.overview.unfinished_state(seq)), String::new()),
            Some(brief) => {
                let result = plain_phrase(brief.result.as_str());
                let result = if brief.stands_out { Phrase::default().with_strong(result) } else { result };
                (result, words::format_duration(brief.took))
            }
        };
        TimelineEntry { took, ..new_row(operator, event, result) }
    }
}

fn new_row(who: impl Into<String>, event: impl Into<Phrase>, result: impl Into<Phrase>) -> TimelineEntry {
    TimelineEntry { who: who.into(), event: event.into(), result: result.into(), took: String::new() }
}

/// A row for a decision; none if another row implies it.
fn decision_row(decided: &Decided, operator: String) -> Option<TimelineEntry> {
    let event = plain_phrase(words::describe_decision(decided.decision, &words::decision_subject(decided.command))?);
    let stands_out = matches!(decided.decision, Decision::Skip | Decision::Decline);
    let event = if stands_out { Phrase::default().with_strong(event) } else { event };
    Some(new_row(operator, event, Phrase::default().with_short_quote(&decided.reason, TEXT_CHARACTERS)))
}

fn step_row(seq: Seq, entered: &StepEntered, operator: String) -> TimelineEntry {
    let form = match entered.form {
        StepForm::Task => "task",
        StepForm::Message => "message",
        StepForm::Command | StepForm::Guessed => "",
    };
    let link = Phrase::default().with_link(format!("#{}", event_anchor(seq)), numbered_step_title(entered));
    new_row(operator, Phrase::default().with_strong(link), form)
}

/// A row for trouble with the shell, the engine or the record; none for any other fact.
fn trouble_row(fact: &Fact) -> Option<TimelineEntry> {
    let blank = Phrase::default;
    Some(match fact {
        Fact::ShellDied(died) => new_row("shell", "The shell died", blank().with_strong(blank().with_quote(&died.how))),
        Fact::StateLost(lost) => {
            new_row("shell", "Not restored", blank().with_short_quote(&lost.what, TEXT_CHARACTERS))
        }
        Fact::LeftRunning(left) => new_row("shell", "Left running", blank().with_quote(&left.processes.join(", "))),
        Fact::EngineLost(lost) => new_row("runbook", "The engine was lost", blank().with_quote(&lost.then)),
        Fact::RecordFailed(failed) => {
            let lost = format!("{} events and {} bytes of output are missing", failed.lost_events, failed.lost_bytes);
            new_row("runbook", plain_phrase("The record failed: ").with_quote(&failed.why), blank().with_strong(lost))
        }
        _ => return None,
    })
}

fn choice_row(choice: &ChoiceMade, operator: String) -> TimelineEntry {
    let chosen = choice
        .option
        .as_deref()
        .map_or(plain_phrase("went on without one"), |option| Phrase::default().with_quote(option));
    new_row(operator, plain_phrase("Choice: ").with_short_quote(&choice.question, TEXT_CHARACTERS), chosen)
}

fn run_finished_row(finished: &RunFinished, operator: String) -> TimelineEntry {
    let result = Phrase::default().with_strong(words::describe_run_result(finished.result));
    let reason = Phrase::default().with_short_quote(&finished.reason, TEXT_CHARACTERS);
    new_row(operator, "Run ended", if reason.is_empty() { result } else { result.with_text(" — ").followed_by(reason) })
}
