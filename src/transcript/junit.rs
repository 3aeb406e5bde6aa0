//! The run as a `JUnit` report for CI: a suite for each section, a case for each command and task.
//!
//! Invariant: well-formed XML whatever was printed; a suite's counts match its cases. A failed attempt that was followed by
//! another is skipped, not failed: only the last attempt counts.

use super::elapsed::ElapsedClock;
use super::escape::{one_line, push_visible, shorten_first_line};
use super::excerpt::{Excerpt, ScreenLine, excerpt_output};
use super::overview::{RunOverview, numbered_step_title};
use super::sources::{Sources, find_mismatch, format_mismatch};
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
enum CaseVerdict {
    Passed,
    Failed(String),
    /// No end is recorded.
    Error(String),
    Skipped(String),
}

struct TestCase {
    name: String,
    line: u32,
    took: Duration,
    verdict: CaseVerdict,
}

#[derive(Default)]
struct TestSuite {
    name: String,
    started_at: Option<Timestamp>,
    cases: BTreeMap<Seq, TestCase>,
}

/// Writes a run as a `JUnit` report; see [`super::write_markdown`].
pub fn write_junit<I>(events: impl Fn() -> I, sources: &Sources<'_>, to: &mut impl Write) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let overview = RunOverview::from_events(events(), sources.is_live);
    let same = || events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX));
    let mut gathered = SuiteCollector::default();
    same().for_each(|event| gathered.record_event(event.borrow()));
    gathered.mark_running_commands(&overview);
    let suites = gathered.suites;
    let class = overview.run_started.as_ref().map_or("run".to_owned(), |started| {
        let stem = started.runbook.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".md");
        let anchor = started.procedure.as_str();
        if anchor.is_empty() { stem.to_owned() } else { format!("{stem}.{anchor}") }
    });
    let name = overview.run_started.as_ref().map_or("run", |started| started.procedure_title.as_str());
    let all = || suites.iter().flat_map(|suite| suite.cases.values());
    writeln!(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        to,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        escape_xml(name),
        all().count(),
        count_cases(all(), |verdict| matches!(verdict, CaseVerdict::Failed(_))),
        count_cases(all(), |verdict| matches!(verdict, CaseVerdict::Error(_))),
        format_seconds(overview.span.took)
    )?;
    let host = overview.run_started.as_ref().map_or("", |started| started.host.as_str());
    let mut outputs = same().filter_map(|event| match &event.borrow().fact {
        Fact::CommandFinished(finished) => Some(finished.clone()),
        _ => None,
    });
    let mut waiting: BTreeMap<Seq, CommandFinished> = BTreeMap::new();
    for suite in &suites {
        suite.write_start(host, to)?;
        for (seq, case) in &suite.cases {
            // Ends come in the order of starts, except in a record that was edited by hand.
            let is_waiting = |seq: &Seq, waiting: &BTreeMap<Seq, CommandFinished>| waiting.contains_key(seq);
            while !is_waiting(seq, &waiting)
                && !matches!(case.verdict, CaseVerdict::Error(_))
                && case.line != NO_COMMAND_LINE
            {
                let Some(finished) = outputs.next() else { break };
                waiting.insert(finished.started, finished);
            }
            case.write_xml(&class, waiting.remove(seq).as_ref(), sources, to)?;
        }
        writeln!(to, "  </testsuite>")?;
    }
    writeln!(to, "</testsuites>")
}

/// Stands for the line of a case that is not a command.
const NO_COMMAND_LINE: u32 = u32::MAX;

#[derive(Default)]
struct SuiteCollector {
    suites: Vec<TestSuite>,
    /// The current step; the flag is true once one of its commands was run.
    open_step: Option<(StepEntered, bool)>,
    open_commands: BTreeMap<Seq, (StepId, Option<u32>)>,
    last_attempts: BTreeMap<(StepId, u32), Seq>,
    elapsed: ElapsedClock,
}

impl SuiteCollector {
    fn record_event(&mut self, event: &Event) {
        self.elapsed.advance_to(event);
        match &event.fact {
            Fact::StepEntered(entered) => {
                let name = entered.headings.iter().map(|heading| one_line(heading.trim())).collect::<Vec<_>>();
                let name = name.join(" › ");
                if self.suites.last().is_none_or(|suite| suite.name != name) {
                    self.suites.push(TestSuite { name, started_at: Some(event.at.utc), cases: BTreeMap::new() });
                }
                self.open_step = Some((entered.clone(), false));
            }
            Fact::CommandStarted(started) => self.start_command(event.seq, started),
            Fact::CommandFinished(finished) => self.finish_command(finished),
            Fact::Decided(decided) if decided.decision == Decision::Skip => {
                if let Some(command) = decided.command {
                    let name = format!("{}, command {}", self.step_name(), u64::from(command) + 1);
                    self.add_case_without_command(
                        event.seq,
                        name,
                        CaseVerdict::Skipped(reason_or_default(&decided.reason)),
                    );
                }
            }
            Fact::StepFinished(finished) => {
                let Some((entered, was_run)) = self.open_step.take() else { return };
                let is_command = matches!(entered.form, StepForm::Command | StepForm::Guessed);
                let verdict = match finished.result {
                    StepResult::Skipped => Some(CaseVerdict::Skipped("skipped".to_owned())),
                    _ if was_run => None,
                    StepResult::Done => Some(CaseVerdict::Passed),
                    StepResult::Failed => Some(CaseVerdict::Failed("failed".to_owned())),
                    StepResult::PartlyRun | StepResult::DoneWithFailures => None,
                };
                self.open_step = Some((entered, was_run));
                if let Some(verdict) = verdict.filter(|_| !is_command || !was_run) {
                    let name = self.step_name();
                    self.add_case_without_command(event.seq, name, verdict);
                }
            }
            _ => {}
        }
    }

    fn step_name(&self) -> String {
        self.open_step.as_ref().map_or("Before the first step".to_owned(), |(entered, _)| {
            one_line(numbered_step_title(entered).to_plain_text().trim())
        })
    }

    /// Adds a case to the current suite; cases before the first step get a suite of their own.
    fn insert_case(&mut self, seq: Seq, case: TestCase) {
        if self.suites.is_empty() {
            self.suites.push(TestSuite { name: "Before the first step".to_owned(), ..TestSuite::default() });
        }
        if let Some(suite) = self.suites.last_mut() {
            suite.cases.insert(seq, case);
        }
    }

    fn add_case_without_command(&mut self, seq: Seq, name: String, verdict: CaseVerdict) {
        self.insert_case(seq, TestCase { name, line: NO_COMMAND_LINE, took: Duration::ZERO, verdict });
    }

    fn find_case(&mut self, seq: Seq) -> Option<&mut TestCase> {
        self.suites.iter_mut().rev().find_map(|suite| suite.cases.get_mut(&seq))
    }

    fn start_command(&mut self, seq: Seq, started: &CommandStarted) {
        if let Some((_, was_run)) = &mut self.open_step {
            *was_run = true;
        }
        let attempt = if started.attempt > 1 { format!(" (attempt {})", started.attempt) } else { String::new() };
        let name = format!("{}: {}{attempt}", self.step_name(), shorten_first_line(&started.text, COMMAND_CHARACTERS));
        let verdict = CaseVerdict::Error("no end is recorded".to_owned());
        self.insert_case(seq, TestCase { name, line: started.line, took: Duration::ZERO, verdict });
        self.open_commands.insert(seq, (started.step.clone(), started.command));
        let Some(command) = started.command else { return };
        if let Some(before) = self.last_attempts.insert((started.step.clone(), command), seq)
            && started.attempt > 1
            && let Some(case) = self.find_case(before)
            && let CaseVerdict::Failed(why) = &case.verdict
        {
            case.verdict = CaseVerdict::Skipped(format!("{why}; tried again"));
        }
    }

    fn finish_command(&mut self, finished: &CommandFinished) {
        let result = words::describe_outcome(finished);
        let deviates = words::outcome_deviation(&finished.outcome).is_some() && !finished.outcome.allows_next_command();
        if self.open_commands.remove(&finished.started).is_none() {
            return;
        }
        if let Some(case) = self.find_case(finished.started) {
            case.took = Duration::from_nanos(finished.took_ns);
            case.verdict = if deviates { CaseVerdict::Failed(result) } else { CaseVerdict::Passed };
        }
    }

    fn mark_running_commands(&mut self, overview: &RunOverview) {
        let open = std::mem::take(&mut self.open_commands);
        for seq in open.into_keys().filter(|seq| overview.commands.running == Some(*seq)) {
            if let Some(case) = self.find_case(seq) {
                case.verdict = CaseVerdict::Error("running".to_owned());
            }
        }
    }
}

impl TestSuite {
    fn write_start(&self, host: &str, to: &mut impl Write) -> io::Result<()> {
        let cases = || self.cases.values();
        let time = cases().map(|case| case.took).sum();
        let at = self.started_at.map_or(String::new(), |at| {
            format!(" timestamp=\"{}T{}\"", words::format_date(at), words::format_time(at))
        });
        writeln!(
            to,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"{at} \
             hostname=\"{}\">",
            escape_xml(&self.name),
            self.cases.len(),
            count_cases(cases(), |verdict| matches!(verdict, CaseVerdict::Failed(_))),
            count_cases(cases(), |verdict| matches!(verdict, CaseVerdict::Error(_))),
            count_cases(cases(), |verdict| matches!(verdict, CaseVerdict::Skipped(_))),
            format_seconds(time),
            escape_xml(host)
        )
    }
}

impl TestCase {
    fn write_xml(
        &self,
        class: &str,
        finished: Option<&CommandFinished>,
        sources: &Sources<'_>,
        to: &mut impl Write,
    ) -> io::Result<()> {
        let line =
            if matches!(self.line, 0 | NO_COMMAND_LINE) { String::new() } else { format!(" line=\"{}\"", self.line) };
        writeln!(
            to,
            "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"{line}>",
            escape_xml(&self.name),
            escape_xml(class),
            format_seconds(self.took)
        )?;
        match &self.verdict {
            CaseVerdict::Passed => {}
            CaseVerdict::Failed(why) => {
                writeln!(to, "      <failure message=\"{0}\" type=\"failed\">{0}</failure>", escape_xml(why))?;
            }
            CaseVerdict::Error(why) => {
                writeln!(to, "      <error message=\"{0}\" type=\"unknown\">{0}</error>", escape_xml(why))?;
            }
            CaseVerdict::Skipped(why) => writeln!(to, "      <skipped message=\"{}\"/>", escape_xml(why))?,
        }
        if let Some(finished) = finished {
            let printed = printed_lines(&excerpt_output(finished.started, &finished.output, sources.outputs));
            if !printed.is_empty() {
                writeln!(to, "      <system-out>{}</system-out>", escape_xml(&printed))?;
            }
            if let Some(mismatch) = find_mismatch(finished, sources) {
                writeln!(to, "      <system-err>{}</system-err>", escape_xml(&format_mismatch(&mismatch)))?;
            }
        }
        writeln!(to, "    </testcase>")
    }
}

fn printed_lines(shown: &Excerpt) -> String {
    let joined = |lines: &[ScreenLine]| lines.iter().map(ScreenLine::to_text).collect::<Vec<_>>().join("\n");
    match shown {
        Excerpt::Empty | Excerpt::Unreadable => String::new(),
        Excerpt::Complete(lines) | Excerpt::Truncated(lines) | Excerpt::FullScreen(lines) => joined(lines),
        Excerpt::HeadAndTail { head, left_out, tail } => {
            format!("{}\n… {}\n{}", joined(head), words::describe_left_out(*left_out), joined(tail))
        }
    }
}

fn reason_or_default(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "no reason given".to_owned() } else { text.to_owned() }
}

fn count_cases<'a>(cases: impl Iterator<Item = &'a TestCase>, is_one: impl Fn(&CaseVerdict) -> bool) -> usize {
    cases.filter(|case| is_one(&case.verdict)).count()
}

/// Formats a duration in seconds: `12.345`.
fn format_seconds(duration: Duration) -> String {
    format!("{}.{:03}", duration.as_secs(), duration.subsec_millis())
}

/// Escapes text for XML and replaces characters that XML forbids.
fn escape_xml(text: &str) -> String {
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
