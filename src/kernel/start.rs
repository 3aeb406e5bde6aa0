//! Starting a recorder.
//!
//! Invariant: an error says whether the record, the shell or the recorder itself could not be begun.

use super::find::find_bash;
use super::link::{Link, lost, timespec};
use crate::history::Mode;
use crate::ident::RunId;
use crate::ports::KernelError;
use crate::recorder::protocol::{PROGRAM_VERSION, PROTOCOL, Reply, Request};
use crate::recorder::{
    Announcement, FREE_DISK_PERCENT, MONITOR_ALONE, OUTPUT_LIMIT_BYTES, ServeOptions, SessionLimits, ShellLaunch,
};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);
const ANNOUNCEMENT_LIMIT_BYTES: usize = 64 << 10;

/// What a session needs.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// This program.
    pub program: PathBuf,
    /// Its hidden subcommand that calls [`serve`](crate::recorder::serve).
    pub recorder_subcommand: String,
    /// Its hidden subcommand that calls [`become_shell`](crate::recorder::become_shell).
    pub shell_subcommand: String,
    /// The run.
    pub run: RunId,
    /// Its folder: there, 0700.
    pub folder: PathBuf,
    /// Where the shell starts.
    pub cwd: PathBuf,
    /// Who answers.
    pub mode: Mode,
    /// The value of `PATH`, where bash is looked for.
    pub path: Option<OsString>,
    /// A file the shell reads once at its start.
    pub rc: Option<PathBuf>,
    /// The value of `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// The folder for temporary files.
    pub temp_dir: PathBuf,
    /// More output of one command than this is counted, not kept.
    pub output_limit_bytes: u64,
    /// Whether the recorder writes its errors to `recorder.log` in the run's folder.
    pub log: bool,
    /// Variables for bash beyond those of this process: the document's own.
    pub env: Vec<(String, String)>,
    /// Who drives it, for whoever else wants to: `ada on db1, terminal /dev/pts/3`.
    pub who: String,
    /// Whether the run goes on in a journal that is there.
    pub resume: bool,
    /// The snapshot of an earlier session, for the new shell to begin with.
    pub restore: Option<PathBuf>,
}

impl StartOptions {
    /// With what is usual for everything else.
    pub fn new(program: PathBuf, run: RunId, folder: PathBuf, cwd: PathBuf, mode: Mode) -> Self {
        Self {
            program,
            recorder_subcommand: "__recorder".to_owned(),
            shell_subcommand: "__shell".to_owned(),
            run,
            folder,
            cwd,
            mode,
            path: None,
            rc: None,
            runtime_dir: None,
            temp_dir: std::env::temp_dir(),
            output_limit_bytes: OUTPUT_LIMIT_BYTES,
            log: false,
            env: Vec::new(),
            who: "another engine".to_owned(),
            resume: false,
            restore: None,
        }
    }

    fn serve_options(&self) -> Result<ServeOptions, KernelError> {
        let shell = find_bash(self.path.as_deref())?;
        let rc = self.rc.as_deref().map(absolute).transpose()?;
        if let Some(rc) = rc.as_ref().filter(|rc| !rc.is_file()) {
            return Err(KernelError::Shell(format!("the rc file `{}` is not there", rc.display())));
        }
        Ok(ServeOptions {
            run: self.run.clone(),
            folder: absolute(&self.folder)?,
            launch: ShellLaunch {
                program: absolute(&self.program)?,
                shell_subcommand: self.shell_subcommand.clone(),
                shell: absolute(&shell)?,
                cwd: absolute(&self.cwd)?,
            },
            mode: self.mode,
            rc,
            runtime_dir: self.runtime_dir.as_deref().map(absolute).transpose()?,
            temp_dir: absolute(&self.temp_dir)?,
            limits: SessionLimits {
                output_limit_bytes: self.output_limit_bytes,
                free_disk_percent: FREE_DISK_PERCENT,
                monitor_alone: MONITOR_ALONE,
            },
            restore: self.restore.as_deref().map(absolute).transpose()?,
            log: self.log,
            resume: self.resume,
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, KernelError> {
    std::path::absolute(path).map_err(|error| lost(format!("`{}`: {error}", path.display())))
}

/// A recorder that was started and greeted.
pub(super) struct Started {
    pub(super) link: Link,
    pub(super) process: Child,
    pub(super) socket: PathBuf,
    pub(super) shell: u32,
}

/// Starts a recorder and waits until its shell is up.
pub(super) fn start(options: &StartOptions) -> Result<Started, KernelError> {
    let serve = options.serve_options()?;
    let (mut process, announcements) = spawn(options, &serve)?;
    match greet(&announcements, serve.folder, &options.who) {
        Ok((link, socket, shell)) => Ok(Started { link, process, socket, shell }),
        Err(error) => {
            drop(process.kill());
            drop(process.wait());
            Err(error)
        }
    }
}

fn greet(announcements: &ChildStdout, folder: PathBuf, who: &str) -> Result<(Link, PathBuf, u32), KernelError> {
    let socket = announced(announcements)?;
    let stream = UnixStream::connect(&socket).map_err(lost)?;
    let mut link = Link::new(stream, folder);
    link.send(&hello(who), b"")?;
    match link.answer()? {
        Reply::Welcome { shell, .. } => Ok((link, socket, shell)),
        Reply::Refused { reason } => Err(KernelError::Shell(reason)),
        _ => Err(lost("it did not welcome the engine")),
    }
}

pub(super) fn hello(who: &str) -> Request {
    Request::Hello { protocol: PROTOCOL, program: PROGRAM_VERSION.to_owned(), who: who.to_owned() }
}

fn spawn(options: &StartOptions, serve: &ServeOptions) -> Result<(Child, ChildStdout), KernelError> {
    let text = serde_json::to_vec(serve).map_err(lost)?;
    let mut process = Command::new(&serve.launch.program)
        .arg(&options.recorder_subcommand)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| lost(format!("`{}` could not be started: {error}", serve.launch.program.display())))?;
    let (Some(mut stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(lost("it has no standard streams"));
    };
    stdin.write_all(&text).map_err(lost)?;
    Ok((process, stdout))
}

/// Reads the one line a recorder prints.
fn announced(from: &ChildStdout) -> Result<PathBuf, KernelError> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut fds = [PollFd::new(from, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&timespec(START_LIMIT))) {
            Ok(0) => return Err(lost("it did not start in time")),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(lost(error)),
        }
        let mut buffer = [0; 4096];
        match rustix::io::read(from, &mut buffer) {
            Ok(0) => return Err(lost("it ended at its start")),
            Ok(count) if line.len() + count <= ANNOUNCEMENT_LIMIT_BYTES => {
                line.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
            Err(Errno::INTR) => {}
            Ok(_) => return Err(lost("it announced too much")),
            Err(error) => return Err(lost(error)),
        }
    }
    match serde_json::from_slice(&line).map_err(lost)? {
        Announcement::Listening { socket } => Ok(socket),
        Announcement::RecordFailed(why) => Err(KernelError::Record(why)),
        Announcement::ShellFailed(why) => Err(KernelError::Shell(why)),
        Announcement::Failed(why) => Err(lost(why)),
    }
}
