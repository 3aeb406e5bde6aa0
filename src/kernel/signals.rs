//! Signals to the engine while a command runs.
//!
//! Invariant: while no command runs, signals act as they do by default. One that comes between two commands, when the second is
//! already running, belongs to the second. Refuses to know: what is done about them.

use signal_hook::consts::signal;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Handlers for the signals that concern a running command.
#[derive(Debug)]
pub(super) struct Signals {
    /// Readable when a signal has come.
    pub(super) wake: UnixStream,
    idle: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    end: Arc<AtomicBool>,
}

/// Signals that have come since they were last taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PendingSignals {
    /// True after SIGINT: Ctrl-C.
    pub(super) interrupt: bool,
    /// True after SIGWINCH: the window has another size.
    pub(super) resized: bool,
    /// True after SIGTERM or SIGHUP: this program is to end.
    pub(super) end: bool,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        let (wake, write) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let idle = Arc::new(AtomicBool::new(true));
        let [interrupt, resized, end] = std::array::from_fn(|_| Arc::new(AtomicBool::new(false)));
        for (number, flag) in [
            (signal::SIGINT, &interrupt),
            (signal::SIGWINCH, &resized),
            (signal::SIGTERM, &end),
            (signal::SIGHUP, &end),
        ] {
            if number != signal::SIGWINCH {
                signal_hook::flag::register_conditional_default(number, Arc::clone(&idle))?;
            }
            signal_hook::flag::register(number, Arc::clone(flag))?;
            signal_hook::low_level::pipe::register(number, write.try_clone()?)?;
        }
        Ok(Self { wake, idle, interrupt, resized, end })
    }

    /// Catches signals until the guard is dropped. Those that came before are discarded, unless they were being caught
    /// already.
    pub(super) fn catch_signals(&self) -> CaughtSignals<'_> {
        if self.idle.load(Ordering::SeqCst) {
            let _before = self.take_pending();
        }
        self.idle.store(false, Ordering::SeqCst);
        CaughtSignals { signals: self }
    }

    /// Takes the signals that have come since the last call.
    pub(super) fn take_pending(&self) -> PendingSignals {
        let mut buffer = [0; 64];
        while (&self.wake).read(&mut buffer).is_ok_and(|count| count > 0) {}
        let take = |flag: &AtomicBool| flag.swap(false, Ordering::SeqCst);
        PendingSignals { interrupt: take(&self.interrupt), resized: take(&self.resized), end: take(&self.end) }
    }
}

/// Signals are caught until this is dropped.
pub(super) struct CaughtSignals<'a> {
    signals: &'a Signals,
}

impl CaughtSignals<'_> {
    /// Leaves signals caught, because the next command is already running.
    pub(super) fn keep_catching(self) {
        std::mem::forget(self);
    }
}

impl Drop for CaughtSignals<'_> {
    fn drop(&mut self) {
        self.signals.idle.store(true, Ordering::SeqCst);
    }
}
