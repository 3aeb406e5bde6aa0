//! The rules of a document for status updates and for the post-mortem.
//!
//! Invariant: "every N minutes" counts as the interval of updates only in a section with a message, or where the line mentions
//! updates.

use super::lengths::{find_length, find_range};
use super::prose::{ProseLine, item_text, prose_lines, section_lists};
use super::severities;
use crate::document::{CellKind, Runbook, Section, SectionIndex};
use crate::history::{PostMortem, UpdateInterval};

/// Finds how often a status update is due.
pub(super) fn read_update_interval(runbook: &Runbook) -> Option<UpdateInterval> {
    let mut best: Option<(u8, UpdateInterval)> = None;
    for (index, section) in runbook.sections.iter().enumerate() {
        let has_message = has_message(runbook, index);
        for text in section_lines(runbook, section) {
            let lower = text.plain.to_lowercase();
            let Some(at) = lower.find("every ") else { continue };
            let Some((least, most)) = lower.get(at..).and_then(find_range) else { continue };
            let speaks = ["update", "inform", "notify", "communicat", "report"].iter().any(|word| lower.contains(word));
            let to = ["stakeholder", "status", "customer", "management", "channel", "everybody", "users"]
                .iter()
                .any(|word| lower.contains(word));
            let weight = u8::from(has_message) * 2 + u8::from(speaks && to) * 2 + u8::from(speaks);
            if weight >= 2 && best.is_none_or(|(known, _)| weight > known) {
                best =
                    Some((weight, UpdateInterval { least: least.min(most), most: most.max(least), line: text.line }));
            }
        }
    }
    best.map(|(_, every)| every)
}

fn has_message(runbook: &Runbook, section: SectionIndex) -> bool {
    runbook.cells.iter().any(|cell| cell.section == section && cell.kind == CellKind::Message)
}

/// Reads the rules for the post-mortem from the first section about it.
pub(super) fn read_post_mortem(runbook: &Runbook) -> Option<PostMortem> {
    let section = runbook.sections.iter().find(|section| {
        let title = section.title.to_lowercase();
        ["post-mortem", "postmortem", "post mortem", "retrospective", "incident review", "post-incident", "write it up"]
            .iter()
            .any(|words| title.contains(words))
    })?;
    let texts = section_lines(runbook, section);
    let deadline = texts.iter().find(|text| {
        let lower = text.plain.to_lowercase();
        find_length(&lower).is_some() && ["within", "after", "in "].iter().any(|word| lower.contains(word))
    });
    let severities = deadline.map(|text| named_severities(&text.plain)).unwrap_or_default();
    let items = section_lists(section).flat_map(|list| &list.items).map(|found| item_text(runbook, found));
    let parts = items.map(|text| text.label.map_or(text.plain, |(label, _)| label)).collect();
    Some(PostMortem {
        within: deadline.and_then(|text| find_length(&text.plain)),
        severities,
        parts,
        line: deadline.map_or(section.line, |text| text.line),
    })
}

/// Lists the severities named in a line: `P0/P1` gives two.
fn named_severities(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '(' | ')' | ':'));
    words.filter_map(|word| Some(severities::split_severity_name(&format!("{word} "))?.0)).collect()
}

fn section_lines(runbook: &Runbook, section: &Section) -> Vec<ProseLine> {
    let items = section_lists(section).flat_map(|list| &list.items).map(|found| item_text(runbook, found));
    prose_lines(runbook, section).into_iter().chain(items).collect()
}
