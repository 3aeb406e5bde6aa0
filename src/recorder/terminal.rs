//! The pseudo-terminal of a session's shell.
//!
//! Invariant: it outlives each bash on it, so jobs keep their terminal when a new bash starts. Refuses to know: what runs
//! on it.

use super::handover::StepFile;
use super::outbox::Outbox;
use super::protocol::{OutputChannel, TerminalSize};
use rustix::fd::OwnedFd;
use rustix::process::Pid;
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, QueueSelector, SpecialCodeIndex, Termios, Winsize};

const DEFAULT_SIZE: TerminalSize = TerminalSize { rows: 24, columns: 80 };
/// The interrupt key (Ctrl-C) where the terminal names none.
const DEFAULT_INTERRUPT_KEY: u8 = 3;

/// A pseudo-terminal: the recorder's end, and the end that bash has open too.
pub(super) struct Terminal {
    pub(super) master: OwnedFd,
    /// Kept open so that the terminal outlives its readers, and to reach its modes.
    pub(super) device: OwnedFd,
    /// Modes at the session's start.
    modes: Option<Termios>,
    /// True once no more output can come.
    pub(super) has_ended: bool,
}

/// Parts of an ended shell that the next one takes over.
#[derive(Default)]
pub(super) struct ShellRemains {
    /// `None` before the first shell, or when the terminal has ended.
    pub(super) terminal: Option<Terminal>,
    /// Pipes that background jobs of the ended shell still write to.
    pub(super) pipes: Vec<(OutputChannel, OwnedFd)>,
    pub(super) step_file: StepFile,
}

impl Terminal {
    /// Opens a new pseudo-terminal of 24 by 80 characters.
    pub(super) fn open_new() -> std::io::Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let device = open_device(&master)?;
        let modes = prepare_modes(&device);
        let terminal = Self { master, device, modes, has_ended: false };
        terminal.set_size(DEFAULT_SIZE);
        Ok(terminal)
    }

    pub(super) fn set_size(&self, size: TerminalSize) {
        let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        let _ = rustix::termios::tcsetwinsize(&self.master, size);
    }

    /// Puts the modes back to those of the session's start.
    pub(super) fn restore_modes(&self) {
        let Some(modes) = &self.modes else { return };
        let _ = rustix::termios::tcsetattr(&self.device, OptionalActions::Now, modes);
    }

    /// Discards keys that no program has read yet.
    pub(super) fn discard_input(&self) {
        let _ = rustix::termios::tcflush(&self.device, QueueSelector::IFlush);
    }

    /// True if the terminal takes whole lines without showing them.
    pub(super) fn hides_typed_line(&self) -> bool {
        rustix::termios::tcgetattr(&self.device).is_ok_and(|modes| {
            modes.local_modes.contains(rustix::termios::LocalModes::ICANON)
                && !modes.local_modes.contains(rustix::termios::LocalModes::ECHO)
        })
    }

    pub(super) fn interrupt_key(&self) -> u8 {
        let modes = rustix::termios::tcgetattr(&self.device).ok();
        modes.map_or(DEFAULT_INTERRUPT_KEY, |modes| modes.special_codes[SpecialCodeIndex::VINTR])
    }

    pub(super) fn foreground_group(&self) -> Option<Pid> {
        rustix::termios::tcgetpgrp(&self.master).ok()
    }

    /// Sends as many keys as the terminal takes; drops them when it has ended.
    pub(super) fn send_keys(&self, keys: &mut Outbox) {
        if keys.flush_to(&self.master).is_err() {
            keys.drop_waiting();
        }
    }
}

fn open_device(master: &OwnedFd) -> std::io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    if let Ok(fd) = rustix::pty::ioctl_tiocgptpeer(master, flags) {
        return Ok(fd);
    }
    let name = rustix::pty::ptsname(master, Vec::new())?;
    Ok(rustix::fs::open(&name, flags.into(), rustix::fs::Mode::empty())?)
}

/// Makes erasing work on UTF-8 characters. Returns the modes to go back to after each command.
fn prepare_modes(device: &OwnedFd) -> Option<Termios> {
    let mut modes = rustix::termios::tcgetattr(device).ok()?;
    modes.input_modes |= rustix::termios::InputModes::IUTF8;
    rustix::termios::tcsetattr(device, OptionalActions::Now, &modes).ok()?;
    Some(modes)
}
