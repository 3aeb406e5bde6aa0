//! Comparison of words with tables of known ones, for "did you mean".
//!
//! Invariant: work is bounded, since only the first 64 characters count. Refuses to know: the things that the words name.

/// Characters of a word that are compared.
const LONGEST: usize = 64;

/// The edit distance of two words, counting insertions, deletions and replacements.
pub(super) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(LONGEST).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = above;
            left = replaced.min(above + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The known word that was probably meant: equal except for case, or one or two edits away in a longer word.
pub(super) fn nearest_word(word: &str, known: &[&'static str]) -> Option<&'static str> {
    if known.contains(&word) {
        return None;
    }
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    let allowed = match length {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    let of_like_length = known.iter().filter(|k| k.chars().count().abs_diff(length) <= allowed);
    let best = of_like_length.map(|k| (edit_distance(&lower, &k.to_lowercase()), *k)).min_by_key(|(far, _)| *far)?;
    (best.0 <= allowed).then_some(best.1)
}

/// True if a blank-separated table of words holds this one.
pub(super) fn is_word_of(table: &str, word: &str) -> bool {
    table.split(' ').any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letter_slips() {
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", ""), 3);
        assert_eq!(edit_distance("timout", "timeout"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("same", "same"), 0);
    }

    #[test]
    fn a_short_word_is_not_taken_for_another() {
        assert_eq!(nearest_word("tab", &["tag"]), None);
        assert_eq!(nearest_word("TAG", &["tag"]), Some("tag"));
        assert_eq!(nearest_word("confrim", &["confirm"]), Some("confirm"));
    }
}
