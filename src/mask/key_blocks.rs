//! Reads private keys: blocks between dashed lines, and the base64 of such a block.
//!
//! Invariant: public keys and certificates are left alone.

use super::shape_rule::ReaderStep;

/// Number of bytes after which a longer key is masked no further.
const KEY_LIMIT: u32 = 16 << 10;
const KEY_MIN: u32 = 32;
/// Maximum length in bytes of the words of a first line.
const LABEL_LIMIT: usize = 64;
/// Number of characters of base64 that show what a block is.
const HEAD_CHARS: usize = 64;

/// Reads a block from the words of its first line on.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyReader {
    label: Vec<u8>,
    dashes: u32,
    in_body: bool,
    count: u32,
}

impl KeyReader {
    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        if !self.in_body {
            return self.step_label(byte);
        }
        if byte == b'-' {
            self.dashes += 1;
            self.count += 1;
            return match self.dashes {
                4 if self.count > KEY_MIN => ReaderStep::Found,
                4 => ReaderStep::Out,
                _ => ReaderStep::Hold,
            };
        }
        self.dashes = 0;
        let plain = byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'+' | b'/'
                    | b'='
                    | b'\\'
                    | b':'
                    | b','
                    | b'.'
                    | b'"'
                    | b'('
                    | b')'
                    | b'\''
                    | b'%'
                    | b'@'
                    | b'|'
                    | b'>'
            );
        if !plain || self.count >= KEY_LIMIT {
            return if self.count >= 2 * KEY_MIN { ReaderStep::Found } else { ReaderStep::Out };
        }
        self.count += 1;
        ReaderStep::Take
    }

    fn step_label(&mut self, byte: u8) -> ReaderStep {
        if byte == b'-' {
            self.dashes += 1;
            let is_private = self.label.windows(11).any(|words| words == b"PRIVATE KEY");
            if !is_private || self.dashes > 5 {
                return ReaderStep::Out;
            }
            return ReaderStep::Pass;
        }
        if self.dashes >= 4 {
            (self.in_body, self.dashes, self.count) = (true, 0, 1);
            return if byte.is_ascii_alphanumeric()
                || byte.is_ascii_whitespace()
                || matches!(byte, b'\\' | b'"' | b'\'' | b'%')
            {
                ReaderStep::Take
            } else {
                ReaderStep::Out
            };
        }
        let plain = byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
        if self.dashes > 0 || !plain || self.label.len() >= LABEL_LIMIT {
            return ReaderStep::Out;
        }
        self.label.push(byte);
        ReaderStep::Pass
    }

    pub(super) fn is_complete(&self) -> bool {
        self.in_body && self.count >= KEY_MIN
    }
}

/// Reads the base64 of a block, after the characters that every block begins with.
#[derive(Clone, Debug, Default)]
pub(super) struct EncodedKeyReader {
    head: Vec<u8>,
    count: u32,
    /// Length of the first line, if the base64 has several.
    first_line: Option<u32>,
    line: u32,
    newline: bool,
}

impl EncodedKeyReader {
    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') {
            if self.newline {
                (self.newline, self.line) = (false, 0);
            }
            self.count += 1;
            self.line += 1;
            if self.head.len() < HEAD_CHARS {
                self.head.push(byte);
                if self.head.len() == HEAD_CHARS && !self.is_private() {
                    return ReaderStep::Out;
                }
            }
            return if self.count >= KEY_LIMIT { ReaderStep::Found } else { ReaderStep::Take };
        }
        if matches!(byte, b'\r' | b'\n' | b' ' | b'\t') {
            if !self.newline {
                // A line that is shorter than the first is the last. The trigger belongs to the first line.
                let length = if self.first_line.is_none() { self.line + 14 } else { self.line };
                let first = *self.first_line.get_or_insert(length);
                self.newline = byte != b' ' && byte != b'\t' && length == first && matches!(first, 64 | 76);
            }
            if self.newline {
                return ReaderStep::Hold;
            }
        }
        if self.is_complete() { ReaderStep::Found } else { ReaderStep::Out }
    }

    fn is_private(&self) -> bool {
        // The trigger is 14 characters, so two more complete its last group of four, and the P of `PRIVATE` is in that.
        let text = decode_base64(self.head.get(2..).unwrap_or_default());
        text.windows(10).any(|words| words == b"RIVATE KEY")
    }

    pub(super) fn is_complete(&self) -> bool {
        self.head.len() == HEAD_CHARS
    }
}

/// The bytes of base64 from the beginning of a group on.
fn decode_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., low] = (bits >> count).to_be_bytes();
            out.push(low);
        }
    }
    out
}
