//! Recognises secrets that nobody registered: tokens and keys by their shape, passwords by the name beside them.
//!
//! Invariant: the length of every candidate is bounded, and so is the number of bytes that it looks back. Refuses to
//! know: streams.

use super::command_lines::{self, OptionReader};
use super::key_blocks::{EncodedKeyReader, KeyReader};
use super::named_values::{self, NamedReader};
use super::shapes::{ByteClass, TOKENS, TokenPart};
use std::sync::LazyLock;

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

/// All shapes that are recognised.
pub(super) static RULES: LazyLock<Vec<ShapeRule>> = LazyLock::new(|| {
    let tokens = TOKENS.iter().map(|token| ShapeRule {
        name: token.name,
        trigger: token.trigger.as_bytes(),
        begins_word: token.begins_word,
        shape: SecretShape::Token(token.parts),
    });
    let others = STRUCTURES.iter().chain(named_values::TRIGGERS).chain(command_lines::TRIGGERS);
    let others = others.map(|&(name, trigger, shape)| ShapeRule {
        name,
        trigger: trigger.as_bytes(),
        begins_word: false,
        shape,
    });
    tokens.chain(others).collect()
});

/// Name, trigger and shape of a rule that is no token.
pub(super) type RuleRow = (&'static str, &'static str, SecretShape);

const STRUCTURES: &[RuleRow] = &[
    ("jwt-signature", "eyJ", SecretShape::Jwt),
    ("password", "://", SecretShape::Address),
    ("private-key", "-----BEGIN ", SecretShape::Key),
    ("private-key", "---- BEGIN ", SecretShape::Key),
    ("private-key", "LS0tLS1CRUdJTi", SecretShape::EncodedKey),
];

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

/// Result of giving a byte to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CandidateStep {
    /// The candidate may still become a secret.
    On,
    /// The candidate is no secret.
    Out,
    /// The bytes between these offsets are secret.
    Found(u64, u64),
}

#[derive(Clone, Debug)]
enum Reader {
    Token(TokenReader),
    Jwt(JwtReader),
    Address(AddressReader),
    Key(KeyReader),
    EncodedKey(Box<EncodedKeyReader>),
    Named(Box<NamedReader>),
    Options(Box<OptionReader>),
}

/// Text that begins like a secret.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) rule: usize,
    reader: Reader,
    /// Offset of the first byte that would be masked.
    from: Option<u64>,
    /// Offset after the last byte that would be masked.
    end: u64,
}

impl Candidate {
    /// A candidate for what follows the trigger of a rule. `before` is the word that the trigger ends, and `opener` the
    /// byte before that word.
    pub(super) fn new(rule: usize, before: &[u8], opener: Option<u8>) -> Option<Self> {
        let reader = match RULES.get(rule)?.shape {
            SecretShape::Token(parts) => Reader::Token(TokenReader::new(parts)),
            SecretShape::Jwt => Reader::Jwt(JwtReader { part: 0, count: 0 }),
            SecretShape::Address => Reader::Address(AddressReader::default()),
            SecretShape::Key => Reader::Key(KeyReader::default()),
            SecretShape::EncodedKey => Reader::EncodedKey(Box::default()),
            SecretShape::Named => Reader::Named(Box::new(NamedReader::new(before, opener)?)),
            SecretShape::Options(options) => Reader::Options(Box::new(OptionReader::new(options))),
            SecretShape::PasswordFile => Reader::Options(Box::new(OptionReader::in_password_file())),
            SecretShape::Login => Reader::Options(Box::new(OptionReader::in_login())),
        };
        Some(Self { rule, reader, from: None, end: 0 })
    }

    /// Offset from which bytes must be held back; none when nothing would be masked yet.
    pub(super) fn held_from(&self) -> Option<u64> {
        self.from
    }

    /// True while the candidate reads what another one of that rule would read, too: the rest of a name or of a line.
    pub(super) fn covers_rule(&self, rule: usize) -> bool {
        match &self.reader {
            Reader::Named(named) => {
                named.reads_name() && RULES.get(rule).is_some_and(|rule| rule.shape == SecretShape::Named)
            }
            Reader::Options(options) => rule == self.rule && options.reads_words(),
            _ => false,
        }
    }

    /// Name and value of a secret that should be known from now on.
    pub(super) fn learned_value(&self) -> Option<(String, Vec<u8>)> {
        match &self.reader {
            Reader::Named(named) => named.learned_value(),
            Reader::Options(options) => options.learned_value(),
            Reader::Address(address) => address.learned_value(),
            _ => None,
        }
    }

    /// Takes the next byte, at offset `at`.
    pub(super) fn step_byte(&mut self, byte: u8, at: u64) -> CandidateStep {
        let step = match &mut self.reader {
            Reader::Token(reader) => reader.step_byte(byte),
            Reader::Jwt(reader) => reader.step_byte(byte),
            Reader::Address(reader) => reader.step_byte(byte),
            Reader::Key(reader) => reader.step_byte(byte),
            Reader::EncodedKey(reader) => reader.step_byte(byte),
            Reader::Named(reader) => reader.step_byte(byte),
            Reader::Options(reader) => reader.step_byte(byte),
        };
        match step {
            ReaderStep::Pass => {}
            ReaderStep::Take => {
                self.from.get_or_insert(at);
                self.end = at + 1;
            }
            ReaderStep::Hold => {
                self.from.get_or_insert(at);
                self.end = self.end.max(self.from.unwrap_or(at));
            }
            ReaderStep::Restart => self.from = None,
            ReaderStep::Out => return CandidateStep::Out,
            ReaderStep::Found => return self.found_range(),
        }
        CandidateStep::On
    }

    /// Decides at the end of the stream.
    pub(super) fn decide_at_end(&mut self) -> CandidateStep {
        let is_secret = match &mut self.reader {
            Reader::Token(reader) => reader.is_complete(),
            Reader::Jwt(reader) => reader.is_complete(),
            Reader::Address(_) => false,
            Reader::Key(reader) => reader.is_complete(),
            Reader::EncodedKey(reader) => reader.is_complete(),
            Reader::Named(reader) => reader.is_complete(),
            Reader::Options(reader) => reader.is_complete(),
        };
        if is_secret { self.found_range() } else { CandidateStep::Out }
    }

    fn found_range(&self) -> CandidateStep {
        match self.from {
            Some(from) if self.end > from => CandidateStep::Found(from, self.end),
            _ => CandidateStep::Out,
        }
    }
}

/// Reads the parts of a token.
#[derive(Clone, Debug)]
struct TokenReader {
    parts: &'static [TokenPart],
    part: usize,
    count: u32,
    /// Kinds of bytes seen, as bits: digits, lower-case and upper-case letters.
    mixed: u8,
    /// The last byte, and how often in a row it stands there.
    repeated: (u8, u32),
    /// True for `xxxx` and the like, which stands for a token.
    stands_in: bool,
}

/// Number of equal bytes in a row that no token has; of the letter x fewer suffice.
const REPEATED_BYTES: u32 = 10;
const REPEATED_XES: u32 = 4;

impl TokenReader {
    fn new(parts: &'static [TokenPart]) -> Self {
        Self { parts, part: 0, count: 0, mixed: 0, repeated: (0, 0), stands_in: false }
    }

    fn count_byte(&mut self, byte: u8) {
        self.count += 1;
        self.mixed |= byte_kind(byte);
        self.repeated = if self.repeated.0 == byte { (byte, self.repeated.1 + 1) } else { (byte, 1) };
        let limit = if matches!(byte, b'x' | b'X') { REPEATED_XES } else { REPEATED_BYTES };
        self.stands_in |= self.repeated.1 >= limit;
    }

    fn step_byte(&mut self, byte: u8) -> ReaderStep {
        loop {
            match self.parts.get(self.part) {
                Some(TokenPart::Run(class, min, max)) => {
                    let is_last = self.part + 1 == self.parts.len();
                    if class.has_byte(byte) && (self.count < *max || is_last) {
                        // Longer than any token, so it is something else.
                        if self.count >= *max {
                            return ReaderStep::Out;
                        }
                        self.count_byte(byte);
                        return ReaderStep::Take;
                    }
                    if self.count < *min {
                        return ReaderStep::Out;
                    }
                    if is_last {
                        let ends = !byte.is_ascii_alphanumeric() && self.is_complete();
                        return if ends { ReaderStep::Found } else { ReaderStep::Out };
                    }
                    (self.part, self.count) = (self.part + 1, 0);
                }
                Some(TokenPart::Mark(mark)) => {
                    self.part += 1;
                    return if byte == *mark { ReaderStep::Take } else { ReaderStep::Out };
                }
                None => return ReaderStep::Out,
            }
        }
    }

    /// True if all parts are there. A token of one kind of letters alone is a word.
    fn is_complete(&self) -> bool {
        let last = self.part + 1 == self.parts.len();
        let enough = matches!(self.parts.get(self.part), Some(TokenPart::Run(_, min, _)) if self.count >= *min);
        last && enough && !self.stands_in && self.mixed.count_ones() >= 2
    }
}

/// A bit for a digit, a lower-case or an upper-case letter.
fn byte_kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 4,
        _ => 0,
    }
}

#[derive(Clone, Debug)]
struct JwtReader {
    part: u8,
    count: u32,
}

impl JwtReader {
    fn step_byte(&mut self, byte: u8) -> ReaderStep {
        if (ByteClass::Dashed.has_byte(byte) || byte == b'/' || byte == b'=') && self.count < 8192 {
            self.count += 1;
            return if self.part == 2 { ReaderStep::Take } else { ReaderStep::Pass };
        }
        if byte == b'.' && self.part < 2 && self.count >= 8 {
            self.part += 1;
            self.count = 0;
            return ReaderStep::Pass;
        }
        if self.is_complete() { ReaderStep::Found } else { ReaderStep::Out }
    }

    fn is_complete(&self) -> bool {
        self.part == 2 && self.count >= 10
    }
}

/// Reads `user:password@` of an address.
#[derive(Clone, Debug, Default)]
struct AddressReader {
    in_password: bool,
    count: u32,
    password: Vec<u8>,
}

impl AddressReader {
    fn step_byte(&mut self, byte: u8) -> ReaderStep {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b'=' | b'&');
        if !self.in_password {
            return match byte {
                b':' => {
                    self.in_password = true;
                    ReaderStep::Pass
                }
                _ if plain && self.count < 128 => {
                    self.count += 1;
                    ReaderStep::Pass
                }
                _ => ReaderStep::Out,
            };
        }
        match byte {
            // A variable or a placeholder is no password.
            b'@' | b'$' | b'<' | b'{' | b'[' | b'*' if self.password.is_empty() => ReaderStep::Out,
            b'@' => ReaderStep::Found,
            _ if plain || matches!(byte, b'!' | b'$' | b'*' | b'(' | b')' | b',' | b';' | b':' | b'^' | b'#') => {
                if self.password.len() >= 256 {
                    return ReaderStep::Out;
                }
                self.password.push(byte);
                ReaderStep::Take
            }
            _ => ReaderStep::Out,
        }
    }

    fn learned_value(&self) -> Option<(String, Vec<u8>)> {
        let is_strong = super::values::is_worth_learning(&self.password);
        is_strong.then(|| ("password".to_owned(), self.password.clone()))
    }
}
