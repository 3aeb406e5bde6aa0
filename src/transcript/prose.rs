//! Prose of the document as Markdown block quotes.
//!
//! Invariant: every line is inside a quote, so whatever the document opens there ends there. Headings become the smallest,
//! so that the transcript keeps its own structure.

use super::escape::push_visible;

/// Quotes line ranges of the document, numbered from 1 and inclusive. Empty if all their lines are blank.
pub(super) fn quote_lines(document: &[&str], ranges: &[(u32, u32)]) -> String {
    let mut out = String::new();
    for &(first, last) in ranges {
        let start = usize::try_from(first).unwrap_or(usize::MAX).saturating_sub(1);
        let end = usize::try_from(last).unwrap_or(usize::MAX).min(document.len());
        let lines = trim_blank_lines(document.get(start..end).unwrap_or_default());
        if lines.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str(">\n");
        }
        push_quoted_block(&mut out, lines);
    }
    out
}

fn trim_blank_lines<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let blank = |line: &&str| line.trim().is_empty();
    let start = lines.iter().take_while(|line| blank(line)).count();
    let end = lines.len() - lines.iter().rev().take_while(|line| blank(line)).count();
    lines.get(start..end).unwrap_or_default()
}

fn push_quoted_block(out: &mut String, lines: &[&str]) {
    let mut fence: Option<OpenFence> = None;
    for line in lines {
        let line = spaces_for_tabs(line);
        let text = strip_container_marks(&line);
        let indent = line.len() - line.trim_start_matches(' ').len();
        if fence.as_ref().is_some_and(|fence| indent < fence.indent && !text.is_empty()) {
            // The fence may have ended with its list item. Treating the lines as text is the safe mistake.
            fence = None;
        }
        match &fence {
            Some(open) if is_closing_fence(text, open) => fence = None,
            Some(_) => {}
            None => {
                fence = opening_fence(text, indent);
                if is_heading(text) {
                    push_demoted_heading(out, &line, text);
                    continue;
                }
                if is_underline(&line) {
                    // An empty line above keeps the underline from turning the text into a heading.
                    out.push_str(">\n");
                }
            }
        }
        out.push_str(if line.trim().is_empty() { ">" } else { "> " });
        push_line(out, &line);
    }
    if let Some(open) = fence {
        out.push_str("> ");
        push_line(out, &open.mark.to_string().repeat(open.length));
    }
}

struct OpenFence {
    mark: char,
    length: usize,
    indent: usize,
}

/// Appends a heading at the lowest level; one in a list or a quote becomes text.
fn push_demoted_heading(out: &mut String, line: &str, text: &str) {
    if line.trim_start_matches(' ') == text {
        out.push_str("> ###### ");
        push_line(out, text.trim_start_matches('#').trim_start());
    } else {
        out.push_str("> ");
        push_line(out, &format!("{}\\{text}", line.strip_suffix(text).unwrap_or_default()));
    }
}

/// Replaces leading tabs, because a quote mark would change their width.
fn spaces_for_tabs(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    let blanks = line.strip_suffix(text).unwrap_or_default();
    format!("{}{text}", blanks.replace('\t', "    "))
}

/// The line without its list and quote marks.
fn strip_container_marks(line: &str) -> &str {
    let mut text = line.trim_start();
    loop {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let rest = if digits > 0 {
            text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(['.', ')'])
        } else {
            text.strip_prefix(['-', '*', '+', '>'])
        };
        match rest {
            Some(rest) if text.starts_with('>') || rest.starts_with([' ', '\t']) => text = rest.trim_start(),
            _ => return text,
        }
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

fn is_underline(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '>']).trim_end();
    !text.is_empty() && (text.bytes().all(|b| b == b'=') || text.bytes().all(|b| b == b'-'))
}

fn opening_fence(text: &str, indent: usize) -> Option<OpenFence> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.chars().take_while(|&c| c == mark).count();
    let fits = indent < 4 && length >= 3 && !(mark == '`' && text.chars().skip(length).any(|c| c == '`'));
    fits.then_some(OpenFence { mark, length, indent })
}

fn is_closing_fence(text: &str, fence: &OpenFence) -> bool {
    let text = text.trim_end();
    text.len() >= fence.length && text.chars().all(|c| c == fence.mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_stays_in_its_quote() {
        let document = ["", "# Title", "", "Text", "====", "```sh", "# a comment", "", "after", "- # b"];
        let quoted = quote_lines(&document, &[(1, 7), (9, 99)]);
        assert_eq!(
            quoted,
            "> ###### Title\n>\n> Text\n>\n> ====\n> ```sh\n> # a comment\n> ```\n>\n> after\n> - \\# b\n"
        );
        assert_eq!(quote_lines(&document, &[(0, 0), (50, 60), (9, 2)]), "");
    }
}
