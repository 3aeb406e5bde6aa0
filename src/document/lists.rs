//! Lists and items while they are read, and the lines that announce alternatives.
//!
//! Invariant: an item's title is its first text, and is set once. Lists nest at most [`DEEPEST`] deep. Refuses to know: the Markdown parser.

use super::{Block, Item, List, Span};

/// Words that make the line before an ordered list announce alternatives.
const ALTERNATIVES: &[&str] = &["solutions", "causes", "options", "fixes"];
/// Phrases that make the items a sequence after all: every one is to be done.
const SEQUENCES: &[&str] = &["all of", "each of", "in order", "in this order", "in sequence", "both of"];

/// Lists nested deeper than this are flattened into the item that holds them.
const DEEPEST: usize = 50;

/// The line before a block, when it is text.
#[derive(Clone, Debug)]
pub(super) struct LeadingLine {
    pub(super) text: String,
    /// True if wholly bold, or a heading: then it announces what follows even without a colon.
    pub(super) is_title: bool,
}

/// An open list or item; the two alternate.
enum OpenContainer {
    List(OpenList),
    Item(OpenItem),
}

/// The lists, items and other containers around the events being read.
#[derive(Default)]
pub(super) struct Nesting {
    /// Open lists and items, outermost first, up to the bound.
    frames: Vec<OpenContainer>,
    /// Number of open lists and items beyond the bound.
    flattened: usize,
    /// Number of open containers of any kind, quotes and footnotes included.
    containers: usize,
}

impl Nesting {
    /// True inside any container. Headings there are prose.
    pub(super) fn is_inside_container(&self) -> bool {
        self.containers > 0
    }

    /// The innermost item, unless a list is open in it whose next item has not begun.
    pub(super) fn innermost_item(&mut self) -> Option<&mut OpenItem> {
        match self.frames.last_mut() {
            Some(OpenContainer::Item(item)) => Some(item),
            Some(OpenContainer::List(_)) | None => None,
        }
    }

    /// Counts a container that holds no blocks of its own.
    pub(super) fn enter_container(&mut self) {
        self.containers += 1;
    }

    pub(super) fn leave_container(&mut self) {
        self.containers = self.containers.saturating_sub(1);
    }

    pub(super) fn start_list(&mut self, list: OpenList) {
        self.enter_container();
        if self.flattened > 0 || self.frames.len() >= 2 * DEEPEST {
            self.flattened += 1;
        } else {
            self.frames.push(OpenContainer::List(list));
        }
    }

    pub(super) fn start_item(&mut self, item: OpenItem) {
        self.enter_container();
        if self.flattened > 0 {
            self.flattened += 1;
        } else {
            self.frames.push(OpenContainer::Item(item));
        }
    }

    /// The list that ends; none for one that is flattened.
    pub(super) fn end_list(&mut self) -> Option<List> {
        self.leave_container();
        if self.flattened > 0 {
            self.flattened -= 1;
            return None;
        }
        match self.frames.pop()? {
            OpenContainer::List(list) => Some(list.into_list()),
            OpenContainer::Item(_) => None,
        }
    }

    /// Adds the item that ends to its list.
    pub(super) fn end_item(&mut self) {
        self.leave_container();
        if self.flattened > 0 {
            self.flattened -= 1;
        } else if let Some(OpenContainer::Item(item)) = self.frames.pop()
            && let Some(OpenContainer::List(list)) = self.frames.last_mut()
        {
            list.add_item(item);
        }
    }
}

/// A list whose end the parser has not reached.
pub(super) struct OpenList {
    list: List,
    /// Number of the next item; none in a bulleted list.
    next: Option<u64>,
}

impl OpenList {
    pub(super) fn new(first: Option<u64>, alternatives: Option<String>, span: Span) -> Self {
        let list = List { ordered: first.is_some(), alternatives, items: Vec::new(), span };
        Self { list, next: first }
    }

    pub(super) fn add_item(&mut self, item: OpenItem) {
        let OpenItem { title, checked, span, line, blocks, .. } = item;
        let title = title.unwrap_or_default();
        self.list.items.push(Item { number: self.next, title, checked, span, line, blocks });
        self.next = self.next.map(|number| number.saturating_add(1));
    }

    pub(super) fn into_list(self) -> List {
        self.list
    }
}

/// An item whose end the parser has not reached.
pub(super) struct OpenItem {
    title: Option<String>,
    pub(super) checked: Option<bool>,
    pub(super) span: Span,
    line: u32,
    pub(super) blocks: Vec<Block>,
}

impl OpenItem {
    pub(super) fn new(span: Span, line: u32) -> Self {
        Self { title: None, checked: None, span, line, blocks: Vec::new() }
    }

    /// Sets the title if this text is the first thing in the item; true if it was.
    pub(super) fn take_title(&mut self, text: &str) -> bool {
        let is_first = self.title.is_none() && self.blocks.is_empty();
        if is_first {
            self.title = Some(text.trim().to_owned());
        }
        is_first
    }
}

/// The text of a line that announces alternatives; none for any other line.
pub(super) fn announced_alternatives(line: &LeadingLine) -> Option<String> {
    let text = line.text.trim();
    if !line.is_title && !text.ends_with(':') {
        return None;
    }
    // In a longer line the last sentence counts.
    let sentence = text.rsplit(['.', '!', '?']).next().unwrap_or(text).to_lowercase();
    let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let joined = format!(" {} ", words.join(" "));
    let says = |phrase: &str| joined.contains(&format!(" {phrase} "));
    let offers = ALTERNATIVES.iter().any(|word| says(word)) || says("one of");
    (offers && !SEQUENCES.iter().any(|phrase| says(phrase))).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_line_announces_alternatives_by_its_words() {
        let said =
            |text: &str, is_title| announced_alternatives(&LeadingLine { text: text.to_owned(), is_title }).is_some();
        assert!(said("Common Causes & Solutions:", true));
        assert!(said("Solutions", true));
        assert!(said("Then try one of the following:", false));
        assert!(said("It fails. Possible fixes:", false));
        assert!(!said("There are many causes. Do this:", false));
        assert!(!said("Immediate actions:", true));
        assert!(!said("The solution:", true));
        assert!(!said("Apply all of these fixes in order:", false));
        assert!(!said("We know the causes", false));
    }
}
