//! One line of the file, taken apart by position and checked against its own hash and digest.
//!
//! Invariant: every byte of a line is covered: those before the hash's digits by the hash, the salt and payload by the
//! digest, the rest by having one exact form.

use super::salt::{SALT_LENGTH, is_hex};
use crate::ident::{Digest, RunId, Seq};

pub(super) const HEADER_START: &str = r#"{"runbook_journal":"#;
pub(super) const DIGEST_MARK: &str = r#","digest":""#;
pub(super) const PREV_MARK: &str = r#"","prev":""#;
pub(super) const HASH_MARK: &str = r#"","hash":""#;
pub(super) const SALT_MARK: &str = r#"","salt":""#;
pub(super) const PAYLOAD_MARK: &str = r#"","payload":"#;
/// Rest of a line after its hash, when salt and payload were dropped.
const PAYLOAD_DROPPED: &str = r#""}"#;
const DIGEST_LENGTH: usize = 64;

/// Names that belong to the line and are never used for a field of a fact.
pub(super) const LINE_NAMES: [&str; 9] =
    ["seq", "time", "mono_ns", "kind", "digest", "prev", "hash", "salt", "payload"];

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version of the format.
    pub version: u64,
    /// Id of the run.
    pub run: RunId,
    /// Name and version of the writer: `runbook 0.1.0`.
    pub program: String,
    /// Hash of the header, which the first event's `prev` repeats.
    pub hash: Digest,
}

/// An event's line, in its parts.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) seq: Seq,
    /// The members before `digest`, without the closing brace.
    pub(super) members: &'a str,
    pub(super) prev: Digest,
    pub(super) hash: Digest,
    /// None when the payload was dropped.
    pub(super) payload: Option<&'a str>,
}

/// Splits a line and checks it against its own hash and digest. The error says what is wrong with it.
pub(super) fn parse_line(line: &[u8]) -> Result<Line<'_>, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not valid UTF-8")?;
    let (covered, hash, rest) = split_hash(text).ok_or("it has no `hash` where one belongs")?;
    if Digest::of_bytes(covered.as_bytes()) != hash {
        return Err("its bytes do not match its hash");
    }
    let before = covered.strip_suffix(HASH_MARK);
    let (before, prev) = before.and_then(split_digest).ok_or("it has no `prev` where one belongs")?;
    let before = before.strip_suffix(PREV_MARK);
    let (before, digest) = before.and_then(split_digest).ok_or("it has no `digest` where one belongs")?;
    let members = before.strip_suffix(DIGEST_MARK).ok_or("it has no `digest` where one belongs")?;
    let payload = if rest == PAYLOAD_DROPPED { None } else { Some(check_payload(rest, digest)?) };
    let seq = parse_leading_seq(members).ok_or("it does not begin with its number")?;
    Ok(Line { seq, members, prev, hash, payload })
}

fn check_payload(rest: &str, digest: Digest) -> Result<&str, &'static str> {
    let (salt, payload) = split_payload(rest).ok_or("what follows its hash is not a salt and a payload")?;
    if Digest::of_parts(&[salt.as_bytes(), payload.as_bytes()]) == digest {
        Ok(payload)
    } else {
        Err("its payload does not match its digest")
    }
}

/// Parses the first line and checks it against its own hash.
pub(super) fn parse_header(line: &[u8]) -> Result<Header, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not valid UTF-8")?;
    let (covered, hash, rest) = split_hash(text).ok_or("it has no `hash` where one belongs")?;
    if rest != PAYLOAD_DROPPED {
        return Err("something follows its hash");
    }
    if Digest::of_bytes(covered.as_bytes()) != hash {
        return Err("its bytes do not match its hash");
    }
    let bad = "it does not name its format, run and program";
    let (version, run, program) = peek_header(text).ok_or(bad)?;
    Ok(Header { version, run: run.parse().map_err(|_| bad)?, program, hash })
}

/// Format, run and program of a first line. Nothing is checked, because a later format may hash differently.
pub(super) fn peek_header(text: &str) -> Option<(u64, String, String)> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let name = |key| json.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    Some((json.get("runbook_journal")?.as_u64()?, name("run"), name("program")))
}

/// The bytes before the hash's digits, the hash, and the rest. The first `,"hash":"` is the right one: quotes within
/// strings are escaped, and no field has a member of that name.
fn split_hash(text: &str) -> Option<(&str, Digest, &str)> {
    let mark = HASH_MARK.trim_start_matches('"');
    let start = memchr::memmem::find(text.as_bytes(), mark.as_bytes())? + mark.len();
    let hash = text.get(start..start + DIGEST_LENGTH)?.parse().ok()?;
    Some((text.get(..start)?, hash, text.get(start + DIGEST_LENGTH..)?))
}

fn split_digest(text: &str) -> Option<(&str, Digest)> {
    let at = text.len().checked_sub(DIGEST_LENGTH)?;
    Some((text.get(..at)?, text.get(at..)?.parse().ok()?))
}

fn split_payload(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix(SALT_MARK)?;
    let salt = rest.get(..SALT_LENGTH)?;
    is_hex(salt).then_some(())?;
    let payload = rest.get(SALT_LENGTH..)?.strip_prefix(PAYLOAD_MARK)?.strip_suffix('}')?;
    Some((salt, payload))
}

/// Cuts salt and payload off a line that ends with its newline.
pub(super) fn drop_payload(text: &mut Vec<u8>) {
    let mark = HASH_MARK.trim_start_matches('"').as_bytes();
    if let Some(start) = text.windows(mark.len()).position(|part| part == mark) {
        text.truncate(start + mark.len() + DIGEST_LENGTH);
        text.extend_from_slice(PAYLOAD_DROPPED.as_bytes());
        text.push(b'\n');
    }
}

/// Name of a member, its text → the text to put in its place; none to leave it.
pub(super) type MemberChange<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Replaces texts among a line's members, and links the line to `prev`, if that is given. Returns the line's new hash if it has one.
/// `text` ends with its newline.
pub(super) fn relink_line(text: &mut Vec<u8>, change: MemberChange<'_>, prev: Option<Digest>) -> Option<Digest> {
    let (line, members) = {
        let line = text.strip_suffix(b"\n")?;
        (std::str::from_utf8(line).ok()?.to_owned(), parse_line(line).ok()?.members.to_owned())
    };
    let changed = change_members(&members, change);
    if changed.is_none() && prev.is_none() {
        return None;
    }
    let (covered, _, rest) = split_hash(&line)?;
    let (linked, old) = covered.get(members.len()..)?.strip_suffix(HASH_MARK).and_then(split_digest)?;
    let prev = prev.unwrap_or(old);
    let covered = format!("{}{linked}{prev}{HASH_MARK}", changed.unwrap_or(members));
    let hash = Digest::of_bytes(covered.as_bytes());
    *text = format!("{covered}{hash}{rest}\n").into_bytes();
    Some(hash)
}

/// The members with texts replaced; none if there is nothing to replace.
fn change_members(members: &str, change: MemberChange<'_>) -> Option<String> {
    let mut json: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&format!("{members}}}")).ok()?;
    let mut is_changed = false;
    for (name, value) in json.iter_mut().filter(|(name, _)| !LINE_NAMES.contains(&name.as_str())) {
        is_changed |= change_texts(name, value, change);
    }
    let changed = serde_json::to_string(&json).ok().filter(|_| is_changed)?;
    changed.strip_suffix('}').map(str::to_owned)
}

fn change_texts(name: &str, value: &mut serde_json::Value, change: MemberChange<'_>) -> bool {
    match value {
        serde_json::Value::String(text) => {
            let changed = change(name, text);
            let is_changed = changed.is_some();
            *text = changed.unwrap_or_else(|| std::mem::take(text));
            is_changed
        }
        serde_json::Value::Array(values) => {
            values.iter_mut().fold(false, |changed, value| change_texts(name, value, change) | changed)
        }
        serde_json::Value::Object(values) => {
            values.iter_mut().fold(false, |changed, (name, value)| change_texts(name, value, change) | changed)
        }
        _ => false,
    }
}

/// Searches a line: true if `change` would replace a text among its members, and its salt and payload. `text` need not be valid.
pub(super) fn search_line<'t>(text: &'t [u8], change: MemberChange<'_>) -> (bool, &'t [u8]) {
    let mark = HASH_MARK.trim_start_matches('"').as_bytes();
    let (members, payload) = text.split_at(memchr::memmem::find(text, mark).unwrap_or(text.len()));
    (change_members(&String::from_utf8_lossy(members), change).is_some(), payload)
}

/// True if an event is the run's start, an opened gate, a command's start or end, or a redaction. `kind` is its fourth member,
/// and no string but the time
/// stands before it.
pub(super) fn is_record_event(members: &str) -> bool {
    const MARK: &str = r#","kind":""#;
    const KINDS: [&str; 5] =
        ["run-started\"", "gate-passed\"", "command-started\"", "command-finished\"", "redacted\""];
    let kind = members.find(MARK).and_then(|at| members.get(at + MARK.len()..)).unwrap_or_default();
    KINDS.iter().any(|word| kind.starts_with(word))
}

fn parse_leading_seq(members: &str) -> Option<Seq> {
    let rest = members.strip_prefix(r#"{"seq":"#)?;
    let digits = rest.split(',').next()?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok().map(Seq) } else { None }
}
