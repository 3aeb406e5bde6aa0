//! What a document is read as: snapshots of fixtures, and facts that hold for any bytes.

#![expect(clippy::unwrap_used, clippy::print_stderr, clippy::string_slice, reason = "these are tests")]

use proptest::prelude::*;
use runbook::document::{Block, Cell, CellKind, LineRole, Runbook, SectionIndex};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A runbook as text: sections with their blocks, then cells, then findings.
fn shown(runbook: &Runbook) -> String {
    let mut out = String::new();
    writeln!(out, "title: {:?}", runbook.title).unwrap();
    if !runbook.front_matter.span.is_empty() {
        writeln!(out, "{:#?}", runbook.front_matter).unwrap();
    }
    show_section(runbook, 0, 0, &mut out);
    out.push('\n');
    for (index, cell) in runbook.cells.iter().enumerate() {
        show_cell(index, cell, &mut out);
    }
    out.push('\n');
    for finding in &runbook.findings {
        writeln!(out, "line {}: {}: {}; {}", finding.line, finding.code, finding.message, finding.help).unwrap();
    }
    out
}

fn show_section(runbook: &Runbook, index: SectionIndex, depth: usize, out: &mut String) {
    let section = &runbook.sections[index];
    let also: Vec<_> = section.also.iter().map(|anchor| format!(" also #{anchor}")).collect();
    let number = section
        .number
        .as_ref()
        .map_or(String::new(), |number| format!(" number {number} of {:?}", section.plain_title));
    let indent = "  ".repeat(depth);
    writeln!(
        out,
        "{indent}h{} #{} {:?}{number}{} line {}",
        section.level,
        section.anchor,
        section.title,
        also.join(""),
        section.line
    )
    .unwrap();
    show_blocks(runbook, &section.blocks, depth + 1, out);
    for child in &section.children {
        assert_eq!(runbook.sections[*child].parent, Some(index));
        show_section(runbook, *child, depth + 1, out);
    }
}

fn show_blocks(runbook: &Runbook, blocks: &[Block], depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for block in blocks {
        match block {
            Block::Prose(span) => writeln!(out, "{indent}prose {:?}", runbook.text.get(span.clone()).unwrap()),
            Block::Lead(lead) => writeln!(out, "{indent}lead {} {:?}", lead.number, lead.title),
            Block::Cell(index) => writeln!(out, "{indent}cell {index}"),
            Block::List(list) => {
                let alternatives =
                    list.alternatives.as_ref().map_or(String::new(), |line| format!(" of alternatives: {line}"));
                writeln!(out, "{indent}{} list{alternatives}", if list.ordered { "ordered" } else { "bulleted" })
                    .unwrap();
                for item in &list.items {
                    let number = item.number.map_or("-".to_owned(), |number| format!("{number}."));
                    let checked = item.checked.map_or("", |is| if is { " [x]" } else { " [ ]" });
                    writeln!(out, "{indent}  {number}{checked} {:?} line {}", item.title, item.line).unwrap();
                    show_blocks(runbook, &item.blocks, depth + 2, out);
                }
                Ok(())
            }
        }
        .unwrap();
    }
}

fn show_cell(index: usize, cell: &Cell, out: &mut String) {
    let Cell { kind, language, attributes, line, end_line, expected, .. } = cell;
    let expected = expected.map_or(String::new(), |index| format!(" expects cell {index}"));
    let attributes: Vec<_> = attributes.all.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
    writeln!(out, "cell {index} {kind:?} {language:?}{} lines {line}-{end_line}{expected}", attributes.join(""))
        .unwrap();
    for line in &cell.content {
        let mark = if line.role == LineRole::Shell { '|' } else { ':' };
        writeln!(out, "  {:>3} {mark} {:?}", line.line, line.text).unwrap();
    }
}

fn fixture(name: &str) -> Runbook {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/document").join(name);
    let runbook = Runbook::parse_bytes(&std::fs::read(path).unwrap());
    assert_places(&runbook);
    runbook
}

/// Facts about places that hold for every document.
fn assert_places(runbook: &Runbook) {
    for cell in &runbook.cells {
        assert!(cell.section < runbook.sections.len());
        assert!(runbook.text.get(cell.span.clone()).is_some());
        assert!(cell.line <= cell.end_line);
        for line in &cell.content {
            assert_eq!(runbook.line_of(line.offset), line.line, "{line:?}");
            let rest = runbook.text.get(line.offset..).unwrap();
            // Blanks that stand for part of a tab are not in the document.
            let text = line.text.trim_start_matches(' ');
            assert!(rest.starts_with(&line.text) || rest.trim_start_matches(' ').starts_with(text), "{line:?}");
        }
    }
    for section in &runbook.sections {
        assert!(runbook.text.get(section.span.clone()).is_some());
        assert_blocks(runbook, &section.blocks, 0);
    }
    for finding in &runbook.findings {
        assert!(runbook.text.get(finding.span.clone()).is_some(), "{finding:?}");
        assert_eq!(finding.line, runbook.line_of(finding.span.start), "{finding:?}");
    }
}

fn assert_blocks(runbook: &Runbook, blocks: &[Block], depth: usize) {
    assert!(depth <= 50);
    for block in blocks {
        match block {
            Block::Prose(span) => assert!(runbook.text.get(span.clone()).is_some()),
            Block::Lead(lead) => assert!(runbook.text.get(lead.span.clone()).is_some()),
            Block::Cell(index) => assert!(*index < runbook.cells.len()),
            Block::List(list) => {
                for item in &list.items {
                    assert!(runbook.text.get(item.span.clone()).is_some());
                    assert_blocks(runbook, &item.blocks, depth + 1);
                }
            }
        }
    }
}

#[test]
fn a_document_with_every_hazard_is_read_as_github_shows_it() {
    insta::assert_snapshot!("hazards", shown(&fixture("hazards.md")));
}

#[test]
fn prompts_part_commands_from_what_they_printed() {
    insta::assert_snapshot!("prompts", shown(&fixture("prompts.md")));
}

#[test]
fn attributes_and_front_matter_are_read_in_every_notation() {
    insta::assert_snapshot!("attributes", shown(&fixture("attributes.md")));
}

#[test]
fn fences_whose_end_is_unsure_are_found_and_never_run() {
    insta::assert_snapshot!("err_mis_indented", shown(&fixture("err_mis_indented.md")));
}

#[test]
fn what_an_admonition_or_a_tab_holds_is_read_and_tabs_are_alternatives() {
    insta::assert_snapshot!("containers", shown(&fixture("containers.md")));
}

#[test]
fn code_that_is_only_indented_is_a_guess_where_it_looks_like_shell_and_else_prose() {
    insta::assert_snapshot!("indented", shown(&fixture("indented.md")));
}

#[test]
fn odd_bytes_are_read_with_findings() {
    insta::assert_snapshot!("err_odd_bytes", shown(&fixture("err_odd_bytes.md")));
}

#[test]
fn a_fence_is_of_the_kind_that_its_info_string_and_text_say() {
    let table = [
        ("bash", "ls", CellKind::Command),
        ("SHELL", "ls", CellKind::Command),
        ("zsh", "ls", CellKind::Command),
        ("shell-session", "$ ls", CellKind::Command),
        ("azurecli-interactive", "az login", CellKind::Command),
        ("{.bash}", "ls", CellKind::Command),
        ("{bash}", "ls", CellKind::Command),
        ("bash,editable", "ls", CellKind::Command),
        (" bash ", "ls", CellKind::Command),
        ("ruby {\"interpreter\":\"ruby\"}", "puts 1", CellKind::Command),
        ("interpreter=python3", "print(1)", CellKind::Command),
        ("", "kubectl get pods", CellKind::Guessed),
        ("", "a table\nof words", CellKind::Reference),
        ("output", "x", CellKind::Output),
        ("markdown", "Status: [Status]", CellKind::Message),
        ("markdown", "Status: done", CellKind::Reference),
        ("text", "[a](b) and [ ] and [x]", CellKind::Reference),
        ("yaml", "a: b", CellKind::Reference),
        ("8sh", "ls", CellKind::Reference),
        ("{mermaid}", "kubectl get pods", CellKind::Reference),
        ("{code-block} bash", "ls", CellKind::Command),
        ("{code-block} yaml", "a: b", CellKind::Reference),
        ("{tab-item} bash", "ls", CellKind::Reference),
        ("powershell", "ls", CellKind::Reference),
    ];
    for (info, text, kind) in table {
        let runbook = Runbook::parse_bytes(format!("```{info}\n{text}\n```\n").as_bytes());
        assert_eq!(runbook.cells.len(), 1, "{info}");
        assert_eq!(runbook.cells[0].kind, kind, "{info}: {text}");
    }
}

#[test]
fn a_command_that_a_terminal_may_show_otherwise_than_bash_reads_it_is_not_run() {
    for text in ["echo \u{1b}[2K", "echo a\rrm b", "echo \u{8}", "echo \0", "echo \u{fffd}", "rm \u{202e}txt"] {
        let runbook = Runbook::parse_bytes(format!("```bash\nls\n{text}\n```\n").as_bytes());
        assert_eq!(runbook.cells[0].kind, CellKind::Reference, "{text:?}");
    }
    let runbook = Runbook::parse_bytes("```bash\nls\techo ü\n```\n".as_bytes());
    assert_eq!(runbook.cells[0].kind, CellKind::Command);
}

#[test]
fn a_selection_is_exact_or_the_only_one_that_is_near() {
    let runbook = fixture("hazards.md");
    let title = |text: &str| {
        let selected = runbook.select_section(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (runbook.sections[selected.section].title.clone(), selected.step)
    };
    let step = |step: &str| Some(step.to_owned());
    assert_eq!(title(""), (String::new(), None));
    assert_eq!(title("dock"), ("⚠\u{fe0f} Dock the ferry".to_owned(), None));
    assert_eq!(title("dock-the-ferry:3"), ("⚠\u{fe0f} Dock the ferry".to_owned(), step("3")));
    assert_eq!(title("#%EF%B8%8F-dock-the-ferry-dock"), ("⚠\u{fe0f} Dock the ferry".to_owned(), None));
    assert_eq!(title("tie-up:berth-1a2b"), ("Step 2: Tie up bow".to_owned(), step("berth-1a2b")));
    assert_eq!(title("berth"), ("Step 2: Tie up bow".to_owned(), None));
    assert_eq!(title("Step 2: Tie up bow"), ("Step 2: Tie up bow".to_owned(), None));
    assert_eq!(title("detection-paging"), ("1. Detection & Paging".to_owned(), None));
    assert_eq!(title("1-detection--paging"), ("1. Detection & Paging".to_owned(), None));
    assert_eq!(title("detect"), ("1. Detection & Paging".to_owned(), None));
    assert_eq!(title("Dock the Ferry/tie up bow"), ("Step 2: Tie up bow".to_owned(), None));
    assert_eq!(title("duplicates-1"), ("Duplicates".to_owned(), None));
    assert_eq!(title(":2"), (String::new(), step("2")));
}

#[test]
fn an_ambiguous_or_unknown_selection_lists_the_candidates() {
    let runbook = fixture("hazards.md");
    insta::assert_snapshot!(runbook.select_section("Duplicates").unwrap_err(), @r"
    `Duplicates` may be any of these sections; name one by its anchor:
      #duplicates    Duplicates (line 68)
      #duplicates-1  Duplicates (line 70)
    ");
    insta::assert_snapshot!(runbook.select_section("dok-the-fery").unwrap_err(), @r"
    `dok-the-fery` is no section of this runbook; the nearest are:
      #dock                 ⚠️ Dock the ferry (line 25)
      #step-2-tie-up-bow    Step 2: Tie up bow (line 29)
      #duplicates           Duplicates (line 68)
      #duplicates-1         Duplicates (line 70)
      #duplicates-1-1       Duplicates 1 (line 72)
      #not-for-running      Not for running (line 92)
      #1-detection--paging  1. Detection & Paging (line 7)
      #ferry-operations     Ferry Operations (line 1)
    ");
    insta::assert_snapshot!(Runbook::parse_bytes(b"text").select_section("x").unwrap_err(), @"`x` is no section: the runbook has no headings");
}

#[test]
fn a_section_knows_its_path_and_text_loses_its_markup() {
    let runbook = fixture("hazards.md");
    let tie = runbook.select_section("tie-up").unwrap().section;
    assert_eq!(runbook.heading_path(tie), ["Ferry Operations", "⚠\u{fe0f} Dock the ferry", "Step 2: Tie up bow"]);
    let Some(Block::Prose(quote)) = runbook.sections[tie].blocks.first() else { panic!("a quote") };
    assert_eq!(runbook.plain_text(quote.clone()), "Mind the tide.");
    assert_eq!(runbook.line_of(runbook.line_span(7, 7).start), 7);
}

/// Documents that are hard to read fast: each must be read in time near linear in its length.
#[test]
fn a_hostile_document_neither_hangs_nor_overflows() {
    let hostile = [
        "> ".repeat(50_000),
        ">".repeat(100_000) + "\n```bash\nls\n",
        "- ".repeat(50_000),
        "- ".repeat(2_000) + "\n\n" + &"x\n\n".repeat(20_000),
        "1. ".repeat(30_000),
        "```\n".repeat(25_000),
        "~~~\nx\n~~~\n".repeat(10_000),
        "# a\n".repeat(25_000),
        "# a\n## b\n### c\n#### d\n".repeat(5_000),
        "[".repeat(100_000),
        "**".repeat(50_000),
        "<!--".repeat(25_000),
        "a <!-- b\n\n".repeat(10_000),
        "<a name=".repeat(12_000),
        "```bash {".repeat(10_000),
        "```bash {\"a\":".to_owned() + &"[".repeat(50_000) + "\n```\n",
        "---\n".to_owned() + &"[".repeat(50_000) + "\n---\n",
        "---\n".to_owned() + &"a: {".repeat(20_000) + "\n---\n",
        "```console\n".to_owned() + &"$ cat <<E 'x\n".repeat(8_000) + "```\n",
        "```console\n".to_owned() + &"$ a \"\n> b\nc\n".repeat(8_000) + "```\n",
        "|a".repeat(30_000) + "\n" + &"|-".repeat(30_000) + "\n",
        "\0\r\r\n\t".repeat(20_000),
        " \t".repeat(50_000) + "```",
        "[^a]: ".repeat(15_000),
    ];
    for document in hostile {
        let begin: String = document.chars().take(12).collect();
        let runbook = Runbook::parse_bytes(document.as_bytes());
        assert_places(&runbook);
        assert!(runbook.select_section("zzz").is_err(), "{begin}");
    }
}

/// What the Markdown parser itself says of each fence: where it begins, and its content, line ends left out.
fn fences_of_the_parser(markdown: &str) -> Vec<(usize, Vec<String>)> {
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut fences = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (event, span) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => open = Some((span.start, String::new())),
            Event::Text(text) => {
                if let Some((_, open)) = &mut open {
                    open.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => fences.extend(open.take()),
            _ => {}
        }
    }
    let lines = |(start, text): &(usize, String)| (*start, text.lines().map(|line| line.replace('\r', "")).collect());
    fences.iter().map(lines).collect()
}

/// The parser's fences are cells, line for line, but for prompts, which are taken off. Others are only indented, or stand in an
/// admonition or a tab, which the parser does not know.
fn assert_cells_are_the_parsers_fences(runbook: &Runbook) {
    let base = runbook.front_matter.span.end;
    let fences = fences_of_the_parser(&runbook.text[base..]);
    let has_fence = |cell: &&Cell| runbook.text[cell.span.clone()].starts_with(['`', '~']);
    let cells: Vec<&Cell> = runbook.cells.iter().filter(has_fence).collect();
    let has_containers = ["!!!", "???", "===", "`{"].iter().any(|mark| runbook.text.contains(mark));
    assert!(has_containers || fences.len() == cells.len());
    for (start, fence) in &fences {
        let Some(cell) = cells.iter().find(|cell| cell.span.start == base + start) else {
            // An admonition, of which what is in it is read.
            assert!(runbook.text[base + start..].trim_start_matches('`').starts_with('{'));
            continue;
        };
        // Blanks before the end of the document, without a line end, are no line of ours.
        let beyond = fence.get(cell.content.len()..).unwrap_or_default();
        assert!(fence.len() >= cell.content.len() && beyond.iter().all(|line| line.trim().is_empty()), "{cell:?}");
        for (expected, line) in fence.iter().zip(&cell.content) {
            // The parser drops a lone CR before the last byte.
            let text = line.text.replace('\r', "");
            assert!(expected.ends_with(&text), "{expected:?} {line:?}");
            let taken_off = expected.len() - text.len();
            assert!(taken_off == 0 || line.role == LineRole::Shell, "{expected:?} {line:?}");
        }
    }
}

fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "```",
        "````",
        "~~~",
        "```bash\n",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "    ",
        "  ",
        "> ",
        "- ",
        "1. ",
        "- [ ] ",
        "# ",
        "## ",
        "\n---\n",
        "<!--",
        "-->",
        "$ ",
        "> x\n",
        "<<EOF\n",
        "EOF\n",
        "\"",
        "'",
        "\\\n",
        "{",
        "}",
        "=",
        "name=x",
        "[Field]",
        "**1. x**",
        "Output:\n",
        "|",
        "é",
        "\u{fe0f}",
        "\0",
        "text",
        "{#id}",
        "<a id=\"x\">",
        "---\n",
        "a: b\n",
        "solutions:\n",
        "kubectl get pods\n",
        "!!! note\n",
        "=== \"x\"\n",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_every_place_is_in_the_document(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_places(&Runbook::parse_bytes(&bytes));
    }

    #[test]
    fn any_markdown_is_read_and_every_place_is_in_the_document(text in fragments(), wanted in ".{0,12}") {
        let runbook = Runbook::parse_bytes(text.as_bytes());
        assert_places(&runbook);
        if !text.contains("!!!") && !text.contains("===") {
            assert_cells_are_the_parsers_fences(&runbook);
        }
        drop(runbook.select_section(&wanted));
        for section in &runbook.sections {
            drop(runbook.plain_text(section.span.clone()));
        }
    }
}

fn markdown_below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus is named by the environment of the test")]
fn every_document_of_the_corpus_is_read() {
    let Ok(corpus) = std::env::var("RUNBOOK_TEST_CORPUS") else {
        eprintln!("skipped: RUNBOOK_TEST_CORPUS is not set");
        return;
    };
    let mut paths = Vec::new();
    markdown_below(Path::new(&corpus), &mut paths);
    let mut kinds = std::collections::BTreeMap::new();
    let mut codes = std::collections::BTreeMap::new();
    for path in &paths {
        let runbook = Runbook::parse_bytes(&std::fs::read(path).unwrap());
        assert_places(&runbook);
        assert_cells_are_the_parsers_fences(&runbook);
        for cell in &runbook.cells {
            *kinds.entry(format!("{:?}", cell.kind)).or_insert(0) += 1;
        }
        for finding in &runbook.findings {
            *codes.entry(finding.code).or_insert(0) += 1;
        }
    }
    eprintln!("{} documents, cells {kinds:?}, findings {codes:?}", paths.len());
    assert!(!paths.is_empty());
}
