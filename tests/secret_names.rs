//! Secrets that a name, a place or a source marks as such, in spellings that no list foresees.

mod support;

use std::fs;
use std::path::Path;
use support::{Home, Terminal};

const SECRET: &str = "hunter2secret";
/// Reads a word without echo, and says so in no option of `read`.
const UNECHOED: &str = "stty -echo; printf 'Word: '; read -r answer; stty echo";

fn home(text: &str) -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", text);
    home
}

/// Everything in the folders of the runs.
fn left(home: &Home) -> String {
    fn read(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, all);
            } else {
                all.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()));
            }
        }
    }
    let mut all = String::new();
    home.runs().iter().for_each(|run| read(run, &mut all));
    all
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

#[test]
fn a_placeholder_assigned_to_a_secrets_variable_is_no_argument_and_is_read_from_a_file() {
    let home = home("# R\n\n```bash\nAPI_TOKEN=\"<paste it here>\"\n```\n\n```bash\necho \"${#API_TOKEN}\"\n```\n");
    home.write("tok", format!("{SECRET}\n"));
    let given = format!("paste it here={SECRET}");
    home.runbook(&["run", "r.md", "--yes", "--input", &given]).exits(2).says("is a secret, and an argument");
    home.runbook(&["run", "r.md", "--yes", "--input", "paste it here=@tok"]).exits(0).prints("13");
    assert!(!left(&home).contains(SECRET));
}

#[test]
fn a_fetched_secret_is_held_to_the_rules_of_its_input() {
    let text = "---\ninputs:\n  db_pass: {type: secret, pattern: '[0-9]+', from: cat tok}\n---\n# R\n\n```bash\nprintf %s {{ db_pass }} | wc -c\n```\n";
    let home = home(text);
    home.write("tok", format!("{SECRET}\n"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("unseen").wait_for_output("? help").send("y").wait_for_output("does not match");
    terminal.wait_for_output("db_pass = ").send("12345\r");
    terminal.wait_for_output("? help").run_it().wait_for_output("exit 0").exits(0);
    assert!(!left(&home).contains(SECRET));
    assert!(!String::from_utf8_lossy(terminal.raw()).contains(SECRET));
}

#[test]
fn a_command_that_fails_to_fetch_a_secret_is_named_with_its_status() {
    let text = "---\ninputs:\n  db_pass: {type: secret, from: cat nosuch}\n---\n# R\n\n```bash\nprintf %s {{ db_pass }} | wc -c\n```\n";
    let home = home(text);
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("unseen").wait_for_output("? help").send("y");
    terminal.wait_for_output("`cat nosuch` failed").wait_for_output("db_pass = ").send("12345\r");
    terminal.wait_for_output("? help").run_it().wait_for_output("exit 0").wait_exit();
}

#[test]
fn a_secret_literal_is_not_compared_with_a_listing() {
    let home = home(
        "# R\n\n```bash\nls copies\n```\n\n```bash\nDB_PASSWORD=copies/orders_20250301.gz\n```\n\n```bash\necho \"${#DB_PASSWORD}\"\n```\n",
    );
    home.write("copies/orders_20260301.gz", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it().wait_for_output("step 2 of 3").wait_for_output("? help");
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    assert!(!raw.contains("names just listed"), "{raw}");
    terminal.send("q").exits(3);
}

#[test]
fn the_question_says_where_each_value_came_from() {
    let text = "---\ninputs:\n  db_pass: {type: secret, from: cat tok}\n---\n# R\n\n```bash\nls copies\n```\n\n```bash\necho <host> {{ db_pass }} > /dev/null\n```\n\n```bash\necho <host> <port>\n```\n";
    let home = home(text);
    home.write("tok", format!("{SECRET}\n"));
    home.write("copies/x", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md", "--input", "port=5432"]);
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("host = ").send("db1\r");
    terminal.wait_for_output("unseen").wait_for_output("? help").send("y");
    terminal.wait_for_output("`db_pass` fetched by a command").wait_for_output("? help").run_it();
    terminal.wait_for_output("values: `host` typed, `port` given at the start").wait_for_output("? help").run_it();
    terminal.wait_for_output("db1 5432").exits(0);
    assert!(!left(&home).contains(SECRET));
}
