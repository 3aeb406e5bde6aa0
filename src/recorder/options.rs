//! The options of a recorder, and its answer at the start.
//!
//! Both travel as one line of JSON: the options on its standard input, the answer on its standard output.

use super::capture;
use crate::history::Mode;
use crate::ident::RunId;
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of one command's output that are kept, unless options say otherwise.
pub const OUTPUT_LIMIT_BYTES: u64 = 1 << 30;
const OPTIONS_LIMIT_BYTES: u64 = 1 << 20;

/// Percentage of the disk that must be free for long output to be kept.
pub const FREE_DISK_PERCENT: u64 = 5;
/// Without an engine a command that never ends is ended after this time.
pub const MONITOR_ALONE: Duration = Duration::from_mins(1);

fn default_free_disk() -> u64 {
    FREE_DISK_PERCENT
}

fn default_monitor_alone() -> Duration {
    MONITOR_ALONE
}

/// Options of one recorder. The parts are flattened in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServeOptions {
    /// Run to record.
    pub run: RunId,
    /// Absolute path of the run's folder, which exists and is empty unless the run is resumed.
    pub folder: PathBuf,
    /// How bash is started.
    #[serde(flatten)]
    pub launch: ShellLaunch,
    /// Attended with an operator at the terminal, or unattended.
    pub mode: Mode,
    /// A file the shell reads once at its start.
    pub rc: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`, if it is set.
    pub runtime_dir: Option<PathBuf>,
    /// Folder for temporary files, used without a runtime folder.
    pub temp_dir: PathBuf,
    /// Bounds of output and time.
    #[serde(flatten)]
    pub limits: SessionLimits,
    /// The `snapshot` of an earlier recorder of this run, to go on from.
    #[serde(default)]
    pub restore: Option<PathBuf>,
    /// True if errors go to `recorder.log` in the run's folder.
    pub log: bool,
    /// True if the run goes on in a journal that exists.
    pub resume: bool,
}

/// Programs and working directory of the shell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShellLaunch {
    /// Absolute path of this program.
    pub program: PathBuf,
    /// The hidden subcommand that calls [`become_shell`](fn@super::become_shell).
    pub shell_subcommand: String,
    /// Absolute path of bash.
    pub shell: PathBuf,
    /// Absolute path of the directory in which bash starts.
    pub cwd: PathBuf,
}

/// Bounds of what a session keeps, and for how long it goes on alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionLimits {
    /// Output of one command beyond this many bytes is counted, not kept.
    pub output_limit_bytes: u64,
    /// While less than this percentage of the disk is free, output after a command's first MiB is counted, not kept.
    #[serde(default = "default_free_disk")]
    pub free_disk_percent: u64,
    /// Without an engine a command that never ends is ended after this time.
    #[serde(default = "default_monitor_alone")]
    pub monitor_alone: Duration,
}

impl ServeOptions {
    /// Reads the options from standard input. Fails if they are not JSON of this shape, or longer than 1 MiB.
    pub fn read_from_stdin() -> std::io::Result<Self> {
        let mut text = Vec::new();
        std::io::stdin().lock().take(OPTIONS_LIMIT_BYTES).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    pub(super) fn output_folder(&self) -> PathBuf {
        let background = capture::background_path(&self.folder);
        background.parent().map_or_else(|| self.folder.clone(), PathBuf::from)
    }
}

/// The one line that a recorder prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announcement {
    /// The recorder is ready for connections.
    Listening {
        /// Path of the recorder's socket.
        socket: PathBuf,
    },
    /// The record could not be begun.
    RecordFailed(String),
    /// bash could not be started.
    ShellFailed(String),
    /// Another error of the system.
    Failed(String),
}

impl Announcement {
    pub(super) fn print_line(&self) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }
}
