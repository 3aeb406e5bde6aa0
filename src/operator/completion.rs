//! Completion of values with Tab: from given words, and from names of files.
//!
//! Invariant: the whole line is one value and is never quoted. Names are sanitised before they are shown. Refuses to know:
//! where the value is used.

use super::look::one_line;
use rustyline::completion::Candidate;
use std::path::{Path, PathBuf};

/// The most names of files that are offered.
const MAX_FILES: usize = 1_000;

/// Sources of completions for a value.
#[derive(Clone, Debug, Default)]
pub struct Completions {
    /// Words that are offered as they are.
    pub words: Vec<String>,
    /// Folder whose files are offered, as relative paths; none to offer no files.
    pub files_from: Option<PathBuf>,
}

/// One completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValueCandidate {
    /// Sanitised text for the list of completions.
    shown: String,
    /// Replaces the line.
    text: String,
}

impl Candidate for ValueCandidate {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.text
    }
}

/// All completions that begin with `line`.
pub(super) fn complete_value(offers: &Completions, line: &str) -> Vec<ValueCandidate> {
    let words = offers.words.iter().filter(|word| word.starts_with(line));
    let mut found: Vec<ValueCandidate> =
        words.map(|word| ValueCandidate { shown: one_line(word), text: word.clone() }).collect();
    if let Some(folder) = &offers.files_from {
        let known: Vec<String> = found.iter().map(|offered| offered.text.clone()).collect();
        found.extend(matching_files(folder, line).into_iter().filter(|offered| !known.contains(&offered.text)));
    }
    found
}

/// The files whose path begins with `line`. A folder ends in `/`, so that the next Tab lists its files.
fn matching_files(folder: &Path, line: &str) -> Vec<ValueCandidate> {
    let (parent, prefix) = line.rfind('/').and_then(|slash| line.split_at_checked(slash + 1)).unwrap_or(("", line));
    let Ok(entries) = std::fs::read_dir(folder.join(parent)) else { return Vec::new() };
    let mut found: Vec<ValueCandidate> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            // A name that is not UTF-8 cannot be typed either.
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !prefix.starts_with('.');
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (name.starts_with(prefix) && !hidden).then(|| ValueCandidate {
                shown: one_line(&format!("{name}{slash}")),
                text: format!("{parent}{name}{slash}"),
            })
        })
        .take(MAX_FILES)
        .collect();
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(offers: &Completions, line: &str) -> Vec<String> {
        complete_value(offers, line).into_iter().map(|offered| offered.text).collect()
    }

    #[test]
    fn a_value_is_completed_to_the_words_offered_and_to_names_of_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("backups/old")).unwrap();
        for name in ["backups/a one.gz", "backups/b.gz", ".hidden"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let words = vec!["backups/b.gz".to_owned(), "north".to_owned()];
        let offers = Completions { words, files_from: Some(folder.path().to_owned()) };
        assert_eq!(texts(&offers, ""), ["backups/b.gz", "north", "backups/"]);
        assert_eq!(texts(&offers, "backups/"), ["backups/b.gz", "backups/a one.gz", "backups/old/"]);
        assert_eq!(texts(&offers, "."), [".hidden"]);
        assert!(texts(&offers, "nowhere/").is_empty());
        assert!(texts(&Completions::default(), "").is_empty());
    }

    #[test]
    fn a_file_name_cannot_speak_to_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a\u{1b}[2Jb"), "").unwrap();
        let offers = Completions { words: Vec::new(), files_from: Some(folder.path().to_owned()) };
        let found = complete_value(&offers, "a");
        assert!(found.iter().all(|offered| !offered.shown.contains('\u{1b}')) && found.len() == 1);
    }
}
