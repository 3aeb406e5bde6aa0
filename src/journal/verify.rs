//! Verifies a whole run: the chain of its journal, and the outputs whose digests it holds.
//!
//! Invariant: the first event that is not as it was written is named, and so is everything that cannot be attested. Refuses to
//! know: the meaning of events, except of those that say what belongs to the record.

use super::FILE_NAME;
use super::consents::Consents;
use super::error::JournalError;
use super::folder::Folder;
use super::ordinary::open_ordinary;
use super::output::find_difference;
use super::reader::JournalReader;
use crate::history::{CommandFinished, Event, Fact};
use crate::ident::{Digest, RunId, Seq};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A short proof of a whole journal. Kept elsewhere, it shows whether the end was cut off later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the run.
    pub run: RunId,
    /// Number of events at that time.
    pub events: u64,
    /// Hash of the last of them.
    pub head: Digest,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runbook-receipt-1 {} {} {}", self.run, self.events, self.head)
    }
}

/// The text is not a receipt.
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

/// Result of comparing a journal with a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attestation {
    /// No receipt was given, so nobody can say whether the end was cut off.
    No,
    /// The receipt covers the whole journal.
    Whole,
    /// The events of the receipt are unchanged; this many came later.
    Until(u64),
    /// The receipt belongs to another run.
    OtherRun,
    /// The journal ends before the receipt's last event.
    Cut {
        /// Number of missing events.
        missing: u64,
    },
    /// The last event of the receipt is not the one in the journal.
    Differs,
    /// This redaction replaced names in events of the receipt, and says that the receipt was right before.
    Rewritten(Seq),
}

/// An output that differs from the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputMismatch {
    /// The event that holds the digest of the output.
    pub event: Seq,
    /// `seq` of the command's start, after which the output file is named.
    pub command: Seq,
    /// Description of the difference, for people.
    pub what: String,
}

/// Result of verifying a journal whose chain is intact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRun {
    /// Run, number of events and last hash; none when even the first line was torn.
    pub receipt: Option<Receipt>,
    /// Length in bytes of an unfinished last line; none without one.
    pub torn: Option<u64>,
    /// Number of outputs that were checked.
    pub outputs: u64,
    /// Outputs that differ from the journal, in order.
    pub bad_outputs: Vec<OutputMismatch>,
    /// Commands without a recorded end, whose output is not attested.
    pub unfinished: Vec<Seq>,
    /// Events whose payload was dropped on purpose.
    pub redacted: Vec<Seq>,
    /// Result of comparing with the receipt.
    pub attested: Attestation,
    /// Consents of the commands that can destroy something.
    pub consents: Consents,
    /// Why the folder as a whole is not what a run leaves behind: no event, another run's journal, another document. In words for people.
    pub foreign: Vec<String>,
    /// Folder of the run; none for an incident, or for a journal on its own.
    pub run_folder: Option<Folder>,
    /// Notes on the kept document: it was redacted, or cannot be compared. In words for people.
    pub document_notes: Vec<String>,
}

/// Verifies a run's folder, or a journal alone, against `kept`, a receipt from elsewhere. Fails when the journal cannot be read
/// or its chain is damaged.
pub fn verify_run(path: &Path, kept: Option<&Receipt>) -> Result<VerifiedRun, JournalError> {
    let of_file = || path.parent().filter(|_| path.file_name().is_some_and(|name| name == FILE_NAME));
    let folder = Folder::at_path(path).or_else(|| of_file().and_then(Folder::at_path));
    open_ordinary(folder.as_ref().map(Folder::journal_path).as_deref().unwrap_or(path))
        .map_err(|error| JournalError::from_io("read", path, error))?;
    let mut reader = JournalReader::open_journal(path)?;
    let mut checked = OutputCheck { folder, ..OutputCheck::default() };
    let (mut events, mut at_kept, mut consents) = (0, None, Consents::default());
    while let Some(event) = reader.verify_next()? {
        events += 1;
        if kept.is_some_and(|kept| kept.events == events) {
            at_kept = reader.head_hash();
        }
        if let Some(event) = event {
            checked.consume_event(&event);
            consents.consume_event(&event);
        }
    }
    let receipt = match (reader.journal_header(), reader.head_hash()) {
        (Some(header), Some(head)) => Some(Receipt { run: header.run.clone(), events, head }),
        _ => None,
    };
    let attested = match (kept, &receipt) {
        (None, _) => Attestation::No,
        (Some(kept), Some(found)) if kept.run != found.run => Attestation::OtherRun,
        (Some(kept), _) if let Some(seq) = checked.find_rewriting(kept) => Attestation::Rewritten(seq),
        (Some(kept), _) if kept.events > events => Attestation::Cut { missing: kept.events - events },
        (Some(kept), Some(found)) if kept.events == 0 || at_kept == Some(kept.head) => match found.events - kept.events
        {
            0 => Attestation::Whole,
            later => Attestation::Until(later),
        },
        _ => Attestation::Differs,
    };
    checked.check_outputs();
    let (mut foreign, document_notes) = checked.check_document();
    let of_run = reader.journal_header().map(|header| &header.run);
    match (of_run, &checked.folder) {
        (Some(run), Some(folder)) if run != folder.run_id() => {
            foreign.push(format!("the journal is that of `{run}`, and the folder is called `{}`", folder.run_id()));
        }
        _ if events == 0 => foreign.push("the journal has no event: it was emptied, or the run never began".to_owned()),
        _ => {}
    }
    Ok(VerifiedRun {
        consents,
        foreign,
        document_notes,
        run_folder: checked.document.and(checked.folder),
        receipt,
        torn: reader.torn_bytes(),
        outputs: checked.outputs,
        bad_outputs: checked.bad,
        unfinished: checked.started.into_iter().collect(),
        redacted: checked.redacted.into_iter().collect(),
        attested,
    })
}

#[derive(Default)]
struct OutputCheck {
    folder: Option<Folder>,
    started: BTreeSet<Seq>,
    finished: Vec<(Seq, CommandFinished)>,
    redacted: BTreeSet<Seq>,
    outputs: u64,
    bad: Vec<OutputMismatch>,
    /// Digest of the document that ran, or of what the last redaction left of it.
    document: Option<Digest>,
    is_document_redacted: bool,
    /// Redactions that replaced names, with the hash before each.
    rewritten: Vec<(Seq, Digest)>,
}

impl OutputCheck {
    fn consume_event(&mut self, event: &Event) {
        match &event.fact {
            Fact::CommandStarted(_) => {
                self.started.insert(event.seq);
            }
            Fact::CommandFinished(finished) => {
                self.started.remove(&finished.started);
                self.finished.push((event.seq, finished.clone()));
            }
            Fact::RunStarted(started) => self.document = Some(started.runbook.digest),
            Fact::Redacted(redacted) => {
                self.redacted.extend(&redacted.events);
                if let Some(document) = redacted.document {
                    self.document = Some(document);
                    self.is_document_redacted = true;
                }
                self.rewritten.extend(redacted.head_before.map(|head| (event.seq, head)));
            }
            _ => {}
        }
    }

    /// Compares the kept document with the digest of the one that ran. A copy in which secrets were masked cannot be compared.
    fn check_document(&self) -> (Vec<String>, Vec<String>) {
        let (Some(folder), Some(digest)) = (&self.folder, self.document) else { return Default::default() };
        match folder.read_document() {
            Ok(bytes) if Digest::of_bytes(&bytes) == digest => {
                let note = "document: `runbook.md` is as a redaction left it";
                (Vec::new(), self.is_document_redacted.then(|| note.to_owned()).into_iter().collect())
            }
            Ok(bytes) if !self.is_document_redacted && memchr::memmem::find(&bytes, b"[masked:").is_some() => {
                let note = "document: `runbook.md` was kept with its secrets masked, so it cannot be compared";
                (Vec::new(), vec![note.to_owned()])
            }
            Ok(_) => (vec!["`runbook.md` is not the document that ran: it was changed".to_owned()], Vec::new()),
            Err(error) => (vec![format!("`runbook.md`, the document that ran, cannot be read: {error}")], Vec::new()),
        }
    }

    /// The redaction that replaced names in a journal which this receipt covered whole.
    fn find_rewriting(&self, kept: &Receipt) -> Option<Seq> {
        let is_it = |(seq, head): &&(Seq, Digest)| seq.0 == kept.events + 1 && *head == kept.head;
        self.rewritten.iter().find(is_it).map(|(seq, _)| *seq)
    }

    fn check_outputs(&mut self) {
        let Some(folder) = self.folder.clone() else { return };
        for (event, finished) in std::mem::take(&mut self.finished) {
            self.outputs += 1;
            let path = folder.output_path(finished.started);
            let what = find_difference(&path, &finished.output);
            self.bad.extend(what.map(|what| OutputMismatch { event, command: finished.started, what }));
        }
    }
}
