//! The tree of sections while a document is read.
//!
//! Invariant: section 0 is the document itself and stays open to the end; a section's parent comes before it. Refuses to know: blocks
//! and their Markdown.

use super::anchors::Slugger;
use super::numbering::split_number;
use super::{Block, Section, SectionIndex, Span};
use crate::ident::Anchor;

/// A heading, before its section is opened.
pub(super) struct Heading<'t> {
    pub(super) level: u8,
    /// Text without an anchor of its own.
    pub(super) title: &'t str,
    /// The anchor that GitHub gives the heading.
    pub(super) github_anchor: String,
    /// The author's own anchor: `{#id}`.
    pub(super) own_anchor: Option<&'t str>,
    /// Anchors written as HTML in or directly before the heading.
    pub(super) html_anchors: Vec<String>,
    /// Line of the heading, from 1.
    pub(super) line: u32,
}

/// The sections read so far. The last one that is open receives blocks.
pub(super) struct SectionTree {
    slugger: Slugger,
    sections: Vec<Section>,
    /// Indexes of the open sections, section 0 first.
    open: Vec<SectionIndex>,
}

impl SectionTree {
    /// A tree of the document alone, `length` bytes long.
    pub(super) fn new(length: usize) -> Self {
        let whole = Section {
            level: 0,
            title: String::new(),
            number: None,
            plain_title: String::new(),
            anchor: Anchor::new(""),
            also: Vec::new(),
            line: 1,
            span: 0..length,
            blocks: Vec::new(),
            children: Vec::new(),
            parent: None,
        };
        Self { slugger: Slugger::default(), sections: vec![whole], open: vec![0] }
    }

    /// The anchor that GitHub gives a heading of this text; counts it, so that the next equal heading gets another.
    pub(super) fn next_anchor(&mut self, text: &str) -> String {
        self.slugger.next_anchor(text)
    }

    /// The section that is being read.
    pub(super) fn current_index(&self) -> SectionIndex {
        self.open.last().copied().unwrap_or(0)
    }

    pub(super) fn push_block(&mut self, block: Block) {
        if let Some(section) = self.open.last().and_then(|index| self.sections.get_mut(*index)) {
            section.blocks.push(block);
        }
    }

    /// Ends the open sections that a heading closes and opens its own. `span` runs from the heading to the document's end.
    pub(super) fn open_section(&mut self, heading: Heading<'_>, span: Span) {
        self.close_sections(heading.level, span.start);
        let mut also: Vec<Anchor> = heading.html_anchors.into_iter().map(Anchor::new).collect();
        let anchor = match heading.own_anchor {
            Some(id) => {
                also.push(Anchor::new(heading.github_anchor));
                Anchor::new(id)
            }
            None => Anchor::new(heading.github_anchor),
        };
        let title = heading.title;
        let (number, plain_title) = match split_number(title) {
            Some((number, rest)) if rest.is_empty() => (Some(number), title.trim().to_owned()),
            Some((number, rest)) => (Some(number), rest),
            None => (None, title.trim().to_owned()),
        };
        let index = self.sections.len();
        let parent = self.open.last().copied();
        if let Some(parent) = parent.and_then(|parent| self.sections.get_mut(parent)) {
            parent.children.push(index);
        }
        self.sections.push(Section {
            level: heading.level,
            title: title.trim().to_owned(),
            number,
            plain_title,
            anchor,
            also,
            line: heading.line,
            span,
            blocks: Vec::new(),
            children: Vec::new(),
            parent,
        });
        self.open.push(index);
    }

    /// Ends the open sections of this level or deeper, at this offset.
    fn close_sections(&mut self, level: u8, at: usize) {
        while let Some(section) = self.open.last().and_then(|index| self.sections.get_mut(*index)) {
            if section.level < level {
                break;
            }
            section.span.end = at;
            self.open.pop();
        }
    }

    pub(super) fn into_sections(self) -> Vec<Section> {
        self.sections
    }
}
