//! Markdown for a terminal.
//!
//! Invariant: linear in the text but for a bounded indentation. Every piece of text is sanitised after parsing, so that an
//! entity (`&#27;`) cannot smuggle in an escape. Refuses to know: what a document is for.

use super::style::{Color, Style};
use super::table::MarkdownTable;
use super::text::sanitize_text;
use super::wrap::{StyledSpan, render_spans, wrap_spans};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The narrowest column of text. Containers nested deeper than that are not indented any further.
const NARROWEST: usize = 20;

/// Renders Markdown in lines of at most `width` columns, each with its newline. Code keeps its own lines.
pub fn render_markdown(text: &str, width: usize, color: Color) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut renderer = MarkdownRenderer::new(width.max(NARROWEST), color);
    for event in Parser::new_ext(text, options) {
        renderer.consume_event(event);
    }
    renderer.end_block();
    renderer.out
}

struct MarkdownRenderer {
    width: usize,
    color: Color,
    out: String,
    inline: InlineText,
    margin: Margin,
    /// The open lists, outermost first, each with its next number if it is numbered.
    lists: Vec<Option<u64>>,
    /// The code block being read.
    code: Option<String>,
    /// The HTML block being read.
    html: Option<String>,
    table: Option<MarkdownTable>,
    /// True if a blank line belongs in front of the next block.
    needs_gap: bool,
}

/// The text of the block being read.
#[derive(Default)]
struct InlineText {
    spans: Vec<StyledSpan>,
    /// The open styles, outermost first.
    styles: Vec<Style>,
    /// Targets of the open links, each with the span at which its text begins.
    links: Vec<(String, usize)>,
}

impl InlineText {
    fn current_style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn push_text(&mut self, text: &str) {
        self.push_styled(self.current_style(), text);
    }

    fn push_styled(&mut self, style: Style, text: &str) {
        self.spans.push(StyledSpan::new(style, sanitize_text(text)));
    }

    fn begin_link(&mut self, target: String) {
        self.links.push((target, self.spans.len()));
    }

    /// Adds the target of a link, unless its text is the target or it leads to a section.
    fn end_link(&mut self) {
        let Some((url, from)) = self.links.pop() else { return };
        let text: String = self.spans.get(from..).unwrap_or_default().iter().map(|span| span.text.as_str()).collect();
        let shows_target = text == sanitize_text(&url) || url.strip_prefix("mailto:") == Some(text.as_str());
        if !url.is_empty() && !url.starts_with('#') && !shows_target {
            self.push_text(if text.is_empty() { "<" } else { " <" });
            self.push_styled(Style::Link, &url);
            self.push_text(">");
        }
    }
}

/// Text in front of every line: the indentation of the open containers, and a list marker.
#[derive(Default)]
struct Margin {
    indent: String,
    /// Length of the indentation outside each open container. Lengths alone, so that a line costs the same at any depth.
    outer: Vec<usize>,
    /// Replaces the end of the indentation on the next line.
    marker: Option<String>,
}

impl Margin {
    /// Columns that are left for text.
    fn text_width(&self, width: usize) -> usize {
        width.saturating_sub(self.indent.len()).max(NARROWEST)
    }

    fn push_indent(&mut self, indent: &str, width: usize) {
        // Without room the text stays readable, and the depth does not show.
        let is_too_deep = self.indent.len() + indent.len() + NARROWEST > width;
        self.outer.push(self.indent.len());
        self.indent.push_str(if is_too_deep { "" } else { indent });
    }

    fn pop_indent(&mut self) {
        self.indent.truncate(self.outer.pop().unwrap_or(0));
    }

    /// Renders the margin of the next line. The first line of a list item gets the marker.
    fn take_line_start(&mut self, color: Color) -> String {
        let marker = self.marker.take();
        let inner = if marker.is_some() { self.outer.last().copied() } else { None };
        let indent = self.indent.get(..inner.unwrap_or(self.indent.len())).unwrap_or_default();
        let marker = marker.unwrap_or_default();
        // Blanks are not styled, so that they can be trimmed from the end of a line.
        let style = if indent.trim().is_empty() { Style::Prose } else { Style::Dim };
        let mut start = color.paint_text(style, indent);
        start.push_str(&color.paint_text(Style::Number, &marker));
        start
    }
}

impl MarkdownRenderer {
    fn new(width: usize, color: Color) -> Self {
        Self {
            width,
            color,
            out: String::new(),
            inline: InlineText::default(),
            margin: Margin::default(),
            lists: Vec::new(),
            code: None,
            html: None,
            table: None,
            needs_gap: false,
        }
    }

    fn consume_event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin_tag(tag),
            Event::End(tag) => self.end_tag(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.inline.push_text(&text),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => match self.color {
                Color::Always => self.inline.push_styled(Style::Code, &text),
                // Without colour, backticks mark the code.
                Color::Never => self.inline.push_styled(Style::Code, &format!("`{text}`")),
            },
            // Most inline HTML in runbooks is a placeholder: `<pod-name>`.
            Event::InlineHtml(html) => match html.as_ref() {
                "<br>" | "<br/>" | "<br />" => self.inline.push_styled(Style::Prose, "\n"),
                comment if comment.starts_with("<!--") => {}
                other => self.inline.push_text(other),
            },
            Event::Html(html) => {
                if let Some(block) = &mut self.html {
                    block.push_str(&html);
                }
            }
            Event::SoftBreak => self.inline.push_text(" "),
            Event::HardBreak => self.inline.push_text("\n"),
            Event::Rule => {
                self.end_block();
                self.inline.push_styled(Style::Dim, &"-".repeat(self.margin.text_width(self.width).min(20)));
                self.end_block();
            }
            Event::TaskListMarker(done) => self.inline.push_styled(Style::Number, if done { "[x] " } else { "[ ] " }),
            Event::FootnoteReference(name) => self.inline.push_text(&format!("[^{name}]")),
        }
    }

    fn begin_tag(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.end_block(),
            Tag::Heading { level, .. } => {
                self.end_block();
                self.inline.styles.push(Style::Heading);
                if self.color == Color::Never {
                    // Without colour, `#` signs mark the heading.
                    self.inline.push_styled(Style::Heading, &format!("{} ", "#".repeat(level as usize)));
                }
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.write_gap();
                self.margin.push_indent("| ", self.width);
            }
            Tag::CodeBlock(_) => {
                self.end_block();
                self.code = Some(String::new());
            }
            Tag::HtmlBlock => {
                self.end_block();
                self.html = Some(String::new());
            }
            Tag::List(first) => {
                self.end_block();
                // No blank line between an item and the list inside it.
                self.needs_gap &= self.lists.is_empty();
                self.lists.push(first);
            }
            Tag::Item => self.begin_item(),
            Tag::Table(alignments) => {
                self.end_block();
                self.table = Some(MarkdownTable::new(&alignments));
            }
            Tag::TableHead => self.inline.styles.push(Style::Heading),
            Tag::Emphasis => self.inline.styles.push(Style::Emphasis),
            Tag::Strong => self.inline.styles.push(Style::Strong),
            Tag::Strikethrough => self.inline.styles.push(Style::Struck),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.inline.begin_link(dest_url.to_string());
            }
            _ => {}
        }
    }

    fn end_tag(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_block(),
            TagEnd::Heading(_) => {
                self.inline.styles.pop();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.margin.pop_indent();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => {
                self.end_html();
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
                self.needs_gap = true;
            }
            TagEnd::Item => {
                self.end_block();
                // An item without text still gets its marker.
                if let Some(marker) = self.margin.marker.take() {
                    self.write_line(&[StyledSpan::new(Style::Number, marker.trim_end())]);
                }
                self.margin.pop_indent();
                self.needs_gap = false;
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline.spans);
                if let Some(table) = &mut self.table {
                    table.push_cell(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if tag == TagEnd::TableHead {
                    self.inline.styles.pop();
                }
                if let Some(table) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.inline.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => self.inline.end_link(),
            _ => {}
        }
    }

    fn begin_item(&mut self) {
        self.end_block();
        self.write_gap();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        self.margin.push_indent(&" ".repeat(marker.len()), self.width);
        self.margin.marker = Some(marker);
    }

    /// Writes an HTML block as it is, without its comments.
    fn end_html(&mut self) {
        let html = self.html.take().unwrap_or_default();
        let mut rest = html.as_str();
        while let Some((before, comment)) = rest.split_once("<!--") {
            self.inline.push_styled(Style::Dim, before.trim_end());
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        }
        self.inline.push_styled(Style::Dim, rest.trim_end());
        if self.inline.spans.iter().all(|span| span.text.trim().is_empty()) {
            self.inline.spans.clear();
        }
        self.end_block();
    }

    /// Writes the block being read, if there is one.
    fn end_block(&mut self) {
        if self.inline.spans.is_empty() || self.table.is_some() {
            return;
        }
        let spans = std::mem::take(&mut self.inline.spans);
        self.write_gap();
        let mut lines = wrap_spans(&spans, self.margin.text_width(self.width));
        while lines.last().is_some_and(Vec::is_empty) && lines.len() > 1 {
            lines.pop();
        }
        for line in lines {
            self.write_line(&line);
        }
        self.needs_gap = true;
    }

    fn end_code(&mut self) {
        let Some(code) = self.code.take() else { return };
        self.write_gap();
        for line in sanitize_text(&code).lines() {
            let line = line.replace('\t', "    ");
            self.write_line(&[StyledSpan::new(Style::Dim, format!("    {line}"))]);
        }
        self.needs_gap = true;
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        self.write_gap();
        for line in table.render_lines(self.margin.text_width(self.width)) {
            self.write_line(&line);
        }
        self.needs_gap = true;
    }

    fn write_gap(&mut self) {
        if std::mem::take(&mut self.needs_gap) && !self.out.is_empty() {
            self.write_line(&[]);
        }
    }

    /// Writes one line behind the margin.
    fn write_line(&mut self, line: &[StyledSpan]) {
        let mut written = self.margin.take_line_start(self.color);
        written.push_str(&render_spans(line, self.color));
        self.out.push_str(written.trim_end());
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        render_markdown(text, 40, Color::Never)
    }

    #[test]
    fn headings_lists_quotes_and_code_keep_their_shape() {
        let text = "# Restore\n\nStop **everything** that writes to\nthe `orders` database first.\n\n\
                    1. Call the owner\n2. Wait:\n   - for an answer that may take a while to come\n   - [ ] for the all-clear\n\n\
                    > Never on a Friday.\n\n```sql\nSELECT 1;\n\tFROM x\n```\n\nAfter\n\n---\n\nEnd";
        insta::assert_snapshot!(plain(text), @r"
        # Restore

        Stop everything that writes to the
        `orders` database first.

        1. Call the owner
        2. Wait:
           - for an answer that may take a while
             to come
           - [ ] for the all-clear

        | Never on a Friday.

            SELECT 1;
                FROM x

        After

        --------------------

        End
        ");
    }

    #[test]
    fn a_table_is_aligned_and_fits() {
        let text = "| Role | Who | Reach |\n|---|:-:|--:|\n| Lead | Ann | 12 |\n| Database | Bo \\| Cy | whenever the pager rings |\n";
        insta::assert_snapshot!(plain(text), @r"
        Role        Who                    Reach
        --------  -------  ---------------------
        Lead        Ann                       12
        Database  Bo | Cy     whenever the pager
                                           rings
        ");
    }

    #[test]
    fn a_link_shows_where_it_leads_unless_its_text_does() {
        assert_eq!(
            plain("[docs](https://x.org/d) <https://x.org> [here](#top)"),
            "docs <https://x.org/d> https://x.org\nhere\n"
        );
        assert_eq!(plain("![map](m.png)"), "map <m.png>\n");
    }

    #[test]
    fn a_value_to_fill_in_that_looks_like_html_stays() {
        assert_eq!(plain("Restart <pod-name> now<br>and wait <!-- not this -->"), "Restart <pod-name> now\nand wait\n");
        assert_eq!(plain("<!-- hidden\nlines -->\n\nshown"), "shown\n");
    }

    #[test]
    fn no_way_of_writing_an_escape_gets_it_to_the_terminal() {
        let text = "a\u{1b}[2Jb &#27;[31m `\u{1b}c` [x](http://e\u{1b}]0;t\u{7}) <b\u{1b}>\n\n\
                    ```\n\u{1b}P\n```\n\n| \u{1b}[1m |\n|---|\n| \u{9b}2J |\n\n<div>\u{1b}[0m";
        let shown = plain(text);
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        assert!(shown.contains("^[[2J"));
    }

    #[test]
    fn deep_and_wide_input_is_bounded() {
        let quotes = format!("{}deep", "> ".repeat(5_000));
        let table = format!("|{}|\n|{}|\n{}", "a|".repeat(500), "-|".repeat(500), "| x |\n".repeat(2_000));
        let lists = (0..500).fold(String::new(), |lists, i| lists + &"  ".repeat(i) + "- x\n");
        let lazy = format!("{}deep\n{}", "> ".repeat(20_000), "words that go on\n".repeat(20_000));
        for text in [quotes, table, lists, lazy, "*a ".repeat(20_000), "[".repeat(20_000), "x".repeat(200_000)] {
            let shown = render_markdown(&text, 80, Color::Always);
            assert!(shown.len() < 60_000_000, "{}", shown.len());
        }
    }
}
