//! Which document ran, as the record names it.
//!
//! Invariant: the digest is that of the original bytes; the path and the commit only help people to find the document.

use crate::ident::Digest;
use serde::{Deserialize, Serialize};

/// The document that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookIdentity {
    /// Path as the operator typed it.
    pub path: String,
    /// Title of the document, or its file name.
    pub title: String,
    /// SHA-256 of the original bytes.
    pub digest: Digest,
    /// Commit that was checked out around the document; none outside a git repository.
    pub git_commit: Option<String>,
    /// True if the document differs from that commit.
    pub git_modified: bool,
}
