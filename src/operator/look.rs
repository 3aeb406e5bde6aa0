//! How things look on this terminal, and how times and one-line texts are written.
//!
//! Invariant: `plain` lets nothing through that is not harmless.

use crate::term::Color;
use crate::term::Glyphs;
use crate::term::Span;
use crate::term::Style;
use crate::term::render;
use crate::term::sanitize;
use crate::term::width;
use crate::term::wrap;
use std::time::Duration;

/// Colour and signs, as the command line and the environment say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether styles are shown.
    pub color: Color,
    /// Which signs can be shown.
    pub glyphs: Glyphs,
    /// Whether the cursor can be moved and what was written can be wiped.
    pub cursor: bool,
}

impl Look {
    /// How things look on a terminal of this type (`TERM`) and in this locale (the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is
    /// set).
    pub fn on(color: Color, terminal: &str, locale: &str) -> Self {
        let dumb = matches!(terminal, "" | "dumb" | "cons25" | "emacs");
        let locale = locale.to_ascii_lowercase();
        let unicode = !dumb && (locale.contains("utf-8") || locale.contains("utf8"));
        Self { color, glyphs: if unicode { Glyphs::Unicode } else { Glyphs::Ascii }, cursor: !dumb }
    }

    pub(super) fn paint(self, style: Style, text: &str) -> String {
        self.color.paint(style, text)
    }

    /// Spans in lines of at most `columns`, each with its newline, behind `indent`. A [`HARD`] blank stays one and never ends a
    /// line.
    pub(super) fn paragraph(self, spans: &[Span], columns: usize, indent: &str) -> String {
        let room = columns.saturating_sub(width(indent)).max(20);
        let mut out = String::new();
        for line in wrap(spans, room) {
            out.push_str(indent);
            out.push_str(&render(&line, self.color));
            out.push('\n');
        }
        out.replace(HARD, " ")
    }
}

/// A blank that stays where it is.
pub(super) const HARD: char = '\u{a0}';

/// Prose of the document or the machine, harmless.
pub(super) fn plain(text: &str) -> String {
    sanitize(text).into_owned()
}

/// The same on one line.
pub(super) fn one_line(text: &str) -> String {
    let harmless = sanitize(text);
    let words: Vec<_> = harmless.split_ascii_whitespace().collect();
    words.join(" ")
}

/// At most this many columns of a line; what is cut is marked. For reminders, never for what is to be run.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// How long something took: `0.4 s`, `12 s`, `3 min 04 s`, `2 h 05 min`.
pub(super) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long the run has taken: `00:12:41`.
pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `1 step`, `2 steps`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_gets_no_signs_and_no_moves() {
        let look = |terminal, locale| Look::on(Color::Never, terminal, locale);
        let full = Look { color: Color::Never, glyphs: Glyphs::Unicode, cursor: true };
        assert_eq!(look("xterm-256color", "de_DE.UTF-8"), full);
        assert_eq!(look("xterm", "C").glyphs, Glyphs::Ascii);
        assert_eq!(look("dumb", "C.UTF-8"), Look { color: Color::Never, glyphs: Glyphs::Ascii, cursor: false });
    }

    #[test]
    fn times_are_as_exact_as_they_matter() {
        let written = |ms| took(Duration::from_millis(ms));
        assert_eq!(
            [written(40), written(1_290), written(12_900), written(184_000)],
            ["0.0 s", "1.2 s", "12 s", "3 min 04 s"]
        );
        assert_eq!(took(Duration::from_mins(125)), "2 h 05 min");
        assert_eq!(clock(Duration::from_secs(3_661)), "01:01:01");
    }
}
