//! Finds the section and step that a text such as `database-recovery:3` names.
//!
//! Invariant: an exact match beats a near one, and a near match selects only when it is the only one. Refuses to know: steps;
//! their names are passed on as written.

use super::anchors::slugify_title;
use super::nearest::edit_distance;
use super::numbering::split_number;
use super::{Runbook, Section, SectionIndex};
use crate::ident::Anchor;
use std::fmt;

const MOST_CANDIDATES: usize = 8;

/// The section, and perhaps step, that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Index of the section; 0 for the whole document.
    pub section: SectionIndex,
    /// The step named after the colon, as written: a number or an id.
    pub step: Option<String>,
}

/// A section offered when a text selects none, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionCandidate {
    /// Anchor to select the section by.
    pub anchor: Anchor,
    /// Heading of the section.
    pub title: String,
    /// Line of the heading, from 1.
    pub line: u32,
}

/// A text that selects no section, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectError {
    /// The name that was looked for.
    pub wanted: String,
    /// True if several sections fit; otherwise none does.
    pub is_ambiguous: bool,
    /// The sections that fit, or those nearest to it, best first, at most eight.
    pub candidates: Vec<SectionCandidate>,
}

impl std::error::Error for SelectError {}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.candidates.is_empty() {
            return write!(f, "`{}` is no section: the runbook has no headings", self.wanted);
        }
        if self.is_ambiguous {
            write!(f, "`{}` may be any of these sections; name one by its anchor:", self.wanted)?;
        } else {
            write!(f, "`{}` is no section of this runbook; the nearest are:", self.wanted)?;
        }
        let width = self.candidates.iter().map(|c| c.anchor.as_str().chars().count()).max().unwrap_or(0);
        for SectionCandidate { anchor, title, line } in &self.candidates {
            write!(f, "\n  #{:width$}  {title} (line {line})", anchor.as_str())?;
        }
        Ok(())
    }
}

impl Runbook {
    /// Finds a section by anchor, title or heading path (`Service Recovery/Database Recovery`), exact or nearly so. A step may
    /// follow after a colon. An empty text is the whole document. Fails when no section fits, or several do.
    pub fn select_section(&self, text: &str) -> Result<Selection, SelectError> {
        let text = text.trim();
        let text = text.strip_prefix('#').unwrap_or(text);
        let decoded = percent_decoded(text);
        let whole = decoded.as_deref().unwrap_or(text);
        let whole = whole.strip_prefix("user-content-").unwrap_or(whole);
        // A title may hold a colon, so the whole text is tried first.
        let split = whole.rsplit_once(':').filter(|(_, step)| !step.is_empty() && !step.contains(char::is_whitespace));
        let with_step = |section, step: &str| Selection { section, step: Some(step.to_owned()) };
        if let Some(section) = self.find_exact(whole)? {
            return Ok(Selection { section, step: None });
        }
        if let Some((name, step)) = split
            && let Some(section) = self.find_exact(name)?
        {
            return Ok(with_step(section, step));
        }
        if let Some(section) = self.find_near(whole)? {
            return Ok(Selection { section, step: None });
        }
        if let Some((name, step)) = split
            && let Some(section) = self.find_near(name)?
        {
            return Ok(with_step(section, step));
        }
        let name = split.map_or(whole, |(name, _)| name);
        Err(self.unknown_section_error(name))
    }

    fn find_exact(&self, name: &str) -> Result<Option<SectionIndex>, SelectError> {
        if name.is_empty() {
            return Ok(Some(0));
        }
        let by_anchor = |section: &Section| section.anchor.as_str() == name;
        let by_other = |section: &Section| section.also.iter().any(|anchor| anchor.as_str() == name);
        // Only anchors that authors wrote can be repeated. A browser goes to the first one.
        if let Some(first) = self.matching_sections(by_anchor).first().or(self.matching_sections(by_other).first()) {
            return Ok(Some(*first));
        }
        let folded = name.to_lowercase();
        self.require_single(name, &self.matching_sections(|section| section.title.to_lowercase() == folded))
    }

    fn find_near(&self, name: &str) -> Result<Option<SectionIndex>, SelectError> {
        let key = NameKey::from_name(name);
        if key.full.is_empty() {
            return Ok(None);
        }
        let keys: Vec<[NameKey; 2]> = self
            .sections
            .iter()
            .map(|section| [NameKey::from_name(&section.title), NameKey::from_name(section.anchor.as_str())])
            .collect();
        let fitting = |fits: &dyn Fn(&NameKey) -> bool| -> Vec<SectionIndex> {
            let indexed = keys.iter().enumerate().skip(1);
            indexed.filter(|(_, keys)| keys.iter().any(fits)).map(|(index, _)| index).collect()
        };
        let same = fitting(&|other| other.full == key.full);
        if let Some(section) = self.require_single(name, &same)? {
            return Ok(Some(section));
        }
        let same = fitting(&|other| other.plain == key.plain);
        if let Some(section) = self.require_single(name, &same)? {
            return Ok(Some(section));
        }
        if name.contains('/') {
            let by_path = self.sections_by_path(name);
            if let Some(section) = self.require_single(name, &by_path)? {
                return Ok(Some(section));
            }
        }
        let longer = fitting(&|other| other.full.starts_with(&key.full) || other.plain.starts_with(&key.full));
        self.require_single(name, &longer)
    }

    /// Sections whose title fits the last part of a path, under headings that fit the parts before it.
    fn sections_by_path(&self, path: &str) -> Vec<SectionIndex> {
        let parts: Vec<NameKey> = path.split('/').map(NameKey::from_name).filter(|key| !key.full.is_empty()).collect();
        let Some((last, above)) = parts.split_last() else { return Vec::new() };
        let fits = |section: &Section, key: &NameKey| NameKey::from_name(&section.title).plain == key.plain;
        self.matching_sections(|section| {
            if !fits(section, last) {
                return false;
            }
            let mut wanted = above.iter().rev().peekable();
            let mut at = section.parent;
            while let (Some(key), Some(parent)) = (wanted.peek(), at.and_then(|at| self.sections.get(at))) {
                if fits(parent, key) {
                    wanted.next();
                }
                at = parent.parent;
            }
            wanted.peek().is_none()
        })
    }

    fn matching_sections(&self, fits: impl Fn(&Section) -> bool) -> Vec<SectionIndex> {
        let sections = self.sections.iter().enumerate().skip(1);
        sections.filter(|(_, section)| fits(section)).map(|(index, _)| index).collect()
    }

    fn require_single(&self, wanted: &str, sections: &[SectionIndex]) -> Result<Option<SectionIndex>, SelectError> {
        match sections {
            [] => Ok(None),
            [section] => Ok(Some(*section)),
            several => {
                let candidates =
                    several.iter().filter_map(|at| self.section_candidate(*at)).take(MOST_CANDIDATES).collect();
                Err(SelectError { wanted: wanted.to_owned(), is_ambiguous: true, candidates })
            }
        }
    }

    fn section_candidate(&self, section: SectionIndex) -> Option<SectionCandidate> {
        let section = self.sections.get(section)?;
        Some(SectionCandidate { anchor: section.anchor.clone(), title: section.title.clone(), line: section.line })
    }

    fn unknown_section_error(&self, wanted: &str) -> SelectError {
        let key = NameKey::from_name(wanted);
        let mut ranked: Vec<(usize, SectionIndex)> = (1..self.sections.len())
            .filter_map(|index| {
                let section = self.sections.get(index)?;
                let other = NameKey::from_name(&section.title);
                // Words in common say more than letters in common.
                let shares = key.plain.split('-').filter(|word| word.len() > 2).any(|word| other.plain.contains(word));
                let far =
                    edit_distance(&key.plain, &other.plain).min(edit_distance(&key.full, section.anchor.as_str()));
                Some((if shares { far / 2 } else { far }, index))
            })
            .collect();
        ranked.sort_unstable();
        let candidates =
            ranked.iter().filter_map(|(_, index)| self.section_candidate(*index)).take(MOST_CANDIDATES).collect();
        SelectError { wanted: wanted.to_owned(), is_ambiguous: false, candidates }
    }
}

/// A name reduced to the words that people agree on when they write it.
struct NameKey {
    /// Lower case, without punctuation and variation selectors, dashes collapsed.
    full: String,
    /// `full` without a leading number.
    plain: String,
}

impl NameKey {
    fn from_name(name: &str) -> Self {
        let full = collapse_name(name);
        let plain = match split_number(name) {
            Some((_, rest)) if !rest.is_empty() => collapse_name(&rest),
            _ => full.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned(),
        };
        Self { plain: if plain.is_empty() { full.clone() } else { plain }, full }
    }
}

fn collapse_name(name: &str) -> String {
    let slug = slugify_title(&name.replace('\u{fe0f}', ""));
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Decodes `%xx`, which browsers write for bytes beyond ASCII when they copy an anchor; none without any.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { tail.get(2..).unwrap_or(&[]) } else { tail };
    }
    String::from_utf8(bytes).ok()
}
