//! The states of a session: what its shell is doing, and how far the session's end has come.
//!
//! Invariant: data that only one state needs is in that state. Refuses to know: what leads from one state to the next.

use super::running::Running;
use std::time::Duration;

/// Activity of the shell.
pub(super) enum Activity {
    /// bash is starting; it is given up at this moment.
    Starting(Duration),
    /// bash reads the operator's rc file, as the request of this number.
    ReadingRc(u64),
    /// A new bash gets the state of the last one, by the request of this number.
    Restoring(u64),
    /// The shell is ready for a request.
    Idle,
    /// The shell runs a command.
    Command(Box<Running>),
    /// The shell answers the question of this number.
    Answering(u64, Question),
}

/// A question to the live shell.
#[derive(Debug)]
pub(super) enum Question {
    /// The values of these variables; the flag is true if the text is a valid name, and was sent to bash.
    Values(Vec<(String, bool)>),
    /// Functions and aliases, unless the engine already knows this edition.
    Shadows(Option<u64>),
    /// True if bash can set a variable of this name.
    Set,
}

/// Progress of ending the session's bash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// The session goes on.
    No,
    /// bash was asked to exit; at this moment it gets SIGHUP.
    Told(Duration),
    /// bash got SIGHUP; at this moment it is killed.
    HungUp(Duration),
    /// bash has ended.
    Done,
}

/// Reasons to end the run, noted until the session can end it.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// True once the recorder got SIGTERM or a client asked to stop the run.
    pub(super) terminated: bool,
    /// Person who asked to stop the run; empty for a signal.
    pub(super) stopped_by: String,
    /// True once the engine has recorded the run's end.
    pub(super) is_over: bool,
    /// True once that end is that the run is completed, so that nobody resumes it.
    pub(super) is_completed: bool,
}
