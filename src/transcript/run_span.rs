//! The extent of a run: how many events it has, when it began and ended, and where its clock was set.
//!
//! Invariant: durations come from the recorder's own clock, never from the wall clock alone. Refuses to know: what happened.

use super::elapsed::ElapsedClock;
use crate::history::Event;
use crate::ident::Seq;
use jiff::Timestamp;
use std::time::Duration;

/// Further clock steps are not listed.
const CLOCK_STEPS: usize = 20;

/// Number and times of a run's events so far.
#[derive(Debug, Default)]
pub(super) struct RunSpan {
    pub(super) events: u64,
    pub(super) first_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
    /// Time between the first event and the last.
    pub(super) took: Duration,
    /// Steps of the wall clock in seconds, each with the event that follows it.
    pub(super) clock_steps: Vec<(Seq, i64)>,
    elapsed: ElapsedClock,
}

impl RunSpan {
    /// Extends the span by the next event.
    pub(super) fn extend_to(&mut self, event: &Event) {
        self.events += 1;
        self.first_at.get_or_insert(event.at.utc);
        self.last_at = Some(event.at.utc);
        self.took = self.elapsed.advance_to(event);
        if let Some(step) = self.elapsed.clock_step.filter(|_| self.clock_steps.len() < CLOCK_STEPS) {
            self.clock_steps.push((event.seq, step));
        }
    }
}
