//! Markdown for a terminal.
//!
//! Invariant: linear in the text but for a bounded indentation; every piece of the text passes through `sanitize` behind
//! the parser, so that an entity (`&#27;`) cannot smuggle what a byte could not.

use super::style::{Color, Style};
use super::table::Table;
use super::text::sanitize;
use super::wrap::{Span, render, wrap};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The narrowest column of text; deeper containers are not indented any more.
const NARROWEST: usize = 20;

/// Markdown in lines of at most `width` columns, each with its newline; code keeps its own lines.
pub fn markdown(text: &str, width: usize, color: Color) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = Page { width: width.max(NARROWEST), color, ..Page::default() };
    for event in Parser::new_ext(text, options) {
        page.take(event);
    }
    page.end_block();
    page.out
}

struct Page {
    width: usize,
    color: Color,
    out: String,
    /// The block being read.
    spans: Vec<Span>,
    styles: Vec<Style>,
    /// What stands before each line, and the marker that replaces its end on the next one.
    indent: String,
    /// How long it was before each container. Lengths alone: a deep nest costs each line nothing.
    outer: Vec<usize>,
    marker: Option<String>,
    lists: Vec<Option<u64>>,
    code: Option<String>,
    /// The block of HTML being read.
    html: Option<String>,
    /// Where the open links lead, with where their text begins.
    links: Vec<(String, usize)>,
    table: Option<Table>,
    /// A blank line belongs before the next block.
    gap: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            width: NARROWEST,
            color: Color::Never,
            out: String::new(),
            spans: Vec::new(),
            styles: Vec::new(),
            indent: String::new(),
            outer: Vec::new(),
            marker: None,
            lists: Vec::new(),
            code: None,
            html: None,
            links: Vec::new(),
            table: None,
            gap: false,
        }
    }
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.push(self.style(), &text),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => match self.color {
                Color::Always => self.push(Style::Code, &text),
                // Without colour only the ticks tell where code begins.
                Color::Never => self.push(Style::Code, &format!("`{text}`")),
            },
            // Most inline HTML in runbooks is a value to fill in: `<pod-name>`.
            Event::InlineHtml(html) => match html.as_ref() {
                "<br>" | "<br/>" | "<br />" => self.push(Style::Prose, "\n"),
                comment if comment.starts_with("<!--") => {}
                other => self.push(self.style(), other),
            },
            Event::Html(html) => {
                if let Some(block) = &mut self.html {
                    block.push_str(&html);
                }
            }
            Event::SoftBreak => self.push(self.style(), " "),
            Event::HardBreak => self.push(self.style(), "\n"),
            Event::Rule => {
                self.end_block();
                self.push(Style::Dim, &"-".repeat(self.room().min(20)));
                self.end_block();
            }
            Event::TaskListMarker(done) => self.push(Style::Number, if done { "[x] " } else { "[ ] " }),
            Event::FootnoteReference(name) => self.push(self.style(), &format!("[^{name}]")),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.end_block(),
            Tag::Heading { level, .. } => {
                self.end_block();
                self.styles.push(Style::Heading);
                if self.color == Color::Never {
                    // Without colour only the signs tell a heading.
                    self.push(Style::Heading, &format!("{} ", "#".repeat(level as usize)));
                }
            }
            Tag::BlockQuote(_) => {
                self.end_block();
                self.before_block();
                self.indent("| ");
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
                // A list in a list follows its item at once.
                self.gap &= self.lists.is_empty();
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::Table(alignments) => {
                self.end_block();
                self.table = Some(Table::new(&alignments));
            }
            Tag::TableHead => self.styles.push(Style::Heading),
            Tag::Emphasis => self.styles.push(Style::Emphasis),
            Tag::Strong => self.styles.push(Style::Strong),
            Tag::Strikethrough => self.styles.push(Style::Struck),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.to_string(), self.spans.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_block(),
            TagEnd::Heading(_) => {
                self.styles.pop();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.outdent();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::HtmlBlock => {
                self.end_html();
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
                self.gap = true;
            }
            TagEnd::Item => {
                self.end_block();
                // An item without text still has its marker.
                if let Some(marker) = self.marker.take() {
                    self.line(&[Span::new(Style::Number, marker.trim_end())]);
                }
                self.outdent();
                self.gap = false;
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                if let Some(table) = &mut self.table {
                    table.cell(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if tag == TagEnd::TableHead {
                    self.styles.pop();
                }
                if let Some(table) = &mut self.table {
                    table.end_row();
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn start_item(&mut self) {
        self.end_block();
        self.before_block();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        };
        self.indent(&" ".repeat(marker.len()));
        self.marker = Some(marker);
    }

    /// Shows where a link leads, unless its text says so.
    fn end_link(&mut self) {
        let Some((url, from)) = self.links.pop() else { return };
        let text: String = self.spans.get(from..).unwrap_or_default().iter().map(|span| span.text.as_str()).collect();
        let says_so = text == sanitize(&url) || url.strip_prefix("mailto:") == Some(text.as_str());
        if !url.is_empty() && !url.starts_with('#') && !says_so {
            self.push(self.style(), if text.is_empty() { "<" } else { " <" });
            self.push(Style::Link, &url);
            self.push(self.style(), ">");
        }
    }

    /// Shows a block of HTML as it is, without its comments.
    fn end_html(&mut self) {
        let html = self.html.take().unwrap_or_default();
        let mut rest = html.as_str();
        while let Some((before, comment)) = rest.split_once("<!--") {
            self.push(Style::Dim, before.trim_end());
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        }
        self.push(Style::Dim, rest.trim_end());
        if self.spans.iter().all(|span| span.text.trim().is_empty()) {
            self.spans.clear();
        }
        self.end_block();
    }

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn push(&mut self, style: Style, text: &str) {
        self.spans.push(Span::new(style, sanitize(text)));
    }

    fn room(&self) -> usize {
        self.width.saturating_sub(self.indent.len()).max(NARROWEST)
    }

    fn indent(&mut self, indent: &str) {
        // So deep that there is no room: the text stays readable, the depth does not show.
        let deep = self.indent.len() + indent.len() + NARROWEST > self.width;
        self.outer.push(self.indent.len());
        self.indent.push_str(if deep { "" } else { indent });
    }

    fn outdent(&mut self) {
        self.indent.truncate(self.outer.pop().unwrap_or(0));
    }

    /// Ends the block being read and writes it.
    fn end_block(&mut self) {
        if self.spans.is_empty() || self.table.is_some() {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        self.before_block();
        let mut lines = wrap(&spans, self.room());
        while lines.last().is_some_and(Vec::is_empty) && lines.len() > 1 {
            lines.pop();
        }
        for line in lines {
            self.line(&line);
        }
        self.gap = true;
    }

    fn end_code(&mut self) {
        let Some(code) = self.code.take() else { return };
        self.before_block();
        for line in sanitize(&code).lines() {
            let line = line.replace('\t', "    ");
            self.line(&[Span::new(Style::Dim, format!("    {line}"))]);
        }
        self.gap = true;
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        self.before_block();
        for line in table.lines(self.room()) {
            self.line(&line);
        }
        self.gap = true;
    }

    fn before_block(&mut self) {
        if std::mem::take(&mut self.gap) && !self.out.is_empty() {
            self.line(&[]);
        }
    }

    /// Writes one line behind the indentation; the first line of an item has its marker there.
    fn line(&mut self, line: &[Span]) {
        let marker = self.marker.take();
        let inner = if marker.is_some() { self.outer.last().copied() } else { None };
        let indent = self.indent.get(..inner.unwrap_or(self.indent.len())).unwrap_or_default();
        let marker = marker.unwrap_or_default();
        // Blanks are not styled, so that they can be taken off the end of a line.
        let style = if indent.trim().is_empty() { Style::Prose } else { Style::Dim };
        let mut written = self.color.paint(style, indent);
        written.push_str(&self.color.paint(Style::Number, &marker));
        written.push_str(&render(line, self.color));
        self.out.push_str(written.trim_end());
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        markdown(text, 40, Color::Never)
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
            let shown = markdown(&text, 80, Color::Always);
            assert!(shown.len() < 60_000_000, "{}", shown.len());
        }
    }
}
