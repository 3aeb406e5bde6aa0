//! A bash of this machine: its process, its terminal, and the pipes between it and the recorder.
//!
//! Invariant: nothing here blocks; every descriptor kept is non-blocking and closed on exec. Refuses to know: the journal,
//! the engine, what a command means.

use super::folder::write_private;
use super::handover::StepFile;
use super::options::ServeOptions;
use super::outbox::Outbox;
use super::processes;
use super::protocol::{OutputChannel, TerminalSize};
use super::quoting::quote_path;
use super::report::{Report, ReportReader};
use super::shell_port::{OpenDescriptors, ReadResult, ShellPort, ShellSource, WatchDescriptor};
use super::terminal::{ShellRemains, Terminal};
use crate::history::Mode;
use rustix::event::PollFlags;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, Signal};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where bash reads requests. Above the 3 to 9 that people use, below a small `ulimit -n`, away from 63 downwards
/// (process substitution).
const CONTROL_FD: i32 = 38;
/// Where bash reports.
const REPORT_FD: i32 = 39;
/// Variables that would change what bash does before the first command.
const DROPPED_VARIABLES: &[&str] = &["BASH_ENV", "ENV", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "BASH_XTRACEFD"];
/// Variables that name the operator's own terminal or window, or its size: the session has a terminal of its own. `pinentry` would open
/// the one in `GPG_TTY` and share its keys with us; a program inside `TMUX` would act on the operator's panes.
const OUTER_TERMINAL_VARIABLES: &[&str] =
    &["GPG_TTY", "SSH_TTY", "WINDOWID", "TMUX", "TMUX_PANE", "STY", "WINDOW", "COLUMNS", "LINES"];
/// `TMOUT` makes an interactive bash log itself out while it waits, which it does as long as a command runs.
const IDLE_LOGOUT_VARIABLE: &str = "TMOUT";
const PAGER_VARIABLES: &[&str] = &["PAGER", "GIT_PAGER", "SYSTEMD_PAGER"];
/// Capacity of each pipe of an unattended run.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 256 << 10;

/// A bash that runs as a child of this recorder.
pub(super) struct LocalShell {
    pid: Pid,
    terminal: Terminal,
    keys: Outbox,
    /// `None` once bash was told to exit.
    control: Option<OwnedFd>,
    requests: Outbox,
    report: OwnedFd,
    /// True once nothing more is reported.
    report_ended: bool,
    reports: ReportReader,
    /// Standard output and error of an unattended run, and of jobs of the shells before this one.
    pipes: Vec<(OutputChannel, OwnedFd)>,
    /// The rc file; removed when bash has read it.
    boot: PathBuf,
    /// Folder for the files that bash sources.
    folder: PathBuf,
    step_file: StepFile,
}

impl LocalShell {
    /// Starts bash in `cwd`; it reports when it is ready. Takes over the terminal and the pipes of the last shell.
    pub(super) fn start_bash(
        options: &ServeOptions,
        folder: &Path,
        nonce: &str,
        cwd: &Path,
        remains: ShellRemains,
    ) -> std::io::Result<Self> {
        let ShellRemains { terminal, pipes: old_pipes, step_file } = remains;
        let terminal = terminal.map_or_else(Terminal::open_new, Ok)?;
        let (control_read, control) = open_pipe()?;
        let (report, report_write) = open_pipe()?;
        let boot = write_boot(folder, nonce)?;

        let mut command = Command::new(&options.launch.program);
        command.arg(&options.launch.shell_subcommand);
        command.arg(if options.mode.is_interactive() { "attended" } else { "unattended" });
        command.arg(&options.launch.shell).arg(&boot).current_dir(cwd);
        set_environment(&mut command, options.mode);
        let mut pipes = connect_streams(&mut command, &terminal, options.mode)?;
        pipes.extend(old_pipes);
        let child = spawn_with(&mut command, &control_read, &report_write)?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
        for fd in [&terminal.master, &control, &report].into_iter().chain(pipes.iter().map(|(_, fd)| fd)) {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(Self {
            pid,
            terminal,
            keys: Outbox::default(),
            control: Some(control),
            requests: Outbox::default(),
            report,
            report_ended: false,
            reports: ReportReader::new(nonce),
            pipes,
            boot,
            folder: folder.to_owned(),
            step_file,
        })
    }

    /// The process group in the foreground, unless it is bash's own.
    fn foreground_program(&self) -> Option<Pid> {
        self.terminal.foreground_group().filter(|&group| group != self.pid)
    }
}

impl ShellPort for LocalShell {
    fn send_request(&mut self, bytes: &[u8]) {
        self.requests.buffer_mut().extend_from_slice(bytes);
        self.flush_requests();
    }

    fn flush_requests(&mut self) {
        if let Some(control) = &self.control {
            let _ = self.requests.flush_to(control);
        }
    }

    fn write_step_file(&mut self, name: &str, text: &[u8]) -> std::io::Result<()> {
        self.step_file.write_text(&self.folder.join(name), text)
    }

    fn clear_step_file(&mut self) {
        self.step_file.blank_text();
    }

    fn write_setup_file(&mut self, name: &str, text: &[u8]) -> std::io::Result<()> {
        write_private(&self.folder.join(name), text)
    }

    fn remove_setup_file(&mut self, name: &str) {
        drop(std::fs::remove_file(self.folder.join(name)));
    }

    fn send_keys(&mut self, keys: &[u8]) {
        if self.keys.waiting_bytes() < super::KEYS_LIMIT_BYTES {
            self.keys.buffer_mut().extend_from_slice(keys);
        }
        self.flush_keys();
    }

    fn flush_keys(&mut self) {
        self.terminal.send_keys(&mut self.keys);
    }

    fn has_queued_keys(&self) -> bool {
        self.keys.waiting_bytes() > 0
    }

    fn clear_keys(&mut self) {
        self.keys.drop_waiting();
    }

    fn discard_input(&mut self) {
        self.keys.drop_waiting();
        self.terminal.discard_input();
    }

    fn hides_typed_line(&self) -> bool {
        self.terminal.hides_typed_line()
    }

    fn interrupt_key(&self) -> u8 {
        self.terminal.interrupt_key()
    }

    fn restore_modes(&self) {
        self.terminal.restore_modes();
    }

    fn resize_terminal(&self, size: TerminalSize) {
        self.terminal.set_size(size);
    }

    fn watch_descriptors<'fd>(&'fd self, watch: WatchDescriptor<'_, 'fd>) {
        if !self.terminal.has_ended {
            let keys = if self.has_queued_keys() { PollFlags::OUT } else { PollFlags::empty() };
            watch(ShellSource::Output, self.terminal.master.as_fd(), PollFlags::IN | keys);
        }
        for (_, pipe) in &self.pipes {
            watch(ShellSource::Output, pipe.as_fd(), PollFlags::IN);
        }
        if !self.report_ended {
            watch(ShellSource::Report, self.report.as_fd(), PollFlags::IN);
        }
        if let Some(control) = self.control.as_ref().filter(|_| self.requests.waiting_bytes() > 0) {
            watch(ShellSource::Control, control.as_fd(), PollFlags::OUT);
        }
    }

    fn stream_count(&self) -> usize {
        1 + self.pipes.len()
    }

    fn stream_channel(&self, index: usize) -> Option<OutputChannel> {
        match index.checked_sub(1) {
            // A command may write to its terminal even though it has pipes; that is standard output too.
            None => Some(OutputChannel::Out),
            Some(pipe) => self.pipes.get(pipe).map(|(channel, _)| *channel),
        }
    }

    fn read_output(&self, index: usize, room: &mut [u8]) -> ReadResult {
        match index.checked_sub(1) {
            None if self.terminal.has_ended => ReadResult::Nothing,
            None => read_once(&self.terminal.master, room),
            Some(pipe) => self.pipes.get(pipe).map_or(ReadResult::Nothing, |(_, fd)| read_once(fd, room)),
        }
    }

    fn close_stream(&mut self, index: usize) {
        match index.checked_sub(1) {
            None => self.terminal.has_ended = true,
            Some(pipe) if pipe < self.pipes.len() => drop(self.pipes.remove(pipe)),
            Some(_) => {}
        }
    }

    fn receive_reports(&mut self, buffer: &mut [u8]) -> bool {
        if self.report_ended {
            return false;
        }
        match read_once(&self.report, buffer) {
            ReadResult::Bytes(length) => self.reports.push_bytes(buffer.get(..length).unwrap_or_default()),
            ReadResult::Nothing => return false,
            ReadResult::Ended => self.report_ended = true,
        }
        true
    }

    fn next_report(&mut self) -> Option<Report> {
        self.reports.next_report()
    }

    fn interrupt_foreground(&self) -> bool {
        let program = self.foreground_program();
        let is_bash = program.is_none_or(processes::is_subshell);
        let _ = rustix::process::kill_process_group(program.unwrap_or(self.pid), Signal::INT);
        is_bash
    }

    fn is_in_foreground(&self) -> bool {
        self.foreground_program().is_none_or(processes::is_subshell)
    }

    fn signal_foreground(&self, signal: Signal) {
        if let Some(group) = self.foreground_program() {
            let _ = rustix::process::kill_process_group(group, signal);
            return;
        }
        // `$( )` runs in bash's own group.
        for pid in processes::group_members(self.pid) {
            if pid != self.pid {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }

    fn signal_shell(&self, signal: Signal) {
        let _ = rustix::process::kill_process(self.pid, signal);
    }

    /// bash 5.3, interrupted between starting a program and giving it the terminal, leaves the program running and waits
    /// for it in the foreground itself: no key reaches the program any more. Any bash, interrupted a moment earlier, still
    /// starts the program and waits for it, and the program never gets the interrupt.
    fn repeat_lost_interrupt(&self, age: Duration, bash_was_interrupted: bool) {
        if let Some(left) = processes::abandoned_child(self.pid, age) {
            let _ = rustix::process::kill_process_group(left, Signal::INT);
        } else if bash_was_interrupted && !self.is_in_foreground() && processes::waits_for_child(self.pid) {
            self.interrupt_foreground();
        }
    }

    fn process_number(&self) -> u32 {
        u32::try_from(self.pid.as_raw_nonzero().get()).unwrap_or_default()
    }

    fn local_pid(&self) -> Option<Pid> {
        Some(self.pid)
    }

    fn open_descriptors(&self) -> OpenDescriptors {
        processes::descriptors_at_rest(self.pid, REPORT_FD)
    }

    fn reads_terminal(&self) -> bool {
        processes::reads_terminal(self.pid)
    }

    fn confirm_start(&self) {
        drop(std::fs::remove_file(&self.boot));
    }

    fn close_requests(&mut self) {
        self.control = None;
    }

    fn into_remains(self: Box<Self>) -> ShellRemains {
        drop(std::fs::remove_file(&self.boot));
        let Self { terminal, pipes, step_file, .. } = *self;
        if terminal.has_ended {
            return ShellRemains { step_file, ..ShellRemains::default() };
        }
        terminal.restore_modes();
        ShellRemains { terminal: Some(terminal), pipes, step_file }
    }
}

fn read_once(fd: impl AsFd, buffer: &mut [u8]) -> ReadResult {
    loop {
        return match rustix::io::read(&fd, &mut *buffer) {
            Ok(0) => ReadResult::Ended,
            Ok(length) => ReadResult::Bytes(length),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => ReadResult::Nothing,
            Err(_) => ReadResult::Ended,
        };
    }
}

/// Connects bash's standard streams. Returns the recorder's ends of the pipes that an unattended run gets.
fn connect_streams(
    command: &mut Command,
    terminal: &Terminal,
    mode: Mode,
) -> std::io::Result<Vec<(OutputChannel, OwnedFd)>> {
    let device = || terminal.device.try_clone().map(Stdio::from);
    command.stdin(device()?);
    if mode.is_interactive() {
        command.stdout(device()?).stderr(device()?);
        return Ok(Vec::new());
    }
    let (out, out_write) = open_pipe()?;
    let (err, err_write) = open_pipe()?;
    widen_pipe(&out);
    widen_pipe(&err);
    command.stdout(Stdio::from(out_write)).stderr(Stdio::from(err_write));
    Ok(vec![(OutputChannel::Out, out), (OutputChannel::Err, err)])
}

fn open_pipe() -> std::io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// Enlarges a pipe, if the system allows it: with the usual 64 KiB its writer and its reader wait for each other all the time.
fn widen_pipe(pipe: &OwnedFd) {
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
    text.extend_from_slice(&quote_path(folder));
    text.push(b'\n');
    text.extend_from_slice(include_bytes!("boot.bash"));
    file.write_all(&text)?;
    Ok(path)
}

fn set_environment(command: &mut Command, mode: Mode) {
    let mut has_less = false;
    // Drops our own variables, and those that would change bash's start.
    for (name, _) in std::env::vars_os() {
        has_less |= name == "LESS";
        let is_dropped = |name: &str| {
            DROPPED_VARIABLES.contains(&name)
                || OUTER_TERMINAL_VARIABLES.contains(&name)
                || name == IDLE_LOGOUT_VARIABLE
                || name.starts_with("RUNBOOK_")
        };
        if name.to_str().is_some_and(is_dropped) {
            command.env_remove(name);
        }
    }
    if !has_less {
        command.env("LESS", "FRX");
    }
    if !mode.is_interactive() {
        command.envs(PAGER_VARIABLES.iter().map(|pager| (pager, "cat")));
    }
}

/// Spawns with the two descriptors under their agreed numbers, open for the child alone.
fn spawn_with(command: &mut Command, control: &OwnedFd, report: &OwnedFd) -> std::io::Result<std::process::Child> {
    let control = duplicate_as(control, CONTROL_FD)?;
    let report = duplicate_as(report, REPORT_FD)?;
    rustix::io::fcntl_setfd(&control, FdFlags::empty())?;
    rustix::io::fcntl_setfd(&report, FdFlags::empty())?;
    command.spawn()
}

/// Fails when the number is in use already.
fn duplicate_as(fd: &OwnedFd, wanted: i32) -> std::io::Result<OwnedFd> {
    use rustix::fd::AsRawFd as _;
    let duplicate = rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), wanted)?;
    if duplicate.as_raw_fd() == wanted {
        Ok(duplicate)
    } else {
        Err(std::io::Error::other(format!("descriptor {wanted} is in use")))
    }
}
