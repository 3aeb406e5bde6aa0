//! Commands in the session's one bash, with an operator at the terminal.

mod session_support;

use runbook::history::{End, Mode, Outcome};
use runbook::recorder::protocol::{TerminalSize, WireRequest};
use session_support::{Act, Client, Ran, after, ctrl_c, keys, session};
use std::time::Duration;

#[test]
fn variables_directory_functions_and_options_carry_over() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("X=kept; export Y=exported; f() { echo from f; }; cd /usr; set -o pipefail; alias g='echo alias'");
    let ran = client.run("echo $X $PWD; f; bash -c 'echo $Y'; shopt -qo pipefail && echo pipefail; g");
    assert_eq!(ran.text(), "kept /usr\r\nfrom f\r\nexported\r\npipefail\r\nalias\r\n");
    assert_eq!(ran.finished.cwd, "/usr");
    assert_eq!((ran.finished.end, ran.outcome()), (End::Ran, &Outcome::Succeeded));
    client.run("(exit 7)");
    assert_eq!(client.run("echo $?").text(), "7\r\n");
    client.run("declare -A m=([k]=v); sleep 100 & set -- one two");
    assert_eq!(client.run("echo ${m[k]} $2; kill %1 && echo killed").text(), "v two\r\nkilled\r\n");
}

/// A command, what is done while it runs, how it comes back, what must and must not be printed.
struct Case {
    text: &'static str,
    acts: Vec<Act>,
    end: End,
    status: i32,
    prints: &'static str,
}

fn case(text: &'static str, end: End, status: i32, prints: &'static str) -> Case {
    Case { text, acts: Vec::new(), end, status, prints }
}

fn broken_off(text: &'static str) -> Case {
    Case { text, acts: vec![after(150), ctrl_c(), after(800), ctrl_c()], end: End::Thrown, status: 130, prints: "" }
}

/// Runs each in one session; the state set before the first must be there after the last.
fn all_leave_the_session_as_it_was(cases: Vec<Case>) {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("X=keep; f() { builtin echo fn; }; export Y=exp; cd /usr");
    for Case { text, acts, end, status, prints } in cases {
        let ran = client.run_with(Client::command(text), &acts);
        assert_eq!((ran.finished.end, ran.finished.status), (end, Some(status)), "{text}: {}", ran.text());
        assert!(ran.text().contains(prints), "{text}: {}", ran.text());
        assert!(!ran.text().contains("NO"), "{text}: {}", ran.text());
        assert_eq!(ran.respawned, None, "{text}");
        client.run("set +eu; trap - INT; trap - EXIT");
        let state = client.run("builtin echo \"$X $(f) $PWD $(bash -c 'echo $Y')\"").text();
        assert_eq!(state, "keep fn /usr exp\r\n", "after {text}");
    }
}

#[test]
fn exit_and_errors_end_the_command_and_not_the_session() {
    all_leave_the_session_as_it_was(vec![
        case("exit 3\necho NO", End::Exited, 3, ""),
        case("g() { exit 4; }; g; echo NO", End::Exited, 4, ""),
        case("( exit 5 ); echo st=$?", End::Ran, 0, "st=5"),
        case("set -e; false; echo NO", End::Errexit, 1, ""),
        case("set -e\ng() { false; echo NO; }\ng\necho NO", End::Errexit, 1, ""),
        case("set -e\nv=$(false)\necho NO", End::Errexit, 1, ""),
        case("set -euo pipefail\nfalse | true\necho NO", End::Errexit, 1, ""),
        case("set +o pipefail; set -u\necho \"$nope\"\necho NO", End::Ran, 1, "unbound"),
        case("echo ${nope:?told}\necho NO", End::Ran, 1, "told"),
        case("return 4\necho NO", End::Returned, 4, ""),
        case("exec nosuchcmd\necho st=$?", End::Ran, 0, "st=127"),
        case("echo first\nif then", End::Returned, 2, "syntax error"),
        case("echo \"abc", End::Returned, 2, "unexpected EOF"),
        case("echo hi \\", End::Ran, 0, "hi"),
        case("trap 'echo BYE' EXIT\nexit 2", End::Exited, 2, ""),
        case("kill -STOP $$; echo after", End::Ran, 0, "after"),
        case("unset PROMPT_COMMAND PS1 PS2; echo x", End::Ran, 0, "x"),
        case("PROMPT_COMMAND+=(x y); echo x", End::Ran, 0, "x"),
        case("exec 0<&-", End::Ran, 0, ""),
        case("exec 0</dev/tty; stty raw -echo; echo x", End::Ran, 0, "x"),
        case("IFS=,:0123456789; set -f; shopt -s failglob nullglob; echo x", End::Ran, 0, "x"),
        case("unset IFS; set +f; shopt -u failglob nullglob", End::Ran, 0, ""),
        case("trap - ERR", End::Ran, 0, ""),
        case("set -e; false; echo NO", End::Errexit, 1, ""),
        case("read() { echo NO; }; printf() { echo NO; }; kill() { :; }; echo x", End::Ran, 0, "x"),
        case("unset -f read printf kill; echo 'wow!' \"a!b\"", End::Ran, 0, "a!b"),
        case("cat <<'EOF'\n}\n) NN\nEOF", End::Ran, 0, ") NN"),
    ]);
}

#[test]
fn ctrl_c_breaks_off_the_command_and_nothing_after_it_runs() {
    all_leave_the_session_as_it_was(vec![
        broken_off("sleep 30; echo NO"),
        broken_off("sleep 30\necho NO"),
        broken_off("for i in 1 2 3; do sleep 20; echo NO; done\necho NO"),
        broken_off("g() { sleep 30; echo NO; }\ng\necho NO"),
        broken_off("while :; do :; done\necho NO"),
        broken_off("read -r v\necho NO"),
        broken_off("sleep 30 & wait\necho NO"),
        broken_off("v=$(sleep 30)\necho NO"),
        broken_off("sleep 30 | cat\necho NO"),
        broken_off("( sleep 30; echo NO )\necho NO"),
        broken_off("sleep 30 || echo NO\necho NO"),
    ]);
}

#[test]
fn ctrl_c_is_interrupted_or_the_way_to_end_what_never_ends() {
    let (_recorder, mut client) = session(Mode::Attended);
    let run = |client: &mut Client, never_ends| -> Ran {
        let mut run = Client::command("sleep 30; true");
        run.started.never_ends = never_ends;
        client.run_with(run, &[after(100), ctrl_c()])
    };
    assert_eq!(run(&mut client, false).outcome(), &Outcome::Interrupted);
    assert_eq!(run(&mut client, true).outcome(), &Outcome::EndedByOperator);
}

#[test]
fn ctrl_c_typed_at_once_cannot_make_the_session_lose_the_command() {
    let (_recorder, mut client) = session(Mode::Attended);
    for _ in 0..50 {
        let ran = client.run_with(Client::command("sleep 30"), &[ctrl_c(), after(300), ctrl_c()]);
        assert_eq!((ran.finished.end, ran.outcome()), (End::Thrown, &Outcome::Interrupted), "{}", ran.text());
    }
    assert_eq!(client.run("echo alive").text(), "alive\r\n");
}

#[test]
#[expect(clippy::print_stdout, reason = "a test says that it was skipped")]
fn a_program_that_has_lost_the_terminal_to_the_shell_hears_ctrl_c_all_the_same() {
    let (_recorder, mut client) = session(Mode::Attended);
    if client.run("python3 -c 'import termios'").outcome() != &Outcome::Succeeded {
        println!("skipped: python3 is not there");
        return;
    }
    client.run("sleep 60 &");
    // As bash 5.3 leaves one that it was starting when Ctrl-C came.
    let lost = "import os, signal, time; signal.signal(signal.SIGTTOU, signal.SIG_IGN); \
                os.tcsetpgrp(0, os.getppid()); print('lost', flush=True); time.sleep(30)";
    let run = Client::command(&format!("python3 -c \"{lost}\""));
    let ran = client.run_with(run, &[Act::Await("lost"), ctrl_c()]);
    assert_eq!(ran.outcome(), &Outcome::Interrupted, "{}", ran.text());
    assert_eq!(client.run("kill %1 && echo the job is there").text(), "the job is there\r\n");
}

#[test]
fn a_command_that_handles_ctrl_c_itself_goes_on() {
    let (_recorder, mut client) = session(Mode::Attended);
    let text = "bash -c 'trap \"echo CLEAN; exit 9\" INT; sleep 30 & wait'; echo next=$?";
    let ran = client.run_with(Client::command(text), &[after(200), ctrl_c()]);
    assert!(ran.text().contains("CLEAN\r\nnext=9"), "{}", ran.text());
}

#[test]
fn ctrl_z_suspends_the_command_and_keeps_its_job() {
    let (_recorder, mut client) = session(Mode::Attended);
    let ran = client.run_with(Client::command("sleep 31; echo NO"), &[after(150), Act::Keys(vec![26])]);
    assert_eq!((ran.finished.end, ran.outcome()), (End::Stopped, &Outcome::Suspended), "{}", ran.text());
    assert!(!ran.text().contains("NO"));
    let ran = client.run("jobs; kill %1; fg");
    assert!(ran.text().contains("sleep 31"), "{}", ran.text());
}

#[test]
fn the_operator_answers_at_the_terminal() {
    let (_recorder, mut client) = session(Mode::Attended);
    let text = "read -r -p 'name? ' n; echo \"got=$n\"";
    let ran = client.run_with(Client::command(text), &[Act::Await("name?"), keys("bob\n")]);
    assert!(ran.text().contains("got=bob"), "{}", ran.text());
    let ran =
        client.run_with(Client::command("cat; echo done"), &[after(100), keys("line\n"), after(50), keys("\x04")]);
    assert!(ran.text().contains("line\r\nline\r\ndone"), "{}", ran.text());
    assert_eq!(client.run("[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo TTY").text(), "TTY\r\n");
    let ran = client.run_with(Client::command("bash --norc -i; echo nested=$?"), &[after(300), keys("exit 5\n")]);
    assert!(ran.text().contains("nested=5"), "{}", ran.text());
}

#[test]
fn a_command_that_eats_its_input_does_not_eat_the_next_command() {
    let (_recorder, mut client) = session(Mode::Attended);
    let text = "head -c 5 >/dev/null; echo s1\necho s2";
    let ran = client.run_with(Client::command(text), &[after(100), keys("abcd\n")]);
    assert!(ran.text().ends_with("s1\r\ns2\r\n"), "{}", ran.text());
}

#[test]
fn what_was_typed_ahead_is_neither_run_nor_read_by_the_next_command() {
    let (_recorder, mut client) = session(Mode::Attended);
    let ran = client.run_with(Client::command("sleep 0.3"), &[after(50), keys("touch typed-ahead\ny\n")]);
    assert_eq!(ran.outcome(), &Outcome::Succeeded);
    client.send(&WireRequest::Input, b"y\n");
    let ran = client.run("read -t 0.3 -r answer; echo \"<$answer>\"; ls");
    assert_eq!(ran.text().lines().next(), Some("<>"));
    assert!(!ran.text().contains("typed-ahead"), "{}", ran.text());
}

#[test]
fn the_window_size_is_followed() {
    let (_recorder, mut client) = session(Mode::Attended);
    let mut run = Client::command("stty size; read -r go; stty size");
    run.size = Some(TerminalSize { rows: 33, columns: 101 });
    let resize = Act::Send(WireRequest::Resize(TerminalSize { rows: 40, columns: 132 }));
    let ran = client.run_with(run, &[Act::Await("33 101"), resize, keys("\n")]);
    assert!(ran.text().contains("40 132"), "{}", ran.text());
}

#[test]
fn the_terminal_modes_a_command_left_behind_are_undone() {
    let (_recorder, mut client) = session(Mode::Attended);
    let before = client.run("stty -g").text();
    client.run("stty raw -echo");
    assert_eq!(client.run("stty -g").text(), before);
}

#[test]
fn output_comes_back_byte_for_byte() {
    let (_recorder, mut client) = session(Mode::Attended);
    assert_eq!(client.run("printf abc").output, b"abc");
    let all: Vec<u8> = (0..=255).collect();
    let ran = client.run("stty -opost; for i in {0..255}; do printf \"\\\\x$(printf %x $i)\"; done");
    assert_eq!(ran.output, all);
    assert_eq!(ran.finished.output.inline, Some(all));
    let ran = client.run("head -c 10000000 /dev/zero | tr '\\0' a");
    assert_eq!(ran.output.len(), 10_000_000);
    assert!(ran.output.iter().all(|&byte| byte == b'a'));
    assert_eq!(ran.finished.output.length_bytes, 10_000_000);
}

#[test]
fn a_long_command_text_arrives_whole() {
    let (_recorder, mut client) = session(Mode::Attended);
    let body = "0123456789abcdefghijklmnopqrstuvwxyz line of text\n".repeat(4200);
    assert_eq!(client.run(&format!("cat <<'EOF' | wc -c\n{body}EOF")).text().trim(), body.len().to_string());
    assert_eq!(client.run(&format!("v='{}'; echo ${{#v}}", "x".repeat(5000))).text(), "5000\r\n");
}

#[test]
fn messages_of_bash_name_the_line_of_the_document() {
    let (_recorder, mut client) = session(Mode::Attended);
    let mut run = Client::command("echo a\necho b; if then");
    run.started.line = 41;
    let ran = client.run_with(run, &[]);
    assert!(ran.text().contains("/RUNBOOK.md: line 42: syntax error"), "{}", ran.text());
    let mut run = Client::command("echo $LINENO");
    run.started.line = 17;
    assert_eq!(client.run_with(run, &[]).text(), "17\r\n");
}

#[test]
fn the_line_of_the_document_is_named_whatever_was_done_to_lineno() {
    for change in
        ["true", "LINENO=7", "readonly LINENO", "unset LINENO", "echo readonly LINENO > s; . ./s", "alias [[=nope"]
    {
        let (_recorder, mut client) = session(Mode::Attended);
        client.run(change);
        for _ in 0..2 {
            client.run("true");
            std::thread::sleep(Duration::from_millis(20));
            client.run("true");
            let mut run = Client::command("echo 'open");
            run.started.line = 812;
            let said = client.run_with(run, &[]).text();
            assert!(said.contains("/RUNBOOK.md: line 812: unexpected EOF"), "after `{change}`: {said}");
            assert_eq!(client.run("echo alive").text(), "alive\r\n", "after `{change}`");
        }
    }
}

#[test]
fn a_program_that_leaves_the_shell_alone_is_run_as_faithfully_as_any_command() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("f() { set -u; false; }; true");
    // Each follows one that left nothing to look after, so that it goes the short way.
    let mut at_line = |line: u32, text: &str| {
        client.run("true");
        std::thread::sleep(Duration::from_millis(20));
        client.run("true");
        let mut run = Client::command(text);
        run.started.line = line;
        let ran = client.run_with(run, &[]);
        (ran.finished.end, ran.finished.status, ran.finished.pipestatus.clone(), ran.text())
    };
    let zero = Some(0);
    assert_eq!(at_line(700, "echo $LINENO"), (End::Ran, zero, vec![0], "700\r\n".to_owned()));
    assert_eq!(at_line(1, "true | false | sh -c 'exit 3'").2, [0, 1, 3]);
    assert_eq!(at_line(1, "false | true; sh -c 'exit 5'").1, Some(5));
    assert_eq!(at_line(1, "echo $?").3, "0\r\n");
    assert_eq!(at_line(1, "echo two \\\n lines").3, "two lines\r\n");
    assert_eq!(at_line(1, "echo # nothing").3, "\r\n");
    let (end, status, _, said) = at_line(40, "echo 'open\necho no");
    assert_eq!((end, status), (End::Returned, Some(2)));
    assert!(said.contains("RUNBOOK.md: line 40: unexpected EOF"), "{said}");
    assert_eq!(at_line(1, "sh -c 'kill -9 $$'").1, Some(137));
    client.run("IFS=,");
    assert_eq!(client.run("false | true").finished.pipestatus, [1, 0]);
    // A function that nobody has told of yet is none that leaves the shell alone.
    client.run("true");
    client.run("ls() { set -x; }");
    client.run("ls");
    let traced = client.run("echo seen").text();
    assert!(traced.ends_with("+ echo seen\r\nseen\r\n") && !traced.contains("__rb"), "{traced}");
}

#[test]
fn tracing_stays_on_and_shows_only_the_commands() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("set -x");
    let ran = client.run("echo hey");
    assert!(ran.text().contains("echo hey") && !ran.text().contains("__rb"), "{}", ran.text());
    client.run("set +x");
    assert_eq!(client.run("echo hey").text(), "hey\r\n");
}

#[test]
fn options_of_the_session_carry_over_and_do_not_confuse_it() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("shopt -s nocasematch; false; set -a");
    assert_eq!(client.run("false; FROM_A=yes; echo on").text(), "on\r\n");
    client.run("exit 3");
    client.run("nope_nope");
    let ran =
        client.run("AGAIN=yes; env | grep -c -e __rb -e PROMPT_COMMAND; env | grep -c -e ^FROM_A -e ^AGAIN; set -e");
    assert_eq!(ran.text(), "0\r\n2\r\n");
    assert_eq!(client.run("false; echo NO").finished.end, End::Errexit);
    client.run("set +e; shopt -u nocasematch; set -v");
    assert!(client.run("echo told").text().contains("echo told\r\n"));
}

#[test]
fn a_shell_that_dies_is_an_outcome_and_the_next_one_starts_where_it_was() {
    for (text, how) in [
        ("cd /usr; kill -9 $$", "signal 9"),
        ("cd /usr; kill -HUP $$; sleep 5", "signal 1"),
        ("cd /usr; exec ls /etc/hostname", "exit 0"),
        ("cd /usr; trap - ERR; set -e; false", "exit 1"),
    ] {
        let (recorder, mut client) = session(Mode::Attended);
        client.run("cd /usr; echo");
        let ran = client.run(text);
        assert_eq!((ran.finished.end, ran.outcome()), (End::ShellDied, &Outcome::ShellEnded), "{text}");
        assert_eq!(ran.respawned.as_deref(), Some(how), "{text}");
        let journal = recorder.journal();
        let place = |what: &str| journal.rfind(what).unwrap_or_else(|| panic!("no {what} in {journal}"));
        assert!(place("command-finished") < place("shell-died") && place("shell-died") < place("shell-started"));
        assert_eq!(client.run("pwd").text(), "/usr\r\n", "{text}");
    }
}

#[test]
fn a_shell_that_dies_between_commands_is_told_with_the_next() {
    let (recorder, mut client) = session(Mode::Attended);
    client.run("cd /usr; (sleep 0.1; kill -9 $$) &");
    std::thread::sleep(Duration::from_millis(400));
    let ran = client.run("pwd");
    assert_eq!((ran.text().as_str(), ran.respawned.as_deref()), ("/usr\r\n", Some("signal 9")));
    let journal = recorder.journal();
    let place = |what: &str| journal.rfind(what).unwrap_or_else(|| panic!("no {what} in {journal}"));
    assert!(place("shell-died") < place("shell-started") && place("shell-started") < place("command-started"));
}

#[test]
fn descriptors_a_command_opens_stay_open() {
    let (_recorder, mut client) = session(Mode::Attended);
    for fd in [3, 9, 11, 12, 13, 37, 63, 200] {
        client.run(&format!("exec {fd}>file{fd}; exec {{named}}>named{fd}"));
        let ran = client.run(&format!("echo one >&{fd}; echo two >&$named; cat file{fd} named{fd}"));
        assert_eq!(ran.text(), "one\r\ntwo\r\n", "descriptor {fd}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "says what was skipped")]
fn full_screen_programs_work() {
    let programs: [(&str, u64, &str, &str); 3] = [
        ("less", 700, "q", "seq 500 | less; echo back"),
        ("top", 700, "q", "top -d 1; echo back"),
        ("vi", 900, ":q!\r", "vi -u NONE -N scratch; echo back"),
    ];
    let (_recorder, mut client) = session(Mode::Attended);
    for (program, wait, quit, text) in programs {
        if !client.run(&format!("type {program}")).text().contains("is /") {
            println!("skipped: {program} is not there");
            continue;
        }
        let ran = client.run_with(Client::command(text), &[after(wait), keys(quit)]);
        assert!(ran.text().ends_with("back\r\n"), "{program}: {}", ran.text());
        assert!(ran.text().contains('\x1b'), "{program} had no terminal: {}", ran.text());
    }
}

#[test]
fn small_limits_of_resources_do_not_end_the_session() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("cd \"$(mktemp -d)\"; ulimit -Sn 64; ulimit -Sv 200000; ulimit -Sf 0; rmdir \"$PWD\"");
    assert_eq!(client.run("echo \"$(echo alive)\"").text(), "alive\r\n");
    client.run("exec >/dev/null 2>&1");
    assert_eq!(client.run("echo unseen").text(), "");
    client.run("exec >/dev/tty 2>&1");
    assert_eq!(client.run("echo seen").text(), "seen\r\n");
}

/// `RUNBOOK_TEST_COMMANDS=20000` runs that many.
#[test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "how many is told from outside")]
fn thousands_of_commands_leave_nothing_behind() {
    let (recorder, mut client) = session(Mode::Attended);
    let count = std::env::var("RUNBOOK_TEST_COMMANDS").map_or(1000, |text| text.parse().unwrap());
    let open = |pid: u32| {
        // After its report bash tells of its state, and moves its descriptors about for that.
        std::thread::sleep(Duration::from_millis(50));
        std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
    };
    let resident = |pid: u32| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let shell: u32 = client.run("echo $$").text().trim().parse().unwrap();
    let one = |client: &mut Client, i: u32| {
        let ran = client.run(&format!("X{}=$((i++)); echo {i}; (exit 3) || exit 4", i % 10));
        assert_eq!(ran.text(), format!("{i}\r\n"));
    };
    for i in 0..200 {
        one(&mut client, i);
    }
    let pids = [recorder.process.id(), shell];
    let before = pids.map(|pid| (open(pid), resident(pid)));
    for i in 0..count {
        one(&mut client, i);
    }
    let after = pids.map(|pid| (open(pid), resident(pid)));
    println!("{count} commands: recorder and bash had {before:?}, have {after:?} (descriptors, KiB)");
    for ((open_before, kib_before), (open_after, kib_after)) in before.into_iter().zip(after) {
        assert_eq!(open_before, open_after);
        assert!(kib_after < kib_before + 1024 + u64::from(count) / 2, "{kib_before} KiB, {kib_after} KiB");
    }
}

#[test]
fn all_that_was_printed_before_the_end_is_in_the_output_also_under_load() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("for i in 1 2 3; do (while :; do :; done) & done");
    for i in 0..200 {
        let ran = client.run(&format!("printf 'a%.0s' {{1..{}}}; printf END", 1 + i * 37));
        assert_eq!(ran.output.len(), 1 + i * 37 + 3);
        assert!(ran.output.ends_with(b"END"));
    }
    client.run("kill %1 %2 %3");
}

#[test]
fn late_output_of_a_background_job_is_shown_and_is_not_the_next_commands() {
    let (_recorder, mut client) = session(Mode::Attended);
    let ran = client.run("(sleep 0.3; echo LATE) & echo now");
    assert!(!ran.text().contains("LATE"), "{}", ran.text());
    std::thread::sleep(Duration::from_millis(500));
    let ran = client.run("echo next");
    assert_eq!(ran.text(), "next\r\n");
    assert_eq!(client.background, b"LATE\r\n");
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_it_started() {
    for text in [
        "sleep 30\necho NO",
        "while :; do :; done\necho NO",
        "read -r v\necho NO",
        "sleep 30 & wait\necho NO",
        "v=$(sleep 30; echo x)\necho NO",
        "bash -c 'trap \"\" TERM INT HUP; sleep 30 & sleep 30; sleep 30'\necho NO",
    ] {
        let (_recorder, mut client) = session(Mode::Attended);
        let mut run = Client::command(text);
        run.limit = Some(Duration::from_millis(200));
        let ran = client.run_with(run, &[]);
        assert_eq!((ran.finished.end, ran.outcome()), (End::Aborted, &Outcome::TimedOut), "{text}");
        assert!(!ran.text().contains("NO"), "{text}: {}", ran.text());
        assert_eq!(client.run("echo alive").text(), "alive\r\n", "{text}");
    }
}

#[test]
fn the_shell_is_asked_for_variables_and_told_them_without_a_trace() {
    let (_recorder, mut client) = session(Mode::Attended);
    client.run("A='two\nlines'; E=; declare -r R=1; set -u; IFS=x; (exit 3)");
    assert_eq!(client.value("A").as_deref(), Some("two\nlines"));
    assert_eq!(client.value("E").as_deref(), Some(""));
    assert_eq!(client.value("NOPE"), None);
    assert_eq!(client.value("$(touch /tmp/x)"), None);
    assert_eq!(client.set("B", "it's \"$HOME\" `x`\n\\"), None);
    assert!(client.set("R", "2").is_some());
    assert!(client.set("a b", "2").is_some());
    let ran = client.run("echo \"$? $- $B\"; set +u");
    assert!(ran.text().starts_with("3 ") && ran.text().contains('u'), "{}", ran.text());
    assert!(ran.text().contains("it's \"$HOME\" `x`\r\n\\"), "{}", ran.text());
}

#[test]
fn rc_files_are_read_only_when_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    let rc = temp.path().join("it's rc");
    std::fs::write(&rc, "FROM_RC=yes; PROMPT_COMMAND='echo intruder'; alias h='echo hi'\nexit 3\n").unwrap();
    let recorder = session_support::Recorder::start_with(Mode::Attended, |options| options.rc = Some(rc.clone()));
    let mut client = Client::drive(&recorder);
    assert_eq!(client.run("echo $FROM_RC; h").text(), "yes\r\nhi\r\n");
    let (_recorder, mut client) = session(Mode::Attended);
    assert_eq!(client.run("echo \"<$FROM_RC>\"").text(), "<>\r\n");
}
