//! Recognises secrets that nobody registered: tokens and keys by their shape, passwords by the name beside them.
//!
//! Invariant: the length of every candidate is bounded, and so is the number of bytes that it looks back. Refuses to
//! know: streams.

use super::command_lines::{self, OptionReader};
use super::key_blocks::{EncodedKeyReader, KeyReader};
use super::named_values::NamedReader;
use super::secret_names;
use super::shape_rule::{ReaderStep, RuleRow, SecretShape, ShapeRule};
use super::shapes::TOKENS;
use super::token_readers::{AddressReader, JwtReader, TokenReader};
use std::sync::LazyLock;

/// All shapes that are recognised.
pub(super) static RULES: LazyLock<Vec<ShapeRule>> = LazyLock::new(|| {
    let tokens = TOKENS.iter().map(|token| ShapeRule {
        name: token.name,
        trigger: token.trigger.as_bytes(),
        begins_word: token.begins_word,
        shape: SecretShape::Token(token.parts),
    });
    let others = STRUCTURES.iter().chain(secret_names::TRIGGERS).chain(command_lines::TRIGGERS);
    let others = others.map(|&(name, trigger, shape)| ShapeRule {
        name,
        trigger: trigger.as_bytes(),
        begins_word: false,
        shape,
    });
    tokens.chain(others).collect()
});

const STRUCTURES: &[RuleRow] = &[
    ("jwt-signature", "eyJ", SecretShape::Jwt),
    ("password", "://", SecretShape::Address),
    ("private-key", "-----BEGIN ", SecretShape::Key),
    ("private-key", "---- BEGIN ", SecretShape::Key),
    ("private-key", "LS0tLS1CRUdJTi", SecretShape::EncodedKey),
];

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
            SecretShape::Jwt => Reader::Jwt(JwtReader::default()),
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
