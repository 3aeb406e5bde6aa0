//! Secrets out of a byte stream.
//!
//! Invariant: what comes out depends on the bytes alone, not on how they were cut into pieces, as long as no pause released
//! any; no byte is held back but inside what may yet become a secret. A net, not a wall: a secret that is encrypted,
//! compressed, or printed a letter a line passes. Refuses to know: where the bytes come from and where they go.

mod escapes;
mod forms;
mod matcher;
mod patterns;
mod stream;

pub use stream::Stream;

use matcher::Matcher;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// After a pause this long, see [`Stream::flush_after_silence`].
pub const SILENCE: std::time::Duration = std::time::Duration::from_millis(50);

/// Shorter secrets stand in too much that is none.
const MIN_BYTES: usize = 4;
/// Longer ones cost too much memory.
const MAX_BYTES: usize = 64 << 10;
/// Values that mean that there is none, or that stand everywhere.
const COMMON: &[&str] = &[
    "true",
    "false",
    "none",
    "null",
    "nil",
    "undefined",
    "default",
    "empty",
    "yes",
    "no",
    "on",
    "off",
    "root",
    "admin",
    "user",
    "test",
    "example",
    "localhost",
    "changeme",
    "password",
    "secret",
    "token",
    "0000",
    "1234",
    "info",
    "error",
];

/// Why a value is not taken for a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is too short.
    #[error("`{0}` has fewer than 4 bytes: masking it would hide much that is no secret; it is not masked")]
    TooShort(String),
    /// It is too long.
    #[error("`{0}` has more than 64 KiB: it is not masked")]
    TooLong(String),
    /// It is a word that stands everywhere.
    #[error("`{0}` has a value that stands in much ordinary text (like `true` or `null`); it is not masked")]
    Common(String),
}

/// Masks texts and streams. Cheap to clone; a clone does not learn of secrets that are added later.
#[derive(Clone, Debug)]
pub struct Masker {
    secrets: Vec<(String, Vec<u8>)>,
    matcher: Arc<Matcher>,
}

impl Default for Masker {
    fn default() -> Self {
        Self::new()
    }
}

impl Masker {
    /// Knows the shapes of tokens and keys, and no secret yet.
    pub fn new() -> Self {
        // The same for everyone, and each run needs several.
        static SHAPES: LazyLock<Arc<Matcher>> = LazyLock::new(|| Arc::new(Matcher::new(&[])));
        Self { secrets: Vec::new(), matcher: Arc::clone(&SHAPES) }
    }

    /// Learns a secret. One that is known already changes nothing.
    pub fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        self.add_all([(name, value)]).into_iter().next().map_or(Ok(()), Err)
    }

    /// Learns several at once; says which are refused, and why.
    pub fn add_all<'v>(&mut self, secrets: impl IntoIterator<Item = (&'v str, &'v [u8])>) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let before = self.secrets.len();
        for (name, value) in secrets {
            let value = trimmed(value);
            if let Err(refusal) = acceptable(name, value) {
                refused.push(refusal);
            } else if !self.secrets.iter().any(|(_, known)| known == value) {
                self.secrets.push((label(name, value), value.to_vec()));
            }
        }
        if self.secrets.len() > before {
            self.matcher = Arc::new(Matcher::new(&self.secrets));
        }
        refused
    }

    /// The names of the secrets, in the order they were learned.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|(name, _)| name.as_str())
    }

    /// The secrets themselves, by name.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.secrets.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// A stream to be masked.
    pub fn stream(&self) -> Stream {
        Stream::new(Arc::clone(&self.matcher))
    }

    /// A text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// The text with its secrets masked; none when there is none in it.
    pub fn masked(&self, text: &str) -> Option<String> {
        match self.text(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }

    /// Bytes without secrets.
    pub fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        // Most texts are short, and have nothing in them.
        if self.matcher.is_silent(bytes) {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut stream = self.stream();
        stream.push(bytes, &mut out);
        stream.finish(&mut out);
        if out == bytes { Cow::Borrowed(bytes) } else { Cow::Owned(out) }
    }
}

/// A file's last newline is not part of the secret in it.
fn trimmed(value: &[u8]) -> &[u8] {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    value.strip_suffix(b"\r").unwrap_or(value)
}

fn acceptable(name: &str, value: &[u8]) -> Result<(), Refusal> {
    let lower = value.trim_ascii().to_ascii_lowercase();
    if lower.len() < MIN_BYTES {
        Err(Refusal::TooShort(name.to_owned()))
    } else if value.len() > MAX_BYTES {
        Err(Refusal::TooLong(name.to_owned()))
    } else if COMMON.iter().any(|word| word.as_bytes() == lower) {
        Err(Refusal::Common(name.to_owned()))
    } else {
        Ok(())
    }
}

/// What stands between the brackets: plain characters, and nothing of the secret.
fn label(name: &str, value: &[u8]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let label: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(64).collect();
    let gives_away = label.as_bytes().windows(value.len()).any(|part| part == value);
    if label.is_empty() || gives_away { "secret".to_owned() } else { label }
}

#[cfg(test)]
mod tests;
