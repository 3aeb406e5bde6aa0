//! What the parsers do not bear, behind plain letters: words that stand for a value, `<pod-name>` and `{{ pod }}`, and
//! everything beyond ASCII, at which the first parser can lose its place; and NUL, at which it takes the text to end.
//!
//! Invariant: the masked text has the same length and the same lines, so each place in it is a place in the original.
//! A template with an operator in it is left to the parsers: bash would run what stands in it. Refuses to know: where
//! the values come from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// The longest name between the brackets.
const LONGEST: usize = 100;
/// Tags that close themselves.
const VOID_TAGS: &[&str] = &["br", "hr", "img", "input", "link", "meta"];

/// A text, and the same text without what no parser can read.
#[derive(Debug)]
pub(crate) struct Masked<'a> {
    original: &'a str,
    plain: Cow<'a, str>,
    marks: Vec<Mark>,
}

#[derive(Clone, Debug)]
struct Mark {
    span: Range<usize>,
    placeholder: bool,
}

impl<'a> Masked<'a> {
    pub(crate) fn new(original: &'a str) -> Self {
        let marks = marks(original);
        let mut plain = Cow::Borrowed(original);
        if !marks.is_empty() || !original.is_ascii() || original.contains('\0') {
            let mut text = String::with_capacity(original.len());
            let mut at = 0;
            for mark in &marks {
                push_ascii(original.get(at..mark.span.start).unwrap_or(""), &mut text);
                text.extend(std::iter::repeat_n('Q', mark.span.len()));
                at = mark.span.end;
            }
            push_ascii(original.get(at..).unwrap_or(""), &mut text);
            plain = Cow::Owned(text);
        }
        Self { original, plain, marks }
    }

    pub(crate) fn masked(&self) -> &str {
        &self.plain
    }

    /// The original's text at a place of the masked one.
    pub(crate) fn original(&self, range: Range<usize>) -> &'a str {
        self.original.get(range).unwrap_or("")
    }

    /// The spans of the `<name>` kind.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = Range<usize>> {
        self.marks.iter().filter(|mark| mark.placeholder).map(|mark| mark.span.clone())
    }
}

/// Dots for each byte beyond ASCII: to bash they are parts of words and never of names. A NUL it drops, which is told elsewhere.
fn push_ascii(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii() && c != '\0' {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('.', c.len_utf8()));
        }
    }
}

/// The places to mask, in order.
fn marks(text: &str) -> Vec<Mark> {
    let bytes = text.as_bytes();
    let tags: HashSet<&str> = text
        .match_indices("</")
        .filter_map(|(at, _)| {
            let rest = text.get(at + 2..)?;
            let close = rest.bytes().take(LONGEST).position(|b| b == b'>')?;
            rest.get(..close)
        })
        .collect();
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(step) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| matches!(b, b'<' | b'{'))) {
        at += step;
        let found = match bytes.get(at) {
            Some(b'<') => placeholder(text, at, &tags).map(|end| (end, true)),
            _ => template(text, at).map(|end| (end, false)),
        };
        match found {
            Some((end, placeholder)) => {
                marks.push(Mark { span: at..end, placeholder });
                at = end;
            }
            None => at += 1,
        }
    }
    marks
}

/// The end of a `{{ name }}` that holds nothing bash would run.
fn template(text: &str, at: usize) -> Option<usize> {
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

/// The end of a `<name>` at `at`, if it stands for a value: bash would read a redirection there.
fn placeholder(text: &str, at: usize, tags: &HashSet<&str>) -> Option<usize> {
    let before = text.get(..at)?.chars().next_back();
    let inner = text.get(at + 1..)?;
    if before == Some('<') || !inner.starts_with(char::is_alphabetic) {
        return None;
    }
    let close = inner.char_indices().take(LONGEST + 1).find(|&(_, c)| !in_name(c)).filter(|&(_, c)| c == '>')?.0;
    let name = inner.get(..close)?;
    let after = inner.get(close + 1..)?.chars().next();
    if name.ends_with([' ', '/']) || matches!(after, Some('>' | '(' | '&')) || VOID_TAGS.contains(&name) {
        return None;
    }
    (stands_alone(before, name, after) && !tags.contains(name)).then_some(at + close + 2)
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || "_ .:/|#*-".contains(c)
}

/// Tells `<name>` from `<in>out`, which is two redirections.
fn stands_alone(before: Option<char>, name: &str, after: Option<char>) -> bool {
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
    use super::Masked;

    fn placeholders(text: &str) -> Vec<&str> {
        Masked::new(text).placeholders().map(|span| text.get(span).unwrap_or("")).collect()
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
        let masked = Masked::new(text);
        assert_eq!(masked.masked().len(), text.len());
        assert!(masked.masked().is_ascii());
        assert!(masked.masked().contains("rm c"), "commands in a template stay in sight");
        assert!(!masked.masked().contains("sql"));
    }
}
