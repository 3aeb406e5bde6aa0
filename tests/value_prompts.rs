//! Values and secrets as an operator types them at the terminal.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use std::time::Duration;
use support::{Home, Terminal};

/// A home whose `show` prints its arguments and whose `len` prints their lengths, one a line, in brackets.
fn home(document: &str) -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", document);
    home.program("show", "#!/bin/bash\nprintf '[%s]\\n' \"$@\"\n");
    home.program("len", "#!/bin/bash\nfor a; do printf '[%s]\\n' \"${#a}\"; done\n");
    home
}

/// Everything that a run left on disk.
fn left(home: &Home) -> String {
    fn collect(folder: &std::path::Path, all: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, all) } else { all.extend(std::fs::read(path).unwrap_or_default()) }
        }
    }
    let mut all = Vec::new();
    collect(&home.state(), &mut all);
    String::from_utf8_lossy(&all).into_owned()
}

fn shown(terminal: &Terminal) -> String {
    String::from_utf8_lossy(terminal.raw()).into_owned()
}

fn transcript(home: &Home) -> String {
    std::fs::read_to_string(home.runs().pop().unwrap().join("transcript.md")).unwrap()
}

#[test]
fn tab_completes_choices_and_names_of_files() {
    let home = home(
        "---\ninputs:\n  place: {choices: [north, south]}\n  file: {type: path}\n---\n# R\n\n```bash\nshow {{ place }} {{ file }}\n```\n",
    );
    home.write("copies/a one.gz", "");
    home.write("copies/b.gz", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("Tab completes").wait_for_output("place = ").send("so\t").send("\r");
    terminal.wait_for_output("file = ").send("cop\t").send("a\t").send("\r");
    terminal.wait_for_output("show south 'copies/a one.gz'").wait_for_output("? help").run_it();
    terminal.wait_for_output("[south]\r\n[copies/a one.gz]");
    terminal.exits(0);
}

#[test]
fn the_values_of_a_run_are_its_history_and_no_secret_is_in_it() {
    let home = home("# R\n\n```bash\nshow <first> <db-password> <second>\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("first = ").send("orders-17\r");
    terminal.wait_for_output("db-password = ").send("hunter2secret\r");
    terminal.wait_for_output("second = ").send("\u{1b}[A").wait_for_output("orders-17");
    // There is nothing above it.
    terminal.send("\u{1b}[A").settle(Duration::from_millis(200)).send("\r");
    terminal.wait_for_output("? help").run_it().wait_for_output("[orders-17]\r\n[[masked:db-password]]\r\n[orders-17]");
    terminal.exits(0);
    assert!(!shown(&terminal).contains("hunter2secret"));
    assert!(!left(&home).contains("hunter2secret"));
    assert!(std::fs::read_dir(home.work().join("../home")).unwrap().next().is_none(), "no file of a history");
}

#[test]
fn a_path_that_must_be_there_is_looked_for_from_the_shell_s_directory() {
    let home = home(
        "---\ninputs:\n  file: {type: path, exists: true}\n---\n# R\n\n```bash\n# Go\ncd copies\n\n# Take\nshow {{ file }}\n```\n",
    );
    home.write("copies/a.gz", "");
    let given = |value: &str| home.runbook(&["run", "r.md", "--yes", "--allow", "unknown", "--input", value]);
    drop(given("file=a.gz").exits(2).says("does not fit").says("work/a.gz` is not there"));
    drop(given(&format!("file={}", home.work().join("copies/a.gz").display())).exits(0).prints("copies/a.gz]"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("file = ").send("b.gz\r").wait_for_output("copies/b.gz` is").wait_for_output("not there");
    terminal.wait_for_output("file = ").send("a\t").send("\r").wait_for_output("? help").run_it();
    terminal.wait_for_output("[a.gz]");
    terminal.exits(0);
}

#[test]
fn a_long_listing_is_offered_too() {
    let home = home(
        "# R\n\n```bash\n# List\nls -1 copies\n\n# Take it\nCOPY=copies/old.gz\n\n# Use it\nshow \"$COPY\"\n```\n",
    );
    for number in 0..400 {
        home.write(&format!("copies/orders_{number:04}.gz"), "");
    }
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it().wait_for_output("exit 0");
    terminal.wait_for_output("370 more").wait_for_output("COPY = ").send("400\r");
    terminal.wait_for_output("COPY=copies/orders_0399.gz").wait_for_output("? help").run_it();
    terminal.wait_for_output("3 Use it").wait_for_output("? help").run_it().wait_for_output("[copies/orders_0399.gz]");
    terminal.exits(0);
}

#[test]
fn the_lines_of_a_long_command_are_offered_too() {
    let home = home("---\ninputs:\n  file: {from: ls copies}\n---\n# R\n\n```bash\nshow {{ file }}\n```\n");
    for number in 0..400 {
        home.write(&format!("copies/orders_{number:04}.gz"), "");
    }
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("its lines are offered").wait_for_output("? help").send("y");
    terminal.wait_for_output("file = ").send("orders_03\t").send("77\t").send("\r");
    terminal
        .wait_for_output("show orders_0377.gz")
        .wait_for_output("? help")
        .run_it()
        .wait_for_output("[orders_0377.gz]");
    terminal.exits(0);
}

#[test]
fn ctrl_x_s_puts_a_secret_into_a_command_that_is_in_no_text() {
    let home = home("# R\n\n```bash\nshow user\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("e").wait_for_output("edit: show user").send(" \u{18}").send("s");
    terminal.wait_for_output("a name for the secret").send("\u{15}BACKUP_KEY\r");
    terminal.wait_for_output("BACKUP_KEY (not shown): ").send("hunter2 secret\r");
    terminal.wait_for_output("show user \"${BACKUP_KEY}\"").send(" end\r");
    terminal.wait_for_output("show user \"${BACKUP_KEY}\" end").wait_for_output("? help").run_it();
    terminal.wait_for_output("[user]\r\n[[masked:BACKUP_KEY]]\r\n[end]");
    terminal.exits(0);
    assert!(!shown(&terminal).contains("hunter2"), "{}", shown(&terminal));
    assert!(!left(&home).contains("hunter2"));
    assert!(transcript(&home).contains("| `BACKUP_KEY` | `[masked:BACKUP_KEY]` | typed |"), "{}", transcript(&home));
}

#[test]
fn a_secret_in_a_command_of_one_s_own_is_kept_within_its_quotes() {
    let home = home("# R\n\n```bash\nshow user\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("!").wait_for_output("own command: ").send("len 'a b\u{18}").send("s");
    terminal
        .wait_for_output("a name for the secret")
        .send("\r")
        .wait_for_output("SECRET (not shown): ")
        .send("it's 12\r");
    terminal.wait_for_output("len 'a b'\"${SECRET}\"'").send(" c'\r").wait_for_output("? help").send("y");
    terminal.wait_for_output("[12]").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert!(!shown(&terminal).contains("it's 12"));
    assert!(!left(&home).contains("it's 12"));
}

#[test]
fn a_secret_takes_no_name_that_the_shell_has_already() {
    let home = home("# R\n\n```bash\nshow user\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("e").wait_for_output("edit: ").send(" \u{18}").send("s");
    terminal.wait_for_output("a name for the secret").send("\u{15}1x\r").wait_for_output("begins with no digit");
    terminal.wait_for_output("a name for the secret").send("\u{15}HOME\r");
    terminal.wait_for_output("HOME (not shown): ").send("hunter2secret\r");
    terminal.wait_for_output("is a variable of the shell already").wait_for_output("edit: ").send("\u{3}");
    terminal.wait_for_output("? help").send("q");
    terminal.exits(3);
    assert!(!left(&home).contains("hunter2secret"));
}

const SECRETS: &str = "---\ninputs:\n  phrase: {type: secret}\n---\n# R\n\n```bash\n# One\nlen {{ phrase }} <password> \"$API_TOKEN\" \"$PLACE\"\n\n# Two\nlen {{ phrase }} <password> \"$API_TOKEN\" \"$PLACE\"\n```\n";

#[test]
fn after_a_resume_every_secret_is_asked_for_again_with_the_reason() {
    let home = home(SECRETS);
    let mut terminal = Terminal::runbook(&home, &["run", "r.md", "--secret", "PLACE"]);
    let give = |terminal: &mut Terminal, again: bool| {
        let one = |terminal: &mut Terminal, name: &str, value: &str| {
            if again {
                terminal.wait_for_output("asked for again, since no record holds a secret");
            }
            terminal.wait_for_output(&format!("{name} = ")).send(format!("{value}\r"));
        };
        one(terminal, "phrase", "secret-phrase");
        one(terminal, "password", "hunter2secret");
        one(terminal, "API_TOKEN", "tokentoken");
        one(terminal, "PLACE", "behind-the-barn");
        terminal.wait_for_output("? help").run_it();
        terminal.wait_for_output("[13]\r\n[13]\r\n[10]\r\n[15]");
    };
    give(&mut terminal, false);
    terminal.wait_for_output("2 Two").wait_for_output("? help").send("q");
    terminal.exits(3);
    let mut resumed = Terminal::runbook(&home, &["resume"]);
    give(&mut resumed, true);
    resumed.exits(0);
    let everything = shown(&terminal) + &shown(&resumed) + &left(&home);
    for secret in ["secret-phrase", "hunter2secret", "tokentoken", "behind-the-barn"] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[test]
fn a_failed_command_that_is_retried_in_a_new_shell_does_not_run_without_its_secret() {
    let home = home("# R\n\n```bash\nlen \"$API_TOKEN\" && false\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("API_TOKEN = ").send("tokentoken\r").wait_for_output("? help").run_it();
    terminal.wait_for_output("[10]").wait_for_output("? help").send("q");
    terminal.exits(3);
    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("? help").send("r").wait_for_output("API_TOKEN = ").send("another\r");
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("[7]").wait_for_output("? help").send("q");
    terminal.exits(3);
}

#[test]
fn our_own_words_never_say_a_secret() {
    let home = home(
        "---\ninputs:\n  pin: {type: secret, pattern: '[0-9]+-[0-9]+'}\n---\n# R\n\n```bash\nlen {{ pin }}\n```\n",
    );
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("pin = ").send("hunter2secret\r").wait_for_output("does not match");
    terminal.wait_for_output("pin = ").send("1234567-89\r").wait_for_output("? help").send("N");
    // A note is shown while it is typed, and in nothing after that.
    terminal.wait_for_output("note: ").send("used 1234567-89\r").wait_for_output("? help").send("!");
    terminal.wait_for_output("own command: ").send("show 1234567-89\r").wait_for_output("? help").send("y");
    terminal.wait_for_output("[[masked:pin]]").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert!(!shown(&terminal).contains("hunter2secret"));
    assert_eq!(shown(&terminal).matches("1234567-89").count(), typed(&terminal), "{}", shown(&terminal));
    assert!(!left(&home).contains("1234567-89"));
}

/// How often the line editor has shown the whole text while it was typed.
fn typed(terminal: &Terminal) -> usize {
    let shown = shown(terminal);
    ["note: ", "own command: "]
        .iter()
        .map(|prompt| {
            shown
                .split(prompt)
                .skip(1)
                .filter(|rest| rest.lines().next().is_some_and(|line| line.contains("1234567-89")))
                .count()
        })
        .sum()
}

#[test]
fn the_parts_of_listed_names_are_offered_where_a_name_has_a_gap() {
    let home = home("# R\n\n```bash\n# List\nls copies\n\n# Use it\nshow copies/orders_TIMESTAMP.gz\n```\n");
    home.write("copies/orders_2024.gz", "");
    home.write("copies/orders_2025.gz", "");
    home.write("copies/orders_2025.gz.sha256", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it().wait_for_output("exit 0");
    terminal.wait_for_output("2024").wait_for_output("2025").wait_for_output("TIMESTAMP = ").send("2\r");
    terminal.wait_for_output("show copies/orders_2025.gz").wait_for_output("? help").run_it();
    terminal.wait_for_output("[copies/orders_2025.gz]");
    terminal.exits(0);
}

#[test]
fn a_value_that_a_second_interpreter_would_read_is_asked_for_again_with_the_reason() {
    let home =
        home("# R\n\n```bash\nshow psql -c \"SELECT 1\"\npsql -c \"SELECT * FROM t WHERE tenant = 'xxx'\"\n```\n");
    home.program("psql", "#!/bin/bash\nprintf '[%s]\\n' \"$@\"\n");
    let ask = |terminal: &mut Terminal, value: &str| {
        terminal.wait_for_output("xxx = ").send(format!("{value}\r"));
    };
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it();
    ask(&mut terminal, "a'; DROP TABLE t; --");
    terminal.wait_for_output("this value cannot be placed for `xxx`").wait_for_output("SQL");
    ask(&mut terminal, "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("[SELECT * FROM t WHERE tenant = '3f2504e0-4f89-41d3-9a0c-0305e82c3301']");
    terminal.exits(0);
    for value in ["acme_corp", "42", "ops@shop.org"] {
        let given = format!("xxx={value}");
        let output = home.runbook(&["run", "r.md", "--yes", "--allow", "unknown", "--input", &given]).exits(0);
        drop(output.prints(&format!("tenant = '{value}'")));
    }
}
