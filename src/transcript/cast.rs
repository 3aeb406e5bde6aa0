//! The run as an asciicast, a recording that terminal players replay.
//!
//! Invariant: one JSON value a line; replayed output can only draw. A command appears when it was started and its output
//! while it ran, spread evenly, because the record has no times for parts of an output. Refuses to
//! know: players.

use super::elapsed::ElapsedClock;
use super::escape::{one_line, shorten_first_line, visible_lines};
use super::overview::{RunOverview, numbered_step_title};
use super::playable::PlaybackFilter;
use super::screen::UNKNOWN_SIZE;
use super::sources::{Sources, find_mismatch, format_mismatch};
use super::steps::output_file_path;
use super::words;
use crate::history::{CommandFinished, Event, Fact};
use crate::ident::Seq;
use serde_json::json;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::time::Duration;

/// At most this many bytes of a command's output are played.
const PLAYED_BYTES: u64 = 256 << 10;
/// At most this many parts make up a command's output.
const PLAYED_PARTS: usize = 50;
/// Players shorten longer pauses to this many seconds.
const IDLE_SECONDS: u32 = 2;
const LABEL_CHARACTERS: usize = 80;
/// Restores a terminal's state after a program: colours, primary screen, visible cursor, line wrapping.
const RESET: &str = "\x1b[0m\x1b[?1049l\x1b[?25h\x1b[?7h";

/// Version of the asciicast format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastVersion {
    /// Times are relative to the start of the recording.
    V2,
    /// Times are relative to the previous event.
    V3,
}

/// Writes a run as an asciicast; see [`super::write_markdown`].
pub fn write_asciicast<I>(
    version: CastVersion,
    events: impl Fn() -> I,
    sources: &Sources<'_>,
    to: &mut impl Write,
) -> io::Result<()>
where
    I: Iterator<Item: Borrow<Event>>,
{
    let overview = RunOverview::from_events(events(), sources.is_live);
    let mut cast = CastWriter { version, last_at: Duration::ZERO, writer: to };
    cast.write_header(&overview)?;
    let mut elapsed = ElapsedClock::default();
    let mut begun: BTreeMap<Seq, Duration> = BTreeMap::new();
    for event in events().take(usize::try_from(overview.span.events).unwrap_or(usize::MAX)) {
        let event = event.borrow();
        let at = elapsed.advance_to(event);
        if matches!(event.fact, Fact::CommandStarted(_)) {
            begun.insert(event.seq, at);
        }
        if let Fact::CommandFinished(finished) = &event.fact {
            let from = begun.remove(&finished.started).unwrap_or(at);
            cast.play_output(finished, from, sources)?;
        }
        cast.write_event(event, at)?;
    }
    Ok(())
}

struct CastWriter<'a, W> {
    version: CastVersion,
    /// Time of the last line written.
    last_at: Duration,
    writer: &'a mut W,
}

impl<W: Write> CastWriter<'_, W> {
    fn write_header(&mut self, overview: &RunOverview) -> io::Result<()> {
        let (columns, rows) = UNKNOWN_SIZE;
        let timestamp = overview.span.first_at.map_or(0, jiff::Timestamp::as_second);
        let title =
            overview.run_started.as_ref().map_or(String::new(), |started| one_line(started.procedure_title.trim()));
        let header = match self.version {
            CastVersion::V2 => json!({
                "version": 2, "width": columns, "height": rows, "timestamp": timestamp,
                "idle_time_limit": IDLE_SECONDS, "title": title, "env": { "SHELL": "/bin/bash", "TERM": "xterm-256color" },
            }),
            CastVersion::V3 => json!({
                "version": 3, "term": { "cols": columns, "rows": rows, "type": "xterm-256color" }, "timestamp": timestamp,
                "idle_time_limit": IDLE_SECONDS, "title": title, "env": { "SHELL": "/bin/bash" },
            }),
        };
        writeln!(self.writer, "{header}")
    }

    fn write_line(&mut self, at: Duration, code: &str, data: &str) -> io::Result<()> {
        let at = at.max(self.last_at);
        let shown = match self.version {
            CastVersion::V2 => at,
            CastVersion::V3 => at.saturating_sub(self.last_at),
        };
        // Rounded to milliseconds; the remainder carries over to the next line.
        let shown = Duration::from_millis(u64::try_from(shown.as_millis()).unwrap_or(u64::MAX));
        self.last_at = match self.version {
            CastVersion::V2 => at,
            CastVersion::V3 => self.last_at + shown,
        };
        writeln!(self.writer, "[{}.{:03},{},{}]", shown.as_secs(), shown.subsec_millis(), json!(code), json!(data))
    }

    fn print_text(&mut self, at: Duration, text: &str) -> io::Result<()> {
        self.write_line(at, "o", text)
    }

    /// Prints a remark of ours, dimmed and after a `#`.
    fn print_remark(&mut self, at: Duration, text: &str) -> io::Result<()> {
        self.print_text(at, &format!("\x1b[2m# {}\x1b[0m\r\n", one_line(text.trim())))
    }

    fn write_event(&mut self, event: &Event, at: Duration) -> io::Result<()> {
        match &event.fact {
            Fact::RunStarted(started) => self.print_remark(
                at,
                &format!("{} on {}, {}", started.user, started.host, words::format_time(event.at.utc)),
            ),
            Fact::StepEntered(entered) => {
                let title = one_line(&numbered_step_title(entered).to_plain_text());
                self.write_line(at, "m", &title)?;
                self.print_text(at, &format!("\r\n\x1b[1m# {title}\x1b[0m\r\n"))
            }
            Fact::CommandStarted(started) => {
                let lines = visible_lines(&started.text);
                self.print_text(at, &format!("\x1b[1;32m$\x1b[0m {}\r\n", lines.join("\r\n> ")))
            }
            Fact::CommandFinished(finished) => {
                let tone = match words::outcome_deviation(&finished.outcome) {
                    None => "2",
                    Some(_) => "1;31",
                };
                self.print_text(
                    at,
                    &format!("\x1b[{tone}m# {}\x1b[0m\r\n", one_line(&words::describe_outcome(finished))),
                )
            }
            Fact::Decided(decided) => {
                match words::describe_decision(decided.decision, &words::decision_subject(decided.command)) {
                    None => Ok(()),
                    Some(decision) if decided.reason.trim().is_empty() => self.print_remark(at, &decision),
                    Some(decision) => self.print_remark(at, &format!("{decision}: {}", decided.reason.trim())),
                }
            }
            Fact::NoteAdded(note) => self.print_remark(at, &format!("Note: {}", note.text.trim())),
            Fact::InputGiven(input) => self.print_remark(at, &format!("Input {} = {}", input.name, input.value)),
            Fact::ChoiceMade(choice) => {
                let option = choice.option.as_deref().unwrap_or("none");
                self.print_remark(at, &format!("Choice: {} {option}", choice.question.trim()))
            }
            Fact::MessageFilled(message) => {
                self.print_remark(at, &format!("Message: {}", shorten_first_line(&message.text, LABEL_CHARACTERS)))
            }
            Fact::ShellDied(died) => self.print_remark(at, &format!("The shell died: {}", died.how)),
            Fact::RunResumed(resumed) => self.print_remark(at, &format!("The run was resumed by {}", resumed.user)),
            Fact::RunFinished(finished) => {
                self.print_remark(at, &format!("The run ended: {}", words::describe_run_result(finished.result)))
            }
            _ => Ok(()),
        }
    }

    fn play_output(&mut self, finished: &CommandFinished, from: Duration, sources: &Sources<'_>) -> io::Result<()> {
        let output = &finished.output;
        let kept = output.inline.as_ref().map_or(output.kept_bytes, |bytes| bytes.len() as u64);
        let played = kept.min(PLAYED_BYTES);
        let limit = usize::try_from(played).unwrap_or(usize::MAX);
        let bytes = match &output.inline {
            Some(bytes) => bytes.clone(),
            None => sources.outputs.read_output(finished.started, 0, limit).unwrap_or_default(),
        };
        let has_returns = memchr::memmem::find(&bytes, b"\r\n").is_some();
        let mut playable = PlaybackFilter::default();
        let took = Duration::from_nanos(finished.took_ns);
        let pieces: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let each = pieces.len().div_ceil(PLAYED_PARTS).max(1);
        let parts = pieces.len().div_ceil(each).max(1);
        let mut ends_line = true;
        for (i, part) in pieces.chunks(each).enumerate() {
            let text = playable.filter_bytes(&part.concat());
            let text = if has_returns { text } else { text.replace('\n', "\r\n") };
            if text.is_empty() {
                continue;
            }
            ends_line = text.ends_with('\n');
            let share = u32::try_from(i + 1).unwrap_or(u32::MAX);
            let of = u32::try_from(parts + 1).unwrap_or(u32::MAX);
            self.print_text(from + took / of * share, &text)?;
        }
        let end = from + took;
        if bytes.contains(&0x1b) {
            self.print_text(end, RESET)?;
        }
        if !ends_line {
            self.print_text(end, "\r\n")?;
        }
        if let Some(mismatch) = find_mismatch(finished, sources) {
            self.print_remark(end, &format!("⚠ {}", format_mismatch(&mismatch)))?;
        }
        if played < kept {
            let rest = words::format_size(kept - played);
            self.print_remark(end, &format!("{rest} more are in {}", output_file_path(finished.started)))?;
        }
        Ok(())
    }
}
