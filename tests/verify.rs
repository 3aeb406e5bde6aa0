//! A record that was changed is found out, wherever and however it was.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "a test that cannot set up its journal fails"
)]

#[allow(dead_code, reason = "each test file uses another part of it")]
mod facts;

use runbook::history::{CommandFinished, Fact, Redacted};
use runbook::ident::{Clock as _, Digest, RunId, Seq, SystemClock};
use runbook::journal::{
    Attestation, Folder, Folders, JournalError, JournalReader, JournalWriter, Receipt, redact_events, verify_run,
};
use std::cell::Cell;
use std::io;
use std::io::{BufRead, Read};
use std::path::Path;

const RUN: &str = "20261124-225103-7c1d9e";

/// A run's folder whose journal has at least so many bytes.
fn record(root: &Path, bytes: usize) -> Folder {
    let run: RunId = RUN.parse().unwrap();
    let folder = Folders::with_root(root).create_folder(&run).unwrap();
    let mut writer = JournalWriter::create_journal(folder.folder_path(), &run).unwrap();
    let clock = SystemClock::start_now();
    for n in 0.. {
        if std::fs::metadata(folder.journal_path()).unwrap().len() >= bytes as u64 {
            break;
        }
        writer
            .append_facts(&[facts::note(&format!("note {n}: \u{e9} \"quoted\" {}", "x".repeat(n % 50)))], clock.now())
            .unwrap();
    }
    folder
}

/// Whether the rest is read without a word of damage.
fn goes_through<R: BufRead>(mut reader: JournalReader<R>) -> bool {
    loop {
        match reader.verify_next() {
            Ok(Some(_)) => {}
            // A torn tail is told, so it is no silence.
            Ok(None) => return reader.torn_bytes().is_none(),
            Err(_) => return false,
        }
    }
}

fn is_accepted(bytes: &[u8]) -> bool {
    JournalReader::new(bytes, Path::new("journal.jsonl")).is_ok_and(goes_through)
}

/// A journal that changes while it is read: a copy of a reader reads on in what is there then.
struct Changing<'j> {
    journal: &'j [Cell<u8>],
    at: usize,
    chunk: Vec<u8>,
}

impl Clone for Changing<'_> {
    fn clone(&self) -> Self {
        Self { journal: self.journal, at: self.at, chunk: Vec::new() }
    }
}

impl Read for Changing<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl BufRead for Changing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk.extend(self.journal[self.at..].iter().take(1024).map(Cell::get));
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
        self.chunk.drain(..amount);
    }
}

/// Each line is reached once; from there on each change of it is read to the end, or to where it is found.
#[test]
fn every_change_of_a_byte_of_64_kib_is_found() {
    let temp = tempfile::tempdir().unwrap();
    let folder = record(temp.path(), 64 << 10);
    let mut bytes = std::fs::read(folder.journal_path()).unwrap();
    assert!(is_accepted(&bytes) && bytes.len() >= 64 << 10);
    let name = Path::new("journal.jsonl");
    let journal = Cell::from_mut(bytes.as_mut_slice()).as_slice_of_cells();
    let source = Changing { journal, at: 0, chunk: Vec::new() };
    // None: the header is read by whoever makes a reader.
    let mut reader: Option<JournalReader<Changing<'_>>> = None;
    let mut changes = 0;
    let lines: Vec<Vec<u8>> = bytes_of(journal).split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut at = 0;
    for line in lines {
        for (place, byte) in journal.iter().enumerate().skip(at).take(line.len()) {
            let was = byte.get();
            for value in [b'\n', was ^ 1, was ^ 0x20, was ^ 0x80].into_iter().filter(|&value| value != was).take(3) {
                byte.set(value);
                let accepted = match &reader {
                    Some(reader) => goes_through(reader.clone()),
                    None => JournalReader::new(source.clone(), name).is_ok_and(goes_through),
                };
                assert!(!accepted, "byte {place}: {was} to {value}");
                changes += 1;
            }
            byte.set(was);
        }
        at += line.len();
        match &mut reader {
            Some(reader) => assert!(matches!(reader.verify_next(), Ok(Some(_)))),
            None => reader = Some(JournalReader::new(source.clone(), name).unwrap()),
        }
    }
    assert_eq!(changes, 3 * bytes_of(journal).len());
}

fn bytes_of(journal: &[Cell<u8>]) -> Vec<u8> {
    journal.iter().map(Cell::get).collect()
}

#[test]
fn every_swap_duplicate_splice_and_inner_cut_is_found() {
    let temp = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let read = |folder: &Folder| -> Vec<Vec<u8>> {
        let bytes = std::fs::read(folder.journal_path()).unwrap();
        bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let lines = read(&record(temp.path(), 8 << 10));
    let foreign = read(&record(other.path(), 8 << 10));
    let refused = |lines: &[Vec<u8>], what: &str| assert!(!is_accepted(&lines.concat()), "{what}");
    for a in 0..lines.len() {
        for b in a + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(a, b);
            refused(&swapped, &format!("{a} and {b} swapped"));
            if b < lines.len() - 1 {
                let mut cut = lines.clone();
                cut.drain(a..=b);
                refused(&cut, &format!("{a} to {b} cut out"));
            }
        }
        for to in 0..=lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(to, lines[a].clone());
            refused(&doubled, &format!("{a} doubled at {to}"));
        }
        if a > 0 && a < foreign.len() {
            let mut spliced = lines.clone();
            spliced[a].clone_from(&foreign[a]);
            refused(&spliced, &format!("{a} from another run"));
            // From the first event on it is another run's whole.
            let tail: Vec<Vec<u8>> = lines[..a].iter().chain(&foreign[a..]).cloned().collect();
            assert!(a == 1 || !is_accepted(&tail.concat()), "another run's tail from {a}");
        }
        if a > 0 && a < lines.len() - 1 {
            let mut cut = lines.clone();
            cut.remove(a);
            refused(&cut, &format!("{a} cut out"));
        }
    }
}

#[test]
fn a_cut_tail_is_found_with_a_receipt_and_unattested_without() {
    let temp = tempfile::tempdir().unwrap();
    let folder = record(temp.path(), 4 << 10);
    let receipt = verify_run(folder.folder_path(), None).unwrap().receipt.unwrap();
    assert_eq!(receipt.to_string().parse::<Receipt>().unwrap(), receipt);
    assert_eq!(verify_run(folder.folder_path(), Some(&receipt)).unwrap().attested, Attestation::Whole);
    let bytes = std::fs::read(folder.journal_path()).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    std::fs::write(folder.journal_path(), lines[..lines.len() - 2].concat()).unwrap();
    assert_eq!(verify_run(folder.folder_path(), None).unwrap().attested, Attestation::No);
    assert_eq!(verify_run(folder.folder_path(), Some(&receipt)).unwrap().attested, Attestation::Cut { missing: 2 });
    // Written anew from there on.
    let run: RunId = RUN.parse().unwrap();
    let mut writer = JournalWriter::open_journal(folder.folder_path(), &run).unwrap();
    let clock = SystemClock::start_now();
    for _ in 0..3 {
        writer.append_facts(&[facts::note("forged")], clock.now()).unwrap();
    }
    assert_eq!(verify_run(folder.folder_path(), None).unwrap().attested, Attestation::No);
    assert_eq!(verify_run(folder.folder_path(), Some(&receipt)).unwrap().attested, Attestation::Differs);
}

#[test]
fn the_first_bad_event_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let folder = record(temp.path(), 4 << 10);
    let text = std::fs::read_to_string(folder.journal_path()).unwrap();
    std::fs::write(folder.journal_path(), text.replacen("note 3:", "note 4:", 1).replacen("note 7:", "note 9:", 1))
        .unwrap();
    let Err(JournalError::Damaged { damage, .. }) = verify_run(folder.folder_path(), None) else { panic!("not found") };
    assert_eq!((damage.seq, damage.line), (Some(Seq(4)), 5));
}

fn finished(writer: &mut JournalWriter, folder: &Folder, output: &[u8]) -> (Seq, Seq) {
    let clock = SystemClock::start_now();
    let started = facts::every_fact().into_iter().find(|fact| matches!(fact, Fact::CommandStarted(_))).unwrap();
    let start = writer.append_facts(&[started], clock.now()).unwrap()[0].seq;
    let Fact::CommandFinished(template) = facts::finished(start, b"") else { panic!() };
    let mut captured = template.output.clone();
    captured.length_bytes = output.len() as u64;
    captured.kept_bytes = output.len() as u64;
    captured.digest = Digest::of_parts(&[captured.salt.as_bytes(), output]);
    captured.inline = None;
    std::fs::write(folder.output_path(start), output).unwrap();
    let fact = Fact::CommandFinished(CommandFinished { output: captured, ..template });
    (start, writer.append_facts(&[fact], clock.now()).unwrap()[0].seq)
}

#[test]
fn an_output_that_was_changed_or_removed_is_found_and_a_redacted_one_is_not_missed() {
    let temp = tempfile::tempdir().unwrap();
    let run: RunId = RUN.parse().unwrap();
    let folder = Folders::with_root(temp.path()).create_folder(&run).unwrap();
    let mut writer = JournalWriter::create_journal(folder.folder_path(), &run).unwrap();
    let (first, _) = finished(&mut writer, &folder, &[b'a'; 9000]);
    let (second, end) = finished(&mut writer, &folder, b"the password is hunter22");
    assert!(verify_run(folder.folder_path(), None).unwrap().bad_outputs.is_empty());
    let mut bytes = std::fs::read(folder.output_path(first)).unwrap();
    bytes[4000] = b'b';
    std::fs::write(folder.output_path(first), &bytes).unwrap();
    let bad = verify_run(folder.folder_path(), None).unwrap().bad_outputs;
    assert!(bad.len() == 1 && bad[0].command == first && bad[0].what.contains("was changed"), "{bad:?}");
    std::fs::remove_file(folder.output_path(first)).unwrap();
    assert!(verify_run(folder.folder_path(), None).unwrap().bad_outputs[0].what.contains("cannot be read"));

    let fact = Redacted { events: vec![end], user: "ada".into(), reason: "a password".into(), ..Redacted::default() };
    let now = SystemClock::start_now().now();
    assert!(matches!(redact_events(&folder, &fact, now), Err(JournalError::Locked { .. })), "its writer lives");
    drop(writer);
    let receipt = verify_run(folder.folder_path(), None).unwrap().receipt.unwrap();
    let (event, removed) = redact_events(&folder, &fact, now).unwrap();
    assert_eq!((event.seq, removed), (Seq(5), vec![folder.output_path(second)]));
    let verified = verify_run(folder.folder_path(), Some(&receipt)).unwrap();
    assert_eq!(
        (verified.attested, verified.redacted, verified.bad_outputs.len()),
        (Attestation::Until(1), vec![end], 1)
    );
    // It goes on.
    let mut writer = JournalWriter::open_journal(folder.folder_path(), &run).unwrap();
    assert_eq!(writer.append_facts(&[facts::note("later")], now).unwrap()[0].seq, Seq(6));
    // A payload that is gone without a word about it is damage.
    drop(writer);
    let text = std::fs::read_to_string(folder.journal_path()).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("\"redacted\"")).collect();
    std::fs::write(folder.journal_path(), without.join("\n") + "\n").unwrap();
    assert!(verify_run(folder.folder_path(), None).is_err());
}

#[test]
fn a_journal_goes_on_after_a_torn_line_at_every_length() {
    let temp = tempfile::tempdir().unwrap();
    let folder = record(temp.path(), 3 << 10);
    let run: RunId = RUN.parse().unwrap();
    let whole = std::fs::read(folder.journal_path()).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for length in (0..60).chain(last..whole.len()) {
        std::fs::write(folder.journal_path(), &whole[..length]).unwrap();
        let mut writer = JournalWriter::open_journal(folder.folder_path(), &run).unwrap();
        writer.append_facts(&[facts::note("after the crash")], SystemClock::start_now().now()).unwrap();
        drop(writer);
        assert!(verify_run(folder.folder_path(), None).unwrap().torn.is_none(), "cut at {length}");
    }
}
