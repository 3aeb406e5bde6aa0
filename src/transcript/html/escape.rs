//! Escapes text of any origin for HTML.
//!
//! Invariant: the result cannot begin a tag, end an attribute or form an entity; invisible characters are shown.

use crate::transcript::escape::push_visible;

/// Escapes text between tags; newlines and tabs stay.
pub fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    push_escaped(&mut out, text);
    out
}

/// Escapes the value of a quoted attribute.
pub fn escape_attribute(value: &str) -> String {
    escape_text(value)
}

/// Appends escaped text to `out`.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c => push_visible(out, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_written_is_markup() {
        assert_eq!(
            escape_text("<b a=\"x\" c='y'>&amp;\u{1b}\u{202e}\n"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;␛U+202E\n"
        );
    }
}
