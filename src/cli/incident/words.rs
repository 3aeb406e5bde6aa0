//! The subcommands that record a single fact or change: note, mark, escalated, severity, handover, close.
//!
//! Invariant: every flag of a command is checked before its first fact is recorded.

use super::args::{CloseArgs, EscalatedArgs, HandoverArgs, MarkArgs, NoteArgs, SeverityArgs};
use super::ask::{Asker, tell};
use super::context::Desk;
use super::failure::{record_failure, unclear};
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_notices;
use crate::history::{Milestone, NoMilestone};
use crate::incident::{self, Incident, Now};
use std::io::Read as _;

/// Largest note that is read from standard input, in bytes.
const LONGEST_NOTE: u64 = 1 << 20;

pub(super) fn note(args: &NoteArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let text = if args.text == ["-"] {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(LONGEST_NOTE).read_to_string(&mut text);
        read.map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
        text
    } else {
        args.text.join(" ")
    };
    let act = incident::note(&text).map_err(unclear)?;
    desk.act(&mut incident, act, &Desk::now())
}

pub(super) fn mark(args: &MarkArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let now = Desk::now();
    let milestone = milestone(&args.milestone)?;
    let act = incident::mark(&incident.state, milestone, args.at.as_deref(), &now).map_err(unclear)?;
    desk.act(&mut incident, act, &now)
}

fn milestone(word: &str) -> Result<Milestone, Failure> {
    word.parse().map_err(|error: NoMilestone| Failure::usage(error.to_string()))
}

pub(super) fn escalated(args: &EscalatedArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let now = Desk::now();
    let act = incident::escalated(&incident.state, args.name.as_deref(), &args.note, &now).map_err(unclear)?;
    desk.act(&mut incident, act, &now)
}

pub(super) fn severity(args: &SeverityArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let reason = match (&args.reason, Asker::new(desk)) {
        (Some(reason), _) => reason.clone(),
        (None, Some(mut asker)) => asker.ask("why: ", "")?.unwrap_or_default(),
        (None, None) => String::new(),
    };
    let act = incident::severity(&incident.state, &args.severity, &reason).map_err(unclear)?;
    desk.act(&mut incident, act, &Desk::now())
}

pub(super) fn handover(args: &HandoverArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.which.incident.as_deref())?;
    let act = incident::hand_over(&incident.state, &args.name, &args.note).map_err(unclear)?;
    desk.act(&mut incident, act, &Desk::now())
}

pub(super) fn close(args: &CloseArgs, desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.open(args.incident.as_deref())?;
    let mut marks = Vec::new();
    for mark in &args.mark {
        let Some((word, at)) = mark.split_once('=') else {
            return Err(Failure::usage(format!("`--mark {mark}` has no `=`")).help("write `--mark MILESTONE=TIME`"));
        };
        marks.push((milestone(word)?, at.to_owned()));
    }
    let now = Desk::now();
    // Check every mark before the first is recorded.
    for (milestone, at) in &marks {
        incident::mark(&incident.state, *milestone, Some(at), &now).map_err(unclear)?;
    }
    for (milestone, at) in &marks {
        set(&mut incident, *milestone, at, desk, &now)?;
    }
    if let Some(mut asker) = Asker::new(desk) {
        ask_for_unset(&mut incident, &mut asker, desk)?;
    } else {
        let unset = incident.state.unset();
        let flags: Vec<_> = unset.iter().map(|milestone| format!("`--mark {milestone}=TIME`")).collect();
        if !flags.is_empty() {
            print_notices(&[format!("not set, and left blank: {}", flags.join(", "))]);
        }
    }
    let act = incident::close(&incident.state, &args.reason);
    let exit = desk.act(&mut incident, act, &Desk::now())?;
    print_notices(&[format!("the post-mortem: `runbook incident report {}`", incident.id())]);
    Ok(exit)
}

fn set(incident: &mut Incident, milestone: Milestone, at: &str, desk: &Desk<'_>, now: &Now) -> Result<(), Failure> {
    let act = incident::mark(&incident.state, milestone, Some(at), now).map_err(unclear)?;
    incident.record(act.facts, &desk.author, now).map_err(record_failure)?;
    print_notices(&[act.told]);
    Ok(())
}

/// Asks for the time of each milestone that is not set. An empty answer leaves it blank; no time is suggested.
fn ask_for_unset(incident: &mut Incident, asker: &mut Asker, desk: &Desk<'_>) -> Result<(), Failure> {
    let unset = incident.state.unset();
    if !unset.is_empty() {
        tell("When was this? `22:51` (UTC), `15m ago`, `now`; Enter leaves it blank.");
    }
    for milestone in unset {
        while let Some(at) = asker.ask(&format!("{milestone}: "), "")? {
            match set(incident, milestone, &at, desk, &Desk::now()) {
                Ok(()) => break,
                Err(failure) if failure.exit == Exit::Usage => tell(&failure.message),
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(())
}
