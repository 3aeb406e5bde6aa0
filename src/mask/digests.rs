//! Masks secrets of which only a digest is known.
//!
//! Invariant: nothing here tells a secret, but for its name and its length. Only the secret itself is found, in none of its
//! other forms. Refuses to know: streams.

use crate::ident::Digest;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Maximum length of a text that is searched. Every place in it costs a digest for each length.
const TEXT_LIMIT_BYTES: usize = 64 << 10;
/// Maximum length of a secret that is searched for.
const SECRET_LIMIT_BYTES: usize = 256;

/// A secret as a reader of its session may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretDigest {
    name: String,
    salt: String,
    length: usize,
    digest: Digest,
}

impl SecretDigest {
    /// The digest of a secret under a salt that nobody can guess.
    pub fn of_secret(name: &str, value: &[u8], salt: &str) -> Self {
        let digest = Digest::of_parts(&[salt.as_bytes(), value]);
        Self { name: name.to_owned(), salt: salt.to_owned(), length: value.len(), digest }
    }

    fn matches(&self, part: &[u8]) -> bool {
        Digest::of_parts(&[self.salt.as_bytes(), part]) == self.digest
    }

    /// Masks the secrets of `digests` in a text; borrowed when there is none in it.
    pub fn mask_bytes<'b>(digests: &[Self], bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if digests.is_empty() || bytes.len() > TEXT_LIMIT_BYTES {
            return Cow::Borrowed(bytes);
        }
        let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
        while at < bytes.len() {
            let found = digests
                .iter()
                .filter(|secret| (1..=SECRET_LIMIT_BYTES).contains(&secret.length))
                .find(|secret| bytes.get(at..at + secret.length).is_some_and(|part| secret.matches(part)));
            let Some(secret) = found else {
                at += 1;
                continue;
            };
            out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            out.extend_from_slice(format!("[masked:{}]", secret.name).as_bytes());
            at += secret.length;
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(bytes);
        }
        out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }
}
