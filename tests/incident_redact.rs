//! What was typed into an incident and holds a secret can be taken out of its record again.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

mod support;

use runbook::history::{Fact, IncidentFact, Noted, Redacted};
use runbook::ident::{Clock as _, IncidentId, Seq, SystemClock};
use runbook::incident::{Author, IncidentStore, Now};
use runbook::journal::{JournalError, read_journal, redact_events};
use runbook::mask::Masker;
use std::path::PathBuf;
use std::process::Command;
use support::{Home, Output};

const STEPS: &str = "# S\n\n## Look\n\n```bash\necho well\n```\n";

fn incident(home: &Home, arguments: &[&str]) -> Output {
    home.runbook(&[&["incident"], arguments].concat())
}

/// An incident with a run; its title, a note and an update hold what nobody should have typed.
fn open() -> (Home, String) {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("RUNBOOK.md", STEPS);
    let id = incident(&home, &["open", "the db says no to tulip-42"]).exits(0).stdout.trim().to_owned();
    drop(incident(&home, &["note", "I used tulip-43 | and it works"]).exits(0));
    drop(home.runbook(&["run", "--yes", "RUNBOOK.md#look"]).exits(0));
    drop(incident(&home, &["status", "--text", "the new password is tulip-44"]).exits(0));
    (home, id)
}

/// The `seq` of the first event of a kind.
fn seq(home: &Home, id: &str, kind: &str) -> String {
    let journal = std::fs::read_to_string(folder(home, id).join("journal.jsonl")).unwrap();
    let at = journal.lines().position(|line| line.contains(&format!("\"kind\":\"{kind}\""))).unwrap();
    at.to_string()
}

fn folder(home: &Home, id: &str) -> PathBuf {
    home.state().join("incidents").join(id)
}

/// Whether any file of the records holds a text.
fn holds(home: &Home, text: &str) -> bool {
    !Command::new("grep").args(["-rF", text]).arg(home.state()).output().unwrap().stdout.is_empty()
}

#[test]
fn what_was_typed_into_an_incident_is_dropped_and_its_record_still_verifies() {
    let (home, id) = open();
    let receipt = home.runbook(&["verify", &id]).exits(0).stdout.lines().last().unwrap().to_owned();
    let dropped = [seq(&home, &id, "incident-noted"), seq(&home, &id, "incident-status")].join(",");
    let said = home.runbook(&["redact", &id, "--seq", &dropped, "--reason", "passwords"]).exits(0);
    let said = said.says("was dropped; event").says("receipts from before still hold");
    drop(said.says(&format!("`runbook incident report {id} --output FILE` writes its facts anew")));
    assert!(!holds(&home, "tulip-43") && !holds(&home, "tulip-44"));

    let verified = home.runbook(&["verify", &id, "--receipt", &receipt]).exits(0);
    drop(verified.prints("its text was dropped on purpose").prints("the last 1 events came later"));
    let shown = incident(&home, &["show"]).exits(0).prints("was dropped from the record: passwords");
    drop(shown.prints("tulip-42"));
    let json: serde_json::Value =
        serde_json::from_str(&incident(&home, &["show", "--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!(json["redacted"].as_array().unwrap().len(), 2);
    let report = incident(&home, &["report"]).exits(0).prints("\\[redacted\\]").stdout;
    let last = report.lines().filter(|line| line.starts_with("| ")).find(|line| line.contains("was dropped")).unwrap();
    assert!(last.contains("| passwords |") && last.contains("operator"), "{last}");
    assert!(!report.contains("tulip-43") && !report.contains("tulip-44"), "{report}");

    // It goes on, and what is gone is gone.
    drop(incident(&home, &["note", "changed it"]).exits(0));
    let report = incident(&home, &["report"]).exits(0).stdout;
    let at = |text: &str| report.find(text).unwrap_or_else(|| panic!("no {text} in\n{report}"));
    assert!(
        at("Run ended") < at("was dropped from the record") && at("was dropped from the record") < at("changed it")
    );
    drop(home.runbook(&["redact", &id, "--seq", &dropped]).exits(2).says("was dropped before"));
    drop(home.runbook(&["redact", &id, "--seq", "99"]).exits(2).says("is not in the journal").says("event 12"));
    drop(home.runbook(&["verify", &id]).exits(0));
}

#[test]
fn the_same_text_elsewhere_is_named_with_the_command_that_drops_it() {
    let (home, id) = open();
    std::fs::write(folder(&home, &id).join("post-mortem.md"), "| tulip\\-42 |").unwrap();
    let said = home.runbook(&["redact", &id, "--seq", "1"]).exits(0);
    let said = said.says("the rules that the incident went by").says("may still have the text").says("post-mortem.md");
    let line = said.stderr.lines().find(|line| line.contains("the same text is in event")).unwrap();
    let command: Vec<&str> = line.split('`').nth(3).unwrap().split(' ').skip(1).collect();
    assert!(line.contains("of the run"), "{line}");
    std::fs::remove_file(folder(&home, &id).join("post-mortem.md")).unwrap();
    drop(home.runbook(&command).exits(0).says(&format!("`runbook incident report {id} --output FILE`")));
    assert!(!holds(&home, "tulip-42"));
    for shown in [&["list"][..], &["show"], &["report"], &["report", "--format", "html"], &["list", "--format", "json"]]
    {
        drop(incident(&home, shown).exits(0).prints("redacted"));
    }
    drop(home.runbook(&["verify", &id]).exits(0));
    drop(home.runbook(&["verify"]).exits(0));
    drop(incident(&home, &["close"]).exits(0));
}

#[test]
fn a_post_mortem_written_before_loses_the_text_when_it_is_written_again() {
    let (home, id) = open();
    drop(incident(&home, &["report", "--output", "pm.md"]).exits(0));
    let written = home.read("pm.md").replace("_To be written: why it happened", "Because. _And why it happened");
    assert!(written.contains("tulip-43"), "{written}");
    home.write("pm.md", &written);
    drop(home.runbook(&["redact", &id, "--seq", &seq(&home, &id, "incident-noted")]).exits(0));
    drop(incident(&home, &["report", "--output", "pm.md"]).exits(0).says("what people wrote is kept"));
    let text = home.read("pm.md");
    assert!(!text.contains("tulip-43") && text.contains("Because. "), "{text}");
}

#[test]
fn a_name_that_fits_a_run_and_an_incident_drops_nothing() {
    let (home, id) = open();
    let year = id.split_at(4).0;
    drop(home.runbook(&["redact", year, "--seq", "1"]).exits(2).says("and the incident").says("give more of the name"));
    drop(home.runbook(&["redact", "nothing", "--seq", "1"]).exits(2).says("no run matches `nothing`"));
    drop(incident(&home, &["open", "another"]).exits(0));
    let run = home.runs().pop().unwrap();
    std::fs::remove_dir_all(run).unwrap();
    drop(home.runbook(&["redact", year, "--seq", "1"]).exits(2).says("matches several incidents"));
    let path = folder(&home, &id);
    drop(home.runbook(&["redact", path.to_str().unwrap(), "--seq", "1"]).exits(0).says("was dropped"));
}

#[test]
fn nothing_that_others_write_meanwhile_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let incidents = IncidentStore::in_folders(root.path().join("incidents"), root.path().join("runs"));
    let author = Author { user: "mira".into(), host: "desk".into(), masker: Masker::new() };
    let id: IncidentId = "20261124-225103-7c1d9e".parse().unwrap();
    let note = |text: String| IncidentFact::Noted(Noted { text });
    let now = || Now::read_clocks(&SystemClock::start_now());
    let first = (0..20).map(|n| note(format!("secret {n}"))).collect();
    let incident = incidents.create_incident(&id, first, None, &author, &now()).unwrap();
    std::thread::scope(|scope| {
        for who in 0..2 {
            let (mut incident, author) = (incident.clone(), &author);
            scope.spawn(move || {
                for n in 0..30 {
                    let fact = note(format!("note {who}.{n}"));
                    while let Err(error) = incident.record_facts(vec![fact.clone()], author, &now()) {
                        assert!(matches!(error, JournalError::Locked { .. }), "{error}");
                    }
                }
            });
        }
        for n in 1..=20 {
            let fact = Redacted { events: vec![Seq(n)], user: "mira".into(), ..Redacted::default() };
            while let Err(error) = redact_events(incident.folder(), &fact, SystemClock::start_now().now()) {
                assert!(matches!(error, JournalError::Locked { .. }), "{error}");
            }
        }
    });
    let events = read_journal(incident.folder().folder_path()).unwrap().events;
    assert_eq!(events.len(), 20 + 2 * 30 + 20);
    let texts = events.iter().filter(|event| match &event.fact {
        Fact::Incident(incident) => {
            matches!(&incident.what, IncidentFact::Noted(noted) if noted.text.starts_with("note "))
        }
        _ => false,
    });
    assert_eq!(texts.count(), 60);
}
