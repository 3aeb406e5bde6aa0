//! Commands in a session without an operator.

mod session_support;

use runbook::history::{End, Mode, Outcome};
use runbook::recorder::protocol::{OutputChannel, WireRequest};
use session_support::{Act, Client, after, session};
use std::time::Duration;

#[test]
fn standard_input_is_empty_and_the_pagers_do_not_wait() {
    let (_recorder, mut client) = session(Mode::Unattended);
    assert_eq!(client.run("cat; read -r x; echo st=$?").text(), "st=1\n");
    assert_eq!(client.run("echo $PAGER $GIT_PAGER $SYSTEMD_PAGER; tty; test -t 1; echo $?").text().lines().count(), 3);
    assert_eq!(client.run("echo $PAGER $GIT_PAGER $SYSTEMD_PAGER").text(), "cat cat cat\n");
}

#[test]
fn the_streams_are_told_apart_and_all_of_it_is_in_one_record() {
    let (_recorder, mut client) = session(Mode::Unattended);
    let ran = client.run("echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three; sleep 0.05; echo four >/dev/tty");
    assert_eq!(ran.text(), "one\ntwo\nthree\nfour\r\n");
    assert_eq!(ran.stream(OutputChannel::Err), b"two\n");
    assert_eq!(ran.finished.output.inline.as_deref(), Some(&b"one\ntwo\nthree\nfour\r\n"[..]));
}

#[test]
fn variables_and_ends_are_as_with_an_operator() {
    let (_recorder, mut client) = session(Mode::Unattended);
    client.run("X=kept; cd /usr");
    assert_eq!(client.run("exit 3").finished.end, End::Exited);
    assert_eq!(client.run("set -e; false; echo NO").finished.end, End::Errexit);
    assert_eq!(client.run("set +e; echo $X $PWD").text(), "kept /usr\n");
    let ran = client.run("false | true");
    assert_eq!((ran.outcome(), ran.finished.pipestatus.as_slice()), (&Outcome::Failed, &[1, 0][..]));
    let ran = client.run("kill -9 $$");
    assert_eq!((ran.outcome(), ran.respawned.as_deref()), (&Outcome::ShellEnded, Some("signal 9")));
    assert_eq!(client.run("pwd").text(), "/usr\n");
}

#[test]
fn an_interrupt_reaches_the_command_also_at_its_very_start() {
    let (_recorder, mut client) = session(Mode::Unattended);
    for wait in [100, 0] {
        let acts = [after(wait), Act::Send(WireRequest::Interrupt), after(300), Act::Send(WireRequest::Interrupt)];
        let ran = client.run_with(Client::command("sleep 30; echo NO"), &acts);
        assert_eq!((ran.finished.end, ran.outcome()), (End::Thrown, &Outcome::Interrupted), "{}", ran.text());
        assert!(!ran.text().contains("NO"));
    }
    let ran = client.run_with(Client::command("while :; do :; done"), &[after(100), Act::Send(WireRequest::Interrupt)]);
    assert_eq!(ran.outcome(), &Outcome::Interrupted);
}

#[test]
fn one_interrupt_is_enough_in_whichever_moment_of_a_programs_start_it_comes() {
    let (_recorder, mut client) = session(Mode::Unattended);
    client.run("true");
    for moment in 0..60 {
        // A program is there some milliseconds after it is asked for.
        let acts = [Act::After(Duration::from_micros(moment * 100)), Act::Send(WireRequest::Interrupt)];
        let ran = client.run_with(Client::command("sleep 20"), &acts);
        assert_eq!(ran.outcome(), &Outcome::Interrupted, "after {moment} tenths of a millisecond");
    }
}

#[test]
fn a_command_that_never_ends_is_ended_after_its_time() {
    let (_recorder, mut client) = session(Mode::Unattended);
    let mut run = Client::command("while sleep 0.05; do echo tick; done; echo NO");
    run.started.never_ends = true;
    run.limit = Some(Duration::from_millis(300));
    let ran = client.run_with(run, &[]);
    assert_eq!((ran.finished.end, ran.outcome()), (End::Aborted, &Outcome::EndedByTime));
    assert!(ran.text().contains("tick") && !ran.text().contains("NO"), "{}", ran.text());
    assert_eq!(client.run("echo alive").text(), "alive\n");
}

#[test]
fn a_question_of_a_command_is_recorded_and_not_waited_for_for_ever() {
    let (_recorder, mut client) = session(Mode::Unattended);
    let mut run = Client::command("read -r -p 'Password: ' x </dev/tty 2>/dev/tty; echo \"<$x>\"");
    run.limit = Some(Duration::from_millis(300));
    let ran = client.run_with(run, &[]);
    assert_eq!(ran.outcome(), &Outcome::TimedOut);
    assert!(ran.text().contains("Password: "), "{}", ran.text());
}

#[test]
fn ten_megabytes_come_back_byte_for_byte() {
    let (_recorder, mut client) = session(Mode::Unattended);
    let ran = client.run("head -c 10000000 /dev/zero; echo end >&2");
    assert_eq!(ran.stream(OutputChannel::Out).len(), 10_000_000);
    assert_eq!(ran.stream(OutputChannel::Err), b"end\n");
    assert_eq!(ran.finished.output.length_bytes, 10_000_004);
}
