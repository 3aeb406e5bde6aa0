//! A whole incident on a runbook in people's own form, and what is left of it afterwards.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

mod support;

use regex::Regex;
use runbook::journal;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use support::{Home, Output, Terminal};

const FERRY: &str = include_str!("../fixtures/runbooks/ferry.md");

/// The ferry's work folder: a service that is down, and a restart that needs `--force`.
fn home() -> Home {
    let home = Home::new().env("NO_COLOR", "1");
    home.write("RUNBOOK.md", FERRY);
    home.write("service/health", "down\n");
    home.write("service/lists", "");
    home.write("copies/monday.txt", "Ines\nTomas\n");
    let restart = home.write(
        "service/restart",
        "#!/bin/sh\nif [ \"$1\" = --force ]; then echo ok > service/health; else echo 'a lock is left over'; exit 1; fi\n",
    );
    std::fs::set_permissions(restart, std::fs::Permissions::from_mode(0o755)).unwrap();
    home
}

fn incidents(home: &Home) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(home.state().join("incidents")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn incident(home: &Home, arguments: &[&str]) -> Output {
    home.runbook(&[&["incident"], arguments].concat())
}

/// What differs each time: ids, times, digests, lengths, the machine.
fn plain(text: &str) -> String {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let id = Regex::new(r"\d{8}-\d{6}-([0-9a-f]{6})").unwrap();
    for found in id.captures_iter(text) {
        let next = names.len() + 1;
        names.entry(found[1].to_owned()).or_insert_with(|| format!("REC{next}"));
    }
    let mut text = id.replace_all(text, |found: &regex::Captures<'_>| names[&found[1]].clone()).into_owned();
    for (short, name) in &names {
        text = text
            .replace(&format!("{short}#"), &format!("{name}#"))
            .replace(&format!("`{short}`"), &format!("`{name}`"));
    }
    for (pattern, with) in [
        (r"runbook-receipt-1 (\S+) (\d+) [0-9a-f]{64}", "RECEIPT $1 $2"),
        (r"(runbook:facts [a-z-]+) [0-9a-f]{12}", "$1 DIGEST"),
        (r"\d{4}-\d\d-\d\d", "DATE"),
        (r"\d\d:\d\d:\d\d", "TIME"),
        (r"\d\d:\d\d UTC", "CLOCK UTC"),
        (r"(DATE )?TIME \|", "TIME |"),
        (r"exit (\d+)(\*\*)?, [0-9.]+ m?s", "exit $1$2, TOOK"),
        (r"[0-9.]+ m?s \|", "TOOK |"),
        (r"due in \d+ days( \d+ h)?", "due in N days"),
        (r"/\S*/work/", "WORK/"),
        (r"on \S+ \| REC", "on HOST | REC"),
        (r"\b\d+ (s|min)\b", "N $1"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    text
}

/// Every event that a text refers to is in the records.
fn is_traceable(home: &Home, text: &str) {
    let reference = Regex::new(r"\b([0-9a-f]{6})#(\d+)").unwrap();
    let mut events = BTreeMap::new();
    for folder in incidents(home).into_iter().chain(home.runs()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let count = journal::read_journal(&folder).unwrap().events.len();
        events.insert(name.rsplit('-').next().unwrap().to_owned(), count);
    }
    let mut part = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("<!-- runbook:facts ") {
            part = name.split(' ').next().unwrap();
        } else if line.starts_with("<!-- /runbook:facts ") {
            part = "";
        }
        for found in reference.captures_iter(line) {
            assert!(events.contains_key(&found[1]), "no record for {line}");
            let last = events[&found[1]];
            assert!(found[2].parse::<usize>().unwrap() <= last || part == "integrity", "{line}");
        }
        let is_row = line.starts_with("| ")
            && !["| Of the incident", "| Measure", "| UTC", "| Milestone"].iter().any(|head| line.starts_with(head));
        let is_item = line.starts_with("- ");
        let says = (is_row || is_item) && !part.is_empty() && part != "integrity" && !line.contains("*blank");
        assert!(!says || reference.is_match(line), "no event is named in the part `{part}`:\n{line}");
    }
}

/// Opens, runs, fails, edits, escalates, tells, mends, closes.
fn whole_incident(home: &Home) -> PathBuf {
    // Declared 20 minutes less three seconds ago: the next escalation and the update are due while the operator looks on.
    let opened = incident(home, &["open", "nobody can book", "--severity", "p0", "--at", "1197s ago"]).exits(0);
    let opened = opened.says("P0: Nobody sails").says("wants an answer at once");
    let id = opened.stdout.trim().to_owned();
    drop(incident(home, &["mark", "impact-start", "--at", "30m ago"]).exits(0).says("as stated"));
    drop(incident(home, &["mark", "detected", "--at", "25m ago"]).exits(0));
    drop(incident(home, &["mark", "acknowledged"]).exits(0).says("acknowledged"));
    drop(incident(home, &["note", "the", "harbour", "called"]).exits(0).says("noted"));

    let mut terminal = Terminal::runbook(home, &["run", "RUNBOOK.md#restart-the-booking-service"]);
    terminal.wait_for_output(&format!("part of the incident `{id}`"));
    terminal.wait_for_output("P0 since 00:");
    terminal.wait_for_output("incident: escalate to Harbour desk").wait_for_output("? help");
    // Nobody presses a key: it is told when its time is over.
    terminal.wait_until("the escalation told as over", |terminal| {
        let shown = terminal.screen();
        shown.contains("cannot book after") && shown.contains("due since") || shown.contains("minutes): due since")
    });
    terminal.send("@").wait_for_output("incident: ").send("escalated\r").wait_for_output("escalated to Harbour desk");
    terminal.send("\r").wait_for_output("2 Start it again").wait_for_output("? help").send("y");
    terminal.wait_for_output("a lock is left over").wait_for_output("? help");
    terminal.send("e").wait_for_output("edit: ").send(" --force\r").wait_for_output("? help").send("y");
    terminal.wait_for_output("3 Is it well").wait_for_output("? help").run_it();
    terminal.wait_for_output("transcript: ");
    terminal.exits(0);

    let mut terminal = Terminal::runbook(home, &["run", "RUNBOOK.md#bring-back-the-passenger-lists"]);
    terminal.wait_for_output("1 Find the newest copy").wait_for_output("? help").run_it();
    terminal.wait_for_output("2 Put it back").wait_for_output("? help").run_it();
    terminal.wait_for_output("3 Count the passengers").wait_for_output("? help").run_it();
    terminal.wait_for_output("transcript: ");
    terminal.exits(0);

    let fields = ["IMPACT=nobody books", "ACTION=watching it", "NEXT=at ten", "State=Watching"];
    let fields: Vec<&str> = fields.iter().flat_map(|field| ["--field", field]).collect();
    drop(
        incident(home, &[&["status"], fields.as_slice()].concat())
            .exits(0)
            .prints("State: Watching")
            .prints("Next word: at ten"),
    );
    drop(incident(home, &["severity", "P1", "--reason", "boarding goes on by hand"]).exits(0));
    drop(incident(home, &["mark", "mitigated"]).exits(0));
    drop(incident(home, &["mark", "resolved"]).exits(0));
    drop(incident(home, &["handover", "tomas"]).exits(0).says("handed over to tomas"));
    drop(incident(home, &["close", "--reason", "passengers book again"]).exits(0).says("closed"));
    home.state().join("incidents").join(id)
}

#[test]
fn a_whole_incident_gives_a_post_mortem_that_needs_only_judgement() {
    let home = home();
    let folder = whole_incident(&home);
    drop(incident(&home, &["report", "--output", "post-mortem.md"]).exits(0).says("what is left blank is for you"));
    let text = home.read("post-mortem.md");
    is_traceable(&home, &text);
    for heading in
        ["What happened when", "Why", "What passengers noticed", "What we did", "What we learned", "What we change"]
    {
        assert!(text.contains(&format!("\n## {heading}\n")), "{heading}");
    }
    insta::assert_snapshot!(plain(&text));

    // People write; the facts go on.
    let written = text
        .replace("_To be written: why it happened, and why it could._", "A lock was left over by the *old* copier.");
    home.write("post-mortem.md", &written);
    drop(incident(&home, &["report", "--output", "post-mortem.md"]).exits(0).says("every fact already"));
    assert_eq!(home.read("post-mortem.md"), written);

    // The page has what people wrote, the drawing and no mark of ours; the same records give the same bytes.
    let as_page = ["report", "--format", "html", "--from", "post-mortem.md"];
    let page = incident(&home, &as_page).exits(0).stdout;
    assert!(page.contains("A lock was left over by the <em>old</em> copier."), "{page}");
    assert!(page.contains("<h2 id=\"what-we-change\">") && page.matches("<figure class=\"picture\">").count() == 1);
    assert!(!page.contains("runbook:facts") && !page.contains("runbook:write"), "{page}");
    assert!(!page.contains("The wall clock was set"), "{page}");
    assert_eq!(page, incident(&home, &as_page).exits(0).stdout);
    drop(incident(&home, &[&as_page[..], &["--output", "post-mortem.html"]].concat()).exits(0).says("written"));
    assert_eq!(home.read("post-mortem.html"), page);
    drop(incident(&home, &[&as_page[..], &["--output", "post-mortem.md"]].concat()).exits(2).says("is no page"));
    assert_eq!(home.read("post-mortem.md"), written);

    // A mark is gone: the file is left alone, and nothing is lost.
    let torn = written.replace("<!-- /runbook:facts timeline -->\n", "");
    home.write("post-mortem.md", &torn);
    drop(
        incident(&home, &["report", "--output", "post-mortem.md"])
            .exits(0)
            .says("left as it is")
            .says("post-mortem.new.md"),
    );
    assert_eq!(home.read("post-mortem.md"), torn);
    assert!(home.read("post-mortem.new.md").contains("<!-- /runbook:facts timeline -->"));

    // The record of the incident verifies as a run's does.
    drop(home.runbook(&["verify", folder.to_str().unwrap()]).exits(0).prints("each as it was written"));
    let shown = incident(&home, &["show", "latest"]).exits(0).prints("closed, led by tomas");
    insta::assert_snapshot!("show", plain(&shown.stdout));
    let json: serde_json::Value =
        serde_json::from_str(&incident(&home, &["show", "latest", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["milestones"]["impact-start"]["stated"], true);
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
    drop(incident(&home, &["list"]).exits(0).prints("closed").prints("nobody can book"));
}

#[test]
fn a_run_stands_in_the_incident_and_the_incident_in_the_run() {
    let home = home();
    let id = incident(&home, &["open", "x", "--severity", "P2"]).exits(0).stdout.trim().to_owned();
    drop(
        home.runbook(&["run", "--yes", "RUNBOOK.md#bring-back-the-passenger-lists", "--allow", "destructive"]).exits(0),
    );
    let run = home.runs().pop().unwrap();
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let text = |path: &Path| std::fs::read_to_string(path.join("journal.jsonl")).unwrap();
    assert!(text(&run).contains(&format!("\"kind\":\"incident-joined\",\"incident\":\"{id}\"")));
    assert!(text(&incidents(&home)[0]).contains("\"kind\":\"incident-run-joined\""));
    assert!(text(&incidents(&home)[0]).contains(&name));
    drop(home.runbook(&["transcript"]).exits(0).prints("Joined the incident"));
    // A run that is no part of it says so.
    drop(home.runbook(&["run", "--yes", "--incident", "none", "RUNBOOK.md#is-it-true", "--only", "1"]));
    // Both may have begun in the same second, so the names do not tell which is newer.
    let other = home.runs().into_iter().find(|folder| *folder != run).unwrap();
    assert!(!text(&other).contains("incident-joined"));
}

#[test]
fn with_several_open_incidents_one_must_be_chosen() {
    let home = home();
    let first = incident(&home, &["open", "one", "--severity", "P2"]).exits(0).stdout.trim().to_owned();
    drop(incident(&home, &["open", "two", "--severity", "P3"]).exits(0));
    let run = ["run", "--yes", "RUNBOOK.md#bring-back-the-passenger-lists", "--allow", "destructive"];
    drop(home.runbook(&run).exits(2).says("2 incidents are open").says("--incident ID"));
    assert!(home.runs().is_empty(), "nothing ran");
    drop(home.runbook(&[&run[..], &["--incident", &first]].concat()).exits(0));
    drop(incident(&home, &["note", "which?"]).exits(2).says("--incident ID"));
    drop(incident(&home, &["note", "this", "--incident", &first]).exits(0));
    drop(incident(&home, &["close", &first]).exits(0).says("--mark impact-start=TIME"));
    drop(incident(&home, &["note", "gone", "--incident", &first]).exits(2).says("is closed"));
    drop(incident(&home, &["note", "there is one left"]).exits(0));
}

#[test]
fn a_time_that_nobody_set_is_blank_and_none_is_guessed() {
    let home = home();
    drop(incident(&home, &["open", "x", "--severity", "P1"]).exits(0));
    drop(incident(&home, &["mark", "resolved"]).exits(0));
    let shown = incident(&home, &["show"]).exits(0);
    let shown = shown.prints("impact-start   -").prints("TTR time to resolve");
    drop(shown.prints("blank: `impact-start` is not set"));
    drop(incident(&home, &["mark", "detected", "--at", "tomorrow"]).exits(2).says("is no time"));
    drop(incident(&home, &["mark", "fixed"]).exits(2).says("possible values"));
    drop(incident(&home, &["severity", "P9", "--reason", "x"]).exits(2).says("it has `P0`"));
    drop(incident(&home, &["severity", "P0"]).exits(2).says("--reason"));
}

#[test]
fn closing_asks_for_what_is_not_set_and_takes_no_answer_for_none() {
    let home = home();
    drop(incident(&home, &["open", "x", "--severity", "P1"]).exits(0));
    let mut terminal = Terminal::runbook(&home, &["incident", "close"]);
    terminal.wait_for_output("impact-start: ").send("40m ago\r").wait_for_output("as stated");
    terminal.wait_for_output("detected: ").send("\r");
    terminal.wait_for_output("acknowledged: ").send("soon\r").wait_for_output("is no time");
    terminal.wait_for_output("acknowledged: ").send("now\r");
    terminal.wait_for_output("mitigated: ").send("\r");
    terminal.wait_for_output("resolved: ").send("\r");
    terminal.wait_for_output("closed; blank: detected, mitigated, resolved");
    terminal.exits(0);
}

#[test]
fn hostile_titles_notes_and_alerts_stay_text() {
    let home = home();
    let title = "x \u{1b}[2J | <img src=x> <!-- /runbook:facts timeline --> {{ integrity }}\n# no";
    drop(incident(&home, &["open", title, "--severity", "P1"]).exits(0));
    drop(incident(&home, &["note", "| a | \u{202e} `b` <script>\n\n<!-- runbook:facts timeline 0 -->"]).exits(0));
    drop(incident(&home, &["note", "the password is at https://me:hunter2hunter2@db/"]).exits(0));
    drop(incident(&home, &["status", "--text", "<!-- /runbook:facts updates -->\n# Everything is fine"]).exits(0));
    let report = incident(&home, &["report"]).exits(0).stdout;
    assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}') && !report.contains("hunter2"), "{report}");
    let unescaped = report.replace("\\<", "");
    assert!(!unescaped.contains("<img") && !unescaped.contains("<script") && !report.contains("\n# no"), "{report}");
    assert_eq!(report.matches("<!-- /runbook:facts timeline -->\n").count(), 1, "{report}");
    assert_eq!(report.matches("\n<!-- /runbook:facts updates -->\n").count(), 1, "{report}");
    let shown = incident(&home, &["show"]).exits(0).stdout + &incident(&home, &["list"]).exits(0).stdout;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
}

const ALERT: &str = r#"{"version":"4","groupKey":"{}:{alertname=\"BookingDown\"}","status":"firing","receiver":"night",
"commonLabels":{"alertname":"BookingDown","severity":"nobody sails","instance":"web-1; touch pwned"},
"commonAnnotations":{"summary":"booking answers nobody","runbook_url":"https://wiki.ferry.example/x#bring-back-the-passenger-lists"},
"alerts":[{"status":"firing","labels":{"alertname":"BookingDown"},"annotations":{},"startsAt":"2026-01-02T03:04:05Z"}]}"#;

#[test]
fn an_alert_opens_its_incident_once_and_names_the_procedure() {
    let home = home();
    home.write("alert.json", ALERT);
    let opened = incident(&home, &["open", "--alert", "alert.json"]).exits(0);
    let opened = opened
        .says("booking answers nobody")
        .says("go on with: runbook run RUNBOOK.md#bring-back-the-passenger-lists --incident");
    let id = opened.stdout.trim().to_owned();
    drop(incident(&home, &["show"]).exits(0).prints("P0").prints("2026-01-02 03:04:05 UTC, stated by the alert"));
    // Alertmanager repeats itself.
    let again =
        home.runbook_with_input(&["incident", "open", "--alert", "-", "--format", "json"], ALERT.as_bytes()).exits(0);
    let json: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(json["incident"], id.as_str());
    assert_eq!(incidents(&home).len(), 1);
    // Over, and over again: another one.
    drop(
        home.runbook_with_input(&["incident", "open", "--alert", "-"], ALERT.replace("firing", "resolved").as_bytes())
            .exits(2)
            .says("resolved"),
    );
    drop(home.runbook_with_input(&["incident", "open", "--alert", "-"], b"{}").exits(2).says("no `version`"));
    assert!(!home.work().join("pwned").exists());
}

#[test]
fn the_documents_command_sends_nothing_without_a_yes() {
    let home = home();
    home.write("RUNBOOK.md", format!("---\nmessage_command: cat > sent.txt\n---\n{FERRY}"));
    drop(incident(&home, &["open", "x", "--severity", "P1"]).exits(0));
    let text = ["status", "--text", "all is well again"];
    drop(incident(&home, &[&text[..], &["--send"]].concat()).exits(2).says("--allow message-command"));
    let mut terminal = Terminal::runbook(&home, &["incident", "status", "--text", "not yet", "--send"]);
    terminal.wait_for_output("cat > sent.txt").wait_for_output("run it? y/N: ").send("\r").wait_for_output("not sent");
    terminal.exits(3);
    assert!(!home.work().join("sent.txt").exists());
    drop(incident(&home, &[&text[..], &["--send", "--allow", "message-command"]].concat()).exits(0).says("sent"));
    assert_eq!(home.read("sent.txt"), "all is well again");
}
