//! The obligations of an open incident: an answer, the next person to call in, a status update, the post-mortem.
//!
//! Invariant: pure. What is due follows from the state and one reading of the clock. Nothing is due that the runbook does
//! not ask for. Refuses to know: who is reminded, and how.

use super::moment::Now;
use super::state::IncidentState;
use crate::history::{EscalationStep, Milestone, Response, Seconds};

/// An obligation of an incident with the time left for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// The obligation.
    pub kind: ObligationKind,
    /// Urgency at the time of the reading.
    pub urgency: Urgency,
    /// Seconds until it is due; negative if overdue.
    pub seconds_left: i64,
}

/// The kinds of obligation that a runbook can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObligationKind {
    /// Somebody must acknowledge the incident.
    Answer {
        /// The severity that asks for the answer.
        severity: String,
        /// Time allowed since the incident was declared; `None` means at once.
        within: Option<Seconds>,
    },
    /// The next person or role must be called in.
    Escalation(EscalationStep),
    /// A status update must be written.
    Update {
        /// Longest time allowed since the last update, or since the incident was declared.
        most: Seconds,
    },
    /// The post-mortem must be written.
    PostMortem,
}

/// Urgency of an obligation, the least urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// More than a fifth of the time is left.
    Later,
    /// In the last fifth of the time, or its last minute.
    Soon,
    /// Overdue.
    Overdue,
}

/// Lists every obligation, overdue ones included, in the order of the time left.
pub fn list_obligations(state: &IncidentState, now: &Now) -> Vec<Obligation> {
    let (Some(rules), Some(declared)) = (state.rules(), state.clock_start()) else { return Vec::new() };
    let since_declared = to_signed_seconds(declared.seconds_ago(now));
    let has = |milestone| state.milestones.contains_key(&milestone);
    let mut found = Vec::new();
    if state.is_open() {
        if !has(Milestone::Acknowledged) && !has(Milestone::Mitigated) && !has(Milestone::Resolved) {
            found.extend(answer_obligation(state, since_declared));
        }
        if !has(Milestone::Mitigated) && !has(Milestone::Resolved) {
            let waiting = rules.escalation.iter().filter(|rung| !was_called_in(state, &rung.who));
            for rung in waiting {
                if let Some(after) = rung.after {
                    found.push(timed_obligation(ObligationKind::Escalation(rung.clone()), after, since_declared));
                }
            }
        }
        if let Some(every) = rules.updates.filter(|_| !has(Milestone::Resolved)) {
            let last = state.status_updates.last().map_or(declared, |recorded| &recorded.when);
            let since = to_signed_seconds(last.seconds_ago(now));
            let mut update = timed_obligation(ObligationKind::Update { most: every.most }, every.most, since);
            if update.urgency == Urgency::Later && every.least < every.most && since >= to_signed_seconds(every.least.0)
            {
                update.urgency = Urgency::Soon;
            }
            found.push(update);
        }
    }
    found.extend(post_mortem_obligation(state, now));
    found.sort_by_key(|due| due.seconds_left);
    found
}

fn answer_obligation(state: &IncidentState, since_declared: i64) -> Option<Obligation> {
    let within = match state.severity_rule()?.response.as_ref()? {
        Response::Immediate => None,
        Response::Within(within) => Some(*within),
        // No length of time follows from these.
        Response::NextBusinessDay | Response::Words(_) => return None,
    };
    let what = ObligationKind::Answer { severity: state.severity.clone(), within };
    Some(match within {
        None => Obligation { kind: what, urgency: Urgency::Overdue, seconds_left: -since_declared },
        Some(within) => timed_obligation(what, within, since_declared),
    })
}

fn post_mortem_obligation(state: &IncidentState, now: &Now) -> Option<Obligation> {
    let asked = state.rules()?.post_mortem.as_ref()?;
    let within = asked.within?;
    let named = |name: &String| name.eq_ignore_ascii_case(&state.severity);
    if !asked.severities.is_empty() && !asked.severities.iter().any(named) {
        return None;
    }
    let end = state.milestones.get(&Milestone::Resolved).map(|recorded| &recorded.when);
    let end = end.or_else(|| state.closed.as_ref().map(|closed| &closed.when))?;
    Some(timed_obligation(ObligationKind::PostMortem, within, to_signed_seconds(end.seconds_ago(now))))
}

fn timed_obligation(what: ObligationKind, total: Seconds, since: i64) -> Obligation {
    let left = to_signed_seconds(total.0) - since;
    let near = to_signed_seconds(total.0 / 5).max(60);
    let urgency = if left <= 0 {
        Urgency::Overdue
    } else if left <= near {
        Urgency::Soon
    } else {
        Urgency::Later
    };
    Obligation { kind: what, urgency, seconds_left: left }
}

/// True if a person or role was called in already.
pub fn was_called_in(state: &IncidentState, who: &str) -> bool {
    state.escalations.iter().any(|recorded| is_same_person(&recorded.fact.to, who))
}

/// True if two names mean the same person or role: case, punctuation and a leading "the" do not count.
pub fn is_same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let name = name.to_lowercase();
        let name = name.trim().trim_start_matches("the ");
        name.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    plain(one) == plain(other)
}

fn to_signed_seconds(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

impl Obligation {
    /// Key that stays the same from reading to reading, so that a reminder is shown once for each urgency.
    pub fn reminder_key(&self) -> String {
        match &self.kind {
            ObligationKind::Answer { severity, .. } => format!("answer {severity}"),
            ObligationKind::Escalation(rung) => format!("escalation {} {}", rung.line, rung.who),
            ObligationKind::Update { .. } => "update".to_owned(),
            ObligationKind::PostMortem => "post-mortem".to_owned(),
        }
    }

    /// The reminder for the operator, as a sentence.
    pub fn reminder_text(&self) -> String {
        let over = format_length(self.seconds_left.unsigned_abs());
        let when = if self.seconds_left > 0 {
            format!("in {}", format_length(self.seconds_left.unsigned_abs()))
        } else {
            format!("since {over}")
        };
        match &self.kind {
            ObligationKind::Answer { severity, within: None } => {
                format!("{severity} wants an answer at once: nobody has acknowledged it for {over}")
            }
            ObligationKind::Answer { severity, within: Some(within) } => {
                let limit = format_length(within.0);
                if self.seconds_left > 0 {
                    format!(
                        "{severity} wants an answer within {limit}: {} left",
                        format_length(self.seconds_left.unsigned_abs())
                    )
                } else {
                    format!("{severity} wanted an answer within {limit}: {over} over, and nobody has acknowledged it")
                }
            }
            ObligationKind::Escalation(rung) => {
                let condition =
                    if rung.condition.is_empty() { String::new() } else { format!(" ({})", rung.condition) };
                format!("escalate to {}{condition}: due {when}", rung.who)
            }
            ObligationKind::Update { most } => {
                format!("a status update is due {when} (at the latest every {})", format_length(most.0))
            }
            ObligationKind::PostMortem => format!("the post-mortem is due {when}"),
        }
    }
}

/// Formats a length of time: `45 s`, `12 min`, `1 h 05 min`, `2 days`.
pub fn format_length(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..172_800 => match minutes % 60 {
            0 => format!("{hours} h"),
            rest => format!("{hours} h {rest:02} min"),
        },
        _ => match hours % 24 {
            0 => format!("{days} days"),
            rest => format!("{days} days {rest} h"),
        },
    }
}
