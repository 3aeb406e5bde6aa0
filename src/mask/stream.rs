//! Masks a stream of bytes as they come.
//!
//! Two lanes read the stream: one as it is, one without its escape sequences. Most of the time they are in the same state, and
//! one suffices. Anything that either finds is masked.
//!
//! Invariant: a byte is released once no later match can reach back to it. Refuses to know: time.

use super::escapes::EscapeTracker;
use super::folds::{BACKSPACE, Folds, breaks_text};
use super::matcher::{ESC, Matcher, PatternOwner};
use super::named_values::{self, is_name_byte};
use super::patterns::{Candidate, CandidateStep, RULES};
use super::shape_rule::{NAME_LIMIT, SecretShape};
use super::trail::FoldedMatch;
use aho_corasick::automaton::StateID;
use std::sync::Arc;

/// Maximum number of bytes that a pause releases.
const SILENT_BYTES: u64 = 3;
/// Number of released bytes that are kept to look back at.
const CONTEXT_BYTES: u64 = 1024;
/// Distance in bytes between two attempts to skip text, when the first skipped nothing.
const LOOK_AGAIN_BYTES: usize = 4;
/// Maximum number of candidates at a time; no real text reaches it.
const CANDIDATES_LIMIT: usize = 64;
/// Maximum number of bytes before a trigger that are looked at, escape sequences included.
const LOOK_BACK_BYTES: u64 = 512;
/// Maximum number of values that wait to be learned.
const LEARNED_LIMIT: usize = 64;

/// A range to mask, and the secret or rule whose name replaces it.
#[derive(Clone, Copy, Debug)]
struct MaskRange {
    start: u64,
    end: u64,
    owner: PatternOwner,
    /// Length of the match that gave the name.
    length: u64,
}

/// Ranges and values that the lanes found and that nobody has handled yet.
#[derive(Clone, Debug, Default)]
struct Findings {
    ranges: Vec<MaskRange>,
    /// Names and values of secrets that should be masked without their name, too.
    learned: Vec<LearnedValue>,
}

/// Name and value of a secret that output showed.
pub type LearnedValue = (String, Vec<u8>);

#[derive(Clone, Debug)]
struct Lane {
    state: StateID,
    candidates: Vec<Candidate>,
}

/// Masks one stream of bytes: a command's stdout or stderr.
#[derive(Clone, Debug)]
pub struct MaskedStream {
    matcher: Arc<Matcher>,
    /// Bytes from offset `base` on: the last released ones, then those that are held back.
    buffer: Vec<u8>,
    base: u64,
    /// Everything before this offset was released.
    gone: u64,
    raw: Lane,
    /// The lane without escape sequences, while it differs from `raw`.
    plain: Option<Lane>,
    /// Readers of wrapped and overstruck text and of dumps.
    folds: Folds,
    escapes: EscapeTracker,
    found: Findings,
}

impl MaskedStream {
    pub(super) fn new(matcher: Arc<Matcher>) -> Self {
        let raw = Lane { state: matcher.start, candidates: Vec::new() };
        Self {
            matcher,
            buffer: Vec::new(),
            base: 0,
            gone: 0,
            raw,
            plain: None,
            folds: Folds::default(),
            escapes: EscapeTracker::new(),
            found: Findings::default(),
        }
    }

    /// Takes bytes if nothing in them needs masking, which holds for most output, and nothing is held back. Returns how many of
    /// them can be released unchanged. On none, no byte was taken.
    pub fn pass_clean(&mut self, bytes: &[u8]) -> Option<usize> {
        let long = u64::try_from(bytes.len()).ok().filter(|&length| length >= CONTEXT_BYTES)?;
        let quiet = self.plain.is_none()
            && self.folds.are_idle()
            && self.base + self.gone > 0
            && self.raw.candidates.is_empty()
            && self.found.ranges.is_empty();
        if !quiet || !self.escapes.in_text() || self.gone != self.end_offset() || memchr::memchr(ESC, bytes).is_some() {
            return None;
        }
        let state = self.state_after_lines(bytes)?;
        let at = self.end_offset() + long;
        self.raw.state = state;
        self.gone = at - self.matcher.held_depth(state);
        let context = bytes.len() - usize::try_from(CONTEXT_BYTES).unwrap_or(usize::MAX);
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes.get(context..).unwrap_or_default());
        self.base = at - CONTEXT_BYTES;
        self.escapes.forget_before(self.base);
        usize::try_from(long - (at - self.gone)).ok()
    }

    /// The state after a text in which no pattern ends, and no secret may go on after a line break.
    fn state_after_lines(&self, bytes: &[u8]) -> Option<StateID> {
        let (mut state, mut from) = (self.raw.state, 0);
        for at in memchr::memchr3_iter(b'\n', b'\r', BACKSPACE, bytes) {
            state = self.matcher.state_after_clean(state, bytes.get(from..at)?)?;
            if breaks_text(&self.matcher, state, bytes, at) {
                return None;
            }
            from = at;
        }
        self.matcher.state_after_clean(state, bytes.get(from..)?)
    }

    /// Takes bytes and appends to `out` what can be released.
    pub fn push_bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(length) = self.pass_clean(bytes) {
            return out.extend_from_slice(bytes.get(..length).unwrap_or_default());
        }
        let from = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.buffer);
        self.scan_bytes(&buffer, from);
        self.buffer = buffer;
        self.release_until(self.release_limit(), out);
    }

    /// Number of bytes that are held back.
    pub fn held_bytes(&self) -> usize {
        usize::try_from(self.end_offset() - self.gone).unwrap_or(usize::MAX)
    }

    /// Releases up to three held bytes after [`SILENCE`](super::SILENCE): they are most likely no secret, and somebody waits for
    /// them. More than three stay held back.
    pub fn flush_after_silence(&mut self, out: &mut Vec<u8>) {
        if self.end_offset() - self.gone <= SILENT_BYTES {
            self.release_until(self.end_offset(), out);
        }
    }

    /// Releases everything at the end of the stream. Bytes that follow belong to a new stream.
    pub fn finish_stream(&mut self, out: &mut Vec<u8>) {
        let Self { raw, plain, found, .. } = self;
        for candidate in std::iter::once(raw).chain(plain).flat_map(|lane| &mut lane.candidates) {
            if let CandidateStep::Found(start, end) = candidate.decide_at_end() {
                found.add_candidate(candidate, start, end);
            }
        }
        if let Some(folded) = self.folds.finish_at(self.end_offset()) {
            self.found.add_folded(folded);
        }
        self.release_until(self.end_offset(), out);
        let learned = std::mem::take(&mut self.found.learned);
        *self = Self::new(Arc::clone(&self.matcher));
        self.found.learned = learned;
    }

    /// Takes the names and values of secrets that were found beside their name since the last call.
    pub fn take_learned(&mut self) -> Vec<LearnedValue> {
        std::mem::take(&mut self.found.learned)
    }

    /// Continues with a masker that knows more secrets, and scans the held bytes again.
    pub fn learn_secrets(&mut self, masker: &super::Masker, out: &mut Vec<u8>) {
        // The released bytes before the held ones tell what those are: a name, or the beginning of a token.
        let mut renewed = masker.start_stream();
        (renewed.base, renewed.gone) = (self.base, self.gone);
        renewed.found.learned = std::mem::take(&mut self.found.learned);
        let buffer = std::mem::take(&mut self.buffer);
        renewed.scan_bytes(&buffer, 0);
        renewed.buffer = buffer;
        *self = renewed;
        self.release_until(self.release_limit(), out);
    }

    fn end_offset(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    fn scan_bytes(&mut self, buffer: &[u8], from: usize) {
        let matcher = Arc::clone(&self.matcher);
        let mut index = from;
        if self.base == 0 && from == 0 {
            self.folds.begin_stream(&matcher, buffer);
        }
        // The next break, and the index from which skipping text is worth another try.
        let (mut ends, mut look_at) = (TextEnds::default(), from);
        while index < buffer.len() {
            if self.reads_one_lane() {
                let before = index;
                let mut state = self.raw.state;
                let end = ends.end_from(buffer, index);
                let text = buffer.get(..end).unwrap_or_default();
                while let Some(&byte) = text.get(index) {
                    if state == matcher.start && index >= look_at {
                        let next = matcher.skip_text(text, index);
                        look_at = next + LOOK_AGAIN_BYTES;
                        if next > index {
                            index = next;
                            continue;
                        }
                    }
                    state = matcher.next_state(state, byte);
                    index += 1;
                    if matcher.may_match(state) {
                        break;
                    }
                }
                self.raw.state = state;
                if index > before && matcher.may_match(state) {
                    let at = self.base + index as u64;
                    let view = LaneView { matcher: &matcher, buffer, base: self.base, escapes: None };
                    self.raw.handle_matches(&view, at, &mut self.found);
                }
                let is_break = index == end && breaks_text(&matcher, state, buffer, index);
                if self.raw.candidates.is_empty() && buffer.get(index) != Some(&ESC) && !is_break {
                    // A break that needs no reader is a byte like others.
                    if let Some(&byte) = buffer.get(index).filter(|_| index == end) {
                        let view = LaneView { matcher: &matcher, buffer, base: self.base, escapes: None };
                        self.raw.step_byte(&view, byte, self.base + index as u64, &mut self.found);
                        index += 1;
                    }
                    continue;
                }
            }
            if !self.raw.candidates.is_empty() && self.plain.is_none() && self.escapes.in_text() {
                let end = ends.end_from(buffer, index);
                let view = LaneView { matcher: &matcher, buffer, base: self.base, escapes: None };
                for &byte in buffer.get(index..end).unwrap_or_default() {
                    self.raw.step_byte(&view, byte, self.base + index as u64, &mut self.found);
                    index += 1;
                    if self.raw.candidates.is_empty() {
                        break;
                    }
                }
                if self.raw.candidates.is_empty() {
                    continue;
                }
            }
            if let Some(&byte) = buffer.get(index) {
                if matches!(byte, ESC | b'\n' | b'\r' | BACKSPACE) {
                    self.folds.begin_at(&matcher, self.raw.state, buffer, index, self.base);
                }
                self.step_lanes(&matcher, buffer, byte, self.base + index as u64);
                index += 1;
            }
        }
    }

    /// True while one lane says all that the others would.
    fn reads_one_lane(&self) -> bool {
        self.plain.is_none() && self.folds.are_idle() && self.raw.candidates.is_empty() && self.escapes.in_text()
    }

    fn step_folds(&mut self, matcher: &Matcher, byte: u8, at: u64, hidden: bool) {
        if self.folds.are_idle() {
            return;
        }
        let is_home = self.raw.state == matcher.start;
        for folded in self.folds.step_byte(matcher, (byte, at), (hidden, is_home)).into_iter().flatten() {
            self.found.add_folded(folded);
        }
    }

    fn step_lanes(&mut self, matcher: &Matcher, buffer: &[u8], byte: u8, at: u64) {
        if byte == ESC && self.plain.is_none() {
            self.plain = Some(self.raw.clone());
        }
        let hidden = self.escapes.step_byte(byte, at);
        let view = LaneView { matcher, buffer, base: self.base, escapes: None };
        self.raw.step_byte(&view, byte, at, &mut self.found);
        self.step_folds(matcher, byte, at, hidden);
        let view = LaneView { matcher, buffer, base: self.base, escapes: None };
        let Some(plain) = self.plain.as_mut() else { return };
        if !hidden {
            let view = LaneView { escapes: Some(&self.escapes), ..view };
            plain.step_byte(&view, byte, at, &mut self.found);
        }
        let home = |lane: &Lane| lane.state == matcher.start && lane.candidates.is_empty();
        if self.escapes.in_text() && home(plain) && home(&self.raw) {
            self.plain = None;
        }
    }

    /// Offset up to which nothing can change any more.
    fn release_limit(&self) -> u64 {
        let at = self.end_offset();
        let mut decided_end = at - self.matcher.held_depth(self.raw.state);
        if let Some(plain) = &self.plain {
            let depth = self.matcher.held_depth(plain.state);
            if depth > 0 {
                let open = if self.escapes.in_text() { at } else { self.escapes.open_since() };
                decided_end = decided_end.min(self.escapes.offset_before(open, depth));
            }
        }
        let lanes = std::iter::once(&self.raw).chain(&self.plain);
        for held in lanes.flat_map(|lane| &lane.candidates).filter_map(Candidate::held_from) {
            decided_end = decided_end.min(held);
        }
        if let Some(held) = self.folds.held_from(&self.matcher) {
            decided_end = decided_end.min(held);
        }
        for found in self.found.ranges.iter().rev() {
            if found.end > decided_end {
                decided_end = decided_end.min(found.start);
            }
        }
        decided_end
    }

    fn release_until(&mut self, limit: u64, out: &mut Vec<u8>) {
        let due = self.found.ranges.iter().take_while(|found| found.end <= limit).count();
        let found: Vec<MaskRange> = self.found.ranges.drain(..due).collect();
        for MaskRange { start, end, owner, .. } in found {
            if end <= self.gone {
                continue;
            }
            self.copy_until(start, out);
            out.extend_from_slice(b"[masked:");
            out.extend_from_slice(self.matcher.owner_label(owner).as_bytes());
            out.push(b']');
            // Colours that were set inside the match stay set.
            let inside = self.escapes.ended.iter().filter(|s| s.control && s.start >= start && s.end <= end);
            for sequence in inside {
                out.extend_from_slice(self.buffer_slice(sequence.start, sequence.end));
            }
            self.gone = self.gone.max(end);
        }
        self.copy_until(limit, out);
        let keep_from = self.gone.saturating_sub(CONTEXT_BYTES);
        if let Some(count) = keep_from.checked_sub(self.base).and_then(|count| usize::try_from(count).ok()) {
            self.buffer.drain(..count.min(self.buffer.len()));
            self.base = keep_from;
        }
        self.escapes.forget_before(keep_from);
    }

    fn copy_until(&mut self, to: u64, out: &mut Vec<u8>) {
        if to > self.gone {
            out.extend_from_slice(self.buffer_slice(self.gone, to));
            self.gone = to;
        }
    }

    fn buffer_slice(&self, from: u64, to: u64) -> &[u8] {
        let index = |at: u64| usize::try_from(at.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.buffer.get(index(from)..index(to)).unwrap_or_default()
    }
}

/// The next ESC and the end of the text, as far as they were found. A long line is asked for its end many times, and a long output
/// without an ESC at every line.
#[derive(Default)]
struct TextEnds {
    escape: Option<usize>,
    end: Option<usize>,
}

impl TextEnds {
    /// End of the text from `index`: the next ESC, line break or backspace, or the end of the buffer.
    fn end_from(&mut self, buffer: &[u8], index: usize) -> usize {
        if let Some(end) = self.end.filter(|end| *end >= index) {
            return end;
        }
        let rest = buffer.get(index..).unwrap_or_default();
        let escape = match self.escape {
            Some(known) if known >= index => known,
            _ => *self.escape.insert(memchr::memchr(ESC, rest).map_or(buffer.len(), |length| index + length)),
        };
        let text = buffer.get(index..escape).unwrap_or_default();
        let end = memchr::memchr3(b'\n', b'\r', BACKSPACE, text).map_or(escape, |length| index + length);
        *self.end.insert(end)
    }
}

/// The part of a stream that a lane reads.
#[derive(Clone, Copy)]
struct LaneView<'a> {
    matcher: &'a Matcher,
    buffer: &'a [u8],
    base: u64,
    /// The sequences to skip; none for the raw lane.
    escapes: Option<&'a EscapeTracker>,
}

impl LaneView<'_> {
    fn offset_before(&self, end: u64, count: u64) -> u64 {
        self.escapes.map_or(end.saturating_sub(count), |escapes| escapes.offset_before(end, count))
    }

    /// True if the byte before `start` belongs to the same word. The letter of an escape such as `\n` and the digits of
    /// one such as `%3D` do not.
    fn continues_word(&self, start: u64) -> bool {
        let mut before = [0; 3];
        let mut at = start;
        for byte in &mut before {
            let Some(previous) = self.byte_before(&mut at, start) else { break };
            *byte = previous;
        }
        let [last, second, third] = before;
        let escape = (second == b'\\' && matches!(last, b'n' | b'r' | b't'))
            || (third == b'%' && second.is_ascii_hexdigit() && last.is_ascii_hexdigit());
        (last.is_ascii_alphanumeric() || matches!(last, b'_' | b'.')) && !escape
    }

    /// The part of a name that ends before `end`, and the byte before that name.
    fn name_before(&self, end: u64) -> (Vec<u8>, Option<u8>) {
        let (mut name, mut opener, mut at) = (Vec::new(), None, end);
        while name.len() < NAME_LIMIT {
            match self.byte_before(&mut at, end) {
                Some(byte) if is_name_byte(byte) => name.push(byte),
                byte => {
                    opener = byte;
                    break;
                }
            }
        }
        if opener == Some(b'\\') && matches!(name.last(), Some(b'n' | b'r' | b't')) {
            name.pop();
        }
        name.reverse();
        (name, opener)
    }

    /// True if the name that ends before `end` begins with `-`.
    fn is_option(&self, end: u64) -> bool {
        let (mut first, mut at) = (0, end);
        for _ in 0..NAME_LIMIT {
            match self.byte_before(&mut at, end).filter(|byte| is_name_byte(*byte)) {
                Some(byte) => first = byte,
                None => break,
            }
        }
        first == b'-'
    }

    /// The byte before `at`, not one of an escape sequence, and moves `at` there. None where looking back from `end` ends.
    fn byte_before(&self, at: &mut u64, end: u64) -> Option<u8> {
        if let Some(escapes) = self.escapes {
            *at = escapes.skip_back(*at);
        }
        *at = at.checked_sub(1).filter(|&previous| end - previous <= LOOK_BACK_BYTES)?;
        self.byte_at(*at)
    }

    fn bytes_from(&self, at: u64) -> &[u8] {
        let index = at.checked_sub(self.base).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.buffer.get(index..)).unwrap_or_default()
    }

    fn byte_at(&self, at: u64) -> Option<u8> {
        let index = usize::try_from(at.checked_sub(self.base)?).ok()?;
        self.buffer.get(index).copied()
    }
}

impl Findings {
    fn add_folded(&mut self, (start, end, owner, length): FoldedMatch) {
        insert_range(&mut self.ranges, MaskRange { start, end, owner, length });
    }

    fn add_candidate(&mut self, candidate: &Candidate, start: u64, end: u64) {
        let owner = PatternOwner::Rule(candidate.rule);
        insert_range(&mut self.ranges, MaskRange { start, end, owner, length: end - start });
        let value = (self.learned.len() < LEARNED_LIMIT).then(|| candidate.learned_value()).flatten();
        if let Some((name, value)) = value.filter(|(_, value)| self.learned.iter().all(|(_, known)| known != value)) {
            self.learned.push((name, value));
        }
    }
}

impl Lane {
    fn step_byte(&mut self, view: &LaneView<'_>, byte: u8, at: u64, found: &mut Findings) {
        self.candidates.retain_mut(|candidate| match candidate.step_byte(byte, at) {
            CandidateStep::On => true,
            CandidateStep::Out => false,
            CandidateStep::Found(start, end) => {
                found.add_candidate(candidate, start, end);
                false
            }
        });
        self.state = view.matcher.next_state(self.state, byte);
        if view.matcher.may_match(self.state) {
            self.handle_matches(view, at + 1, found);
        }
    }

    /// Handles the patterns that end just before `end`: masks secrets, and starts candidates of rules.
    fn handle_matches(&mut self, view: &LaneView<'_>, end: u64, found: &mut Findings) {
        for (owner, length) in view.matcher.matched_patterns(self.state) {
            let length = u64::from(length);
            let start = view.offset_before(end, length);
            match owner {
                PatternOwner::Secret(_) => insert_range(&mut found.ranges, MaskRange { start, end, owner, length }),
                PatternOwner::Rule(rule) => {
                    // Rules with the same trigger stand next to each other.
                    let trigger = RULES.get(rule).map(|rule| rule.trigger);
                    let same = RULES.iter().skip(rule).take_while(|rule| Some(rule.trigger) == trigger).count();
                    for rule in rule..rule + same {
                        if self.candidates.len() < CANDIDATES_LIMIT {
                            self.start_candidate(view, rule, start, end);
                        }
                    }
                }
            }
        }
    }

    fn start_candidate(&mut self, view: &LaneView<'_>, rule: usize, start: u64, end: u64) {
        let Some(shape) = RULES.get(rule) else { return };
        if self.candidates.iter().any(|candidate| candidate.covers_rule(rule)) {
            return;
        }
        if shape.shape == SecretShape::Named {
            // A trigger may contain the sign after the name.
            let signs = shape.trigger.iter().rev().take_while(|byte| !is_name_byte(**byte)).count() as u64;
            let name_end = view.offset_before(end, signs);
            let rest = if view.escapes.is_none() { view.bytes_from(name_end) } else { &[] };
            // After an option a blank suffices between name and value.
            if !rest.is_empty() && named_values::cannot_have_value(rest) && !view.is_option(name_end) {
                return;
            }
            let (name, opener) = view.name_before(name_end);
            let Some(mut candidate) = Candidate::new(rule, &name, opener) else { return };
            let signs = shape.trigger.iter().skip(shape.trigger.len() - usize::try_from(signs).unwrap_or(0));
            if signs.zip(name_end..).all(|(&byte, at)| candidate.step_byte(byte, at) == CandidateStep::On) {
                self.candidates.push(candidate);
            }
        } else if !(shape.begins_word && view.continues_word(start)) {
            self.candidates.extend(Candidate::new(rule, &[], None));
        }
    }
}

/// Inserts a range in order. Ranges that overlap become one, named by the longest match.
fn insert_range(found: &mut Vec<MaskRange>, mut new: MaskRange) {
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
