//! The facts of incidents in the format: kind, fields and payload, both ways.
//!
//! Invariant: as in `encode` and `decode`: free text goes into the payload and nowhere else; a word once used keeps its meaning.

use super::decode::{Read, Source, Unreadable};
use super::json::Members;
use crate::history::{
    Escalated, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentJoined, IncidentOpened, Noted, Reached,
    RunJoined, RunbookIdentity, SeverityChanged, StatusSent, StatusWritten,
};
use serde_json::Result;

/// The fact's kind.
pub(super) fn kind(event: &IncidentEvent) -> &'static str {
    match event.what {
        IncidentFact::Opened(_) => "incident-opened",
        IncidentFact::RunJoined(_) => "incident-run-joined",
        IncidentFact::Noted(_) => "incident-noted",
        IncidentFact::Reached(_) => "incident-milestone",
        IncidentFact::SeverityChanged(_) => "incident-severity",
        IncidentFact::Escalated(_) => "incident-escalated",
        IncidentFact::HandedOver(_) => "incident-handed-over",
        IncidentFact::StatusWritten(_) => "incident-status",
        IncidentFact::StatusSent(_) => "incident-status-sent",
        IncidentFact::Closed(_) => "incident-closed",
    }
}

/// Writes the fact's fields.
pub(super) fn fields(event: &IncidentEvent, to: &mut Members<'_>) -> Result<()> {
    to.put("by", &event.by)?;
    to.put("host", &event.host)?;
    to.put("boot", &event.boot)?;
    to.put("seen", &event.seen)?;
    match &event.what {
        IncidentFact::Opened(opened) => {
            to.put("incident", &opened.incident)?;
            to.put("severity", &opened.severity)?;
            if let Some(runbook) = &opened.runbook {
                to.put("path", &runbook.path)?;
                to.put("runbook_digest", &runbook.digest)?;
                to.put_some("git_commit", runbook.git_commit.as_ref())?;
                to.put("git_modified", &runbook.git_modified)?;
            }
            to.put("version", &opened.version)
        }
        IncidentFact::RunJoined(joined) => {
            to.put("run", &joined.run)?;
            to.put("path", &joined.path)?;
            to.put("procedure", &joined.procedure)
        }
        IncidentFact::Reached(reached) => {
            to.put_name("milestone", reached.milestone)?;
            to.put_some("stated", reached.stated.map(|at| format!("{at:.3}")).as_ref())
        }
        IncidentFact::SeverityChanged(changed) => {
            to.put("from", &changed.from)?;
            to.put("to", &changed.to)
        }
        IncidentFact::StatusSent(sent) => {
            to.put("status", &sent.status)?;
            to.put_some("exit", sent.exit.as_ref())
        }
        IncidentFact::Noted(_)
        | IncidentFact::Escalated(_)
        | IncidentFact::HandedOver(_)
        | IncidentFact::StatusWritten(_)
        | IncidentFact::Closed(_) => Ok(()),
    }
}

/// Writes the fact's free text.
pub(super) fn payload(event: &IncidentEvent, to: &mut Members<'_>) -> Result<()> {
    match &event.what {
        IncidentFact::Opened(opened) => {
            to.put("title", &opened.title)?;
            to.put_some("runbook_title", opened.runbook.as_ref().map(|runbook| &runbook.title))?;
            to.put("rules", &opened.rules)?;
            to.put("alert", &opened.alert)?;
            to.put("alert_group", &opened.alert_group)
        }
        IncidentFact::RunJoined(joined) => to.put("title", &joined.title),
        IncidentFact::Noted(noted) => to.put("text", &noted.text),
        IncidentFact::Reached(reached) => to.put("source", &reached.source),
        IncidentFact::SeverityChanged(changed) => to.put("reason", &changed.reason),
        IncidentFact::Escalated(escalated) => {
            to.put("to", &escalated.to)?;
            to.put("text", &escalated.text)
        }
        IncidentFact::HandedOver(handed) => {
            to.put("to", &handed.to)?;
            to.put("text", &handed.text)
        }
        IncidentFact::StatusWritten(status) => to.put("text", &status.text),
        IncidentFact::StatusSent(sent) => {
            to.put("command", &sent.command)?;
            to.put("output", &sent.output)
        }
        IncidentFact::Closed(closed) => to.put("reason", &closed.reason),
    }
}

/// The fact of a kind.
pub(super) fn read(kind: &str, from: &mut Source<'_>) -> Read<IncidentEvent> {
    let what = match kind {
        "incident-opened" => IncidentFact::Opened(Box::new(opened(from)?)),
        "incident-run-joined" => IncidentFact::RunJoined(RunJoined {
            run: from.field("run")?,
            path: from.field("path")?,
            procedure: from.field("procedure")?,
            title: from.text("title")?,
        }),
        "incident-noted" => IncidentFact::Noted(Noted { text: from.text("text")? }),
        "incident-milestone" => {
            let stated: Option<String> = from.maybe("stated")?;
            let stated = stated.map(|at| at.parse().map_err(|_| Unreadable)).transpose()?;
            IncidentFact::Reached(Reached { milestone: from.word("milestone")?, stated, source: from.text("source")? })
        }
        "incident-severity" => IncidentFact::SeverityChanged(SeverityChanged {
            from: from.field("from")?,
            to: from.field("to")?,
            reason: from.text("reason")?,
        }),
        "incident-escalated" => IncidentFact::Escalated(Escalated { to: from.text("to")?, text: from.text("text")? }),
        "incident-handed-over" => {
            IncidentFact::HandedOver(HandedOver { to: from.text("to")?, text: from.text("text")? })
        }
        "incident-status" => IncidentFact::StatusWritten(StatusWritten { text: from.text("text")? }),
        "incident-status-sent" => IncidentFact::StatusSent(StatusSent {
            status: from.field("status")?,
            command: from.text("command")?,
            exit: from.maybe("exit")?,
            output: from.text("output")?,
        }),
        "incident-closed" => IncidentFact::Closed(IncidentClosed { reason: from.text("reason")? }),
        _ => return Err(Unreadable),
    };
    Ok(IncidentEvent {
        by: from.field("by")?,
        host: from.field("host")?,
        boot: from.field("boot")?,
        seen: from.field("seen")?,
        what,
    })
}

fn opened(from: &mut Source<'_>) -> Read<IncidentOpened> {
    let runbook = match from.maybe::<String>("path")? {
        None => None,
        Some(path) => Some(RunbookIdentity {
            path,
            title: from.maybe_text("runbook_title")?.unwrap_or_default(),
            digest: from.field("runbook_digest")?,
            git_commit: from.maybe("git_commit")?,
            git_modified: from.field("git_modified")?,
        }),
    };
    Ok(IncidentOpened {
        incident: from.field("incident")?,
        title: from.text("title")?,
        severity: from.field("severity")?,
        runbook,
        rules: from.structure("rules")?,
        alert: from.text("alert")?,
        alert_group: from.text("alert_group")?,
        version: from.field("version")?,
    })
}

/// Writes the fields of `incident-joined`, which stands in a run's journal.
pub(super) fn joined_fields(joined: &IncidentJoined, to: &mut Members<'_>) -> Result<()> {
    to.put("incident", &joined.incident)?;
    to.put("severity", &joined.severity)
}

/// The fact of `incident-joined`.
pub(super) fn read_joined(from: &mut Source<'_>) -> Read<IncidentJoined> {
    Ok(IncidentJoined {
        incident: from.field("incident")?,
        severity: from.field("severity")?,
        title: from.text("title")?,
    })
}
