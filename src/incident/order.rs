//! One order for the events of an incident and of its runs.
//!
//! Invariant: an event never comes before one that it is known to follow. Within a journal the sequence numbers decide; between
//! an incident and its runs, the last event of each run that an incident's event has *seen*. Only events that neither orders are
//! ordered by clocks, and by monotonic clocks where possible. A run's monotonic clock is aligned once with the machine's, at the
//! moment at which the run joined the incident. The wall clock decides only for a run resumed in a new session, and for another
//! boot. Refuses to know: what the events say.

use crate::ident::{Moment, RunId, Seq};
use jiff::Timestamp;
use std::time::Duration;

/// Sequence number and time of a run's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunMark {
    /// Sequence number in the run's journal.
    pub(super) seq: Seq,
    /// Time of recording; the monotonic clock is the run's.
    pub(super) at: Moment,
}

/// Index of an event in the incident's journal, or in that of one of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventPosition {
    /// Index in the incident's journal.
    Incident(usize),
    /// Index in a run's journal.
    Run {
        /// Index of the run.
        run: usize,
        /// Index of the event among the run's marks.
        event: usize,
    },
}

/// The part of an incident's event that decides its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IncidentMark {
    /// Time of recording; the monotonic clock counts from boot.
    pub(super) at: Moment,
    /// Boot during which it was recorded; empty if not known.
    pub(super) boot_id: String,
    /// Last event of each run that was recorded before it.
    pub(super) seen: Vec<(RunId, Seq)>,
    /// Run whose joining it records.
    pub(super) joined_run: Option<RunId>,
}

/// The part of a run's events that decides their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunMarks {
    /// Id of the run.
    pub(super) run: RunId,
    /// The events in the order of the journal.
    pub(super) marks: Vec<RunMark>,
    /// Index of the event that records the joining, which the incident's journal records at the same moment.
    pub(super) join_index: Option<usize>,
}

/// Puts all events in one order, each with its time by the monotonic clocks, counted from the first event's wall-clock time.
/// These times never go back.
pub(super) fn order_events(incident: &[IncidentMark], runs: &[RunMarks]) -> Vec<(EventPosition, Timestamp)> {
    let mut times: Vec<Vec<i128>> =
        runs.iter().map(|line| align_run_times(&line.marks, find_run_anchor(line, incident))).collect();
    let mut next = vec![0; runs.len()];
    let mut out = Vec::new();
    for (at, event) in incident.iter().enumerate() {
        let limits: Vec<usize> = runs
            .iter()
            .map(|line| {
                let last = event.seen.iter().filter(|(name, _)| *name == line.run).map(|(_, seq)| *seq).max();
                last.map_or(0, |last| line.marks.partition_point(|mark| mark.seq <= last))
            })
            .collect();
        let time = machine_time(event, incident);
        if let Some(time) = time {
            for ((times, next), limit) in times.iter_mut().zip(&next).zip(&limits) {
                correct_run_times(times, *next, *limit, time);
            }
        }
        emit_events_up_to(&times, &mut next, &limits, &mut out);
        out.push((EventPosition::Incident(at), time.unwrap_or_else(|| utc_nanos(event.at.utc))));
    }
    let limits: Vec<usize> = runs.iter().map(|line| line.marks.len()).collect();
    emit_events_up_to(&times, &mut next, &limits, &mut out);
    let mut now = i128::MIN;
    let ordered = out.into_iter().map(|(position, time)| {
        now = now.max(time);
        (position, Timestamp::from_nanosecond(now).unwrap_or_default())
    });
    ordered.collect()
}

/// Time of an incident's event by the machine's monotonic clock, in nanoseconds; `None` if its boot is not known.
fn machine_time(event: &IncidentMark, incident: &[IncidentMark]) -> Option<i128> {
    // Each boot is aligned with the wall clock once, at its first event here.
    let first = incident.iter().find(|first| !event.boot_id.is_empty() && first.boot_id == event.boot_id)?;
    Some(utc_nanos(first.at.utc) - duration_nanos(first.at.mono) + duration_nanos(event.at.mono))
}

/// The one event of a run whose time by the machine's clock is known: index of the mark, and the time in nanoseconds.
fn find_run_anchor(line: &RunMarks, incident: &[IncidentMark]) -> Option<(usize, i128)> {
    let joined = incident.iter().find(|event| event.joined_run.as_ref() == Some(&line.run))?;
    Some((line.join_index?, machine_time(joined, incident)?))
}

/// Shifts a run's times where they contradict an incident's event at `time`. The run's events that it had seen are not later
/// than it, and those that it had not seen are not earlier. Contradictions arise because a run's monotonic clock stands still
/// while the machine sleeps, and because a resumed session is aligned by the wall clock.
fn correct_run_times(times: &mut [i128], next: usize, limit: usize, time: i128) {
    let late = if limit > next { times.get(limit - 1).map_or(0, |last| last - time) } else { 0 };
    if late > 0 {
        times.iter_mut().skip(next).for_each(|event| *event -= late);
    }
    let early = times.get(limit.max(next)).map_or(0, |first| time - first);
    if early > 0 {
        times.iter_mut().skip(limit.max(next)).for_each(|event| *event += early);
    }
}

/// Moves the runs' events up to their limits to the output, the earliest first.
fn emit_events_up_to(times: &[Vec<i128>], next: &mut [usize], limits: &[usize], out: &mut Vec<(EventPosition, i128)>) {
    loop {
        let heads = next.iter().zip(limits).enumerate().filter(|(_, (next, limit))| next < limit);
        let heads = heads.filter_map(|(run, (next, _))| Some((*times.get(run)?.get(*next)?, run)));
        let Some((time, run)) = heads.min() else { return };
        if let Some(at) = next.get_mut(run) {
            out.push((EventPosition::Run { run, event: *at }, time));
            *at += 1;
        }
    }
}

/// Times of a run's events by its monotonic clock, in nanoseconds, aligned at the anchor, else at the first event's wall-clock
/// time. A new session restarts the monotonic clock. It is then aligned by the wall clock, but never set back.
fn align_run_times(marks: &[RunMark], anchor: Option<(usize, i128)>) -> Vec<i128> {
    let begins_anew = |pair: &[RunMark]| matches!(pair, [before, after] if after.at.mono < before.at.mono);
    let mut out: Vec<i128> = Vec::with_capacity(marks.len());
    let mut rest = marks;
    while let Some(first) = rest.first() {
        let length = rest.windows(2).position(begins_anew).map_or(rest.len(), |at| at + 1);
        let (session, later) = rest.split_at(length);
        let anchored = anchor.and_then(|(index, time)| {
            let mark = session.get(index.checked_sub(out.len())?)?;
            Some(time - duration_nanos(mark.at.mono))
        });
        let start = anchored.unwrap_or_else(|| utc_nanos(first.at.utc) - duration_nanos(first.at.mono));
        let before = out.last().copied().unwrap_or(i128::MIN);
        let start = start.max(before.saturating_sub(duration_nanos(first.at.mono)));
        out.extend(session.iter().map(|mark| start + duration_nanos(mark.at.mono)));
        rest = later;
    }
    out
}

fn utc_nanos(at: Timestamp) -> i128 {
    at.as_nanosecond()
}

fn duration_nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> RunId {
        format!("20261124-225103-{name}").parse().unwrap()
    }

    /// Marks one second apart by the monotonic clock, the wall clock off by so many seconds.
    fn marks(from: i64, steps: &[i64]) -> Vec<RunMark> {
        let mark = |(i, step): (u32, &i64)| RunMark {
            seq: Seq(u64::from(i) + 1),
            at: Moment {
                utc: Timestamp::from_second(1_800_000_000 + from + i64::from(i) + step).unwrap(),
                mono: Duration::from_secs(u64::from(i)),
            },
        };
        (0..).zip(steps).map(mark).collect()
    }

    fn told(places: &[(EventPosition, Timestamp)]) -> String {
        assert!(places.is_sorted_by_key(|(_, time)| *time));
        let told = places.iter().map(|(place, _)| match place {
            EventPosition::Incident(at) => format!("i{at}"),
            EventPosition::Run { run, event } => format!("{}{event}", char::from(b'a' + u8::try_from(*run).unwrap())),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    /// An incident's event so many seconds after the first mark, on a wall clock that is off by so many.
    fn incident(seconds: u64, off: i64, seen: Vec<(RunId, Seq)>, joined: Option<&RunId>) -> IncidentMark {
        let whole = i64::try_from(seconds).unwrap();
        let utc = Timestamp::from_second(1_800_000_000 + whole + off).unwrap();
        let at = Moment { utc, mono: Duration::from_secs(5000 + seconds) };
        IncidentMark { at, boot_id: "b00710ad".into(), seen, joined_run: joined.cloned() }
    }

    fn line(run: &RunId, marks: Vec<RunMark>) -> RunMarks {
        RunMarks { run: run.clone(), marks, join_index: None }
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
            let places = order_events(&incident, &runs);
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
                RunMarks { join_index: Some(0), ..line(&a, marks(0, &[0, 0, hour, hour])) },
                RunMarks { join_index: Some(0), ..line(&b, late) },
            ];
            assert_eq!(told(&order_events(&incident, &runs)), "i0 a0 a1 i1 a2 b0 a3 b1", "{hour}");
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
            assert_eq!(told(&order_events(&[], &runs)), "a0 b0 a1 b1 a2 b2 a3 b3", "{hour}");
        }
    }

    #[test]
    fn a_run_taken_up_again_goes_on_where_it_was() {
        let a = run("aaaaaa");
        let mut marks = marks(0, &[0, 0, -3600, -3600]);
        marks[2].at.mono = Duration::ZERO;
        marks[3].at.mono = Duration::from_secs(1);
        let incident = [incident(9, 0, vec![(a.clone(), Seq(3))], None)];
        assert_eq!(told(&order_events(&incident, &[line(&a, marks)])), "a0 a1 a2 i0 a3");
    }

    #[test]
    fn a_run_taken_up_again_after_the_clock_was_set_forward_is_put_right_by_what_the_incident_has_seen() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        for hour in [0, 3600] {
            let mut again = marks(0, &[0, 0, hour, hour, hour, hour]);
            for (mark, seconds) in again.iter_mut().skip(2).zip(0..) {
                mark.at.mono = Duration::from_secs(seconds);
            }
            let incident = [
                incident(0, 0, vec![], Some(&a)),
                incident(0, 0, vec![], Some(&b)),
                incident(3, hour, vec![(a.clone(), Seq(4)), (b.clone(), Seq(4))], None),
            ];
            // Each event of b is half a second after a's; b stays where it is.
            let mut late = marks(0, &[0, 0, hour, hour, hour, hour]);
            late.iter_mut().skip(1).for_each(|mark| mark.at.mono += Duration::from_millis(500));
            late[3].at.mono = Duration::from_secs(3);
            let runs = [
                RunMarks { join_index: Some(0), ..line(&a, again) },
                RunMarks { join_index: Some(0), ..line(&b, late) },
            ];
            let places = told(&order_events(&incident, &runs));
            assert!(places.ends_with("i2 a4 b4 a5 b5"), "{hour}: {places}");
        }
    }

    #[test]
    fn a_run_whose_clock_stood_still_while_the_machine_slept_is_not_told_too_early() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        // It slept for an hour after a's second event; then b joins, and each of its events is half a second after a's.
        let incident = [
            incident(0, 0, vec![], Some(&a)),
            incident(3602, 0, vec![(a.clone(), Seq(2))], None),
            incident(3602, 0, vec![(a.clone(), Seq(2))], Some(&b)),
        ];
        let mut late = marks(3602, &[0, 0]);
        for mark in &mut late {
            mark.at.mono += Duration::from_millis(500);
        }
        let mut early = late.clone();
        early.insert(0, RunMark { seq: Seq(0), at: Moment { mono: Duration::ZERO, ..early[0].at } });
        let runs = [
            RunMarks { join_index: Some(0), ..line(&a, marks(0, &[0, 0, 3600, 3600])) },
            RunMarks { join_index: Some(0), ..line(&b, early) },
        ];
        assert_eq!(told(&order_events(&incident, &runs)), "i0 a0 a1 i1 i2 a2 b0 b1 a3 b2");
    }

    #[test]
    fn a_run_that_joined_when_it_was_taken_up_again_is_set_by_that_session() {
        let (a, b) = (run("aaaaaa"), run("bbbbbb"));
        // a's second session begins where its third event is, on a clock that was set by an hour.
        let mut again = marks(0, &[0, 0, 3600, 3600]);
        again[2].at.mono = Duration::ZERO;
        again[3].at.mono = Duration::from_secs(1);
        let incident = [
            incident(0, 0, vec![], Some(&b)),
            incident(2, 3600, vec![(a.clone(), Seq(2)), (b.clone(), Seq(2))], Some(&a)),
        ];
        let runs = [
            RunMarks { join_index: Some(2), ..line(&a, again) },
            RunMarks { join_index: Some(0), ..line(&b, marks(0, &[0, 0, 3600, 3600])) },
        ];
        assert_eq!(told(&order_events(&incident, &runs)), "i0 a0 b0 a1 b1 i1 a2 b2 a3 b3");
    }
}
