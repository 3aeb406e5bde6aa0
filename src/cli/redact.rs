//! `runbook redact` removes a secret from a record; `runbook mask add` keeps one out of a live run's record.
//!
//! Invariant: a secret is never an argument.

use super::args::{MaskCommand, RedactArgs};
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::output::print_notices;
use super::records::{self, NamedRecord};
use crate::history::{Fact, IncidentFact, Redacted};
use crate::ident::{Clock as _, IncidentId, RunId, Seq, SystemClock};
use crate::incident;
use crate::incident::Now;
use crate::journal::{Folder, Folders, JournalError, JournalReader, redact_events};
use crate::kernel::{AttachError, register_in_session};
use crate::mask::Masker;
use crate::session;
use std::borrow::Cow;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Drops the texts of events from a record, and lists where the same text may still be. Fails while the record is in use.
pub(super) fn redact_record(args: &RedactArgs, environment: &Environment) -> Result<Exit, Failure> {
    let runs = environment.runs_folder()?;
    let record = records::find_record(&runs, Some(&args.run))?;
    let clock = SystemClock::start_now();
    let (folder, at) = match &record {
        NamedRecord::Run(folder) => (folder, clock.now()),
        // An incident's clock outlives a process.
        NamedRecord::Incident(folder) => (folder, Now::read_clocks(&clock).at),
    };
    let fact = Redacted {
        events: args.seq.iter().copied().map(Seq).collect(),
        user: environment.user_name(),
        reason: Masker::new().mask_text(&args.reason).into_owned(),
    };
    // Collect the texts now: once they are dropped, there is nothing to search for.
    let elsewhere = match &record {
        NamedRecord::Run(_) => None,
        NamedRecord::Incident(folder) => Some(OtherOccurrences::of_dropped_events(folder, &fact.events)),
    };
    let (event, removed) =
        redact_events(folder, &fact, at).map_err(|error| redaction_refused(&record, folder, error))?;
    let numbers: Vec<String> = args.seq.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!("the text of event {} was dropped; event {} says so", numbers.join(", "), event.seq)];
    lines.extend(removed.iter().map(|path| format!("removed: {}", path.display())));
    let incident = match elsewhere {
        None => {
            session::render_transcript(folder, false).map_err(|error| Failure::record_error(error.to_string()))?;
            joined_incident(folder)
        }
        Some(elsewhere) => {
            lines.extend(elsewhere.describe_occurrences(folder, &runs));
            if fact.events.contains(&Seq(1)) {
                lines.push(
                    "with it went the rules that the incident went by: nothing of it is told as due any more"
                        .to_owned(),
                );
            }
            Some(folder.run_id().clone())
        }
    };
    lines.push("receipts from before still hold; copies of the folder made elsewhere still have the text".to_owned());
    lines.extend(incident.map(|id| {
        format!(
            "so has a post-mortem written before: `runbook incident report {id} --output FILE` writes its facts anew, but for \
             those that were changed by hand"
        )
    }));
    print_notices(&lines);
    Ok(Exit::Success)
}

fn redaction_refused(record: &NamedRecord, folder: &Folder, error: JournalError) -> Failure {
    match (error, record) {
        (JournalError::Locked { .. }, NamedRecord::Run(_)) => {
            Failure::usage_error(format!("the run `{}` is live", folder.run_id()))
                .with_help(format!("end it first: `runbook stop {}`", folder.run_id()))
        }
        (JournalError::Locked { .. }, NamedRecord::Incident(_)) => {
            Failure::usage_error(format!("somebody writes into the incident `{}` just now", folder.run_id()))
                .with_help("try again")
        }
        (JournalError::Unwritable { reason, .. }, NamedRecord::Run(_)) => Failure::usage_error(reason)
            .with_help("the numbers are the `seq` of `journal.jsonl`, and stand in the transcript's timeline"),
        (JournalError::Unwritable { reason, .. }, NamedRecord::Incident(_)) => Failure::usage_error(reason)
            .with_help("the numbers are the `seq` of `journal.jsonl`; in a post-mortem `7c1d9e#12` is event 12"),
        (other, _) => Failure::record_error(other.to_string()),
    }
}

/// Id of the incident that a run has joined.
fn joined_incident(folder: &Folder) -> Option<IncidentId> {
    let mut events = JournalReader::open_journal(folder.folder_path()).ok()?.filter_map(Result::ok);
    events.find_map(|event| match event.fact {
        Fact::IncidentJoined(joined) => Some(joined.incident),
        _ => None,
    })
}

/// Texts that are dropped from an incident's record, and the runs in which to search for them.
struct OtherOccurrences {
    masker: Masker,
    runs: Vec<RunId>,
}

impl OtherOccurrences {
    fn of_dropped_events(folder: &Folder, dropped: &[Seq]) -> Self {
        let mut found = Self { masker: Masker::new(), runs: Vec::new() };
        let Ok(reader) = JournalReader::open_journal(folder.folder_path()) else { return found };
        for event in reader.filter_map(Result::ok) {
            let Fact::Incident(incident) = event.fact else { continue };
            if let IncidentFact::RunJoined(joined) = &incident.what {
                found.runs.push(joined.run.clone());
            }
            if dropped.contains(&event.seq) {
                for text in incident::texts(&incident.what) {
                    // Refused when too short to search for.
                    drop(found.masker.add_secret("dropped", text.trim().as_bytes()));
                }
            }
        }
        found
    }

    /// One line for each record and each file that has the text, or may have it.
    fn describe_occurrences(&self, folder: &Folder, runs: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        let records = Folders::with_root(runs);
        let runs = self.runs.iter().filter_map(|run| records.find_run(run.as_str()).ok());
        for (kind, record) in std::iter::once(("incident", folder.clone())).chain(runs.map(|run| ("run", run))) {
            let events: Vec<String> =
                events_with_secret(&record, &self.masker).iter().map(ToString::to_string).collect();
            if !events.is_empty() {
                let (events, id) = (events.join(","), record.run_id());
                lines.push(format!(
                    "the same text is in event {events} of the {kind} `{id}`: `runbook redact {id} --seq {events}` drops it"
                ));
            }
        }
        let entries = std::fs::read_dir(folder.folder_path()).into_iter().flatten().filter_map(Result::ok);
        let mut others: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        others.sort();
        for path in others {
            // A post-mortem escapes and shortens its texts, so a search would miss them: report every file but the journal.
            let may_hold_it = if path == folder.document_path() {
                std::fs::read(&path).is_ok_and(|bytes| holds_secret(&self.masker, &bytes))
            } else {
                path != folder.journal_path()
            };
            if may_hold_it {
                lines.push(format!("left as it is, and may still have the text: {}", path.display()));
            }
        }
        lines
    }
}

/// Registers a secret with a live run, and reports where its record has it already. Fails when the run is not live.
pub(super) fn mask_secret(command: &MaskCommand, environment: &Environment) -> Result<Exit, Failure> {
    let MaskCommand::Add { run, name } = command;
    let folder = records::find_run(&environment.runs_folder()?, run.as_deref())?;
    let secret = read_secret(name)?;
    let told = register_in_session(folder.folder_path(), vec![(name.clone(), secret.clone())]);
    let refused = told.map_err(|error| match error {
        AttachError::NotThere => Failure::usage_error(format!("the run `{}` is not live", folder.run_id()))
            .with_help("what is in its record already is taken out by `runbook redact`"),
        other => Failure::usage_error(other.to_string()),
    })?;
    if let Some(why) = refused.first() {
        return Err(Failure::usage_error(why.clone()));
    }
    let mut lines = vec![format!("from here on `{name}` is masked in `{}`", folder.run_id())];
    lines.extend(mask_kept_document(&folder, name, &secret));
    print_notices(&lines);
    Ok(Exit::Success)
}

/// Masks the secret in the record's copy of the document. Returns a line for each event that has it already.
fn mask_kept_document(folder: &Folder, name: &str, secret: &[u8]) -> Vec<String> {
    let mut masker = Masker::new();
    let mut lines = Vec::new();
    if masker.add_secret(name, secret).is_err() {
        return lines;
    }
    if let Ok(document) = std::fs::read(folder.document_path())
        && let Cow::Owned(masked) = masker.mask_bytes(&document)
    {
        let written = folder.replace_file(&folder.document_path(), |to| to.write_all(&masked));
        lines.extend(written.err().map(|error| error.to_string()));
    }
    for seq in events_with_secret(folder, &masker) {
        lines.push(format!(
            "event {seq} holds it already: `runbook redact {} --seq {seq}` drops it, once the run is over",
            folder.run_id()
        ));
    }
    lines
}

/// Numbers of the events whose journal lines hold a secret of the masker.
fn events_with_secret(folder: &Folder, masker: &Masker) -> Vec<usize> {
    let journal = std::fs::read(folder.journal_path()).unwrap_or_default();
    let lines = journal.split(|&byte| byte == b'\n').enumerate().skip(1);
    lines.filter(|(_, line)| holds_secret(masker, line)).map(|(seq, _)| seq).collect()
}

fn holds_secret(masker: &Masker, bytes: &[u8]) -> bool {
    let Cow::Owned(hidden) = masker.mask_bytes(bytes) else { return false };
    let hidden = String::from_utf8_lossy(&hidden);
    masker.secret_names().any(|name| hidden.contains(&format!("[masked:{name}]")))
}

/// Reads a secret from standard input, without echo on a terminal, and strips the newline at its end. It need not be text.
fn read_secret(name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage_error(format!("the secret cannot be read: {error}"));
    let stdin = std::io::stdin();
    let mut text = Vec::new();
    if stdin.is_terminal() {
        let mut err = std::io::stderr().lock();
        drop(write!(err, "{name} (not shown): ").and_then(|()| err.flush()));
        let echo = EchoSwitchedOff::switch_off().map_err(failed)?;
        let read = stdin.lock().read_until(b'\n', &mut text);
        drop(echo);
        drop(writeln!(err));
        read.map_err(failed)?;
    } else {
        stdin.lock().take(1 << 20).read_to_end(&mut text).map_err(failed)?;
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() { Err(Failure::usage_error("the secret is empty")) } else { Ok(text.to_vec()) }
}

/// Turns the terminal's echo off until dropped. Holds the modes to restore.
struct EchoSwitchedOff(rustix::termios::Termios);

impl EchoSwitchedOff {
    fn switch_off() -> std::io::Result<Self> {
        let stdin = std::io::stdin();
        let before = rustix::termios::tcgetattr(&stdin)?;
        let mut modes = before.clone();
        modes.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for EchoSwitchedOff {
    fn drop(&mut self) {
        let stdin = std::io::stdin();
        let _ = rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Now, &self.0);
    }
}
