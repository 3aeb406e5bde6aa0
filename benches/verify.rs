//! How fast a journal is verified, beside one plain SHA-256 of the same bytes.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at what it cannot set up")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use runbook::history::{Fact, NoteAdded};
use runbook::ident::{Clock as _, Digest, RunId, SystemClock};
use runbook::journal::{Folders, JournalWriter, verify_run};
use std::hint::black_box;

fn verifying(c: &mut Criterion) {
    let temp = tempfile::tempdir().unwrap();
    let run: RunId = "20261124-225103-7c1d9e".parse().unwrap();
    let folder = Folders::with_root(temp.path()).create_folder(&run).unwrap();
    let mut writer = JournalWriter::create_journal(folder.folder_path(), &run).unwrap();
    let now = SystemClock::start_now().now();
    for size in [40, 400, 4000] {
        let note = Fact::NoteAdded(NoteAdded { step: None, text: "a line of text\n".repeat(size / 15) });
        writer.append_facts(&vec![note; 8_000_000 / (size + 500)], now).unwrap();
    }
    drop(writer);
    let bytes = std::fs::read(folder.journal_path()).unwrap();
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.sample_size(10);
    group.bench_function("verify", |b| b.iter(|| black_box(verify_run(folder.folder_path(), None).unwrap().receipt)));
    group.bench_function("one SHA-256", |b| b.iter(|| Digest::of_bytes(black_box(&bytes))));
    group.finish();
}

criterion_group!(benches, verifying);
criterion_main!(benches);
