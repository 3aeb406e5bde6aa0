//! The `runbook` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    runbook::cli::run_program(std::env::args_os().collect())
}
