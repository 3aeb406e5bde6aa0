//! What an operator or a runbook may do to the session: each case in a session of its own, with what is recorded of it, and
//! whether the session, with its state, is there afterwards.
//!
//! `RUNBOOK_TEST_CASE=part` runs the cases whose name contains it, `RUNBOOK_TEST_BASH=PATH` another bash.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod kernel_tables;
mod session_support;

use kernel_tables::{cell, compare, each, field, rows, unescape, wanted};
use runbook::history::{CommandFinished, Mode};
use runbook::ident::Digest;
use runbook::recorder::output_path;
use runbook::recorder::protocol::{TerminalSize, WireRequest};
use session_support::{Act, Client, Ran, Recorder, after, session};

const STATE: &str = "X=keep; f() { builtin echo fn; }; export Y=exp; cd /usr";
/// Alive with state, of the 80: what must hold.
const ALIVE: usize = 77;

/// What came of a case.
struct Came {
    recorded: String,
    /// What is wrong with the session, or with the output; empty when nothing is.
    wrong: Vec<String>,
    respawned: bool,
}

fn acts(text: &str) -> Vec<Act> {
    let acts = text.split("; ").filter(|act| !act.is_empty()).map(|act| {
        let (verb, rest) = act.split_once(' ').unwrap_or((act, ""));
        match verb {
            "after" => after(rest.parse().unwrap()),
            "await" => Act::Await(rest.to_owned().leak()),
            "keys" => Act::Keys(unescape(rest)),
            "abort" => Act::Send(WireRequest::Abort),
            "resize" => {
                let (rows, columns) = rest.split_once(' ').unwrap();
                Act::Send(WireRequest::Resize(TerminalSize {
                    rows: rows.parse().unwrap(),
                    columns: columns.parse().unwrap(),
                }))
            }
            other => panic!("`{other}`"),
        }
    });
    acts.collect()
}

fn word(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

fn recorded(finished: &CommandFinished) -> String {
    let status = finished.status.map_or_else(String::new, |status| format!(" {status}"));
    format!("{}{status}: {}", word(finished.end), word(&finished.outcome))
}

/// Every byte that was printed was told, is counted, and stands in the record.
fn is_whole(recorder: &Recorder, ran: &Ran) -> bool {
    let captured = &ran.finished.output;
    let stored = match &captured.inline {
        Some(inline) => inline.clone(),
        None => std::fs::read(output_path(&recorder.folder(), ran.finished.started)).unwrap(),
    };
    let salted = [captured.salt.as_bytes(), &stored].concat();
    stored == ran.output
        && captured.length_bytes == stored.len() as u64
        && captured.kept_bytes == stored.len() as u64
        && captured.digest == Digest::of_bytes(&salted)
}

/// The state, without a fork and without a new descriptor; where the command has closed or redirected the streams, on the
/// terminal itself.
fn state(client: &mut Client, cwd: &str) -> Option<String> {
    let probe = "builtin echo \"<$X>\"; builtin declare -p Y; builtin pwd; f";
    let mut seen = String::new();
    for text in [probe.to_owned(), format!("{{ {probe}; }} >/dev/tty 2>&1")] {
        seen = client.run(&text).text();
        let has = |part: &str| seen.contains(part);
        if has("<keep>\r\n") && has("declare -x Y=\"exp\"\r\n") && has("fn\r\n") && has(&format!("{cwd}\r\n")) {
            return None;
        }
    }
    Some(seen)
}

fn run(row: &[String]) -> Came {
    let (recorder, mut client) = session(Mode::Attended);
    let temp = tempfile::tempdir().unwrap();
    let temp = temp.path().canonicalize().unwrap();
    let text = String::from_utf8(unescape(field(row, 1))).unwrap().replace("@TMP@", temp.to_str().unwrap());
    client.run(STATE);
    let ran = client.run_with(Client::command(&text), &acts(field(row, 2)));
    let mut wrong = Vec::new();
    let printed = ran.text();
    let (must, must_not) = (field(row, 3), field(row, 4));
    if !printed.contains(must) {
        wrong.push(format!("no `{must}` in the output"));
    }
    if !must_not.is_empty() && printed.contains(must_not) {
        wrong.push(format!("`{must_not}` in the output"));
    }
    if !is_whole(&recorder, &ran) {
        wrong.push("output lost".to_owned());
    }
    let cwd = if text.contains("rmdir") { temp.join("rb_d") } else { "/usr".into() };
    if let Some(seen) = state(&mut client, cwd.to_str().unwrap()) {
        println!("{}: {printed:?}\n{seen:?}\n{}", field(row, 0), recorder.log());
        wrong.push("state lost".to_owned());
    } else if !wrong.is_empty() {
        println!("{}: {printed:?}", field(row, 0));
    }
    Came { recorded: recorded(&ran.finished), wrong, respawned: ran.respawned.is_some() }
}

fn is_there(row: &[String]) -> bool {
    let program = field(row, 1).split([' ', ';']).next().unwrap_or_default();
    let there = !["vim", "top"].contains(&program) || std::path::Path::new("/usr/bin").join(program).exists();
    there && (!field(row, 1).contains("less") || std::path::Path::new("/usr/bin/less").exists())
}

fn line(row: &[String], came: Option<&Came>) -> String {
    let name = cell(field(row, 0));
    let Some(came) = came else { return format!("| {name} | hangs, or loses the session | **no** |") };
    let alive = match (came.wrong.is_empty(), came.respawned) {
        (true, false) => "yes".to_owned(),
        (true, true) => "in a new bash".to_owned(),
        (false, _) => format!("**no**: {}", came.wrong.join(", ")),
    };
    format!("| {name} | {} | {alive} |", came.recorded)
}

fn version() -> String {
    let (_recorder, mut client) = session(Mode::Attended);
    client.value("BASH_VERSION").unwrap()
}

fn matrix(file: &str, least: usize) {
    let version = version();
    let (rows, some) = wanted(rows(file));
    let came = each(&rows, |row| is_there(row).then(|| run(row)));
    let alive = came.iter().filter(|came| matches!(came, Some(Some(came)) if came.wrong.is_empty())).count();
    let skipped = came.iter().filter(|came| matches!(came, Some(None))).count();
    let hangs = came.iter().filter(|came| came.is_none()).count();
    let lost = came.iter().flatten().flatten().filter(|came| came.wrong.iter().any(|wrong| wrong == "output lost"));
    println!("bash {version}: {alive} of {} alive with state, {skipped} skipped", rows.len());
    assert_eq!(lost.count(), 0, "output was lost");
    let mut lines = vec![
        format!("{alive} of {} alive with their state.", rows.len()),
        String::new(),
        "| what is done | recorded | alive, with state |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    if skipped > 0 {
        lines[0] = format!("{skipped} skipped");
    }
    lines.extend(rows.iter().zip(&came).map(|(row, came)| match came {
        Some(None) => format!("| {} | skipped | skipped |", cell(field(row, 0))),
        Some(Some(came)) => line(row, Some(came)),
        None => line(row, None),
    }));
    if some {
        println!("{}", lines.join("\n"));
        return;
    }
    if !version.starts_with("5.2") {
        println!("{}", lines.join("\n"));
    }
    assert_eq!(hangs, 0, "{}", lines.join("\n"));
    assert!(alive + skipped >= least, "{}", lines.join("\n"));
    compare(file, &version, &lines);
}

#[test]
fn the_session_outlives_what_is_done_to_it() {
    matrix("torture.tsv", ALIVE);
}

#[test]
fn it_outlives_more_than_that() {
    matrix("torture_more.tsv", 70);
}
