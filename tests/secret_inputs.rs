//! Secrets by their names, from their sources, and what a run leaves of them.

mod support;

use std::fs;
use std::path::Path;
use support::{Home, Terminal};

const SECRET: &str = "hunter2secret";

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

#[test]
fn what_is_read_without_echo_is_in_no_snapshot_whatever_its_variable_is_called() {
    let home = home(
        "# R\n\n```bash\nread -rs -p 'Word: ' answer; echo\n```\n\n```bash\ncopy=\"x$answer\"\n```\n\n```bash\necho ${#copy}\n```\n",
    );
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("Word: ").send(format!("{SECRET}\r"));
    terminal.wait_for_output("step 2 of 3").wait_for_output("? help").send("\r");
    terminal.wait_for_output("step 3 of 3").wait_for_output("? help");
    let snapshot =
        home.runs().first().and_then(|run| fs::read_to_string(run.join("snapshot")).ok()).unwrap_or_default();
    assert!(snapshot.contains("left out: answer") && snapshot.contains("left out: copy"), "{snapshot}");
    terminal.send("q").exits(3);
    assert!(!left(&home).contains(SECRET));
}

#[test]
fn the_documents_own_word_is_never_taken_for_a_secret() {
    let home = home("# R\n\n```bash\necho \"new-anthropic-key\" > key\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("new-anthropic-key = ").send("\r").wait_for_output("a value is needed");
    terminal.wait_for_output("new-anthropic-key = ").send(format!("{SECRET}\r"));
    terminal.wait_for_output("? help").send("y").wait_for_output("exit 0").exits(0);
    assert_eq!(home.read("key"), format!("{SECRET}\n"));
    assert!(!left(&home).contains(SECRET));
}

#[test]
fn a_single_s_skips_the_command_and_is_no_secret() {
    let home = home("# R\n\n```bash\necho \"new-anthropic-key\" > key\n```\n\n```bash\necho after\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("skips it").wait_for_output("new-anthropic-key = ").send("s\r");
    terminal.wait_for_output("step 2 of 2").wait_for_output("? help").send("\r").wait_for_output("after");
    terminal.exits(0);
    assert!(!home.work().join("key").exists());
}

#[test]
fn a_secret_can_be_read_from_a_file_at_its_question() {
    let home = home("# R\n\n```bash\necho ${#API_TOKEN}\n```\n");
    home.write("tok", format!("{SECRET}\n"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("API_TOKEN = ").send("@nosuch\r").wait_for_output("is not a file with a secret");
    terminal.wait_for_output("API_TOKEN = ").send("@tok\r");
    terminal.wait_for_output("? help").send("\r").wait_for_output("13").exits(0);
    assert!(!left(&home).contains(SECRET));
}

#[test]
fn the_name_of_the_variable_says_that_a_placeholder_is_a_secret() {
    let home = home("# R\n\n```bash\nAPI_TOKEN=\"<paste it here>\"\n```\n\n```bash\necho ${#API_TOKEN}\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("is not shown and kept nowhere").wait_for_output("paste it here = ");
    terminal.send(format!("{SECRET}\r")).wait_for_output("? help").send("\r");
    terminal.wait_for_output("step 2 of 2").wait_for_output("? help").send("\r").wait_for_output("13").exits(0);
    assert!(!left(&home).contains(SECRET));
    assert!(!String::from_utf8_lossy(terminal.raw()).contains(SECRET));
}

#[test]
fn a_secret_that_a_command_fetches_is_neither_shown_nor_recorded() {
    let text = "---\ninputs:\n  db_pass: {type: secret, from: cat tok}\n---\n# R\n\n```bash\nprintf %s {{ db_pass }} | wc -c\n```\n";
    let home = home(text);
    home.write("tok", format!("{SECRET}\n"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("cat tok").wait_for_output("its single line becomes the secret `db_pass`, unseen");
    terminal.wait_for_output("? help").send("y");
    terminal.wait_for_output("wc -c").wait_for_output("? help").send("\r").wait_for_output("13").exits(0);
    assert!(!left(&home).contains(SECRET));
    assert!(!String::from_utf8_lossy(terminal.raw()).contains(SECRET));
}

#[test]
fn a_fetched_secret_of_several_lines_is_asked_for() {
    let text = "---\ninputs:\n  db_pass: {type: secret, from: cat tok}\n---\n# R\n\n```bash\nprintf %s {{ db_pass }} | wc -c\n```\n";
    let home = home(text);
    home.write("tok", format!("{SECRET}\n{SECRET}\n"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("unseen").wait_for_output("? help").send("y").wait_for_output("gave 2 lines");
    terminal.wait_for_output("db_pass = ").send("another-one\r");
    terminal.wait_for_output("? help").send("\r").wait_for_output("11").exits(0);
    assert!(!left(&home).contains(SECRET));
}

#[test]
fn variables_with_the_usual_names_of_secrets_are_not_taken_as_arguments() {
    let home = home(
        "# R\n\n```bash\npsql shop -c 'select 1' && echo \"$PGPASSWORD $AWS_SECRET_ACCESS_KEY\" > /dev/null\n```\n",
    );
    for name in ["PGPASSWORD", "AWS_SECRET_ACCESS_KEY"] {
        let refused = home.runbook(&["run", "r.md", "--yes", "--input", &format!("{name}={SECRET}")]).exits(2);
        refused.says(&format!("`{name}` is a secret, and an argument can be read by others"));
    }
}
