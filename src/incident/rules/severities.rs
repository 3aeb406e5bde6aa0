//! The severities of a document: sections named `P0 - Critical`, a table, or a list.
//!
//! Invariant: a severity's name is a letter or word with a number (`P0`, `S1`, `SEV-2`, `Severity 3`). Nothing else counts, so
//! that a list of metrics never becomes a list of severities.

use super::lengths::parse_response;
use super::prose::{ProseLine, item_text, prose_lines, section_lists, section_tables};
use crate::document::{Runbook, Section};
use crate::history::{Response, Severity};

const SEVERITY_WORDS: &[&str] = &["p", "s", "sev", "severity", "priority", "level", "l"];

/// Reads the severities in the document's order, from the section that gives most response times.
pub(super) fn read_severities(runbook: &Runbook) -> Vec<Severity> {
    let mut best: Vec<Severity> = Vec::new();
    for section in &runbook.sections {
        for found in [
            severities_from_subsections(runbook, section),
            severities_from_tables(runbook, section),
            severities_from_lists(runbook, section),
        ] {
            let has_times = |found: &[Severity]| found.iter().filter(|severity| severity.response.is_some()).count();
            if found.len() > 1 && (has_times(&found), found.len()) > (has_times(&best), best.len()) {
                best = found;
            }
        }
    }
    best
}

/// Reads subsections that are a severity each.
fn severities_from_subsections(runbook: &Runbook, section: &Section) -> Vec<Severity> {
    let children = section.children.iter().filter_map(|child| runbook.sections.get(*child));
    let read = |child: &Section| {
        let (name, title) = split_severity_name(&child.title)?;
        let mut severity = bare_severity(name, title, child.line);
        let items = section_lists(child).flat_map(|list| &list.items).map(|found| item_text(runbook, found));
        for text in items.chain(prose_lines(runbook, child)) {
            fill_from_label(&mut severity, &text);
        }
        Some(severity)
    };
    children.filter_map(read).collect()
}

fn severities_from_tables(runbook: &Runbook, section: &Section) -> Vec<Severity> {
    let mut found = Vec::new();
    for table in section_tables(runbook, section) {
        for (cells, line) in &table.rows {
            let Some((name, title)) = cells.first().and_then(|cell| split_severity_name(cell)) else { continue };
            let mut severity = bare_severity(name, title, *line);
            for (header, cell) in table.header.iter().zip(cells).skip(1) {
                let label = Some((header.clone(), cell.clone()));
                fill_from_label(&mut severity, &ProseLine { plain: cell.clone(), label, bold: None, line: *line });
            }
            found.push(severity);
        }
    }
    found
}

/// Reads list items such as `**P0 (Critical):** everything is down; respond within 5 minutes`.
fn severities_from_lists(runbook: &Runbook, section: &Section) -> Vec<Severity> {
    let mut found = Vec::new();
    for list in section_lists(section) {
        for listed in &list.items {
            let text = item_text(runbook, listed);
            let (head, rest) = match (&text.label, &text.bold) {
                (Some((label, rest)), _) => (label.clone(), rest.clone()),
                (None, Some(bold)) => {
                    let rest = text.plain.strip_prefix(bold.as_str()).unwrap_or_default();
                    (bold.clone(), rest.trim_start_matches([' ', '-', '–', '—']).to_owned())
                }
                (None, None) => match text.plain.split_once([' ', '-', '–']) {
                    Some((head, rest)) => (head.to_owned(), rest.to_owned()),
                    None => continue,
                },
            };
            let Some((name, title)) = split_severity_name(&head) else { continue };
            let mut severity = bare_severity(name, title, text.line);
            let says_when = ["respon", "answer", "within", "acknowledg", "immediate"];
            let lower = rest.to_lowercase();
            if says_when.iter().any(|word| lower.contains(word)) {
                severity.response = parse_response(&rest).filter(|found| !matches!(found, Response::Words(_)));
            }
            severity.impact = rest;
            found.push(severity);
        }
    }
    found
}

fn bare_severity(name: String, title: String, line: u32) -> Severity {
    Severity { name, title, impact: String::new(), response: None, alerts: Vec::new(), line }
}

/// Fills a field of a severity from a labelled line, unless it is filled already.
fn fill_from_label(severity: &mut Severity, text: &ProseLine) {
    let Some((label, value)) = &text.label else { return };
    let label = label.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| label.contains(word));
    if severity.response.is_none() && is(&["respon", "answer", "acknowledg", "ack ", "react"]) {
        severity.response = parse_response(value);
    } else if severity.impact.is_empty() && is(&["impact", "meaning", "description", "definition", "effect"]) {
        severity.impact.clone_from(value);
    } else if severity.title.is_empty() && is(&["name", "title"]) {
        severity.title.clone_from(value);
    }
}

/// Splits `P0 - Critical` into `P0` and `Critical`; `None` if it does not begin with a severity's name.
pub(super) fn split_severity_name(heading: &str) -> Option<(String, String)> {
    let heading = heading.trim().trim_matches('*');
    let letters = heading.find(|c: char| !c.is_ascii_alphabetic())?;
    let word = heading.get(..letters)?;
    if !SEVERITY_WORDS.contains(&word.to_ascii_lowercase().as_str()) {
        return None;
    }
    let rest = heading.get(letters..)?;
    let number = rest.trim_start_matches([' ', '-']);
    let joint = rest.len() - number.len();
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    if digits != 1 || joint > 1 {
        return None;
    }
    let name = heading.get(..letters + joint + digits)?;
    let after = number.get(digits..)?;
    if after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '%' | '.')) {
        return None;
    }
    let title = after.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | ':' | '(' | ')' | '*'));
    Some((name.to_owned(), title.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_a_letter_or_word_with_a_number() {
        let of = |heading| split_severity_name(heading).map(|(name, title)| format!("{name}|{title}"));
        assert_eq!(of("P0 - Critical").as_deref(), Some("P0|Critical"));
        assert_eq!(of("SEV-1: all down").as_deref(), Some("SEV-1|all down"));
        assert_eq!(of("Severity 2 (slow)").as_deref(), Some("Severity 2|slow"));
        assert_eq!(of("S1").as_deref(), Some("S1|"));
        for no in ["p95 latency", "Step 1", "P", "Phase 2", "Scenario 1", "P0x", "P1.2", "é1", ""] {
            assert_eq!(of(no), None, "{no}");
        }
    }
}
