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
    let name = full_path(&home, "cache");
    terminal.wait_for_output("path `cache`").wait_for_output("? help").send("y").wait_for_output("to run it: ");
    terminal.send("cache\r").wait_for_output("not the name").wait_for_output("r ask again").wait_for_output("? help");
    assert_eq!(home.read("cache/a"), "x");
    terminal.send("r").wait_for_output("? help").send("y").wait_for_output("to run it: ");
    terminal.send(format!("{name}\r")).wait_for_output("exit 0");
    terminal.exits(0);
    assert!(!home.work().join("cache").exists());
    let told = transcript(&home);
    assert!(
        told.contains("**Gate**, level 3 (cannot be undone): the operator typed") && told.contains(&name),
        "{told}"
    );
    home.runbook(&["verify", &home.runs()[0].to_string_lossy()])
        .exits(0)
        .prints("consents: 1 of 1 destructive commands");
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
    terminal.send("y").wait_for_output("to run it: ");
    terminal.send(format!("{}\r", full_path(&home, "missing"))).wait_for_output("r retry");
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
    terminal.wait_for_output("to run it: ");
    terminal.send(format!("{}\r", full_path(&home, "cache"))).wait_for_output("exit 0").exits(0);
    assert!(!home.work().join("cache").exists());
    assert!(transcript(&home).contains("Retried"), "{}", transcript(&home));
}

#[test]
fn the_name_to_type_is_what_the_variable_holds_and_not_how_it_is_written() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nD=cache\n```\n\nThen:\n\n```bash\nrm -r \"$D\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("`D` is `cache`").wait_for_output("? help");
    terminal.send("y").wait_for_output("to run it: ").send("$D\r").wait_for_output("not the name");
    assert_eq!(home.read("cache/a"), "x");
    terminal.wait_for_output("? help").send("q").exits(3);
}

#[test]
fn a_value_is_asked_for_before_the_gate_and_the_gate_names_what_it_leads_to() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nrm -r \"old/$DIR\"\n```\n");
    home.write("old/b", "y");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("reads `DIR`, which is not set").wait_for_output("DIR = ").send("../cache\r");
    terminal.wait_for_output("`DIR` is `../cache`").wait_for_output("? help").send("y");
    terminal.wait_for_output("to run it: ").send("old/../cache\r").wait_for_output("not the name");
    assert_eq!(home.read("cache/a"), "x");
    terminal.wait_for_output("? help").send("r").wait_for_output("? help").send("y").wait_for_output("to run it: ");
    terminal.send(format!("{}\r", full_path(&home, "cache"))).wait_for_output("exit 0").exits(0);
    assert!(!home.work().join("cache").exists());
}

#[test]
fn an_own_command_that_cannot_be_undone_takes_the_name_of_the_live_object() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nD=cache\n```\n\nThen:\n\n```bash\necho done\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("step 2 of 2").wait_for_output("? help");
    terminal.send("!").wait_for_output("command:").send("rm -r \"$D\"\r").wait_for_output("`D` is `cache`");
    terminal.wait_for_output("? help").send("y").wait_for_output("to run it: ").send("$D\r");
    terminal.wait_for_output("not the name").wait_for_output("? help");
    assert_eq!(home.read("cache/a"), "x");
    terminal.send("q").exits(3);
}

#[test]
fn a_condition_that_destroys_passes_a_gate_of_its_own_each_time() {
    let home = home();
    let cell = "```bash {until=\"rm -r cache && false\" retry=2 every=1s}\necho ready\n```\n";
    home.write("r.md", format!("# R\n\n{cell}"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("ready").wait_for_output("exit 0");
    terminal.wait_for_output("the step waits until this succeeds").wait_for_output("? help").send("\r");
    terminal.exits(0);
    assert_eq!(home.read("cache/a"), "x");
    home.runbook(&["show", "r.md"]).exits(0).prints("waits until this succeeds:").prints("rm -r cache && false");
    let dry = home.runbook(&["run", "--dry-run", "r.md"]);
    dry.exits(0).prints("rm -r cache && false").prints("the step waits until this succeeds: tried again up to 2 times");
    home.runbook(&["run", "--yes", "r.md"]).exits(2).says("rm -r cache && false");
}

#[test]
fn the_flags_that_opened_a_gate_are_in_the_record() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nrm cache/a\n```\n");
    home.runbook(&["run", "--yes", "--allow", "destructive", "r.md"]).exits(0);
    let told = transcript(&home);
    assert!(told.contains("**Gate**, level 2 (destroys or stops): opened by `--allow destructive`"), "{told}");
    home.runbook(&["verify", &home.runs()[0].to_string_lossy()])
        .exits(0)
        .prints("consents: 1 of 1 destructive commands");
}

/// The path that a relative one leads to.
fn full_path(home: &Home, name: &str) -> String {
    home.work().join(name).to_string_lossy().into_owned()
}
