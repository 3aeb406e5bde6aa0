//! Anchors as GitHub makes them.
//!
//! Invariant: one [`Slugger`] never gives the same anchor twice. Refuses to know: Markdown; it takes headings' rendered text.

use std::collections::HashMap;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Hands out the anchors of one document.
#[derive(Debug, Default)]
pub(super) struct Slugger {
    /// Anchors given so far, each with the number of its last duplicate.
    taken: HashMap<String, usize>,
}

impl Slugger {
    /// The anchor of the next heading, made unique with a number.
    pub(super) fn next_anchor(&mut self, title: &str) -> String {
        let plain = slugify_title(title);
        let mut anchor = plain.clone();
        // Each failed attempt raises the count kept for the plain form, so equal headings cost one attempt each.
        while self.taken.contains_key(&anchor) {
            let count = self.taken.entry(plain.clone()).or_insert(0);
            *count += 1;
            anchor = format!("{plain}-{count}");
        }
        self.taken.insert(anchor.clone(), 0);
        anchor
    }
}

/// The anchor of a heading, without regard to duplicates.
pub(super) fn slugify_title(title: &str) -> String {
    let lower = title.to_lowercase();
    lower.chars().filter(|&c| stays_in_anchor(c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn stays_in_anchor(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_');
    }
    c.is_alphabetic()
        || matches!(
            c.general_category(),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
                | GeneralCategory::DecimalNumber
                | GeneralCategory::LetterNumber
                | GeneralCategory::ConnectorPunctuation
        )
}

#[cfg(test)]
mod tests {
    use super::super::yaml::{self, Yaml, YamlEntry};
    use super::*;

    #[test]
    fn equal_headings_are_numbered_as_on_github() {
        let mut slugger = Slugger::default();
        let anchors: Vec<_> = ["Echo", "echo", "Echo 1", "echo-1", "echo"].map(|t| slugger.next_anchor(t)).into();
        assert_eq!(anchors, ["echo", "echo-1", "echo-1-1", "echo-1-2", "echo-2"]);
    }

    #[test]
    fn punctuation_goes_dashes_stay_and_a_variation_selector_stays() {
        assert_eq!(slugify_title("Monitoring & Alerts"), "monitoring--alerts");
        assert_eq!(slugify_title("⚠\u{fe0f} Stop!"), "\u{fe0f}-stop");
        assert_eq!(slugify_title("½ of λ² ⓔ"), "-of-λ-ⓔ");
    }

    #[test]
    fn every_case_of_github_slugger_comes_out_the_same() {
        #[expect(clippy::disallowed_methods, reason = "the corpus is named by the environment of the test")]
        let Ok(corpus) = std::env::var("RUNBOOK_TEST_CORPUS") else {
            return say_skipped();
        };
        let text = std::fs::read_to_string(format!("{corpus}/slugs/github-slugger.json")).unwrap();
        let Ok(Some(Yaml::List(cases))) = yaml::read_document(&text) else { panic!("a list of cases") };
        let mut slugger = Slugger::default();
        let mut differing = Vec::new();
        for case in &cases {
            let Yaml::Map(entries) = case else { panic!("a case") };
            let value = |key: &str| match entries.iter().find(|entry| entry.key == key) {
                Some(YamlEntry { value: Yaml::Text(text), .. }) => text.as_str(),
                _ => panic!("a case has no `{key}`"),
            };
            // The fixtures were made with Unicode 13. Some characters that it leaves unassigned are letters since.
            let is_of_its_time = value("name") == "Unassigned";
            if slugger.next_anchor(value("input")) != value("expected") && !is_of_its_time {
                differing.push(value("name"));
            }
        }
        assert_eq!(cases.len(), 78);
        assert!(differing.is_empty(), "{differing:?}");
    }

    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn say_skipped() {
        eprintln!("skipped: RUNBOOK_TEST_CORPUS is not set");
    }
}
