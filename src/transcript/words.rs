//! Wording of outcomes, decisions, times, durations and sizes.
//!
//! Invariant: a success is `exit 0`, never "verified"; an outcome that was not observed is *unknown*; times are UTC.

use super::html::Tone;
use crate::history::{CommandFinished, Decision, InputOrigin, Mode, Outcome, RunResult, StepResult};
use jiff::Timestamp;
use std::time::Duration;

/// Describes a command's outcome without markup: `exit 1 — no match`.
pub(super) fn describe_outcome(finished: &CommandFinished) -> String {
    let exit = finished.status.map_or("no exit status".to_owned(), |status| format!("exit {status}"));
    let members = &finished.pipestatus;
    let pipeline = if members.len() > 1 && members.iter().any(|&status| status != 0) {
        let list: Vec<_> = members.iter().map(ToString::to_string).collect();
        format!(" (pipeline {})", list.join(" "))
    } else {
        String::new()
    };
    match &finished.outcome {
        Outcome::Succeeded => format!("{exit}{pipeline}"),
        Outcome::Negative(meaning) => format!("{exit} — {meaning}"),
        Outcome::Failed => format!("failed: {exit}{pipeline}"),
        Outcome::Interrupted => format!("interrupted: {exit}"),
        Outcome::EndedByOperator => "ended by operator".to_owned(),
        Outcome::EndedByTime => "ended by time".to_owned(),
        Outcome::TimedOut => "timed out".to_owned(),
        Outcome::Suspended => "suspended".to_owned(),
        Outcome::Exited => format!("called exit: {exit}"),
        Outcome::ShellEnded => "the shell ended".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
    }
}

/// Label under which an outcome is listed as a deviation, if it is one.
pub(super) fn outcome_deviation(outcome: &Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Succeeded | Outcome::EndedByOperator | Outcome::EndedByTime => return None,
        Outcome::Negative(_) => "Negative",
        Outcome::Failed => "Failed",
        Outcome::Interrupted => "Interrupted",
        Outcome::TimedOut => "Timed out",
        Outcome::Suspended => "Suspended",
        Outcome::Exited => "Called exit",
        Outcome::ShellEnded => "Shell ended",
        Outcome::Unknown => "Unknown",
    })
}

/// Describes a decision about `what`; none for decisions that a command or the run's end implies.
pub(super) fn describe_decision(decision: Decision, what: &str) -> Option<String> {
    Some(match decision {
        Decision::Skip => format!("Skipped {what}"),
        Decision::GoOn => format!("Went on past {what}"),
        Decision::Done => format!("Confirmed {what} as done"),
        Decision::Back => "Went back".to_owned(),
        Decision::Decline => format!("Declined {what}"),
        Decision::RollBack => "Rolled back what was done".to_owned(),
        Decision::Stop
        | Decision::Run
        | Decision::RunRest
        | Decision::Edit
        | Decision::Retry
        | Decision::Own
        | Decision::Until
        | Decision::Sample => return None,
    })
}

/// Names the subject of a decision: `command 2`, `the step`.
pub(super) fn decision_subject(command: Option<u32>) -> String {
    command.map_or("the step".to_owned(), |command| format!("command {}", u64::from(command) + 1))
}

/// Notice for the lines omitted between the head and the tail of an output.
pub(super) fn describe_left_out(lines: Option<u64>) -> String {
    lines.map_or_else(
        || "the middle is left out".to_owned(),
        |lines| format!("{} left out", format_count(lines, "line", "lines")),
    )
}

pub(super) fn describe_run_result(result: RunResult) -> &'static str {
    match result {
        RunResult::Completed => "completed",
        RunResult::Failed => "failed",
        RunResult::Stopped => "stopped",
        RunResult::Interrupted => "interrupted",
        RunResult::Abandoned => "abandoned",
    }
}

/// Tone of a run's result.
pub(super) fn run_result_tone(result: RunResult) -> Tone {
    match result {
        RunResult::Completed => Tone::Good,
        RunResult::Failed => Tone::Bad,
        RunResult::Stopped | RunResult::Interrupted | RunResult::Abandoned => Tone::Deviation,
    }
}

/// Tone of a command's outcome.
pub(crate) fn outcome_tone(outcome: &Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Good,
        Outcome::EndedByOperator | Outcome::EndedByTime => Tone::Neutral,
        Outcome::Negative(_) => Tone::Negative,
        Outcome::Unknown => Tone::Unknown,
        Outcome::Failed
        | Outcome::Interrupted
        | Outcome::TimedOut
        | Outcome::Suspended
        | Outcome::Exited
        | Outcome::ShellEnded => Tone::Bad,
    }
}

pub(super) fn describe_step_result(result: StepResult) -> &'static str {
    match result {
        StepResult::Done => "done",
        StepResult::DoneWithFailures => "done with failures",
        StepResult::Skipped => "skipped",
        StepResult::PartlyRun => "partly run",
        StepResult::Failed => "failed",
    }
}

/// Short words for a recorded level of risk.
pub(super) fn describe_level(level: u32) -> &'static str {
    match level {
        0 => "reads",
        1 => "changes",
        2 => "destroys or stops",
        _ => "cannot be undone",
    }
}

pub(super) fn describe_origin(origin: InputOrigin) -> &'static str {
    match origin {
        InputOrigin::Flag => "given at the start",
        InputOrigin::Prompt => "typed",
        InputOrigin::Default => "the document's default, confirmed",
        InputOrigin::Listing => "taken from a listing",
        InputOrigin::Command => "fetched by a command",
    }
}

pub(super) fn describe_mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Attended => "attended",
        Mode::Unattended => "unattended",
    }
}

/// Formats the time of day in UTC as `22:51:03`.
pub(super) fn format_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// Formats the date in UTC as `2026-11-24`.
pub(super) fn format_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Formats the time of day, preceded by the date if it differs from that of `first`.
pub(super) fn format_day_and_time(first: Option<Timestamp>, at: Timestamp) -> String {
    let day = format_date(at);
    if first.is_none_or(|first| format_date(first) == day) {
        format_time(at)
    } else {
        format!("{day} {}", format_time(at))
    }
}

/// Formats a duration: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(super) fn format_duration(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    match seconds {
        0 if millis < 100 => format!("{millis} ms"),
        0..10 => format!("{seconds}.{} s", millis / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Describes by how much a clock was set: `back by 1 h 00 min`.
pub(super) fn describe_clock_step(step_seconds: i64) -> String {
    let by = format_duration(Duration::from_secs(step_seconds.unsigned_abs()));
    format!("{} by {by}", if step_seconds < 0 { "back" } else { "forward" })
}

/// Formats the time since the start: `0:09`, `12:34`, `1:02:03`.
pub(super) fn format_elapsed(since_start: Duration) -> String {
    let seconds = since_start.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Formats a number with its noun: `1 line`, `1,234 lines`.
pub(super) fn format_count(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", group_digits(number), if number == 1 { singular } else { plural })
}

pub(super) fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a size in bytes: `812 bytes`, `12.5 KiB`, `1.0 GiB`.
pub(super) fn format_size(bytes: u64) -> String {
    for (unit, name) in [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format_count(bytes, "byte", "bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_well() {
        let of = |millis| format_duration(Duration::from_millis(millis));
        assert_eq!(
            [of(7), of(412), of(9_999), of(12_345), of(185_000), of(3_725_000)],
            ["7 ms", "0.4 s", "9.9 s", "12 s", "3 min 05 s", "1 h 02 min"]
        );
        assert_eq!(
            [format_size(1), format_size(812), format_size(12_800), format_size(1 << 30)],
            ["1 byte", "812 bytes", "12.5 KiB", "1.0 GiB"]
        );
        assert_eq!(format_count(1_234_567, "line", "lines"), "1,234,567 lines");
    }
}
