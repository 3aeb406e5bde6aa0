//! What is shown while a command runs: its output as it comes, and a line that says it still runs when nothing comes.
//!
//! Invariant: every byte of the output is written as it came, in order; the line stands only where it can be wiped without
//! a trace.

use super::look::{Look, cut, took};
use crate::term::OutputTracker;
use crate::term::Style;
use crate::term::erase_line;
use std::time::Duration;

/// How long a command may print nothing before a line says so.
const QUIET: Duration = Duration::from_secs(2);

/// A command in sight.
pub(super) struct Live {
    tracker: OutputTracker,
    /// The seconds that the line says, while it stands.
    drawn: Option<u64>,
    look: Look,
    /// The window's columns; none when no line can be wiped.
    columns: Option<usize>,
}

impl Live {
    pub(super) fn new(look: Look, columns: Option<usize>) -> Self {
        let columns = columns.filter(|_| look.cursor);
        Self { tracker: OutputTracker::new(), drawn: None, look, columns }
    }

    /// What to write before these bytes of output.
    pub(super) fn output(&mut self, bytes: &[u8]) -> &'static str {
        self.tracker.saw(bytes);
        self.wipe()
    }

    /// What to write while nothing comes.
    pub(super) fn quiet(&mut self, elapsed: Duration, silent: Duration) -> String {
        let seconds = elapsed.as_secs();
        let Some(columns) = self.columns else { return String::new() };
        if silent < QUIET || !self.tracker.may_draw() || self.drawn == Some(seconds) {
            return String::new();
        }
        let glyphs = self.look.glyphs;
        let silence = if self.tracker.any() {
            format!("no output for {} s", silent.as_secs())
        } else {
            "no output yet".to_owned()
        };
        let running = took(Duration::from_secs(seconds)).replace(".0", "");
        let text = format!("{}running {running}, {silence}{}Ctrl-C ends it", glyphs.running(), glyphs.dot());
        self.drawn = Some(seconds);
        // A line that wraps could not be wiped.
        let text = cut(&text, columns.saturating_sub(1));
        format!("{}{}", erase_line(), self.look.paint(Style::Dim, &text))
    }

    /// What to write when the command came back: the terminal is sane and the cursor at the beginning of a line after it.
    pub(super) fn end(&mut self) -> String {
        let mut out = self.wipe().to_owned();
        out.push_str(&self.tracker.resets());
        if !self.tracker.on_fresh_line() {
            out.push('\n');
        }
        out
    }

    /// Whether something can be told in lines of its own: the output stands at the beginning of a line.
    pub(super) fn may_tell(&self) -> bool {
        self.columns.is_some() && self.tracker.may_draw()
    }

    pub(super) fn wipe(&mut self) -> &'static str {
        if self.drawn.take().is_some() { erase_line() } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Color;
    use crate::term::Glyphs;

    fn live() -> Live {
        Live::new(Look { color: Color::Never, glyphs: Glyphs::Unicode, cursor: true }, Some(80))
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_silent_command_says_that_it_runs_and_the_line_goes_before_its_output() {
        let mut live = live();
        assert_eq!(live.quiet(seconds(1), seconds(1)), "");
        assert_eq!(live.quiet(seconds(12), seconds(12)), "\r\u{1b}[K… running 12 s, no output yet · Ctrl-C ends it");
        assert_eq!(live.quiet(seconds(12), seconds(12)), "", "drawn once a second");
        assert_eq!(live.output(b"done\r\n"), "\r\u{1b}[K");
        assert_eq!(live.output(b"more\r\n"), "");
        assert_eq!(live.end(), "");
    }

    #[test]
    fn no_line_is_drawn_into_a_prompt_or_a_full_screen_program() {
        let mut prompt = live();
        prompt.output(b"Password: ");
        assert_eq!(prompt.quiet(seconds(9), seconds(9)), "");
        assert_eq!(prompt.end(), "\n");
        let mut screen = live();
        screen.output(b"\x1b[?1049h\x1b[H\n");
        assert_eq!(screen.quiet(seconds(9), seconds(9)), "");
        assert_eq!(screen.end(), "\u{1b}[?1049l");
    }

    #[test]
    fn without_a_terminal_there_is_no_line() {
        let mut live = Live::new(Look { color: Color::Never, glyphs: Glyphs::Ascii, cursor: false }, None);
        assert_eq!(live.quiet(seconds(60), seconds(60)), "");
    }
}
