//! The members of a line, taken out by name and type.
//!
//! Invariant: a member that is missing or of another type is an error, never a guess. When the payload was dropped, each
//! text of it reads as `[redacted]`. Refuses to know: which members a fact has.

use super::salt::from_hex;
use crate::history::record::{FieldReader, Read, Unreadable};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Capacity for the members of a line; most lines have fewer.
const MEMBERS: usize = 16;
/// Stands for free text whose payload was dropped.
const REDACTED: &str = "[redacted]";

/// Values of an object by name. They are few, so a linear search is fast.
struct JsonValues<'a>(Vec<(Cow<'a, str>, Value)>);

impl JsonValues<'_> {
    /// Of two members of one name the last counts.
    fn get_value(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value)
    }

    fn take_value(&mut self, name: &str) -> Option<Value> {
        self.0.iter_mut().rfind(|(other, _)| other == name).map(|(_, value)| value.take())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonValues<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = JsonValues<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
                let mut values = Vec::with_capacity(MEMBERS);
                while let Some(MemberName(name)) = members.next_key()? {
                    values.push((name, members.next_value()?));
                }
                Ok(JsonValues(values))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Name of a member, borrowed from the text where nothing in it is escaped.
#[derive(Deserialize)]
struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

/// Values of a line and its payload, read by name.
pub(super) struct LineSource<'a> {
    fields: JsonValues<'a>,
    payload: Option<JsonValues<'a>>,
}

impl<'a> LineSource<'a> {
    /// The members of an object and those of its payload; none when either is no JSON object.
    pub(super) fn parse_line(object: &'a str, payload: Option<&'a str>) -> Option<Self> {
        let fields = serde_json::from_str(object).ok()?;
        Some(Self { fields, payload: payload.map(serde_json::from_str).transpose().ok()? })
    }
}

impl FieldReader for LineSource<'_> {
    fn read_optional<T: DeserializeOwned>(&self, name: &str) -> Read<Option<T>> {
        match self.fields.get_value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|_| Unreadable),
        }
    }

    fn read_keyword(&self, name: &str) -> Read<&str> {
        self.fields.get_value(name).and_then(Value::as_str).ok_or(Unreadable)
    }

    fn read_text(&mut self, name: &str) -> Read<String> {
        match &mut self.payload {
            None => Ok(REDACTED.to_owned()),
            Some(payload) => match payload.take_value(name) {
                Some(Value::String(text)) => Ok(text),
                _ => Err(Unreadable),
            },
        }
    }

    fn read_optional_text(&mut self, name: &str) -> Read<Option<String>> {
        let present = self.payload.as_ref().is_some_and(|payload| payload.get_value(name).is_some());
        if present { self.read_text(name).map(Some) } else { Ok(None) }
    }

    fn read_text_or_empty(&mut self, name: &str) -> Read<String> {
        if self.payload.is_some() { self.read_text(name) } else { Ok(String::new()) }
    }

    fn read_structure<T: DeserializeOwned + Default>(&self, name: &str) -> Read<T> {
        match &self.payload {
            None => Ok(T::default()),
            Some(payload) => T::deserialize(payload.get_value(name).ok_or(Unreadable)?).map_err(|_| Unreadable),
        }
    }

    fn read_bytes(&mut self, name: &str, hex_name: &str) -> Read<Option<Vec<u8>>> {
        if let Some(text) = self.read_optional_text(name)? {
            return Ok(Some(text.into_bytes()));
        }
        match self.read_optional_text(hex_name)? {
            Some(hex) => from_hex(&hex).map(Some).ok_or(Unreadable),
            None => Ok(None),
        }
    }
}
