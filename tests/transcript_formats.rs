//! The transcript's other forms: readers of their formats take them, browsers find nothing to act on, and the same run gives the
//! same bytes.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;
mod payloads;
#[allow(dead_code, reason = "each test file uses another part of it")]
mod story;
mod support;

use facts::{every_fact, note, run_started, started};
use runbook::history::{CommandSource, Event, Fact, Outcome, StepEntered, StepForm};
use runbook::transcript::{CastVersion, Format, Sources, write_transcript};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use story::{Story, whole_story, written};
use support::{a_browser_finds_nothing, accepts, needs, tool};

const FORMATS: [Format; 7] = [
    Format::Markdown,
    Format::Html,
    Format::Text,
    Format::Json,
    Format::Asciicast(CastVersion::V2),
    Format::Asciicast(CastVersion::V3),
    Format::Junit,
];

fn hostile() -> Story {
    let mut story = Story::default();
    let text = "</script></pre><script>document.title='x';alert(1)</script><img src=x onerror=alert(1)>\"'&]]>\x1b]52;c;eA==\x07\u{202e}";
    let mut start = run_started();
    start.procedure_title = text.into();
    start.runbook.title = text.into();
    start.user = text.into();
    start.host = text.into();
    start.flags = vec![text.into()];
    story.tell(Fact::RunStarted(start));
    let entered = facts::entered("s1", text, text, StepForm::Command);
    story.tell(Fact::StepEntered(StepEntered { headings: vec![text.into()], ..entered }));
    story.run(written("s1", 0, text), Outcome::Negative(text.into()), &[1], text.as_bytes());
    let edited = CommandSource::Edited(format!("before {text}"));
    story.run(started("s1", Some(1), 1, edited, text), Outcome::Failed, &[1], b"\x00\x01\xff\xfe\x1b[31m</pre>\x0b");
    story.tell(note(text));
    for payload in payloads::payloads().iter().chain(&payloads::escapes()) {
        story.step("s2", "2", payload, StepForm::Command, &[]);
        story.run(written("s2", 0, payload), Outcome::Failed, &[1], payload.as_bytes());
        story.tell(note(payload));
    }
    for fact in every_fact() {
        story.tell(fact);
    }
    story
}

/// The same command many times, each time with a number.
fn monitored() -> Story {
    let mut story = Story::default();
    story.tell(Fact::RunStarted(run_started()));
    story.step("s1", "1", "Watch the lag", StepForm::Command, &[]);
    for i in 0..40_u64 {
        let source = CommandSource::Sampled("lag".into());
        let output = format!("lag: {}.5 s\n", (i * 7) % 23);
        story.run(started("s1", Some(0), 1, source, "lag"), Outcome::Succeeded, &[0], output.as_bytes());
    }
    story.step("s2", "2", "Wait for it", StepForm::Command, &[]);
    for attempt in 1..=6 {
        let outcome = if attempt < 6 { Outcome::Failed } else { Outcome::Succeeded };
        let status = i32::from(attempt < 6);
        story.run(started("s2", Some(0), attempt, CommandSource::Document, "pg_isready"), outcome, &[status], b"");
    }
    story
}

#[test]
fn the_same_run_gives_the_same_bytes_in_every_form() {
    for format in FORMATS {
        assert_eq!(whole_story().render_as(format, false), whole_story().render_as(format, false), "{format:?}");
    }
}

#[test]
fn every_prefix_of_a_run_renders_in_every_form() {
    let mut story = whole_story();
    while story.events.pop().is_some() {
        for format in FORMATS {
            for live in [true, false] {
                assert!(!story.render_as(format, live).is_empty(), "{format:?}");
            }
        }
    }
}

#[test]
fn every_fact_in_any_order_renders_in_every_form() {
    let mut story = Story::default();
    every_fact().into_iter().rev().for_each(|fact| {
        story.tell(fact);
    });
    for format in FORMATS {
        story.render_as(format, false);
    }
}

#[test]
fn each_form_reads_as_it_should() {
    insta::assert_snapshot!("text", whole_story().render_as(Format::Text, false));
    insta::assert_snapshot!("json", whole_story().render_as(Format::Json, false));
    insta::assert_snapshot!("junit", whole_story().render_as(Format::Junit, false));
    insta::assert_snapshot!("asciicast-v3", whole_story().render_as(Format::Asciicast(CastVersion::V3), false));
}

#[test]
fn a_command_run_again_and_again_is_told_twice_and_the_rest_is_a_table() {
    let text = monitored().render_as(Format::Markdown, false);
    assert!(text.contains("**40 samples, ") && text.contains("**6 attempts, "), "{text}");
    assert!(text.contains('▇') || text.contains('█'), "{text}");
    assert_eq!(text.matches("```bash\nlag\n```").count(), 2, "{text}");
    assert_eq!(text.matches("```bash\npg_isready\n```").count(), 2);
    let page = monitored().render_as(Format::Html, false);
    assert_eq!(page.matches("<svg class=\"sparkline\"").count(), 1);
}

#[test]
fn what_the_document_expects_stands_beside_what_came() {
    let document = "# A\n\n## B\n\n```bash\nsystemctl is-active api\n```\n\nOutput:\n\n```output\nactive\n```\n";
    let told = |printed: &[u8]| {
        let mut story = Story::default();
        story.tell(Fact::RunStarted(run_started()));
        story.step("s1", "1", "Is it there?", StepForm::Command, &[]);
        let mut command = written("s1", 0, "systemctl is-active api");
        (command.line, command.of) = (6, 1);
        story.run(command, Outcome::Succeeded, &[0], printed);
        let sources = Sources { document: Some(document), outputs: &story.outputs, last_hash: None, is_live: false };
        let mut page = Vec::new();
        write_transcript(Format::Html, || story.events.iter().cloned(), &sources, &mut page).unwrap();
        String::from_utf8(page).unwrap()
    };
    let page = told(b"inactive\n");
    assert!(page.contains("<p>The document expects</p>") && page.contains("active\n</pre>"), "{page}");
    assert!(!told(b"active\r\n").contains("The document expects"));
}

/// The events with their wall clock set by so many seconds from one event on.
fn with_step(story: &Story, from: usize, seconds: i64) -> Vec<Event> {
    let mut events = story.events.clone();
    for event in events.iter_mut().skip(from) {
        event.at.utc += jiff::SignedDuration::from_secs(seconds);
    }
    events
}

#[test]
fn a_clock_set_by_an_hour_either_way_changes_no_order_and_no_elapsed_time() {
    let plain = whole_story();
    let order = |story: &Story| -> Vec<(u64, u64)> {
        let value: Value = serde_json::from_str(&story.render_as(Format::Json, false)).unwrap();
        let events = value["events"].as_array().unwrap().clone();
        events.iter().map(|event| (event["seq"].as_u64().unwrap(), event["elapsed_ms"].as_u64().unwrap())).collect()
    };
    for (seconds, word) in [(3600, "forward by 1 h 00 min"), (-3600, "back by 1 h 00 min")] {
        for from in [6, 20, 40] {
            let mut set = whole_story();
            set.events = with_step(&plain, from, seconds);
            assert_eq!(order(&set), order(&plain), "{seconds} from {from}");
            let text = set.render_as(Format::Markdown, false);
            assert!(text.contains(&format!("The clock was set {word}")), "{text}");
            // Every row is there, in the same order.
            let rows = |text: &str| -> Vec<String> {
                let table = text
                    .lines()
                    .skip_while(|line| !line.starts_with("## Timeline"))
                    .take_while(|line| *line != "## Steps");
                let cells = table.filter_map(|line| line.split(" | ").nth(3).map(str::to_owned));
                cells.filter(|cell| cell != "|" && !cell.contains("The clock was set")).collect()
            };
            assert_eq!(rows(&text), rows(&plain.render_as(Format::Markdown, false)));
        }
    }
}

#[test]
fn a_run_taken_up_by_another_process_goes_on_counting() {
    let mut story = whole_story();
    // The new process's clock begins anew, and an hour lay between.
    for event in story.events.iter_mut().skip(20) {
        event.at.utc += jiff::SignedDuration::from_hours(1);
        event.at.mono = event.at.mono.saturating_sub(Duration::from_secs(100));
    }
    let value: Value = serde_json::from_str(&story.render_as(Format::Json, false)).unwrap();
    let elapsed: Vec<u64> =
        value["events"].as_array().unwrap().iter().map(|event| event["elapsed_ms"].as_u64().unwrap()).collect();
    assert!(elapsed.is_sorted());
    assert!(elapsed[20] - elapsed[19] >= 3_600_000, "{elapsed:?}");
}

#[test]
fn json_is_as_its_schema_says() {
    if !needs("jsonschema") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transcript.schema.json");
    for (name, story) in [("whole", whole_story()), ("hostile", hostile()), ("empty", Story::default())] {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, story.render_as(Format::Json, false)).unwrap();
        accepts(Path::new("jsonschema"), &["--instance", path.to_str().unwrap(), schema.to_str().unwrap()]);
    }
}

#[test]
fn junit_reports_are_well_formed() {
    if !needs("xmllint") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, story) in
        [("whole", whole_story()), ("hostile", hostile()), ("monitored", monitored()), ("empty", Story::default())]
    {
        let path = folder.path().join(format!("{name}.xml"));
        std::fs::write(&path, story.render_as(Format::Junit, false)).unwrap();
        accepts(Path::new("xmllint"), &["--noout", path.to_str().unwrap()]);
    }
}

#[test]
fn junit_reports_are_valid() {
    let Some(schema) = tool("RUNBOOK_TEST_JUNIT_XSD") else { return };
    if !needs("xmllint") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, story) in
        [("whole", whole_story()), ("hostile", hostile()), ("monitored", monitored()), ("empty", Story::default())]
    {
        let path = folder.path().join(format!("{name}.xml"));
        std::fs::write(&path, story.render_as(Format::Junit, false)).unwrap();
        let arguments = ["--noout", "--schema", schema.to_str().unwrap(), path.to_str().unwrap()];
        accepts(Path::new("xmllint"), &arguments);
    }
}

#[test]
fn a_junit_report_counts_what_came_out() {
    let report = whole_story().render_as(Format::Junit, false);
    let count = |element: &str| report.matches(&format!("<{element} ")).count();
    let header =
        format!("tests=\"{}\" failures=\"{}\" errors=\"{}\"", count("testcase"), count("failure"), count("error"));
    assert!(report.lines().nth(1).unwrap().contains(&header), "{header}\n{report}");
    assert!(report.contains("<skipped message=\"failed: exit 1; tried again\"/>"), "{report}");
    assert!(report.contains("no end is recorded"));
}

#[test]
fn asciicasts_are_lines_of_json_and_ask_nothing_of_a_terminal() {
    for version in [CastVersion::V2, CastVersion::V3] {
        for story in [whole_story(), hostile(), monitored()] {
            let cast = story.render_as(Format::Asciicast(version), false);
            let mut lines = cast.lines();
            let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
            assert!(header["version"] == 2 || header["version"] == 3, "{header}");
            for line in lines {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event[0].as_f64().unwrap() >= 0.0, "{line}");
                let text = event[2].as_str().unwrap();
                for acting in ["\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bc", "\u{9b}", "\u{9d}", "\x07", "\x05"] {
                    assert!(!text.contains(acting), "{line}");
                }
            }
        }
    }
}

#[test]
fn asciicasts_are_read_by_others() {
    let Some(python) = tool("RUNBOOK_TEST_PYTHON") else { return };
    let folder = tempfile::tempdir().unwrap();
    let beside = |name: &str| python.parent().unwrap().join(name);
    for (name, story) in [("whole", whole_story()), ("hostile", hostile())] {
        let path = folder.path().join(format!("{name}.cast"));
        std::fs::write(&path, story.render_as(Format::Asciicast(CastVersion::V2), false)).unwrap();
        let played = accepts(&beside("asciinema"), &["cat", path.to_str().unwrap()]);
        assert!(played.contains("The run ended") && !played.contains("\x1b]"), "{played}");
        let path = folder.path().join(format!("{name}-3.cast"));
        std::fs::write(&path, story.render_as(Format::Asciicast(CastVersion::V3), false)).unwrap();
        accepts(&beside("sciine"), &["status", "--input", path.to_str().unwrap()]);
    }
}

#[test]
fn pages_are_found_well_in_a_browser() {
    let page = |name: &'static str, story: &Story| (name, story.render_as(Format::Html, name == "monitored"));
    a_browser_finds_nothing(&[
        page("whole", &whole_story()),
        page("hostile", &hostile()),
        page("monitored", &monitored()),
        page("empty", &Story::default()),
    ]);
}
