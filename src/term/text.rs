//! Sanitised text, and its width.
//!
//! Invariant: sanitised text has no control character but newline and tab, and no character that reorders or hides its
//! neighbours. Refuses to know: where the text comes from.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// Makes prose safe for a terminal. Control characters, and characters that reorder or hide text, are replaced by their
/// names (`^[`, `<U+202E>`).
pub fn sanitize_text(text: &str) -> Cow<'_, str> {
    escape_characters(text, is_hiding)
}

/// Makes shell text safe for a terminal: like prose, and blanks that bash does not split at are named as well.
pub fn sanitize_code(text: &str) -> Cow<'_, str> {
    escape_characters(text, |before, c, after| {
        is_hiding(before, c, after) || (c != ' ' && c.is_whitespace() && !c.is_ascii_control())
    })
}

/// True if [`sanitize_code`] would change nothing.
pub fn is_plain_code(text: &str) -> bool {
    matches!(sanitize_code(text), Cow::Borrowed(_))
}

/// Columns that a line takes on the terminal.
pub fn display_width(text: &str) -> usize {
    text.width()
}

/// Replaces control characters by name, and those for which `hidden` is true. It also gets both neighbours.
fn escape_characters(text: &str, hidden: impl Fn(Option<char>, char, Option<char>) -> bool) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        // CR in front of a newline is a line end too, and is dropped.
        let carriage_return = c == '\r' && after == Some('\n');
        let control = c.is_control() && c != '\n' && c != '\t';
        if control || hidden(before, c, after) {
            let out = out.get_or_insert_with(|| text.get(..at).unwrap_or_default().to_owned());
            if !carriage_return {
                push_name(out, c);
            }
        } else if let Some(out) = &mut out {
            out.push(c);
        }
        before = Some(c);
    }
    out.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Appends the name of a character: `^[`, or `<U+202E>`.
fn push_name(out: &mut String, c: char) {
    let code = u32::from(c);
    let caret = u8::try_from(code).ok().filter(u8::is_ascii).map(|byte| char::from(byte ^ 0x40));
    // Writing to a string cannot fail.
    let _: std::fmt::Result = match caret {
        Some(caret) => write!(out, "^{caret}"),
        None => write!(out, "<U+{code:04X}>"),
    };
}

/// True if a character reorders or hides its neighbours, or is invisible itself.
fn is_hiding(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        // Joins two emoji into one.
        '\u{200d}' => !before.is_some_and(|b| display_width(b.encode_utf8(&mut [0; 4])) == 2 || b == '\u{fe0f}'),
        // Makes an emoji of the character in front of it.
        '\u{fe0f}' => before.is_none_or(|b| b.is_ascii()) && after != Some('\u{20e3}'),
        '\u{00ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        // Letters and signs without ink, from the Unicode charts.
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{16fe4}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_is_shown_and_not_sent() {
        assert_eq!(sanitize_text("a\u{1b}[31mb\u{7}\u{9b}2J\u{7f}"), "a^[[31mb^G<U+009B>2J^?");
    }

    #[test]
    fn text_that_runs_backwards_is_shown_as_written() {
        assert_eq!(sanitize_code("rm \u{202e}fdp.exe"), "rm <U+202E>fdp.exe");
        assert_eq!(sanitize_text("\u{2066}x\u{2069}"), "<U+2066>x<U+2069>");
    }

    #[test]
    fn a_blank_that_bash_takes_for_a_letter_is_shown_in_code_and_left_in_prose() {
        assert_eq!(sanitize_code("rm\u{a0}-rf x"), "rm<U+00A0>-rf x");
        assert_eq!(sanitize_text("10\u{a0}GB"), "10\u{a0}GB");
        assert!(!is_plain_code("ls\u{200b}"));
        assert!(is_plain_code("ls\t-l\n"));
    }

    #[test]
    fn pictures_and_line_ends_stay() {
        for text in ["⚠\u{fe0f} stop", "1\u{fe0f}\u{20e3} first", "👩\u{200d}🚒 fire", "a\tb\nc", "Grüße"] {
            assert_eq!(sanitize_text(text), text);
        }
        assert_eq!(sanitize_text("a\r\nb\rc"), "a\nb^Mc");
    }
}
