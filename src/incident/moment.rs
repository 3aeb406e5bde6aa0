//! Moments of an incident, which outlive a process: by the wall clock, and by the time since the machine was started.
//!
//! Invariant: between two moments of one start of the machine the wall clock does not count, so setting it changes nothing;
//! otherwise it is all there is. Refuses to know: what happened.

use crate::history::{Event, IncidentEvent};
use crate::ident::{Clock, Moment};
use jiff::Timestamp;
use std::time::Duration;

/// Which start of the machine, and how long ago it was.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const UPTIME: &str = "/proc/uptime";

/// The present moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// By the wall clock, and since the machine was started.
    pub at: Moment,
    /// Which start of the machine; empty where that is not known.
    pub boot: String,
}

impl Now {
    /// Reads the clock, and the machine's own.
    pub fn read(clock: &dyn Clock) -> Self {
        let utc = clock.now().utc;
        let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
        let boot: String = boot.chars().filter(char::is_ascii_hexdigit).take(8).collect();
        let uptime = std::fs::read_to_string(UPTIME).unwrap_or_default();
        match uptime.split_whitespace().next().and_then(|seconds| seconds.parse::<f64>().ok()) {
            Some(seconds) if !boot.is_empty() && seconds.is_finite() && seconds >= 0.0 => {
                Self { at: Moment { utc, mono: Duration::from_secs_f64(seconds) }, boot }
            }
            _ => Self { at: Moment { utc, mono: Duration::ZERO }, boot: String::new() },
        }
    }
}

/// When something was recorded, and when it was, if somebody stated that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Recorded by the wall clock.
    pub recorded: Timestamp,
    /// Recorded, since the machine was started.
    pub mono: Duration,
    /// Which start of the machine.
    pub boot: String,
    /// When it was, as stated.
    pub stated: Option<Timestamp>,
}

impl When {
    /// When an event was recorded.
    pub fn of(event: &Event, incident: &IncidentEvent) -> Self {
        Self { recorded: event.at.utc, mono: event.at.mono, boot: incident.boot.clone(), stated: None }
    }

    /// When it was: stated, else recorded.
    pub fn time(&self) -> Timestamp {
        self.stated.unwrap_or(self.recorded)
    }

    /// How long ago it was, in seconds; never less than none.
    pub fn ago(&self, now: &Now) -> u64 {
        let recorded_ago = if !self.boot.is_empty() && self.boot == now.boot {
            signed(now.at.mono) - signed(self.mono)
        } else {
            now.at.utc.as_second() - self.recorded.as_second()
        };
        let earlier = self.stated.map_or(0, |stated| self.recorded.as_second() - stated.as_second());
        u64::try_from(recorded_ago.saturating_add(earlier)).unwrap_or(0)
    }
}

fn signed(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
