//! The post-mortem as a page: the same bytes for the same records, and nothing in it that a reader must never meet.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;
mod payloads;
#[allow(dead_code, reason = "each test file uses another part of it")]
mod played;
mod support;

use played::play;
use regex::Regex;
use runbook::history::{Escalated, IncidentFact, IncidentOpened, IncidentRules, Noted, StatusWritten};
use runbook::ident::{IncidentId, SystemClock};
use runbook::incident::{Author, IncidentRecords, IncidentStore, Now, render_post_mortem, write_post_mortem_page};
use runbook::mask::Masker;
use std::path::Path;
use support::a_browser_finds_nothing;

fn page(records: &IncidentRecords) -> String {
    let markdown = render_post_mortem(records, None).unwrap();
    let mut page = Vec::new();
    write_post_mortem_page(&markdown, records, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// Without the style sheet, which is a file of its own, and without what the salts make new each time.
fn plain(page: &str) -> String {
    let text = Regex::new("(?s)<style>.*</style>").unwrap().replace(page, "<style>…</style>");
    let text = Regex::new("'sha256-[^']*'").unwrap().replace(&text, "'sha256-…'");
    Regex::new("(runbook-receipt-1 [0-9a-f-]+ [0-9]+) [0-9a-f]{64}").unwrap().replace_all(&text, "$1 HASH").into_owned()
}

#[test]
fn the_same_incident_gives_the_same_page() {
    let root = tempfile::tempdir().unwrap();
    let played = play(root.path(), |_| 0);
    let first = page(&played.records());
    assert_eq!(first, page(&played.records()));
    let other = tempfile::tempdir().unwrap();
    assert_eq!(plain(&first), plain(&page(&play(other.path(), |_| 0).records())));
    insta::assert_snapshot!("html", plain(&first));
}

/// An incident that hostile words were said in, and nothing was run.
fn hostile(root: &Path) -> IncidentRecords {
    let id: IncidentId = "20261124-225103-7c1d9e".parse().unwrap();
    let words: Vec<String> = payloads::payloads().into_iter().chain(payloads::escapes()).collect();
    let opened = IncidentOpened {
        incident: id.clone(),
        title: words.first().cloned().unwrap_or_default(),
        severity: "<P0>".into(),
        runbook: None,
        rules: IncidentRules::default(),
        alert: words.join("\n"),
        alert_group: String::new(),
        version: "0.1.0".into(),
    };
    let noted = words.iter().map(|text| IncidentFact::Noted(Noted { text: text.clone() }));
    let told = words.iter().take(10).flat_map(|text| {
        [
            IncidentFact::Escalated(Escalated { to: text.clone(), text: text.clone() }),
            IncidentFact::StatusWritten(StatusWritten { text: text.clone() }),
        ]
    });
    let facts = std::iter::once(IncidentFact::Opened(Box::new(opened))).chain(noted).chain(told).collect();
    let author = Author { user: words.concat(), host: "desk".into(), masker: Masker::new() };
    let incidents = IncidentStore::in_folders(root.join("incidents"), root.join("runs"));
    let now = Now::read_clocks(&SystemClock::start_now());
    IncidentRecords::read_all(&incidents.create_incident(&id, facts, None, &author, &now).unwrap())
}

#[test]
fn the_page_is_found_well_in_a_browser() {
    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let played = play(root.path(), |_| 0);
    a_browser_finds_nothing(&[
        ("incident", page(&played.records())),
        ("incident-hostile", page(&hostile(other.path()))),
    ]);
}

#[test]
fn every_heading_is_one_level_below_another_at_most_and_every_table_has_a_name_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let page = page(&play(root.path(), |_| 0).records());
    let level = Regex::new("<h([1-6])").unwrap();
    let levels: Vec<u32> = level.captures_iter(&page).map(|found| found[1].parse().unwrap()).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    for pattern in ["aria-label=\"(Table[^\"]*)\"", "<h[1-6] id=\"[^\"]*\">([^<]*)<"] {
        let all = Regex::new(pattern).unwrap();
        let mut names: Vec<&str> = all.captures_iter(&page).map(|found| found.get(1).unwrap().as_str()).collect();
        let count = names.len();
        assert!(count > 3, "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
}
