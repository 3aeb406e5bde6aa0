//! How fast documents are read and planned, beside the Markdown parser alone.
//!
//! With `RUNBOOK_TEST_CORPUS` set the documents are the corpus; otherwise they are our own runbooks, repeated.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark stops at what it cannot read, and reads its own environment"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use runbook::document::Runbook;
use runbook::plan::Planner;
use std::hint::black_box;
use std::path::Path;

fn documents() -> Vec<String> {
    fn gather(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
            }
        }
    }
    let mut found = Vec::new();
    if let Ok(corpus) = std::env::var("RUNBOOK_TEST_CORPUS") {
        gather(Path::new(&corpus), &mut found);
    } else {
        eprintln!("`RUNBOOK_TEST_CORPUS` is not set: reading our own runbooks, forty times");
        gather(Path::new("runbooks"), &mut found);
        found = found.iter().cycle().take(found.len() * 40).cloned().collect();
    }
    found
}

fn read(c: &mut Criterion) {
    let documents = documents();
    let bytes: usize = documents.iter().map(String::len).sum();
    let mut group = c.benchmark_group("documents");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("the Markdown parser alone", |b| {
        b.iter(|| {
            for text in &documents {
                let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_TASKLISTS;
                black_box(pulldown_cmark::Parser::new_ext(text, options).into_offset_iter().count());
            }
        });
    });
    group.bench_function("parsed", |b| {
        b.iter(|| documents.iter().for_each(|text| drop(black_box(Runbook::parse_bytes(text.as_bytes())))));
    });
    group.bench_function("listed", |b| {
        b.iter(|| {
            for text in &documents {
                let runbook = Runbook::parse_bytes(text.as_bytes());
                let is_file = |_: &str| false;
                let mut planner = Planner::new(&runbook, &is_file);
                for section in 0..runbook.sections.len() {
                    black_box(planner.outline_section(section).steps.len());
                }
            }
        });
    });
    group.finish();
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = read }
criterion_main!(benches);
