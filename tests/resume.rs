//! Going on with a run: after `q`, after a crash, from another terminal.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use std::time::Duration;
use support::{Home, Terminal};

const STEPS: &str = "# Steps\n\n```bash\n# First\nKEPT=kept; cd /tmp\n\n# Second\necho second >> ran; echo $KEPT $PWD\n\n\
                     # Third\necho third\n```\n";

fn home() -> Home {
    Home::new().env("NO_COLOR", "1")
}

fn journal(home: &Home) -> String {
    std::fs::read_to_string(home.runs().pop().unwrap().join("journal.jsonl")).unwrap()
}

fn recorder(home: &Home) -> String {
    let folder = home.runs().pop().unwrap();
    let found = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).find_map(|entry| {
        let pid = entry.file_name().into_string().ok().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let holds = std::fs::read_dir(entry.path().join("fd"))
            .ok()?
            .filter_map(Result::ok)
            .any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == folder.join("journal.jsonl")));
        (holds && String::from_utf8_lossy(&line).contains("__recorder")).then_some(pid)
    });
    found.unwrap()
}

fn kill(pid: &str) {
    assert!(std::process::Command::new("kill").args(["-9", pid]).status().unwrap().success());
}

fn start(home: &Home, steps: &str) -> Terminal {
    home.write("steps.md", steps);
    Terminal::runbook(home, &["run", "steps.md"])
}

#[test]
fn a_run_left_with_q_goes_on_at_its_step_in_the_same_journal() {
    let home = home();
    let mut terminal = start(&home, STEPS);
    terminal.wait_for_output("1 First").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Second").wait_for_output("? help").send("q");
    terminal.wait_for_output("go on with it: runbook resume ");
    terminal.exits(3);
    drop(home.runbook(&["runs"]).exits(0).prints("resume"));

    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("1 of 3 steps").wait_for_output("2 Second").wait_for_output("? help").send("\r");
    terminal.wait_for_output("kept /tmp");
    terminal.wait_for_output("3 Third").wait_for_output("? help").send("\r").wait_for_output("transcript: ");
    terminal.exits(0);
    let journal = journal(&home);
    assert_eq!(journal.matches("\"run-started\"").count(), 1);
    assert_eq!(journal.matches("\"run-resumed\"").count(), 1);
    assert_eq!(journal.matches("\"command-started\"").count(), 3, "nothing ran twice: {journal}");
    drop(home.runbook(&["verify"]).exits(0).prints("each as it was written"));
    drop(home.runbook(&["transcript"]).exits(0).prints("resumed"));
}

#[test]
fn a_session_whose_engine_was_killed_goes_on_with_its_shell_and_the_command_that_runs() {
    let home = home();
    let steps = "# S\n\n```bash\n# Set\nKEPT=kept; cd /usr\n\n# Slow\nfor i in 1 2 3 4; do echo \"line $i\"; sleep 0.7; done\n\n# After\necho \"$KEPT in $PWD\"\n```\n";
    let mut terminal = start(&home, steps);
    terminal.wait_for_output("1 Set").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Slow").wait_for_output("? help").send("\r").wait_for_output("line 2");
    terminal.hang_up();
    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("line 1").wait_for_output("line 4");
    terminal.wait_for_output("3 After").wait_for_output("? help").send("\r").wait_for_output("kept in /usr");
    terminal.wait_for_output("transcript: ");
    terminal.exits(0);
    assert_eq!(journal(&home).matches("\"command-started\"").count(), 3);
}

#[test]
fn a_command_whose_recorder_was_killed_is_unknown_and_never_runs_again_by_itself() {
    let home = home();
    let steps = "# S\n\n```bash\n# Slow\necho begun; echo x >> ran; sleep 30\n\n# After\necho after\n```\n";
    let mut terminal = start(&home, steps);
    terminal.wait_for_output("1 Slow").wait_for_output("? help").send("\r").wait_for_output("begun");
    std::thread::sleep(Duration::from_millis(400));
    kill(&recorder(&home));
    terminal.exits(4);
    drop(home.runbook(&["runs"]).exits(0).prints("unknown").prints("resume"));
    let home = home.env("USER", "grace");
    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("nobody recorded its end").wait_for_output("begun").wait_for_output("old shell is gone");
    terminal.wait_for_output("? help").send("g");
    terminal.wait_for_output("2 After").wait_for_output("? help").send("\r").wait_for_output("transcript: ");
    terminal.exits(1);
    assert_eq!(home.read("ran"), "x\n");
    let journal = journal(&home);
    assert_eq!(journal.matches("echo begun").count(), 1, "{journal}");
    assert!(journal.contains("\"user\":\"grace\""), "{journal}");
    drop(home.runbook(&["verify"]).exits(0).prints("no end recorded"));
}

#[test]
fn a_second_terminal_is_refused_with_the_name_of_the_first_and_the_run_can_be_stopped() {
    let home = home();
    let mut terminal = start(&home, STEPS);
    terminal.wait_for_output("1 First").wait_for_output("? help");
    let mut second = Terminal::runbook(&home, &["resume"]);
    second.wait_for_output("the run is driven by operator on").wait_for_output("terminal /dev/pts/");
    second.exits(2);
    drop(home.runbook(&["redact", "latest", "--seq", "1"]).exits(2).says("is live"));
    drop(home.runbook(&["stop"]).exits(0));
    // It hears of it while it waits for a key, and says who did it.
    terminal.wait_for_output("the run was ended: stopped by operator on");
    terminal.exits(3);
    let transcript = home.runbook(&["transcript"]).exits(0).stdout;
    assert!(transcript.contains("stopped by operator on"), "{transcript}");
    drop(home.runbook(&["stop"]).exits(2).says("is not live"));
}

#[test]
fn a_changed_document_is_shown_as_a_diff_and_its_changed_steps_are_asked_about() {
    let home = home();
    let mut terminal = start(&home, STEPS);
    terminal.wait_for_output("1 First").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Second").wait_for_output("? help").send("q");
    terminal.exits(3);
    home.write("steps.md", STEPS.replace("KEPT=kept; cd /tmp", "KEPT=changed; cd /usr"));
    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("the document has changed since").wait_for_output("+KEPT=changed; cd /usr");
    terminal.wait_for_output("1 First").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Second").wait_for_output("? help").send("\r").wait_for_output("changed /usr");
    terminal.wait_for_output("3 Third").wait_for_output("? help").send("\r").wait_for_output("transcript: ");
    terminal.exits(0);
}

#[test]
fn a_secret_added_to_a_live_run_is_masked_and_what_holds_it_already_is_named() {
    let home = home();
    let steps = "# S\n\n```bash\n# One\necho \"early: hunt\"\"er22\"\n\n# Two\necho \"late: hunt\"\"er22\"\n```\n";
    let mut terminal = start(&home, steps);
    terminal.wait_for_output("1 One").wait_for_output("? help").send("\r").wait_for_output("2 Two");
    let added = home.runbook_with_input(&["mask", "add", "--name", "pw"], b"hunter22\n").exits(0);
    let line = added.stderr.lines().find(|line| line.contains("holds it already")).unwrap().to_owned();
    terminal.wait_for_output("? help").send("\r").wait_for_output("late: [masked:pw]").wait_for_output("transcript: ");
    terminal.exits(0);
    let seq = line.split(' ').nth(1).unwrap();
    let before = home.runbook(&["verify"]).exits(0).stdout;
    let receipt = before.lines().last().unwrap().to_owned();
    drop(home.runbook(&["redact", "latest", "--seq", seq, "--reason", "a password"]).exits(0));
    let folder = home.runs().pop().unwrap();
    let everything = std::process::Command::new("grep").args(["-r", "hunter22"]).arg(&folder).output().unwrap();
    assert!(everything.stdout.is_empty(), "{}", String::from_utf8_lossy(&everything.stdout));
    drop(
        home.runbook(&["verify", "--receipt", &receipt])
            .exits(0)
            .prints("dropped on purpose")
            .prints("the last 1 events"),
    );
    drop(home.runbook(&["redact", "latest", "--seq", seq]).exits(2).says("was dropped before"));
    drop(home.runbook(&["transcript"]).exits(0).prints("a password").prints("[redacted]"));
}
