//! One fence: its lines with their offsets, and if its end can be relied on.
//!
//! Invariant: a line's text is the document's bytes at its offset, except for blanks that replace part of a tab. Refuses to
//! know: kinds and attributes.

use super::lines::Lines;
use super::{LineRole, SourceLine, Span};

/// A range of content between the opening and the closing line, as the Markdown parser reports it.
#[derive(Clone, Debug)]
pub(super) struct ContentChunk {
    pub(super) span: Span,
    /// Number of blanks that replace part of a tab; then the span is empty.
    pub(super) padding: usize,
}

/// One fence as the document has it.
#[derive(Debug)]
pub(super) struct Fence<'d> {
    pub(super) info: &'d str,
    pub(super) span: Span,
    pub(super) content: Vec<SourceLine>,
    pub(super) fault: Option<FenceFault>,
}

/// Why a fence's end is unsure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FenceFault {
    /// It runs to the end of the document or of its container.
    Unclosed,
    /// It is not closed, but this line after it looks like the closing line, indented less than the opening one.
    DedentedEnd(u32),
    /// This line of the content looks like the closing line, indented too far.
    IndentedEnd(u32),
    /// This line of the content opens another fence.
    Swallowed(u32),
}

/// Reads a fence from the parser's span and chunks.
pub(super) fn read_fence<'d>(document: &'d str, lines: &Lines, span: Span, chunks: &[ContentChunk]) -> Fence<'d> {
    let opening = document.get(span.start..).unwrap_or("").lines().next().unwrap_or("");
    let mark = opening.chars().next().unwrap_or('`');
    let after_run = opening.trim_start_matches(mark);
    let width = opening.len() - after_run.len();
    let content = content_lines(document, lines, chunks);
    let after_opening =
        document.get(span.start..).and_then(|rest| rest.find('\n')).map_or(span.end, |at| span.start + at + 1);
    let body_end = chunks.iter().map(|chunk| chunk.span.end).max().unwrap_or(after_opening).min(span.end);
    let tail = document.get(body_end..span.end).unwrap_or("");
    let closing = tail.trim_matches(|c: char| c.is_whitespace() || c == '>');
    let is_closed = closing.len() >= width && closing.chars().all(|c| c == mark);
    let end = span.start + document.get(span.clone()).unwrap_or("").trim_end().len();
    let fault = if is_closed { inner_fault(&content, mark, width) } else { None }
        .or_else(|| (!is_closed).then(|| unclosed_fault(document, lines, end, mark, width)));
    Fence { info: after_run.trim(), span: span.start..end, content, fault }
}

/// The lines of the chunks, with their offsets.
pub(super) fn content_lines(document: &str, lines: &Lines, chunks: &[ContentChunk]) -> Vec<SourceLine> {
    let mut content: Vec<SourceLine> = Vec::new();
    let mut padding = 0;
    for chunk in chunks {
        if chunk.padding > 0 {
            padding = chunk.padding;
            continue;
        }
        let mut at = chunk.span.start;
        while at < chunk.span.end {
            let rest = document.get(at..).unwrap_or("");
            let source = rest.split_inclusive('\n').next().unwrap_or("");
            let text = source.strip_suffix('\n').unwrap_or(source);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let line = lines.line_of(at);
            // The end of a line may come as a chunk of its own.
            if content.last().is_none_or(|last| last.line != line) {
                // A chunk that is only the LF of a CR LF begins behind the line's end.
                let lone_end = text.is_empty() && document.get(..at).is_some_and(|before| before.ends_with('\r'));
                let text = if padding == 0 { text.to_owned() } else { format!("{:padding$}{text}", "") };
                content.push(SourceLine { text, offset: at - usize::from(lone_end), line, role: LineRole::Shell });
            }
            padding = 0;
            at += source.len().max(1);
        }
    }
    content
}

fn inner_fault(content: &[SourceLine], mark: char, width: usize) -> Option<FenceFault> {
    content.iter().find_map(|line| {
        let text = line.text.trim();
        let after = text.trim_start_matches(mark);
        if text.len() - after.len() < width {
            return None;
        }
        if after.is_empty() {
            return Some(FenceFault::IndentedEnd(line.line));
        }
        let info = after.trim();
        let opens =
            info.starts_with(|c: char| c.is_alphabetic() || c == '{') && !info.contains(mark) && !info.contains(' ');
        opens.then_some(FenceFault::Swallowed(line.line))
    })
}

fn unclosed_fault(document: &str, lines: &Lines, end: usize, mark: char, width: usize) -> FenceFault {
    let next = lines.line_of(end) + 1;
    let text = document.get(lines.span_of_lines(next, next)).unwrap_or("");
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '>');
    let looks_like_end = text.len() >= width && text.chars().all(|c| c == mark);
    if looks_like_end { FenceFault::DedentedEnd(next) } else { FenceFault::Unclosed }
}
