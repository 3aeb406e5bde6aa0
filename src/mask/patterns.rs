//! Recognises secrets that nobody registered by their shape: keys, tokens, passwords in addresses.
//!
//! Invariant: only shapes that ordinary text does not have. The mark of the shape stays readable, the rest is masked.
//! The length of every candidate is bounded. Refuses to know: streams.

/// Number of bytes after which a longer key is masked no further.
const KEY_LIMIT: u32 = 16 << 10;
const KEY_MIN: u32 = 32;

/// The bytes that a token may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteClass {
    Alnum,
    Upper,
    Hex,
    Word,
    Dashed,
    Dotted,
    Base64,
}

impl ByteClass {
    fn has_byte(self, byte: u8) -> bool {
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
enum SecretShape {
    /// Bytes of a class, with their minimum and maximum number.
    Token(ByteClass, u32, u32),
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
pub(super) struct ShapeRule {
    pub(super) name: &'static str,
    pub(super) trigger: &'static [u8],
    /// True if the trigger must stand at the beginning of a word.
    pub(super) begins_word: bool,
    shape: SecretShape,
}

const fn token_rule(name: &'static str, trigger: &'static str, class: ByteClass, min: u32, max: u32) -> ShapeRule {
    ShapeRule { name, trigger: trigger.as_bytes(), begins_word: true, shape: SecretShape::Token(class, min, max) }
}

const fn shape_rule(name: &'static str, trigger: &'static str, shape: SecretShape) -> ShapeRule {
    ShapeRule { name, trigger: trigger.as_bytes(), begins_word: false, shape }
}

/// All shapes that are recognised.
pub(super) static RULES: &[ShapeRule] = &[
    token_rule("github-token", "ghp_", ByteClass::Alnum, 36, 255),
    token_rule("github-token", "gho_", ByteClass::Alnum, 36, 255),
    token_rule("github-token", "ghu_", ByteClass::Alnum, 36, 255),
    token_rule("github-token", "ghs_", ByteClass::Alnum, 36, 255),
    token_rule("github-token", "ghr_", ByteClass::Alnum, 36, 255),
    token_rule("github-token", "github_pat_", ByteClass::Word, 50, 255),
    token_rule("gitlab-token", "glpat-", ByteClass::Dashed, 20, 128),
    token_rule("gitlab-token", "glrt-", ByteClass::Dashed, 20, 128),
    token_rule("gitlab-token", "gldt-", ByteClass::Dashed, 20, 128),
    token_rule("slack-token", "xoxb-", ByteClass::Dashed, 20, 255),
    token_rule("slack-token", "xoxp-", ByteClass::Dashed, 20, 255),
    token_rule("slack-token", "xoxa-", ByteClass::Dashed, 20, 255),
    token_rule("slack-token", "xoxs-", ByteClass::Dashed, 20, 255),
    token_rule("slack-token", "xapp-", ByteClass::Dashed, 20, 255),
    token_rule("aws-key-id", "AKIA", ByteClass::Upper, 16, 16),
    token_rule("aws-key-id", "ASIA", ByteClass::Upper, 16, 16),
    token_rule("google-key", "AIza", ByteClass::Dashed, 35, 35),
    token_rule("google-token", "ya29.", ByteClass::Dotted, 20, 2048),
    token_rule("stripe-key", "sk_live_", ByteClass::Alnum, 16, 255),
    token_rule("stripe-key", "rk_live_", ByteClass::Alnum, 16, 255),
    token_rule("npm-token", "npm_", ByteClass::Alnum, 36, 36),
    token_rule("pypi-token", "pypi-AgE", ByteClass::Dashed, 50, 255),
    token_rule("huggingface-token", "hf_", ByteClass::Alnum, 30, 64),
    token_rule("digitalocean-token", "dop_v1_", ByteClass::Hex, 64, 64),
    token_rule("docker-token", "dckr_pat_", ByteClass::Dashed, 20, 64),
    token_rule("sendgrid-key", "SG.", ByteClass::Dotted, 60, 128),
    token_rule("shopify-token", "shpat_", ByteClass::Hex, 32, 32),
    token_rule("anthropic-key", "sk-ant-", ByteClass::Dashed, 30, 255),
    token_rule("openai-key", "sk-proj-", ByteClass::Dashed, 30, 255),
    token_rule("vault-token", "hvs.", ByteClass::Dashed, 24, 255),
    token_rule("age-key", "AGE-SECRET-KEY-1", ByteClass::Upper, 50, 64),
    token_rule("azure-key", "AccountKey=", ByteClass::Base64, 60, 128),
    token_rule("aws-secret", "aws_secret_access_key=", ByteClass::Base64, 40, 40),
    token_rule("aws-secret", "aws_secret_access_key = ", ByteClass::Base64, 40, 40),
    token_rule("aws-secret", "AWS_SECRET_ACCESS_KEY=", ByteClass::Base64, 40, 40),
    token_rule("aws-secret", "\"SecretAccessKey\": \"", ByteClass::Base64, 40, 40),
    shape_rule("jwt-signature", "eyJ", SecretShape::Jwt),
    shape_rule("password", "://", SecretShape::Address),
    shape_rule("authorization", "Authorization:", SecretShape::Authorization),
    shape_rule("authorization", "authorization:", SecretShape::Authorization),
    shape_rule("authorization", "AUTHORIZATION:", SecretShape::Authorization),
    shape_rule("private-key", "-----BEGIN PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN RSA PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN DSA PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN EC PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN ENCRYPTED PRIVATE KEY-----", SecretShape::Key),
    shape_rule("private-key", "-----BEGIN PGP PRIVATE KEY BLOCK-----", SecretShape::Key),
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

/// Text that begins like a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) rule: usize,
    shape: SecretShape,
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

    fn take_byte(&mut self, at: u64) -> CandidateStep {
        self.from.get_or_insert(at);
        self.count += 1;
        self.end = at + 1;
        CandidateStep::On
    }

    fn found_if(&self, enough: bool) -> CandidateStep {
        match self.from {
            Some(from) if enough => CandidateStep::Found(from, self.end),
            _ => CandidateStep::Out,
        }
    }

    /// Takes the next byte, at offset `at`.
    pub(super) fn step_byte(&mut self, byte: u8, at: u64) -> CandidateStep {
        match self.shape {
            SecretShape::Token(class, min, max) => {
                if class.has_byte(byte) {
                    // Longer than any token, so it is something else.
                    if self.count >= max { CandidateStep::Out } else { self.take_byte(at) }
                } else {
                    self.found_if(self.count >= min)
                }
            }
            SecretShape::Jwt => self.step_jwt(byte, at),
            SecretShape::Address => self.step_address(byte, at),
            SecretShape::Authorization => self.step_authorization(byte, at),
            SecretShape::Key => self.step_key(byte, at),
        }
    }

    /// Decides at the end of the stream.
    pub(super) fn decide_at_end(&self) -> CandidateStep {
        match self.shape {
            SecretShape::Token(_, min, _) => self.found_if(self.count >= min),
            SecretShape::Jwt => self.found_if(self.phase == 2 && self.count >= 16),
            SecretShape::Address => CandidateStep::Out,
            SecretShape::Authorization => self.found_if(self.phase == 2 && self.count >= self.min_credentials()),
            SecretShape::Key => self.found_if(self.count >= KEY_MIN),
        }
    }

    fn step_jwt(&mut self, byte: u8, at: u64) -> CandidateStep {
        if ByteClass::Dashed.has_byte(byte) && self.count < 8192 {
            if self.phase == 2 {
                return self.take_byte(at);
            }
            self.count += 1;
            return CandidateStep::On;
        }
        if byte == b'.' && self.phase < 2 && self.count >= 8 {
            self.phase += 1;
            self.count = 0;
            return CandidateStep::On;
        }
        self.found_if(self.phase == 2 && self.count >= 16)
    }

    fn step_address(&mut self, byte: u8, at: u64) -> CandidateStep {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'+' | b'=' | b'&');
        if self.phase == 0 {
            return match byte {
                b':' => {
                    self.phase = 1;
                    self.count = 0;
                    CandidateStep::On
                }
                _ if plain && self.count < 128 => {
                    self.count += 1;
                    CandidateStep::On
                }
                _ => CandidateStep::Out,
            };
        }
        match byte {
            b'@' => self.found_if(self.count > 0),
            // A variable or a placeholder is no password.
            b'$' | b'<' | b'{' | b'[' | b'*' if self.count == 0 => CandidateStep::Out,
            _ if plain || matches!(byte, b'!' | b'$' | b'*' | b'(' | b')' | b',' | b';' | b':' | b'^' | b'#') => {
                if self.count >= 256 { CandidateStep::Out } else { self.take_byte(at) }
            }
            _ => CandidateStep::Out,
        }
    }

    /// Phases: blanks, the first word, the credentials after a scheme.
    fn step_authorization(&mut self, byte: u8, at: u64) -> CandidateStep {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        match self.phase {
            0 if matches!(byte, b' ' | b'\t') && self.count < 8 => {
                self.count += 1;
                CandidateStep::On
            }
            0 if byte.is_ascii_alphabetic() => {
                self.phase = 1;
                self.count = 1;
                self.scheme = u64::from(byte.to_ascii_lowercase());
                CandidateStep::On
            }
            1 if byte.is_ascii_alphabetic() && self.count < 8 => {
                self.count += 1;
                self.scheme = self.scheme << 8 | u64::from(byte.to_ascii_lowercase());
                CandidateStep::On
            }
            1 if byte == b' ' && self.min_credentials() < u32::MAX => {
                self.phase = 2;
                self.count = 0;
                CandidateStep::On
            }
            2 if plain && self.count < 4096 => self.take_byte(at),
            2 => self.found_if(self.count >= self.min_credentials()),
            _ => CandidateStep::Out,
        }
    }

    /// Minimum number of bytes of a scheme's credentials; `u32::MAX` for an unknown scheme.
    fn min_credentials(&self) -> u32 {
        match self.scheme.to_be_bytes() {
            [.., b'b', b'e', b'a', b'r', b'e', b'r'] | [.., b't', b'o', b'k', b'e', b'n'] => 12,
            [.., b'b', b'a', b's', b'i', b'c'] => 8,
            _ => u32::MAX,
        }
    }

    fn step_key(&mut self, byte: u8, at: u64) -> CandidateStep {
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
        self.take_byte(at)
    }
}
