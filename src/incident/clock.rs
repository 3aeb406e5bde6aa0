//! The obligations of an open incident: an answer, the next person to call in, a status update, the post-mortem.
//!
//! Invariant: pure. What is due follows from the state and one reading of the clock. Nothing is due that the runbook does
//! not ask for. Refuses to know: who is reminded, and how.

use super::moment::Now;
use super::state::State;
use crate::history::{Milestone, Response, Rung, Seconds};

/// An obligation of an incident with the time left for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The obligation.
    pub what: DueWhat,
    /// Urgency at the time of the reading.
    pub urgency: Urgency,
    /// Seconds until it is due; negative if overdue.
    pub left: i64,
}

/// The kinds of obligation that a runbook can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueWhat {
    /// Somebody must acknowledge the incident.
    Answer {
        /// The severity that asks for the answer.
        severity: String,
        /// Time allowed since the incident was declared; `None` means at once.
        within: Option<Seconds>,
    },
    /// The next person or role must be called in.
    Escalation(Rung),
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
    Near,
    /// Overdue.
    Over,
}

/// Lists every obligation, overdue ones included, in the order of the time left.
pub fn due(state: &State, now: &Now) -> Vec<Due> {
    let (Some(rules), Some(declared)) = (state.rules(), state.declared()) else { return Vec::new() };
    let since_declared = seconds(declared.ago(now));
    let has = |milestone| state.reached.contains_key(&milestone);
    let mut found = Vec::new();
    if state.is_open() {
        if !has(Milestone::Acknowledged) && !has(Milestone::Mitigated) && !has(Milestone::Resolved) {
            found.extend(answer(state, since_declared));
        }
        if !has(Milestone::Mitigated) && !has(Milestone::Resolved) {
            let waiting = rules.escalation.iter().filter(|rung| !was_called(state, &rung.who));
            for rung in waiting {
                if let Some(after) = rung.after {
                    found.push(timed(DueWhat::Escalation(rung.clone()), after, since_declared));
                }
            }
        }
        if let Some(every) = rules.updates.filter(|_| !has(Milestone::Resolved)) {
            let last = state.statuses.last().map_or(declared, |recorded| &recorded.when);
            let since = seconds(last.ago(now));
            let mut update = timed(DueWhat::Update { most: every.most }, every.most, since);
            if update.urgency == Urgency::Later && every.least < every.most && since >= seconds(every.least.0) {
                update.urgency = Urgency::Near;
            }
            found.push(update);
        }
    }
    found.extend(post_mortem(state, now));
    found.sort_by_key(|due| due.left);
    found
}

fn answer(state: &State, since_declared: i64) -> Option<Due> {
    let within = match state.level()?.response.as_ref()? {
        Response::Immediate => None,
        Response::Within(within) => Some(*within),
        // No length of time follows from these.
        Response::NextBusinessDay | Response::Words(_) => return None,
    };
    let what = DueWhat::Answer { severity: state.severity.clone(), within };
    Some(match within {
        None => Due { what, urgency: Urgency::Over, left: -since_declared },
        Some(within) => timed(what, within, since_declared),
    })
}

fn post_mortem(state: &State, now: &Now) -> Option<Due> {
    let asked = state.rules()?.post_mortem.as_ref()?;
    let within = asked.within?;
    let named = |name: &String| name.eq_ignore_ascii_case(&state.severity);
    if !asked.severities.is_empty() && !asked.severities.iter().any(named) {
        return None;
    }
    let end = state.reached.get(&Milestone::Resolved).map(|recorded| &recorded.when);
    let end = end.or_else(|| state.closed.as_ref().map(|closed| &closed.when))?;
    Some(timed(DueWhat::PostMortem, within, seconds(end.ago(now))))
}

fn timed(what: DueWhat, total: Seconds, since: i64) -> Due {
    let left = seconds(total.0) - since;
    let near = seconds(total.0 / 5).max(60);
    let urgency = if left <= 0 {
        Urgency::Over
    } else if left <= near {
        Urgency::Near
    } else {
        Urgency::Later
    };
    Due { what, urgency, left }
}

/// True if a person or role was called in already.
pub fn was_called(state: &State, who: &str) -> bool {
    state.escalated.iter().any(|recorded| same_person(&recorded.what.to, who))
}

/// True if two names mean the same person or role: case, punctuation and a leading "the" do not count.
pub fn same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let name = name.to_lowercase();
        let name = name.trim().trim_start_matches("the ");
        name.chars().filter(|c| c.is_alphanumeric()).collect()
    };
    plain(one) == plain(other)
}

fn seconds(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

impl Due {
    /// Key that stays the same from reading to reading, so that a reminder is shown once for each urgency.
    pub fn key(&self) -> String {
        match &self.what {
            DueWhat::Answer { severity, .. } => format!("answer {severity}"),
            DueWhat::Escalation(rung) => format!("escalation {} {}", rung.line, rung.who),
            DueWhat::Update { .. } => "update".to_owned(),
            DueWhat::PostMortem => "post-mortem".to_owned(),
        }
    }

    /// The reminder for the operator, as a sentence.
    pub fn text(&self) -> String {
        let over = words(self.left.unsigned_abs());
        let when =
            if self.left > 0 { format!("in {}", words(self.left.unsigned_abs())) } else { format!("since {over}") };
        match &self.what {
            DueWhat::Answer { severity, within: None } => {
                format!("{severity} wants an answer at once: nobody has acknowledged it for {over}")
            }
            DueWhat::Answer { severity, within: Some(within) } => {
                let limit = words(within.0);
                if self.left > 0 {
                    format!("{severity} wants an answer within {limit}: {} left", words(self.left.unsigned_abs()))
                } else {
                    format!("{severity} wanted an answer within {limit}: {over} over, and nobody has acknowledged it")
                }
            }
            DueWhat::Escalation(rung) => {
                let condition =
                    if rung.condition.is_empty() { String::new() } else { format!(" ({})", rung.condition) };
                format!("escalate to {}{condition}: due {when}", rung.who)
            }
            DueWhat::Update { most } => {
                format!("a status update is due {when} (at the latest every {})", words(most.0))
            }
            DueWhat::PostMortem => format!("the post-mortem is due {when}"),
        }
    }
}

/// Formats a length of time: `45 s`, `12 min`, `1 h 05 min`, `2 days`.
pub fn words(seconds: u64) -> String {
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
