//! What a command printed, as the record holds it.
//!
//! Invariant: output stays bytes; only a renderer decodes it.

use crate::ident::{Digest, Seq};
use serde::{Deserialize, Serialize};

/// What is known of a command's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// How many bytes came back.
    pub length_bytes: u64,
    /// How many of them are kept: fewer when a limit was met.
    pub kept_bytes: u64,
    /// SHA-256 of `salt` and the kept bytes.
    pub digest: Digest,
    /// SHA-256 of `salt` and all that came back, when that is more than what is kept: whoever has the rest can hold it
    /// against the record.
    pub all_digest: Option<Digest>,
    /// The salt, so that a short output cannot be guessed from its digest.
    pub salt: String,
    /// The bytes themselves, when they are few (at most 4 KiB); otherwise they stand in the output file alone.
    pub inline: Option<Vec<u8>>,
}

/// Where a renderer finds the output of a command.
pub trait OutputSource {
    /// At most `limit_bytes` of the output of the command that started at `command`, from `offset_bytes` on.
    fn read(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> std::io::Result<Vec<u8>>;
}
