//! An incident as a picture: what people did, the commands of its runs, its milestones and its notes.
//!
//! Invariant: marks stand in the order of the records, whatever the clocks say; a time that somebody stated is where it was stated.
//! Refuses to know: how it is drawn.

use super::records::Records;
use super::timeline::{Teller, places};
use crate::history::{Event, Fact, IncidentFact};
use crate::incident::order::Place;
use crate::transcript::html::{Lane, Mark, Picture, Tone};
use crate::transcript::{shorten, tone};
use jiff::Timestamp;
use std::time::Duration;

const LABEL_CHARACTERS: usize = 80;

/// A mark before it is known where the picture begins.
struct Placed {
    lane: usize,
    at: Timestamp,
    took: Option<Duration>,
    tone: Tone,
    label: String,
}

/// The picture; none without an event.
pub(super) fn picture(records: &Records) -> Option<Picture> {
    let tellers: Vec<Teller<'_>> = records.runs.iter().map(Teller::new).collect();
    let (mut marks, mut now): (Vec<Placed>, Option<Timestamp>) = (Vec::new(), None);
    for place in places(records) {
        let (event, run) = match place {
            Place::Incident(at) => (records.incident.events.get(at), None),
            Place::Run { run, event } => (records.runs.get(run).and_then(|run| run.events.get(event)), Some(run)),
        };
        let Some(event) = event else { continue };
        // A clock that was set back moves nothing before what it follows.
        let at = now.map_or(event.at.utc, |now| now.max(event.at.utc));
        now = Some(at);
        marks.extend(match run {
            Some(run) => tellers.get(run).and_then(|teller| of_run(event, at, teller)),
            None => of_incident(event, at),
        });
    }
    let begins = marks.iter().map(|mark| mark.at).min()?;
    marks.sort_by_key(|mark| mark.at);
    let names = ["People: updates, escalations, severity", "Commands", "Milestones", "Notes"];
    let mut lanes: Vec<Lane> = names
        .iter()
        .enumerate()
        .map(|(at, name)| Lane { name: (*name).to_owned(), marks: Vec::new(), has_key: at != 1 })
        .collect();
    for mark in marks {
        let from = Duration::try_from(mark.at.duration_since(begins)).unwrap_or_default();
        let to = mark.took.map(|took| from + took);
        let Some(lane) = lanes.get_mut(mark.lane) else { continue };
        lane.marks.push(Mark { from, to, tone: mark.tone, label: mark.label, number: String::new() });
    }
    let counts: Vec<String> = lanes
        .iter()
        .map(|lane| format!("{}: {}", lane.name.split(':').next().unwrap_or_default(), lane.marks.len()))
        .collect();
    Some(Picture {
        id: "drawing".to_owned(),
        title: "The incident over time".to_owned(),
        description: format!(
            "Four lanes over one time axis, with so many marks in each: {}. The timeline tells the same in words.",
            counts.join(", ")
        ),
        begins,
        lanes,
    })
}

fn of_incident(event: &Event, at: Timestamp) -> Option<Placed> {
    let Fact::Incident(incident) = &event.fact else { return None };
    let mut when = at;
    let (lane, label) = match &incident.what {
        IncidentFact::Opened(_) => (2, "Incident opened".to_owned()),
        IncidentFact::Reached(reached) => {
            when = reached.stated.unwrap_or(at);
            (2, reached.milestone.to_string())
        }
        IncidentFact::Closed(_) => (2, "Incident closed".to_owned()),
        IncidentFact::RunJoined(joined) => (0, format!("Run: {}", joined.title)),
        IncidentFact::SeverityChanged(changed) => (0, format!("Severity {}", changed.to)),
        IncidentFact::Escalated(escalated) => (0, format!("Escalated to {}", escalated.to)),
        IncidentFact::HandedOver(handed) => (0, format!("Handed over to {}", handed.to)),
        IncidentFact::StatusWritten(_) => (0, "Status update".to_owned()),
        IncidentFact::StatusSent(_) => return None,
        IncidentFact::Noted(noted) => (3, noted.text.clone()),
    };
    Some(Placed { lane, at: when, took: None, tone: Tone::Neutral, label: shorten(&label, LABEL_CHARACTERS) })
}

fn of_run(event: &Event, at: Timestamp, teller: &Teller<'_>) -> Option<Placed> {
    match &event.fact {
        Fact::CommandStarted(started) => {
            let finished = teller.finished(event.seq);
            let tone = finished.map_or(Tone::Unknown, |finished| tone(&finished.outcome));
            let took = finished.map(|finished| Duration::from_nanos(finished.took_ns));
            let label = format!("{} ({})", shorten(&started.text, LABEL_CHARACTERS), teller.reference(event.seq));
            Some(Placed { lane: 1, at, took, tone, label })
        }
        Fact::NoteAdded(note) => {
            let label = shorten(&note.text, LABEL_CHARACTERS);
            Some(Placed { lane: 3, at, took: None, tone: Tone::Neutral, label })
        }
        _ => None,
    }
}
