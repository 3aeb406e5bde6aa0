//! Where the lines of a text begin.
//!
//! Invariant: lines count from 1 and offsets in bytes; a question past the end is answered for the last line. Refuses to know: what a
//! line holds.

use std::ops::Range;

/// Expected bytes a line, to allocate the list of line starts once.
const USUAL_LINE: usize = 24;

/// The byte offset of each line's start in one text.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    starts: Vec<usize>,
    len: usize,
}

impl Lines {
    pub(super) fn from_text(text: &str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / USUAL_LINE + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).filter(|&at| at < text.len()));
        Self { starts, len: text.len() }
    }

    /// The offset of the first CR LF.
    pub(super) fn first_crlf(&self, text: &str) -> Option<usize> {
        let ends = self.starts.iter().copied().chain([self.len]);
        ends.filter_map(|end| end.checked_sub(2)).find(|&at| text.as_bytes().get(at..at + 2) == Some(b"\r\n"))
    }

    /// The line that holds an offset, from 1; past the end, the last one.
    pub(super) fn line_of(&self, offset: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX).max(1)
    }

    /// The offset at which a line begins, counted from 1; past the last line, the end of the text.
    pub(super) fn start_of(&self, line: u32) -> usize {
        let index = (line as usize).saturating_sub(1);
        self.starts.get(index).copied().unwrap_or(self.len)
    }

    /// The bytes of whole lines, both inclusive, with their line ends.
    pub(super) fn span_of_lines(&self, first: u32, last: u32) -> Range<usize> {
        let start = self.start_of(first);
        start..self.start_of(last.saturating_add(1)).max(start)
    }
}
