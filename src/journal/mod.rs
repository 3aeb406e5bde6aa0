//! The file in which a run is recorded: wire format v1, its writer, its reader with recovery, and the run folder around it.
//!
//! Invariant: what is on disk is only ever appended to, and every byte of it is covered by a hash, a digest or an exact
//! rule, so that any change shows. `docs/journal.md` describes the format. Refuses to know: the plan, the transcript, the terminal,
//! who makes the events.

mod consents;
mod decode;
mod encode;
mod error;
mod folder;
mod json;
mod line;
mod ordinary;
mod output;
mod reader;
mod redact;
mod salt;
mod source;
mod tail;
mod verify;
mod writer;

pub use consents::Consents;
pub use encode::round_to_record;
pub use error::{Damage, JournalError};
pub use folder::{Folder, FolderError, Folders};
pub use line::Header;
pub use output::RunOutput;
pub use reader::{Journal, JournalReader, read_journal};
pub use redact::{redact_events, redact_with_names, search_events};
pub use salt::Salts;
pub use tail::read_last_seq;
pub use verify::{Attestation, BadReceipt, OutputMismatch, Receipt, VerifiedRun, verify_run};
pub use writer::JournalWriter;

/// Name of the journal's file in the run folder.
pub const FILE_NAME: &str = "journal.jsonl";

/// Version of the format that this program writes.
pub const FORMAT_VERSION: u64 = 1;
