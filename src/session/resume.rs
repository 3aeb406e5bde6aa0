//! Resumes a run that was stopped, lost its terminal, or died.
//!
//! Invariant: the same journal is continued. A command without a recorded end is shown, and never run again by itself.
//! Refuses to know: the command line.

use super::error::SessionError;
use super::options::RunOptions;
use super::planning::{plan_selected_steps, syntax_checker};
use super::render;
use super::run::{driver_name, register_secrets, start_options};
use super::walking::{PreparedRun, ResumedWork};
use crate::engine::Ending;
use crate::history::{CommandState, Event, Fact, OutputSource as _, Phase, RunResult, RunResumed, RunState};
use crate::ident::SystemClock;
use crate::journal;
use crate::journal::Folder;
use crate::kernel;
use crate::kernel::AttachError;
use crate::transcript;
use std::path::Path;
use std::path::PathBuf;

/// Largest part of an unfinished command's output that is shown, in bytes.
const SHOWN_BYTES: usize = 4096;
/// Lines of an unfinished command's output that are shown.
const SHOWN_LINES: usize = 20;
/// Lines of the document's changes that are shown.
const CHANGED_LINES: usize = 60;

/// A recorded run that may be resumed.
pub struct Recorded {
    /// Folder of the run's record.
    pub folder: Folder,
    /// State of the run after its last recorded event.
    pub state: RunState,
}

impl Recorded {
    /// Reads the journal in a run folder. Fails when it is damaged.
    pub fn read_folder(folder: Folder) -> Result<Self, SessionError> {
        let mut state = RunState::default();
        for event in journal::read_journal(folder.folder_path())?.events {
            state.apply_event(&event);
        }
        Ok(Self { folder, state })
    }

    /// True if the run has begun and is not completed.
    pub fn can_resume(&self) -> bool {
        can_resume(&self.state)
    }
}

/// True if a run has begun and is not completed, so that it can be resumed.
pub fn can_resume(state: &RunState) -> bool {
    state.started.is_some() && state.phase != Phase::Over(RunResult::Completed)
}

/// Resumes a run. Returns its ending and the path of its transcript. Fails when nothing was run yet, when another engine drives
/// the run, or when its recorder is alive but does not answer.
pub fn resume_run(options: &RunOptions<'_>, recorded: Recorded) -> Result<(Ending, PathBuf), SessionError> {
    let Recorded { folder, state } = recorded;
    let Some(started) = state.started.clone() else {
        return Err(SessionError::NotResumable(format!("nothing was run in `{}` yet", folder.run_id())));
    };
    let plan = plan_selected_steps(options)?;
    let syntax = syntax_checker(&plan, options)?;
    let masker = options.initial_masker();
    let TakenSession { mut session, running, attached } = take_session(options, &state, &folder)?;
    register_secrets(&mut session, options)?;
    // Read only now: until the session was ours, others could still add events.
    let events = journal::read_journal(folder.folder_path())?.events;
    let lost = if attached { Vec::new() } else { describe_lost_state(&state, &folder) };
    let running = running.and_then(|events| match events.into_iter().last()?.fact {
        Fact::CommandStarted(started) => Some(started),
        _ => None,
    });
    let mut told = describe_progress(&state, &folder, running.is_some());
    told.extend(lost.iter().cloned());
    let document = std::fs::read(folder.document_path()).unwrap_or_default();
    let source = &options.procedure;
    if started.runbook.digest != source.runbook.digest {
        told.extend(describe_changes(&String::from_utf8_lossy(&document), &String::from_utf8_lossy(source.bytes)));
        let new = masker.mask_bytes(source.bytes);
        folder.replace_file(&folder.document_path(), |to| to.write_all(&new))?;
    }
    let fact = RunResumed {
        user: options.environment.user.clone(),
        host: options.environment.host.clone(),
        runbook_digest: source.runbook.digest,
        attached,
        lost,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let resumed = Some(ResumedWork { told, running, fact });
    let clock = SystemClock::start_now();
    let mut walking = PreparedRun { plan: &plan, options, folder: &folder, syntax, clock, events, resumed };
    let ended = walking.walk_with_operator(&mut session, &masker);
    let rendered = render::render_transcript(&folder, false);
    Ok((ended?, rendered?.path))
}

/// The session of a run that goes on.
struct TakenSession {
    session: kernel::Session,
    /// Events of the command that still runs; the last of them is its start.
    running: Option<Vec<Event>>,
    /// True if the old recorder is alive; false if a new shell was started.
    attached: bool,
}

/// Attaches to the run's recorder, or starts a new shell in the old one's state when the recorder is gone.
fn take_session(options: &RunOptions<'_>, state: &RunState, folder: &Folder) -> Result<TakenSession, SessionError> {
    let who = driver_name(&options.environment.user, &options.environment.host);
    match kernel::Session::attach(folder.run_id(), folder.folder_path(), options.mode, &who) {
        Ok((session, running)) => Ok(TakenSession { session, running, attached: true }),
        Err(AttachError::NotThere) if folder.is_live() => {
            let why = format!("the run `{}` is live, and its recorder does not answer", folder.run_id());
            Err(SessionError::NotResumable(why))
        }
        Err(AttachError::NotThere) => {
            let mut start = start_options(options, folder.run_id(), folder);
            start.run.resume = true;
            start.shell.restore = Some(snapshot_path(folder)).filter(|path| path.is_file());
            if Path::new(&state.cwd).is_dir() {
                start.shell.cwd = PathBuf::from(&state.cwd);
            }
            let session = kernel::Session::start(&start)?;
            Ok(TakenSession { session, running: None, attached: false })
        }
        Err(AttachError::Refused(why)) => Err(SessionError::NotResumable(why)),
        Err(AttachError::Kernel(error)) => Err(error.into()),
    }
}

/// Lines for the operator: how far the run is, and its last command if that has no recorded end.
fn describe_progress(state: &RunState, folder: &Folder, runs_still: bool) -> Vec<String> {
    let done = state.steps.values().filter(|step| step.result.is_some()).count();
    let by = state.started.as_ref().map_or_else(String::new, |started| format!(", begun by {}", started.user));
    let of = state.started.as_ref().map_or(0, |started| started.steps);
    let mut told = vec![format!("going on with the run `{}`{by}: {done} of {of} steps are behind it", folder.run_id())];
    let unknown = state.commands.last().filter(|command| command.finished.is_none() && !runs_still);
    if let Some(command) = unknown {
        told.extend(describe_unfinished(command, folder));
    }
    told
}

/// Lines for the operator about a command without a recorded end, with the last of its output.
fn describe_unfinished(command: &CommandState, folder: &Folder) -> Vec<String> {
    let mut told = vec![format!(
        "`{}` was started at {:.0}, and nobody recorded its end: it may have been done, in part or not at all",
        command.started.text.trim_end(),
        command.at
    )];
    let output = folder.run_outputs();
    let length = std::fs::metadata(folder.output_path(command.seq)).map_or(0, |found| found.len());
    let from = length.saturating_sub(SHOWN_BYTES as u64);
    let tail = output.read_output(command.seq, from, SHOWN_BYTES).unwrap_or_default();
    let tail = String::from_utf8_lossy(&tail).into_owned();
    let lines: Vec<&str> = tail.lines().collect();
    told.push(if lines.is_empty() { "it had printed nothing".to_owned() } else { "its output so far:".to_owned() });
    told.extend(lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)).map(|line| format!("  {line}")));
    told
}

fn snapshot_path(folder: &Folder) -> PathBuf {
    folder.folder_path().join("snapshot")
}

/// Lines that say how the new shell differs from the old one. They are shown and recorded.
fn describe_lost_state(state: &RunState, folder: &Folder) -> Vec<String> {
    let mut lost = Vec::new();
    lost.push(match std::fs::read(snapshot_path(folder)) {
        Ok(script) => {
            // The file begins with comments that name what could not be saved.
            let script = String::from_utf8_lossy(&script).into_owned();
            let left_out: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("# left out: ")).collect();
            let but = if left_out.is_empty() { String::new() } else { format!(", but for {}", left_out.join(", ")) };
            format!("a new shell has the old one's directory, variables, functions and options{but}")
        }
        Err(_) => "the old shell is gone, and with it its variables, functions and options".to_owned(),
    });
    if !Path::new(&state.cwd).is_dir() {
        lost.push(format!("its directory `{}` is gone", state.cwd));
    }
    lost.push("secrets and background jobs of the old shell are gone".to_owned());
    lost
}

fn describe_changes(old: &str, new: &str) -> Vec<String> {
    let mut told = vec!["the document has changed since; changed steps are asked about again:".to_owned()];
    let changes = transcript::changed_lines(old, new);
    let more = changes.len().saturating_sub(CHANGED_LINES);
    told.extend(changes.into_iter().take(CHANGED_LINES).map(|line| format!("  {line}")));
    if more > 0 {
        told.push(format!("  … and {more} more lines"));
    }
    told
}
