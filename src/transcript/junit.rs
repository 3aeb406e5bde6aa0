//! The run as a `JUnit` report for CI: a suite for each section, a case for each command and task.
//!
//! Invariant: well-formed XML whatever was printed; a suite's counts match its cases. A failed attempt that was followed by
//! another is skipped, not failed: only the last attempt counts.

use super::elapsed::Elapsed;
use super::escape::{one_line, push_visible, shorten};
use super::excerpt::{Excerpt, Line, excerpt};
use super::overview::{Overview, step_title};
use super::sources::Sources;
use super::words;
use crate::history::{CommandFinished, CommandStarted, Decision, Event, Fact, StepEntered, StepForm, StepResult};
use crate::ident::{Seq, StepId};
use jiff::Timestamp;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::time::Duration;

const COMMAND_CHARACTERS: usize = 80;

/// Result of a case, with the reason if it did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed(String),
    /// No end is recorded.
    Error(String),
    Skipped(String),
}

struct Case {
    name: String,
    line: u32,
    took: Duration,
    verdict: Verdict,
}

#[derive(Default)]
struct Suite {
    name: String,
    at: Option<Timestamp>,
    cases: BTreeMap<Seq, Case>,
}

/// Writes a run as a `JUnit` report; see [`super::markdown`].
pub fn junit<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let overview = Overview::of(events(), sources.live);
    let same = || events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX));
    let mut gathered = Gathered::default();
    same().for_each(|event| gathered.take(event.borrow()));
    gathered.end(&overview);
    let suites = gathered.suites;
    let class = overview.started.as_ref().map_or("run".to_owned(), |started| {
        let stem = started.runbook.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".md");
        let anchor = started.procedure.as_str();
        if anchor.is_empty() { stem.to_owned() } else { format!("{stem}.{anchor}") }
    });
    let name = overview.started.as_ref().map_or("run", |started| started.procedure_title.as_str());
    let all = || suites.iter().flat_map(|suite| suite.cases.values());
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        to,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        xml(name),
        all().count(),
        count(all(), |verdict| matches!(verdict, Verdict::Failed(_))),
        count(all(), |verdict| matches!(verdict, Verdict::Error(_))),
        seconds(overview.span.took)
    )?;
    let host = overview.started.as_ref().map_or("", |started| started.host.as_str());
    let mut outputs = same().filter_map(|event| match &event.borrow().fact {
        Fact::CommandFinished(finished) => Some(finished.clone()),
        _ => None,
    });
    let mut waiting: BTreeMap<Seq, CommandFinished> = BTreeMap::new();
    for suite in &suites {
        suite.begin(host, to)?;
        for (seq, case) in &suite.cases {
            // Ends come in the order of starts, except in a record that was edited by hand.
            let is_waiting = |seq: &Seq, waiting: &BTreeMap<Seq, CommandFinished>| waiting.contains_key(seq);
            while !is_waiting(seq, &waiting) && !matches!(case.verdict, Verdict::Error(_)) && case.line != NO_COMMAND {
                let Some(finished) = outputs.next() else { break };
                waiting.insert(finished.started, finished);
            }
            case.write(&class, waiting.remove(seq).as_ref(), sources, to)?;
        }
        writeln!(to, "  </testsuite>")?;
    }
    writeln!(to, "</testsuites>")
}

/// Stands for the line of a case that is not a command.
const NO_COMMAND: u32 = u32::MAX;

#[derive(Default)]
struct Gathered {
    suites: Vec<Suite>,
    /// The current step; the flag is true once one of its commands was run.
    step: Option<(StepEntered, bool)>,
    open: BTreeMap<Seq, (StepId, Option<u32>)>,
    last: BTreeMap<(StepId, u32), Seq>,
    elapsed: Elapsed,
}

impl Gathered {
    fn take(&mut self, event: &Event) {
        self.elapsed.take(event);
        match &event.fact {
            Fact::StepEntered(entered) => {
                let name = entered.headings.iter().map(|heading| one_line(heading.trim())).collect::<Vec<_>>();
                let name = name.join(" › ");
                if self.suites.last().is_none_or(|suite| suite.name != name) {
                    self.suites.push(Suite { name, at: Some(event.at.utc), cases: BTreeMap::new() });
                }
                self.step = Some((entered.clone(), false));
            }
            Fact::CommandStarted(started) => self.started(event.seq, started),
            Fact::CommandFinished(finished) => self.finished(finished),
            Fact::Decided(decided) if decided.decision == Decision::Skip => {
                if let Some(command) = decided.command {
                    let name = format!("{}, command {}", self.step_name(), u64::from(command) + 1);
                    self.add(event.seq, name, Verdict::Skipped(reason(&decided.reason)));
                }
            }
            Fact::StepFinished(finished) => {
                let Some((entered, was_run)) = self.step.take() else { return };
                let is_command = matches!(entered.form, StepForm::Command | StepForm::Guessed);
                let verdict = match finished.result {
                    StepResult::Skipped => Some(Verdict::Skipped("skipped".to_owned())),
                    _ if was_run => None,
                    StepResult::Done => Some(Verdict::Passed),
                    StepResult::Failed => Some(Verdict::Failed("failed".to_owned())),
                    StepResult::PartlyRun | StepResult::DoneWithFailures => None,
                };
                self.step = Some((entered, was_run));
                if let Some(verdict) = verdict.filter(|_| !is_command || !was_run) {
                    let name = self.step_name();
                    self.add(event.seq, name, verdict);
                }
            }
            _ => {}
        }
    }

    fn step_name(&self) -> String {
        self.step
            .as_ref()
            .map_or("Before the first step".to_owned(), |(entered, _)| one_line(step_title(entered).plain().trim()))
    }

    /// Adds a case to the current suite; cases before the first step get a suite of their own.
    fn put(&mut self, seq: Seq, case: Case) {
        if self.suites.is_empty() {
            self.suites.push(Suite { name: "Before the first step".to_owned(), ..Suite::default() });
        }
        if let Some(suite) = self.suites.last_mut() {
            suite.cases.insert(seq, case);
        }
    }

    fn add(&mut self, seq: Seq, name: String, verdict: Verdict) {
        self.put(seq, Case { name, line: NO_COMMAND, took: Duration::ZERO, verdict });
    }

    fn case(&mut self, seq: Seq) -> Option<&mut Case> {
        self.suites.iter_mut().rev().find_map(|suite| suite.cases.get_mut(&seq))
    }

    fn started(&mut self, seq: Seq, started: &CommandStarted) {
        if let Some((_, was_run)) = &mut self.step {
            *was_run = true;
        }
        let attempt = if started.attempt > 1 { format!(" (attempt {})", started.attempt) } else { String::new() };
        let name = format!("{}: {}{attempt}", self.step_name(), shorten(&started.text, COMMAND_CHARACTERS));
        let verdict = Verdict::Error("no end is recorded".to_owned());
        self.put(seq, Case { name, line: started.line, took: Duration::ZERO, verdict });
        self.open.insert(seq, (started.step.clone(), started.command));
        let Some(command) = started.command else { return };
        if let Some(before) = self.last.insert((started.step.clone(), command), seq)
            && started.attempt > 1
            && let Some(case) = self.case(before)
            && let Verdict::Failed(why) = &case.verdict
        {
            case.verdict = Verdict::Skipped(format!("{why}; tried again"));
        }
    }

    fn finished(&mut self, finished: &CommandFinished) {
        let result = words::outcome(finished);
        let deviates = words::deviation(&finished.outcome).is_some() && !finished.outcome.goes_on();
        if self.open.remove(&finished.started).is_none() {
            return;
        }
        if let Some(case) = self.case(finished.started) {
            case.took = Duration::from_nanos(finished.took_ns);
            case.verdict = if deviates { Verdict::Failed(result) } else { Verdict::Passed };
        }
    }

    fn end(&mut self, overview: &Overview) {
        let open = std::mem::take(&mut self.open);
        for seq in open.into_keys().filter(|seq| overview.commands.running == Some(*seq)) {
            if let Some(case) = self.case(seq) {
                case.verdict = Verdict::Error("running".to_owned());
            }
        }
    }
}

impl Suite {
    fn begin(&self, host: &str, to: &mut impl Write) -> io::Result<()> {
        let cases = || self.cases.values();
        let time = cases().map(|case| case.took).sum();
        let at = self.at.map_or(String::new(), |at| format!(" timestamp=\"{}T{}\"", words::date(at), words::time(at)));
        writeln!(
            to,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"{at} \
             hostname=\"{}\">",
            xml(&self.name),
            self.cases.len(),
            count(cases(), |verdict| matches!(verdict, Verdict::Failed(_))),
            count(cases(), |verdict| matches!(verdict, Verdict::Error(_))),
            count(cases(), |verdict| matches!(verdict, Verdict::Skipped(_))),
            seconds(time),
            xml(host)
        )
    }
}

impl Case {
    fn write(
        &self,
        class: &str,
        finished: Option<&CommandFinished>,
        sources: &Sources<'_>,
        to: &mut impl Write,
    ) -> io::Result<()> {
        let line = if matches!(self.line, 0 | NO_COMMAND) { String::new() } else { format!(" line=\"{}\"", self.line) };
        writeln!(
            to,
            "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"{line}>",
            xml(&self.name),
            xml(class),
            seconds(self.took)
        )?;
        match &self.verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => {
                writeln!(to, "      <failure message=\"{0}\" type=\"failed\">{0}</failure>", xml(why))?;
            }
            Verdict::Error(why) => writeln!(to, "      <error message=\"{0}\" type=\"unknown\">{0}</error>", xml(why))?,
            Verdict::Skipped(why) => writeln!(to, "      <skipped message=\"{}\"/>", xml(why))?,
        }
        if let Some(finished) = finished {
            let printed = printed(&excerpt(finished.started, &finished.output, sources.output));
            if !printed.is_empty() {
                writeln!(to, "      <system-out>{}</system-out>", xml(&printed))?;
            }
        }
        writeln!(to, "    </testcase>")
    }
}

fn printed(shown: &Excerpt) -> String {
    let joined = |lines: &[Line]| lines.iter().map(Line::text).collect::<Vec<_>>().join("\n");
    match shown {
        Excerpt::Nothing | Excerpt::Missing => String::new(),
        Excerpt::Whole(lines) | Excerpt::Short(lines) | Excerpt::FullScreen(lines) => joined(lines),
        Excerpt::Parts { head, left_out, tail } => {
            format!("{}\n… {}\n{}", joined(head), words::left_out(*left_out), joined(tail))
        }
    }
}

fn reason(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "no reason given".to_owned() } else { text.to_owned() }
}

fn count<'a>(cases: impl Iterator<Item = &'a Case>, is_one: impl Fn(&Verdict) -> bool) -> usize {
    cases.filter(|case| is_one(&case.verdict)).count()
}

/// Formats a duration in seconds: `12.345`.
fn seconds(duration: Duration) -> String {
    format!("{}.{:03}", duration.as_secs(), duration.subsec_millis())
}

/// Escapes text for XML and replaces characters that XML forbids.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => push_visible(&mut out, c),
        }
    }
    out
}
