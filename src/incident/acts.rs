//! What an operator reports about an incident → the facts to record, and the sentence that confirms them.
//!
//! Invariant: pure. The same words mean the same on the command line and at a run's prompt. Nothing is recorded beyond what
//! the operator reported. Refuses to know: where the words come from.

use super::clock::{self, DueWhat, Urgency, due, same_person};
use super::moment::Now;
use super::state::State;
use super::times::time;
use crate::history::{
    Escalated, HandedOver, IncidentClosed, IncidentFact, Milestone, Noted, Reached, Rung, SeverityChanged,
    StatusWritten,
};

/// Facts to record, with the sentence that confirms them to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The facts in the order in which they are written.
    pub facts: Vec<IncidentFact>,
    /// Confirmation for the operator, shown once the facts are on disk.
    pub told: String,
}

/// Reason for which a report cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unclear {
    /// The problem, on one line.
    pub message: String,
    /// The way out; empty if the message says enough.
    pub help: String,
}

fn unclear(message: impl Into<String>, help: impl Into<String>) -> Unclear {
    Unclear { message: message.into(), help: help.into() }
}

fn act(fact: IncidentFact, confirmation: impl Into<String>) -> Act {
    Act { facts: vec![fact], told: confirmation.into() }
}

/// Records a note. Fails if the text is blank.
pub fn note(text: &str) -> Result<Act, Unclear> {
    let text = text.trim();
    if text.is_empty() {
        return Err(unclear("the note is empty", "write what is to be remembered: `runbook incident note TEXT`"));
    }
    Ok(act(IncidentFact::Noted(Noted { text: text.to_owned() }), "noted"))
}

/// Records that a milestone was reached: now, or at the stated time. Fails if the time cannot be read or is in the future.
pub fn mark(state: &State, milestone: Milestone, at: Option<&str>, now: &Now) -> Result<Act, Unclear> {
    let stated = at.map(|at| time(at, now.at.utc)).transpose().map_err(|why| unclear(why, ""))?;
    let when = stated.unwrap_or(now.at.utc);
    let ago = u64::try_from(now.at.utc.as_second() - when.as_second()).unwrap_or(0);
    let ago = if stated.is_some() { format!(", {} ago, as stated", clock::words(ago)) } else { String::new() };
    let again = match state.reached.get(&milestone) {
        Some(before) => format!("; it stood at {}", stamp(before.when.time())),
        None => String::new(),
    };
    let confirmation = format!("{milestone}: {}{ago}{again}", stamp(when));
    Ok(act(IncidentFact::Reached(Reached { milestone, stated, source: String::new() }), confirmation))
}

/// Records that somebody was called in. A name may be a role of the runbook or its number there. Without a name the person
/// due now is meant; fails if nobody is due.
pub fn escalated(state: &State, name: Option<&str>, text: &str, now: &Now) -> Result<Act, Unclear> {
    let rungs: &[Rung] = state.rules().map_or(&[], |rules| &rules.escalation);
    let to = if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
        let by_name = || rungs.iter().find(|rung| same_person(&rung.who, name));
        let by_number = || rungs.get(name.parse::<usize>().ok()?.checked_sub(1)?);
        by_name().or_else(by_number).map_or_else(|| name.to_owned(), |rung| rung.who.clone())
    } else {
        let all = due(state, now);
        let next = all.iter().find_map(|due| match &due.what {
            DueWhat::Escalation(rung) if due.urgency > Urgency::Later => Some(rung.who.clone()),
            _ => None,
        });
        next.ok_or_else(|| unclear("nobody is due to be called in now", escalation_help(rungs)))?
    };
    let confirmation = format!("escalated to {to}");
    Ok(act(IncidentFact::Escalated(Escalated { to, text: text.trim().to_owned() }), confirmation))
}

fn escalation_help(rungs: &[Rung]) -> String {
    if rungs.is_empty() {
        return "say whom: `runbook incident escalated NAME`".to_owned();
    }
    let names: Vec<_> = rungs.iter().map(|rung| format!("`{}`", rung.who)).collect();
    format!("say whom: `runbook incident escalated NAME`; the runbook names {}", names.join(", "))
}

/// Records a change of severity. Fails if the runbook does not have it, if it holds already, or without a reason.
pub fn severity(state: &State, new: &str, reason: &str) -> Result<Act, Unclear> {
    let to = known_severity(state, new)?;
    if to == state.severity {
        return Err(unclear(format!("the severity is `{to}` already"), ""));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(unclear("a change of severity needs its reason", "give `--reason TEXT`"));
    }
    let confirmation =
        format!("severity {to}, it was {}", if state.severity.is_empty() { "not set" } else { &state.severity });
    let changed = SeverityChanged { from: state.severity.clone(), to, reason: reason.to_owned() };
    Ok(act(IncidentFact::SeverityChanged(changed), confirmation))
}

/// Returns a severity as the incident's rules spell it. If the rules have no severities, any short word is accepted.
pub fn known_severity(state: &State, word: &str) -> Result<String, Unclear> {
    let word = word.trim();
    let Some(rules) = state.rules().filter(|rules| !rules.severities.is_empty()) else {
        let odd = word.is_empty() || word.len() > 40 || word.chars().any(char::is_control);
        return if odd { Err(unclear(format!("`{word}` is no severity"), "")) } else { Ok(word.to_owned()) };
    };
    if let Some(found) = rules.severity(word) {
        return Ok(found.name.clone());
    }
    let names: Vec<_> = rules.severities.iter().map(|found| format!("`{}`", found.name)).collect();
    Err(unclear(format!("the runbook has no severity `{word}`"), format!("it has {}", names.join(", "))))
}

/// Records that somebody else leads the incident from now on. Fails if the name is blank.
pub fn hand_over(state: &State, name: &str, text: &str) -> Result<Act, Unclear> {
    let name = name.trim();
    if name.is_empty() {
        return Err(unclear("nobody is named", "say who takes over: `runbook incident handover NAME`"));
    }
    let confirmation = format!("handed over to {name}, from {}", state.lead);
    Ok(act(IncidentFact::HandedOver(HandedOver { to: name.to_owned(), text: text.trim().to_owned() }), confirmation))
}

/// Records a status update, its text unchanged. Fails if the text is blank.
pub fn status(text: &str) -> Result<Act, Unclear> {
    if text.trim().is_empty() {
        return Err(unclear("the status update is empty", ""));
    }
    Ok(act(IncidentFact::StatusWritten(StatusWritten { text: text.to_owned() }), "status update recorded"))
}

/// Records the end of the incident. The confirmation lists the milestones that are still unset.
pub fn close(state: &State, reason: &str) -> Act {
    let unset = state.unset();
    let blank: Vec<_> = unset.iter().map(|milestone| milestone.name()).collect();
    let confirmation =
        if blank.is_empty() { "closed".to_owned() } else { format!("closed; blank: {}", blank.join(", ")) };
    act(IncidentFact::Closed(IncidentClosed { reason: reason.trim().to_owned() }), confirmation)
}

/// The reports that a run's prompt accepts, for its help line.
pub const WORDS: &str =
    "escalated [NAME] · status TEXT · mark MILESTONE [TIME] · note TEXT · severity NEW REASON · handover NAME";

/// Parses a line typed at a run's prompt. It has the words of `runbook incident`, without options.
pub fn parse_prompt_line(state: &State, line: &str, now: &Now) -> Result<Act, Unclear> {
    let (verb, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let (first, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match verb {
        "escalated" => escalated(state, Some(rest).filter(|name| !name.is_empty()), "", now),
        "status" => status(rest),
        "note" => note(rest),
        "mark" => {
            let milestone = first.parse().map_err(|why: crate::history::NoMilestone| unclear(why.to_string(), ""))?;
            let at = after.trim().trim_start_matches("--at").trim();
            mark(state, milestone, Some(at).filter(|at| !at.is_empty()), now)
        }
        "severity" => severity(state, first, after.trim().trim_start_matches("--reason")),
        "handover" => hand_over(state, rest, ""),
        _ => Err(unclear(format!("`{verb}` says nothing here"), format!("say one of: {WORDS}"))),
    }
}

/// Formats a time as `2026-11-24 22:51:03 UTC`.
pub fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
