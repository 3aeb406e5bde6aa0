//! Which document ran, as the record names it.
//!
//! Invariant: the digest is that of the original bytes; the path and the commit only help people to find the document.

use crate::ident::Digest;
use serde::{Deserialize, Serialize};

/// The document that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunbookIdentity {
    /// The path as the operator gave it.
    pub path: String,
    /// The document's title, or its file name.
    pub title: String,
    /// SHA-256 of the document's original bytes.
    pub digest: Digest,
    /// The commit checked out where the document lies, when it lies in a git repository.
    pub git_commit: Option<String>,
    /// Whether the document differs from that commit.
    pub git_modified: bool,
}
