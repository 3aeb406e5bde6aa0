//! What the engine needs from the outside: a kernel, a journal, an operator, bash's opinion of a text, and whether a
//! program is there.
//!
//! Invariant: no port names a file, a colour, a signal or a wire format. Refuses to know: which adapter answers.

mod kernel;
mod operator;
mod pager;

pub use kernel::{
    CommandStart, Finished, Hearing, Journal, Kernel, KernelError, LineAction, LiveValue, Probe, Request, Stream,
    Syntax, Verdict, Watch,
};
pub use operator::{
    Ask, AskChoice, AskCommand, AskFailure, AskInput, AskMessage, AskTask, Chosen, Operator, OperatorError, Pause,
    Paused, Reply, Shown, Standing, Talk, TypedSecret,
};
pub use pager::Pager;
