//! What of the shell's state is there in the next command, and in the new bash after a death.
//!
//! `RUNBOOK_TEST_CASE=part` runs the cases whose name contains it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod kernel_tables;
mod session_support;

use kernel_tables::{cell, compare, each, field, rows, unescape, wanted};
use runbook::history::Mode;
use session_support::session;

/// What one case told: whether the state was there, and what was said of the new bash.
struct Came {
    kept: bool,
    told: String,
    /// What the run's folder holds of it.
    stored: String,
}

fn run(row: &[String], dies: bool) -> Came {
    let (recorder, mut client) = session(Mode::Attended);
    let temp = tempfile::tempdir().unwrap();
    let text = |index| {
        let text = String::from_utf8(unescape(field(row, index))).unwrap();
        text.replace("@TMP@", temp.path().canonicalize().unwrap().to_str().unwrap())
    };
    client.run(&text(1));
    let mut told = String::new();
    if dies {
        told = client.run("kill -9 $$").respawned.unwrap();
    }
    let ran = client.run(&text(2));
    let kept = ran.text().lines().any(|line| line == text(3));
    if !kept {
        println!("{}: {:?}\n{told}", field(row, 0), ran.text());
    }
    let stored = std::fs::read_to_string(recorder.folder().join("snapshot")).unwrap_or_default();
    Came { kept, told, stored }
}

fn check(file: &str, least: usize, dies: bool) {
    let version = session(Mode::Attended).1.value("BASH_VERSION").unwrap();
    let (rows, some) = wanted(rows(file));
    let came = each(&rows, |row| run(row, dies));
    let kept = came.iter().flatten().filter(|came| came.kept).count();
    let mut lines = vec![format!("{kept} of {} kept.", rows.len()), String::new()];
    lines.push(if dies { "| what | in the new bash | told |" } else { "| what | in the next command |" }.to_owned());
    lines.push(if dies { "|---|---|---|" } else { "|---|---|" }.to_owned());
    for (row, came) in rows.iter().zip(&came) {
        let (kept, told) = came.as_ref().map_or((false, "nothing"), |came| (came.kept, &came.told));
        let told = told.split_once("; not restored: ").map_or("", |(_, told)| told);
        // Numbers of processes differ from run to run.
        let told: String = told.split(" (process").next().unwrap_or_default().to_owned();
        let kept = if kept { "yes" } else { "**no**" };
        let told = if dies { format!(" {} |", cell(&told)) } else { String::new() };
        lines.push(format!("| {} | {kept} |{told}", cell(field(row, 0))));
    }
    println!("bash {version}: {}", lines.join("\n"));
    if some {
        return;
    }
    assert!(kept >= least, "{kept} of {}", rows.len());
    for came in came.iter().flatten() {
        assert!(!came.stored.contains("hunter2"), "a secret was stored");
    }
    compare(file, &version, &lines);
}

#[test]
fn the_state_is_there_in_the_next_command() {
    check("fidelity.tsv", 38, false);
}

#[test]
fn the_state_is_there_in_the_new_bash_after_a_death() {
    check("snapshot.tsv", 27, true);
}
