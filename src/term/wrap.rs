//! Wrapping of text to the width of the window.
//!
//! Invariant: one pass over the text. Prose loses nothing but blanks, code loses nothing. Refuses to know: what the text
//! says.

use super::style::{Color, Style};
use super::text::display_width;

/// Text of one style. It must be sanitised already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyledSpan {
    /// Meaning of the text, which decides how it is drawn.
    pub style: Style,
    /// Sanitised text; a newline in it is a line break.
    pub text: String,
}

impl StyledSpan {
    /// Creates a span. The text must be sanitised.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }
}

/// Renders a line of spans for the terminal, without a newline.
pub fn render_spans(line: &[StyledSpan], color: Color) -> String {
    line.iter().map(|span| color.paint_text(span.style, &span.text)).collect()
}

/// Wraps prose to at most `columns`. Lines break between words, and inside a word only if it is wider than a line.
/// Newlines stay.
pub fn wrap_spans(spans: &[StyledSpan], columns: usize) -> Vec<Vec<StyledSpan>> {
    let mut wrapper = Wrapper { columns: columns.max(1), ..Wrapper::default() };
    for span in spans {
        for (i, line) in span.text.split('\n').enumerate() {
            if i > 0 {
                wrapper.end_line();
            }
            wrapper.push_text(span.style, line);
        }
    }
    wrapper.end_word();
    if !wrapper.line.is_empty() || wrapper.lines.is_empty() {
        wrapper.lines.push(wrapper.line);
    }
    wrapper.lines
}

/// Wraps prose of one style to at most `columns`.
pub fn wrap_text(text: &str, columns: usize) -> Vec<String> {
    let spans = [StyledSpan::new(Style::Prose, text)];
    wrap_spans(&spans, columns).iter().map(|line| render_spans(line, Color::Never)).collect()
}

#[derive(Default)]
struct Wrapper {
    columns: usize,
    lines: Vec<Vec<StyledSpan>>,
    /// The line being filled, and its width.
    line: Vec<StyledSpan>,
    used: usize,
    /// The word being read, in one or more styles, and its width.
    word: Vec<StyledSpan>,
    word_width: usize,
    /// Style of the blank in front of the word, if there is one.
    blank: Option<Style>,
}

impl Wrapper {
    fn push_text(&mut self, style: Style, text: &str) {
        for piece in text.split_inclusive(is_blank) {
            let word = piece.trim_end_matches(is_blank);
            if !word.is_empty() {
                self.word_width += display_width(word);
                push_span(&mut self.word, style, word);
            }
            if word.len() < piece.len() {
                self.end_word();
                self.blank = Some(style);
            }
        }
    }

    /// Places the word being read, on a new line if it does not fit.
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
            push_span(&mut self.line, style, " ");
            self.used += 1;
        }
        if word_width <= self.columns {
            self.used += word_width;
            for span in &word {
                push_span(&mut self.line, span.style, &span.text);
            }
        } else {
            self.break_word(&word);
        }
    }

    /// Places a word that is wider than a line, character by character.
    fn break_word(&mut self, word: &[StyledSpan]) {
        for span in word {
            for c in span.text.chars() {
                let mut buffer = [0; 4];
                let c = c.encode_utf8(&mut buffer);
                let wide = display_width(c);
                if self.used + wide > self.columns && self.used > 0 {
                    self.lines.push(std::mem::take(&mut self.line));
                    self.used = 0;
                }
                push_span(&mut self.line, span.style, c);
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

/// Appends text to a line, to its last span if that has the same style.
fn push_span(line: &mut Vec<StyledSpan>, style: Style, text: &str) {
    match line.last_mut().filter(|last| last.style == style) {
        Some(last) => last.text.push_str(text),
        None => line.push(StyledSpan::new(style, text)),
    }
}

/// Wraps one line of code to at most `first` columns, then `rest` for each further line. Lines break after a blank if
/// they have one.
pub fn wrap_code(line: &[StyledSpan], first: usize, rest: usize) -> Vec<Vec<StyledSpan>> {
    let chars: Vec<(char, Style)> = line.iter().flat_map(|span| span.text.chars().map(|c| (c, span.style))).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        let columns = if lines.is_empty() { first } else { rest }.max(8);
        let end = find_line_end(&chars, start, columns);
        let mut spans = Vec::new();
        for (c, style) in chars.get(start..end).unwrap_or_default() {
            push_span(&mut spans, *style, c.encode_utf8(&mut [0; 4]));
        }
        lines.push(spans);
        start = end;
    }
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    lines
}

/// Index of the character after the line that begins at `start`.
fn find_line_end(chars: &[(char, Style)], start: usize, columns: usize) -> usize {
    let mut used = 0;
    let mut after_blank = None;
    for (i, (c, _)) in chars.iter().enumerate().skip(start) {
        used += display_width(c.encode_utf8(&mut [0; 4]));
        if used > columns && i > start {
            return after_blank.unwrap_or(i);
        }
        if *c == ' ' {
            after_blank = Some(i + 1);
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
        let spans = [
            StyledSpan::new(Style::Prose, "stop the "),
            StyledSpan::new(Style::Strong, "api"),
            StyledSpan::new(Style::Prose, "."),
        ];
        let lines: Vec<_> = wrap_spans(&spans, 11).iter().map(|line| render_spans(line, Color::Never)).collect();
        assert_eq!(lines, ["stop the", "api."]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_and_nothing_is_lost() {
        let lines = wrap_text("see https://example.org/a/very/long/path now", 10);
        assert!(lines.iter().all(|line| display_width(line) <= 10), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), "seehttps://example.org/a/very/long/pathnow");
    }

    #[test]
    fn code_keeps_every_character_when_it_is_broken() {
        let line =
            [StyledSpan::new(Style::Program, "printf"), StyledSpan::new(Style::Quoted, " '%s   %s\\n' a b c d e f")];
        let lines = wrap_code(&line, 12, 10);
        assert_eq!(
            lines.iter().map(|line| render_spans(line, Color::Never)).collect::<String>(),
            "printf '%s   %s\\n' a b c d e f"
        );
    }
}
