//! Differences between two versions of a text, for a terminal.
//!
//! Invariant: bounded in time; long texts are compared only roughly. Refuses to know: the meaning of the texts.

use similar::{ChangeTag, TextDiff};
use std::time::Duration;

const CONTEXT_LINES: usize = 1;
const COMPARISON_TIME_LIMIT: Duration = Duration::from_millis(500);

/// Changed lines with their signs and one line of context, in groups headed by `@@ line N @@`.
pub fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::configure().timeout(COMPARISON_TIME_LIMIT).diff_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT_LINES) {
        let at = group.first().map_or(0, |op| op.new_range().start + 1);
        lines.push(format!("@@ line {at} @@"));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign}{}", change.value().trim_end_matches(['\n', '\r'])));
        }
    }
    lines
}
