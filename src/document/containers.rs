//! Admonitions and tabs, as Material for `MkDocs` and Python-Markdown write them: a line `!!! note`, `??? note` or `=== "Title"` and a
//! body indented by four columns below it. To CommonMark that body is indented code, in which no fence is one.
//!
//! Invariant: the text handed to the Markdown parser has the document's length and line ends, and differs from it only in the marks of
//! these lines, which become those of list items; so every place in it is a place in the document. Refuses to know: what is in a body.

use std::borrow::Cow;

/// What each mark becomes; another than `-` for each, so that it does not join a list beside it.
const MARKS: &[(&str, &[u8; 3])] = &[("!!!", b"*  "), ("???", b"*  "), ("===", TAB)];
const TAB: &[u8; 3] = b"+  ";
/// A body is indented by so many columns more than its mark.
const INDENT: usize = 4;

/// The text with the marks of containers as those of list items.
pub(super) fn as_lists(markdown: &str) -> Cow<'_, str> {
    if !MARKS.iter().any(|(mark, _)| markdown.contains(mark)) {
        return Cow::Borrowed(markdown);
    }
    let mut changed: Vec<(usize, &[u8; 3], bool)> = Vec::new();
    // A mark that waits for a body below it.
    let mut waiting: Option<(usize, usize, &[u8; 3], bool)> = None;
    let mut fence: Option<(char, usize)> = None;
    let mut at = 0;
    for line in markdown.split_inclusive('\n') {
        let text = line.trim();
        let column = column_of(line);
        if !text.is_empty()
            && let Some((place, mark_column, becomes, is_folded)) = waiting.take()
            && column >= mark_column + INDENT
        {
            changed.push((place, becomes, is_folded));
        }
        fence = match (fence, fence_mark(text)) {
            (Some((open, least)), Some((mark, width))) if mark == open && width >= least && width == text.len() => None,
            (None, opens) => opens,
            (inside, _) => inside,
        };
        if fence.is_none()
            && let Some((becomes, is_folded)) = mark_of(text)
        {
            waiting = Some((at + line.len() - line.trim_start().len(), column, becomes, is_folded));
        }
        at += line.len();
    }
    if changed.is_empty() {
        return Cow::Borrowed(markdown);
    }
    let mut bytes = markdown.as_bytes().to_vec();
    for (place, becomes, is_folded) in changed {
        if let Some(mark) = bytes.get_mut(place..place + becomes.len()) {
            mark.copy_from_slice(becomes);
        }
        // The sign that says whether it is open from the start.
        if is_folded && let Some(sign) = bytes.get_mut(place + becomes.len()) {
            *sign = b'.';
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(markdown), Cow::Owned)
}

/// Whether a list that begins here is one of tabs: alternatives, of which a reader takes one.
pub(super) fn is_tab(document: &str, at: usize) -> bool {
    document.get(at..).is_some_and(|rest| rest.starts_with("==="))
}

/// The title of an item that begins here, without what is left of a container's mark and a tab's quotes.
pub(super) fn title<'t>(document: &str, at: usize, text: &'t str) -> &'t str {
    let text = text.trim();
    let begins = document.get(at..).unwrap_or("");
    if is_tab(document, at) {
        text.trim_start_matches(". ").trim_matches('"')
    } else if MARKS.iter().any(|(mark, _)| begins.starts_with(mark)) {
        text.trim_start_matches(". ")
    } else {
        text
    }
}

/// What a line's mark becomes, and whether a sign stands behind it.
fn mark_of(text: &str) -> Option<(&'static [u8; 3], bool)> {
    let (mark, becomes) = MARKS.iter().find(|(mark, _)| text.starts_with(mark))?;
    let rest = text.strip_prefix(mark)?;
    let after = rest.strip_prefix(['+', '!']).unwrap_or(rest);
    let names =
        after.starts_with([' ', '\t']) && after.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '"');
    // Tabs have a title in quotes, and nothing else that begins so has.
    let is_one = names && (*mark != "===" || (after.trim_start().starts_with('"') && after.ends_with('"')));
    is_one.then_some((*becomes, after.len() < rest.len()))
}

fn fence_mark(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let width = text.len() - text.trim_start_matches(mark).len();
    (width >= 3 && !text.get(width..).unwrap_or("").contains('`')).then_some((mark, width))
}

/// The column of a line's first character that is no blank; a tab goes on to the next multiple of four.
fn column_of(line: &str) -> usize {
    let mut column = 0;
    for c in line.chars() {
        match c {
            ' ' => column += 1,
            '\t' => column += 4 - column % 4,
            _ => break,
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_becomes_an_item_of_the_same_length() {
        let document = "Text\n\n!!! warning \"Data\"\n    Never.\n\n???+ note\n\n    ```bash\n    ls\n    ```\n\n=== \"Linux\"\n\tx\n";
        let lists = as_lists(document);
        assert_eq!(lists.len(), document.len());
        assert_eq!(
            lists,
            "Text\n\n*   warning \"Data\"\n    Never.\n\n*  . note\n\n    ```bash\n    ls\n    ```\n\n+   \"Linux\"\n\tx\n"
        );
    }

    #[test]
    fn what_has_no_body_or_stands_in_a_fence_is_left_alone() {
        for document in [
            "!!! note\nno body\n",
            "!!! note",
            "```bash\n!!! note\n    ls\n```\n",
            "Title\n===\n\n    code\n",
            "=== a\n    b\n",
            "!!!\n    b\n",
            "??? \n    b\n",
            "wow!!! note\n    b\n",
        ] {
            assert!(matches!(as_lists(document), Cow::Borrowed(_)), "{document}");
        }
    }
}
