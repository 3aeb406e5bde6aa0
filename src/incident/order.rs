//! One order for the events of an incident and of its runs.
//!
//! Invariant: an event never comes before one that it is known to follow: within a journal the numbers say so, between an
//! incident and its runs what the incident's events have *seen*. Clocks only order what nothing else does, and then by
//! each run's own monotonic clock, so that setting the wall clock moves nothing. Refuses to know: what the events say.

use crate::ident::{Moment, RunId, Seq};
use jiff::Timestamp;
use std::time::Duration;

/// An event's place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number in its journal.
    pub seq: Seq,
    /// Its time.
    pub at: Moment,
}

/// Where an event is: in the incident's journal, or in that of the run at this place; and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the incident's.
    Incident(usize),
    /// In a run's.
    Run {
        /// The run's place among the runs.
        run: usize,
        /// The event's place among its marks.
        event: usize,
    },
}

/// Orders them. `incident` holds for each event what it has seen; the runs' marks are in their own order.
pub fn order(incident: &[Vec<(RunId, Seq)>], runs: &[(RunId, Vec<Mark>)]) -> Vec<Place> {
    let times: Vec<Vec<i128>> = runs.iter().map(|(_, marks)| steady(marks)).collect();
    let mut next = vec![0; runs.len()];
    let mut out = Vec::new();
    for (at, seen) in incident.iter().enumerate() {
        let limits: Vec<usize> = runs
            .iter()
            .map(|(run, marks)| {
                let last = seen.iter().filter(|(name, _)| name == run).map(|(_, seq)| *seq).max();
                last.map_or(0, |last| marks.partition_point(|mark| mark.seq <= last))
            })
            .collect();
        take(&times, &mut next, &limits, &mut out);
        out.push(Place::Incident(at));
    }
    let limits: Vec<usize> = runs.iter().map(|(_, marks)| marks.len()).collect();
    take(&times, &mut next, &limits, &mut out);
    out
}

/// Takes the runs' events up to their limits, the earliest first.
fn take(times: &[Vec<i128>], next: &mut [usize], limits: &[usize], out: &mut Vec<Place>) {
    loop {
        let heads = next.iter().zip(limits).enumerate().filter(|(_, (next, limit))| next < limit);
        let heads = heads.filter_map(|(run, (next, _))| Some((*times.get(run)?.get(*next)?, run)));
        let Some((_, run)) = heads.min() else { return };
        if let Some(at) = next.get_mut(run) {
            out.push(Place::Run { run, event: *at });
            *at += 1;
        }
    }
}

/// Times that go on as the monotonic clock does from the first event's wall clock, in nanoseconds. A monotonic clock that
/// begins anew (the run was taken up again in a new session) is set by the wall clock, but never back.
fn steady(marks: &[Mark]) -> Vec<i128> {
    let mut out: Vec<i128> = Vec::with_capacity(marks.len());
    let mut base: Option<(i128, Duration)> = None;
    for mark in marks {
        let before = out.last().copied().unwrap_or(i128::MIN);
        let time = match base {
            Some((start, last)) if mark.at.mono >= last => {
                base = Some((start, mark.at.mono));
                start + nanos(mark.at.mono)
            }
            _ => {
                let start = utc(mark.at.utc).max(before) - nanos(mark.at.mono);
                base = Some((start, mark.at.mono));
                start + nanos(mark.at.mono)
            }
        };
        out.push(time.max(before));
    }
    out
}

fn utc(at: Timestamp) -> i128 {
    at.as_nanosecond()
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> RunId {
        format!("20261124-225103-{name}").parse().unwrap()
    }

    /// Marks one second apart by the monotonic clock, the wall clock off by so many seconds.
    fn marks(from: i64, steps: &[i64]) -> Vec<Mark> {
        let mark = |(i, step): (u32, &i64)| Mark {
            seq: Seq(u64::from(i) + 1),
            at: Moment {
                utc: Timestamp::from_second(1_800_000_000 + from + i64::from(i) + step).unwrap(),
                mono: Duration::from_secs(u64::from(i)),
            },
        };
        (0..).zip(steps).map(mark).collect()
    }

    fn told(places: &[Place]) -> String {
        let told = places.iter().map(|place| match place {
            Place::Incident(at) => format!("i{at}"),
            Place::Run { run, event } => format!("{}{event}", char::from(b'a' + u8::try_from(*run).unwrap())),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_an_incident_has_seen_comes_before_it_whatever_the_clocks_say() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        let seen = [
            vec![],
            vec![(a.clone(), Seq(0))],
            vec![(a.clone(), Seq(2))],
            vec![(a.clone(), Seq(4)), (b.clone(), Seq(1))],
        ];
        let wanted = "i0 i1 a0 a1 i2 a2 a3 b0 i3 b1";
        for hour in [0, 3600, -3600] {
            let runs = [(a.clone(), marks(0, &[0, 0, hour, hour])), (b.clone(), marks(10, &[hour, hour]))];
            let places = order(&seen, &runs);
            // Only `b`, which nothing but the clock orders among `a`'s last two, may move between the same two marks.
            let of =
                |name: char| told(&places).split(' ').filter(|p| p.starts_with(name)).collect::<Vec<_>>().join(" ");
            assert_eq!(of('a'), "a0 a1 a2 a3");
            assert_eq!(of('i'), "i0 i1 i2 i3");
            if hour >= 0 {
                assert_eq!(told(&places), wanted, "{hour}");
            }
        }
    }

    #[test]
    fn two_runs_at_once_keep_their_order_when_the_wall_clock_is_set() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        for hour in [0, 3600, -3600] {
            // Both began before the clock was set; each event of b is half a second after a's.
            let mut late = marks(0, &[0, 0, hour, hour]);
            for mark in &mut late {
                mark.at.utc += Duration::from_millis(500);
            }
            let runs = [(a.clone(), marks(0, &[0, 0, hour, hour])), (b.clone(), late)];
            assert_eq!(told(&order(&[], &runs)), "a0 b0 a1 b1 a2 b2 a3 b3", "{hour}");
        }
    }

    #[test]
    fn a_run_taken_up_again_goes_on_where_it_was() {
        let a = run("aaaaaa");
        let mut marks = marks(0, &[0, 0, -3600, -3600]);
        marks[2].at.mono = Duration::ZERO;
        marks[3].at.mono = Duration::from_secs(1);
        assert_eq!(told(&order(&[vec![(a.clone(), Seq(3))]], &[(a, marks)])), "a0 a1 a2 i0 a3");
    }
}
