//! Blocks that hold Markdown but are code to CommonMark, so that it sees no fence in them. There are two families. Material for
//! `MkDocs` and Python-Markdown write a line `!!! note`, `??? note` or `=== "Title"`. The body below it is indented by four columns. `MyST` writes admonitions as a fence whose info string is `{note}`.
//!
//! Invariant: the text for the Markdown parser has the document's length and line ends, so that offsets in it are the document's.
//! Only the marks of these blocks differ: the former become list markers, the latter blanks. Refuses to know: the content of a
//! body.

use super::Span;
use std::borrow::Cow;

/// The list marker that replaces each mark. None is `-`, so that the item does not join a list beside it.
const MARKS: &[(&str, &str)] = &[("!!!", "*  "), ("???", "*  "), (TAB, "+  ")];
const TAB: &str = "===";
/// Directives of `MyST` whose body is read as part of the text around it. Tabs are not among them, because they are alternatives.
const ADMONITIONS: &[&str] = &[
    "admonition",
    "attention",
    "caution",
    "danger",
    "dropdown",
    "error",
    "hint",
    "important",
    "note",
    "seealso",
    "tip",
    "topic",
    "warning",
];
/// Columns by which a body is indented more than its mark.
const INDENT: usize = 4;

/// An offset and the text to put there, as long as the text it replaces.
type MarkReplacement = (usize, String);

/// The text as the Markdown parser should see it.
pub(super) fn open_containers(markdown: &str) -> Cow<'_, str> {
    let marks = MARKS.iter().map(|(mark, _)| *mark).chain(["`{", "~{"]);
    if !marks.into_iter().any(|mark| markdown.contains(mark)) {
        return Cow::Borrowed(markdown);
    }
    let changes = find_replacements(markdown);
    if changes.is_empty() {
        return Cow::Borrowed(markdown);
    }
    let mut bytes = markdown.as_bytes().to_vec();
    for (at, text) in changes {
        if let Some(mark) = bytes.get_mut(at..at + text.len()) {
            mark.copy_from_slice(text.as_bytes());
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(markdown), Cow::Owned)
}

fn find_replacements(markdown: &str) -> Vec<MarkReplacement> {
    let mut changes = Vec::new();
    // A mark whose body has not begun, with its column.
    let mut waiting: Option<(usize, MarkReplacement)> = None;
    // Open admonitions: fence character, width and opening line.
    let mut directives: Vec<(char, usize, Span)> = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut at = 0;
    for line in markdown.split_inclusive('\n') {
        let text = line.trim();
        let (column, start) = (first_text_column(line), at + line.len() - line.trim_start().len());
        if !text.is_empty()
            && let Some((mark_column, change)) = waiting.take()
            && column >= mark_column + INDENT
        {
            changes.push(change);
        }
        match (fence, fence_mark(text)) {
            (Some((open, least)), Some((mark, width))) => {
                if mark == open && width >= least && width == text.len() {
                    fence = None;
                }
            }
            (None, Some((mark, width))) => {
                let ends = directives.last().is_some_and(|(open, least, _)| *open == mark && width >= *least);
                if width < text.len() && is_admonition(text.get(width..).unwrap_or("")) {
                    directives.push((mark, width, start..start + text.len()));
                } else if width == text.len() && ends {
                    changes.extend(directives.pop().map(|(_, _, opening)| blank_out(opening)));
                    changes.push(blank_out(start..start + text.len()));
                } else {
                    fence = Some((mark, width));
                }
            }
            (None, None) => {
                if let Some(mark) = replacement_mark(text) {
                    waiting = Some((column, (start, mark)));
                }
            }
            (Some(_), None) => {}
        }
        at += line.len();
    }
    changes
}

fn blank_out(span: Span) -> MarkReplacement {
    (span.start, " ".repeat(span.len()))
}

/// True if an info string opens an admonition.
fn is_admonition(info: &str) -> bool {
    let name = info.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
    name.is_some_and(|name| ADMONITIONS.contains(&name))
}

/// True if a list that begins at this offset holds tabs, of which a reader follows one.
pub(super) fn is_tab_list(document: &str, at: usize) -> bool {
    document.get(at..).is_some_and(|rest| rest.starts_with(TAB))
}

/// The title of an item that begins at this offset, without the rest of a container's mark and a tab's quotes.
pub(super) fn item_title<'t>(document: &str, at: usize, text: &'t str) -> &'t str {
    let text = text.trim();
    let begins = document.get(at..).unwrap_or("");
    if is_tab_list(document, at) {
        text.trim_start_matches(". ").trim_matches('"')
    } else if MARKS.iter().any(|(mark, _)| begins.starts_with(mark)) {
        text.trim_start_matches(". ")
    } else {
        text
    }
}

/// The replacement for a line's mark, and for the sign behind it that says if the block is open at first.
fn replacement_mark(text: &str) -> Option<String> {
    let (mark, becomes) = MARKS.iter().find(|(mark, _)| text.starts_with(mark))?;
    let rest = text.strip_prefix(mark)?;
    let after = rest.strip_prefix(['+', '!']).unwrap_or(rest);
    let names =
        after.starts_with([' ', '\t']) && after.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '"');
    // Only a quoted title makes `===` a tab.
    let is_one = names && (*mark != TAB || (after.trim_start().starts_with('"') && after.ends_with('"')));
    let sign = if after.len() < rest.len() { "." } else { "" };
    is_one.then(|| format!("{becomes}{sign}"))
}

fn fence_mark(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let width = text.len() - text.trim_start_matches(mark).len();
    (width >= 3 && !text.get(width..).unwrap_or("").contains('`')).then_some((mark, width))
}

/// The column of a line's first character that is no blank. A tab advances to the next multiple of four.
fn first_text_column(line: &str) -> usize {
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
        let lists = open_containers(document);
        assert_eq!(lists.len(), document.len());
        assert_eq!(
            lists,
            "Text\n\n*   warning \"Data\"\n    Never.\n\n*  . note\n\n    ```bash\n    ls\n    ```\n\n+   \"Linux\"\n\tx\n"
        );
    }

    #[test]
    fn an_admonition_of_a_fence_loses_its_fence() {
        let document = "````{note} Mind\nText\n```bash\nls\n```\n````\nafter\n";
        assert_eq!(open_containers(document), "               \nText\n```bash\nls\n```\n    \nafter\n");
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
            "```{note}\nnever closed\n",
            "```{code-block} bash\nls\n```\n",
            "````markdown\n```{note}\nx\n```\n````\n",
        ] {
            assert!(matches!(open_containers(document), Cow::Borrowed(_)), "{document}");
        }
    }
}
