//! Wires one run: document, plan, ports, engine, transcript.
//!
//! Invariant: an unattended run that lacks an answer starts nothing and records nothing. Refuses to know: the command line.

mod error;
mod masked;
mod options;
mod planning;
mod reminders;
mod render;
mod resume;
mod run;
mod walking;

pub use error::SessionError;
pub use options::{Grants, ProcedureSource, RunEnvironment, RunOptions, RunStorage, SecretInputs, Selection};
pub use planning::{BASH_SETS, plan, policy};
pub use render::{Rendered, render, render_as, render_to};
pub use resume::{Recorded, is_open, resume};
pub use run::{run, who};
