//! From the Markdown parser's events to sections, blocks and cells.
//!
//! Invariant: one pass; nothing that grows with a container's depth is copied, and lists nest to a bounded depth ([`Nesting`]).
//! Refuses to know: how blocks are used.

use super::cells::{self, FenceContext};
use super::containers;
use super::fence::ContentChunk;
use super::lines::Lines;
use super::lists::{self, LeadingLine, Nesting, OpenItem, OpenList};
use super::numbering::split_number;
use super::sections::{Heading, SectionTree};
use super::text::{self, TextRun};
use super::{Block, Cell, CellKind, DocumentFinding, Lead, Section, SectionIndex, Span, kinds};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// The sections and cells of a document.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) sections: Vec<Section>,
    pub(super) cells: Vec<Cell>,
}

/// Reads the Markdown that begins at the offset `base`.
pub(super) fn read_outline(document: &str, base: usize, lines: &Lines, findings: &mut Vec<DocumentFinding>) -> Outline {
    let mut reader = OutlineReader::new(document, lines, findings);
    let markdown = containers::open_containers(document.get(base..).unwrap_or(""));
    for (event, span) in Parser::new_ext(&markdown, text::markdown_options()).into_offset_iter() {
        reader.take_event(&event, span.start + base..span.end + base);
    }
    reader.into_outline()
}

/// The block that the events being read belong to.
enum OpenBlock {
    Blocks,
    Heading(u8, TextRun),
    Text(TextRun),
    Fence(Span, Vec<ContentChunk>),
    Indented(Span, Vec<ContentChunk>),
    /// HTML or a table, whose content is skipped.
    Opaque,
}

/// Text directly before the next block that bears on it. Any other block in between makes it void.
#[derive(Default)]
struct Preceding {
    /// The last line of the paragraph or heading.
    line: Option<LeadingLine>,
    /// `expected_similarity` from a comment.
    similarity: Option<String>,
    /// Anchors written as HTML, for a heading.
    anchors: Vec<String>,
}

/// Comments that a paragraph opens. To the parser their fences are code; to the author they are commented out.
#[derive(Default)]
struct CommentWatch {
    is_open: bool,
    /// Offset of the document's last `-->`, once that was looked up; 0 if there is none.
    last_end: Option<usize>,
}

struct OutlineReader<'a> {
    document: &'a str,
    lines: &'a Lines,
    findings: &'a mut Vec<DocumentFinding>,
    tree: SectionTree,
    cells: Vec<Cell>,
    nesting: Nesting,
    state: OpenBlock,
    preceding: Preceding,
    comment: CommentWatch,
    /// True if this section's last fence may end elsewhere than the parser says.
    is_fence_unsure: bool,
}

impl<'a> OutlineReader<'a> {
    fn new(document: &'a str, lines: &'a Lines, findings: &'a mut Vec<DocumentFinding>) -> Self {
        Self {
            document,
            lines,
            findings,
            tree: SectionTree::new(document.len()),
            cells: Vec::new(),
            nesting: Nesting::default(),
            state: OpenBlock::Blocks,
            preceding: Preceding::default(),
            comment: CommentWatch::default(),
            is_fence_unsure: false,
        }
    }

    fn take_event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Start(tag) => self.start_tag(tag, event, span),
            Event::End(tag) => self.end_tag(*tag, event, &span),
            Event::Rule => {
                self.close_text();
                self.push_prose(&span);
            }
            _ => self.take_inline(event, &span),
        }
    }

    fn start_tag(&mut self, tag: &Tag<'_>, event: &Event<'_>, span: Span) {
        if is_inline(tag) {
            return self.take_inline(event, &span);
        }
        if matches!(self.state, OpenBlock::Opaque) {
            return;
        }
        self.close_text();
        match tag {
            Tag::Paragraph => self.state = OpenBlock::Text(TextRun::new(span, false)),
            Tag::Heading { level, .. } => self.state = OpenBlock::Heading(*level as u8, TextRun::new(span, false)),
            Tag::CodeBlock(CodeBlockKind::Fenced(_)) => self.state = OpenBlock::Fence(span, Vec::new()),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.state = OpenBlock::Indented(span, Vec::new()),
            Tag::HtmlBlock | Tag::Table(_) => self.state = OpenBlock::Opaque,
            Tag::List(first) => self.start_list(*first, span),
            Tag::Item => self.start_item(span),
            _ => self.nesting.enter_container(),
        }
    }

    fn end_tag(&mut self, tag: TagEnd, event: &Event<'_>, span: &Span) {
        match tag {
            TagEnd::Paragraph => self.close_text(),
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::CodeBlock => self.end_code(span),
            TagEnd::HtmlBlock => {
                self.state = OpenBlock::Blocks;
                self.end_html(span);
            }
            TagEnd::Table => {
                self.state = OpenBlock::Blocks;
                self.push_prose(span);
            }
            TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell => {}
            TagEnd::List(_) => self.end_list(),
            TagEnd::Item => self.end_item(),
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.close_text();
                self.nesting.leave_container();
            }
            _ => self.take_inline(event, span),
        }
    }

    fn take_inline(&mut self, event: &Event<'_>, span: &Span) {
        if let Event::TaskListMarker(checked) = event {
            if let Some(item) = self.nesting.innermost_item() {
                item.checked.get_or_insert(*checked);
            }
            return;
        }
        match &mut self.state {
            OpenBlock::Heading(_, run) | OpenBlock::Text(run) => run.take_event(event, span),
            OpenBlock::Fence(_, chunks) | OpenBlock::Indented(_, chunks) => {
                if let Event::Text(text) = event {
                    let padding = if span.is_empty() { text.len() } else { 0 };
                    chunks.push(ContentChunk { span: span.clone(), padding });
                }
            }
            OpenBlock::Opaque => {}
            OpenBlock::Blocks => {
                let mut run = TextRun::new(span.clone(), true);
                run.take_event(event, span);
                self.state = OpenBlock::Text(run);
            }
        }
    }

    fn start_list(&mut self, first: Option<u64>, span: Span) {
        let alternatives = if containers::is_tab_list(self.document, span.start) {
            Some("One of these".to_owned())
        } else {
            first.and(self.preceding.line.as_ref()).and_then(lists::announced_alternatives)
        };
        self.nesting.start_list(OpenList::new(first, alternatives, span));
    }

    fn start_item(&mut self, span: Span) {
        self.preceding.line = None;
        let line = self.lines.line_of(span.start);
        self.nesting.start_item(OpenItem::new(span, line));
    }

    fn end_list(&mut self) {
        self.close_text();
        if let Some(list) = self.nesting.end_list() {
            self.push_block(Block::List(list));
        }
    }

    fn end_item(&mut self) {
        self.close_text();
        self.nesting.end_item();
    }

    /// Adds a block to the innermost open item, or else to the current section.
    fn push_block(&mut self, block: Block) {
        self.preceding.line = None;
        self.preceding.similarity = None;
        if !matches!(block, Block::Prose(_)) {
            self.preceding.anchors.clear();
        }
        match self.nesting.innermost_item() {
            Some(item) => item.blocks.push(block),
            None => self.tree.push_block(block),
        }
    }

    fn push_prose(&mut self, span: &Span) {
        let span = self.whole_lines(span);
        self.preceding.anchors.clear();
        self.push_block(Block::Prose(span));
    }

    /// The bytes of a block's whole lines, without the last line end.
    fn whole_lines(&self, span: &Span) -> Span {
        let length = self.document.get(span.clone()).unwrap_or("").trim_end().len();
        let last = (span.start + length).saturating_sub(1).max(span.start);
        let (first, last) = (self.lines.line_of(span.start), self.lines.line_of(last));
        let lines = self.lines.span_of_lines(first, last);
        let text = self.document.get(lines.clone()).unwrap_or("");
        lines.start..lines.start + text.trim_end_matches(['\n', '\r']).len()
    }

    fn close_text(&mut self) {
        if let OpenBlock::Text(run) = std::mem::replace(&mut self.state, OpenBlock::Blocks) {
            self.end_paragraph(run);
        }
    }

    fn end_paragraph(&mut self, run: TextRun) {
        self.watch_comment(&run);
        let first_of_item = match self.nesting.innermost_item() {
            Some(item) => {
                let text = run.lines.first().map_or("", |line| line.text.as_str());
                item.take_title(containers::item_title(self.document, item.span.start, text))
            }
            None => false,
        };
        if !run.anchors.is_empty() && run.is_blank() {
            let anchors = run.anchors;
            self.push_prose(&run.span);
            self.preceding.anchors = anchors;
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
                self.push_block(Block::Lead(Lead { number, title, span }));
            } else {
                let start = prose.map_or(line.span.start, |span| span.start);
                prose = Some(start..line.span.end.max(line.span.start));
            }
        }
        if let Some(mut span) = prose {
            span.end = span.end.max(run.span.end);
            self.push_prose(&span);
        }
        self.preceding.line =
            run.lines.last().map(|line| LeadingLine { text: line.text.clone(), is_title: line.is_bold() });
    }

    /// Notes a comment that a paragraph opens. A fence may interrupt the paragraph; the author then takes it for commented out.
    fn watch_comment(&mut self, run: &TextRun) {
        for line in &run.lines {
            if !self.comment.is_open && !line.text.contains('<') {
                continue;
            }
            let opened = line.text.rfind("<!--");
            let closed = line.text.rfind("-->");
            if opened > closed {
                self.comment.is_open = self.is_closed_below(run.span.end);
            } else if closed.is_some() {
                self.comment.is_open = false;
            }
        }
    }

    /// True if a comment ends below an offset. The document's last `-->` is looked up once.
    fn is_closed_below(&mut self, at: usize) -> bool {
        let document = self.document;
        *self.comment.last_end.get_or_insert_with(|| document.rfind("-->").unwrap_or(0)) > at
    }

    fn end_code(&mut self, span: &Span) {
        match std::mem::replace(&mut self.state, OpenBlock::Blocks) {
            OpenBlock::Fence(opened, chunks) => self.end_fence(opened, &chunks, span),
            OpenBlock::Indented(opened, chunks) => self.end_indented(opened, &chunks, span),
            _ => self.push_prose(span),
        }
    }

    /// Indented code becomes a cell where it looks like shell, and prose otherwise.
    fn end_indented(&mut self, opened: Span, chunks: &[ContentChunk], span: &Span) {
        let around = self.fence_context(self.comment.is_open || self.is_fence_unsure);
        match cells::make_indented_cell(self.document, self.lines, opened, chunks, around) {
            Some(cell) => self.push_cell(cell),
            None => self.push_prose(span),
        }
    }

    fn fence_context(&self, is_doubtful: bool) -> FenceContext {
        let section = self.tree.current_index();
        let is_announced = self.preceding.similarity.is_some()
            || self.preceding.line.as_ref().is_some_and(|line| kinds::announces_output(&line.text));
        FenceContext { section, is_announced, is_doubtful }
    }

    fn end_fence(&mut self, opened: Span, chunks: &[ContentChunk], span: &Span) {
        let is_bare = self
            .document
            .get(span.start..)
            .and_then(|rest| rest.lines().next())
            .is_some_and(|line| line.trim_end().chars().all(|c| matches!(c, '`' | '~')));
        let around = self.fence_context(self.comment.is_open || (self.is_fence_unsure && is_bare));
        let (cell, is_unsure) =
            cells::make_fenced_cell(self.document, self.lines, opened, chunks, around, self.findings);
        if self.comment.is_open {
            self.findings.push(cells::hidden_finding(cell.line, cell.span.clone()));
        }
        self.is_fence_unsure = is_unsure;
        self.push_cell(cell);
    }

    fn push_cell(&mut self, mut cell: Cell) {
        let (index, section) = (self.cells.len(), cell.section);
        if cell.kind == CellKind::Output {
            if let Some(similarity) = self.preceding.similarity.take() {
                cell.attributes.all.insert("expected_similarity".to_owned(), similarity);
            }
            self.tie_expected_output(index, section);
        }
        self.cells.push(cell);
        self.push_block(Block::Cell(index));
    }

    /// Links an output cell to the command cell directly before it.
    fn tie_expected_output(&mut self, output: usize, section: SectionIndex) {
        let Some(before) = self.cells.last_mut() else { return };
        let runs = matches!(before.kind, CellKind::Command | CellKind::Guessed);
        if runs && before.section == section && before.expected.is_none() {
            before.expected = Some(output);
        }
    }

    fn end_html(&mut self, span: &Span) {
        let html = self.document.get(span.clone()).unwrap_or("");
        cells::report_hidden_fences(self.document, self.lines, span, self.findings);
        if html.contains("-->") {
            self.comment.is_open = false;
        }
        let anchors = text::html_anchor_names(html);
        let similarity = html.split_once("expected_similarity=").map(|(_, rest)| {
            let value = rest.trim_start_matches(['"', '\'']);
            value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>()
        });
        self.push_prose(span);
        self.preceding.anchors = anchors;
        self.preceding.similarity = similarity;
    }

    fn end_heading(&mut self) {
        let OpenBlock::Heading(level, run) = std::mem::replace(&mut self.state, OpenBlock::Blocks) else { return };
        let full = run.joined_text();
        let github_anchor = self.tree.next_anchor(&full);
        let (title, id) = text::split_heading_id(&full).map_or((full.as_str(), None), |(title, id)| (title, Some(id)));
        if self.nesting.is_inside_container() {
            if let Some(item) = self.nesting.innermost_item() {
                item.take_title(title);
            }
            self.push_prose(&run.span);
        } else {
            self.open_section(level, title, github_anchor, id, &run);
        }
        self.preceding.line = Some(LeadingLine { text: title.to_owned(), is_title: true });
    }

    fn open_section(&mut self, level: u8, title: &str, github_anchor: String, own_anchor: Option<&str>, run: &TextRun) {
        let start = self.whole_lines(&run.span).start;
        let html_anchors = self.preceding.anchors.drain(..).chain(run.anchors.iter().cloned()).collect();
        let line = self.lines.line_of(run.span.start);
        let heading = Heading { level, title, github_anchor, own_anchor, html_anchors, line };
        self.tree.open_section(heading, start..self.document.len());
        self.preceding.similarity = None;
        self.is_fence_unsure = false;
        self.comment.is_open = false;
    }

    fn into_outline(mut self) -> Outline {
        self.close_text();
        Outline { sections: self.tree.into_sections(), cells: self.cells }
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
