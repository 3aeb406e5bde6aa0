//! Keys as the operator presses them.
//!
//! Invariant: an escape sequence is one key, and no byte of it is taken for a letter. Refuses to know: what a key does.

use crate::ports::OperatorError;
use std::time::Duration;

/// A key, as far as a question can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Enter, as CR or LF.
    Enter,
    /// A letter, digit or sign.
    Char(char),
    /// Ctrl-C, which is read as a key while a question waits.
    Interrupt,
    /// Ctrl-D, the end of input.
    End,
    /// Ctrl-L, which shows the question again.
    Redraw,
    /// Arrows and all other keys that have no meaning at a question.
    Other,
}

/// A source of keys.
pub trait Keys {
    /// Switches to single keys without echo. Fails if the terminal is gone.
    fn begin(&mut self) -> Result<(), OperatorError>;
    /// Restores the modes that the terminal had before keys were read.
    fn end(&mut self);
    /// Discards input that was typed and not yet read.
    fn flush(&mut self);
    /// Reads the next key. None if none came within `wait`; without `wait` it waits forever. Fails if the terminal is gone
    /// or the session has ended.
    fn next(&mut self, wait: Option<Duration>) -> Result<Option<Key>, OperatorError>;
    /// Columns and rows of the window.
    fn window(&self) -> (usize, usize);
}

/// Limit for each further byte of an escape sequence or a letter.
const SEQUENCE_WAIT: Duration = Duration::from_millis(30);
/// The most bytes of an escape sequence that are skipped.
const SEQUENCE_LIMIT: usize = 64;

/// Decodes one key from single bytes. `read` returns the next byte, or none if none comes in time.
pub(super) fn decode(
    read: &mut dyn FnMut(Option<Duration>) -> Result<Option<u8>, OperatorError>,
    wait: Option<Duration>,
) -> Result<Option<Key>, OperatorError> {
    let Some(byte) = read(wait)? else { return Ok(None) };
    let key = match byte {
        b'\r' | b'\n' => Key::Enter,
        0x03 => Key::Interrupt,
        0x04 => Key::End,
        0x0c => Key::Redraw,
        0x1b => {
            skip_sequence(read)?;
            Key::Other
        }
        b' '..=b'~' => Key::Char(char::from(byte)),
        0xc2..=0xf4 => read_letter(byte, read)?,
        _ => Key::Other,
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
) -> Result<Key, OperatorError> {
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
    Ok(letter.map_or(Key::Other, Key::Char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut bytes = bytes.iter().copied();
        let mut read = |_: Option<Duration>| Ok(bytes.next());
        std::iter::from_fn(|| decode(&mut read, None).unwrap()).collect()
    }

    #[test]
    fn an_arrow_is_one_key_and_none_of_its_letters() {
        assert_eq!(keys(b"\x1b[Aq"), [Key::Other, Key::Char('q')]);
        assert_eq!(keys(b"\x1b[1;5Dr"), [Key::Other, Key::Char('r')]);
        assert_eq!(keys(b"\x1bOPy"), [Key::Other, Key::Char('y')]);
        assert_eq!(keys(b"\x1bg"), [Key::Other]);
    }

    #[test]
    fn letters_of_any_alphabet_are_letters() {
        assert_eq!(keys("ü漢s\r".as_bytes()), [Key::Char('ü'), Key::Char('漢'), Key::Char('s'), Key::Enter]);
        assert_eq!(keys(b"\xff\x03\x04"), [Key::Other, Key::Interrupt, Key::End]);
    }
}
