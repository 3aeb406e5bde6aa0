//! What an operator reports about an incident → the facts to record, and the sentence that confirms them.
//!
//! Invariant: pure. The same words mean the same on the command line and at a run's prompt. Nothing is recorded beyond what
//! the operator reported. Refuses to know: where the words come from.

use super::clock::{self, ObligationKind, Urgency, is_same_person, list_obligations};
use super::moment::Now;
use super::state::IncidentState;
use super::times::parse_stated_time;
use crate::history::{
    Escalated, EscalationStep, HandedOver, IncidentClosed, IncidentFact, Milestone, Noted, Reached, SeverityChanged,
    StatusWritten,
};

/// Facts to record, with the sentence that confirms them to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentAction {
    /// The facts in the order in which they are written.
    pub facts: Vec<IncidentFact>,
    /// Confirmation for the operator, shown once the facts are on disk.
    pub confirmation: String,
}

/// Reason for which a report cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidAction {
    /// The problem, on one line.
    pub message: String,
    /// The way out; empty if the message says enough.
    pub help: String,
}

fn invalid_action(message: impl Into<String>, help: impl Into<String>) -> InvalidAction {
    InvalidAction { message: message.into(), help: help.into() }
}

fn single_fact_action(fact: IncidentFact, confirmation: impl Into<String>) -> IncidentAction {
    IncidentAction { facts: vec![fact], confirmation: confirmation.into() }
}

/// Records a note. Fails if the text is blank.
pub fn note_action(text: &str) -> Result<IncidentAction, InvalidAction> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid_action(
            "the note is empty",
            "write what is to be remembered: `runbook incident note TEXT`",
        ));
    }
    Ok(single_fact_action(IncidentFact::Noted(Noted { text: text.to_owned() }), "noted"))
}

/// Records that a milestone was reached: now, or at the stated time. Fails if the time cannot be read or is in the future.
pub fn milestone_action(
    state: &IncidentState,
    milestone: Milestone,
    at: Option<&str>,
    now: &Now,
) -> Result<IncidentAction, InvalidAction> {
    let stated = at.map(|at| parse_stated_time(at, now.at.utc)).transpose().map_err(|why| invalid_action(why, ""))?;
    let when = stated.unwrap_or(now.at.utc);
    let ago = u64::try_from(now.at.utc.as_second() - when.as_second()).unwrap_or(0);
    let ago = if stated.is_some() { format!(", {} ago, as stated", clock::format_length(ago)) } else { String::new() };
    let again = match state.milestones.get(&milestone) {
        Some(before) => format!("; it stood at {}", format_utc_time(before.when.effective_time())),
        None => String::new(),
    };
    let confirmation = format!("{milestone}: {}{ago}{again}", format_utc_time(when));
    Ok(single_fact_action(IncidentFact::Reached(Reached { milestone, stated, source: String::new() }), confirmation))
}

/// Records that somebody was called in. A name may be a role of the runbook or its number there. Without a name the person
/// due now is meant; fails if nobody is due.
pub fn escalation_action(
    state: &IncidentState,
    name: Option<&str>,
    text: &str,
    now: &Now,
) -> Result<IncidentAction, InvalidAction> {
    let rungs: &[EscalationStep] = state.rules().map_or(&[], |rules| &rules.escalation);
    let to = if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
        let by_name = || rungs.iter().find(|rung| is_same_person(&rung.who, name));
        let by_number = || rungs.get(name.parse::<usize>().ok()?.checked_sub(1)?);
        by_name().or_else(by_number).map_or_else(|| name.to_owned(), |rung| rung.who.clone())
    } else {
        let all = list_obligations(state, now);
        let next = all.iter().find_map(|due| match &due.kind {
            ObligationKind::Escalation(rung) if due.urgency > Urgency::Later => Some(rung.who.clone()),
            _ => None,
        });
        next.ok_or_else(|| invalid_action("nobody is due to be called in now", escalation_help(rungs)))?
    };
    let confirmation = format!("escalated to {to}");
    Ok(single_fact_action(IncidentFact::Escalated(Escalated { to, text: text.trim().to_owned() }), confirmation))
}

fn escalation_help(rungs: &[EscalationStep]) -> String {
    if rungs.is_empty() {
        return "say whom: `runbook incident escalated NAME`".to_owned();
    }
    let names: Vec<_> = rungs.iter().map(|rung| format!("`{}`", rung.who)).collect();
    format!("say whom: `runbook incident escalated NAME`; the runbook names {}", names.join(", "))
}

/// Records a change of severity. Fails if the runbook does not have it, if it holds already, or without a reason.
pub fn severity_action(state: &IncidentState, new: &str, reason: &str) -> Result<IncidentAction, InvalidAction> {
    let to = resolve_severity(state, new)?;
    if to == state.severity {
        return Err(invalid_action(format!("the severity is `{to}` already"), ""));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(invalid_action("a change of severity needs its reason", "give `--reason TEXT`"));
    }
    let confirmation =
        format!("severity {to}, it was {}", if state.severity.is_empty() { "not set" } else { &state.severity });
    let changed = SeverityChanged { from: state.severity.clone(), to, reason: reason.to_owned() };
    Ok(single_fact_action(IncidentFact::SeverityChanged(changed), confirmation))
}

/// Returns a severity as the incident's rules spell it. If the rules have no severities, any short word is accepted.
pub fn resolve_severity(state: &IncidentState, word: &str) -> Result<String, InvalidAction> {
    let word = word.trim();
    let Some(rules) = state.rules().filter(|rules| !rules.severities.is_empty()) else {
        let odd = word.is_empty() || word.len() > 40 || word.chars().any(char::is_control);
        return if odd { Err(invalid_action(format!("`{word}` is no severity"), "")) } else { Ok(word.to_owned()) };
    };
    if let Some(found) = rules.find_severity(word) {
        return Ok(found.name.clone());
    }
    let names: Vec<_> = rules.severities.iter().map(|found| format!("`{}`", found.name)).collect();
    Err(invalid_action(format!("the runbook has no severity `{word}`"), format!("it has {}", names.join(", "))))
}

/// Records that somebody else leads the incident from now on. Fails if the name is blank.
pub fn handover_action(state: &IncidentState, name: &str, text: &str) -> Result<IncidentAction, InvalidAction> {
    let name = name.trim();
    if name.is_empty() {
        return Err(invalid_action("nobody is named", "say who takes over: `runbook incident handover NAME`"));
    }
    let confirmation = format!("handed over to {name}, from {}", state.lead);
    Ok(single_fact_action(
        IncidentFact::HandedOver(HandedOver { to: name.to_owned(), text: text.trim().to_owned() }),
        confirmation,
    ))
}

/// Records a status update, its text unchanged. Fails if the text is blank.
pub fn status_action(text: &str) -> Result<IncidentAction, InvalidAction> {
    if text.trim().is_empty() {
        return Err(invalid_action("the status update is empty", ""));
    }
    Ok(single_fact_action(
        IncidentFact::StatusWritten(StatusWritten { text: text.to_owned() }),
        "status update recorded",
    ))
}

/// Records the end of the incident. The confirmation lists the milestones that are still unset.
pub fn close_action(state: &IncidentState, reason: &str) -> IncidentAction {
    let unset = state.unset_milestones();
    let blank: Vec<_> = unset.iter().map(|milestone| milestone.wire_name()).collect();
    let confirmation =
        if blank.is_empty() { "closed".to_owned() } else { format!("closed; blank: {}", blank.join(", ")) };
    single_fact_action(IncidentFact::Closed(IncidentClosed { reason: reason.trim().to_owned() }), confirmation)
}

/// The reports that a run's prompt accepts, for its help line.
pub const PROMPT_USAGE: &str =
    "escalated [NAME] · status TEXT · mark MILESTONE [TIME] · note TEXT · severity NEW REASON · handover NAME";

/// Parses a line typed at a run's prompt. It has the words of `runbook incident`, without options.
pub fn parse_prompt_line(state: &IncidentState, line: &str, now: &Now) -> Result<IncidentAction, InvalidAction> {
    let (verb, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let (first, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match verb {
        "escalated" => escalation_action(state, Some(rest).filter(|name| !name.is_empty()), "", now),
        "status" => status_action(rest),
        "note" => note_action(rest),
        "mark" => {
            let milestone =
                first.parse().map_err(|why: crate::history::UnknownMilestone| invalid_action(why.to_string(), ""))?;
            let at = after.trim().trim_start_matches("--at").trim();
            milestone_action(state, milestone, Some(at).filter(|at| !at.is_empty()), now)
        }
        "severity" => severity_action(state, first, after.trim().trim_start_matches("--reason")),
        "handover" => handover_action(state, rest, ""),
        _ => Err(invalid_action(format!("`{verb}` says nothing here"), format!("say one of: {PROMPT_USAGE}"))),
    }
}

/// Formats a time as `2026-11-24 22:51:03 UTC`.
pub fn format_utc_time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
