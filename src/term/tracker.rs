//! What a program's output leaves a terminal in.
//!
//! Invariant: constant work and memory for each byte, whatever the bytes. It only looks; the bytes go through unchanged.

use std::fmt::Write as _;

/// Follows the output of one command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the terminal of its own")]
#[derive(Clone, Debug)]
pub struct OutputTracker {
    state: State,
    number: u32,
    numbers: Vec<u32>,
    private: bool,
    other: bool,
    any: bool,
    fresh_line: bool,
    moved: bool,
    alternate: bool,
    cursor_hidden: bool,
    styled: bool,
    charset: bool,
    region: bool,
    keypad: bool,
    modes: [bool; MODES.len()],
}

/// Modes that are off when a shell waits, and that a program which was killed leaves on: application cursor keys, mouse
/// reports, focus reports, bracketed paste.
const MODES: [u32; 9] = [1, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004];
const MAX_NUMBERS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Escape,
    /// After `ESC (` and the like.
    Charset,
    Sequence,
    /// In a title or a string of another kind, up to BEL or ST.
    Title,
    TitleEscape,
}

impl Default for OutputTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl OutputTracker {
    /// Before any output, at the beginning of a line.
    pub fn new() -> Self {
        Self {
            state: State::Text,
            number: 0,
            numbers: Vec::new(),
            private: false,
            other: false,
            any: false,
            fresh_line: true,
            moved: false,
            alternate: false,
            cursor_hidden: false,
            styled: false,
            charset: false,
            region: false,
            keypad: false,
            modes: [false; MODES.len()],
        }
    }

    /// Takes bytes into account.
    pub fn saw(&mut self, bytes: &[u8]) {
        self.any |= !bytes.is_empty();
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if self.state != State::Text {
                self.byte(byte);
                rest = after;
                continue;
            }
            // Plain text, most of all output, is taken in one go.
            let end = memchr::memchr3(0x1b, 0x0e, 0x0f, rest).unwrap_or(rest.len());
            let (plain, special) = rest.split_at(end);
            self.plain(plain);
            rest = special;
            if let Some((&byte, after)) = special.split_first() {
                self.byte(byte);
                rest = after;
            }
        }
    }

    /// Whether anything was printed.
    pub fn any(&self) -> bool {
        self.any
    }

    /// Whether the cursor is at the beginning of an empty line.
    pub fn on_fresh_line(&self) -> bool {
        self.fresh_line
    }

    /// Whether something may be written into the line the cursor is in and wiped again: not in the middle of a line, not in
    /// a full-screen program, not after the cursor was moved about.
    pub fn may_draw(&self) -> bool {
        self.fresh_line && !self.alternate && !self.moved && self.state == State::Text
    }

    /// What brings the terminal back to what a shell expects; empty when nothing is amiss.
    pub fn resets(&self) -> String {
        let mut resets = String::new();
        if matches!(self.state, State::Title | State::TitleEscape) {
            // Ends the string, or everything after it would be swallowed.
            resets.push_str("\u{1b}\\");
        } else if self.state != State::Text {
            // CAN ends a sequence that was cut.
            resets.push('\u{18}');
        }
        let mut add = |wanted: bool, sequence: &str| {
            if wanted {
                resets.push_str(sequence);
            }
        };
        add(self.region, "\u{1b}7\u{1b}[r\u{1b}8");
        add(self.alternate, "\u{1b}[?1049l");
        add(self.cursor_hidden, "\u{1b}[?25h");
        add(self.keypad, "\u{1b}>");
        add(self.charset, "\u{f}\u{1b}(B");
        add(self.styled, "\u{1b}[0m");
        for (mode, on) in MODES.iter().zip(self.modes) {
            if on {
                // Writing to a string cannot fail.
                let _: std::fmt::Result = write!(resets, "\u{1b}[?{mode}l");
            }
        }
        resets
    }

    fn byte(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::Title, 0x07) | (State::TitleEscape, b'\\') | (State::Charset | State::Sequence, 0x18 | 0x1a) => {
                State::Text
            }
            (State::Title, 0x1b) => State::TitleEscape,
            (State::Title, _) => State::Title,
            // Anything but ST after ESC begins a sequence of its own.
            (State::Escape | State::TitleEscape, _) => self.escape(byte),
            (State::Text | State::Charset | State::Sequence, 0x1b) => State::Escape,
            (State::Charset, _) => {
                self.charset = byte != b'B';
                State::Text
            }
            (State::Sequence, _) => self.sequence(byte),
            (State::Text, _) => {
                match byte {
                    0x0e => self.charset = true,
                    0x0f => self.charset = false,
                    _ => self.plain(&[byte]),
                }
                State::Text
            }
        };
    }

    /// Only the end of a stretch of text matters. CR and the silent ones change nothing: a line that was written to stays so.
    fn plain(&mut self, text: &[u8]) {
        if let Some(last) = text.iter().rev().find(|byte| !matches!(byte, b'\r' | 0x00 | 0x07)) {
            self.fresh_line = *last == b'\n';
        }
    }

    fn escape(&mut self, byte: u8) -> State {
        match byte {
            b'[' => {
                self.number = 0;
                self.numbers.clear();
                self.private = false;
                self.other = false;
                return State::Sequence;
            }
            b']' | b'P' | b'X' | b'^' | b'_' => return State::Title,
            b'(' | b')' | b'*' | b'+' => return State::Charset,
            0x1b => return State::Escape,
            b'=' => self.keypad = true,
            b'>' => self.keypad = false,
            b'7' | b'8' | b'M' | b'D' | b'E' => self.moved = true,
            b'c' => *self = Self { any: true, ..Self::new() },
            _ => {}
        }
        State::Text
    }

    fn sequence(&mut self, byte: u8) -> State {
        match byte {
            b'0'..=b'9' => self.number = self.number.saturating_mul(10).saturating_add(u32::from(byte - b'0')),
            b';' | b':' => self.end_number(),
            b'?' => self.private = true,
            b'<'..=b'>' | b' '..=b'/' => self.other = true,
            b'@'..=b'~' => {
                self.end_number();
                self.ended(byte);
                return State::Text;
            }
            _ => {}
        }
        State::Sequence
    }

    fn end_number(&mut self) {
        if self.numbers.len() < MAX_NUMBERS {
            self.numbers.push(self.number);
        }
        self.number = 0;
    }

    fn ended(&mut self, last: u8) {
        if self.other {
            return;
        }
        match (last, self.private) {
            (b'h' | b'l', true) => self.set_modes(last == b'h'),
            (b'm', false) => {
                // `38;5;0` ends in a zero and is a colour.
                let colors = self.numbers.iter().any(|number| matches!(number, 38 | 48));
                self.styled = colors || self.numbers.last().is_some_and(|number| *number != 0);
            }
            (b'r', false) => {
                self.region = self.numbers.iter().any(|number| *number != 0);
                self.moved = true;
            }
            (b'A'..=b'H' | b'J' | b'S' | b'T' | b'd' | b'f' | b's' | b'u', false) => self.moved = true,
            _ => {}
        }
    }

    fn set_modes(&mut self, on: bool) {
        for number in &self.numbers {
            match number {
                47 | 1047 | 1049 => self.alternate = on,
                25 => self.cursor_hidden = !on,
                _ => {}
            }
            for (mode, state) in MODES.iter().zip(&mut self.modes) {
                if mode == number {
                    *state = on;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(bytes: &[u8]) -> OutputTracker {
        let mut tracker = OutputTracker::new();
        // One byte at a time: nothing may depend on how the bytes come.
        for byte in bytes {
            tracker.saw(&[*byte]);
        }
        tracker
    }

    #[test]
    fn the_end_of_a_line_is_known_through_colours() {
        assert!(after(b"a\r\n").on_fresh_line());
        assert!(after(b"\x1b[31ma\n\x1b[0m").on_fresh_line());
        assert!(!after(b"a\n\x1b[32m$ ").on_fresh_line());
        assert!(after(b"\x1b]0;a title\x07").on_fresh_line());
        assert!(after(b"\x1b]0;a title\x1b\\").on_fresh_line());
    }

    #[test]
    fn nothing_is_drawn_into_a_full_screen_program_or_a_prompt() {
        assert!(!after(b"\x1b[?1049h\x1b[H").may_draw());
        assert!(!after(b"Password: ").may_draw());
        assert!(!after(b"50%\r").may_draw());
        assert!(!after(b"\x1b[2J\x1b[HTasks\n").may_draw());
        assert!(after(b"done\n").may_draw());
    }

    #[test]
    fn a_program_that_was_killed_leaves_nothing_switched_on() {
        assert_eq!(after(b"\x1b[?1049h\x1b[?25l\x1b[?1000h").resets(), "\u{1b}[?1049l\u{1b}[?25h\u{1b}[?1000l");
        assert_eq!(after(b"\x1b[1;31mred\n").resets(), "\u{1b}[0m");
        assert_eq!(after(b"\x1b(0lqk\n").resets(), "\u{f}\u{1b}(B");
        assert_eq!(after(b"\x1b[2;10r").resets(), "\u{1b}7\u{1b}[r\u{1b}8");
        assert_eq!(after(b"\x1b]0;a title that never en").resets(), "\u{1b}\\");
    }

    #[test]
    fn a_program_that_tidied_up_needs_nothing() {
        assert_eq!(after(b"\x1b[?1049h\x1b[?25l x \x1b[?25h\x1b[?1049l").resets(), "");
        assert_eq!(after(b"\x1b[31mred\x1b[m\x1b[K\n").resets(), "");
        assert_eq!(after(b"\x1b[31mred\x1b[0m\n").resets(), "");
    }
}
