//! A wait between two runs of a command: a line counts down, and one key ends it.
//!
//! Invariant: the line is gone when the wait is over; keys pressed during the wait answer nothing else. Refuses to know: the
//! reason for the wait.

use super::at_terminal::TerminalOperator;
use super::keys::PressedKey;
use super::look::{cut_line, one_line};
use crate::plan::spell_duration;
use crate::ports::OperatorError;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::term::Style;
use crate::term::erase_line;
use std::time::Duration;

/// Interval at which the line is written again.
const TICK: Duration = Duration::from_secs(1);

impl TerminalOperator {
    pub(super) fn wait_out(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.keys.discard_pending();
        self.keys.begin_reading()?;
        let paused = self.count_down(pause);
        self.keys.end_reading();
        if self.look.can_move_cursor {
            self.write_text(erase_line());
        }
        paused
    }

    fn count_down(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        let until = self.clock.now().mono + pause.lasts;
        let mut was_shown = false;
        loop {
            self.writer.ensure_usable()?;
            let left = until.saturating_sub(self.clock.now().mono);
            if left.is_zero() {
                return Ok(Paused::Over);
            }
            // A terminal that cannot erase a line gets one line for the whole wait.
            if self.look.can_move_cursor || !was_shown {
                self.write_countdown(pause, left);
                was_shown = true;
            }
            match self.keys.read_key(Some(left.min(TICK)))? {
                Some(PressedKey::Enter) => return Ok(Paused::Over),
                Some(PressedKey::Char('q') | PressedKey::Interrupt | PressedKey::EndOfInput) => {
                    return Ok(Paused::Enough);
                }
                _ => {}
            }
        }
    }

    fn write_countdown(&mut self, pause: &Pause<'_>, left: Duration) {
        let seconds = Duration::from_secs(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
        let (next, what) = (one_line(pause.next), one_line(pause.what));
        let text = format!("{next} in {}; Enter: now, q: ends {what}", spell_duration(seconds));
        let text = cut_line(&text, self.text_columns().saturating_sub(1));
        let painted = self.look.paint_text(Style::Dim, &text);
        let line =
            if self.look.can_move_cursor { format!("{}{painted}", erase_line()) } else { format!("{painted}\n") };
        self.write_text(&line);
    }
}
