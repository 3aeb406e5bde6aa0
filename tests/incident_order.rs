//! The order of an incident's events and of its runs' is that in which they happened, whatever the wall clock was set to meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;
#[allow(dead_code, reason = "each test file uses another part of it")]
mod played;

use played::{Off, play};
use regex::Regex;
use runbook::incident::{render_post_mortem, write_post_mortem_page};

/// The rows of the timeline, each without its time: who, what, result, event.
fn rows(off: Off) -> (Vec<String>, Vec<String>, String) {
    let root = tempfile::tempdir().unwrap();
    let played = play(root.path(), off);
    let text = render_post_mortem(&played.records(), None).unwrap();
    let timeline = text.split("<!-- runbook:facts timeline ").nth(1).unwrap();
    let timeline = timeline.split("<!-- /runbook:facts timeline -->").next().unwrap();
    let rows = timeline.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| UTC"));
    let rows = rows.map(|row| row.split_once(" | ").unwrap().1.to_owned()).collect();
    (rows, played.written, timeline.to_owned())
}

/// The events that rows refer to, in their order.
fn events(rows: &[String]) -> Vec<String> {
    let reference = Regex::new(r"([0-9a-f]{6}#\d+) \|$").unwrap();
    rows.iter().map(|row| reference.captures(row).unwrap()[1].to_owned()).collect()
}

/// The clock set by an hour, forward or back, at every moment at which something of the incident changes.
const STEPS: [Off; 16] = [
    |at| if at >= 20 { 3600 } else { 0 },
    |at| if at >= 20 { -3600 } else { 0 },
    |at| if at >= 60 { 3600 } else { 0 },
    |at| if at >= 60 { -3600 } else { 0 },
    |at| if at >= 100 { 3600 } else { 0 },
    |at| if at >= 100 { -3600 } else { 0 },
    |at| if at >= 140 { 3600 } else { 0 },
    |at| if at >= 140 { -3600 } else { 0 },
    |at| if at >= 165 { 3600 } else { 0 },
    |at| if at >= 165 { -3600 } else { 0 },
    |at| if at >= 220 { 3600 } else { 0 },
    |at| if at >= 220 { -3600 } else { 0 },
    |at| if at >= 280 { 3600 } else { 0 },
    |at| if at >= 280 { -3600 } else { 0 },
    // Forward, and back again.
    |at| if (120..200).contains(&at) { 3600 } else { 0 },
    |at| if (120..200).contains(&at) { -3600 } else { 0 },
];

#[test]
fn the_timeline_of_an_incident_is_in_the_order_in_which_it_was_written() {
    let (rows, written, text) = rows(|_| 0);
    let events = events(&rows);
    let told: Vec<&String> = written.iter().filter(|event| events.contains(event)).collect();
    assert_eq!(events.iter().collect::<Vec<_>>(), told, "{text}");
    assert!(!text.contains("The wall clock was set"), "{text}");
}

#[test]
fn setting_the_clock_by_an_hour_either_way_moves_no_event_of_an_incident_or_its_runs() {
    let (plain, ..) = rows(|_| 0);
    for (at, step) in STEPS.into_iter().enumerate() {
        let (set, _, text) = rows(step);
        assert_eq!(events(&set), events(&plain), "step {at}:\n{text}");
        assert_eq!(set, plain, "step {at}");
        let is_said = text.contains("The wall clock was set back once");
        let goes_back = at % 2 == 1 || at >= 14;
        assert_eq!(is_said, goes_back, "step {at}:\n{text}");
    }
}

/// The drawing, and whether the page says that the clock was set.
fn drawing(off: Off) -> (String, bool) {
    let root = tempfile::tempdir().unwrap();
    let records = play(root.path(), off).records();
    let mut page = Vec::new();
    write_post_mortem_page(&render_post_mortem(&records, None).unwrap(), &records, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let figure = page.split("<figure class=\"picture\">").nth(1).unwrap().split("</figure>").next().unwrap();
    (figure.to_owned(), page.contains("The wall clock was set meanwhile"))
}

#[test]
fn the_drawing_is_the_same_whatever_the_clock_was_set_to_and_says_that_it_was() {
    let (plain, is_said) = drawing(|_| 0);
    assert!(!is_said);
    for (at, step) in STEPS.into_iter().enumerate() {
        let (set, is_said) = drawing(step);
        assert!(is_said, "step {at}");
        assert_eq!(set, plain, "step {at}");
    }
}
