//! Drops a payload that turned out to hold a secret.
//!
//! Invariant: the chain verifies before and after, and at every moment in between the file is either one. Refuses to
//! know: what was in it.

use super::error::JournalError;
use super::folder::Folder;
use super::line;
use super::ordinary::open_ordinary;
use super::reader::JournalReader;
use super::writer::JournalWriter;
use crate::history::{Event, Fact, Redacted};
use crate::ident::{Digest, Moment, Seq};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// Drops the payloads of these events, and the output files of those that end a command, and records the
/// redaction. Returns the recorded event and the removed files.
pub fn redact_events(folder: &Folder, fact: &Redacted, at: Moment) -> Result<(Event, Vec<PathBuf>), JournalError> {
    redact_with_names(folder, fact, at, &|_, _| None)
}

/// Calls `look` with the number of each event, whether `change` would replace a text among its members, and its payload as it stands in
/// the file.
pub fn search_events(
    folder: &Folder,
    change: &dyn Fn(&str, &str) -> Option<String>,
    look: &mut dyn FnMut(Seq, bool, &[u8]),
) -> io::Result<()> {
    let mut source = BufReader::new(open_ordinary(&folder.journal_path())?);
    let (mut text, mut seq) = (Vec::new(), 0);
    while source.read_until(b'\n', &mut text)? > 0 {
        if seq > 0 {
            let (is_changed, payload) = line::search_line(&text, change);
            look(Seq(seq), is_changed, payload);
        }
        text.clear();
        seq += 1;
    }
    Ok(())
}

/// Like [`redact_events`], and replaces texts among the members of every event, such as step ids: `change` gets the name and the text of a
/// member. The chain is computed anew from the first changed event on, and the recorded event holds the hash from before.
pub fn redact_with_names(
    folder: &Folder,
    fact: &Redacted,
    at: Moment,
    change: &dyn Fn(&str, &str) -> Option<String>,
) -> Result<(Event, Vec<PathBuf>), JournalError> {
    let path = folder.journal_path();
    // The lock is held until the end, so nobody appends to the old file in between.
    let mut writer = JournalWriter::open_journal(folder.folder_path(), folder.run_id())?;
    let outputs = output_files(folder, fact)?;
    let failed = |error| JournalError::from_io("rewrite", &path, error);
    let (new, head) = rewrite_without(folder, &fact.events, change).map_err(failed)?;
    let head_before = writer.head_hash();
    let next = head.unwrap_or(head_before);
    new.as_file().try_clone().and_then(|file| writer.continue_in(file, next)).map_err(failed)?;
    let fact = Redacted { head_before: head.map(|_| head_before), ..fact.clone() };
    let event = writer.append_facts(&[Fact::Redacted(fact)], at)?.pop();
    new.persist(&path).map_err(|error| failed(error.error))?;
    File::open(folder.folder_path()).and_then(|folder| folder.sync_all()).map_err(failed)?;
    let mut removed = Vec::new();
    for output in outputs {
        match std::fs::remove_file(&output) {
            Ok(()) => removed.push(output),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(JournalError::from_io("remove", &output, error)),
        }
    }
    event.map(|event| (event, removed)).ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))
}

/// Output files of the events. Fails for an event that is missing or was dropped before.
fn output_files(folder: &Folder, fact: &Redacted) -> Result<Vec<PathBuf>, JournalError> {
    let mut wanted: BTreeSet<Seq> = fact.events.iter().copied().collect();
    let mut outputs = Vec::new();
    let refuse = |seq: Seq, reason: &str| JournalError::Unwritable {
        kind: "redacted".to_owned(),
        reason: format!("event {seq} {reason}"),
    };
    for event in JournalReader::open_journal(&folder.journal_path())? {
        let event = event?;
        match &event.fact {
            Fact::Redacted(earlier) => {
                if let Some(&seq) = earlier.events.iter().find(|seq| fact.events.contains(seq)) {
                    return Err(refuse(seq, "was dropped before"));
                }
            }
            Fact::CommandFinished(finished) if wanted.contains(&event.seq) => {
                outputs.push(folder.output_path(finished.started));
            }
            _ => {}
        }
        wanted.remove(&event.seq);
    }
    match wanted.first() {
        None => Ok(outputs),
        Some(&seq) => Err(refuse(seq, "is not in the journal")),
    }
}

/// Writes the journal without these payloads, and with texts replaced, into a new file beside it. Returns the last hash if that changed.
fn rewrite_without(
    folder: &Folder,
    events: &[Seq],
    change: &dyn Fn(&str, &str) -> Option<String>,
) -> io::Result<(NamedTempFile, Option<Digest>)> {
    let mut new = NamedTempFile::new_in(folder.folder_path())?;
    let mut source = BufReader::new(open_ordinary(&folder.journal_path())?);
    let (mut text, mut seq, mut head) = (Vec::new(), 0, None);
    while source.read_until(b'\n', &mut text)? > 0 {
        if seq > 0 {
            head = line::relink_line(&mut text, change, head).or(head);
        }
        if events.contains(&Seq(seq)) {
            line::drop_payload(&mut text);
        }
        new.write_all(&text)?;
        text.clear();
        seq += 1;
    }
    new.as_file().sync_data()?;
    Ok((new, head))
}
