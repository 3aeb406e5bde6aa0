//! Updates the facts in a post-mortem that people have written in.
//!
//! Invariant: no text that a person wrote is ever lost. Nothing outside the marked facts is touched, and facts that a person
//! changed are kept. If a mark is missing, doubled or torn, the file is left alone. Refuses to know: files.

use crate::ident::Digest;
use std::collections::BTreeMap;

const FACTS: &str = "<!-- runbook:facts ";
const FACTS_END: &str = "<!-- /runbook:facts ";
const WRITE: &str = "<!-- runbook:write ";
const WRITE_END: &str = "<!-- /runbook:write ";
const CLOSE: &str = " -->";

/// Puts facts between their marks. The digest in the mark later shows if a person has changed them.
pub(super) fn wrap_facts(name: &str, text: &str) -> String {
    let text = text.trim_end_matches('\n');
    format!("{FACTS}{name} {}{CLOSE}\n\n{text}\n\n{FACTS_END}{name}{CLOSE}", short_digest(text))
}

/// Puts a blank for people to fill in between its marks.
pub(super) fn wrap_blank(name: &str, hint: &str) -> String {
    format!("{WRITE}{name}{CLOSE}\n\n{hint}\n\n{WRITE_END}{name}{CLOSE}")
}

/// True if a line is one of our marks.
pub(super) fn is_mark_line(line: &str) -> bool {
    let line = line.trim();
    line.ends_with(CLOSE) && [FACTS, FACTS_END, WRITE, WRITE_END].iter().any(|start| line.starts_with(start))
}

fn short_digest(text: &str) -> String {
    let text: Vec<&str> = text.lines().map(str::trim_end).collect();
    let digest = Digest::of_bytes(text.join("\n").trim_matches('\n').as_bytes()).to_string();
    digest.chars().take(12).collect()
}

/// Result of updating the facts in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeResult {
    /// The file can be updated.
    Updated {
        /// New text of the whole file.
        text: String,
        /// Names of the parts kept because a person changed them, although the record now gives other facts.
        kept: Vec<String>,
    },
    /// The file must stay as it is, for this reason; the new rendering belongs into a file beside it.
    Unmergeable(String),
}

enum FilePiece<'a> {
    Text(&'a str),
    Facts { name: &'a str, digest: &'a str, lines: Vec<&'a str> },
}

/// Replaces the facts in the text of a file with those of a new rendering.
pub fn merge_facts(file: &str, new: &str) -> MergeResult {
    let pieces = match split_pieces(file) {
        Ok(pieces) => pieces,
        Err(why) => return MergeResult::Unmergeable(why),
    };
    let mut fresh: BTreeMap<&str, String> = BTreeMap::new();
    for piece in self::split_pieces(new).unwrap_or_default() {
        if let FilePiece::Facts { name, lines, .. } = piece {
            fresh.insert(name, join_lines(&lines));
        }
    }
    let has =
        |wanted: &str| pieces.iter().any(|piece| matches!(piece, FilePiece::Facts { name, .. } if *name == wanted));
    let missing: Vec<String> = fresh.keys().filter(|name| !has(name)).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        return MergeResult::Unmergeable(format!("the marks of {} are not in it any more", missing.join(", ")));
    }
    let ending = if file.contains("\r\n") { "\r\n" } else { "\n" };
    let (mut text, mut kept) = (String::with_capacity(file.len()), Vec::new());
    for piece in &pieces {
        match piece {
            FilePiece::Text(line) => text.push_str(line),
            FilePiece::Facts { name, digest: known, lines } => {
                let (old, new) = (join_lines(lines), fresh.get(name));
                match new {
                    Some(new) if short_digest(&old) == *known => {
                        text.push_str(&wrap_facts(name, new).replace('\n', ending));
                        text.push_str(ending);
                    }
                    _ => {
                        // A person changed the part, or the new rendering does not have it: it is kept.
                        text.extend([FACTS, name, " ", known, CLOSE, ending]);
                        for line in lines {
                            text.push_str(line);
                        }
                        text.extend([FACTS_END, name, CLOSE, ending]);
                        if new.is_some_and(|new| short_digest(new) != *known && short_digest(new) != short_digest(&old))
                        {
                            kept.push((*name).to_owned());
                        }
                    }
                }
            }
        }
    }
    if !file.ends_with('\n')
        && let Some(length) = text.strip_suffix(ending).map(str::len)
    {
        text.truncate(length);
    }
    MergeResult::Updated { text, kept }
}

fn join_lines(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end_matches(['\n', '\r'])).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Splits a file into lines and marked parts. Fails with a sentence if the marks are not in pairs.
fn split_pieces(file: &str) -> Result<Vec<FilePiece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut open: Option<(&str, &str, Vec<&str>)> = None;
    let mut names: Vec<&str> = Vec::new();
    for line in file.split_inclusive('\n') {
        let plain = line.trim();
        let mark = |start: &str| plain.strip_prefix(start).and_then(|rest| rest.strip_suffix(CLOSE)).map(str::trim);
        if let Some(mark) = mark(FACTS) {
            let (name, digest) = mark.split_once(' ').unwrap_or((mark, ""));
            if let Some((before, ..)) = open {
                return Err(format!("the part `{before}` has no end before the part `{name}` begins"));
            }
            if names.contains(&name) {
                return Err(format!("the part `{name}` stands in it twice"));
            }
            names.push(name);
            open = Some((name, digest, Vec::new()));
        } else if let Some(name) = mark(FACTS_END) {
            match open.take() {
                Some((opened, digest, lines)) if opened == name => {
                    pieces.push(FilePiece::Facts { name: opened, digest, lines });
                }
                _ => return Err(format!("the end of the part `{name}` has no beginning")),
            }
        } else if let Some((name, _, lines)) = &mut open {
            // A blank inside the facts: their end mark was lost, and a person's text would be replaced.
            if plain.starts_with(WRITE) || plain.starts_with(WRITE_END) {
                return Err(format!("the end of the part `{name}` is missing"));
            }
            lines.push(line);
        } else {
            pieces.push(FilePiece::Text(line));
        }
    }
    match open {
        Some((name, ..)) => Err(format!("the end of the part `{name}` is missing")),
        None => Ok(pieces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report(timeline: &str) -> String {
        format!(
            "# P\n\n{}\n\n## Why\n\n{}\n\n{}\n",
            wrap_facts("timeline", timeline),
            wrap_blank("why", "_To be written._"),
            wrap_facts("runs", "one")
        )
    }

    fn merged(file: &str, new: &str) -> (String, Vec<String>) {
        match merge_facts(file, new) {
            MergeResult::Updated { text, kept } => (text, kept),
            MergeResult::Unmergeable(why) => panic!("{why}"),
        }
    }

    #[test]
    fn new_facts_come_in_and_what_people_wrote_stays() {
        let edited = report("a").replace("_To be written._", "The pump was **old**.\n\n- really") + "\nA last word\n";
        let (text, kept) = merged(&edited, &report("a\nb"));
        assert_eq!(
            text,
            report("a\nb").replace("_To be written._", "The pump was **old**.\n\n- really") + "\nA last word\n"
        );
        assert!(kept.is_empty());
        assert_eq!(merged(&report("a"), &report("a")).0, report("a"));
    }

    #[test]
    fn facts_that_a_person_changed_are_kept_and_said() {
        let edited = report("a").replace("\na\n", "\na, says Ines\n");
        let (text, kept) = merged(&edited, &report("b"));
        assert!(text.contains("a, says Ines"), "{text}");
        assert_eq!(kept, ["timeline"]);
        let (again, kept) = merged(&edited, &report("a"));
        assert_eq!((again, kept), (edited, vec![]), "nothing new, so there is nothing to say");
    }

    #[test]
    fn a_missing_or_torn_mark_leaves_the_file_alone() {
        let good = report("a");
        let without_end = good.replace("<!-- /runbook:facts timeline -->\n", "");
        let without_part = good.replace("runbook:facts timeline", "was");
        let doubled = format!("{good}{good}");
        for bad in [&without_end, &without_part, &doubled, "", "My own text\n"] {
            assert!(matches!(merge_facts(bad, &report("b")), MergeResult::Unmergeable(_)), "{bad}");
        }
    }

    #[test]
    fn windows_line_ends_stay() {
        let edited = report("a").replace('\n', "\r\n");
        let (text, kept) = merged(&edited, &report("b"));
        assert_eq!((text, kept), (report("b").replace('\n', "\r\n"), vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_written_line_is_ever_lost(words in proptest::collection::vec("[a-z<>! -]{1,12}", 1..8), at in any::<prop::sample::Index>()) {
            let mut lines: Vec<String> = report("a").lines().map(str::to_owned).collect();
            let at = at.index(lines.len() + 1);
            let written: Vec<String> = words.iter().map(|word| format!("w {word}")).collect();
            lines.splice(at..at, written.iter().cloned());
            let file = lines.join("\n") + "\n";
            if let MergeResult::Updated { text, .. } = merge_facts(&file, &report("b")) {
                for line in &written {
                    prop_assert!(text.lines().any(|found| found == line), "{line} is gone from:\n{text}");
                }
            }
        }
    }
}
