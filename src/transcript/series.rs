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
const SHORTEST_SERIES: usize = 4;
/// The table of a longer series has this many rows, from its beginning and its end.
const MOST_ROWS: usize = 60;
const LAST_LINE_CHARACTERS: usize = 80;

/// One run of the command.
#[derive(Clone, Debug)]
pub(super) struct SeriesEntry {
    seq: Seq,
    /// Time of day, preceded by the date if it is not that of the run's start.
    pub(super) shown_at: String,
    pub(super) tone: Tone,
    pub(super) result: String,
    pub(super) took: Duration,
    /// Last line of the output that is not blank.
    pub(super) last_line: String,
    /// First number in that line, in thousandths.
    value: Option<i64>,
}

/// All runs of one command in a row.
#[derive(Clone, Debug, Default)]
pub(super) struct CommandSeries {
    pub(super) entries: Vec<SeriesEntry>,
    is_sampled: bool,
}

/// Presentation of a command, given the series it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presentation {
    /// With its own text, result and output.
    Full,
    /// As a row; the whole table is shown at this command. Holds the first command of the series.
    Table(Seq),
    /// As a row of a table shown earlier.
    TableRow,
}

/// Collects the series of a run, event by event.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesFinder {
    /// Identity of the command started last, and the first command of its series.
    last_command: Option<(StepId, Option<u32>, CommandSource, String, Seq)>,
    series_by_first: BTreeMap<Seq, CommandSeries>,
    /// First command of the series, for each later command of it.
    first_by_command: BTreeMap<Seq, Seq>,
}

impl SeriesFinder {
    pub(super) fn start_command(&mut self, seq: Seq, at: String, started: &CommandStarted) {
        let is_sampled = matches!(started.source, CommandSource::Sampled(_));
        let time = SeriesEntry {
            seq,
            shown_at: at,
            tone: Tone::Unknown,
            result: "unknown".to_owned(),
            took: Duration::ZERO,
            last_line: String::new(),
            value: None,
        };
        let first = match &self.last_command {
            Some((step, command, source, text, first))
                if (step, command, source, text)
                    == (&started.step, &started.command, &started.source, &started.text)
                    && started.command.is_some() =>
            {
                self.first_by_command.insert(seq, *first);
                *first
            }
            _ => {
                // Too short to be a series: forget it.
                if let Some((.., before)) = &self.last_command
                    && self.series_by_first.get(before).is_some_and(|series| series.entries.len() < SHORTEST_SERIES)
                {
                    for time in self.series_by_first.remove(before).unwrap_or_default().entries {
                        self.first_by_command.remove(&time.seq);
                    }
                }
                seq
            }
        };
        let series = self.series_by_first.entry(first).or_default();
        series.is_sampled = is_sampled;
        series.entries.push(time);
        let CommandStarted { step, command, source, text, .. } = started.clone();
        self.last_command = Some((step, command, source, text, first));
    }

    pub(super) fn finish_command(&mut self, finished: &CommandFinished) {
        let first = self.first_by_command.get(&finished.started).copied().unwrap_or(finished.started);
        let Some(series) = self.series_by_first.get_mut(&first) else { return };
        let Some(time) = series.entries.iter_mut().rev().find(|time| time.seq == finished.started) else { return };
        time.tone = words::outcome_tone(&finished.outcome);
        time.result = words::describe_outcome(finished);
        time.took = Duration::from_nanos(finished.took_ns);
        let printed = String::from_utf8_lossy(finished.output.inline.as_deref().unwrap_or_default()).into_owned();
        let last = printed.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        time.last_line = last.chars().filter(|c| !c.is_control()).take(LAST_LINE_CHARACTERS).collect();
        time.value = first_number(&time.last_line);
    }

    /// Decides how to present a command.
    pub(super) fn presentation_of(&self, command: Seq) -> Presentation {
        let Some(first) = self.first_by_command.get(&command) else { return Presentation::Full };
        let Some(series) = self.series_by_first.get(first).filter(|series| series.entries.len() >= SHORTEST_SERIES)
        else {
            return Presentation::Full;
        };
        let index = series.entries.binary_search_by_key(&command, |time| time.seq).unwrap_or(0);
        match index {
            0 => Presentation::Full,
            _ if index + 1 == series.entries.len() => Presentation::Full,
            1 => Presentation::Table(*first),
            _ => Presentation::TableRow,
        }
    }

    /// The series that starts with this command.
    pub(super) fn series_from(&self, first: Seq) -> Option<&CommandSeries> {
        self.series_by_first.get(&first)
    }
}

impl CommandSeries {
    /// Short description with the number of runs and the times of the first and the last.
    pub(super) fn short_label(&self) -> String {
        let what = if self.is_sampled { "samples" } else { "attempts" };
        let last = self.entries.last().map_or("", |time| time.shown_at.as_str());
        let first = self.entries.first().map_or("", |time| time.shown_at.as_str());
        format!("{} {what}, {first} to {last}", words::group_digits(self.entries.len() as u64))
    }

    /// Rows of the table; a `None` stands for the omitted ones.
    pub(super) fn table_rows(&self) -> impl Iterator<Item = Option<&SeriesEntry>> {
        let count = self.entries.len();
        let is_long = count > MOST_ROWS;
        let half = MOST_ROWS / 2;
        self.entries.iter().enumerate().filter_map(move |(i, time)| {
            if !is_long || i < half || i >= count - half { Some(Some(time)) } else { (i == half).then_some(None) }
        })
    }

    /// Printed values scaled to `0..=most`; none unless every run printed a number and they differ.
    pub(super) fn scaled_values(&self, most: u64) -> Option<Vec<u64>> {
        let values: Vec<i64> = self.entries.iter().map(|time| time.value).collect::<Option<_>>()?;
        let (low, high) = (*values.iter().min()?, *values.iter().max()?);
        let range = u128::from(high.abs_diff(low));
        (range > 0).then(|| {
            let level = |value: &i64| u128::from(value.abs_diff(low)) * u128::from(most) / range;
            values.iter().map(|value| u64::try_from(level(value)).unwrap_or(most)).collect()
        })
    }

    /// Lowest and highest printed value.
    pub(super) fn value_range(&self) -> (String, String) {
        let shown = |value: Option<i64>| value.map_or(String::new(), format_thousandths);
        (
            shown(self.entries.iter().filter_map(|time| time.value).min()),
            shown(self.entries.iter().filter_map(|time| time.value).max()),
        )
    }
}

fn format_thousandths(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, part) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    let text = format!("{sign}{whole}.{part:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The first number in a line, in thousandths.
fn first_number(line: &str) -> Option<i64> {
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
        let found = ["42", "lag: 3.25 s", "-1", "no number", "2026-11-24", ""].map(first_number);
        assert_eq!(found, [Some(42_000), Some(3_250), Some(-1_000), None, Some(2_026_000), None]);
        assert_eq!([1_500, -250, 42_000, 0].map(format_thousandths), ["1.5", "-0.25", "42", "0"]);
    }
}
