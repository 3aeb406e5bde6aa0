//! A whole incident on a clock of its own: two operators, two runs that overlap, and everything that an incident's record knows.
//!
//! Invariant: events are written in the order in which they happen, one every few seconds; the wall clock may be off by whatever the
//! test says, the clocks that only go on are not. Refuses to know: what is read from the records.

use super::facts::{decided, entered, finished, note, run_started, started};
use runbook::document::Runbook;
use runbook::history::{
    CommandFinished, CommandSource, CommandStarted, Decision, Escalated, Fact, HandedOver, IncidentClosed,
    IncidentFact, IncidentJoined, IncidentOpened, Milestone, Noted, Outcome, Reached, RunFinished, RunJoined,
    RunResult, RunStarted, RunbookIdentity, SeverityChanged, StatusSent, StatusWritten, StepForm,
};
use runbook::ident::{Anchor, Digest, IncidentId, Moment, RunId, Seq};
use runbook::incident::{Author, Incident, IncidentRecords, IncidentStore, Now, read_rules};
use runbook::journal::{Folders, JournalWriter};
use runbook::mask::Masker;
use std::path::Path;
use std::time::Duration;

const FERRY: &[u8] = include_bytes!("../../fixtures/runbooks/ferry.md");
/// The machine had been up for so long.
const UPTIME_SECONDS: u64 = 5000;

/// What the wall clock is off by, so many seconds after the beginning.
pub(crate) type Off = fn(u64) -> i64;

/// An incident while it is told.
pub(crate) struct Played {
    incident: Incident,
    runs: Folders,
    author: Author,
    off: Off,
    seconds: u64,
    /// Every event in the order in which it was written, as a post-mortem refers to it.
    pub(crate) written: Vec<String>,
}

/// One of its runs.
struct Run {
    writer: JournalWriter,
    id: RunId,
    /// When its recorder was started.
    since: u64,
    now: u64,
}

impl Played {
    fn open(root: &Path, off: Off) -> Self {
        let id: IncidentId = "20261124-225103-7c1d9e".parse().unwrap();
        let author = Author { user: "mira".into(), host: "desk".into(), masker: Masker::new() };
        let incidents = IncidentStore::in_folders(root.join("incidents"), root.join("runs"));
        let opened = IncidentOpened {
            incident: id.clone(),
            title: "nobody can book".into(),
            severity: "P0".into(),
            runbook: Some(RunbookIdentity {
                path: "ops/ferry.md".into(),
                title: "Ferry bookings: when it goes wrong".into(),
                digest: Digest::of_bytes(FERRY),
                git_commit: Some("4f2a9c1e7b6d5a4c3b2a19181716151413121110".into()),
                git_modified: false,
            }),
            rules: read_rules(&Runbook::parse_bytes(FERRY)).rules,
            alert: "BookingDown\ninstance=web-1".into(),
            alert_group: "booking".into(),
            version: "0.1.0".into(),
        };
        let facts = vec![IncidentFact::Opened(Box::new(opened)), reached(Milestone::Declared)];
        let incident = incidents.create_incident(&id, facts, Some(FERRY), &author, &now(0, off)).unwrap();
        let written = (1..=2).map(|seq| format!("{}#{seq}", id.random_part())).collect();
        Self { incident, runs: Folders::with_root(root.join("runs")), author, off, seconds: 0, written }
    }

    fn tell(&mut self, what: IncidentFact) {
        self.later(9);
        let events = self.incident.record_facts(vec![what], &self.author, &now(self.seconds, self.off)).unwrap();
        self.written.extend(events.iter().map(|event| format!("{}#{}", self.incident.id().random_part(), event.seq)));
    }

    fn later(&mut self, seconds: u64) {
        self.seconds += seconds;
    }

    /// Begins a run that joins the incident.
    fn start(&mut self, id: &str, user: &str, procedure: &str, title: &str) -> Run {
        let id: RunId = id.parse().unwrap();
        let folder = self.runs.create_folder(&id).unwrap();
        let writer = JournalWriter::create_journal(folder.folder_path(), &id).unwrap();
        let mut run = Run { writer, id: id.clone(), since: self.seconds, now: 0 };
        self.tell(IncidentFact::RunJoined(RunJoined {
            run: id.clone(),
            path: "ops/ferry.md".into(),
            procedure: Anchor::new(procedure),
            title: title.into(),
        }));
        // The same moment, in the other record.
        self.seconds -= 5;
        let mut start = run_started();
        start.runbook.path = "ops/ferry.md".into();
        let start = RunStarted {
            run: id,
            user: user.into(),
            procedure: Anchor::new(procedure),
            procedure_title: title.into(),
            ..start
        };
        self.log(&mut run, Fact::RunStarted(start));
        self.seconds -= 5;
        self.log(
            &mut run,
            Fact::IncidentJoined(IncidentJoined {
                incident: self.incident.id().clone(),
                severity: "P0".into(),
                title: "nobody can book".into(),
            }),
        );
        run
    }

    fn log(&mut self, run: &mut Run, fact: Fact) -> Seq {
        self.later(5);
        run.now = self.seconds;
        let at = Moment {
            utc: now(self.seconds, self.off).at.utc,
            mono: Duration::from_secs(self.seconds - run.since) + Duration::from_millis(3),
        };
        let seq = run.writer.append_facts(&[fact], at).unwrap()[0].seq;
        self.written.push(format!("{}#{seq}", run.id.random_part()));
        seq
    }

    fn step(&mut self, run: &mut Run, number: &str, title: &str, form: StepForm) {
        self.log(run, Fact::StepEntered(entered(&format!("s{number}"), number, title, form)));
    }

    /// A command that takes so long, and how it comes back.
    fn command(&mut self, run: &mut Run, command: CommandStarted, seconds: u64, outcome: Outcome) {
        let seq = self.log(run, Fact::CommandStarted(command));
        self.back(run, seq, seconds, outcome);
    }

    fn back(&mut self, run: &mut Run, seq: Seq, seconds: u64, outcome: Outcome) {
        let Fact::CommandFinished(finished) = finished(seq, b"what it printed\n") else { return };
        let status = i32::from(!matches!(outcome, Outcome::Succeeded));
        self.later(seconds);
        self.log(
            run,
            Fact::CommandFinished(CommandFinished {
                outcome,
                status: Some(status),
                pipestatus: vec![status],
                took_ns: (seconds + 5) * 1_000_000_000,
                ..finished
            }),
        );
    }

    fn end(&mut self, mut run: Run, result: RunResult, reason: &str) {
        self.log(&mut run, Fact::RunFinished(RunFinished { result, reason: reason.into(), next: None }));
    }

    /// What a post-mortem is made from.
    pub(crate) fn records(&self) -> IncidentRecords {
        IncidentRecords::read_all(&self.incident)
    }
}

fn now(seconds: u64, off: Off) -> Now {
    let start: jiff::Timestamp = "2026-11-24T22:51:03Z".parse().unwrap();
    let utc = start + jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap() + off(seconds));
    Now { at: Moment { utc, mono: Duration::from_secs(UPTIME_SECONDS + seconds) }, boot_id: "b00710ad".to_owned() }
}

fn reached(milestone: Milestone) -> IncidentFact {
    IncidentFact::Reached(Reached { milestone, stated: None, source: String::new() })
}

fn stated(milestone: Milestone, at: &str) -> IncidentFact {
    let stated = Some(at.parse().unwrap());
    IncidentFact::Reached(Reached { milestone, stated, source: "the alert".into() })
}

fn written(step: &str, command: u32, text: &str) -> CommandStarted {
    started(step, Some(command), 1, CommandSource::Document, text)
}

/// Plays all of it, with its records under `root`.
pub(crate) fn play(root: &Path, off: Off) -> Played {
    let mut played = Played::open(root, off);
    played.tell(stated(Milestone::ImpactStart, "2026-11-24T22:36:03Z"));
    played.tell(stated(Milestone::Detected, "2026-11-24T22:47:00Z"));
    played.tell(reached(Milestone::Acknowledged));
    played.tell(IncidentFact::Noted(Noted { text: "the harbour called: nobody gets past the second page".into() }));

    let mut repair =
        played.start("20261124-225150-aaaaaa", "mira", "restart-the-booking-service", "Restart the booking service");
    played.step(&mut repair, "1", "What does it say", StepForm::Command);
    played.command(&mut repair, written("s1", 0, "cat service/health"), 1, Outcome::Succeeded);
    played.command(&mut repair, written("s1", 1, "grep ERROR service/log"), 0, Outcome::Negative("no match".into()));
    played.step(&mut repair, "2", "Start it again", StepForm::Command);
    played.command(&mut repair, written("s2", 0, "./service/restart"), 40, Outcome::Failed);
    played.tell(IncidentFact::Escalated(Escalated { to: "Harbour desk".into(), text: "by phone".into() }));

    // Somebody else begins before the first is done.
    let mut lists = played.start(
        "20261124-225300-bbbbbb",
        "tomas",
        "bring-back-the-passenger-lists",
        "Bring back the passenger lists",
    );
    played.step(&mut lists, "1", "Find the newest copy", StepForm::Command);
    let copying = played.log(&mut lists, Fact::CommandStarted(written("s1", 0, "rsync -a harbour:copies/ copies/")));
    let edited = CommandSource::Edited("./service/restart".into());
    let forced = started("s2", Some(0), 2, edited, "./service/restart --force");
    played.command(&mut repair, forced, 20, Outcome::Succeeded);
    played.log(&mut repair, note("a lock was left over | who has the copier?"));
    played.back(&mut lists, copying, 60, Outcome::Succeeded);
    played.step(&mut repair, "3", "Is it well?", StepForm::Command);
    played.command(&mut repair, written("s3", 0, "cat service/health"), 0, Outcome::Succeeded);
    played.step(&mut lists, "2", "Put it back", StepForm::Command);
    played.end(repair, RunResult::Completed, "");
    played.tell(IncidentFact::StatusWritten(StatusWritten {
        text: "**Ferry bookings**\n\nState: Watching\nNext word: at ten\n".into(),
    }));
    let sent = played.written.last().and_then(|last| last.split('#').nth(1)).and_then(|seq| seq.parse().ok()).unwrap();
    played.tell(IncidentFact::StatusSent(StatusSent {
        status: Seq(sent),
        command: "./tell the-harbour".into(),
        exit: Some(0),
        output: "ok".into(),
    }));
    played.command(
        &mut lists,
        written(
            "s2",
            0,
            "cp copies/monday.txt service/lists && chown bookings service/lists && chmod 640 service/lists",
        ),
        2,
        Outcome::Succeeded,
    );
    played.later(1500);
    played.step(&mut lists, "3", "Count the passengers", StepForm::Command);
    played.log(&mut lists, decided("s3", None, Decision::Skip, "the harbour counts them by hand"));
    played.end(lists, RunResult::Stopped, "the operator stopped it");
    let change = SeverityChanged { from: "P0".into(), to: "P1".into(), reason: "boarding goes on by hand".into() };
    played.tell(IncidentFact::SeverityChanged(change));
    played.tell(reached(Milestone::Mitigated));
    played.tell(IncidentFact::HandedOver(HandedOver { to: "tomas".into(), text: "watch the lock".into() }));
    played.later(600);
    played.tell(reached(Milestone::Resolved));
    played.tell(IncidentFact::Closed(IncidentClosed { reason: "passengers book again".into() }));
    played
}
