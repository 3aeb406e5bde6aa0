//! The timeline: a table with a row for everything a reader of the post-mortem asks about.
//!
//! Invariant: a row is one line; what is told by another row (a decision to run, a step's plain end) has none of its own.

use super::escape::{cell_code, inline, shorten};
use super::overview::{Overview, anchor, step_title};
use super::words;
use crate::history::{
    ChoiceMade, CommandSource, CommandStarted, Decided, Decision, Event, Fact, Mode, RunFinished, StepForm, StepResult,
};
use crate::ident::Seq;
use jiff::Timestamp;
use std::io;
use std::io::Write;
use std::time::Duration;

const COMMAND_CHARACTERS: usize = 80;
const TEXT_CHARACTERS: usize = 160;

/// What a row says of its event.
struct Row {
    who: String,
    event: String,
    result: String,
    took: String,
}

/// Writes the table.
pub(super) fn write(events: impl Iterator<Item = Event>, overview: &Overview, to: &mut impl Write) -> io::Result<()> {
    let mut timeline = Timeline { overview, day: String::new(), elapsed: Duration::ZERO, shells: 0 };
    writeln!(to, "## Timeline\n\nTimes are UTC.\n")?;
    writeln!(to, "| Time | Elapsed | Who | Event | Result | Took |")?;
    writeln!(to, "|:--|--:|:--|:--|:--|--:|")?;
    for event in events {
        timeline.write(&event, to)?;
    }
    writeln!(to)
}

struct Timeline<'a> {
    overview: &'a Overview,
    day: String,
    elapsed: Duration,
    shells: u32,
}

impl Timeline<'_> {
    fn write(&mut self, event: &Event, to: &mut impl Write) -> io::Result<()> {
        let Some(row) = self.row(event) else { return Ok(()) };
        let day = words::date(event.at.utc);
        if day != self.day {
            writeln!(to, "| **{day}** | | | | | |")?;
            self.day = day;
        }
        let (time, elapsed) = (words::time(event.at.utc), words::elapsed(self.elapsed(event.at.utc)));
        let Row { who, event, result, took } = row;
        writeln!(to, "| {time} | {elapsed} | {who} | {event} | {result} | {took} |")
    }

    /// The wall clock may step back; the elapsed time does not.
    fn elapsed(&mut self, at: Timestamp) -> Duration {
        let since = self.overview.first_at.map_or(Duration::ZERO, |start| words::since(start, at));
        self.elapsed = self.elapsed.max(since);
        self.elapsed
    }

    fn row(&mut self, event: &Event) -> Option<Row> {
        let operator = self.operator();
        Some(match &event.fact {
            Fact::RunStarted(started) => {
                row(operator, format!("Run started on {}", inline(&started.host)), String::new())
            }
            Fact::ShellStarted(_) => {
                self.shells += 1;
                if self.shells == 1 {
                    return None;
                }
                row("runbook", "A new shell was started", String::new())
            }
            Fact::ShellDied(died) => row("shell", "The shell died", format!("**{}**", inline(&died.how))),
            Fact::StateLost(lost) => row("shell", "Not restored", inline(&shorten(&lost.what, TEXT_CHARACTERS))),
            Fact::LeftRunning(left) => {
                let processes: Vec<_> = left.processes.iter().map(|process| inline(process)).collect();
                row("shell", "Left running", processes.join(", "))
            }
            Fact::StepEntered(entered) => {
                let form = match entered.form {
                    StepForm::Task => "task",
                    StepForm::Message => "message",
                    StepForm::Command | StepForm::Guessed => "",
                };
                row(operator, format!("**[{}](#{})**", step_title(entered), anchor(event.seq)), form)
            }
            Fact::Decided(decided) => decision(decided, operator)?,
            Fact::InputGiven(input) => {
                let value = cell_code(&input.value, COMMAND_CHARACTERS);
                let name = cell_code(input.name.as_str(), COMMAND_CHARACTERS);
                row(operator, format!("Input {name} = {value}"), words::origin(input.origin))
            }
            Fact::CommandStarted(started) => self.command(event.seq, started, operator),
            Fact::NoteAdded(note) => {
                row(operator, format!("Note: *{}*", inline(&shorten(&note.text, TEXT_CHARACTERS))), String::new())
            }
            Fact::OutputCompared(compared) if !compared.met => {
                let result = if compared.decides { "**failed**" } else { "" };
                row("runbook", format!("{} % of the expected output came back", compared.percent), result)
            }
            Fact::ChoiceMade(choice) => choice_row(choice, operator),
            Fact::MessageFilled(message) => {
                row(operator, format!("Message: {}", inline(&shorten(&message.text, TEXT_CHARACTERS))), String::new())
            }
            Fact::StepFinished(finished) if finished.result == StepResult::Failed => {
                row("runbook", "The step ended", "**failed**")
            }
            Fact::EngineLost(lost) => row("runbook", "The engine was lost", inline(&lost.then)),
            Fact::RunResumed(resumed) => {
                let how = if resumed.attached { "the session lived on" } else { "in a new shell" };
                row(inline(&resumed.user), format!("Run resumed on {}", inline(&resumed.host)), how)
            }
            Fact::Redacted(redacted) => {
                let events: Vec<_> = redacted.events.iter().map(ToString::to_string).collect();
                let event = format!("The text of event {} was dropped from the record", events.join(", "));
                row(inline(&redacted.user), event, inline(&shorten(&redacted.reason, TEXT_CHARACTERS)))
            }
            Fact::RecordFailed(failed) => {
                let lost =
                    format!("**{} events and {} bytes of output are missing**", failed.lost_events, failed.lost_bytes);
                row("runbook", format!("The record failed: {}", inline(&failed.why)), lost)
            }
            Fact::RunFinished(finished) => run_finished(finished, operator),
            Fact::Other(other) => row("runbook", cell_code(&other.kind, COMMAND_CHARACTERS), String::new()),
            Fact::IncidentJoined(joined) => {
                let event = format!("Joined the incident {}", inline(&shorten(&joined.title, TEXT_CHARACTERS)));
                row("runbook", event, format!("{} {}", inline(&joined.severity), inline(joined.incident.as_str())))
            }
            Fact::CommandFinished(_) | Fact::OutputCompared(_) | Fact::StepFinished(_) | Fact::Incident(_) => {
                return None;
            }
        })
    }

    fn operator(&self) -> String {
        match &self.overview.started {
            Some(started) if started.mode == Mode::Attended => inline(&started.user),
            Some(_) => "unattended".to_owned(),
            None => String::new(),
        }
    }

    fn command(&self, seq: Seq, started: &CommandStarted, operator: String) -> Row {
        let mut event = cell_code(&started.text, COMMAND_CHARACTERS);
        let marks = [
            matches!(started.source, CommandSource::Own).then(|| "own command".to_owned()),
            matches!(started.source, CommandSource::Edited(_)).then(|| "edited".to_owned()),
            (started.attempt > 1).then(|| format!("attempt {}", started.attempt)),
        ];
        let marks: Vec<String> = marks.into_iter().flatten().collect();
        if !marks.is_empty() {
            event = format!("{event} ({})", marks.join(", "));
        }
        let (result, took) = match self.overview.briefs.get(&seq) {
            None => (format!("*{}*", self.overview.unfinished(seq)), String::new()),
            Some(brief) => {
                let result = inline(&brief.result);
                let result = if brief.stands_out { format!("**{result}**") } else { result };
                (result, words::took(brief.took))
            }
        };
        Row { took, ..row(operator, event, result) }
    }
}

fn row(who: impl Into<String>, event: impl Into<String>, result: impl Into<String>) -> Row {
    Row { who: who.into(), event: event.into(), result: result.into(), took: String::new() }
}

/// Decisions that no other row tells of.
fn decision(decided: &Decided, operator: String) -> Option<Row> {
    let event = words::decision(decided.decision, &words::subject(decided.command))?;
    let event =
        if matches!(decided.decision, Decision::Skip | Decision::Decline) { format!("**{event}**") } else { event };
    Some(row(operator, event, inline(&shorten(&decided.reason, TEXT_CHARACTERS))))
}

fn choice_row(choice: &ChoiceMade, operator: String) -> Row {
    let chosen = choice.option.as_deref().map_or("went on without one".to_owned(), inline);
    row(operator, format!("Choice: {}", inline(&shorten(&choice.question, TEXT_CHARACTERS))), chosen)
}

fn run_finished(finished: &RunFinished, operator: String) -> Row {
    let reason = inline(&shorten(&finished.reason, TEXT_CHARACTERS));
    let reason = if reason.is_empty() { reason } else { format!(" — {reason}") };
    row(operator, "Run ended", format!("**{}**{reason}", words::run_result(finished.result)))
}
