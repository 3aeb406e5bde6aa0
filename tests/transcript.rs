//! The transcript tells all of a run, in order, and nothing that was printed or typed can break it.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "helpers outside a #[test] fn are not covered by clippy.toml"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;
mod story;

use facts::{decided, entered, every_fact, finished, note, run_started};
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event as Markup, HeadingLevel, Options, Parser, Tag, TagEnd};
use runbook::history::{
    ChoiceMade, Decision, Fact, InputGiven, InputOrigin, MessageFilled, Outcome, OutputSource, StepEntered, StepForm,
    StepResult,
};
use runbook::ident::{InputName, Seq, StepId};
use runbook::transcript::{Sources, write_markdown};
use std::io;
use story::{Story, whole_story, written};

#[test]
fn the_transcript_tells_everything_that_happened() {
    insta::assert_snapshot!(whole_story().render(false));
}

#[test]
fn the_transcript_is_the_same_bytes_each_time() {
    assert_eq!(whole_story().render(false), whole_story().render(false));
}

#[test]
fn a_run_going_on_is_running_and_a_run_nobody_ends_is_unknown() {
    let mut story = whole_story();
    story.events.truncate(6);
    let live = story.render(true);
    assert!(live.contains("| Outcome | **running** |") && live.contains("→ *running*"), "{live}");
    assert!(!live.contains("nknown"), "{live}");
    let crashed = story.render(false);
    assert!(crashed.contains("| Outcome | *unknown*: no end is recorded |") && crashed.contains("**Unknown**"));
}

#[test]
fn a_stopped_run_reads_the_same_while_its_recorder_is_still_there() {
    assert_eq!(whole_story().render(true), whole_story().render(false));
}

#[test]
fn every_prefix_of_a_run_renders() {
    let mut story = whole_story();
    while story.events.pop().is_some() {
        check(&story.render(false));
    }
}

#[test]
fn facts_in_any_order_render() {
    let mut story = Story::default();
    every_fact().into_iter().rev().for_each(|fact| {
        story.tell(fact);
    });
    check(&story.render(false));
}

#[test]
fn an_output_of_a_gigabyte_is_read_at_its_ends_only() {
    struct Huge;
    impl OutputSource for Huge {
        fn read_output(&self, _: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
            assert!(limit_bytes <= 1 << 20);
            assert!(!(1 << 20..(1 << 30) - (1 << 20)).contains(&offset_bytes));
            Ok(b"0123456789abcde\n".iter().copied().cycle().take(limit_bytes).collect())
        }
    }
    let mut story = Story::default();
    let seq = story.tell(Fact::CommandStarted(written("s1", 0, "zcat huge")));
    let Fact::CommandFinished(mut finished) = finished(seq, b"") else { return };
    (finished.output.kept_bytes, finished.output.length_bytes, finished.output.inline) = (1 << 30, 3 << 30, None);
    story.tell(Fact::CommandFinished(finished));
    let sources = Sources { document: None, outputs: &Huge, last_hash: None, is_live: false };
    let mut bytes = Vec::new();
    write_markdown(|| story.events.iter().cloned(), &sources, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("… the middle is left out; all 1.0 GiB are in [`output/000001.out`](output/000001.out)"));
    assert!(text.contains("*2.0 GiB more came back and were not kept.*"));
}

/// What a reader sees of the structure.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    fences: usize,
    headings: Vec<(HeadingLevel, String)>,
    rows: usize,
    cells: usize,
    quotes: usize,
    links: usize,
    html: usize,
    rules: usize,
}

fn shape(text: &str) -> Shape {
    let mut shape = Shape::default();
    let mut heading = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for markup in Parser::new_ext(text, options) {
        match markup {
            Markup::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => shape.fences += 1,
            Markup::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => shape.fences += 1000,
            Markup::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Markup::End(TagEnd::Heading(_)) => shape.headings.extend(heading.take()),
            Markup::Start(Tag::TableRow) => shape.rows += 1,
            Markup::Start(Tag::TableCell) => shape.cells += 1,
            Markup::Start(Tag::BlockQuote(_)) => shape.quotes += 1,
            Markup::Start(Tag::Link { .. }) => shape.links += 1,
            Markup::Html(_) | Markup::InlineHtml(_) => shape.html += 1,
            Markup::Rule => shape.rules += 1,
            Markup::Text(text) | Markup::Code(text) => {
                if let Some((_, title)) = &mut heading {
                    title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    shape
}

/// No control characters, nothing that reorders text, and the sections in their order.
fn check(text: &str) {
    let bad = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c);
    assert_eq!(text.chars().find(bad), None);
    let sections: Vec<String> = shape(text)
        .headings
        .into_iter()
        .filter(|(level, _)| *level == HeadingLevel::H2)
        .map(|(_, title)| title)
        .filter(|title| title != "Inputs")
        .collect();
    assert_eq!(sections, ["Timeline", "Steps", "Deviations", "Integrity"], "{text}");
}

/// A run whose every free text is `text`, with an output.
fn story_of(text: &str, output: &[u8]) -> Story {
    let mut story = Story::default();
    let mut start = run_started();
    start.runbook.title = text.into();
    start.runbook.path = text.into();
    start.procedure_title = text.into();
    start.flags = vec![text.into()];
    start.user = text.into();
    story.tell(Fact::RunStarted(start));
    story.tell(Fact::StepEntered(StepEntered {
        headings: vec![text.into(), text.into()],
        number: text.into(),
        prose: vec![(1, 100)],
        ..entered("s1", "", &format!("T{text}"), StepForm::Command)
    }));
    story.tell(Fact::InputGiven(InputGiven {
        step: None,
        name: InputName::new(text),
        value: text.replace('\n', " "),
        origin: InputOrigin::Prompt,
    }));
    let text_command = written("s1", 0, text);
    story.run(text_command, Outcome::Failed, &[1], output);
    story.tell(note(&text.replace('\n', " ")));
    story.tell(decided("s1", Some(1), Decision::Skip, &text.replace('\n', " ")));
    story.tell(Fact::ChoiceMade(ChoiceMade { question: format!("Q{text}"), option: Some(text.into()), line: 1 }));
    story.tell(Fact::MessageFilled(MessageFilled { step: StepId::new("s1"), text: text.into() }));
    story
}

/// Text in which Markdown's own marks are likely.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "`",
            "```",
            "~~~",
            "|",
            "\\",
            "\\|",
            "*",
            "_",
            "<b>",
            "<!--",
            "-->",
            "&amp;",
            "[a](b)",
            "![",
            "](",
            "\n",
            "\n\n",
            "# ",
            "## Deviations",
            "> ",
            "- ",
            "1. ",
            "---",
            "===",
            "\r",
            "\x1b[31m",
            "\x1b]0;",
            "\u{202e}",
            "\u{200b}",
            "\u{9b}",
            "    ",
            "\t",
            "$x$",
            "~",
            "http://a.b/_c_",
            "<details>",
            "[x]: y",
            "\0",
        ])
        .prop_map(str::to_owned),
        "[a-z ]{0,6}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_and_no_output_breaks_the_transcript(text in hostile(), output in prop::collection::vec(any::<u8>(), 0..300)) {
        let told = story_of(&text, &output).render(false);
        check(&told);
        let shape_of = |text: &str, output: &[u8]| {
            let mut shape = shape(&story_of(text, output).render(false));
            shape.headings.iter_mut().for_each(|(_, title)| title.clear());
            shape
        };
        let mut plain = shape_of("x", b"x");
        let shown = shape_of(&text, &output);
        // Nothing to be seen in the output: no fence for it.
        plain.fences -= usize::from(shown.fences + 1 == plain.fences && told.contains(", no output"));
        // A command with both a backslash and a pipe is shown as `<code>` in the table.
        prop_assert!(shown.html >= plain.html);
        prop_assert_eq!(Shape { html: 0, ..shown }, Shape { html: 0, ..plain }, "{}", told);
    }

    #[test]
    fn hostile_text_as_output_stays_in_its_fence(text in hostile()) {
        let told = story_of("x", text.as_bytes()).render(false);
        check(&told);
        let expected = shape(&story_of("x", b"x").render(false));
        let fences = expected.fences - usize::from(told.contains(", no output"));
        prop_assert_eq!(shape(&told), Shape { fences, ..expected });
    }

    #[test]
    fn hostile_prose_stays_in_its_quote(document in hostile()) {
        let story = story_of("x", b"x");
        let sources = Sources { document: Some(&document), outputs: &story.outputs, last_hash: None, is_live: false };
        let mut bytes = Vec::new();
        write_markdown(|| story.events.iter().cloned(), &sources, &mut bytes).unwrap();
        let told = String::from_utf8(bytes).unwrap();
        check(&told);
        let upper = |shape: Shape| -> Vec<(HeadingLevel, String)> {
            shape.headings.into_iter().filter(|(level, _)| *level < HeadingLevel::H5).collect()
        };
        prop_assert_eq!(upper(shape(&told)), upper(shape(&story.render(false))), "{}", told);
    }
}

#[test]
fn a_run_of_a_hundred_thousand_events_renders() {
    let mut story = Story::default();
    story.tell(Fact::RunStarted(run_started()));
    for i in 0..25_000 {
        story.step("s1", "1", "Again and again", StepForm::Command, &[]);
        story.run(written("s1", 0, &format!("echo {i}")), Outcome::Succeeded, &[0], b"hi\n");
        story.left("s1", StepResult::Done);
    }
    assert!(story.render(false).contains("Made from 100,001 events"));
}
