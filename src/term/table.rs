//! A table fitted to a width.
//!
//! Invariant: no cell loses text. If there is no room for the columns side by side, each row becomes a list. Refuses to
//! know: Markdown.

use super::style::Style;
use super::text::display_width;
use super::wrap::{StyledSpan, wrap_spans};
use pulldown_cmark::Alignment;

/// Blanks between two columns.
const COLUMN_GAP: usize = 2;
/// A column narrower than this is not readable.
const NARROWEST_COLUMN: usize = 6;

pub(super) struct MarkdownTable {
    alignments: Vec<Alignment>,
    /// The complete rows, the headings first; each cell is a list of spans.
    rows: Vec<Vec<Vec<StyledSpan>>>,
    /// The row being read.
    row: Vec<Vec<StyledSpan>>,
}

impl MarkdownTable {
    pub(super) fn new(alignments: &[Alignment]) -> Self {
        Self { alignments: alignments.to_vec(), rows: Vec::new(), row: Vec::new() }
    }

    pub(super) fn push_cell(&mut self, cell: Vec<StyledSpan>) {
        self.row.push(cell);
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// The lines of the table, at most `room` columns wide.
    pub(super) fn render_lines(&self, room: usize) -> Vec<Vec<StyledSpan>> {
        let natural = self.natural_widths();
        let gaps = natural.len().saturating_sub(1) * COLUMN_GAP;
        let available = room.saturating_sub(gaps);
        if available < natural.iter().map(|w| (*w).min(NARROWEST_COLUMN)).sum() {
            return self.render_as_list(room);
        }
        let widths = fit_widths(&natural, available);
        let mut lines = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            self.push_row_lines(row, &widths, &mut lines);
            if i == 0 {
                let rules: Vec<_> = widths.iter().map(|w| "-".repeat(*w)).collect();
                lines.push(vec![StyledSpan::new(Style::Dim, rules.join(&" ".repeat(COLUMN_GAP)))]);
            }
        }
        lines
    }

    /// The width that each column needs to show every cell unwrapped.
    fn natural_widths(&self) -> Vec<usize> {
        let mut widths = vec![1; self.alignments.len()];
        for row in &self.rows {
            for (cell, most) in row.iter().zip(&mut widths) {
                *most = (*most).max(cell_width(cell));
            }
        }
        widths
    }

    fn push_row_lines(&self, row: &[Vec<StyledSpan>], widths: &[usize], lines: &mut Vec<Vec<StyledSpan>>) {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| wrap_spans(cell, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line_index in 0..height {
            let mut line = Vec::new();
            for (column, (cell, cell_width)) in cells.iter().zip(widths).enumerate() {
                let text = cell.get(line_index).map(Vec::as_slice).unwrap_or_default();
                let free = cell_width.saturating_sub(line_width(text));
                let left = match self.alignments.get(column) {
                    Some(Alignment::Right) => free,
                    Some(Alignment::Center) => free / 2,
                    _ => 0,
                };
                let gap = if column > 0 { COLUMN_GAP } else { 0 };
                line.push(StyledSpan::new(Style::Prose, " ".repeat(gap + left)));
                line.extend(text.iter().cloned());
                line.push(StyledSpan::new(Style::Prose, " ".repeat(free - left)));
            }
            lines.push(line);
        }
    }

    /// Each row as lines of `heading: cell`.
    fn render_as_list(&self, room: usize) -> Vec<Vec<StyledSpan>> {
        let Some((heads, rows)) = self.rows.split_first() else { return Vec::new() };
        let mut lines = Vec::new();
        for row in rows {
            if !lines.is_empty() {
                lines.push(Vec::new());
            }
            for (head, cell) in heads.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                let mut spans = head.clone();
                spans.push(StyledSpan::new(Style::Heading, ": "));
                spans.extend(cell.iter().cloned());
                lines.extend(wrap_spans(&spans, room));
            }
        }
        lines
    }
}

fn line_width(line: &[StyledSpan]) -> usize {
    line.iter().map(|span| display_width(&span.text)).sum()
}

fn cell_width(cell: &[StyledSpan]) -> usize {
    let text: String = cell.iter().map(|span| span.text.as_str()).collect();
    text.split('\n').map(display_width).max().unwrap_or(0)
}

/// Widths that fit into `available` columns: narrow columns keep theirs, the wide ones share the rest evenly.
fn fit_widths(natural: &[usize], available: usize) -> Vec<usize> {
    let mut sorted = natural.to_vec();
    sorted.sort_unstable();
    let mut left = available;
    let mut cap = available;
    for (i, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - i).max(1);
        if *width > share {
            cap = share.max(1);
            break;
        }
        left -= width;
    }
    natural.iter().map(|width| (*width).min(cap)).collect()
}
