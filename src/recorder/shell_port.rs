//! The seam between a session and its shell.
//!
//! Today's only implementation is [`LocalShell`](super::shell::LocalShell). A shell on another host, reached over one byte
//! stream, can implement the same: nothing here assumes that bash is a process of this machine.
//!
//! Invariant: no method blocks, and none fails because the shell has ended: the end is noticed by itself. Refuses to know:
//! the journal, the engine, what a command means.

use super::protocol::{OutputChannel, TerminalSize};
use super::report::Report;
use super::terminal::ShellRemains;
use rustix::event::PollFlags;
use rustix::fd::BorrowedFd;
use rustix::process::{Pid, Signal};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Descriptors open in bash, each with the file it is open on.
pub(super) type OpenDescriptors = BTreeSet<(i32, PathBuf)>;

/// Result of one read.
#[derive(Clone, Copy)]
pub(super) enum ReadResult {
    /// This many bytes came.
    Bytes(usize),
    /// Nothing at the moment.
    Nothing,
    /// Nothing any more.
    Ended,
}

/// Use of a descriptor that the poll loop watches for a shell.
#[derive(Clone, Copy)]
pub(super) enum ShellSource {
    /// Output comes here; keys go here.
    Output,
    /// Reports come here.
    Report,
    /// Requests go here, when they could not be sent at once.
    Control,
}

/// Receives each descriptor to watch, with the events to watch for.
pub(super) type WatchDescriptor<'w, 'fd> = &'w mut dyn FnMut(ShellSource, BorrowedFd<'fd>, PollFlags);

/// A running bash with `boot.bash` loaded, wherever it runs.
///
/// The session sends one request at a time and waits for its report. Requests and keys may be queued: the poll loop calls
/// [`flush_requests`](ShellPort::flush_requests) and [`flush_keys`](ShellPort::flush_keys) when their descriptor takes
/// bytes. Output and reports are read when a descriptor of [`watch_descriptors`](ShellPort::watch_descriptors) is ready.
pub(super) trait ShellPort {
    // Requests and the files they name.

    /// Sends a line of the protocol of `boot.bash`, and keeps what cannot be sent at once.
    fn send_request(&mut self, bytes: &[u8]);
    /// Sends queued requests.
    fn flush_requests(&mut self);
    /// Writes the text of a command where bash finds it under `name`; readable by this user alone.
    fn write_step_file(&mut self, name: &str, text: &[u8]) -> std::io::Result<()>;
    /// Blanks the text of the last command.
    fn clear_step_file(&mut self);
    /// Writes a file that bash sources before the first command: the rc file, or the state of the last shell.
    fn write_setup_file(&mut self, name: &str, text: &[u8]) -> std::io::Result<()>;
    /// Removes such a file.
    fn remove_setup_file(&mut self, name: &str);

    // The terminal.

    /// Queues and sends keys. Drops them when too many wait already.
    fn send_keys(&mut self, keys: &[u8]);
    /// Sends queued keys.
    fn flush_keys(&mut self);
    /// True while keys wait that the terminal does not take.
    fn has_queued_keys(&self) -> bool;
    /// Drops the keys that wait in the queue.
    fn clear_keys(&mut self);
    /// Drops the queued keys and those that no program has read: keys typed before a command are not the command's.
    fn discard_input(&mut self);
    /// True if the terminal takes a line and does not show it, as for a password.
    fn hides_typed_line(&self) -> bool;
    /// The key that interrupts at this moment.
    fn interrupt_key(&self) -> u8;
    /// Undoes what a command has done to the terminal's modes.
    fn restore_modes(&self);
    /// Follows the size of the operator's window.
    fn resize_terminal(&self, size: TerminalSize);

    // Output and reports.

    /// Names each descriptor to watch.
    fn watch_descriptors<'fd>(&'fd self, watch: WatchDescriptor<'_, 'fd>);
    /// Number of output streams. Stream 0 is the terminal; it always counts, even when it has ended.
    fn stream_count(&self) -> usize;
    /// The channel of an output stream; `None` from [`stream_count`](ShellPort::stream_count) on.
    fn stream_channel(&self, index: usize) -> Option<OutputChannel>;
    /// Reads once from an output stream.
    fn read_output(&self, index: usize, room: &mut [u8]) -> ReadResult;
    /// Stops reading a stream that has ended. Streams behind it move up by one; the terminal keeps its index.
    fn close_stream(&mut self, index: usize);
    /// Reads reports once, into `buffer` first. False when nothing came.
    fn receive_reports(&mut self, buffer: &mut [u8]) -> bool;
    /// The next complete report that was received.
    fn next_report(&mut self) -> Option<Report>;

    // Signals.

    /// Interrupts what runs in the foreground. True if that was bash itself.
    fn interrupt_foreground(&self) -> bool;
    /// True if bash itself is in the foreground, or a child of it that is no program yet.
    fn is_in_foreground(&self) -> bool;
    /// Signals what runs in the foreground, but never bash.
    fn signal_foreground(&self, signal: Signal);
    /// Signals bash alone.
    fn signal_shell(&self, signal: Signal);
    /// Interrupts once more a program that missed an interrupt.
    ///
    /// `age` is the time since the command began. `bash_was_interrupted` is true if the last interrupt reached bash, which
    /// may have been about to start the program.
    fn repeat_lost_interrupt(&self, age: Duration, bash_was_interrupted: bool);

    // The process.

    /// Process number of bash where it runs, for people.
    fn process_number(&self) -> u32;
    /// bash as a child of this recorder; `None` if it runs elsewhere.
    fn local_pid(&self) -> Option<Pid>;
    /// Descriptors open in bash, looked at while bash is at rest.
    fn open_descriptors(&self) -> OpenDescriptors;
    /// True if a process of the shell waits for a key, as far as the system tells.
    fn reads_terminal(&self) -> bool;

    // Start and end.

    /// Called once, when bash has reported that it is up.
    fn confirm_start(&self);
    /// Makes bash leave its loop and exit.
    fn close_requests(&mut self);
    /// Called when bash has ended; returns the parts that the next shell takes over.
    fn into_remains(self: Box<Self>) -> ShellRemains;
}
