//! An incident as a picture: actions of people, commands of the runs, milestones and notes.
//!
//! Invariant: marks stand in the order of the records, as far apart as the monotonic clocks say. A stated time stands where it
//! was stated. Refuses to know: how a picture is drawn.

use super::records::Records;
use super::timeline::{SLACK_SECONDS, Teller, places};
use crate::history::{Event, Fact, IncidentFact};
use crate::incident::order::Place;
use crate::transcript::html::{Lane, Mark, Picture, Tone};
use crate::transcript::{shorten, tone};
use jiff::Timestamp;
use std::time::Duration;

const LABEL_CHARACTERS: usize = 80;

/// Most runs that get a lane each; more share one lane.
const RUN_LANES: usize = 6;
const NAME_CHARACTERS: usize = 40;

/// Lane of a mark, in the order from the top.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Track {
    People,
    /// Commands of the run with this index.
    Run(usize),
    Milestones,
    Notes,
}

/// A mark with its absolute time, before the start of the picture is known.
struct Placed {
    track: Track,
    at: Timestamp,
    took: Option<Duration>,
    tone: Tone,
    label: String,
}

/// Builds the picture. The flag is true if the wall clock was set during the incident. `None` if nothing can be drawn.
pub(super) fn picture(records: &Records) -> Option<(Picture, bool)> {
    let tellers: Vec<Teller<'_>> = records.runs.iter().map(Teller::new).collect();
    let (mut marks, mut was_set): (Vec<Placed>, bool) = (Vec::new(), false);
    for (position, at) in places(records) {
        let (event, run) = match position {
            Place::Incident(at) => (records.incident.events.get(at), None),
            Place::Run { run, event } => (records.runs.get(run).and_then(|run| run.events.get(event)), Some(run)),
        };
        let Some(event) = event else { continue };
        // Runs do not count: their clocks may have stood still while the machine slept.
        was_set |= run.is_none() && at.duration_since(event.at.utc).as_secs().abs() > SLACK_SECONDS;
        marks.extend(match run {
            Some(run) => tellers.get(run).and_then(|teller| of_run(event, at, teller, Track::Run(run))),
            None => of_incident(event, at),
        });
    }
    let begins = marks.iter().map(|mark| mark.at).min()?;
    marks.sort_by_key(|mark| mark.at);
    let lane = |name: String, has_key: bool, of: &dyn Fn(Track) -> bool| Lane {
        name,
        has_key,
        marks: marks.iter().filter(|mark| of(mark.track)).map(|mark| drawn(mark, begins)).collect(),
    };
    let mut lanes =
        vec![lane("People: updates, escalations, severity".to_owned(), true, &|track| track == Track::People)];
    if (2..=RUN_LANES).contains(&records.runs.len()) {
        // In one lane, commands that ran at the same time would cover each other.
        for (at, (record, teller)) in records.runs.iter().zip(&tellers).enumerate() {
            let title = teller.started().map_or("commands", |started| started.procedure_title.as_str());
            let name = format!("{}: {}", record.id.short(), shorten(title, NAME_CHARACTERS));
            lanes.push(lane(name, false, &|track| track == Track::Run(at)));
        }
    } else {
        lanes.push(lane("Commands".to_owned(), false, &|track| matches!(track, Track::Run(_))));
    }
    lanes.push(lane("Milestones".to_owned(), true, &|track| track == Track::Milestones));
    lanes.push(lane("Notes".to_owned(), true, &|track| track == Track::Notes));
    let counts: Vec<String> = lanes.iter().map(|lane| format!("{} ({})", lane.name, lane.marks.len())).collect();
    let picture = Picture {
        id: "drawing".to_owned(),
        title: "The incident over time".to_owned(),
        description: format!(
            "{} lanes over one time axis, with so many marks in each: {}. The timeline tells the same in words.",
            lanes.len(),
            counts.join("; ")
        ),
        begins,
        lanes,
    };
    Some((picture, was_set))
}

fn drawn(mark: &Placed, begins: Timestamp) -> Mark {
    let from = Duration::try_from(mark.at.duration_since(begins)).unwrap_or_default();
    Mark {
        from,
        to: mark.took.map(|took| from + took),
        tone: mark.tone,
        label: mark.label.clone(),
        number: String::new(),
    }
}

fn of_incident(event: &Event, at: Timestamp) -> Option<Placed> {
    let Fact::Incident(incident) = &event.fact else { return None };
    let mut when = at;
    let (track, label) = match &incident.what {
        IncidentFact::Opened(_) => (Track::Milestones, "Incident opened".to_owned()),
        IncidentFact::Reached(reached) => {
            // The wall clock says how long before the recording it happened; the mark goes as far back.
            let earlier = reached.stated.map(|stated| event.at.utc.duration_since(stated)).unwrap_or_default();
            when = at.saturating_sub(earlier).unwrap_or(at);
            (Track::Milestones, reached.milestone.to_string())
        }
        IncidentFact::Closed(_) => (Track::Milestones, "Incident closed".to_owned()),
        IncidentFact::RunJoined(joined) => (Track::People, format!("Run: {}", joined.title)),
        IncidentFact::SeverityChanged(changed) => (Track::People, format!("Severity {}", changed.to)),
        IncidentFact::Escalated(escalated) => (Track::People, format!("Escalated to {}", escalated.to)),
        IncidentFact::HandedOver(handed) => (Track::People, format!("Handed over to {}", handed.to)),
        IncidentFact::StatusWritten(_) => (Track::People, "Status update".to_owned()),
        IncidentFact::StatusSent(_) => return None,
        IncidentFact::Noted(noted) => (Track::Notes, noted.text.clone()),
    };
    Some(Placed { track, at: when, took: None, tone: Tone::Neutral, label: shorten(&label, LABEL_CHARACTERS) })
}

fn of_run(event: &Event, at: Timestamp, teller: &Teller<'_>, track: Track) -> Option<Placed> {
    match &event.fact {
        Fact::CommandStarted(started) => {
            let finished = teller.finished(event.seq);
            let tone = finished.map_or(Tone::Unknown, |finished| tone(&finished.outcome));
            let took = finished.map(|finished| Duration::from_nanos(finished.took_ns));
            let label = format!("{} ({})", shorten(&started.text, LABEL_CHARACTERS), teller.reference(event.seq));
            Some(Placed { track, at, took, tone, label })
        }
        Fact::NoteAdded(note) => {
            let label = shorten(&note.text, LABEL_CHARACTERS);
            Some(Placed { track: Track::Notes, at, took: None, tone: Tone::Neutral, label })
        }
        _ => None,
    }
}
