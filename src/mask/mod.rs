//! Takes secrets out of a byte stream.
//!
//! Invariant: the result depends on the bytes alone, not on how they were cut into pieces, as long as no pause released
//! any. A byte is held back only inside text that may still become a secret. This is a net, not a wall: a secret that is encrypted,
//! compressed, or printed one letter a line gets through. Refuses to know: where the bytes come from and where they go.

mod command_lines;
mod digests;
mod dumps;
mod escapes;
mod folds;
mod forms;
mod key_blocks;
mod matcher;
mod named_values;
mod notations;
mod patterns;
mod prefix_filter;
mod secret_names;
mod shape_rule;
mod shapes;
mod stream;
mod token_readers;
mod trail;
mod values;

pub use digests::SecretDigest;
pub use stream::{LearnedValue, MaskedStream};

use matcher::Matcher;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// Length of a pause in output after which [`MaskedStream::flush_after_silence`] should be called.
pub const SILENCE: std::time::Duration = std::time::Duration::from_millis(50);

/// Minimum length of a secret. A shorter one occurs in too much ordinary text.
const MIN_BYTES: usize = 4;
/// Maximum length of a secret. A longer one would cost too much memory.
const MAX_BYTES: usize = 64 << 10;
/// Values that mean "no secret", or that occur everywhere.
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

/// Reason why a value is not accepted as a secret. Each variant holds the secret's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The value is shorter than 4 bytes.
    #[error("`{0}` has fewer than 4 bytes: masking it would hide much that is no secret; it is not masked")]
    TooShort(String),
    /// The value is longer than 64 KiB.
    #[error("`{0}` has more than 64 KiB: it is not masked")]
    TooLong(String),
    /// The value is a word that occurs everywhere.
    #[error("`{0}` has a value that stands in much ordinary text (like `true` or `null`); it is not masked")]
    Common(String),
}

/// Masks texts and streams. Cheap to clone; a clone does not learn secrets that are added later.
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
    /// A masker that knows the shapes of tokens and keys, and no secret yet.
    pub fn new() -> Self {
        // Shared, because each run needs several.
        static SHAPES: LazyLock<Arc<Matcher>> = LazyLock::new(|| Arc::new(Matcher::new(&[])));
        Self { secrets: Vec::new(), matcher: Arc::clone(&SHAPES) }
    }

    /// Learns a secret; one that is already known changes nothing. Fails if masking the value would mask ordinary text.
    pub fn add_secret(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        self.add_secrets([(name, value)]).into_iter().next().map_or(Ok(()), Err)
    }

    /// Learns several secrets at once, and returns the reasons for those that were refused.
    pub fn add_secrets<'v>(&mut self, secrets: impl IntoIterator<Item = (&'v str, &'v [u8])>) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let before = self.secrets.len();
        for (name, value) in secrets {
            let value = trim_newline(value);
            if let Err(refusal) = check_secret(name, value) {
                refused.push(refusal);
            } else if !self.secrets.iter().any(|(_, known)| known == value) {
                self.secrets.push((mask_label(name, value), value.to_vec()));
            }
        }
        if self.secrets.len() > before {
            self.matcher = Arc::new(Matcher::new(&self.secrets));
        }
        refused
    }

    /// Names of the secrets, in the order they were learned.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|(name, _)| name.as_str())
    }

    /// Names and values of the secrets, in the order they were learned.
    pub fn secret_values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.secrets.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Starts masking a stream with the secrets known now.
    pub fn start_stream(&self) -> MaskedStream {
        MaskedStream::new(Arc::clone(&self.matcher))
    }

    /// Names and values of the secrets that stand beside their name in a text, and are not known yet.
    pub fn find_named_values(&self, bytes: &[u8]) -> Vec<LearnedValue> {
        if self.matcher.has_no_match(bytes) {
            return Vec::new();
        }
        let mut stream = self.start_stream();
        let mut masked = Vec::with_capacity(bytes.len());
        stream.push_bytes(bytes, &mut masked);
        stream.finish_stream(&mut masked);
        let known = |value: &[u8]| self.secrets.iter().any(|(_, known)| known == value);
        stream.take_learned().into_iter().filter(|(_, value)| !known(value)).collect()
    }

    /// Masks a text; borrowed when there is no secret in it.
    pub fn mask_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.mask_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// Masks a text; none when there is no secret in it.
    pub fn mask_if_secret(&self, text: &str) -> Option<String> {
        match self.mask_text(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }

    /// Masks bytes; borrowed when there is no secret in them.
    pub fn mask_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        // Most texts are short and have no secret in them.
        if self.matcher.has_no_match(bytes) {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut stream = self.start_stream();
        stream.push_bytes(bytes, &mut out);
        stream.finish_stream(&mut out);
        if out == bytes { Cow::Borrowed(bytes) } else { Cow::Owned(out) }
    }
}

/// A file's last newline is not part of the secret in it.
fn trim_newline(value: &[u8]) -> &[u8] {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    value.strip_suffix(b"\r").unwrap_or(value)
}

fn check_secret(name: &str, value: &[u8]) -> Result<(), Refusal> {
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

/// The name between the brackets of `[masked:NAME]`: plain characters, and nothing of the secret.
fn mask_label(name: &str, value: &[u8]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let label: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(64).collect();
    let gives_away = label.as_bytes().windows(value.len()).any(|part| part == value);
    if label.is_empty() || gives_away { "secret".to_owned() } else { label }
}

#[cfg(test)]
mod fold_tests;
#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;
