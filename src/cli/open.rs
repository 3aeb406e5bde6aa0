//! `FILE#PROCEDURE` → a document and a place in it.
//!
//! Invariant: a document over the size limit is never read into memory.

use super::error::Failure;
use crate::document::{Finding, Runbook, SectionIndex};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest document read, in bytes. The largest public runbook found is under 1 MiB.
const LIMIT_BYTES: u64 = 32 * 1024 * 1024;

/// A document that was read.
pub(super) struct Opened {
    /// The path as given.
    pub(super) path: PathBuf,
    /// Its original bytes.
    pub(super) bytes: Vec<u8>,
    /// The document.
    pub(super) runbook: Runbook,
}

/// What was asked for: a file and what stood after `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The file.
    pub(super) path: PathBuf,
    /// What stood after `#`, or the second argument.
    pub(super) procedure: String,
}

impl Target {
    /// Reads `FILE#PROCEDURE` and a second argument. A file whose own name holds a `#` is found first.
    pub(super) fn read(word: &str, second: Option<&str>) -> Result<Self, Failure> {
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
                return Err(Failure::usage(format!("the procedure is named twice: `{after}` and `{second}`")));
            }
            (_, Some(second)) => second.trim_start_matches('#'),
            (Some(after), None) => after,
            (None, None) => "",
        };
        Ok(Self { path: PathBuf::from(path), procedure: procedure.to_owned() })
    }
}

/// Reads a document.
pub(super) fn open(path: &Path) -> Result<Opened, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(format!("there is no file `{shown}`"))
            .help("name a Markdown file: `runbook list RUNBOOK.md`"),
        _ => Failure::usage(format!("`{shown}` cannot be read: {error}")),
    })?;
    let found = file.metadata().map_err(|error| Failure::usage(format!("`{shown}` cannot be read: {error}")))?;
    if found.is_dir() {
        return Err(Failure::usage(format!("`{shown}` is a folder")).help("name a Markdown file in it"));
    }
    let mut bytes = Vec::new();
    let read = file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::usage(format!("`{shown}` cannot be read: {error}")))?;
    if bytes.len() as u64 > LIMIT_BYTES {
        let size = found.len().max(LIMIT_BYTES + 1) / (1024 * 1024);
        return Err(Failure::usage(format!("`{shown}` has {size} MiB; a runbook may have at most 32 MiB"))
            .help("is it a Markdown document?"));
    }
    let runbook = Runbook::parse(&bytes);
    Ok(Opened { path: path.to_owned(), bytes, runbook })
}

impl Opened {
    /// The section that was asked for, and the step after `:`.
    pub(super) fn select(&self, procedure: &str) -> Result<(SectionIndex, Option<String>), Failure> {
        match self.runbook.select(procedure) {
            Ok(selected) => Ok((selected.section, selected.step)),
            Err(error) => Err(Failure::usage(format!("`{}`: {error}", self.path.display()))
                .help(format!("`runbook list {}` lists all procedures", self.path.display()))),
        }
    }

    /// The document's file name.
    pub(super) fn file_name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// The findings as lines for standard error.
    pub(super) fn findings(&self) -> Vec<String> {
        let shown = self.path.display();
        let line = |finding: &Finding| {
            let help = if finding.help.is_empty() { String::new() } else { format!(" ({})", finding.help) };
            format!("{shown}:{}: {}{help}", finding.line, finding.message)
        };
        self.runbook.findings.iter().map(line).collect()
    }
}
