//! What Tab completes a value to: the words that are offered, and names of files.
//!
//! Invariant: a value is one whole; nothing is quoted, since placing it is not done here. A name that is shown is harmless.

use super::look::one_line;
use rustyline::completion::Candidate;
use std::path::{Path, PathBuf};

/// The most names of files that are offered.
const MOST_FILES: usize = 1_000;

/// What a value may become.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// These words.
    pub words: Vec<String>,
    /// The names of files, as seen from this folder.
    pub files_from: Option<PathBuf>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    shown: String,
    text: String,
}

impl Candidate for Offered {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.text
    }
}

/// What begins as the line does.
pub(super) fn complete(offers: &Offers, line: &str) -> Vec<Offered> {
    let words = offers.words.iter().filter(|word| word.starts_with(line));
    let mut found: Vec<Offered> = words.map(|word| Offered { shown: one_line(word), text: word.clone() }).collect();
    if let Some(folder) = &offers.files_from {
        let known: Vec<String> = found.iter().map(|offered| offered.text.clone()).collect();
        found.extend(files(folder, line).into_iter().filter(|offered| !known.contains(&offered.text)));
    }
    found
}

/// The files whose path begins as the line does. A folder has a `/` behind it, so that Tab goes on into it.
fn files(folder: &Path, line: &str) -> Vec<Offered> {
    let (above, begun) = line.rfind('/').and_then(|at| line.split_at_checked(at + 1)).unwrap_or(("", line));
    let Ok(entries) = std::fs::read_dir(folder.join(above)) else { return Vec::new() };
    let mut found: Vec<Offered> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            // A name that is no text cannot be typed either.
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !begun.starts_with('.');
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (name.starts_with(begun) && !hidden)
                .then(|| Offered { shown: one_line(&format!("{name}{slash}")), text: format!("{above}{name}{slash}") })
        })
        .take(MOST_FILES)
        .collect();
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(offers: &Offers, line: &str) -> Vec<String> {
        complete(offers, line).into_iter().map(|offered| offered.text).collect()
    }

    #[test]
    fn a_value_is_completed_to_the_words_offered_and_to_names_of_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("backups/old")).unwrap();
        for name in ["backups/a one.gz", "backups/b.gz", ".hidden"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let words = vec!["backups/b.gz".to_owned(), "north".to_owned()];
        let offers = Offers { words, files_from: Some(folder.path().to_owned()) };
        assert_eq!(texts(&offers, ""), ["backups/b.gz", "north", "backups/"]);
        assert_eq!(texts(&offers, "backups/"), ["backups/b.gz", "backups/a one.gz", "backups/old/"]);
        assert_eq!(texts(&offers, "."), [".hidden"]);
        assert!(texts(&offers, "nowhere/").is_empty());
        assert!(texts(&Offers::default(), "").is_empty());
    }

    #[test]
    fn a_file_name_cannot_speak_to_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a\u{1b}[2Jb"), "").unwrap();
        let offers = Offers { words: Vec::new(), files_from: Some(folder.path().to_owned()) };
        let found = complete(&offers, "a");
        assert!(found.iter().all(|offered| !offered.shown.contains('\u{1b}')) && found.len() == 1);
    }
}
