//! What a run asks beside its commands, what it does without an operator, and what it says to bad input.

mod support;

use support::{Home, Terminal};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/runbooks/warehouse.md"));

fn home() -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("warehouse.md", DOCUMENT);
    for name in ["docker-compose", "docker", "curl"] {
        home.program(name, "#!/bin/bash\necho done\n");
    }
    home
}

fn transcript(home: &Home) -> String {
    home.runbook(&["transcript"]).exits(0).stdout
}

#[test]
fn alternatives_come_back_after_each_choice_until_the_operator_goes_on() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#trouble-2-it-leaks"]);
    terminal.wait_for_output("1 See it grow").wait_for_output("? help").send("s");
    terminal.wait_for_output("2 Count what is alive").wait_for_output("? help").send("s");
    terminal.wait_for_output("Fixes").wait_for_output("Restart it every night").wait_for_output("choose").send("1\r");
    terminal.wait_for_output("1.1 docker-compose").wait_for_output("? help").send("y").wait_for_output("exit 0");
    terminal.wait_for_output("Fixes").wait_for_output("choose").send("restart it e\r");
    terminal.wait_for_output("2.1 Into the crontab").wait_for_output("a line for a crontab").wait_for_output("? help");
    terminal.send("d").wait_for_output("Fixes").wait_for_output("choose").send("g\r");
    terminal.exits(0);
    let transcript = transcript(&home);
    for text in ["Restart it every night", "30 4 * * *", "See it grow"] {
        assert!(transcript.contains(text), "{text}:\n{transcript}");
    }
}

#[test]
fn a_whole_document_is_a_menu_of_its_procedures() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md"]);
    terminal.wait_for_output("Warehouse platform").wait_for_output("Getting it back").wait_for_output("choose");
    terminal.send("getting\r").wait_for_output("Everything from nothing").wait_for_output("choose").send("3\r");
    terminal.wait_for_output("New keys").wait_for_output("? help").send("q");
    terminal.exits(3);
}

#[test]
fn a_message_is_filled_in_field_by_field_and_recorded() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#5-say-what-is-going-on"]);
    terminal.wait_for_output("TIME: ").send("14:05\r").wait_for_output("IMPACT: ").send("everyone\r");
    terminal.wait_for_output("NEXT: ").send("\r").wait_for_output("Who notices: everyone").wait_for_output("? help");
    terminal.send("\r");
    terminal.exits(0);
    let transcript = transcript(&home);
    assert!(transcript.contains("Who notices: everyone") && transcript.contains("14:05"), "{transcript}");
}

#[test]
fn a_checklist_is_ticked_off_item_by_item() {
    let home = home();
    let mut terminal = Terminal::runbook(&home, &["run", "warehouse.md#once-a-month"]);
    terminal.wait_for_output("1 Change the keys").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Update what we depend on").wait_for_output("? help").send("n");
    terminal.wait_for_output("note: ").send("two are pinned\r").wait_for_output("? help").send("\r");
    terminal.wait_for_output("3 Try a copy").wait_for_output("? help").send("s");
    terminal.exits(0);
    let transcript = transcript(&home);
    assert!(transcript.contains("two are pinned"), "{transcript}");
}

#[test]
fn a_variable_whose_step_was_skipped_is_asked_for_before_it_is_read() {
    let home = home();
    home.write("copies/a.gz", "x");
    home.write("r.md", "# R\n\n```bash\n# Choose\nCOPY=old.gz\n\n# Use\nls copies/$COPY\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 Choose").wait_for_output("? help").send("s");
    terminal.wait_for_output("2 Use").wait_for_output("which is not set").wait_for_output("old.gz");
    terminal.send("\u{15}a.gz\r").wait_for_output("? help").send("\r");
    terminal.wait_for_output("copies/a.gz").wait_for_output("exit 0");
    terminal.exits(0);
    assert!(transcript(&home).contains("a.gz"));
}

#[test]
fn a_condition_needs_a_yes_and_enter_is_a_no() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\n# If it is down\necho one\necho two\n\n# Look\necho three\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 If it is down").wait_for_output("? help").send("\r").wait_for_output("ask again");
    terminal
        .wait_for_output("? help")
        .send("s")
        .wait_for_output("2 Look")
        .wait_for_output("? help")
        .send("\r")
        .wait_for_output("three");
    terminal.exits(0);
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    assert!(!raw.contains("\ntwo"), "{raw}");
}

#[test]
fn an_unattended_run_takes_the_choices_and_steps_that_flags_name_and_says_what_it_left_out() {
    let home = home();
    let run = |flags: &[&str]| {
        home.runbook(&[&["run", "warehouse.md#trouble-2-it-leaks", "--monitor-for", "1s"], flags].concat())
    };
    drop(run(&["--yes", "--allow", "unknown"]).exits(2).says("--choose").says("'Restart it every night'"));
    let restart = ["--yes", "--allow", "unknown", "--allow", "destructive", "--choose", "restart it", "--only", "1.1"];
    drop(run(&restart).exits(0));
    let flags = ["--yes", "--allow", "unknown", "--choose", "put in more"];
    home.program("watch", "#!/bin/bash\nsleep 60\n");
    let output = run(&flags).exits(0).says("a task for an operator").says("ended after its time");
    assert!(!output.stderr.contains("crontab"), "{}", output.stderr);
}

#[test]
fn no_input_and_no_terminal_never_wait() {
    let home = home();
    drop(home.runbook(&["run", "warehouse.md#once-a-month"]).exits(2).says("--yes"));
    let mut terminal = Terminal::runbook(&home, &["run", "--no-input", "warehouse.md#once-a-month"]);
    terminal.exits(2);
}

#[test]
fn bad_input_is_named_and_nothing_runs() {
    let home = home();
    let says = |arguments: &[&str], text: &str| drop(home.runbook(arguments).exits(2).says(text));
    says(&["run", "none.md"], "there is no file `none.md`");
    says(&["run", "."], "`.` is a folder");
    says(&["run", "warehouse.md#no-such-part"], "`no-such-part` is no section");
    says(&["run", "warehouse.md#who-to-call"], "`warehouse.md#who-to-call` has no step to run");
    says(&["run", "warehouse.md#once-a-month:7"], "there is no step `7`");
    says(&["run", "warehouse.md", "--input", "x"], "`--input x` has no `=`");
    says(&["run", "warehouse.md#once-a-month", "--cwd", "nowhere"], "is no directory");
    says(&["run", "warehouse.md#once-a-month", "--monitor-for", "soon"], "`--monitor-for soon` is no length of time");
    home.write("invalid.md", b"# R\n\n```bash\necho \xff\n```\n");
    says(&["run", "invalid.md"], "invalid.md:");
    let large = std::fs::File::create(home.work().join("large.md")).unwrap();
    large.set_len(100 << 20).unwrap();
    says(&["run", "large.md"], "`large.md` has 100 MiB; a runbook may have at most 32 MiB");
    assert!(home.runs().is_empty());
}

#[test]
fn without_bash_there_is_no_run_and_no_record() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho hi\n```\n");
    let mut command = home.command(env!("CARGO_BIN_EXE_runbook"));
    command.env("PATH", home.work().join("bin")).args(["run", "--yes", "--allow", "unknown", "r.md"]);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`bash` was not found in PATH"));
    assert!(home.runs().is_empty());
}

#[test]
fn runs_are_listed_newest_first_and_shown_by_any_part_of_their_name() {
    let home = home();
    drop(home.runbook(&["runs"]).exits(0).prints("no run is recorded yet"));
    drop(home.runbook(&["transcript"]).exits(2).says("no run is recorded yet"));
    home.write("r.md", "# R\n\n```bash\necho hi\n```\n");
    for _ in 0..2 {
        drop(home.runbook(&["run", "--yes", "--allow", "unknown", "r.md"]).exits(0).prints("hi"));
    }
    let listed = home.runbook(&["runs", "--format", "json"]).exits(0).stdout;
    let runs: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let names: Vec<_> = runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2);
    assert!(names[0] >= names[1]);
    assert_eq!(runs["runs"][0]["state"], "completed");
    let short = names[1].rsplit('-').next().unwrap();
    drop(home.runbook(&["transcript", short]).exits(0).prints("echo hi").prints(names[1]));
    drop(home.runbook(&["transcript", "zzz"]).exits(2).says("zzz"));
}

#[test]
fn the_record_is_closed_to_others_and_is_what_the_transcript_comes_from() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    home.write("r.md", "# R\n\n```bash\nseq 1 3000\n```\n");
    drop(home.runbook(&["run", "--yes", "--allow", "unknown", "r.md"]).exits(0));
    let run = home.runs().pop().unwrap();
    let mode = |name: &str| std::fs::metadata(run.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for name in ["journal.jsonl", "runbook.md", "transcript.md"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let written = std::fs::read_to_string(run.join("transcript.md")).unwrap();
    assert_eq!(transcript(&home), written);
    assert_eq!(std::fs::read_to_string(run.join("runbook.md")).unwrap(), home.read("r.md"));
}

#[test]
fn completion_knows_the_anchors_and_the_inputs() {
    let home = home();
    let output = home.runbook(&["__complete", "warehouse.md#the-"]).exits(0).stdout;
    let words: Vec<&str> = output.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(words, ["warehouse.md#the-way-through-an-incident", "warehouse.md#the-database-from-a-copy"]);
    home.write(
        "complete.sh",
        "source <(runbook completions bash)\nCOMP_WORDS=(runbook run warehouse.md#the-d); COMP_CWORD=2\n\
         _runbook_anchors runbook warehouse.md#the-d run; printf '%s\\n' \"${COMPREPLY[@]}\"\n",
    );
    home.program("runbook", &format!("#!/bin/bash\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_runbook")));
    let bash = home.run(std::path::Path::new("/bin/bash"), &["complete.sh"], b"");
    drop(bash.exits(0).prints("warehouse.md#the-database-from-a-copy"));
    home.write("inputs.md", "# R\n\n## Go\n\n```bash\nls <pod-name> <pod-password> <a place to go>\n```\n");
    let output = home.runbook(&["__complete", "po", "--inputs-of", "inputs.md#go"]).exits(0).stdout;
    assert_eq!(output, "pod-name=\t<pod-name>\npod-password=@\t<pod-password>\n");
    home.write(
        "complete-input.sh",
        "source <(runbook completions bash)\nCOMP_WORDS=(runbook run inputs.md#go --input a); COMP_CWORD=4\n\
         _runbook_anchors runbook a --input; printf '%s\\n' \"${COMPREPLY[@]}\"\n",
    );
    let bash = home.run(std::path::Path::new("/bin/bash"), &["complete-input.sh"], b"");
    drop(bash.exits(0).prints("a_place_to_go="));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        drop(home.runbook(&["completions", shell]).exits(0).prints("runbook"));
    }
}

/// The commands below one, as its own help lists them.
fn commands_below(home: &Home, command: &[String]) -> Vec<Vec<String>> {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let help = home.runbook(&words).exits(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line further in goes on with what the one above says.
    let names = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(|name| [command, &[name.to_owned()]].concat()).collect()
}

#[test]
fn the_manual_page_has_every_command_with_every_option() {
    let home = home();
    let page = home.runbook(&["man"]).exits(0).prints(".TH").stdout.replace("\\-", "-");
    let mut left = commands_below(&home, &[]);
    let (mut commands, mut options) = (0, 0);
    let long = regex::Regex::new(r"(?m)^ +(?:-\w, |    )--([a-z-]+)").unwrap();
    while let Some(command) = left.pop() {
        let below = commands_below(&home, &command);
        if !below.is_empty() {
            left.extend(below);
            continue;
        }
        commands += 1;
        let heading = format!(".SS \"runbook {}\"\n", command.join(" "));
        let part = page.split(&heading).nth(1).unwrap_or_else(|| panic!("no {heading} in:\n{page}"));
        let part = part.split("\n.S").next().unwrap();
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = home.runbook(&words).exits(0).stdout;
        for found in long.captures_iter(&help) {
            if ["help", "color"].contains(&&found[1]) {
                continue;
            }
            options += 1;
            assert!(
                part.contains(&format!("\\fB--{}\\fR", &found[1])),
                "no --{} of {command:?} in:\n{part}",
                &found[1]
            );
        }
    }
    assert!(page.contains(".SS \"runbook incident report\"") && page.contains("\\fB--color\\fR"), "{page}");
    assert!(commands >= 25 && options >= 60, "{commands} commands, {options} options");
}

#[test]
fn show_reads_a_procedure_and_one_step_of_it() {
    let home = home();
    let output = home.runbook(&["show", "warehouse.md#the-database-from-a-copy"]).exits(0);
    let output = output.prints("When orders are damaged:").prints("3.2 Throw the old one away");
    assert!(!output.stdout.contains('\u{1b}'));
    let one = home.runbook(&["show", "warehouse.md", "Getting it back/The database from a copy:3.1"]).exits(0);
    assert!(one.stdout.contains("sha256sum -c") && !one.stdout.contains("DROP"), "{}", one.stdout);
    let json = home.runbook(&["show", "--format", "json", "warehouse.md#everything-from-nothing"]).exits(0).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["steps"].as_array().unwrap().len(), 6);
}

#[test]
fn a_heading_is_found_without_its_number_and_a_failing_check_offers_the_choices() {
    let home = home();
    home.program("curl", "#!/bin/bash\necho 'curl: (6) Could not resolve host' >&2\nexit 6\n");
    let mut terminal = Terminal::runbook(
        &home,
        &["run", "warehouse.md#alarm--first-look", "--input", "shop.yourcompany.example=shop.yourcompany.example"],
    );
    terminal.wait_for_output("1. Alarm & first look").wait_for_output("1 Is it true?").wait_for_output("? help");
    terminal.send("\r").wait_for_output("Could not resolve host").wait_for_output("exit 6").wait_for_output("r retry");
    terminal.wait_for_output("? help").send("g").wait_for_output("2 What is running?").wait_for_output("? help");
    terminal.send("q");
    terminal.exits(3);
}

#[test]
fn lines_that_are_no_shell_are_a_task_that_says_why_and_what_follows_still_runs() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho before\n\nif then\n\necho after\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 echo before").wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal
        .wait_for_output("2 if then")
        .wait_for_output("these lines are no shell")
        .wait_for_output("? help")
        .send("s");
    terminal.wait_for_output("3 echo after").wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal.exits(0);
    assert!(transcript(&home).contains("if then"), "{}", transcript(&home));
}

#[test]
fn completion_never_lets_bash_run_a_word_of_the_document() {
    let home = home();
    let severities = "---\nincident:\n  severities:\n    P0: {title: Critical, response: immediately}\n    \
                      \"$(touch canary)\": 15 minutes\n    \"`touch canary`\": 15 minutes\n---\n# API down\n\n```bash\necho hi\n```\n";
    home.write("RUNBOOK.md", severities);
    home.program("runbook", &format!("#!/bin/bash\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_runbook")));
    home.write(
        "complete.sh",
        "source <(runbook completions bash)\nCOMP_WORDS=(runbook incident open x --severity ''); COMP_CWORD=5\n\
         _runbook_anchors runbook '' --severity; printf '%s\\n' \"${COMPREPLY[@]}\"\n\
         for word in \"${COMPREPLY[@]}\"; do eval \": $word\"; done\n",
    );
    let bash = home.run(std::path::Path::new("/bin/bash"), &["complete.sh"], b"").exits(0);
    assert!(bash.stdout.contains("P0") && bash.stdout.contains("touch"), "{}", bash.stdout);
    assert!(!home.work().join("canary").exists());
}
