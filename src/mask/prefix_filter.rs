//! Passes over text in which no pattern begins, without the automaton.
//!
//! Invariant: a filter names every place where a pattern may begin, and few others. Refuses to know: patterns beyond their
//! first three bytes.

/// Number of leading bytes of a pattern that the filter looks at.
pub(super) const FILTER_BYTES: usize = 3;
const INDEX_BITS: u32 = 17;

/// A set of three-byte beginnings, one bit for each of their hashes.
#[derive(Debug)]
pub(super) struct PrefixFilter {
    bits: Vec<u64>,
}

impl PrefixFilter {
    pub(super) fn new<'p>(patterns: impl Iterator<Item = &'p Vec<u8>>) -> Self {
        let mut filter = Self { bits: vec![0; 1 << (INDEX_BITS - 6)] };
        for pattern in patterns {
            match pattern.as_slice() {
                [first, second, third, ..] => filter.add_prefix(*first, *second, *third),
                _ => filter.bits.fill(u64::MAX),
            }
        }
        filter
    }

    fn add_prefix(&mut self, first: u8, second: u8, third: u8) {
        let index = hash_prefix(join_bytes(first, second, third));
        if let Some(word) = self.bits.get_mut(index >> 6) {
            *word |= 1 << (index & 63);
        }
    }

    /// Index from which a pattern may begin, at `from` or after it. Without one, the index of the last two bytes, which
    /// may begin a pattern that is cut off.
    pub(super) fn find_prefix(&self, text: &[u8], from: usize) -> usize {
        let rest = text.get(from..).unwrap_or_default();
        let found = rest.windows(FILTER_BYTES).position(|window| {
            let [first, second, third] = window else { return false };
            let index = hash_prefix(join_bytes(*first, *second, *third));
            self.bits.get(index >> 6).is_some_and(|word| word >> (index & 63) & 1 == 1)
        });
        found.map_or(text.len().saturating_sub(FILTER_BYTES - 1).max(from), |at| from + at)
    }
}

fn join_bytes(first: u8, second: u8, third: u8) -> u32 {
    u32::from(first) | u32::from(second) << 8 | u32::from(third) << 16
}

/// Multiplicative hashing: the upper bits of the product depend on all bytes.
fn hash_prefix(bytes: u32) -> usize {
    (bytes.wrapping_mul(0x9e37_79b1) >> (32 - INDEX_BITS)) as usize
}
