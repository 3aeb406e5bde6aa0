//! How fast a runbook is reviewed without bash, and how long the risk of one command takes at the worst.
//!
//! The commands are the labelled ones of `fixtures/risk`; the document is a runbook of ours with a hazard of every kind.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark stops at what it cannot read, takes its own times and says them"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use runbook::document::Runbook;
use runbook::review::{Probes, Review};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each command is timed so often; its least time is its own, the rest is the machine's.
const TRIES: usize = 5;

fn document(c: &mut Criterion) {
    let bytes = include_bytes!("../fixtures/runbooks/warehouse.md");
    let runbook = Runbook::parse_bytes(bytes);
    c.bench_function("review of a runbook, without bash", |b| {
        b.iter(|| {
            let mut given = Probes {
                syntax_error: &mut |_| None,
                is_program_installed: &|_| true,
                path_exists: &|_| Some(true),
                is_variable_set: &|_| false,
            };
            black_box(Review::new(&runbook).run_checks(&mut given)).len()
        });
    });
}

fn risk(c: &mut Criterion) {
    let files = [
        include_str!("../fixtures/risk/commands.tsv"),
        include_str!("../fixtures/risk/held_out.tsv"),
        include_str!("../fixtures/risk/held_out_2.tsv"),
    ];
    let lines = files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'));
    let commands: Vec<String> =
        lines.filter_map(|line| Some(line.splitn(3, '\t').nth(2)?.replace('\u{2424}', "\n"))).collect();
    // Where each program stands in the tables is looked up once for a process, and not for a command.
    black_box(runbook::risk::judge_risk("true"));
    let mut times: Vec<Duration> = commands.iter().map(|command| least(command)).collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 1000).min(times.len() - 1)).unwrap();
    eprintln!("risk of {} commands: half {:?}, p99 {:?}, worst {:?}", times.len(), at(500), at(990), at(1000));
    c.bench_function("risk of every labelled command", |b| {
        b.iter(|| {
            commands.iter().map(|command| runbook::risk::judge_risk(black_box(command)).reasons.len()).sum::<usize>()
        });
    });
}

fn least(command: &str) -> Duration {
    let timed = || {
        let begun = Instant::now();
        black_box(runbook::risk::judge_risk(black_box(command)));
        begun.elapsed()
    };
    (0..TRIES).map(|_| timed()).min().unwrap_or_default()
}

criterion_group!(benches, document, risk);
criterion_main!(benches);
