//! A run folder → its transcript.
//!
//! Invariant: the transcript is made from the run folder alone. It is written to a temporary file and renamed, so that a reader never
//! sees half of one.

use crate::history::{Event, Fact};
use crate::journal::{Folder, JournalError, Reader};
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
pub struct Rendered {
    /// Path of the transcript.
    pub path: PathBuf,
    /// Length in bytes of the journal's last line, if a crash has cut it off.
    pub torn: Option<u64>,
}

/// Writes the transcript of a run into its folder, as Markdown. `live`: the run still goes on. Fails when the journal cannot be read
/// or the file not written.
pub fn render(folder: &Folder, live: bool) -> Result<Rendered, JournalError> {
    let path = folder.transcript();
    let beside = path.with_extension("md.new");
    let failed = |error| JournalError::io("write", &beside, error);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(failed)?;
    let mut to = BufWriter::new(file);
    let torn = render_to(folder, live, &mut to)?;
    to.flush().map_err(failed)?;
    std::fs::rename(&beside, &path).map_err(|error| JournalError::io("write", &path, error))?;
    Ok(Rendered { path, torn })
}

/// Writes the transcript of a run to a writer, as Markdown. See [`render_as`] for the result.
pub fn render_to(folder: &Folder, live: bool, to: &mut impl Write) -> Result<Option<u64>, JournalError> {
    render_as(Format::Markdown, folder, live, to)
}

/// Writes the transcript of a run to a writer. Returns the length in bytes of the journal's last line if a crash has cut it off. Fails
/// when the journal cannot be read or the writer fails.
pub fn render_as(
    format: Format,
    folder: &Folder,
    live: bool,
    to: &mut impl Write,
) -> Result<Option<u64>, JournalError> {
    // One pass to check the chain, and to gather what the renderer needs besides the events.
    let mut reader = Reader::open(&folder.journal())?;
    let mut output = folder.outputs();
    let is_small = std::fs::metadata(folder.journal()).is_ok_and(|found| found.len() <= KEPT_BYTES);
    let mut kept = is_small.then(Vec::new);
    for event in reader.by_ref() {
        let event = event?;
        if let Fact::CommandFinished(finished) = &event.fact {
            output.remember(finished);
        }
        if let Some(kept) = &mut kept {
            kept.push(event);
        }
    }
    let document = std::fs::read(folder.document()).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let sources = Sources { document: document.as_deref(), output: &output, head: reader.head(), live };
    let rendered = match &kept {
        Some(kept) => transcript::write(format, || kept.iter(), &sources, to),
        None => transcript::write(format, || events(folder), &sources, to),
    };
    rendered.map_err(|error| JournalError::io("render", &folder.transcript(), error))?;
    Ok(reader.torn())
}

fn events(folder: &Folder) -> Box<dyn Iterator<Item = Event>> {
    match Reader::open(&folder.journal()) {
        Ok(reader) => Box::new(reader.map_while(Result::ok)),
        Err(_) => Box::new(std::iter::empty()),
    }
}
