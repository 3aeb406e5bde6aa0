//! The document's prose, quoted.
//!
//! Invariant: every line stands in a quote, so whatever the document opens there ends there; its headings are the smallest,
//! so that the transcript's own structure stays.

use super::escape::push_visible;

/// Lines `first` to `last` of the document, from 1, as a quote; empty when there is nothing in them.
pub(super) fn quote(document: &[&str], ranges: &[(u32, u32)]) -> String {
    let mut out = String::new();
    for &(first, last) in ranges {
        let start = usize::try_from(first).unwrap_or(usize::MAX).saturating_sub(1);
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(document.len());
        let lines = trimmed(document.get(start..end).unwrap_or_default());
        if lines.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str(">\n");
        }
        push_block(&mut out, lines);
    }
    out
}

fn trimmed<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let blank = |line: &&str| line.trim().is_empty();
    let start = lines.iter().take_while(|line| blank(line)).count();
    let end = lines.len() - lines.iter().rev().take_while(|line| blank(line)).count();
    lines.get(start..end).unwrap_or_default()
}

fn push_block(out: &mut String, lines: &[&str]) {
    let mut fence: Option<(char, usize)> = None;
    for line in lines {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if let Some(open) = fence {
            if closes(text, open) {
                fence = None;
            }
        } else if indent < 4 {
            fence = opens(text);
            if fence.is_none() && is_heading(text) {
                out.push_str("> ###### ");
                push_line(out, text.trim_start_matches('#').trim_start());
                continue;
            }
            if is_underline(text) {
                // Set apart from the line above, it does not make a heading of it.
                out.push_str(">\n");
            }
        }
        out.push_str(if line.trim().is_empty() { ">" } else { "> " });
        push_line(out, line);
    }
    if let Some((mark, length)) = fence {
        out.push_str("> ");
        push_line(out, &mark.to_string().repeat(length));
    }
}

fn push_line(out: &mut String, line: &str) {
    for c in line.trim_end().chars() {
        if c == '\t' { out.push(c) } else { push_visible(out, c) }
    }
    out.push('\n');
}

fn is_heading(text: &str) -> bool {
    let level = text.bytes().take_while(|&b| b == b'#').count();
    (1..=6).contains(&level) && text.as_bytes().get(level).is_none_or(u8::is_ascii_whitespace)
}

fn is_underline(text: &str) -> bool {
    let text = text.trim_end();
    !text.is_empty() && (text.bytes().all(|b| b == b'=') || text.bytes().all(|b| b == b'-'))
}

fn opens(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.chars().take_while(|&c| c == mark).count();
    (length >= 3 && !(mark == '`' && text.chars().skip(length).any(|c| c == '`'))).then_some((mark, length))
}

fn closes(text: &str, (mark, length): (char, usize)) -> bool {
    let text = text.trim_end();
    text.len() >= length && text.chars().all(|c| c == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_in_its_quote() {
        let document = ["", "# Title", "", "Text", "====", "```sh", "# a comment", "", "after"];
        let quoted = quote(&document, &[(1, 7), (9, 99)]);
        assert_eq!(quoted, "> ###### Title\n>\n> Text\n>\n> ====\n> ```sh\n> # a comment\n> ```\n>\n> after\n");
        assert_eq!(quote(&document, &[(0, 0), (50, 60), (9, 2)]), "");
    }
}
