//! The operator: at a terminal, and unattended.
//!
//! Invariant: both answer the same questions. No text of a document or a machine reaches a terminal unless it was made
//! harmless; commands' own output does, byte for byte. Refuses to know: what follows from an answer, how it is recorded,
//! and bash.

mod at_terminal;
mod command_text;
mod completion;
mod display;
mod engine_line;
mod entries;
mod incident;
mod keys;
mod lines;
mod live;
mod look;
mod outcome;
mod pause;
mod question;
mod questions;
mod secrets;
mod talk;
#[cfg(test)]
mod tests;
mod tty;
mod unattended;

pub use at_terminal::AtTerminal;
pub use completion::Offers;
pub use keys::{Key, Keys};
pub use lines::{AskLine, Line, Lines, Purpose, TypedLines};
pub use look::Look;
pub use tty::PollableEvents;
pub use unattended::Unattended;
