//! Starting a recorder.
//!
//! Invariant: an error says whether the record, the shell or the recorder itself could not be begun. Refuses to know: the
//! document.

use super::find::find_bash;
use super::link::{Link, recorder_lost, to_timespec};
use crate::history::Mode;
use crate::ident::RunId;
use crate::ports::KernelError;
use crate::recorder::protocol::{PROGRAM_VERSION, PROTOCOL, WireReply, WireRequest};
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

/// A recorder that has not announced itself in this time is given up.
const START_LIMIT: Duration = Duration::from_secs(30);
const ANNOUNCEMENT_LIMIT_BYTES: usize = 64 << 10;

/// Everything a new session needs to know.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// The program that the recorder and the shell are started from.
    pub program: RecorderProgram,
    /// The run that the session belongs to.
    pub run: SessionRun,
    /// How bash begins.
    pub shell: ShellSetup,
    /// Value of `XDG_RUNTIME_DIR`, where the recorder's socket lies.
    pub runtime_dir: Option<PathBuf>,
    /// Folder for temporary files.
    pub temp_dir: PathBuf,
    /// Bytes of one command's output that are kept; more is only counted.
    pub output_limit_bytes: u64,
    /// True if the recorder writes its errors to `recorder.log` in the run's folder.
    pub log: bool,
}

/// This program, with its hidden subcommands.
#[derive(Clone, Debug)]
pub struct RecorderProgram {
    /// Path of this program.
    pub path: PathBuf,
    /// Subcommand that calls [`serve`](crate::recorder::serve_run).
    pub recorder_subcommand: String,
    /// Subcommand that calls [`become_shell`](crate::recorder::become_shell).
    pub shell_subcommand: String,
}

/// The run that a session belongs to.
#[derive(Clone, Debug)]
pub struct SessionRun {
    /// Name of the run.
    pub id: RunId,
    /// Folder of the run; it exists with mode 0700.
    pub folder: PathBuf,
    /// Who answers the run's questions.
    pub mode: Mode,
    /// Who drives the session, as others are told: `ada on db1, terminal /dev/pts/3`.
    pub who: String,
    /// True if the run goes on in a journal that exists.
    pub resume: bool,
}

/// How the session's bash begins.
#[derive(Clone, Debug)]
pub struct ShellSetup {
    /// Directory that bash starts in.
    pub cwd: PathBuf,
    /// Value of `PATH`, where bash is looked for.
    pub search_path: Option<OsString>,
    /// File that bash reads once at its start.
    pub rc: Option<PathBuf>,
    /// Variables of the document, beyond those of this process.
    pub env: Vec<(String, String)>,
    /// Snapshot of an earlier session that bash begins with.
    pub restore: Option<PathBuf>,
}

impl StartOptions {
    /// Options of a new run, with the usual values for everything else.
    pub fn new(program: PathBuf, run: RunId, folder: PathBuf, cwd: PathBuf, mode: Mode) -> Self {
        Self {
            program: RecorderProgram {
                path: program,
                recorder_subcommand: "__recorder".to_owned(),
                shell_subcommand: "__shell".to_owned(),
            },
            run: SessionRun { id: run, folder, mode, who: "another engine".to_owned(), resume: false },
            shell: ShellSetup { cwd, search_path: None, rc: None, env: Vec::new(), restore: None },
            runtime_dir: None,
            temp_dir: std::env::temp_dir(),
            output_limit_bytes: OUTPUT_LIMIT_BYTES,
            log: false,
        }
    }

    fn serve_options(&self) -> Result<ServeOptions, KernelError> {
        let Self { program, run, shell, .. } = self;
        let bash = find_bash(shell.search_path.as_deref())?;
        let rc = shell.rc.as_deref().map(absolute_path).transpose()?;
        if let Some(rc) = rc.as_ref().filter(|rc| !rc.is_file()) {
            return Err(KernelError::Shell(format!("the rc file `{}` is not there", rc.display())));
        }
        Ok(ServeOptions {
            run: run.id.clone(),
            folder: absolute_path(&run.folder)?,
            launch: ShellLaunch {
                program: absolute_path(&program.path)?,
                shell_subcommand: program.shell_subcommand.clone(),
                shell: absolute_path(&bash)?,
                cwd: absolute_path(&shell.cwd)?,
            },
            mode: run.mode,
            rc,
            runtime_dir: self.runtime_dir.as_deref().map(absolute_path).transpose()?,
            temp_dir: absolute_path(&self.temp_dir)?,
            limits: SessionLimits {
                output_limit_bytes: self.output_limit_bytes,
                free_disk_percent: FREE_DISK_PERCENT,
                monitor_alone: MONITOR_ALONE,
            },
            restore: shell.restore.as_deref().map(absolute_path).transpose()?,
            log: self.log,
            resume: run.resume,
        })
    }
}

fn absolute_path(path: &Path) -> Result<PathBuf, KernelError> {
    std::path::absolute(path).map_err(|error| recorder_lost(format!("`{}`: {error}", path.display())))
}

/// A recorder that was started and has welcomed this engine.
pub(super) struct StartedRecorder {
    pub(super) link: Link,
    pub(super) process: Child,
    pub(super) socket: PathBuf,
    pub(super) shell: u32,
}

/// Starts a recorder and waits until its shell is up.
pub(super) fn start_recorder(options: &StartOptions) -> Result<StartedRecorder, KernelError> {
    let serve = options.serve_options()?;
    let (mut process, announcements) = spawn_recorder(options, &serve)?;
    match greet_recorder(&announcements, serve.folder, &options.run.who) {
        Ok((link, socket, shell)) => Ok(StartedRecorder { link, process, socket, shell }),
        Err(error) => {
            drop(process.kill());
            drop(process.wait());
            Err(error)
        }
    }
}

fn greet_recorder(
    announcements: &ChildStdout,
    folder: PathBuf,
    who: &str,
) -> Result<(Link, PathBuf, u32), KernelError> {
    let socket = read_announcement(announcements)?;
    let stream = UnixStream::connect(&socket).map_err(recorder_lost)?;
    let mut link = Link::new(stream, folder);
    link.send_request(&hello_request(who), b"")?;
    match link.await_answer()? {
        WireReply::Welcome { shell, .. } => Ok((link, socket, shell)),
        WireReply::Refused { reason } => Err(KernelError::Shell(reason)),
        _ => Err(recorder_lost("it did not welcome the engine")),
    }
}

pub(super) fn hello_request(who: &str) -> WireRequest {
    WireRequest::Hello { protocol: PROTOCOL, program: PROGRAM_VERSION.to_owned(), who: who.to_owned() }
}

fn spawn_recorder(options: &StartOptions, serve: &ServeOptions) -> Result<(Child, ChildStdout), KernelError> {
    let text = serde_json::to_vec(serve).map_err(recorder_lost)?;
    let mut process = Command::new(&serve.launch.program)
        .arg(&options.program.recorder_subcommand)
        .envs(options.shell.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            recorder_lost(format!("`{}` could not be started: {error}", serve.launch.program.display()))
        })?;
    let (Some(mut stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(recorder_lost("it has no standard streams"));
    };
    stdin.write_all(&text).map_err(recorder_lost)?;
    Ok((process, stdout))
}

/// Reads the one line that a recorder prints when it is ready or has failed.
fn read_announcement(from: &ChildStdout) -> Result<PathBuf, KernelError> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut fds = [PollFd::new(from, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&to_timespec(START_LIMIT))) {
            Ok(0) => return Err(recorder_lost("it did not start in time")),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(recorder_lost(error)),
        }
        let mut buffer = [0; 4096];
        match rustix::io::read(from, &mut buffer) {
            Ok(0) => return Err(recorder_lost("it ended at its start")),
            Ok(count) if line.len() + count <= ANNOUNCEMENT_LIMIT_BYTES => {
                line.extend_from_slice(buffer.get(..count).unwrap_or_default());
            }
            Err(Errno::INTR) => {}
            Ok(_) => return Err(recorder_lost("it announced too much")),
            Err(error) => return Err(recorder_lost(error)),
        }
    }
    match serde_json::from_slice(&line).map_err(recorder_lost)? {
        Announcement::Listening { socket } => Ok(socket),
        Announcement::RecordFailed(why) => Err(KernelError::Record(why)),
        Announcement::ShellFailed(why) => Err(KernelError::Shell(why)),
        Announcement::Failed(why) => Err(recorder_lost(why)),
    }
}
