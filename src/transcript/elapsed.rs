//! How far a run had come at each event, whatever the wall clock did.
//!
//! Invariant: never runs back. Within one recording process its own clock counts; between two of them only the wall clock is
//! there. Refuses to know: how it is shown.

use crate::history::{Event, Fact};
use crate::ident::Moment;
use std::time::Duration;

/// A difference this small between the two clocks is no step: the wall clock is slewed all the time.
const STEP_SECONDS: i64 = 2;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Elapsed {
    last: Option<Moment>,
    total: Duration,
    /// How far the wall clock was set, in seconds, just before the last event; none when it ran on.
    pub(super) step: Option<i64>,
}

impl Elapsed {
    /// Takes the next event, and says how long after the first it was.
    pub(super) fn take(&mut self, event: &Event) -> Duration {
        let at = event.at;
        self.step = None;
        if let Some(last) = self.last.replace(at) {
            let wall = at.utc.duration_since(last.utc);
            let own = at.mono.checked_sub(last.mono);
            // Here another process may have begun to record, with a clock that begins anew.
            let may_be_new = matches!(event.fact, Fact::ShellStarted(_) | Fact::RunResumed(_));
            let walked = Duration::try_from(wall).unwrap_or_default();
            self.total += match own {
                Some(own) if may_be_new => own.max(walked),
                Some(own) => own,
                None => walked,
            };
            if let Some(own) = own.filter(|_| !may_be_new) {
                let step = wall.as_secs().saturating_sub(i64::try_from(own.as_secs()).unwrap_or(i64::MAX));
                self.step = Some(step).filter(|step| step.abs() > STEP_SECONDS);
            }
        }
        self.total
    }
}
