//! A run folder → its transcript.
//!
//! Invariant: the transcript is made from the run folder alone. It is written to a temporary file and renamed, so that a reader never
//! sees half of one.

use crate::history::{Event, Fact};
use crate::journal::{Folder, JournalError, JournalReader, RunOutput};
use crate::transcript;
use crate::transcript::{Format, Sources};
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Journals up to this size, in bytes, are kept in memory between the renderer's passes instead of being read for each.
const KEPT_BYTES: u64 = 8 << 20;

/// A transcript in a run folder.
#[derive(Clone, Debug)]
pub struct RenderedTranscript {
    /// Path of the transcript.
    pub path: PathBuf,
    /// Length in bytes of the journal's last line, if a crash has cut it off.
    pub torn: Option<u64>,
}

/// Writes the transcript of a run into its folder, as Markdown. `live`: the run still goes on. Fails when the journal cannot be read
/// or the file not written.
pub fn render_transcript(folder: &Folder, live: bool) -> Result<RenderedTranscript, JournalError> {
    let path = folder.transcript_path();
    let beside = path.with_extension("md.new");
    let failed = |error| JournalError::from_io("write", &beside, error);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(failed)?;
    let mut to = BufWriter::new(file);
    // The outputs were written a moment ago, and are not read once more to compare them.
    let range = EventRange { count: u64::MAX, is_live: live };
    let torn = render_first_events(Format::Markdown, folder, range, folder.run_outputs(), &mut to)?;
    to.flush().map_err(failed)?;
    std::fs::rename(&beside, &path).map_err(|error| JournalError::from_io("write", &path, error))?;
    Ok(RenderedTranscript { path, torn })
}

/// Writes the transcript of a run to a writer, as Markdown. See [`render_as_format`] for the result.
pub fn render_markdown_to(folder: &Folder, live: bool, to: &mut impl Write) -> Result<Option<u64>, JournalError> {
    render_as_format(Format::Markdown, folder, live, to)
}

/// Writes the transcript of a run to a writer. Returns the length in bytes of the journal's last line if a crash has cut it off. Fails
/// when the journal cannot be read or the writer fails.
pub fn render_as_format(
    format: Format,
    folder: &Folder,
    live: bool,
    to: &mut impl Write,
) -> Result<Option<u64>, JournalError> {
    let range = EventRange { count: u64::MAX, is_live: live };
    render_first_events(format, folder, range, folder.run_outputs().compare_digests(), to)
}

/// Events of a journal from which a transcript is made.
#[derive(Clone, Copy)]
pub(super) struct EventRange {
    /// Number of events, from the first on.
    pub(super) count: u64,
    /// True while the run goes on.
    pub(super) is_live: bool,
}

/// Writes the transcript of a run's first events to a writer. See [`render_as_format`] for the result.
pub(super) fn render_first_events(
    format: Format,
    folder: &Folder,
    range: EventRange,
    mut output: RunOutput,
    to: &mut impl Write,
) -> Result<Option<u64>, JournalError> {
    // One pass to check the chain, and to gather what the renderer needs besides the events.
    let mut reader = JournalReader::open_journal(&folder.journal_path())?;
    let count = usize::try_from(range.count).unwrap_or(usize::MAX);
    let is_small = std::fs::metadata(folder.journal_path()).is_ok_and(|found| found.len() <= KEPT_BYTES);
    let mut kept = is_small.then(Vec::new);
    for event in reader.by_ref().take(count) {
        let event = event?;
        if let Fact::CommandFinished(finished) = &event.fact {
            output.remember_inline(finished);
        }
        if let Some(kept) = &mut kept {
            kept.push(event);
        }
    }
    let document = folder.read_document().ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let sources = Sources {
        document: document.as_deref(),
        outputs: &output,
        last_hash: reader.head_hash(),
        is_live: range.is_live,
    };
    let rendered = match &kept {
        Some(kept) => transcript::write_transcript(format, || kept.iter(), &sources, to),
        None => transcript::write_transcript(format, || event_source(folder).take(count), &sources, to),
    };
    rendered.map_err(|error| JournalError::from_io("render", &folder.transcript_path(), error))?;
    Ok(reader.torn_bytes())
}

fn event_source(folder: &Folder) -> Box<dyn Iterator<Item = Event>> {
    match JournalReader::open_journal(&folder.journal_path()) {
        Ok(reader) => Box::new(reader.map_while(Result::ok)),
        Err(_) => Box::new(std::iter::empty()),
    }
}
