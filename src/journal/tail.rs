//! The number of a journal's last event, without reading all of it.
//!
//! Invariant: a line without its newline is ignored. Nothing is verified: the number serves to order events, not
//! as evidence.

use super::FILE_NAME;
use crate::ident::Seq;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

const BLOCK_BYTES: u64 = 64 << 10;

/// Number of the last event in a run folder: 0 when there is no event, none when the journal cannot be read.
pub fn read_last_seq(folder: &Path) -> Option<Seq> {
    let mut file = File::open(folder.join(FILE_NAME)).ok()?;
    let length = file.metadata().ok()?.len();
    let mut bytes = Vec::new();
    let mut back = BLOCK_BYTES;
    loop {
        let from = length.saturating_sub(back);
        file.seek(SeekFrom::Start(from)).ok()?;
        bytes.clear();
        (&file).take(length - from).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.get(..text.rfind('\n').unwrap_or_default()).unwrap_or_default();
        // The start of the last line was read if a newline precedes it, or if it is the file's first line.
        let line = match whole.rfind('\n') {
            Some(at) => whole.get(at + 1..).unwrap_or_default(),
            None if from == 0 => whole,
            None => {
                back = back.saturating_mul(8);
                continue;
            }
        };
        let number = line.strip_prefix(r#"{"seq":"#).and_then(|rest| rest.split(',').next());
        return Some(Seq(number.and_then(|number| number.parse().ok()).unwrap_or(0)));
    }
}
