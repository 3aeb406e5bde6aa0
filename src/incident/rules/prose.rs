//! The content of a section as the rules need it: labelled lines, list items, tables.
//!
//! Invariant: total on any text. Texts are as a reader sees them, without markup. Refuses to know: what a line means.

use crate::document::{Block, Item, List, Runbook, Section, SectionIndex, Span};

/// A line of prose, a list item or a table cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProseLine {
    /// The text without markup.
    pub(super) plain: String,
    /// Label before a colon and the text after it: `**Impact:** …`, `Impact: …`.
    pub(super) label: Option<(String, String)>,
    /// Bold text at the beginning.
    pub(super) bold: Option<String>,
    /// Line in the document, from 1.
    pub(super) line: u32,
}

/// A table of at least two columns, its cells without markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProseTable {
    pub(super) header: Vec<String>,
    /// Cells of each row, and its line in the document, from 1.
    pub(super) rows: Vec<(Vec<String>, u32)>,
}

/// Line of an offset in the document, from 1.
pub(super) fn line_number(runbook: &Runbook, offset: usize) -> u32 {
    let before = runbook.text.get(..offset).unwrap_or_default();
    u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Lists a section and all its subsections, in order.
pub(super) fn with_subsections(runbook: &Runbook, index: SectionIndex) -> Vec<&Section> {
    let mut found = Vec::new();
    let mut waiting = vec![index];
    while let Some(next) = waiting.pop() {
        if let Some(section) = runbook.sections.get(next) {
            found.push(section);
            waiting.extend(section.children.iter().rev());
        }
    }
    found
}

/// Lists of a section, without those of its subsections.
pub(super) fn section_lists(section: &Section) -> impl Iterator<Item = &List> {
    section.blocks.iter().filter_map(|block| if let Block::List(list) = block { Some(list) } else { None })
}

/// Reads the first line of a list item, without its marker.
pub(super) fn item_text(runbook: &Runbook, item: &Item) -> ProseLine {
    let source = runbook.text.get(item.span.clone()).unwrap_or_default();
    let first = source.lines().next().unwrap_or_default().trim_start();
    let after_marker = first.trim_start_matches(['-', '*', '+']);
    let after_marker = if after_marker.len() < first.len() && after_marker.starts_with(' ') {
        after_marker
    } else {
        first.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['.', ')'])
    };
    parse_line(after_marker, item.line)
}

/// Reads the prose of a section, without tables and without its subsections.
pub(super) fn prose_lines(runbook: &Runbook, section: &Section) -> Vec<ProseLine> {
    let mut found = Vec::new();
    for span in prose_spans(section) {
        for_each_line(runbook, span, |source, line| {
            if !source.trim_start().starts_with('|') && !source.trim().is_empty() {
                found.push(parse_line(source, line));
            }
        });
    }
    for block in &section.blocks {
        if let Block::Lead(lead) = block {
            found.push(parse_line(&lead.title, line_number(runbook, lead.span.start)));
        }
    }
    found
}

/// Reads the tables of a section, without those of its subsections.
pub(super) fn section_tables(runbook: &Runbook, section: &Section) -> Vec<ProseTable> {
    let mut found: Vec<ProseTable> = Vec::new();
    for span in prose_spans(section) {
        let mut open: Option<ProseTable> = None;
        for_each_line(runbook, span, |source, line| {
            let row = source.trim();
            if !row.contains('|') {
                found.extend(open.take());
                return;
            }
            let cells = split_cells(row);
            let is_rule = !cells.is_empty()
                && cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':' | ' ')));
            match &mut open {
                None => open = Some(ProseTable { header: cells, rows: Vec::new() }),
                Some(_) if is_rule => {}
                Some(table) => table.rows.push((cells, line)),
            }
        });
        found.extend(open);
    }
    found.retain(|table| table.header.len() > 1);
    found
}

fn prose_spans(section: &Section) -> impl Iterator<Item = &Span> {
    section.blocks.iter().filter_map(|block| if let Block::Prose(span) = block { Some(span) } else { None })
}

fn for_each_line(runbook: &Runbook, span: &Span, mut act: impl FnMut(&str, u32)) {
    let source = runbook.text.get(span.clone()).unwrap_or_default();
    let first = line_number(runbook, span.start);
    for (line, text) in (first..).zip(source.lines()) {
        act(text.trim_start_matches(['>', ' ', '\t']), line);
    }
}

fn split_cells(row: &str) -> Vec<String> {
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in row.chars() {
        match (c, cells.last_mut()) {
            ('|', _) if !escaped => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
        escaped = c == '\\' && !escaped;
    }
    cells.iter().map(|cell| strip_markup(cell)).collect()
}

/// Reads one line of Markdown: its label and its bold beginning.
pub(super) fn parse_line(source: &str, line: u32) -> ProseLine {
    let source = source.trim();
    let bold = ["**", "__"].iter().find_map(|mark| {
        let (bold, rest) = source.strip_prefix(mark)?.split_once(mark)?;
        Some((strip_markup(bold), strip_markup(rest)))
    });
    let clean = strip_markup(source);
    let label = match &bold {
        Some((bold, rest)) => match bold.strip_suffix(':') {
            Some(label) => Some((label.trim().to_owned(), rest.trim().to_owned())),
            None => rest.strip_prefix(':').map(|rest| (bold.trim().to_owned(), rest.trim().to_owned())),
        },
        // A label that is not bold has at most four words.
        None => clean.split_once(": ").or_else(|| clean.split_once(":\u{a0}")).and_then(|(label, rest)| {
            (label.split_whitespace().count() <= 4).then(|| (label.trim().to_owned(), rest.trim().to_owned()))
        }),
    };
    ProseLine { plain: clean, label, bold: bold.map(|(bold, _)| bold), line }
}

/// Removes emphasis, code marks and link targets, and puts the text on one line.
pub(super) fn strip_markup(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source.trim();
    while let Some(c) = rest.chars().next() {
        // `[text](target)` is read as `text`.
        if c == '['
            && let Some((inside, after)) = rest.get(1..).and_then(|rest| rest.split_once("]("))
            && !inside.contains(['[', ']', '\n'])
            && let Some((_, after)) = after.split_once(')')
        {
            out.push_str(inside);
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '_' if out.ends_with(|c: char| c.is_alphanumeric()) && rest.starts_with(|c: char| c.is_alphanumeric()) => {
                out.push(c);
            }
            '*' | '`' | '_' => {}
            '\\' if rest.starts_with(|c: char| c.is_ascii_punctuation()) => {
                let escaped = rest.chars().next().unwrap_or_default();
                out.push(escaped);
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
            }
            c => out.push(if c.is_control() { ' ' } else { c }),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_bold_or_a_few_words() {
        let label = |source| parse_line(source, 1).label.map(|(label, rest)| format!("{label}|{rest}"));
        assert_eq!(label("**Response Time:** < 15 minutes").as_deref(), Some("Response Time|< 15 minutes"));
        assert_eq!(label("**Response Time**: < 15 minutes").as_deref(), Some("Response Time|< 15 minutes"));
        assert_eq!(label("Response: now").as_deref(), Some("Response|now"));
        assert_eq!(label("**On-call engineer** (first)"), None);
        assert_eq!(parse_line("**On-call engineer** (first)", 1).bold.as_deref(), Some("On-call engineer"));
    }

    #[test]
    fn markup_is_not_part_of_what_is_read() {
        assert_eq!(strip_markup("a **b** `c` [d](https://e) snake_case _f_ \\*g"), "a b c d snake_case f *g");
        assert_eq!(strip_markup("[Name] (+1)"), "[Name] (+1)");
        assert_eq!(split_cells("| a \\| b | c |"), ["a | b", "c"]);
    }
}
