//! The automaton's way through bytes that do not follow each other in the stream.
//!
//! Invariant: at least as many bytes can be taken back as may belong to a secret. Refuses to know: which bytes are passed over.

use super::matcher::{Matcher, PatternOwner};
use aho_corasick::automaton::StateID;

/// Minimum length of a match with a break in it. Shorter ones occur by chance.
const MIN_FOLDED_BYTES: u32 = 6;

/// A secret that was found: its first byte, the byte after its last, its owner, and the length of its text.
pub(super) type FoldedMatch = (u64, u64, PatternOwner, u64);

/// A state of the automaton, and the way back through the bytes that led to it.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    pub(super) state: StateID,
    /// For each byte that was read: the state before it, and its offset.
    read: Vec<(StateID, u64)>,
}

impl Trail {
    pub(super) fn new(matcher: &Matcher) -> Self {
        Self { state: matcher.start, read: Vec::new() }
    }

    /// Reads a byte of which it is known that no secret ends with it.
    pub(super) fn step_byte(&mut self, matcher: &Matcher, byte: u8, at: u64) {
        self.read.push((self.state, at));
        self.state = matcher.next_state(self.state, byte);
    }

    /// Reads a byte. Returns the longest secret that ends with it.
    pub(super) fn read_byte(&mut self, matcher: &Matcher, byte: u8, at: u64) -> Option<FoldedMatch> {
        self.step_byte(matcher, byte, at);
        let depth = usize::try_from(matcher.held_depth(self.state)).unwrap_or(usize::MAX).max(1);
        if self.read.len() > depth.saturating_mul(2).saturating_add(64) {
            self.read.drain(..self.read.len() - depth);
        }
        if !matcher.may_match(self.state) {
            return None;
        }
        let secrets = matcher
            .matched_patterns(self.state)
            .filter(|(owner, length)| matches!(owner, PatternOwner::Secret(_)) && *length >= MIN_FOLDED_BYTES);
        let (owner, length) = secrets.max_by_key(|&(_, length)| length)?;
        Some((self.offset_back(u64::from(length)), at + 1, owner, u64::from(length)))
    }

    fn offset_back(&self, count: u64) -> u64 {
        let index = self.read.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        self.read.get(index).map_or(0, |&(_, at)| at)
    }

    /// Offset from which bytes may belong to such a secret if the last byte is taken back.
    pub(super) fn held_if_unread(&self, matcher: &Matcher) -> Option<u64> {
        let depth = self.read.last().map_or(0, |&(state, _)| matcher.held_depth(state));
        (depth > 0).then(|| self.offset_back(depth + 1))
    }

    /// Takes back the last byte.
    pub(super) fn unread_byte(&mut self, matcher: &Matcher) {
        self.state = self.read.pop().map_or(matcher.start, |(state, _)| state);
    }

    /// Offset from which bytes may belong to a secret that is not complete.
    pub(super) fn held_from(&self, matcher: &Matcher) -> Option<u64> {
        let depth = matcher.held_depth(self.state);
        (depth > 0).then(|| self.offset_back(depth))
    }
}
