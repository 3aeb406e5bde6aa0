//! Keys as the operator presses them.
//!
//! Invariant: an escape sequence is one key, and no byte of it is taken for a letter.

use crate::ports::OperatorError;
use std::time::Duration;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Return.
    Enter,
    /// A letter, digit or sign.
    Char(char),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
    /// Ctrl-L.
    Redraw,
    /// Arrows and whatever else means nothing here.
    Other,
}

/// Where keys come from.
pub trait Keys {
    /// Gives keys one by one from here on, unseen.
    fn begin(&mut self) -> Result<(), OperatorError>;
    /// Gives the terminal back as it was.
    fn end(&mut self);
    /// Forgets what was typed ahead.
    fn flush(&mut self);
    /// The next key; none when none came within `wait`. Without `wait` it waits for ever.
    fn next(&mut self, wait: Option<Duration>) -> Result<Option<Key>, OperatorError>;
    /// The window's columns and rows.
    fn window(&self) -> (usize, usize);
}

/// How long the rest of an escape sequence may take.
const SEQUENCE_WAIT: Duration = Duration::from_millis(30);
/// No sequence is longer.
const SEQUENCE_LIMIT: usize = 64;

/// Reads one key from single bytes.
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
        0xc2..=0xf4 => letter(byte, read)?,
        _ => Key::Other,
    };
    Ok(Some(key))
}

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

fn letter(
    first: u8,
    read: &mut dyn FnMut(Option<Duration>) -> Result<Option<u8>, OperatorError>,
) -> Result<Key, OperatorError> {
    let more = match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        _ => 3,
    };
    let mut bytes = vec![first];
    for _ in 0..more {
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
