//! `runbook verify`: checks that a record is as it was written.
//!
//! Invariant: exit 0 only when everything that can be checked was checked and holds; the parts that nothing attests are listed.

use super::args::VerifyArgs;
use super::error::{Exit, Failure};
use super::output::print_data;
use super::records::{self, Record};
use crate::journal::{Attested, JournalError, Receipt, Verified, verify};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Verifies a run, an incident or a journal file, against a receipt if one is given. Fails when the record does not match. `root` is
/// evaluated only when a name has to be looked up.
pub(super) fn run(root: impl FnOnce() -> Result<PathBuf, Failure>, args: &VerifyArgs) -> Result<Exit, Failure> {
    let path = match args.run.as_deref() {
        Some(file) if file.contains('/') || Path::new(file).is_file() => PathBuf::from(file),
        name => match records::record(&root()?, name)? {
            Record::Run(folder) | Record::Incident(folder) => folder.path().to_owned(),
        },
    };
    let kept = args.receipt.as_deref().map(receipt).transpose()?;
    let verified = verify(&path, kept.as_ref()).map_err(|error| failure(&error))?;
    print_data(&text(&verified))?;
    bad(&verified).map_or(Ok(Exit::Success), Err)
}

fn receipt(given: &str) -> Result<Receipt, Failure> {
    let text = if given.contains("runbook-receipt-1") {
        given.to_owned()
    } else {
        std::fs::read_to_string(given)
            .map_err(|error| Failure::usage(format!("the receipt `{given}` cannot be read: {error}")))?
    };
    text.parse().map_err(|error: crate::journal::BadReceipt| Failure::usage(error.to_string()))
}

fn failure(error: &JournalError) -> Failure {
    let message = error.to_string();
    match error {
        JournalError::Damaged { .. } => Failure { exit: Exit::CommandFailed, message, help: None }
            .help("events before it are as they were written; from it on nothing can be trusted"),
        JournalError::Io { .. } | JournalError::NotAJournal { .. } => Failure::usage(message),
        _ => Failure::record(message),
    }
}

fn text(verified: &Verified) -> String {
    let mut out = String::new();
    let events = verified.receipt.as_ref().map_or(0, |receipt| receipt.events);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "chain: {events} events, each as it was written");
    let good = verified.outputs.saturating_sub(verified.bad_outputs.len() as u64);
    let _ = writeln!(out, "outputs: {good} of {} match their digests", verified.outputs);
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
        Attested::No => writeln!(
            out,
            "tail: unattested; events cut off the end, or a chain computed anew, show only against a receipt kept elsewhere"
        ),
        Attested::Whole => writeln!(out, "tail: attested by the receipt"),
        Attested::Until(later) => writeln!(out, "tail: attested by the receipt; the last {later} events came later"),
        Attested::OtherRun | Attested::Cut { .. } | Attested::Differs => Ok(()),
    };
    if let Some(receipt) = &verified.receipt {
        let _ = writeln!(out, "{receipt}");
    }
    out
}

fn bad(verified: &Verified) -> Option<Failure> {
    let fail = |message: String| Some(Failure { exit: Exit::CommandFailed, message, help: None });
    match &verified.attested {
        Attested::OtherRun => return fail("the receipt is that of another run".to_owned()),
        Attested::Cut { missing } => {
            return fail(format!(
                "the journal was cut: the last {missing} events that the receipt knows of are missing"
            ));
        }
        Attested::Differs => {
            return fail("the journal is not the one that the receipt is of: it was written anew".to_owned());
        }
        Attested::No | Attested::Whole | Attested::Until(_) => {}
    }
    let first = verified.bad_outputs.first()?;
    let others = verified.bad_outputs.len() - 1;
    let more = if others > 0 { format!(" (and {others} more outputs)") } else { String::new() };
    fail(format!("event {}: {}{more}", first.event, first.what))
}
