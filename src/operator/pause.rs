//! A wait between two runs of a command: a line that counts down, and one key that ends it.
//!
//! Invariant: the line is gone when the wait is over; the keys pressed in it answer nothing else. Refuses to know: what is
//! waited for.

use super::at_terminal::AtTerminal;
use super::keys::Key;
use super::look::{cut, one_line};
use crate::plan::length;
use crate::ports::OperatorError;
use crate::ports::Pause;
use crate::ports::Paused;
use crate::term::Style;
use crate::term::erase_line;
use std::time::Duration;

/// The line counts down this often.
const TICK: Duration = Duration::from_secs(1);

impl AtTerminal {
    pub(super) fn wait(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        self.keys.flush();
        self.keys.begin()?;
        let paused = self.count_down(pause);
        self.keys.end();
        if self.look.cursor {
            self.write(erase_line());
        }
        paused
    }

    fn count_down(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        let until = self.clock.now().mono + pause.lasts;
        let mut said = false;
        loop {
            if let Some(why) = &self.gone {
                return Err(OperatorError::Gone(why.clone()));
            }
            let left = until.saturating_sub(self.clock.now().mono);
            if left.is_zero() {
                return Ok(Paused::Over);
            }
            if self.look.cursor || !said {
                let seconds = Duration::from_secs(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX));
                let text = format!(
                    "{} in {}; Enter: now, q: ends {}",
                    one_line(pause.next),
                    length(seconds),
                    one_line(pause.what)
                );
                let text = cut(&text, self.columns().saturating_sub(1));
                let painted = self.look.paint(Style::Dim, &text);
                let line = if self.look.cursor { format!("{}{painted}", erase_line()) } else { format!("{painted}\n") };
                self.write(&line);
                said = true;
            }
            match self.keys.next(Some(left.min(TICK)))? {
                Some(Key::Enter) => return Ok(Paused::Over),
                Some(Key::Char('q') | Key::Interrupt | Key::End) => return Ok(Paused::Enough),
                _ => {}
            }
        }
    }
}
