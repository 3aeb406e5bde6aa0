//! What the tests of the program share: a home of its own for each test, runs without a terminal, and a scripted
//! terminal.
//!
//! Invariant: nothing of the machine's environment reaches the program but `PATH`; nothing waits without a deadline.
//! Refuses to know: what the program prints.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its surroundings fails, and the clock and `PATH` are the machine's"
)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test file uses another part of this module")]

mod home;
mod terminal;

pub use home::{Home, Output};
pub use terminal::Terminal;
