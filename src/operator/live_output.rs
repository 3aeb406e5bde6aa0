//! The screen while a command runs: its output as it comes, and a progress line while it prints nothing.
//!
//! Invariant: every byte of the output is written as it came, in order. The progress line is drawn only where it can be wiped
//! without a trace. Refuses to know: which command runs.

use super::look::{TerminalLook, cut_line, format_duration};
use crate::term::OutputTracker;
use crate::term::Style;
use crate::term::erase_line;
use std::time::Duration;

/// A command that prints nothing for this long gets the progress line.
const QUIET_LIMIT: Duration = Duration::from_secs(2);

/// The command that is running.
pub(super) struct LiveOutput {
    tracker: OutputTracker,
    /// Running time in seconds that the progress line shows; none while it is not drawn.
    drawn: Option<u64>,
    look: TerminalLook,
    /// Width of the window; none if a line cannot be wiped.
    columns: Option<usize>,
}

impl LiveOutput {
    pub(super) fn new(look: TerminalLook, columns: Option<usize>) -> Self {
        let columns = columns.filter(|_| look.can_move_cursor);
        Self { tracker: OutputTracker::new(), drawn: None, look, columns }
    }

    /// Takes in output, and returns the text to write in front of it.
    pub(super) fn track_output(&mut self, bytes: &[u8]) -> &'static str {
        self.tracker.observe_bytes(bytes);
        self.wipe_progress()
    }

    /// The progress line, if it is to be drawn now: the command runs for `elapsed` and printed nothing for `silent`.
    pub(super) fn draw_progress(&mut self, elapsed: Duration, silent: Duration) -> String {
        let seconds = elapsed.as_secs();
        let Some(columns) = self.columns else { return String::new() };
        if silent < QUIET_LIMIT || !self.tracker.can_draw_line() || self.drawn == Some(seconds) {
            return String::new();
        }
        let glyphs = self.look.glyphs;
        let silence = if self.tracker.has_output() {
            format!("no output for {} s", silent.as_secs())
        } else {
            "no output yet".to_owned()
        };
        let running = format_duration(Duration::from_secs(seconds)).replace(".0", "");
        let text =
            format!("{}running {running}, {silence}{}Ctrl-C ends it", glyphs.running_sign(), glyphs.item_separator());
        self.drawn = Some(seconds);
        // A line that wraps cannot be wiped.
        let text = cut_line(&text, columns.saturating_sub(1));
        format!("{}{}", erase_line(), self.look.paint_text(Style::Dim, &text))
    }

    /// The text to write when the command has finished. It resets the terminal and moves the cursor to the beginning of a line.
    pub(super) fn finish_command(&mut self) -> String {
        let mut out = self.wipe_progress().to_owned();
        out.push_str(&self.tracker.reset_sequences());
        if !self.tracker.is_on_fresh_line() {
            out.push('\n');
        }
        out
    }

    /// True if lines of ours can be written between the output: it ends at the beginning of a line.
    pub(super) fn can_interleave(&self) -> bool {
        self.columns.is_some() && self.tracker.can_draw_line()
    }

    /// Returns the text that wipes the progress line; empty if it is not drawn.
    pub(super) fn wipe_progress(&mut self) -> &'static str {
        if self.drawn.take().is_some() { erase_line() } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Color;
    use crate::term::Glyphs;

    fn live() -> LiveOutput {
        LiveOutput::new(TerminalLook { color: Color::Never, glyphs: Glyphs::Unicode, can_move_cursor: true }, Some(80))
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_silent_command_says_that_it_runs_and_the_line_goes_before_its_output() {
        let mut live = live();
        assert_eq!(live.draw_progress(seconds(1), seconds(1)), "");
        assert_eq!(
            live.draw_progress(seconds(12), seconds(12)),
            "\r\u{1b}[K… running 12 s, no output yet · Ctrl-C ends it"
        );
        assert_eq!(live.draw_progress(seconds(12), seconds(12)), "", "drawn once a second");
        assert_eq!(live.track_output(b"done\r\n"), "\r\u{1b}[K");
        assert_eq!(live.track_output(b"more\r\n"), "");
        assert_eq!(live.finish_command(), "");
    }

    #[test]
    fn no_line_is_drawn_into_a_prompt_or_a_full_screen_program() {
        let mut prompt = live();
        prompt.track_output(b"Password: ");
        assert_eq!(prompt.draw_progress(seconds(9), seconds(9)), "");
        assert_eq!(prompt.finish_command(), "\n");
        let mut screen = live();
        screen.track_output(b"\x1b[?1049h\x1b[H\n");
        assert_eq!(screen.draw_progress(seconds(9), seconds(9)), "");
        assert_eq!(screen.finish_command(), "\u{1b}[?1049l");
    }

    #[test]
    fn without_a_terminal_there_is_no_line() {
        let mut live =
            LiveOutput::new(TerminalLook { color: Color::Never, glyphs: Glyphs::Ascii, can_move_cursor: false }, None);
        assert_eq!(live.draw_progress(seconds(60), seconds(60)), "");
    }
}
