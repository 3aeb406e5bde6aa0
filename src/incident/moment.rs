//! Moments of an incident, which outlive a process: by the wall clock, and by the time since boot.
//!
//! Invariant: between two moments of the same boot only the monotonic clock counts, so setting the wall clock changes nothing.
//! Across boots the wall clock counts. Refuses to know: what happened.

use crate::history::{Event, IncidentEvent};
use crate::ident::{Clock, Moment};
use jiff::Timestamp;
use std::time::Duration;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const UPTIME: &str = "/proc/uptime";

/// One reading of the clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall-clock time, and time since boot.
    pub at: Moment,
    /// First eight digits of the boot id; empty if the boot or its uptime is not known.
    pub boot_id: String,
}

impl Now {
    /// Reads the wall clock, and from `/proc` the boot id and the uptime.
    pub fn read_clocks(clock: &dyn Clock) -> Self {
        let utc = clock.now().utc;
        let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
        let boot: String = boot.chars().filter(char::is_ascii_hexdigit).take(8).collect();
        let uptime = std::fs::read_to_string(UPTIME).unwrap_or_default();
        match uptime.split_whitespace().next().and_then(|seconds| seconds.parse::<f64>().ok()) {
            Some(seconds) if !boot.is_empty() && seconds.is_finite() && seconds >= 0.0 => {
                Self { at: Moment { utc, mono: Duration::from_secs_f64(seconds) }, boot_id: boot }
            }
            _ => Self { at: Moment { utc, mono: Duration::ZERO }, boot_id: String::new() },
        }
    }
}

/// Time at which an event was recorded, and the time stated for it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTime {
    /// Wall-clock time of the recording.
    pub recorded: Timestamp,
    /// Time from boot to the recording.
    pub since_boot: Duration,
    /// Boot during which it was recorded; empty if not known.
    pub boot_id: String,
    /// Time at which it happened, if somebody stated one.
    pub stated: Option<Timestamp>,
}

impl EventTime {
    /// Takes the time from a recorded event; nothing is stated yet.
    pub fn from_event(event: &Event, incident: &IncidentEvent) -> Self {
        Self { recorded: event.at.utc, since_boot: event.at.mono, boot_id: incident.boot.clone(), stated: None }
    }

    /// The stated time, else the recorded one.
    pub fn effective_time(&self) -> Timestamp {
        self.stated.unwrap_or(self.recorded)
    }

    /// Seconds that have passed since; 0 if it lies in the future.
    pub fn seconds_ago(&self, now: &Now) -> u64 {
        let recorded_ago = if !self.boot_id.is_empty() && self.boot_id == now.boot_id {
            to_signed_seconds(now.at.mono) - to_signed_seconds(self.since_boot)
        } else {
            now.at.utc.as_second() - self.recorded.as_second()
        };
        let earlier = self.stated.map_or(0, |stated| self.recorded.as_second() - stated.as_second());
        u64::try_from(recorded_ago.saturating_add(earlier)).unwrap_or(0)
    }
}

fn to_signed_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
