//! Output and texts that want to act: they come out inert in the transcript and in our own words on the terminal.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    clippy::panic,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;
#[allow(dead_code, reason = "each test file uses another part of it")]
mod payloads;

use payloads::{escapes, payloads};
use pulldown_cmark::{Event as Markup, Options, Parser, Tag, TagEnd};
use runbook::history::{CommandFinished, Fact, StepForm};
use runbook::ident::{Clock as _, Digest, RunId, Seq, SystemClock};
use runbook::journal::{Folder, Folders, JournalWriter};
use runbook::transcript::{CastVersion, Format};
use runbook::{session, term};
use tempfile::TempDir;

#[derive(Debug, PartialEq, Eq)]
struct Shape {
    fences: usize,
    headings: Vec<String>,
    links: usize,
    html: usize,
    rows: usize,
    /// How often a result is told outside of code.
    results: usize,
}

fn shape(text: &str) -> Shape {
    let mut shape = Shape { fences: 0, headings: Vec::new(), links: 0, html: 0, rows: 0, results: 0 };
    let (mut code, mut heading) = (false, None);
    for markup in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS) {
        match markup {
            Markup::Start(Tag::CodeBlock(_)) => {
                shape.fences += 1;
                code = true;
            }
            Markup::End(TagEnd::CodeBlock) => code = false,
            Markup::Start(Tag::Heading { level, .. }) if level as usize == 2 => heading = Some(String::new()),
            Markup::End(TagEnd::Heading(_)) => shape.headings.extend(heading.take()),
            Markup::Start(Tag::Link { .. } | Tag::Image { .. }) => shape.links += 1,
            Markup::Html(_) | Markup::InlineHtml(_) => shape.html += 1,
            Markup::Start(Tag::TableRow) => shape.rows += 1,
            Markup::Text(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
                shape.results += usize::from(!code && text.starts_with('\u{2192}'));
            }
            _ => {}
        }
    }
    shape
}

/// The transcript of a run whose output and note are this.
fn transcript(text: &str) -> String {
    let (_temp, folder) = recorded(text);
    transcript_as(Format::Markdown, &folder)
}

/// A run's record whose output and note are this, in a folder that goes when it is dropped.
fn recorded(text: &str) -> (TempDir, Folder) {
    let temp = tempfile::tempdir().unwrap();
    let run: RunId = "20261124-225103-7c1d9e".parse().unwrap();
    let folder = Folders::with_root(temp.path()).create_folder(&run).unwrap();
    let mut writer = JournalWriter::create_journal(folder.folder_path(), &run).unwrap();
    let Fact::CommandFinished(finished) = facts::finished(Seq(3), b"") else { panic!() };
    let mut output = finished.output.clone();
    let bytes = format!("before\n{text}\nafter\n").into_bytes();
    output.length_bytes = bytes.len() as u64;
    output.kept_bytes = bytes.len() as u64;
    output.digest = Digest::of_parts(&[output.salt.as_bytes(), &bytes]);
    output.inline = Some(bytes);
    let started = facts::every_fact().into_iter().find(|fact| matches!(fact, Fact::CommandStarted(_))).unwrap();
    let all = [
        Fact::RunStarted(facts::run_started()),
        Fact::StepEntered(facts::entered("s1", "1", &format!("T {text}"), StepForm::Command)),
        started,
        Fact::CommandFinished(CommandFinished { output, ..finished }),
        facts::note(&format!("before {text} after")),
    ];
    writer.append_facts(&all, SystemClock::start_now().now()).unwrap();
    drop(writer);
    (temp, folder)
}

fn transcript_as(format: Format, folder: &Folder) -> String {
    let mut page = Vec::new();
    session::render_as_format(format, folder, false, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn no_escape_sequence_survives_in_the_transcript_or_in_our_own_words() {
    let escapes = escapes();
    assert!(escapes.len() >= 200, "{}", escapes.len());
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain = shape(&transcript("plain"));
    for escape in &escapes {
        let page = transcript(escape);
        assert_eq!(page.chars().find(|&c| bad(c)), None, "{escape:?}");
        assert_eq!(shape(&page).headings, plain.headings, "{escape:?}");
        let said = term::sanitize_text(escape);
        assert_eq!(said.chars().find(|&c| c.is_control() && c != '\n' && c != '\t'), None, "{escape:?}: {said:?}");
    }
}

#[test]
fn no_markup_in_output_or_notes_acts_in_the_transcript() {
    let payloads = payloads();
    assert!(payloads.len() >= 500, "{}", payloads.len());
    let plain = shape(&transcript("plain"));
    for payload in &payloads {
        let page = transcript(payload);
        let found = shape(&page);
        assert_eq!(
            (found.headings, found.links, found.html, found.rows, found.results),
            (plain.headings.clone(), plain.links, plain.html, plain.rows, plain.results),
            "{payload:?}\n{page}"
        );
    }
}

#[test]
fn no_payload_acts_in_any_other_form() {
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for payload in payloads().iter().chain(&escapes()) {
        let (_temp, folder) = recorded(payload);
        let page = transcript_as(Format::Html, &folder);
        assert_eq!(page.chars().find(|&c| bad(c)), None, "{payload:?}");
        assert_eq!(elements(&page), None, "{payload:?}");
        let text = transcript_as(Format::Text, &folder);
        assert_eq!(text.chars().find(|&c| bad(c)), None, "{payload:?}");
        let report = transcript_as(Format::Junit, &folder);
        assert_eq!(report.chars().find(|&c| bad(c)), None, "{payload:?}");
        let known = ["?xml", "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"];
        assert!(names(&report).all(|name| known.contains(&name.trim_start_matches('/'))), "{payload:?}\n{report}");
        let value: serde_json::Value = serde_json::from_str(&transcript_as(Format::Json, &folder)).unwrap();
        assert_eq!(value["events"].as_array().unwrap().len(), 5, "{payload:?}");
        for version in [CastVersion::V2, CastVersion::V3] {
            for line in transcript_as(Format::Asciicast(version), &folder).lines().skip(1) {
                let event: (f64, String, String) = serde_json::from_str(line).unwrap();
                assert!(acts(&event.2).is_none(), "{payload:?}: {line}");
            }
        }
    }
}

/// What stands after each `<`.
fn names(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n']).next().unwrap_or_default().trim_end_matches('/'))
}

/// The first element of a page that is none of ours.
fn elements(page: &str) -> Option<&str> {
    const OURS: &str = " !DOCTYPE html head meta link title style body a nav ul li main h1 h2 h3 p span dl dt dd figure svg desc defs \
        pattern rect g path circle text line use figcaption ol time table thead tbody tr th td section div pre code strong em \
        details summary blockquote del br hr ";
    // The style sheet has no `<`.
    names(page).find(|name| !OURS.contains(&format!(" {} ", name.trim_start_matches('/'))))
}

/// The first control of a played text that does more than draw.
fn acts(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{8}')) {
        let from = rest.get(at..)?;
        let sequence = from.strip_prefix("\x1b[").map(|sequence| {
            let end = sequence.find(|c: char| ('@'..='~').contains(&c)).unwrap_or(sequence.len());
            (sequence.get(..end).unwrap_or_default(), sequence.get(end..).unwrap_or_default())
        });
        match sequence {
            Some((_, after)) if after.starts_with(['n', 'c', 't', 'q', 'p', 'R', 'i']) => return Some(from.to_owned()),
            Some((_, after)) if !after.is_empty() => rest = after,
            _ if ["\x1b7", "\x1b8", "\x1bD", "\x1bE", "\x1bM"].iter().any(|save| from.starts_with(save)) => {
                rest = from.get(2..)?;
            }
            _ => return Some(from.to_owned()),
        }
    }
    None
}
