//! What a recorder is told at its start, and what it answers.
//!
//! Both travel as one line of JSON: the options on its standard input, the answer on its standard output.

use super::capture;
use crate::history::Mode;
use crate::ident::RunId;
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// The most output of one command that is kept.
pub const OUTPUT_LIMIT_BYTES: u64 = 1 << 30;
const OPTIONS_LIMIT_BYTES: u64 = 1 << 20;

/// With less free than this, in percent, much output is not kept.
pub const FREE_DISK_PERCENT: u64 = 5;
/// Without an engine a command that never ends is ended after this time.
pub const MONITOR_ALONE: Duration = Duration::from_mins(1);

fn free_disk() -> u64 {
    FREE_DISK_PERCENT
}

fn monitor_alone() -> Duration {
    MONITOR_ALONE
}

/// What a recorder needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServeOptions {
    /// The run.
    pub run: RunId,
    /// Its folder; absolute, there, and empty.
    pub folder: PathBuf,
    /// This program; absolute.
    pub program: PathBuf,
    /// The hidden subcommand that calls [`become_shell`](super::become_shell).
    pub shell_subcommand: String,
    /// bash; absolute.
    pub shell: PathBuf,
    /// Where it starts; absolute.
    pub cwd: PathBuf,
    /// Who answers.
    pub mode: Mode,
    /// A file the shell reads once at its start.
    pub rc: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`, when there is one.
    pub runtime_dir: Option<PathBuf>,
    /// The folder for temporary files, when there is none.
    pub temp_dir: PathBuf,
    /// More output of one command than this is counted, not kept.
    pub output_limit_bytes: u64,
    /// With less of the disk free than this, in percent, much output is counted, not kept.
    #[serde(default = "free_disk")]
    pub free_disk_percent: u64,
    /// Without an engine a command that never ends is ended after this time.
    #[serde(default = "monitor_alone")]
    pub monitor_alone: Duration,
    /// The `snapshot` of an earlier recorder of this run, to go on from.
    #[serde(default)]
    pub restore: Option<PathBuf>,
    /// Whether errors go to `recorder.log` in the run's folder.
    pub log: bool,
    /// Whether the run goes on in a journal that is there.
    pub resume: bool,
}

impl ServeOptions {
    /// Reads the options from standard input.
    pub fn read() -> std::io::Result<Self> {
        let mut text = Vec::new();
        std::io::stdin().lock().take(OPTIONS_LIMIT_BYTES).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    pub(super) fn output_folder(&self) -> PathBuf {
        let background = capture::background_path(&self.folder);
        background.parent().map_or_else(|| self.folder.clone(), PathBuf::from)
    }
}

/// The first and only thing a recorder prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announcement {
    /// It listens.
    Listening {
        /// Its socket.
        socket: PathBuf,
    },
    /// The record could not be begun.
    RecordFailed(String),
    /// bash could not be started.
    ShellFailed(String),
    /// Something else.
    Failed(String),
}

impl Announcement {
    pub(super) fn print(&self) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }
}
