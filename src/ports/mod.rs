//! What the engine needs from the outside: a kernel, a journal, an operator, bash's opinion of a text, and whether a
//! program is there.
//!
//! Invariant: no port names a file, a colour, a signal or a wire format. Refuses to know: which adapter answers.

mod kernel;
mod operator;
mod pager;

pub use kernel::{
    CommandStart, Finished, Journal, Kernel, KernelError, LineAction, Probe, Request, SessionEvents, ShellVariable,
    Stream, Syntax, SyntaxVerdict, Watch,
};
pub use operator::{
    Ask, AskChoice, AskCommand, AskFailure, AskInput, AskMessage, AskTask, Chosen, Notice, Operator, OperatorError,
    Pause, Paused, Reply, ShownStep, StepPosition, TypedSecret,
};
pub use pager::IncidentReminders;
