//! Quoting for bash.
//!
//! Invariant: bash reads a quoted text as one word with exactly these bytes, and quotes are undone in linear time. Refuses to
//! know: what the word is for.

use std::path::Path;

/// Quotes a path as one word of bash.
pub(super) fn quote_path(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    quote_bytes(path.as_os_str().as_bytes())
}

/// Quotes any bytes as one word of bash.
pub(super) fn quote_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in bytes {
        if byte == b'\'' {
            quoted.extend_from_slice(b"'\\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}

/// The bytes that a text of bash stands for: its quotes and escapes are undone, and all else stays.
pub(super) fn undo_quotes(text: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(text.len());
    let mut quotes = Quotes::None;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (quotes, byte) {
            (Quotes::None, b'$') if rest.first() == Some(&b'\'') => {
                rest = rest.get(1..).unwrap_or_default();
                quotes = Quotes::Escaped;
            }
            (Quotes::None, b'\'') => quotes = Quotes::Single,
            (Quotes::None, b'"') => quotes = Quotes::Double,
            (Quotes::Single | Quotes::Escaped, b'\'') | (Quotes::Double, b'"') => quotes = Quotes::None,
            (Quotes::None, b'\\') => rest = push_first(&mut bare, rest),
            (Quotes::Double, b'\\') if rest.first().is_some_and(|next| b"\"$`\\".contains(next)) => {
                rest = push_first(&mut bare, rest);
            }
            (Quotes::Escaped, b'\\') => rest = push_escaped(&mut bare, rest),
            _ => bare.push(byte),
        }
    }
    bare
}

/// Kind of the quotes around a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
    /// `$'…'`
    Escaped,
}

fn push_first<'t>(bare: &mut Vec<u8>, rest: &'t [u8]) -> &'t [u8] {
    let Some((&first, after)) = rest.split_first() else { return rest };
    bare.push(first);
    after
}

/// Pushes what an escape of `$'…'` stands for, and returns what follows it.
fn push_escaped<'t>(bare: &mut Vec<u8>, rest: &'t [u8]) -> &'t [u8] {
    let Some((&letter, after)) = rest.split_first() else { return rest };
    let number = |digits: &'t [u8], most: usize, radix: u32| -> Option<(u32, &'t [u8])> {
        let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
        let length = digits.iter().take(most).take_while(|byte| is_digit(byte)).count();
        let text = std::str::from_utf8(digits.get(..length)?).ok()?;
        Some((u32::from_str_radix(text, radix).ok()?, digits.get(length..)?))
    };
    let numbered = match letter {
        b'0'..=b'7' => number(rest, 3, 8),
        b'x' => number(after, 2, 16),
        b'u' => number(after, 4, 16),
        b'U' => number(after, 8, 16),
        _ => None,
    };
    if let Some((value, behind)) = numbered {
        match (letter, char::from_u32(value)) {
            (b'u' | b'U', Some(c)) => bare.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            // Bash keeps the low eight bits.
            _ => bare.push(value.to_le_bytes()[0]),
        }
        return behind;
    }
    bare.push(match letter {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' | b'E' => 0x1b,
        b'f' => 0x0c,
        b'v' => 0x0b,
        other => other,
    });
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_every_kind_are_undone() {
        for (quoted, bare) in [
            (r#"x="a\"b\$c\`d\\e\f""#, r#"x=a"b$c`d\e\f"#),
            (r"'it'\''s'", "it's"),
            (r"a\ b\'c", "a b'c"),
            ("\"it's\" 'a\"b'", "it's a\"b"),
        ] {
            assert_eq!(String::from_utf8_lossy(&undo_quotes(quoted.as_bytes())), bare, "{quoted}");
        }
        assert_eq!(undo_quotes(br"$'a\tb\'c\303\244\x41\u00e4\E'"), "a\tb'cäAä\u{1b}".as_bytes());
    }

    #[test]
    fn a_quoted_text_stands_for_its_bytes_and_a_cut_one_ends() {
        let every: Vec<u8> = (1..=255).collect();
        assert_eq!(undo_quotes(&quote_bytes(&every)), every);
        for cut in ["\\", "$'", "$'\\", "$'\\x", "\"\\", "'"] {
            undo_quotes(cut.as_bytes());
        }
    }
}
