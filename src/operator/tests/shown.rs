//! What stands on the terminal.

use super::*;
use crate::history::Mode;
use crate::history::RunResult;
use crate::plan::ChoiceKind;
use crate::plan::Prose;
use crate::plan::TaskReason;
use crate::ports::Ask;
use crate::ports::AskChoice;
use crate::ports::AskTask;
use crate::ports::Notice;
use crate::ports::Operator as _;
use crate::ports::Stream;
use crate::ports::Watch as _;

fn verify() -> Step {
    let mut first = command("ls -la backups/", 43);
    first.note = Some("newest first".into());
    let long = "gunzip -c \"$BACKUP_FILE\" | psql --host db1 --username orders --dbname orders_production --single-transaction";
    let commands = vec![first, command("sha256sum -c \"$BACKUP_FILE.sha256\"", 44), command(long, 45)];
    let mut step = step("Verify the checksum", StepKind::Command, commands);
    let text = "Stop **everything** that writes first:\n\n- the API\n- the workers";
    step.source.prose = vec![Prose { lines: (32, 36), text: text.into() }];
    step
}

#[test]
fn a_step_and_its_first_question_at_80_columns() {
    let step = verify();
    let mut script = scripted(one_by_one("\r"), &[]);
    script.operator.show_notice(&Notice::Step(shown(&step)));
    script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap();
    insta::assert_snapshot!(script.sink.text());
}

#[test]
fn a_gate_names_what_did_not_succeed_before() {
    let step = verify();
    let logs = earlier(Outcome::Negative("no match".into()), 1);
    let ask = || {
        let mut ask = ask_command(&step, 2);
        ask.confirm = vec!["only if it applies: If the checksum matches".into()];
        ask.shown.position.unresolved = vec![&logs];
        Ask::Command(ask)
    };
    let mut script = scripted(one_by_one("nn"), &[]);
    let known = super::step("Check the logs", StepKind::Command, Vec::new());
    script.operator.show_notice(&opening(&plan(vec![known])));
    script.operator.ask_question(&ask()).unwrap();
    script.operator.ask_question(&ask()).unwrap();
    let text = script.sink.text();
    assert_eq!(
        text.matches("earlier: 3.1 Check the logs: `docker logs api | grep ERROR` no match · exit 1").count(),
        2
    );
    insta::assert_snapshot!(text);
}

#[test]
fn the_help_says_what_every_key_does() {
    let step = verify();
    let mut script = scripted(one_by_one("?q"), &[]);
    script.operator.ask_question(&Ask::Command(ask_command(&step, 0))).unwrap();
    insta::assert_snapshot!(script.sink.text());
}

#[test]
fn the_end_says_what_was_done_and_what_was_no_plain_success() {
    let known = super::step("Check the logs", StepKind::Command, Vec::new());
    let plan = plan(vec![known]);
    let mut script = scripted(Vec::new(), &[]);
    script.operator.show_notice(&opening(&plan));
    let logs = earlier(Outcome::Failed, 2);
    let (result, unsettled, elapsed) = (RunResult::Stopped, vec![&logs], Duration::from_secs(724));
    script.operator.show_notice(&Notice::Closing {
        result,
        reason: "by the operator",
        done: 5,
        of: 9,
        unresolved: unsettled,
        elapsed,
    });
    insta::assert_snapshot!(script.sink.text());
}

#[test]
fn a_choice_shows_every_option_with_its_steps() {
    let options =
        vec![("Restart the API", 3, false), ("Restore the database", 9, true), ("Restore the cache", 1, false)];
    let ask = AskChoice {
        position: standing(),
        kind: ChoiceKind::Sections,
        title: "Recovery",
        options,
        anchors: vec![None; 3],
    };
    let mut script = scripted(Vec::new(), &["2"]);
    script.operator.ask_question(&Ask::Choice(ask)).unwrap();
    insta::assert_snapshot!(script.sink.text());
}

fn opening(plan: &Plan) -> Notice<'_> {
    Notice::Opening {
        plan,
        file: "docs/RUNBOOK.md",
        host: "db1",
        user: "ann",
        cwd: "/srv/orders",
        mode: Mode::Attended,
        record: "/home/ann/.local/state/runbook/runs/20261124-225103-7c1d9e",
    }
}

#[test]
fn an_answer_that_is_no_success_is_named_once_where_no_gate_stands() {
    let step = verify();
    let logs = earlier(Outcome::Failed, 2);
    let ask = || {
        let mut ask = ask_command(&step, 0);
        ask.shown.position.unresolved = vec![&logs];
        Ask::Command(ask)
    };
    let mut script = scripted(one_by_one("nn"), &["a", "b"]);
    script.operator.ask_question(&ask()).unwrap();
    script.operator.ask_question(&ask()).unwrap();
    assert_eq!(script.sink.text().matches("earlier:").count(), 1);
}

#[test]
fn a_task_says_what_is_to_be_done_and_why_it_is_one() {
    let mut step = step("Resize the volume", StepKind::Task, Vec::new());
    step.body = "Resize the volume\nin the console of the cloud provider".into();
    step.task_reason = Some(TaskReason { text: "only a comment".into(), is_unread: false });
    let mut script = scripted(one_by_one("\r"), &[]);
    script.operator.show_notice(&Notice::Step(shown(&step)));
    script.operator.ask_question(&Ask::Task(AskTask { shown: shown(&step) })).unwrap();
    insta::assert_snapshot!(script.sink.text());
}

#[test]
fn output_goes_through_byte_for_byte_and_the_outcome_has_a_line_of_its_own() {
    let mut script = scripted(Vec::new(), &[]);
    let bytes = b"\x1b[31mred\x1b[0m\xff\r\npartial";
    script.operator.show_notice(&Notice::Started { text: "show", line: 3 });
    for chunk in bytes.chunks(3) {
        script.operator.on_output(Stream::Out, chunk);
    }
    let outcome = finished(Outcome::Failed, 2, &[2, 0]);
    script.operator.show_notice(&Notice::Finished { finished: &outcome, text: "show", detail: Some("`gunzip`") });
    let written = script.sink.0.borrow().clone();
    let at = written.windows(bytes.len()).position(|window| window == bytes).unwrap();
    let rest = String::from_utf8_lossy(written.get(at + bytes.len()..).unwrap()).into_owned();
    assert_eq!(rest, "\n✗ failed · exit 2 (2|0) · `gunzip` · 1.2 s\n");
}

#[test]
fn a_command_whose_end_is_never_told_leaves_no_screen_behind() {
    let mut script = scripted(Vec::new(), &[]);
    script.operator.on_output(Stream::Out, b"\x1b[?1049h\x1b[?25l");
    drop(script.operator);
    assert!(script.sink.text().ends_with("\u{1b}[?1049l\u{1b}[?25h"));
}

#[test]
fn outcomes_are_named_as_what_they_are() {
    let line = |outcome: Outcome, status| {
        let mut script = scripted(Vec::new(), &[]);
        let finished = finished(outcome, status, &[status]);
        script.operator.show_notice(&Notice::Finished { finished: &finished, text: "", detail: None });
        script.sink.text()
    };
    assert_eq!(line(Outcome::Succeeded, 0), "✓ exit 0 · 1.2 s\n");
    assert_eq!(line(Outcome::Negative("no match".into()), 1), "○ no match · exit 1 · 1.2 s\n");
    assert_eq!(line(Outcome::Interrupted, 130), "✗ interrupted · 1.2 s\n");
    assert_eq!(line(Outcome::EndedByOperator, 130), "■ ended by you · 1.2 s\n");
    assert_eq!(line(Outcome::Exited, 3), "○ exit 3 called: the shell goes on · 1.2 s\n");
}

#[test]
fn no_text_of_a_document_or_a_machine_sends_an_escape_sequence() {
    let evil = "x\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\r\u{8}";
    let mut first = command(evil, 1);
    first.note = Some(evil.into());
    first.facts.never_ends_reason = Some(evil.into());
    let mut step = step(evil, StepKind::Command, vec![first, command("true", 2)]);
    step.number = evil.into();
    step.source.headings = vec![evil.into()];
    step.conditional = Some(evil.into());
    step.cell.expected = Some(evil.into());
    step.body = evil.into();
    step.task_reason = Some(TaskReason { text: evil.into(), is_unread: false });
    step.source.prose = vec![Prose { lines: (1, 1), text: format!("{evil}\n\n    {evil}\n") }];
    let mut task = step.clone();
    task.kind = StepKind::Task;
    let mut all = shown(&step);
    all.file = evil;
    all.position.host = evil;
    all.position.cwd = evil;
    all.position.procedure = evil;
    let mut logs = earlier(Outcome::Negative(evil.into()), 1);
    logs.started.text = evil.into();
    all.position.unresolved = vec![&logs];
    let mut ask = ask_command(&step, 0);
    ask.shown = all.clone();
    ask.confirm = vec![evil.into()];
    ask.refused = Some(evil.into());
    let finished = finished(Outcome::Negative(evil.into()), 1, &[1]);
    let plan = plan(vec![step.clone(), task.clone()]);

    let mut script = scripted(one_by_one("?s\r"), &[]);
    let operator = &mut script.operator;
    operator.show_notice(&Notice::Opening {
        plan: &plan,
        file: evil,
        host: evil,
        user: evil,
        cwd: evil,
        mode: Mode::Attended,
        record: evil,
    });
    operator.show_notice(&Notice::Step(all));
    operator.ask_question(&Ask::Command(ask)).unwrap();
    operator.show_notice(&Notice::Step(shown(&task)));
    operator.ask_question(&Ask::Task(AskTask { shown: shown(&task) })).unwrap();
    operator.show_notice(&Notice::Started { text: evil, line: 1 });
    operator.show_notice(&Notice::Finished { finished: &finished, text: evil, detail: Some(evil) });
    operator.show_notice(&Notice::Respawned { how: evil });
    operator.show_notice(&Notice::Skipped { step: &step, reason: evil });
    operator.show_notice(&Notice::Info(evil));
    operator.show_notice(&Notice::Warning(evil));
    let elapsed = Duration::from_secs(1);
    let (result, unsettled) = (RunResult::Stopped, vec![&logs]);
    operator.show_notice(&Notice::Closing { result, reason: evil, done: 0, of: 1, unresolved: unsettled, elapsed });
    let text = script.sink.text();
    // `\r` alone is the operator's own, before a hint.
    let sent: Vec<char> = text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r')).collect();
    assert!(sent.is_empty(), "{sent:?} in {text:?}");
    assert!(!text.contains('\u{202e}'));
    assert!(!text.contains("x\r"));
}
