//! Token that replaces a value while the text around it is parsed.
//!
//! Invariant: to bash it is letters and digits, whatever stands next to it, and it occurs nowhere else in the text.

const BEFORE: &str = "RBxQ";
const AFTER: &str = "Qx";

/// The token of one place, for a text that holds no `salt`ed one.
pub(super) fn make_token(index: usize, salt: usize) -> String {
    format!("{BEFORE}{salt}x{index}{AFTER}")
}

/// A salt that makes tokens unlike anything in these texts.
pub(super) fn choose_salt(text: &str) -> usize {
    // Each salt that is taken uses up some of the text, so one is free.
    (0..=text.len()).find(|salt| !text.contains(&format!("{BEFORE}{salt}x"))).unwrap_or(0)
}

/// How many tokens a text has.
pub(super) fn count_tokens(text: &str) -> usize {
    text.matches(BEFORE).count()
}
