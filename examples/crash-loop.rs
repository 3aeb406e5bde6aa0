//! `cargo run --release --example crash-loop -- --kills 10000`: kills recorders and compares the record with what a witness
//! saw acknowledged. Exits with 1 when anything was lost, is unreadable, or ran twice.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example that tests: it stops at what it cannot set up, and says what it saw"
)]

#[path = "../tests/crash_loop/mod.rs"]
mod crash_loop;

use runbook::recorder::{BecomeShell, ServeOptions};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // It is its own recorder.
    match arguments.get(1).and_then(|first| first.to_str()) {
        Some("__recorder") => {
            let served = ServeOptions::read_from_stdin().map(runbook::recorder::serve_run);
            return if matches!(served, Ok(Ok(()))) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Some("__shell") => {
            if let Some(options) = BecomeShell::from_args(arguments.get(2..).unwrap_or_default()) {
                drop(runbook::recorder::become_shell(&options));
            }
            return ExitCode::from(127);
        }
        _ => {}
    }
    let number = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)?.to_str()?.parse::<u64>().ok()
    };
    let kills = number("--kills").and_then(|kills| u32::try_from(kills).ok()).unwrap_or(1000);
    let seconds = number("--seconds").unwrap_or(24 * 3600);
    let seed = number("--seed").unwrap_or(1);
    let program = std::env::current_exe().expect("this program");
    let tally = crash_loop::crash(&program, kills, Duration::from_secs(seconds), seed);
    println!("{tally:#?}");
    if tally.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
