//! `FILE#PROCEDURE` → a document and a section of it.
//!
//! Invariant: a document over the size limit is never read into memory.

use super::error::Failure;
use crate::document::{DocumentFinding, Runbook, SectionIndex};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest document that is read, in bytes. The largest public runbook we know is under 1 MiB.
const LIMIT_BYTES: u64 = 32 * 1024 * 1024;

/// A document, read and parsed.
pub(super) struct OpenedDocument {
    /// Path as the operator typed it.
    pub(super) path: PathBuf,
    /// Bytes of the file, unchanged.
    pub(super) bytes: Vec<u8>,
    /// The document, parsed from `bytes`.
    pub(super) runbook: Runbook,
}

/// A file and the procedure in it that the operator named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProcedureTarget {
    /// Path as the operator typed it, without the procedure.
    pub(super) path: PathBuf,
    /// The text after `#`, or the second argument; empty for the whole document.
    pub(super) procedure: String,
}

impl ProcedureTarget {
    /// Parses `FILE#PROCEDURE` and an optional second argument. An existing file whose own name holds a `#` wins. Fails when the
    /// procedure is named twice.
    pub(super) fn from_arguments(word: &str, second: Option<&str>) -> Result<Self, Failure> {
        let (path, after) = if Path::new(word).is_file() {
            (word, None)
        } else {
            let at_a_file =
                word.match_indices('#').find(|(at, _)| word.get(..*at).is_some_and(|f| Path::new(f).is_file()));
            match at_a_file.map(|(at, _)| at).or_else(|| word.find('#')).and_then(|at| word.split_at_checked(at)) {
                Some((path, after)) => (path, after.strip_prefix('#')),
                None => (word, None),
            }
        };
        let procedure = match (after, second) {
            (Some(after), Some(second)) if !after.is_empty() => {
                return Err(Failure::usage_error(format!("the procedure is named twice: `{after}` and `{second}`")));
            }
            (_, Some(second)) => second.trim_start_matches('#'),
            (Some(after), None) => after,
            (None, None) => "",
        };
        Ok(Self { path: PathBuf::from(path), procedure: procedure.to_owned() })
    }
}

/// Reads and parses a document. Fails when it is missing, unreadable, a folder, or larger than 32 MiB.
pub(super) fn open_document(path: &Path) -> Result<OpenedDocument, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage_error(format!("there is no file `{shown}`"))
            .with_help("name a Markdown file: `runbook list RUNBOOK.md`"),
        _ => Failure::usage_error(format!("`{shown}` cannot be read: {error}")),
    })?;
    let found = file.metadata().map_err(|error| Failure::usage_error(format!("`{shown}` cannot be read: {error}")))?;
    if found.is_dir() {
        return Err(Failure::usage_error(format!("`{shown}` is a folder")).with_help("name a Markdown file in it"));
    }
    let mut bytes = Vec::new();
    let read = file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage_error(format!("`{shown}` cannot be read: {error}")))?;
    if bytes.len() as u64 > LIMIT_BYTES {
        let size = found.len().max(LIMIT_BYTES + 1) / (1024 * 1024);
        return Err(Failure::usage_error(format!("`{shown}` has {size} MiB; a runbook may have at most 32 MiB"))
            .with_help("is it a Markdown document?"));
    }
    let runbook = Runbook::parse_bytes(&bytes);
    Ok(OpenedDocument { path: path.to_owned(), bytes, runbook })
}

impl OpenedDocument {
    /// Finds the section that `procedure` names, and the step after its `:`. Fails when there is none, or more than one.
    pub(super) fn select_section(&self, procedure: &str) -> Result<(SectionIndex, Option<String>), Failure> {
        match self.runbook.select_section(procedure) {
            Ok(selected) => Ok((selected.section, selected.step)),
            Err(error) => Err(Failure::usage_error(format!("`{}`: {error}", self.path.display()))
                .with_help(format!("`runbook list {}` lists all procedures", self.path.display()))),
        }
    }

    /// File name of the document, without its folders.
    pub(super) fn file_name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// The parser's findings, as lines for standard error.
    pub(super) fn parser_findings(&self) -> Vec<String> {
        let shown = self.path.display();
        let line = |finding: &DocumentFinding| {
            let help = if finding.help.is_empty() { String::new() } else { format!(" ({})", finding.help) };
            format!("{shown}:{}: {}{help}", finding.line, finding.message)
        };
        self.runbook.findings.iter().map(line).collect()
    }
}
