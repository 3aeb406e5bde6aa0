//! Salts, which keep a short text from being guessed from its digest.
//!
//! Invariant: a salt is 16 bytes from the kernel's generator, written as 32 hexadecimal digits, and is used once.

use std::fs::File;
use std::io;
use std::io::Read as _;

/// Length of a salt in the format, in hexadecimal digits.
pub(super) const SALT_LENGTH: usize = 32;

const BYTES: usize = 16;
const BUFFER_BYTES: usize = 256 * BYTES;
const SOURCE: &str = "/dev/urandom";

/// A supply of salts. Random bytes are read for many salts at a time.
#[derive(Debug)]
pub struct Salts {
    source: File,
    ready: Vec<u8>,
}

impl Salts {
    /// Opens the kernel's random generator.
    pub fn open_source() -> io::Result<Self> {
        Ok(Self { source: File::open(SOURCE)?, ready: Vec::new() })
    }

    /// Returns a fresh salt. Fails when the generator cannot be read.
    pub fn next_salt(&mut self) -> io::Result<String> {
        if self.ready.len() < BYTES {
            self.ready.resize(BUFFER_BYTES, 0);
            if let Err(error) = self.source.read_exact(&mut self.ready) {
                self.ready.clear();
                return Err(error);
            }
        }
        let salt = self.ready.split_off(self.ready.len() - BYTES);
        let mut text = String::with_capacity(SALT_LENGTH);
        push_hex(&mut text, &salt);
        Ok(text)
    }
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}

/// True if the text consists of lower-case hexadecimal digits.
pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The bytes of lower-case hexadecimal digits; none for anything else.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_salt_is_given_out_twice() {
        let mut salts = Salts::open_source().unwrap();
        let seen: BTreeSet<String> = (0..1000).map(|_| salts.next_salt().unwrap()).collect();
        assert_eq!(seen.len(), 1000);
        assert!(seen.iter().all(|salt| salt.len() == SALT_LENGTH && from_hex(salt).is_some()));
    }
}
