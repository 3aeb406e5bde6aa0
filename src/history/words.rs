//! The words that stand in the record for the values of small enumerations.
//!
//! Invariant: these words never change, whatever the types are called; a word once used keeps its meaning.

use super::fact::{ConsentForm, Decision, InputOrigin, Mode, RunResult, StepForm, StepResult};
use super::incident::Milestone;
use super::outcome::End;

/// An enumeration with one recorded word for each value.
pub(crate) trait Word: Sized + Copy {
    /// The word that is recorded for this value.
    fn as_word(self) -> &'static str;
    /// The value of a word; none for a word of a later version.
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl Word for $type {
            fn as_word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words!(Mode { Attended = "attended", Unattended = "unattended" });

words!(StepForm { Command = "command", Guessed = "guessed", Task = "task", Message = "message" });

words!(Decision {
    Run = "run",
    RunRest = "run-rest",
    Skip = "skip",
    Edit = "edit",
    Retry = "retry",
    GoOn = "go-on",
    Own = "own",
    Done = "done",
    Back = "back",
    Stop = "stop",
    Decline = "decline",
    Until = "until",
    Sample = "sample",
    RollBack = "roll-back",
});

words!(ConsentForm { Yes = "yes", Typed = "typed", Allowed = "allowed", Approved = "approved" });

words!(InputOrigin { Flag = "flag", Prompt = "prompt", Default = "default", Listing = "listing", Command = "command" });

words!(StepResult {
    Done = "done",
    DoneWithFailures = "done-with-failures",
    Skipped = "skipped",
    PartlyRun = "partly-run",
    Failed = "failed",
});

words!(RunResult {
    Completed = "completed",
    Failed = "failed",
    Stopped = "stopped",
    Interrupted = "interrupted",
    Abandoned = "abandoned",
});

words!(End {
    Ran = "ran",
    Returned = "returned",
    Exited = "exited",
    Errexit = "errexit",
    Thrown = "thrown",
    Stopped = "stopped",
    Aborted = "aborted",
    ShellDied = "shell-died",
    Unknown = "unknown",
});

impl Word for Milestone {
    fn as_word(self) -> &'static str {
        self.wire_name()
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|milestone| milestone.wire_name() == word)
    }
}
