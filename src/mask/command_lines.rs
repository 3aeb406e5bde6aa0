//! Reads passwords that are told by their place: an argument of a program, a field of `.pgpass` or `.netrc`.
//!
//! Invariant: only the rest of one line is read.

use super::shape_rule::{ReaderStep, RuleRow, SecretShape};
use super::values;

/// Maximum number of bytes between a program and its password.
const LINE_LIMIT: u32 = 1024;
const VALUE_LIMIT: usize = 512;

/// Options of programs. `-u:` takes `user:password`, `-p` a word of its own, and `-p+` the rest of the same word.
pub(super) const TRIGGERS: &[RuleRow] = &[
    ("password", "curl ", SecretShape::Options(&["-u:", "--user:", "-U:", "--proxy-user:"])),
    ("password", "mysql ", SecretShape::Options(&["-p+"])),
    ("password", "mysqldump ", SecretShape::Options(&["-p+"])),
    ("password", "mysqladmin ", SecretShape::Options(&["-p+"])),
    ("password", "mysqlimport ", SecretShape::Options(&["-p+"])),
    ("password", "mysqlcheck ", SecretShape::Options(&["-p+"])),
    ("password", "mysqlbinlog ", SecretShape::Options(&["-p+"])),
    ("password", "mariadb ", SecretShape::Options(&["-p+"])),
    ("password", "mariadb-dump ", SecretShape::Options(&["-p+"])),
    ("password", "sshpass ", SecretShape::Options(&["-p+", "-p"])),
    ("password", "redis-cli ", SecretShape::Options(&["-a"])),
    ("password", "mongosh ", SecretShape::Options(&["-p+", "-p"])),
    ("password", "mongo ", SecretShape::Options(&["-p"])),
    ("password", "mongodump ", SecretShape::Options(&["-p"])),
    ("password", "mongorestore ", SecretShape::Options(&["-p"])),
    ("password", "docker login ", SecretShape::Options(&["-p"])),
    ("password", "ldapsearch ", SecretShape::Options(&["-w"])),
    ("password", "ldapmodify ", SecretShape::Options(&["-w"])),
    ("password", "sqlcmd ", SecretShape::Options(&["-P"])),
    ("password", "IDENTIFIED BY ", SecretShape::Options(&[""])),
    ("password", "identified by ", SecretShape::Options(&[""])),
    ("password", ":5432:", SecretShape::PasswordFile),
    ("password", ":5433:", SecretShape::PasswordFile),
    ("password", ":6432:", SecretShape::PasswordFile),
    ("password", ":*:", SecretShape::PasswordFile),
    ("password", "login ", SecretShape::Login),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between words, and in the words before the password.
    Words,
    User,
    Value,
}

/// Reads a line up to a password.
#[derive(Clone, Debug)]
pub(super) struct OptionReader {
    options: &'static [&'static str],
    phase: Phase,
    count: u32,
    word: Vec<u8>,
    quote: Option<u8>,
    value: Vec<u8>,
    /// Fields or words still to come before the password.
    fields: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Option,
    PasswordFile,
    Login,
}

impl OptionReader {
    pub(super) fn new(options: &'static [&'static str]) -> Self {
        // The empty option: the value follows at once.
        let phase = if options == [""] { Phase::Value } else { Phase::Words };
        Self {
            options,
            phase,
            count: 0,
            word: Vec::new(),
            quote: None,
            value: Vec::new(),
            fields: 0,
            place: Place::Option,
        }
    }

    pub(super) fn in_password_file() -> Self {
        Self { fields: 2, place: Place::PasswordFile, ..Self::new(&[]) }
    }

    pub(super) fn in_login() -> Self {
        Self { fields: 2, place: Place::Login, ..Self::new(&[]) }
    }

    pub(super) fn reads_words(&self) -> bool {
        self.phase == Phase::Words && self.place == Place::Option
    }

    pub(super) fn learned_value(&self) -> Option<(String, Vec<u8>)> {
        values::is_worth_learning(&self.value).then(|| ("password".to_owned(), self.value.clone()))
    }

    pub(super) fn is_complete(&self) -> bool {
        self.phase == Phase::Value && self.is_secret()
    }

    fn is_secret(&self) -> bool {
        values::is_given_password(&self.value)
    }

    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        self.count += 1;
        if self.count > LINE_LIMIT {
            return ReaderStep::Out;
        }
        match (self.phase, self.place) {
            (Phase::Value, _) => self.step_value(byte),
            (_, Place::PasswordFile) => self.step_field(byte),
            (_, Place::Login) => self.step_login(byte),
            (Phase::User, _) => self.step_user(byte),
            (Phase::Words, _) => self.step_word(byte),
        }
    }

    fn step_field(&mut self, byte: u8) -> ReaderStep {
        match byte {
            b':' if self.word.is_empty() => return ReaderStep::Out,
            b':' => {
                self.word.clear();
                self.fields -= 1;
                if self.fields == 0 {
                    self.phase = Phase::Value;
                }
            }
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'*' | b'\\' | b'@') => {
                self.word.push(byte);
            }
            _ => return ReaderStep::Out,
        }
        ReaderStep::Pass
    }

    /// Reads `USER password` between blanks and newlines.
    fn step_login(&mut self, byte: u8) -> ReaderStep {
        if !byte.is_ascii_whitespace() {
            self.word.push(byte);
            return if self.word.len() > 64 { ReaderStep::Out } else { ReaderStep::Pass };
        }
        if self.word.is_empty() {
            return ReaderStep::Pass;
        }
        let word = std::mem::take(&mut self.word);
        self.fields -= 1;
        if self.fields == 0 {
            if word != b"password" {
                return ReaderStep::Out;
            }
            self.phase = Phase::Value;
        }
        ReaderStep::Pass
    }

    fn step_word(&mut self, byte: u8) -> ReaderStep {
        if matches!(byte, b'\n' | b'\r' | b';' | b'|') {
            return ReaderStep::Out;
        }
        let blank = matches!(byte, b' ' | b'\t');
        if !(blank || byte == b'=' && self.word.starts_with(b"--")) {
            // The rest of `-pPASSWORD` begins here.
            if self.has_option("+") {
                self.phase = Phase::Value;
                return self.step_value(byte);
            }
            if self.word.len() < 32 {
                self.word.push(byte);
            }
            return ReaderStep::Pass;
        }
        if self.has_option(":") {
            self.phase = Phase::User;
        } else if self.has_option("") {
            self.phase = Phase::Value;
        }
        self.word.clear();
        ReaderStep::Pass
    }

    /// True if the word is an option that takes its value in the way of `ending`. Short options may stand together.
    fn has_option(&self, ending: &str) -> bool {
        self.options.iter().any(|option| {
            let name = option.trim_end_matches([':', '+']);
            let way = option.get(name.len()..).unwrap_or_default();
            let word = self.word.as_slice();
            let clustered = way == ":"
                && name.len() == 2
                && word.len() > 2
                && word.len() < 8
                && word.first() == Some(&b'-')
                && word.iter().skip(1).all(u8::is_ascii_alphabetic)
                && word.last() == name.as_bytes().last();
            way == ending && !name.is_empty() && (word == name.as_bytes() || clustered)
        })
    }

    fn step_user(&mut self, byte: u8) -> ReaderStep {
        match byte {
            b'"' | b'\'' if self.word.is_empty() && self.quote.is_none() => self.quote = Some(byte),
            b':' => {
                self.phase = Phase::Value;
                self.word.clear();
            }
            0..=b' ' | b'"' | b'\'' | b'<' | b'{' | b'[' => return ReaderStep::Out,
            _ => {
                self.word.push(byte);
                if self.word.len() > 128 {
                    return ReaderStep::Out;
                }
            }
        }
        ReaderStep::Pass
    }

    fn step_value(&mut self, byte: u8) -> ReaderStep {
        if self.value.is_empty() && self.quote.is_none() {
            match byte {
                b'"' | b'\'' if self.place != Place::PasswordFile => {
                    self.quote = Some(byte);
                    return ReaderStep::Pass;
                }
                b' ' | b'\t' if self.options == [""] || self.place == Place::Login => return ReaderStep::Pass,
                b'-' if self.options.contains(&"-p") => return ReaderStep::Out,
                // What follows `IDENTIFIED BY` in prose has no quotes.
                _ if self.options == [""] => return ReaderStep::Out,
                _ => {}
            }
        }
        let ends = match self.quote {
            Some(quote) => byte == quote || matches!(byte, b'\n' | b'\r'),
            None => {
                byte <= b' '
                    || (self.place == Place::Option && matches!(byte, b'"' | b'\'' | b'`' | b';' | b'|' | b')'))
            }
        };
        if ends {
            return if self.is_secret() { ReaderStep::Found } else { ReaderStep::Out };
        }
        let next_field = self.place == Place::PasswordFile && byte == b':' && self.value.last() != Some(&b'\\');
        if next_field || self.value.len() >= VALUE_LIMIT {
            return ReaderStep::Out;
        }
        self.value.push(byte);
        ReaderStep::Take
    }
}
