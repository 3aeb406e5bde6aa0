//! Secrets that a name, a place or a source marks as such, in spellings that no list foresees.

mod support;

use std::fs;
use support::{Home, Terminal};

const SECRET: &str = "hunter2secret";
/// Reads a word without echo, and says so in no option of `read`.
const UNECHOED: &str = "stty -echo; printf 'Word: '; read -r answer; stty echo";

fn home(text: &str) -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", text);
    home
}

fn snapshot(home: &Home) -> String {
    home.runs().first().and_then(|run| fs::read_to_string(run.join("snapshot")).ok()).unwrap_or_default()
}

/// The snapshot after a first step into which this line was typed unseen.
fn snapshot_after_typing(typed: &str, step: &str) -> String {
    let home = home(&format!("# R\n\n```bash\n{step}\n```\n\n```bash\nseen=marker\n```\n\n```bash\necho end\n```\n"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it().wait_for_output("Word: ").send(typed);
    terminal.wait_for_output("step 2 of 3").wait_for_output("? help").run_it();
    terminal.wait_for_output("step 3 of 3").wait_for_output("? help");
    let snapshot = snapshot(&home);
    terminal.send("q").exits(3);
    assert!(snapshot.contains("marker"), "{snapshot}");
    snapshot
}

#[test]
fn a_password_that_bash_must_quote_is_in_no_snapshot() {
    for (typed, part) in [("ab\"cd$ef`gh\\\\ij\r", "gh"), ("it's-here\r", "here"), ("tab\\there\r", "here")] {
        let snapshot = snapshot_after_typing(typed, UNECHOED);
        assert!(snapshot.contains("left out: answer") && !snapshot.contains(part), "{typed:?}: {snapshot}");
    }
}

#[test]
fn a_password_that_was_corrected_while_typed_is_in_no_snapshot() {
    // A letter of two bytes, a word and a whole line are taken back.
    for typed in ["hunterä\x7f2\r", "wrong \x17hunter2\r", "wrong\x15hunter2\r"] {
        let snapshot = snapshot_after_typing(typed, UNECHOED);
        assert!(snapshot.contains("left out: answer") && !snapshot.contains("hunter"), "{typed:?}: {snapshot}");
    }
}

#[test]
fn a_password_that_is_read_without_a_line_end_is_in_no_snapshot() {
    let snapshot = snapshot_after_typing("hunter2x", "read -rs -n 8 -p 'Word: ' answer; echo");
    assert!(snapshot.contains("left out: answer") && !snapshot.contains("hunter2x"), "{snapshot}");
}

#[test]
fn a_short_password_is_in_no_snapshot() {
    let snapshot = snapshot_after_typing("qz\r", UNECHOED);
    assert!(snapshot.contains("left out: answer"), "{snapshot}");
}

#[test]
fn what_is_read_silently_from_a_file_is_in_no_snapshot() {
    for step in ["read -rs answer < tok", "IFS= read -s -r answer <tok", "read -sr -t 5 first answer < tok"] {
        let home =
            home(&format!("# R\n\n```bash\n{step}\n```\n\n```bash\nseen=marker\n```\n\n```bash\necho end\n```\n"));
        home.write("tok", format!("{SECRET} {SECRET}\n"));
        let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
        terminal.wait_for_output("? help").run_it();
        terminal.wait_for_output("step 2 of 3").wait_for_output("? help").run_it();
        terminal.wait_for_output("step 3 of 3").wait_for_output("? help");
        let snapshot = snapshot(&home);
        terminal.send("q").exits(3);
        assert!(snapshot.contains("marker") && !snapshot.contains(SECRET), "{step}: {snapshot}");
    }
}
