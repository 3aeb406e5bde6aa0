//! What runs again by itself, and what is undone: retries, conditions waited for, monitors, rollbacks.

#![expect(
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]

mod support;

use support::{Home, Output, Terminal};

fn unattended(text: &str, flags: &[&str]) -> (Home, Output) {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("R.md", text);
    let output = home.runbook(&[&["run", "R.md#p", "--yes", "--allow", "unknown"], flags].concat());
    (home, output)
}

/// A home with a document, and a terminal on a run of it.
fn at_terminal(text: &str) -> (Home, Terminal) {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("R.md", text);
    let mut terminal = Terminal::runbook(&home, &["run", "R.md#p"]);
    terminal.wait_for_output("? help");
    (home, terminal)
}

/// The recorded command texts, in order.
fn commands(home: &Home) -> Vec<String> {
    let journal = std::fs::read_to_string(home.runs().pop().unwrap().join("journal.jsonl")).unwrap();
    let events = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let started = events.filter(|event| event["kind"] == "command-started");
    started.map(|event| event["payload"]["text"].as_str().unwrap().trim().to_owned()).collect()
}

/// Fails twice, then succeeds.
const THIRD_TIME: &str = "echo x >> tries; test $(wc -l < tries) -ge 3 || { echo no; false; }";

#[test]
fn a_command_that_fails_is_tried_again_as_often_as_the_document_says() {
    let (home, output) = unattended(&format!("# P\n\n```bash {{retry=5 every=50ms}}\n{THIRD_TIME}\n```\n"), &[]);
    drop(output.exits(0).says("try 1 of 5 in 50ms"));
    assert_eq!(commands(&home).len(), 3);
    let (home, output) = unattended("# P\n\n```bash {retry=2 every=50ms}\nls nosuch\n```\n", &[]);
    drop(output.exits(1));
    assert_eq!(commands(&home), ["ls nosuch"; 3]);
}

#[test]
fn what_needs_a_yes_is_never_tried_again_by_itself() {
    let (home, output) =
        unattended("# P\n\n```bash {retry=3 every=50ms}\nrm nosuch\n```\n", &["--allow", "destructive"]);
    drop(output.exits(1).says("needs its own confirmation each time"));
    assert_eq!(commands(&home), ["rm nosuch"]);
}

#[test]
fn a_step_waits_for_its_condition_before_the_next_one_runs() {
    let text = "# P\n\n```bash {until=\"test -f ready\" every=100ms retry=50}\n(sleep 0.5; touch ready) &\n```\n\n\
                ```bash\nls ready\n```\n";
    let (home, output) = unattended(text, &[]);
    drop(output.exits(0).prints("ready"));
    let commands = commands(&home);
    assert!(commands.iter().filter(|text| *text == "test -f ready").count() > 1, "{commands:?}");
}

#[test]
fn a_condition_that_is_never_met_stops_the_run() {
    let text = "# P\n\n```bash {until='test -f ready' every=50ms retry=2}\ntrue\n```\n\n```bash\ndate\n```\n";
    let (home, output) = unattended(text, &[]);
    drop(output.exits(1).says("`test -f ready` failed"));
    assert_eq!(commands(&home), ["true", "test -f ready", "test -f ready", "test -f ready"]);
}

#[test]
fn a_value_that_only_the_condition_needs_is_asked_for() {
    let front = "---\ninputs:\n  name:\n    description: what to wait for\n---\n";
    let text = format!("{front}# P\n\n```bash {{until=\"test -f {{{{ name }}}}\"}}\ntouch ready\n```\n");
    let home = Home::new().env("NO_COLOR", "1");
    home.write("R.md", text);
    let mut terminal = Terminal::runbook(&home, &["run", "R.md#p"]);
    terminal.wait_for("what to wait for").send("ready\r").wait_for_output("? help").run_it().exits(0);
    assert_eq!(commands(&home), ["touch ready", "test -f ready"]);
}

#[test]
fn a_condition_is_gated_with_the_command_it_stands_behind() {
    let (_home, output) = unattended("# P\n\n```bash {until=\"rm x\"}\ntrue\n```\n", &[]);
    drop(output.exits(2).says("--allow destructive"));
}

#[test]
fn the_operator_sees_the_condition_and_can_end_the_wait() {
    let text = "# P\n\n```bash {until='test -f ready' every=30s}\ntrue\n```\n";
    let (home, mut terminal) = at_terminal(text);
    terminal.wait_for("then waits until `test -f ready` succeeds");
    terminal
        .wait_for("every 30s, at most 60 times")
        .run_it()
        .wait_for("try 1 of 60 in")
        .send("q")
        .wait_for("r retry")
        .wait_for_output("? help")
        .send("r");
    // Trying again tries the condition, not the command.
    terminal.wait_for("try 1 of 60 in");
    std::fs::write(home.work().join("ready"), "").unwrap();
    terminal.send("\r").exits(0);
    assert_eq!(commands(&home).iter().filter(|text| *text == "true").count(), 1);
}

#[test]
fn a_monitor_takes_samples_and_its_last_one_counts() {
    let text = "# P\n\n```bash {monitor=400ms every=100ms}\necho sample >> s; wc -l < s\n```\n";
    let (home, output) = unattended(text, &[]);
    drop(output.exits(0).says("5 samples, none of them failed"));
    assert_eq!(commands(&home).len(), 5);
    let transcript = std::fs::read_to_string(home.runs().pop().unwrap().join("transcript.md")).unwrap();
    assert!(transcript.contains("sample"), "{transcript}");
}

#[test]
fn one_key_ends_a_monitor_and_the_step_goes_on() {
    let text = "# P\n\n```bash {monitor=1h every=20s}\nuptime\n```\n\n```bash\necho after-it\n```\n";
    let (home, mut terminal) = at_terminal(text);
    terminal.run_it().wait_for("sample 2 of 181 in").send("q").wait_for("1 sample, none of them failed");
    terminal.wait_for("echo after-it").wait_for_output("? help").run_it().exits(0);
    assert_eq!(commands(&home), ["uptime", "echo after-it"]);
}

#[test]
fn a_run_that_is_stopped_ends_while_it_waits_for_the_next_sample() {
    let (home, mut terminal) = at_terminal("# P\n\n```bash {monitor=1h every=1h}\nuptime\n```\n");
    terminal.run_it().wait_for("sample 2 of 2 in");
    drop(home.runbook(&["stop"]).exits(0));
    terminal.wait_for_output("the run was ended: stopped by operator on");
    terminal.exits(3);
    assert_eq!(commands(&home), ["uptime"]);
}

#[test]
fn a_watch_can_be_recorded_as_a_monitor() {
    let (home, mut terminal) = at_terminal("# P\n\n```bash\nwatch -n 30 'echo hello | cat'\n```\n");
    terminal.wait_for("m record it as a monitor").send("m").wait_for("sample 2 of 121 in");
    terminal.send("q").exits(0);
    assert_eq!(commands(&home), ["echo hello | cat"]);
}

#[test]
fn unattended_a_watch_is_a_monitor() {
    let (home, output) =
        unattended("# P\n\n```bash\nwatch -n 0.2 'echo hello | cat'\n```\n", &["--monitor-for", "500ms"]);
    drop(output.exits(0).prints("hello").says("3 samples"));
    assert_eq!(commands(&home), ["echo hello | cat"; 3]);
}

const DEPLOY: &str = "# P

```bash {name=scale}
touch scaled
```

```bash {rollback=scale}
echo unscale >> undone
```

```bash {name=migrate}
touch migrated
```

```bash {rollback=migrate}
echo unmigrate >> undone
```

```bash
ls nosuch
```

```bash
echo the-end
```

## Rollback

```bash
echo whole >> undone
```
";

#[test]
fn what_was_done_is_undone_last_first_when_the_operator_says_so() {
    let (home, mut terminal) = at_terminal(DEPLOY);
    terminal.wait_for("3 steps undo what others do");
    terminal.run_it().wait_for("touch migrated").wait_for_output("? help").run_it();
    terminal.wait_for("ls nosuch").wait_for_output("? help").run_it().wait_for("u undo what was done").send("u");
    for text in ["echo unmigrate", "echo unscale", "echo whole"] {
        terminal.wait_for_output("! it undoes what was done").wait_for(text).wait_for_output("? help").send("y");
    }
    terminal.wait_for("rolled back: 3 of 3 steps").wait_for_output("? help").send("q").exits(3);
    assert_eq!(home.read("undone"), "unmigrate\nunscale\nwhole\n");
}

#[test]
fn unattended_nothing_is_undone_without_its_flag() {
    let (home, output) = unattended(DEPLOY, &[]);
    drop(output.exits(1));
    assert!(!home.work().join("undone").exists());
    let (home, output) = unattended(DEPLOY, &["--rollback-on-failure"]);
    drop(output.exits(1).says("rolled back: 3 of 3 steps"));
    assert_eq!(home.read("undone"), "unmigrate\nunscale\nwhole\n");
}

#[test]
fn a_step_that_never_began_is_not_undone() {
    let text = "# P\n\n```bash\nls nosuch\n```\n\n```bash {name=later}\ntouch later\n```\n\n\
                ```bash {rollback=later}\ntouch undone\n```\n";
    let (home, output) = unattended(text, &["--rollback-on-failure"]);
    drop(output.exits(1));
    assert!(!home.work().join("undone").exists());
}

#[test]
fn a_rollback_can_be_run_by_its_own_name() {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("R.md", DEPLOY);
    drop(home.runbook(&["run", "R.md#rollback", "--yes", "--allow", "unknown"]).exits(0));
    assert_eq!(home.read("undone"), "whole\n");
}

#[test]
fn an_output_without_what_is_expected_in_it_is_a_failure() {
    let (_home, output) = unattended("# P\n\n```bash {expect='all is well'}\necho all is well\n```\n", &[]);
    drop(output.exits(0));
    let text = "# P\n\n```bash {expect='all is well'}\necho trouble\n```\n\n```bash\necho after\n```\n";
    let (home, output) = unattended(text, &[]);
    drop(output.exits(1).says("`all is well` is expected in the output, and is not there"));
    assert_eq!(commands(&home), ["echo trouble"]);
}

#[test]
fn an_expected_similarity_decides_and_a_shown_output_is_only_compared() {
    let cell = "# P\n\n```bash\necho connection refused\n```\n\n";
    let output = "```output\ndatabase is ready to accept connections\n```\n\n```bash\necho after\n```\n";
    let (home, said) = unattended(&format!("{cell}{output}"), &[]);
    drop(said.exits(0).says("0 % of the output that the document shows came back"));
    assert_eq!(commands(&home).len(), 2);
    let (home, said) = unattended(&format!("{cell}<!-- expected_similarity=0.8 -->\n{output}"), &[]);
    drop(said.exits(1).says("80 % are wanted"));
    assert_eq!(commands(&home).len(), 1);
}

#[test]
fn a_failure_that_the_document_lets_pass_is_never_carried_into_something_that_destroys() {
    let text = "# P\n\n```bash {continue}\nls nosuch\n```\n\n```bash\necho after\n```\n";
    let (home, output) = unattended(text, &[]);
    drop(output.exits(1));
    assert_eq!(commands(&home), ["ls nosuch", "echo after"]);
    let text = "# P\n\n```bash {continue}\nls nosuch\n```\n\n```bash\nrm -f x\n```\n";
    let (home, output) = unattended(text, &["--allow", "destructive"]);
    drop(output.exits(1).says("came back with a failure, and `rm -f x` may destroy something"));
    assert_eq!(commands(&home), ["ls nosuch"]);
}
