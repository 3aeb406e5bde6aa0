//! Masks a stream of bytes as they come.
//!
//! Two lanes read the stream: one as it is, one without its escape sequences. Most of the time they are in the same state, and
//! one suffices. Anything that either finds is masked.
//!
//! Invariant: a byte is released once no later match can reach back to it. Refuses to know: time.

use super::escapes::Escapes;
use super::matcher::{ESC, Matcher, Owner};
use super::patterns::{Candidate, RULES, Step};
use aho_corasick::automaton::StateID;
use std::sync::Arc;

/// Maximum number of bytes that a pause releases.
const SILENT_BYTES: u64 = 3;
/// Number of released bytes that are kept to look back at.
const CONTEXT_BYTES: u64 = 1024;
/// Distance in bytes between two attempts to skip text, when the first skipped nothing.
const LOOK_AGAIN_BYTES: usize = 16;
/// Maximum number of candidates at a time; no real text reaches it.
const CANDIDATES_LIMIT: usize = 64;

/// A range to mask, and the secret or rule whose name replaces it.
#[derive(Clone, Copy, Debug)]
struct Found {
    start: u64,
    end: u64,
    owner: Owner,
    /// Length of the match that gave the name.
    length: u64,
}

#[derive(Clone, Debug)]
struct Lane {
    state: StateID,
    candidates: Vec<Candidate>,
}

/// Masks one stream of bytes: a command's stdout or stderr.
#[derive(Clone, Debug)]
pub struct Stream {
    matcher: Arc<Matcher>,
    /// Bytes from offset `base` on: the last released ones, then those that are held back.
    buffer: Vec<u8>,
    base: u64,
    /// Everything before this offset was released.
    gone: u64,
    raw: Lane,
    /// The lane without escape sequences, while it differs from `raw`.
    plain: Option<Lane>,
    escapes: Escapes,
    found: Vec<Found>,
}

impl Stream {
    pub(super) fn new(matcher: Arc<Matcher>) -> Self {
        let raw = Lane { state: matcher.start, candidates: Vec::new() };
        Self {
            matcher,
            buffer: Vec::new(),
            base: 0,
            gone: 0,
            raw,
            plain: None,
            escapes: Escapes::new(),
            found: Vec::new(),
        }
    }

    /// Takes bytes if nothing in them needs masking, which holds for most output, and nothing is held back. Returns how many of
    /// them can be released unchanged. On none, no byte was taken.
    pub fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        let long = u64::try_from(bytes.len()).ok().filter(|&length| length >= CONTEXT_BYTES)?;
        let quiet = self.plain.is_none() && self.raw.candidates.is_empty() && self.found.is_empty();
        if !quiet || !self.escapes.in_text() || self.gone != self.at() || memchr::memchr(ESC, bytes).is_some() {
            return None;
        }
        let state = self.matcher.passes(self.raw.state, bytes)?;
        let at = self.at() + long;
        self.raw.state = state;
        self.gone = at - self.matcher.depth(state);
        let context = bytes.len() - usize::try_from(CONTEXT_BYTES).unwrap_or(usize::MAX);
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes.get(context..).unwrap_or_default());
        self.base = at - CONTEXT_BYTES;
        self.escapes.forget_before(self.base);
        usize::try_from(long - (at - self.gone)).ok()
    }

    /// Takes bytes and appends to `out` what can be released.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(length) = self.pass(bytes) {
            return out.extend_from_slice(bytes.get(..length).unwrap_or_default());
        }
        let from = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.buffer);
        self.scan(&buffer, from);
        self.buffer = buffer;
        self.release(self.settled(), out);
    }

    /// Number of bytes that are held back.
    pub fn held(&self) -> usize {
        usize::try_from(self.at() - self.gone).unwrap_or(usize::MAX)
    }

    /// Releases up to three held bytes after [`SILENCE`](super::SILENCE): they are most likely no secret, and somebody waits for
    /// them. More than three stay held back.
    pub fn flush_after_silence(&mut self, out: &mut Vec<u8>) {
        if self.at() - self.gone <= SILENT_BYTES {
            self.release(self.at(), out);
        }
    }

    /// Releases everything at the end of the stream. Bytes that follow belong to a new stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let lanes = std::iter::once(&self.raw).chain(&self.plain);
        let ended: Vec<_> = lanes.flat_map(|lane| &lane.candidates).map(|c| (c.rule, c.at_end())).collect();
        for (rule, step) in ended {
            if let Step::Found(start, end) = step {
                insert(&mut self.found, Found { start, end, owner: Owner::Rule(rule), length: end - start });
            }
        }
        self.release(self.at(), out);
        *self = Self::new(Arc::clone(&self.matcher));
    }

    /// Continues with a masker that knows more secrets, and scans the held bytes again.
    pub fn learn(&mut self, masker: &super::Masker, out: &mut Vec<u8>) {
        let index = usize::try_from(self.gone - self.base).unwrap_or(usize::MAX);
        let held = self.buffer.get(index..).unwrap_or_default().to_vec();
        *self = masker.stream();
        self.push(&held, out);
    }

    fn at(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    fn scan(&mut self, buffer: &[u8], from: usize) {
        let matcher = Arc::clone(&self.matcher);
        let mut index = from;
        // The next ESC, and the index from which skipping text is worth another try.
        let (mut escape, mut look_at) = (None, from);
        while index < buffer.len() {
            if self.plain.is_none() && self.raw.candidates.is_empty() && self.escapes.in_text() {
                let before = index;
                let mut state = self.raw.state;
                let end = text_end(buffer, index, &mut escape);
                let text = buffer.get(..end).unwrap_or_default();
                while let Some(&byte) = text.get(index) {
                    if state == matcher.start && index >= look_at {
                        let next = matcher.pass_over(text, index);
                        look_at = next + LOOK_AGAIN_BYTES;
                        if next > index {
                            index = next;
                            continue;
                        }
                    }
                    state = matcher.next(state, byte);
                    index += 1;
                    if matcher.may_match(state) {
                        break;
                    }
                }
                self.raw.state = state;
                if index > before && matcher.may_match(state) {
                    let at = self.base + index as u64;
                    let view = View { matcher: &matcher, buffer, base: self.base, escapes: None };
                    self.raw.matched(&view, at, &mut self.found);
                }
                if self.raw.candidates.is_empty() && buffer.get(index) != Some(&ESC) {
                    continue;
                }
            }
            if let Some(&byte) = buffer.get(index) {
                self.step(&matcher, buffer, byte, self.base + index as u64);
                index += 1;
            }
        }
    }

    fn step(&mut self, matcher: &Matcher, buffer: &[u8], byte: u8, at: u64) {
        if byte == ESC && self.plain.is_none() {
            self.plain = Some(self.raw.clone());
        }
        let hidden = self.escapes.step(byte, at);
        let view = View { matcher, buffer, base: self.base, escapes: None };
        self.raw.step(&view, byte, at, &mut self.found);
        let Some(plain) = self.plain.as_mut() else { return };
        if !hidden {
            let view = View { escapes: Some(&self.escapes), ..view };
            plain.step(&view, byte, at, &mut self.found);
        }
        let home = |lane: &Lane| lane.state == matcher.start && lane.candidates.is_empty();
        if self.escapes.in_text() && home(plain) && home(&self.raw) {
            self.plain = None;
        }
    }

    /// Offset up to which nothing can change any more.
    fn settled(&self) -> u64 {
        let at = self.at();
        let mut settled = at - self.matcher.depth(self.raw.state);
        if let Some(plain) = &self.plain {
            let depth = self.matcher.depth(plain.state);
            if depth > 0 {
                let open = if self.escapes.in_text() { at } else { self.escapes.open_since() };
                settled = settled.min(self.escapes.back(open, depth));
            }
        }
        let lanes = std::iter::once(&self.raw).chain(&self.plain);
        for held in lanes.flat_map(|lane| &lane.candidates).filter_map(Candidate::held_from) {
            settled = settled.min(held);
        }
        for found in self.found.iter().rev() {
            if found.end > settled {
                settled = settled.min(found.start);
            }
        }
        settled
    }

    fn release(&mut self, limit: u64, out: &mut Vec<u8>) {
        let due = self.found.iter().take_while(|found| found.end <= limit).count();
        let found: Vec<Found> = self.found.drain(..due).collect();
        for Found { start, end, owner, .. } in found {
            if end <= self.gone {
                continue;
            }
            self.copy(start, out);
            out.extend_from_slice(b"[masked:");
            out.extend_from_slice(self.matcher.label(owner).as_bytes());
            out.push(b']');
            // Colours that were set inside the match stay set.
            let inside = self.escapes.ended.iter().filter(|s| s.control && s.start >= start && s.end <= end);
            for sequence in inside {
                out.extend_from_slice(self.slice(sequence.start, sequence.end));
            }
            self.gone = self.gone.max(end);
        }
        self.copy(limit, out);
        let keep_from = self.gone.saturating_sub(CONTEXT_BYTES);
        if let Some(count) = keep_from.checked_sub(self.base).and_then(|count| usize::try_from(count).ok()) {
            self.buffer.drain(..count.min(self.buffer.len()));
            self.base = keep_from;
        }
        self.escapes.forget_before(keep_from);
    }

    fn copy(&mut self, to: u64, out: &mut Vec<u8>) {
        if to > self.gone {
            out.extend_from_slice(self.slice(self.gone, to));
            self.gone = to;
        }
    }

    fn slice(&self, from: u64, to: u64) -> &[u8] {
        let index = |at: u64| usize::try_from(at.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.buffer.get(index(from)..index(to)).unwrap_or_default()
    }
}

/// End of the text from `index`: the next ESC, or the end of the buffer. `escape` caches it.
fn text_end(buffer: &[u8], index: usize, escape: &mut Option<usize>) -> usize {
    if let Some(known) = escape.filter(|&known| known >= index) {
        return known;
    }
    let rest = buffer.get(index..).unwrap_or_default();
    let end = memchr::memchr(ESC, rest).map_or(buffer.len(), |length| index + length);
    *escape = Some(end);
    end
}

/// The part of a stream that a lane reads.
#[derive(Clone, Copy)]
struct View<'a> {
    matcher: &'a Matcher,
    buffer: &'a [u8],
    base: u64,
    /// The sequences to skip; none for the raw lane.
    escapes: Option<&'a Escapes>,
}

impl View<'_> {
    fn back(&self, end: u64, count: u64) -> u64 {
        self.escapes.map_or(end.saturating_sub(count), |escapes| escapes.back(end, count))
    }

    fn byte(&self, at: u64) -> Option<u8> {
        let index = usize::try_from(at.checked_sub(self.base)?).ok()?;
        self.buffer.get(index).copied()
    }
}

impl Lane {
    fn step(&mut self, view: &View<'_>, byte: u8, at: u64, found: &mut Vec<Found>) {
        self.candidates.retain_mut(|candidate| match candidate.step(byte, at) {
            Step::On => true,
            Step::Out => false,
            Step::Found(start, end) => {
                insert(found, Found { start, end, owner: Owner::Rule(candidate.rule), length: end - start });
                false
            }
        });
        self.state = view.matcher.next(self.state, byte);
        if view.matcher.may_match(self.state) {
            self.matched(view, at + 1, found);
        }
    }

    /// Handles the patterns that end just before `end`: masks secrets, and starts candidates of rules.
    fn matched(&mut self, view: &View<'_>, end: u64, found: &mut Vec<Found>) {
        for (owner, length) in view.matcher.matches(self.state) {
            let length = u64::from(length);
            let start = view.back(end, length);
            match owner {
                Owner::Secret(_) => insert(found, Found { start, end, owner, length }),
                Owner::Rule(rule) => {
                    let continues = RULES.get(rule).is_some_and(|rule| rule.begins_word)
                        && start > 0
                        && view
                            .byte(view.back(end, length + 1))
                            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
                    if !continues && self.candidates.len() < CANDIDATES_LIMIT {
                        self.candidates.extend(Candidate::new(rule));
                    }
                }
            }
        }
    }
}

/// Inserts a range in order. Ranges that overlap become one, named by the longest match.
fn insert(found: &mut Vec<Found>, mut new: Found) {
    let first = found.iter().rposition(|old| old.end <= new.start).map_or(0, |index| index + 1);
    let overlapping = found.iter().skip(first).take_while(|old| old.start < new.end).count();
    for old in found.drain(first..first + overlapping) {
        // Of equally long matches the first one stays.
        if old.length >= new.length {
            (new.owner, new.length) = (old.owner, old.length);
        }
        new.start = new.start.min(old.start);
        new.end = new.end.max(old.end);
    }
    found.insert(first, new);
}
