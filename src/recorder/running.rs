//! A command between its start and its end.
//!
//! Invariant: everything needed to record a command's end is here from its start, so no engine is needed then. Refuses to
//! know: the shell and the record.

use super::capture::{Capture, INLINE_BYTES};
use super::masks::Masks;
use super::outbox::OutputRing;
use super::protocol::{BegunEvent, BegunFact, OutputChannel, WireEvent};
use crate::history::{CommandStarted, Event, Fact};
use crate::ident::Seq;
use std::path::Path;
use std::time::Duration;

/// The command that the shell runs.
pub(super) struct Running {
    pub(super) seq: Seq,
    pub(super) start: RecordedStart,
    pub(super) output: CommandOutput,
    /// True if the engine goes on by itself when the command has finished.
    pub(super) goes_on: bool,
    /// True if the command cannot change the shell.
    pub(super) same_shell: bool,
    /// Time at which it was handed to the shell.
    pub(super) since: Duration,
    pub(super) input: EarlyInput,
    pub(super) interrupt: Interrupt,
    pub(super) ending: CommandEnding,
}

/// Start of a command as it was recorded.
pub(super) struct RecordedStart {
    /// Events appended when it began; the last of them is its start.
    pub(super) events: Vec<WireEvent>,
    /// For each event its index among the facts that the engine sent, if it is recorded as it was sent.
    ///
    /// Empty if another engine sent them.
    pub(super) sent: Vec<Option<usize>>,
    pub(super) command: CommandStarted,
    /// False if the operator agreed to run it although its start could not be recorded.
    pub(super) is_recorded: bool,
}

/// Output of a command on its way to the record and to the engine.
pub(super) struct CommandOutput {
    pub(super) capture: Capture,
    pub(super) masks: Masks,
    /// The last of the output that could not be kept.
    pub(super) unstored: OutputRing,
    /// Deadline for syncing its file.
    pub(super) sync_at: Option<Duration>,
    /// Output of the command's first moments. `None` once there is a file.
    pub(super) buffered: Option<EarlyOutput>,
}

/// Output of a command's first moments, buffered in memory.
///
/// A command that finishes by then and prints little needs no file: its output is part of its end.
#[derive(Debug)]
pub(super) struct EarlyOutput {
    pub(super) until: Duration,
    pub(super) pieces: Vec<(OutputChannel, Vec<u8>)>,
    bytes: usize,
}

impl EarlyOutput {
    pub(super) fn buffer_until(until: Duration) -> Self {
        Self { until, pieces: Vec::new(), bytes: 0 }
    }

    /// Buffers a piece. False if it is too late or too much; then the piece is not taken.
    pub(super) fn buffer_piece(&mut self, channel: OutputChannel, bytes: &[u8], now: Duration) -> bool {
        let fits = self.bytes + bytes.len() <= INLINE_BYTES && now < self.until;
        if fits {
            self.bytes += bytes.len();
            self.pieces.push((channel, bytes.to_vec()));
        }
        fits
    }
}

/// Input that came before bash began the command: until then Ctrl-C would be lost, or hit bash while it reads the request.
#[derive(Debug, Default)]
pub(super) struct EarlyInput {
    /// True once bash has begun the command; input goes straight to it from then on.
    pub(super) has_begun: bool,
    pub(super) keys: Vec<u8>,
    pub(super) interrupt: bool,
}

/// Interrupts (Ctrl-C) that were sent to a command.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    pub(super) was_sent: bool,
    /// Time of the next check that the command got it, and the number of checks so far.
    pub(super) check_at: Option<(Duration, u32)>,
    /// True if it went to bash, which may have been about to start a program.
    pub(super) reached_bash: bool,
}

impl Interrupt {
    /// Notes an interrupt; `to_bash` if no program was in the foreground yet.
    pub(super) fn note_sent(&mut self, to_bash: bool, now: Duration) {
        self.was_sent = true;
        self.reached_bash = to_bash;
        self.check_at = Some((now + super::HEARD_AFTER, 0));
    }
}

/// When and how far a command is being ended.
#[derive(Debug)]
pub(super) struct CommandEnding {
    /// True if somebody asked to end it; false if only its time is over.
    pub(super) stopped: bool,
    /// The command is ended at this moment.
    pub(super) limit: Option<Duration>,
    /// The limit that the engine asked for. Without an engine `limit` may be earlier.
    pub(super) requested_limit: Option<Duration>,
    pub(super) abort: Abort,
}

impl CommandEnding {
    /// The command is not being ended yet; `limit` ends it.
    pub(super) fn at_limit(limit: Option<Duration>) -> Self {
        Self { stopped: false, limit, requested_limit: limit, abort: Abort::No }
    }
}

/// Progress of ending a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abort {
    /// Nobody has asked for it.
    No,
    /// bash and the command were told to end.
    Told {
        /// The command is killed at this moment.
        kill_at: Duration,
        /// bash is told once more at this moment: a `DEBUG` trap may have kept it from noticing.
        again_at: Option<Duration>,
    },
    /// The command was killed so many times; it is killed again at this moment, and after a few times bash with it.
    Killed(Duration, u32),
}

impl Running {
    /// Events of a command's beginning, without what the engine knows because it has sent it.
    pub(super) fn begun_events(start: RecordedStart) -> Vec<BegunEvent> {
        let sent = start.sent.into_iter().chain(std::iter::repeat(None));
        let begun = start.events.into_iter().zip(sent).map(|(event, sent_index)| {
            let WireEvent { seq, utc, mono, fact } = event;
            BegunEvent {
                seq,
                utc,
                mono,
                said: sent_index.map_or_else(|| BegunFact::Added(Box::new(fact)), BegunFact::Sent),
            }
        });
        begun.collect()
    }

    /// Next moment at which the command needs attention.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let abort = match self.ending.abort {
            Abort::No => self.ending.limit,
            Abort::Told { kill_at, again_at } => Some(again_at.unwrap_or(kill_at).min(kill_at)),
            Abort::Killed(at, _) => Some(at),
        };
        let output = &self.output;
        let buffered = output.buffered.as_ref().filter(|buffered| !buffered.pieces.is_empty());
        let buffered = buffered.map(|buffered| buffered.until);
        let interrupt = self.interrupt.check_at.map(|(at, _)| at);
        [abort, output.sync_at, buffered, interrupt, output.masks.release_deadline()].into_iter().flatten().min()
    }
}

/// For each event the index of the fact it records, if that fact is recorded unchanged. The last events record `facts`.
pub(super) fn indices_as_sent(events: &[Event], facts: &[Fact]) -> Vec<Option<usize>> {
    let added = events.len().saturating_sub(facts.len());
    let sent_index = |(index, event): (usize, &Event)| {
        let sent_index = index.checked_sub(added)?;
        (facts.get(sent_index) == Some(&event.fact)).then_some(sent_index)
    };
    events.iter().enumerate().map(sent_index).collect()
}

/// The file that bash sources for a command whose text begins on `line` of the document.
///
/// The braces make bash check all of the text before it runs any of it, and make an error end all of it. The blank line
/// neutralises a backslash at the end. The lines above make bash's own messages name the document's lines.
pub(super) fn step_file(text: &str, line: u32, manner: Manner) -> Vec<u8> {
    let above = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    let mut file = match manner {
        Manner::Quick if above > 0 => format!("[[ a ]] 37<&\"${{__rb_dash:LINENO={above},0}}\"\n").into_bytes(),
        Manner::Quick => Vec::new(),
        // A continued line costs bash half of an empty one, about 0.1 µs, but `set -v` would show it.
        Manner::Careful { verbose, .. } => if verbose { b"\n".as_slice() } else { b"\\\n" }.repeat(above),
    };
    if matches!(manner, Manner::Careful { trace: true, .. }) {
        file.extend_from_slice(b"\\builtin set -x; ");
    }
    file.extend_from_slice(b"{ ");
    file.extend_from_slice(text.as_bytes());
    file.extend_from_slice(match manner {
        Manner::Quick => b"\n\n}\n__rb_st=$? __rb_ps=${PIPESTATUS[@]} __rb_how=end\n".as_slice(),
        Manner::Careful { .. } => b"\n\n}\n{ __rb_end \"$?\" \"$-\" \"${PIPESTATUS[@]}\"; } 2>/dev/null\n",
    });
    file
}

/// Way in which a command is given to bash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// For a command that cannot change the shell, after one that left nothing behind: no option that would show or export
    /// the code of `boot.bash`, no trap, and status 0.
    Quick,
    /// For everything else.
    Careful {
        /// True if `set -x` is on.
        trace: bool,
        /// True if `set -v` is on.
        verbose: bool,
    },
}

/// True if a text may redirect a descriptor from 10 to 99 (`exec 10>lock`).
///
/// bash keeps its own descriptors there while a command runs. A false positive costs nothing.
pub(super) fn names_descriptors(text: &str) -> bool {
    text.as_bytes().windows(3).any(|bytes| matches!(bytes, [b'1'..=b'9', b'0'..=b'9', b'<' | b'>']))
}

/// A safe file name for a document's name. It appears in bash's messages, so it stays readable.
pub(super) fn step_file_name(name: &str) -> String {
    let base = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let safe: String = base
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .take(64)
        .collect();
    let safe = safe.trim_start_matches(['.', '-']);
    if safe.is_empty() { "runbook".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_stands_on_its_line_of_the_document() {
        let file = step_file("echo a\necho b", 4, Manner::Careful { trace: false, verbose: false });
        let file = String::from_utf8(file).unwrap();
        assert_eq!(file.lines().nth(3), Some("{ echo a"));
        assert_eq!(file.lines().nth(4), Some("echo b"));
    }

    #[test]
    fn descriptors_from_ten_up_are_seen() {
        assert!(names_descriptors("exec 10>lock") && names_descriptors("{ flock 12; } 12<x"));
        assert!(!names_descriptors("exec 9>lock; echo 10 > x 2>&1"));
    }

    #[test]
    fn a_file_name_cannot_leave_the_folder_or_split_a_request() {
        for (name, safe) in [
            ("RUNBOOK.md", "RUNBOOK.md"),
            ("docs/on call.md", "on_call.md"),
            ("../..", "runbook"),
            (".boot", "boot"),
            ("", "runbook"),
            ("a\nb", "a_b"),
        ] {
            assert_eq!(step_file_name(name), safe);
        }
    }
}
