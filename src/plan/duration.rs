//! Lengths of time as people write them, read and written.
//!
//! Invariant: text that [`spell_duration`] writes is read back as the same duration, to the millisecond. Refuses to know: what a duration bounds.

use std::fmt::Write as _;
use std::time::Duration;

/// Reads a length of time: `90`, `30s`, `5m`, `1h`, `1m30s`, `500ms`. A number without a unit counts seconds. None for
/// anything else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))?;
        let amount: u64 = digits.parse().ok()?;
        let (unit, later) = after.split_at_checked(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()))?;
        let part = match unit.trim() {
            "ms" => Duration::from_millis(amount),
            "" | "s" => Duration::from_secs(amount),
            "m" => Duration::from_secs(amount.checked_mul(60)?),
            "h" => Duration::from_secs(amount.checked_mul(3600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = later;
    }
    Some(total)
}

/// Writes a length of time as documents do: `30s`, `5m`, `1m30s`.
pub fn spell_duration(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    let mut out = String::new();
    for (amount, unit) in [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")] {
        if amount > 0 {
            let _ = write!(out, "{amount}{unit}");
        }
    }
    if millis > 0 || out.is_empty() {
        let _ = write!(out, "{millis}ms");
    }
    out
}
