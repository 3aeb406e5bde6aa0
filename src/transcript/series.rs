//! Commands that were run repeatedly: retries, conditions waited for, samples of a monitor.
//!
//! Invariant: a short series is shown in full. Of a longer one the first and the last run are shown in full, the others
//! as rows of a table. Refuses to know: why the command was run again.

use super::html::Tone;
use super::words;
use crate::history::{CommandFinished, CommandSource, CommandStarted};
use crate::ident::{Seq, StepId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Shorter series are shown in full.
const LEAST: usize = 4;
/// The table of a longer series has this many rows, from its beginning and its end.
const ROWS: usize = 60;
const SAID_CHARACTERS: usize = 80;

/// One run of the command.
#[derive(Clone, Debug)]
pub(super) struct Time {
    seq: Seq,
    /// Time of day, preceded by the date if it is not that of the run's start.
    pub(super) at: String,
    pub(super) tone: Tone,
    pub(super) result: String,
    pub(super) took: Duration,
    /// Last line of the output that is not blank.
    pub(super) said: String,
    /// First number in that line, in thousandths.
    value: Option<i64>,
}

/// All runs of one command in a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) times: Vec<Time>,
    is_sampled: bool,
}

/// Presentation of a command, given the series it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// With its own text, result and output.
    InFull,
    /// As a row; the whole table is shown at this command. Holds the first command of the series.
    AsTable(Seq),
    /// As a row of a table shown earlier.
    AsRow,
}

/// Collects the series of a run, event by event.
#[derive(Clone, Debug, Default)]
pub(super) struct Finder {
    /// Identity of the command started last, and the first command of its series.
    last: Option<(StepId, Option<u32>, CommandSource, String, Seq)>,
    found: BTreeMap<Seq, Series>,
    /// First command of the series, for each later command of it.
    of: BTreeMap<Seq, Seq>,
}

impl Finder {
    pub(super) fn started(&mut self, seq: Seq, at: String, started: &CommandStarted) {
        let is_sampled = matches!(started.source, CommandSource::Sampled(_));
        let time = Time {
            seq,
            at,
            tone: Tone::Unknown,
            result: "unknown".to_owned(),
            took: Duration::ZERO,
            said: String::new(),
            value: None,
        };
        let first = match &self.last {
            Some((step, command, source, text, first))
                if (step, command, source, text)
                    == (&started.step, &started.command, &started.source, &started.text)
                    && started.command.is_some() =>
            {
                self.of.insert(seq, *first);
                *first
            }
            _ => {
                // Too short to be a series: forget it.
                if let Some((.., before)) = &self.last
                    && self.found.get(before).is_some_and(|series| series.times.len() < LEAST)
                {
                    for time in self.found.remove(before).unwrap_or_default().times {
                        self.of.remove(&time.seq);
                    }
                }
                seq
            }
        };
        let series = self.found.entry(first).or_default();
        series.is_sampled = is_sampled;
        series.times.push(time);
        let CommandStarted { step, command, source, text, .. } = started.clone();
        self.last = Some((step, command, source, text, first));
    }

    pub(super) fn finished(&mut self, finished: &CommandFinished) {
        let first = self.of.get(&finished.started).copied().unwrap_or(finished.started);
        let Some(series) = self.found.get_mut(&first) else { return };
        let Some(time) = series.times.iter_mut().rev().find(|time| time.seq == finished.started) else { return };
        time.tone = words::tone(&finished.outcome);
        time.result = words::outcome(finished);
        time.took = Duration::from_nanos(finished.took_ns);
        let printed = String::from_utf8_lossy(finished.output.inline.as_deref().unwrap_or_default()).into_owned();
        let last = printed.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        time.said = last.chars().filter(|c| !c.is_control()).take(SAID_CHARACTERS).collect();
        time.value = number(&time.said);
    }

    /// Decides how to present a command.
    pub(super) fn told(&self, command: Seq) -> Told {
        let Some(first) = self.of.get(&command) else { return Told::InFull };
        let Some(series) = self.found.get(first).filter(|series| series.times.len() >= LEAST) else {
            return Told::InFull;
        };
        let place = series.times.binary_search_by_key(&command, |time| time.seq).unwrap_or(0);
        match place {
            0 => Told::InFull,
            _ if place + 1 == series.times.len() => Told::InFull,
            1 => Told::AsTable(*first),
            _ => Told::AsRow,
        }
    }

    /// The series that starts with this command.
    pub(super) fn series(&self, first: Seq) -> Option<&Series> {
        self.found.get(&first)
    }
}

impl Series {
    /// Short description with the number of runs and the times of the first and the last.
    pub(super) fn label(&self) -> String {
        let what = if self.is_sampled { "samples" } else { "attempts" };
        let last = self.times.last().map_or("", |time| time.at.as_str());
        let first = self.times.first().map_or("", |time| time.at.as_str());
        format!("{} {what}, {first} to {last}", words::grouped(self.times.len() as u64))
    }

    /// Rows of the table; a `None` stands for the omitted ones.
    pub(super) fn rows(&self) -> impl Iterator<Item = Option<&Time>> {
        let count = self.times.len();
        let is_long = count > ROWS;
        let half = ROWS / 2;
        self.times.iter().enumerate().filter_map(move |(i, time)| {
            if !is_long || i < half || i >= count - half { Some(Some(time)) } else { (i == half).then_some(None) }
        })
    }

    /// Printed values scaled to `0..=most`; none unless every run printed a number and they differ.
    pub(super) fn levels(&self, most: u64) -> Option<Vec<u64>> {
        let values: Vec<i64> = self.times.iter().map(|time| time.value).collect::<Option<_>>()?;
        let (low, high) = (*values.iter().min()?, *values.iter().max()?);
        let range = u128::from(high.abs_diff(low));
        (range > 0).then(|| {
            let level = |value: &i64| u128::from(value.abs_diff(low)) * u128::from(most) / range;
            values.iter().map(|value| u64::try_from(level(value)).unwrap_or(most)).collect()
        })
    }

    /// Lowest and highest printed value.
    pub(super) fn range(&self) -> (String, String) {
        let shown = |value: Option<i64>| value.map_or(String::new(), decimal);
        (
            shown(self.times.iter().filter_map(|time| time.value).min()),
            shown(self.times.iter().filter_map(|time| time.value).max()),
        )
    }
}

fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, part) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    let text = format!("{sign}{whole}.{part:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The first number in a line, in thousandths.
fn number(line: &str) -> Option<i64> {
    let start = line.find(|c: char| c.is_ascii_digit())?;
    let is_negative =
        line.get(..start).is_some_and(|before| before.ends_with('-') && before.trim_end_matches('-').is_empty());
    let rest = line.get(start..)?;
    let whole: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let after = rest.get(whole.len()..).unwrap_or_default();
    let part: String = after
        .strip_prefix('.')
        .map_or(String::new(), |part| part.chars().take_while(char::is_ascii_digit).take(3).collect());
    let value = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(format!("{part:0<3}").parse().ok()?)?;
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_what_was_printed() {
        let found = ["42", "lag: 3.25 s", "-1", "no number", "2026-11-24", ""].map(number);
        assert_eq!(found, [Some(42_000), Some(3_250), Some(-1_000), None, Some(2_026_000), None]);
        assert_eq!([1_500, -250, 42_000, 0].map(decimal), ["1.5", "-0.25", "42", "0"]);
    }
}
