//! The number and condition of a step, from a comment or a heading.
//!
//! Invariant: a number is only taken from the front of a line. Refuses to know: steps.

/// A comment line, split into number and title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// `3`, `3.1`, from `3. Restore`, `3) Restore`, `Step 3: Restore`.
    pub(super) number: Option<String>,
    /// Text after the number, or the whole line without one.
    pub(super) title: String,
}

impl Comment {
    pub(super) fn parse_line(line: &str) -> Self {
        let line = line.trim().trim_matches(|c| c == '#' || c == '-' || c == '=').trim();
        let worded = ["step ", "phase "].iter().find_map(|word| strip_prefix_ignoring_case(line, word));
        let from = worded.unwrap_or(line);
        let digits = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let (number, rest) = from.split_at_checked(digits).unwrap_or((from, ""));
        let plain = number.trim_matches('.');
        let ended = number.ends_with('.') || rest.starts_with([')', ':', '-', '–', '—']) || worded.is_some();
        let well_formed = !plain.is_empty()
            && plain.len() <= 7
            && plain.split('.').all(|part| !part.is_empty() && part.len() <= 3)
            && ended
            && (rest.is_empty() || rest.starts_with([')', ':', '-', '–', '—', ' ']));
        let title = rest.trim_start_matches([')', ':', '-', '–', '—', ' ']).trim();
        if well_formed && !title.is_empty() {
            Self { number: Some(plain.to_owned()), title: title.to_owned() }
        } else {
            Self { number: None, title: line.to_owned() }
        }
    }
}

/// The condition that a comment states: it begins with If, Or, When or Optionally, or has a parenthesised "if …".
pub(super) fn stated_condition(line: &str) -> Option<String> {
    let title = Comment::parse_line(line).title;
    let first = title.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    // "When was it counted last?" is a question; "If all is lost" is a condition.
    let begins = !title.trim_end().ends_with('?')
        && ["if", "or", "when", "optionally", "optional"].iter().any(|word| first.eq_ignore_ascii_case(word));
    let lower = title.to_lowercase();
    let parenthesised = ["(if ", "(when ", "(optional"].iter().any(|open| lower.contains(open));
    (begins || parenthesised).then_some(title)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Option<&'static str>, String) {
        let comment = Comment::parse_line(line);
        (comment.number.map(|number| &*number.leak()), comment.title)
    }

    #[test]
    fn a_question_is_no_condition() {
        assert_eq!(stated_condition("When was each table counted last?"), None);
        assert_eq!(
            stated_condition("When it is full, free some space"),
            Some("When it is full, free some space".into())
        );
    }

    #[test]
    fn a_numbered_comment_gives_its_number() {
        assert_eq!(read("3. Restore the copy"), (Some("3"), "Restore the copy".into()));
        assert_eq!(read("Step 2: check it"), (Some("2"), "check it".into()));
        assert_eq!(read("2) go"), (Some("2"), "go".into()));
        assert_eq!(read("1.2 Look"), (None, "1.2 Look".into()));
        assert_eq!(read("1.2. Look"), (Some("1.2"), "Look".into()));
    }

    #[test]
    fn an_amount_or_an_address_is_no_number() {
        for line in ["30 seconds", "10.0.0.1 is down", "deny 1.2.3.4;", "2024", "1. "] {
            assert_eq!(read(line).0, None, "{line}");
        }
    }

    #[test]
    fn a_comment_that_begins_with_if_or_has_it_in_parentheses_is_a_condition() {
        assert!(stated_condition("If the API is down, restart").is_some());
        assert!(stated_condition("Or use another one").is_some());
        assert!(stated_condition("Enable maintenance mode (if implemented)").is_some());
        assert!(stated_condition("Optionally tell them").is_some());
        assert!(stated_condition("Verify what is there").is_none());
        assert!(stated_condition("Order matters").is_none());
    }
}
