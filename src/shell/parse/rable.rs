//! The second parser, `rable`, which only counts the words of each command.
//!
//! Invariant: no type of `rable` leaves this file. Neither parser is more reliable than the other. A tree is trusted only if
//! both see the same commands. Refuses to know: offsets, and the text of words.

use rable::{ListItem, Node, NodeKind};

/// Longest text in bytes that is parsed: `rable` does not limit its recursion.
const MAX_TEXT_BYTES: usize = 32 * 1024;

/// Most backticks in a text that is parsed.
const MAX_BACKTICKS: usize = 16;

/// Counts the words of each simple command, in order. An error is the reason why the text was not parsed.
pub(crate) fn word_counts(text: &str) -> Result<Vec<usize>, &'static str> {
    if text.len() > MAX_TEXT_BYTES {
        return Err("too long for a second reading");
    }
    if let Some(counts) = plain_word_counts(text) {
        return Ok(counts);
    }
    // `rable` parses the content of backticks again for each expansion around them.
    if text.bytes().filter(|&b| b == b'`').count() > MAX_BACKTICKS {
        return Err("too many backticks for a second reading");
    }
    parsed_word_counts(text)
}

/// Counts the words with the parser.
fn parsed_word_counts(text: &str) -> Result<Vec<usize>, &'static str> {
    let nodes = rable::parse(text, false).map_err(|_| "one of the two parsers refuses it")?;
    let mut counts = Vec::new();
    for node in &nodes {
        count_words(node, &mut counts);
    }
    Ok(counts)
}

/// Counts the words of a line of plain words, pipes and `&&` without the parser. None for any other text.
///
/// Most commands are of this form, every parser agrees on it, and a parser takes many times as long.
fn plain_word_counts(text: &str) -> Option<Vec<usize>> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b" -_./:,@%+|&".contains(&b);
    if !text.bytes().all(is_plain) {
        return None;
    }
    let mut counts = Vec::new();
    let mut words = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "|" | "&&" if words > 0 => counts.push(std::mem::take(&mut words)),
            _ if word.contains(['|', '&']) || (words == 0 && RESERVED_WORDS.contains(&word)) => return None,
            _ => words += 1,
        }
    }
    counts.push(words);
    (words > 0).then_some(counts)
}

/// Reserved words, which are not counted as words at the start of a command (bash manual, "Reserved Words").
const RESERVED_WORDS: &[&str] = &[
    "if", "then", "elif", "else", "fi", "time", "for", "in", "until", "while", "do", "done", "case", "esac", "coproc",
    "select", "function",
];

/// Adds the counts of a node and everything inside it, in order of the text.
fn count_words(node: &Node, counts: &mut Vec<usize>) {
    match &node.kind {
        NodeKind::Command { assignments, words, redirects } => {
            if !words.is_empty() {
                counts.push(words.len());
            }
            count_words_in_all(assignments, counts);
            count_words_in_all(words, counts);
            count_words_in_all(redirects, counts);
        }
        NodeKind::Word { parts, .. } => {
            for part in parts {
                match &part.kind {
                    NodeKind::WordLiteral { value } => count_words_in_text(value, counts),
                    _ => count_words(part, counts),
                }
            }
        }
        NodeKind::CommandSubstitution { command, .. } | NodeKind::ProcessSubstitution { command, .. } => {
            count_words(command, counts);
        }
        NodeKind::Redirect { target, .. } => count_words(target, counts),
        NodeKind::Pipeline { commands, .. } => count_words_in_all(commands, counts),
        NodeKind::List { items } => items.iter().for_each(|ListItem { command, .. }| count_words(command, counts)),
        NodeKind::If { condition, then_body, else_body, redirects } => {
            count_words(condition, counts);
            count_words(then_body, counts);
            if let Some(body) = else_body {
                count_words(body, counts);
            }
            count_words_in_all(redirects, counts);
        }
        NodeKind::While { condition, body, redirects } | NodeKind::Until { condition, body, redirects } => {
            count_words(condition, counts);
            count_words(body, counts);
            count_words_in_all(redirects, counts);
        }
        NodeKind::For { words, body, redirects, .. } | NodeKind::Select { words, body, redirects, .. } => {
            if let Some(words) = words {
                count_words_in_all(words, counts);
            }
            count_words(body, counts);
            count_words_in_all(redirects, counts);
        }
        NodeKind::Case { word, patterns, redirects } => {
            count_words(word, counts);
            for body in patterns.iter().filter_map(|pattern| pattern.body.as_ref()) {
                count_words(body, counts);
            }
            count_words_in_all(redirects, counts);
        }
        NodeKind::ForArith { body, redirects, .. }
        | NodeKind::Subshell { body, redirects }
        | NodeKind::BraceGroup { body, redirects } => {
            count_words(body, counts);
            count_words_in_all(redirects, counts);
        }
        NodeKind::ConditionalExpr { redirects, .. } | NodeKind::ArithmeticCommand { redirects, .. } => {
            count_words_in_all(redirects, counts);
        }
        NodeKind::Function { body, .. } => count_words(body, counts),
        NodeKind::Coproc { command, .. } => count_words(command, counts),
        NodeKind::Negation { pipeline } | NodeKind::Time { pipeline, .. } => count_words(pipeline, counts),
        _ => {}
    }
}

/// Counts the words of a substitution that `rable` kept as text, which it does from the third nested substitution on.
fn count_words_in_text(text: &str, counts: &mut Vec<usize>) {
    let inner = text.strip_prefix("$(").and_then(|inner| inner.strip_suffix(')'));
    if let Some(inner) = inner.filter(|inner| !inner.starts_with('('))
        && let Ok(nodes) = rable::parse(inner, false)
    {
        count_words_in_all(&nodes, counts);
    }
}

fn count_words_in_all(nodes: &[Node], counts: &mut Vec<usize>) {
    for node in nodes {
        count_words(node, counts);
    }
}

#[cfg(test)]
mod tests {
    use super::{parsed_word_counts, plain_word_counts};
    use proptest::prelude::*;

    #[test]
    fn plain_words_are_counted_without_a_parser() {
        assert_eq!(plain_word_counts("docker ps -a | grep api && ls"), Some(vec![3, 2, 1]));
        for other in
            ["ls > x", "if true", "ls | time wc", "ls &", "ls || ls", "ls |", "| ls", "a=1 b", "ls 'a'", "ls\nls", ""]
        {
            assert_eq!(plain_word_counts(other), None, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn plain_words_are_counted_as_the_parser_counts_them(
            words in proptest::collection::vec(
                prop_oneof![
                    "[a-z%@:,./+_-][A-Z0-9a-z%@:,./+_-]{0,4}",
                    "(\\||&&|&|\\|\\||time|for|in|select|coproc|function|do|done|case|esac|if|fi|export|declare|local|eval|alias|let)",
                ],
                0..8,
            ),
        ) {
            let text = words.join(" ");
            if let Some(counts) = plain_word_counts(&text) {
                prop_assert_eq!(parsed_word_counts(&text), Ok(counts), "{}", text);
            }
        }
    }
}
