//! Reads tokens, JSON web tokens and passwords in addresses.
//!
//! Invariant: a reader ends at a byte that its text cannot have, or at a limit.

use super::shape_rule::ReaderStep;
use super::shapes::{ByteClass, TokenPart};
use super::values;

/// Reads the parts of a token.
#[derive(Clone, Debug)]
pub(super) struct TokenReader {
    parts: &'static [TokenPart],
    part: usize,
    count: u32,
    /// Kinds of bytes seen, as bits: digits, lower-case and upper-case letters.
    mixed: u8,
    /// The last byte, and how often in a row it stands there.
    repeated: (u8, u32),
    /// True for `xxxx` and the like, which stands for a token.
    stands_in: bool,
}

/// Number of equal bytes in a row that no token has; of the letter x fewer suffice.
const REPEATED_BYTES: u32 = 10;
const REPEATED_XES: u32 = 4;

impl TokenReader {
    pub(super) fn new(parts: &'static [TokenPart]) -> Self {
        Self { parts, part: 0, count: 0, mixed: 0, repeated: (0, 0), stands_in: false }
    }

    fn count_byte(&mut self, byte: u8) {
        self.count += 1;
        self.mixed |= byte_kind(byte);
        self.repeated = if self.repeated.0 == byte { (byte, self.repeated.1 + 1) } else { (byte, 1) };
        let limit = if matches!(byte, b'x' | b'X') { REPEATED_XES } else { REPEATED_BYTES };
        self.stands_in |= self.repeated.1 >= limit;
    }

    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        loop {
            match self.parts.get(self.part) {
                Some(TokenPart::Run(class, min, max)) => {
                    let is_last = self.part + 1 == self.parts.len();
                    if class.has_byte(byte) && (self.count < *max || is_last) {
                        // Longer than any token, so it is something else.
                        if self.count >= *max {
                            return ReaderStep::Out;
                        }
                        self.count_byte(byte);
                        return ReaderStep::Take;
                    }
                    if self.count < *min {
                        return ReaderStep::Out;
                    }
                    if is_last {
                        let ends = !byte.is_ascii_alphanumeric() && self.is_complete();
                        return if ends { ReaderStep::Found } else { ReaderStep::Out };
                    }
                    (self.part, self.count) = (self.part + 1, 0);
                }
                Some(TokenPart::Mark(mark)) => {
                    self.part += 1;
                    return if byte == *mark { ReaderStep::Take } else { ReaderStep::Out };
                }
                None => return ReaderStep::Out,
            }
        }
    }

    /// True if all parts are there. A token of one kind of letters alone is a word.
    pub(super) fn is_complete(&self) -> bool {
        let last = self.part + 1 == self.parts.len();
        let enough = matches!(self.parts.get(self.part), Some(TokenPart::Run(_, min, _)) if self.count >= *min);
        last && enough && !self.stands_in && self.mixed.count_ones() >= 2
    }
}

/// A bit for a digit, a lower-case or an upper-case letter.
fn byte_kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 4,
        _ => 0,
    }
}

/// Reads the rest of a JSON web token.
#[derive(Clone, Debug, Default)]
pub(super) struct JwtReader {
    part: u8,
    count: u32,
}

impl JwtReader {
    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        if (ByteClass::Dashed.has_byte(byte) || byte == b'/' || byte == b'=') && self.count < 8192 {
            self.count += 1;
            return if self.part == 2 { ReaderStep::Take } else { ReaderStep::Pass };
        }
        if byte == b'.' && self.part < 2 && self.count >= 8 {
            self.part += 1;
            self.count = 0;
            return ReaderStep::Pass;
        }
        if self.is_complete() { ReaderStep::Found } else { ReaderStep::Out }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.part == 2 && self.count >= 10
    }
}

/// Reads `user:password@` of an address.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressReader {
    in_password: bool,
    count: u32,
    password: Vec<u8>,
}

impl AddressReader {
    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b'=' | b'&');
        if !self.in_password {
            return match byte {
                b':' => {
                    self.in_password = true;
                    ReaderStep::Pass
                }
                _ if plain && self.count < 128 => {
                    self.count += 1;
                    ReaderStep::Pass
                }
                _ => ReaderStep::Out,
            };
        }
        match byte {
            // A variable or a placeholder is no password.
            b'@' | b'$' | b'<' | b'{' | b'[' | b'*' if self.password.is_empty() => ReaderStep::Out,
            b'@' => ReaderStep::Found,
            _ if plain || matches!(byte, b'!' | b'$' | b'*' | b'(' | b')' | b',' | b';' | b':' | b'^' | b'#') => {
                if self.password.len() >= 256 {
                    return ReaderStep::Out;
                }
                self.password.push(byte);
                ReaderStep::Take
            }
            _ => ReaderStep::Out,
        }
    }

    pub(super) fn learned_value(&self) -> Option<(String, Vec<u8>)> {
        let is_strong = values::is_worth_learning(&self.password);
        is_strong.then(|| ("password".to_owned(), self.password.clone()))
    }
}
