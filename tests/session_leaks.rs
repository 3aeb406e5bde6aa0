//! A long session leaks nothing: descriptors, memory of bash and of the recorder, files.
//!
//! A few hundred commands every day; `RUNBOOK_TEST_COMMANDS=20000 cargo test --test session_leaks -- --nocapture` runs that
//! many and prints what was measured.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod session_support;

use runbook::history::Mode;
use session_support::{Client, Recorder, session};
use std::path::Path;

/// What a command of a runbook may do to a shell, over and over.
const COMMANDS: &[&str] = &[
    "echo hi",
    "X=$((${X:-0} + 1)); export Y=$X",
    "f() { echo \"$1\"; }; f again",
    "cd /tmp; cd - > /dev/null",
    "true & wait $!",
    "ls / | grep -q usr",
    "A=(1 2 3); unset A",
    "exec 5< /dev/null; exec 5<&-",
    "cat <<E\n$X\nE",
    "(exit 3)",
    "head -c 10000 /dev/zero | tr '\\0' x",
    "exit 4",
    "set -e; false",
    "trap 'true' USR2",
];
/// Those of them that bash unwinds to its top level (the second sets `-e`, which ends the third from then on). It never gives
/// back what it held of such a command: 0.8 KiB of an `exit`, 1.8 KiB of a failure under `set -e`. Any other costs nothing.
const UNWOUND: &[&str] = &["exit 4", "set -e; false", "(exit 3)"];
const UNWOUND_KIB: u64 = 2;
/// So much may come and go with the moment.
const MEMORY_KIB: u64 = 2048;

fn commands() -> usize {
    std::env::var("RUNBOOK_TEST_COMMANDS").map_or(300, |text| text.parse().unwrap())
}

#[derive(Debug)]
struct Held {
    shell_descriptors: usize,
    shell_kib: u64,
    recorder_descriptors: usize,
    recorder_kib: u64,
    runtime_files: usize,
}

fn held(recorder: &Recorder, shell: u32) -> Held {
    let descriptors = |pid: u32| std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let kib = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().to_owned();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let process = recorder.process.id();
    Held {
        shell_descriptors: descriptors(shell),
        shell_kib: kib(shell),
        recorder_descriptors: descriptors(process),
        recorder_kib: kib(process),
        runtime_files: std::fs::read_dir(recorder.socket.parent().unwrap()).unwrap().count(),
    }
}

fn run_all(client: &mut Client, count: usize) {
    for text in COMMANDS.iter().cycle().take(count) {
        client.run(text);
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_long_session_holds_no_more_at_its_end_than_near_its_beginning() {
    let (recorder, mut client) = session(Mode::Unattended);
    run_all(&mut client, 10 * COMMANDS.len());
    let shell = runbook::kernel::session_state(&recorder.folder()).unwrap().shell;
    let before = held(&recorder, shell);
    let count = commands();
    run_all(&mut client, count);
    let state = runbook::kernel::session_state(&recorder.folder()).unwrap();
    assert_eq!(state.shell, shell, "it is still the same bash");
    let after = held(&recorder, shell);
    println!("before {before:?}\nafter {count} commands {after:?}");
    assert_eq!(before.shell_descriptors, after.shell_descriptors);
    // One may be a visitor's that is about to be closed.
    assert!(after.recorder_descriptors <= before.recorder_descriptors + 1);
    assert_eq!(before.runtime_files, after.runtime_files);
    let unwound = (0..count).filter(|n| UNWOUND.contains(&COMMANDS[n % COMMANDS.len()])).count();
    let unwound_kib = u64::try_from(unwound).unwrap() * UNWOUND_KIB;
    assert!(after.shell_kib <= before.shell_kib + MEMORY_KIB + unwound_kib, "bash grew");
    assert!(after.recorder_kib <= before.recorder_kib + MEMORY_KIB, "the recorder grew");
    let kept = recorder.journal().lines().filter(|line| line.contains("\"kind\":\"command-finished\"")).count();
    assert_eq!(kept, count + 10 * COMMANDS.len());
    // A file for each output that is too long for the record's own line, and none for the others.
    let long =
        (0..10 * COMMANDS.len()).chain(0..count).filter(|n| COMMANDS[n % COMMANDS.len()].starts_with("head")).count();
    assert!(files(&recorder.folder().join("output")) <= long + count / 4, "{long} outputs are long");
}
