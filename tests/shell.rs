//! Splitting against bash's own reader, over the public corpus and the user's runbook.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests")]
#![expect(clippy::disallowed_methods, reason = "the corpus' place comes from the environment")]

use runbook::shell::{Part, split};
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
        let parts = split(cell);
        let found = parts.iter().filter_map(|part| match part {
            Part::Command(command) => Some((command.lines.first, command.lines.last)),
            Part::NotShell(not) => {
                refused.push(format!("{}: {}", not.lines.first, not.reason));
                None
            }
            Part::Comment(_) => None,
        });
        let found: Vec<_> = found.collect();
        if found != expected {
            wrong.push(format!("{cell}\nbash: {expected:?}\nhere: {found:?} {refused:?}"));
        }
    }
    (accepted, wrong)
}
