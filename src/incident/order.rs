//! One order for the events of an incident and of its runs.
//!
//! Invariant: an event never comes before one that it is known to follow: within a journal the numbers say so, between an
//! incident and its runs what the incident's events have *seen*. Clocks only order what nothing else does, and then clocks that
//! nobody can set: each run's own, which is set once, by the machine's, at the moment at which the run joined the incident. The
//! wall clock is left for a run that was taken up again in a new session, and for another start of the machine. Refuses to know:
//! what the events say.

use crate::ident::{Moment, RunId, Seq};
use jiff::Timestamp;
use std::time::Duration;

/// An event's place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number in its journal.
    pub(super) seq: Seq,
    /// Its time.
    pub(super) at: Moment,
}

/// Where an event is: in the incident's journal, or in that of the run at this place; and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
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

/// An incident's event, as far as it orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IncidentMark {
    /// Its time; the monotonic clock is the machine's.
    pub(super) at: Moment,
    /// Which start of the machine; empty where that is not known.
    pub(super) boot: String,
    /// The last event of each run that came before it.
    pub(super) seen: Vec<(RunId, Seq)>,
    /// The run that joined with it.
    pub(super) joined: Option<RunId>,
}

/// A run's events, as far as they order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunMarks {
    /// The run.
    pub(super) run: RunId,
    /// Its events, in their own order.
    pub(super) marks: Vec<Mark>,
    /// The place of the event that says that it joined: the same moment as in the incident's record.
    pub(super) joined: Option<usize>,
}

/// Orders them.
pub(super) fn order(incident: &[IncidentMark], runs: &[RunMarks]) -> Vec<Place> {
    let times: Vec<Vec<i128>> = runs.iter().map(|line| steady(&line.marks, anchor(line, incident))).collect();
    let mut next = vec![0; runs.len()];
    let mut out = Vec::new();
    for (at, told) in incident.iter().enumerate() {
        let limits: Vec<usize> = runs
            .iter()
            .map(|line| {
                let last = told.seen.iter().filter(|(name, _)| *name == line.run).map(|(_, seq)| *seq).max();
                last.map_or(0, |last| line.marks.partition_point(|mark| mark.seq <= last))
            })
            .collect();
        take(&times, &mut next, &limits, &mut out);
        out.push(Place::Incident(at));
    }
    let limits: Vec<usize> = runs.iter().map(|line| line.marks.len()).collect();
    take(&times, &mut next, &limits, &mut out);
    out
}

/// An event of a run whose time is known by the machine's clock: its place, and the time.
fn anchor(line: &RunMarks, incident: &[IncidentMark]) -> Option<(usize, i128)> {
    let joined = incident.iter().find(|told| told.joined.as_ref() == Some(&line.run) && !told.boot.is_empty())?;
    // Every start of the machine has one wall clock, that of its first event here.
    let first = incident.iter().find(|told| told.boot == joined.boot)?;
    Some((line.joined?, utc(first.at.utc) - nanos(first.at.mono) + nanos(joined.at.mono)))
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

/// Times that go on as the monotonic clock does, in nanoseconds: from the anchor on, else from the first event's wall clock. A monotonic
/// clock that begins anew (the run was taken up again in a new session) is set by the wall clock, but never back.
fn steady(marks: &[Mark], anchor: Option<(usize, i128)>) -> Vec<i128> {
    let begins_anew = |pair: &[Mark]| matches!(pair, [before, after] if after.at.mono < before.at.mono);
    let mut out: Vec<i128> = Vec::with_capacity(marks.len());
    let mut rest = marks;
    while let Some(first) = rest.first() {
        let length = rest.windows(2).position(begins_anew).map_or(rest.len(), |at| at + 1);
        let (session, later) = rest.split_at(length);
        let anchored = anchor.and_then(|(place, time)| {
            let mark = session.get(place.checked_sub(out.len())?)?;
            Some(time - nanos(mark.at.mono))
        });
        let start = anchored.unwrap_or_else(|| utc(first.at.utc) - nanos(first.at.mono));
        let before = out.last().copied().unwrap_or(i128::MIN);
        let start = start.max(before.saturating_sub(nanos(first.at.mono)));
        out.extend(session.iter().map(|mark| start + nanos(mark.at.mono)));
        rest = later;
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

    /// An incident's event so many seconds after the first mark, on a wall clock that is off by so many.
    fn incident(seconds: u64, off: i64, seen: Vec<(RunId, Seq)>, joined: Option<&RunId>) -> IncidentMark {
        let whole = i64::try_from(seconds).unwrap();
        let utc = Timestamp::from_second(1_800_000_000 + whole + off).unwrap();
        let at = Moment { utc, mono: Duration::from_secs(5000 + seconds) };
        IncidentMark { at, boot: "b00710ad".into(), seen, joined: joined.cloned() }
    }

    fn line(run: &RunId, marks: Vec<Mark>) -> RunMarks {
        RunMarks { run: run.clone(), marks, joined: None }
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
        let incident: Vec<IncidentMark> = seen.into_iter().map(|seen| incident(0, 0, seen, None)).collect();
        let wanted = "i0 i1 a0 a1 i2 a2 a3 b0 i3 b1";
        for hour in [0, 3600, -3600] {
            let runs = [line(&a, marks(0, &[0, 0, hour, hour])), line(&b, marks(10, &[hour, hour]))];
            let places = order(&incident, &runs);
            // Nothing says when `b` joined, so its one event before the last mark may move between the same two marks.
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
    fn a_run_that_began_after_the_clock_was_set_goes_on_beside_one_that_began_before() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        for hour in [0, 3600, -3600] {
            let incident = [incident(0, 0, vec![], Some(&a)), incident(2, hour, vec![(a.clone(), Seq(2))], Some(&b))];
            // a's events are one second apart; b begins with its third, half a second later.
            let mut late = marks(2, &[hour, hour]);
            for mark in &mut late {
                mark.at.utc += Duration::from_millis(500);
            }
            let mut incident = incident.to_vec();
            incident[1].at.mono += Duration::from_millis(500);
            let runs = [
                RunMarks { joined: Some(0), ..line(&a, marks(0, &[0, 0, hour, hour])) },
                RunMarks { joined: Some(0), ..line(&b, late) },
            ];
            assert_eq!(told(&order(&incident, &runs)), "i0 a0 a1 i1 a2 b0 a3 b1", "{hour}");
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
            let runs = [line(&a, marks(0, &[0, 0, hour, hour])), line(&b, late)];
            assert_eq!(told(&order(&[], &runs)), "a0 b0 a1 b1 a2 b2 a3 b3", "{hour}");
        }
    }

    #[test]
    fn a_run_taken_up_again_goes_on_where_it_was() {
        let a = run("aaaaaa");
        let mut marks = marks(0, &[0, 0, -3600, -3600]);
        marks[2].at.mono = Duration::ZERO;
        marks[3].at.mono = Duration::from_secs(1);
        let incident = [incident(9, 0, vec![(a.clone(), Seq(3))], None)];
        assert_eq!(told(&order(&incident, &[line(&a, marks)])), "a0 a1 a2 i0 a3");
    }

    #[test]
    fn a_run_that_joined_when_it_was_taken_up_again_is_set_by_that_session() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        // a's second session begins where its third event is, on a clock that was set by an hour.
        let mut again = marks(0, &[0, 0, 3600, 3600]);
        again[2].at.mono = Duration::ZERO;
        again[3].at.mono = Duration::from_secs(1);
        let incident = [incident(0, 0, vec![], Some(&b)), incident(2, 3600, vec![(a.clone(), Seq(2))], Some(&a))];
        let runs = [
            RunMarks { joined: Some(2), ..line(&a, again) },
            RunMarks { joined: Some(0), ..line(&b, marks(0, &[0, 0, 3600, 3600])) },
        ];
        assert_eq!(told(&order(&incident, &runs)), "i0 a0 a1 i1 b0 b1 a2 b2 a3 b3");
    }
}
