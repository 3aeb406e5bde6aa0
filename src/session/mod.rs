//! Wires one run: document, plan, ports, engine, transcript.
//!
//! Invariant: an unattended run that lacks an answer starts nothing and records nothing. Refuses to know: the command line.

mod compare;
mod error;
mod masked;
mod options;
mod planning;
mod reminders;
mod render;
mod resume;
mod run;
mod walking;

pub use compare::{TranscriptCheck, compare_transcript};
pub use error::SessionError;
pub use options::{ProcedureSource, RunEnvironment, RunGrants, RunOptions, RunStorage, SecretInputs, Selection};
pub use planning::{BASH_SETS, complete_policy, plan_selected_steps};
pub use render::{RenderedTranscript, render_as_format, render_markdown_to, render_transcript};
pub use resume::{Recorded, can_resume, resume_run};
pub use run::{driver_name, run_procedure};
