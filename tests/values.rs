//! Values asked for, given and placed, through the program itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use support::{Home, Terminal};

/// A home whose `show` prints its arguments, one a line, in brackets.
fn home(document: &str) -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("r.md", document);
    home.program("show", "#!/bin/bash\nprintf '[%s]\\n' \"$@\"\n");
    home
}

const YES: [&str; 5] = ["run", "r.md", "--yes", "--allow", "unknown"];

fn run(home: &Home, more: &[&str]) -> support::Output {
    home.runbook(&[YES.as_slice(), more].concat())
}

fn transcript(home: &Home) -> String {
    std::fs::read_to_string(home.runs().pop().unwrap().join("transcript.md")).unwrap()
}

/// Everything that a run left on disk.
fn left(home: &Home) -> Vec<u8> {
    fn collect(folder: &std::path::Path, all: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, all) } else { all.extend(std::fs::read(path).unwrap_or_default()) }
        }
    }
    let mut all = Vec::new();
    collect(&home.state(), &mut all);
    all
}

#[test]
fn a_placeholder_is_asked_for_once_shown_in_its_place_and_recorded() {
    let home = home("# R\n\n```bash\nshow --pod <pod-name>\n```\n\n```bash\nshow 'again <pod-name>'\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("`<pod-name>`").wait_for_output("pod-name = ").send("it's $(touch CANARY)\r");
    terminal.wait_for_output(r"show --pod 'it'\''s $(touch CANARY)'").wait_for_output("? help").run_it();
    terminal.wait_for_output("[it's $(touch CANARY)]");
    terminal.wait_for_output("show 'again it").wait_for_output("? help").run_it();
    terminal.wait_for_output("[again it's $(touch CANARY)]");
    terminal.exits(0);
    assert!(!home.work().join("CANARY").exists());
    let transcript = transcript(&home);
    let table = "## Inputs\n\n| Input | Value | Where from |\n|:--|:--|:--|\n| `pod-name` | `it's $(touch CANARY)` | typed |\n\n";
    assert!(transcript.contains(table), "{transcript}");
}

#[test]
fn a_doubtful_word_stays_with_one_key() {
    let home = home("# R\n\n```bash\nshow backup_TIMESTAMP.gz\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("Enter keeps `TIMESTAMP`").wait_for_output("TIMESTAMP = ").send("\r");
    terminal.wait_for_output("? help").run_it().wait_for_output("[backup_TIMESTAMP.gz]");
    terminal.exits(0);
}

#[test]
fn an_unattended_run_names_the_values_it_lacks_and_takes_them_by_their_shown_names() {
    let home = home("# R\n\n```bash\nshow <pod-name> backup_TIMESTAMP.gz \"$PLACE\"\n```\n");
    let output = run(&home, &[]).exits(2);
    let wanted = ["--input pod-name=VALUE", "--input TIMESTAMP=VALUE", "--input PLACE=VALUE"];
    assert!(wanted.iter().all(|flag| output.stderr.contains(flag)), "{}", output.stderr);
    let given = ["--input", "POD_NAME=a b", "--input", "TIMESTAMP=2025", "--input", "PLACE=x;y"];
    drop(run(&home, &given).exits(0).prints("[a b]\n[backup_2025.gz]\n[x;y]"));
}

#[test]
fn values_come_from_files_and_the_environment_and_a_flag_counts_most() {
    let document = "# R\n\n```bash\nshow <one> <two> <three> <four>\nenv | grep -c RUNBOOK_INPUT || true\n```\n";
    for (file, text) in [
        ("v.yaml", "one: from file\ntwo: 0644\n"),
        ("v.json", "{\"one\": \"from file\", \"two\": \"0644\"}"),
        ("v.toml", "one = \"from file\"\ntwo = 0644\n"),
        ("v.env", "ONE='from file'\nexport TWO=0644\n"),
    ] {
        let home = home(document).env("RUNBOOK_INPUT_THREE", "from env").env("RUNBOOK_INPUT_FOUR", "env");
        home.write(file, text);
        let output = run(&home, &["--inputs", file, "--input", "four=flag"]).exits(0);
        drop(output.prints("[from file]\n[0644]\n[from env]\n[flag]\n0\n"));
    }
}

const SECRET: &str = "# R\n\n```bash\nshow \"got=<db-password>\" | tr 'a-z' 'A-Z'\n```\n";

#[test]
fn a_secret_is_in_no_argument_no_environment_and_nothing_that_is_kept() {
    let home = home(SECRET);
    home.write("pw", "hunter2secret\n");
    drop(run(&home, &["--input", "db-password=hunter2secret"]).exits(2).says("--input db-password=@FILE"));
    let exposed = home.env("RUNBOOK_INPUT_DB_PASSWORD", "hunter2secret");
    drop(run(&exposed, &[]).exits(2).says("is a secret"));

    let home = self::home(SECRET);
    home.write("pw", "hunter2secret\n");
    let output = run(&home, &["--input", "db-password=@pw"]).exits(0).prints("[GOT=HUNTER2SECRET]");
    assert!(!String::from_utf8_lossy(&left(&home)).contains("hunter2secret"));
    assert!(transcript(&home).contains("[masked:db-password]"), "{}", transcript(&home));
    assert!(!output.stderr.contains("hunter2secret"), "{}", output.stderr);
}

#[test]
fn a_secret_typed_at_the_terminal_is_not_shown() {
    let home = home("# R\n\n```bash\nshow ${#API_TOKEN}\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("not shown and kept nowhere").wait_for_output("API_TOKEN = ").send("hunter2secret\r");
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("[13]");
    terminal.exits(0);
    assert!(!String::from_utf8_lossy(terminal.raw()).contains("hunter2secret"));
    assert!(!String::from_utf8_lossy(&left(&home)).contains("hunter2secret"));
}

const DECLARED: &str = "---\ninputs:\n  size: {type: int, description: How many to keep, default: 3}\n  place:\n    \
    choices: [north, south]\n  name: {pattern: '[a-z]+'}\n---\n# R\n\n```bash\nshow {{ size }} '{{place}}' \
    \"{{ name }}\" '{{.Names}}' {{other}}\n```\n";

#[test]
fn declared_inputs_are_checked_and_everything_else_in_braces_stays() {
    let home = home(DECLARED);
    drop(run(&home, &["--input", "place=west", "--input", "name=a"]).exits(2).says("none of north, south"));
    drop(run(&home, &["--input", "place=north", "--input", "name=A1"]).exits(2).says("does not match `[a-z]+`"));
    let output = run(&home, &["--input", "place=north", "--input", "name=ab"]);
    drop(output.exits(0).prints("[3]\n[north]\n[ab]\n[{{.Names}}]\n[{{other}}]\n"));

    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("How many to keep").wait_for_output("size = ").send("\u{15}x\r");
    terminal.wait_for_output("no whole number").wait_for_output("size = ").send("\u{15}12\r");
    terminal.wait_for_output("north").wait_for_output("place = ").send("2\r");
    terminal.wait_for_output("name = ").send("ab\r");
    terminal.wait_for_output("? help").run_it().wait_for_output("[12]\r\n[south]\r\n[ab]");
    terminal.exits(0);
}

#[test]
fn a_command_names_the_lines_that_are_offered() {
    let home = home("---\ninputs:\n  file: {from: ls copies}\n---\n# R\n\n```bash\nshow {{ file }}\n```\n");
    home.write("copies/a one.gz", "");
    home.write("copies/b.gz", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("its lines are offered for `file`").wait_for_output("? help").send("y");
    terminal.wait_for_output("a one.gz").wait_for_output("file = ").send("1\r");
    terminal.wait_for_output("show 'a one.gz'").wait_for_output("? help").run_it().wait_for_output("[a one.gz]");
    terminal.exits(0);
}

#[test]
fn a_value_that_cannot_be_placed_is_refused_with_the_reason() {
    let home = home("# R\n\n```bash\nbash -c \"show '<name>'\"\n```\n");
    let output = run(&home, &["--input", "name=a'; touch CANARY; '"]);
    drop(output.exits(2).says("`<name>` cannot be placed").says("a second shell reads again"));
    assert!(!home.work().join("CANARY").exists());
    drop(run(&home, &["--input", "name=plain"]).exits(0).prints("[plain]"));
}

#[test]
fn several_lines_go_by_a_variable() {
    let home = home("# R\n\n```bash\nshow \"<text>\" 'x<text>'\n```\n");
    home.write("v.json", "{\"text\": \"a\\nb \\u001b[31m'\\\"$(id)\"}");
    drop(
        run(&home, &["--inputs", "v.json"]).exits(0).prints("[a\nb \u{1b}[31m'\"$(id)]\n[xa\nb \u{1b}[31m'\"$(id)]\n"),
    );
}

#[test]
fn inputs_lists_what_a_procedure_will_ask_for() {
    let home = home(DECLARED);
    let listed = home.runbook(&["inputs", "r.md"]).exits(0).prints("it asks for 3 values").prints("default `3`");
    drop(listed.prints("How many to keep"));
    let json = home.runbook(&["inputs", "r.md", "--format", "json"]).exits(0);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["inputs"][0]["name"], "name");
    assert_eq!(value["inputs"][0]["pattern"], "[a-z]+");
    assert_eq!(value["inputs"][0]["uses"][0]["line"], 11);
    let yaml = home.runbook(&["inputs", "r.md", "--format", "yaml"]).exits(0);
    home.write(
        "v.yaml",
        yaml.stdout.replace("\"name\": \"\"", "\"name\": ab").replace("\"place\": \"\"", "\"place\": south"),
    );
    drop(run(&home, &["--inputs", "v.yaml"]).exits(0).prints("[3]\n[south]\n[ab]\n"));
}

#[test]
fn a_stale_name_is_asked_about_with_the_listed_ones_to_choose_from() {
    let home = home(
        "# R\n\n```bash\n# List\nls copies/*.gz\n\n# Take it\nCOPY=copies/old.gz\n\n# Use it\nshow \"$COPY\"\n```\n",
    );
    home.write("copies/new one.gz", "");
    home.write("copies/new.gz", "");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").run_it().wait_for_output("exit 0");
    terminal.wait_for_output("takes one of these").wait_for_output("COPY = ").send("\u{15}copies/new.gz\r");
    terminal.wait_for_output("COPY=copies/new.gz").wait_for_output("? help").run_it();
    terminal.wait_for_output("3 Use it").wait_for_output("? help").run_it().wait_for_output("[copies/new.gz]");
    terminal.exits(0);
}

#[test]
fn a_run_that_begins_in_the_middle_says_what_the_steps_before_it_would_have_set() {
    let home = home("# R\n\n```bash\n# Take it\nCOPY=old.gz\n\n# Use it\nshow \"$COPY\"\n```\n");
    drop(run(&home, &["--from", "2"]).exits(2).says("--input COPY=VALUE"));
    let output = run(&home, &["--from", "2", "--input", "COPY=new.gz"]).exits(0).prints("[new.gz]");
    drop(output.says("`COPY` is set by step 1, which is not part of this run"));
}

#[test]
fn a_misspelt_template_is_told_and_stays() {
    let home = home(
        "---\ninputs: {backup_file: {default: a.gz}}\n---\n# R\n\n```bash\nshow {{ backup_file }} '{{ backup_flie }}'\n```\n",
    );
    let output = run(&home, &[]).exits(0).prints("[a.gz]\n[{{ backup_flie }}]");
    drop(output.says("did you mean `{{ backup_file }}`?"));
}

#[test]
fn no_name_of_an_input_gets_in_the_way_of_the_session() {
    let names =
        ["file", "dir", "nonce", "value", "kind", "main", "id", "st", "ps", "flags", "name", "off", "on", "all"];
    let commands = names.iter().fold(String::new(), |all, name| all + "show \"<" + name + ">\"\n");
    let home = home(&format!("# R\n\n```bash\n{commands}show end\n```\n"));
    let values: serde_json::Map<String, serde_json::Value> =
        names.iter().map(|name| ((*name).to_owned(), format!("{name}\nb").into())).collect();
    home.write("v.json", serde_json::Value::from(values).to_string());
    let printed = names.iter().fold(String::new(), |all, name| all + "[" + name + "\nb]\n");
    drop(run(&home, &["--inputs", "v.json"]).exits(0).prints(&format!("{printed}[end]\n")));
}

#[test]
fn a_run_that_is_taken_up_again_asks_for_nothing_it_was_told_before() {
    let home = home("# R\n\n```bash\n# One\nshow <pod-name>\n\n# Two\nshow again <pod-name>\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("pod-name = ").send("a b\r").wait_for_output("? help").send("y").wait_for_output("[a b]");
    terminal.wait_for_output("2 Two").wait_for_output("? help").send("q");
    terminal.exits(3);
    let mut terminal = Terminal::runbook(&home, &["resume"]);
    terminal.wait_for_output("show again 'a b'").wait_for_output("? help").send("y").wait_for_output("[again]");
    terminal.exits(0);
}

#[test]
fn a_secret_too_short_to_be_masked_is_told() {
    let home = home(SECRET);
    home.write("pw", "abc\n");
    drop(run(&home, &["--input", "db-password=@pw"]).exits(0).says("is not masked"));
}

#[test]
fn a_flag_that_gives_what_nothing_asks_for_is_refused_with_what_was_meant() {
    let home = home("# R\n\n```bash\nshow <pod-name> \"$PLACE\" ${KIND:-none}\n```\n");
    let given = ["--input", "pod-name=a", "--input", "PLACE=b"];
    let with = |more: &[&str]| run(&home, &[given.as_slice(), more].concat());
    drop(with(&["--input", "pod-nmae=a"]).exits(2).says("`r.md` does not ask for").says("did you mean `pod-name`?"));
    drop(with(&["--input", "pod=a"]).exits(2).says("did you mean `pod-name`?"));
    drop(with(&["--input", "other=a"]).exits(2).says("`runbook inputs 'r.md'` lists what it asks for"));
    assert!(home.runs().is_empty(), "nothing ran");
    let dry = ["run", "r.md", "--dry-run", "--input", "pod-nmae=a"];
    drop(home.runbook(&dry).exits(2).says("did you mean `pod-name`?"));
    // What has a form for being unset is not asked for, and may be given.
    drop(with(&["--input", "KIND=x y"]).exits(0).prints("[a]\n[b]\n[x]\n[y]\n"));
    // A file may serve several procedures; the environment serves all.
    home.write("v.yaml", "pod_nmae: a\n");
    drop(
        with(&["--inputs", "v.yaml"]).exits(0).says("warning: `pod_nmae` in `v.yaml`").says("did you mean `pod-name`?"),
    );
    let home = home.env("RUNBOOK_INPUT_ELSEWHERE", "a");
    let output = run(&home, &given).exits(0);
    assert!(!output.stderr.contains("ELSEWHERE"), "{}", output.stderr);
}

#[test]
fn a_dry_run_places_values_by_their_shown_names_and_refuses_those_that_do_not_fit() {
    let home = home("---\ninputs: {size: {type: int}}\n---\n# R\n\n```bash\nshow <pod-name> {{ size }}\n```\n");
    let dry = |more: &[&str]| home.runbook(&[["run", "r.md", "--dry-run"].as_slice(), more].concat());
    drop(dry(&["--input", "POD_NAME=a b", "--input", "size=3"]).exits(0).prints("show 'a b' 3"));
    drop(dry(&["--input", "size=x"]).exits(2).says("it is no whole number"));
}

#[test]
fn where_no_value_can_be_placed_none_is_asked_for_and_the_reason_is_said() {
    let home = home("# R\n\n```bash\n<tool> --version\n```\n\n```bash\nshow `ls db_TIMESTAMP`\nshow ${<name>}\n```\n");
    let checked = home.runbook(&["check", "r.md"]).exits(0).prints("no value can be placed for `<tool>`");
    let checked = checked.prints("a value must not decide what is run").prints("it stands within backticks");
    assert!(
        checked.stdout.contains(" | <tool> --version\n  | ^^^^^^\n") && !checked.stdout.contains("QQ"),
        "{}",
        checked.stdout
    );
    let output = run(&home, &[]).exits(2).says("`<tool>` cannot be placed: it stands where a command's name");
    assert!(!output.stderr.contains("--input tool") && !output.stderr.contains("QQ"), "{}", output.stderr);
    drop(output.says("no value can be placed for `TIMESTAMP`").says("--input TIMESTAMP=TIMESTAMP"));
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("cannot run as it stands").wait_for_output("? help").send("\r");
    terminal.wait_for_output("it cannot run as it stands").send("e").wait_for_output("edit: ");
    terminal.send("\u{15}show a\r").wait_for_output("? help").run_it().wait_for_output("[a]");
    terminal.wait_for_output("stays as it is written").wait_for_output("? help").send("q");
    terminal.exits(3);
}

#[test]
fn a_default_that_does_not_fit_is_not_used() {
    let home = home("---\ninputs: {size: {type: int, default: many}}\n---\n# R\n\n```bash\nshow {{ size }}\n```\n");
    drop(home.runbook(&["check", "r.md"]).exits(1).prints("error[malformed-input]").prints("it is no whole number"));
    drop(run(&home, &[]).exits(2).says("--input size=VALUE"));
}

#[test]
fn check_names_what_a_misspelt_template_meant() {
    let home = home(
        "---\ninputs: {backup_file: {default: a.gz}}\n---\n# R\n\n```bash\nshow '{{ backup_flie }}' '{{ backup_file | upper }}' '{{ .Names }}'\n```\n",
    );
    let checked = home.runbook(&["check", "r.md"]).exits(0).prints("warning[unknown-input]");
    let checked = checked.prints("did you mean `{{ backup_file }}`?").prints("`| upper` is no filter");
    assert!(checked.stdout.ends_with("0 errors, 2 warnings, 0 notes\n"), "{}", checked.stdout);
}

#[test]
fn what_is_too_much_is_a_clear_error() {
    let many: Vec<String> = (0..10_000).map(|number| format!("<p{number}>")).collect();
    let home = home(&format!("# R\n\n```bash\nshow {}\n```\n", many.join(" ")));
    drop(run(&home, &[]).exits(2).says("there are 10000 values in one command; the most is 500"));
    let home = self::home("# R\n\n```bash\nshow <p>\n```\n");
    home.write("v.yaml", format!("p: {}\n", "x".repeat(1_000_000)));
    drop(run(&home, &["--inputs", "v.yaml"]).exits(2).says("the value is longer than"));
    home.write("v.yaml", format!("p: {}\n", "x".repeat(2_000_000)));
    drop(run(&home, &["--inputs", "v.yaml"]).exits(2).says("`v.yaml` is larger than 1 MiB"));
    home.write("v.json", "{\"p\": \"a\\u0000b\"}");
    drop(run(&home, &["--inputs", "v.json"]).exits(2).says("NUL"));
    for text in ["{".repeat(200_000), format!("{{{{ {} }}}}", "(".repeat(100_000)), "$(".repeat(60_000)] {
        let home = self::home(&format!("---\ninputs: {{a: {{default: b}}}}\n---\n# R\n\n```bash\nshow {text}\n```\n"));
        drop(home.runbook(&["inputs", "r.md"]).exits(0));
    }
}

#[test]
fn a_cell_too_large_to_be_read_stops_an_unattended_run_before_it_begins() {
    let home = Home::new().env("NO_COLOR", "1");
    let braces = format!("{}{}", "{".repeat(200_000), "}".repeat(200_000));
    home.write("R.md", format!("---\ninputs:\n  x: {{default: a}}\n---\n# P\n\n```bash\necho {{{{{braces}}}}}\n```\n"));
    let output = home.runbook(&["run", "R.md#p", "--yes"]).exits(2).says("longer than 256 KiB");
    assert!(output.stderr.len() < 2000, "{}", output.stderr.len());
}

#[test]
fn a_value_that_a_second_shell_would_run_is_refused_before_the_run_begins() {
    let home =
        home("# R\n\n```bash\nssh host \"ls $NAMESPACE\"\n```\n\n```bash\n[[ $COUNT -gt 3 ]] && echo many\n```\n");
    let hostile = run(&home, &["--input", "NAMESPACE=x; touch canary", "--input", "COUNT=a[$(touch canary)]"]);
    drop(hostile.exits(2).says("the value of `$NAMESPACE` does not fit").says("the value of `$COUNT` does not fit"));
    let host = home.work().join("canary");
    assert!(!host.exists() && home.runs().is_empty());
}

#[test]
fn a_value_that_does_not_fit_its_variable_is_asked_for_again() {
    let home = home("# R\n\n```bash\nbash -c \"show $WORD\"\n```\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("WORD = ").send("x; touch canary\r");
    terminal.wait_for_output("a second shell reads again").wait_for_output("WORD = ").send("plain\r");
    terminal.wait_for_output("? help").run_it();
    terminal.wait_for_output("[plain]");
    terminal.exits(0);
    assert!(!home.work().join("canary").exists());
}

#[test]
fn a_value_that_is_carried_on_by_an_assignment_is_held_to_the_same_rules() {
    let home = home(
        "---\ninputs:\n  v: {type: string}\n---\n# R\n\n```bash\nx={{ v }}\n```\n\n```bash\neval \"ls $x\"\n```\n",
    );
    drop(run(&home, &["--input", "v=a; touch canary"]).exits(2).says("the value of `$x` does not fit"));
    assert!(!home.work().join("canary").exists());
}

#[test]
fn a_host_that_is_an_option_needs_a_yes_and_is_shown() {
    let home = home("# R\n\n```bash\nssh \"$HOST\" uptime\n```\n");
    let unattended = ["run", "r.md", "--yes", "--input", "HOST=-oProxyCommand=touch canary"];
    home.runbook(&unattended).exits(2).says("--allow unknown");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("HOST = ").send("-oProxyCommand=touch canary\r");
    terminal.wait_for_output("`HOST` is `-oProxyCommand=touch canary`").wait_for_output("Enter no");
    terminal.wait_for_output("? help").send("q");
    terminal.exits(3);
}

#[test]
fn what_the_front_matter_sets_is_shown_and_raises_the_programs_that_it_touches() {
    let text = "---\nenv:\n  GIT_EXTERNAL_DIFF: touch canary\n  MODE: fast\n---\n# R\n\n```bash\ngit diff\n```\n\n```bash\necho \"$MODE\"\n```\n";
    let home = home(text);
    home.runbook(&["run", "r.md", "--yes"]).exits(2).says("--allow unknown");
    for shown in [vec!["show", "r.md"], vec!["run", "--dry-run", "r.md"]] {
        home.runbook(&shown).exits(0).prints("GIT_EXTERNAL_DIFF=touch canary").prints("MODE=fast");
    }
    let found = home.runbook(&["check", "r.md"]);
    assert!(found.stdout.contains("sets `GIT_EXTERNAL_DIFF`, which makes programs run others"), "{}", found.stdout);
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("the document sets GIT_EXTERNAL_DIFF=touch canary");
    terminal.wait_for_output("the front matter sets `GIT_EXTERNAL_DIFF`");
    terminal.wait_for_output("Enter no").wait_for_output("? help").send("s");
    terminal.wait_for_output("step 2 of 2").wait_for_output("? help").send("\r").wait_for_output("fast").exits(0);
    assert!(!home.work().join("canary").exists());
}

#[test]
fn the_name_of_a_value_may_stand_in_the_words_of_commands_that_need_no_value() {
    let home = home(
        "---\ninputs:\n  v: {type: string}\n---\n# R\n\n```bash\necho one v\necho v two\n```\n\n```bash\nshow {{ v }}\necho v three\nls v* || true\n```\n",
    );
    drop(run(&home, &["--input", "v=a"]).exits(0).prints("one v\nv two\n[a]\nv three\n"));
}
