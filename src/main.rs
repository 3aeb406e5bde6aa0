//! The `runbook` program.

use runbook::recorder::{BecomeShell, ServeOptions, become_shell, serve};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((first, _)) if first == "__recorder" => match ServeOptions::read().map(serve) {
            Ok(Ok(())) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
        Some((first, rest)) if first == "__shell" => {
            if let Some(options) = BecomeShell::from_args(rest) {
                let _failed = become_shell(&options);
            }
            ExitCode::from(127)
        }
        _ => ExitCode::FAILURE,
    }
}
