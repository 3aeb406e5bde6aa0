//! What the machine and a repository are set up to run is not run for us.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::Home;

#[test]
fn a_repository_runs_nothing_when_its_commit_is_recorded() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\necho hi\n```\n");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
        Command::new("git").args(identity).args(arguments).current_dir(home.work()).output()
    };
    let is_committed = [["init", "-q", "."].as_slice(), &["add", "r.md"], &["commit", "-qm", "x"]]
        .iter()
        .all(|arguments| git(arguments).is_ok_and(|output| output.status.success()));
    if !is_committed {
        println!("skipped: git is not here");
        return;
    }
    home.write(".gitattributes", "*.md filter=evil\n");
    for (name, value) in [
        ("filter.evil.clean", "touch canary; cat"),
        ("filter.evil.process", "touch canary"),
        ("core.fsmonitor", "touch canary"),
    ] {
        drop(git(&["config", name, value]));
    }
    let modified = |expected: &str| {
        home.runbook(&["run", "r.md", "--yes"]).exits(0);
        let journals = home.runs().into_iter().filter_map(|run| fs::read_to_string(run.join("journal.jsonl")).ok());
        assert!(journals.into_iter().any(|journal| journal.contains(expected)), "{expected}");
    };
    modified("\"git_modified\":false");
    home.write("r.md", "# R\n\n```bash\necho ho\n```\n");
    modified("\"git_modified\":true");
    assert!(!home.work().join("canary").exists());
}

#[test]
fn the_machines_own_rc_file_is_not_read() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", "# R\n\n```bash\nsleep 2; echo \"[${FROM_MACHINE-unset}]\"\n```\n\n```bash\necho two\n```\n");
    home.write("evil", "touch canary\nFROM_MACHINE=set\nreadonly TMOUT=1\nreadonly PROMPT_COMMAND=\n");
    let evil = home.work().join("evil");
    if !Path::new("/etc/bash.bashrc").exists() {
        println!("skipped: bash has no rc file of the machine here");
        return;
    }
    let script = format!(
        "mount --bind '{}' /etc/bash.bashrc 2>/dev/null || exit 77; exec '{}' run r.md --yes",
        evil.display(),
        env!("CARGO_BIN_EXE_runbook")
    );
    home.write("inside.sh", script);
    let output = home.run(Path::new("unshare"), &["-rm", "bash", "--norc", "inside.sh"], b"");
    if !output.stderr.contains("== R") {
        println!("skipped: no mount namespace can be made here: {}", output.stderr);
        return;
    }
    output.exits(0).prints("[unset]").prints("two");
    assert!(!home.work().join("canary").exists());
}

#[test]
fn a_session_outlives_a_timeout_for_idle_shells_that_a_command_sets() {
    let home = Home::new().env("NO_COLOR", "1");
    let slow = "```bash\nsleep 3; echo \"$KEPT\"\n```\n";
    home.write("r.md", format!("# R\n\n```bash\nreadonly TMOUT=1; KEPT=kept\n```\n\n{slow}\n{slow}"));
    home.runbook(&["run", "r.md", "--yes"]).exits(0).prints("kept\nkept\n");
}
