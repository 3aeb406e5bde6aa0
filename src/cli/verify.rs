//! `runbook verify`: checks that a record is as it was written.
//!
//! Invariant: exit 0 only when everything that can be checked was checked and holds; the parts that nothing attests are listed.

use super::args::VerifyArgs;
use super::error::{Exit, Failure};
use super::output::print_data;
use super::records::{self, NamedRecord};
use crate::journal::{Attestation, JournalError, Receipt, VerifiedRun, verify_run};
use crate::session;
use crate::session::TranscriptCheck;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Verifies a run, an incident or a journal file, against a receipt if one is given. Fails when the record does not match. `root` is
/// evaluated only when a name has to be looked up.
pub(super) fn verify_record(
    root: impl FnOnce() -> Result<PathBuf, Failure>,
    args: &VerifyArgs,
) -> Result<Exit, Failure> {
    let path = match args.run.as_deref() {
        Some(file) if file.contains('/') || Path::new(file).is_file() => PathBuf::from(file),
        name => match records::find_record(&root()?, name)? {
            NamedRecord::Run(folder) | NamedRecord::Incident(folder) => folder.folder_path().to_owned(),
        },
    };
    let kept = args.receipt.as_deref().map(parse_receipt).transpose()?;
    let verified = verify_run(&path, kept.as_ref()).map_err(|error| unreadable_record(&error))?;
    let transcript = check_transcript(&verified)?;
    print_data(&verification_text(&verified, transcript.as_ref()))?;
    find_mismatch(&verified, transcript.as_ref()).map_or(Ok(Exit::Success), Err)
}

/// Compares the transcript of a run with its record. None where there is none to compare.
fn check_transcript(verified: &VerifiedRun) -> Result<Option<TranscriptCheck>, Failure> {
    let Some(folder) = verified.run_folder.as_ref() else { return Ok(None) };
    if !verified.foreign.is_empty() || !verified.bad_outputs.is_empty() {
        // The transcript is made from the document and the outputs, so it cannot be blamed.
        return Ok(Some(TranscriptCheck::NotCompared("the files that it is made from were changed".to_owned())));
    }
    session::compare_transcript(folder).map(Some).map_err(|error| unreadable_record(&error))
}

fn parse_receipt(given: &str) -> Result<Receipt, Failure> {
    let text = if given.contains("runbook-receipt-1") {
        given.to_owned()
    } else {
        std::fs::read_to_string(given)
            .map_err(|error| Failure::usage_error(format!("the receipt `{given}` cannot be read: {error}")))?
    };
    text.parse().map_err(|error: crate::journal::BadReceipt| Failure::usage_error(error.to_string()))
}

fn unreadable_record(error: &JournalError) -> Failure {
    let message = error.to_string();
    match error {
        JournalError::Damaged { .. } => Failure { exit: Exit::CommandFailed, message, help: None }
            .with_help("events before it are as they were written; from it on nothing can be trusted"),
        JournalError::Io { .. } | JournalError::NotAJournal { .. } => Failure::usage_error(message),
        _ => Failure::record_error(message),
    }
}

fn verification_text(verified: &VerifiedRun, transcript: Option<&TranscriptCheck>) -> String {
    let mut out = String::new();
    let events = verified.receipt.as_ref().map_or(0, |receipt| receipt.events);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "chain: {events} events, each as it was written");
    let good = verified.outputs.saturating_sub(verified.bad_outputs.len() as u64);
    let _ = writeln!(out, "outputs: {good} of {} match their digests", verified.outputs);
    let consents = &verified.consents;
    let needed = consents.recorded + consents.missing.len() as u64;
    if needed > 0 {
        let recorded = consents.recorded;
        let _ = writeln!(out, "consents: {recorded} of {needed} destructive commands have theirs recorded before them");
    }
    let _ = match transcript {
        None => Ok(()),
        Some(TranscriptCheck::AsRendered) => writeln!(out, "transcript: as the record renders it"),
        Some(TranscriptCheck::Older { made_from, of }) => {
            writeln!(out, "transcript: as the record rendered it after {made_from} of {of} events")
        }
        Some(TranscriptCheck::NotCompared(why)) => writeln!(out, "transcript: not compared: {why}"),
        Some(TranscriptCheck::Wrong(what)) => writeln!(out, "{what}"),
    };
    for note in &verified.document_notes {
        let _ = writeln!(out, "{note}");
    }
    for fault in &verified.foreign {
        let _ = writeln!(out, "{fault}");
    }
    for seq in &verified.unfinished {
        let _ = writeln!(out, "command {seq}: started, no end recorded; its output is not attested");
    }
    for seq in &verified.redacted {
        let _ = writeln!(out, "event {seq}: its text was dropped on purpose, as the record says");
    }
    if let Some(torn) = verified.torn {
        let _ = writeln!(out, "the last line was torn by a crash: {torn} bytes, never acknowledged, are left out");
    }
    let _ = match &verified.attested {
        Attestation::No => writeln!(
            out,
            "tail: unattested; events cut off the end, or a chain computed anew, show only against a receipt kept elsewhere"
        ),
        Attestation::Whole => writeln!(out, "tail: attested by the receipt"),
        Attestation::Until(later) => writeln!(out, "tail: attested by the receipt; the last {later} events came later"),
        Attestation::OtherRun | Attestation::Cut { .. } | Attestation::Differs | Attestation::Rewritten(_) => Ok(()),
    };
    if let Some(receipt) = &verified.receipt {
        let _ = writeln!(out, "{receipt}");
    }
    out
}

fn find_mismatch(verified: &VerifiedRun, transcript: Option<&TranscriptCheck>) -> Option<Failure> {
    let fail = |message: String| Some(Failure { exit: Exit::CommandFailed, message, help: None });
    match &verified.attested {
        Attestation::OtherRun => return fail("the receipt is that of another run".to_owned()),
        Attestation::Cut { missing } => {
            return fail(format!(
                "the journal was cut: the last {missing} events that the receipt knows of are missing"
            ));
        }
        Attestation::Differs => {
            return fail("the journal is not the one that the receipt is of: it was written anew".to_owned());
        }
        Attestation::Rewritten(seq) => {
            return fail(format!(
                "the receipt is of the journal before event {seq}, a redaction that replaced names and so changed hashes"
            ))
            .map(|failure| failure.with_help("if you made that redaction, keep the receipt that is printed above instead"));
        }
        Attestation::No | Attestation::Whole | Attestation::Until(_) => {}
    }
    if let Some(first) = verified.foreign.first() {
        return fail(first.clone());
    }
    if let Some(seq) = verified.consents.missing.first() {
        return fail(format!(
            "command {seq}: it can destroy something, and no consent for its text is recorded before it"
        ));
    }
    let Some(first) = verified.bad_outputs.first() else {
        let Some(TranscriptCheck::Wrong(what)) = transcript else { return None };
        return fail(what.clone())
            .map(|failure| failure.with_help("`runbook transcript` renders it anew from the record"));
    };
    let others = verified.bad_outputs.len() - 1;
    let more = if others > 0 { format!(" (and {others} more outputs)") } else { String::new() };
    fail(format!("event {}: {}{more}", first.event, first.what))
}
