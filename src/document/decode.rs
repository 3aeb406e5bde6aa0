//! Bytes → text and lines, with findings about the encoding.
//!
//! Invariant: total on any bytes; text that is valid UTF-8 without a BOM comes out byte for byte. Refuses to know: Markdown.

use super::DocumentFinding;
use super::lines::Lines;
use std::borrow::Cow;

const BOM: &str = "\u{feff}";

/// Decodes a document. Invalid bytes become U+FFFD and a finding.
pub(super) fn decode_text(bytes: &[u8]) -> (String, Lines, Vec<DocumentFinding>) {
    let (whole, was_invalid) = match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    };
    let had_bom = whole.starts_with(BOM);
    let text = whole.strip_prefix(BOM).map_or_else(|| whole.to_string(), str::to_owned);
    let lines = Lines::from_text(&text);
    let mut findings = Vec::new();
    let mut report = |code, at: usize, width: usize, message: String, help: &str| {
        let line = lines.line_of(at);
        findings.push(DocumentFinding { code, line, span: at..at + width, message, help: help.to_owned() });
    };
    if had_bom {
        report(
            "byte-order-mark",
            0,
            0,
            "the file begins with a byte order mark".to_owned(),
            "save it as UTF-8 without one",
        );
    }
    if was_invalid {
        let at = first_invalid_offset(bytes).map_or(0, |at| if had_bom { at.saturating_sub(BOM.len()) } else { at });
        let count = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
        let message = format!("{count} byte sequences are not UTF-8; each is read as `\u{fffd}`");
        report("invalid-utf8", at, '\u{fffd}'.len_utf8(), message, "save the file as UTF-8");
    }
    if let Some(at) = text.find('\0') {
        let message = "the file holds a NUL byte".to_owned();
        report("nul-byte", at, 1, message, "remove it");
    }
    if let Some(at) = lines.first_crlf(&text) {
        let message = "lines end in CR LF; they are read as if they ended in LF".to_owned();
        report("crlf", at, 2, message, "save the file with LF line ends");
    }
    (text, lines, findings)
}

fn first_invalid_offset(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_are_read_with_a_finding_each() {
        let (text, lines, findings) = decode_text(b"\xef\xbb\xbfone\r\ntwo\xff\0\n");
        assert_eq!(text, "one\r\ntwo\u{fffd}\0\n");
        assert_eq!(lines.line_of(0), 1);
        assert_eq!(lines.line_of(5), 2);
        let seen: Vec<_> = findings.iter().map(|f| (f.code, f.line)).collect();
        assert_eq!(seen, [("byte-order-mark", 1), ("invalid-utf8", 2), ("nul-byte", 2), ("crlf", 1)]);
    }

    #[test]
    fn a_line_number_and_its_bytes_belong_together() {
        let text = "a\nbc\n\nd";
        let lines = Lines::from_text(text);
        assert_eq!(text.get(lines.span_of_lines(2, 2)), Some("bc\n"));
        assert_eq!(text.get(lines.span_of_lines(2, 4)), Some("bc\n\nd"));
        assert_eq!(text.get(lines.span_of_lines(9, 12)), Some(""));
        assert_eq!((lines.line_of(1), lines.line_of(2), lines.line_of(99)), (1, 2, 4));
    }
}
