//! The subcommands that record a single fact or change: note, mark, escalated, severity, handover, close.
//!
//! Invariant: every flag of a command is checked before its first fact is recorded.

use super::args::{CloseArgs, EscalatedArgs, HandoverArgs, MarkArgs, NoteArgs, SeverityArgs};
use super::ask::{Asker, print_above};
use super::context::IncidentContext;
use super::failure::{record_failure, unclear_act};
use crate::cli::error::{Exit, Failure};
use crate::cli::output::print_notices;
use crate::history::{Milestone, UnknownMilestone};
use crate::incident::{self, Incident, Now};
use std::io::Read as _;

/// Largest note that is read from standard input, in bytes.
const LONGEST_NOTE: u64 = 1 << 20;

pub(super) fn add_note(args: &NoteArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let text = if args.text == ["-"] {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(LONGEST_NOTE).read_to_string(&mut text);
        read.map_err(|error| Failure::usage_error(format!("standard input cannot be read: {error}")))?;
        text
    } else {
        args.text.join(" ")
    };
    let act = incident::note_action(&text).map_err(unclear_act)?;
    desk.record_act(&mut incident, act, &IncidentContext::current_moment())
}

pub(super) fn mark_milestone(args: &MarkArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let now = IncidentContext::current_moment();
    let milestone = parse_milestone(&args.milestone)?;
    let act = incident::milestone_action(&incident.state, milestone, args.at.as_deref(), &now).map_err(unclear_act)?;
    desk.record_act(&mut incident, act, &now)
}

fn parse_milestone(word: &str) -> Result<Milestone, Failure> {
    word.parse().map_err(|error: UnknownMilestone| Failure::usage_error(error.to_string()))
}

pub(super) fn record_escalation(args: &EscalatedArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let now = IncidentContext::current_moment();
    let act =
        incident::escalation_action(&incident.state, args.name.as_deref(), &args.note, &now).map_err(unclear_act)?;
    desk.record_act(&mut incident, act, &now)
}

pub(super) fn change_severity(args: &SeverityArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let reason = match (&args.reason, Asker::new(desk)) {
        (Some(reason), _) => reason.clone(),
        (None, Some(mut asker)) => asker.ask_line("why: ", "")?.unwrap_or_default(),
        (None, None) => String::new(),
    };
    let act = incident::severity_action(&incident.state, &args.severity, &reason).map_err(unclear_act)?;
    desk.record_act(&mut incident, act, &IncidentContext::current_moment())
}

pub(super) fn hand_over(args: &HandoverArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.which.incident.as_deref())?;
    let act = incident::handover_action(&incident.state, &args.name, &args.note).map_err(unclear_act)?;
    desk.record_act(&mut incident, act, &IncidentContext::current_moment())
}

pub(super) fn close_incident(args: &CloseArgs, desk: &IncidentContext<'_>) -> Result<Exit, Failure> {
    let mut incident = desk.find_open(args.incident.as_deref())?;
    let mut marks = Vec::new();
    for mark in &args.mark {
        let Some((word, at)) = mark.split_once('=') else {
            return Err(
                Failure::usage_error(format!("`--mark {mark}` has no `=`")).with_help("write `--mark MILESTONE=TIME`")
            );
        };
        marks.push((parse_milestone(word)?, at.to_owned()));
    }
    let now = IncidentContext::current_moment();
    // Check every mark before the first is recorded.
    for (milestone, at) in &marks {
        incident::milestone_action(&incident.state, *milestone, Some(at), &now).map_err(unclear_act)?;
    }
    for (milestone, at) in &marks {
        set_milestone(&mut incident, *milestone, at, desk, &now)?;
    }
    if let Some(mut asker) = Asker::new(desk) {
        ask_for_unset(&mut incident, &mut asker, desk)?;
    } else {
        let unset = incident.state.unset_milestones();
        let flags: Vec<_> = unset.iter().map(|milestone| format!("`--mark {milestone}=TIME`")).collect();
        if !flags.is_empty() {
            print_notices(&[format!("not set, and left blank: {}", flags.join(", "))]);
        }
    }
    let act = incident::close_action(&incident.state, &args.reason);
    let exit = desk.record_act(&mut incident, act, &IncidentContext::current_moment())?;
    print_notices(&[format!("the post-mortem: `runbook incident report {}`", incident.id())]);
    Ok(exit)
}

fn set_milestone(
    incident: &mut Incident,
    milestone: Milestone,
    at: &str,
    desk: &IncidentContext<'_>,
    now: &Now,
) -> Result<(), Failure> {
    let act = incident::milestone_action(&incident.state, milestone, Some(at), now).map_err(unclear_act)?;
    incident.record_facts(act.facts, &desk.author, now).map_err(record_failure)?;
    print_notices(&[act.confirmation]);
    Ok(())
}

/// Asks for the time of each milestone that is not set. An empty answer leaves it blank; no time is suggested.
fn ask_for_unset(incident: &mut Incident, asker: &mut Asker, desk: &IncidentContext<'_>) -> Result<(), Failure> {
    let unset = incident.state.unset_milestones();
    if !unset.is_empty() {
        print_above("When was this? `22:51` (UTC), `15m ago`, `now`; Enter leaves it blank.");
    }
    for milestone in unset {
        while let Some(at) = asker.ask_line(&format!("{milestone}: "), "")? {
            match set_milestone(incident, milestone, &at, desk, &IncidentContext::current_moment()) {
                Ok(()) => break,
                Err(failure) if failure.exit == Exit::Usage => print_above(&failure.message),
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(())
}
