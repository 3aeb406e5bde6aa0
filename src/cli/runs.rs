//! `runbook runs`: the list of recorded and live runs.
//!
//! Invariant: a run whose journal is damaged is listed as such, never left out.

use super::choices::Format;
use super::error::Failure;
use crate::history::{Phase, RunResult, RunState};
use crate::journal::{Folder, Folders, JournalError, JournalReader};
use crate::kernel::session_state;
use crate::recorder::protocol::SessionState;
use crate::session;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// A recorded run, read from its folder.
struct RecordedRun {
    folder: Folder,
    /// True if its recorder holds the journal's lock.
    live: bool,
    /// State as its recorder reports it; `None` when the run is not live or the recorder does not answer.
    session: Option<SessionState>,
    state: RunState,
    /// Why its journal could not be read to the end.
    damage: Option<JournalError>,
}

/// Lists the recorded runs, newest first. Fails when the folder of runs cannot be read.
pub(super) fn list_runs(root: &Path, format: Format) -> Result<String, Failure> {
    let folders = Folders::with_root(root).list_runs().map_err(|error| Failure::record_error(error.to_string()))?;
    let recorded: Vec<RecordedRun> = folders.into_iter().map(read_run).collect();
    Ok(match format {
        Format::Text => runs_text(&recorded),
        Format::Json => {
            let value = json!({ "schema": 1, "runs": recorded.iter().map(run_json).collect::<Vec<_>>() });
            format!("{value:#}\n")
        }
    })
}

fn read_run(folder: Folder) -> RecordedRun {
    let live = folder.is_live();
    let session = session_state(folder.folder_path()).ok().filter(|_| live);
    let mut state = RunState::default();
    let mut damage = None;
    match JournalReader::open_journal(&folder.journal_path()) {
        Ok(reader) => {
            for event in reader {
                match event {
                    Ok(event) => state.apply_event(&event),
                    Err(error) => damage = Some(error),
                }
            }
        }
        Err(error) => damage = Some(error),
    }
    RecordedRun { folder, live, session, state, damage }
}

fn runs_text(recorded: &[RecordedRun]) -> String {
    if recorded.is_empty() {
        return "no run is recorded yet\n".to_owned();
    }
    let mut out = format!("{:<24} {:<12} {:>8}  {:<7} {}\n", "run", "state", "commands", "", "procedure");
    for run in recorded {
        let started = run.state.started.as_ref();
        let procedure = started.map_or_else(String::new, |started| {
            format!("{}#{}  {}", started.runbook.path, started.procedure, started.procedure_title)
        });
        let _ = writeln!(
            out,
            "{:<24} {:<12} {:>8}  {:<7} {}",
            run.folder.run_id().as_str(),
            state_words(run),
            run.state.commands.len(),
            if is_resumable(run) { "resume" } else { "" },
            crate::term::sanitize_text(&procedure)
        );
        if let Some(damage) = &run.damage {
            let _ = writeln!(out, "  {damage}");
        }
    }
    out
}

/// True if `runbook resume` can take up the run now.
fn is_resumable(run: &RecordedRun) -> bool {
    let attended = run.state.started.as_ref().is_some_and(|started| started.mode.is_interactive());
    let driven = run.session.as_ref().is_some_and(|session| session.driver.is_some());
    run.damage.is_none() && attended && !driven && session::can_resume(&run.state)
}

/// State of a run in one or two words. The JSON prints the same words.
fn state_words(run: &RecordedRun) -> &'static str {
    match (&run.damage, run.live, run.state.phase) {
        (Some(_), ..) => "damaged",
        (None, true, _) => match &run.session {
            Some(SessionState { driver: None, command: Some(_), reads_terminal: true, .. }) => "needs a key",
            Some(SessionState { driver: None, command: Some(_), .. }) => "left alone",
            Some(SessionState { driver: None, .. }) => "waiting",
            Some(SessionState { command: Some(_), .. }) => "running",
            _ => "live",
        },
        (None, false, Phase::Over(RunResult::Completed)) => "completed",
        (None, false, Phase::Over(RunResult::Failed)) => "failed",
        (None, false, Phase::Over(RunResult::Stopped)) => "stopped",
        (None, false, Phase::Over(RunResult::Interrupted)) => "interrupted",
        (None, false, Phase::Over(RunResult::Abandoned)) => "abandoned",
        // The recorder died, so the last command has no recorded end.
        (None, false, _) => "unknown",
    }
}

fn run_json(run: &RecordedRun) -> Value {
    let started = run.state.started.as_ref();
    json!({
        "run": run.folder.run_id(),
        "state": state_words(run),
        "live": run.live,
        "resumable": is_resumable(run),
        "driver": run.session.as_ref().and_then(|session| session.driver.as_ref()),
        "folder": run.folder.folder_path(),
        "started": run.state.started_at.map(|at| at.to_string()),
        "last": run.state.last.map(|(_, at)| at.to_string()),
        "commands": run.state.commands.len(),
        "runbook": started.map(|started| &started.runbook.path),
        "procedure": started.map(|started| started.procedure.as_str()),
        "title": started.map(|started| &started.procedure_title),
        "user": started.map(|started| &started.user),
        "host": started.map(|started| &started.host),
        "unattended": started.map(|started| !started.mode.is_interactive()),
        "damage": run.damage.as_ref().map(ToString::to_string),
    })
}
