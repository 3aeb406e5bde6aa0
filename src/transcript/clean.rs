//! Terminal output as plain lines: what stood on the screen, without the means of putting it there.
//!
//! Invariant: total and linear; the lines hold no control character but the tab, and there are as many of them as newlines in
//! the bytes, and one more for what follows the last. Refuses to know: Markdown, screens of more than one line.

use super::escape::push_visible;
use std::fmt::Write as _;

/// How far a cursor movement may reach past the text: wider than any terminal.
const WIDEST: usize = 2048;
/// Longer parameters are of no sequence that matters here.
const LONGEST_PARAMETERS: usize = 32;

/// The plain lines of some output.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let mut screen = Screen::default();
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| screen.take(c));
        for byte in chunk.invalid() {
            screen.take_invalid(*byte);
        }
    }
    screen.finish()
}

/// Whether a full-screen program drew this: it went to the alternate screen.
pub(super) fn is_full_screen(bytes: &[u8]) -> bool {
    const SWITCHES: [&[u8]; 3] = [b"\x1b[?1049h", b"\x1b[?1047h", b"\x1b[?47h"];
    let mut starts = bytes.iter().enumerate().filter(|(_, b)| **b == 0x1b);
    starts.any(|(i, _)| bytes.get(i..).is_some_and(|rest| SWITCHES.iter().any(|switch| rest.starts_with(switch))))
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate: a character set, and the like.
    Designation,
    /// Within CSI.
    Control,
    /// Within OSC, DCS, SOS, PM or APC.
    Message,
    /// After ESC within one of those.
    MessageEscape,
    /// After SS2 or SS3.
    Single,
}

#[derive(Default)]
struct Screen {
    lines: Vec<String>,
    cells: Vec<char>,
    column: usize,
    state: State,
    parameters: String,
}

impl Screen {
    fn take(&mut self, c: char) {
        // These end any sequence: what was begun is given up, and no evidence after it is swallowed.
        match c {
            '\n' => return self.newline(),
            '\u{18}' | '\u{1a}' => return self.state = State::Text,
            '\u{1b}' => {
                self.state = if self.state == State::Message { State::MessageEscape } else { State::Escape };
                return;
            }
            '\u{80}'..='\u{9f}' => return self.c1(c),
            _ => {}
        }
        match self.state {
            State::Text => self.text(c),
            State::Escape => self.escape(c),
            State::Designation if matches!(c, ' '..='/') => {}
            State::Designation | State::Single => self.state = State::Text,
            State::Control => self.control(c),
            State::Message if c == '\u{7}' => self.state = State::Text,
            State::Message => {}
            State::MessageEscape => {
                self.state = State::Text;
                if c != '\\' {
                    self.escape(c);
                }
            }
        }
    }

    fn take_invalid(&mut self, byte: u8) {
        if self.state == State::Message {
            return;
        }
        self.state = State::Text;
        let mut text = String::new();
        write!(text, "\\x{byte:02X}").unwrap_or_default();
        text.chars().for_each(|c| self.put(c));
    }

    fn c1(&mut self, c: char) {
        self.state = match c {
            '\u{9b}' => State::Control,
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => State::Message,
            '\u{8e}' | '\u{8f}' => State::Single,
            _ => State::Text,
        };
        self.parameters.clear();
    }

    fn escape(&mut self, c: char) {
        self.parameters.clear();
        self.state = match c {
            '[' => State::Control,
            ']' | 'P' | 'X' | '^' | '_' => State::Message,
            'N' | 'O' => State::Single,
            ' '..='/' => State::Designation,
            '0'..='~' => State::Text,
            // No sequence at all: the ESC goes, the character stays.
            _ => {
                self.state = State::Text;
                return self.text(c);
            }
        };
    }

    fn control(&mut self, c: char) {
        match c {
            ' '..='?' => {
                if self.parameters.len() < LONGEST_PARAMETERS {
                    self.parameters.push(c);
                }
            }
            '@'..='~' => {
                self.state = State::Text;
                self.perform(c);
            }
            _ => {
                self.state = State::Text;
                self.text(c);
            }
        }
    }

    /// The movements and erasures within a line; all other sequences have no place in plain text.
    fn perform(&mut self, last: char) {
        let number: usize = self.parameters.parse().unwrap_or(0);
        let reach = self.cells.len().max(WIDEST);
        match last {
            'K' => match number {
                0 => self.cells.truncate(self.column),
                1 => self.cells.iter_mut().take(self.column + 1).for_each(|cell| *cell = ' '),
                _ => self.cells.clear(),
            },
            'G' => self.column = number.saturating_sub(1).min(reach),
            'C' => self.column = self.column.saturating_add(number.max(1)).min(reach),
            'D' => self.column = self.column.saturating_sub(number.max(1)),
            _ => {}
        }
    }

    fn text(&mut self, c: char) {
        match c {
            '\r' => self.column = 0,
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.put(c),
            // Character-set shifts and the padding of old terminals show nothing.
            '\u{e}' | '\u{f}' => {}
            _ => {
                let mut shown = String::new();
                push_visible(&mut shown, c);
                shown.chars().for_each(|c| self.put(c));
            }
        }
    }

    fn put(&mut self, c: char) {
        if self.column > self.cells.len() {
            self.cells.resize(self.column, ' ');
        }
        match self.cells.get_mut(self.column) {
            Some(cell) => *cell = c,
            None => self.cells.push(c),
        }
        self.column += 1;
    }

    fn newline(&mut self) {
        self.lines.push(self.cells.drain(..).collect());
        self.column = 0;
        self.state = State::Text;
    }

    fn finish(mut self) -> Vec<String> {
        if !self.cells.is_empty() {
            self.newline();
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        lines(text.as_bytes()).join("\n")
    }

    #[test]
    fn colours_titles_and_character_sets_leave_no_trace() {
        assert_eq!(
            clean("\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://a\x1b\\y\x1b(B\x0fz\x1b=\x1bM!"),
            "red xyz!"
        );
        assert_eq!(clean("a\u{9b}31mb\u{9d}title\u{9c}c\u{85}d\x1bPdevice\x1b\\e\x1bOAf"), "abcdef");
    }

    #[test]
    fn a_sequence_that_never_ends_swallows_no_further_line() {
        assert_eq!(clean("a\x1b]0;tit\nb\x1b[12\nc\x1b\nd\x1b"), "a\nb\nc\nd");
    }

    #[test]
    fn a_progress_line_is_shown_in_its_last_state() {
        assert_eq!(clean("10%\r50%\r100%\ndone\r\n"), "100%\ndone");
        assert_eq!(clean("loading...\r\x1b[Kok"), "ok");
        assert_eq!(clean("abc\x08\x08X\x1b[3DY"), "YXc");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(clean("a\0b\x07c\x7f\u{202e}d\u{200b}"), "a␀b␇c␡U+202EdU+200B");
        assert_eq!(lines(b"caf\xe9 \xf0\x9f\n"), ["caf\\xE9 \\xF0\\x9F"]);
    }

    #[test]
    fn a_far_cursor_does_not_cost_memory() {
        assert!(clean(&"\x1b[999999999Cx".repeat(1000)).len() < 10_000);
    }
}
