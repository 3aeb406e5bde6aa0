//! `runbook redact` removes a secret from a record.
//!
//! Invariant: a secret is never an argument.

use super::args::RedactArgs;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::mask::read_secret;
use super::output::print_notices;
use super::records::{self, NamedRecord};
use super::remains::{Remains, SoughtText, events_with_secret, holds_secret};
use crate::history::{Fact, IncidentFact, Redacted};
use crate::ident::{Clock as _, Digest, IncidentId, RunId, Seq, SystemClock};
use crate::incident;
use crate::incident::Now;
use crate::journal::{Folder, Folders, JournalError, JournalReader, redact_events, redact_with_names};
use crate::mask::Masker;
use crate::session;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Drops the texts of events from a record, and lists where the same text may still be. Fails while the record is in use.
pub(super) fn redact_record(args: &RedactArgs, environment: &Environment) -> Result<Exit, Failure> {
    let runs = environment.runs_folder()?;
    let lines = match records::find_record(&runs, Some(&args.run))? {
        NamedRecord::Run(folder) => redact_run(args, environment, &folder)?,
        NamedRecord::Incident(_) if args.secret || args.everywhere || args.dry_run => {
            return Err(Failure::usage_error("`--secret`, `--everywhere` and `--dry-run` are for runs")
                .with_help("give the events of an incident with `--seq`"));
        }
        NamedRecord::Incident(folder) => redact_incident(args, environment, &folder, &runs)?,
    };
    print_notices(&lines);
    Ok(Exit::Success)
}

fn redact_incident(
    args: &RedactArgs,
    environment: &Environment,
    folder: &Folder,
    runs: &Path,
) -> Result<Vec<String>, Failure> {
    let fact = redacted_fact(args.seq.iter().copied().map(Seq).collect(), args, environment);
    // Collect the texts now: once they are dropped, there is nothing to search for.
    let elsewhere = OtherOccurrences::of_dropped_events(folder, &fact.events);
    // An incident's clock outlives a process.
    let at = Now::read_clocks(&SystemClock::start_now()).at;
    let redacted = redact_events(folder, &fact, at);
    let (event, removed) = redacted.map_err(|error| incident_redaction_refused(folder, error))?;
    let mut lines = vec![describe_dropped(&fact.events, event.seq)];
    lines.extend(removed.iter().map(|path| format!("removed: {}", path.display())));
    lines.extend(elsewhere.describe_occurrences(folder, runs));
    if fact.events.contains(&Seq(1)) {
        lines
            .push("with it went the rules that the incident went by: nothing of it is told as due any more".to_owned());
    }
    lines.push("receipts from before still hold; copies of the folder made elsewhere still have the text".to_owned());
    lines.push(describe_post_mortem(folder.run_id()));
    Ok(lines)
}

fn redact_run(args: &RedactArgs, environment: &Environment, folder: &Folder) -> Result<Vec<String>, Failure> {
    if folder.is_live() {
        return Err(run_is_live(folder));
    }
    let named: BTreeSet<Seq> = args.seq.iter().copied().map(Seq).collect();
    // Collect the texts now: once they are dropped, there is nothing to search for.
    let unreadable = |error: std::io::Error| Failure::record_error(format!("the record cannot be searched: {error}"));
    let mut sought = SoughtText::of_events(folder, &named).map_err(unreadable)?;
    if args.secret {
        sought.add_secret(&read_secret("text to remove")?)?;
    }
    let remains = Remains::find_in_run(folder, &sought, &named).map_err(unreadable)?;
    let mut events = named;
    if args.secret || args.everywhere {
        events.extend(&remains.events);
    }
    if args.dry_run {
        return Ok(remains.describe_plan(&events, args.everywhere));
    }
    if events.is_empty() && (!args.everywhere || remains.is_empty()) {
        return Ok(remains.describe_rest(folder, "nothing was dropped: no event holds the text"));
    }
    let mut fact = redacted_fact(events.into_iter().collect(), args, environment);
    let mut lines = Vec::new();
    let cleared = if args.everywhere { clear_document(folder, &sought, &remains)? } else { None };
    fact.document = cleared.as_deref().map(Digest::of_bytes);
    let change = |name: &str, text: &str| args.everywhere.then(|| sought.replace_name(name, text)).flatten();
    let redacted = redact_with_names(folder, &fact, SystemClock::start_now().now(), &change);
    let (event, removed) = redacted.map_err(|error| run_redaction_refused(folder, error))?;
    if !fact.events.is_empty() {
        lines.push(describe_dropped(&fact.events, event.seq));
    }
    // Its digest is in the record first: a redaction that is refused changes no file.
    if let Some(cleared) = cleared {
        folder
            .replace_file(&folder.document_path(), |to| to.write_all(&cleared))
            .map_err(|error| Failure::record_error(error.to_string()))?;
        lines.push("replaced in: runbook.md".to_owned());
    }
    let is_rewritten = matches!(&event.fact, Fact::Redacted(Redacted { head_before: Some(_), .. }));
    if is_rewritten {
        lines.push("replaced in: step ids and other names of the journal".to_owned());
    }
    lines.extend(removed.iter().map(|path| format!("removed: {}", path.display())));
    if args.everywhere && remains.has_snapshot() && std::fs::remove_file(folder.snapshot_path()).is_ok() {
        lines.push(format!("removed: {}", folder.snapshot_path().display()));
    }
    session::render_transcript(folder, false).map_err(|error| Failure::record_error(error.to_string()))?;
    lines.push("written anew: transcript.md".to_owned());
    let rest = Remains::find_in_run(folder, &sought, &BTreeSet::new()).map_err(unreadable)?;
    lines.extend(rest.describe_rest(folder, "no other file of the run holds the text"));
    lines.push(
        if is_rewritten {
            "receipts from before no longer hold, since names were replaced: keep the one that `runbook verify` prints; copies of the folder \
             made elsewhere still have the text"
        } else {
            "receipts from before still hold; copies of the folder made elsewhere still have the text"
        }
        .to_owned(),
    );
    lines.extend(joined_incident(folder).map(|id| describe_post_mortem(&id)));
    Ok(lines)
}

fn redacted_fact(events: Vec<Seq>, args: &RedactArgs, environment: &Environment) -> Redacted {
    let reason = Masker::new().mask_text(&args.reason).into_owned();
    Redacted { events, user: environment.user_name(), reason, ..Redacted::default() }
}

fn describe_dropped(events: &[Seq], by: Seq) -> String {
    let numbers: Vec<String> = events.iter().map(ToString::to_string).collect();
    format!("the text of event {} was dropped; event {by} says so", numbers.join(", "))
}

fn describe_post_mortem(incident: &impl std::fmt::Display) -> String {
    format!(
        "so has a post-mortem written before: `runbook incident report {incident} --output FILE` writes its facts anew, but for \
         those that were changed by hand"
    )
}

/// The record's copy of the document with the text replaced. None if it does not hold the text.
fn clear_document(folder: &Folder, sought: &SoughtText, remains: &Remains) -> Result<Option<Vec<u8>>, Failure> {
    if !remains.is_in_document {
        return Ok(None);
    }
    let cleared = folder.read_document().map(|bytes| sought.replace_in(&bytes));
    cleared.map(Some).map_err(|error| Failure::record_error(format!("`runbook.md` cannot be read: {error}")))
}

fn run_is_live(folder: &Folder) -> Failure {
    Failure::usage_error(format!("the run `{}` is live", folder.run_id()))
        .with_help(format!("end it first: `runbook stop {}`", folder.run_id()))
}

fn run_redaction_refused(folder: &Folder, error: JournalError) -> Failure {
    match error {
        JournalError::Locked { .. } => run_is_live(folder),
        JournalError::Unwritable { reason, .. } => Failure::usage_error(reason)
            .with_help("the numbers are the `seq` of `journal.jsonl`, and stand in the transcript's timeline"),
        other => Failure::record_error(other.to_string()),
    }
}

fn incident_redaction_refused(folder: &Folder, error: JournalError) -> Failure {
    match error {
        JournalError::Locked { .. } => {
            Failure::usage_error(format!("somebody writes into the incident `{}` just now", folder.run_id()))
                .with_help("try again")
        }
        JournalError::Unwritable { reason, .. } => Failure::usage_error(reason)
            .with_help("the numbers are the `seq` of `journal.jsonl`; in a post-mortem `7c1d9e#12` is event 12"),
        other => Failure::record_error(other.to_string()),
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
