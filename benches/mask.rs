//! How fast output passes the masker: ordinary logs with 20 secrets and without any, and text full of secrets' names.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it cannot set up")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use runbook::mask::Masker;
use std::hint::black_box;

fn logs() -> Vec<u8> {
    let line = |n: u32| {
        format!(
            "2026-11-24T22:51:{:02}Z INFO pool: connection {n} from https://host-{n}.example.com:8443/v1/x?id={:x} took {} ms\n\
             \x1b[32mOK\x1b[0m {:08x}{:08x} backups/db_{n}.sql.gz\n",
            n % 60,
            n.wrapping_mul(0x9e37_79b9),
            n % 977,
            n.wrapping_mul(0x85eb_ca6b),
            n.wrapping_mul(0xc2b2_ae35)
        )
    };
    (0..100_000).map(line).collect::<String>().into_bytes()
}

/// Lines in which every third word is part of a secret's name.
fn names() -> Vec<u8> {
    const WORDS: &[&str] = &[
        "started", "key", "pool", "token", "password", "retry", "auth", "passed", "the", "secret", "in", "cache", "db",
    ];
    let word = |n: usize| WORDS[n * 7919 % 104_729 % WORDS.len()];
    let line = |n: usize| (n * 11..n * 11 + 11).map(word).collect::<Vec<_>>().join(" ");
    (0..100_000).map(|n| line(n) + "\n").collect::<String>().into_bytes()
}

fn mask(c: &mut Criterion) {
    let logs = logs();
    let secrets: Vec<String> =
        (0..20_u64).map(|n| format!("{:016x}-{n}-S3cr3t", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let mut masker = Masker::new();
    for secret in &secrets {
        masker.add_secret("pw", secret.as_bytes()).unwrap();
    }
    let mut group = c.benchmark_group("mask");
    group.sample_size(10);
    let mut out = Vec::with_capacity(logs.len());
    let names = names();
    for (name, masker, text) in
        [("20 secrets", &masker, &logs), ("no secret", &Masker::new(), &logs), ("names of secrets", &masker, &names)]
    {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                let mut stream = masker.start_stream();
                for chunk in text.chunks(64 << 10) {
                    stream.push_bytes(black_box(chunk), &mut out);
                }
                stream.finish_stream(&mut out);
                black_box(out.len())
            });
        });
    }
    group.finish();
    c.bench_function("learn 20 secrets", |b| {
        b.iter(|| {
            let mut masker = Masker::new();
            masker.add_secrets(secrets.iter().map(|secret| ("pw", secret.as_bytes())))
        });
    });
}

criterion_group!(benches, mask);
criterion_main!(benches);
