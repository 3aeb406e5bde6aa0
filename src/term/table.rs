//! A table fitted to a width.
//!
//! Invariant: no cell loses text; when there is no room for the columns side by side, each row becomes a list.

use super::style::Style;
use super::text::width;
use super::wrap::{Span, wrap};
use pulldown_cmark::Alignment;

/// Between two columns.
const GAP: usize = 2;
/// The narrowest column that is worth having.
const NARROWEST: usize = 6;

pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Vec<Span>>>,
    row: Vec<Vec<Span>>,
}

impl Table {
    pub(super) fn new(alignments: &[Alignment]) -> Self {
        Self { alignments: alignments.to_vec(), rows: Vec::new(), row: Vec::new() }
    }

    pub(super) fn cell(&mut self, cell: Vec<Span>) {
        self.row.push(cell);
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// The table's lines, of at most this many columns.
    pub(super) fn lines(&self, room: usize) -> Vec<Vec<Span>> {
        let natural = self.natural_widths();
        let gaps = natural.len().saturating_sub(1) * GAP;
        let available = room.saturating_sub(gaps);
        if available < natural.iter().map(|w| (*w).min(NARROWEST)).sum() {
            return self.list(room);
        }
        let widths = fit(&natural, available);
        let mut lines = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            self.row_lines(row, &widths, &mut lines);
            if i == 0 {
                let rules: Vec<_> = widths.iter().map(|w| "-".repeat(*w)).collect();
                lines.push(vec![Span::new(Style::Dim, rules.join(&" ".repeat(GAP)))]);
            }
        }
        lines
    }

    fn natural_widths(&self) -> Vec<usize> {
        let mut widths = vec![1; self.alignments.len()];
        for row in &self.rows {
            for (cell, most) in row.iter().zip(&mut widths) {
                *most = (*most).max(cell_width(cell));
            }
        }
        widths
    }

    fn row_lines(&self, row: &[Vec<Span>], widths: &[usize], lines: &mut Vec<Vec<Span>>) {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let mut line = Vec::new();
            for (column, (cell, cell_width)) in cells.iter().zip(widths).enumerate() {
                let text = cell.get(at).map(Vec::as_slice).unwrap_or_default();
                let free = cell_width.saturating_sub(line_width(text));
                let left = match self.alignments.get(column) {
                    Some(Alignment::Right) => free,
                    Some(Alignment::Center) => free / 2,
                    _ => 0,
                };
                let gap = if column > 0 { GAP } else { 0 };
                line.push(Span::new(Style::Prose, " ".repeat(gap + left)));
                line.extend(text.iter().cloned());
                line.push(Span::new(Style::Prose, " ".repeat(free - left)));
            }
            lines.push(line);
        }
    }

    /// Each row as lines of `heading: cell`.
    fn list(&self, room: usize) -> Vec<Vec<Span>> {
        let Some((heads, rows)) = self.rows.split_first() else { return Vec::new() };
        let mut lines = Vec::new();
        for row in rows {
            if !lines.is_empty() {
                lines.push(Vec::new());
            }
            for (head, cell) in heads.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                let mut spans = head.clone();
                spans.push(Span::new(Style::Heading, ": "));
                spans.extend(cell.iter().cloned());
                lines.extend(wrap(&spans, room));
            }
        }
        lines
    }
}

fn line_width(line: &[Span]) -> usize {
    line.iter().map(|span| width(&span.text)).sum()
}

fn cell_width(cell: &[Span]) -> usize {
    let text: String = cell.iter().map(|span| span.text.as_str()).collect();
    text.split('\n').map(width).max().unwrap_or(0)
}

/// Widths that fit: narrow columns keep theirs, the wide ones share what is left.
fn fit(natural: &[usize], available: usize) -> Vec<usize> {
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
