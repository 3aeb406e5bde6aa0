//! Finds the beginning and end of terminal escape sequences in a stream.
//!
//! Invariant: total and bounded: a sequence that never ends counts as text again after a limit. Refuses to know: their effect.

use super::matcher::ESC;

const BEL: u8 = 0x07;
/// Maximum length of a control sequence in bytes; terminals know no longer one.
const CONTROL_LIMIT: u32 = 128;
/// Maximum length in bytes of a title, link or clipboard content.
const STRING_LIMIT: u32 = 16 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EscapeState {
    Text,
    Escape,
    Control(u32),
    String(u32),
    StringEscape(u32),
}

/// One sequence, from its ESC to the byte after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EscapeSequence {
    pub(super) start: u64,
    pub(super) end: u64,
    /// True for `ESC [ …`, which moves the cursor or sets colours and has no text in it.
    pub(super) control: bool,
}

/// Follows a stream byte by byte.
#[derive(Clone, Debug)]
pub(super) struct EscapeTracker {
    state: EscapeState,
    start: u64,
    /// Sequences that ended and may still be within a match.
    pub(super) ended: Vec<EscapeSequence>,
}

impl EscapeTracker {
    pub(super) fn new() -> Self {
        Self { state: EscapeState::Text, start: 0, ended: Vec::new() }
    }

    /// True while no sequence is open.
    pub(super) fn in_text(&self) -> bool {
        self.state == EscapeState::Text
    }

    /// Offset of the open sequence's ESC.
    pub(super) fn open_since(&self) -> u64 {
        self.start
    }

    /// Takes the byte at offset `at`. True if it is part of a sequence.
    pub(super) fn step_byte(&mut self, byte: u8, at: u64) -> bool {
        use EscapeState::{Control, Escape, String, StringEscape, Text};
        if byte == ESC && !matches!(self.state, String(_) | StringEscape(_)) {
            self.close_sequence(at, false);
            self.start = at;
            self.state = Escape;
            return true;
        }
        if matches!(byte, 0x18 | 0x1a) && self.state != Text {
            self.close_sequence(at + 1, false);
            return true;
        }
        match (self.state, byte) {
            (Text, _) => return false,
            (Escape, b'[') => self.state = Control(0),
            (Escape, b']' | b'P' | b'X' | b'^' | b'_') => self.state = String(0),
            (Escape, 0x20..=0x2f) => {}
            (Control(count), 0x20..=0x3f) if count < CONTROL_LIMIT => self.state = Control(count + 1),
            (Control(_), 0x40..=0x7e) => self.close_sequence(at + 1, true),
            (String(_), BEL) | (StringEscape(_), b'\\') | (Escape, _) => self.close_sequence(at + 1, false),
            (String(count) | StringEscape(count), ESC) if count < STRING_LIMIT => self.state = StringEscape(count + 1),
            (String(count) | StringEscape(count), _) if count < STRING_LIMIT => self.state = String(count + 1),
            // Too long, or a byte that no sequence contains.
            (Control(_) | String(_) | StringEscape(_), _) => {
                self.close_sequence(at, false);
                return false;
            }
        }
        true
    }

    fn close_sequence(&mut self, end: u64, control: bool) {
        if self.state != EscapeState::Text && end > self.start {
            self.ended.push(EscapeSequence { start: self.start, end, control });
        }
        self.state = EscapeState::Text;
    }

    /// Offset, in the stream with its sequences, of the byte that is `count` visible bytes before `end`.
    pub(super) fn offset_before(&self, end: u64, count: u64) -> u64 {
        let (mut at, mut left) = (end, count);
        for sequence in self.ended.iter().rev() {
            if sequence.end > at {
                continue;
            }
            let visible = at - sequence.end;
            if visible >= left {
                break;
            }
            left -= visible;
            at = sequence.start;
        }
        at.saturating_sub(left)
    }

    /// Offset before the sequences that end at `at`.
    pub(super) fn skip_back(&self, mut at: u64) -> u64 {
        let after = self.ended.partition_point(|sequence| sequence.end <= at);
        for sequence in self.ended.iter().take(after).rev() {
            if sequence.end != at {
                break;
            }
            at = sequence.start;
        }
        at
    }

    /// Forgets the sequences before `at`.
    pub(super) fn forget_before(&mut self, at: u64) {
        let count = self.ended.iter().take_while(|sequence| sequence.end <= at).count();
        self.ended.drain(..count);
    }
}
