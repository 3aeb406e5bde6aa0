//! The loop that walks a plan with its operator: decide, record, act.
//!
//! Invariant: a decision is recorded before it is acted on, and nothing runs that was not shown. Refuses to know: bash,
//! files, colours, JSON; it sees only ports.

mod ahead;
mod candidate;
mod choice;
mod command;
mod earlier;
mod execute;
mod expect;
mod failure;
mod first_line;
mod gate;
mod inputs;
mod known_values;
mod listing;
mod offers;
mod outcome;
mod own;
mod permission;
mod position;
mod prepare;
mod progress;
mod repeat;
mod repetition;
mod resume;
mod rollback;
mod run;
mod send_ahead;
mod settings;
mod step;
mod unrecorded;
mod unset;
mod value_origins;
mod wait;
mod walk;

pub use run::Engine;
pub use settings::{Ending, EngineError, MONITOR_FOR, Settings};
