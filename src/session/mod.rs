//! Wires one run: document, plan, ports, engine, transcript.
//!
//! Invariant: an unattended run whose questions are not all answered starts nothing and records nothing. Refuses to know:
//! the command line.

mod render;
mod run;

pub use render::{Rendered, render, render_to};
pub use run::{BASH_SETS, RunOptions, Selection, SessionError, run};
