//! The folder of a run, and the folder of all runs.
//!
//! Invariant: only folders named by a run id are runs; whatever else lies there is passed over. Made for the owner alone.

use super::FILE_NAME;
use super::error::JournalError;
use crate::history::{CommandFinished, OutputSource};
use crate::ident::{RunId, Seq};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How many candidates an error lists.
const CANDIDATES: usize = 10;

/// Why no run was found.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Nothing was recorded yet.
    #[error("no runs are recorded under `{0}`")]
    NoRuns(PathBuf),
    /// No run has such a name.
    #[error("no run matches `{name}`; the latest are {}", quoted(.candidates))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The latest runs.
        candidates: Vec<RunId>,
    },
    /// Several have.
    #[error("`{name}` matches several runs: {}; give more of the name", quoted(.candidates))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The runs it matches, newest first.
        candidates: Vec<RunId>,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] JournalError),
}

fn quoted(runs: &[RunId]) -> String {
    let names: Vec<_> = runs.iter().take(CANDIDATES).map(|run| format!("`{run}`")).collect();
    let more = runs.len().saturating_sub(CANDIDATES);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// Where all runs are kept.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// The runs under `root`, which need not be there yet.
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Their folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder of a new run, and what is missing above it.
    pub fn create(&self, run: &RunId) -> Result<Folder, JournalError> {
        let make = |path: &Path, above: bool| {
            let made = DirBuilder::new().recursive(above).mode(0o700).create(path);
            made.map_err(|e| JournalError::io("create", path, e))
        };
        make(&self.root, true)?;
        let folder = self.folder(run);
        make(&folder.path, false)?;
        make(&folder.output_folder(), false)?;
        // The new folder's name must outlast a crash as the journal in it does.
        let synced = File::open(&self.root).and_then(|root| root.sync_all());
        synced.map_err(|e| JournalError::io("sync", &self.root, e))?;
        Ok(folder)
    }

    /// All runs, newest first.
    pub fn list(&self) -> Result<Vec<Folder>, JournalError> {
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(JournalError::io("read", &self.root, error)),
        };
        let mut runs: Vec<RunId> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        runs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(runs.iter().map(|run| self.folder(run)).collect())
    }

    /// The run of this name: whole, its beginning or end, `latest`, or the path of its folder.
    pub fn find(&self, name: &str) -> Result<Folder, FolderError> {
        if name.contains('/')
            && let Some(folder) = Folder::at(Path::new(name))
        {
            return Ok(folder);
        }
        let all = self.list()?;
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

    fn folder(&self, run: &RunId) -> Folder {
        Folder { path: self.root.join(run.as_str()), run: run.clone() }
    }
}

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    run: RunId,
}

impl Folder {
    /// The folder at a path, if its name is a run's.
    pub fn at(path: &Path) -> Option<Self> {
        let run = path.file_name()?.to_str()?.parse().ok()?;
        path.is_dir().then(|| Self { path: path.to_owned(), run })
    }

    /// Its run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join(FILE_NAME)
    }

    /// Where the outputs lie.
    pub fn output_folder(&self) -> PathBuf {
        self.path.join("output")
    }

    /// The output of the command that started at `command`.
    pub fn output(&self, command: Seq) -> PathBuf {
        self.output_folder().join(format!("{:06}.out", command.0))
    }

    /// The document that ran.
    pub fn document(&self) -> PathBuf {
        self.path.join("runbook.md")
    }

    /// The transcript.
    pub fn transcript(&self) -> PathBuf {
        self.path.join("transcript.md")
    }

    /// Whether its journal is being written: somebody holds the lock.
    pub fn is_live(&self) -> bool {
        let Ok(file) = File::open(self.journal()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Writes a file of the folder anew: whoever reads it sees the old text or the new, whole.
    pub fn write(&self, path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), JournalError> {
        let written = || -> io::Result<()> {
            // The name cannot be guessed, and the file is for the owner alone.
            let mut buffered = BufWriter::new(NamedTempFile::new_in(&self.path)?);
            fill(&mut buffered)?;
            let new = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
            new.as_file().sync_data()?;
            new.persist(path)?;
            Ok(())
        };
        written().map_err(|e| JournalError::io("write", path, e))
    }

    /// Its outputs, from their files.
    pub fn outputs(&self) -> RunOutput {
        RunOutput { folder: self.clone(), inline: BTreeMap::new() }
    }
}

/// The outputs of a run: each from its file, or, where that is missing or shorter, from the event.
#[derive(Clone, Debug)]
pub struct RunOutput {
    folder: Folder,
    inline: BTreeMap<Seq, Vec<u8>>,
}

impl RunOutput {
    /// Remembers the output that stands in an event.
    pub fn remember(&mut self, finished: &CommandFinished) {
        if let Some(bytes) = &finished.output.inline {
            self.inline.insert(finished.started, bytes.clone());
        }
    }

    fn read_file(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let file = File::open(self.folder.output(command))?;
        let left = file.metadata()?.len().saturating_sub(offset_bytes);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(limit_bytes)];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset_bytes + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

impl OutputSource for RunOutput {
    fn read(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let from_file = self.read_file(command, offset_bytes, limit_bytes);
        let Some(inline) = self.inline.get(&command) else { return from_file };
        let offset = usize::try_from(offset_bytes).unwrap_or(usize::MAX).min(inline.len());
        let from_event: Vec<u8> = inline.iter().skip(offset).take(limit_bytes).copied().collect();
        match from_file {
            Ok(bytes) if bytes.len() >= from_event.len() => Ok(bytes),
            _ => Ok(from_event),
        }
    }
}
