//! The transcript: what a run's events, its document and its outputs tell a person afterwards.
//!
//! Invariant: the same run folder renders to the same bytes, whatever the time and the machine; nothing that was printed or
//! typed can break the transcript's structure or reach a terminal as a control sequence. Memory is bounded by the longest
//! command, not by the run. Refuses to know: the journal's format, files, the plan.

mod changes;
mod clean;
mod escape;
mod excerpt;
mod inert;
mod markdown;
mod overview;
mod prose;
mod steps;
mod timeline;
mod words;

pub use changes::changes;
pub use inert::{command, command_in_cell, inline, outcome, run_result, took};
pub use markdown::{Sources, markdown};
