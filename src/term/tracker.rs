//! The state in which a program's output leaves the terminal.
//!
//! Invariant: constant work and memory for each byte, whatever the bytes. The bytes are only read; they pass unchanged.
//! Refuses to know: who printed them.

use super::escape_parser::{EscapeParser, OutputEvent};
use std::fmt::Write as _;

/// Follows the output of one command.
#[derive(Clone, Debug)]
pub struct OutputTracker {
    parser: EscapeParser,
    modes: TerminalModes,
    has_output: bool,
    is_line_fresh: bool,
    /// True if the cursor was moved other than by text.
    was_cursor_moved: bool,
}

impl Default for OutputTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl OutputTracker {
    /// Starts before any output, at the beginning of a line.
    pub fn new() -> Self {
        Self {
            parser: EscapeParser::new(),
            modes: TerminalModes::default(),
            has_output: false,
            is_line_fresh: true,
            was_cursor_moved: false,
        }
    }

    /// Takes the next bytes of the output into account.
    pub fn observe_bytes(&mut self, bytes: &[u8]) {
        self.has_output |= !bytes.is_empty();
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if !self.parser.is_in_text() {
                self.track_byte(byte);
                rest = after;
                continue;
            }
            // Plain text, which most output is, is handled in one go.
            let end = memchr::memchr3(0x1b, 0x0e, 0x0f, rest).unwrap_or(rest.len());
            let (plain, special) = rest.split_at(end);
            self.track_text(plain);
            rest = special;
            if let Some((&byte, after)) = special.split_first() {
                self.track_byte(byte);
                rest = after;
            }
        }
    }

    /// True if anything was printed.
    pub fn has_output(&self) -> bool {
        self.has_output
    }

    /// True if the cursor is at the beginning of an empty line.
    pub fn is_on_fresh_line(&self) -> bool {
        self.is_line_fresh
    }

    /// True if text can be written into the current line and erased again. That is not so in the middle of a line, in a
    /// full-screen program, and after the cursor was moved.
    pub fn can_draw_line(&self) -> bool {
        self.is_line_fresh && !self.modes.alternate_screen && !self.was_cursor_moved && self.parser.is_in_text()
    }

    /// The sequences that restore what a shell expects of its terminal; empty if nothing is changed.
    pub fn reset_sequences(&self) -> String {
        let mut resets = self.parser.cut_off_terminator().to_owned();
        self.modes.append_resets(&mut resets);
        resets
    }

    fn track_byte(&mut self, byte: u8) {
        match self.parser.read_byte(byte) {
            None => {}
            Some(OutputEvent::Text(byte)) => self.track_text(&[byte]),
            Some(OutputEvent::Charset { is_ascii }) => self.modes.other_charset = !is_ascii,
            Some(OutputEvent::Escape(last)) => self.apply_escape(last),
            Some(OutputEvent::Sequence(last)) => self.apply_sequence(last),
        }
    }

    /// Only the end of the text matters. CR, NUL and BEL change nothing: a line that was written to is not fresh.
    fn track_text(&mut self, text: &[u8]) {
        if let Some(last) = text.iter().rev().find(|byte| !matches!(byte, b'\r' | 0x00 | 0x07)) {
            self.is_line_fresh = *last == b'\n';
        }
    }

    fn apply_escape(&mut self, last: u8) {
        match last {
            b'=' => self.modes.keypad = true,
            b'>' => self.modes.keypad = false,
            b'7' | b'8' | b'M' | b'D' | b'E' => self.was_cursor_moved = true,
            // A full reset of the terminal.
            b'c' => *self = Self { has_output: true, ..Self::new() },
            _ => {}
        }
    }

    fn apply_sequence(&mut self, last: u8) {
        let parameters = self.parser.parameters();
        match (last, self.parser.is_private()) {
            (b'h' | b'l', true) => self.modes.set_private_modes(parameters, last == b'h'),
            (b'm', false) => {
                // `38;5;0` ends in a zero and sets a colour all the same.
                let sets_color = parameters.iter().any(|number| matches!(number, 38 | 48));
                self.modes.styled = sets_color || parameters.last().is_some_and(|number| *number != 0);
            }
            (b'r', false) => {
                self.modes.scroll_region = parameters.iter().any(|number| *number != 0);
                self.was_cursor_moved = true;
            }
            (b'A'..=b'H' | b'J' | b'S' | b'T' | b'd' | b'f' | b's' | b'u', false) => self.was_cursor_moved = true,
            _ => {}
        }
    }
}

/// Modes that are off while a shell waits, and that a killed program leaves on: application cursor keys, mouse reports,
/// focus reports, bracketed paste.
const SHELL_OFF_MODES: [u32; 9] = [1, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004];

/// Modes that a program has switched on and not off again. A shell expects all of them off.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the terminal of its own")]
#[derive(Clone, Debug, Default)]
struct TerminalModes {
    alternate_screen: bool,
    cursor_hidden: bool,
    styled: bool,
    other_charset: bool,
    scroll_region: bool,
    /// Application keypad, which changes what the number keys send.
    keypad: bool,
    /// One for each of [`SHELL_OFF_MODES`].
    shell_off_modes: [bool; SHELL_OFF_MODES.len()],
}

impl TerminalModes {
    fn set_private_modes(&mut self, numbers: &[u32], on: bool) {
        for number in numbers {
            match number {
                47 | 1047 | 1049 => self.alternate_screen = on,
                25 => self.cursor_hidden = !on,
                _ => {}
            }
            for (mode, state) in SHELL_OFF_MODES.iter().zip(&mut self.shell_off_modes) {
                if mode == number {
                    *state = on;
                }
            }
        }
    }

    fn append_resets(&self, resets: &mut String) {
        let mut add = |wanted: bool, sequence: &str| {
            if wanted {
                resets.push_str(sequence);
            }
        };
        add(self.scroll_region, "\u{1b}7\u{1b}[r\u{1b}8");
        add(self.alternate_screen, "\u{1b}[?1049l");
        add(self.cursor_hidden, "\u{1b}[?25h");
        add(self.keypad, "\u{1b}>");
        add(self.other_charset, "\u{f}\u{1b}(B");
        add(self.styled, "\u{1b}[0m");
        for (mode, on) in SHELL_OFF_MODES.iter().zip(self.shell_off_modes) {
            if on {
                // Writing to a string cannot fail.
                let _: std::fmt::Result = write!(resets, "\u{1b}[?{mode}l");
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
            tracker.observe_bytes(&[*byte]);
        }
        tracker
    }

    #[test]
    fn the_end_of_a_line_is_known_through_colours() {
        assert!(after(b"a\r\n").is_on_fresh_line());
        assert!(after(b"\x1b[31ma\n\x1b[0m").is_on_fresh_line());
        assert!(!after(b"a\n\x1b[32m$ ").is_on_fresh_line());
        assert!(after(b"\x1b]0;a title\x07").is_on_fresh_line());
        assert!(after(b"\x1b]0;a title\x1b\\").is_on_fresh_line());
    }

    #[test]
    fn nothing_is_drawn_into_a_full_screen_program_or_a_prompt() {
        assert!(!after(b"\x1b[?1049h\x1b[H").can_draw_line());
        assert!(!after(b"Password: ").can_draw_line());
        assert!(!after(b"50%\r").can_draw_line());
        assert!(!after(b"\x1b[2J\x1b[HTasks\n").can_draw_line());
        assert!(after(b"done\n").can_draw_line());
    }

    #[test]
    fn a_program_that_was_killed_leaves_nothing_switched_on() {
        assert_eq!(
            after(b"\x1b[?1049h\x1b[?25l\x1b[?1000h").reset_sequences(),
            "\u{1b}[?1049l\u{1b}[?25h\u{1b}[?1000l"
        );
        assert_eq!(after(b"\x1b[1;31mred\n").reset_sequences(), "\u{1b}[0m");
        assert_eq!(after(b"\x1b(0lqk\n").reset_sequences(), "\u{f}\u{1b}(B");
        assert_eq!(after(b"\x1b[2;10r").reset_sequences(), "\u{1b}7\u{1b}[r\u{1b}8");
        assert_eq!(after(b"\x1b]0;a title that never en").reset_sequences(), "\u{1b}\\");
    }

    #[test]
    fn a_program_that_tidied_up_needs_nothing() {
        assert_eq!(after(b"\x1b[?1049h\x1b[?25l x \x1b[?25h\x1b[?1049l").reset_sequences(), "");
        assert_eq!(after(b"\x1b[31mred\x1b[m\x1b[K\n").reset_sequences(), "");
        assert_eq!(after(b"\x1b[31mred\x1b[0m\n").reset_sequences(), "");
    }
}
