//! An event as the members of its line and its payload. The other half is `decode`.
//!
//! Invariant: structured fields go into the line, free text into the payload and nowhere else, so that dropping the payload
//! drops it. Refuses to know: which fields a fact has; that is the table in `history`.

use super::json::MemberWriter;
use super::line::LINE_NAMES;
use super::salt::push_hex;
use crate::history::record::FieldWriter;
use crate::history::{Fact, Other};
use crate::ident::{Moment, Seq};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Error, Result};
use std::time::Duration;

/// Rounds a moment to the precision of the record, so that an event is the same live and read back.
pub fn round_to_record(at: Moment) -> Moment {
    let utc = Timestamp::from_millisecond(at.utc.as_millisecond()).unwrap_or(at.utc);
    Moment { utc, mono: Duration::from_nanos(mono_ns(at)) }
}

fn mono_ns(at: Moment) -> u64 {
    u64::try_from(at.mono.as_nanos()).unwrap_or(u64::MAX)
}

/// Appends an event's members, without the closing brace, to `line`, and puts its payload into `payload`.
pub(super) fn encode_event(seq: Seq, at: Moment, fact: &Fact, line: &mut Vec<u8>, payload: &mut Vec<u8>) -> Result<()> {
    line.push(b'{');
    let mut members = MemberWriter::start_object(line);
    members.write_member("seq", &seq)?;
    members.write_member("time", &format!("{:.3}", at.utc))?;
    members.write_member("mono_ns", &mono_ns(at))?;
    members.write_member("kind", fact.kind())?;
    payload.clear();
    payload.push(b'{');
    let mut encoder = EventEncoder { members, payload: MemberWriter::start_object(payload), whole_payload: None };
    fact.write_fields(&mut encoder)?;
    if let Some(json) = encoder.whole_payload {
        payload.clear();
        payload.extend_from_slice(json.as_bytes());
    } else {
        payload.push(b'}');
    }
    Ok(())
}

/// Writes structured fields into the line and free text into the payload.
struct EventEncoder<'a> {
    members: MemberWriter<'a>,
    payload: MemberWriter<'a>,
    /// The payload of a fact of an unknown kind, as it was read.
    whole_payload: Option<String>,
}

impl FieldWriter for EventEncoder<'_> {
    type Error = Error;

    fn write_field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.members.write_member(name, value)
    }

    fn write_text(&mut self, name: &str, text: &str) -> Result<()> {
        self.payload.write_member(name, text)
    }

    fn write_texts(&mut self, name: &str, texts: &[String]) -> Result<()> {
        self.payload.write_member(name, texts)
    }

    fn write_structure<T: Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        self.payload.write_member(name, value)
    }

    fn write_bytes(&mut self, name: &str, hex_name: &str, bytes: &[u8]) -> Result<()> {
        match std::str::from_utf8(bytes) {
            // NUL is legal in JSON text, but some readers cannot bear it.
            Ok(text) if !bytes.contains(&0) => self.payload.write_member(name, text),
            _ => {
                let mut hex = String::with_capacity(bytes.len() * 2);
                push_hex(&mut hex, bytes);
                self.payload.write_member(hex_name, &hex)
            }
        }
    }

    fn write_verbatim(&mut self, name: &str, json: &str) -> Result<()> {
        if name == "payload" {
            self.whole_payload = Some(json.to_owned());
            Ok(())
        } else {
            self.members.write_raw_member(name, json)
        }
    }
}

/// The reason why a fact of an unknown kind cannot be written, if there is one.
pub(super) fn find_objection(other: &Other) -> Option<String> {
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
