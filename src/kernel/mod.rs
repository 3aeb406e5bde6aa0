//! The engine's side of the shell session: starts a recorder, drives it, and asks bash and the machine what the engine
//! needs to know.
//!
//! Invariant: the operator's terminal is as it was found whenever control leaves this module. Refuses to know: the
//! document, the operator's decisions, how the record is written.

mod attach;
mod ear;
mod find;
mod git;
mod link;
mod message;
mod ports;
mod session;
mod signals;
mod start;
mod syntax;
mod terminal;
mod watching;

pub use attach::{AttachError, register_in_session, session_state, stop_session};
pub use ear::RecorderEvents;
pub use find::{PathProbe, find_bash, find_program};
pub use git::{GitState, git_state};
pub use link::LearnedSecrets;
pub use message::{MessageSent, send_message};
pub use session::Session;
pub use start::{RecorderProgram, SessionRun, ShellSetup, StartOptions};
pub use syntax::BashSyntax;
