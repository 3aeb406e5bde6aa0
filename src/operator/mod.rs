//! The operator: at a terminal, or unattended.
//!
//! Invariant: both answer the same questions. Text of a document or a machine is made harmless before it reaches a
//! terminal; the output of commands passes unchanged. Refuses to know: what follows from an answer, how it is recorded,
//! and bash.

mod asking;
mod at_terminal;
mod command_entry;
mod command_text;
mod completion;
mod display;
mod engine_line;
mod incident;
mod key_menu;
mod key_questions;
mod key_reader;
mod keys;
mod lines;
mod live_output;
mod look;
mod notices;
mod outcome;
mod pause;
mod terminal_writer;
#[cfg(test)]
mod tests;
mod tty;
mod unattended;
mod unfinished;
mod visible_context;
mod word_questions;

pub use at_terminal::TerminalOperator;
pub use completion::Completions;
pub use keys::{KeySource, PressedKey};
pub use lines::{EnteredLine, LinePurpose, LineRequest, LineSource, TerminalLines};
pub use look::TerminalLook;
pub use tty::PollableEvents;
pub use unattended::UnattendedOperator;
