//! Reads the columns of `xxd`, `od` and `hexdump` as one text.
//!
//! Invariant: offsets, blanks and the text column are passed over, so what is read is what stands in the data columns. A
//! match is masked to the end of its line, with the text column. Refuses to know: which notation the data columns have; the
//! forms of a secret tell.

use super::matcher::Matcher;
use super::trail::{FoldedMatch, Trail};

/// Number of digits of an offset.
const OFFSET_DIGITS: std::ops::RangeInclusive<usize> = 6..=16;
/// Number of bytes of a line that tell whether it belongs to a dump.
const HEAD_BYTES: usize = 32;
/// Maximum length in bytes of a line of a dump.
const LINE_LIMIT: u32 = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum LinePart {
    /// The line before the dump, up to its end.
    Before,
    /// The beginning of a line that may belong to a dump, and the offset of its first byte.
    Head(Vec<u8>, u64),
    /// The columns of data. Holds true if a colon follows the offset, and the number of blanks just read.
    Data { colon: bool, blanks: u8 },
    /// The column that shows the data as text.
    Text,
    /// A line that belongs to no dump.
    Over,
}

/// The kind of a line, as its beginning tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineHead {
    Unknown,
    /// A line whose data begin at this index. Holds true if a colon follows the offset.
    Dump(usize, bool),
    Other,
}

/// Reads the lines of a dump.
#[derive(Clone, Debug)]
pub(super) struct DumpReader {
    trail: Trail,
    part: LinePart,
    line_bytes: u32,
    /// A match whose line has not ended.
    open: Option<FoldedMatch>,
}

impl DumpReader {
    /// A reader that is about to read a line break.
    pub(super) fn new(matcher: &Matcher) -> Self {
        Self { trail: Trail::new(matcher), part: LinePart::Before, line_bytes: 0, open: None }
    }

    /// The reader at the beginning of a line.
    pub(super) fn after_line_break(mut self) -> Self {
        self.part = LinePart::Head(Vec::new(), 0);
        self
    }

    /// True if a dump may begin with these bytes, which come after a line break.
    pub(super) fn may_begin(bytes: &[u8]) -> bool {
        read_head(bytes.get(..HEAD_BYTES).unwrap_or(bytes)) != LineHead::Other
    }

    pub(super) fn is_over(&self) -> bool {
        self.part == LinePart::Over
    }

    /// Reads a byte. Returns a match whose line has ended.
    pub(super) fn step_byte(&mut self, matcher: &Matcher, byte: u8, at: u64) -> Option<FoldedMatch> {
        if byte == b'\n' {
            let is_last = matches!(&self.part, LinePart::Head(head, _) if !head.is_empty());
            self.part = if is_last { LinePart::Over } else { LinePart::Head(Vec::new(), at + 1) };
            self.line_bytes = 0;
            return self.close_match(at);
        }
        self.line_bytes += 1;
        if self.line_bytes > LINE_LIMIT {
            self.part = LinePart::Over;
            return self.close_match(at);
        }
        match &mut self.part {
            LinePart::Head(head, start) => {
                head.push(byte);
                match read_head(head) {
                    LineHead::Unknown => {}
                    LineHead::Other => {
                        self.part = LinePart::Over;
                        return self.close_match(at);
                    }
                    LineHead::Dump(data, colon) => {
                        let (head, start) = (std::mem::take(head), *start);
                        self.part = LinePart::Data { colon, blanks: 0 };
                        for (at, &byte) in (start..).zip(&head).skip(data) {
                            self.read_data(matcher, byte, at);
                        }
                    }
                }
            }
            LinePart::Data { .. } => self.read_data(matcher, byte, at),
            LinePart::Before | LinePart::Text | LinePart::Over => {}
        }
        None
    }

    fn read_data(&mut self, matcher: &Matcher, byte: u8, at: u64) {
        let LinePart::Data { colon, blanks } = &mut self.part else { return };
        match byte {
            b' ' | b'\t' => {
                *blanks = blanks.saturating_add(1);
                if *colon && *blanks >= 2 {
                    self.part = LinePart::Text;
                }
            }
            b'\r' => {}
            b'|' | b'>' if *blanks == 2 => self.part = LinePart::Text,
            _ => {
                *blanks = 0;
                if let Some(found) = self.trail.read_byte(matcher, byte, at) {
                    self.open = Some(match self.open.take() {
                        Some(open) => (open.0.min(found.0), found.1, open.2, open.3),
                        None => found,
                    });
                }
            }
        }
    }

    /// Offset from which bytes may belong to a secret.
    pub(super) fn held_from(&self, matcher: &Matcher) -> Option<u64> {
        let open = self.open.as_ref().map(|open| open.0);
        open.into_iter().chain(self.trail.held_from(matcher)).min()
    }

    /// Ends the open match at `end`.
    pub(super) fn close_match(&mut self, end: u64) -> Option<FoldedMatch> {
        self.open.take().map(|(start, at, owner, length)| (start, at.max(end), owner, length))
    }
}

fn read_head(head: &[u8]) -> LineHead {
    let digits = head.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let rest = head.get(digits..).unwrap_or_default();
    match rest {
        [] if digits <= *OFFSET_DIGITS.end() => LineHead::Unknown,
        [b':'] if OFFSET_DIGITS.contains(&digits) => LineHead::Unknown,
        [b':', b' ', ..] if OFFSET_DIGITS.contains(&digits) => LineHead::Dump(digits + 2, true),
        [b' ', ..] if OFFSET_DIGITS.contains(&digits) => read_columns(rest, digits),
        // `od -An` prints no offset.
        [b' ', ..] if digits == 0 => read_columns(rest, 0),
        _ => LineHead::Other,
    }
}

/// Tells whether blanks and a value of the columns follow, as `od` and `hexdump` print them.
fn read_columns(rest: &[u8], index: usize) -> LineHead {
    let blanks = rest.iter().take_while(|&&byte| byte == b' ').count();
    let Some(after) = rest.get(blanks..).filter(|after| !after.is_empty()) else {
        return if blanks <= 4 { LineHead::Unknown } else { LineHead::Other };
    };
    let value = after.iter().take_while(|&&byte| byte != b' ' && byte != b'\n' && byte != b'\r').count();
    let is_number = after.iter().take(value).all(u8::is_ascii_hexdigit);
    let is_value = match (blanks, value) {
        // A letter for itself, or an escape such as `\n`.
        (3, 1) | (2, 2) => true,
        (1..=4, 2 | 3 | 4 | 6) => is_number,
        _ => false,
    };
    let may_grow = value == after.len() && value < 7 && (is_number || (blanks, value) == (2, 1));
    match (value == after.len(), is_value) {
        (false, true) => LineHead::Dump(index, false),
        (true, true) => LineHead::Unknown,
        _ if may_grow => LineHead::Unknown,
        _ => LineHead::Other,
    }
}
