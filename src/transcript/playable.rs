//! Filters output for replay on a terminal, so that it can draw and do nothing else.
//!
//! Invariant: control sequences pass only if they move the cursor, erase, colour or switch the screen; none passes that
//! asks the terminal for an answer, sets its title, its clipboard or its palette, or names a file. Total, whatever the bytes.

/// Drawing sequences have shorter parameters than this.
const LONGEST_SEQUENCE: usize = 64;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum EscapeState {
    #[default]
    Text,
    Escape,
    Intermediate,
    Control,
    /// Within OSC, DCS, SOS, PM or APC, which are dropped entirely.
    Message,
    MessageEscape,
}

/// State of the filter between pieces of output.
#[derive(Default)]
pub(super) struct PlaybackFilter {
    state: EscapeState,
    sequence: String,
    /// First bytes of a character that the end of a piece cut off.
    incomplete_bytes: Vec<u8>,
}

impl PlaybackFilter {
    /// Filters the next piece of output.
    pub(super) fn filter_bytes(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.incomplete_bytes);
        all.extend_from_slice(bytes);
        let mut out = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.filter_character(c, &mut out));
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            if chunks.peek().is_none()
                && invalid.len() < 4
                && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
            {
                self.incomplete_bytes = invalid.to_vec();
            } else {
                self.filter_character('\u{fffd}', &mut out);
            }
        }
        out
    }

    fn filter_character(&mut self, c: char, out: &mut String) {
        match c {
            '\u{1b}' => {
                self.state =
                    if self.state == EscapeState::Message { EscapeState::MessageEscape } else { EscapeState::Escape };
                return;
            }
            '\n' if self.state != EscapeState::Text => self.state = EscapeState::Text,
            '\u{9b}' => {
                self.sequence.clear();
                return self.state = EscapeState::Control;
            }
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => return self.state = EscapeState::Message,
            '\u{18}' | '\u{1a}' | '\u{80}'..='\u{9f}' => return self.state = EscapeState::Text,
            _ => {}
        }
        match self.state {
            EscapeState::Text => match c {
                '\n' | '\r' | '\t' | '\u{8}' => out.push(c),
                c if c.is_control() => {}
                c => out.push(c),
            },
            EscapeState::Escape => self.continue_escape(c, out),
            EscapeState::Intermediate => self.state = EscapeState::Text,
            EscapeState::Control => self.continue_control_sequence(c, out),
            EscapeState::Message => {
                if c == '\u{7}' {
                    self.state = EscapeState::Text;
                }
            }
            EscapeState::MessageEscape => {
                self.state = EscapeState::Text;
                if c != '\\' {
                    self.continue_escape(c, out);
                }
            }
        }
    }

    fn continue_escape(&mut self, c: char, out: &mut String) {
        self.sequence.clear();
        self.state = match c {
            '[' => EscapeState::Control,
            ']' | 'P' | 'X' | '^' | '_' => EscapeState::Message,
            ' '..='/' => EscapeState::Intermediate,
            // Index, next line, reverse index, save and restore the cursor.
            'D' | 'E' | 'M' | '7' | '8' => {
                out.push('\u{1b}');
                out.push(c);
                EscapeState::Text
            }
            _ => EscapeState::Text,
        };
    }

    fn continue_control_sequence(&mut self, c: char, out: &mut String) {
        match c {
            ' '..='?' if self.sequence.len() < LONGEST_SEQUENCE => self.sequence.push(c),
            '@'..='~' => {
                self.state = EscapeState::Text;
                if self.sequence.len() < LONGEST_SEQUENCE && only_draws(&self.sequence, c) {
                    out.push_str("\u{1b}[");
                    out.push_str(&self.sequence);
                    out.push(c);
                }
            }
            _ => {}
        }
    }
}

/// True if the control sequence only draws.
fn only_draws(parameters: &str, last: char) -> bool {
    let plain = parameters.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':'));
    match last {
        'A'..='H'
        | 'J'
        | 'K'
        | 'L'
        | 'M'
        | 'P'
        | 'S'
        | 'T'
        | 'X'
        | '@'
        | 'd'
        | 'e'
        | 'f'
        | '`'
        | 'a'
        | 'm'
        | 'r'
        | 's'
        | 'u' => plain,
        // The screen's own modes: cursor, wrapping, alternate screen.
        'h' | 'l' => parameters.strip_prefix('?').is_some_and(|modes| {
            modes.split(';').all(|mode| matches!(mode, "7" | "25" | "47" | "1047" | "1048" | "1049"))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(bytes: &[u8]) -> String {
        PlaybackFilter::default().filter_bytes(bytes)
    }

    #[test]
    fn what_draws_passes_and_what_acts_does_not() {
        let drawing = "\x1b[1;31mred\x1b[0m\x1b[2K\x1b[3A\x1b[?1049h\x1b[H\r\n\té";
        assert_eq!(passed(drawing.as_bytes()), drawing);
        for acting in [
            "\x1b]0;t\x07",
            "\x1b]52;c;aGk=\x1b\\",
            "\x1b[6n",
            "\x1b[c",
            "\x1b[>c",
            "\x1b[21t",
            "\x1b[?2004h",
            "\x1bP+q\x1b\\",
            "\x1bc",
            "\x07",
            "\x05",
            "\x1b[5i",
            "\u{9d}0;x\u{9c}",
            "\x1b(0",
            "\x1b_G\x1b\\",
            "\x1b[>4;1m",
            "\x1b[=u",
        ] {
            assert_eq!(passed(format!("a{acting}b").as_bytes()), "ab", "{acting:?}");
        }
    }

    #[test]
    fn pieces_may_cut_anywhere() {
        let whole = "a\x1b[31mé\x1b]0;title\x07漢\x1b[0mz".as_bytes();
        for at in 0..whole.len() {
            let mut playable = PlaybackFilter::default();
            let (first, second) = whole.split_at(at);
            assert_eq!(playable.filter_bytes(first) + &playable.filter_bytes(second), "a\x1b[31mé漢\x1b[0mz", "{at}");
        }
    }
}
