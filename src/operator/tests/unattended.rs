//! What the flags answer.

use super::*;
use crate::ident::InputName;
use crate::operator::UnattendedOperator;
use crate::plan::ChoiceKind;
use crate::plan::Consent;
use crate::plan::Policy;
use crate::ports::Ask;
use crate::ports::AskChoice;
use crate::ports::AskFailure;
use crate::ports::AskInput;
use crate::ports::AskTask;
use crate::ports::Chosen;
use crate::ports::Notice;
use crate::ports::Operator as _;
use crate::ports::Reply;
use crate::ports::Stream;
use crate::ports::Watch as _;

fn answer(policy: Policy, ask: &Ask<'_>) -> Result<Reply, String> {
    let mut operator = UnattendedOperator::new(
        policy,
        Box::new(Sink::default()),
        Box::new(Sink::default()),
        Box::new(Sink::default()),
        LOOK,
    );
    operator.ask_question(ask).map_err(|error| error.to_string())
}

fn one(text: &str, reads_only: bool) -> Step {
    let mut command = command(text, 12);
    command.facts.reads_only = reads_only;
    step("One", StepKind::Command, vec![command])
}

#[test]
fn a_conditional_step_is_skipped_unless_it_is_included() {
    let mut step = one("docker restart api", false);
    step.conditional = Some("If the API is down".into());
    let mut ask = ask_command(&step, 0);
    ask.confirm = vec!["conditional".into()];
    let ask = Ask::Command(ask);
    let policy = |include: &[&str]| Policy {
        allow_unknown: true,
        include: include.iter().map(ToString::to_string).collect(),
        ..Policy::default()
    };
    let skipped = Reply::SkipRest("conditional (`If the API is down`); `--include 3.1` runs it".into());
    assert_eq!(answer(policy(&[]), &ask), Ok(skipped));
    assert_eq!(answer(policy(&["3.1"]), &ask), Ok(Reply::Run(Consent::Flags)));
    assert_eq!(answer(policy(&[step.id.as_str()]), &ask), Ok(Reply::Run(Consent::Flags)));
}

#[test]
fn a_failure_stops() {
    let step = one("kubectl get pods", true);
    let outcome = Outcome::Failed;
    let ask = AskFailure {
        shown: shown(&step),
        index: Some(0),
        text: "x",
        outcome: Some(&outcome),
        status: Some(1),
        rollbacks: Vec::new(),
    };
    assert_eq!(answer(Policy::default(), &Ask::Failure(ask)), Ok(Reply::Stop));
}

#[test]
fn a_task_is_never_said_to_be_done() {
    let task = step("Call the owner", StepKind::Task, Vec::new());
    let ask = Ask::Task(AskTask { shown: shown(&task) });
    assert_eq!(answer(Policy::default(), &ask), Ok(Reply::Skip("a task for an operator".into())));
}

#[test]
fn choices_are_taken_in_the_order_they_were_given_and_then_it_goes_on() {
    let ask = |chosen: [bool; 2]| {
        let options = vec![("Restart", 2, chosen[0]), ("Restore", 5, chosen[1])];
        let (kind, anchors) = (ChoiceKind::Sections, vec![None, None]);
        Ask::Choice(AskChoice { position: standing(), kind, title: "Recovery", options, anchors })
    };
    let policy = Policy { choose: vec!["restore".into(), "1".into()], ..Policy::default() };
    let mut operator = UnattendedOperator::new(
        policy,
        Box::new(Sink::default()),
        Box::new(Sink::default()),
        Box::new(Sink::default()),
        LOOK,
    );
    assert_eq!(operator.ask_question(&ask([false, false])).unwrap(), Reply::Chosen(Chosen::Option(1)));
    assert_eq!(operator.ask_question(&ask([false, true])).unwrap(), Reply::Chosen(Chosen::Option(0)));
    assert_eq!(operator.ask_question(&ask([true, true])).unwrap(), Reply::Chosen(Chosen::GoOn));
    let error = answer(Policy::default(), &ask([false, false])).unwrap_err();
    assert_eq!(error, "`Recovery` is a choice of `Restart`, `Restore`; `--choose TITLE` says which");
}

#[test]
fn a_value_comes_from_a_flag_or_its_flag_is_named() {
    let ask = Ask::Input(AskInput {
        name: "FILE",
        why: "`gunzip` reads `FILE`",
        default: Some("old.gz"),
        ..AskInput::default()
    });
    let mut policy = Policy::default();
    let error = answer(policy.clone(), &ask).unwrap_err();
    assert_eq!(error, "`gunzip` reads `FILE`; `--input FILE=VALUE` gives it (in the document: `old.gz`)");
    policy.values.insert(InputName::new("FILE"), "new.gz".into());
    assert_eq!(answer(policy, &ask), Ok(Reply::Value("new.gz".into())));
}

#[test]
fn output_goes_where_it_belongs_and_talk_to_standard_error() {
    let (out, err) = (Sink::default(), Sink::default());
    let mut operator = UnattendedOperator::new(
        Policy::default(),
        Box::new(out.clone()),
        Box::new(err.clone()),
        Box::new(err.clone()),
        LOOK,
    );
    let step = one("docker ps", true);
    operator.show_notice(&Notice::Step(shown(&step)));
    operator.show_notice(&Notice::Started { text: "docker ps", line: 12 });
    operator.on_output(Stream::Out, b"api up");
    operator.on_output(Stream::Err, b"warned\n");
    let finished = finished(Outcome::Succeeded, 0, &[0]);
    operator.show_notice(&Notice::Finished { finished: &finished, text: "docker ps", detail: None });
    assert_eq!(out.text(), "api up");
    assert_eq!(err.text(), "== 3.1 One   RUNBOOK.md:40\n> docker ps   RUNBOOK.md:12\nwarned\n✓ exit 0 · 1.2 s\n");
}

#[test]
fn nobody_is_told_of_an_end_before_it_is_on_disk() {
    let (out, err) = (Sink::default(), Sink::default());
    let mut operator = UnattendedOperator::new(
        Policy::default(),
        Box::new(out.clone()),
        Box::new(err.clone()),
        Box::new(err.clone()),
        LOOK,
    );
    operator.show_notice(&Notice::Started { text: "echo up", line: 12 });
    operator.on_output(Stream::Out, b"up\n");
    operator.defer_until_durable();
    let finished = finished(Outcome::Succeeded, 0, &[0]);
    operator.show_notice(&Notice::Finished { finished: &finished, text: "echo up", detail: None });
    operator.show_notice(&Notice::Started { text: "sleep 60", line: 14 });
    assert_eq!(err.text(), "> echo up   :12\n");
    operator.on_durable();
    let both = "> echo up   :12\n✓ exit 0 · 1.2 s\n> sleep 60   :14\n";
    assert_eq!(err.text(), both);
    operator.on_durable();
    operator.show_notice(&Notice::Info("done"));
    assert_eq!(err.text(), format!("{both}done\n"));
}
