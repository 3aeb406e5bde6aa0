//! The terminal window: its size, and the sequences that erase parts of it.
//!
//! Invariant: nothing here writes. Refuses to know: what is on the screen.

use std::os::fd::AsFd;

/// Sequence that erases the window and moves the cursor to its top.
pub const CLEAR_SCREEN: &str = "\u{1b}[H\u{1b}[2J";

/// Sequence that erases the current line and moves the cursor to its beginning.
pub fn erase_line() -> &'static str {
    "\r\u{1b}[K"
}

/// Columns and rows of the window. None if `terminal` is no terminal or does not report a size.
pub fn window_size(terminal: impl AsFd) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}
