//! Checks a whole run: the chain of its journal, and the outputs that it holds the digests of.
//!
//! Invariant: the first event that is not as it was written is named; what cannot be attested is said. Refuses to know: what
//! the events mean, but for those that say what belongs to the record.

use super::FILE_NAME;
use super::error::JournalError;
use super::folder::Folder;
use super::reader::Reader;
use crate::history::{Captured, CommandFinished, Event, Fact};
use crate::ident::{Digest, RunId, Seq};
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

const BLOCK_BYTES: usize = 256 << 10;

/// What stands for a whole journal: kept elsewhere, it shows whether the end was cut off since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The run.
    pub run: RunId,
    /// How many events there were.
    pub events: u64,
    /// The hash of the last of them.
    pub head: Digest,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runbook-receipt-1 {} {} {}", self.run, self.events, self.head)
    }
}

/// Text that is no receipt.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no receipt; one looks like `runbook-receipt-1 RUN EVENTS HASH`, as `runbook verify` prints it")]
pub struct BadReceipt(String);

impl FromStr for Receipt {
    type Err = BadReceipt;

    fn from_str(text: &str) -> Result<Self, BadReceipt> {
        let read = || {
            let mut words = text.split_ascii_whitespace().skip_while(|word| *word != "runbook-receipt-1").skip(1);
            let run = words.next()?.parse().ok()?;
            let events = words.next()?.parse().ok()?;
            Some(Self { run, events, head: words.next()?.parse().ok()? })
        };
        read().ok_or_else(|| BadReceipt(text.trim().chars().take(80).collect()))
    }
}

/// How the journal stands to a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attested {
    /// There was none: nobody can say whether the end was cut off.
    No,
    /// All of it.
    Whole,
    /// All that the receipt knows of; so many events came later.
    Until(u64),
    /// It is another run's.
    OtherRun,
    /// The journal ends before the receipt's last event.
    Cut {
        /// How many events are missing.
        missing: u64,
    },
    /// The event at the receipt's place is another.
    Differs,
}

/// An output that is not as the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOutput {
    /// The event that holds its digest.
    pub event: Seq,
    /// The command: the number its file is named by.
    pub command: Seq,
    /// What differs.
    pub what: String,
}

/// A journal that holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its run, how many events it has, and its last hash; none when even the first line was torn.
    pub receipt: Option<Receipt>,
    /// How many bytes of an unfinished last line there are.
    pub torn: Option<u64>,
    /// How many outputs were checked.
    pub outputs: u64,
    /// Those that are not as the journal says, in order.
    pub bad_outputs: Vec<BadOutput>,
    /// Commands without a recorded end: their output is not attested.
    pub unfinished: Vec<Seq>,
    /// Events whose payload was dropped on purpose.
    pub redacted: Vec<Seq>,
    /// How it stands to the receipt.
    pub attested: Attested,
}

/// Checks a run's folder, or a journal alone; `kept` is a receipt from elsewhere.
pub fn verify(path: &Path, kept: Option<&Receipt>) -> Result<Verified, JournalError> {
    let of_file = || path.parent().filter(|_| path.file_name().is_some_and(|name| name == FILE_NAME));
    let folder = Folder::at(path).or_else(|| of_file().and_then(Folder::at));
    let mut reader = Reader::open(path)?;
    let mut checked = Checked { folder, ..Checked::default() };
    let (mut events, mut at_kept) = (0, None);
    while let Some(event) = reader.next_checked()? {
        events += 1;
        if kept.is_some_and(|kept| kept.events == events) {
            at_kept = reader.head();
        }
        if let Some(event) = event {
            checked.take(&event);
        }
    }
    let receipt = match (reader.header(), reader.head()) {
        (Some(header), Some(head)) => Some(Receipt { run: header.run.clone(), events, head }),
        _ => None,
    };
    let attested = match (kept, &receipt) {
        (None, _) => Attested::No,
        (Some(kept), Some(found)) if kept.run != found.run => Attested::OtherRun,
        (Some(kept), _) if kept.events > events => Attested::Cut { missing: kept.events - events },
        (Some(kept), Some(found)) if kept.events == 0 || at_kept == Some(kept.head) => match found.events - kept.events
        {
            0 => Attested::Whole,
            later => Attested::Until(later),
        },
        _ => Attested::Differs,
    };
    checked.check_outputs();
    Ok(Verified {
        receipt,
        torn: reader.torn(),
        outputs: checked.outputs,
        bad_outputs: checked.bad,
        unfinished: checked.started.into_iter().collect(),
        redacted: checked.redacted.into_iter().collect(),
        attested,
    })
}

#[derive(Default)]
struct Checked {
    folder: Option<Folder>,
    started: BTreeSet<Seq>,
    finished: Vec<(Seq, CommandFinished)>,
    redacted: BTreeSet<Seq>,
    outputs: u64,
    bad: Vec<BadOutput>,
}

impl Checked {
    fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::CommandStarted(_) => {
                self.started.insert(event.seq);
            }
            Fact::CommandFinished(finished) => {
                self.started.remove(&finished.started);
                self.finished.push((event.seq, finished.clone()));
            }
            Fact::Redacted(redacted) => self.redacted.extend(&redacted.events),
            _ => {}
        }
    }

    fn check_outputs(&mut self) {
        let Some(folder) = self.folder.clone() else { return };
        for (event, finished) in std::mem::take(&mut self.finished) {
            self.outputs += 1;
            let path = folder.output(finished.started);
            let what = if self.redacted.contains(&event) {
                path.exists().then(|| "its output was to be dropped, and its file is still there".to_owned())
            } else {
                differs(&path, &finished.output)
            };
            self.bad.extend(what.map(|what| BadOutput { event, command: finished.started, what }));
        }
    }
}

/// What is wrong with an output, if anything.
fn differs(path: &Path, output: &Captured) -> Option<String> {
    let inline = output.inline.as_deref();
    let of_inline = |bytes: &[u8]| Digest::of_parts(&[output.salt.as_bytes(), bytes]) == output.digest;
    if inline.is_some_and(|bytes| !of_inline(bytes)) {
        return Some("the output in the event does not match its digest".to_owned());
    }
    match digest_of(path, &output.salt) {
        Ok((length, digest)) if length == output.kept_bytes && digest == output.digest => None,
        // A crash may have left less in the file than the event holds.
        Ok((length, _)) if length < output.kept_bytes && inline.is_some() => None,
        Ok((length, _)) if length != output.kept_bytes => {
            Some(format!("its output file has {length} bytes, and {} were recorded", output.kept_bytes))
        }
        Ok(_) => Some("its output file was changed".to_owned()),
        Err(_) if inline.is_some() => None,
        Err(error) => Some(format!("its output file cannot be read: {error}")),
    }
}

fn digest_of(path: &Path, salt: &str) -> io::Result<(u64, Digest)> {
    let mut file = File::open(path)?;
    let mut hasher = sha2::Sha256::new();
    hasher.update(salt.as_bytes());
    let (mut buffer, mut length) = (vec![0; BLOCK_BYTES], 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((length, Digest::from_bytes(hasher.finalize().into()))),
            Ok(count) => {
                hasher.update(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
