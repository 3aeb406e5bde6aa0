//! Keys as the operator presses them.
//!
//! Invariant: an escape sequence is one key, and no byte of it is taken for a letter. Refuses to know: what a key does.

use crate::ports::OperatorError;
use std::time::Duration;

/// A key, as far as a question can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressedKey {
    /// Enter, as CR or LF.
    Enter,
    /// A letter, digit or sign.
    Char(char),
    /// Ctrl-C, which is read as a key while a question waits.
    Interrupt,
    /// Ctrl-D, the end of input.
    EndOfInput,
    /// Ctrl-L, which shows the question again.
    Redraw,
    /// Arrows and all other keys that have no meaning at a question.
    Other,
}

/// A source of keys.
pub trait KeySource {
    /// Switches to single keys without echo. Fails if the terminal is gone.
    fn begin_reading(&mut self) -> Result<(), OperatorError>;
    /// Restores the modes that the terminal had before keys were read.
    fn end_reading(&mut self);
    /// Discards input that was typed and not yet read.
    fn discard_pending(&mut self);
    /// Reads the next key. None if none came within `wait`; without `wait` it waits forever. Fails if the terminal is gone
    /// or the session has ended.
    fn next_key(&mut self, wait: Option<Duration>) -> Result<Option<PressedKey>, OperatorError>;
    /// Columns and rows of the window.
    fn window_size(&self) -> (usize, usize);
}

/// Limit for each further byte of an escape sequence or a letter.
const SEQUENCE_WAIT: Duration = Duration::from_millis(30);
/// The most bytes of an escape sequence that are skipped.
const SEQUENCE_LIMIT: usize = 64;

/// Decodes one key from single bytes. `read` returns the next byte, or none if none comes in time.
pub(super) fn decode_key(
    read: &mut dyn FnMut(Option<Duration>) -> Result<Option<u8>, OperatorError>,
    wait: Option<Duration>,
) -> Result<Option<PressedKey>, OperatorError> {
    let Some(byte) = read(wait)? else { return Ok(None) };
    let key = match byte {
        b'\r' | b'\n' => PressedKey::Enter,
        0x03 => PressedKey::Interrupt,
        0x04 => PressedKey::EndOfInput,
        0x0c => PressedKey::Redraw,
        0x1b => {
            skip_sequence(read)?;
            PressedKey::Other
        }
        b' '..=b'~' => PressedKey::Char(char::from(byte)),
        0xc2..=0xf4 => read_letter(byte, read)?,
        _ => PressedKey::Other,
    };
    Ok(Some(key))
}

/// Skips the bytes of an escape sequence, up to its last.
fn skip_sequence(
    read: &mut dyn FnMut(Option<Duration>) -> Result<Option<u8>, OperatorError>,
) -> Result<(), OperatorError> {
    let Some(b'[' | b'O') = read(Some(SEQUENCE_WAIT))? else { return Ok(()) };
    for _ in 0..SEQUENCE_LIMIT {
        match read(Some(SEQUENCE_WAIT))? {
            Some(b'@'..=b'~') | None => break,
            Some(_) => {}
        }
    }
    Ok(())
}

/// Reads the rest of a UTF-8 letter.
fn read_letter(
    first: u8,
    read: &mut dyn FnMut(Option<Duration>) -> Result<Option<u8>, OperatorError>,
) -> Result<PressedKey, OperatorError> {
    let remaining = match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        _ => 3,
    };
    let mut bytes = vec![first];
    for _ in 0..remaining {
        bytes.extend(read(Some(SEQUENCE_WAIT))?);
    }
    let letter = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
    Ok(letter.map_or(PressedKey::Other, PressedKey::Char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<PressedKey> {
        let mut bytes = bytes.iter().copied();
        let mut read = |_: Option<Duration>| Ok(bytes.next());
        std::iter::from_fn(|| decode_key(&mut read, None).unwrap()).collect()
    }

    #[test]
    fn an_arrow_is_one_key_and_none_of_its_letters() {
        assert_eq!(keys(b"\x1b[Aq"), [PressedKey::Other, PressedKey::Char('q')]);
        assert_eq!(keys(b"\x1b[1;5Dr"), [PressedKey::Other, PressedKey::Char('r')]);
        assert_eq!(keys(b"\x1bOPy"), [PressedKey::Other, PressedKey::Char('y')]);
        assert_eq!(keys(b"\x1bg"), [PressedKey::Other]);
    }

    #[test]
    fn letters_of_any_alphabet_are_letters() {
        assert_eq!(
            keys("ü漢s\r".as_bytes()),
            [PressedKey::Char('ü'), PressedKey::Char('漢'), PressedKey::Char('s'), PressedKey::Enter]
        );
        assert_eq!(keys(b"\xff\x03\x04"), [PressedKey::Other, PressedKey::Interrupt, PressedKey::EndOfInput]);
    }
}
