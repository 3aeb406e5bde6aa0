//! Parses a document and answers questions about its lines and text.
//!
//! Invariant: any bytes give a runbook, in nearly linear time and memory. Refuses to know: files.

use super::decode::decode_text;
use super::{Runbook, SectionIndex, Span, front_matter, outline, text};
use crate::ident::Digest;

/// Number of nested quotes whose marks are removed.
const MOST_QUOTES: usize = 16;

impl Runbook {
    /// Parses a document. Never fails: problems become findings.
    pub fn parse_bytes(bytes: &[u8]) -> Self {
        let (text, lines, mut findings) = decode_text(bytes);
        let front_matter = front_matter::read_front_matter(&text, &lines, &mut findings);
        let outline = outline::read_outline(&text, front_matter.span.end, &lines, &mut findings);
        findings.sort_by_key(|finding| (finding.line, finding.span.start));
        let first_title =
            || outline.sections.iter().find(|section| section.level == 1).map(|section| section.title.clone());
        let title = front_matter.title.clone().or_else(first_title);
        Self {
            digest: Digest::of_bytes(bytes),
            title,
            front_matter,
            sections: outline.sections,
            cells: outline.cells,
            findings,
            text,
            lines,
        }
    }

    /// The line that holds a byte offset, from 1.
    pub fn line_of(&self, offset: usize) -> u32 {
        self.lines.line_of(offset)
    }

    /// The bytes of whole lines, both inclusive, with their line ends.
    pub fn line_span(&self, first: u32, last: u32) -> Span {
        self.lines.span_of_lines(first, last)
    }

    /// The titles of a section and of those above it, outermost first; empty for the document itself.
    pub fn heading_path(&self, section: SectionIndex) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = self.sections.get(section);
        while let Some(section) = at {
            if section.level > 0 {
                path.push(section.title.clone());
            }
            at = section.parent.and_then(|parent| self.sections.get(parent));
        }
        path.reverse();
        path
    }

    /// A part of the document as a reader sees it, without markup and containers' prefixes.
    pub fn plain_text(&self, span: Span) -> String {
        text::plain_text(&self.standalone_markdown(span))
    }

    /// A part of the document as Markdown that stands alone. Quote marks and the indentation that all lines share are
    /// removed. A list marker, which only the first line has, stays.
    pub fn standalone_markdown(&self, span: Span) -> String {
        let mut lines: Vec<&str> = self.text.get(span).unwrap_or("").lines().collect();
        for _ in 0..MOST_QUOTES {
            let unquoted: Option<Vec<&str>> = lines.iter().map(|line| line.trim_start().strip_prefix('>')).collect();
            match unquoted {
                Some(unquoted) if !unquoted.is_empty() => lines = unquoted,
                _ => break,
            }
        }
        let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
        let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
        lines.iter().map(|line| line.get(shared..).unwrap_or("").trim_end()).collect::<Vec<_>>().join("\n")
    }
}
