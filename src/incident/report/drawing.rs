//! An incident as a picture: actions of people, commands of the runs, milestones and notes.
//!
//! Invariant: marks stand in the order of the records, as far apart as the monotonic clocks say. A stated time stands where it
//! was stated. Refuses to know: how a picture is drawn.

use super::records::IncidentRecords;
use super::timeline::{CLOCK_SLACK_SECONDS, RunNarrator, order_all_events};
use crate::history::{Event, Fact, IncidentFact};
use crate::incident::order::EventPosition;
use crate::transcript::html::{Lane, Mark, TimelinePicture, Tone};
use crate::transcript::{outcome_tone, shorten_first_line};
use jiff::Timestamp;
use std::time::Duration;

const MAX_LABEL_CHARACTERS: usize = 80;

/// Most runs that get a lane each; more share one lane.
const MAX_RUN_LANES: usize = 6;
const MAX_NAME_CHARACTERS: usize = 40;

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
struct TimedMark {
    track: Track,
    at: Timestamp,
    duration: Option<Duration>,
    tone: Tone,
    label: String,
}

/// Builds the picture. The flag is true if the wall clock was set during the incident. `None` if nothing can be drawn.
pub(super) fn draw_incident(records: &IncidentRecords) -> Option<(TimelinePicture, bool)> {
    let tellers: Vec<RunNarrator<'_>> = records.runs.iter().map(RunNarrator::new).collect();
    let (mut marks, mut was_set): (Vec<TimedMark>, bool) = (Vec::new(), false);
    for (position, at) in order_all_events(records) {
        let (event, run) = match position {
            EventPosition::Incident(at) => (records.incident.events.get(at), None),
            EventPosition::Run { run, event } => {
                (records.runs.get(run).and_then(|run| run.events.get(event)), Some(run))
            }
        };
        let Some(event) = event else { continue };
        // Runs do not count: their clocks may have stood still while the machine slept.
        was_set |= run.is_none() && at.duration_since(event.at.utc).as_secs().abs() > CLOCK_SLACK_SECONDS;
        marks.extend(match run {
            Some(run) => tellers.get(run).and_then(|teller| run_mark(event, at, teller, Track::Run(run))),
            None => incident_mark(event, at),
        });
    }
    let begins = marks.iter().map(|mark| mark.at).min()?;
    marks.sort_by_key(|mark| mark.at);
    let lane = |name: String, has_key: bool, of: &dyn Fn(Track) -> bool| Lane {
        name,
        has_key,
        marks: marks.iter().filter(|mark| of(mark.track)).map(|mark| to_picture_mark(mark, begins)).collect(),
    };
    let mut lanes =
        vec![lane("People: updates, escalations, severity".to_owned(), true, &|track| track == Track::People)];
    if (2..=MAX_RUN_LANES).contains(&records.runs.len()) {
        // In one lane, commands that ran at the same time would cover each other.
        for (at, (record, teller)) in records.runs.iter().zip(&tellers).enumerate() {
            let title = teller.run_started().map_or("commands", |started| started.procedure_title.as_str());
            let name = format!("{}: {}", record.id.random_part(), shorten_first_line(title, MAX_NAME_CHARACTERS));
            lanes.push(lane(name, false, &|track| track == Track::Run(at)));
        }
    } else {
        lanes.push(lane("Commands".to_owned(), false, &|track| matches!(track, Track::Run(_))));
    }
    lanes.push(lane("Milestones".to_owned(), true, &|track| track == Track::Milestones));
    lanes.push(lane("Notes".to_owned(), true, &|track| track == Track::Notes));
    let counts: Vec<String> = lanes.iter().map(|lane| format!("{} ({})", lane.name, lane.marks.len())).collect();
    let picture = TimelinePicture {
        id: "drawing".to_owned(),
        title: "The incident over time".to_owned(),
        description: format!(
            "{} lanes over one time axis, with so many marks in each: {}. The timeline tells the same in words.",
            lanes.len(),
            counts.join("; ")
        ),
        begins_at: begins,
        lanes,
    };
    Some((picture, was_set))
}

fn to_picture_mark(mark: &TimedMark, begins: Timestamp) -> Mark {
    let from = Duration::try_from(mark.at.duration_since(begins)).unwrap_or_default();
    Mark {
        from,
        to: mark.duration.map(|took| from + took),
        tone: mark.tone,
        label: mark.label.clone(),
        number: String::new(),
    }
}

fn incident_mark(event: &Event, at: Timestamp) -> Option<TimedMark> {
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
    Some(TimedMark {
        track,
        at: when,
        duration: None,
        tone: Tone::Neutral,
        label: shorten_first_line(&label, MAX_LABEL_CHARACTERS),
    })
}

fn run_mark(event: &Event, at: Timestamp, teller: &RunNarrator<'_>, track: Track) -> Option<TimedMark> {
    match &event.fact {
        Fact::CommandStarted(started) => {
            let finished = teller.command_finished(event.seq);
            let tone = finished.map_or(Tone::Unknown, |finished| outcome_tone(&finished.outcome));
            let took = finished.map(|finished| Duration::from_nanos(finished.took_ns));
            let label = format!(
                "{} ({})",
                shorten_first_line(&started.text, MAX_LABEL_CHARACTERS),
                teller.event_reference(event.seq)
            );
            Some(TimedMark { track, at, duration: took, tone, label })
        }
        Fact::NoteAdded(note) => {
            let label = shorten_first_line(&note.text, MAX_LABEL_CHARACTERS);
            Some(TimedMark { track: Track::Notes, at, duration: None, tone: Tone::Neutral, label })
        }
        _ => None,
    }
}
