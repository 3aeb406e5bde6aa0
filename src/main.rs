//! The `runbook` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    runbook::cli::main(std::env::args_os().collect())
}
