//! A command that was sent ahead: run by itself when the one before it came back well, and never otherwise.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;
mod support;

use runbook::history::{Fact, Mode, Outcome};
use runbook::journal;
use runbook::recorder::protocol::{RunRequest, WireReply, WireRequest};
use rustix::process::{Pid, Signal};
use session_support::{Client, Recorder, session};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::Home;

const PATIENCE: Duration = Duration::from_secs(20);

fn request(text: &str, is_ahead: bool) -> WireRequest {
    WireRequest::Run(Box::new(RunRequest { goes_on: true, is_ahead, ..Client::command(text) }))
}

fn texts(folder: &Path) -> Vec<String> {
    let events = journal::read_journal(folder).unwrap().events;
    let started = events.into_iter().filter_map(|event| match event.fact {
        Fact::CommandStarted(started) => Some(started.text),
        _ => None,
    });
    started.collect()
}

fn outcome(reply: WireReply) -> Outcome {
    let WireReply::Finished(came) = reply else { panic!("{reply:?}") };
    let Fact::CommandFinished(finished) = came.finished.fact else { panic!("{came:?}") };
    finished.outcome
}

/// A session whose shell has told what it is like, as an engine has it before it runs anything.
fn known(mode: Mode) -> (Recorder, Client) {
    let (recorder, mut client) = session(mode);
    ask_shell(&mut client);
    (recorder, client)
}

fn ask_shell(client: &mut Client) {
    client.send(&WireRequest::Shadows { known: None }, b"");
    assert!(matches!(client.reply(), WireReply::Shadows { .. }));
}

fn ahead_after(recorder: &Recorder, client: &mut Client, text: &str) -> Vec<String> {
    client.send(&request(text, false), b"");
    client.send(&request("echo ahead", true), b"");
    drop(client.reply());
    // Behind it in the queue: when this is back, that was taken up or was not.
    client.run("echo behind");
    texts(&recorder.folder())
}

#[test]
fn a_command_that_was_sent_ahead_is_run_without_another_word_from_the_engine() {
    let (recorder, mut client) = known(Mode::Unattended);
    client.send(&request("echo first", false), b"");
    client.send(&request("echo ahead", true), b"");
    assert_eq!(outcome(client.reply()), Outcome::Succeeded);
    assert_eq!(outcome(client.reply()), Outcome::Succeeded);
    assert_eq!(texts(&recorder.folder()), ["echo first", "echo ahead"]);
    client.send(&WireRequest::Bye, b"");
}

#[test]
fn it_is_run_also_when_the_one_before_it_was_back_already() {
    let (recorder, mut client) = known(Mode::Unattended);
    client.run_with(RunRequest { goes_on: true, ..Client::command("echo first") }, &[]);
    client.send(&request("echo ahead", true), b"");
    assert_eq!(outcome(client.reply()), Outcome::Succeeded);
    assert_eq!(texts(&recorder.folder()), ["echo first", "echo ahead"]);
    client.send(&WireRequest::Bye, b"");
}

#[test]
fn it_is_run_in_the_new_shell_when_the_old_one_ends_in_between() {
    let (recorder, mut client) = known(Mode::Unattended);
    client.run("(sleep 0.4; kill -9 $$) &");
    ask_shell(&mut client);
    client.run("echo first");
    std::thread::sleep(Duration::from_secs(1));
    client.send(&request("echo ahead", true), b"");
    assert_eq!(outcome(client.reply()), Outcome::Succeeded);
    let journal = recorder.journal();
    let died = journal.find("shell-died").unwrap();
    assert!(died < journal.find("echo ahead").unwrap() && died > journal.find("echo first").unwrap(), "{journal}");
    client.send(&WireRequest::Bye, b"");
}

#[test]
fn it_is_not_run_after_anything_that_needs_thought() {
    let (recorder, mut client) = known(Mode::Unattended);
    let mut expected = Vec::new();
    for text in [
        "false",
        "true | false",
        "exit 3",
        "X=1",
        "cd /",
        "f() { echo; }",
        "set -u",
        "no-such-program",
        "kill -9 $$",
        "if",
    ] {
        let found = ahead_after(&recorder, &mut client, text);
        expected.extend([text, "echo behind"]);
        assert_eq!(found, expected, "after `{text}`");
    }
    client.send(&WireRequest::Bye, b"");
}

#[test]
fn it_is_not_run_when_its_engine_is_gone() {
    let (recorder, mut client) = known(Mode::Attended);
    client.send(&request("sleep 0.5", false), b"");
    client.send(&request("echo ahead", true), b"");
    std::thread::sleep(Duration::from_millis(200));
    drop(client);
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(texts(&recorder.folder()), ["sleep 0.5"]);
    let mut client = Client::drive(&recorder);
    client.send(&request("echo ahead", false), b"");
    assert_eq!(outcome(client.reply()), Outcome::Succeeded);
    client.send(&WireRequest::Bye, b"");
}

fn start(home: &Home) -> Child {
    let mut command = home.command(env!("CARGO_BIN_EXE_runbook"));
    command.args(["run", "--yes", "--allow", "unknown", "r.md"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn wait_for_start(home: &Home, text: &str) {
    let end = Instant::now() + PATIENCE;
    while !home.runs().first().is_some_and(|run| {
        std::fs::read_to_string(run.join("journal.jsonl"))
            .is_ok_and(|journal| journal.contains(&format!("\"text\":\"{text}\"")))
    }) {
        assert!(Instant::now() < end, "`{text}` was not started");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn cells(home: &Home, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| format!("```bash\n{cell}\n```\n\nand\n")).collect();
    home.write("r.md", format!("# R\n\n{}", cells.join("\n")));
}

fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn the_record_of_an_unattended_run_is_the_same_whatever_was_sent_ahead() {
    let home = Home::new();
    let texts = [
        "echo a",
        "echo b\necho c",
        "cd /tmp",
        "echo d",
        "X=1",
        "echo $X",
        "f() { echo f; }",
        "f",
        "echo e",
        "false",
        "echo no",
    ];
    cells(&home, &texts);
    let output = home.runbook(&["run", "--yes", "--allow", "unknown", "--input", "X=1", "r.md"]).exits(1);
    assert_eq!(output.stdout, "a\nb\nc\nd\n1\nf\ne\n");
    let events = journal::read_journal(&home.runs()[0]).unwrap().events;
    let kinds: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::StepEntered(entered) => Some(format!("enter {}", entered.number)),
            Fact::Decided(_) => Some("decide".to_owned()),
            Fact::CommandStarted(started) => Some(format!("start {}", started.text)),
            Fact::CommandFinished(finished) => Some(format!("finish {:?}", finished.outcome)),
            Fact::StepFinished(finished) => Some(format!("leave {:?}", finished.result)),
            _ => None,
        })
        .collect();
    let mut expected = Vec::new();
    for (place, text) in texts[..10].iter().enumerate() {
        expected.push(format!("enter {}", place + 1));
        let (outcome, result) = if *text == "false" { ("Failed", "Failed") } else { ("Succeeded", "Done") };
        for line in text.lines() {
            expected.extend(["decide".to_owned(), format!("start {line}"), format!("finish {outcome}")]);
        }
        // The rules of the run stop it.
        expected.extend((outcome == "Failed").then(|| "decide".to_owned()));
        expected.push(format!("leave {result}"));
    }
    assert_eq!(kinds, expected);
}

#[test]
fn ctrl_c_ends_the_command_that_was_sent_ahead_and_the_run() {
    let home = Home::new();
    cells(&home, &["echo a", "sleep 30", "echo no"]);
    let engine = start(&home);
    wait_for_start(&home, "sleep 30");
    signal(&engine, Signal::INT);
    let ended = engine.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("interrupted") && !told.contains("> echo no"), "{told}");
    assert_eq!(texts(&home.runs()[0]), ["echo a", "sleep 30"]);
}

#[test]
fn what_was_sent_ahead_is_not_run_when_the_engine_is_killed() {
    let home = Home::new();
    cells(&home, &["echo a", "sleep 1", "touch there"]);
    let mut engine = start(&home);
    wait_for_start(&home, "sleep 1");
    engine.kill().unwrap();
    engine.wait().unwrap();
    let end = Instant::now() + PATIENCE;
    let ended = || {
        journal::read_journal(&home.runs()[0])
            .unwrap()
            .events
            .iter()
            .any(|event| matches!(event.fact, Fact::RunFinished(_)))
    };
    while !ended() {
        assert!(Instant::now() < end, "the run did not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(texts(&home.runs()[0]), ["echo a", "sleep 1"]);
    assert!(!home.work().join("there").exists());
}
