//! `runbook transcript`: the transcript of a run, in one of several formats.
//!
//! Invariant: a file is written whole or not at all. Standard output is written as the transcript is rendered, so that a long one
//! needs no memory.

use super::args::{TranscriptArgs, TranscriptFormat};
use super::error::{Exit, Failure};
use super::output::print_notices;
use super::records::find_run;
use crate::journal::{Folder, JournalError};
use crate::session;
use crate::transcript::{CastVersion, Format};
use std::io;
use std::io::{BufWriter, Write};
use std::path::Path;

const BUFFER_BYTES: usize = 64 << 10;

/// Renders the transcript of a run to a file or to standard output. Fails when the record cannot be read or the output not written.
pub(super) fn render_transcript(root: &Path, args: &TranscriptArgs) -> Result<Exit, Failure> {
    let folder = find_run(root, args.run.as_deref())?;
    let format = match args.format {
        TranscriptFormat::Markdown => Format::Markdown,
        TranscriptFormat::Html => Format::Html,
        TranscriptFormat::Text => Format::Text,
        TranscriptFormat::Json => Format::Json,
        TranscriptFormat::Asciicast => Format::Asciicast(CastVersion::V3),
        TranscriptFormat::AsciicastV2 => Format::Asciicast(CastVersion::V2),
        TranscriptFormat::Junit => Format::Junit,
    };
    let torn = if args.output == "-" {
        render_to_stdout(&folder, format)?
    } else {
        render_to_file(&folder, format, &args.output)?
    };
    if let Some(bytes) = torn {
        print_notices(&[format!("the journal's last line was torn off by a crash; its {bytes} bytes are left out")]);
    }
    Ok(Exit::Success)
}

fn render_to_stdout(folder: &Folder, format: Format) -> Result<Option<u64>, Failure> {
    let mut out = KeptErrorStdout { to: io::stdout().lock(), failed: None };
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, &mut out);
    let rendered = session::render_as_format(format, folder, folder.is_live(), &mut buffered);
    let flushed = buffered.flush();
    drop(buffered);
    match out.failed.map(|error| (error.kind(), error)) {
        // The reader closed the pipe (`| head`): success.
        Some((io::ErrorKind::BrokenPipe, _)) => Ok(None),
        Some((_, error)) => Err(Failure::usage_error(format!("standard output cannot be written: {error}"))),
        None => {
            flushed.map_err(|error| Failure::usage_error(format!("standard output cannot be written: {error}")))?;
            rendered.map_err(|error| record_failure(&error))
        }
    }
}

fn render_to_file(folder: &Folder, format: Format, output: &str) -> Result<Option<u64>, Failure> {
    let path = Path::new(output);
    let cannot = |error: io::Error| Failure::usage_error(format!("`{output}` cannot be written: {error}"));
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.exists() && !path.is_file() {
        // Write into a device or a pipe; replacing it would destroy it.
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, std::fs::File::create(path).map_err(cannot)?);
        let torn = session::render_as_format(format, folder, folder.is_live(), &mut file)
            .map_err(|error| record_failure(&error))?;
        file.flush().map_err(cannot)?;
        return Ok(torn);
    }
    let new = tempfile::NamedTempFile::new_in(beside).map_err(cannot)?;
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, new);
    let torn = session::render_as_format(format, folder, folder.is_live(), &mut buffered)
        .map_err(|error| record_failure(&error))?;
    let new = buffered.into_inner().map_err(|error| cannot(error.into_error()))?;
    new.persist(path).map_err(|error| cannot(error.error))?;
    Ok(torn)
}

fn record_failure(error: &JournalError) -> Failure {
    Failure::record_error(error.to_string())
}

/// Standard output that keeps its error: the renderer would report it as an error of the record.
struct KeptErrorStdout<'a> {
    to: io::StdoutLock<'a>,
    failed: Option<io::Error>,
}

impl Write for KeptErrorStdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes).inspect_err(|error| self.failed = Some(error.kind().into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush().inspect_err(|error| self.failed = Some(error.kind().into()))
    }
}
