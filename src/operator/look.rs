//! The abilities of this terminal, and the formats of times and one-line texts.
//!
//! Invariant: the result of `sanitize_prose` and `one_line` is harmless on any terminal. Refuses to know: what is shown.

use crate::term::Color;
use crate::term::Glyphs;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::display_width;
use crate::term::render_spans;
use crate::term::sanitize_text;
use crate::term::wrap_spans;
use std::time::Duration;

/// Colour, signs and cursor movement, as the command line and the environment allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalLook {
    /// Switch for all styles on this terminal.
    pub color: Color,
    /// Signs that the terminal can show.
    pub glyphs: Glyphs,
    /// True if the cursor can be moved and text erased.
    pub can_move_cursor: bool,
}

impl TerminalLook {
    /// Derives the look from the terminal type (`TERM`) and the locale, which is the first of `LC_ALL`, `LC_CTYPE` and `LANG`
    /// that is set.
    pub fn for_terminal(color: Color, terminal: &str, locale: &str) -> Self {
        let dumb = matches!(terminal, "" | "dumb" | "cons25" | "emacs");
        let locale = locale.to_ascii_lowercase();
        let unicode = !dumb && (locale.contains("utf-8") || locale.contains("utf8"));
        Self { color, glyphs: if unicode { Glyphs::Unicode } else { Glyphs::Ascii }, can_move_cursor: !dumb }
    }

    pub(super) fn paint_text(self, style: Style, text: &str) -> String {
        self.color.paint_text(style, text)
    }

    /// Wraps spans to lines of at most `columns`, each behind `indent` and with its newline. Lines never break at a
    /// [`HARD_BLANK`].
    pub(super) fn render_paragraph(self, spans: &[StyledSpan], columns: usize, indent: &str) -> String {
        let room = columns.saturating_sub(display_width(indent)).max(20);
        let mut out = String::new();
        for line in wrap_spans(spans, room) {
            out.push_str(indent);
            out.push_str(&render_spans(&line, self.color));
            out.push('\n');
        }
        out.replace(HARD_BLANK, " ")
    }
}

/// A blank at which no line breaks.
pub(super) const HARD_BLANK: char = '\u{a0}';

/// Sanitises prose of the document or the machine.
pub(super) fn sanitize_prose(text: &str) -> String {
    sanitize_text(text).into_owned()
}

/// Sanitises text and joins its words on one line.
pub(super) fn one_line(text: &str) -> String {
    let harmless = sanitize_text(text);
    let words: Vec<_> = harmless.split_ascii_whitespace().collect();
    words.join(" ")
}

/// At most `columns` columns of a line, with `…` if it is cut. Never for a command that is to be run.
pub(super) fn cut_line(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += display_width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Formats a duration with a precision that depends on its length: `0.4 s`, `12 s`, `3 min 04 s`, `2 h 05 min`.
pub(super) fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Formats the time since a run began: `00:12:41`.
pub(super) fn format_clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A number with its noun in the right form: `1 step`, `2 steps`.
pub(super) fn format_count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_gets_no_signs_and_no_moves() {
        let look = |terminal, locale| TerminalLook::for_terminal(Color::Never, terminal, locale);
        let full = TerminalLook { color: Color::Never, glyphs: Glyphs::Unicode, can_move_cursor: true };
        assert_eq!(look("xterm-256color", "de_DE.UTF-8"), full);
        assert_eq!(look("xterm", "C").glyphs, Glyphs::Ascii);
        assert_eq!(
            look("dumb", "C.UTF-8"),
            TerminalLook { color: Color::Never, glyphs: Glyphs::Ascii, can_move_cursor: false }
        );
    }

    #[test]
    fn times_are_as_exact_as_they_matter() {
        let written = |ms| format_duration(Duration::from_millis(ms));
        assert_eq!(
            [written(40), written(1_290), written(12_900), written(184_000)],
            ["0.0 s", "1.2 s", "12 s", "3 min 04 s"]
        );
        assert_eq!(format_duration(Duration::from_mins(125)), "2 h 05 min");
        assert_eq!(format_clock(Duration::from_secs(3_661)), "01:01:01");
    }
}
