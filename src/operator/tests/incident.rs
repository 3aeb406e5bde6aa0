//! The incident at a run's prompt.

use super::*;
use crate::plan::Consent;
use crate::ports::Ask;
use crate::ports::IncidentReminders;
use crate::ports::Operator as _;
use crate::ports::Reply;

/// Has these sentences each time it is asked, and keeps what it is told.
struct FakePager {
    due: VecDeque<Vec<String>>,
    said: Rc<RefCell<Vec<String>>>,
}

impl IncidentReminders for FakePager {
    fn clock_line(&mut self) -> String {
        "P0 since 00:41:10".to_owned()
    }

    fn due_sentences(&mut self) -> Vec<String> {
        self.due.pop_front().unwrap_or_default()
    }

    fn record_action(&mut self, words: &str) -> Result<String, String> {
        self.said.borrow_mut().push(words.to_owned());
        if words.starts_with("escalated") {
            Ok("escalated to Ines".to_owned())
        } else {
            Err("that says nothing".to_owned())
        }
    }

    fn action_help(&self) -> &'static str {
        "escalated [NAME] · note TEXT"
    }
}

fn with_pager(typed: Vec<Typed>, lines: &[&str], due: &[&[&str]]) -> (Scripted, Rc<RefCell<Vec<String>>>) {
    let said = Rc::default();
    let due = due.iter().map(|all| all.iter().map(|one| (*one).to_owned()).collect()).collect();
    let pager = FakePager { due, said: Rc::clone(&said) };
    let Scripted { operator, sink, asked } = scripted(typed, lines);
    (Scripted { operator: operator.with_incident(Some(Box::new(pager))), sink, asked }, said)
}

fn restart() -> Step {
    step("Restart", StepKind::Command, vec![command("docker restart api", 41)])
}

#[test]
fn what_is_due_is_told_before_a_question_and_while_it_waits_and_what_was_done_is_taken_down() {
    let typed = vec![Typed::Pause, Typed::Key(key('@')), Typed::Pause, Typed::Key(PressedKey::Enter)];
    let due: [&[&str]; 2] = [&["escalate to Ines: due in 2 min"], &["escalate to Ines: due since 0 s"]];
    let (mut script, said) = with_pager(typed, &["escalated"], &due);
    let step = restart();
    let reply = script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap();
    assert_eq!(reply, Reply::Run(Consent::Enter), "nothing of the incident answers the question");
    assert_eq!(*said.borrow(), ["escalated"]);
    let shown = script.sink.text();
    let places: Vec<_> =
        ["P0 since 00:41:10", "due in 2 min", "@ incident", "due since 0 s", "incident: escalated to Ines"]
            .iter()
            .map(|text| shown.find(text).unwrap_or_else(|| panic!("no `{text}` in:\n{shown}")))
            .collect();
    assert!(places.is_sorted(), "{places:?}\n{shown}");
}

#[test]
fn what_cannot_be_recorded_is_said_and_the_question_waits_on() {
    let typed = one_by_one("@\r");
    let (mut script, said) = with_pager(typed, &["nonsense"], &[]);
    let step = restart();
    assert_eq!(script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap(), Reply::Run(Consent::Enter));
    assert_eq!(*said.borrow(), ["nonsense"]);
    assert!(script.sink.text().contains("not recorded: that says nothing"), "{}", script.sink.text());
}

#[test]
fn without_an_incident_there_is_no_such_key() {
    let step = restart();
    let mut script = scripted(one_by_one("@\r"), &[]);
    assert_eq!(script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap(), Reply::Run(Consent::Enter));
    let shown = script.sink.text();
    assert!(!shown.contains("incident") && shown.contains("does nothing here"), "{shown}");
}
