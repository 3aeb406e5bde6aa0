//! Finds secrets whose letters do not follow each other: wrapped, overstruck, or in the columns of a dump.
//!
//! Two more readers of the stream, which begin only where a secret may go on after a break, and end soon after.
//!
//! Invariant: a reader that was started without need finds nothing that the stream's own lanes would not find. Refuses to
//! know: shapes of tokens; only registered secrets are looked for.

use super::dumps::DumpReader;
use super::matcher::{ESC, Matcher};
use super::trail::{FoldedMatch, Trail};
use aho_corasick::automaton::StateID;

pub(super) const BACKSPACE: u8 = 0x08;
/// Maximum number of bytes after a break that are looked at to decide whether a secret goes on.
const PEEK_BYTES: usize = 16;
/// Number of bytes outside a secret after which an overstruck text has ended.
const QUIET_BYTES: u8 = 3;

/// Reads text as it appears once lines are joined and overstruck letters are replaced.
#[derive(Clone, Debug)]
struct DrawnReader {
    trail: Trail,
    /// True after a line break, until the first letter: blanks may be an indentation.
    begins_line: bool,
    /// Number of last bytes that belong to no secret.
    quiet: u8,
}

impl DrawnReader {
    fn held_from(&self, matcher: &Matcher) -> Option<u64> {
        let unread = self.trail.held_if_unread(matcher).filter(|_| self.quiet == 1);
        unread.into_iter().chain(self.trail.held_from(matcher)).min()
    }

    fn step_byte(&mut self, matcher: &Matcher, byte: u8, at: u64) -> Option<FoldedMatch> {
        let continues = |state| matcher.held_depth(matcher.next_state(state, byte)) > matcher.held_depth(state);
        match byte {
            b'\n' | b'\r' => self.begins_line = true,
            BACKSPACE => {
                self.trail.unread_byte(matcher);
                self.quiet = 0;
            }
            b' ' | b'\t' if self.begins_line && !continues(self.trail.state) => {}
            _ => {
                self.begins_line = false;
                let found = self.trail.read_byte(matcher, byte, at);
                let is_quiet = matcher.held_depth(self.trail.state) == 0;
                self.quiet = if is_quiet { self.quiet.saturating_add(1) } else { 0 };
                return found;
            }
        }
        None
    }
}

/// Both readers, while they are needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    drawn: Option<DrawnReader>,
    dump: Option<DumpReader>,
}

impl Folds {
    pub(super) fn are_idle(&self) -> bool {
        self.drawn.is_none() && self.dump.is_none()
    }

    /// Starts the readers that the break at `index` of `bytes` may need. `state` is the one before it; `base` is the offset
    /// of the first byte.
    pub(super) fn begin_at(&mut self, matcher: &Matcher, state: StateID, bytes: &[u8], index: usize, base: u64) {
        if self.drawn.is_none() && needs_drawn_reader(matcher, state, bytes, index) {
            let depth = usize::try_from(matcher.held_depth(state)).unwrap_or(usize::MAX).max(1);
            let from = index.saturating_sub(depth);
            let mut trail = Trail::new(matcher);
            for (at, &byte) in (base + from as u64..).zip(bytes.get(from..index).unwrap_or_default()) {
                trail.step_byte(matcher, byte, at);
            }
            trail.state = state;
            self.drawn = Some(DrawnReader { trail, begins_line: false, quiet: 0 });
        }
        if self.dump.is_none() && bytes.get(index) == Some(&b'\n') && needs_dump_reader(matcher, bytes, index) {
            self.dump = Some(DumpReader::new(matcher));
        }
    }

    /// Starts the reader of dumps at the beginning of a stream.
    pub(super) fn begin_stream(&mut self, matcher: &Matcher, bytes: &[u8]) {
        if matcher.has_secrets() && DumpReader::may_begin(bytes) {
            self.dump = Some(DumpReader::new(matcher).after_line_break());
        }
    }

    /// Reads the byte at offset `at`; `hidden` if it is part of an escape sequence. `is_home` if the stream's own lanes are
    /// within nothing.
    pub(super) fn step_byte(
        &mut self,
        matcher: &Matcher,
        (byte, at): (u8, u64),
        (hidden, is_home): (bool, bool),
    ) -> [Option<FoldedMatch>; 2] {
        let mut found = [None, None];
        if let Some(drawn) = self.drawn.as_mut().filter(|_| !hidden) {
            found[0] = drawn.step_byte(matcher, byte, at);
            if drawn.quiet >= QUIET_BYTES && is_home && !drawn.begins_line {
                self.drawn = None;
            }
        }
        if let Some(dump) = self.dump.as_mut() {
            found[1] = dump.step_byte(matcher, byte, at);
            if dump.is_over() {
                self.dump = None;
            }
        }
        found
    }

    /// Offset from which bytes may belong to a secret.
    pub(super) fn held_from(&self, matcher: &Matcher) -> Option<u64> {
        let drawn = self.drawn.as_ref().and_then(|drawn| drawn.held_from(matcher));
        let dump = self.dump.as_ref().and_then(|dump| dump.held_from(matcher));
        drawn.into_iter().chain(dump).min()
    }

    /// The match that is still open at the end of the stream.
    pub(super) fn finish_at(&mut self, end: u64) -> Option<FoldedMatch> {
        self.dump.as_mut().and_then(|dump| dump.close_match(end))
    }
}

/// True if a reader may be needed from the byte at `index`, which comes after `state`.
pub(super) fn breaks_text(matcher: &Matcher, state: StateID, bytes: &[u8], index: usize) -> bool {
    needs_drawn_reader(matcher, state, bytes, index)
        || (bytes.get(index) == Some(&b'\n') && needs_dump_reader(matcher, bytes, index))
}

fn needs_dump_reader(matcher: &Matcher, bytes: &[u8], index: usize) -> bool {
    matcher.has_secrets() && DumpReader::may_begin(bytes.get(index + 1..).unwrap_or_default())
}

fn needs_drawn_reader(matcher: &Matcher, state: StateID, bytes: &[u8], index: usize) -> bool {
    let depth = matcher.held_depth(state);
    match bytes.get(index) {
        Some(&BACKSPACE) => matcher.has_secrets(),
        Some(&ESC) => depth > 0,
        Some(b'\n' | b'\r') if depth > 0 => {
            let rest = bytes.get(index + 1..).unwrap_or_default();
            let uses_both = |byte: u8| matcher.held_depth(matcher.next_state(state, byte)) >= 2;
            let is_blank = |byte: &u8| matches!(byte, b'\n' | b'\r' | b' ' | b'\t');
            match rest.iter().take(PEEK_BYTES).find(|&byte| !is_blank(byte)) {
                None | Some(&(ESC | BACKSPACE)) => true,
                Some(&byte) => uses_both(byte) || uses_both(b' ') || uses_both(b'\t'),
            }
        }
        _ => false,
    }
}
