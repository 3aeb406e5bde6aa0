//! Wires one run: document, plan, ports, engine, transcript.
//!
//! Invariant: an unattended run whose questions are not all answered starts nothing and records nothing. Refuses to know:
//! the command line.

mod masked;
mod pager;
mod render;
mod resume;
mod run;

pub use render::{Rendered, render, render_as, render_to};
pub use resume::{Recorded, is_open, resume};
pub use run::{BASH_SETS, RunOptions, Selection, SessionError, masker, plan, policy, run, who};
