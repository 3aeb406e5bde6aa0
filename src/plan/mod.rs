//! A runbook → the steps of a procedure, in order, numbered, with what stands between them and running.
//!
//! Invariant: pure; a [`Command`] cannot run, only a [`Runnable`] can, and [`Command::bind`] alone makes one. Refuses to know:
//! processes, the journal, the terminal.

mod model;

pub use crate::document::{Attributes, Span};
pub use crate::shell::{Clarity, NotACommand, SessionChange, TabledAnswer, Token, TokenClass};
pub use model::{
    Alternative, Choice, ChoiceKind, Command, Node, Plan, Procedure, Prose, Refusal, Runnable, Step, StepKind, Values,
};
