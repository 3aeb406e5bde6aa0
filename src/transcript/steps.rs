//! The steps in the order in which they were entered, with prose, commands, results and notes.
//!
//! Invariant: written in one pass that holds only the current step. A step that is entered again gets another section.

use super::escape::{one_line, visible_lines};
use super::excerpt::{Excerpt, excerpt};
use super::expected::Expected;
use super::overview::{Overview, anchor, step_title};
use super::page::{Output, Page};
use super::phrase::{Phrase, phrase};
use super::series::Told;
use super::sources::Sources;
use super::words;
use crate::history::{
    ChoiceMade, CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, InputGiven, Outcome,
    OutputCompared, RunResumed, StepEntered, StepFinished, StepForm, StepResult,
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
pub(super) fn write(
    events: impl Iterator<Item: Borrow<Event>>,
    sources: &Sources<'_>,
    overview: &Overview,
    page: &mut impl Page,
) -> io::Result<()> {
    page.part("Steps")?;
    let cwd = overview.started.as_ref().map_or(String::new(), |started| started.cwd.clone());
    let document = sources.document.map(|text| text.lines().collect()).unwrap_or_default();
    let mut steps = Steps {
        sources,
        overview,
        document,
        cwd,
        open: false,
        seen: BTreeSet::new(),
        unshown: None,
        expects: Expected::of(sources.document),
        expected: None,
        beside: false,
        page,
    };
    for event in events {
        steps.event(event.borrow())?;
    }
    Ok(())
}

struct Steps<'a, P> {
    sources: &'a Sources<'a>,
    overview: &'a Overview,
    document: Vec<&'a str>,
    /// Last known working directory of the shell, to report changes.
    cwd: String,
    /// True once a section was started.
    open: bool,
    seen: BTreeSet<StepId>,
    /// Lines of the current step in the document, until they are shown.
    unshown: Option<(u32, u32)>,
    expects: Expected,
    /// Output that the document shows for the running command.
    expected: Option<String>,
    /// True if the last output was shown next to the expected one.
    beside: bool,
    page: &'a mut P,
}

impl<P: Page> Steps<'_, P> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let first_at = self.overview.span.first_at;
        let time = || words::day_and_time(first_at, event.at.utc);
        match &event.fact {
            Fact::StepEntered(entered) => self.entered(event.seq, &time(), entered),
            Fact::StepFinished(finished) => self.finished_step(finished),
            Fact::CommandStarted(started) => self.started(event.seq, &time(), started),
            Fact::CommandFinished(finished) => self.finished(finished),
            Fact::Decided(decided) => self.decided(&time(), decided),
            Fact::InputGiven(input) => self.input(input),
            Fact::NoteAdded(note) => {
                self.section()?;
                self.page.note(&Phrase::default().strong("Note").text(format!(", {}", time())), &note.text)
            }
            Fact::MessageFilled(message) => {
                self.section()?;
                self.page.paragraph(&Phrase::default().strong("Message").text(format!(", {}:", time())))?;
                self.page.block("text", &message.text)
            }
            Fact::OutputCompared(compared) => self.write_comparison(compared),
            Fact::ChoiceMade(choice) => self.write_choice(&time(), choice),
            Fact::ShellDied(died) => self.say("The shell died", &time(), phrase(": ").said(&died.how)),
            Fact::StateLost(lost) => self.say("Not restored", &time(), phrase(": ").said(&lost.what)),
            Fact::LeftRunning(left) => self.say("Left running", &time(), phrase(": ").said(&left.processes.join(", "))),
            Fact::EngineLost(lost) => self.say("The engine was lost", &time(), phrase(": ").said(&lost.then)),
            Fact::RunResumed(resumed) => self.resumed(&time(), resumed),
            Fact::RecordFailed(failed) => self.say(
                "The record failed",
                &time(),
                phrase(": ").said(&failed.why).text(format!(
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
        self.section()?;
        let verdict = match (compared.met, compared.decides) {
            (true, _) => phrase("as expected"),
            (false, true) => Phrase::default().strong("not as expected, so it counts as a failure"),
            (false, false) => phrase("not as the document shows it"),
        };
        let share = format!(": {} % of this came back.", compared.percent);
        self.page.paragraph(&phrase("Output ").and(verdict).text(share))?;
        if compared.met || self.beside { Ok(()) } else { self.page.block("text", &compared.expected) }
    }

    fn write_choice(&mut self, time: &str, choice: &ChoiceMade) -> io::Result<()> {
        self.open = true;
        self.page.step(None, &phrase("Choice: ").said(&choice.question))?;
        self.page.paragraph(&match &choice.option {
            Some(option) => phrase(format!("{time}: "))
                .strong(Phrase::default().said(option))
                .text(format!(", line {}", choice.line)),
            None => phrase(format!("{time}: went on without one")),
        })
    }

    fn resumed(&mut self, time: &str, resumed: &RunResumed) -> io::Result<()> {
        self.section()?;
        let what = Phrase::default().strong("The run was resumed").text(" by ").said(&resumed.user).text(" on ");
        let what = what.said(&resumed.host).text(format!(", {time}"));
        let lost = resumed.lost.iter().fold(what, |what, lost| what.text("; ").said(lost));
        self.page.paragraph(&lost)
    }

    fn entered(&mut self, seq: Seq, time: &str, entered: &StepEntered) -> io::Result<()> {
        self.open = true;
        let again = if self.seen.insert(entered.step.clone()) { "" } else { " (again)" };
        self.page.step(Some(&anchor(seq)), &step_title(entered).text(again))?;
        let lines = line_range(entered.line, entered.end_line);
        // The paragraph starts with a word of ours: in Markdown, one that starts with a number becomes a list.
        let mut about = phrase(lines.replacen('l', "L", 1));
        for (i, heading) in entered.headings.iter().enumerate() {
            about = about.text(if i == 0 { " · " } else { " › " }).said(heading);
        }
        self.unshown = Some((entered.line, entered.end_line));
        let form = match entered.form {
            StepForm::Command => "",
            StepForm::Guessed => " · looks like shell, not marked as such",
            StepForm::Task => " · task",
            StepForm::Message => " · message",
        };
        self.page.about(&about.text(format!("{form} · entered {time}")))?;
        self.page.prose(&self.document, &entered.prose)
    }

    fn finished_step(&mut self, finished: &StepFinished) -> io::Result<()> {
        if finished.result == StepResult::Done {
            return Ok(());
        }
        self.section()?;
        self.page.paragraph(&phrase("The step is ").soft(words::step_result(finished.result)).text("."))
    }

    fn started(&mut self, seq: Seq, time: &str, started: &CommandStarted) -> io::Result<()> {
        self.section()?;
        match self.overview.commands.series.told(seq) {
            Told::InFull => {}
            Told::AsTable(first) => {
                return self.overview.commands.series.series(first).map_or(Ok(()), |series| self.page.series(series));
            }
            Told::AsRow => return Ok(()),
        }
        let mut about = Phrase::default().strong(match started.command {
            None => "Own command".to_owned(),
            Some(_) if started.of < 2 => "Command".to_owned(),
            Some(command) => format!("Command {} of {}", u64::from(command) + 1, started.of),
        });
        if started.attempt > 1 {
            about = about.text(format!(", attempt {}", started.attempt));
        }
        if started.line > 0 {
            about = about.text(format!(", line {}", started.line));
        }
        let source = match &started.source {
            CommandSource::Edited(_) => ", changed by the operator",
            CommandSource::Placed(_) => ", with values placed",
            CommandSource::Until => ", what the document waits for",
            CommandSource::Sampled(_) => ", a sample",
            CommandSource::Document | CommandSource::Own => "",
        };
        let about = about.text(format!(", {time}{source}"));
        self.page.command(&about, &started.text, self.overview.tone(seq))?;
        match &started.source {
            CommandSource::Edited(original) => self.change("Changed from the document's", original, &started.text)?,
            CommandSource::Placed(original) => self.change("In the document", original, &started.text)?,
            CommandSource::Sampled(original) if *original != started.text => {
                self.change("In the document", original, &started.text)?;
            }
            CommandSource::Document | CommandSource::Own | CommandSource::Until | CommandSource::Sampled(_) => {}
        }
        self.expected = self.expects.for_command(started).map(str::to_owned);
        if self.overview.commands.briefs.contains_key(&seq) {
            return Ok(());
        }
        self.page.result(&Phrase::default().soft(self.overview.unfinished(seq)).text(": no end is recorded"))?;
        self.page.end_command()
    }

    fn change(&mut self, label: &str, old: &str, new: &str) -> io::Result<()> {
        let (old, new) = (visible_lines(old), visible_lines(new));
        if old.len() > DIFF_LINES || new.len() > DIFF_LINES {
            self.page.paragraph(&phrase(format!("{label}:")))?;
            return self.page.block("bash", &old.join("\n"));
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
        self.page.changes(label, &changes)
    }

    fn finished(&mut self, finished: &CommandFinished) -> io::Result<()> {
        self.section()?;
        if self.overview.commands.series.told(finished.started) != Told::InFull {
            return Ok(());
        }
        let result = one_line(&words::outcome(finished));
        let mut about = match (&finished.outcome, words::deviation(&finished.outcome)) {
            (Outcome::Unknown, _) => Phrase::default().soft("unknown"),
            (Outcome::Negative(_), _) | (_, None) => phrase(result),
            (_, Some(_)) => Phrase::default().strong(result),
        };
        about = about.text(format!(", took {}", words::took(Duration::from_nanos(finished.took_ns))));
        if finished.cwd != self.cwd && !finished.cwd.is_empty() {
            about = about.text(", now in ").code(&finished.cwd);
            self.cwd.clone_from(&finished.cwd);
        }
        let shown = excerpt(finished.started, &finished.output, self.sources.output);
        if shown == Excerpt::Nothing {
            about = about.text(", no output");
        }
        self.page.result(&about)?;
        let lost = finished.output.length_bytes.saturating_sub(finished.output.kept_bytes);
        let output = Output {
            shown: &shown,
            file: output_file(finished.started),
            kept: words::size(finished.output.kept_bytes),
            lost: (lost > 0).then(|| words::size(lost)),
            redacted: finished.output.salt.is_empty(),
        };
        self.beside = false;
        match self.expected.take() {
            Some(expected) if !came(&expected, &shown) => {
                self.beside = true;
                self.page.expected(&expected, &output)?;
            }
            _ => self.page.output(&output)?,
        }
        self.page.end_command()
    }

    fn decided(&mut self, time: &str, decided: &Decided) -> io::Result<()> {
        let Some(decision) = words::decision(decided.decision, &words::subject(decided.command)) else {
            return Ok(());
        };
        self.section()?;
        if matches!(decided.decision, Decision::Skip | Decision::Done) {
            self.as_written()?;
        }
        self.page.note(&Phrase::default().strong(decision).text(format!(", {time}")), &decided.reason)
    }

    /// Shows the step's lines once. Without this, a step that was not run would appear nowhere.
    fn as_written(&mut self) -> io::Result<()> {
        let Some((first, last)) = self.unshown.take() else { return Ok(()) };
        let start = usize::try_from(first).unwrap_or(usize::MAX).saturating_sub(1);
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(self.document.len());
        let lines = self.document.get(start..end.min(start.saturating_add(SHOWN_LINES))).unwrap_or_default();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return Ok(());
        }
        self.page.paragraph(&phrase(format!("The document has, {}:", line_range(first, last))))?;
        self.page.block("text", &lines.join("\n"))
    }

    fn input(&mut self, input: &InputGiven) -> io::Result<()> {
        self.section()?;
        let name = Phrase::default().strong("Input").text(" ").code(input.name.as_str());
        let origin = format!(" ({})", words::origin(input.origin));
        if input.value.trim_end_matches('\n').contains('\n') {
            self.page.paragraph(&name.text(format!("{origin}:")))?;
            self.page.block("text", &input.value)
        } else {
            self.page.paragraph(&name.text(" = ").code(&input.value).text(origin))
        }
    }

    fn say(&mut self, what: &str, time: &str, more: Phrase) -> io::Result<()> {
        self.section()?;
        self.page.paragraph(&Phrase::default().strong(what).text(format!(", {time}")).and(more))
    }

    /// Opens a section for events before the first step, unless a section is open.
    fn section(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.open, true) {
            Ok(())
        } else {
            self.page.step(None, &phrase("Before the first step"))
        }
    }
}

/// True if the output equals the expected one, apart from trailing blanks.
fn came(expected: &str, shown: &Excerpt) -> bool {
    let Excerpt::Whole(lines) = shown else { return false };
    let printed: Vec<String> = lines.iter().map(|line| line.text().trim_end().to_owned()).collect();
    expected.trim_end().lines().map(str::trim_end).eq(printed.iter().map(String::as_str))
}

fn line_range(first: u32, last: u32) -> String {
    if last > first { format!("lines {first}–{last}") } else { format!("line {first}") }
}

/// Path of a command's recorded output, relative to the transcript.
pub(super) fn output_file(command: Seq) -> String {
    format!("output/{:06}.out", command.0)
}
