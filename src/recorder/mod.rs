//! The small process that owns the terminal, bash, the output and the journal of one run.
//!
//! It outlives the engine that started it: a restore that is running goes on, recorded, when the operator's terminal is
//! gone. So it is one synchronous poll loop without async, with no thread but one that waits for the disk while output goes
//! on, and nothing in it may panic.
//!
//! Invariant: a command's start is on disk before bash sees it; its output is in its file before anyone is told of it;
//! its end is on disk before the operator hears of it. Refuses to know: the document, the plan, the operator.

mod activity;
mod background;
mod become_shell;
mod capture;
mod client;
mod command;
mod connection;
mod engine;
mod fact_masking;
mod folder;
mod handover;
mod life;
mod masked_output;
mod masks;
mod options;
mod outbox;
mod output;
mod plain;
mod processes;
pub mod protocol;
mod pump;
mod questions;
mod quoting;
mod record;
mod report;
mod respawn;
mod restore;
mod running;
mod serve;
mod session;
mod shell;
mod shell_port;
mod shell_slot;
mod shell_state;
mod snapshot;
mod terminal;
mod unseen;
mod visits;

pub use become_shell::{BecomeShell, become_shell};
pub use capture::{INLINE_BYTES, background_path, output_path};
pub use folder::socket_link_path;
pub use options::{
    Announcement, FREE_DISK_PERCENT, MONITOR_ALONE, OUTPUT_LIMIT_BYTES, ServeOptions, SessionLimits, ShellLaunch,
};
pub use serve::{RecorderError, serve_run};

use std::time::Duration;

/// Output is synced at this interval.
const SYNC_INTERVAL: Duration = Duration::from_millis(250);
/// An end that was reported before it was durable is synced after this time at most.
const SETTLE_LIMIT: Duration = Duration::from_millis(3);
/// Interval of the checks that a command received an interrupt.
const HEARD_AFTER: Duration = Duration::from_millis(200);
/// Output of a command is buffered this long: a command that has finished by then needs no file.
const HOLD: Duration = Duration::from_millis(20);
/// Without an engine, a command that does end by itself is ended after this time.
const COMMAND_ALONE: Duration = Duration::from_hours(24);
/// Without an engine and without a command a session waits this long to be resumed.
const IDLE_LIMIT: Duration = Duration::from_hours(24);
/// Time for bash and its EXIT traps to end before the hangup.
const EXIT_GRACE: Duration = Duration::from_secs(5);
/// Time between the hangup and the kill, and between two kills.
const HANGUP_GRACE: Duration = Duration::from_secs(1);
/// More keys than this are dropped while no program reads them.
const KEYS_LIMIT_BYTES: usize = 1 << 20;
