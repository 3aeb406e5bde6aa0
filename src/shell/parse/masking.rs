//! Replaces text that the parsers cannot handle with plain characters.
//!
//! Words that stand for a value are masked: `<pod-name>` and `{{ pod }}`. So are non-ASCII characters, which can make the
//! first parser report wrong offsets. A NUL is masked because the first parser takes the text to end there.
//!
//! Invariant: the masked text has the same length and the same lines, so every offset in it is an offset in the original.
//! A template that contains an operator is not masked, because bash would run its commands. Refuses to know: where the
//! values come from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// Longest name between angle brackets, in characters.
const MAX_NAME_LENGTH: usize = 100;
/// HTML tags without a closing tag.
const VOID_TAGS: &[&str] = &["br", "hr", "img", "input", "link", "meta"];

/// A text, and the same text with everything masked that the parsers cannot handle.
#[derive(Debug)]
pub(crate) struct MaskedText<'a> {
    source: &'a str,
    plain: Cow<'a, str>,
    spans: Vec<MaskedSpan>,
}

/// A stretch that is masked.
#[derive(Clone, Debug)]
struct MaskedSpan {
    span: Range<usize>,
    /// True for `<name>`, false for `{{ name }}`.
    is_placeholder: bool,
}

impl<'a> MaskedText<'a> {
    pub(crate) fn new(original: &'a str) -> Self {
        let spans = find_masked_spans(original);
        let mut plain = Cow::Borrowed(original);
        if !spans.is_empty() || !original.is_ascii() || original.contains('\0') {
            let mut text = String::with_capacity(original.len());
            let mut at = 0;
            for masked_span in &spans {
                push_ascii(original.get(at..masked_span.span.start).unwrap_or(""), &mut text);
                text.extend(std::iter::repeat_n('Q', masked_span.span.len()));
                at = masked_span.span.end;
            }
            push_ascii(original.get(at..).unwrap_or(""), &mut text);
            plain = Cow::Owned(text);
        }
        Self { source: original, plain, spans }
    }

    pub(crate) fn masked_text(&self) -> &str {
        &self.plain
    }

    /// The original text at a range of the masked text. Empty if the range is out of bounds.
    pub(crate) fn original_slice(&self, range: Range<usize>) -> &'a str {
        self.source.get(range).unwrap_or("")
    }

    /// Byte ranges of the placeholders of the form `<name>`, in order.
    pub(crate) fn placeholder_spans(&self) -> impl Iterator<Item = Range<usize>> {
        self.spans.iter().filter(|masked| masked.is_placeholder).map(|masked| masked.span.clone())
    }
}

/// Appends a text with a dot for each non-ASCII byte. In bash, both can be part of a word but not of a name. A NUL becomes a
/// dot too; the check for clarity reports it, because bash drops it.
fn push_ascii(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() && c != '\0' {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('.', c.len_utf8()));
        }
    }
}

/// The stretches to mask, in order.
fn find_masked_spans(text: &str) -> Vec<MaskedSpan> {
    let bytes = text.as_bytes();
    let tags = closing_tags(text);
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| matches!(b, b'<' | b'{'))) {
        at += skipped;
        let found = match bytes.get(at) {
            Some(b'<') => placeholder_end(text, at, &tags).map(|end| (end, true)),
            _ => template_end(text, at).map(|end| (end, false)),
        };
        match found {
            Some((end, is_placeholder)) => {
                spans.push(MaskedSpan { span: at..end, is_placeholder });
                at = end;
            }
            None => at += 1,
        }
    }
    spans
}

/// The names of the closing tags in a text: `b` for `</b>`. A `<b>` of such a text is markup, not a placeholder.
fn closing_tags(text: &str) -> HashSet<&str> {
    let closing = text.match_indices("</").filter_map(|(at, _)| {
        let rest = text.get(at + 2..)?;
        let close = rest.bytes().take(MAX_NAME_LENGTH).position(|b| b == b'>')?;
        rest.get(..close)
    });
    closing.collect()
}

/// The end of the `{{ name }}` at offset `at`, if there is one and it contains nothing that bash would run.
fn template_end(text: &str, at: usize) -> Option<usize> {
    let inner = text.get(at..)?.strip_prefix("{{")?;
    if at > 0 && text.as_bytes().get(at - 1).is_some_and(|b| matches!(b, b'$' | b'{')) {
        return None;
    }
    let close = inner.bytes().take(200).position(|b| b == b'}' || b == b'\n' || b == b'{')?;
    let name = inner.get(..close)?;
    inner.get(close..)?.strip_prefix("}}")?;
    let (name, filter) = name.split_once('|').unwrap_or((name, "raw"));
    let plain = name.chars().all(|c| c.is_alphanumeric() || " ._-".contains(c)) && !name.trim().is_empty();
    (plain && matches!(filter.trim(), "raw" | "sh" | "sql")).then_some(at + close + 4)
}

/// The end of the `<name>` at offset `at`, if it stands for a value. Bash would read a redirection there.
fn placeholder_end(text: &str, at: usize, tags: &HashSet<&str>) -> Option<usize> {
    let before = text.get(..at)?.chars().next_back();
    let inner = text.get(at + 1..)?;
    if before == Some('<') || !inner.starts_with(char::is_alphabetic) {
        return None;
    }
    let close =
        inner.char_indices().take(MAX_NAME_LENGTH + 1).find(|&(_, c)| !is_name_char(c)).filter(|&(_, c)| c == '>')?.0;
    let name = inner.get(..close)?;
    let after = inner.get(close + 1..)?.chars().next();
    if name.ends_with([' ', '/']) || matches!(after, Some('>' | '(' | '&')) || VOID_TAGS.contains(&name) {
        return None;
    }
    (is_not_redirection(before, name, after) && !tags.contains(name)).then_some(at + close + 2)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || "_ .:/|#*-".contains(c)
}

/// True for `<name>`; false for `<in>out`, which is two redirections.
///
/// `before` and `after` are the characters next to the brackets.
fn is_not_redirection(before: Option<char>, name: &str, after: Option<char>) -> bool {
    let ends_word = after.is_none_or(|c| c.is_whitespace() || "\"')".contains(c));
    let descriptor = name.rsplit_once(' ').is_some_and(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
    if ends_word {
        return !descriptor || after.is_none_or(|c| c != ' ');
    }
    let path_like = name.contains([' ', '.', '/', '|']);
    let glued_before = before.is_some_and(|c| !c.is_whitespace() && !c.is_alphanumeric());
    match after {
        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '~') => glued_before && !name.contains(' '),
        Some('/') => glued_before || !path_like,
        _ => !descriptor,
    }
}

#[cfg(test)]
mod tests {
    use super::MaskedText;

    fn placeholders(text: &str) -> Vec<&str> {
        MaskedText::new(text).placeholder_spans().map(|span| text.get(span).unwrap_or("")).collect()
    }

    #[test]
    fn a_name_in_brackets_stands_for_a_value() {
        for (text, found) in [
            ("kubectl logs <pod>", vec!["<pod>"]),
            ("kubectl logs <pod-name> -n <name space>", vec!["<pod-name>", "<name space>"]),
            ("ssh <user>@<host>", vec!["<user>", "<host>"]),
            ("curl https://<host>/x", vec!["<host>"]),
            ("cd <dir>/logs", vec!["<dir>"]),
            ("psql -c \"SELECT '<id>'\"", vec!["<id>"]),
            ("gcloud use <dev|prod>", vec!["<dev|prod>"]),
            ("echo my-<zone>a", vec!["<zone>"]),
            ("cat <<E\n<pod>\nE", vec!["<pod>"]),
        ] {
            assert_eq!(placeholders(text), found, "{text}");
        }
    }

    #[test]
    fn redirections_and_tags_do_not() {
        for text in [
            "sort <in.txt >out.txt",
            "sort <in>out",
            "2>&1 <in >out",
            "diff <(sort a) <(sort b)",
            "cat <<EOF >x\na\nEOF",
            "cat <file 2>/dev/null",
            "cat <file 2> /dev/null",
            "cat <in>>log",
            "echo '<b>bold</b>'",
            "echo '<br> <img/>'",
            "python -c 'print(a<b and c>d)'",
            "wc -l < file",
            "cat <in.txt>/tmp/out",
        ] {
            assert!(placeholders(text).is_empty(), "{text}: {:?}", placeholders(text));
        }
    }

    #[test]
    fn masking_keeps_every_place() {
        let text = "a <é> '{{ x }}' {{ b; rm c }} {{ y | sql }} <a><bcd> é";
        let masked = MaskedText::new(text);
        assert_eq!(masked.masked_text().len(), text.len());
        assert!(masked.masked_text().is_ascii());
        assert!(masked.masked_text().contains("rm c"), "commands in a template stay in sight");
        assert!(!masked.masked_text().contains("sql"));
    }
}
