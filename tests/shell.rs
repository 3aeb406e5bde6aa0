//! Splitting against bash's own reader, over the public corpus and the user's runbook.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]
#![expect(clippy::disallowed_methods, reason = "the corpus' place comes from the environment")]

use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use runbook::shell::{
    Clarity, ShellPart, describe_command, highlight_tokens, looks_like_shell, pipeline_answers, prompt_length,
    quote_value, split_commands,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The corpus and the user's runbook, if they are there.
fn documents() -> Option<Vec<PathBuf>> {
    let corpus = PathBuf::from(std::env::var_os("RUNBOOK_TEST_CORPUS")?);
    let mut found = vec![corpus.join("../seed/RUNBOOK.md")];
    collect(&corpus, &mut found);
    found.sort();
    Some(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The distinct shell cells of a document: a scan for fences, no Markdown parser.
fn cells(text: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut open: Option<(usize, usize, String, bool)> = None;
    for line in text.lines() {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let ticks = body.bytes().take_while(|&b| b == b'`').count();
        if let Some((fence, margin, cell, shell)) = &mut open {
            if ticks >= *fence && body.trim_end().len() == ticks {
                if *shell {
                    cells.push(cell.clone());
                }
                open = None;
            } else {
                cell.push_str(line.get((*margin).min(indent)..).unwrap_or(line));
                cell.push('\n');
            }
        } else if ticks >= 3 {
            let tag = body.trim_start_matches('`').trim().split([' ', '{', ',']).next().unwrap_or("").to_lowercase();
            let shell = matches!(tag.as_str(), "bash" | "sh" | "shell" | "zsh");
            open = Some((ticks, indent, String::new(), shell));
        }
    }
    cells
}

fn all_cells() -> Option<BTreeSet<String>> {
    let texts = documents()?.into_iter().filter_map(|path| fs::read_to_string(path).ok());
    Some(texts.flat_map(|text| cells(&text)).collect())
}

/// What bash makes of a text: complete, incomplete, or an error.
fn bash(text: &str) -> Verdict {
    let verdict = bash_once(text);
    if verdict == Verdict::Complete && text.trim_end_matches('\n').ends_with('\\') {
        // A joined line would swallow the word; without one, a lone `fi` is an error.
        let more = format!("{}fi\n", text.trim_end_matches('\n').to_owned() + "\n");
        if bash_once(&more) == Verdict::Complete {
            return Verdict::Incomplete;
        }
    }
    verdict
}

fn bash_once(text: &str) -> Verdict {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let out = Command::new("bash")
        .args(["--norc", "-n"])
        .arg(file.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    if errors.contains("unexpected EOF")
        || errors.contains("unexpected end of file")
        || errors.contains("here-document")
    {
        Verdict::Incomplete
    } else if out.status.success() && !errors.contains("syntax error") && !errors.contains("conditional") {
        Verdict::Complete
    } else {
        Verdict::Wrong
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Complete,
    Incomplete,
    Wrong,
}

/// Where bash's reader ends each command of a text it accepts: first and last line.
fn bash_splits(text: &str) -> Option<Vec<(usize, usize)>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            at += 1;
            continue;
        }
        let end = (at..lines.len())
            .find(|&end| bash(&(lines.get(at..=end).unwrap().join("\n") + "\n")) == Verdict::Complete)?;
        found.push((at, end));
        at = end + 1;
    }
    Some(found)
}

#[test]
fn every_cell_bash_accepts_splits_as_its_own_reader_does() {
    let Some(cells) = all_cells() else {
        println!("skipped: RUNBOOK_TEST_CORPUS names no corpus");
        return;
    };
    let cells: Vec<&String> = cells.iter().collect();
    let workers = 4;
    let wrong = std::thread::scope(|scope| {
        let chunks = cells.chunks(cells.len().div_ceil(workers));
        let threads: Vec<_> = chunks.map(|chunk| scope.spawn(|| differing(chunk))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let accepted: usize = wrong.iter().map(|(accepted, _)| accepted).sum();
    let wrong: Vec<_> = wrong.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!("{} cells, {accepted} accepted by bash, {} split otherwise", cells.len(), wrong.len());
    assert!(wrong.is_empty(), "split otherwise than bash does:\n{}", wrong.join("\n----\n"));
}

fn differing(cells: &[&String]) -> (usize, Vec<String>) {
    let mut accepted = 0;
    let mut wrong = Vec::new();
    for cell in cells {
        if bash(cell) != Verdict::Complete {
            continue;
        }
        let Some(expected) = bash_splits(cell) else { continue };
        accepted += 1;
        let mut refused = Vec::new();
        let parts = split_commands(cell);
        let found = parts.iter().filter_map(|part| match part {
            ShellPart::Command(command) => Some((command.lines.first, command.lines.last)),
            ShellPart::NotShell(not) => {
                refused.push(format!("{}: {}", not.lines.first, not.reason));
                None
            }
            ShellPart::Comment(_) => None,
        });
        let found: Vec<_> = found.collect();
        if found != expected {
            wrong.push(format!("{cell}\nbash: {expected:?}\nhere: {found:?} {refused:?}"));
        }
    }
    (accepted, wrong)
}

/// Text from the pieces shell is made of, which reach deeper than random letters.
fn shellish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        "[a-z ]{0,6}",
        any::<String>().prop_map(|text| text.chars().take(6).collect()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "\t",
    "# x\n",
    "'",
    "\"",
    "`",
    "$(",
    ")",
    "(",
    "((",
    "))",
    "{ ",
    "; }",
    "}",
    "${",
    "$x",
    "[[ ",
    " ]]",
    "if ",
    "then ",
    "fi",
    "for x in ",
    "do ",
    "done",
    "while ",
    "case x in ",
    "esac",
    ";;",
    "|",
    "||",
    "&&",
    "&",
    ";",
    "<<E\n",
    "<<-'E'\n",
    "\nE\n",
    "<",
    ">",
    ">&2",
    "<pod>",
    "<a",
    "{{ x }}",
    "{{",
    "}}",
    "\\",
    "\\\n",
    "x=(",
    "A=1",
    "f() ",
    "! ",
    "$'",
    "\r\n",
    "é",
    "\u{a0}",
    "\0",
    "echo ",
    "<(",
    "=~ ",
    "$((",
    "export ",
    "time ",
    "coproc ",
    "select x",
    "<<<",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parts_are_ordered_apart_and_leave_out_only_blank_lines(text in shellish()) {
        let parts = split_commands(&text);
        let normal = text.replace("\r\n", "\n");
        let lines: Vec<&str> = normal.split('\n').collect();
        let mut covered = vec![false; lines.len()];
        let mut next = 0;
        for part in &parts {
            let (first, last, own) = match part {
                ShellPart::Comment(comment) => (comment.line, comment.line, None),
                ShellPart::Command(command) => (command.lines.first, command.lines.last, Some(&command.text)),
                ShellPart::NotShell(not) => (not.lines.first, not.lines.last, Some(&not.text)),
            };
            prop_assert!(first >= next && first <= last && last < lines.len(), "{parts:?}");
            next = last + 1;
            let exact = lines.get(first..=last).unwrap();
            if let Some(own) = own {
                prop_assert_eq!(own, &exact.join("\n"));
            }
            covered.get_mut(first..=last).unwrap().fill(true);
        }
        for (line, covered) in lines.iter().zip(covered) {
            prop_assert!(covered || line.trim().is_empty(), "{line:?} is in no part");
        }
    }

    #[test]
    fn places_lie_within_the_text(text in shellish()) {
        let facts = describe_command(&text);
        for simple in &facts.simple_commands {
            prop_assert!(text.get(simple.span.clone()).is_some(), "{simple:?}");
        }
        for found in &facts.placeholders {
            prop_assert_eq!(text.get(found.span.clone()), Some(found.text.as_str()));
        }
        for assigned in &facts.assignments {
            prop_assert!(text.get(assigned.value_span.clone()).is_some(), "{assigned:?}");
        }
        for at in facts.status_source.pipeline_members.iter().flatten() {
            prop_assert!(*at < facts.simple_commands.len());
        }
        let members = if facts.status_source.own_status_only { 1 } else { facts.status_source.pipeline_members.as_ref().map_or(0, Vec::len) };
        prop_assert_eq!(pipeline_answers(&facts).len(), members);
        looks_like_shell(&text);
        for line in text.lines() {
            for console in [false, true] {
                prop_assert!(prompt_length(line, console).is_none_or(|len| line.get(len..).is_some()));
            }
        }
    }

    #[test]
    fn tokens_are_ordered_apart_and_on_characters(text in shellish()) {
        let mut at = 0;
        for token in highlight_tokens(&text) {
            prop_assert!(token.span.start >= at && text.get(token.span.clone()).is_some(), "{token:?}");
            at = token.span.end;
        }
    }

    #[test]
    fn a_quoted_value_is_one_fixed_word(value in "[ -~é]{0,12}") {
        let facts = describe_command(&format!("echo {}", quote_value(&value)));
        let word = facts.simple_commands.first().and_then(|simple| simple.words.first()).cloned();
        prop_assert_eq!(word, Some(Some(value)));
    }
}

#[test]
fn what_is_split_is_described_alike_alone() {
    let Some(cells) = all_cells() else {
        println!("skipped: RUNBOOK_TEST_CORPUS names no corpus");
        return;
    };
    for cell in cells {
        for part in split_commands(&cell) {
            let ShellPart::Command(command) = part else { continue };
            let alone = describe_command(&command.text);
            if command.facts.clarity == Clarity::Clear {
                assert_eq!(format!("{:?}", command.facts), format!("{alone:?}"), "{}", command.text);
            }
        }
    }
}

/// The programs of a text, by name, as bash prints them.
fn programs(text: &str) -> Vec<String> {
    let mut programs: Vec<String> = describe_command(text)
        .simple_commands
        .into_iter()
        .map(|simple| format!("{:?} {}", simple.program, simple.words.len()))
        .filter(|program| !program.starts_with("None"))
        .collect();
    programs.sort();
    programs
}

/// A text as bash prints it after reading it, inside a function that is never called.
fn printed_by_bash(text: &str) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, format!("f() {{\n{text}\n}}\ndeclare -f f\n").as_bytes()).unwrap();
    let out = Command::new("bash").arg("--norc").arg(file.path()).stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8(out.stdout).ok()?;
    (out.status.success() && printed.starts_with("f ()")).then_some(printed)
}

#[test]
fn bash_prints_a_clear_command_with_the_same_programs() {
    let Some(cells) = all_cells() else {
        println!("skipped: RUNBOOK_TEST_CORPUS names no corpus");
        return;
    };
    let mut asked = 0;
    for cell in cells {
        for part in split_commands(&cell) {
            let ShellPart::Command(command) = part else { continue };
            let facts = &command.facts;
            if facts.clarity != Clarity::Clear || !facts.placeholders.is_empty() || command.text.contains("{{") {
                continue;
            }
            // What closes the function early would run; the text is read only if bash takes it alone.
            if bash(&command.text) != Verdict::Complete {
                continue;
            }
            let Some(printed) = printed_by_bash(&command.text) else { continue };
            asked += 1;
            assert_eq!(programs(&command.text), programs(&printed), "{}\n{printed}", command.text);
        }
    }
    println!("{asked} commands printed by bash");
    assert!(asked > 500);
}
