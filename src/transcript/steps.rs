//! The steps, one after the other as they were entered: prose, commands, what came back, what was said about it.
//!
//! Invariant: written as the events come; nothing is held but the step in sight. A step that is entered again is told again.

use super::escape::{code, fence, inline, visible_lines};
use super::excerpt::{Excerpt, excerpt};
use super::markdown::Sources;
use super::overview::{Overview, anchor, step_title};
use super::prose;
use super::words;
use crate::history::{
    CommandFinished, CommandSource, CommandStarted, Decided, Decision, Event, Fact, InputGiven, Outcome, StepEntered,
    StepFinished, StepForm, StepResult,
};
use crate::ident::{Seq, StepId};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::time::Duration;

/// Longer texts are not compared line by line.
const DIFF_LINES: usize = 1000;
/// Of a step that was not run so many lines are shown.
const SHOWN_LINES: usize = 100;

/// Writes the sections of all steps.
pub(super) fn write(
    events: impl Iterator<Item = Event>,
    sources: &Sources<'_>,
    overview: &Overview,
    to: &mut impl Write,
) -> io::Result<()> {
    writeln!(to, "## Steps\n")?;
    let cwd = overview.started.as_ref().map_or(String::new(), |started| started.cwd.clone());
    let document = sources.document.map(|text| text.lines().collect()).unwrap_or_default();
    let mut steps = Steps { sources, overview, document, cwd, open: false, seen: BTreeSet::new(), unshown: None, to };
    for event in events {
        steps.event(&event)?;
    }
    Ok(())
}

struct Steps<'a, W> {
    sources: &'a Sources<'a>,
    overview: &'a Overview,
    document: Vec<&'a str>,
    /// The shell's directory, to tell when it changes.
    cwd: String,
    /// Whether any section is open.
    open: bool,
    seen: BTreeSet<StepId>,
    /// The document's lines of the step in sight, until they are shown.
    unshown: Option<(u32, u32)>,
    to: &'a mut W,
}

impl<W: Write> Steps<'_, W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let time = words::day_and_time(self.overview.first_at, event.at.utc);
        match &event.fact {
            Fact::StepEntered(entered) => self.entered(event.seq, &time, entered),
            Fact::StepFinished(finished) => self.finished_step(finished),
            Fact::CommandStarted(started) => self.started(event.seq, &time, started),
            Fact::CommandFinished(finished) => self.finished(finished),
            Fact::Decided(decided) => self.decided(&time, decided),
            Fact::InputGiven(input) => self.input(input),
            Fact::NoteAdded(note) => {
                self.section()?;
                self.text(&format!("**Note**, {time}"), &note.text)
            }
            Fact::MessageFilled(message) => {
                self.section()?;
                writeln!(self.to, "**Message**, {time}:\n")?;
                self.fence("text", &message.text)
            }
            Fact::OutputCompared(compared) => {
                self.section()?;
                let verdict = match (compared.met, compared.decides) {
                    (true, _) => "as expected",
                    (false, true) => "**not as expected, so it counts as a failure**",
                    (false, false) => "not as the document shows it",
                };
                writeln!(self.to, "Output {verdict}: {} % of this came back.\n", compared.percent)?;
                if compared.met { Ok(()) } else { self.fence("text", &compared.expected) }
            }
            Fact::ChoiceMade(choice) => {
                self.open = true;
                writeln!(self.to, "### Choice: {}\n", inline(&choice.question))?;
                match &choice.option {
                    Some(option) => writeln!(self.to, "{time}: **{}**, line {}\n", inline(option), choice.line),
                    None => writeln!(self.to, "{time}: went on without one\n"),
                }
            }
            Fact::ShellDied(died) => self.say(&format!("**The shell died**, {time}: {}", inline(&died.how))),
            Fact::StateLost(lost) => self.say(&format!("**Not restored**, {time}: {}", inline(&lost.what))),
            Fact::LeftRunning(left) => {
                let processes: Vec<_> = left.processes.iter().map(|process| inline(process)).collect();
                self.say(&format!("**Left running**, {time}: {}", processes.join(", ")))
            }
            Fact::EngineLost(lost) => self.say(&format!("**The engine was lost**, {time}: {}", inline(&lost.then))),
            Fact::RunResumed(resumed) => {
                let lost: Vec<_> = resumed.lost.iter().map(|lost| inline(lost)).collect();
                let (who, lost) = (
                    inline(&resumed.user),
                    if lost.is_empty() { String::new() } else { format!("; {}", lost.join("; ")) },
                );
                self.say(&format!("**The run was resumed** by {who} on {}, {time}{lost}", inline(&resumed.host)))
            }
            Fact::RecordFailed(failed) => self.say(&format!(
                "**The record failed**, {time}: {}; {} events and {} bytes of output are not in it",
                inline(&failed.why),
                failed.lost_events,
                failed.lost_bytes
            )),
            Fact::Redacted(_)
            | Fact::RunStarted(_)
            | Fact::ShellStarted(_)
            | Fact::RunFinished(_)
            | Fact::IncidentJoined(_)
            | Fact::Incident(_)
            | Fact::Other(_) => Ok(()),
        }
    }

    fn entered(&mut self, seq: Seq, time: &str, entered: &StepEntered) -> io::Result<()> {
        self.open = true;
        let again = if self.seen.insert(entered.step.clone()) { "" } else { " (again)" };
        writeln!(self.to, "<a id=\"{}\"></a>\n", anchor(seq))?;
        writeln!(self.to, "### {}{again}\n", step_title(entered))?;
        let lines = line_range(entered.line, entered.end_line);
        // It begins with our own word: a heading that begins with a number would make a list of it.
        let mut place = vec![lines.replacen('l', "L", 1)];
        if !entered.headings.is_empty() {
            let path: Vec<_> = entered.headings.iter().map(|heading| inline(heading)).collect();
            place.push(path.join(" › "));
        }
        self.unshown = Some((entered.line, entered.end_line));
        place.extend(match entered.form {
            StepForm::Command => None,
            StepForm::Guessed => Some("looks like shell, not marked as such".to_owned()),
            StepForm::Task => Some("task".to_owned()),
            StepForm::Message => Some("message".to_owned()),
        });
        place.push(format!("entered {time}"));
        writeln!(self.to, "{}\n", place.join(" · "))?;
        let quoted = prose::quote(&self.document, &entered.prose);
        if quoted.is_empty() { Ok(()) } else { writeln!(self.to, "{quoted}") }
    }

    fn finished_step(&mut self, finished: &StepFinished) -> io::Result<()> {
        if finished.result != StepResult::Done {
            return self.say(&format!("The step is *{}*.", words::step_result(finished.result)));
        }
        Ok(())
    }

    fn started(&mut self, seq: Seq, time: &str, started: &CommandStarted) -> io::Result<()> {
        self.section()?;
        let mut about = vec![match started.command {
            None => "**Own command**".to_owned(),
            Some(_) if started.of < 2 => "**Command**".to_owned(),
            Some(command) => format!("**Command {} of {}**", u64::from(command) + 1, started.of),
        }];
        if started.attempt > 1 {
            about.push(format!("attempt {}", started.attempt));
        }
        if started.line > 0 {
            about.push(format!("line {}", started.line));
        }
        about.push(time.to_owned());
        let source = match &started.source {
            CommandSource::Edited(_) => ", changed by the operator",
            CommandSource::Placed(_) => ", with values placed",
            CommandSource::Until => ", what the document waits for",
            CommandSource::Sampled(_) => ", a sample",
            CommandSource::Document | CommandSource::Own => "",
        };
        writeln!(self.to, "{}{source}:\n", about.join(", "))?;
        self.fence("bash", &started.text)?;
        match &started.source {
            CommandSource::Edited(original) => self.change("Changed from the document's", original, &started.text)?,
            CommandSource::Placed(original) => self.change("In the document", original, &started.text)?,
            CommandSource::Sampled(original) if *original != started.text => {
                self.change("In the document", original, &started.text)?;
            }
            CommandSource::Document | CommandSource::Own | CommandSource::Until | CommandSource::Sampled(_) => {}
        }
        if self.overview.briefs.contains_key(&seq) {
            return Ok(());
        }
        writeln!(self.to, "→ *{}*: no end is recorded\n", self.overview.unfinished(seq))
    }

    fn change(&mut self, label: &str, old: &str, new: &str) -> io::Result<()> {
        writeln!(self.to, "{label}:\n")?;
        let (old, new) = (visible_lines(old), visible_lines(new));
        if old.len() > DIFF_LINES || new.len() > DIFF_LINES {
            return writeln!(self.to, "{}", fence("bash", old.iter().map(String::as_str)));
        }
        let (old, new) = (old.join("\n") + "\n", new.join("\n") + "\n");
        let diff = TextDiff::from_lines(old.as_str(), new.as_str());
        let lines: Vec<String> = diff
            .iter_all_changes()
            .map(|change| {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                format!("{sign}{}", change.value().trim_end_matches('\n'))
            })
            .collect();
        writeln!(self.to, "{}", fence("diff", lines.iter().map(String::as_str)))
    }

    fn finished(&mut self, finished: &CommandFinished) -> io::Result<()> {
        self.section()?;
        let result = inline(&words::outcome(finished));
        let mut about = match (&finished.outcome, words::deviation(&finished.outcome)) {
            (Outcome::Unknown, _) => "*unknown*".to_owned(),
            (Outcome::Negative(_), _) | (_, None) => result,
            (_, Some(_)) => format!("**{result}**"),
        };
        about.push_str(", took ");
        about.push_str(&words::took(Duration::from_nanos(finished.took_ns)));
        if finished.cwd != self.cwd && !finished.cwd.is_empty() {
            about.push_str(", now in ");
            about.push_str(&code(&finished.cwd));
            self.cwd.clone_from(&finished.cwd);
        }
        let shown = excerpt(finished.started, &finished.output, self.sources.output);
        if shown == Excerpt::Nothing {
            about.push_str(", no output");
        }
        writeln!(self.to, "→ {about}\n")?;
        self.output(finished, &shown)
    }

    fn output(&mut self, finished: &CommandFinished, shown: &Excerpt) -> io::Result<()> {
        let file = output_file(finished.started);
        let kept = words::size(finished.output.kept_bytes);
        match shown {
            Excerpt::Nothing => {}
            Excerpt::Whole(lines) => self.lines(lines)?,
            Excerpt::Parts { head, left_out, tail } => {
                self.lines(head)?;
                let left_out = left_out.map_or_else(
                    || "the middle is left out".to_owned(),
                    |lines| format!("{} left out", words::count(lines, "line", "lines")),
                );
                writeln!(self.to, "… {left_out}; all {kept} are in [`{file}`]({file})\n")?;
                self.lines(tail)?;
            }
            Excerpt::Short(lines) => {
                self.lines(lines)?;
                writeln!(self.to, "*`{file}` ends here, or sooner than it should: {kept} were recorded.*\n")?;
            }
            Excerpt::FullScreen => writeln!(self.to, "[full-screen program; {kept}, kept in [`{file}`]({file})]\n")?,
            Excerpt::Missing if finished.output.salt.is_empty() => {
                writeln!(self.to, "*The output ({kept}) was dropped from the record.* [redacted]\n")?;
            }
            Excerpt::Missing => writeln!(self.to, "*The output ({kept}) cannot be read from `{file}`.*\n")?,
        }
        match finished.output.length_bytes.saturating_sub(finished.output.kept_bytes) {
            0 => Ok(()),
            lost => writeln!(self.to, "*{} more came back and were not kept.*\n", words::size(lost)),
        }
    }

    fn decided(&mut self, time: &str, decided: &Decided) -> io::Result<()> {
        let Some(decision) = words::decision(decided.decision, &words::subject(decided.command)) else {
            return Ok(());
        };
        self.section()?;
        if matches!(decided.decision, Decision::Skip | Decision::Done) {
            self.as_written()?;
        }
        self.text(&format!("**{decision}**, {time}"), &decided.reason)
    }

    /// The step as the document has it, once: what was not run is told nowhere else.
    fn as_written(&mut self) -> io::Result<()> {
        let Some((first, last)) = self.unshown.take() else { return Ok(()) };
        let start = usize::try_from(first).unwrap_or(usize::MAX).saturating_sub(1);
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(self.document.len());
        let lines = self.document.get(start..end.min(start.saturating_add(SHOWN_LINES))).unwrap_or_default();
        if lines.iter().all(|line| line.trim().is_empty()) {
            return Ok(());
        }
        writeln!(self.to, "The document has, {}:\n", line_range(first, last))?;
        let lines = visible_lines(&lines.join("\n"));
        self.lines(&lines)
    }

    fn input(&mut self, input: &InputGiven) -> io::Result<()> {
        self.section()?;
        let (name, origin) = (code(input.name.as_str()), words::origin(input.origin));
        if input.value.trim_end_matches('\n').contains('\n') {
            writeln!(self.to, "**Input** {name} ({origin}):\n")?;
            self.fence("text", &input.value)
        } else {
            writeln!(self.to, "**Input** {name} = {} ({origin})\n", code(&input.value))
        }
    }

    /// A label with what was written about it: on its line, or in a fence when it has several.
    fn text(&mut self, label: &str, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            writeln!(self.to, "{label}\n")
        } else if text.contains('\n') {
            writeln!(self.to, "{label}:\n")?;
            self.fence("text", text)
        } else {
            writeln!(self.to, "{label}: {}\n", inline(text))
        }
    }

    fn say(&mut self, paragraph: &str) -> io::Result<()> {
        self.section()?;
        writeln!(self.to, "{paragraph}\n")
    }

    fn fence(&mut self, language: &str, text: &str) -> io::Result<()> {
        let lines = visible_lines(text);
        writeln!(self.to, "{}", fence(language, lines.iter().map(String::as_str)))
    }

    fn lines(&mut self, lines: &[String]) -> io::Result<()> {
        writeln!(self.to, "{}", fence("text", lines.iter().map(String::as_str)))
    }

    /// Opens a section for what comes before all steps.
    fn section(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.open, true) { Ok(()) } else { writeln!(self.to, "### Before the first step\n") }
    }
}

fn line_range(first: u32, last: u32) -> String {
    if last > first { format!("lines {first}–{last}") } else { format!("line {first}") }
}

/// Where a command's output lies, seen from the transcript.
fn output_file(command: Seq) -> String {
    format!("output/{:06}.out", command.0)
}
