//! An event's line as the event. The other half is `encode`.
//!
//! Invariant: total. A fact of an unknown kind, or with fields that do not fit its kind, is kept as [`Fact::Other`]: its line was
//! verified, so it comes from a later version and not from damage. Unknown fields of a known kind are ignored.

use super::json;
use super::line::LINE_NAMES;
use super::source::LineSource;
use crate::history::record::FieldReader as _;
use crate::history::{Event, Fact, Other};
use crate::ident::{Moment, Seq};
use std::collections::BTreeMap;
use std::time::Duration;

/// The event of a line, from its members without the closing brace and its payload. None when it is no event at all.
pub(super) fn decode_event(seq: Seq, members: &str, payload: Option<&str>) -> Option<Event> {
    let object = format!("{members}}}");
    let mut source = LineSource::parse_line(&object, payload)?;
    let utc = source.read_field::<String>("time").ok()?.parse().ok()?;
    let mono = Duration::from_nanos(source.read_field("mono_ns").ok()?);
    let kind: String = source.read_field("kind").ok()?;
    let fact = match Fact::read_kind(&kind, &mut source) {
        Ok(fact) => fact,
        Err(_) => Fact::Other(unknown_fact(kind, &object, payload)?),
    };
    Some(Event { seq, at: Moment { utc, mono }, fact })
}

fn unknown_fact(kind: String, object: &str, payload: Option<&str>) -> Option<Other> {
    let mut fields: BTreeMap<String, String> = json::split_members(object)?.into_iter().collect();
    for name in LINE_NAMES {
        fields.remove(name);
    }
    fields.extend(payload.map(|payload| ("payload".to_owned(), payload.to_owned())));
    Some(Other { kind, fields })
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use crate::history::samples::every_fact;
    use crate::ident::{Clock as _, SystemClock};

    #[test]
    fn every_fact_is_read_back_as_it_was_written() {
        let at = encode::round_to_record(SystemClock::start_now().now());
        for fact in every_fact() {
            let (mut line, mut payload) = (Vec::new(), Vec::new());
            encode::encode_event(Seq(5), at, &fact, &mut line, &mut payload).unwrap();
            let (members, payload) = (String::from_utf8(line).unwrap(), String::from_utf8(payload).unwrap());
            let read = decode_event(Seq(5), &members, Some(&payload)).unwrap();
            assert_eq!(read, Event { seq: Seq(5), at, fact }, "{members} {payload}");
        }
    }
}
