//! Lists and their items while they are read, and when a list is one of alternatives.
//!
//! Invariant: an item's title is its first text, and is set once. Refuses to know: the Markdown parser.

use super::outline::LeadingLine;
use super::{Block, Item, List, Span};

/// Words that make the line before an ordered list announce alternatives.
const ALTERNATIVES: &[&str] = &["solutions", "causes", "options", "fixes"];
/// Words that take that back: all of it is to be done.
const SEQUENCES: &[&str] = &["all of", "each of", "in order", "in this order", "in sequence", "both of"];

/// An ordered or bulleted list whose end has not come yet.
pub(super) struct OpenList {
    list: List,
    next: Option<u64>,
}

impl OpenList {
    pub(super) fn new(first: Option<u64>, alternatives: Option<String>, span: Span) -> Self {
        let list = List { ordered: first.is_some(), alternatives, items: Vec::new(), span };
        Self { list, next: first }
    }

    pub(super) fn add(&mut self, item: OpenItem) {
        let OpenItem { title, checked, span, line, blocks, .. } = item;
        let title = title.unwrap_or_default();
        self.list.items.push(Item { number: self.next, title, checked, span, line, blocks });
        self.next = self.next.map(|number| number.saturating_add(1));
    }

    pub(super) fn finish(self) -> List {
        self.list
    }
}

/// An item whose end has not come yet.
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

    /// Takes the title, if this text is the first thing in the item; says whether it was.
    pub(super) fn take_title(&mut self, text: &str) -> bool {
        let is_first = self.title.is_none() && self.blocks.is_empty();
        if is_first {
            self.title = Some(text.trim().to_owned());
        }
        is_first
    }
}

/// What the line before an ordered list says, if it says that the items are alternatives.
pub(super) fn alternatives(line: &LeadingLine) -> Option<String> {
    let text = line.text.trim();
    if !line.is_title && !text.ends_with(':') {
        return None;
    }
    // Of a longer line the last sentence counts.
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
        let said = |text: &str, is_title| alternatives(&LeadingLine { text: text.to_owned(), is_title }).is_some();
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
