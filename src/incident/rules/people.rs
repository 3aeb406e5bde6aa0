//! The escalation path and the contacts of a document.
//!
//! Invariant: every person, role and time comes from the document. Refuses to know: who is on duty.

use super::lengths::find_length;
use super::prose::{ProseLine, ProseTable, item_text, section_lists, section_tables, with_subsections};
use super::severities;
use crate::document::{Block, Runbook, Section};
use crate::history::{Contact, EscalationStep};

/// Reads the escalation path: the first list or table in a section about escalation.
pub(super) fn read_escalation(runbook: &Runbook) -> Vec<EscalationStep> {
    for section in &runbook.sections {
        if !section.title.to_lowercase().contains("escalat") {
            continue;
        }
        for list in section_lists(section) {
            let rungs: Vec<EscalationStep> =
                list.items.iter().filter_map(|found| parse_rung(&item_text(runbook, found))).collect();
            let timed = rungs.iter().any(|rung| rung.after.is_some());
            if rungs.len() > 1 && (list.ordered || timed) {
                return rungs;
            }
        }
        if let Some(rungs) = section_tables(runbook, section).iter().find_map(rungs_from_table) {
            return rungs;
        }
    }
    Vec::new()
}

fn parse_rung(text: &ProseLine) -> Option<EscalationStep> {
    let (who, condition) = match (&text.bold, &text.label) {
        (Some(bold), _) => {
            let rest = text.plain.strip_prefix(bold.as_str()).unwrap_or_default();
            (bold.trim_end_matches(':').to_owned(), rest.to_owned())
        }
        (None, Some((label, rest))) => (label.clone(), rest.clone()),
        (None, None) => {
            let cut =
                [" (", " - ", " – ", " — ", ", ", " after ", " if "].iter().filter_map(|mark| text.plain.find(mark));
            let (who, rest) = text.plain.split_at_checked(cut.min().unwrap_or(text.plain.len()))?;
            (who.to_owned(), rest.to_owned())
        }
    };
    make_rung(&who, &condition, text.line)
}

fn make_rung(who: &str, condition: &str, line: u32) -> Option<EscalationStep> {
    let who = who.trim().trim_end_matches(['-', '–', '—', ':']).trim();
    let condition = condition.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | ':' | ','));
    let condition = condition.strip_prefix('(').and_then(|inside| inside.strip_suffix(')')).unwrap_or(condition);
    let rung =
        EscalationStep { who: who.to_owned(), after: find_length(condition), condition: condition.to_owned(), line };
    (!who.is_empty()).then_some(rung)
}

/// Reads a table that has a column for the time and one for the person.
fn rungs_from_table(table: &ProseTable) -> Option<Vec<EscalationStep>> {
    let column = |words: &[&str]| {
        table.header.iter().position(|title| {
            let title = title.to_lowercase();
            words.iter().any(|word| title.contains(word))
        })
    };
    let when = column(&["after", "when", "time", "minute"])?;
    let who = column(&["who", "role", "contact", "escalate to", "person", "team"]).filter(|who| *who != when);
    let who = who.or_else(|| (0..table.header.len()).find(|column| *column != when))?;
    let rungs = table.rows.iter().filter_map(|(cells, line)| make_rung(cells.get(who)?, cells.get(when)?, *line));
    let rungs: Vec<EscalationStep> = rungs.collect();
    (rungs.len() > 1).then_some(rungs)
}

/// Reads the contacts: tables and labelled items in sections about contacts, without the escalation path.
pub(super) fn read_contacts(runbook: &Runbook) -> Vec<Contact> {
    let says_so = |section: &Section| {
        let title = section.title.to_lowercase();
        ["contact", "on-call", "on call", "who to call", "whom to call"].iter().any(|words| title.contains(words))
    };
    let mut found: Vec<Contact> = Vec::new();
    for (index, section) in runbook.sections.iter().enumerate() {
        let above = section.parent.and_then(|parent| runbook.sections.get(parent));
        // The title of the whole document may mention contacts without listing any.
        if section.level < 2 || !says_so(section) || above.is_some_and(says_so) {
            continue;
        }
        for part in with_subsections(runbook, index) {
            if part.title.to_lowercase().contains("escalat") {
                continue;
            }
            for table in section_tables(runbook, part) {
                found.extend(
                    table.rows.iter().filter_map(|(cells, line)| contact_from_row(&table.header, cells, *line)),
                );
            }
            for block in &part.blocks {
                if let Block::List(list) = block {
                    let items = list.items.iter().map(|listed| item_text(runbook, listed));
                    found.extend(items.filter_map(|text| contact_from_item(&text)));
                }
            }
        }
    }
    found
}

fn contact_from_row(header: &[String], cells: &[String], line: u32) -> Option<Contact> {
    let who = cells.first().filter(|who| !who.is_empty())?;
    if severities::split_severity_name(who).is_some() {
        return None;
    }
    let ways = header.iter().zip(cells).skip(1).filter(|(_, cell)| !cell.is_empty());
    let ways = ways.map(|(title, cell)| (title.clone(), cell.clone())).collect();
    Some(Contact { who: who.clone(), ways, line })
}

fn contact_from_item(text: &ProseLine) -> Option<Contact> {
    let (who, way) = text.label.as_ref()?;
    let ways = if way.is_empty() { Vec::new() } else { vec![(String::new(), way.clone())] };
    Some(Contact { who: who.clone(), ways, line: text.line })
}
