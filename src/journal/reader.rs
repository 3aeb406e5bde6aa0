//! Reads a journal event by event and verifies it on the way.
//!
//! Invariant: an event that is returned is what was appended, and everything before it is there. Memory is bounded by the
//! longest line. A last line without its newline was never acknowledged: it is reported, and is no event.

use super::decode;
use super::error::{Damage, JournalError};
use super::line;
use super::line::{HEADER_START, Header};
use super::ordinary::open_ordinary;
use super::{FILE_NAME, FORMAT_VERSION};
use crate::history::{Event, Fact};
use crate::ident::{Digest, Seq};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// A longer line counts as damage.
const LINE_LIMIT_BYTES: usize = 64 << 20;
const BUFFER_BYTES: usize = 64 << 10;

/// A whole journal.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The header; none when even that line was torn.
    pub header: Option<Header>,
    /// All events, in order.
    pub events: Vec<Event>,
    /// Hash of the last whole line.
    pub head: Option<Digest>,
    /// Length in bytes of an unfinished last line, which was ignored; none without one.
    pub torn: Option<u64>,
}

/// Reads a whole journal: a file, or the one in a run folder. Fails at the first damage.
pub fn read_journal(path: &Path) -> Result<Journal, JournalError> {
    let mut reader = JournalReader::open_journal(path)?;
    let events = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok(Journal {
        header: reader.journal_header().cloned(),
        events,
        head: reader.head_hash(),
        torn: reader.torn_bytes(),
    })
}

/// Reads and verifies events one by one. After an error or the end it returns nothing more.
#[derive(Clone, Debug)]
pub struct JournalReader<R = BufReader<File>> {
    source: R,
    path: PathBuf,
    header: Option<Header>,
    head: Option<Digest>,
    torn: Option<u64>,
    next: Seq,
    buffer: Vec<u8>,
    /// Events without payload, until a `redacted` event names them.
    dropped: BTreeSet<Seq>,
    done: bool,
}

/// Result of reading up to the next newline.
enum LineRead {
    Line,
    Torn,
    TooLong,
    End,
}

impl JournalReader {
    /// Opens a journal, which is a file or the one in a run folder, and reads its header.
    pub fn open_journal(path: &Path) -> Result<Self, JournalError> {
        let path = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let file = open_ordinary(&path).map_err(|e| JournalError::from_io("read", &path, e))?;
        Self::new(BufReader::with_capacity(BUFFER_BYTES, file), &path)
    }
}

impl<R: BufRead> JournalReader<R> {
    /// Reads a journal from any source; `path` is its name in errors. Fails if the header is wrong.
    pub fn new(source: R, path: &Path) -> Result<Self, JournalError> {
        let mut reader = Self {
            source,
            path: path.to_owned(),
            header: None,
            head: None,
            torn: None,
            next: Seq(1),
            buffer: Vec::new(),
            dropped: BTreeSet::new(),
            done: false,
        };
        reader.read_header()?;
        Ok(reader)
    }

    /// The header; none when even that line is torn.
    pub fn journal_header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Hash of the last line that was read.
    pub fn head_hash(&self) -> Option<Digest> {
        self.head
    }

    /// Length in bytes of an unfinished last line. Known once the end was reached.
    pub fn torn_bytes(&self) -> Option<u64> {
        self.torn
    }

    fn read_header(&mut self) -> Result<(), JournalError> {
        let begins_like_one = match self.read_line()? {
            LineRead::End => return Ok(()),
            LineRead::Torn if self.could_be_torn_header() => return Ok(()),
            LineRead::Line => self.buffer.starts_with(HEADER_START.as_bytes()),
            LineRead::Torn | LineRead::TooLong => false,
        };
        if !begins_like_one {
            return Err(JournalError::NotAJournal { path: self.path.clone() });
        }
        let text = String::from_utf8_lossy(&self.buffer);
        if let Some((version, _, program)) = line::peek_header(&text)
            && version > FORMAT_VERSION
        {
            return Err(JournalError::Version { path: self.path.clone(), version, program });
        }
        let header = line::parse_header(&self.buffer).map_err(|what| JournalError::Damaged {
            path: self.path.clone(),
            damage: Damage { line: 1, seq: None, what: what.to_owned() },
        })?;
        self.head = Some(header.hash);
        self.header = Some(header);
        Ok(())
    }

    /// True if the buffer can be the beginning of a header. Blocks that were allocated and never written read as NUL.
    fn could_be_torn_header(&self) -> bool {
        HEADER_START.bytes().zip(&self.buffer).all(|(expected, &found)| expected == found || found == 0)
    }

    /// Reads up to the next newline into the buffer.
    fn read_line(&mut self) -> Result<LineRead, JournalError> {
        self.buffer.clear();
        loop {
            let chunk = match self.source.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(JournalError::from_io("read", &self.path, error)),
            };
            if chunk.is_empty() {
                self.done = true;
                if self.buffer.is_empty() {
                    return Ok(LineRead::End);
                }
                self.torn = Some(self.buffer.len() as u64);
                return Ok(LineRead::Torn);
            }
            let newline = memchr::memchr(b'\n', chunk);
            let taken = newline.unwrap_or(chunk.len());
            if self.buffer.len() + taken > LINE_LIMIT_BYTES {
                return Ok(LineRead::TooLong);
            }
            self.buffer.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            self.source.consume(taken + usize::from(newline.is_some()));
            if newline.is_some() {
                return Ok(LineRead::Line);
            }
        }
    }

    fn read_event(&mut self) -> Result<Option<Event>, JournalError> {
        match self.read_line()? {
            LineRead::Line => self.decode_line().map(Some).map_err(|what| self.damage_error(self.next, what)),
            other => self.check_end(&other).map(|()| None),
        }
    }

    /// Checks at the end that every dropped payload is named by a `redacted` event.
    fn check_end(&self, how: &LineRead) -> Result<(), JournalError> {
        match (how, self.dropped.first()) {
            (LineRead::TooLong, _) => Err(self.damage_error(self.next, "its line is longer than 64 MiB".to_owned())),
            (_, None) => Ok(()),
            (_, Some(&seq)) => {
                Err(self.damage_error(seq, "its payload is gone, and no `redacted` event names it".to_owned()))
            }
        }
    }

    /// Verifies the next event, and decodes it only if it says what belongs to the record (a command's start with the gate
    /// before it, its end, a redaction). None at the end.
    pub fn verify_next(&mut self) -> Result<Option<Option<Event>>, JournalError> {
        if self.done {
            return Ok(None);
        }
        let next = match self.read_line() {
            Ok(LineRead::Line) => self.verify_line().map(Some).map_err(|what| self.damage_error(self.next, what)),
            Ok(other) => self.check_end(&other).map(|()| None),
            Err(error) => Err(error),
        };
        if !matches!(next, Ok(Some(_))) {
            self.done = true;
        }
        next
    }

    fn verify_line(&mut self) -> Result<Option<Event>, String> {
        let line = line::parse_line(&self.buffer)?;
        self.check_order(&line)?;
        let event = if line::is_record_event(line.members) {
            let event = decode::decode_event(line.seq, line.members, line.payload);
            Some(event.ok_or("it is not an event of this format")?)
        } else {
            None
        };
        let (seq, hash, dropped) = (line.seq, line.hash, line.payload.is_none());
        self.advance_past(seq, hash, dropped, event.as_ref());
        Ok(event)
    }

    fn check_order(&self, line: &line::Line<'_>) -> Result<(), String> {
        if line.seq != self.next {
            return Err(format!("event {} stands in its place", line.seq));
        }
        if Some(line.prev) != self.head {
            return Err("its `prev` is not the hash of the line before".to_owned());
        }
        Ok(())
    }

    fn advance_past(&mut self, seq: Seq, hash: Digest, dropped: bool, event: Option<&Event>) {
        if dropped {
            self.dropped.insert(seq);
        }
        for seq in event.map(dropped_events).unwrap_or_default() {
            self.dropped.remove(&seq);
        }
        self.head = Some(hash);
        self.next = self.next.next();
    }

    fn decode_line(&mut self) -> Result<Event, String> {
        let line = line::parse_line(&self.buffer)?;
        self.check_order(&line)?;
        let Some(event) = decode::decode_event(line.seq, line.members, line.payload) else {
            return Err("it is not an event of this format".to_owned());
        };
        let (hash, dropped) = (line.hash, line.payload.is_none());
        self.advance_past(event.seq, hash, dropped, Some(&event));
        Ok(event)
    }

    fn damage_error(&self, seq: Seq, what: String) -> JournalError {
        // The header is line 1, and each event is one line.
        let damage = Damage { line: seq.0.saturating_add(1), seq: Some(seq), what };
        JournalError::Damaged { path: self.path.clone(), damage }
    }
}

/// The events that a `redacted` event names as dropped on purpose.
fn dropped_events(event: &Event) -> Vec<Seq> {
    match &event.fact {
        Fact::Redacted(redacted) => redacted.events.clone(),
        Fact::Other(other) if other.kind == "redacted" => {
            other.fields.get("events").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<Event, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let event = self.read_event().transpose();
        if !matches!(event, Some(Ok(_))) {
            self.done = true;
        }
        event
    }
}
