//! What is due in an incident follows from its record and the clock, and from nothing else.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

use runbook::document::Runbook;
use runbook::history::{
    Escalated, Event, Fact, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentOpened, IncidentRules,
    Milestone, Noted, Reached, RunJoined, RunbookIdentity, SeverityChanged, StatusSent, StatusWritten,
};
use runbook::ident::{Anchor, Digest, IncidentId, Moment, Seq};
use runbook::incident::{Author, IncidentState, IncidentStore, Now, Urgency, list_obligations, read_rules};
use runbook::journal;
use runbook::mask::Masker;
use std::time::Duration;

const BOOT: &str = "b00710ad";

fn id() -> IncidentId {
    "20261124-225103-7c1d9e".parse().unwrap()
}

fn ferry() -> IncidentRules {
    read_rules(&Runbook::parse_bytes(include_bytes!("../fixtures/runbooks/ferry.md"))).rules
}

/// So many seconds after the incident was opened; the wall clock is off by so many.
fn now(seconds: u64, off: i64) -> Now {
    let start: jiff::Timestamp = "2026-11-24T22:51:03Z".parse().unwrap();
    let utc = jiff::Timestamp::from_second(start.as_second() + i64::try_from(seconds).unwrap() + off).unwrap();
    Now { at: Moment { utc, mono: Duration::from_secs(5000 + seconds) }, boot_id: BOOT.to_owned() }
}

fn opened(severity: &str) -> IncidentFact {
    IncidentFact::Opened(Box::new(IncidentOpened {
        incident: id(),
        title: "nobody can book".into(),
        severity: severity.into(),
        runbook: Some(RunbookIdentity {
            path: "ops/ferry.md".into(),
            title: "Ferry".into(),
            digest: Digest::of_bytes(b"ferry"),
            git_commit: None,
            git_modified: false,
        }),
        rules: ferry(),
        alert: String::new(),
        alert_group: String::new(),
        version: "0.1.0".into(),
    }))
}

fn reached(milestone: Milestone, stated: Option<&str>) -> IncidentFact {
    let stated = stated.map(|at| at.parse().unwrap());
    IncidentFact::Reached(Reached { milestone, stated, source: String::new() })
}

#[derive(Default)]
struct Story(Vec<Event>);

impl Story {
    fn tell(mut self, seconds: u64, off: i64, what: IncidentFact) -> Self {
        let at = now(seconds, off);
        let seq = Seq(self.0.len() as u64 + 1);
        let fact =
            IncidentEvent { by: "mira".into(), host: "desk".into(), boot: at.boot_id.clone(), seen: Vec::new(), what };
        self.0.push(Event { seq, at: at.at, fact: Fact::Incident(fact) });
        self
    }

    /// What is due so many seconds in: each with its urgency.
    fn due(&self, seconds: u64, off: i64) -> Vec<String> {
        let state = IncidentState::from_events(&self.0);
        list_obligations(&state, &now(seconds, off))
            .iter()
            .map(|due| format!("{:?}: {}", due.urgency, due.reminder_text()))
            .collect()
    }

    fn declared(severity: &str) -> Self {
        Self::default().tell(0, 0, opened(severity)).tell(0, 0, reached(Milestone::Declared, None))
    }
}

#[test]
fn an_answer_an_escalation_and_an_update_are_due_in_their_time() {
    let story = Story::declared("P1");
    insta::assert_snapshot!(story.due(60, 0).join("\n"), @"
    Later: P1 wants an answer within 10 min: 9 min left
    Later: escalate to Harbour desk (if passengers still cannot book after 20 minutes): due in 19 min
    Later: a status update is due in 19 min (at the latest every 20 min)
    Later: escalate to Head of bookings (if a crossing is delayed > 1 hour): due in 59 min
    Later: escalate to Managing director (if the night is lost, > 3 hours): due in 2 h 59 min
    ");
    insta::assert_snapshot!(story.due(16 * 60, 0).join("\n"), @"
    Overdue: P1 wanted an answer within 10 min: 6 min over, and nobody has acknowledged it
    Soon: escalate to Harbour desk (if passengers still cannot book after 20 minutes): due in 4 min
    Soon: a status update is due in 4 min (at the latest every 20 min)
    Later: escalate to Head of bookings (if a crossing is delayed > 1 hour): due in 44 min
    Later: escalate to Managing director (if the night is lost, > 3 hours): due in 2 h 44 min
    ");
}

#[test]
fn what_was_done_about_it_is_not_due_any_more() {
    let escalated = Escalated { to: "the harbour desk".into(), text: "by phone".into() };
    let story = Story::declared("P1")
        .tell(300, 0, reached(Milestone::Acknowledged, None))
        .tell(1260, 0, IncidentFact::Escalated(escalated))
        .tell(1300, 0, IncidentFact::StatusWritten(StatusWritten { text: "fixing".into() }));
    let due = story.due(1320, 0);
    assert!(!due.iter().any(|due| due.contains("answer") || due.contains("Harbour desk")), "{due:?}");
    assert!(due[0].starts_with("Later: a status update is due in 19 min"), "{due:?}");
    let story = story.tell(2000, 0, reached(Milestone::Mitigated, None));
    assert!(!story.due(9000, 0).iter().any(|due| due.contains("escalate")), "nobody is called in once it is mitigated");
    let story = story.tell(9000, 0, reached(Milestone::Resolved, None));
    assert_eq!(story.due(9060, 0), ["Later: the post-mortem is due in 2 days 23 h"]);
}

#[test]
fn setting_the_wall_clock_changes_nothing_of_what_is_due() {
    let story = Story::declared("P1").tell(300, 0, reached(Milestone::Acknowledged, None));
    for hour in [3600, -3600] {
        assert_eq!(story.due(1000, hour), story.due(1000, 0), "{hour}");
    }
    // What is recorded after the clock was set is in its order, and counts from when it was recorded.
    let later = |off| story_with_update(off).due(2000, off);
    assert_eq!(later(3600), later(0));
    assert_eq!(later(-3600), later(0));
}

fn story_with_update(off: i64) -> Story {
    Story::declared("P0").tell(1500, off, IncidentFact::StatusWritten(StatusWritten { text: "x".into() }))
}

#[test]
fn after_a_restart_of_the_machine_the_wall_clock_counts() {
    let story = Story::declared("P2");
    let state = IncidentState::from_events(&story.0);
    let mut later = now(600, 0);
    later.boot_id = "another".into();
    later.at.mono = Duration::from_secs(3);
    let first = list_obligations(&state, &later).remove(0);
    assert_eq!(first.seconds_left, 600);
    assert_eq!(first.urgency, Urgency::Later);
}

#[test]
fn a_declaration_that_is_dated_back_counts_from_the_time_stated() {
    let story = Story::default().tell(0, 0, opened("P1")).tell(
        0,
        0,
        reached(Milestone::Declared, Some("2026-11-24T22:36:03Z")),
    );
    let due = story.due(60, 0);
    assert!(due[0].contains("6 min over"), "{due:?}");
}

#[test]
fn a_severity_that_was_changed_has_its_own_time() {
    let change = SeverityChanged { from: "P2".into(), to: "P0".into(), reason: "all gates".into() };
    let story = Story::declared("P2").tell(120, 0, IncidentFact::SeverityChanged(change));
    assert!(story.due(120, 0)[0].starts_with("Overdue: P0 wants an answer at once"), "{:?}", story.due(120, 0));
}

#[test]
fn without_rules_nothing_is_due() {
    let mut fact = opened("P1");
    if let IncidentFact::Opened(opened) = &mut fact {
        opened.rules = IncidentRules::default();
    }
    assert!(Story::default().tell(0, 0, fact).due(9000, 0).is_empty());
}

fn every_fact() -> Vec<IncidentFact> {
    let run = "20261124-225200-aaaaaa".parse().unwrap();
    vec![
        opened("P0"),
        IncidentFact::RunJoined(RunJoined {
            run,
            path: "ops/ferry.md".into(),
            procedure: Anchor::new("restart"),
            title: "Restart".into(),
        }),
        IncidentFact::Noted(Noted { text: "gate 4 \u{1b}[31m is slow".into() }),
        reached(Milestone::ImpactStart, Some("2026-11-24T22:36:03Z")),
        reached(Milestone::Resolved, None),
        IncidentFact::SeverityChanged(SeverityChanged {
            from: "P0".into(),
            to: "P1".into(),
            reason: "it boards".into(),
        }),
        IncidentFact::Escalated(Escalated { to: "Harbour desk".into(), text: String::new() }),
        IncidentFact::HandedOver(HandedOver { to: "tomas".into(), text: "watch gate 4".into() }),
        IncidentFact::StatusWritten(StatusWritten { text: "**Update**\n".into() }),
        IncidentFact::StatusSent(StatusSent {
            status: Seq(9),
            command: "./tell".into(),
            exit: Some(0),
            output: "ok".into(),
        }),
        IncidentFact::Closed(IncidentClosed { reason: "over".into() }),
    ]
}

#[test]
fn every_fact_of_an_incident_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let incidents = IncidentStore::in_folders(folder.path().join("incidents"), folder.path().join("runs"));
    let author = Author { user: "mira".into(), host: "desk".into(), masker: Masker::new() };
    let mut incident = incidents.create_incident(&id(), every_fact(), None, &author, &now(0, 0)).unwrap();
    let more = incident.record_facts(every_fact(), &author, &now(5, 0)).unwrap();
    let read = journal::read_journal(incident.folder().folder_path()).unwrap().events;
    assert_eq!(read, incident.events);
    assert_eq!(read.iter().skip(11).cloned().collect::<Vec<_>>(), more);
    let text = std::fs::read_to_string(incident.folder().journal_path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // The salts, and with them digests and hashes, are new each time.
    let plain = |line: &str| {
        let (fields, rest) = line.split_once(",\"digest\":").unwrap();
        format!("{fields}}} {}", rest.split_once("\"payload\":").unwrap().1.trim_end_matches('}'))
    };
    insta::assert_snapshot!(lines.iter().skip(1).take(11).map(|line| plain(line)).collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_secret_is_in_the_record_of_an_incident() {
    let folder = tempfile::tempdir().unwrap();
    let incidents = IncidentStore::in_folders(folder.path().join("incidents"), folder.path().join("runs"));
    let mut masker = Masker::new();
    masker.add_secret("db", b"hunter2hunter2").unwrap();
    let author = Author { user: "mira".into(), host: "desk".into(), masker };
    let note = |text: &str| IncidentFact::Noted(Noted { text: text.into() });
    let facts = vec![opened("P0"), note("it is hunter2hunter2"), note("curl https://u:pa55word@host/")];
    let incident =
        incidents.create_incident(&id(), facts, Some(b"the password: hunter2hunter2\n"), &author, &now(0, 0)).unwrap();
    for file in ["journal.jsonl", "runbook.md"] {
        let text = std::fs::read_to_string(incident.folder().folder_path().join(file)).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("pa55word"), "{text}");
    }
}
