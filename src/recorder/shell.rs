//! One bash, its terminal, and the descriptors between it and the recorder.
//!
//! Invariant: nothing here blocks; every descriptor kept is non-blocking and closed on exec. Refuses to know: the journal,
//! the engine, what a command means.

use super::options::ServeOptions;
use super::outbox::Outbox;
use super::protocol::{Channel, Size};
use super::report::Reader;
use crate::history::Mode;
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, QueueSelector, SpecialCodeIndex, Termios, Winsize};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where bash reads requests. Above the 3 to 9 that people use, below a small `ulimit -n`, away from 63 downwards
/// (process substitution).
const CONTROL_FD: i32 = 38;
/// Where bash reports.
pub(super) const REPORT_FD: i32 = 39;
/// Variables that would change what bash does before the first command.
const DROPPED_VARIABLES: &[&str] = &["BASH_ENV", "ENV", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "BASH_XTRACEFD"];
const PAGERS: &[&str] = &["PAGER", "GIT_PAGER", "SYSTEMD_PAGER"];
/// What a pipe of an unattended run holds.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 256 << 10;
const DEFAULT_SIZE: Size = Size { rows: 24, columns: 80 };

/// What a bash leaves to the next one: its terminal, and the pipes that its jobs still write to.
pub(super) struct Left {
    master: OwnedFd,
    terminal: OwnedFd,
    modes: Option<Termios>,
    pipes: Vec<(Channel, OwnedFd)>,
}

/// A running bash.
pub(super) struct Shell {
    pub(super) pid: Pid,
    pub(super) master: OwnedFd,
    /// Nothing more comes from the terminal.
    pub(super) master_ended: bool,
    /// Kept open so that the terminal outlives its readers, and for its modes.
    terminal: OwnedFd,
    modes: Option<Termios>,
    pub(super) keys: Outbox,
    pub(super) control: Option<OwnedFd>,
    pub(super) requests: Outbox,
    pub(super) report: OwnedFd,
    /// Nothing more is reported.
    pub(super) report_ended: bool,
    pub(super) reports: Reader,
    /// Standard output and error of an unattended run.
    pub(super) pipes: Vec<(Channel, OwnedFd)>,
    boot: PathBuf,
}

impl Shell {
    /// Starts bash in `cwd`; it reports when it is ready. With what another has left it goes on on its terminal.
    pub(super) fn start(
        options: &ServeOptions,
        folder: &Path,
        nonce: &str,
        cwd: &Path,
        left: Option<Left>,
    ) -> std::io::Result<Self> {
        let Left { master, terminal, modes, pipes: old_pipes } = left.map_or_else(Left::fresh, Ok)?;
        let (control_read, control) = pipe()?;
        let (report, report_write) = pipe()?;
        let boot = write_boot(folder, nonce)?;

        let mut command = Command::new(&options.program);
        command.arg(&options.shell_subcommand);
        command.arg(if options.mode.is_interactive() { "attended" } else { "unattended" });
        command.arg(&options.shell).arg(&boot).current_dir(cwd);
        environment(&mut command, options.mode);
        command.stdin(Stdio::from(terminal.try_clone()?));
        let mut pipes = Vec::new();
        if options.mode.is_interactive() {
            command.stdout(Stdio::from(terminal.try_clone()?)).stderr(Stdio::from(terminal.try_clone()?));
        } else {
            let (out, out_write) = pipe()?;
            let (err, err_write) = pipe()?;
            widen(&out);
            widen(&err);
            command.stdout(Stdio::from(out_write)).stderr(Stdio::from(err_write));
            pipes = vec![(Channel::Out, out), (Channel::Err, err)];
        }
        pipes.extend(old_pipes);
        let child = spawn_with(&mut command, &control_read, &report_write)?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
        for fd in [&master, &control, &report].into_iter().chain(pipes.iter().map(|(_, fd)| fd)) {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(Self {
            pid,
            master,
            master_ended: false,
            terminal,
            modes,
            keys: Outbox::default(),
            control: Some(control),
            requests: Outbox::default(),
            report,
            report_ended: false,
            reports: Reader::new(nonce),
            pipes,
            boot,
        })
    }

    /// bash is gone.
    pub(super) fn leave(self) -> Option<Left> {
        drop(std::fs::remove_file(&self.boot));
        if self.master_ended {
            return None;
        }
        self.restore_modes();
        let Self { master, terminal, modes, pipes, .. } = self;
        Some(Left { master, terminal, modes, pipes })
    }

    /// bash has read its rc file.
    pub(super) fn started(&self) {
        drop(std::fs::remove_file(&self.boot));
    }

    /// Keys typed before a command are not the command's; the modes a command left behind are not the next one's.
    pub(super) fn flush_input(&mut self) {
        self.keys.clear();
        let _ = rustix::termios::tcflush(&self.terminal, QueueSelector::IFlush);
    }

    /// Puts the terminal's modes back to how they were at the session's start.
    pub(super) fn restore_modes(&self) {
        let Some(modes) = &self.modes else { return };
        let _ = rustix::termios::tcsetattr(&self.terminal, OptionalActions::Now, modes);
    }

    /// Follows the operator's window.
    pub(super) fn resize(&self, size: Size) {
        set_size(&self.master, size);
    }

    /// The key that interrupts.
    pub(super) fn interrupt_key(&self) -> u8 {
        let modes = rustix::termios::tcgetattr(&self.terminal).ok();
        modes.map_or(3, |modes| modes.special_codes[SpecialCodeIndex::VINTR])
    }

    /// Sends a line of the protocol of `boot.bash`.
    pub(super) fn request(&mut self, bytes: &[u8]) {
        self.requests.buffer().extend_from_slice(bytes);
        self.flush_requests();
    }

    /// Sends what waits. An error is bash's end, which is noticed by itself.
    pub(super) fn flush_requests(&mut self) {
        if let Some(control) = &self.control {
            let _ = self.requests.flush(control);
        }
    }

    /// Sends keys that wait.
    pub(super) fn flush_keys(&mut self) {
        if self.keys.flush(&self.master).is_err() {
            self.keys.clear();
        }
    }

    /// Lets bash leave its loop and exit.
    pub(super) fn close(&mut self) {
        self.control = None;
    }

    /// The process group in the foreground, when it is not bash's own.
    fn foreground(&self) -> Option<Pid> {
        rustix::termios::tcgetpgrp(&self.master).ok().filter(|&group| group != self.pid)
    }

    /// Whether no program is in the foreground, but bash: itself, or a child of it that is no program yet.
    pub(super) fn is_in_front(&self) -> bool {
        self.foreground().is_none_or(super::processes::is_subshell)
    }

    /// Ctrl-C for what is in the foreground. True: that was bash.
    pub(super) fn interrupt(&self) -> bool {
        let program = self.foreground();
        let is_bash = program.is_none_or(super::processes::is_subshell);
        let _ = rustix::process::kill_process_group(program.unwrap_or(self.pid), Signal::INT);
        is_bash
    }

    /// Sends a signal to what runs in the foreground, but not to bash.
    pub(super) fn signal_foreground(&self, signal: Signal) {
        if let Some(group) = self.foreground() {
            let _ = rustix::process::kill_process_group(group, signal);
            return;
        }
        // `$( )` runs in bash's own group.
        for pid in super::processes::group_members(self.pid) {
            if pid != self.pid {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }

    /// Sends a signal to bash alone.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.pid, signal);
    }
}

impl Left {
    /// A new terminal.
    fn fresh() -> std::io::Result<Self> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let terminal = open_terminal(&master)?;
        let modes = prepare_terminal(&terminal);
        set_size(&master, DEFAULT_SIZE);
        Ok(Self { master, terminal, modes, pipes: Vec::new() })
    }
}

fn open_terminal(master: &OwnedFd) -> std::io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    if let Ok(fd) = rustix::pty::ioctl_tiocgptpeer(master, flags) {
        return Ok(fd);
    }
    let name = rustix::pty::ptsname(master, Vec::new())?;
    Ok(rustix::fs::open(&name, flags.into(), rustix::fs::Mode::empty())?)
}

/// UTF-8 erasing, and the modes to go back to.
fn prepare_terminal(terminal: &OwnedFd) -> Option<Termios> {
    let mut modes = rustix::termios::tcgetattr(terminal).ok()?;
    modes.input_modes |= rustix::termios::InputModes::IUTF8;
    rustix::termios::tcsetattr(terminal, OptionalActions::Now, &modes).ok()?;
    Some(modes)
}

fn set_size(master: &OwnedFd, size: Size) {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    let _ = rustix::termios::tcsetwinsize(master, size);
}

fn pipe() -> std::io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// A pipe holds 64 KiB, and whoever fills it and whoever empties it wait for each other all the time. Where the system gives
/// no more it stays so.
fn widen(pipe: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

fn write_boot(folder: &Path, nonce: &str) -> std::io::Result<PathBuf> {
    let path = folder.join(format!(".boot-{}", nonce.get(..8).unwrap_or_default()));
    drop(std::fs::remove_file(&path));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let mut text = format!("__rb_nonce={nonce}\n__rb_dir=").into_bytes();
    text.extend_from_slice(&quote(folder));
    text.push(b'\n');
    text.extend_from_slice(include_bytes!("boot.bash"));
    file.write_all(&text)?;
    Ok(path)
}

/// A path as one word of bash.
pub(super) fn quote(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    quote_bytes(path.as_os_str().as_bytes())
}

/// Any bytes as one word of bash.
pub(super) fn quote_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in bytes {
        if byte == b'\'' {
            quoted.extend_from_slice(b"'\\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}

fn environment(command: &mut Command, mode: Mode) {
    let mut less = false;
    // Only names are looked at: what is ours, and what would change bash's start, is not handed on.
    for (name, _) in std::env::vars_os() {
        less |= name == "LESS";
        let dropped =
            name.to_str().is_some_and(|name| DROPPED_VARIABLES.contains(&name) || name.starts_with("RUNBOOK_"));
        if dropped {
            command.env_remove(name);
        }
    }
    if !less {
        command.env("LESS", "FRX");
    }
    if !mode.is_interactive() {
        command.envs(PAGERS.iter().map(|pager| (pager, "cat")));
    }
}

/// Spawns with the two descriptors at their agreed places, open for the child alone.
fn spawn_with(command: &mut Command, control: &OwnedFd, report: &OwnedFd) -> std::io::Result<std::process::Child> {
    let control = place(control, CONTROL_FD)?;
    let report = place(report, REPORT_FD)?;
    rustix::io::fcntl_setfd(&control, FdFlags::empty())?;
    rustix::io::fcntl_setfd(&report, FdFlags::empty())?;
    command.spawn()
}

fn place(fd: &OwnedFd, wanted: i32) -> std::io::Result<OwnedFd> {
    use rustix::fd::AsRawFd as _;
    let placed = rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), wanted)?;
    if placed.as_raw_fd() == wanted {
        Ok(placed)
    } else {
        Err(std::io::Error::other(format!("descriptor {wanted} is in use")))
    }
}
