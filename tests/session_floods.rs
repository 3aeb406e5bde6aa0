//! Much output, and output that does not end: the record is whole or says what is missing, memory stays flat, Ctrl-C is prompt.
//!
//! The sizes here are for every day; `RUNBOOK_TEST_FLOOD_MB=1024` runs them in full.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;

use runbook::history::{Mode, Outcome};
use runbook::ident::{Clock as _, RunId, SystemClock};
use runbook::kernel::{Session, StartOptions};
use runbook::ports::{Stream, Watch};
use runbook::recorder::output_path;
use runbook::recorder::protocol::{WireReply, WireRequest};
use session_support::{Client, Recorder, session};
use std::time::{Duration, Instant};

const RECORDER_KB: u64 = 16 << 10;
const ENGINE_KB: u64 = 64 << 10;

fn megabytes() -> u64 {
    std::env::var("RUNBOOK_TEST_FLOOD_MB").map_or(64, |text| text.parse().unwrap())
}

/// The most memory a process has had, in KiB, without the pages of the program's own file: those are many without
/// optimisation, and shared.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    };
    of("VmHWM:") - of("RssFile:")
}

/// Runs it with a client that only waits for its end.
fn finished(client: &mut Client, text: &str) -> runbook::history::CommandFinished {
    client.send(&WireRequest::Run(Box::new(Client::command(text))), b"");
    loop {
        let WireReply::Finished(came) = client.reply() else { continue };
        if let runbook::history::Fact::CommandFinished(finished) = came.finished.fact {
            return finished;
        }
    }
}

#[test]
fn a_line_of_any_length_is_recorded_in_flat_memory() {
    for mode in [Mode::Attended, Mode::Unattended] {
        let (recorder, mut client) = session(mode);
        let bytes = megabytes() * 1_000_000;
        let start = Instant::now();
        let ended = finished(&mut client, &format!("head -c {bytes} /dev/zero | tr '\\0' a"));
        println!("{mode:?}: {bytes} bytes in {:?}, recorder {} KiB", start.elapsed(), memory(recorder.process.id()));
        assert_eq!(ended.output.length_bytes, bytes);
        let path = output_path(&recorder.folder(), ended.started);
        assert_eq!(std::fs::metadata(path).unwrap().len(), ended.output.kept_bytes);
        assert!(memory(recorder.process.id()) < RECORDER_KB, "{} KiB", memory(recorder.process.id()));
    }
}

/// Sees everything and keeps nothing.
#[derive(Default)]
struct Counted(u64);

impl Watch for Counted {
    fn on_output(&mut self, _: Stream, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn on_quiet(&mut self, _: Duration, _: Duration) {}
}

#[test]
fn an_engine_that_shows_all_of_it_stays_small() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    let program = env!("CARGO_BIN_EXE_runbook").into();
    let run = RunId::generate_at(&SystemClock::start_now().now());
    let mut options = StartOptions::new(program, run, folder, temp.path().to_owned(), Mode::Unattended);
    options.shell.search_path = std::env::var_os("PATH");
    options.runtime_dir = Some(temp.path().to_owned());
    let mut session = Session::start(&options).unwrap();
    let mut seen = Counted::default();
    let bytes = megabytes() << 20;
    let text = format!("head -c {bytes} /dev/zero | tr '\\0' '\\n'");
    session.run_command(Client::command(&text), &mut seen).unwrap();
    assert_eq!(seen.0, bytes);
    let (engine, recorder) = (memory(std::process::id()), memory(session.recorder_pid()));
    println!("engine {engine} KiB, recorder {recorder} KiB");
    assert!(engine < ENGINE_KB && recorder < RECORDER_KB, "engine {engine} KiB, recorder {recorder} KiB");
}

#[test]
fn ctrl_c_ends_a_flood_at_once() {
    for text in ["yes", "yes | cat", "while :; do echo flood; done", "cat /dev/urandom"] {
        let (recorder, mut client) = session(Mode::Attended);
        client.send(&WireRequest::Run(Box::new(Client::command(text))), b"");
        std::thread::sleep(Duration::from_millis(1500));
        client.send(&WireRequest::Input, &[3]);
        let pressed = Instant::now();
        let WireReply::Finished(_) = client.reply() else { unreachable!() };
        let took = pressed.elapsed();
        println!("`{text}`: {took:?}, recorder {} KiB", memory(recorder.process.id()));
        assert!(took < Duration::from_secs(2), "`{text}`: {took:?}");
        assert!(memory(recorder.process.id()) < RECORDER_KB);
        assert_eq!(client.run("echo usable").text(), "usable\r\n");
    }
}

#[test]
fn a_disk_that_is_nearly_full_is_not_filled() {
    let recorder = Recorder::start_with(Mode::Unattended, |options| options.limits.free_disk_percent = 101);
    let mut client = Client::drive(&recorder);
    let ended = finished(&mut client, "head -c 20000000 /dev/zero; echo end >&2");
    assert_eq!(ended.output.length_bytes, 20_000_004);
    assert!(ended.output.kept_bytes < 4 << 20, "{} bytes", ended.output.kept_bytes);
    assert_eq!(ended.outcome, Outcome::Succeeded);
    assert_eq!(client.run("echo small").text(), "small\n");
}

#[test]
fn jobs_in_the_background_cannot_fill_the_disk_either() {
    let recorder = Recorder::start_with(Mode::Unattended, |options| options.limits.output_limit_bytes = 1 << 20);
    let mut client = Client::drive(&recorder);
    client.run("yes & echo begun");
    std::thread::sleep(Duration::from_millis(500));
    client.run("kill %1; wait; echo gone");
    let path = runbook::recorder::background_path(&recorder.folder());
    assert!(std::fs::metadata(path).unwrap().len() <= 1 << 20);
}

#[test]
fn a_never_ending_command_left_alone_is_ended_after_its_time() {
    let recorder =
        Recorder::start_with(Mode::Attended, |options| options.limits.monitor_alone = Duration::from_millis(300));
    let mut client = Client::drive(&recorder);
    let mut run = Client::command("tail -f /dev/null");
    run.started.never_ends = true;
    client.send(&WireRequest::Run(Box::new(run)), b"");
    std::thread::sleep(Duration::from_millis(200));
    drop(client);
    let end = Instant::now() + Duration::from_secs(10);
    while !recorder.journal().contains("ended-by-time") {
        assert!(Instant::now() < end, "{}", recorder.journal());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_order_of_two_streams_is_that_of_their_arrival() {
    let (_recorder, mut client) = session(Mode::Unattended);
    let text = "for i in 1 2 3 4 5 6 7 8 9; do echo o$i; sleep 0.01; echo e$i >&2; sleep 0.01; done";
    let ran = client.run(text);
    let expected = (1..10).map(|i| format!("o{i}\ne{i}\n")).collect::<Vec<_>>().concat();
    assert_eq!(ran.text(), expected);
}
