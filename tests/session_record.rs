//! What is on disk, and when; who may connect.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;

use runbook::history::{Decided, Decision, Event, Fact, Mode, Outcome, OutputSource as _, RunResult};
use runbook::ident::Digest;
use runbook::journal;
use runbook::recorder::output_path;
use runbook::recorder::protocol::{WireReply, WireRequest};
use session_support::{Client, PATIENCE, Recorder, session};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn events(recorder: &Recorder) -> Vec<Event> {
    journal::read_journal(&recorder.folder()).unwrap().events
}

fn start(client: &mut Client, text: &str, never_ends: bool) {
    let mut run = Client::command(text);
    run.started.never_ends = never_ends;
    client.send(&WireRequest::Run(Box::new(run)), b"");
}

#[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_engine_loses_nothing_of_the_command_that_runs() {
    let (mut recorder, mut client) = session(Mode::Attended);
    start(&mut client, "for i in {1..200}; do echo line $i; sleep 0.002; done; touch finished; exit 3", false);
    std::thread::sleep(Duration::from_millis(100));
    drop(client);
    recorder.end_when_idle();
    assert!(recorder.dir().join("finished").exists());
    let events = events(&recorder);
    let facts: Vec<&Fact> = events.iter().map(|event| &event.fact).collect();
    let [
        Fact::ShellStarted(_),
        Fact::CommandStarted(_),
        Fact::EngineLost(lost),
        Fact::CommandFinished(finished),
        Fact::RunFinished(over),
    ] = facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(lost.then, "the running command goes on");
    assert_eq!((&finished.outcome, finished.status), (&Outcome::Exited, Some(3)));
    // Somebody stopped it afterwards.
    assert_eq!(over.result, RunResult::Stopped);
    let expected = (1..=200).fold(String::new(), |text, i| text + &format!("line {i}\r\n"));
    let folder = journal::Folder::at_path(&recorder.folder()).map(|folder| folder.run_outputs());
    assert!(
        folder.is_none_or(|outputs| outputs.read_output(finished.started, 0, 1 << 20).unwrap() == expected.as_bytes())
    );
    assert_eq!(finished.output.length_bytes, expected.len() as u64);
    assert_eq!(finished.output.digest, Digest::of_parts(&[finished.output.salt.as_bytes(), expected.as_bytes()]));
}

#[test]
fn an_engine_killed_at_any_moment_loses_no_byte() {
    for round in 0..12 {
        let (mut recorder, mut client) = session(Mode::Attended);
        start(&mut client, "for i in {1..3000}; do echo $i; done; exit 7", false);
        std::thread::sleep(Duration::from_millis(round * 5));
        drop(client);
        recorder.end_when_idle();
        let facts: Vec<Fact> = events(&recorder).into_iter().map(|event| event.fact).collect();
        let Some(Fact::CommandFinished(finished)) = facts.iter().find(|fact| matches!(fact, Fact::CommandFinished(_)))
        else {
            // It was gone before its command was read: nothing ran.
            assert!(!facts.iter().any(|fact| matches!(fact, Fact::CommandStarted(_))), "{facts:?}");
            continue;
        };
        assert_eq!(finished.status, Some(7));
        let expected: String = (1..=3000).fold(String::new(), |text, i| text + &format!("{i}\r\n"));
        let output = std::fs::read(output_path(&recorder.folder(), finished.started)).unwrap();
        assert!(output == expected.as_bytes());
        assert_eq!(finished.output.digest, Digest::of_parts(&[finished.output.salt.as_bytes(), &output]));
    }
}

#[test]
fn an_engine_that_reads_nothing_holds_up_nothing() {
    let (recorder, mut client) = session(Mode::Attended);
    start(&mut client, "seq 1 1500000; touch finished", false);
    until("the command is back", || recorder.dir().join("finished").exists());
    until("its end is recorded", || recorder.journal().contains("command-finished"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.process.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let peak_kib: u64 = peak.trim_end_matches(" kB").parse().unwrap();
    // The pages of the program's own file are many without optimisation, and shared.
    let file = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap().trim();
    let file_kib: u64 = file.trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib - file_kib < 16 << 10, "{peak_kib} KiB, {file_kib} KiB of them the program");
    assert!(matches!(client.reply(), WireReply::Finished(_)));
}

#[test]
fn the_decision_stands_before_the_start_it_led_to() {
    let (recorder, mut client) = session(Mode::Attended);
    let mut run = Client::command("true");
    let decided = Decided {
        step: run.started.step.clone(),
        command: Some(0),
        decision: Decision::Run,
        reason: "Enter".to_owned(),
    };
    run.before = vec![Fact::Decided(decided.clone())];
    client.run_with(run, &[]);
    let facts: Vec<Fact> = events(&recorder).into_iter().map(|event| event.fact).collect();
    let [Fact::ShellStarted(_), Fact::Decided(first), Fact::CommandStarted(_), Fact::CommandFinished(_)] =
        facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(*first, decided);
}

#[test]
fn a_killed_recorder_leaves_a_start_without_an_end_and_no_shell() {
    let (mut recorder, mut client) = session(Mode::Attended);
    let shell = client.run("echo $$").text().trim().to_owned();
    start(&mut client, "echo begun; sleep 30", false);
    until("the start is recorded", || recorder.journal().matches("command-started").count() == 2);
    std::thread::sleep(Duration::from_millis(100));
    recorder.process.kill().unwrap();
    recorder.process.wait().unwrap();
    assert!(matches!(events(&recorder).last().unwrap().fact, Fact::CommandStarted(_)));
    until("bash is gone", || !Path::new(&format!("/proc/{shell}")).exists());
}

#[test]
fn a_session_whose_engine_is_lost_between_commands_waits_until_it_is_stopped() {
    let (mut recorder, mut client) = session(Mode::Attended);
    client.run("trap 'touch exit-trap-ran' EXIT");
    drop(client);
    recorder.end_when_idle();
    assert!(recorder.dir().join("exit-trap-ran").exists());
    let events = events(&recorder);
    let ending: Vec<&Fact> = events.iter().rev().take(2).map(|event| &event.fact).collect();
    assert!(
        matches!(ending[..], [Fact::RunFinished(_), Fact::EngineLost(lost)] if lost.then == "the session waits to be resumed"),
        "{ending:?}"
    );
}

#[test]
fn an_unattended_session_whose_engine_is_lost_ends_the_run() {
    let (mut recorder, client) = session(Mode::Unattended);
    drop(client);
    recorder.wait();
    let last = events(&recorder).pop().unwrap().fact;
    assert!(matches!(last, Fact::RunFinished(over) if over.result == RunResult::Abandoned));
}

#[test]
fn another_engine_takes_a_lost_session_up_with_the_output_so_far_and_its_end() {
    let (recorder, mut client) = session(Mode::Attended);
    client.run("cd /; kept=1; f() { echo called; }");
    start(&mut client, "echo first; sleep 0.5; echo second; (exit 4)", false);
    until("the start is recorded", || recorder.journal().matches("command-started").count() == 2);
    std::thread::sleep(Duration::from_millis(150));
    drop(client);
    until("the engine is lost", || recorder.journal().contains("engine-lost"));
    let mut client = Client::connect(&recorder);
    let WireReply::Welcome { running: Some(begun), .. } = client.reply() else { panic!("nothing runs") };
    assert!(matches!(&begun.last().unwrap().fact, Fact::CommandStarted(started) if started.text.contains("first")));
    let came = client.finished();
    assert_eq!(came.text(), "first\r\nsecond\r\n");
    assert_eq!(client.run("echo $kept; f; pwd").text(), "1\r\ncalled\r\n/\r\n");
}

#[test]
fn a_secret_that_the_session_was_told_is_in_nothing_it_records_or_tells() {
    let (recorder, mut client) = session(Mode::Attended);
    client.send(
        &WireRequest::Hide { secrets: vec![("pw".into(), b"hunter22".to_vec()), ("x".into(), b"ab".to_vec())] },
        b"",
    );
    assert!(
        matches!(client.reply(), WireReply::Hidden { refused } if refused.len() == 1 && refused[0].contains("`x`"))
    );
    let ran = client.run("mkdir -p hunter22; cd hunter22; printf 'hun'; sleep 0.01; printf 'ter22 aHVudGVyMjI=\\n'");
    // On a busy machine the pause is longer than the silence after which three bytes at most are let go.
    let text = ran.text();
    assert_eq!(text.strip_prefix("hun").unwrap_or(&text), "[masked:pw] [masked:pw]I=\r\n");
    assert_eq!(client.run("printf hun; sleep 0.2; echo dred").text(), "hundred\r\n");
    runbook::kernel::register_in_session(&recorder.folder(), vec![("late".into(), "another-one".into())]).unwrap();
    assert_eq!(client.run("echo another-one").text(), "[masked:late]\r\n");
    let journal = recorder.journal();
    assert!(!journal.contains("hunter22") && !journal.contains("another-one"), "{journal}");
}

#[test]
fn a_recorder_told_to_end_records_the_end_of_the_command_first() {
    let (mut recorder, mut client) = session(Mode::Attended);
    start(&mut client, "sleep 30", false);
    until("the start is recorded", || recorder.journal().contains("command-started"));
    std::thread::sleep(Duration::from_millis(100));
    let kill = Command::new("kill").arg(recorder.process.id().to_string()).status().unwrap();
    assert!(kill.success());
    recorder.wait();
    let facts: Vec<Fact> = events(&recorder).into_iter().map(|event| event.fact).collect();
    let [.., Fact::CommandFinished(finished), Fact::RunFinished(over)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((&finished.outcome, over.result), (&Outcome::Interrupted, RunResult::Interrupted));
}

#[test]
fn a_goodbye_lets_the_exit_traps_run_and_leaves_nothing_behind() {
    let (mut recorder, mut client) = session(Mode::Attended);
    client.run("trap 'touch exit-trap-ran' EXIT; sleep 0.1 &");
    client.send(&WireRequest::Bye, b"");
    assert!(client.is_closed());
    recorder.wait();
    assert!(recorder.dir().join("exit-trap-ran").exists());
    assert!(!recorder.socket.exists() && !recorder.socket.parent().unwrap().exists());
    assert!(recorder.process.wait().unwrap().success());
    assert!(events(&recorder).iter().all(|event| !matches!(event.fact, Fact::EngineLost(_))));
}

#[test]
fn a_shell_that_will_not_go_is_hung_up() {
    let (mut recorder, mut client) = session(Mode::Attended);
    client.run("trap 'sleep 100' EXIT");
    client.send(&WireRequest::Bye, b"");
    recorder.wait();
}

#[test]
fn little_output_of_a_quick_command_stands_in_the_event_and_any_other_in_a_file() {
    let (recorder, mut client) = session(Mode::Attended);
    let quick = client.run("echo quick");
    assert_eq!(quick.text(), "quick\r\n");
    assert_eq!(quick.finished.output.inline.as_deref(), Some(&b"quick\r\n"[..]));
    assert_eq!(quick.finished.output.digest, Digest::of_parts(&[quick.finished.output.salt.as_bytes(), b"quick\r\n"]));
    for text in ["printf abc; sleep 0.1", "printf '%5000s'"] {
        let ran = client.run(text);
        let file = std::fs::read(output_path(&recorder.folder(), ran.finished.started)).unwrap();
        assert_eq!(file, ran.output, "{text}");
        let digest = Digest::of_parts(&[ran.finished.output.salt.as_bytes(), &file]);
        assert_eq!(ran.finished.output.digest, digest, "{text}");
    }
}

#[test]
fn nothing_of_a_run_can_be_read_by_others() {
    let (recorder, mut client) = session(Mode::Attended);
    client.run("head -c 5000 /dev/zero | tr '\\0' x; sleep 0.2 && echo late &");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
    let folder = recorder.folder();
    assert_eq!(mode(&folder.join("journal.jsonl")), 0o600);
    assert_eq!(mode(&folder.join("output")), 0o700);
    for entry in std::fs::read_dir(folder.join("output")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert_eq!(mode(&recorder.socket), 0o600);
    let runtime = recorder.socket.parent().unwrap();
    assert_eq!((mode(runtime), mode(runtime.parent().unwrap())), (0o700, 0o700));
    let mut left: Vec<_> = std::fs::read_dir(runtime).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".socket", "RUNBOOK.md"], "the rc file is gone");
    let handed_over = runtime.join("RUNBOOK.md");
    assert_eq!(mode(&handed_over), 0o600);
    let handed_over = std::fs::read_to_string(&handed_over).unwrap();
    assert!(handed_over.chars().all(|c| c == '\n'), "and so are the commands: {handed_over}");
}

#[test]
fn the_shell_gets_no_variable_that_would_change_it_and_sees_neither_descriptor() {
    let (_recorder, mut client) = session(Mode::Attended);
    let ran =
        client.run("env | grep -c -e '^RUNBOOK_' -e '^BASH_ENV' -e '^PROMPT_COMMAND'; ls /proc/self/fd | tr '\\n' ' '");
    // What the test itself was started with is there as well.
    let inherited = Command::new("ls").arg("/proc/self/fd").output().unwrap().stdout;
    let inherited = String::from_utf8(inherited).unwrap().replace('\n', " ");
    assert_eq!(ran.text(), format!("0\r\n{inherited}"));
}

#[test]
fn a_second_engine_is_turned_away_and_an_older_one_told_so() {
    let (recorder, mut client) = session(Mode::Attended);
    let mut second = Client::connect(&recorder);
    assert!(matches!(second.reply(), WireReply::Refused { reason } if reason.contains("another engine")));
    let mut older = Client::connect_as(&recorder, 0);
    assert!(matches!(older.reply(), WireReply::Refused { .. }));
    assert_eq!(client.run("echo still here").text(), "still here\r\n");
}

#[test]
fn garbage_on_the_socket_ends_the_connection_and_nothing_else() {
    let (recorder, mut client) = session(Mode::Attended);
    for bytes in [&[0xff; 64][..], b"\x02\0\0\0\0\0\0\0{}", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = UnixStream::connect(&recorder.socket).unwrap();
        std::io::Write::write_all(&mut stream, bytes).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(std::io::Read::read(&mut stream, &mut [0; 16]).unwrap_or(0), 0);
    }
    assert_eq!(client.run("echo still here").text(), "still here\r\n");
}

#[test]
fn a_command_cannot_drive_its_own_recorder() {
    let (recorder, mut client) = session(Mode::Attended);
    // Whoever connects is told something, or is shut out at once.
    let socket = recorder.socket.display();
    let python = format!(
        "python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"{socket}\"); s.settimeout(5); print(s.recv(1))'"
    );
    let ran = client.run(&format!("{python}; (setsid {python} &) ; sleep 0.3"));
    if ran.text().contains("command not found") {
        println!("skipped: python3 is not there");
        return;
    }
    assert!(ran.text().contains("b''"), "{}", ran.text());
}

/// What a session syncs while it is driven; none where strace is not there or may not look.
fn syncs(mode: Mode, drive: impl FnOnce(&mut Client)) -> Option<String> {
    if Command::new("strace").arg("--version").output().is_err() {
        println!("skipped: strace is not there");
        return None;
    }
    let (recorder, mut client) = session(mode);
    client.run("true");
    let trace = recorder.dir().join("trace");
    let mut strace = Command::new("strace")
        .args(["-e", "trace=fsync,fdatasync,sync_file_range,openat", "-o"])
        .arg(&trace)
        .args(["-p", &recorder.process.id().to_string()])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    drive(&mut client);
    client.send(&WireRequest::Bye, b"");
    strace.wait().unwrap();
    let trace = std::fs::read_to_string(trace).unwrap();
    if trace.is_empty() || trace.contains("EPERM") {
        println!("skipped: strace may not attach");
        return None;
    }
    Some(trace)
}

#[test]
fn an_ordinary_command_costs_two_syncs() {
    let drive = |client: &mut Client| (0..5).for_each(|_| drop(client.run("echo hi")));
    let Some(trace) = syncs(Mode::Attended, drive) else { return };
    assert_eq!(trace.matches("fdatasync(").count(), 10, "{trace}");
    assert_eq!(trace.matches("fsync(").count(), 0, "{trace}");
}

#[expect(clippy::disallowed_methods, reason = "a test's own deadline")]
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(5)
}

fn going_on(text: &str) -> WireRequest {
    let mut run = Client::command(text);
    run.goes_on = true;
    WireRequest::Run(Box::new(run))
}

#[test]
fn the_end_of_a_command_shares_its_sync_with_the_start_that_follows_it_at_once() {
    let drive = |client: &mut Client| {
        // All of them are there already when the first comes back.
        (0..5).for_each(|_| client.send(&going_on("echo hi"), b""));
        (0..5).for_each(|_| drop(client.finished()));
        assert_eq!(client.value("A"), None, "another question waits for the last end");
    };
    let Some(trace) = syncs(Mode::Unattended, drive) else { return };
    assert_eq!(trace.matches("fdatasync(").count(), 6, "{trace}");
}

#[test]
fn an_end_has_the_number_that_was_told_also_when_the_command_has_left_something_running() {
    let (recorder, mut client) = session(Mode::Unattended);
    for text in ["setsid sleep 2 & sleep 0.2", "echo hi", "exit 3", "echo hi"] {
        client.send(&going_on(text), b"");
        let mut told = None;
        until("it is back", || {
            told = match client.try_frame(soon()).unwrap() {
                Some(WireReply::Finished(came)) => Some(came.finished),
                _ => None,
            };
            told.is_some()
        });
        let finished = Event::from(told.unwrap());
        until("it is recorded", || events(&recorder).contains(&finished));
    }
    let left = |event: &Event| matches!(event.fact, Fact::LeftRunning(_));
    assert!(events(&recorder).iter().any(left), "{:?}", events(&recorder));
}

#[test]
fn an_end_that_nothing_follows_is_on_disk_soon_and_its_engine_told_so() {
    let (recorder, mut client) = session(Mode::Unattended);
    client.send(&going_on("echo hi"), b"");
    let mut told = Vec::new();
    until("what was told is on disk", || {
        told.extend(client.try_frame(soon()).unwrap());
        matches!(told.last(), Some(WireReply::Settled))
    });
    let [WireReply::Output { .. }, WireReply::Finished(came), WireReply::Settled] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(!came.settled);
    assert_eq!(events(&recorder).last().unwrap().seq, came.finished.seq);
    // One whose engine waits for an answer is told when it is there.
    let mut ran = Client::command("echo hi");
    ran.goes_on = false;
    client.send(&WireRequest::Run(Box::new(ran)), b"");
    until("it is back", || match client.try_frame(soon()).unwrap() {
        Some(WireReply::Finished(came)) => came.settled,
        _ => false,
    });
}

#[test]
fn a_record_that_cannot_be_written_runs_nothing() {
    let refused = Recorder::try_start_with(Mode::Attended, |options| {
        std::fs::write(options.folder.join("journal.jsonl"), "taken").unwrap();
    });
    assert!(refused.is_err());
    let (recorder, mut client) = session(Mode::Attended);
    // The limit makes the next write of the journal fail, as a full disk would.
    let size = std::fs::metadata(recorder.folder().join("journal.jsonl")).unwrap().len();
    let limit = Command::new("prlimit")
        .args([format!("--fsize={}", size + 100), format!("--pid={}", recorder.process.id())])
        .status();
    if !limit.is_ok_and(|status| status.success()) {
        println!("skipped: prlimit is not there");
        return;
    }
    for _ in 0..2 {
        let failed = client.try_run(Client::command("touch ran"), &[]).unwrap_err();
        assert!(
            matches!(failed, WireReply::Failed { what: runbook::recorder::protocol::Failure::Record, .. }),
            "{failed:?}"
        );
    }
    assert!(!recorder.dir().join("ran").exists());
}

#[test]
fn output_beyond_the_limit_is_counted_and_the_command_not_held_up() {
    let recorder = Recorder::start_with(Mode::Attended, |options| options.limits.output_limit_bytes = 10_000);
    let mut client = Client::drive(&recorder);
    let ran = client.run("head -c 100000 /dev/zero | tr '\\0' x");
    assert_eq!((ran.finished.output.length_bytes, ran.finished.output.kept_bytes), (100_000, 10_000));
    assert_eq!(std::fs::metadata(output_path(&recorder.folder(), ran.finished.started)).unwrap().len(), 10_000);
}

#[test]
fn a_missing_or_broken_bash_is_told() {
    let broken = Recorder::try_start_with(Mode::Attended, |options| options.launch.shell = "/bin/false".into());
    let recorder = broken.unwrap_or_else(|announcement| panic!("{announcement:?}"));
    let mut client = Client::connect(&recorder);
    assert!(matches!(client.reply(), WireReply::Refused { reason } if reason.contains("exit 1")));
}
