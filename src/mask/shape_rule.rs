//! What the rules and readers of shapes have in common.
//!
//! Invariant: plain data. Refuses to know: any single shape.

use super::shapes::TokenPart;

/// Maximum length in bytes of a name, including what stands before the part that makes it a secret's.
pub(super) const NAME_LIMIT: usize = 80;

/// The reader that judges what follows a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretShape {
    /// Parts of a token.
    Token(&'static [TokenPart]),
    /// The rest of a JSON web token. Only its signature is secret.
    Jwt,
    /// `user:password@`.
    Address,
    /// A private key, up to the dashes of its last line.
    Key,
    /// The base64 of a private key with its first line.
    EncodedKey,
    /// The rest of a secret's name, and the value beside it.
    Named,
    /// The arguments of a program that takes a password as one.
    Options(&'static [&'static str]),
    /// Database, user and password of a line of `.pgpass`.
    PasswordFile,
    /// User and password of a line of `.netrc`.
    Login,
}

/// A shape and the bytes it begins with.
#[derive(Debug)]
pub(super) struct ShapeRule {
    pub(super) name: &'static str,
    pub(super) trigger: &'static [u8],
    /// True if the trigger must stand at the beginning of a word.
    pub(super) begins_word: bool,
    pub(super) shape: SecretShape,
}

/// Name, trigger and shape of a rule that is no token.
pub(super) type RuleRow = (&'static str, &'static str, SecretShape);

/// Result of giving a byte to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReaderStep {
    /// The byte is not part of the secret.
    Pass,
    /// The byte is part of the secret, and so is everything since the first such byte.
    Take,
    /// The byte is part of the secret if another such byte follows.
    Hold,
    /// The bytes so far are not part of the secret, which may still come.
    Restart,
    /// The text is no secret.
    Out,
    /// The secret ended before this byte.
    Found,
}
