//! What the ending of a run means to the person who started it: an exit status, or a failure with help.
//!
//! Invariant: every way a run can fail has an exit status here.

use super::error::{Exit, Failure};
use super::output::print_notices;
use crate::engine::{Ending, EngineError};
use crate::history::RunResult;
use crate::plan::UnmetRequirement;
use crate::ports::{KernelError, OperatorError};
use crate::session::{RunOptions, SessionError};
use std::path::{Path, PathBuf};

/// Prints where the transcript is and how to resume a stopped run. Returns the exit status, or the failure to print.
pub(super) fn report_ending(
    ended: Result<(Ending, PathBuf), SessionError>,
    options: &RunOptions<'_>,
) -> Result<Exit, Failure> {
    match ended {
        Ok((ending, transcript)) => {
            let mut lines = vec![format!("transcript: {}", transcript.display())];
            let run = transcript.parent().and_then(Path::file_name);
            if ending.result == RunResult::Stopped && ending.next.is_some() && options.mode.is_interactive() {
                lines.extend(run.map(|run| format!("go on with it: runbook resume {}", run.to_string_lossy())));
            }
            print_notices(&lines);
            Ok(exit_of_ending(&ending))
        }
        Err(error) => Err(failure_of_session(error, options)),
    }
}

fn exit_of_ending(ending: &Ending) -> Exit {
    match ending.result {
        RunResult::Completed => Exit::Success,
        RunResult::Failed => Exit::CommandFailed,
        RunResult::Stopped | RunResult::Abandoned => Exit::Stopped,
        RunResult::Interrupted => Exit::Interrupted,
    }
}

pub(super) fn failure_of_session(error: SessionError, options: &RunOptions<'_>) -> Failure {
    let message = error.to_string();
    match error {
        SessionError::Missing(missing) => {
            Failure::usage_error(message).with_help(missing_help(&missing, &options.procedure.path))
        }
        SessionError::Nothing(_) => Failure::usage_error(message)
            .with_help(format!("`runbook list {}` lists the procedures", options.procedure.path.display())),
        SessionError::Journal(_) => Failure::record_error(message),
        SessionError::NotResumable(_) => {
            Failure::usage_error(message).with_help("`runbook runs` shows the runs; `runbook stop RUN` ends one")
        }
        SessionError::Step(_) | SessionError::Terminal(_) | SessionError::Unfit(..) => Failure::usage_error(message),
        SessionError::Engine(EngineError::Kernel(kernel)) => match kernel {
            KernelError::Record(_) | KernelError::Lost(_) => Failure::record_error(message)
                .with_help("what was recorded until then is kept: `runbook transcript` shows it"),
            KernelError::Shell(_) => Failure::usage_error(message),
            KernelError::Terminal(_) => interrupted_failure(message),
            KernelError::Detached => Failure { exit: Exit::Stopped, ..interrupted_failure(message) },
            KernelError::Ended(_) => Failure { exit: Exit::Stopped, message, help: None }
                .with_help("what was done is recorded: `runbook transcript` shows it, `runbook resume` goes on"),
        },
        SessionError::Engine(EngineError::Operator(operator)) => match operator {
            OperatorError::Gone(_) => interrupted_failure(message),
            OperatorError::Unanswered(_) | OperatorError::Session(_) => {
                Failure { exit: Exit::Stopped, message, help: None }
            }
        },
    }
}

fn interrupted_failure(message: String) -> Failure {
    let help = "a command that was running goes on by itself and is recorded: `runbook runs` shows it";
    Failure { exit: Exit::Interrupted, message, help: Some(help.to_owned()) }
}

/// One line for each answer that an unattended run lacks, with the flag that gives it.
fn missing_help(missing: &[UnmetRequirement], path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut lines: Vec<String> = Vec::new();
    for lack in missing {
        let flag = lack.flag.as_ref().map_or_else(
            || "needs an operator: run it at a terminal, or change the document".to_owned(),
            |flag| format!("give `{flag}`"),
        );
        lines.push(format!("{file}:{}: {}; {flag}", lack.line, lack.found));
    }
    lines.join("\n")
}
