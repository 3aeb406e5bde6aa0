//! Times as people state them: `22:51`, `15m ago`, `2026-11-24 22:51`, RFC 3339.
//!
//! Invariant: a time without a zone is UTC, like every time shown. A time in the future is rejected. An incomplete time is
//! never completed by a guess. Refuses to know: local time zones.

use super::rules::find_length;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};

const DAY_SECONDS: i64 = 86_400;
/// A time may be this far in the future, since clocks of other machines may be ahead.
const SLACK_SECONDS: i64 = 60;

/// Parses a time that was stated at `now`. Fails with a sentence if it is no time, or in the future.
pub fn parse_stated_time(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let found = interpret_time(text, now).ok_or_else(|| {
        format!(
            "`{text}` is no time; write `22:51` (UTC), `15m ago`, `2026-11-24 22:51` or `2026-11-24T22:51:00+01:00`"
        )
    })?;
    if found.as_second() > now.as_second() + SLACK_SECONDS {
        return Err(format!("`{text}` is in the future: it is {now:.0} now"));
    }
    Ok(found)
}

fn interpret_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    let lower = text.to_ascii_lowercase();
    if lower == "now" {
        return Some(now);
    }
    let ago = lower.strip_suffix("ago").or_else(|| lower.strip_prefix('-').filter(|rest| !rest.is_empty()));
    if let Some(ago) = ago {
        let seconds = i64::try_from(find_length(ago)?.0).ok()?;
        return Timestamp::from_second(now.as_second().checked_sub(seconds)?).ok();
    }
    if let Ok(found) = text.parse::<Timestamp>() {
        return Some(found);
    }
    let plain = lower.strip_suffix("utc").or_else(|| lower.strip_suffix('z')).unwrap_or(&lower).trim();
    let dated = plain.replacen(' ', "T", 1).to_ascii_uppercase();
    if dated.contains('T') {
        let at: DateTime = dated.parse().ok()?;
        return format!("{at}Z").parse().ok();
    }
    // A time of day without a date is the latest one that has passed.
    if !plain.contains(':') {
        return None;
    }
    let at: Time = plain.parse().ok()?;
    let today: Timestamp = format!("{}T{at}Z", now.strftime("%Y-%m-%d")).parse().ok()?;
    if today.as_second() <= now.as_second() + SLACK_SECONDS {
        return Some(today);
    }
    Timestamp::from_second(today.as_second() - DAY_SECONDS).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_time_is_utc_and_never_in_the_future() {
        let now: Timestamp = "2026-11-24T22:51:03Z".parse().unwrap();
        let of =
            |text| parse_stated_time(text, now).map_or_else(|why| why.chars().take(30).collect(), |at| at.to_string());
        assert_eq!(of("now"), "2026-11-24T22:51:03Z");
        assert_eq!(of("22:36"), "2026-11-24T22:36:00Z");
        assert_eq!(of("22:36:10"), "2026-11-24T22:36:10Z");
        assert_eq!(of("23:10"), "2026-11-23T23:10:00Z", "the last such moment");
        assert_eq!(of("15m ago"), "2026-11-24T22:36:03Z");
        assert_eq!(of("15 minutes ago"), "2026-11-24T22:36:03Z");
        assert_eq!(of("-2h"), "2026-11-24T20:51:03Z");
        assert_eq!(of("2026-11-24 22:00"), "2026-11-24T22:00:00Z");
        assert_eq!(of("2026-11-24 22:00 UTC"), "2026-11-24T22:00:00Z");
        assert_eq!(of("2026-11-24T23:00:00+01:00"), "2026-11-24T22:00:00Z");
        assert_eq!(of("2026-11-25 01:00"), "`2026-11-25 01:00` is in the f");
        for odd in ["", "soon", "22", "2026-11-24", "ago", "-", "99:99", "12", "-x"] {
            assert!(parse_stated_time(odd, now).is_err(), "{odd}");
        }
    }
}
