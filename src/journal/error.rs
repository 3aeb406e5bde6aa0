//! What can go wrong with a journal.
//!
//! Invariant: a damage names the first bad event and what differs; a failed write is told the same way ever after.

use crate::ident::RunId;
use crate::ident::Seq;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a journal cannot be written or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried: `create`, `lock`, `read`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: Arc<io::Error>,
    },
    /// A write or sync failed. It is not tried again, since nobody knows what is on disk after it.
    #[error("cannot write the journal `{path}`: {source}; nothing more is recorded in it")]
    Write {
        /// The journal.
        path: PathBuf,
        /// The system's answer to the first write that failed.
        source: Arc<io::Error>,
    },
    /// Another process writes it.
    #[error("the journal `{path}` is being written by another process")]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// It is another run's.
    #[error("the journal `{path}` is that of the run `{run}`")]
    OtherRun {
        /// The journal.
        path: PathBuf,
        /// Whose it is.
        run: RunId,
    },
    /// The first line is no journal's.
    #[error("`{path}` is not a run's journal: its first line is not a `runbook_journal` header")]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a later program.
    #[error(
        "`{path}` has journal format {version}, written by `{program}`; this program reads format 1: use a newer one"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u64,
        /// Who wrote it.
        program: String,
    },
    /// Something in it was changed.
    #[error("the journal `{path}` is damaged: {damage}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What, and where.
        damage: Damage,
    },
    /// A fact cannot be written in this format.
    #[error("cannot record a `{kind}` event: {reason}")]
    Unwritable {
        /// The fact's kind.
        kind: String,
        /// Why.
        reason: String,
    },
}

impl JournalError {
    /// The file system refused.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }
}

/// The first place where a journal is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line in the file, from 1; the header is line 1.
    pub line: u64,
    /// The event that should stand there; none for the header.
    pub seq: Option<Seq>,
    /// What differs.
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
