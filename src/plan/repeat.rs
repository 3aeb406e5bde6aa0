//! Attributes that make commands run again: retries, a condition to wait for, samples over time.
//!
//! Invariant: a malformed attribute counts as absent and becomes a finding; the condition is a command like any other. Refuses to
//! know: outcomes of commands.

use super::command::Command;
use super::duration::{parse_duration, spell_duration};
use crate::document::{Attributes, DocumentFinding, Runbook};
use std::time::Duration;

/// Tries of a condition when the document sets none: five minutes at the default interval.
const UNTIL_TIMES: u32 = 60;
/// Time between two tries when the document sets none.
const EVERY: Duration = Duration::from_secs(5);
/// Largest number of tries; more is taken for a typing mistake.
const MOST_TIMES: u32 = 10_000;

/// How a step's commands run again without anybody asking.
#[derive(Clone, Debug, Default)]
pub struct Repeat {
    /// `retry=N`: run a command again if it did not succeed.
    pub retry: Option<Retry>,
    /// `until=COMMAND`: after the last command succeeded, poll this command until it succeeds.
    pub until: Option<Box<Command>>,
    /// `every=TIME`: time between two tries, where the document sets it.
    pub every: Option<Duration>,
    /// `monitor=TIME`: run the command repeatedly; each run is a sample.
    pub monitor: Option<Monitor>,
}

/// Number and interval of further tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries after the first one.
    pub times: u32,
    /// Wait before each try.
    pub every: Duration,
}

/// Samples of one command over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Time from the first sample to the end.
    pub lasts: Duration,
    /// Interval between the starts of two samples.
    pub every: Duration,
}

impl Repeat {
    /// True if each command runs once and nothing follows.
    pub fn is_once(&self) -> bool {
        self.retry.is_none() && self.until.is_none() && self.monitor.is_none()
    }

    /// Number and interval of the condition's tries.
    pub fn polling_tries(&self) -> Retry {
        self.retry.unwrap_or(Retry { times: UNTIL_TIMES, every: self.every.unwrap_or(EVERY) })
    }

    /// The repetition in words for the operator, one line each.
    pub fn describe_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match (&self.until, self.retry) {
            (Some(until), _) => {
                let Retry { times, every } = self.polling_tries();
                lines.push(format!(
                    "then waits until `{}` succeeds: every {}, at most {}",
                    until.text,
                    spell_duration(every),
                    count_times(times)
                ));
            }
            (None, Some(Retry { times, every })) => {
                let times = count_times(times);
                lines.push(format!("when it fails, runs again after {}, at most {times}", spell_duration(every)));
            }
            (None, None) => {}
        }
        if let Some(Monitor { lasts, every }) = self.monitor {
            lines.push(format!("a monitor: runs every {} for {}", spell_duration(every), spell_duration(lasts)));
        }
        lines
    }
}

fn count_times(times: u32) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// Reads the repetition of one step from its cell's attributes. The cell begins on `line`, the step has `commands` commands,
/// and `is_last` is true if no step of the cell follows. Mistakes become findings.
pub(super) fn parse_repeat(
    attributes: &Attributes,
    runbook: &Runbook,
    line: u32,
    commands: usize,
    is_last: bool,
) -> (Repeat, Vec<DocumentFinding>) {
    let mut findings = Vec::new();
    let mut report = |message: String, help: &str| {
        let span = runbook.line_span(line, line);
        findings.push(DocumentFinding { code: "malformed-attributes", line, span, message, help: help.to_owned() });
    };
    let mut time = |name: &str| {
        let written = attributes.get(name)?;
        let read = parse_duration(written).filter(|time| !time.is_zero());
        if read.is_none() {
            report(format!("`{name}={written}` is no length of time"), "write it like `30s`, `5m` or `1h`");
        }
        read
    };
    let written_every = time("every");
    let every = written_every.unwrap_or(EVERY);
    let monitor = time("monitor").map(|lasts| Monitor { lasts, every });
    let retry = attributes.get("retry").and_then(|written| {
        let times = written.parse::<u32>().ok().filter(|times| (1..=MOST_TIMES).contains(times));
        if times.is_none() {
            report(
                format!("`retry={written}` is no number of tries"),
                "write a number from 1 to 10000, like `retry=5`",
            );
        }
        times.map(|times| Retry { times, every })
    });
    let until = attributes.get("until").filter(|text| !text.trim().is_empty() && is_last);
    if attributes.get("every").is_some() && retry.is_none() && monitor.is_none() && attributes.get("until").is_none() {
        report("`every` says how often, and nothing says what".to_owned(), "add `retry`, `until` or `monitor`");
    }
    if monitor.is_some() && commands > 1 {
        report(
            format!("a monitor is one command, and this step has {commands}"),
            "put the command to sample into a cell of its own",
        );
    }
    let unfollowed = [("cwd", attributes.get("cwd").is_some()), ("background", attributes.is_set("background"))];
    for (name, _) in unfollowed.iter().filter(|(_, is_present)| *is_present && is_last) {
        findings.push(DocumentFinding {
            code: "unfollowed-attribute",
            line,
            span: runbook.line_span(line, line),
            message: format!(
                "`{name}` is not followed: the commands run one after the other, in the session's directory"
            ),
            help: match *name {
                "cwd" => "write a `cd` into the cell".to_owned(),
                _ => "end the command with `&`".to_owned(),
            },
        });
    }
    let until = until.map(|text| Box::new(Command::from_typed_text(text.trim(), line)));
    (Repeat { retry, until, every: written_every, monitor: monitor.filter(|_| commands == 1) }, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Planner;

    fn steps(info: &str, cell: &str) -> (Vec<crate::plan::Step>, Vec<String>) {
        let text = format!("# P\n\n```bash {info}\n{cell}\n```\n");
        let runbook = Runbook::parse_bytes(text.as_bytes());
        let plan = Planner::new(&runbook, &|_| false).plan_section(1);
        (plan.steps, plan.findings.into_iter().map(|finding| finding.message).collect())
    }

    #[test]
    fn a_cell_says_how_often_it_is_tried_again() {
        let (steps, findings) = steps("{retry=10 every=5s}", "curl -f http://localhost/health");
        assert_eq!(findings, Vec::<String>::new());
        let retry = steps.first().and_then(|step| step.repeat.retry);
        assert_eq!(retry, Some(Retry { times: 10, every: Duration::from_secs(5) }));
    }

    #[test]
    fn only_the_last_step_of_a_cell_waits_for_its_condition() {
        let (steps, findings) = steps("{until=\"pg_isready -h db\"}", "# one\nstart a\n# two\nstart b");
        assert_eq!(findings, Vec::<String>::new());
        let texts: Vec<_> =
            steps.iter().map(|step| step.repeat.until.as_ref().map(|until| until.text.as_str())).collect();
        assert_eq!(texts, [None, Some("pg_isready -h db")]);
        let words = steps.last().map(|step| step.repeat.describe_lines()).unwrap_or_default();
        assert_eq!(words, ["then waits until `pg_isready -h db` succeeds: every 5s, at most 60 times"]);
    }

    #[test]
    fn what_is_no_time_or_number_is_said_and_does_not_count() {
        for (info, message) in [
            ("{retry=often}", "`retry=often` is no number of tries"),
            ("{retry=0}", "`retry=0` is no number of tries"),
            ("{monitor=long}", "`monitor=long` is no length of time"),
            ("{every=3s}", "`every` says how often, and nothing says what"),
        ] {
            let (steps, findings) = steps(info, "uptime");
            assert_eq!(findings, [message], "{info}");
            assert!(steps.iter().all(|step| step.repeat.retry.is_none() && step.repeat.monitor.is_none()), "{info}");
        }
        let (_, findings) = steps("{monitor=5m every=10s}", "date\nuptime");
        assert_eq!(findings, ["a monitor is one command, and this step has 2"]);
    }

    #[test]
    fn what_is_said_and_not_followed_is_a_finding() {
        let (_, findings) = steps("{\"cwd\":\"/srv\",\"background\":\"false\"}", "ls");
        let message = "`cwd` is not followed: the commands run one after the other, in the session's directory";
        assert_eq!(findings, [message]);
    }

    #[test]
    fn lengths_read_back_as_they_are_written() {
        for text in ["30s", "5m", "1h", "1m30s", "500ms", "1h1s"] {
            assert_eq!(spell_duration(parse_duration(text).unwrap()), text);
        }
    }
}
