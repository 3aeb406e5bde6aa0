//! Appends to a journal.
//!
//! Invariant: when [`JournalWriter::append_facts`] returns, its events are on disk, in order, after one write and one sync, and so is all that
//! was appended before them. After a write or sync that failed nothing more is written: nobody knows what is on disk then, and a
//! second sync would lie. After a write that failed its beginning is cut off again, so that the file is a readable journal at every
//! moment.

use super::encode::round_to_record;
use super::error::JournalError;
use super::line::{DIGEST_MARK, HASH_MARK, HEADER_START, PAYLOAD_MARK, PREV_MARK, SALT_MARK};
use super::reader::JournalReader;
use super::salt::Salts;
use super::{FILE_NAME, FORMAT_VERSION, encode};
use crate::history::{Event, Fact};
use crate::ident::{Digest, Moment, RunId, Seq};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::io::Write;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A process that only tests the lock holds it for a moment, so taking it is retried.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Space reserved behind the journal's end, for what must still be recorded when the disk is full.
const RESERVE_BYTES: u64 = 64 << 10;

/// Destination of the lines.
trait LineStore: Write + Send + std::fmt::Debug {
    /// Returns once everything written is on disk.
    fn sync_lines(&mut self) -> io::Result<()>;

    /// Ensures that there is space up to this offset.
    fn reserve_space(&mut self, end: u64) -> io::Result<()> {
        let _ = end;
        Ok(())
    }

    /// Cuts off everything behind this offset.
    fn truncate_to(&mut self, end: u64) -> io::Result<()>;
}

impl LineStore for File {
    fn sync_lines(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn reserve_space(&mut self, end: u64) -> io::Result<()> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(&*self, rustix::fs::FallocateFlags::KEEP_SIZE, 0, end) {
            // A file system without `fallocate` has no reserve; everything else works.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn truncate_to(&mut self, end: u64) -> io::Result<()> {
        self.set_len(end)
    }
}

/// Tells whether the journal can be written.
#[derive(Debug)]
enum WriterHealth {
    /// The journal can be written.
    Good,
    /// A write failed, and its remains were cut off. The reserve is there, and later there may be space again.
    Full(JournalError),
    /// Nobody knows what is on disk. Nothing is ever written again.
    Dead(JournalError),
}

/// The one writer of a journal. The file is locked as long as this lives.
#[derive(Debug)]
pub struct JournalWriter {
    store: Box<dyn LineStore>,
    path: PathBuf,
    salts: Salts,
    next: Seq,
    head: Digest,
    lines: Vec<u8>,
    payload: Vec<u8>,
    health: WriterHealth,
    /// True while something was written that is not yet synced.
    unsynced: bool,
    /// Length of the file in bytes.
    length: u64,
    /// Offset up to which space is reserved.
    reserved: u64,
    /// The file that this one replaces. It is kept open to keep its lock.
    replaced: Option<Box<dyn LineStore>>,
}

impl JournalWriter {
    /// Creates the journal of a new run in its folder, locks it, and puts its header on disk.
    pub fn create_journal(folder: &Path, run: &RunId) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let mut options = OpenOptions::new();
        options.create_new(true).append(true).mode(0o600);
        let file = options.open(&path).map_err(|e| JournalError::from_io("create", &path, e))?;
        lock_file(&file, &path)?;
        let writer = Self::write_header(Box::new(file), path, run)?;
        let directory = File::open(folder).and_then(|folder| folder.sync_all());
        directory.map_err(|e| JournalError::from_io("sync", folder, e))?;
        Ok(writer)
    }

    /// Opens the journal of a run to continue it: locks it, verifies all of it, and cuts off a line that a crash tore.
    pub fn open_journal(folder: &Path, run: &RunId) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let file = open_locked(&path)?;
        let mut reader = JournalReader::open_journal(&path)?;
        let mut next = Seq(1);
        for event in reader.by_ref() {
            next = event?.seq.next();
        }
        if let Some(torn) = reader.torn_bytes() {
            let cut = file.metadata().and_then(|found| file.set_len(found.len().saturating_sub(torn)));
            cut.and_then(|()| file.sync_data()).map_err(|e| JournalError::from_io("mend", &path, e))?;
        }
        let (Some(header), Some(head)) = (reader.journal_header(), reader.head_hash()) else {
            // The writer was killed before the header was whole, so nothing was recorded.
            return Self::write_header(Box::new(file), path, run);
        };
        if header.run != *run {
            return Err(JournalError::OtherRun { path, run: header.run.clone() });
        }
        let salts = Salts::open_source().map_err(|e| JournalError::from_io("read random bytes for", &path, e))?;
        let length = file.metadata().map_err(|e| JournalError::from_io("read", &path, e))?.len();
        let store = Box::new(file);
        Ok(Self {
            store,
            path,
            salts,
            next,
            head,
            lines: Vec::new(),
            payload: Vec::new(),
            health: WriterHealth::Good,
            unsynced: false,
            length,
            reserved: 0,
            replaced: None,
        })
    }

    fn write_header(mut store: Box<dyn LineStore>, path: PathBuf, run: &RunId) -> Result<Self, JournalError> {
        let salts = Salts::open_source().map_err(|e| JournalError::from_io("read random bytes for", &path, e))?;
        let program = concat!("runbook ", env!("CARGO_PKG_VERSION"));
        // JSON would escape nothing in a run id or a version.
        let mut line = format!(r#"{HEADER_START}{FORMAT_VERSION},"run":"{run}","program":"{program}{HASH_MARK}"#);
        let head = Digest::of_bytes(line.as_bytes());
        line.push_str(&head.to_string());
        line.push_str("\"}\n");
        let written = store.write_all(line.as_bytes()).and_then(|()| store.sync_lines());
        written.map_err(|e| JournalError::Write { path: path.clone(), source: Arc::new(e) })?;
        Ok(Self {
            store,
            path,
            salts,
            next: Seq(1),
            head,
            lines: Vec::new(),
            payload: Vec::new(),
            health: WriterHealth::Good,
            unsynced: false,
            length: line.len() as u64,
            reserved: 0,
            replaced: None,
        })
    }

    /// Continues in a file that holds the same events and will replace the old one. It is locked before anybody can find it, and the
    /// lock on the old one is kept. `head` is the hash of its last event.
    pub(super) fn continue_in(&mut self, file: File, head: Digest) -> io::Result<()> {
        file.try_lock()?;
        self.head = head;
        (self.length, self.reserved) = (file.metadata()?.len(), 0);
        self.replaced = Some(std::mem::replace(&mut self.store, Box::new(file)));
        Ok(())
    }

    /// Path of the journal.
    pub fn journal_path(&self) -> &Path {
        &self.path
    }

    /// Hash of the last event, which covers all events before it.
    pub fn head_hash(&self) -> Digest {
        self.head
    }

    /// Number that the next event will get.
    pub fn next_seq(&self) -> Seq {
        self.next
    }

    /// Writes facts to disk, in order, and returns the events they became, exactly as a reader will read them.
    ///
    /// After a failed sync every later call is refused with the same error; after a failed write one may succeed again,
    /// once there is space.
    pub fn append_facts(&mut self, facts: &[Fact], at: Moment) -> Result<Vec<Event>, JournalError> {
        self.append_encoded(facts, at, true, true)
    }

    /// Appends like [`JournalWriter::append_facts`], and uses the reserve if need be. For the end of a command that already runs, and for recording
    /// that the record failed.
    pub fn append_from_reserve(&mut self, facts: &[Fact], at: Moment) -> Result<Vec<Event>, JournalError> {
        self.append_encoded(facts, at, false, true)
    }

    /// Appends like [`JournalWriter::append_facts`], but without a sync: the events are durable only after the next append, or after
    /// [`JournalWriter::sync_appended`]. Until then nobody may be told that they are safe.
    pub fn append_unsynced(&mut self, facts: &[Fact], at: Moment) -> Result<Vec<Event>, JournalError> {
        self.append_encoded(facts, at, true, false)
    }

    /// Syncs what was appended without a sync. Does nothing when there is nothing to sync.
    pub fn sync_appended(&mut self) -> Result<(), JournalError> {
        if !std::mem::take(&mut self.unsynced) {
            return Ok(());
        }
        self.store.sync_lines().map_err(|error| {
            let failed = self.write_error(error);
            self.health = WriterHealth::Dead(failed.clone());
            failed
        })
    }

    /// The error that keeps anything from being recorded now; none if the journal can be written.
    pub fn write_failure(&self) -> Option<&JournalError> {
        match &self.health {
            WriterHealth::Good => None,
            WriterHealth::Full(error) | WriterHealth::Dead(error) => Some(error),
        }
    }

    fn append_encoded(
        &mut self,
        facts: &[Fact],
        at: Moment,
        keep_reserve: bool,
        synced: bool,
    ) -> Result<Vec<Event>, JournalError> {
        if let WriterHealth::Dead(failed) = &self.health {
            return Err(failed.clone());
        }
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let at = round_to_record(at);
        let (mut seq, mut head) = (self.next, self.head);
        let mut events = Vec::with_capacity(facts.len());
        self.lines.clear();
        for fact in facts {
            head = self.encode_line(seq, at, fact, head)?;
            events.push(Event { seq, at, fact: fact.clone() });
            seq = seq.next();
        }
        self.write_lines(keep_reserve)?;
        self.unsynced = true;
        if synced {
            self.sync_appended()?;
        }
        (self.next, self.head) = (seq, head);
        Ok(events)
    }

    /// Writes the buffered lines, and leaves the file as it was if that fails.
    fn write_lines(&mut self, keep_reserve: bool) -> Result<(), JournalError> {
        let end = self.length + self.lines.len() as u64;
        if keep_reserve && end + RESERVE_BYTES > self.reserved {
            let wanted = end + 2 * RESERVE_BYTES;
            if let Err(error) = self.store.reserve_space(wanted) {
                let failed = self.write_error(error);
                self.health = WriterHealth::Full(failed.clone());
                return Err(failed);
            }
            self.reserved = wanted;
        }
        if let Err(error) = self.store.write_all(&self.lines) {
            let failed = self.write_error(error);
            // Part of a line may have been written. Once that is cut off, the file is as it was.
            let mended = self.store.truncate_to(self.length).is_ok();
            self.reserved = self.length;
            self.health = if mended { WriterHealth::Full(failed.clone()) } else { WriterHealth::Dead(failed.clone()) };
            return Err(failed);
        }
        self.length = end;
        if keep_reserve {
            self.health = WriterHealth::Good;
        }
        Ok(())
    }

    fn write_error(&self, error: io::Error) -> JournalError {
        JournalError::Write { path: self.path.clone(), source: Arc::new(error) }
    }

    /// Appends a line to the buffer and returns its hash.
    fn encode_line(&mut self, seq: Seq, at: Moment, fact: &Fact, prev: Digest) -> Result<Digest, JournalError> {
        let unwritable = |reason: String| JournalError::Unwritable { kind: fact.kind().to_owned(), reason };
        if let Fact::Other(other) = fact {
            encode::find_objection(other).map_or(Ok(()), |reason| Err(unwritable(reason)))?;
        }
        let salt = self.salts.next_salt().map_err(|e| JournalError::from_io("read random bytes for", &self.path, e))?;
        let start = self.lines.len();
        encode::encode_event(seq, at, fact, &mut self.lines, &mut self.payload)
            .map_err(|e| unwritable(e.to_string()))?;
        let digest = Digest::of_parts(&[salt.as_bytes(), &self.payload]);
        let (digest, prev) = (digest.hex_digits(), prev.hex_digits());
        for part in [DIGEST_MARK.as_bytes(), &digest, PREV_MARK.as_bytes(), &prev, HASH_MARK.as_bytes()] {
            self.lines.extend_from_slice(part);
        }
        let hash = Digest::of_bytes(self.lines.get(start..).unwrap_or_default());
        for part in [&hash.hex_digits(), SALT_MARK.as_bytes(), salt.as_bytes(), PAYLOAD_MARK.as_bytes()] {
            self.lines.extend_from_slice(part);
        }
        self.lines.extend_from_slice(&self.payload);
        self.lines.extend_from_slice(b"}\n");
        Ok(hash)
    }
}

impl Drop for JournalWriter {
    /// Releases the reserved space.
    fn drop(&mut self) {
        if self.reserved > self.length && !matches!(self.health, WriterHealth::Dead(_)) {
            drop(self.store.truncate_to(self.length));
        }
    }
}

/// Opens and locks the file at the path. A redaction may replace it while we wait for the lock; anything written into the
/// old one then would be lost.
fn open_locked(path: &Path) -> Result<File, JournalError> {
    let failed = |e| JournalError::from_io("open", path, e);
    loop {
        let file = OpenOptions::new().read(true).append(true).open(path).map_err(failed)?;
        lock_file(&file, path)?;
        let (ours, there) = (file.metadata().map_err(failed)?, std::fs::metadata(path).map_err(failed)?);
        if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
}

fn lock_file(file: &File, path: &Path) -> Result<(), JournalError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(JournalError::from_io("lock", path, error)),
        }
    }
    Err(JournalError::Locked { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::NoteAdded;
    use crate::ident::{Clock as _, SystemClock};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A disk that takes so many syncs and fails the next one.
    #[derive(Debug)]
    struct FailingDisk {
        left: usize,
        calls: Arc<AtomicUsize>,
    }

    impl Write for FailingDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl LineStore for FailingDisk {
        fn sync_lines(&mut self) -> io::Result<()> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(())
        }

        fn truncate_to(&mut self, _: u64) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_failed_sync_nothing_more_is_written_and_the_error_stays() {
        let calls = Arc::new(AtomicUsize::new(0));
        let disk = FailingDisk { left: 2, calls: Arc::clone(&calls) };
        let run = "20261124-225103-7c1d9e".parse().unwrap();
        let mut writer = JournalWriter::write_header(Box::new(disk), PathBuf::from("journal.jsonl"), &run).unwrap();
        let clock = SystemClock::start_now();
        let note = [Fact::NoteAdded(NoteAdded { step: None, text: "a".into() })];
        assert_eq!(writer.append_facts(&[note.clone(), note.clone()].concat(), clock.now()).unwrap().len(), 2);
        assert_eq!(calls.load(Ordering::Relaxed), 4, "two events are one write and one sync");
        let head = writer.head_hash();

        let error = writer.append_facts(&note, clock.now()).unwrap_err().to_string();
        assert_eq!(calls.swap(0, Ordering::Relaxed), 6);
        assert_eq!(writer.append_facts(&note, clock.now()).unwrap_err().to_string(), error);
        assert_eq!(calls.load(Ordering::Relaxed), 0, "a failed sync is never tried again");
        assert_eq!((writer.head_hash(), writer.next_seq()), (head, Seq(3)));
    }

    #[test]
    fn what_is_appended_without_a_sync_is_synced_with_what_follows() {
        let calls = Arc::new(AtomicUsize::new(0));
        let disk = FailingDisk { left: 3, calls: Arc::clone(&calls) };
        let run = "20261124-225103-7c1d9e".parse().unwrap();
        let mut writer = JournalWriter::write_header(Box::new(disk), PathBuf::from("journal.jsonl"), &run).unwrap();
        let now = SystemClock::start_now().now();
        let note = [Fact::NoteAdded(NoteAdded { step: None, text: "a".into() })];
        let so_far = |calls: &AtomicUsize| calls.swap(0, Ordering::Relaxed);
        so_far(&calls);
        assert_eq!(writer.append_unsynced(&note, now).unwrap()[0].seq, Seq(1));
        assert_eq!((so_far(&calls), writer.unsynced), (1, true));
        assert_eq!(writer.append_facts(&note, now).unwrap()[0].seq, Seq(2));
        assert_eq!((so_far(&calls), writer.unsynced), (2, false), "one write, one sync for both");
        writer.append_unsynced(&note, now).unwrap();
        writer.sync_appended().unwrap();
        writer.sync_appended().unwrap();
        assert_eq!(so_far(&calls), 2, "nothing is synced twice");
        writer.append_unsynced(&note, now).unwrap();
        let error = writer.sync_appended().unwrap_err().to_string();
        assert_eq!(so_far(&calls), 2);
        assert_eq!(writer.append_facts(&note, now).unwrap_err().to_string(), error);
        assert_eq!((so_far(&calls), writer.unsynced), (0, false), "a failed sync is never tried again");
    }

    /// Fault of the disk at its call number `at`, which is a write, a sync or a preallocation.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Fault {
        Full,
        Quota,
        Broken,
        Short,
        Sync,
    }

    #[derive(Clone, Debug, Default)]
    struct Disk(Arc<std::sync::Mutex<(Vec<u8>, usize)>>);

    #[derive(Debug)]
    struct Faulty {
        disk: Disk,
        fault: Fault,
        at: usize,
    }

    impl Faulty {
        fn fails(&self) -> bool {
            let mut disk = self.disk.0.lock().unwrap();
            disk.1 += 1;
            disk.1 == self.at
        }

        fn error(&self) -> io::Error {
            io::Error::from_raw_os_error(match self.fault {
                Fault::Full | Fault::Short => 28,
                Fault::Quota => 122,
                Fault::Broken | Fault::Sync => 5,
            })
        }
    }

    impl Write for Faulty {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fails = self.fault != Fault::Sync && self.fails();
            let mut disk = self.disk.0.lock().unwrap();
            if fails && self.fault == Fault::Short {
                disk.0.extend_from_slice(&bytes[..bytes.len() / 2]);
            }
            if fails {
                return Err(self.error());
            }
            disk.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl LineStore for Faulty {
        fn sync_lines(&mut self) -> io::Result<()> {
            if self.fault == Fault::Sync && self.fails() { Err(self.error()) } else { Ok(()) }
        }

        fn truncate_to(&mut self, end: u64) -> io::Result<()> {
            self.disk.0.lock().unwrap().0.truncate(usize::try_from(end).unwrap());
            Ok(())
        }
    }

    #[test]
    fn whichever_write_fails_what_was_acknowledged_stays_readable() {
        let run = "20261124-225103-7c1d9e".parse().unwrap();
        let note = |n: usize| Fact::NoteAdded(NoteAdded { step: None, text: format!("note {n}") });
        let now = SystemClock::start_now().now();
        for fault in [Fault::Full, Fault::Quota, Fault::Broken, Fault::Short, Fault::Sync] {
            for at in 1.. {
                let disk = Disk::default();
                let store = Box::new(Faulty { disk: disk.clone(), fault, at });
                let Ok(mut writer) = JournalWriter::write_header(store, PathBuf::from("journal.jsonl"), &run) else {
                    continue;
                };
                let mut acknowledged = Vec::new();
                let mut failures = 0;
                for n in 0..12 {
                    if let Ok(events) = writer.append_facts(&[note(n)], now) {
                        acknowledged.extend(events);
                    } else {
                        failures += 1;
                        // What runs already may still be recorded, unless nobody knows what is on disk.
                        assert_eq!(writer.append_from_reserve(&[note(99)], now).is_ok(), fault != Fault::Sync);
                        acknowledged.extend(reread(&disk).into_iter().skip(acknowledged.len()).take(1));
                    }
                }
                let found = reread(&disk);
                assert!(
                    found.len() >= acknowledged.len() && found[..acknowledged.len()] == acknowledged,
                    "{fault:?} {at}"
                );
                if fault == Fault::Sync {
                    assert!(failures == 0 || found.len() == acknowledged.len(), "nothing follows a failed sync");
                } else {
                    assert!(failures <= 1, "there was room again");
                }
                if failures == 0 {
                    break;
                }
            }
        }
    }

    fn reread(disk: &Disk) -> Vec<Event> {
        let bytes = disk.0.lock().unwrap().0.clone();
        let reader = JournalReader::new(bytes.as_slice(), Path::new("journal.jsonl")).unwrap();
        reader.collect::<Result<Vec<_>, _>>().unwrap()
    }
}
