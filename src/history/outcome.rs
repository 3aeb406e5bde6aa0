//! Meaning of a command's exit. "No match" is an answer and not a failure; a failure hidden in a pipeline is one.
//!
//! Invariant: [`judge_end`] depends on its arguments alone. The tables of answers are made elsewhere and travel as data,
//! because the recorder must judge a command whose engine is gone.

use serde::{Deserialize, Serialize};

/// How control came back from a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The command ran to its end.
    Ran,
    /// A `return` ended the command early.
    Returned,
    /// The command called `exit` in the session's shell; the shell lives on.
    Exited,
    /// `set -e` ended the command.
    Errexit,
    /// A shell error (`set -u`, `${x:?}`) or Ctrl-C aborted the command.
    Thrown,
    /// Ctrl-Z suspended the command.
    Stopped,
    /// The session was asked to end the command: a timeout, `runbook stop`.
    Aborted,
    /// The shell died under the command.
    ShellDied,
    /// Unknown, because the recorder died first.
    Unknown,
}

/// Judgement of a command's end. [`judge_end`] makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Exit status 0, and no member of the pipeline failed.
    Succeeded,
    /// An exit status that is an answer: `no match`, `differs`, `inactive`.
    Negative(String),
    /// The command failed.
    Failed,
    /// The operator interrupted the command.
    Interrupted,
    /// A command that never ends by itself was ended by the operator, as intended.
    EndedByOperator,
    /// A command that never ends by itself was ended after its allotted time in an unattended run.
    EndedByTime,
    /// The command took too long and was ended.
    TimedOut,
    /// The operator suspended the command (Ctrl-Z).
    Suspended,
    /// The command called `exit`.
    Exited,
    /// The command ended the shell itself.
    ShellEnded,
    /// The command was started, and no end was recorded.
    Unknown,
}

impl Outcome {
    /// True if the step may continue without asking.
    pub fn allows_next_command(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Negative(_) | Self::EndedByOperator | Self::EndedByTime)
    }

    /// True if the next gate must mention this outcome.
    pub fn needs_naming_at_gate(&self) -> bool {
        !matches!(self, Self::Succeeded | Self::EndedByOperator | Self::EndedByTime)
    }
}

/// An exit status that is an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Exit status, 0 to 255.
    pub status: i32,
    /// Meaning in words: `no match`.
    pub meaning: String,
    /// The status is an answer only if this text is in the output.
    pub only_if_printed: Option<String>,
}

/// The answers of a command, where it is one pipeline: a list for each member, in order. Empty when nothing about
/// its members is known, and then every status but 0 and SIGPIPE's is a failure. One list for a command that is judged by
/// its status alone: a single program, a loop, a group, a negated pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(pub Vec<Vec<Answer>>);

/// 128 + SIGPIPE: the reader had enough. Not a failure of the writer.
const SIGPIPE_STATUS: i32 = 141;
/// 128 + SIGINT.
const SIGINT_STATUS: i32 = 130;

/// Judges how a command ended.
///
/// `status` and `pipestatus` are the shell's; `printed` is the beginning of what the command printed (4 KiB are enough
/// for every tabled answer); `interrupted` says that Ctrl-C reached the command from the operator, or that an aborted one was
/// stopped by the operator.
pub fn judge_end(
    end: End,
    status: i32,
    pipestatus: &[i32],
    answers: &Answers,
    never_ends: bool,
    interrupted: bool,
    printed: &[u8],
) -> Outcome {
    match end {
        End::ShellDied => return Outcome::ShellEnded,
        End::Unknown => return Outcome::Unknown,
        End::Stopped => return Outcome::Suspended,
        End::Aborted => {
            return match (interrupted, never_ends) {
                (true, true) => Outcome::EndedByOperator,
                (true, false) => Outcome::Interrupted,
                (false, true) => Outcome::EndedByTime,
                (false, false) => Outcome::TimedOut,
            };
        }
        End::Exited => return Outcome::Exited,
        End::Ran | End::Returned | End::Errexit | End::Thrown => {}
    }
    let by_interrupt = status == SIGINT_STATUS || pipestatus.contains(&SIGINT_STATUS);
    if interrupted && never_ends {
        return Outcome::EndedByOperator;
    }
    if interrupted && by_interrupt {
        return Outcome::Interrupted;
    }
    let mut negative = None;
    // A single member is the status itself; where it is not, the shell speaks of something inside a compound command
    // (`while read …` ends with a `read` that failed), or the status is negated.
    let alone = pipestatus.len() < 2 || answers.0.len() == 1;
    let members = if alone { std::slice::from_ref(&status) } else { pipestatus };
    let known = answers.0.len() == members.len();
    for (i, &member) in members.iter().enumerate() {
        if member == 0 || (member == SIGPIPE_STATUS && i + 1 < members.len()) {
            continue;
        }
        let answer = answers
            .0
            .get(i)
            .filter(|_| known)
            .and_then(|list| list.iter().find(|a| a.status == member))
            .filter(|a| a.only_if_printed.as_ref().is_none_or(|text| contains_bytes(printed, text.as_bytes())));
        match answer {
            Some(answer) => negative = Some(answer.meaning.clone()),
            None => return Outcome::Failed,
        }
    }
    // `! cmd`, `pipefail`, errexit: the last word is the status itself.
    match negative {
        Some(meaning) => Outcome::Negative(meaning),
        None if status == 0 => Outcome::Succeeded,
        None => Outcome::Failed,
    }
}

fn contains_bytes(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_match() -> Vec<Answer> {
        vec![Answer { status: 1, meaning: "no match".into(), only_if_printed: None }]
    }

    fn ran(status: i32, pipestatus: &[i32], answers: Vec<Vec<Answer>>) -> Outcome {
        judge_end(End::Ran, status, pipestatus, &Answers(answers), false, false, b"")
    }

    #[test]
    fn a_grep_that_finds_nothing_is_no_match() {
        assert_eq!(ran(1, &[0, 1], vec![vec![], no_match()]), Outcome::Negative("no match".into()));
    }

    #[test]
    fn dead_logs_before_a_grep_that_finds_nothing_are_a_failure() {
        assert_eq!(ran(1, &[1, 1], vec![vec![], no_match()]), Outcome::Failed);
    }

    #[test]
    fn a_failed_reader_before_a_psql_that_succeeds_is_a_failure() {
        assert_eq!(ran(0, &[1, 0], vec![vec![], vec![]]), Outcome::Failed);
    }

    #[test]
    fn a_writer_whose_reader_had_enough_has_not_failed() {
        assert_eq!(ran(0, &[141, 0], vec![vec![], vec![]]), Outcome::Succeeded);
        assert_eq!(ran(141, &[141], vec![vec![]]), Outcome::Failed);
    }

    #[test]
    fn an_answer_that_must_be_printed_is_a_failure_when_it_is_not() {
        let will_expire = vec![vec![Answer {
            status: 1,
            meaning: "will expire".into(),
            only_if_printed: Some("will expire".into()),
        }]];
        let judged =
            |printed: &[u8]| judge_end(End::Ran, 1, &[1], &Answers(will_expire.clone()), false, false, printed);
        assert_eq!(judged(b"Certificate will expire\n"), Outcome::Negative("will expire".into()));
        assert_eq!(judged(b"Could not open file\n"), Outcome::Failed);
    }

    #[test]
    fn ctrl_c_ends_a_command_that_never_ends_and_interrupts_any_other() {
        let judged = |never| judge_end(End::Thrown, 130, &[130], &Answers::default(), never, true, b"");
        assert_eq!(judged(true), Outcome::EndedByOperator);
        assert_eq!(judged(false), Outcome::Interrupted);
    }

    #[test]
    fn a_loop_over_a_pipeline_that_failed_at_last_has_not_failed() {
        assert_eq!(ran(0, &[0, 1], vec![vec![]]), Outcome::Succeeded);
        assert_eq!(ran(1, &[0, 1], vec![vec![]]), Outcome::Failed);
    }

    #[test]
    fn a_loop_whose_condition_failed_at_last_has_not_failed() {
        assert_eq!(ran(0, &[1], vec![]), Outcome::Succeeded);
    }

    #[test]
    fn a_pipeline_of_unknown_shape_has_no_answers() {
        assert_eq!(ran(1, &[0, 1], vec![]), Outcome::Failed);
    }
}
