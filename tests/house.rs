//! Fails on sources that a newcomer would stumble over: empty doc comments and very wide structs.
//!
//! The length of functions is held by clippy (`clippy.toml`), the direction of imports by `tests/layering.rs` and `tests/circles.rs`.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests")]

use std::{fs, path::Path};

/// How a doc comment must not begin: without the thing that it is about.
const EMPTY_OPENINGS: &[&str] =
    &["Its", "They", "So much", "So many", "What", "Whether", "How it", "Said", "See the module", "See [`"];
/// The most fields of a struct. clap's arguments are lists by nature.
const MOST_FIELDS: usize = 12;

/// Every source file with its name, outside of tests.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn doc_comments_begin_with_what_they_are_about() {
    let mut empty = Vec::new();
    for (file, text) in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let mut in_comment = false;
        for (number, line) in (1..).zip(text.lines().map(str::trim_start)) {
            let opening = line.strip_prefix("/// ").filter(|_| !in_comment);
            in_comment = line.starts_with("///");
            let begins = |words: &&&str| {
                let rest = opening.and_then(|opening| opening.strip_prefix(**words));
                rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) || words.ends_with('`'))
            };
            if EMPTY_OPENINGS.iter().any(|words| begins(&words)) {
                empty.push(format!("{file}:{number}: {line}"));
            }
        }
    }
    assert!(empty.is_empty(), "doc comments that do not name their subject:\n{}", empty.join("\n"));
}

#[test]
fn structs_have_at_most_twelve_fields_but_for_the_arguments_of_the_command_line() {
    let mut wide = Vec::new();
    for (file, text) in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let mut attributes = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("#[derive") {
                attributes = line;
            }
            let is_struct =
                line.split('(').next().is_some_and(|head| head.contains("struct ")) || line.contains(") struct ");
            if !is_struct || !line.ends_with('{') || line.starts_with([' ', '/']) {
                continue;
            }
            let is_field = |line: &&str| {
                let field = line.trim_start();
                line.starts_with("    ") && !line.starts_with("     ") && !field.starts_with(['/', '#', '}', ')'])
            };
            let fields = lines.by_ref().take_while(|line| *line != "}").filter(is_field).count();
            let is_clap = ["Args", "Parser"].iter().any(|derive| attributes.contains(derive));
            if fields > MOST_FIELDS && !is_clap {
                wide.push(format!("{file}: {line} {fields} fields"));
            }
            attributes = "";
        }
    }
    assert!(wide.is_empty(), "structs too wide to take in:\n{}", wide.join("\n"));
}
