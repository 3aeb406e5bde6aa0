//! The transcript in a run folder, compared with the one that the record renders.
//!
//! Invariant: a transcript is compared byte for byte, with the rendering of the events that it says it was made from.

use super::render::{EventRange, render_first_events};
use crate::history::{Fact, RunResult};
use crate::journal::{Folder, JournalError, JournalReader};
use crate::transcript::Format;
use std::fs::File;
use std::io;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write};

/// The last paragraph of a transcript is within this many bytes of its end.
const LAST_PARAGRAPH_BYTES: i64 = 512;

/// Result of comparing a transcript with the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranscriptCheck {
    /// Every byte is as the record renders it.
    AsRendered,
    /// The transcript is as the record rendered it when it had fewer events.
    Older {
        /// Number of events that the transcript was made from.
        made_from: u64,
        /// Number of events in the journal.
        of: u64,
    },
    /// Nothing was compared, and this is why.
    NotCompared(String),
    /// The transcript is missing, is no ordinary file, or was changed, in words for people.
    Wrong(String),
}

/// Facts about a journal that decide how its transcript is compared.
#[derive(Default)]
struct RecordState {
    events: u64,
    version: String,
    result: Option<RunResult>,
}

/// Compares the transcript of a run with the record. Fails when the journal cannot be read.
pub fn compare_transcript(folder: &Folder) -> Result<TranscriptCheck, JournalError> {
    if folder.is_live() {
        return Ok(TranscriptCheck::NotCompared("the run is live".to_owned()));
    }
    let state = read_state(folder)?;
    let mut file = match folder.open_transcript() {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The engine writes it when it ends a run. Nobody does when the engine was lost.
            return Ok(if matches!(state.result, Some(RunResult::Completed | RunResult::Failed)) {
                TranscriptCheck::Wrong("`transcript.md` is missing".to_owned())
            } else {
                TranscriptCheck::NotCompared("the run has none, since its engine did not end it".to_owned())
            });
        }
        Err(error) => return Ok(TranscriptCheck::Wrong(format!("`transcript.md` cannot be read: {error}"))),
    };
    if state.version != env!("CARGO_PKG_VERSION") {
        return Ok(TranscriptCheck::NotCompared(format!("it was made by version {} of the program", state.version)));
    }
    let made_from = read_event_count(&mut file).unwrap_or(state.events).min(state.events);
    let mut compared = ComparedText { with: BufReader::new(file), line: 1, differs: false };
    let range = EventRange { count: made_from, is_live: false };
    render_first_events(Format::Markdown, folder, range, folder.run_outputs(), &mut compared)?;
    Ok(match compared.find_difference() {
        Some(line) => {
            TranscriptCheck::Wrong(format!("`transcript.md` is not what the record renders, from line {line} on"))
        }
        None if made_from < state.events => TranscriptCheck::Older { made_from, of: state.events },
        None => TranscriptCheck::AsRendered,
    })
}

fn read_state(folder: &Folder) -> Result<RecordState, JournalError> {
    let mut state = RecordState::default();
    for event in JournalReader::open_journal(folder.folder_path())? {
        state.events += 1;
        match event?.fact {
            Fact::RunStarted(started) => state.version = started.version,
            Fact::RunResumed(resumed) => (state.version, state.result) = (resumed.version, None),
            Fact::RunFinished(finished) => state.result = Some(finished.result),
            _ => {}
        }
    }
    Ok(state)
}

/// Number of events that a transcript says it was made from, in its last paragraph.
fn read_event_count(file: &mut File) -> Option<u64> {
    let length = i64::try_from(file.metadata().ok()?.len()).ok()?;
    file.seek(SeekFrom::End(-length.min(LAST_PARAGRAPH_BYTES))).ok()?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).ok()?;
    file.rewind().ok()?;
    let end = String::from_utf8_lossy(&end);
    let (_, count) = end.rsplit_once("Made from ")?;
    let digits: String = count.chars().take_while(|&c| c != 'e').filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Takes a text, and compares it with another one as it comes.
struct ComparedText {
    with: BufReader<File>,
    /// Line in which the comparison stands, from 1.
    line: u64,
    differs: bool,
}

impl ComparedText {
    /// Line of the first difference. Call it when the whole text has come.
    fn find_difference(mut self) -> Option<u64> {
        let has_more = !self.with.fill_buf().is_ok_and(<[u8]>::is_empty);
        (self.differs || has_more).then_some(self.line)
    }

    fn compare_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() && !self.differs {
            let other = self.with.fill_buf()?;
            let same = bytes.iter().zip(other).take_while(|(a, b)| a == b).count();
            let lines = bytes.iter().take(same).filter(|&&byte| byte == b'\n').count();
            self.line += u64::try_from(lines).unwrap_or(u64::MAX);
            self.differs = same < bytes.len().min(other.len()) || other.is_empty();
            self.with.consume(same);
            bytes = bytes.get(same..).unwrap_or_default();
        }
        Ok(())
    }
}

impl Write for ComparedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.compare_bytes(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
