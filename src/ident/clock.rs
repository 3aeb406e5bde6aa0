//! The one source of time.
//!
//! Invariant: `mono` never goes back within a process. Refuses to know: time zones; times are UTC until display.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// One reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time, which may jump. For people, never for order.
    pub utc: Timestamp,
    /// Monotonic time since the clock was started, for durations.
    pub mono: Duration,
}

/// A source of time.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Moment;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts a clock whose monotonic time begins at zero.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the machine's clock")]
    pub fn start_now() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the machine's clock")]
    fn now(&self) -> Moment {
        Moment { utc: Timestamp::now(), mono: Instant::now().duration_since(self.start) }
    }
}
