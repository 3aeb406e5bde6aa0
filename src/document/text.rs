//! Markdown as a reader sees it: text line by line, markup removed.
//!
//! Invariant: a line of text keeps the bytes it came from. Refuses to know: blocks and sections.

use super::Span;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The extensions of CommonMark in use. Heading attributes are not, because they would swallow `{service}` from a title.
pub(super) fn markdown_options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// Bytes reserved for a line, whose text arrives in pieces.
const USUAL_LINE: usize = 64;

/// One line of a paragraph or heading.
#[derive(Debug, Default)]
pub(super) struct TextLine {
    pub(super) text: String,
    pub(super) span: Span,
    has_strong: bool,
    has_other: bool,
}

impl TextLine {
    /// True if the whole line is bold, except for a colon behind it.
    pub(super) fn is_bold(&self) -> bool {
        self.has_strong && !self.has_other
    }
}

/// The text of a paragraph or heading while its events arrive.
#[derive(Debug)]
pub(super) struct TextRun {
    pub(super) span: Span,
    pub(super) lines: Vec<TextLine>,
    /// Anchors written as `<a name>` or `<a id>`.
    pub(super) anchors: Vec<String>,
    /// True in a tight list item, whose paragraphs have no events of their own.
    pub(super) is_implicit: bool,
    strong: usize,
    images: usize,
}

impl TextRun {
    pub(super) fn new(span: Span, is_implicit: bool) -> Self {
        let first = TextLine { span: span.start..span.start, ..TextLine::default() };
        Self { span, lines: vec![first], anchors: Vec::new(), is_implicit, strong: 0, images: 0 }
    }

    /// Adds the text of one inline event.
    pub(super) fn take_event(&mut self, event: &Event<'_>, span: &Span) {
        if self.is_implicit {
            self.span.end = self.span.end.max(span.end);
        }
        match event {
            Event::Start(Tag::Strong) => self.strong += 1,
            Event::End(TagEnd::Strong) => self.strong = self.strong.saturating_sub(1),
            Event::Start(Tag::Image { .. }) => self.images += 1,
            Event::End(TagEnd::Image) => self.images = self.images.saturating_sub(1),
            Event::Text(text) | Event::Code(text) if self.images == 0 => self.push_text(text, span),
            Event::InlineHtml(html) => self.anchors.extend(html_anchor_names(html)),
            Event::SoftBreak | Event::HardBreak => {
                self.lines.push(TextLine { span: span.end..span.end, ..TextLine::default() });
            }
            _ => {}
        }
    }

    fn push_text(&mut self, text: &str, span: &Span) {
        let is_strong = self.strong > 0;
        if let Some(line) = self.lines.last_mut() {
            if line.text.is_empty() {
                line.text.reserve(text.len().max(USUAL_LINE));
            }
            line.text.push_str(text);
            line.span.end = line.span.end.max(span.end);
            line.has_strong |= is_strong;
            line.has_other |= !is_strong && !text.trim().trim_matches(':').is_empty();
        }
    }

    /// All lines, joined with blanks.
    pub(super) fn joined_text(&self) -> String {
        let texts: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        texts.join(" ")
    }

    pub(super) fn is_blank(&self) -> bool {
        self.lines.iter().all(|line| line.text.trim().is_empty())
    }
}

/// The anchors that `<a name="x">` and `<a id="x">` define in a piece of HTML.
pub(super) fn html_anchor_names(html: &str) -> Vec<String> {
    let mut names = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or("");
        let Some(attributes) = tag.strip_prefix(['a', 'A']).filter(|rest| rest.starts_with(char::is_whitespace)) else {
            continue;
        };
        for key in ["name=", "id="] {
            let found = attributes.match_indices(key).find(|(at, _)| {
                attributes
                    .get(..*at)
                    .is_some_and(|before| before.ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')))
            });
            let Some(value) = found.and_then(|(at, _)| attributes.get(at + key.len()..)) else { continue };
            let value = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value.get(1..).and_then(|value| value.split(quote).next()),
                _ => value.split(|c: char| c.is_whitespace() || c == '/').next(),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                names.push(value.to_owned());
            }
        }
    }
    names
}

/// Splits a heading's text from an anchor of its own: `Title {#id}`.
pub(super) fn split_heading_id(title: &str) -> Option<(&str, &str)> {
    let inner = title.trim_end().strip_suffix('}')?;
    let (head, attributes) = inner.rsplit_once('{')?;
    let mut words = attributes.split_whitespace();
    let id = words.next()?.strip_prefix('#').filter(|id| !id.is_empty())?;
    words.all(|word| word.starts_with('.') || word.contains('=')).then(|| (head.trim_end(), id))
}

/// Markdown as a reader sees it, blocks separated by newlines.
pub(super) fn plain_text(markdown: &str) -> String {
    let mut text = String::new();
    let mut images = 0_usize;
    for event in Parser::new_ext(markdown, markdown_options()) {
        match event {
            Event::Start(Tag::Image { .. }) => images += 1,
            Event::End(TagEnd::Image) => images = images.saturating_sub(1),
            Event::Text(part) | Event::Code(part) if images == 0 => text.push_str(&part),
            Event::SoftBreak | Event::End(TagEnd::TableCell) => text.push(' '),
            Event::HardBreak
            | Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead,
            ) if !text.ends_with('\n') => text.push('\n'),
            _ => {}
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_written_as_html_are_read() {
        assert_eq!(html_anchor_names("<a name=\"x\"></a><a id='y' class=z><A NAME=Q>"), ["x", "y"]);
        assert_eq!(html_anchor_names("<a class=\"b\" id=\"c\">"), ["c"]);
        assert_eq!(html_anchor_names("<abbr name=\"x\"><a href=\"?id=1\">"), [""; 0]);
    }

    #[test]
    fn an_id_is_split_from_a_title_and_a_placeholder_is_not() {
        assert_eq!(split_heading_id("Drain {#drain-node}"), Some(("Drain", "drain-node")));
        assert_eq!(split_heading_id("Drain { #drain .wide k=v }"), Some(("Drain", "drain")));
        assert_eq!(split_heading_id("Drain {service}"), None);
        assert_eq!(split_heading_id("Drain {#}"), None);
    }

    #[test]
    fn plain_text_has_no_markup() {
        assert_eq!(plain_text("**Stop** the `api` [now](x) ![alt](y)\n\n- one\n- two"), "Stop the api now \none\ntwo");
    }
}
