//! The database recovery of a runbook nobody changed, walked through at a real terminal with stand-ins for Docker.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use std::path::Path;
use support::{Home, Terminal};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/runbooks/warehouse.md"));
const COPY: &str = "copies/orders_20250301_040000.sql.gz";

/// A doubtful word is kept by giving its own text.
const HOST: &str = "shop.yourcompany.example=shop.yourcompany.example";

/// A home with the runbook, stand-ins that note how they were called, and one copy with its checksum.
fn home() -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("warehouse.md", DOCUMENT);
    for name in ["docker-compose", "docker", "curl"] {
        home.program(
            name,
            &format!("#!/bin/bash\necho \"{name} $*\" >> \"$HOME/calls\"\n[ -t 0 ] || cat > /dev/null\necho done\n"),
        );
    }
    home.write(
        "make.sh",
        format!("set -e\nmkdir -p copies\necho 'select 1;' | gzip > {COPY}\nsha256sum {COPY} > {COPY}.sha256\n"),
    );
    let made = home.run(Path::new("/bin/bash"), &["make.sh"], b"");
    drop(made.exits(0));
    home
}

/// What the stand-ins were called with.
fn calls(home: &Home) -> String {
    std::fs::read_to_string(home.work().parent().unwrap().join("home/calls")).unwrap_or_default()
}

fn transcript(home: &Home) -> String {
    let run = home.runs().pop().unwrap();
    std::fs::read_to_string(run.join("transcript.md")).unwrap()
}

/// The approval of the step that drops the database, as a dry run gives it.
fn approval(home: &Home, input: &str) -> String {
    let flags = [
        "run",
        "warehouse.md#the-database-from-a-copy",
        "--dry-run",
        "--format",
        "json",
        "--input",
        input,
        "--input",
        HOST,
    ];
    let output = home.runbook(&flags).exits(0);
    let value: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let steps = value["steps"].as_array().unwrap();
    steps.iter().find_map(|step| step["approve"].as_str()).unwrap().to_owned()
}

/// Waits for a step's question.
fn at<'t>(terminal: &'t mut Terminal, step: &str) -> &'t mut Terminal {
    terminal.wait_for_output(step).wait_for_output("? help")
}

#[test]
fn an_operator_runs_skips_edits_notes_retries_goes_back_and_stops() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#the-database-from-a-copy"]);
    at(&mut terminal, "1 Close the shop")
        .send("\r")
        .wait_for_output("ask again")
        .wait_for_output("? help")
        .send("r")
        .wait_for_output("? help")
        .send("y")
        .wait_for_output("exit 0");
    at(&mut terminal, "2 Find the newest copy").send("n").wait_for_output("note: ").send("only one copy left\r");
    terminal.wait_for_output("? help").send("\r").wait_for_output(COPY).wait_for_output("exit 0");
    at(&mut terminal, "3 Bring it back").send("\r").wait_for_output("exit 0");
    // The checksum is wrong at first: the failure stops the step, and Enter does nothing.
    let sum = home.read(&format!("{COPY}.sha256"));
    home.write(&format!("{COPY}.sha256"), sum.replacen(|c: char| c.is_ascii_hexdigit(), "0", 8));
    at(&mut terminal, "3.1 Verify the checksum").send("\r").wait_for_output("FAILED").wait_for_output("? help");
    terminal.send("\r").wait_for_output("Enter does nothing");
    home.write(&format!("{COPY}.sha256"), sum);
    terminal.send("r").wait_for_output(": OK").wait_for_output("exit 0");
    at(&mut terminal, "3.2 Throw the old one away").send("b");
    at(&mut terminal, "3.1 Verify the checksum").send("s");
    at(&mut terminal, "3.2 Throw the old one away").send("s").wait_for_output("? help").send("s");
    at(&mut terminal, "3.3 Fill the new one").send("!").wait_for_output("own command: ").send("echo \"it is $COPY\"\r");
    terminal.wait_for_output(&format!("it is {COPY}")).wait_for_output("? help");
    terminal.send("e").wait_for_output("edit: ").send("\u{5}x\r").wait_for_output("ordersx").wait_for_output("? help");
    terminal.send("y").wait_for_output("done").wait_for_output("exit 0");
    at(&mut terminal, "4 Migrate").send("q").wait_for_output("transcript: ");
    terminal.exits(3);

    assert!(!calls(&home).contains("DROP"), "{}", calls(&home));
    assert!(calls(&home).contains("psql -U shop -d ordersx"), "{}", calls(&home));
    let transcript = transcript(&home);
    let told = [
        "1. Close the shop",
        "only one copy left",
        "FAILED",
        "3.1. Verify the checksum",
        "it is copies/orders_20250301_040000.sql.gz",
        "ordersx",
        "UTC",
    ];
    for text in told {
        assert!(transcript.contains(text), "`{text}` is not in\n{transcript}");
    }
}

#[test]
fn without_a_copy_it_stops_at_the_listing_before_anything_is_dropped() {
    let home = home();
    std::fs::remove_dir_all(home.work().join("copies")).unwrap();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#the-database-from-a-copy"]);
    at(&mut terminal, "1 Close the shop").send("y");
    at(&mut terminal, "2 Find the newest copy").send("\r").wait_for_output("failed").wait_for_output("? help");
    terminal.send("\r").wait_for_output("Enter does nothing").send("q");
    terminal.exits(3);
    assert!(!calls(&home).contains("DROP"), "{}", calls(&home));
}

#[test]
fn with_a_wrong_checksum_it_stops_at_the_checksum_before_anything_is_dropped() {
    let home = home();
    home.write(&format!("{COPY}.sha256"), format!("{}  {COPY}\n", "0".repeat(64)));
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#the-database-from-a-copy"]);
    at(&mut terminal, "1 Close the shop").send("y");
    at(&mut terminal, "2 Find the newest copy").send("\r");
    at(&mut terminal, "3 Bring it back").send("\r");
    at(&mut terminal, "3.1 Verify the checksum").send("\r").wait_for_output("FAILED").wait_for_output("? help");
    terminal.send("\r").wait_for_output("Enter does nothing").send("q");
    terminal.exits(3);
    assert!(!calls(&home).contains("DROP"), "{}", calls(&home));
}

#[test]
fn an_unattended_run_names_every_flag_it_lacks_and_runs_nothing() {
    let home = home();
    let output = home.runbook(&["run", "warehouse.md#the-database-from-a-copy"]);
    drop(
        output
            .exits(2)
            .says("--yes")
            .says("--allow unknown")
            .says("--allow destructive")
            .says("--approve 3.2@")
            .says("--input COPY=VALUE"),
    );
    assert_eq!(calls(&home), "");
    assert!(home.runs().is_empty());
}

#[test]
fn an_unattended_run_stops_before_the_drop_without_a_copy_and_with_a_wrong_checksum() {
    let input = format!("COPY={COPY}");
    let run = |home: &Home| {
        let approval = approval(home, &input);
        let flags =
            ["run", "warehouse.md#the-database-from-a-copy", "--yes", "--allow", "unknown", "--allow", "destructive"];
        home.runbook(&[flags.as_slice(), &["--input", &input, "--input", HOST, "--approve", &approval]].concat())
    };

    let without = home();
    std::fs::remove_dir_all(without.work().join("copies")).unwrap();
    drop(run(&without).exits(1).says("failed"));
    assert!(!calls(&without).contains("DROP"), "{}", calls(&without));

    let wrong = home();
    wrong.write(&format!("{COPY}.sha256"), format!("{}  {COPY}\n", "0".repeat(64)));
    drop(run(&wrong).exits(1).prints("FAILED"));
    assert!(!calls(&wrong).contains("DROP"), "{}", calls(&wrong));

    let good = home();
    drop(run(&good).exits(0));
    assert!(calls(&good).contains("DROP"), "{}", calls(&good));
}

#[test]
fn another_copy_can_be_given_without_editing_the_document() {
    let home = home();
    home.write("make.sh", "cp copies/orders_20250301_040000.sql.gz 'copies/new one.gz'; sha256sum 'copies/new one.gz' > 'copies/new one.gz.sha256'\n");
    drop(home.run(Path::new("/bin/bash"), &["make.sh"], b"").exits(0));
    let flags = ["run", "warehouse.md", "the-database-from-a-copy", "--yes", "--allow", "unknown", "--only", "3"];
    let output = home.runbook(&[flags.as_slice(), &["--input", "COPY=copies/new one.gz"]].concat());
    drop(output.exits(0).says("COPY='copies/new one.gz'"));
    assert!(transcript(&home).contains("COPY='copies/new one.gz'"));
}

#[test]
fn no_match_is_never_carried_into_a_command_that_may_destroy_something() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho a | grep b\ndocker-compose stop web\n```\n");
    let output = home.runbook(&["run", "r.md", "--yes", "--allow", "destructive"]);
    drop(output.exits(1).says("no match").says("may destroy something"));
    assert!(!calls(&home).contains("stop"), "{}", calls(&home));
}

#[test]
fn a_grep_that_finds_nothing_is_no_match_and_the_run_goes_past_it() {
    let home = home();
    home.program("docker", "#!/bin/bash\nwhile sleep 1; do echo stats; done\n");
    let flags =
        ["run", "warehouse.md#4-first-aid", "--yes", "--allow", "unknown", "--monitor-for", "1s", "--only", "1"];
    let output = home.runbook(&[flags.as_slice(), &["--input", HOST]].concat()).exits(0);
    assert!(output.stderr.contains("no match"), "{}", output.stderr);
    assert!(calls(&home).contains("curl"), "{}", calls(&home));
    assert!(transcript(&home).contains("no match"));
}

#[test]
fn a_drop_runs_only_when_its_name_is_typed_and_a_run_of_the_rest_stops_before_it() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#the-database-from-a-copy:3.2"]);
    at(&mut terminal, "cannot be undone").send("a").wait_for_output("asked about by itself");
    terminal
        .send("y")
        .wait_for_output("to run it: ")
        .send("yes\r")
        .wait_for_output("not the name")
        .wait_for_output("? help");
    assert!(!calls(&home).contains("DROP"), "{}", calls(&home));
    terminal.send("r").wait_for_output("? help");
    terminal.send("y").wait_for_output("to run it: ").send("orders\r").wait_for_output("exit 0");
    assert!(calls(&home).contains("DROP"), "{}", calls(&home));
    terminal.wait_for_output("? help").send("q").exits(3);
}

#[test]
fn an_approval_holds_for_nothing_but_what_it_was_given_for() {
    let home = home();
    let approval = approval(&home, &format!("COPY={COPY}"));
    let flags =
        ["run", "warehouse.md#the-database-from-a-copy", "--yes", "--allow", "unknown", "--allow", "destructive"];
    let run = |copy: &str| home.runbook(&[flags.as_slice(), &["--input", copy, "--approve", &approval]].concat());
    drop(run("COPY=copies/other.gz").exits(2).says("--approve 3.2@"));
    home.write("warehouse.md", format!("{DOCUMENT}\n"));
    drop(run(&format!("COPY={COPY}")).exits(2).says("--approve 3.2@"));
    assert_eq!(calls(&home), "");
}

#[test]
fn a_dry_run_names_what_is_at_stake_and_runs_nothing() {
    let home = home();
    let output = home.runbook(&["run", "warehouse.md#the-database-from-a-copy", "--dry-run"]).exits(0);
    for text in
        ["cannot be undone, database `orders`", "unchecked-destruction", "--allow destructive", "pipe-hides-failure"]
    {
        assert!(output.stdout.contains(text), "`{text}` is not in\n{}", output.stdout);
    }
    let markdown =
        home.runbook(&["run", "warehouse.md#the-database-from-a-copy", "--dry-run", "--format", "markdown"]).exits(0);
    assert!(markdown.stdout.starts_with("# Dry run: "), "{}", markdown.stdout);
    assert_eq!(calls(&home), "");
    assert!(home.runs().is_empty());
}

#[test]
fn an_empty_variable_is_refused_where_something_would_be_destroyed() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nFOLDER=$(true)\nrm -rf \"$FOLDER/keep\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal
        .wait_for_output("`FOLDER` is empty")
        .wait_for_output("? help")
        .send("y")
        .wait_for_output("cannot run as it stands");
    terminal.send("q").exits(3);
}

#[test]
fn what_a_variable_stands_for_is_shown_before_it_is_destroyed() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nFOLDER=$(echo old)\nrm -r \"$FOLDER\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal
        .wait_for_output("`FOLDER` is `old`")
        .wait_for_output("? help")
        .send("n")
        .wait_for_output("? help")
        .send("q")
        .exits(3);
}

#[test]
fn a_command_of_ones_own_is_gated_too() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho one\n```\n");
    home.write("keep.txt", "keep");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("!").wait_for_output("own command: ").send("rm keep.txt\r");
    terminal
        .wait_for_output("destroys or stops")
        .wait_for_output("? help")
        .send("n")
        .wait_for_output("? help")
        .send("q")
        .exits(3);
    assert!(home.work().join("keep.txt").exists());
}

#[test]
fn a_dry_run_starts_nothing_but_bash_asked_for_its_syntax() {
    if !support::needs("strace") {
        return;
    }
    let home = home();
    let trace = home.work().join("trace");
    let program = env!("CARGO_BIN_EXE_runbook");
    let arguments = [
        "-f",
        "-s",
        "4096",
        "-e",
        "trace=execve",
        "-o",
        "trace",
        program,
        "run",
        "warehouse.md#the-database-from-a-copy",
        "--dry-run",
    ];
    drop(home.run(Path::new("/usr/bin/strace"), &arguments, b"").exits(0));
    let trace = std::fs::read_to_string(trace).unwrap();
    let started: Vec<&str> = trace.lines().filter(|line| line.contains("execve(") && line.contains("= 0")).collect();
    assert!(!started.is_empty());
    for line in started {
        let syntax = line.contains("--noprofile") && line.contains("set -n");
        assert!(syntax || line.contains(program), "{line}");
    }
}
