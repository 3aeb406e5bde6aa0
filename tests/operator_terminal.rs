//! The operator at a real terminal: raw keys, the line editor, and a terminal left as it was.
//!
//! The program on the terminal is this test file itself: an ignored test asks one question and says what was answered.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests")]

mod support;

use runbook::document::Attributes;
use runbook::ident::{StepId, SystemClock};
use runbook::operator::{TerminalLook, TerminalOperator};
use runbook::plan::{Command, Gate, Step, StepCell, StepKind, StepSource};
use runbook::ports::{
    Ask, AskChoice, AskCommand, AskInput, AskMessage, Notice, Operator as _, ShownStep, StepPosition, Stream,
    Watch as _,
};
use runbook::shell::CommandFacts;
use runbook::term::Color;
use std::io::Write as _;
use std::time::Duration;
use support::{Home, Terminal};

const COMMAND: &str = "for name in a b; do\n  echo \"$name\"\ndone";

fn step(kind: StepKind, text: &str) -> Step {
    let mut command = Command::from_typed_text(text, 12);
    command.end_line = 14;
    command.facts = CommandFacts::default();
    Step {
        id: StepId::new("s"),
        number: "1".into(),
        title: "Try it".into(),
        kind,
        source: StepSource { line: 11, end_line: 14, headings: vec!["Trial".into()], prose: Vec::new() },
        conditional: None,
        commands: vec![command],
        body: "At [TIME]: [What]\n".into(),
        task_reason: None,
        cell: StepCell {
            attributes: Attributes::default(),
            influences: std::sync::Arc::from([]),
            is_last: true,
            expected: None,
            similarity: None,
        },
        repeat: runbook::plan::Repeat::default(),
        rollback_target: None,
    }
}

fn standing() -> StepPosition<'static> {
    let elapsed = Duration::from_secs(5);
    StepPosition {
        procedure: "Trial",
        host: "db1",
        cwd: "/",
        step_number: 1,
        step_count: 1,
        elapsed,
        unresolved: Vec::new(),
    }
}

/// Not a test: what runs on the terminal. `ASK` says which question.
#[test]
#[ignore = "runs on the scripted terminal of the other tests"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "this is the program under test")]
fn program() {
    let asked = std::env::var("ASK").unwrap();
    let plain = std::env::var("PLAIN").is_ok();
    let look = if plain {
        TerminalLook::for_terminal(Color::Never, "dumb", "C")
    } else {
        TerminalLook::for_terminal(Color::Always, "xterm", "C.UTF-8")
    };
    let clock = Box::new(SystemClock::start_now());
    let mut operator = TerminalOperator::open(Box::new(std::io::stderr()), look, clock, None).unwrap();
    let (command, message) = (step(StepKind::Command, COMMAND), step(StepKind::Message, ""));
    let shown = |step| ShownStep { position: standing(), step, file: "RUNBOOK.md" };
    let run = || AskCommand {
        shown: shown(&command),
        command: command.commands.first().unwrap(),
        index: 0,
        text: COMMAND,
        values: Vec::new(),
        refused: None,
        confirm: Vec::new(),
        gate: Gate::default(),
    };
    let answer = match asked.as_str() {
        "panic" => {
            operator.ask_question(&Ask::Command(run())).unwrap();
            panic!("as a fault would");
        }
        "output" => {
            operator.show_notice(&Notice::Started { text: COMMAND, line: 12 });
            operator.on_quiet(Duration::from_secs(3), Duration::from_secs(3));
            operator.on_output(Stream::Out, b"first\r\n");
            operator.on_quiet(Duration::from_secs(9), Duration::from_secs(6));
            std::io::stderr().flush().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            operator.on_output(Stream::Out, b"second\r\n\x1b[?25l");
            operator.ask_question(&Ask::Command(run()))
        }
        "input" => operator.ask_question(&Ask::Input(AskInput {
            name: "FILE",
            why: "it is read",
            default: Some("old.gz"),
            ..AskInput::default()
        })),
        "choice" => operator.ask_question(&Ask::Choice(AskChoice {
            position: standing(),
            kind: runbook::plan::ChoiceKind::Sections,
            title: "Trial",
            options: vec![("Restart", 1, false), ("Restore", 2, true)],
            anchors: vec![None; 8],
        })),
        "message" => {
            let fields = vec!["TIME".to_owned(), "What".to_owned()];
            operator.ask_question(&Ask::Message(AskMessage { shown: shown(&message), fields }))
        }
        _ => {
            operator.show_notice(&Notice::Step(shown(&command)));
            operator.ask_question(&Ask::Command(run()))
        }
    };
    drop(operator);
    if let Ok(path) = std::env::var("ANSWER") {
        std::fs::write(path, format!("{answer:?}")).unwrap();
    }
    println!("answer: {answer:?}");
}

fn start(home: &Home) -> Terminal {
    start_with(home, "")
}

fn start_with(home: &Home, before: &str) -> Terminal {
    let program = std::env::current_exe().unwrap();
    // `stty` afterwards says whether the terminal is as it was.
    let script = "\"$1\" --ignored --exact program --nocapture; status=$?; \
                  echo \" $(stty -a | tr -s ' \\n' '\\n' | grep -x -e -*icanon -e -*echo -e -*isig -e -*icrnl | xargs) status $status\"";
    let script = format!("{before}{script}").replace("$1", program.to_str().unwrap());
    Terminal::start(home, std::path::Path::new("/bin/bash"), &["-c", &script], (24, 80))
}

const SANE: &str = " icrnl isig icanon echo status 0";

fn ask(which: &str) -> (Home, Terminal) {
    let home = Home::new().env("ASK", which);
    let terminal = start(&home);
    (home, terminal)
}

#[test]
fn enter_runs_and_the_terminal_is_left_as_it_was() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("Enter run").send("\r").wait_for("answer: Ok(Run(Enter))").wait_for(SANE).exits(0);
    assert!(terminal.history().contains("1 Try it"));
}

#[test]
fn keys_are_not_echoed_and_arrows_do_nothing() {
    let (_home, mut terminal) = ask("command");
    terminal
        .wait_for("? help")
        .send("\x1b[A\x1b[B")
        .settle(Duration::from_millis(80))
        .send("x")
        .wait_for("that key does nothing here");
    terminal.settle(Duration::from_millis(60)).send("q").wait_for("answer: Ok(Stop)").wait_for(SANE);
    assert!(!terminal.screen().contains("^[[A"));
}

#[test]
fn a_letter_with_enter_is_one_answer() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("? help").send("s\r").wait_for("answer: Ok(Skip(\"\"))").wait_for(SANE);
}

#[test]
fn several_lines_can_be_edited_and_enter_takes_them_all() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("? help").send("e").wait_for("edit: for name").send(" | cat\r");
    terminal.wait_for(r#"answer: Ok(Edit("for name in a b; do\n  echo \"$name\"\ndone | cat"))"#).wait_for(SANE);
}

#[test]
fn a_pasted_text_of_several_lines_is_one_edit_and_escape_cancels() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("? help").send("e").wait_for("edit: for name").send("\x1b").wait_for("not changed");
    terminal.settle(Duration::from_millis(60)).send("!").wait_for("own command: ");
    terminal.send("\x1b[200~echo a\recho b\x1b[201~").wait_for("echo b").send("\r");
    terminal.wait_for(r#"answer: Ok(Own("echo a\necho b"))"#).wait_for(SANE);
}

#[test]
fn an_own_command_goes_on_after_a_backslash() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("? help").send("!").wait_for("own command: ").send("echo a \\\r");
    terminal.settle(Duration::from_millis(100)).send("b\r");
    terminal.wait_for(r#"answer: Ok(Own("echo a \\\nb"))"#).wait_for(SANE);
}

#[test]
fn ctrl_c_at_a_question_does_not_end_the_program() {
    let (_home, mut terminal) = ask("command");
    terminal.wait_for("? help").send("\x03").wait_for("press q to stop").settle(Duration::from_millis(60));
    terminal.send("\r").wait_for("answer: Ok(Run(Enter))").wait_for(SANE);
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was() {
    let (_home, mut terminal) = ask("panic");
    terminal.wait_for("? help").send("\r").wait_for(" icrnl isig icanon echo status 101");
}

#[test]
fn a_value_can_be_changed_or_kept() {
    let (_home, mut terminal) = ask("input");
    terminal.wait_for("FILE = old.gz").send("\r").wait_for("answer: Ok(Value(\"old.gz\"))").wait_for(SANE);
    let (_home, mut terminal) = ask("input");
    terminal.wait_for("FILE = old.gz").send("\x15new.gz\r").wait_for("answer: Ok(Value(\"new.gz\"))").wait_for(SANE);
    let (_home, mut terminal) = ask("input");
    terminal.wait_for("FILE = old.gz").send("\x03").wait_for("give the value").settle(Duration::from_millis(60));
    terminal.send("s").wait_for("answer: Ok(Skip(\"\"))").wait_for(SANE);
}

#[test]
fn a_choice_is_typed() {
    let (_home, mut terminal) = ask("choice");
    terminal.wait_for("choose: ").send("resto\r").wait_for("answer: Ok(Chosen(Option(1)))").wait_for(SANE);
    let (_home, mut terminal) = ask("choice");
    terminal.wait_for("choose: ").send("\x04").wait_for("answer: Ok(Stop)").wait_for(SANE);
}

#[test]
fn a_message_is_filled_field_by_field() {
    let (_home, mut terminal) = ask("message");
    terminal.wait_for("TIME: ").send("12:05\r").wait_for("What: ").send("all is well\r");
    terminal.wait_for("Enter record it").send("\r");
    terminal.wait_for(r#"answer: Ok(Filled("At 12:05: all is well\n"))"#).wait_for(SANE);
}

#[test]
fn the_line_of_a_silent_command_leaves_no_trace() {
    let (_home, mut terminal) = ask("output");
    terminal.wait_for("no output for 6 s").wait_for("second").wait_for("? help");
    let history = terminal.history();
    assert!(!history.contains("running 3 s") && !history.contains("no output"), "{history}");
    assert!(history.contains("first\nsecond\n"), "{history}");
}

#[test]
fn a_lost_terminal_ends_the_question_as_lost_and_not_as_an_answer() {
    for key in ["", "!", "e", "n"] {
        let home = Home::new().env("ASK", "command");
        let answer = home.work().join("answer");
        let home = home.env("ANSWER", answer.to_str().unwrap());
        let mut terminal = start_with(&home, "trap '' HUP; ");
        terminal.wait_for("? help").send(key).settle(Duration::from_millis(100)).hang_up();
        terminal.wait_exit();
        let said = std::fs::read_to_string(answer).unwrap();
        assert!(said.starts_with("Err(Gone("), "after {key:?}: {said}");
    }
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let home = Home::new().env("ASK", "input").env("TERM", "dumb").env("PLAIN", "1");
    let mut terminal = start(&home);
    terminal.wait_for("FILE = [old.gz] ").send("\r").wait_for("answer: Ok(Value(\"old.gz\"))").wait_for(SANE);
    let home = Home::new().env("ASK", "output").env("TERM", "dumb").env("PLAIN", "1");
    let mut terminal = start(&home);
    terminal.wait_for("? help").send("q").wait_for("answer: Ok(Stop)").wait_for(SANE);
    let sent: Vec<_> = terminal.raw().split(|b| *b == 0x1b).collect();
    assert_eq!(sent.len(), 3, "the command's own sequence, what undoes it, and no other");
}
