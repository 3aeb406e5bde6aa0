//! Programs that own the terminal, in a run of the real program on a scripted terminal. What is not installed is skipped by name.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it made fails")]

mod support;

use support::{Home, Terminal, needs};

fn home() -> Home {
    Home::new().env("NO_COLOR", "1").env("TERM", "xterm-256color")
}

fn journal(home: &Home) -> String {
    std::fs::read_to_string(home.runs().pop().unwrap().join("journal.jsonl")).unwrap()
}

#[test]
fn a_file_is_edited_in_vim() {
    if !needs("vim") {
        return;
    }
    let home = home();
    let mut terminal = Terminal::on_steps(&home, &["vim -u NONE -N edited.txt", "cat edited.txt"]);
    terminal.run_it().wait_for("~").send("iwritten in vim\u{1b}:wq\r");
    terminal.wait_for_output("exit 0").wait_for_output("? help").run_it().wait_for_output("written in vim");
    terminal.exits(0);
    assert_eq!(home.read("edited.txt"), "written in vim\n");
}

#[test]
fn vim_follows_the_window() {
    if !needs("vim") {
        return;
    }
    let home = home();
    let mut terminal = Terminal::on_steps(&home, &["vim -u NONE -N -c 'set ruler' x.txt"]);
    terminal.run_it().wait_for("~").resize(40, 100);
    terminal.wait_until("forty lines", |terminal| {
        terminal.screen().lines().filter(|line| line.trim_end() == "~").count() > 30
    });
    terminal.send(":q!\r").wait_for_output("exit 0");
    terminal.exits(0);
}

#[test]
fn less_searches_and_is_left() {
    if !needs("less") {
        return;
    }
    let home = home();
    let mut terminal = Terminal::on_steps(&home, &["seq 1 500 | LESS= less", "echo went on"]);
    terminal.run_it().wait_for("\n22").send("/^444\r").wait_for("444").send("q");
    terminal.wait_for_output("exit 0").wait_for_output("? help").run_it().wait_for_output("went on");
    terminal.exits(0);
}

#[test]
fn git_shows_its_log_in_a_pager() {
    if !needs("git") || !needs("less") {
        return;
    }
    let home = home().env("PAGER", "less").env("LESS", "");
    let make = "git init -q . && for i in $(seq 40); do git -c user.name=a -c user.email=a@b commit -q --allow-empty \
                -m \"change $i\"; done";
    let mut terminal = Terminal::on_steps(&home, &[make, "git log --oneline", "echo went on"]);
    terminal.run_it().wait_for_output("exit 0").wait_for_output("? help").run_it().wait_for("change 40").send("q");
    terminal.wait_for_output("3 Step").wait_for_output("? help").run_it().wait_for_output("went on");
    terminal.exits(0);
}

#[test]
fn a_nested_shell_is_used_and_left() {
    let home = home();
    let mut terminal = Terminal::on_steps(&home, &["bash --norc -i", "echo went on"]);
    terminal.run_it().wait_for("bash-").send("X=inner; echo \"$X shell\"\r").wait_for("inner shell\r\n".trim());
    terminal.send("exit\r").wait_for_output("exit 0").wait_for_output("? help").run_it().wait_for_output("went on");
    terminal.exits(0);
}

#[test]
fn a_password_that_is_asked_for_is_read_and_recorded_nowhere() {
    let home = home();
    home.program(
        "ask-password",
        "#!/bin/sh\nprintf 'Password: '; stty -echo; read p; stty echo; echo; echo \"${#p} letters\"\n",
    );
    let mut terminal =
        Terminal::on_steps(&home, &["ask-password", "read -r -s -p 'PIN: ' pin; echo; echo \"${#pin} digits\""]);
    terminal.run_it().wait_for_output("Password: ").send("correct horse\r").wait_for_output("13 letters");
    terminal.wait_for_output("2 Step").wait_for_output("? help").run_it().wait_for_output("PIN: ");
    // Four digits alone would stand in one of the record's many hashes now and then.
    terminal.send("86-42-zq\r").wait_for_output("8 digits");
    terminal.exits(0);
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    for secret in ["correct horse", "86-42-zq"] {
        assert!(!journal(&home).contains(secret) && !raw.contains(secret), "{secret} is in sight");
        let outputs = std::fs::read_dir(home.runs().pop().unwrap().join("output")).unwrap();
        for file in outputs.filter_map(Result::ok) {
            let bytes = std::fs::read(file.path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{secret} is in {:?}", file.path());
        }
    }
}

#[test]
fn sudo_asks_for_its_password_on_the_terminal() {
    if !needs("sudo") {
        return;
    }
    let home = home();
    let mut terminal =
        Terminal::on_steps(&home, &["sudo -k -S -p 'sudo password: ' -u nobody true </dev/tty || echo refused"]);
    terminal.run_it().wait_until("an answer", |terminal| {
        let screen = terminal.screen();
        screen.contains("sudo password: ") || screen.contains("exit 0")
    });
    terminal.send("\u{3}");
}

#[test]
fn what_a_program_left_switched_on_is_off_at_the_next_question() {
    let home = home();
    let left = "printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[?25l'; stty raw -echo";
    let mut terminal = Terminal::on_steps(&home, &[left, "echo went on"]);
    terminal.run_it().wait_for_output("exit 0").wait_for_output("2 Step").wait_for_output("? help");
    let screen = terminal.emulator();
    assert!(!screen.alternate_screen() && !screen.hide_cursor(), "the screen was left as the program had it");
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    terminal.run_it().wait_for_output("went on");
    terminal.exits(0);
}
