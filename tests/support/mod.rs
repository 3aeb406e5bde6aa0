//! What the tests of the program share: a home of its own for each test, runs without a terminal, and a scripted
//! terminal.
//!
//! Invariant: nothing of the machine's environment reaches the program but `PATH`; nothing waits without a deadline.
//! Refuses to know: what the program prints.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that cannot set up its surroundings fails, and the clock and `PATH` are the machine's"
)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test file uses another part of this module")]

mod home;
mod readers;
mod terminal;

pub use home::{Home, Output};
pub use readers::{a_browser_finds_nothing, accepts, tool};
pub use terminal::Terminal;

/// Whether a program that a test needs is there. A missing one skips the test by name, or fails it where
/// `RUNBOOK_TEST_REQUIRE` names it (or says `all`).
pub fn needs(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    let required = std::env::var("RUNBOOK_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name == program || name == "all");
    assert!(!is_required, "`{program}` is required and not there");
    println!("skipped: `{program}` is not there");
    false
}

/// The folder of public documents that tests are tried on, or none: then the test is skipped by name.
pub fn corpus() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("RUNBOOK_TEST_CORPUS").map(std::path::PathBuf::from);
    if folder.is_none() {
        println!("skipped: `RUNBOOK_TEST_CORPUS` is not set");
    }
    folder
}
