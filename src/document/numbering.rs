//! The number at the front of a heading or a bold line.
//!
//! Invariant: number and title together keep every word of the heading, except `Step` or `Phase`. Refuses to know: Markdown.

/// Words before a number that make it a position in a sequence. Others (`Scenario 1`, `Option 2`) name a choice.
const SEQUENCE_WORDS: [&str; 2] = ["step", "phase"];
/// Characters that turn a digit into a keycap emoji.
const KEYCAP: [char; 2] = ['\u{fe0f}', '\u{20e3}'];

/// Splits `3. Restart`, `2) Check`, `1.2 Drain`, `Step 3: Verify` or `Phase 1 - Prepare` into number and title.
pub(super) fn split_number(title: &str) -> Option<(String, String)> {
    let title = title.trim();
    let (after_word, has_word) = match sequence_word(title) {
        Some(rest) => (rest, true),
        None => (title, false),
    };
    let digits_end = after_word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after_word.len());
    let (digits, rest) = after_word.split_at_checked(digits_end)?;
    let number = digits.trim_end_matches('.');
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains("..") && number.len() <= 12;
    if !is_number {
        return None;
    }
    let dotted = digits.len() > number.len();
    let rest = rest.trim_start_matches(KEYCAP);
    let separated = dotted || rest.len() < after_word.len() - digits.len();
    let rest = after_separator(rest, separated || has_word || number.contains('.'))?;
    Some((number.to_owned(), rest.to_owned()))
}

/// The text after the separator; none where a separator is needed and missing.
fn after_separator(rest: &str, separated: bool) -> Option<&str> {
    let trimmed = rest.trim_start();
    if let Some(after) = trimmed.strip_prefix([')', ':']) {
        // `12:30 handover` is a time.
        return (after.is_empty() || after.starts_with(char::is_whitespace)).then(|| after.trim());
    }
    if let Some(after) = trimmed.strip_prefix(['-', '–', '—'])
        && rest.len() > trimmed.len()
        && after.starts_with(char::is_whitespace)
    {
        return Some(after.trim());
    }
    let at_word_end = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (separated && at_word_end).then_some(trimmed.trim_end())
}

/// The text after `Step` or `Phase` at the front of a title.
fn sequence_word(title: &str) -> Option<&str> {
    SEQUENCE_WORDS.iter().find_map(|word| {
        let (head, rest) = title.split_at_checked(word.len())?;
        let rest = rest.strip_prefix([' ', '-', '#']).map(|rest| rest.trim_start_matches(['#', ' ']));
        if head.eq_ignore_ascii_case(word) { rest } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_mean_a_place_in_a_sequence_are_read() {
        let table = [
            ("1. Detection", "1", "Detection"),
            ("2) Check disks", "2", "Check disks"),
            ("1.2 Drain the node", "1.2", "Drain the node"),
            ("1.2. Drain the node", "1.2", "Drain the node"),
            ("Step 3: Verify", "3", "Verify"),
            ("STEP 4 Verify", "4", "Verify"),
            ("Step 5", "5", ""),
            ("Phase 1 - Prepare", "1", "Prepare"),
            ("Phase 2 — Move", "2", "Move"),
            ("7 - Tell people", "7", "Tell people"),
            ("1\u{fe0f}\u{20e3} Stop writes", "1", "Stop writes"),
        ];
        for (title, number, rest) in table {
            assert_eq!(split_number(title), Some((number.to_owned(), rest.to_owned())), "{title}");
        }
    }

    #[test]
    fn other_numbers_are_part_of_the_title() {
        let titles = [
            "Scenario 1: Slow",
            "Option 2",
            "Case 3",
            "500 errors",
            "12:30 handover",
            "3 ways out",
            "2FA is down",
            "",
            ".",
        ];
        for title in titles {
            assert_eq!(split_number(title), None, "{title}");
        }
    }
}
