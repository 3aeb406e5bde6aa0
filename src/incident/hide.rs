//! Secrets kept out of everything that an incident records.
//!
//! Invariant: every text of a fact that a person, a document or an alert wrote passes here before it is written.

use crate::history::{IncidentFact, IncidentRules, Response};
use crate::mask::Masker;
use std::borrow::Cow;

/// Takes the secrets out of every text of a fact.
pub(super) fn without_secrets(fact: &mut IncidentFact, masker: &Masker) {
    let hide = |text: &mut String| {
        if let Cow::Owned(masked) = masker.text(text) {
            *text = masked;
        }
    };
    match fact {
        IncidentFact::Opened(opened) => {
            hide(&mut opened.title);
            hide(&mut opened.severity);
            hide(&mut opened.alert);
            hide(&mut opened.alert_group);
            if let Some(runbook) = &mut opened.runbook {
                hide(&mut runbook.path);
                hide(&mut runbook.title);
            }
            hide_rules(&mut opened.rules, &hide);
        }
        IncidentFact::RunJoined(joined) => {
            hide(&mut joined.path);
            hide(&mut joined.title);
        }
        IncidentFact::Noted(noted) => hide(&mut noted.text),
        IncidentFact::Reached(reached) => hide(&mut reached.source),
        IncidentFact::SeverityChanged(changed) => {
            hide(&mut changed.from);
            hide(&mut changed.to);
            hide(&mut changed.reason);
        }
        IncidentFact::Escalated(escalated) => {
            hide(&mut escalated.to);
            hide(&mut escalated.text);
        }
        IncidentFact::HandedOver(handed) => {
            hide(&mut handed.to);
            hide(&mut handed.text);
        }
        IncidentFact::StatusWritten(status) => hide(&mut status.text),
        IncidentFact::StatusSent(sent) => {
            hide(&mut sent.command);
            hide(&mut sent.output);
        }
        IncidentFact::Closed(closed) => hide(&mut closed.reason),
    }
}

/// The texts of a fact that go when its payload is dropped, but for the runbook's own rules.
pub fn texts(fact: &IncidentFact) -> Vec<&str> {
    let texts: Vec<&String> = match fact {
        IncidentFact::Opened(opened) => vec![&opened.title, &opened.alert, &opened.alert_group],
        IncidentFact::RunJoined(joined) => vec![&joined.title],
        IncidentFact::Noted(noted) => vec![&noted.text],
        IncidentFact::Reached(reached) => vec![&reached.source],
        IncidentFact::SeverityChanged(changed) => vec![&changed.reason],
        IncidentFact::Escalated(escalated) => vec![&escalated.to, &escalated.text],
        IncidentFact::HandedOver(handed) => vec![&handed.to, &handed.text],
        IncidentFact::StatusWritten(status) => vec![&status.text],
        IncidentFact::StatusSent(sent) => vec![&sent.command, &sent.output],
        IncidentFact::Closed(closed) => vec![&closed.reason],
    };
    texts.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect()
}

fn hide_rules(rules: &mut IncidentRules, hide: &impl Fn(&mut String)) {
    for severity in &mut rules.severities {
        for text in [&mut severity.name, &mut severity.title, &mut severity.impact] {
            hide(text);
        }
        severity.alerts.iter_mut().for_each(hide);
        if let Some(Response::Words(words)) = &mut severity.response {
            hide(words);
        }
    }
    for rung in &mut rules.escalation {
        hide(&mut rung.who);
        hide(&mut rung.condition);
    }
    for contact in &mut rules.contacts {
        hide(&mut contact.who);
        for (name, way) in &mut contact.ways {
            hide(name);
            hide(way);
        }
    }
    if let Some(post_mortem) = &mut rules.post_mortem {
        post_mortem.severities.iter_mut().chain(&mut post_mortem.parts).for_each(hide);
    }
}
