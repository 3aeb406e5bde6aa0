//! A time axis: maps times to horizontal positions in a picture.
//!
//! Invariant: order is kept; a long time without events takes little room and is marked as a cut. Positions are in
//! hundredths of a percent, whole numbers, so that the same times give the same picture everywhere.

use std::time::Duration;

/// Width of the whole axis, in hundredths of a percent.
pub(super) const AXIS_WIDTH: u64 = 10_000;
/// Width of a cut, in hundredths of a percent.
const CUT_WIDTH: u64 = 500;
/// A time is cut only if it is at least this long and at least a quarter of the whole.
const LEAST_CUT: Duration = Duration::from_mins(10);
const LEAST_CUT_FRACTION: u32 = 4;
/// Upper bound that the tick distance is chosen for.
const MOST_TICKS: u64 = 6;
const TICK_SECONDS: [u64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    2_592_000, 31_536_000,
];

/// A segment of the axis: either time runs evenly in it, or it is a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AxisSegment {
    from: Duration,
    to: Duration,
    left: u64,
    width: u64,
    is_cut: bool,
}

/// A time axis, divided into segments.
#[derive(Clone, Debug)]
pub(super) struct TimeAxis {
    segments: Vec<AxisSegment>,
}

impl TimeAxis {
    /// An axis that covers all `spans`, which are times with events, in any order.
    pub(super) fn spanning(mut spans: Vec<(Duration, Duration)>) -> Self {
        spans.sort_unstable();
        let start = spans.first().map_or(Duration::ZERO, |span| span.0);
        let end = spans.iter().map(|span| span.1).max().unwrap_or(start).max(start + Duration::from_secs(1));
        let least = LEAST_CUT.max(end.saturating_sub(start) / LEAST_CUT_FRACTION);
        let mut stretches = Vec::new();
        let (mut from, mut until) = (start, start);
        for (begin, finish) in spans {
            if begin.saturating_sub(until) >= least {
                stretches.push((from, until, false));
                stretches.push((until, begin, true));
                from = begin;
            }
            until = until.max(finish);
        }
        stretches.push((from, end, false));
        Self { segments: lay_out_stretches(&stretches) }
    }

    /// Position of a time, in hundredths of a percent.
    pub(super) fn position_of(&self, at: Duration) -> u64 {
        let Some(part) = self.segments.iter().find(|part| at <= part.to).or(self.segments.last()) else { return 0 };
        part.left
            + proportional_width(
                at.saturating_sub(part.from).min(part.to.saturating_sub(part.from)),
                part.to.saturating_sub(part.from),
                part.width,
            )
    }

    /// The cuts: position, width, and the time left out.
    pub(super) fn cut_positions(&self) -> impl Iterator<Item = (u64, u64, Duration)> + '_ {
        self.segments
            .iter()
            .filter(|part| part.is_cut)
            .map(|part| (part.left, part.width, part.to.saturating_sub(part.from)))
    }

    /// Times to label. `since_midnight` is the time of day at zero, so that ticks fall on whole minutes and hours.
    pub(super) fn tick_times(&self, since_midnight: Duration) -> Vec<Duration> {
        let shown: Duration =
            self.segments.iter().filter(|part| !part.is_cut).map(|part| part.to.saturating_sub(part.from)).sum();
        let step = TICK_SECONDS.into_iter().find(|step| shown.as_secs() / step <= MOST_TICKS).unwrap_or(31_536_000);
        let mut ticks: Vec<Duration> = Vec::new();
        for part in self.segments.iter().filter(|part| !part.is_cut) {
            let first = (part.from + since_midnight).as_nanos().div_ceil(u128::from(step) * 1_000_000_000);
            let first = u64::try_from(first).unwrap_or(u64::MAX).saturating_mul(step);
            let times = (0..=MOST_TICKS + 1).map(|i| Duration::from_secs(first.saturating_add(i * step)));
            ticks.extend(times.filter_map(|time| time.checked_sub(since_midnight)).take_while(|time| *time <= part.to));
        }
        // Labels that overlap are illegible.
        let mut last = None;
        ticks.retain(|tick| {
            let position = self.position_of(*tick);
            let is_free = last.is_none_or(|last| position >= last + AXIS_WIDTH / (2 * MOST_TICKS));
            if is_free {
                last = Some(position);
            }
            is_free
        });
        ticks
    }

    /// True if the labels need seconds to be distinguishable.
    pub(super) fn needs_seconds(&self) -> bool {
        let shown: Duration =
            self.segments.iter().filter(|part| !part.is_cut).map(|part| part.to.saturating_sub(part.from)).sum();
        shown < Duration::from_mins(4)
    }
}

fn lay_out_stretches(stretches: &[(Duration, Duration, bool)]) -> Vec<AxisSegment> {
    let cuts = stretches.iter().filter(|stretch| stretch.2).count() as u64;
    let shown: Duration =
        stretches.iter().filter(|stretch| !stretch.2).map(|stretch| stretch.1.saturating_sub(stretch.0)).sum();
    let room = AXIS_WIDTH.saturating_sub(cuts * CUT_WIDTH);
    let (mut past, mut cuts_past) = (Duration::ZERO, 0);
    let mut parts = Vec::new();
    for &(from, to, is_cut) in stretches {
        let left = proportional_width(past, shown, room) + cuts_past * CUT_WIDTH;
        if is_cut {
            cuts_past += 1;
        } else {
            past += to.saturating_sub(from);
        }
        let right = proportional_width(past, shown, room) + cuts_past * CUT_WIDTH;
        parts.push(AxisSegment { from, to, left, width: right - left, is_cut });
    }
    parts
}

/// Share of `width` that corresponds to `of` within `whole`.
fn proportional_width(of: Duration, whole: Duration, width: u64) -> u64 {
    let whole = whole.as_nanos().max(1);
    u64::try_from(of.as_nanos() * u128::from(width) / whole).unwrap_or(width).min(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: u64) -> Duration {
        Duration::from_mins(minutes)
    }

    #[test]
    fn time_runs_evenly_from_the_left_to_the_right() {
        let axis = TimeAxis::spanning(vec![(minutes(0), minutes(5)), (minutes(9), minutes(10))]);
        assert_eq!([0, 5, 10].map(|m| axis.position_of(minutes(m))), [0, 5_000, 10_000]);
        assert_eq!(axis.cut_positions().count(), 0);
        assert_eq!(axis.tick_times(Duration::from_secs(30)).first(), Some(&Duration::from_secs(90)));
    }

    #[test]
    fn a_night_in_which_nothing_happened_is_cut() {
        let axis = TimeAxis::spanning(vec![(minutes(0), minutes(10)), (minutes(610), minutes(620))]);
        assert_eq!(axis.cut_positions().collect::<Vec<_>>(), [(4_750, 500, minutes(600))]);
        assert_eq!([0, 10, 610, 620].map(|m| axis.position_of(minutes(m))), [0, 4_750, 5_250, 10_000]);
    }

    #[test]
    fn a_moment_has_a_place_too() {
        let axis = TimeAxis::spanning(vec![(minutes(3), minutes(3))]);
        assert_eq!(axis.position_of(minutes(3)), 0);
        assert_eq!(axis.tick_times(Duration::ZERO).len(), 2);
        assert!(TimeAxis::spanning(Vec::new()).tick_times(Duration::ZERO).len() <= 3);
    }
}
