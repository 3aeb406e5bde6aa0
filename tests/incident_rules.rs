//! A runbook's own rules for incidents, read from documents that nobody changed for it.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

mod support;

use runbook::document::Runbook;
use runbook::history::{IncidentRules, Response, Seconds};
use runbook::incident::{RulesRead, read_rules};
use std::fmt::Write as _;
use std::path::Path;

fn read(path: &Path) -> RulesRead {
    read_rules(&Runbook::parse_bytes(&std::fs::read(path).unwrap()))
}

fn fixture(name: &str) -> IncidentRules {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runbooks").join(name)).rules
}

/// One rule a line.
fn told(rules: &IncidentRules) -> String {
    let mut out = String::new();
    for severity in &rules.severities {
        let _ = writeln!(
            out,
            "{} | {} | {} | {:?} | line {}",
            severity.name, severity.title, severity.impact, severity.response, severity.line
        );
    }
    for rung in &rules.escalation {
        let _ = writeln!(out, "escalate: {} | {:?} | {} | line {}", rung.who, rung.after, rung.condition, rung.line);
    }
    for contact in &rules.contacts {
        let _ = writeln!(out, "contact: {} | {:?} | line {}", contact.who, contact.ways, contact.line);
    }
    let _ = writeln!(out, "updates: {:?}", rules.updates);
    let _ = writeln!(out, "post-mortem: {:?}", rules.post_mortem);
    out
}

#[test]
fn a_runbook_in_headings_labels_lists_and_tables_gives_its_rules() {
    insta::assert_snapshot!(told(&fixture("ferry.md")));
}

#[test]
fn the_rules_of_another_hand_are_read_too() {
    insta::assert_snapshot!(told(&fixture("warehouse.md")));
}

#[test]
fn the_front_matter_counts_more_than_the_text() {
    let text = "---\nincident:\n  severities:\n    A1: {title: Dark, response: 5 minutes, alerts: [critical, page]}\n    A2: 2 hours\n  \
                escalation:\n    - {who: The boss, after: 10 minutes}\n  updates: 15 minutes\n  contacts:\n    Boss: '+1'\n  \
                post_mortem: {within: 2 days, severities: [A1], parts: [Why]}\n  nonsense: 1\n---\n# R\n\n## Escalation\n\n1. **A** (5 min)\n2. **B** (6 min)\n";
    let read = read_rules(&Runbook::parse_bytes(text.as_bytes()));
    assert_eq!(read.problems.len(), 1, "{:?}", read.problems);
    assert_eq!(read.rules.severities[0].response, Some(Response::Within(Seconds::from_minutes(5))));
    assert_eq!(read.rules.severities[0].alerts, ["critical", "page"]);
    assert_eq!(read.rules.escalation.len(), 1);
    assert_eq!(read.rules.escalation[0].after, Some(Seconds::from_minutes(10)));
    assert_eq!(read.rules.updates.map(|every| every.most), Some(Seconds::from_minutes(15)));
    assert_eq!(read.rules.post_mortem.unwrap().within, Some(Seconds(172_800)));
}

#[test]
fn severities_in_a_table_or_a_list_are_read() {
    let table = "# R\n\n| Severity | Description | Response time |\n|---|---|---|\n| SEV-1 | all down | 15 min |\n| SEV-2 (slow) | some | 1 hour |\n";
    let found = read_rules(&Runbook::parse_bytes(table.as_bytes())).rules.severities;
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].name.as_str(), found[1].title.as_str()), ("SEV-2", "slow"));
    assert_eq!(found[1].response, Some(Response::Within(Seconds(3600))));
    let list =
        "# R\n\n## Severity\n\n- **P1**: everything is down, respond within 5 minutes\n- **P2**: something is down\n";
    let found = read_rules(&Runbook::parse_bytes(list.as_bytes())).rules.severities;
    assert_eq!(found[0].response, Some(Response::Within(Seconds(300))));
    assert_eq!(found[1].response, None);
}

#[test]
fn a_document_that_says_nothing_of_incidents_gives_no_rules() {
    for text in [
        "",
        "# A\n\nRun it every 5 minutes.\n",
        "# Metrics\n\n- p50, p95\n- P99: 5 seconds\n",
        "## Escalation\n\nCall.\n",
    ] {
        let rules = read_rules(&Runbook::parse_bytes(text.as_bytes())).rules;
        assert!(rules.is_empty(), "{text}: {rules:?}");
    }
}

#[test]
fn the_users_own_runbook_gives_its_rules_without_a_change_to_it() {
    let Some(corpus) = support::corpus() else { return };
    let path = corpus.join("../seed/RUNBOOK.md");
    if !path.is_file() {
        return;
    }
    let rules = read(&path).rules;
    let responses: Vec<_> =
        rules.severities.iter().map(|found| (found.name.as_str(), found.response.clone())).collect();
    assert_eq!(
        responses,
        [
            ("P0", Some(Response::Immediate)),
            ("P1", Some(Response::Within(Seconds::from_minutes(15)))),
            ("P2", Some(Response::Within(Seconds::from_minutes(60)))),
            ("P3", Some(Response::NextBusinessDay)),
        ]
    );
    let after: Vec<_> = rules.escalation.iter().map(|rung| rung.after.map(|after| after.0 / 60)).collect();
    assert_eq!(after, [None, Some(30), Some(60), Some(120)]);
    assert_eq!(rules.contacts.len(), 6, "{:?}", rules.contacts);
    let updates = rules.updates.unwrap();
    assert_eq!((updates.least, updates.most), (Seconds::from_minutes(15), Seconds::from_minutes(30)));
    let post_mortem = rules.post_mortem.unwrap();
    assert_eq!(post_mortem.within, Some(Seconds(48 * 3600)));
    assert_eq!(post_mortem.severities, ["P0", "P1"]);
    assert_eq!(post_mortem.parts.len(), 6);
}
