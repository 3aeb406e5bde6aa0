//! Escapes text of any origin so that Markdown shows it literally.
//!
//! Invariant: the result has no control character, bidirectional override or zero-width character; a table row stays a row
//! and a fence ends where it should. It stays readable without rendering.

use std::fmt::Write as _;

/// Appends a character, replaced by a visible form if it is invisible.
pub(super) fn push_visible(out: &mut String, c: char) {
    match c {
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('�')),
        '\u{7f}' => out.push('␡'),
        _ if is_unseen(c) => write!(out, "U+{:04X}", u32::from(c)).unwrap_or_default(),
        _ => out.push(c),
    }
}

/// True for C1 controls, characters that reorder text, and those without width.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Puts text on one line: newlines and tabs become spaces, invisible characters become visible.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", " ").chars() {
        if matches!(c, '\n' | '\t' | '\r') {
            out.push(' ');
        } else {
            push_visible(&mut out, c);
        }
    }
    out
}

/// Escapes text for a paragraph, heading or table cell.
pub(super) fn escape_inline(text: &str) -> String {
    let text: Vec<char> = one_line(text).chars().collect();
    let mut out = String::with_capacity(text.len());
    for (i, &c) in text.iter().enumerate() {
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        let within_word = word(i.checked_sub(1).and_then(|i| text.get(i))) && word(text.get(i + 1));
        let special = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '$' | '#' => true,
            '_' => !within_word,
            '&' => begins_entity(text.get(i + 1..).unwrap_or_default()),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn begins_entity(after: &[char]) -> bool {
    let name = after.iter().take(40).take_while(|c| c.is_ascii_alphanumeric() || **c == '#').count();
    name > 0 && after.get(name) == Some(&';')
}

/// Formats text as a code span in a paragraph.
pub(super) fn code_span(text: &str) -> String {
    delimit_code(one_line(text).trim())
}

fn delimit_code(text: &str) -> String {
    if text.is_empty() {
        return "*empty*".to_owned();
    }
    let ticks = "`".repeat(longest_backtick_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Formats text as a code span in a table cell.
pub(super) fn cell_code_span(text: &str) -> String {
    let text = one_line(text);
    if text.contains('\\') && text.contains('|') {
        // Renderers disagree about backslashes before a pipe in a table cell; entities work everywhere.
        return format!("<code>{}</code>", punctuation_as_entities(&text));
    }
    delimit_code(&text).replace('|', "\\|")
}

/// The first non-blank line, joined with its continuation lines and cut to `most` characters.
pub(crate) fn shorten_first_line(text: &str, most: usize) -> String {
    let joined = text.split("\\\n").map(str::trim).collect::<Vec<_>>().join(" ");
    let mut lines = joined.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = one_line(lines.next().unwrap_or_default().trim());
    let cut: String = first.chars().take(most).collect();
    let more = cut.len() < first.len() || lines.next().is_some();
    if more { format!("{} …", cut.trim_end()) } else { cut }
}

fn punctuation_as_entities(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '.' | '/' | ',' | '=' | ':') {
            write!(out, "&#{};", u32::from(c)).unwrap_or_default();
        } else {
            out.push(c);
        }
    }
    out
}

/// Fences lines with more backticks than any of them contains. The lines are not escaped; pass visible text.
pub(super) fn fenced_block<'a>(language: &str, lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let longest = lines.clone().map(longest_backtick_run).max().unwrap_or(0);
    let ticks = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{ticks}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&ticks);
    out.push('\n');
    out
}

/// Splits text into lines for a fence, with invisible characters made visible.
pub(super) fn visible_lines(text: &str) -> Vec<String> {
    let visible = |line: &str| {
        let mut out = String::with_capacity(line.len());
        for c in line.chars() {
            if c == '\t' { out.push(c) } else { push_visible(&mut out, c) }
        }
        out
    };
    text.trim_end_matches('\n').split('\n').map(|line| visible(line.strip_suffix('\r').unwrap_or(line))).collect()
}

fn longest_backtick_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_shows_itself() {
        assert_eq!(
            escape_inline("a|b `c` <b> *d* BACKUP_FILE _e_ &amp; x&y $5"),
            r"a\|b \`c\` \<b\> \*d\* BACKUP_FILE \_e\_ \&amp; x&y \$5"
        );
        assert_eq!(escape_inline("two\nlines\t\u{202e}"), "two lines U+202E");
    }

    #[test]
    fn code_in_a_cell_keeps_its_pipes() {
        assert_eq!(cell_code_span("a | b"), r"`a \| b`");
        assert_eq!(cell_code_span(r"grep 'a\|b'"), "<code>grep &#39;a&#92;&#124;b&#39;</code>");
        assert_eq!(cell_code_span(&shorten_first_line("first\nsecond", 20)), "`first …`");
        assert_eq!(code_span("`x`"), "`` `x` ``");
    }
}
