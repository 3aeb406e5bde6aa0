//! Errors of reading and writing a journal.
//!
//! Invariant: a damage names the first bad event and what differs; a failed write is reported the same way forever.

use crate::ident::RunId;
use crate::ident::Seq;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal cannot be written or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system returned an error.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// The attempted action, a verb: `create`, `lock`, `read`.
        action: &'static str,
        /// File or folder of the attempt.
        path: PathBuf,
        /// Error of the system.
        source: Arc<io::Error>,
    },
    /// A write or sync failed. It is not retried, because nobody knows what is on disk after it.
    #[error("cannot write the journal `{path}`: {source}; nothing more is recorded in it")]
    Write {
        /// Path of the journal.
        path: PathBuf,
        /// Error of the first write that failed.
        source: Arc<io::Error>,
    },
    /// Another process is writing the journal.
    #[error("the journal `{path}` is being written by another process")]
    Locked {
        /// Path of the journal.
        path: PathBuf,
    },
    /// The journal belongs to another run.
    #[error("the journal `{path}` is that of the run `{run}`")]
    OtherRun {
        /// Path of the journal.
        path: PathBuf,
        /// The run it belongs to.
        run: RunId,
    },
    /// The first line is not the header of a journal.
    #[error("`{path}` is not a run's journal: its first line is not a `runbook_journal` header")]
    NotAJournal {
        /// Path of the file.
        path: PathBuf,
    },
    /// The journal was written by a newer program.
    #[error(
        "`{path}` has journal format {version}, written by `{program}`; this program reads format 1: use a newer one"
    )]
    Version {
        /// Path of the file.
        path: PathBuf,
        /// Format version in the header.
        version: u64,
        /// Name and version of the program that wrote it.
        program: String,
    },
    /// Something in the journal was changed.
    #[error("the journal `{path}` is damaged: {damage}")]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// The first difference and its position.
        damage: Damage,
    },
    /// A fact cannot be written in this format.
    #[error("cannot record a `{kind}` event: {reason}")]
    Unwritable {
        /// Kind of the fact.
        kind: String,
        /// Reason, for people.
        reason: String,
    },
}

impl JournalError {
    /// The file system returned an error.
    pub fn from_io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }
}

/// The first line of a journal that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Line in the file, from 1; the header is line 1.
    pub line: u64,
    /// The event that belongs on that line; none for the header.
    pub seq: Option<Seq>,
    /// Description of the difference, for people.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "event {seq} (line {}): {}", self.line, self.what),
            None => write!(f, "the header (line {}): {}", self.line, self.what),
        }
    }
}
