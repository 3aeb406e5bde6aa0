//! The outcome of a command, in a few words.
//!
//! Invariant: exit status 0 is described as `exit 0`, never as a success, which it does not prove. Refuses to know: what the
//! command was for.

use super::look::{TerminalLook, format_duration, one_line};
use crate::history::CommandFinished;
use crate::history::CommandState;
use crate::history::Outcome;
use crate::term::Style;
use std::time::Duration;

/// Renders the line below the output of a command, with its newline.
pub(super) fn render_outcome_line(finished: &CommandFinished, detail: Option<&str>, look: TerminalLook) -> String {
    let (style, sign, words) = outcome_parts(&finished.outcome, finished.status, &finished.pipestatus, look);
    let dot = look.glyphs.item_separator();
    let mut rest = String::new();
    if let Some(detail) = detail {
        rest.push_str(dot);
        rest.push_str(&one_line(detail));
    }
    rest.push_str(dot);
    rest.push_str(&format_duration(Duration::from_nanos(finished.took_ns)));
    format!("{}{}\n", look.paint_text(style, &format!("{sign} {words}")), look.paint_text(Style::Dim, &rest))
}

/// The outcome of an earlier command, without sign and time: `no match · exit 1`.
pub(super) fn describe_outcome(command: &CommandState, look: TerminalLook) -> String {
    let (status, pipestatus) =
        command.finished.as_ref().map_or((None, [].as_slice()), |f| (f.status, f.pipestatus.as_slice()));
    outcome_parts(&command.known_outcome(), status, pipestatus, look).2
}

/// Style, sign and words for an outcome.
fn outcome_parts(
    outcome: &Outcome,
    status: Option<i32>,
    pipestatus: &[i32],
    look: TerminalLook,
) -> (Style, &'static str, String) {
    let glyphs = look.glyphs;
    let exit = status.map_or_else(String::new, |status| format!("{}exit {status}", glyphs.item_separator()));
    match outcome {
        Outcome::Succeeded => (Style::Success, glyphs.success_sign(), "exit 0".to_owned()),
        Outcome::Negative(meaning) => (Style::Negative, glyphs.negative_sign(), format!("{}{exit}", one_line(meaning))),
        Outcome::Failed => {
            (Style::Failure, glyphs.failure_sign(), format!("failed{exit}{}", format_pipestatus(pipestatus)))
        }
        Outcome::Interrupted => (Style::Failure, glyphs.failure_sign(), "interrupted".to_owned()),
        Outcome::EndedByOperator => (Style::Success, glyphs.ended_sign(), "ended by you".to_owned()),
        Outcome::EndedByTime => (Style::Success, glyphs.ended_sign(), "ended after its time".to_owned()),
        Outcome::TimedOut => (Style::Failure, glyphs.failure_sign(), "took too long and was ended".to_owned()),
        Outcome::Suspended => (Style::Failure, glyphs.failure_sign(), "suspended by Ctrl-Z and ended".to_owned()),
        Outcome::Exited => {
            let status = status.unwrap_or(0);
            (Style::Negative, glyphs.negative_sign(), format!("exit {status} called: the shell goes on"))
        }
        Outcome::ShellEnded => (Style::Failure, glyphs.failure_sign(), "it ended the shell".to_owned()),
        Outcome::Unknown => {
            (Style::Warning, "?", "nobody knows how it ended; it is not run again by itself".to_owned())
        }
    }
}

/// The exit statuses of a pipeline, if it has more than one command: ` (1|0)`.
fn format_pipestatus(pipestatus: &[i32]) -> String {
    if pipestatus.len() < 2 {
        return String::new();
    }
    let statuses: Vec<_> = pipestatus.iter().map(ToString::to_string).collect();
    format!(" ({})", statuses.join("|"))
}
