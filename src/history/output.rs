//! Output of a command, as the record holds it.
//!
//! Invariant: output stays bytes; only a renderer decodes it.

use crate::ident::{Digest, Seq};
use serde::{Deserialize, Serialize};

/// Size, digest and, if short, the bytes of a command's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// Number of bytes that the command printed.
    pub length_bytes: u64,
    /// Number of those bytes that are kept; fewer when a limit was reached.
    pub kept_bytes: u64,
    /// SHA-256 of `salt` and the kept bytes.
    pub digest: Digest,
    /// SHA-256 of `salt` and all printed bytes, when not all are kept. Whoever has the rest can check it
    /// against the record.
    pub all_digest: Option<Digest>,
    /// Salt of the digests, so that a short output cannot be guessed from them.
    pub salt: String,
    /// The kept bytes, if there are at most 4 KiB; otherwise only the output file has them.
    pub inline: Option<Vec<u8>>,
}

/// Gives a renderer the output of a command.
pub trait OutputSource {
    /// At most `limit_bytes` of the output of the command that started at `command`, from `offset_bytes` on.
    fn read_output(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> std::io::Result<Vec<u8>>;

    /// Describes how this command's output differs from its record, for people. None if it does not, or if nothing was compared.
    fn find_mismatch(&self, command: Seq, output: &Captured) -> Option<String> {
        let _ = (command, output);
        None
    }
}
