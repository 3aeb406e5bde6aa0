//! The command line: arguments to options, dispatch, exit statuses.
//!
//! Invariant: data goes to standard output, notices to standard error; the environment is read here and nowhere else.

mod args;
mod check;
mod choices;
mod complete;
mod config;
mod dispatch;
mod dry_run;
mod environment;
mod error;
mod findings;
mod incident;
mod inputs;
mod list;
mod man;
mod mask;
mod open;
mod output;
mod records;
mod redact;
mod remains;
mod resume;
mod run;
mod run_ending;
mod run_options;
mod runs;
mod sarif;
mod show;
mod transcript;
mod values;
mod verify;

pub use dispatch::run_program;
pub use error::Exit;
