//! The real program, killed as a process at random moments, several at the same time: all that it has shown is in the record,
//! the command it ran comes to its end, and the fate of each is known.
//!
//! A few every day; `RUNBOOK_TEST_KILLS=1000 cargo test --test engine_kills` runs that many.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod support;

use runbook::history::{Event, Fact, OutputSource as _};
use runbook::journal;
use runbook::journal::Folder;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::Home;

const AT_ONCE: usize = 4;
const ROUNDS: usize = 6;
const PATIENCE: Duration = Duration::from_mins(1);
/// Printing, quiet, changing the session, and long output, so that a kill meets each; and some that leave the shell as it is, so that
/// the next is sent ahead.
const ROUND: &str = "for i in {1..400}; do echo \"line $i\"; done; sleep 0.01; head -c 20000 /dev/zero | tr '\\0' x; echo\n\
                     seq 300\necho short\nsleep 0.005\nseq 4000\n";

fn kills() -> usize {
    std::env::var("RUNBOOK_TEST_KILLS").map_or(24, |text| text.parse().unwrap())
}

fn random(limit: Duration) -> Duration {
    let micros = u64::try_from(limit.as_micros()).unwrap();
    Duration::from_micros(RandomState::new().build_hasher().finish() % micros)
}

/// What was seen of one kill.
#[derive(Default)]
struct Seen {
    /// It came before there was a record.
    early: AtomicUsize,
    /// It came after the run's end.
    late: AtomicUsize,
    /// It came while a command ran, or between two.
    between: AtomicUsize,
    bytes: AtomicUsize,
}

#[test]
fn what_a_killed_engine_has_shown_is_in_the_record_and_its_command_comes_to_an_end() {
    let (next, seen) = (AtomicUsize::new(0), Seen::default());
    let took = whole_run();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < kills() {
                    one(random(took * 2), &seen);
                }
            });
        }
    });
    let [early, late, between, bytes] =
        [&seen.early, &seen.late, &seen.between, &seen.bytes].map(|count| count.load(Ordering::Relaxed));
    println!(
        "{early} before there was a record, {between} within the run, {late} after its end; {bytes} bytes compared"
    );
    assert!(between > 0, "no kill met a run");
}

fn document(home: &Home) {
    let steps = ROUND.repeat(ROUNDS);
    home.write("r.md", format!("# R\n\n```bash\n{steps}```\n"));
}

fn start(home: &Home) -> std::process::Child {
    let shown = File::create(home.work().join("shown")).unwrap();
    let mut command = home.command(env!("CARGO_BIN_EXE_runbook"));
    command.args(["run", "--yes", "--allow", "unknown", "r.md"]).stdin(Stdio::null()).stderr(Stdio::null());
    command.stdout(shown).spawn().unwrap()
}

/// How long one takes that is not killed.
fn whole_run() -> Duration {
    let home = Home::new();
    document(&home);
    let begun = Instant::now();
    assert!(start(&home).wait().unwrap().success());
    begun.elapsed()
}

fn one(after: Duration, seen: &Seen) {
    let home = Home::new();
    document(&home);
    let mut engine = start(&home);
    std::thread::sleep(after);
    engine.kill().unwrap();
    let ended = engine.wait().unwrap();
    let Some(folder) = home.runs().pop().and_then(|run| Folder::at_path(&run)) else {
        seen.early.fetch_add(1, Ordering::Relaxed);
        return;
    };
    settle(&home, &folder);
    let Ok(journal) = journal::read_journal(folder.folder_path()) else {
        assert!(!folder.journal_path().exists(), "the record cannot be read");
        seen.early.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let count = |wanted: fn(&Fact) -> bool| journal.events.iter().filter(|event| wanted(&event.fact)).count();
    let starts = count(|fact| matches!(fact, Fact::CommandStarted(_)));
    let ends = count(|fact| matches!(fact, Fact::CommandFinished(_)));
    assert_eq!(starts, ends, "a command has no end: {:?}", journal.events.last());
    let shown = std::fs::read(home.work().join("shown")).unwrap();
    let recorded = outputs(&folder, &journal.events);
    assert!(recorded.starts_with(&shown), "{} bytes were shown, {} are recorded", shown.len(), recorded.len());
    seen.bytes.fetch_add(shown.len(), Ordering::Relaxed);
    let which = if ended.success() {
        assert_eq!(recorded.len(), shown.len());
        &seen.late
    } else {
        &seen.between
    };
    which.fetch_add(1, Ordering::Relaxed);
}

/// The recorder goes by itself: an unattended run ends after the running command.
fn settle(home: &Home, folder: &Folder) {
    let end = Instant::now() + PATIENCE;
    let lives = || folder.is_live() || !is_empty(&home.work().join("../run/runbook"));
    while lives() {
        assert!(Instant::now() < end, "the recorder is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_empty(folder: &Path) -> bool {
    !std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// All that the commands printed, in order.
fn outputs(folder: &Folder, events: &[Event]) -> Vec<u8> {
    let mut source = folder.run_outputs();
    let mut all = Vec::new();
    for event in events {
        if let Fact::CommandFinished(finished) = &event.fact {
            source.remember_inline(finished);
            all.extend(source.read_output(finished.started, 0, 1 << 20).unwrap());
        }
    }
    all
}
