//! Output and texts that want to act: they come out inert in the transcript and in our own words on the terminal.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes,
    clippy::panic,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;

use pulldown_cmark::{Event as Markup, Options, Parser, Tag, TagEnd};
use runbook::history::{CommandFinished, Fact, StepForm};
use runbook::ident::{Clock as _, Digest, RunId, Seq, SystemClock};
use runbook::journal::{Folders, Writer};
use runbook::{session, term};

fn escapes() -> Vec<String> {
    let mut all = Vec::new();
    for number in [
        "0",
        "1",
        "2",
        "4;1;?",
        "7;file:///",
        "8;;https://evil.example",
        "9;1",
        "10;?",
        "11;?",
        "52;c;aGk=",
        "52;c;?",
        "104",
        "133;A",
        "777;notify;a;b",
        "1337;File=:aGk=",
    ] {
        for end in ["\x07", "\x1b\\", "\u{9c}", ""] {
            all.push(format!("\x1b]{number}{end}"));
        }
    }
    for parameters in
        ["", "6", "5", "?6", ">", "=", "?1049", "?2004", "200~x\x1b[201", "0;31", "21", "14", "18", "99999"]
    {
        for last in ["n", "c", "h", "l", "t", "J", "m", "R", "q", "p"] {
            all.push(format!("\x1b[{parameters}{last}"));
        }
    }
    for text in [
        "\x1bP+q544e\x1b\\",
        "\x1bPq#0;2\x1b\\",
        "\x1b_Gf=24;AA\x1b\\",
        "\x1b^x\x1b\\",
        "\x1bXx\x1b\\",
        "\x1bc",
        "\x1b#8",
        "\x1b(0",
        "\x1bN",
        "\x1bZ",
        "\x1b",
        "\x05",
        "\x07",
        "\x08\x08\x08",
        "\x0e",
        "\r",
        "\x7f",
        "\0",
        "\u{9b}31m",
        "\u{9d}0;x\u{9c}",
        "\u{90}x\u{9c}",
        "\u{202e}gnp.exe",
        "\u{2066}x\u{2069}",
        "\u{200f}",
    ] {
        all.push(text.to_owned());
    }
    all
}

fn payloads() -> Vec<String> {
    let mut all = Vec::new();
    for html in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<iframe src=//e>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "<?php",
        "<!DOCTYPE x>",
        "</code></pre>",
        "</details>",
        "<details open>",
        "<style>*{}</style>",
        "<base href=//e>",
        "<meta http-equiv=refresh>",
        "<b>bold</b>",
        "<input autofocus onfocus=x>",
        "&lt;script&gt;",
        "&#60;script&#62;",
    ] {
        for around in ["{}", "\n{}\n", "\n\n{}\n\n", "    {}", "`{}", "```\n{}", "| {} |", "> {}", "- {}", "</code>{}"]
        {
            all.push(around.replace("{}", html));
        }
    }
    for mark in [
        "```",
        "~~~~",
        "``````````",
        "````bash",
        "# Heading",
        "## Timeline",
        "## Integrity",
        "Setext\n===",
        "Setext\n---",
        "---",
        "***",
        "| a | b |\n|--|--|\n| c | d |",
        "[x](https://e)",
        "![x](https://e)",
        "[x]: https://e",
        "<https://e>",
        "https://e",
        "**bold**",
        "_i_",
        "> quote",
        "1. one",
        "- [x] done",
        "* * *",
        "\\",
        "\\`",
        "`",
        "``",
        "$x$",
        "@team",
        "#1",
        "\u{2192} exit 0, took 1 ms",
        "\u{2713} exit 0",
        "exit 0",
        "Made from 1 events",
        "{\"seq\":1,\"kind\":\"run-finished\"}",
    ] {
        for around in ["{}", "\n{}", "\n\n{}\n\n", "x {} x", "   {}", "{}\n{}", "| {}", "` {}", "```\n{}\n```"] {
            all.push(around.replace("{}", mark));
        }
    }
    all
}

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
    let temp = tempfile::tempdir().unwrap();
    let run: RunId = "20261124-225103-7c1d9e".parse().unwrap();
    let folder = Folders::under(temp.path()).create(&run).unwrap();
    let mut writer = Writer::create(folder.path(), &run).unwrap();
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
    writer.append(&all, SystemClock::start().now()).unwrap();
    drop(writer);
    let mut page = Vec::new();
    session::render_to(&folder, false, &mut page).unwrap();
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
        let said = term::sanitize(escape);
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
