//! Filters output for replay on a terminal, so that it can draw and do nothing else.
//!
//! Invariant: control sequences pass only if they move the cursor, erase, colour or switch the screen; none passes that
//! asks the terminal for an answer, sets its title, its clipboard or its palette, or names a file. Total, whatever the bytes.

/// Drawing sequences have shorter parameters than this.
const LONGEST: usize = 64;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
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
pub(super) struct Playable {
    state: State,
    sequence: String,
    /// First bytes of a character that the end of a piece cut off.
    cut: Vec<u8>,
}

impl Playable {
    /// Filters the next piece of output.
    pub(super) fn take(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let mut out = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.character(c, &mut out));
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            if chunks.peek().is_none()
                && invalid.len() < 4
                && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
            {
                self.cut = invalid.to_vec();
            } else {
                self.character('\u{fffd}', &mut out);
            }
        }
        out
    }

    fn character(&mut self, c: char, out: &mut String) {
        match c {
            '\u{1b}' => {
                self.state = if self.state == State::Message { State::MessageEscape } else { State::Escape };
                return;
            }
            '\n' if self.state != State::Text => self.state = State::Text,
            '\u{9b}' => {
                self.sequence.clear();
                return self.state = State::Control;
            }
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => return self.state = State::Message,
            '\u{18}' | '\u{1a}' | '\u{80}'..='\u{9f}' => return self.state = State::Text,
            _ => {}
        }
        match self.state {
            State::Text => match c {
                '\n' | '\r' | '\t' | '\u{8}' => out.push(c),
                c if c.is_control() => {}
                c => out.push(c),
            },
            State::Escape => self.escape(c, out),
            State::Intermediate => self.state = State::Text,
            State::Control => self.control(c, out),
            State::Message => {
                if c == '\u{7}' {
                    self.state = State::Text;
                }
            }
            State::MessageEscape => {
                self.state = State::Text;
                if c != '\\' {
                    self.escape(c, out);
                }
            }
        }
    }

    fn escape(&mut self, c: char, out: &mut String) {
        self.sequence.clear();
        self.state = match c {
            '[' => State::Control,
            ']' | 'P' | 'X' | '^' | '_' => State::Message,
            ' '..='/' => State::Intermediate,
            // Index, next line, reverse index, save and restore the cursor.
            'D' | 'E' | 'M' | '7' | '8' => {
                out.push('\u{1b}');
                out.push(c);
                State::Text
            }
            _ => State::Text,
        };
    }

    fn control(&mut self, c: char, out: &mut String) {
        match c {
            ' '..='?' if self.sequence.len() < LONGEST => self.sequence.push(c),
            '@'..='~' => {
                self.state = State::Text;
                if self.sequence.len() < LONGEST && draws(&self.sequence, c) {
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
fn draws(parameters: &str, last: char) -> bool {
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
        Playable::default().take(bytes)
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
            let mut playable = Playable::default();
            let (first, second) = whole.split_at(at);
            assert_eq!(playable.take(first) + &playable.take(second), "a\x1b[31mé漢\x1b[0mz", "{at}");
        }
    }
}
