//! A fact as the format's kind, fields and payload. The other half is `decode`.
//!
//! Invariant: free text (what people or the document wrote, what commands printed) goes into the payload and nowhere
//! else, so that dropping the payload drops it. Field names of the line itself are never used for a fact's field.

use super::incident;
use super::json::Members;
use super::salt::push_hex;
use crate::history::{
    Answer, Answers, Captured, CommandFinished, CommandSource, CommandStarted, Fact, Other, Outcome, RunStarted,
    StepEntered,
};
use serde::Serialize;
use serde_json::Result;

/// The names that belong to the line, not to a fact.
pub(super) const LINE_NAMES: [&str; 9] =
    ["seq", "time", "mono_ns", "kind", "digest", "prev", "hash", "salt", "payload"];

/// The fact's kind.
pub(super) fn kind(fact: &Fact) -> &str {
    match fact {
        Fact::RunStarted(_) => "run-started",
        Fact::ShellStarted(_) => "shell-started",
        Fact::ShellDied(_) => "shell-died",
        Fact::StateLost(_) => "state-lost",
        Fact::LeftRunning(_) => "left-running",
        Fact::StepEntered(_) => "step-entered",
        Fact::Decided(_) => "decided",
        Fact::InputGiven(_) => "input-given",
        Fact::CommandStarted(_) => "command-started",
        Fact::CommandFinished(_) => "command-finished",
        Fact::NoteAdded(_) => "note-added",
        Fact::OutputCompared(_) => "output-compared",
        Fact::ChoiceMade(_) => "choice-made",
        Fact::MessageFilled(_) => "message-filled",
        Fact::StepFinished(_) => "step-finished",
        Fact::EngineLost(_) => "engine-lost",
        Fact::RunResumed(_) => "run-resumed",
        Fact::Redacted(_) => "redacted",
        Fact::RecordFailed(_) => "record-failed",
        Fact::RunFinished(_) => "run-finished",
        Fact::IncidentJoined(_) => "incident-joined",
        Fact::Incident(event) => incident::kind(event),
        Fact::Other(other) => &other.kind,
    }
}

/// Writes the fact's fields.
pub(super) fn fields(fact: &Fact, to: &mut Members<'_>) -> Result<()> {
    match fact {
        Fact::RunStarted(started) => run_started(started, to),
        Fact::ShellStarted(shell) => {
            to.put("pid", &shell.pid)?;
            to.put("program", &shell.program)?;
            to.put("version", &shell.version)
        }
        Fact::ShellDied(died) => to.put("how", &died.how),
        Fact::StateLost(_) | Fact::LeftRunning(_) => Ok(()),
        Fact::StepEntered(entered) => step_entered(entered, to),
        Fact::Decided(decided) => {
            to.put("step", &decided.step)?;
            to.put_some("command", decided.command.as_ref())?;
            to.put_name("decision", decided.decision)
        }
        Fact::InputGiven(input) => {
            to.put_some("step", input.step.as_ref())?;
            to.put("name", &input.name)?;
            to.put_name("origin", input.origin)
        }
        Fact::CommandStarted(started) => command_started(started, to),
        Fact::CommandFinished(finished) => command_finished(finished, to),
        Fact::NoteAdded(note) => to.put_some("step", note.step.as_ref()),
        Fact::OutputCompared(compared) => {
            to.put("command", &compared.command)?;
            to.put("percent", &compared.percent)?;
            to.put("met", &compared.met)?;
            to.put("decides", &compared.decides)
        }
        Fact::ChoiceMade(choice) => to.put("line", &choice.line),
        Fact::MessageFilled(message) => to.put("step", &message.step),
        Fact::StepFinished(finished) => {
            to.put("step", &finished.step)?;
            to.put_name("result", finished.result)
        }
        Fact::EngineLost(lost) => to.put("then", &lost.then),
        Fact::RunResumed(resumed) => {
            to.put("user", &resumed.user)?;
            to.put("host", &resumed.host)?;
            to.put("runbook_digest", &resumed.runbook_digest)?;
            to.put("attached", &resumed.attached)?;
            to.put("version", &resumed.version)
        }
        Fact::Redacted(redacted) => {
            to.put("events", &redacted.events)?;
            to.put("user", &redacted.user)
        }
        Fact::RecordFailed(failed) => {
            to.put("lost_events", &failed.lost_events)?;
            to.put("lost_bytes", &failed.lost_bytes)
        }
        Fact::RunFinished(finished) => {
            to.put_name("result", finished.result)?;
            to.put_some("next", finished.next.as_ref())
        }
        Fact::IncidentJoined(joined) => incident::joined_fields(joined, to),
        Fact::Incident(event) => incident::fields(event, to),
        Fact::Other(other) => other_fields(other, to),
    }
}

/// Writes the fact's free text.
pub(super) fn payload(fact: &Fact, to: &mut Members<'_>) -> Result<()> {
    match fact {
        Fact::RunStarted(started) => {
            to.put("title", &started.runbook.title)?;
            to.put("procedure_title", &started.procedure_title)?;
            to.put("flags", &started.flags)
        }
        Fact::StepEntered(entered) => {
            to.put("title", &entered.title)?;
            to.put("headings", &entered.headings)
        }
        Fact::StateLost(lost) => to.put("what", &lost.what),
        Fact::LeftRunning(left) => to.put("processes", &left.processes),
        Fact::Decided(decided) => to.put("reason", &decided.reason),
        Fact::InputGiven(input) => to.put("value", &input.value),
        Fact::CommandStarted(started) => {
            to.put("text", &started.text)?;
            match &started.source {
                CommandSource::Edited(original)
                | CommandSource::Placed(original)
                | CommandSource::Sampled(original) => to.put("original", original),
                CommandSource::Document | CommandSource::Own | CommandSource::Until => Ok(()),
            }
        }
        Fact::CommandFinished(finished) => output(&finished.output, to),
        Fact::OutputCompared(compared) => to.put("expected", &compared.expected),
        Fact::NoteAdded(note) => to.put("text", &note.text),
        Fact::ChoiceMade(choice) => {
            to.put("question", &choice.question)?;
            to.put_some("option", choice.option.as_ref())
        }
        Fact::MessageFilled(message) => to.put("text", &message.text),
        Fact::RunResumed(resumed) => to.put("lost", &resumed.lost),
        Fact::Redacted(redacted) => to.put("reason", &redacted.reason),
        Fact::RecordFailed(failed) => to.put("why", &failed.why),
        Fact::RunFinished(finished) => to.put("reason", &finished.reason),
        Fact::IncidentJoined(joined) => to.put("title", &joined.title),
        Fact::Incident(event) => incident::payload(event, to),
        Fact::ShellStarted(_) | Fact::ShellDied(_) | Fact::StepFinished(_) | Fact::EngineLost(_) | Fact::Other(_) => {
            Ok(())
        }
    }
}

fn run_started(started: &RunStarted, to: &mut Members<'_>) -> Result<()> {
    to.put("run", &started.run)?;
    to.put("path", &started.runbook.path)?;
    to.put("runbook_digest", &started.runbook.digest)?;
    to.put_some("git_commit", started.runbook.git_commit.as_ref())?;
    to.put("git_modified", &started.runbook.git_modified)?;
    to.put("procedure", &started.procedure)?;
    to.put("steps", &started.steps)?;
    to.put("host", &started.host)?;
    to.put("user", &started.user)?;
    to.put("cwd", &started.cwd)?;
    to.put_name("mode", started.mode)?;
    to.put("version", &started.version)
}

fn step_entered(entered: &StepEntered, to: &mut Members<'_>) -> Result<()> {
    to.put("step", &entered.step)?;
    to.put("number", &entered.number)?;
    to.put("position", &entered.position)?;
    to.put_name("form", entered.form)?;
    to.put("line", &entered.line)?;
    to.put("end_line", &entered.end_line)?;
    to.put("prose", &entered.prose)
}

fn command_started(started: &CommandStarted, to: &mut Members<'_>) -> Result<()> {
    to.put("step", &started.step)?;
    to.put_some("command", started.command.as_ref())?;
    to.put("of", &started.of)?;
    to.put("attempt", &started.attempt)?;
    to.put("source", source_name(&started.source))?;
    to.put("line", &started.line)?;
    to.put("never_ends", &started.never_ends)?;
    to.put("answers", &answers(&started.answers))
}

fn source_name(source: &CommandSource) -> &'static str {
    match source {
        CommandSource::Document => "document",
        CommandSource::Edited(_) => "edited",
        CommandSource::Placed(_) => "placed",
        CommandSource::Own => "own",
        CommandSource::Until => "until",
        CommandSource::Sampled(_) => "sampled",
    }
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    status: i32,
    meaning: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_if_printed: Option<&'a str>,
}

fn answers(answers: &Answers) -> Vec<Vec<AnswerLine<'_>>> {
    answers.0.iter().map(|member| member.iter().map(answer).collect()).collect()
}

fn answer(answer: &Answer) -> AnswerLine<'_> {
    let only_if_printed = answer.only_if_printed.as_deref();
    AnswerLine { status: answer.status, meaning: &answer.meaning, only_if_printed }
}

fn command_finished(finished: &CommandFinished, to: &mut Members<'_>) -> Result<()> {
    to.put("started", &finished.started)?;
    to.put_name("end", finished.end)?;
    to.put("outcome", outcome_name(&finished.outcome))?;
    if let Outcome::Negative(meaning) = &finished.outcome {
        to.put("meaning", meaning)?;
    }
    to.put_some("status", finished.status.as_ref())?;
    to.put("pipestatus", &finished.pipestatus)?;
    to.put("cwd", &finished.cwd)?;
    to.put("took_ns", &finished.took_ns)?;
    to.put("length_bytes", &finished.output.length_bytes)?;
    to.put("kept_bytes", &finished.output.kept_bytes)?;
    to.put("output_digest", &finished.output.digest)?;
    to.put_some("all_digest", finished.output.all_digest.as_ref())
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Negative(_) => "negative",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "interrupted",
        Outcome::EndedByOperator => "ended-by-operator",
        Outcome::EndedByTime => "ended-by-time",
        Outcome::TimedOut => "timed-out",
        Outcome::Suspended => "suspended",
        Outcome::Exited => "exited",
        Outcome::ShellEnded => "shell-ended",
        Outcome::Unknown => "unknown",
    }
}

/// The salt stands here and not in a field: without it a short output cannot be guessed from its digest any more.
fn output(output: &Captured, to: &mut Members<'_>) -> Result<()> {
    to.put("output_salt", &output.salt)?;
    match &output.inline {
        None => Ok(()),
        Some(bytes) => match std::str::from_utf8(bytes) {
            // NUL is legal in JSON text and yet more than some readers bear.
            Ok(text) if !bytes.contains(&0) => to.put("output", text),
            _ => {
                let mut hex = String::with_capacity(bytes.len() * 2);
                push_hex(&mut hex, bytes);
                to.put("output_hex", &hex)
            }
        },
    }
}

fn other_fields(other: &Other, to: &mut Members<'_>) -> Result<()> {
    for (name, json) in &other.fields {
        if name != "payload" {
            to.put_raw(name, json)?;
        }
    }
    Ok(())
}

/// Why a fact of an unknown kind cannot be written, if so.
pub(super) fn objection(other: &Other) -> Option<String> {
    for (name, json) in &other.fields {
        if name != "payload" && LINE_NAMES.contains(&name.as_str()) {
            return Some(format!("the field `{name}` belongs to the line itself"));
        }
        if json.contains(['\n', '\r']) || serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
            return Some(format!("the field `{name}` is not JSON on one line"));
        }
        if name != "payload" && json.contains(r#","hash":""#) {
            return Some(format!("the field `{name}` has a member `hash`"));
        }
    }
    None
}
