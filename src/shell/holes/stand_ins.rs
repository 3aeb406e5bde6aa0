//! Words that stand for a value by how authors write them: `/path/to/file`, `/dev/sdX`, `4.x.y`, `CLUSTER_NAME=cluster-name`.
//!
//! Invariant: a form is listed only where real commands do not have it: `my-app` is not, since most such words in public
//! runbooks are meant as they stand. Refuses to know: what the command does.

use super::kind::HoleKind;
use super::vocabulary as words;

/// Where a word is looked at.
pub(super) struct At<'a> {
    /// The rest of the word.
    pub rest: &'a str,
    /// What of the word stands before.
    pub above: &'a str,
    /// It names the program, or is what a heredoc holds.
    pub aside: bool,
}

/// What begins here: its length, its name, its kind.
pub(super) fn find(at: &At<'_>) -> Option<(usize, String, HoleKind)> {
    let (len, kind) = match at.rest.chars().next()? {
        '/' if !at.aside => path(at.rest).or_else(|| device(at.rest))?,
        '$' if !at.aside => expansion(at.rest)?,
        '.' => elided(at)?,
        '0'..='9' => version(at)?,
        c if c.is_ascii_alphabetic() && !at.aside => named(at)?,
        _ => return None,
    };
    let text = at.rest.get(..len)?;
    let name = text.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(text);
    Some((len, name.to_owned(), kind))
}

fn run(text: &str, more: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || more.contains(c))).unwrap_or(text.len())
}

/// `/path/to/file`, in an address too.
fn path(rest: &str) -> Option<(usize, HoleKind)> {
    let file = rest.strip_prefix("/path/to/")?;
    let len = run(file, "/._-");
    (len > 0).then_some(("/path/to/".len() + len, HoleKind::Your))
}

/// `/dev/sdX`, `/dev/nvmeXn1`.
fn device(rest: &str) -> Option<(usize, HoleKind)> {
    let name = rest.strip_prefix("/dev/")?;
    let name = name.get(..run(name, ""))?;
    let disk = ["sd", "vd", "xvd", "hd", "nvme", "mmcblk"].iter().any(|kind| name.starts_with(kind));
    let capitals = || name.chars().filter(char::is_ascii_uppercase);
    let open = capitals().next().is_some() && capitals().all(|c| matches!(c, 'X' | 'Y' | 'Z'));
    (disk && open).then_some(("/dev/".len() + name.len(), HoleKind::Filler))
}

/// `${your-snapshot-name}`: to bash a default for `your`. With a single `-` it may be meant so.
fn expansion(rest: &str) -> Option<(usize, HoleKind)> {
    let inner = rest.strip_prefix("${")?;
    let name = inner.get(..run(inner, "-"))?;
    inner.get(name.len()..)?.strip_prefix('}')?;
    let parts = name.split('-').count();
    let lower = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.contains("--");
    let last = name.rsplit('-').next().unwrap_or_default().to_ascii_uppercase();
    let meant = parts >= 3 && (name.starts_with("your-") || words::is_noun(&last, true));
    (lower && meant).then_some((name.len() + 3, HoleKind::Your))
}

/// The lines left out of a key: `-----\n...\n-----`.
fn elided(at: &At<'_>) -> Option<(usize, HoleKind)> {
    (at.rest.starts_with("...\\n") && at.above.ends_with("\\n")).then_some((3, HoleKind::Elision))
}

/// `4.x.y`. Two parts may be the name of a branch.
fn version(at: &At<'_>) -> Option<(usize, HoleKind)> {
    let digits = at.rest.find(|c: char| !c.is_ascii_digit())?;
    let rest = at.rest.get(digits..)?;
    let open = [".x.y", ".x.z", ".x.x", ".y.z"].iter().find(|open| rest.starts_with(**open))?;
    let ends = rest.get(open.len()..)?.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
    let starts = !at.above.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
    (ends && starts).then_some((digits + open.len(), HoleKind::Filler))
}

fn named(at: &At<'_>) -> Option<(usize, HoleKind)> {
    let dashed = at.rest.get(..run(at.rest, "_-"))?.trim_end_matches('-');
    let joined = at.above.is_empty() || at.above.ends_with(['"', '\'', '=', ':', '/', '@', ',']);
    if !joined {
        return None;
    }
    if dashed == "N" && at.rest == "N" && at.above.starts_with("--") && at.above.ends_with('=') {
        return Some((1, HoleKind::Capitals));
    }
    if is_new_secret(dashed) || names_itself(at.above, dashed) {
        return Some((dashed.len(), HoleKind::Your));
    }
    Some((says_so(at.rest)?, HoleKind::Filler))
}

/// `new-payment-key`: to be made first, and never the word itself.
fn is_new_secret(word: &str) -> bool {
    let ends = ["-key", "-token", "-password", "-secret"].iter().any(|end| word.ends_with(end));
    ends && word.strip_prefix("new-").is_some_and(|rest| rest.contains('-'))
}

/// `CLUSTER_NAME=cluster-name`.
fn names_itself(above: &str, word: &str) -> bool {
    let Some(name) = above.trim_end_matches(['"', '\'']).strip_suffix('=') else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    word.contains('-') && words::is_noun(last, true) && word.replace('-', "_").to_ascii_uppercase() == name
}

/// `Placeholder 1` as a whole value.
fn says_so(rest: &str) -> Option<usize> {
    let value = rest.get(..rest.find(['"', '\'']).unwrap_or(rest.len()))?;
    let number = value.strip_prefix("placeholder").or_else(|| value.strip_prefix("Placeholder"))?;
    number.trim_start().chars().all(|c| c.is_ascii_digit()).then_some(value.len())
}
