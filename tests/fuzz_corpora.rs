//! The bodies of the fuzz targets over the saved corpora, and over what small changes make of them.

#![expect(clippy::unwrap_used, clippy::allow_attributes, reason = "a test that cannot read its corpora fails")]

#[path = "../fuzz/bodies/mod.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets share it")]
mod bodies;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A piece of one input in the place of a piece of another, and some bytes changed.
fn changed(corpus: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let pick = || proptest::sample::select(corpus.to_vec());
    let place = || any::<proptest::sample::Index>();
    (pick(), pick(), place(), place(), place(), proptest::collection::vec((place(), any::<u8>()), 0..6)).prop_map(
        |(mut a, b, from, to, cut, bytes)| {
            let at = |index: &proptest::sample::Index, length: usize| index.index(length + 1);
            let (x, y) = (at(&from, b.len()), at(&to, b.len()));
            let place = at(&cut, a.len());
            a.truncate(place);
            a.extend_from_slice(&b[x.min(y)..x.max(y)]);
            for (index, byte) in bytes.iter().filter(|_| !a.is_empty()).collect::<Vec<_>>() {
                let place = index.index(a.len());
                a[place] = *byte;
            }
            a.truncate(4096);
            a
        },
    )
}

#[test]
fn no_input_breaks_what_reads_it() {
    for (target, body) in bodies::TARGETS {
        let corpus = corpus(target);
        assert!(!corpus.is_empty(), "{target}");
        for bytes in &corpus {
            body(bytes);
        }
        let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
        let ran = runner.run(&changed(&corpus), |bytes| {
            body(&bytes);
            Ok(())
        });
        assert!(ran.is_ok(), "{target}: {ran:?}");
    }
}
