//! Findings that the document itself allows: `# runbook: allow CODE`.
//!
//! Invariant: a comment in a cell allows a code on its own line and the next. A comment in HTML (`<!-- … -->`) allows it in the
//! whole document.
//! Refuses to know: what the codes mean.

use super::finding::Finding;
use crate::document::Runbook;
use std::collections::HashSet;

const ALLOW_MARK: &str = "runbook: allow ";

/// Removes the findings that the document allows.
pub(super) fn remove_allowed(runbook: &Runbook, found: &mut Vec<Finding>) {
    if !runbook.text.contains(ALLOW_MARK) {
        return;
    }
    let mut everywhere: HashSet<&str> = HashSet::new();
    let mut lines: HashSet<(usize, &str)> = HashSet::new();
    for (number, line) in runbook.text.lines().enumerate() {
        let Some((before, after)) = line.split_once(ALLOW_MARK) else { continue };
        let list = after.split("-->").next().unwrap_or("");
        let names = list.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty());
        for name in names {
            if before.contains("<!--") {
                everywhere.insert(name);
            } else if before.trim_end().ends_with('#') {
                lines.extend([(number + 1, name), (number + 2, name)]);
            }
        }
    }
    found.retain(|finding| {
        let line = runbook.line_of(finding.span.start) as usize;
        !everywhere.contains(finding.code) && !lines.contains(&(line, finding.code))
    });
}
