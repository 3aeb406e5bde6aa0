//! Time since the start of a run at each event, whatever the wall clock did.
//!
//! Invariant: never runs backwards. Within one recorder process its monotonic clock counts; between two, only the wall
//! clock is available. Refuses to know: how times are shown.

use crate::history::{Event, Fact};
use crate::ident::Moment;
use std::time::Duration;

/// Differences between the clocks up to this many seconds are ignored, because the wall clock is slewed all the time.
const STEP_SECONDS: i64 = 2;

/// Sums up the time between consecutive events.
#[derive(Clone, Debug, Default)]
pub(super) struct ElapsedClock {
    last_moment: Option<Moment>,
    total: Duration,
    /// Seconds by which the wall clock was set just before the last event; none if it ran normally.
    pub(super) clock_step: Option<i64>,
}

impl ElapsedClock {
    /// Advances to the next event and returns the time since the first.
    pub(super) fn advance_to(&mut self, event: &Event) -> Duration {
        let at = event.at;
        self.clock_step = None;
        if let Some(last) = self.last_moment.replace(at) {
            let wall = at.utc.duration_since(last.utc);
            let own = at.mono.checked_sub(last.mono);
            // Another recorder may have taken over, whose monotonic clock is not comparable.
            let may_be_new = matches!(event.fact, Fact::ShellStarted(_) | Fact::RunResumed(_));
            let wall_time = Duration::try_from(wall).unwrap_or_default();
            self.total += match own {
                Some(own) if may_be_new => own.max(wall_time),
                Some(own) => own,
                None => wall_time,
            };
            if let Some(own) = own.filter(|_| !may_be_new) {
                let step = wall.as_secs().saturating_sub(i64::try_from(own.as_secs()).unwrap_or(i64::MAX));
                self.clock_step = Some(step).filter(|step| step.abs() > STEP_SECONDS);
            }
        }
        self.total
    }
}
