//! Renders Markdown as HTML.
//!
//! Invariant: raw HTML in the Markdown becomes text, never markup. An image becomes its text and address, so that nothing is
//! loaded. Links lead to an anchor in the page, to another file, or use http, https or mailto.

use super::escape::{escape_text, push_escaped};
use super::shell::PageAnchor;
use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::fmt::Write as _;

/// A longer info string of a fence is not taken for a language.
const LANGUAGE_BYTES: usize = 20;

/// Origin of the Markdown, which decides how headings are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A template of ours: headings keep their levels.
    OwnTemplate,
    /// Any other author: headings become bold text, so that the page keeps its own outline.
    Quoted,
}

/// Turns Markdown (with tables, strikethrough and task lists) into HTML.
pub fn markdown_to_html(source: &str, trust: Trust) -> String {
    markdown_part_to_html(source, trust, &mut Headings::default())
}

/// Headings of a page so far, each with its unique `id`.
#[derive(Clone, Debug, Default)]
pub struct Headings {
    with_levels: Vec<(HeadingLevel, PageAnchor)>,
    /// Number of tables below the last heading.
    tables_under_last: usize,
}

impl Headings {
    /// Text of the first heading.
    pub fn first_title(&self) -> Option<&str> {
        self.with_levels.first().map(|(_, anchor)| anchor.name.as_str())
    }

    /// Second-level headings, as targets for navigation.
    pub fn second_level_anchors(&self) -> Vec<PageAnchor> {
        self.with_levels
            .iter()
            .filter(|(level, _)| *level == HeadingLevel::H2)
            .map(|(_, anchor)| anchor.clone())
            .collect()
    }

    /// Adds a heading and returns its unique `id`. `content` and ids that begin with `drawing` are reserved by the page.
    fn add_heading(&mut self, level: HeadingLevel, name: &str) -> String {
        let letters = name.to_lowercase();
        let words = letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut slug = words.collect::<Vec<_>>().join("-");
        if slug.is_empty() || slug == "content" || slug.starts_with("drawing") {
            slug = format!("part-{slug}");
        }
        let is_taken = |id: &str| self.with_levels.iter().any(|(_, anchor)| anchor.id == id);
        let more = (2..).map(|number| format!("{slug}-{number}"));
        let id = std::iter::once(slug.clone()).chain(more).find(|id| !is_taken(id)).unwrap_or(slug);
        self.with_levels.push((level, PageAnchor::new(id.clone(), name.trim())));
        self.tables_under_last = 0;
        id
    }

    /// Accessible name for the next table, derived from its heading and unique below it.
    fn next_table_name(&mut self) -> String {
        self.tables_under_last += 1;
        let number = if self.tables_under_last > 1 { format!(" {}", self.tables_under_last) } else { String::new() };
        let under = self.with_levels.last().map_or_else(String::new, |(_, anchor)| format!(": {}", anchor.name));
        format!("Table{number}{under}")
    }
}

/// Like [`markdown_to_html`], for a part of a page: heading ids are unique across all parts that share `headings`.
pub fn markdown_part_to_html(source: &str, trust: Trust, headings: &mut Headings) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = HtmlWriter {
        out: String::new(),
        trust,
        alignments: Vec::new(),
        cell_index: 0,
        in_table_head: false,
        links: Vec::new(),
        table_name: String::new(),
    };
    // Position in `out` for the open heading's `id`, and the heading's text so far.
    let mut heading: Option<(usize, String)> = None;
    for event in Parser::new_ext(source, options) {
        match (&event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some((writer.out.len() + "<h1".len(), String::new())),
            (Event::Text(words) | Event::Code(words), Some((_, name))) => name.push_str(words),
            (Event::End(TagEnd::Heading(level)), Some((at, name))) if trust == Trust::OwnTemplate => {
                let id = format!(" id=\"{}\"", escape_text(&headings.add_heading(*level, name)));
                writer.out.insert_str(*at, &id);
                heading = None;
            }
            (Event::Start(Tag::Table(_)), _) => writer.table_name = headings.next_table_name(),
            _ => {}
        }
        writer.write_event(event);
    }
    writer.out
}

struct HtmlWriter {
    out: String,
    trust: Trust,
    alignments: Vec<Alignment>,
    cell_index: usize,
    in_table_head: bool,
    /// Open links and images: true if an `<a>` was written, and the address of an image.
    links: Vec<(bool, String)>,
    /// Accessible name of the current table.
    table_name: String,
}

impl HtmlWriter {
    fn write_event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start_tag(tag),
            Event::End(tag) => self.end_tag(tag),
            Event::Text(words) | Event::Html(words) | Event::InlineHtml(words) => push_escaped(&mut self.out, &words),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                self.out.push_str("<code>");
                push_escaped(&mut self.out, &code);
                self.out.push_str("</code>");
            }
            Event::FootnoteReference(name) => push_escaped(&mut self.out, &name),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(done) => self.out.push_str(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start_tag(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.out.push_str("<p>"),
            Tag::Heading { level, .. } => match self.trust {
                Trust::OwnTemplate => write!(self.out, "<h{}>", heading_number(level)).unwrap_or_default(),
                Trust::Quoted => self.out.push_str("<p class=\"heading\"><strong>"),
            },
            Tag::BlockQuote(_) => self.out.push_str("<blockquote>\n"),
            Tag::CodeBlock(kind) => self.start_code_block(&kind),
            Tag::List(None) => self.out.push_str("<ul>\n"),
            Tag::List(Some(1)) => self.out.push_str("<ol>\n"),
            Tag::List(Some(first)) => writeln!(self.out, "<ol start=\"{first}\">").unwrap_or_default(),
            Tag::Item => self.out.push_str("<li>"),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                let name = escape_text(&self.table_name);
                writeln!(self.out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\">\n<table>")
                    .unwrap_or_default();
            }
            Tag::TableHead => {
                (self.in_table_head, self.cell_index) = (true, 0);
                self.out.push_str("<thead>\n<tr>");
            }
            Tag::TableRow => {
                self.cell_index = 0;
                self.out.push_str("<tr>");
            }
            Tag::TableCell => self.start_table_cell(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Link { dest_url, .. } => {
                let allowed = allowed_destination(&dest_url);
                if let Some(to) = &allowed {
                    write!(self.out, "<a href=\"{to}\" rel=\"noreferrer noopener\">").unwrap_or_default();
                }
                self.links.push((allowed.is_some(), String::new()));
            }
            Tag::Image { dest_url, .. } => {
                self.out.push_str("[image: ");
                self.links.push((false, dest_url.to_string()));
            }
            _ => {}
        }
    }

    fn start_code_block(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split_whitespace().next().filter(|word| word.len() <= LANGUAGE_BYTES),
            CodeBlockKind::Indented => None,
        };
        let label = escape_text(language.unwrap_or("Text"));
        write!(self.out, "<pre tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><code>").unwrap_or_default();
    }

    fn start_table_cell(&mut self) {
        let class = match self.alignments.get(self.cell_index) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            _ => "",
        };
        let name = if self.in_table_head { "th scope=\"col\"" } else { "td" };
        write!(self.out, "<{name}{class}>").unwrap_or_default();
    }

    fn end_tag(&mut self, tag: TagEnd) {
        let closing = match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>\n",
            TagEnd::Heading(level) => match self.trust {
                Trust::OwnTemplate => &format!("</h{}>\n", heading_number(level)),
                Trust::Quoted => "</strong></p>\n",
            },
            TagEnd::BlockQuote(_) => "</blockquote>\n",
            TagEnd::CodeBlock => "</code></pre>\n",
            TagEnd::List(true) => "</ol>\n",
            TagEnd::List(false) => "</ul>\n",
            TagEnd::Item => "</li>\n",
            TagEnd::Table => "</tbody>\n</table>\n</div>\n",
            TagEnd::TableHead => {
                self.in_table_head = false;
                "</tr>\n</thead>\n<tbody>\n"
            }
            TagEnd::TableRow => "</tr>\n",
            TagEnd::TableCell => {
                self.cell_index += 1;
                if self.in_table_head { "</th>" } else { "</td>" }
            }
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</del>",
            TagEnd::Link => match self.links.pop() {
                Some((true, _)) => "</a>",
                _ => "",
            },
            TagEnd::Image => {
                let (_, to) = self.links.pop().unwrap_or_default();
                push_escaped(&mut self.out, &format!(" {to}"));
                "]"
            }
            _ => "",
        };
        self.out.push_str(closing);
    }
}

fn heading_number(level: HeadingLevel) -> u8 {
    level as u8
}

/// Escaped address of a link; none if its scheme is not allowed.
fn allowed_destination(to: &CowStr<'_>) -> Option<String> {
    let to = to.trim();
    // Browsers take blanks and controls out of a scheme.
    if to.is_empty() || to.contains(|c: char| c.is_control() || c.is_whitespace()) || to.starts_with("//") {
        return None;
    }
    let scheme = to.split(['/', '?', '#']).next().unwrap_or_default().split_once(':');
    let is_allowed = scheme.is_none_or(|(scheme, _)| {
        ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
    });
    (is_allowed && !to.contains('\\')).then(|| escape_text(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_every_kind_has_its_element() {
        let html = markdown_to_html(
            "# A\n\n- [x] b `c`\n\n| d | e |\n|--|-:|\n| *f* | ~~g~~ |\n\n```sh\nls <x>\n```\n",
            Trust::OwnTemplate,
        );
        for piece in [
            "<h1 id=\"a\">A</h1>",
            "<li>☑ b <code>c</code></li>",
            "<th scope=\"col\">d</th><th scope=\"col\" class=\"right\">e</th>",
            "<td><em>f</em></td><td class=\"right\"><del>g</del></td>",
            "aria-label=\"sh\"><code>ls &lt;x&gt;\n</code></pre>",
        ] {
            assert!(html.contains(piece), "{piece}\n{html}");
        }
    }

    #[test]
    fn each_table_has_a_name_of_its_own() {
        let table = "| a |\n|--|\n| b |\n\n";
        let html =
            markdown_to_html(&format!("{table}# \"T\" <i>\n\n{table}{table}## U\n\n{table}"), Trust::OwnTemplate);
        let names: Vec<&str> =
            html.split("aria-label=\"").skip(1).filter_map(|part| part.split("\">").next()).collect();
        assert_eq!(names, ["Table", "Table: &quot;T&quot;", "Table 2: &quot;T&quot;", "Table: U"], "{html}");
    }

    #[test]
    fn html_in_markdown_is_text_and_nothing_is_loaded() {
        let source = "<script>alert(1)</script>\n\na <img src=x onerror=y> ![b](https://e/x.png) <b>\n\n# h";
        let html = markdown_to_html(source, Trust::Quoted);
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>") && !html.contains("<h1"));
        assert!(html.contains("[image: b https://e/x.png]"), "{html}");
    }

    #[test]
    fn links_go_only_where_they_may() {
        for bad in ["javascript:alert(1)", "JaVaScript:x", "data:text/html,x", "//evil", "vbscript:x", "file:///etc"] {
            let html = markdown_to_html(&format!("[x](<{bad}>)"), Trust::Quoted);
            assert!(!html.contains("<a "), "{bad}: {html}");
        }
        for good in ["https://e/a", "#there", "output/000001.out", "mailto:a@b"] {
            let html = markdown_to_html(&format!("[x]({good})"), Trust::Quoted);
            assert!(html.contains(&format!("<a href=\"{good}\"")), "{good}: {html}");
        }
    }
}
