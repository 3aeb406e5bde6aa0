//! A fact of every kind, with [`MARK`] in every text, for the tests that hold the table of fields.

use super::*;
use crate::ident::{Anchor, Digest, InputName, RunId, Seq, StepId};

/// Stands for a secret.
pub(crate) const MARK: &str = "hunter22-mark";

fn mark() -> String {
    MARK.to_owned()
}

fn sample_rules() -> IncidentRules {
    let severity = Severity {
        name: mark(),
        title: mark(),
        impact: mark(),
        response: Some(Response::Words(mark())),
        alerts: vec![mark()],
        line: 3,
    };
    IncidentRules {
        severities: vec![severity],
        escalation: vec![EscalationStep { who: mark(), after: Some(Seconds(60)), condition: mark(), line: 4 }],
        contacts: vec![Contact { who: mark(), ways: vec![(mark(), mark())], line: 5 }],
        updates: Some(UpdateInterval { least: Seconds(60), most: Seconds(120), line: 6 }),
        post_mortem: Some(PostMortem {
            within: Some(Seconds(60)),
            severities: vec![mark()],
            parts: vec![mark()],
            line: 7,
        }),
    }
}

fn sample_runbook() -> RunbookIdentity {
    RunbookIdentity {
        path: mark(),
        title: mark(),
        digest: Digest::of_bytes(b"document"),
        git_commit: Some("4f2a9c1e".into()),
        git_modified: true,
    }
}

/// One fact of each kind in the table of incidents.
pub(crate) fn every_incident_fact() -> Vec<IncidentFact> {
    let run: RunId = "20261124-225103-7c1d9e".parse().unwrap();
    vec![
        IncidentFact::Opened(Box::new(IncidentOpened {
            incident: run.clone(),
            title: mark(),
            severity: mark(),
            runbook: Some(sample_runbook()),
            rules: sample_rules(),
            alert: mark(),
            alert_group: mark(),
            version: "0.1.0".into(),
        })),
        IncidentFact::RunJoined(RunJoined { run, path: mark(), procedure: Anchor::new(MARK), title: mark() }),
        IncidentFact::Noted(Noted { text: mark() }),
        IncidentFact::Reached(Reached {
            milestone: Milestone::Mitigated,
            stated: Some("2026-11-24T22:51:03.123Z".parse().unwrap()),
            source: mark(),
        }),
        IncidentFact::SeverityChanged(SeverityChanged { from: mark(), to: mark(), reason: mark() }),
        IncidentFact::Escalated(Escalated { to: mark(), text: mark() }),
        IncidentFact::HandedOver(HandedOver { to: mark(), text: mark() }),
        IncidentFact::StatusWritten(StatusWritten { text: mark() }),
        IncidentFact::StatusSent(StatusSent { status: Seq(4), command: mark(), exit: Some(1), output: mark() }),
        IncidentFact::Closed(IncidentClosed { reason: mark() }),
    ]
}

fn sample_step() -> StepId {
    StepId::new(MARK)
}

fn command_started(source: CommandSource) -> Fact {
    let no_match = Answer { status: 1, meaning: "no match".into(), only_if_printed: None };
    let expires = Answer { only_if_printed: Some("will \"expire\"".into()), ..no_match.clone() };
    Fact::CommandStarted(CommandStarted {
        step: sample_step(),
        command: Some(1),
        of: 2,
        attempt: 3,
        source,
        text: mark(),
        line: 15,
        level: Some(2),
        never_ends: true,
        answers: Answers(vec![vec![], vec![no_match, expires]]),
    })
}

fn command_finished(outcome: Outcome, inline: Option<&[u8]>) -> Fact {
    Fact::CommandFinished(CommandFinished {
        started: Seq(7),
        end: End::Ran,
        outcome,
        status: Some(1),
        pipestatus: vec![0, 1],
        cwd: mark(),
        took_ns: 9,
        output: Captured {
            length_bytes: 4,
            kept_bytes: 3,
            digest: Digest::of_bytes(b"kept"),
            all_digest: Some(Digest::of_bytes(b"all")),
            salt: "00112233445566778899aabbccddeeff".into(),
            inline: inline.map(<[u8]>::to_vec),
        },
    })
}

fn session_facts(run: &RunId) -> Vec<Fact> {
    vec![
        Fact::RunStarted(RunStarted {
            run: run.clone(),
            runbook: sample_runbook(),
            procedure: Anchor::new(MARK),
            procedure_title: mark(),
            steps: 8,
            host: mark(),
            user: mark(),
            cwd: mark(),
            mode: Mode::Attended,
            version: "0.1.0".into(),
            flags: vec![mark()],
        }),
        Fact::ShellStarted(ShellStarted { pid: 7, program: mark(), version: mark() }),
        Fact::ShellDied(ShellDied { how: mark() }),
        Fact::StateLost(StateLost { what: mark() }),
        Fact::LeftRunning(LeftRunning { processes: vec![mark(), mark()] }),
        Fact::EngineLost(EngineLost { then: mark() }),
        Fact::RunResumed(RunResumed {
            user: mark(),
            host: mark(),
            runbook_digest: Digest::of_bytes(b"document"),
            attached: true,
            lost: vec![mark()],
            version: "0.1.0".into(),
        }),
        Fact::Redacted(Redacted {
            events: vec![Seq(3)],
            user: mark(),
            reason: mark(),
            document: None,
            head_before: None,
        }),
        Fact::RecordFailed(RecordFailed { why: mark(), lost_events: 2, lost_bytes: 30 }),
        Fact::RunFinished(RunFinished { result: RunResult::Stopped, reason: mark(), next: Some(sample_step()) }),
        Fact::IncidentJoined(IncidentJoined { incident: run.clone(), severity: mark(), title: mark() }),
        Fact::Other(Other {
            kind: "from-the-future".into(),
            fields: [("answer", "42"), ("payload", r#"{"why":"hunter22-mark"}"#)]
                .map(|(name, json)| (name.into(), json.into()))
                .into(),
        }),
    ]
}

fn step_facts() -> Vec<Fact> {
    vec![
        Fact::StepEntered(StepEntered {
            step: sample_step(),
            number: mark(),
            position: 1,
            form: StepForm::Command,
            headings: vec![mark()],
            title: mark(),
            line: 15,
            end_line: 16,
            prose: vec![(8, 10)],
        }),
        Fact::GatePassed(GatePassed {
            step: sample_step(),
            command: Some(0),
            level: 3,
            unknown: true,
            text: mark(),
            asked: mark(),
            consent: ConsentForm::Typed,
            given: mark(),
        }),
        Fact::Decided(Decided { step: sample_step(), command: Some(0), decision: Decision::RunRest, reason: mark() }),
        Fact::InputGiven(InputGiven {
            step: Some(sample_step()),
            name: InputName::new("pod"),
            value: mark(),
            origin: InputOrigin::Prompt,
        }),
        Fact::OutputCompared(OutputCompared {
            command: Seq(7),
            expected: mark(),
            percent: 80,
            met: true,
            decides: false,
        }),
        Fact::NoteAdded(NoteAdded { step: Some(sample_step()), text: mark() }),
        Fact::ChoiceMade(ChoiceMade { question: mark(), option: Some(mark()), line: 40 }),
        Fact::ChoiceMade(ChoiceMade { question: mark(), option: None, line: 40 }),
        Fact::MessageFilled(MessageFilled { step: sample_step(), text: mark() }),
        Fact::StepFinished(StepFinished { step: sample_step(), result: StepResult::PartlyRun }),
    ]
}

/// At least one fact of every kind in the tables, and of every form of its parts.
pub(crate) fn every_fact() -> Vec<Fact> {
    let run: RunId = "20261124-225103-7c1d9e".parse().unwrap();
    let mut facts = session_facts(&run);
    facts.extend(step_facts());
    facts.extend(
        [
            CommandSource::Document,
            CommandSource::Edited(mark()),
            CommandSource::Placed(mark()),
            CommandSource::Own,
            CommandSource::Until,
            CommandSource::Sampled(mark()),
        ]
        .map(command_started),
    );
    facts.push(command_finished(Outcome::Negative("no match".into()), Some(b"plain")));
    facts.push(command_finished(Outcome::Failed, Some(b"\xff\x00")));
    facts.push(command_finished(Outcome::TimedOut, None));
    facts.extend(every_incident_fact().into_iter().map(|what| {
        Fact::Incident(IncidentEvent {
            by: mark(),
            host: mark(),
            boot: mark(),
            seen: vec![(run.clone(), Seq(3))],
            what,
        })
    }));
    facts
}
