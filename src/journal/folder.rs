//! The folder of a run, and the folder of all runs.
//!
//! Invariant: only folders named by a run id are runs; anything else there is ignored. Folders are private to the owner.

use super::FILE_NAME;
use super::error::JournalError;
use super::ordinary::{open_ordinary, read_ordinary};
use super::output;
use super::output::RunOutput;
use crate::ident::{RunId, Seq};
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Maximum number of candidates that an error lists.
const CANDIDATES: usize = 10;

/// No single run was found by a name.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No run was recorded yet.
    #[error("no runs are recorded under `{0}`")]
    NoRuns(PathBuf),
    /// No run has this name.
    #[error("no run matches `{name}`; the latest are {}", quote_runs(.candidates))]
    Unknown {
        /// The name that was looked for.
        name: String,
        /// The latest runs.
        candidates: Vec<RunId>,
    },
    /// Several runs match the name.
    #[error("`{name}` matches several runs: {}; give more of the name", quote_runs(.candidates))]
    Ambiguous {
        /// The name that was looked for.
        name: String,
        /// Matching runs, newest first.
        candidates: Vec<RunId>,
    },
    /// The folder of runs could not be read.
    #[error(transparent)]
    Io(#[from] JournalError),
}

fn quote_runs(runs: &[RunId]) -> String {
    let names: Vec<_> = runs.iter().take(CANDIDATES).map(|run| format!("`{run}`")).collect();
    let more = runs.len().saturating_sub(CANDIDATES);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// The folder in which all runs are kept.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// The runs under `root`, which need not exist yet.
    pub fn with_root(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Path of the folder that holds the runs.
    pub fn root_path(&self) -> &Path {
        &self.root
    }

    /// Creates the folder of a new run, and missing folders above it. Returns once the folder's name is on disk.
    pub fn create_folder(&self, run: &RunId) -> Result<Folder, JournalError> {
        let make = |path: &Path, above: bool| {
            let made = DirBuilder::new().recursive(above).mode(0o700).create(path);
            made.map_err(|e| JournalError::from_io("create", path, e))
        };
        make(&self.root, true)?;
        let folder = self.run_folder(run);
        make(&folder.path, false)?;
        make(&folder.output_folder_path(), false)?;
        // The new folder's name must survive a crash just as the journal in it does.
        let synced = File::open(&self.root).and_then(|root| root.sync_all());
        synced.map_err(|e| JournalError::from_io("sync", &self.root, e))?;
        Ok(folder)
    }

    /// All runs, newest first. Empty when the folder does not exist.
    pub fn list_runs(&self) -> Result<Vec<Folder>, JournalError> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(JournalError::from_io("read", &self.root, error)),
        };
        let mut runs: Vec<RunId> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        runs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(runs.iter().map(|run| self.run_folder(run)).collect())
    }

    /// The run of this name: a whole id, its beginning or end, `latest`, or the path of its folder.
    pub fn find_run(&self, name: &str) -> Result<Folder, FolderError> {
        if name.contains('/')
            && let Some(folder) = Folder::at_path(Path::new(name))
        {
            return Ok(folder);
        }
        let all = self.list_runs()?;
        let Some(latest) = all.first() else { return Err(FolderError::NoRuns(self.root.clone())) };
        if name == "latest" {
            return Ok(latest.clone());
        }
        let is_it = |folder: &&Folder| {
            let run = folder.run.as_str();
            !name.is_empty() && (run.starts_with(name) || run.ends_with(name))
        };
        let mut matching = all.iter().filter(is_it);
        match (matching.next(), matching.next()) {
            (Some(folder), None) => Ok(folder.clone()),
            (None, _) => {
                let candidates = all.iter().map(|folder| folder.run.clone()).take(CANDIDATES).collect();
                Err(FolderError::Unknown { name: name.to_owned(), candidates })
            }
            (Some(_), Some(_)) => {
                let candidates = all.iter().filter(is_it).map(|folder| folder.run.clone()).collect();
                Err(FolderError::Ambiguous { name: name.to_owned(), candidates })
            }
        }
    }

    fn run_folder(&self, run: &RunId) -> Folder {
        Folder { path: self.root.join(run.as_str()), run: run.clone() }
    }
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
    run: RunId,
}

impl Folder {
    /// The folder at a path, if it exists and its name is a run id.
    pub fn at_path(path: &Path) -> Option<Self> {
        let run = path.file_name()?.to_str()?.parse().ok()?;
        path.is_dir().then(|| Self { path: path.to_owned(), run })
    }

    /// Id of the run.
    pub fn run_id(&self) -> &RunId {
        &self.run
    }

    /// Path of the folder.
    pub fn folder_path(&self) -> &Path {
        &self.path
    }

    /// Path of the journal.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join(FILE_NAME)
    }

    /// Path of the folder that holds the output files.
    pub fn output_folder_path(&self) -> PathBuf {
        self.path.join("output")
    }

    /// Path of the output file of the command that started at `command`.
    pub fn output_path(&self, command: Seq) -> PathBuf {
        output::output_path(&self.output_folder_path(), command)
    }

    /// Path of the copy of the document that ran.
    pub fn document_path(&self) -> PathBuf {
        self.path.join("runbook.md")
    }

    /// Reads the copy of the document that ran. Fails for a pipe or a device.
    pub fn read_document(&self) -> io::Result<Vec<u8>> {
        read_ordinary(&self.document_path())
    }

    /// Opens the transcript. Fails for a pipe or a device.
    pub fn open_transcript(&self) -> io::Result<File> {
        open_ordinary(&self.transcript_path())
    }

    /// Path of the snapshot of the shell's state. It need not exist.
    pub fn snapshot_path(&self) -> PathBuf {
        self.path.join("snapshot")
    }

    /// Path of the transcript.
    pub fn transcript_path(&self) -> PathBuf {
        self.path.join("transcript.md")
    }

    /// True while a process holds the lock on the journal, that is, while the run is being recorded.
    pub fn is_live(&self) -> bool {
        let Ok(file) = open_ordinary(&self.journal_path()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Replaces a file of the folder atomically: a reader sees either the old or the new content, never a part.
    pub fn replace_file(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), JournalError> {
        let written = || -> io::Result<()> {
            // The name cannot be guessed, and the file is private to the owner.
            let mut buffered = BufWriter::new(NamedTempFile::new_in(&self.path)?);
            fill(&mut buffered)?;
            let new = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.as_file().sync_data()?;
            new.persist(path)?;
            Ok(())
        };
        written().map_err(|e| JournalError::from_io("write", path, e))
    }

    /// Outputs of the run, read from their files.
    pub fn run_outputs(&self) -> RunOutput {
        RunOutput::in_folder(self.output_folder_path())
    }
}
