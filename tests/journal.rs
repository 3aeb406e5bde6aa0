//! The journal keeps every fact, shows every change, and loses nothing but an unfinished last line.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by clippy.toml")]

mod facts;

use facts::{every_fact, moment};
use proptest::prelude::*;
use runbook::history::{Event, Fact, Other, OutputSource as _, RunState};
use runbook::ident::{Clock as _, Digest, RunId, Seq, SystemClock};
use runbook::journal::{Folders, JournalError, JournalReader, JournalWriter, read_journal};
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

const RUN: &str = "20261124-225103-7c1d9e";

fn run() -> RunId {
    RUN.parse().unwrap()
}

/// A journal with every fact in it: its bytes, and the events as they were live.
fn written() -> (Vec<u8>, Vec<Event>) {
    static WRITTEN: OnceLock<(Vec<u8>, Vec<Event>)> = OnceLock::new();
    WRITTEN.get_or_init(write_all).clone()
}

fn write_all() -> (Vec<u8>, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
    let mut events = Vec::new();
    for (i, pair) in every_fact().chunks(2).enumerate() {
        events.extend(writer.append_facts(pair, moment(i as u64)).unwrap());
    }
    (std::fs::read(writer.journal_path()).unwrap(), events)
}

fn read_bytes(bytes: &[u8]) -> Result<(Vec<Event>, Option<u64>), JournalError> {
    let mut reader = JournalReader::new(Cursor::new(bytes), Path::new("journal.jsonl"))?;
    let events = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok((events, reader.torn_bytes()))
}

#[test]
fn every_fact_is_read_back_as_it_was() {
    let (bytes, events) = written();
    assert_eq!(read_bytes(&bytes).unwrap(), (events, None));
}

#[test]
fn the_replayed_state_equals_the_live_state() {
    let (bytes, events) = written();
    let state = |events: &[Event]| {
        let mut state = RunState::default();
        for event in events {
            state.apply_event(event);
        }
        format!("{state:#?}")
    };
    assert_eq!(state(&read_bytes(&bytes).unwrap().0), state(&events));
}

#[test]
fn every_prefix_is_recovered() {
    let (bytes, events) = written();
    let newlines: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).collect();
    // Every length in the first and last events, and a sample between.
    let sampled = |length: &usize| *length < 2000 || bytes.len() - length < 2000 || length.is_multiple_of(13);
    for length in (0..bytes.len()).filter(sampled) {
        let (read, torn) = read_bytes(&bytes[..length]).unwrap_or_else(|e| panic!("{length} bytes: {e}"));
        let whole_lines = newlines.iter().filter(|&&at| at < length).count();
        let whole_bytes = newlines.iter().rfind(|&&at| at < length).map_or(0, |at| at + 1);
        assert_eq!(read, events[..whole_lines.saturating_sub(1)], "{length} bytes");
        assert_eq!(torn.unwrap_or(0), (length - whole_bytes) as u64);
    }
}

#[test]
fn a_change_of_any_byte_is_found() {
    let (bytes, events) = written();
    let sampled = |at: &usize| *at < 2000 || bytes.len() - at < 2000 || at.is_multiple_of(13);
    for at in (0..bytes.len()).filter(sampled) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 7);
        match read_bytes(&changed) {
            Err(_) => {}
            Ok((read, torn)) => assert!(
                at + 1 == bytes.len() && torn.is_some() && read == events[..events.len() - 1],
                "the change of byte {at} went unseen"
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inserted_removed_and_repeated_bytes_are_found(at in any::<prop::sample::Index>(), length in 1_usize..900, kind in 0..3) {
        let (bytes, events) = written();
        let at = at.index(bytes.len());
        let piece: Vec<u8> = bytes.iter().skip(at).take(length).copied().collect();
        let mut changed = bytes.clone();
        match kind {
            0 => { changed.splice(at..at, piece); }
            1 => { changed.drain(at..at + piece.len()); }
            _ => { changed[at..at + piece.len()].reverse(); }
        }
        if changed != bytes && !bytes.starts_with(&changed) {
            // A change within the last line can only be told from a torn tail by its newline.
            match read_bytes(&changed) {
                Err(_) => {}
                Ok((read, torn)) => prop_assert!(torn.is_some() && read == events[..read.len()]),
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(read_bytes(&bytes));
        let mut with_header = written().0;
        with_header.extend(&bytes);
        drop(read_bytes(&with_header));
    }

    #[test]
    fn any_text_and_any_output_are_read_back(
        note in any::<String>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
        let facts = [facts::note(&note), facts::finished(Seq(1), &bytes)];
        let events = writer.append_facts(&facts, moment(0)).unwrap();
        prop_assert_eq!(read_journal(folder.path()).unwrap().events, events);
    }
}

#[test]
fn a_damaged_middle_names_the_first_bad_event() {
    let (bytes, _) = written();
    let text = String::from_utf8(bytes).unwrap();
    let message = |text: &str| read_bytes(text.as_bytes()).unwrap_err().to_string();
    insta::assert_snapshot!(message(&text.replacen("\"steps\":8", "\"steps\":9", 1)), @"the journal `journal.jsonl` is damaged: event 1 (line 2): its bytes do not match its hash");
    insta::assert_snapshot!(message(&text.replacen("Check for", "Check fur", 1)), @"the journal `journal.jsonl` is damaged: event 4 (line 5): its payload does not match its digest");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(3);
    insta::assert_snapshot!(message(&(lines.join("\n") + "\n")), @"the journal `journal.jsonl` is damaged: event 3 (line 4): event 4 stands in its place");
    insta::assert_snapshot!(message(&text.replacen("0.1.0", "0.1.1", 1)), @"the journal `journal.jsonl` is damaged: the header (line 1): its bytes do not match its hash");
    insta::assert_snapshot!(message("# Notes\n"), @"`journal.jsonl` is not a run's journal: its first line is not a `runbook_journal` header");
    insta::assert_snapshot!(message("{\"runbook_journal\":2,\"program\":\"runbook 3.0.0\"}\n"), @"`journal.jsonl` has journal format 2, written by `runbook 3.0.0`; this program reads format 1: use a newer one");
}

/// The line without its salt and payload, as a redaction leaves it.
fn without_payload(line: &str) -> String {
    let (kept, _) = line.split_once("\",\"salt\":\"").unwrap();
    format!("{kept}\"}}")
}

#[test]
fn a_dropped_payload_is_valid_only_when_a_later_event_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
    writer.append_facts(&[facts::note("the password is hunter2"), facts::note("other")], moment(0)).unwrap();
    let drop_first = |text: &str| {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let changed: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(i, line)| if i == 1 { without_payload(line) } else { line.clone() })
            .collect();
        changed.join("\n") + "\n"
    };
    let before = drop_first(&std::fs::read_to_string(writer.journal_path()).unwrap());
    insta::assert_snapshot!(read_bytes(before.as_bytes()).unwrap_err(), @"the journal `journal.jsonl` is damaged: event 1 (line 2): its payload is gone, and no `redacted` event names it");

    let redacted = Fact::Other(Other {
        kind: "redacted".into(),
        fields: [
            ("events".to_owned(), "[1]".to_owned()),
            ("payload".to_owned(), r#"{"reason":"a secret"}"#.to_owned()),
        ]
        .into(),
    });
    writer.append_facts(&[redacted], moment(1)).unwrap();
    let after = drop_first(&std::fs::read_to_string(writer.journal_path()).unwrap());
    assert!(!after.contains("hunter2"));
    let (events, _) = read_bytes(after.as_bytes()).unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].fact, facts::note("[redacted]"));
    assert_eq!(events[1].fact, facts::note("other"));
}

#[test]
fn kinds_and_fields_of_a_later_version_are_kept() {
    let other = Fact::Other(Other {
        kind: "resumed".into(),
        fields: [("of", r#"[1, {"x":1.50e3}]"#), ("by", "\"bob\""), ("payload", r#"{"why": "lunch"}"#)]
            .map(|(name, json)| (name.to_owned(), json.to_owned()))
            .into(),
    });
    let folder = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
    let events = writer.append_facts(std::slice::from_ref(&other), moment(0)).unwrap();
    assert_eq!(events[0].fact, other);
    assert_eq!(read_journal(folder.path()).unwrap().events, events);
    let bad = |name: &str, json: &str| {
        Fact::Other(Other { kind: "x".into(), fields: [(name.to_owned(), json.to_owned())].into() })
    };
    for fact in [bad("seq", "1"), bad("a", "{"), bad("a", "1\n"), bad("a", r#"{"b":1,"hash":"x"}"#)] {
        assert!(writer.append_facts(&[fact], moment(0)).is_err());
    }
    assert_eq!(writer.append_facts(&[facts::note("goes on")], moment(0)).unwrap()[0].seq, Seq(2));
}

#[test]
fn the_journal_of_a_run_is_for_its_owner_and_has_one_writer() {
    let root = tempfile::tempdir().unwrap();
    let folders = Folders::with_root(root.path().join("state/runs"));
    let folder = folders.create_folder(&run()).unwrap();
    assert!(!folder.is_live());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let writer = JournalWriter::create_journal(folder.folder_path(), &run()).unwrap();
    assert_eq!(
        (mode(folder.folder_path()), mode(&folder.output_folder_path()), mode(writer.journal_path())),
        (0o700, 0o700, 0o600)
    );
    assert!(folder.is_live());
    assert!(JournalWriter::create_journal(folder.folder_path(), &run()).is_err(), "a journal is never begun twice");
    drop(writer);
    assert!(!folder.is_live());
}

#[test]
fn a_transcript_is_replaced_whole_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folders::with_root(root.path()).create_folder(&run()).unwrap();
    folder.replace_file(&folder.transcript_path(), |to| to.write_all(b"first")).unwrap();
    let failed = folder.replace_file(&folder.transcript_path(), |to| {
        to.write_all(b"second")?;
        Err(std::io::ErrorKind::StorageFull.into())
    });
    assert!(failed.is_err());
    assert_eq!(std::fs::read_to_string(folder.transcript_path()).unwrap(), "first");
    assert_eq!(std::fs::metadata(folder.transcript_path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.folder_path()).unwrap().count(), 2, "`output` and the transcript");
}

#[test]
fn a_run_is_found_by_any_end_of_its_name() {
    let root = tempfile::tempdir().unwrap();
    let folders = Folders::with_root(root.path());
    let message =
        |name: &str| folders.find_run(name).unwrap_err().to_string().replace(&*root.path().to_string_lossy(), "RUNS");
    insta::assert_snapshot!(message("latest"), @"no runs are recorded under `RUNS`");
    for run in ["20261124-225103-7c1d9e", "20261123-100000-aaaaaa", "20261124-080000-bbbbbb"] {
        folders.create_folder(&run.parse().unwrap()).unwrap();
    }
    std::fs::write(root.path().join("notes.txt"), "").unwrap();
    std::fs::create_dir(root.path().join("lost+found")).unwrap();
    let names = |folders: &Folders| -> Vec<String> {
        folders.list_runs().unwrap().iter().map(|folder| folder.run_id().to_string()).collect()
    };
    assert_eq!(names(&folders), ["20261124-225103-7c1d9e", "20261124-080000-bbbbbb", "20261123-100000-aaaaaa"]);
    let find = |name: &str| folders.find_run(name).unwrap().run_id().to_string();
    assert_eq!(find("latest"), "20261124-225103-7c1d9e");
    assert_eq!(find("aaaaaa"), "20261123-100000-aaaaaa");
    assert_eq!(find("20261123"), "20261123-100000-aaaaaa");
    assert_eq!(find(&root.path().join("20261123-100000-aaaaaa").to_string_lossy()), "20261123-100000-aaaaaa");
    insta::assert_snapshot!(message("20261124"), @"`20261124` matches several runs: `20261124-225103-7c1d9e`, `20261124-080000-bbbbbb`; give more of the name");
    insta::assert_snapshot!(message("zzz"), @"no run matches `zzz`; the latest are `20261124-225103-7c1d9e`, `20261124-080000-bbbbbb`, `20261123-100000-aaaaaa`");
}

#[test]
fn an_output_is_read_from_its_file_and_else_from_its_event() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folders::with_root(root.path()).create_folder(&run()).unwrap();
    assert!(folder.output_path(Seq(12)).ends_with("output/000012.out"));
    std::fs::write(folder.output_path(Seq(12)), "0123456789").unwrap();
    let mut outputs = folder.run_outputs();
    assert_eq!(outputs.read_output(Seq(12), 4, 3).unwrap(), b"456");
    assert_eq!(outputs.read_output(Seq(12), 40, 3).unwrap(), b"");
    assert!(outputs.read_output(Seq(13), 0, 3).is_err());
    if let Fact::CommandFinished(finished) = facts::finished(Seq(13), b"inline") {
        outputs.remember_inline(&finished);
    }
    assert_eq!(outputs.read_output(Seq(13), 2, 10).unwrap(), b"line");
}

#[test]
fn frozen_journals_load_for_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/journals/v1");
    for name in ["every-fact", "torn", "redacted", "later-version"] {
        let journal = read_journal(&folder.join(format!("{name}.jsonl"))).unwrap();
        insta::assert_debug_snapshot!(name, journal);
    }
}

/// Wrote `fixtures/journals/v1/`. The format is frozen: run it for a new format's folder only.
#[test]
#[ignore = "writes fixtures"]
fn write_the_frozen_journals() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/journals/v1");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let (bytes, _) = written();
    write("every-fact.jsonl", &bytes);
    write("torn.jsonl", &bytes[..bytes.len() - 40]);
    let text = String::from_utf8(lines_of(&[facts::note("the password is hunter2"), redacted_fact(1)])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    write("redacted.jsonl", format!("{}\n{}\n{}\n", lines[0], without_payload(lines[1]), lines[2]).as_bytes());
    write("later-version.jsonl", &later_version());
}

fn redacted_fact(seq: u64) -> Fact {
    let fields = [("events", format!("[{seq}]")), ("payload", r#"{"reason":"a secret in a note"}"#.to_owned())];
    Fact::Other(Other { kind: "redacted".into(), fields: fields.map(|(n, j)| (n.to_owned(), j)).into() })
}

fn lines_of(facts: &[Fact]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
    writer.append_facts(facts, moment(0)).unwrap();
    std::fs::read(writer.journal_path()).unwrap()
}

/// An unknown kind, an unknown field of a known kind, and a word of a known field that this version does not know.
fn later_version() -> Vec<u8> {
    let unknown = |kind: &str, fields: &[(&str, &str)]| {
        let fields = fields.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect();
        Fact::Other(Other { kind: kind.into(), fields })
    };
    lines_of(&[
        unknown("resumed", &[("by", "\"bob\""), ("payload", r#"{"why":"lunch"}"#)]),
        unknown("note-added", &[("step", "\"s1\""), ("mood", "[1.50,null]"), ("payload", r#"{"text":"all well"}"#)]),
        unknown("step-finished", &[("step", "\"s1\""), ("result", "\"transcended\""), ("payload", "{}")]),
    ])
}

#[test]
fn the_hashes_are_those_the_format_describes() {
    let text = String::from_utf8(written().0).unwrap();
    let mut prev = None;
    for line in text.lines() {
        let at = line.find(",\"hash\":\"").unwrap() + ",\"hash\":\"".len();
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["hash"], Digest::of_bytes(&line.as_bytes()[..at]).to_string());
        if let Some(prev) = prev {
            assert_eq!(json["prev"], prev);
            let payload = line.split_once(",\"payload\":").unwrap().1.strip_suffix('}').unwrap();
            let salted = format!("{}{payload}", json["salt"].as_str().unwrap());
            assert_eq!(json["digest"], Digest::of_bytes(salted.as_bytes()).to_string());
        }
        prev = Some(json["hash"].clone());
    }
}

/// `cargo test --test journal -- --ignored --nocapture how_long` prints it.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "it is what this is for")]
fn how_long_an_event_takes_to_encode_and_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = JournalWriter::create_journal(folder.path(), &run()).unwrap();
    let clock = SystemClock::start_now();
    let facts: Vec<Fact> = (0..10_000)
        .map(|i| if i % 2 == 0 { facts::note("the disk of db-1 is full") } else { facts::finished(Seq(i), b"hi\n") })
        .collect();
    let before = clock.now().mono;
    writer.append_facts(&facts, clock.now()).unwrap();
    let written = clock.now().mono;
    assert_eq!(read_journal(folder.path()).unwrap().events.len(), facts.len());
    let read = clock.now().mono;
    let each = |from: Duration, to: Duration| to.saturating_sub(from) / 10_000;
    println!("write {:?}, read {:?} an event", each(before, written), each(written, read));
}
