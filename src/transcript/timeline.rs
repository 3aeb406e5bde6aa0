//! The timeline: a table with a row for each event that matters to a post-mortem.
//!
//! Invariant: a row is one line. Events implied by another row (a decision to run, a step's normal end) get none.

use super::elapsed::Elapsed;
use super::overview::{Overview, anchor, step_title};
use super::page;
use super::page::Page;
use super::phrase::{Phrase, phrase};
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
struct Row {
    who: String,
    event: Phrase,
    result: Phrase,
    took: String,
}

/// Writes the timeline of a run.
pub(super) fn write(
    events: impl Iterator<Item: Borrow<Event>>,
    overview: &Overview,
    page: &mut impl Page,
) -> io::Result<()> {
    let mut timeline = Timeline { overview, day: String::new(), elapsed: Elapsed::default(), shells: 0 };
    page.timeline()?;
    for event in events {
        timeline.write(event.borrow(), page)?;
    }
    page.end_timeline()
}

struct Timeline<'a> {
    overview: &'a Overview,
    day: String,
    elapsed: Elapsed,
    shells: u32,
}

impl Timeline<'_> {
    fn write(&mut self, event: &Event, page: &mut impl Page) -> io::Result<()> {
        let elapsed = self.elapsed.take(event);
        let row = self.row(event);
        if row.is_none() && self.elapsed.step.is_none() {
            return Ok(());
        }
        let elapsed = words::elapsed(elapsed);
        let day = words::date(event.at.utc);
        if day != self.day {
            page.day(&day)?;
            self.day = day;
        }
        let time = words::time(event.at.utc);
        let is_step = matches!(event.fact, Fact::StepEntered(_));
        let set = self
            .elapsed
            .step
            .map(|step| row_of("machine", format!("The clock was set {}", words::clock(step)), Phrase::default()));
        for (row, is_step) in set.map(|row| (row, false)).into_iter().chain(row.map(|row| (row, is_step))) {
            let Row { who, event, result, took } = row;
            let (time, elapsed) = (time.clone(), elapsed.clone());
            page.row(&page::Row { time, elapsed, who, event, result, took, is_step })?;
        }
        Ok(())
    }

    fn row(&mut self, event: &Event) -> Option<Row> {
        let operator = self.operator();
        let blank = Phrase::default;
        let short = |label: &str, text: &str| phrase(label).said_short(text, TEXT_CHARACTERS);
        Some(match &event.fact {
            Fact::RunStarted(started) => row_of(operator, phrase("Run started on ").said(&started.host), blank()),
            Fact::ShellStarted(_) => {
                self.shells += 1;
                if self.shells == 1 {
                    return None;
                }
                row_of("runbook", "A new shell was started", blank())
            }
            Fact::StepEntered(entered) => step_row(event.seq, entered, operator),
            Fact::Decided(decided) => decision(decided, operator)?,
            Fact::InputGiven(input) => {
                let event = phrase("Input ").code_short(input.name.as_str(), COMMAND_CHARACTERS).text(" = ");
                row_of(operator, event.code_short(&input.value, COMMAND_CHARACTERS), words::origin(input.origin))
            }
            Fact::CommandStarted(started) => self.command(event.seq, started, operator),
            Fact::NoteAdded(note) => {
                let text = blank().said_short(&note.text, TEXT_CHARACTERS);
                row_of(operator, phrase("Note: ").soft(text), blank())
            }
            Fact::OutputCompared(compared) if !compared.met => {
                let result = if compared.decides { blank().strong("failed") } else { blank() };
                row_of("runbook", format!("{} % of the expected output came back", compared.percent), result)
            }
            Fact::ChoiceMade(choice) => choice_row(choice, operator),
            Fact::MessageFilled(message) => row_of(operator, short("Message: ", &message.text), blank()),
            Fact::StepFinished(finished) if finished.result == StepResult::Failed => {
                row_of("runbook", "The step ended", blank().strong("failed"))
            }
            Fact::RunResumed(resumed) => {
                let how = if resumed.attached { "the session lived on" } else { "in a new shell" };
                row_of(resumed.user.clone(), phrase("Run resumed on ").said(&resumed.host), how)
            }
            Fact::Redacted(redacted) => {
                let events: Vec<_> = redacted.events.iter().map(ToString::to_string).collect();
                let event = format!("The text of event {} was dropped from the record", events.join(", "));
                row_of(redacted.user.clone(), event, short("", &redacted.reason))
            }
            Fact::RunFinished(finished) => run_finished(finished, operator),
            Fact::Other(other) => row_of("runbook", blank().code_short(&other.kind, COMMAND_CHARACTERS), blank()),
            Fact::IncidentJoined(joined) => row_of(
                "runbook",
                short("Joined the incident ", &joined.title),
                blank().said(&joined.severity).text(" ").said(joined.incident.as_str()),
            ),
            Fact::ShellDied(_)
            | Fact::StateLost(_)
            | Fact::LeftRunning(_)
            | Fact::EngineLost(_)
            | Fact::RecordFailed(_) => trouble_row(&event.fact)?,
            Fact::CommandFinished(_) | Fact::OutputCompared(_) | Fact::StepFinished(_) | Fact::Incident(_) => {
                return None;
            }
        })
    }

    fn operator(&self) -> String {
        match &self.overview.started {
            Some(started) if started.mode.is_interactive() => started.user.clone(),
            Some(_) => "unattended".to_owned(),
            None => String::new(),
        }
    }

    fn command(&self, seq: Seq, started: &CommandStarted, operator: String) -> Row {
        let mut event = Phrase::default().code_short(&started.text, COMMAND_CHARACTERS);
        let marks = [
            matches!(started.source, CommandSource::Own).then(|| "own command".to_owned()),
            matches!(started.source, CommandSource::Edited(_)).then(|| "edited".to_owned()),
            (started.attempt > 1).then(|| format!("attempt {}", started.attempt)),
        ];
        let marks: Vec<String> = marks.into_iter().flatten().collect();
        if !marks.is_empty() {
            event = event.text(format!(" ({})", marks.join(", ")));
        }
        let (result, took) = match self.overview.commands.briefs.get(&seq) {
            None => (Phrase::default().soft(self.overview.unfinished(seq)), String::new()),
            Some(brief) => {
                let result = phrase(brief.result.as_str());
                let result = if brief.stands_out { Phrase::default().strong(result) } else { result };
                (result, words::took(brief.took))
            }
        };
        Row { took, ..row_of(operator, event, result) }
    }
}

fn row_of(who: impl Into<String>, event: impl Into<Phrase>, result: impl Into<Phrase>) -> Row {
    Row { who: who.into(), event: event.into(), result: result.into(), took: String::new() }
}

/// A row for a decision; none if another row implies it.
fn decision(decided: &Decided, operator: String) -> Option<Row> {
    let event = phrase(words::decision(decided.decision, &words::subject(decided.command))?);
    let stands_out = matches!(decided.decision, Decision::Skip | Decision::Decline);
    let event = if stands_out { Phrase::default().strong(event) } else { event };
    Some(row_of(operator, event, Phrase::default().said_short(&decided.reason, TEXT_CHARACTERS)))
}

fn step_row(seq: Seq, entered: &StepEntered, operator: String) -> Row {
    let form = match entered.form {
        StepForm::Task => "task",
        StepForm::Message => "message",
        StepForm::Command | StepForm::Guessed => "",
    };
    let link = Phrase::default().link(format!("#{}", anchor(seq)), step_title(entered));
    row_of(operator, Phrase::default().strong(link), form)
}

/// A row for trouble with the shell, the engine or the record; none for any other fact.
fn trouble_row(fact: &Fact) -> Option<Row> {
    let blank = Phrase::default;
    Some(match fact {
        Fact::ShellDied(died) => row_of("shell", "The shell died", blank().strong(blank().said(&died.how))),
        Fact::StateLost(lost) => row_of("shell", "Not restored", blank().said_short(&lost.what, TEXT_CHARACTERS)),
        Fact::LeftRunning(left) => row_of("shell", "Left running", blank().said(&left.processes.join(", "))),
        Fact::EngineLost(lost) => row_of("runbook", "The engine was lost", blank().said(&lost.then)),
        Fact::RecordFailed(failed) => {
            let lost = format!("{} events and {} bytes of output are missing", failed.lost_events, failed.lost_bytes);
            row_of("runbook", phrase("The record failed: ").said(&failed.why), blank().strong(lost))
        }
        _ => return None,
    })
}

fn choice_row(choice: &ChoiceMade, operator: String) -> Row {
    let chosen =
        choice.option.as_deref().map_or(phrase("went on without one"), |option| Phrase::default().said(option));
    row_of(operator, phrase("Choice: ").said_short(&choice.question, TEXT_CHARACTERS), chosen)
}

fn run_finished(finished: &RunFinished, operator: String) -> Row {
    let result = Phrase::default().strong(words::run_result(finished.result));
    let reason = Phrase::default().said_short(&finished.reason, TEXT_CHARACTERS);
    row_of(operator, "Run ended", if reason.is_empty() { result } else { result.text(" — ").and(reason) })
}
