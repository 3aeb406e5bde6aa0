//! Names to offer for a value, out of what earlier commands printed.
//!
//! Invariant: only offers, never decides; pure. Refuses to know: where the output comes from.

use crate::ident::InputName;
use crate::plan::Command;

/// The most lines offered for an input.
pub(super) const MOST_OFFERED: usize = 1_000;

/// The text around a placeholder within its word: `orders_` and `.gz` in `orders_TIMESTAMP.gz`.
pub(super) struct Surroundings<'c> {
    before: &'c str,
    after: &'c str,
}

impl<'c> Surroundings<'c> {
    /// Finds the surroundings of an input. `None` for a secret, and where they are too short to tell names apart.
    pub(super) fn of_input(command: &'c Command, name: &InputName) -> Option<Self> {
        let one = command.uses.iter().find(|one| one.name == *name && !one.secret)?;
        let ends_word = |c: char| c.is_whitespace() || "\"'`|;&<>()=".contains(c);
        let text = command.text.get(..one.span.start)?;
        let before = text.rsplit([' ', '\t', '\n', '"', '\'', '=', '/']).next()?;
        let after = command.text.get(one.span.end..)?.split(ends_word).next()?;
        // Without both sides of a file name, everything listed would fit.
        let is_too_short = before.len() < 2 || after.len() < 2 || after.contains('/');
        let has_syntax = [before, after].iter().any(|side| side.contains(['$', '<', '*']));
        (!is_too_short && !has_syntax).then_some(Self { before, after })
    }

    /// The parts of the printed file names that would stand where the value is missing: `2025` of `orders_2025.gz`.
    pub(super) fn matching_parts(&self, printed: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for word in printed.split_whitespace() {
            let file = word.rsplit('/').next().unwrap_or(word);
            let part = file.strip_prefix(self.before).and_then(|rest| rest.strip_suffix(self.after));
            if let Some(part) = part.filter(|part| !part.is_empty() && !found.iter().any(|known| known == part)) {
                found.push(part.to_owned());
            }
        }
        found.truncate(MOST_OFFERED);
        found
    }
}

/// The printed names that end like a default does; put into the default's folder where they have none.
pub(super) fn names_like_default(printed: &str, default: &str) -> Vec<String> {
    let name = default.rsplit('/').next().unwrap_or(default);
    let Some((_, ending)) = name.rsplit_once('.').filter(|(stem, ending)| !stem.is_empty() && !ending.is_empty())
    else {
        return Vec::new();
    };
    let folder = default.strip_suffix(name).unwrap_or("");
    let is_alike = |word: &&str| word.rsplit_once('.').is_some_and(|(stem, end)| end == ending && !stem.is_empty());
    let mut names: Vec<String> = Vec::new();
    for word in printed.split_whitespace().filter(is_alike) {
        let name = if word.contains('/') { word.to_owned() } else { format!("{folder}{word}") };
        if !names.contains(&name) && names.len() < MOST_OFFERED {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::names_like_default;

    #[test]
    fn a_listing_offers_the_names_that_end_alike() {
        let long = "-rw-r--r-- 1 a a 20 Jan 22 02:00 backups/db_2.sql.gz\ntotal 4.0K\n";
        assert_eq!(names_like_default(long, "backups/db_1.sql.gz"), ["backups/db_2.sql.gz"]);
        assert_eq!(names_like_default("db_2.gz\nnotes.txt\ndb_2.gz\n", "backups/db_1.gz"), ["backups/db_2.gz"]);
        assert!(names_like_default("a b c 1.2", "production").is_empty());
    }
}
