//! What ends badly: commands that leave the shell, terminals and engines that go away, programs that own the terminal.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use std::time::{Duration, Instant};
use support::{Home, Terminal};

fn home() -> Home {
    Home::new().env("NO_COLOR", "1")
}

/// Waits until a run folder's journal has this text.
fn journal_has(home: &Home, text: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "a deadline")]
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let journal =
            home.runs().pop().map(|run| std::fs::read_to_string(run.join("journal.jsonl")).unwrap_or_default());
        let journal = journal.unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "a deadline")]
        let late = Instant::now() > end;
        assert!(!late, "no `{text}` in\n{journal}");
        if journal.contains(text) {
            return journal;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The process of `runbook run` itself, below whatever the terminal started.
fn engine(home: &Home) -> String {
    let folder = home.runs().pop().unwrap();
    let found = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).find_map(|entry| {
        let pid = entry.file_name().into_string().ok().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_run = String::from_utf8_lossy(&line).split('\0').take(2).skip(1).any(|word| word == "run");
        let cwd = std::fs::read_link(entry.path().join("cwd")).ok()?;
        (is_run && cwd == home.work()).then_some(pid)
    });
    found.unwrap_or_else(|| format!("no engine for {}", folder.display()))
}

const SLOW: &str = "# Slow\n\n```bash\nfor i in 1 2 3 4 5 6; do echo \"line $i of six\"; sleep 0.3; done\n```\n";

/// The command is in the record to its end; its recorder waits for an engine, and ends when it is told to.
fn is_complete(home: &Home) {
    let journal = journal_has(home, "\"kind\":\"command-finished\"");
    assert!(journal.contains("\"kind\":\"engine-lost\""), "{journal}");
    assert!(journal.contains("\"outcome\":\"succeeded\""), "{journal}");
    let transcript = home.runbook(&["transcript"]).exits(0).stdout;
    for i in 1..=6 {
        assert!(transcript.contains(&format!("line {i} of six")), "line {i}:\n{transcript}");
    }
    drop(home.runbook(&["runs"]).exits(0).prints("waiting"));
    let run = home.runs().pop().unwrap();
    drop(home.runbook(&["stop", run.file_name().unwrap().to_str().unwrap()]).exits(0));
    drop(journal_has(home, "\"kind\":\"run-finished\""));
}

#[test]
fn a_command_whose_engine_is_killed_finishes_and_all_of_it_is_in_the_record() {
    let home = home();
    home.write("slow.md", SLOW);
    let mut terminal = Terminal::runbook(&home, &["run", "slow.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("line 2 of six");
    let pid = engine(&home);
    let killed = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success(), "{pid}");
    is_complete(&home);
}

#[test]
fn a_command_whose_terminal_is_closed_finishes_and_all_of_it_is_in_the_record() {
    let home = home();
    home.write("slow.md", SLOW);
    let mut terminal = Terminal::runbook(&home, &["run", "slow.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("line 2 of six").hang_up();
    is_complete(&home);
}

#[test]
fn exit_errexit_and_a_death_are_recorded_outcomes_and_the_session_goes_on() {
    let home = home();
    let steps = "# Ends\n\n```bash\n# Keep\nKEPT=kept\n\n# Leave\nexit 3\n\n# Strict\nset -e; false; echo NOT REACHED\n\n\
                 # After\nset +e\necho \"still $KEPT\"\n\n# Die\nkill -9 $$\n\n# Alive\necho alive again\n```\n";
    home.write("ends.md", steps);
    let mut terminal = Terminal::runbook(&home, &["run", "ends.md"]);
    terminal.wait_for_output("1 Keep").wait_for_output("? help").send("\r");
    terminal.wait_for_output("2 Leave").wait_for_output("? help").send("\r");
    terminal.wait_for_output("exit 3").wait_for_output("? help").send("g");
    terminal.wait_for_output("3 Strict").wait_for_output("? help").send("\r");
    terminal.wait_for_output("failed").wait_for_output("? help").send("g");
    terminal.wait_for_output("4 After").wait_for_output("? help").send("\r");
    terminal.wait_for_output("? help").send("\r").wait_for_output("still kept");
    terminal.wait_for_output("5 Die").wait_for_output("? help").send("y");
    terminal.wait_for_output("? help").send("g");
    terminal.wait_for_output("6 Alive").wait_for_output("? help").send("\r").wait_for_output("alive again");
    terminal.wait_for_output("transcript: ");
    terminal.exits(1);
    let history = terminal.history();
    assert!(!history.contains("\nNOT REACHED"), "{history}");
    let journal = journal_has(&home, "run-finished");
    for word in ["exited", "shell-died", "shell-ended"] {
        assert!(journal.contains(word), "{word}: {journal}");
    }
}

#[test]
fn a_text_that_bash_rejects_is_refused_recorded_and_the_session_is_usable() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho one\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("!").wait_for_output("own command: ").send("if then fi\r");
    terminal.wait_for_output("bash rejects it").wait_for_output("? help").send("\r").wait_for_output("exit 0");
    terminal.exits(0);
    let transcript = home.runbook(&["transcript"]).exits(0).stdout;
    assert!(transcript.contains("bash rejects it"), "{transcript}");
}

#[test]
fn an_unfilled_placeholder_is_refused_in_every_mode() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\necho <pod-name>\n```\n");
    let output = home.runbook(&["run", "r.md", "--yes", "--allow", "unknown"]);
    drop(output.exits(2).says("`<pod-name>` stands for a value").says("--input pod-name=VALUE"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("`<pod-name>` in").wait_for_output("pod-name = ").send("\r");
    terminal.wait_for_output("a value is needed").send("\u{3}").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert!(!home.work().join("pod-name").exists());
}

#[test]
fn a_full_screen_program_is_shown_left_and_the_run_goes_on() {
    let home = home();
    if !support::needs("top") {
        return;
    }
    home.write("r.md", "# R\n\n```bash\n# Look\ntop -d 1\n\n# Look again\ntop -d 1\n\n# Go on\necho went on\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 Look").wait_for_output("? help").send("\r").wait_for_output("load average").send("q");
    terminal.wait_for_output("exit 0").wait_for_output("2 Look again").wait_for_output("? help").send("\r");
    terminal.wait_for_output("load average").send("\u{3}");
    terminal.wait_for_output("3 Go on").wait_for_output("? help").send("\r").wait_for_output("went on");
    terminal.exits(0);
}

#[test]
fn ctrl_c_ends_a_command_and_never_the_engine() {
    let home = home();
    home.write(
        "r.md",
        "# R\n\n```bash\n# Wait\nsleep 60\n\n# Follow\ntail -f /dev/null\n\n# Go on\necho went on\n```\n",
    );
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 Wait").wait_for_output("? help").send("\r").wait_for_output("running");
    terminal.send("\u{3}").wait_for_output("interrupted").wait_for_output("? help").send("g");
    terminal.wait_for_output("2 Follow").wait_for_output("? help").send("\r").wait_for_output("running");
    terminal.send("\u{3}").wait_for_output("ended by you").wait_for_output("3 Go on");
    terminal.wait_for_output("? help").send("\r").wait_for_output("went on");
    terminal.exits(1);
}

#[test]
fn the_terminal_is_as_it_was_after_a_run_that_left_it_raw() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\nstty raw -echo; printf '\\033[?1049h\\033[?1000h'\n```\n");
    let script = "before=$(stty -g); \"$RUNBOOK\" run r.md; after=$(stty -g); [ \"$before\" = \"$after\" ] && echo SAME TERMINAL";
    home.write("go.sh", script);
    let home = home.env("RUNBOOK", env!("CARGO_BIN_EXE_runbook"));
    let mut terminal = Terminal::start(&home, std::path::Path::new("/bin/bash"), &["go.sh"], (24, 80));
    terminal.wait_for_output("? help").send("\r").wait_for_output("SAME TERMINAL");
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    assert!(raw.contains("\u{1b}[?1049l") && raw.contains("\u{1b}[?1000l"), "{raw:?}");
}

#[test]
fn ctrl_right_bracket_opens_a_line_of_the_engine_while_a_command_runs() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\n# Wait\ncat\n\n# Slow\nsleep 60\n\n# Left\nsleep 2; touch finished\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 Wait").wait_for_output("? help").send("\r").wait_for_output("running");
    terminal.send("\u{1d}").wait_for_output("n note").send("n").wait_for_output("note: ");
    terminal.send("seen by me\r").settle(Duration::from_millis(200));
    journal_has(&home, "seen by me");
    terminal.send("typed\r").wait_for_output("typed");
    // The key itself reaches the command, and Ctrl-D ends it.
    terminal.send("\u{1d}").wait_for_output("n note").send("]").settle(Duration::from_millis(200));
    terminal.send("\r").wait_for_output("^]").send("\u{4}").wait_for_output("2 Slow").wait_for_output("? help");
    terminal.send("\r").wait_for_output("running").send("\u{1d}").wait_for_output("n note").send("s");
    terminal.wait_for_output("interrupted").wait_for_output("? help").send("g");
    terminal.wait_for_output("3 Left").wait_for_output("? help").send("\r").settle(Duration::from_millis(300));
    terminal.send("\u{1d}").wait_for_output("n note").send("d").wait_for_output("detached from the run");
    terminal.exits(3);
    assert!(!home.work().join("finished").exists());
    let journal = journal_has(&home, "\"kind\":\"engine-lost\"");
    let note = journal.lines().position(|line| line.contains("note-added")).unwrap();
    let finished = journal.lines().position(|line| line.contains("command-finished")).unwrap();
    assert!(note < finished, "{journal}");
    let mut looks = std::iter::repeat_with(|| std::thread::sleep(Duration::from_millis(50))).take(100);
    assert!(looks.any(|()| home.work().join("finished").exists()), "the command did not go on");
}

#[test]
fn what_a_command_leaves_behind_is_named() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\n# Start\n(setsid sleep 33 &); sleep 0.3\n\n# Go on\necho went on\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("1 Start").wait_for_output("? help").send("\r");
    terminal.wait_for_output("still running: `sleep 33` (process").wait_for_output("2 Go on");
    terminal.wait_for_output("? help").send("\r").wait_for_output("went on");
    terminal.wait_for_output("still running after the run: `sleep 33`");
    terminal.exits(0);
}

#[test]
fn a_run_needs_no_terminal_no_input_and_no_environment() {
    let home = home();
    home.write("r.md", "# R\n\n```bash\ntty; cat; echo \"came from $PWD\"; sleep 0.1\n```\n");
    let runbook = env!("CARGO_BIN_EXE_runbook");
    let plain = format!(
        "env -i PATH=\"$PATH\" HOME=\"$HOME\" XDG_STATE_HOME=\"$XDG_STATE_HOME\" {runbook} run r.md --yes --allow unknown"
    );
    let conditions = [
        ("as from cron", format!("setsid -w {plain} </dev/null >out.txt 2>&1")),
        ("with standard input closed", format!("setsid -w {plain} <&- >out.txt 2>&1")),
        ("with everything closed", format!("setsid -w {plain} <&- >&- 2>&-")),
        ("as in a pipe of CI", format!(": | setsid -w {plain} 2>&1 | cat >out.txt")),
        (
            "as `ssh host runbook`, whose input stays open",
            format!("sleep 5 | setsid -w {plain} >out.txt 2>&1 & wait %1"),
        ),
        ("with few descriptors", format!("ulimit -n 64; setsid -w {plain} </dev/null >out.txt 2>&1")),
    ];
    for (condition, text) in conditions {
        let before = home.runs().len();
        let script = home.write("go.sh", text);
        drop(home.run(std::path::Path::new("/bin/bash"), &[script.to_str().unwrap()], b""));
        let mut runs = home.runs();
        runs.sort();
        assert_eq!(runs.len(), before + 1, "{condition}");
        let journal = runs.iter().map(|run| std::fs::read_to_string(run.join("journal.jsonl")).unwrap());
        let journal: Vec<String> = journal.collect();
        let done = journal.iter().filter(|journal| journal.contains("\"outcome\":\"succeeded\"")).count();
        assert_eq!(done, before + 1, "{condition}: {journal:?}");
        assert!(
            journal.iter().all(|journal| journal.contains("came from") && journal.contains("not a tty")),
            "{condition}"
        );
    }
}
