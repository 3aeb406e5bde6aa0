//! Placeholders without brackets, known by their form: `/path/to/file`, `/dev/sdX`, `4.x.y`, `CLUSTER_NAME=cluster-name`.
//!
//! Invariant: a form is listed only where real commands do not have it: `my-app` is not, since most such words in public
//! runbooks are meant as they stand. Refuses to know: what the command does.

use super::kind::HoleKind;
use super::vocabulary as words;

/// Position within a word, with the text around it.
pub(super) struct WordStart<'a> {
    /// The rest of the word.
    pub rest: &'a str,
    /// Part of the word before this position.
    pub above: &'a str,
    /// It names the program, or is what a heredoc holds.
    pub aside: bool,
}

/// Finds a stand-in at this position: length, name and kind.
pub(super) fn find_stand_in(at: &WordStart<'_>) -> Option<(usize, String, HoleKind)> {
    let (len, kind) = match at.rest.chars().next()? {
        '/' if !at.aside => path_stand_in(at.rest).or_else(|| device_stand_in(at.rest))?,
        '$' if !at.aside => expansion_stand_in(at.rest)?,
        '.' => elided_lines(at)?,
        '0'..='9' => version_stand_in(at)?,
        c if c.is_ascii_alphabetic() && !at.aside => named_stand_in(at)?,
        _ => return None,
    };
    let text = at.rest.get(..len)?;
    let name = text.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(text);
    Some((len, name.to_owned(), kind))
}

fn word_length(text: &str, more: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || more.contains(c))).unwrap_or(text.len())
}

/// `/path/to/file`, in an address too.
fn path_stand_in(rest: &str) -> Option<(usize, HoleKind)> {
    let file = rest.strip_prefix("/path/to/")?;
    let len = word_length(file, "/._-");
    (len > 0).then_some(("/path/to/".len() + len, HoleKind::Your))
}

/// A device with a letter to fill in: `/dev/sdX`, `/dev/nvmeXn1`.
fn device_stand_in(rest: &str) -> Option<(usize, HoleKind)> {
    let name = rest.strip_prefix("/dev/")?;
    let name = name.get(..word_length(name, ""))?;
    let disk = ["sd", "vd", "xvd", "hd", "nvme", "mmcblk"].iter().any(|kind| name.starts_with(kind));
    let capitals = || name.chars().filter(char::is_ascii_uppercase);
    let open = capitals().next().is_some() && capitals().all(|c| matches!(c, 'X' | 'Y' | 'Z'));
    (disk && open).then_some(("/dev/".len() + name.len(), HoleKind::Filler))
}

/// `${your-snapshot-name}`: to bash a default for `your`. With a single `-` it may be meant so.
fn expansion_stand_in(rest: &str) -> Option<(usize, HoleKind)> {
    let inner = rest.strip_prefix("${")?;
    let name = inner.get(..word_length(inner, "-"))?;
    inner.get(name.len()..)?.strip_prefix('}')?;
    let parts = name.split('-').count();
    let lower = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.contains("--");
    let last = name.rsplit('-').next().unwrap_or_default().to_ascii_uppercase();
    let meant = parts >= 3 && (name.starts_with("your-") || words::is_value_noun(&last, true));
    (lower && meant).then_some((name.len() + 3, HoleKind::Your))
}

/// The lines left out of a key: `-----\n...\n-----`.
fn elided_lines(at: &WordStart<'_>) -> Option<(usize, HoleKind)> {
    (at.rest.starts_with("...\\n") && at.above.ends_with("\\n")).then_some((3, HoleKind::Elision))
}

/// `4.x.y`. Two parts may be the name of a branch.
fn version_stand_in(at: &WordStart<'_>) -> Option<(usize, HoleKind)> {
    // Looked at once for a number, and not once for each of its digits.
    if at.above.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.') {
        return None;
    }
    let digits = at.rest.find(|c: char| !c.is_ascii_digit())?;
    let rest = at.rest.get(digits..)?;
    let open = [".x.y", ".x.z", ".x.x", ".y.z"].iter().find(|open| rest.starts_with(**open))?;
    let ends = rest.get(open.len()..)?.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
    ends.then_some((digits + open.len(), HoleKind::Filler))
}

fn named_stand_in(at: &WordStart<'_>) -> Option<(usize, HoleKind)> {
    let joined = at.above.is_empty() || at.above.ends_with(['"', '\'', '=', ':', '/', '@', ',']);
    if !joined {
        return None;
    }
    let dashed = at.rest.get(..word_length(at.rest, "_-"))?.trim_end_matches('-');
    if dashed == "N" && at.rest == "N" && at.above.starts_with("--") && at.above.ends_with('=') {
        return Some((1, HoleKind::Capitals));
    }
    if is_new_secret(dashed) || names_itself(at.above, dashed) {
        return Some((dashed.len(), HoleKind::Your));
    }
    Some((placeholder_word(at.rest)?, HoleKind::Filler))
}

/// `new-payment-key`: to be made first, and never the word itself.
fn is_new_secret(word: &str) -> bool {
    let ends = ["-key", "-token", "-password", "-secret"].iter().any(|end| word.ends_with(end));
    ends && word.strip_prefix("new-").is_some_and(|rest| rest.contains('-'))
}

/// True if a value only repeats the name of its variable: `CLUSTER_NAME=cluster-name`.
fn names_itself(above: &str, word: &str) -> bool {
    let Some(name) = above.trim_end_matches(['"', '\'']).strip_suffix('=') else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    word.contains('-') && words::is_value_noun(last, true) && word.replace('-', "_").to_ascii_uppercase() == name
}

/// `Placeholder 1` as a whole value.
fn placeholder_word(rest: &str) -> Option<usize> {
    let number = rest.strip_prefix("placeholder").or_else(|| rest.strip_prefix("Placeholder"))?;
    let behind = number.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    let ends = behind.chars().next().is_none_or(|c| matches!(c, '"' | '\''));
    ends.then_some(rest.len() - behind.len())
}
