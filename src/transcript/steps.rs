//! The steps in the order in which they were entered, with prose, commands, results and notes.
//!
//! Invariant: written in one pass that holds only the current step. A step that is entered again gets another section.

use super::escape::{one_line, visible_lines};
use super::excerpt::{Excerpt, excerpt_output};
use super::expected::ExpectedOutputs;
use super::overview::{RunOverview, event_anchor, numbered_step_title};
use super::page::{ShownOutput, TranscriptPage};
use super::phrase::{Phrase, plain_phrase};
use super::series::Presentation;
use super::sources::{Sources, find_mismatch};
use super::words;
use crate::history::{
    ChoiceMade, CommandFinished, CommandSource, CommandStarted, ConsentForm, Decided, Decision, Event, Fact,
    GatePassed, InputGiven, Outcome, OutputCompared, RunResumed, StepEntered, StepFinished, StepForm, StepResult,
};
use crate::ident::{Seq, StepId};
use similar::{ChangeTag, TextDiff};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

/// Longer texts are not compared line by line.
const DIFF_LINES: usize = 1000;
/// At most this many lines are shown of a step that was not run.
const SHOWN_LINES: usize = 100;

/// Writes a section for each visit of a step.
pub(super) fn write_steps(
    events: impl Iterator<Item: Borrow<Event>>,
    sources: &Sources<'_>,
    overview: &RunOverview,
    page: &mut impl TranscriptPage,
) -> io::Result<()> {
    page.write_heading("Steps")?;
    let cwd = overview.run_started.as_ref().map_or(String::new(), |started| started.cwd.clone());
    let document = sources.document.map(|text| text.lines().collect()).unwrap_or_default();
    let mut steps = StepsWriter {
        sources,
        overview,
        document,
        cwd,
        is_section_open: false,
        entered_steps: BTreeSet::new(),
        unshown_lines: None,
        expected_outputs: ExpectedOutputs::from_document(sources.document),
        expected_output: None,
        shown_beside_expected: false,
        page,
    };
    for event in events {
        steps.write_event(event.borrow())?;
    }
    Ok(())
}

struct StepsWriter<'a, P> {
    sources: &'a Sources<'a>,
    overview: &'a RunOverview,
    document: Vec<&'a str>,
    /// Last known working directory of the shell, to report changes.
    cwd: String,
    /// True once a section was started.
    is_section_open: bool,
    entered_steps: BTreeSet<StepId>,
    /// Lines of the current step in the document, until they are shown.
    unshown_lines: Option<(u32, u32)>,
    expected_outputs: ExpectedOutputs,
    /// Output that the document shows for the running command.
    expected_output: Option<String>,
    /// True if the last output was shown next to the expected one.
    shown_beside_expected: bool,
    page: &'a mut P,
}

impl<P: TranscriptPage> StepsWriter<'_, P> {
    fn write_event(&mut self, event: &Event) -> io::Result<()> {
        let first_at = self.overview.span.first_at;
        let time = || words::format_day_and_time(first_at, event.at.utc);
        match &event.fact {
            Fact::StepEntered(entered) => self.enter_step(event.seq, &time(), entered),
            Fact::StepFinished(finished) => self.write_step_result(finished),
            Fact::CommandStarted(started) => self.start_command(event.seq, &time(), started),
            Fact::CommandFinished(finished) => self.finish_command(finished),
            Fact::Decided(decided) => self.write_decision(&time(), decided),
            Fact::GatePassed(passed) => self.write_passed_gate(event.seq, passed),
            Fact::InputGiven(input) => self.write_input(input),
            Fact::NoteAdded(note) => {
                self.open_section()?;
                self.page
                    .write_note(&Phrase::default().with_strong("Note").with_text(format!(", {}", time())), &note.text)
            }
            Fact::MessageFilled(message) => {
                self.open_section()?;
                self.page
                    .write_paragraph(&Phrase::default().with_strong("Message").with_text(format!(", {}:", time())))?;
                self.page.write_text_block("text", &message.text)
            }
            Fact::OutputCompared(compared) => self.write_comparison(compared),
            Fact::ChoiceMade(choice) => self.write_choice(&time(), choice),
            Fact::ShellDied(died) => {
                self.write_remark("The shell died", &time(), plain_phrase(": ").with_quote(&died.how))
            }
            Fact::StateLost(lost) => {
                self.write_remark("Not restored", &time(), plain_phrase(": ").with_quote(&lost.what))
            }
            Fact::LeftRunning(left) => {
                self.write_remark("Left running", &time(), plain_phrase(": ").with_quote(&left.processes.join(", ")))
            }
            Fact::EngineLost(lost) => {
                self.write_remark("The engine was lost", &time(), plain_phrase(": ").with_quote(&lost.then))
            }
            Fact::RunResumed(resumed) => self.write_resumption(&time(), resumed),
            Fact::RecordFailed(failed) => self.write_remark(
                "The record failed",
                &time(),
                plain_phrase(": ").with_quote(&failed.why).with_text(format!(
                    "; {} events and {} bytes of output are not in it",
                    failed.lost_events, failed.lost_bytes
                )),
            ),
            Fact::Redacted(_)
            | Fact::RunStarted(_)
            | Fact::ShellStarted(_)
            | Fact::RunFinished(_)
            | Fact::IncidentJoined(_)
            | Fact::Incident(_)
            | Fact::Other(_) => Ok(()),
        }
    }

    fn write_comparison(&mut self, compared: &OutputCompared) -> io::Result<()> {
        self.open_section()?;
        let verdict = match (compared.met, compared.decides) {
            (true, _) => plain_phrase("as expected"),
            (false, true) => Phrase::default().with_strong("not as expected, so it counts as a failure"),
            (false, false) => plain_phrase("not as the document shows it"),
        };
        let share = format!(": {} % of this came back.", compared.percent);
        self.page.write_paragraph(&plain_phrase("Output ").followed_by(verdict).with_text(share))?;
        if compared.met || self.shown_beside_expected {
            Ok(())
        } else {
            self.page.write_text_block("text", &compared.expected)
        }
    }

    fn write_choice(&mut self, time: &str, choice: &ChoiceMade) -> io::Result<()> {
        self.is_section_open = true;
        self.page.write_step_title(None, &plain_phrase("Choice: ").with_quote(&choice.question))?;
        self.page.write_paragraph(&match &choice.option {
            Some(option) => plain_phrase(format!("{time}: "))
                .with_strong(Phrase::default().with_quote(option))
                .with_text(format!(", line {}", choice.line)),
            None => plain_phrase(format!("{time}: went on without one")),
        })
    }

    fn write_resumption(&mut self, time: &str, resumed: &RunResumed) -> io::Result<()> {
        self.open_section()?;
        let what = Phrase::default()
            .with_strong("The run was resumed")
            .with_text(" by ")
            .with_quote(&resumed.user)
            .with_text(" on ");
        let what = what.with_quote(&resumed.host).with_text(format!(", {time}"));
        let lost = resumed.lost.iter().fold(what, |what, lost| what.with_text("; ").with_quote(lost));
        self.page.write_paragraph(&lost)
    }

    fn enter_step(&mut self, seq: Seq, time: &str, entered: &StepEntered) -> io::Result<()> {
        self.is_section_open = true;
        let again = if self.entered_steps.insert(entered.step.clone()) { "" } else { " (again)" };
        self.page.write_step_title(Some(&event_anchor(seq)), &numbered_step_title(entered).with_text(again))?;
        let lines = describe_line_range(entered.line, entered.end_line);
        // The paragraph starts with a word of ours: in Markdown, one that starts with a number becomes a list.
        let mut about = plain_phrase(lines.replacen('l', "L", 1));
        for (i, heading) in entered.headings.iter().enumerate() {
            about = about.with_text(if i == 0 { " · " } else { " › " }).with_quote(heading);
        }
        self.unshown_lines = Some((entered.line, entered.end_line));
        let form = match entered.form {
            StepForm::Command => "",
            StepForm::Guessed => " · looks like shell, not marked as such",
            StepForm::Task => " · task",
            StepForm::Message => " · message",
        };
        self.page.write_step_details(&about.with_text(format!("{form} · entered {time}")))?;
        self.page.write_prose(&self.document, &entered.prose)
    }

    fn write_step_result(&mut self, finished: &StepFinished) -> io::Result<()> {
        if finished.result == StepResult::Done {
            return Ok(());
        }
        self.open_section()?;
        self.page.write_paragraph(
            &plain_phrase("The step is ").with_emphasis(words::describe_step_result(finished.result)).with_text("."),
        )
    }

    fn start_command(&mut self, seq: Seq, time: &str, started: &CommandStarted) -> io::Result<()> {
        self.open_section()?;
        match self.overview.commands.series.presentation_of(seq) {
            Presentation::Full => {}
            Presentation::Table(first) => {
                return self
                    .overview
                    .commands
                    .series
                    .series_from(first)
                    .map_or(Ok(()), |series| self.page.write_series(series));
            }
            Presentation::TableRow => return Ok(()),
        }
        let mut about = Phrase::default().with_strong(match started.command {
            None => "Own command".to_owned(),
            Some(_) if started.of < 2 => "Command".to_owned(),
            Some(command) => format!("Command {} of {}", u64::from(command) + 1, started.of),
        });
        if started.attempt > 1 {
            about = about.with_text(format!(", attempt {}", started.attempt));
        }
        if started.line > 0 {
            about = about.with_text(format!(", line {}", started.line));
        }
        let source = match &started.source {
            CommandSource::Edited(_) => ", changed by the operator",
            CommandSource::Placed(_) => ", with values placed",
            CommandSource::Until => ", what the document waits for",
            CommandSource::Sampled(_) => ", a sample",
            CommandSource::Document | CommandSource::Own => "",
        };
        let about = about.with_text(format!(", {time}{source}"));
        self.page.write_command(&about, &started.text, self.overview.command_tone(seq))?;
        match &started.source {
            CommandSource::Edited(original) => {
                self.write_difference("Changed from the document's", original, &started.text)?;
            }
            CommandSource::Placed(original) => self.write_difference("In the document", original, &started.text)?,
            CommandSource::Sampled(original) if *original != started.text => {
                self.write_difference("In the document", original, &started.text)?;
            }
            CommandSource::Document | CommandSource::Own | CommandSource::Until | CommandSource::Sampled(_) => {}
        }
        self.expected_output = self.expected_outputs.output_of_command(started).map(str::to_owned);
        if self.overview.commands.results.contains_key(&seq) {
            return Ok(());
        }
        self.page.write_command_result(
            &Phrase::default().with_emphasis(self.overview.unfinished_state(seq)).with_text(": no end is recorded"),
        )?;
        self.page.write_command_end()
    }

    /// Says how the gate of the next command was opened, unless that command is a row of a table.
    fn write_passed_gate(&mut self, seq: Seq, passed: &GatePassed) -> io::Result<()> {
        self.open_section()?;
        if self.overview.commands.series.presentation_of(Seq(seq.0 + 1)) != Presentation::Full {
            return Ok(());
        }
        let beyond = if passed.unknown { ", possibly higher" } else { "" };
        let level = words::describe_level(passed.level);
        let gate =
            Phrase::default().with_strong("Gate").with_text(format!(", level {} ({level}){beyond}: ", passed.level));
        self.page.write_paragraph(&match passed.consent {
            ConsentForm::Yes => gate.with_text("confirmed with ").with_code(&passed.given),
            ConsentForm::Typed => gate.with_text("the operator typed ").with_code(&passed.given),
            ConsentForm::Allowed | ConsentForm::Approved => gate.with_text("opened by ").with_code(&passed.given),
        })
    }

    fn write_difference(&mut self, label: &str, old: &str, new: &str) -> io::Result<()> {
        let (old, new) = (visible_lines(old), visible_lines(new));
        if old.len() > DIFF_LINES || new.len() > DIFF_LINES {
            self.page.write_paragraph(&plain_phrase(format!("{label}:")))?;
            return self.page.write_text_block("bash", &old.join("\n"));
        }
        let (old, new) = (old.join("\n") + "\n", new.join("\n") + "\n");
        let diff = TextDiff::from_lines(old.as_str(), new.as_str());
        let changes: Vec<_> = diff
            .iter_all_changes()
            .map(|change| {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                (sign, change.value().trim_end_matches('\n').to_owned())
            })
            .collect();
        self.page.write_changes(label, &changes)
    }

    fn finish_command(&mut self, finished: &CommandFinished) -> io::Result<()> {
        self.open_section()?;
        if self.overview.commands.series.presentation_of(finished.started) != Presentation::Full {
            return Ok(());
        }
        let result = one_line(&words::describe_outcome(finished));
        let mut about = match (&finished.outcome, words::outcome_deviation(&finished.outcome)) {
            (Outcome::Unknown, _) => Phrase::default().with_emphasis("unknown"),
            (Outcome::Negative(_), _) | (_, None) => plain_phrase(result),
            (_, Some(_)) => Phrase::default().with_strong(result),
        };
        about = about.with_text(format!(", took {}", words::format_duration(Duration::from_nanos(finished.took_ns))));
        if finished.cwd != self.cwd && !finished.cwd.is_empty() {
            about = about.with_text(", now in ").with_code(&finished.cwd);
            self.cwd.clone_from(&finished.cwd);
        }
        let shown = excerpt_output(finished.started, &finished.output, self.sources.outputs);
        if shown == Excerpt::Empty {
            about = about.with_text(", no output");
        }
        self.page.write_command_result(&about)?;
        let lost = finished.output.length_bytes.saturating_sub(finished.output.kept_bytes);
        let output = ShownOutput {
            excerpt: &shown,
            file_path: output_file_path(finished.started),
            kept_size: words::format_size(finished.output.kept_bytes),
            lost_size: (lost > 0).then(|| words::format_size(lost)),
            is_redacted: finished.output.salt.is_empty(),
            mismatch: find_mismatch(finished, self.sources),
        };
        self.shown_beside_expected = false;
        match self.expected_output.take() {
            Some(expected) if !matches_expected(&expected, &shown) => {
                self.shown_beside_expected = true;
                self.page.write_expected_output(&expected, &output)?;
            }
            _ => self.page.write_output(&output)?,
        }
        self.page.write_command_end()
    }

    fn write_decision(&mut self, time: &str, decided: &Decided) -> io::Result<()> {
        let Some(decision) = words::describe_decision(decided.decision, &words::decision_subject(decided.command))
        else {
            return Ok(());
        };
        self.open_section()?;
        if matches!(decided.decision, Decision::Skip | Decision::Done) {
            self.write_unrun_step()?;
        }
        self.page.write_note(&Phrase::default().with_strong(decision).with_text(format!(", {time}")), &decided.reason)
    }

    /// Shows the step's lines once. Without this, a step that was not run would appear nowhere.
    fn write_unrun_step(&mut self) -> io::Result<()> {
        let Some((first, last)) = self.unshown_lines.take() else { return Ok(()) };
        let start = usize::try_from(first).unwrap_or(usize::MAX).saturating_sub(1);
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(self.document.len());
        let lines = self.document.get(start..end.min(start.saturating_add(SHOWN_LINES))).unwrap_or_default();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return Ok(());
        }
        self.page.write_paragraph(&plain_phrase(format!("The document has, {}:", describe_line_range(first, last))))?;
        self.page.write_text_block("text", &lines.join("\n"))
    }

    fn write_input(&mut self, input: &InputGiven) -> io::Result<()> {
        self.open_section()?;
        let name = Phrase::default().with_strong("Input").with_text(" ").with_code(input.name.as_str());
        let origin = format!(" ({})", words::describe_origin(input.origin));
        if input.value.trim_end_matches('\n').contains('\n') {
            self.page.write_paragraph(&name.with_text(format!("{origin}:")))?;
            self.page.write_text_block("text", &input.value)
        } else {
            self.page.write_paragraph(&name.with_text(" = ").with_code(&input.value).with_text(origin))
        }
    }

    fn write_remark(&mut self, what: &str, time: &str, more: Phrase) -> io::Result<()> {
        self.open_section()?;
        self.page.write_paragraph(&Phrase::default().with_strong(what).with_text(format!(", {time}")).followed_by(more))
    }

    /// Opens a section for events before the first step, unless a section is open.
    fn open_section(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_section_open, true) {
            Ok(())
        } else {
            self.page.write_step_title(None, &plain_phrase("Before the first step"))
        }
    }
}

/// True if the output equals the expected one, apart from trailing blanks.
fn matches_expected(expected: &str, shown: &Excerpt) -> bool {
    let Excerpt::Complete(lines) = shown else { return false };
    let printed: Vec<String> = lines.iter().map(|line| line.to_text().trim_end().to_owned()).collect();
    expected.trim_end().lines().map(str::trim_end).eq(printed.iter().map(String::as_str))
}

fn describe_line_range(first: u32, last: u32) -> String {
    if last > first { format!("lines {first}–{last}") } else { format!("line {first}") }
}

/// Path of a command's recorded output, relative to the transcript.
pub(super) fn output_file_path(command: Seq) -> String {
    format!("output/{:06}.out", command.0)
}
