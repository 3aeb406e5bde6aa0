//! The scripted terminal itself, tried on programs whose behaviour is known.

mod support;

use std::path::Path;
use std::time::Duration;
use support::{Home, Terminal};

fn bash(home: &Home, script: &str) -> Terminal {
    Terminal::start(home, Path::new("/bin/bash"), &["-c", script], (24, 80))
}

#[test]
fn the_program_has_a_controlling_terminal_and_leads_its_session() {
    let home = Home::new();
    let mut terminal = bash(&home, "echo to-the-tty > /dev/tty; ps -o sid= -p $$ | tr -d ' '; echo pid $$; exit 3");
    terminal.wait_for("to-the-tty").exits(3);
    let pid = terminal.pid();
    terminal.wait_for(&format!("pid {pid}"));
}

#[test]
fn keys_reach_the_program_and_ctrl_c_is_a_signal() {
    let home = Home::new();
    let mut terminal =
        bash(&home, "trap 'echo caught; exit 7' INT; read -r line; echo \"got <$line>\"; sleep 60 & wait");
    terminal.send("hello\r").wait_for("got <hello>").send([3]).wait_for("caught").exits(7);
}

#[test]
fn hanging_up_ends_the_program_by_sighup() {
    let home = Home::new();
    let mut terminal = bash(&home, "echo ready; exec sleep 60");
    terminal.wait_for("ready").settle(Duration::from_millis(20)).hang_up();
    assert!(!terminal.wait_exit().success());
}

#[test]
fn the_history_keeps_what_left_the_screen_and_the_size_is_seen() {
    let home = Home::new();
    let mut terminal = bash(&home, "seq 1 100; stty size; read -r; stty size");
    terminal.wait_for("24 80");
    assert!(!terminal.screen().contains("\n50\n"));
    assert!(terminal.history().contains("\n50\n51\n"));
    terminal.resize(30, 100).send("\r").wait_for("30 100").exits(0);
}

#[test]
fn a_program_without_a_terminal_cannot_reach_one() {
    let home = Home::new();
    let output = home.run(Path::new("/bin/bash"), &["-c", "cat; { : > /dev/tty; } 2>&1"], b"input\n");
    assert_eq!(output.status, Some(1));
    drop(output.prints("input").prints("/dev/tty"));
}

/// `nohup cargo test &` starts the tests with these signals ignored, and bash cannot undo an ignored signal.
#[test]
fn programs_hear_signals_though_the_tests_were_started_with_them_ignored() {
    let tests = std::env::current_exe().unwrap();
    let status = std::process::Command::new("/bin/bash")
        .args(["-c", r#"trap '' HUP INT QUIT; exec "$0" "$@" > /dev/null"#])
        .arg(tests)
        .args(["--exact", "keys_reach_the_program_and_ctrl_c_is_a_signal", "hanging_up_ends_the_program_by_sighup"])
        .status()
        .unwrap();
    assert!(status.success());
}
