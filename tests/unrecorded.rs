//! A record that cannot be written, as the operator at the terminal meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use std::path::Path;
use std::process::Command;
use support::{Home, Terminal, needs};

const STEPS: &str = "# S\n\n```bash\n# First\necho first\n\n\
    # Flood\nuntil [ -e go ]; do sleep 0.05; done; head -c 3000000 /dev/zero | tr '\\0' x | fold -w 70; echo the end of it; touch done\n\n\
    # Third\ntouch ran; echo shown and not kept\n\n# Fourth\necho fourth\n```\n";

fn recorder(folder: &Path) -> String {
    let journal = folder.join("journal.jsonl");
    let mut pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let holds = |pid: &String| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok();
        files.into_iter().flatten().flatten().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == journal))
    };
    pids.find(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()) && holds(pid)).unwrap()
}

/// The largest file that the process may write from here on.
fn limit(pid: &str, bytes: &str) {
    let set = Command::new("prlimit").args(["--pid", pid, &format!("--fsize={bytes}:")]).status().unwrap();
    assert!(set.success());
}

fn journal(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("journal.jsonl")).unwrap()
}

#[test]
fn when_the_record_fails_the_command_ends_well_its_last_mib_is_shown_and_the_next_runs_only_when_unrecorded_is_typed() {
    if !needs("prlimit") {
        return;
    }
    let home = Home::new().env("NO_COLOR", "1");
    home.write("steps.md", STEPS);
    let mut terminal = Terminal::runbook(&home, &["run", "steps.md"]);
    terminal.wait_for_output("1 First").wait_for_output("? help").run_it();
    terminal.wait_for_output("2 Flood").wait_for_output("? help").run_it();
    let folder = home.runs().pop().unwrap();
    terminal.wait_until("the command's start in the journal", |_| {
        journal(&folder).contains("until [ -e go ]") && home.work().join("ran").metadata().is_err()
    });
    let pid = recorder(&folder);
    let written = journal(&folder);
    limit(&pid, &written.len().to_string());
    let before = terminal.raw().len();
    home.write("go", "");
    terminal.wait_for_output("the end of it");
    assert!(home.work().join("done").exists(), "neither killed nor blocked");
    let shown = String::from_utf8_lossy(&terminal.raw()[before..]).matches('x').count();
    assert!(shown >= 1_000_000, "the last MiB is shown: {shown}");
    assert_eq!(journal(&folder), written, "nothing was written");

    terminal.wait_for_output("3 Third").wait_for_output("? help").run_it();
    terminal.wait_for_output("its start cannot be recorded").wait_for_output("type `unrecorded` to run it");
    terminal.send("yes\r").wait_for_output("? help");
    assert!(!home.work().join("ran").exists(), "any other word does not run it");
    terminal.run_it().wait_for_output("type `unrecorded` to run it").send("unrecorded\r");
    terminal.wait_for_output("shown and not kept");
    assert!(home.work().join("ran").exists());

    terminal.wait_for_output("4 Fourth").wait_for_output("? help");
    limit(&pid, "unlimited");
    terminal.run_it().wait_for_output("transcript: ");
    terminal.wait_exit();
    assert!(journal(&folder).starts_with(&written) && journal(&folder).contains("\"record-failed\""));
    drop(home.runbook(&["verify"]).exits(0).prints("each as it was written"));
    drop(home.runbook(&["transcript"]).exits(0).prints("fourth"));
}
