//! Kills at random moments, a few at the same time: every byte and event that was told of is in the record, and the fate of
//! the command is known, or known to be unknown.
//!
//! A few of them every day; `RUNBOOK_TEST_KILLS=1000` runs that many of the engine, and two fifths as many of the recorder.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;

use runbook::history::{Event, Fact, Mode};
use runbook::ident::Seq;
use runbook::journal;
use runbook::recorder::output_path;
use runbook::recorder::protocol::{WireReply, WireRequest};
use session_support::{Client, Recorder, session};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const AT_ONCE: usize = 4;
const LINES: usize = 3000;

fn kills() -> usize {
    std::env::var("RUNBOOK_TEST_KILLS").map_or(40, |text| text.parse().unwrap())
}

/// A number of milliseconds below `limit`, another one each time.
fn random(limit: u64) -> Duration {
    Duration::from_micros(RandomState::new().build_hasher().finish() % (limit * 1000))
}

fn several(count: usize, one: impl Fn() + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    one();
                }
            });
        }
    });
}

/// What was told of a command before the kill.
#[derive(Default)]
struct Told {
    events: Vec<Seq>,
    /// Output of the commands: where it ends.
    output: Vec<(Seq, u64)>,
}

/// Runs commands until a moment has passed or the recorder is gone, and keeps what it is told.
fn listen(client: &mut Client, until: Instant) -> Told {
    let mut told = Told::default();
    let text = format!("for ((i = 0; i < {LINES}; i++)); do echo \"line $i\"; done");
    while Instant::now() < until {
        client.send_if_there(&WireRequest::Run(Box::new(Client::command(&text))));
        while Instant::now() < until {
            match client.try_frame(until) {
                Ok(Some(WireReply::Output { command: Some(seq), offset, length, .. })) => {
                    told.output.push((seq, offset + length));
                }
                Ok(Some(WireReply::Finished(came))) => {
                    told.events.extend(came.begun.iter().map(|event| event.seq));
                    told.events.push(came.finished.seq);
                    break;
                }
                Ok(_) => {}
                Err(()) => return told,
            }
        }
    }
    told
}

/// Everything that was told is in the record. What a command printed is a beginning of what it would have.
fn is_recorded(recorder: &Recorder, told: &Told, events: &[Event]) {
    for seq in &told.events {
        assert!(events.iter().any(|event| event.seq == *seq), "event {seq:?} is not there");
    }
    let whole = (0..LINES).map(|i| format!("line {i}\n")).collect::<Vec<_>>().concat();
    for (seq, end) in &told.output {
        let stored = std::fs::read(output_path(&recorder.folder(), *seq)).unwrap_or_else(|_| inline(events, *seq));
        assert!(stored.len() as u64 >= *end, "{} of {end} bytes of {seq:?}", stored.len());
        assert!(whole.as_bytes().starts_with(&stored), "{seq:?} is not as it was printed");
    }
}

fn inline(events: &[Event], command: Seq) -> Vec<u8> {
    let finished = events.iter().find_map(|event| match &event.fact {
        Fact::CommandFinished(finished) if finished.started == command => finished.output.inline.clone(),
        _ => None,
    });
    finished.unwrap_or_default()
}

/// Starts without an end.
fn open(events: &[Event]) -> usize {
    let count = |wanted: fn(&Fact) -> bool| events.iter().filter(|event| wanted(&event.fact)).count();
    count(|fact| matches!(fact, Fact::CommandStarted(_))) - count(|fact| matches!(fact, Fact::CommandFinished(_)))
}

#[test]
fn an_engine_killed_at_a_random_moment_loses_nothing() {
    several(kills(), || {
        let (mut recorder, mut client) = session(Mode::Unattended);
        let told = listen(&mut client, Instant::now() + random(120));
        drop(client);
        recorder.wait();
        let events = journal::read_journal(&recorder.folder()).unwrap().events;
        is_recorded(&recorder, &told, &events);
        assert_eq!(open(&events), 0, "the command has no end");
        for event in &events {
            if let Fact::CommandFinished(finished) = &event.fact {
                let whole: usize = (0..LINES).map(|i| format!("line {i}\n").len()).sum();
                assert_eq!(finished.output.length_bytes, whole as u64);
            }
        }
    });
}

#[test]
fn a_recorder_killed_at_a_random_moment_loses_nothing_it_told_of() {
    let unknown = AtomicUsize::new(0);
    several(kills() * 2 / 5, || {
        let (mut recorder, mut client) = session(Mode::Unattended);
        let folder = recorder.folder();
        let until = Instant::now() + random(120);
        let told = std::thread::scope(|scope| {
            let listening = scope.spawn(|| listen(&mut client, until + Duration::from_secs(5)));
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            recorder.process.kill().unwrap();
            recorder.process.wait().unwrap();
            listening.join().unwrap()
        });
        let events = journal::read_journal(&folder).unwrap_or_else(|error| panic!("{error}")).events;
        is_recorded(&recorder, &told, &events);
        assert!(open(&events) <= 1);
        unknown.fetch_add(open(&events), Ordering::Relaxed);
    });
    println!("{} commands without an end", unknown.load(Ordering::Relaxed));
}
