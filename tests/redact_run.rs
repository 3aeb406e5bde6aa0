//! A secret that got into a run's record can be taken out of every file of it.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

mod support;

use std::path::PathBuf;
use support::Home;

const DOCUMENT: &str = "# R\n\n## Look\n\n```bash\nlogin hunter2secret\n```\n\n```bash\nX=hunter2secret; \
                        printf '%s\\n' \"$X\"; seq 3000; echo \"$X\"; false\n```\n\n```bash\necho fine\n```\n";

/// A run that failed, so its snapshot is still there.
fn open_run() -> (Home, PathBuf, String) {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", DOCUMENT);
    home.program("login", "#!/bin/sh\n");
    drop(home.runbook(&["run", "--yes", "--allow", "unknown", "r.md#look"]));
    let run = home.runs().pop().unwrap();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    (home, run, name)
}

fn files_with(run: &std::path::Path, text: &str) -> Vec<String> {
    let found = std::process::Command::new("grep").args(["-rlF", text]).arg(run).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    found.lines().map(|line| line.rsplit('/').next().unwrap().to_owned()).collect()
}

fn seq_of(run: &std::path::Path, what: &str) -> String {
    let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
    journal.lines().position(|line| line.contains(what)).unwrap().to_string()
}

#[test]
fn redact_names_what_still_holds_the_text_of_a_dropped_event() {
    let (home, run, name) = open_run();
    assert!(!files_with(&run, "hunter2secret").is_empty());
    let seq = seq_of(&run, "\"kind\":\"command-started\"");
    let said = home.runbook(&["redact", &name, "--seq", &seq]).exits(0);
    let said = said.says("was dropped; event").says("still there: runbook.md").says("still there: step ids");
    drop(said.says(&format!("`runbook redact {name} --secret --everywhere`")));
    drop(home.runbook(&["verify", &name]).exits(0).prints("its text was dropped on purpose"));
}

#[test]
fn a_dry_run_says_what_would_be_cleared_and_changes_nothing() {
    let (home, run, name) = open_run();
    let before: Vec<_> =
        ["journal.jsonl", "runbook.md", "transcript.md"].map(|f| std::fs::read(run.join(f)).unwrap()).into();
    let said = home
        .runbook_with_input(&["redact", &name, "--secret", "--everywhere", "--dry-run"], b"hunter2secret\n")
        .exits(0);
    let said = said.says("would drop the text of event").says("would clear: runbook.md").says("would clear: step ids");
    drop(said.says("would write anew: transcript.md").says("nothing was changed"));
    let after: Vec<_> =
        ["journal.jsonl", "runbook.md", "transcript.md"].map(|f| std::fs::read(run.join(f)).unwrap()).into();
    assert!(before == after);
}

#[test]
fn a_secret_is_cleared_from_every_file_of_a_run_and_its_record_still_verifies() {
    let (home, run, name) = open_run();
    let receipt = home.runbook(&["verify", &name]).exits(0).stdout.lines().last().unwrap().to_owned();
    let said = home.runbook_with_input(&["redact", &name, "--secret", "--everywhere"], b"hunter2secret\n").exits(0);
    let said = said.says("replaced in: runbook.md").says("replaced in: step ids").says("written anew: transcript.md");
    drop(said.says("no other file of the run holds the text").says("receipts from before no longer hold"));
    assert_eq!(files_with(&run, "hunter2secret"), Vec::<String>::new());
    assert_eq!(files_with(&run, "hunter2"), Vec::<String>::new());
    assert!(!run.join("snapshot").exists());
    let verified = home.runbook(&["verify", &name]).exits(0);
    let verified =
        verified.prints("`runbook.md` is as a redaction left it").prints("transcript: as the record renders it");
    drop(verified.prints("its text was dropped on purpose"));
    drop(home.runbook(&["verify", &name, "--receipt", &receipt]).exits(1).says("a redaction that replaced names"));
    drop(home.runbook(&["transcript", &name]).exits(0).prints("[redacted]"));
    // Whoever changes the document after that is found out.
    let document = std::fs::read_to_string(run.join("runbook.md")).unwrap();
    std::fs::write(run.join("runbook.md"), document.replace("fine", "nice")).unwrap();
    drop(home.runbook(&["verify", &name]).exits(1).says("`runbook.md` is not the document that ran"));
    drop(
        home.runbook_with_input(&["redact", &name, "--secret"], b"hunter2secret\n")
            .exits(0)
            .says("nothing was dropped"),
    );
}

#[test]
fn redact_refuses_a_secret_that_stands_in_ordinary_text_and_an_incident_with_everywhere() {
    let (home, _, name) = open_run();
    drop(home.runbook_with_input(&["redact", &name, "--secret"], b"ab\n").exits(2).says("fewer than 4 bytes"));
    drop(home.runbook(&["redact", &name]).exits(2).says("--seq"));
}
