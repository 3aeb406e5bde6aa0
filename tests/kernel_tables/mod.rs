//! The tables in `docs/kernel.md` that tests generate, and the case files they come from.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "test support: the allowances for tests do not cover functions outside a #[test] fn"
)]
#![allow(dead_code, clippy::allow_attributes, reason = "not every test file uses all of it")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases at the same time: most of them wait.
const AT_ONCE: usize = 4;
/// The bash the checked-in tables are of.
const TABLES_OF: &str = "5.2";

static WRITING: Mutex<()> = Mutex::new(());

/// The rows of a case file in `fixtures/kernel/`: fields by tabs, `#` at the beginning of a line for remarks.
pub(crate) fn rows(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kernel").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| line.split('\t').map(ToOwned::to_owned).collect()).collect()
}

/// Field `index` of a row; empty when the row is shorter.
pub(crate) fn field(row: &[String], index: usize) -> &str {
    row.get(index).map_or("", String::as_str)
}

/// Undoes the escapes of a case file.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let mut chars = after.chars();
        rest = match chars.next().unwrap_or_else(|| panic!("a backslash at the end of `{text}`")) {
            'n' => push(&mut out, b"\n", chars.as_str()),
            'r' => push(&mut out, b"\r", chars.as_str()),
            't' => push(&mut out, b"\t", chars.as_str()),
            '\\' => push(&mut out, b"\\", chars.as_str()),
            'x' => {
                let (digits, rest) = chars.as_str().split_at(2);
                push(&mut out, &[u8::from_str_radix(digits, 16).unwrap()], rest)
            }
            '*' => {
                let (count, rest) = chars.as_str().split_once('(').unwrap();
                let (repeated, rest) = rest.split_once(')').unwrap();
                push(&mut out, &unescape(repeated).repeat(count.parse().unwrap()), rest)
            }
            other => panic!("`\\{other}` in `{text}`"),
        };
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn push<'a>(out: &mut Vec<u8>, bytes: &[u8], rest: &'a str) -> &'a str {
    out.extend_from_slice(bytes);
    rest
}

/// Runs `case` on every row, a few at the same time; the results stand in the rows' order. A case that panics gives none.
pub(crate) fn each<T: Send>(rows: &[Vec<String>], case: impl Fn(&[String]) -> T + Sync) -> Vec<Option<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<T>>> = rows.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(row)));
                    let place = rows.iter().position(|other| std::ptr::eq(other, row)).unwrap();
                    *results[place].lock().unwrap() = done.ok();
                }
            });
        }
    });
    results.into_iter().map(|result| result.into_inner().unwrap()).collect()
}

/// The rows of the environment variable `RUNBOOK_TEST_CASE`, a part of their first field, when it is set.
pub(crate) fn wanted(rows: Vec<Vec<String>>) -> (Vec<Vec<String>>, bool) {
    match std::env::var("RUNBOOK_TEST_CASE") {
        Ok(part) => (rows.into_iter().filter(|row| field(row, 0).contains(&part)).collect(), true),
        Err(_) => (rows, false),
    }
}

/// Compares the lines with those between the marks of that name in `docs/kernel.md`. With `RUNBOOK_UPDATE_TABLES` they are
/// written there instead. A line that says `skipped` is equal to any.
pub(crate) fn compare(name: &str, version: &str, lines: &[String]) {
    if !version.starts_with(TABLES_OF) {
        println!("skipped: `docs/kernel.md` is of bash {TABLES_OF}, this is {version}:\n{}", lines.join("\n"));
        return;
    }
    let _one_at_a_time = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kernel.md");
    let document = std::fs::read_to_string(&path).unwrap_or_default();
    let (begin, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("no `{begin}` in docs/kernel.md"));
    let (checked_in, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no `{end}` in docs/kernel.md"));
    if std::env::var_os("RUNBOOK_UPDATE_TABLES").is_some() {
        std::fs::write(&path, format!("{before}{begin}{}\n{end}{after}", lines.join("\n"))).unwrap();
        return;
    }
    let old: Vec<&str> = checked_in.lines().collect();
    let differs = |i: usize| {
        let (old, new) = (old.get(i).copied().unwrap_or_default(), lines.get(i).map_or("", String::as_str));
        old != new && !new.contains("skipped")
    };
    let differing: Vec<String> = (0..old.len().max(lines.len()))
        .filter(|&i| differs(i))
        .map(|i| format!("- {}\n+ {}", old.get(i).unwrap_or(&""), lines.get(i).map_or("", String::as_str)))
        .collect();
    assert!(
        differing.is_empty(),
        "docs/kernel.md differs (RUNBOOK_UPDATE_TABLES=1 writes it):\n{}",
        differing.join("\n")
    );
}

/// A text in a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
