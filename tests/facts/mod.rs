//! Facts for the tests of the record: one of every kind, and builders for those that tests vary.

use runbook::history::{
    Answer, Answers, Captured, ChoiceMade, CommandFinished, CommandSource, CommandStarted, Decided, Decision, End,
    EngineLost, Fact, InputGiven, InputOrigin, LeftRunning, MessageFilled, Mode, NoteAdded, Other, Outcome,
    RunFinished, RunResult, RunStarted, RunbookIdentity, ShellDied, ShellStarted, StateLost, StepEntered, StepFinished,
    StepForm, StepResult,
};
use runbook::ident::{Anchor, Digest, InputName, Moment, Seq, StepId};
use std::time::Duration;

/// Some seconds after the run's start.
pub(crate) fn moment(seconds: u64) -> Moment {
    let start: jiff::Timestamp = "2026-11-24T22:51:03.123456Z".parse().unwrap();
    Moment {
        utc: start + Duration::from_secs(seconds),
        mono: Duration::from_nanos(1_000_003 + seconds * 1_000_000_000),
    }
}

pub(crate) fn note(text: &str) -> Fact {
    Fact::NoteAdded(NoteAdded { step: Some(StepId::new("s1")), text: text.into() })
}

pub(crate) fn captured(bytes: &[u8]) -> Captured {
    let salt = "00112233445566778899aabbccddeeff";
    Captured {
        length_bytes: bytes.len() as u64,
        kept_bytes: bytes.len() as u64,
        digest: Digest::of_parts(&[salt.as_bytes(), bytes]),
        all_digest: None,
        salt: salt.into(),
        inline: Some(bytes.to_vec()),
    }
}

pub(crate) fn finished(started: Seq, output: &[u8]) -> Fact {
    Fact::CommandFinished(CommandFinished {
        started,
        end: End::Ran,
        outcome: Outcome::Succeeded,
        status: Some(0),
        pipestatus: vec![0],
        cwd: "/srv/app".into(),
        took_ns: 412_000_000,
        output: captured(output),
    })
}

pub(crate) fn run_started() -> RunStarted {
    RunStarted {
        run: "20261124-225103-7c1d9e".parse().unwrap(),
        runbook: RunbookIdentity {
            path: "ops/RUNBOOK.md".into(),
            title: "Orders platform".into(),
            digest: Digest::of_bytes(b"the document"),
            git_commit: Some("4f2a9c1e7b6d5a4c3b2a19181716151413121110".into()),
            git_modified: true,
        },
        procedure: Anchor::new("database-recovery"),
        procedure_title: "Database recovery".into(),
        steps: 8,
        host: "db-1".into(),
        user: "alice".into(),
        cwd: "/srv/app".into(),
        mode: Mode::Attended,
        version: "0.1.0".into(),
        flags: vec!["--from 3".into()],
    }
}

pub(crate) fn entered(step: &str, number: &str, title: &str, form: StepForm) -> StepEntered {
    StepEntered {
        step: StepId::new(step),
        number: number.into(),
        position: 1,
        form,
        headings: vec!["Orders platform".into(), "Database recovery".into()],
        title: title.into(),
        line: 15,
        end_line: 16,
        prose: vec![],
    }
}

pub(crate) fn started(
    step: &str,
    command: Option<u32>,
    attempt: u32,
    source: CommandSource,
    text: &str,
) -> CommandStarted {
    CommandStarted {
        step: StepId::new(step),
        command,
        of: 2,
        attempt,
        source,
        text: text.into(),
        line: if command.is_some() { 15 } else { 0 },
        level: Some(0),
        never_ends: false,
        answers: Answers::default(),
    }
}

pub(crate) fn decided(step: &str, command: Option<u32>, decision: Decision, reason: &str) -> Fact {
    Fact::Decided(Decided { step: StepId::new(step), command, decision, reason: reason.into() })
}

const DECISIONS: [Decision; 11] = [
    Decision::Run,
    Decision::RunRest,
    Decision::Skip,
    Decision::Edit,
    Decision::Retry,
    Decision::GoOn,
    Decision::Own,
    Decision::Done,
    Decision::Back,
    Decision::Stop,
    Decision::Decline,
];
const ENDS: [End; 9] = [
    End::Ran,
    End::Returned,
    End::Exited,
    End::Errexit,
    End::Thrown,
    End::Stopped,
    End::Aborted,
    End::ShellDied,
    End::Unknown,
];
const FORMS: [StepForm; 4] = [StepForm::Command, StepForm::Guessed, StepForm::Task, StepForm::Message];
const STEP_RESULTS: [StepResult; 5] =
    [StepResult::Done, StepResult::DoneWithFailures, StepResult::Skipped, StepResult::PartlyRun, StepResult::Failed];
const RUN_RESULTS: [RunResult; 5] =
    [RunResult::Completed, RunResult::Failed, RunResult::Stopped, RunResult::Interrupted, RunResult::Abandoned];

fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome::Succeeded,
        Outcome::Negative("no match".into()),
        Outcome::Failed,
        Outcome::Interrupted,
        Outcome::EndedByOperator,
        Outcome::EndedByTime,
        Outcome::TimedOut,
        Outcome::Suspended,
        Outcome::Exited,
        Outcome::ShellEnded,
        Outcome::Unknown,
    ]
}

fn answers() -> Answers {
    let no_match = Answer { status: 1, meaning: "no match".into(), only_if_printed: None };
    let expires = Answer { status: 1, meaning: "will expire".into(), only_if_printed: Some("will \"expire\"".into()) };
    Answers(vec![vec![], vec![no_match, expires]])
}

/// Every fact, with every word of every enumeration.
pub(crate) fn every_fact() -> Vec<Fact> {
    let mut facts = vec![
        Fact::RunStarted(run_started()),
        Fact::RunStarted(RunStarted { mode: Mode::Unattended, flags: vec![], ..run_started() }),
        Fact::ShellStarted(ShellStarted {
            pid: 4711,
            program: "/bin/bash".into(),
            version: "5.2.37(1)-release".into(),
        }),
    ];
    for form in FORMS {
        let prose = vec![(8, 10), (12, 12)];
        facts.push(Fact::StepEntered(StepEntered { prose, ..entered("s1", "3.1", "Check for backups", form) }));
    }
    facts.extend(DECISIONS.map(|decision| decided("s1", Some(1), decision, "because it\u{202e} \"must\"\n")));
    facts.push(decided("s1", None, Decision::Done, ""));
    for origin in [InputOrigin::Flag, InputOrigin::Prompt, InputOrigin::Default] {
        let step = (origin != InputOrigin::Flag).then(|| StepId::new("s1"));
        facts.push(Fact::InputGiven(InputGiven { step, name: InputName::new("pod"), value: "api-0".into(), origin }));
    }
    for source in [
        CommandSource::Document,
        CommandSource::Edited("ls backups".into()),
        CommandSource::Placed("ls <folder>".into()),
        CommandSource::Own,
    ] {
        let command = (source != CommandSource::Own).then_some(0);
        let started = started("s1", command, 2, source, "docker logs app |\n\tgrep 'ERROR\u{1b}'");
        facts.push(Fact::CommandStarted(CommandStarted { never_ends: true, answers: answers(), ..started }));
    }
    for (i, outcome) in outcomes().into_iter().enumerate() {
        let outputs: [&[u8]; 3] = [b"plain \xe2\x9c\x93\r\n\x1b[1mbold\x1b[0m", b"\xff\xfe\x00", b""];
        let Fact::CommandFinished(mut finished) = finished(Seq(20), outputs[i % 3]) else { continue };
        finished.end = ENDS[i % ENDS.len()];
        finished.status = (outcome != Outcome::ShellEnded).then_some(1);
        if i == 5 {
            finished.output.inline = None;
        }
        facts.push(Fact::CommandFinished(CommandFinished { outcome, pipestatus: vec![0, 1], ..finished }));
    }
    facts.push(note("a note"));
    facts.push(Fact::NoteAdded(NoteAdded { step: None, text: String::new() }));
    for option in [Some("Restore from backup".to_owned()), None] {
        facts.push(Fact::ChoiceMade(ChoiceMade { question: "Which?".into(), option, line: 40 }));
    }
    facts.push(Fact::MessageFilled(MessageFilled { step: StepId::new("s1"), text: "We are *down*.\n".into() }));
    for result in STEP_RESULTS {
        facts.push(Fact::StepFinished(StepFinished { step: StepId::new("s1"), result }));
    }
    facts.push(Fact::ShellDied(ShellDied { how: "signal 9".into() }));
    facts.push(Fact::StateLost(StateLost { what: "open descriptors 5".into() }));
    facts.push(Fact::LeftRunning(LeftRunning { processes: vec!["`sleep 60` (process 7)".into()] }));
    facts.push(Fact::EngineLost(EngineLost { then: "the running command goes on".into() }));
    facts.push(Fact::Other(Other {
        kind: "from-the-future".into(),
        fields: [("answer", "42"), ("payload", r#"{"why":"\u00e9"}"#)].map(|(n, j)| (n.into(), j.into())).into(),
    }));
    for result in RUN_RESULTS {
        let next = (result == RunResult::Stopped).then(|| StepId::new("s2"));
        facts.push(Fact::RunFinished(RunFinished { result, reason: "enough".into(), next }));
    }
    facts
}
