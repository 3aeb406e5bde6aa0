//! Writes the record of a long run, to measure rendering on: `cargo run --release --example long-record FOLDER EVENTS MEGABYTES`.
//!
//! Invariant: the same arguments give the same commands and the same outputs. Prints the run's folder.

#![expect(clippy::print_stdout, reason = "an example says where it wrote")]

use runbook::history::{
    Answers, Captured, CommandFinished, CommandSource, CommandStarted, End, Fact, Mode, NoteAdded, Outcome,
    RunFinished, RunResult, RunStarted, RunbookIdentity, StepEntered, StepFinished, StepForm, StepResult,
};
use runbook::ident::{Anchor, Clock as _, Digest, RunId, Seq, StepId, SystemClock};
use runbook::journal::{Folders, JournalWriter};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// A step is entered, a command started and finished, a note written, the step left.
const EVENTS_A_STEP: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, events, megabytes] = arguments.as_slice() else {
        return Err("give a folder, a number of events and a number of megabytes".into());
    };
    let (events, megabytes): (u64, u64) = (events.parse()?, megabytes.parse()?);
    let run: RunId = "20261124-225103-7c1d9e".parse()?;
    let folder = Folders::with_root(Path::new(folder)).create_folder(&run)?;
    let mut writer = JournalWriter::create_journal(folder.folder_path(), &run)?;
    let clock = SystemClock::start_now();
    let steps = (events / EVENTS_A_STEP).max(1);
    let bytes_each = megabytes * 1_000_000 / steps;
    writer.append_facts(&[Fact::RunStarted(run_started(&run, steps))], clock.now())?;
    let mut seq = 1;
    for step in 0..steps {
        let output = output(step, bytes_each);
        let command = Seq(seq + 2);
        if output.len() > 4096 {
            std::fs::write(folder.output_path(command), &output)?;
        }
        writer.append_facts(&facts(step, command, &output), clock.now())?;
        seq += EVENTS_A_STEP;
    }
    let end = RunFinished { result: RunResult::Completed, reason: String::new(), next: None };
    writer.append_facts(&[Fact::RunFinished(end)], clock.now())?;
    println!("{}", folder.folder_path().display());
    Ok(())
}

fn run_started(run: &RunId, steps: u64) -> RunStarted {
    RunStarted {
        run: run.clone(),
        runbook: RunbookIdentity {
            path: "LONG.md".into(),
            title: "A long run".into(),
            digest: Digest::of_bytes(b""),
            git_commit: None,
            git_modified: false,
        },
        procedure: Anchor::new("long"),
        procedure_title: "A long run".into(),
        steps: u32::try_from(steps).unwrap_or(u32::MAX),
        host: "db-1".into(),
        user: "alice".into(),
        cwd: "/srv".into(),
        mode: Mode::Attended,
        version: "0.1.0".into(),
        flags: Vec::new(),
    }
}

fn facts(step: u64, command: Seq, output: &[u8]) -> [Fact; 5] {
    let id = StepId::new(format!("s{step}"));
    let salt = "00112233445566778899aabbccddeeff";
    let is_small = output.len() <= 4096;
    let (outcome, status) = if step % 50 == 49 { (Outcome::Failed, 1) } else { (Outcome::Succeeded, 0) };
    [
        Fact::StepEntered(StepEntered {
            step: id.clone(),
            number: (step + 1).to_string(),
            position: u32::try_from(step + 1).unwrap_or(u32::MAX),
            form: StepForm::Command,
            headings: vec!["A long run".into(), format!("Part {}", step / 100 + 1)],
            title: format!("Copy table {step}"),
            line: 1,
            end_line: 1,
            prose: Vec::new(),
        }),
        Fact::CommandStarted(CommandStarted {
            step: id.clone(),
            command: Some(0),
            of: 1,
            attempt: 1,
            source: CommandSource::Document,
            text: format!("pg_dump --table t{step} orders | psql reports"),
            line: 1,
            level: Some(0),
            never_ends: false,
            answers: Answers::default(),
        }),
        Fact::CommandFinished(CommandFinished {
            started: command,
            end: End::Ran,
            outcome,
            status: Some(status),
            pipestatus: vec![status],
            cwd: "/srv".into(),
            took_ns: 1_000_000 + step % 1000 * 1_000_000,
            output: Captured {
                length_bytes: output.len() as u64,
                kept_bytes: output.len() as u64,
                digest: Digest::of_parts(&[salt.as_bytes(), output]),
                all_digest: None,
                salt: salt.into(),
                inline: is_small.then(|| output.to_vec()),
            },
        }),
        Fact::NoteAdded(NoteAdded { step: Some(id.clone()), text: format!("table {step} looks right") }),
        Fact::StepFinished(StepFinished { step: id, result: StepResult::Done }),
    ]
}

/// Lines with colours, and a progress bar now and then.
fn output(step: u64, bytes: u64) -> Vec<u8> {
    let mut text = String::new();
    let mut line: u64 = 0;
    while (text.len() as u64) < bytes {
        line += 1;
        // Writing to a string cannot fail.
        let _ = if line.is_multiple_of(20) {
            write!(text, "\rcopying {line:>6} rows\x1b[K")
        } else {
            write!(
                text,
                "\x1b[32mINSERT\x1b[0m 0 1  step {step} row {line} \u{2713} 2026-11-24T22:51:03Z order={line:08x}\r\n"
            )
        };
    }
    text.into_bytes()
}
