//! The small process that owns the terminal, bash, the output and the journal of one run.
//!
//! It outlives the engine that started it: a restore that is running goes on, recorded, when the operator's terminal is
//! gone. So it is one synchronous poll loop without async, with no thread but one that waits for the disk while output goes
//! on, and nothing in it may panic.
//!
//! Invariant: a command's start is on disk before bash sees it; its output is in its file before anyone is told of it;
//! its end is on disk before the operator hears of it. Refuses to know: the document, the plan, the operator.

mod become_shell;
mod capture;
mod command;
mod connection;
mod folder;
mod handover;
mod hide;
mod life;
mod options;
mod outbox;
mod plain;
mod processes;
pub mod protocol;
mod pump;
mod questions;
mod report;
mod respawn;
mod restore;
mod running;
mod serve;
mod session;
mod shell;
mod snapshot;
mod visits;

pub use become_shell::{BecomeShell, become_shell};
pub use capture::{INLINE_BYTES, background_path, output_path};
pub use folder::socket_note;
pub use options::{Announcement, FREE_DISK_PERCENT, MONITOR_ALONE, OUTPUT_LIMIT_BYTES, ServeOptions};
pub use serve::{RecorderError, serve};

use std::time::Duration;

/// Output that was written is on disk after this time at most.
const SYNC_INTERVAL: Duration = Duration::from_millis(250);
/// An end that was told before it was on disk is there after this time at most, also when the engine has nothing more to record.
const SETTLE_LIMIT: Duration = Duration::from_millis(3);
/// So long after an interrupt it is looked whether the command has heard of it, and again.
const HEARD_AFTER: Duration = Duration::from_millis(200);
/// Output of a command is held back for its first moments, in case it is back by then and needs no file.
const HOLD: Duration = Duration::from_millis(20);
/// Without an engine any other command is ended after this time.
const COMMAND_ALONE: Duration = Duration::from_hours(24);
/// Without an engine and without a command a session waits this long to be resumed.
const IDLE_LIMIT: Duration = Duration::from_hours(24);
/// bash, and the EXIT traps of the session, have this long to end.
const EXIT_GRACE: Duration = Duration::from_secs(5);
/// After a hangup they have this long.
const HANGUP_GRACE: Duration = Duration::from_secs(1);
/// More keys than this are not kept for a command that reads none.
const KEYS_LIMIT_BYTES: usize = 1 << 20;
