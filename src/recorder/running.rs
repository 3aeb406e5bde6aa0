//! A command between its start and its end.
//!
//! Invariant: what is needed to record its end is here from its start, so that it can be recorded without an engine.

use super::capture::{Capture, INLINE_BYTES};
use super::hide::Masks;
use super::outbox::Ring;
use super::protocol::{Begun, Channel, Said, WireEvent};
use crate::history::{CommandStarted, Event, Fact};
use crate::ident::Seq;
use std::path::Path;
use std::time::Duration;

/// See the module.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself, and all combinations occur")]
pub(super) struct Running {
    pub(super) seq: Seq,
    /// What was appended when it began.
    pub(super) events: Vec<WireEvent>,
    /// The place of each of them among what the engine has sent, if it is still as it was sent; empty: this engine has sent none.
    pub(super) sent: Vec<Option<usize>>,
    pub(super) started: CommandStarted,
    pub(super) capture: Capture,
    pub(super) masks: Masks,
    /// Whether its start is in the journal.
    pub(super) is_recorded: bool,
    /// The last of the output that could not be kept.
    pub(super) unstored: Ring,
    /// Whether the engine goes on by itself when it is back.
    pub(super) goes_on: bool,
    /// Whether it cannot change the shell.
    pub(super) same_shell: bool,
    /// When it was handed to the shell.
    pub(super) since: Duration,
    /// Whether bash has begun it. Before that, Ctrl-C would be lost, or hit bash while it reads the request.
    pub(super) begun: bool,
    pub(super) held_keys: Vec<u8>,
    pub(super) held_interrupt: bool,
    /// Whether Ctrl-C was sent to it.
    pub(super) interrupted: bool,
    /// After an interrupt: at this moment it is looked whether it was heard, and how often that was looked at.
    pub(super) heard_at: Option<(Duration, u32)>,
    /// It went to bash, which may have been about to start a program.
    pub(super) bash_was_interrupted: bool,
    /// Whether the engine asked to end it.
    pub(super) stopped: bool,
    /// When it is to be ended.
    pub(super) limit: Option<Duration>,
    /// That moment as the engine wanted it; without an engine it may come earlier.
    pub(super) given_limit: Option<Duration>,
    pub(super) abort: Abort,
    /// When its output is to be synced.
    pub(super) sync_at: Option<Duration>,
    /// Output of its first moments, held back: a command that is back by then and has printed little has no file, its
    /// output stands in the event. None once there is a file.
    pub(super) held: Option<Held>,
}

/// See [`Running::held`].
#[derive(Debug)]
pub(super) struct Held {
    /// Until then.
    pub(super) until: Duration,
    pub(super) pieces: Vec<(Channel, Vec<u8>)>,
    bytes: usize,
}

impl Held {
    pub(super) fn until(until: Duration) -> Self {
        Self { until, pieces: Vec::new(), bytes: 0 }
    }

    /// Holds a piece back, if it may.
    pub(super) fn hold(&mut self, channel: Channel, bytes: &[u8], now: Duration) -> bool {
        let fits = self.bytes + bytes.len() <= INLINE_BYTES && now < self.until;
        if fits {
            self.bytes += bytes.len();
            self.pieces.push((channel, bytes.to_vec()));
        }
        fits
    }
}

/// How far the ending of a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abort {
    /// It was not asked for.
    No,
    /// It was told to end.
    Told {
        /// At this moment it is killed.
        kill_at: Duration,
        /// At this moment it is told once more: a `DEBUG` trap may keep bash from hearing of it.
        again_at: Option<Duration>,
    },
    /// It was killed; at this moment again, and after a few times bash with it.
    Killed(Duration, u32),
}

impl Running {
    /// Ctrl-C was sent to it, or to bash, when no program was in the foreground yet.
    pub(super) fn interrupt_sent(&mut self, to_bash: bool, now: Duration) {
        self.interrupted = true;
        self.bash_was_interrupted = to_bash;
        self.heard_at = Some((now + super::HEARD_AFTER, 0));
    }

    /// What the engine is told of its beginning.
    pub(super) fn begun(events: Vec<WireEvent>, sent: &[Option<usize>]) -> Vec<Begun> {
        let places = sent.iter().copied().chain(std::iter::repeat(None));
        let begun = events.into_iter().zip(places).map(|(event, place)| {
            let WireEvent { seq, utc, mono, fact } = event;
            Begun { seq, utc, mono, said: place.map_or_else(|| Said::Added(Box::new(fact)), Said::Sent) }
        });
        begun.collect()
    }

    /// The next moment at which something is due.
    pub(super) fn due(&self) -> Option<Duration> {
        let abort = match self.abort {
            Abort::No => self.limit,
            Abort::Told { kill_at, again_at } => Some(again_at.unwrap_or(kill_at).min(kill_at)),
            Abort::Killed(at, _) => Some(at),
        };
        let held = self.held.as_ref().filter(|held| !held.pieces.is_empty()).map(|held| held.until);
        let heard = self.heard_at.map(|(at, _)| at);
        [abort, self.sync_at, held, heard, self.masks.due()].into_iter().flatten().min()
    }
}

/// The place of each event among the facts it came of, which are the last of them, where it is what was sent.
pub(super) fn as_sent(events: &[Event], facts: &[Fact]) -> Vec<Option<usize>> {
    let added = events.len().saturating_sub(facts.len());
    let place = |(at, event): (usize, &Event)| {
        let place = at.checked_sub(added)?;
        (facts.get(place) == Some(&event.fact)).then_some(place)
    };
    events.iter().enumerate().map(place).collect()
}

/// The file bash sources. The group makes an error abort all of it, and its syntax is checked before any of it runs; the
/// blank line neutralises a backslash at the end; what stands above makes bash's own messages name the document's lines.
pub(super) fn step_file(text: &str, line: u32, manner: Manner) -> Vec<u8> {
    let above = usize::try_from(line.saturating_sub(1)).unwrap_or_default();
    let mut file = match manner {
        Manner::Quick if above > 0 => format!("[[ a ]] 37<&\"${{__rb_dash:LINENO={above},0}}\"\n").into_bytes(),
        Manner::Quick => Vec::new(),
        // Each line that bash reads costs it a tenth of a microsecond; continued ones half of what empty ones do, but `set -v`
        // would show those.
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

/// How bash is given a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// The command cannot change the shell, and nothing of the one before it needs to be looked after: no option that would show or
    /// export the kernel's own words, no trap, no status other than 0.
    Quick,
    /// Anything may have been done to the shell, and may be done now.
    Careful {
        /// `set -x` is on.
        trace: bool,
        /// `set -v` is on.
        verbose: bool,
    },
}

/// Whether a text redirects a descriptor of two digits from 10 up (`exec 10>lock`): there bash keeps, while a command runs,
/// what is hidden from it. A word too many costs nothing.
pub(super) fn names_descriptors(text: &str) -> bool {
    text.as_bytes().windows(3).any(|bytes| matches!(bytes, [b'1'..=b'9', b'0'..=b'9', b'<' | b'>']))
}

/// A file name for a document's name: it stands in bash's messages, so it stays readable.
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
