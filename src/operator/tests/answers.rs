//! Which keys answer what.

use super::*;
use crate::plan::ChoiceKind;
use crate::plan::Consent;
use crate::ports::Ask;
use crate::ports::AskChoice;
use crate::ports::AskFailure;
use crate::ports::AskInput;
use crate::ports::AskMessage;
use crate::ports::AskTask;
use crate::ports::Chosen;
use crate::ports::Operator as _;
use crate::ports::Reply;

fn restart() -> Step {
    step("Restart", StepKind::Command, vec![command("docker restart api", 41), command("docker ps", 42)])
}

fn answer(script: &mut Scripted, ask: &Ask<'_>) -> Reply {
    script.operator.ask_question(ask).unwrap()
}

/// What one command of two is answered with.
fn at_command(typed: Vec<Typed>, lines: &[&str]) -> (Reply, String) {
    let step = restart();
    let mut script = scripted(typed, lines);
    let reply = answer(&mut script, &Ask::Command(ask_command(&step, 0)));
    (reply, script.sink.text())
}

fn at_gate(keys: &str) -> (Reply, String) {
    let step = restart();
    let ask = AskCommand { confirm: vec!["only if the API is down".into()], ..ask_command(&step, 0) };
    let mut script = scripted(one_by_one(keys), &["a note"]);
    let reply = answer(&mut script, &Ask::Command(ask));
    (reply, script.sink.text())
}

fn at_failure(keys: &str, lines: &[&str]) -> (Reply, String) {
    let step = restart();
    let outcome = Outcome::Failed;
    let text = "docker restart api";
    let ask = AskFailure {
        shown: shown(&step),
        index: Some(0),
        text,
        outcome: Some(&outcome),
        status: Some(1),
        rollbacks: Vec::new(),
    };
    let mut script = scripted(one_by_one(keys), lines);
    let reply = answer(&mut script, &Ask::Failure(ask));
    (reply, script.sink.text())
}

#[test]
fn each_key_of_a_command_does_what_its_line_says() {
    for (keys, reply) in [
        ("\r", Reply::Run(Consent::Enter)),
        ("a", Reply::RunRest),
        ("s", Reply::Skip(String::new())),
        ("S", Reply::Skip("words".into())),
        ("n", Reply::Note("words".into())),
        ("!", Reply::Own("words".into())),
        ("e", Reply::Edit("words".into())),
        ("d", Reply::Done(String::new())),
        ("D", Reply::Done("words".into())),
        ("b", Reply::Back),
        ("q", Reply::Stop),
        ("\u{4}", Reply::Stop),
        ("c\r", Reply::Run(Consent::Enter)),
        ("?\r", Reply::Run(Consent::Enter)),
        ("y\r", Reply::Run(Consent::Enter)),
        ("x\r", Reply::Run(Consent::Enter)),
    ] {
        assert_eq!(at_command(one_by_one(keys), &["words"]).0, reply, "{keys:?}");
    }
}

#[test]
fn enter_after_a_failure_does_nothing_and_says_so() {
    let (reply, text) = at_failure("\r\rr", &[]);
    assert_eq!(reply, Reply::Retry);
    assert_eq!(text.matches("after a failure Enter does nothing").count(), 2, "{text}");
    for (keys, reply) in [("g", Reply::GoOn), ("s", Reply::Skip(String::new())), ("d", Reply::Done(String::new()))] {
        assert_eq!(at_failure(keys, &[]).0, reply);
    }
    assert_eq!(at_failure("e", &["docker start api"]).0, Reply::Edit("docker start api".into()));
}

#[test]
fn at_a_gate_only_y_runs_and_enter_and_n_decline() {
    assert_eq!(at_gate("y").0, Reply::Run(Consent::Yes));
    assert_eq!(at_gate("ay").0, Reply::Run(Consent::Yes));
    assert_eq!(at_gate("n").0, Reply::Decline);
    assert_eq!(at_gate("\r").0, Reply::Decline);
    assert_eq!(at_gate("N").0, Reply::Note("a note".into()));
    assert!(at_gate("n").1.contains("Enter no"));
}

#[test]
fn after_a_gate_was_declined_the_keys_are_those_of_a_failure() {
    let step = restart();
    let text = step.commands[0].text.as_str();
    let ask =
        || AskFailure { shown: shown(&step), index: Some(0), text, outcome: None, status: None, rollbacks: Vec::new() };
    for (keys, reply) in
        [("\rr", Reply::Retry), ("g", Reply::GoOn), ("s", Reply::Skip(String::new())), ("q", Reply::Stop)]
    {
        let mut script = scripted(one_by_one(keys), &[]);
        assert_eq!(answer(&mut script, &Ask::Failure(ask())), reply, "{keys:?}");
        assert!(script.sink.text().contains("ask again"), "{}", script.sink.text());
    }
}

#[test]
fn a_command_that_cannot_run_as_it_stands_is_not_run_by_any_key() {
    let step = restart();
    let ask = AskCommand { refused: Some("`<pod>` is not filled in".into()), ..ask_command(&step, 0) };
    let mut script = scripted(one_by_one("\rycas"), &[]);
    assert_eq!(answer(&mut script, &Ask::Command(ask)), Reply::Skip(String::new()));
    assert!(script.sink.text().contains("cannot run as it stands: `<pod>` is not filled in"));
}

#[test]
fn a_typed_ahead_enter_does_not_run_anything() {
    let typed =
        vec![Typed::Ahead(PressedKey::Enter), Typed::Ahead(PressedKey::Enter), Typed::Key(PressedKey::Char('q'))];
    assert_eq!(at_command(typed, &[]).0, Reply::Stop);
}

#[test]
fn an_enter_typed_after_a_letter_belongs_to_the_letter() {
    let step = restart();
    let mut script = scripted([at_once("s\r"), vec![Typed::Pause], at_once("q")].concat(), &[]);
    assert_eq!(answer(&mut script, &Ask::Command(ask_command(&step, 0))), Reply::Skip(String::new()));
    assert_eq!(answer(&mut script, &Ask::Command(ask_command(&step, 1))), Reply::Stop);
}

#[test]
fn a_text_pasted_at_a_question_does_nothing() {
    for pasted in ["docker ps\rsudo reboot\r", "\rdocker ps\r", "yes\r"] {
        let (reply, text) = at_command([at_once(pasted), vec![Typed::Pause], at_once("q")].concat(), &[]);
        assert_eq!(reply, Reply::Stop, "{pasted:?}");
        assert!(text.contains("nothing was done"), "{text}");
    }
}

#[test]
fn an_enter_held_down_runs_one_command_and_no_more() {
    let step = restart();
    let mut script = scripted_at(Duration::from_millis(33), one_by_one("\r\r\r\rq"), &[]);
    assert_eq!(answer(&mut script, &Ask::Command(ask_command(&step, 0))), Reply::Run(Consent::Enter));
    assert_eq!(answer(&mut script, &Ask::Command(ask_command(&step, 1))), Reply::Stop);
}

#[test]
fn ctrl_c_at_a_question_is_explained_and_twice_it_stops() {
    let (reply, text) = at_command(one_by_one("\u{3}\r"), &[]);
    assert_eq!(reply, Reply::Run(Consent::Enter));
    assert!(text.contains("press q to stop; Ctrl-C ends a running command only"));
    assert_eq!(at_command(one_by_one("\u{3}\u{3}"), &[]).0, Reply::Stop);
}

#[test]
fn arrows_do_nothing() {
    let (reply, _) = at_command(
        vec![Typed::Key(PressedKey::Other), Typed::Key(PressedKey::Other), Typed::Key(PressedKey::Enter)],
        &[],
    );
    assert_eq!(reply, Reply::Run(Consent::Enter));
}

#[test]
fn a_terminal_that_is_gone_is_said_at_this_and_every_later_question() {
    let step = restart();
    let mut script = scripted(Vec::new(), &[]);
    for _ in 0..2 {
        let error = script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap_err();
        assert!(matches!(error, OperatorError::Gone(_)));
    }
}

#[test]
fn an_edit_begins_with_the_whole_command_and_no_change_is_no_answer() {
    let step = restart();
    let mut script = scripted(one_by_one("eer"), &["docker restart api", ""]);
    script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap_err();
    let asked = script.asked.borrow();
    assert_eq!(asked.first().unwrap(), &("edit: ".to_owned(), "docker restart api".to_owned()));
    assert!(script.sink.text().contains("not changed"));
}

#[test]
fn a_letter_typed_together_with_n_is_the_first_of_the_note() {
    let step = restart();
    let mut script = scripted([at_once("nh"), vec![Typed::Pause]].concat(), &["hello"]);
    assert_eq!(answer(&mut script, &Ask::Command(ask_command(&step, 0))), Reply::Note("hello".into()));
    assert_eq!(script.asked.borrow().first().unwrap(), &("note: ".to_owned(), "h".to_owned()));
}

#[test]
fn a_task_is_done_with_enter_or_d() {
    let step = step("Call the owner", StepKind::Task, Vec::new());
    for (keys, reply) in [
        ("\r", Reply::Done(String::new())),
        ("d", Reply::Done(String::new())),
        ("D", Reply::Done("by phone".into())),
        ("s", Reply::Skip(String::new())),
        ("b", Reply::Back),
    ] {
        let mut script = scripted(one_by_one(keys), &["by phone"]);
        assert_eq!(answer(&mut script, &Ask::Task(AskTask { shown: shown(&step) })), reply, "{keys:?}");
    }
}

fn choice() -> AskChoice<'static> {
    AskChoice {
        position: standing(),
        kind: ChoiceKind::Sections,
        title: "Recovery",
        options: vec![
            ("Restart the API", 3, false),
            ("Restore the database", 9, true),
            ("Restore the cache", 1, false),
        ],
        anchors: vec![None; 3],
    }
}

#[test]
fn a_choice_takes_a_number_or_the_beginning_of_one_title() {
    for (typed, reply) in [
        ("2", Reply::Chosen(Chosen::Option(1))),
        ("restart", Reply::Chosen(Chosen::Option(0))),
        ("Restore the C", Reply::Chosen(Chosen::Option(2))),
        ("g", Reply::Chosen(Chosen::GoOn)),
        ("b", Reply::Back),
        ("q", Reply::Stop),
    ] {
        // What names no option, or two, is asked again.
        let mut script = scripted(Vec::new(), &["", "0", "4", "restore", "zzz", typed]);
        assert_eq!(answer(&mut script, &Ask::Choice(choice())), reply, "{typed:?}");
        assert!(script.sink.text().contains("2 titles begin with `restore`"));
    }
}

#[test]
fn a_value_with_a_default_is_that_default_when_nothing_was_changed() {
    let ask =
        |default| Ask::Input(AskInput { name: "FILE", why: "`gunzip` reads `FILE`", default, ..AskInput::default() });
    let mut script = scripted(Vec::new(), &["dump.sql"]);
    assert_eq!(answer(&mut script, &ask(Some("dump.sql"))), Reply::Value("dump.sql".into()));
    // A default that cannot be shown as it is is given back as it was.
    let mut script = scripted(Vec::new(), &["a^Gb"]);
    assert_eq!(answer(&mut script, &ask(Some("a\u{7}b"))), Reply::Value("a\u{7}b".into()));
    let mut script = scripted(Vec::new(), &["", "", "x"]);
    assert_eq!(answer(&mut script, &ask(None)), Reply::Value("x".into()));
}

#[test]
fn a_message_is_filled_shown_and_only_then_recorded_and_a_note_does_not_lose_it() {
    let mut step = step("Tell everybody", StepKind::Message, Vec::new());
    step.body = "Status at [TIME]: [Impact]\nNext: [ETA]\n".into();
    let fields = vec!["TIME".to_owned(), "Impact".to_owned(), "ETA".to_owned()];
    let ask = Ask::Message(AskMessage { shown: shown(&step), fields });
    let mut script = scripted(one_by_one("n\r"), &["12:05", "", "soon", "told Ann"]);
    assert_eq!(answer(&mut script, &ask), Reply::Note("told Ann".into()));
    let filled = "Status at 12:05: [Impact]\nNext: soon\n";
    assert!(script.sink.text().contains("\nStatus at 12:05: [Impact]\nNext: soon\n\n"), "{}", script.sink.text());
    assert_eq!(answer(&mut script, &ask), Reply::Filled(filled.into()));
    assert_eq!(script.asked.borrow().len(), 4, "the fields are asked for once");
}
