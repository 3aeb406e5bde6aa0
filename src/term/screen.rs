//! The window: its size, and what is wiped in it.
//!
//! Invariant: nothing here writes.

use std::os::fd::AsFd;

/// Wipes the window and moves to its top.
pub const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// Wipes the line the cursor is in and moves to its beginning.
pub fn erase_line() -> &'static str {
    "\r\u{1b}[K"
}

/// The window's columns and rows; none when it is no terminal or does not say.
pub fn size(terminal: impl AsFd) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}
