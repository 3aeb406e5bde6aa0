//! The words of the format for the small enumerations of the record.
//!
//! Invariant: these words never change, whatever the types are called; a word once used keeps its meaning.

use crate::history::{Decision, End, InputOrigin, Milestone, Mode, RunResult, StepForm, StepResult};

/// A type whose values have a word each in the format.
pub(super) trait Named: Sized + Copy {
    /// The word.
    fn name(self) -> &'static str;
    /// The value of a word; none for a word of a later version.
    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl Named for $type {
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

named!(Mode { Attended = "attended", Unattended = "unattended" });

named!(StepForm { Command = "command", Guessed = "guessed", Task = "task", Message = "message" });

named!(Decision {
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

named!(InputOrigin { Flag = "flag", Prompt = "prompt", Default = "default" });

named!(StepResult {
    Done = "done",
    DoneWithFailures = "done-with-failures",
    Skipped = "skipped",
    PartlyRun = "partly-run",
    Failed = "failed",
});

named!(RunResult {
    Completed = "completed",
    Failed = "failed",
    Stopped = "stopped",
    Interrupted = "interrupted",
    Abandoned = "abandoned",
});

named!(End {
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

named!(Milestone {
    ImpactStart = "impact-start",
    Detected = "detected",
    Acknowledged = "acknowledged",
    Declared = "declared",
    Mitigated = "mitigated",
    Resolved = "resolved",
});
