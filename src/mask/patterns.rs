//! Recognises secrets that nobody registered by their shape: keys, tokens, passwords in addresses.
//!
//! Invariant: only shapes that ordinary text does not have. The mark of the shape stays readable, the rest is masked.
//! The length of every candidate is bounded. Refuses to know: streams.

/// Number of bytes after which a longer key is masked no further.
const KEY_LIMIT: u32 = 16 << 10;
const KEY_MIN: u32 = 32;

/// The bytes that a token may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Alnum,
    Upper,
    Hex,
    Word,
    Dashed,
    Dotted,
    Base64,
}

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Dashed => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Bytes of a class, with their minimum and maximum number.
    Token(Class, u32, u32),
    /// The rest of a JSON web token. Only its signature is secret.
    Jwt,
    /// `user:password@`.
    Address,
    /// A scheme and credentials.
    Authorization,
    /// A private key, up to the dashes of its last line.
    Key,
}

/// A shape and the bytes it begins with.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) trigger: &'static [u8],
    /// True if the trigger must stand at the beginning of a word.
    pub(super) begins_word: bool,
    shape: Shape,
}

const fn token(name: &'static str, trigger: &'static str, class: Class, min: u32, max: u32) -> Rule {
    Rule { name, trigger: trigger.as_bytes(), begins_word: true, shape: Shape::Token(class, min, max) }
}

const fn shaped(name: &'static str, trigger: &'static str, shape: Shape) -> Rule {
    Rule { name, trigger: trigger.as_bytes(), begins_word: false, shape }
}

/// All shapes that are recognised.
pub(super) static RULES: &[Rule] = &[
    token("github-token", "ghp_", Class::Alnum, 36, 255),
    token("github-token", "gho_", Class::Alnum, 36, 255),
    token("github-token", "ghu_", Class::Alnum, 36, 255),
    token("github-token", "ghs_", Class::Alnum, 36, 255),
    token("github-token", "ghr_", Class::Alnum, 36, 255),
    token("github-token", "github_pat_", Class::Word, 50, 255),
    token("gitlab-token", "glpat-", Class::Dashed, 20, 128),
    token("gitlab-token", "glrt-", Class::Dashed, 20, 128),
    token("gitlab-token", "gldt-", Class::Dashed, 20, 128),
    token("slack-token", "xoxb-", Class::Dashed, 20, 255),
    token("slack-token", "xoxp-", Class::Dashed, 20, 255),
    token("slack-token", "xoxa-", Class::Dashed, 20, 255),
    token("slack-token", "xoxs-", Class::Dashed, 20, 255),
    token("slack-token", "xapp-", Class::Dashed, 20, 255),
    token("aws-key-id", "AKIA", Class::Upper, 16, 16),
    token("aws-key-id", "ASIA", Class::Upper, 16, 16),
    token("google-key", "AIza", Class::Dashed, 35, 35),
    token("google-token", "ya29.", Class::Dotted, 20, 2048),
    token("stripe-key", "sk_live_", Class::Alnum, 16, 255),
    token("stripe-key", "rk_live_", Class::Alnum, 16, 255),
    token("npm-token", "npm_", Class::Alnum, 36, 36),
    token("pypi-token", "pypi-AgE", Class::Dashed, 50, 255),
    token("huggingface-token", "hf_", Class::Alnum, 30, 64),
    token("digitalocean-token", "dop_v1_", Class::Hex, 64, 64),
    token("docker-token", "dckr_pat_", Class::Dashed, 20, 64),
    token("sendgrid-key", "SG.", Class::Dotted, 60, 128),
    token("shopify-token", "shpat_", Class::Hex, 32, 32),
    token("anthropic-key", "sk-ant-", Class::Dashed, 30, 255),
    token("openai-key", "sk-proj-", Class::Dashed, 30, 255),
    token("vault-token", "hvs.", Class::Dashed, 24, 255),
    token("age-key", "AGE-SECRET-KEY-1", Class::Upper, 50, 64),
    token("azure-key", "AccountKey=", Class::Base64, 60, 128),
    token("aws-secret", "aws_secret_access_key=", Class::Base64, 40, 40),
    token("aws-secret", "aws_secret_access_key = ", Class::Base64, 40, 40),
    token("aws-secret", "AWS_SECRET_ACCESS_KEY=", Class::Base64, 40, 40),
    token("aws-secret", "\"SecretAccessKey\": \"", Class::Base64, 40, 40),
    shaped("jwt-signature", "eyJ", Shape::Jwt),
    shaped("password", "://", Shape::Address),
    shaped("authorization", "Authorization:", Shape::Authorization),
    shaped("authorization", "authorization:", Shape::Authorization),
    shaped("authorization", "AUTHORIZATION:", Shape::Authorization),
    shaped("private-key", "-----BEGIN PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN RSA PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN DSA PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN EC PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN ENCRYPTED PRIVATE KEY-----", Shape::Key),
    shaped("private-key", "-----BEGIN PGP PRIVATE KEY BLOCK-----", Shape::Key),
];

/// Result of giving a byte to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The candidate may still become a secret.
    On,
    /// The candidate is no secret.
    Out,
    /// The bytes between these offsets are secret.
    Found(u64, u64),
}

/// Text that begins like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) rule: usize,
    shape: Shape,
    phase: u8,
    count: u32,
    /// Offset of the first byte that would be masked.
    from: Option<u64>,
    /// Offset after the last byte that would be masked.
    end: u64,
    /// The last bytes of an authorization scheme in lower case; for a key, the number of dashes in a row.
    scheme: u64,
}

impl Candidate {
    pub(super) fn new(rule: usize) -> Option<Self> {
        let shape = RULES.get(rule)?.shape;
        Some(Self { rule, shape, phase: 0, count: 0, from: None, end: 0, scheme: 0 })
    }

    /// Offset from which bytes must be held back; none when nothing would be masked yet.
    pub(super) fn held_from(&self) -> Option<u64> {
        self.from
    }

    fn take(&mut self, at: u64) -> Step {
        self.from.get_or_insert(at);
        self.count += 1;
        self.end = at + 1;
        Step::On
    }

    fn found_if(&self, enough: bool) -> Step {
        match self.from {
            Some(from) if enough => Step::Found(from, self.end),
            _ => Step::Out,
        }
    }

    /// Takes the next byte, at offset `at`.
    pub(super) fn step(&mut self, byte: u8, at: u64) -> Step {
        match self.shape {
            Shape::Token(class, min, max) => {
                if class.has(byte) {
                    // Longer than any token, so it is something else.
                    if self.count >= max { Step::Out } else { self.take(at) }
                } else {
                    self.found_if(self.count >= min)
                }
            }
            Shape::Jwt => self.jwt(byte, at),
            Shape::Address => self.address(byte, at),
            Shape::Authorization => self.authorization(byte, at),
            Shape::Key => self.key(byte, at),
        }
    }

    /// Decides at the end of the stream.
    pub(super) fn at_end(&self) -> Step {
        match self.shape {
            Shape::Token(_, min, _) => self.found_if(self.count >= min),
            Shape::Jwt => self.found_if(self.phase == 2 && self.count >= 16),
            Shape::Address => Step::Out,
            Shape::Authorization => self.found_if(self.phase == 2 && self.count >= self.enough()),
            Shape::Key => self.found_if(self.count >= KEY_MIN),
        }
    }

    fn jwt(&mut self, byte: u8, at: u64) -> Step {
        if Class::Dashed.has(byte) && self.count < 8192 {
            if self.phase == 2 {
                return self.take(at);
            }
            self.count += 1;
            return Step::On;
        }
        if byte == b'.' && self.phase < 2 && self.count >= 8 {
            self.phase += 1;
            self.count = 0;
            return Step::On;
        }
        self.found_if(self.phase == 2 && self.count >= 16)
    }

    fn address(&mut self, byte: u8, at: u64) -> Step {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b'=' | b'&');
        if self.phase == 0 {
            return match byte {
                b':' => {
                    self.phase = 1;
                    self.count = 0;
                    Step::On
                }
                _ if plain && self.count < 128 => {
                    self.count += 1;
                    Step::On
                }
                _ => Step::Out,
            };
        }
        match byte {
            b'@' => self.found_if(self.count > 0),
            // A variable or a placeholder is no password.
            b'$' | b'<' | b'{' | b'[' | b'*' if self.count == 0 => Step::Out,
            _ if plain || matches!(byte, b'!' | b'$' | b'*' | b'(' | b')' | b',' | b';' | b':' | b'^' | b'#') => {
                if self.count >= 256 { Step::Out } else { self.take(at) }
            }
            _ => Step::Out,
        }
    }

    /// Phases: blanks, the first word, the credentials after a scheme.
    fn authorization(&mut self, byte: u8, at: u64) -> Step {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        match self.phase {
            0 if matches!(byte, b' ' | b'\t') && self.count < 8 => {
                self.count += 1;
                Step::On
            }
            0 if byte.is_ascii_alphabetic() => {
                self.phase = 1;
                self.count = 1;
                self.scheme = u64::from(byte.to_ascii_lowercase());
                Step::On
            }
            1 if byte.is_ascii_alphabetic() && self.count < 8 => {
                self.count += 1;
                self.scheme = self.scheme << 8 | u64::from(byte.to_ascii_lowercase());
                Step::On
            }
            1 if byte == b' ' && self.enough() < u32::MAX => {
                self.phase = 2;
                self.count = 0;
                Step::On
            }
            2 if plain && self.count < 4096 => self.take(at),
            2 => self.found_if(self.count >= self.enough()),
            _ => Step::Out,
        }
    }

    /// Minimum number of bytes of a scheme's credentials; `u32::MAX` for an unknown scheme.
    fn enough(&self) -> u32 {
        match self.scheme.to_be_bytes() {
            [.., b'b', b'e', b'a', b'r', b'e', b'r'] | [.., b't', b'o', b'k', b'e', b'n'] => 12,
            [.., b'b', b'a', b's', b'i', b'c'] => 8,
            _ => u32::MAX,
        }
    }

    fn key(&mut self, byte: u8, at: u64) -> Step {
        let plain = byte.is_ascii_alphanumeric()
            || byte.is_ascii_whitespace()
            || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',' | b'-' | b'.' | b'"' | b'(' | b')');
        self.scheme = if byte == b'-' { self.scheme + 1 } else { 0 };
        if self.scheme == 5 {
            self.end = self.end.saturating_sub(4).max(self.from.unwrap_or(0));
            return self.found_if(self.count >= KEY_MIN);
        }
        if !plain || self.count >= KEY_LIMIT {
            return self.found_if(self.count >= 2 * KEY_MIN);
        }
        self.take(at)
    }
}
