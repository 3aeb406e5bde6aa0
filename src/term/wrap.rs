//! Lines that fit the window.
//!
//! Invariant: one pass; prose loses nothing but blanks, code loses nothing at all.

use super::style::{Color, Style};
use super::text::width;

/// A stretch of text of one style; harmless already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it means.
    pub style: Style,
    /// The text.
    pub text: String,
}

impl Span {
    /// A stretch of text.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }
}

/// A line of spans as it goes to the terminal.
pub fn render(line: &[Span], color: Color) -> String {
    line.iter().map(|span| color.paint(span.style, &span.text)).collect()
}

/// Prose in lines of at most this many columns: broken between words, inside one only when it is wider than a line.
/// Newlines stay.
pub fn wrap(spans: &[Span], columns: usize) -> Vec<Vec<Span>> {
    let mut wrapping = Wrapping { columns: columns.max(1), ..Wrapping::default() };
    for span in spans {
        for (i, line) in span.text.split('\n').enumerate() {
            if i > 0 {
                wrapping.end_line();
            }
            wrapping.text(span.style, line);
        }
    }
    wrapping.end_word();
    if !wrapping.line.is_empty() || wrapping.lines.is_empty() {
        wrapping.lines.push(wrapping.line);
    }
    wrapping.lines
}

/// Plain prose in lines of at most this many columns.
pub fn wrap_text(text: &str, columns: usize) -> Vec<String> {
    let spans = [Span::new(Style::Prose, text)];
    wrap(&spans, columns).iter().map(|line| render(line, Color::Never)).collect()
}

#[derive(Default)]
struct Wrapping {
    columns: usize,
    lines: Vec<Vec<Span>>,
    line: Vec<Span>,
    used: usize,
    /// The word being read, which may be of several styles.
    word: Vec<Span>,
    word_width: usize,
    /// A blank stands before the word, of this style.
    blank: Option<Style>,
}

impl Wrapping {
    fn text(&mut self, style: Style, text: &str) {
        for piece in text.split_inclusive(is_blank) {
            let word = piece.trim_end_matches(is_blank);
            if !word.is_empty() {
                self.word_width += width(word);
                push(&mut self.word, style, word);
            }
            if word.len() < piece.len() {
                self.end_word();
                self.blank = Some(style);
            }
        }
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let word_width = std::mem::take(&mut self.word_width);
        let blank = self.blank.take().filter(|_| self.used > 0);
        let gap = usize::from(blank.is_some());
        if self.used + gap + word_width > self.columns && self.used > 0 {
            self.lines.push(std::mem::take(&mut self.line));
            self.used = 0;
        } else if let Some(style) = blank {
            push(&mut self.line, style, " ");
            self.used += 1;
        }
        if word_width <= self.columns {
            self.used += word_width;
            for span in &word {
                push(&mut self.line, span.style, &span.text);
            }
        } else {
            self.break_word(&word);
        }
    }

    fn break_word(&mut self, word: &[Span]) {
        for span in word {
            for c in span.text.chars() {
                let mut buffer = [0; 4];
                let c = c.encode_utf8(&mut buffer);
                let wide = width(c);
                if self.used + wide > self.columns && self.used > 0 {
                    self.lines.push(std::mem::take(&mut self.line));
                    self.used = 0;
                }
                push(&mut self.line, span.style, c);
                self.used += wide;
            }
        }
    }

    fn end_line(&mut self) {
        self.end_word();
        self.lines.push(std::mem::take(&mut self.line));
        self.used = 0;
        self.blank = None;
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn push(line: &mut Vec<Span>, style: Style, text: &str) {
    match line.last_mut().filter(|last| last.style == style) {
        Some(last) => last.text.push_str(text),
        None => line.push(Span::new(style, text)),
    }
}

/// One line of code in lines of at most `first` and then `rest` columns, broken behind a blank where there is one.
pub fn wrap_code(line: &[Span], first: usize, rest: usize) -> Vec<Vec<Span>> {
    let chars: Vec<(char, Style)> = line.iter().flat_map(|span| span.text.chars().map(|c| (c, span.style))).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        let columns = if lines.is_empty() { first } else { rest }.max(8);
        let end = code_end(&chars, start, columns);
        let mut spans = Vec::new();
        for (c, style) in chars.get(start..end).unwrap_or_default() {
            push(&mut spans, *style, c.encode_utf8(&mut [0; 4]));
        }
        lines.push(spans);
        start = end;
    }
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    lines
}

/// Where the line that begins at `start` ends.
fn code_end(chars: &[(char, Style)], start: usize, columns: usize) -> usize {
    let mut used = 0;
    let mut behind_blank = None;
    for (i, (c, _)) in chars.iter().enumerate().skip(start) {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > columns && i > start {
            return behind_blank.unwrap_or(i);
        }
        if *c == ' ' {
            behind_blank = Some(i + 1);
        }
    }
    chars.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words_by_columns_not_bytes() {
        assert_eq!(wrap_text("zwölf Boxkämpfer jagen", 16), ["zwölf Boxkämpfer", "jagen"]);
        assert_eq!(wrap_text("漢字漢字 漢字", 9), ["漢字漢字", "漢字"]);
    }

    #[test]
    fn a_word_of_two_styles_is_one_word() {
        let spans =
            [Span::new(Style::Prose, "stop the "), Span::new(Style::Strong, "api"), Span::new(Style::Prose, ".")];
        let lines: Vec<_> = wrap(&spans, 11).iter().map(|line| render(line, Color::Never)).collect();
        assert_eq!(lines, ["stop the", "api."]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_and_nothing_is_lost() {
        let lines = wrap_text("see https://example.org/a/very/long/path now", 10);
        assert!(lines.iter().all(|line| width(line) <= 10), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), "seehttps://example.org/a/very/long/pathnow");
    }

    #[test]
    fn code_keeps_every_character_when_it_is_broken() {
        let line = [Span::new(Style::Program, "printf"), Span::new(Style::Quoted, " '%s   %s\\n' a b c d e f")];
        let lines = wrap_code(&line, 12, 10);
        assert_eq!(
            lines.iter().map(|line| render(line, Color::Never)).collect::<String>(),
            "printf '%s   %s\\n' a b c d e f"
        );
    }
}
