//! A line's fields and payload as a fact. The other half is `encode`.
//!
//! Invariant: total. A kind this version does not know, or knows and cannot read, is kept as [`Fact::Other`]: its line was
//! checked, so it comes from a later version and not from damage. Unknown fields of a known kind are passed over.

use super::encode::LINE_NAMES;
use super::incident;
use super::json;
use super::names::Named;
use super::salt::from_hex;
use crate::history::{
    Answer, Answers, Captured, ChoiceMade, CommandFinished, CommandSource, CommandStarted, Decided, EngineLost, Event,
    Fact, InputGiven, LeftRunning, MessageFilled, NoteAdded, Other, Outcome, OutputCompared, RecordFailed, Redacted,
    RunFinished, RunResumed, RunStarted, RunbookIdentity, ShellDied, ShellStarted, StateLost, StepEntered,
    StepFinished,
};
use crate::ident::{Moment, Seq};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Room for so many members is made at once; most lines have fewer.
const MEMBERS: usize = 16;
/// What stands for free text whose payload was dropped.
const REDACTED: &str = "[redacted]";

/// The event of a line: its members without the closing brace, and its payload. None when it is no event at all.
pub(super) fn event(seq: Seq, members: &str, payload: Option<&str>) -> Option<Event> {
    let object = format!("{members}}}");
    let mut source = Source {
        fields: serde_json::from_str(&object).ok()?,
        payload: payload.map(serde_json::from_str).transpose().ok()?,
    };
    let utc = source.field::<String>("time").ok()?.parse().ok()?;
    let mono = Duration::from_nanos(source.field("mono_ns").ok()?);
    let kind: String = source.field("kind").ok()?;
    let fact = match fact(&kind, &mut source) {
        Ok(fact) => fact,
        Err(Unreadable) => Fact::Other(other(kind, &object, payload)?),
    };
    Some(Event { seq, at: Moment { utc, mono }, fact })
}

fn other(kind: String, object: &str, payload: Option<&str>) -> Option<Other> {
    let mut fields: BTreeMap<String, String> = json::members(object)?.into_iter().collect();
    for name in LINE_NAMES {
        fields.remove(name);
    }
    fields.extend(payload.map(|payload| ("payload".to_owned(), payload.to_owned())));
    Some(Other { kind, fields })
}

/// A value is missing, or not of the type this version knows.
pub(super) struct Unreadable;

pub(super) type Read<T> = Result<T, Unreadable>;

/// The values of an object, by name. A handful at most, so they are looked through.
struct Values<'a>(Vec<(Cow<'a, str>, Value)>);

impl Values<'_> {
    /// Of two of one name the last counts.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.iter_mut().rfind(|(other, _)| other == name).map(|(_, value)| value.take())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Values<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
                let mut values = Vec::with_capacity(MEMBERS);
                while let Some(Name(name)) = members.next_key()? {
                    values.push((name, members.next_value()?));
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A member's name: of the text itself, where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The values of a line, taken out by name.
pub(super) struct Source<'a> {
    fields: Values<'a>,
    payload: Option<Values<'a>>,
}

impl Source<'_> {
    pub(super) fn field<T: DeserializeOwned>(&self, name: &str) -> Read<T> {
        self.maybe(name)?.ok_or(Unreadable)
    }

    pub(super) fn maybe<T: DeserializeOwned>(&self, name: &str) -> Read<Option<T>> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|_| Unreadable),
        }
    }

    fn name(&self, name: &str) -> Read<&str> {
        self.fields.get(name).and_then(Value::as_str).ok_or(Unreadable)
    }

    pub(super) fn word<T: Named>(&self, name: &str) -> Read<T> {
        T::from_name(self.name(name)?).ok_or(Unreadable)
    }

    pub(super) fn text(&mut self, name: &str) -> Read<String> {
        match &mut self.payload {
            None => Ok(REDACTED.to_owned()),
            Some(payload) => match payload.take(name) {
                Some(Value::String(text)) => Ok(text),
                _ => Err(Unreadable),
            },
        }
    }

    pub(super) fn maybe_text(&mut self, name: &str) -> Read<Option<String>> {
        let present = self.payload.as_ref().is_some_and(|payload| payload.get(name).is_some());
        if present { self.text(name).map(Some) } else { Ok(None) }
    }

    /// A structure of the payload; its default when the payload was dropped.
    pub(super) fn structure<T: DeserializeOwned + Default>(&self, name: &str) -> Read<T> {
        match &self.payload {
            None => Ok(T::default()),
            Some(payload) => T::deserialize(payload.get(name).ok_or(Unreadable)?).map_err(|_| Unreadable),
        }
    }

    fn texts(&mut self, name: &str) -> Read<Vec<String>> {
        match &self.payload {
            None => Ok(Vec::new()),
            Some(payload) => Vec::deserialize(payload.get(name).ok_or(Unreadable)?).map_err(|_| Unreadable),
        }
    }
}

fn fact(kind: &str, from: &mut Source<'_>) -> Read<Fact> {
    Ok(match kind {
        "run-started" => Fact::RunStarted(run_started(from)?),
        "shell-started" => Fact::ShellStarted(ShellStarted {
            pid: from.field("pid")?,
            program: from.field("program")?,
            version: from.field("version")?,
        }),
        "shell-died" => Fact::ShellDied(ShellDied { how: from.field("how")? }),
        "state-lost" => Fact::StateLost(StateLost { what: from.text("what")? }),
        "left-running" => Fact::LeftRunning(LeftRunning { processes: from.texts("processes")? }),
        "step-entered" => Fact::StepEntered(step_entered(from)?),
        "decided" => Fact::Decided(Decided {
            step: from.field("step")?,
            command: from.maybe("command")?,
            decision: from.word("decision")?,
            reason: from.text("reason")?,
        }),
        "input-given" => Fact::InputGiven(InputGiven {
            step: from.maybe("step")?,
            name: from.field("name")?,
            value: from.text("value")?,
            origin: from.word("origin")?,
        }),
        "command-started" => Fact::CommandStarted(command_started(from)?),
        "command-finished" => Fact::CommandFinished(command_finished(from)?),
        "note-added" => Fact::NoteAdded(NoteAdded { step: from.maybe("step")?, text: from.text("text")? }),
        "output-compared" => Fact::OutputCompared(OutputCompared {
            command: from.field("command")?,
            expected: from.text("expected")?,
            percent: from.field("percent")?,
            met: from.field("met")?,
            decides: from.field("decides")?,
        }),
        "choice-made" => Fact::ChoiceMade(ChoiceMade {
            question: from.text("question")?,
            option: from.maybe_text("option")?,
            line: from.field("line")?,
        }),
        "message-filled" => Fact::MessageFilled(MessageFilled { step: from.field("step")?, text: from.text("text")? }),
        "step-finished" => Fact::StepFinished(StepFinished { step: from.field("step")?, result: from.word("result")? }),
        "engine-lost" => Fact::EngineLost(EngineLost { then: from.field("then")? }),
        "run-resumed" => Fact::RunResumed(RunResumed {
            user: from.field("user")?,
            host: from.field("host")?,
            runbook_digest: from.field("runbook_digest")?,
            attached: from.field("attached")?,
            lost: from.texts("lost")?,
            version: from.field("version")?,
        }),
        "redacted" => Fact::Redacted(Redacted {
            events: from.field("events")?,
            // The first writers of the kind did not say who.
            user: from.maybe("user")?.unwrap_or_default(),
            reason: from.text("reason")?,
        }),
        "record-failed" => Fact::RecordFailed(RecordFailed {
            why: from.text("why")?,
            lost_events: from.field("lost_events")?,
            lost_bytes: from.field("lost_bytes")?,
        }),
        "run-finished" => Fact::RunFinished(RunFinished {
            result: from.word("result")?,
            reason: from.text("reason")?,
            next: from.maybe("next")?,
        }),
        "incident-joined" => Fact::IncidentJoined(incident::read_joined(from)?),
        kind => Fact::Incident(incident::read(kind, from)?),
    })
}

fn run_started(from: &mut Source<'_>) -> Read<RunStarted> {
    Ok(RunStarted {
        run: from.field("run")?,
        runbook: RunbookIdentity {
            path: from.field("path")?,
            title: from.text("title")?,
            digest: from.field("runbook_digest")?,
            git_commit: from.maybe("git_commit")?,
            git_modified: from.field("git_modified")?,
        },
        procedure: from.field("procedure")?,
        procedure_title: from.text("procedure_title")?,
        steps: from.field("steps")?,
        host: from.field("host")?,
        user: from.field("user")?,
        cwd: from.field("cwd")?,
        mode: from.word("mode")?,
        version: from.field("version")?,
        flags: from.texts("flags")?,
    })
}

fn step_entered(from: &mut Source<'_>) -> Read<StepEntered> {
    Ok(StepEntered {
        step: from.field("step")?,
        number: from.field("number")?,
        position: from.field("position")?,
        form: from.word("form")?,
        headings: from.texts("headings")?,
        title: from.text("title")?,
        line: from.field("line")?,
        end_line: from.field("end_line")?,
        prose: from.field("prose")?,
    })
}

fn command_started(from: &mut Source<'_>) -> Read<CommandStarted> {
    Ok(CommandStarted {
        step: from.field("step")?,
        command: from.maybe("command")?,
        of: from.field("of")?,
        attempt: from.field("attempt")?,
        source: match from.name("source")? {
            "document" => CommandSource::Document,
            "edited" => CommandSource::Edited(from.text("original")?),
            "placed" => CommandSource::Placed(from.text("original")?),
            "own" => CommandSource::Own,
            "until" => CommandSource::Until,
            "sampled" => CommandSource::Sampled(from.text("original")?),
            _ => return Err(Unreadable),
        },
        text: from.text("text")?,
        line: from.field("line")?,
        never_ends: from.field("never_ends")?,
        answers: answers(from)?,
    })
}

#[derive(Deserialize)]
struct AnswerLine {
    status: i32,
    meaning: String,
    only_if_printed: Option<String>,
}

fn answers(from: &Source<'_>) -> Read<Answers> {
    let lines: Vec<Vec<AnswerLine>> = from.field("answers")?;
    let answer =
        |line: AnswerLine| Answer { status: line.status, meaning: line.meaning, only_if_printed: line.only_if_printed };
    Ok(Answers(lines.into_iter().map(|member| member.into_iter().map(answer).collect()).collect()))
}

fn command_finished(from: &mut Source<'_>) -> Read<CommandFinished> {
    Ok(CommandFinished {
        started: from.field("started")?,
        end: from.word("end")?,
        outcome: outcome(from)?,
        status: from.maybe("status")?,
        pipestatus: from.field("pipestatus")?,
        cwd: from.field("cwd")?,
        took_ns: from.field("took_ns")?,
        output: Captured {
            length_bytes: from.field("length_bytes")?,
            kept_bytes: from.field("kept_bytes")?,
            digest: from.field("output_digest")?,
            all_digest: from.maybe("all_digest")?,
            salt: if from.payload.is_some() { from.text("output_salt")? } else { String::new() },
            inline: inline(from)?,
        },
    })
}

fn outcome(from: &Source<'_>) -> Read<Outcome> {
    Ok(match from.name("outcome")? {
        "succeeded" => Outcome::Succeeded,
        "negative" => Outcome::Negative(from.field("meaning")?),
        "failed" => Outcome::Failed,
        "interrupted" => Outcome::Interrupted,
        "ended-by-operator" => Outcome::EndedByOperator,
        "ended-by-time" => Outcome::EndedByTime,
        "timed-out" => Outcome::TimedOut,
        "suspended" => Outcome::Suspended,
        "exited" => Outcome::Exited,
        "shell-ended" => Outcome::ShellEnded,
        "unknown" => Outcome::Unknown,
        _ => return Err(Unreadable),
    })
}

fn inline(from: &mut Source<'_>) -> Read<Option<Vec<u8>>> {
    if let Some(text) = from.maybe_text("output")? {
        return Ok(Some(text.into_bytes()));
    }
    match from.maybe_text("output_hex")? {
        Some(hex) => from_hex(&hex).map(Some).ok_or(Unreadable),
        None => Ok(None),
    }
}
