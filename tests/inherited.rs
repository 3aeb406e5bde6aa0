//! What a session does not inherit from the terminal and the shell that it was started in.

mod support;

use support::{Home, Terminal};

const OUTER: [(&str, &str); 6] = [
    ("GPG_TTY", "/dev/pts/99"),
    ("SSH_TTY", "/dev/pts/99"),
    ("TMUX", "/tmp/tmux-0/default,1,0"),
    ("TMUX_PANE", "%1"),
    ("WINDOWID", "77"),
    ("COLUMNS", "13"),
];

fn home() -> Home {
    OUTER.iter().fold(Home::new().env("NO_COLOR", "1").env("TMOUT", "1"), |home, (name, value)| home.env(name, value))
}

#[test]
fn no_variable_names_the_terminal_that_the_run_was_started_from() {
    let home = home();
    home.write(
        "r.md",
        "# R\n\n```bash\nenv | grep -cE '^(GPG_TTY|SSH_TTY|TMUX|TMUX_PANE|WINDOWID|TMOUT)=' || true\n```\n",
    );
    home.runbook(&["run", "--yes", "r.md"]).exits(0).prints("0\n");
    let mut terminal = Terminal::runbook(&home, &["run", "r.md"]);
    terminal.wait_for_output("? help").send("\r").wait_for_output("0\r\n").exits(0);
}

#[test]
fn an_idle_log_out_does_not_end_the_session_in_the_middle_of_a_command() {
    let home = home();
    home.write(
        "r.md",
        "# R\n\n```bash\nX=kept\n```\n\nThen:\n\n```bash\nsleep 2.5\n```\n\nThen:\n\n```bash\necho \"$X\"\n```\n",
    );
    home.runbook(&["run", "--yes", "--input", "X=kept", "r.md"]).exits(0).prints("kept\n");
    let mut terminal = Terminal::runbook(&home, &["run", "--input", "X=kept", "r.md"]);
    for _ in 0..3 {
        terminal.wait_for_output("? help").send("\r");
    }
    terminal.wait_for_output("kept\r\n").exits(0);
}
