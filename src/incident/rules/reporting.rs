//! The rules of a document for status updates and for the post-mortem.
//!
//! Invariant: "every N minutes" counts as the interval of updates only in a section with a message, or where the line mentions
//! updates.

use super::lengths::{length, range};
use super::prose::{Text, item, lines, lists};
use super::severities;
use crate::document::{CellKind, Runbook, Section, SectionIndex};
use crate::history::{Every, PostMortem};

/// Finds how often a status update is due.
pub(super) fn updates(runbook: &Runbook) -> Option<Every> {
    let mut best: Option<(u8, Every)> = None;
    for (index, section) in runbook.sections.iter().enumerate() {
        let has_message = has_message(runbook, index);
        for text in section_lines(runbook, section) {
            let lower = text.plain.to_lowercase();
            let Some(at) = lower.find("every ") else { continue };
            let Some((least, most)) = lower.get(at..).and_then(range) else { continue };
            let speaks = ["update", "inform", "notify", "communicat", "report"].iter().any(|word| lower.contains(word));
            let to = ["stakeholder", "status", "customer", "management", "channel", "everybody", "users"]
                .iter()
                .any(|word| lower.contains(word));
            let weight = u8::from(has_message) * 2 + u8::from(speaks && to) * 2 + u8::from(speaks);
            if weight >= 2 && best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, Every { least: least.min(most), most: most.max(least), line: text.line }));
            }
        }
    }
    best.map(|(_, every)| every)
}

fn has_message(runbook: &Runbook, section: SectionIndex) -> bool {
    runbook.cells.iter().any(|cell| cell.section == section && cell.kind == CellKind::Message)
}

/// Reads the rules for the post-mortem from the first section about it.
pub(super) fn post_mortem(runbook: &Runbook) -> Option<PostMortem> {
    let section = runbook.sections.iter().find(|section| {
        let title = section.title.to_lowercase();
        ["post-mortem", "postmortem", "post mortem", "retrospective", "incident review", "post-incident", "write it up"]
            .iter()
            .any(|words| title.contains(words))
    })?;
    let texts = section_lines(runbook, section);
    let deadline = texts.iter().find(|text| {
        let lower = text.plain.to_lowercase();
        length(&lower).is_some() && ["within", "after", "in "].iter().any(|word| lower.contains(word))
    });
    let severities = deadline.map(|text| named(&text.plain)).unwrap_or_default();
    let items = lists(section).flat_map(|list| &list.items).map(|found| item(runbook, found));
    let parts = items.map(|text| text.label.map_or(text.plain, |(label, _)| label)).collect();
    Some(PostMortem {
        within: deadline.and_then(|text| length(&text.plain)),
        severities,
        parts,
        line: deadline.map_or(section.line, |text| text.line),
    })
}

/// Lists the severities named in a line: `P0/P1` gives two.
fn named(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '(' | ')' | ':'));
    words.filter_map(|word| Some(severities::name(&format!("{word} "))?.0)).collect()
}

fn section_lines(runbook: &Runbook, section: &Section) -> Vec<Text> {
    let items = lists(section).flat_map(|list| &list.items).map(|found| item(runbook, found));
    lines(runbook, section).into_iter().chain(items).collect()
}
