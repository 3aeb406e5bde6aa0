//! Keys, and which of them were pressed on purpose.
//!
//! Invariant: a key that came with others, or was held down, is never taken for a deliberate one. Refuses to know: what a
//! key does.

use super::keys::{KeySource, PressedKey};
use crate::ports::OperatorError;
use std::time::Duration;

/// Another key within this time of a letter counts as typed with it: `s` and Enter, or pasted text.
const LETTER_BURST: Duration = Duration::from_millis(40);
/// The same limit after Enter, where a longer wait would be noticed.
const ENTER_BURST: Duration = Duration::from_millis(15);
/// The same key again within this time is a key held down. It must not run one command after another.
const KEY_REPEAT: Duration = Duration::from_millis(60);
/// Two presses of Ctrl-C within this time stop the run.
const DOUBLE_INTERRUPT: Duration = Duration::from_secs(2);

/// Reads keys and remembers the last ones.
pub(super) struct KeyReader {
    keys: Box<dyn KeySource>,
    /// A key that was read together with the one before and is still to be answered.
    queued: Option<PressedKey>,
    /// The previous key and when it came.
    previous: Option<(PressedKey, Duration)>,
    interrupted_at: Option<Duration>,
}

impl KeyReader {
    pub(super) fn new(keys: Box<dyn KeySource>) -> Self {
        Self { keys, queued: None, previous: None, interrupted_at: None }
    }

    /// Width of the window in columns.
    pub(super) fn window_columns(&self) -> usize {
        self.keys.window_size().0
    }

    /// Switches the terminal to single keys without echo.
    pub(super) fn begin_reading(&mut self) -> Result<(), OperatorError> {
        self.keys.begin_reading()
    }

    /// Restores the modes of the terminal.
    pub(super) fn end_reading(&mut self) {
        self.keys.end_reading();
    }

    /// Discards input that the terminal has not delivered yet. A queued key stays.
    pub(super) fn discard_pending(&mut self) {
        self.keys.discard_pending();
    }

    /// Discards everything typed before the question appeared.
    pub(super) fn discard_typed_ahead(&mut self) {
        self.queued = None;
        self.keys.discard_pending();
    }

    /// The key that was read together with the previous one, if any.
    pub(super) fn take_queued(&mut self) -> Option<PressedKey> {
        self.queued.take()
    }

    /// Queues a key that has come already, without waiting. Fails if the terminal was closed.
    pub(super) fn queue_pending(&mut self) -> Result<(), OperatorError> {
        self.queued = self.keys.next_key(Some(Duration::ZERO))?;
        Ok(())
    }

    /// Reads the next key, for at most `wait`; without `wait`, until one comes.
    pub(super) fn read_key(&mut self, wait: Option<Duration>) -> Result<Option<PressedKey>, OperatorError> {
        self.keys.next_key(wait)
    }

    /// Checks what follows `key` at once. Swallows an Enter typed with a letter, queues one more letter, and drains pasted
    /// text. Returns false if it was pasted text.
    pub(super) fn accept_single_press(&mut self, key: PressedKey) -> Result<bool, OperatorError> {
        let wait = if key == PressedKey::Enter { ENTER_BURST } else { LETTER_BURST };
        let Some(second) = self.keys.next_key(Some(wait))? else { return Ok(true) };
        if second == PressedKey::Interrupt || second == PressedKey::EndOfInput {
            self.queued = Some(second);
            return Ok(true);
        }
        match self.keys.next_key(Some(wait))? {
            None if second == PressedKey::Enter => Ok(true),
            None => {
                self.queued = Some(second);
                Ok(true)
            }
            Some(_) => {
                while self.keys.next_key(Some(LETTER_BURST))?.is_some() {}
                Ok(false)
            }
        }
    }

    /// True if `key`, read at `now`, repeats the previous key faster than a hand can press it.
    pub(super) fn is_held_down(&mut self, key: PressedKey, now: Duration) -> bool {
        let previous = self.previous.replace((key, now));
        previous.is_some_and(|(same, at)| same == key && now.saturating_sub(at) < KEY_REPEAT)
    }

    /// Notes a Ctrl-C at `now`. True if it follows another closely enough to stop the run.
    pub(super) fn is_second_interrupt(&mut self, now: Duration) -> bool {
        let second = self.interrupted_at.is_some_and(|first| now.saturating_sub(first) <= DOUBLE_INTERRUPT);
        self.interrupted_at = Some(now);
        second
    }
}
