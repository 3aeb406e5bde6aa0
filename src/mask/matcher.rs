//! One automaton for all forms of all secrets and all triggers of rules.
//!
//! Invariant: each state tells how many of the last bytes may be the beginning of a secret. Refuses to know:
//! streams.

use super::forms::secret_forms;
use super::patterns::RULES;
use super::prefix_filter::PrefixFilter;
use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::{Anchored, MatchKind, dfa, nfa};
use std::collections::{BTreeMap, HashMap};

/// Up to this many bytes of patterns the automaton is a DFA, which costs half a KiB a byte.
const FAST_LIMIT_BYTES: usize = 32 << 10;
/// First byte of an escape sequence.
pub(super) const ESC: u8 = 0x1b;
/// Minimum length of text that is worth skipping.
const WORTH_BYTES: usize = 64;

#[derive(Debug)]
enum AutomatonKind {
    Fast(Box<dfa::DFA>),
    Compact(Box<nfa::contiguous::NFA>),
    /// No automaton could be built; nothing is found.
    Nothing,
}

/// The secret or rule that a pattern belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatternOwner {
    /// Index of the secret.
    Secret(usize),
    /// Index of the rule in [`RULES`].
    Rule(usize),
}

/// Finds the patterns of all secrets and rules, one byte at a time.
#[derive(Debug)]
pub(super) struct Matcher {
    machine: AutomatonKind,
    pub(super) start: StateID,
    /// Owner of each pattern, and its length in bytes.
    owners: Vec<(PatternOwner, u32)>,
    /// Number of bytes of a secret that may have been read in a state; absent for none.
    depths: HashMap<usize, u32>,
    labels: Vec<String>,
    /// Finds the beginnings of patterns faster than the automaton does.
    filter: PrefixFilter,
}

impl Matcher {
    pub(super) fn new(secrets: &[(String, Vec<u8>)]) -> Self {
        let mut patterns: BTreeMap<Vec<u8>, PatternOwner> = BTreeMap::new();
        for (index, (_, secret)) in secrets.iter().enumerate() {
            for form in secret_forms(secret) {
                patterns.entry(form).or_insert(PatternOwner::Secret(index));
            }
        }
        for (index, rule) in RULES.iter().enumerate() {
            patterns.entry(rule.trigger.to_vec()).or_insert(PatternOwner::Rule(index));
        }
        let total: usize = patterns.keys().map(Vec::len).sum();
        let machine = build_automaton(patterns.keys(), total);
        let owners = patterns.iter().map(|(text, &owner)| (owner, u32::try_from(text.len()).unwrap_or(u32::MAX)));
        let labels = secrets.iter().map(|(label, _)| label.clone()).collect();
        let mut matcher = Self {
            machine,
            start: StateID::default(),
            owners: owners.collect(),
            depths: HashMap::new(),
            labels,
            filter: PrefixFilter::new(patterns.keys()),
        };
        matcher.start = matcher.find_start_state();
        matcher.depths = matcher.measure_depths(&patterns);
        matcher
    }

    fn find_start_state(&self) -> StateID {
        match &self.machine {
            AutomatonKind::Fast(machine) => machine.start_state(Anchored::No).unwrap_or_default(),
            AutomatonKind::Compact(machine) => machine.start_state(Anchored::No).unwrap_or_default(),
            AutomatonKind::Nothing => StateID::default(),
        }
    }

    /// The state after reading a beginning of a pattern is that beginning's own, so its depth is its length. The
    /// beginnings of triggers need not be held back, but they may end in the beginning of a secret.
    fn measure_depths(&self, patterns: &BTreeMap<Vec<u8>, PatternOwner>) -> HashMap<usize, u32> {
        let mut depths = HashMap::new();
        let walk = |text: &[u8]| text.iter().fold(self.start, |state, &byte| self.next_state(state, byte));
        let secrets = patterns.iter().filter(|(_, owner)| matches!(owner, PatternOwner::Secret(_)));
        for (text, _) in secrets {
            let mut state = self.start;
            for (depth, &byte) in (1..).zip(text) {
                state = self.next_state(state, byte);
                depths.insert(state.as_usize(), depth);
            }
        }
        for rule in RULES.iter() {
            for length in 1..=rule.trigger.len() {
                let read = rule.trigger.get(..length).unwrap_or_default();
                let state = walk(read);
                if depths.contains_key(&state.as_usize()) {
                    continue;
                }
                let suffixes = (1..length).filter_map(|from| read.get(from..));
                let depth = suffixes.map(|suffix| (walk(suffix), suffix.len())).find_map(|(state, length)| {
                    depths
                        .get(&state.as_usize())
                        .copied()
                        .filter(|&depth| usize::try_from(depth).is_ok_and(|d| d <= length))
                });
                if let Some(depth) = depth {
                    depths.insert(state.as_usize(), depth);
                }
            }
        }
        depths
    }

    #[inline]
    pub(super) fn next_state(&self, state: StateID, byte: u8) -> StateID {
        match &self.machine {
            AutomatonKind::Fast(machine) => machine.next_state(Anchored::No, state, byte),
            AutomatonKind::Compact(machine) => machine.next_state(Anchored::No, state, byte),
            AutomatonKind::Nothing => state,
        }
    }

    /// Offset up to which text can be skipped from the start state at `from`, so that the state is still the start state.
    pub(super) fn skip_text(&self, text: &[u8], from: usize) -> usize {
        if text.len() < from + WORTH_BYTES { from } else { self.filter.find_prefix(text, from) }
    }

    /// The state after a text in which no pattern ends. None when one does.
    pub(super) fn state_after_clean(&self, mut state: StateID, text: &[u8]) -> Option<StateID> {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if state == self.start {
                let next = self.skip_text(text, at);
                if next > at {
                    at = next;
                    continue;
                }
            }
            state = self.next_state(state, byte);
            at += 1;
            if self.may_match(state) {
                return None;
            }
        }
        Some(state)
    }

    #[inline]
    pub(super) fn may_match(&self, state: StateID) -> bool {
        match &self.machine {
            AutomatonKind::Fast(machine) => machine.is_special(state) && machine.is_match(state),
            AutomatonKind::Compact(machine) => machine.is_match(state),
            AutomatonKind::Nothing => false,
        }
    }

    /// True if no pattern ends in the text and it has no escape sequence, within which a pattern could hide.
    pub(super) fn has_no_match(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        text.iter().all(|&byte| {
            state = self.next_state(state, byte);
            byte != ESC && !self.may_match(state)
        })
    }

    /// The patterns that end in a state, with their lengths.
    pub(super) fn matched_patterns(&self, state: StateID) -> impl Iterator<Item = (PatternOwner, u32)> {
        let count = match &self.machine {
            AutomatonKind::Fast(machine) => machine.match_len(state),
            AutomatonKind::Compact(machine) => machine.match_len(state),
            AutomatonKind::Nothing => 0,
        };
        (0..count).filter_map(move |index| {
            let pattern = match &self.machine {
                AutomatonKind::Fast(machine) => machine.match_pattern(state, index),
                AutomatonKind::Compact(machine) => machine.match_pattern(state, index),
                AutomatonKind::Nothing => return None,
            };
            self.owners.get(pattern.as_usize()).copied()
        })
    }

    /// True if a secret is registered.
    pub(super) fn has_secrets(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Number of last bytes that may be the beginning of a secret.
    pub(super) fn held_depth(&self, state: StateID) -> u64 {
        self.depths.get(&state.as_usize()).copied().map_or(0, u64::from)
    }

    /// The name that replaces a match.
    pub(super) fn owner_label(&self, owner: PatternOwner) -> &str {
        match owner {
            PatternOwner::Secret(index) => self.labels.get(index).map_or("secret", String::as_str),
            PatternOwner::Rule(index) => RULES.get(index).map_or("secret", |rule| rule.name),
        }
    }
}

fn build_automaton<'p>(patterns: impl Iterator<Item = &'p Vec<u8>>, total: usize) -> AutomatonKind {
    if total <= FAST_LIMIT_BYTES {
        let mut builder = dfa::Builder::new();
        builder.match_kind(MatchKind::Standard).prefilter(false).start_kind(aho_corasick::StartKind::Unanchored);
        builder.build(patterns).map_or(AutomatonKind::Nothing, |machine| AutomatonKind::Fast(Box::new(machine)))
    } else {
        let mut builder = nfa::contiguous::Builder::new();
        builder.match_kind(MatchKind::Standard).prefilter(false);
        builder.build(patterns).map_or(AutomatonKind::Nothing, |machine| AutomatonKind::Compact(Box::new(machine)))
    }
}
