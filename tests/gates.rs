//! Gates, in the hands of an operator and without one, and what the live shell has in the place of programs.

mod support;

use support::{Home, Terminal};

fn home() -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("cache/a", "x");
    home
}

fn transcript(home: &Home) -> String {
    home.runbook(&["transcript"]).exits(0).stdout
}

#[test]
fn a_declined_gate_stops_the_step_with_the_keys_of_a_failure() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\n# Clean\nrm cache/a\necho after\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("Enter no").wait_for_output("? help").send("\r");
    terminal.wait_for_output("r ask again").wait_for_output("? help").send("\r").wait_for_output("Enter does nothing");
    terminal.send("r").wait_for_output("Enter no").wait_for_output("? help").send("n");
    terminal.wait_for_output("g go on without it").wait_for_output("? help").send("g");
    terminal.wait_for_output("command 2 of 2").wait_for_output("? help").send("\r").wait_for_output("after");
    terminal.exits(0);
    assert_eq!(home.read("cache/a"), "x");
    let transcript = transcript(&home);
    assert!(transcript.contains("Declined") && transcript.contains("declined at its gate"), "{transcript}");
}

#[test]
fn what_cannot_be_undone_asks_for_its_name_and_another_name_declines() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nrm -r cache\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("path `cache`").wait_for_output("? help").send("y").wait_for_output("type cache");
    terminal.send("cachet\r").wait_for_output("not the name").wait_for_output("r ask again").wait_for_output("? help");
    assert_eq!(home.read("cache/a"), "x");
    terminal.send("r").wait_for_output("? help").send("y").wait_for_output("type cache");
    terminal.send("cache\r").wait_for_output("exit 0");
    terminal.exits(0);
    assert!(!home.work().join("cache").exists());
}

#[test]
fn an_alias_of_the_live_shell_is_shown_and_gated_by_what_it_stands_for() {
    let home = home();
    home.write("rc.sh", "alias df='rm -r cache;'\n");
    home.write("r.md", "# R\n\n```bash\ndf -h\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "--rc", "rc.sh", "r.md"]);
    terminal.wait_for_output("path `cache`").wait_for_output("`df` is an alias of this shell");
    terminal.wait_for_output("type its name").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert_eq!(home.read("cache/a"), "x");
}

#[test]
fn a_function_that_a_step_defines_is_seen_by_the_next_command() {
    let home = home();
    home.write("env.sh", "df() { rm -r cache; }\n");
    home.write("r.md", "# R\n\n```bash\n. ./env.sh\ndf -h\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 of 2").wait_for_output("? help").send("y").wait_for_output("exit 0");
    terminal.wait_for_output("`df` is a function of this shell").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert_eq!(home.read("cache/a"), "x");
}

#[test]
fn without_an_operator_a_shadowed_program_is_not_let_through() {
    let home = home();
    home.write("rc.sh", "df() { rm -r cache; }\n");
    home.write("r.md", "# R\n\n```bash\necho one\ndf -h\n```\n");
    let stopped = home.runbook(&["run", "--yes", "--rc", "rc.sh", "r.md"]).exits(3);
    stopped.says("`df` is a function of this shell").says("`df -h` was not let through");
    assert_eq!(home.read("cache/a"), "x");
    assert!(transcript(&home).contains("Declined"));
}

#[test]
fn a_function_of_the_document_is_known_before_the_first_command() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nclean() { rm -r cache; }\n```\n\n```bash\nclean\n```\n");
    let refused = home.runbook(&["run", "--yes", "--allow", "unknown", "r.md"]).exits(2);
    refused.says("`clean` cannot be undone, and `clean` is a function of this shell");
    assert!(home.runs().is_empty(), "nothing was begun");
    home.write("r.md", "# R\n\n```bash\nlook() { ls cache; }\n```\n\n```bash\nlook\n```\n");
    home.runbook(&["run", "--yes", "r.md"]).exits(0).prints("a");
}

#[test]
fn a_failed_command_that_cannot_be_undone_runs_again_only_through_its_gate_of_that_moment() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nD=missing\n```\n\nThen:\n\n```bash\nrm -r \"$D\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("`D` is `missing`").wait_for_output("? help");
    terminal.send("y").wait_for_output("type missing to run it").send("missing\r").wait_for_output("r retry");
    terminal
        .wait_for_output("? help")
        .send("!")
        .wait_for_output("command:")
        .send("D=cache\r")
        .wait_for_output("exit 0");
    terminal.wait_for_output("? help").send("r");
    terminal.wait_for_output("`D` is `cache`").wait_for_output("? help").send("\r").wait_for_output("r ask again");
    assert_eq!(home.read("cache/a"), "x");
    terminal.wait_for_output("? help").send("r").wait_for_output("? help").send("y");
    terminal.wait_for_output("type cache to run it").send("cache\r").wait_for_output("exit 0").exits(0);
    assert!(!home.work().join("cache").exists());
    assert!(transcript(&home).contains("Retried"), "{}", transcript(&home));
}

#[test]
fn the_name_to_type_is_what_the_variable_holds_and_not_how_it_is_written() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nD=cache\n```\n\nThen:\n\n```bash\nrm -r \"$D\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("`D` is `cache`").wait_for_output("? help");
    terminal.send("y").wait_for_output("type cache to run it").send("$D\r").wait_for_output("not the name");
    assert_eq!(home.read("cache/a"), "x");
    terminal.wait_for_output("? help").send("q").exits(3);
}

#[test]
fn a_gate_is_put_again_once_an_unset_variable_has_its_value() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nrm -r \"old/$DIR\"\n```\n");
    home.write("cache/b", "y");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    // What it is about cannot be named yet.
    terminal.wait_for_output("? help").send("y").wait_for_output("to run it");
    let named = terminal.screen();
    let name =
        named.rsplit("type ").next().and_then(|rest| rest.split(" to run it").next()).unwrap_or_default().to_owned();
    assert!(name.starts_with("rm "), "{name}");
    terminal.send(format!("{name}\r")).wait_for_output("DIR").wait_for_output("=").send("../cache\r");
    terminal.wait_for_output("`DIR` is `../cache`").wait_for_output("? help").send("y");
    terminal.wait_for_output("type old/../cache to run it").send("\r").wait_for_output("not the name");
    assert_eq!(home.read("cache/a"), "x");
    terminal.wait_for_output("? help").send("q").exits(3);
}
