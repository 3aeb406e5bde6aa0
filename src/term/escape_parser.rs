//! Escape sequences in a program's output, read byte by byte.
//!
//! Invariant: constant work and memory for each byte, whatever the bytes. Refuses to know: what a sequence does to the
//! terminal.

/// The most parameters of a sequence that are kept.
const MAX_PARAMETERS: usize = 16;

/// A unit of output, reported at its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputEvent {
    /// A byte of plain text.
    Text(u8),
    /// Another character set was selected, ASCII or not.
    Charset { is_ascii: bool },
    /// `ESC` and this byte, with no parameters.
    Escape(u8),
    /// `ESC [`, the parameters, and this last byte.
    Sequence(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParserState {
    Text,
    Escape,
    /// After `ESC (` and the like.
    Charset,
    /// After `ESC [`.
    Sequence,
    /// In a title or another string, which ends with BEL or ST.
    Title,
    TitleEscape,
}

/// Position in the output, between two bytes.
#[derive(Clone, Debug)]
pub(super) struct EscapeParser {
    state: ParserState,
    /// The parameter being read.
    number: u32,
    parameters: Vec<u32>,
    is_private: bool,
    /// True if the sequence has signs that no sequence of interest has.
    is_foreign: bool,
}

impl EscapeParser {
    pub(super) fn new() -> Self {
        Self { state: ParserState::Text, number: 0, parameters: Vec::new(), is_private: false, is_foreign: false }
    }

    /// True if no sequence has begun.
    pub(super) fn is_in_text(&self) -> bool {
        self.state == ParserState::Text
    }

    /// Parameters of the sequence just completed, at most 16.
    pub(super) fn parameters(&self) -> &[u32] {
        &self.parameters
    }

    /// True if the sequence just completed began with `ESC [ ?`.
    pub(super) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Bytes that end the sequence which was cut off; empty in plain text.
    pub(super) fn cut_off_terminator(&self) -> &'static str {
        match self.state {
            ParserState::Text => "",
            // ST ends the string; without it the terminal would swallow everything that follows.
            ParserState::Title | ParserState::TitleEscape => "\u{1b}\\",
            // CAN ends any other sequence.
            _ => "\u{18}",
        }
    }

    /// Reads one byte. Returns what it completed, if anything.
    pub(super) fn read_byte(&mut self, byte: u8) -> Option<OutputEvent> {
        use ParserState as S;
        let (state, event) = match (self.state, byte) {
            (S::Title, 0x07) | (S::TitleEscape, b'\\') | (S::Charset | S::Sequence, 0x18 | 0x1a) => (S::Text, None),
            (S::Title, 0x1b) => (S::TitleEscape, None),
            (S::Title, _) => (S::Title, None),
            // After ESC anything but ST begins a sequence of its own.
            (S::Escape | S::TitleEscape, _) => self.read_escape(byte),
            (S::Text | S::Charset | S::Sequence, 0x1b) => (S::Escape, None),
            (S::Charset, _) => (S::Text, Some(OutputEvent::Charset { is_ascii: byte == b'B' })),
            (S::Sequence, _) => self.read_sequence(byte),
            (S::Text, 0x0e) => (S::Text, Some(OutputEvent::Charset { is_ascii: false })),
            (S::Text, 0x0f) => (S::Text, Some(OutputEvent::Charset { is_ascii: true })),
            (S::Text, _) => (S::Text, Some(OutputEvent::Text(byte))),
        };
        self.state = state;
        event
    }

    /// Reads the byte after ESC.
    fn read_escape(&mut self, byte: u8) -> (ParserState, Option<OutputEvent>) {
        match byte {
            b'[' => {
                self.number = 0;
                self.parameters.clear();
                self.is_private = false;
                self.is_foreign = false;
                (ParserState::Sequence, None)
            }
            b']' | b'P' | b'X' | b'^' | b'_' => (ParserState::Title, None),
            b'(' | b')' | b'*' | b'+' => (ParserState::Charset, None),
            0x1b => (ParserState::Escape, None),
            _ => (ParserState::Text, Some(OutputEvent::Escape(byte))),
        }
    }

    /// Reads a byte after `ESC [`.
    fn read_sequence(&mut self, byte: u8) -> (ParserState, Option<OutputEvent>) {
        match byte {
            b'0'..=b'9' => self.number = self.number.saturating_mul(10).saturating_add(u32::from(byte - b'0')),
            b';' | b':' => self.end_parameter(),
            b'?' => self.is_private = true,
            b'<'..=b'>' | b' '..=b'/' => self.is_foreign = true,
            b'@'..=b'~' => {
                self.end_parameter();
                let event = (!self.is_foreign).then_some(OutputEvent::Sequence(byte));
                return (ParserState::Text, event);
            }
            _ => {}
        }
        (ParserState::Sequence, None)
    }

    fn end_parameter(&mut self) {
        if self.parameters.len() < MAX_PARAMETERS {
            self.parameters.push(self.number);
        }
        self.number = 0;
    }
}
