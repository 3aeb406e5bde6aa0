//! From the Markdown parser's events to sections, blocks and cells.
//!
//! Invariant: one pass; nothing that grows with a container's depth is copied, and blocks nest at most [`DEEPEST`] lists.
//! Refuses to know: what is done with a block.

use super::anchors::Slugger;
use super::cells::{self, Surroundings};
use super::containers;
use super::decode::Lines;
use super::fence::Chunk;
use super::lists::{self, OpenItem, OpenList};
use super::numbering::split_number;
use super::text::{self, TextRun};
use super::{Block, Cell, CellKind, Finding, Lead, Section, SectionIndex, Span, kinds};
use crate::ident::Anchor;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Lists nested deeper than this are flattened into the item that holds them.
const DEEPEST: usize = 50;

/// What a document is made of.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) sections: Vec<Section>,
    pub(super) cells: Vec<Cell>,
}

/// Reads the Markdown that begins at `base`.
pub(super) fn read(document: &str, base: usize, lines: &Lines, findings: &mut Vec<Finding>) -> Outline {
    let mut reader = Reader::new(document, lines, findings);
    let markdown = containers::opened(document.get(base..).unwrap_or(""));
    for (event, span) in Parser::new_ext(&markdown, text::options()).into_offset_iter() {
        reader.take(&event, span.start + base..span.end + base);
    }
    reader.finish()
}

/// The line before a block, when it is text.
#[derive(Clone, Debug)]
pub(super) struct LeadingLine {
    pub(super) text: String,
    /// Wholly bold, or a heading: then it speaks for what follows even without a colon.
    pub(super) is_title: bool,
}

/// An open container that holds blocks in the tree.
enum Frame {
    List(OpenList),
    Item(OpenItem),
}

/// What the events being read belong to.
enum State {
    Blocks,
    Heading(u8, TextRun),
    Text(TextRun),
    Fence(Span, Vec<Chunk>),
    Indented(Span, Vec<Chunk>),
    /// HTML, a table: nothing inside it is looked at.
    Opaque,
}

struct Reader<'a> {
    document: &'a str,
    lines: &'a Lines,
    findings: &'a mut Vec<Finding>,
    slugger: Slugger,
    sections: Vec<Section>,
    /// The section being read and those it is in, section 0 first.
    open: Vec<SectionIndex>,
    cells: Vec<Cell>,
    frames: Vec<Frame>,
    /// Open lists and items beyond the bound.
    flattened: usize,
    /// Open containers of any kind; headings in them are prose.
    containers: usize,
    state: State,
    leading: Option<LeadingLine>,
    /// `expected_similarity` from a comment directly before.
    similarity: Option<String>,
    /// Anchors written directly before a heading.
    anchors: Vec<String>,
    /// The last fence's end was unsure, in this section.
    is_unsure: bool,
    /// A paragraph holds `<!--` and what follows is commented out in its author's eyes.
    in_comment: bool,
    /// Where the last comment of the document ends, once that was looked up.
    last_comment_end: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(document: &'a str, lines: &'a Lines, findings: &'a mut Vec<Finding>) -> Self {
        let whole = Section {
            level: 0,
            title: String::new(),
            number: None,
            plain_title: String::new(),
            anchor: Anchor::new(""),
            also: Vec::new(),
            line: 1,
            span: 0..document.len(),
            blocks: Vec::new(),
            children: Vec::new(),
            parent: None,
        };
        Self {
            document,
            lines,
            findings,
            slugger: Slugger::default(),
            sections: vec![whole],
            open: vec![0],
            cells: Vec::new(),
            frames: Vec::new(),
            flattened: 0,
            containers: 0,
            state: State::Blocks,
            leading: None,
            similarity: None,
            anchors: Vec::new(),
            is_unsure: false,
            in_comment: false,
            last_comment_end: None,
        }
    }

    fn take(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Start(tag) => self.start(tag, event, span),
            Event::End(tag) => self.end(*tag, event, &span),
            Event::Rule => {
                self.close_text();
                self.push_prose(&span);
            }
            _ => self.inline(event, &span),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, event: &Event<'_>, span: Span) {
        if is_inline(tag) {
            return self.inline(event, &span);
        }
        if matches!(self.state, State::Opaque) {
            return;
        }
        self.close_text();
        match tag {
            Tag::Paragraph => self.state = State::Text(TextRun::new(span, false)),
            Tag::Heading { level, .. } => self.state = State::Heading(*level as u8, TextRun::new(span, false)),
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => self.state = State::Fence(span, Vec::new()),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.state = State::Indented(span, Vec::new()),
            Tag::HtmlBlock | Tag::Table(_) => self.state = State::Opaque,
            Tag::List(first) => self.start_list(*first, span),
            Tag::Item => self.start_item(span),
            _ => self.containers += 1,
        }
    }

    fn end(&mut self, tag: TagEnd, event: &Event<'_>, span: &Span) {
        match tag {
            TagEnd::Paragraph => self.close_text(),
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::CodeBlock => self.end_code(span),
            TagEnd::HtmlBlock => {
                self.state = State::Blocks;
                self.html(span);
            }
            TagEnd::Table => {
                self.state = State::Blocks;
                self.push_prose(span);
            }
            TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell => {}
            TagEnd::List(_) => self.end_list(),
            TagEnd::Item => self.end_item(),
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.close_text();
                self.containers = self.containers.saturating_sub(1);
            }
            _ => self.inline(event, span),
        }
    }

    fn inline(&mut self, event: &Event<'_>, span: &Span) {
        if let Event::TaskListMarker(checked) = event {
            if let Some(Frame::Item(item)) = self.frames.last_mut() {
                item.checked.get_or_insert(*checked);
            }
            return;
        }
        match &mut self.state {
            State::Heading(_, run) | State::Text(run) => run.take(event, span),
            State::Fence(_, chunks) | State::Indented(_, chunks) => {
                if let Event::Text(text) = event {
                    let padding = if span.is_empty() { text.len() } else { 0 };
                    chunks.push(Chunk { span: span.clone(), padding });
                }
            }
            State::Opaque => {}
            State::Blocks => {
                let mut run = TextRun::new(span.clone(), true);
                run.take(event, span);
                self.state = State::Text(run);
            }
        }
    }

    fn start_list(&mut self, first: Option<u64>, span: Span) {
        self.containers += 1;
        if self.flattened > 0 || self.frames.len() >= 2 * DEEPEST {
            self.flattened += 1;
            return;
        }
        let alternatives = if containers::is_tab(self.document, span.start) {
            Some("One of these".to_owned())
        } else {
            first.and(self.leading.as_ref()).and_then(lists::alternatives)
        };
        self.frames.push(Frame::List(OpenList::new(first, alternatives, span)));
    }

    fn start_item(&mut self, span: Span) {
        self.containers += 1;
        self.leading = None;
        if self.flattened > 0 {
            self.flattened += 1;
            return;
        }
        let line = self.lines.line_of(span.start);
        self.frames.push(Frame::Item(OpenItem::new(span, line)));
    }

    fn end_list(&mut self) {
        self.close_text();
        self.containers = self.containers.saturating_sub(1);
        if self.flattened > 0 {
            self.flattened -= 1;
        } else if let Some(Frame::List(list)) = self.frames.pop() {
            self.push(Block::List(list.finish()));
        }
    }

    fn end_item(&mut self) {
        self.close_text();
        self.containers = self.containers.saturating_sub(1);
        if self.flattened > 0 {
            self.flattened -= 1;
        } else if let Some(Frame::Item(item)) = self.frames.pop()
            && let Some(Frame::List(list)) = self.frames.last_mut()
        {
            list.add(item);
        }
    }

    /// Adds a block to what is open; whatever stood before it no longer speaks for what follows.
    fn push(&mut self, block: Block) {
        self.leading = None;
        self.similarity = None;
        if !matches!(block, Block::Prose(_)) {
            self.anchors.clear();
        }
        if let Some(Frame::Item(item)) = self.frames.last_mut() {
            item.blocks.push(block);
        } else if let Some(section) = self.open.last().and_then(|index| self.sections.get_mut(*index)) {
            section.blocks.push(block);
        }
    }

    fn push_prose(&mut self, span: &Span) {
        let span = self.whole_lines(span);
        self.anchors.clear();
        self.push(Block::Prose(span));
    }

    /// A block's bytes from the start of its first line to the end of its last, the line end left out.
    fn whole_lines(&self, span: &Span) -> Span {
        let length = self.document.get(span.clone()).unwrap_or("").trim_end().len();
        let last = (span.start + length).saturating_sub(1).max(span.start);
        let (first, last) = (self.lines.line_of(span.start), self.lines.line_of(last));
        let lines = self.lines.span(first, last);
        let text = self.document.get(lines.clone()).unwrap_or("");
        lines.start..lines.start + text.trim_end_matches(['\n', '\r']).len()
    }

    fn close_text(&mut self) {
        if let State::Text(run) = std::mem::replace(&mut self.state, State::Blocks) {
            self.paragraph(run);
        }
    }

    fn paragraph(&mut self, run: TextRun) {
        self.watch_comment(&run);
        let first_of_item = match self.frames.last_mut() {
            Some(Frame::Item(item)) => {
                let text = run.lines.first().map_or("", |line| line.text.as_str());
                item.take_title(containers::title(self.document, item.span.start, text))
            }
            _ => false,
        };
        if !run.anchors.is_empty() && run.is_blank() {
            let anchors = run.anchors;
            self.push_prose(&run.span);
            self.anchors = anchors;
            return;
        }
        let mut prose: Option<Span> = None;
        for line in &run.lines {
            let lead = if first_of_item || !line.is_bold() { None } else { lead_of(&line.text) };
            if let Some((number, title)) = lead {
                if let Some(span) = prose.take() {
                    self.push_prose(&span);
                }
                let span = self.whole_lines(&line.span);
                self.push(Block::Lead(Lead { number, title, span }));
            } else {
                let start = prose.map_or(line.span.start, |span| span.start);
                prose = Some(start..line.span.end.max(line.span.start));
            }
        }
        if let Some(mut span) = prose {
            span.end = span.end.max(run.span.end);
            self.push_prose(&span);
        }
        self.leading = run.lines.last().map(|line| LeadingLine { text: line.text.clone(), is_title: line.is_bold() });
    }

    /// A fence may interrupt a paragraph that opens a comment; its author then thinks that it is commented out.
    fn watch_comment(&mut self, run: &TextRun) {
        for line in &run.lines {
            if !self.in_comment && !line.text.contains('<') {
                continue;
            }
            let opened = line.text.rfind("<!--");
            let closed = line.text.rfind("-->");
            if opened > closed {
                self.in_comment = self.is_closed_below(run.span.end);
            } else if closed.is_some() {
                self.in_comment = false;
            }
        }
    }

    /// Whether a comment ends below a place. Asked seldom, and the answer found once serves the places after it.
    fn is_closed_below(&mut self, at: usize) -> bool {
        let document = self.document;
        *self.last_comment_end.get_or_insert_with(|| document.rfind("-->").unwrap_or(0)) > at
    }

    fn end_code(&mut self, span: &Span) {
        match std::mem::replace(&mut self.state, State::Blocks) {
            State::Fence(opened, chunks) => self.end_fence(opened, &chunks, span),
            State::Indented(opened, chunks) => self.end_indented(opened, &chunks, span),
            _ => self.push_prose(span),
        }
    }

    /// Code that is only indented is a fence without a language: a cell where it looks like shell, and else prose.
    fn end_indented(&mut self, opened: Span, chunks: &[Chunk], span: &Span) {
        let around = self.surroundings(self.in_comment || self.is_unsure);
        match cells::indented(self.document, self.lines, opened, chunks, around) {
            Some(cell) => self.cell(cell),
            None => self.push_prose(span),
        }
    }

    fn surroundings(&self, is_doubtful: bool) -> Surroundings {
        let section = self.open.last().copied().unwrap_or(0);
        let is_announced =
            self.similarity.is_some() || self.leading.as_ref().is_some_and(|line| kinds::announces_output(&line.text));
        Surroundings { section, is_announced, is_doubtful }
    }

    fn end_fence(&mut self, opened: Span, chunks: &[Chunk], span: &Span) {
        let is_bare = self
            .document
            .get(span.start..)
            .and_then(|rest| rest.lines().next())
            .is_some_and(|line| line.trim_end().chars().all(|c| matches!(c, '`' | '~')));
        let around = self.surroundings(self.in_comment || (self.is_unsure && is_bare));
        let (cell, is_unsure) = cells::make(self.document, self.lines, opened, chunks, around, self.findings);
        if self.in_comment {
            self.findings.push(cells::hidden_finding(cell.line, cell.span.clone()));
        }
        self.is_unsure = is_unsure;
        self.cell(cell);
    }

    fn cell(&mut self, mut cell: Cell) {
        let (index, section) = (self.cells.len(), cell.section);
        if cell.kind == CellKind::Output {
            if let Some(similarity) = self.similarity.take() {
                cell.attributes.all.insert("expected_similarity".to_owned(), similarity);
            }
            self.expect(index, section);
        }
        self.cells.push(cell);
        self.push(Block::Cell(index));
    }

    /// Ties an output cell to the command cell directly before it.
    fn expect(&mut self, output: usize, section: SectionIndex) {
        let Some(before) = self.cells.last_mut() else { return };
        let runs = matches!(before.kind, CellKind::Command | CellKind::Guessed);
        if runs && before.section == section && before.expected.is_none() {
            before.expected = Some(output);
        }
    }

    fn html(&mut self, span: &Span) {
        let html = self.document.get(span.clone()).unwrap_or("");
        cells::hidden(self.document, self.lines, span, self.findings);
        if html.contains("-->") {
            self.in_comment = false;
        }
        let anchors = text::anchor_names(html);
        let similarity = html.split_once("expected_similarity=").map(|(_, rest)| {
            let value = rest.trim_start_matches(['"', '\'']);
            value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>()
        });
        self.push_prose(span);
        self.anchors = anchors;
        self.similarity = similarity;
    }

    fn end_heading(&mut self) {
        let State::Heading(level, run) = std::mem::replace(&mut self.state, State::Blocks) else { return };
        let full = run.joined();
        let github = self.slugger.anchor(&full);
        let (title, id) = text::split_id(&full).map_or((full.as_str(), None), |(title, id)| (title, Some(id)));
        if self.containers > 0 {
            if let Some(Frame::Item(item)) = self.frames.last_mut() {
                item.take_title(title);
            }
            self.push_prose(&run.span);
        } else {
            self.section(level, title, github, id, &run);
        }
        self.leading = Some(LeadingLine { text: title.to_owned(), is_title: true });
    }

    fn section(&mut self, level: u8, title: &str, github: String, id: Option<&str>, run: &TextRun) {
        let span = self.whole_lines(&run.span);
        self.close_sections(level, span.start);
        let mut also: Vec<Anchor> =
            self.anchors.drain(..).chain(run.anchors.iter().cloned()).map(Anchor::new).collect();
        let anchor = match id {
            Some(id) => {
                also.push(Anchor::new(github));
                Anchor::new(id)
            }
            None => Anchor::new(github),
        };
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
            level,
            title: title.trim().to_owned(),
            number,
            plain_title,
            anchor,
            also,
            line: self.lines.line_of(run.span.start),
            span: span.start..self.document.len(),
            blocks: Vec::new(),
            children: Vec::new(),
            parent,
        });
        self.open.push(index);
        self.similarity = None;
        self.is_unsure = false;
        self.in_comment = false;
    }

    /// Ends the open sections of this level or a lower one.
    fn close_sections(&mut self, level: u8, at: usize) {
        while let Some(section) = self.open.last().and_then(|index| self.sections.get_mut(*index)) {
            if section.level < level {
                break;
            }
            section.span.end = at;
            self.open.pop();
        }
    }

    fn finish(mut self) -> Outline {
        self.close_text();
        Outline { sections: self.sections, cells: self.cells }
    }
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

/// The number and title of a wholly bold line that begins with a number.
fn lead_of(text: &str) -> Option<(String, String)> {
    let (number, title) = split_number(text.trim().trim_end_matches(':'))?;
    (!title.is_empty()).then_some((number, title))
}
