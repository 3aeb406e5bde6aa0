//! Every public runbook document, rendered for a terminal.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests; the corpus is named by the environment"
)]

use runbook::term::{Color, display_width, render_markdown};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_public_runbook_renders_harmlessly_and_fast() {
    let Some(corpus) = std::env::var_os("RUNBOOK_TEST_CORPUS") else {
        eprintln!("skipped: RUNBOOK_TEST_CORPUS names no corpus");
        return;
    };
    let mut paths = Vec::new();
    documents(Path::new(&corpus), &mut paths);
    assert!(!paths.is_empty());
    let (mut lines, mut wide) = (0_u64, 0_u64);
    for path in paths {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let began = Instant::now();
        let shown = render_markdown(&text, 80, Color::Never);
        assert!(began.elapsed() < Duration::from_secs(2), "{}", path.display());
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{}", path.display());
        for line in shown.lines() {
            lines += 1;
            // Code keeps its own lines, however wide.
            if display_width(line) > 80 && !line.trim_start_matches(['|', ' ']).is_empty() && !line.contains("    ") {
                wide += 1;
            }
        }
    }
    assert!(wide * 1_000 < lines, "{wide} of {lines} lines are too wide");
}
