//! Judges whether the value beside a secret's name is a secret.
//!
//! Invariant: a placeholder, a variable, a plain word, a number, a path and the name of something else are none.

use super::secret_names::NameGrade;

const MIN_PASSWORD_BYTES: usize = 6;
const MIN_TOKEN_BYTES: usize = 8;
const MIN_RANDOM_BYTES: usize = 12;
/// Minimum length in bytes of a password of words alone.
const MIN_PHRASE_BYTES: usize = 16;
/// Length in bytes of a value that is learned for the rest of the run. A long one has many long forms.
const LEARNED_BYTES: std::ops::RangeInclusive<usize> = 8..=256;
/// Words of a value that stands for another.
const STAND_INS: &[&str] = &[
    "your",
    "example",
    "change",
    "replace",
    "insert",
    "here",
    "placeholder",
    "dummy",
    "redacted",
    "masked",
    "todo",
    "sample",
    "xxx",
    "pass",
    "secret",
    "token",
    "key",
    "value",
    "user",
    "string",
    "name",
    "fake",
    "test",
    "enter",
    "paste",
    "hidden",
    "removed",
    "omitted",
    "none",
    "null",
    "unset",
    "required",
    "optional",
    "default",
    "generated",
];
const EXTENSIONS: &[&str] = &[
    ".pem",
    ".key",
    ".crt",
    ".cer",
    ".cert",
    ".p12",
    ".pfx",
    ".jks",
    ".json",
    ".yml",
    ".yaml",
    ".txt",
    ".env",
    ".pub",
    ".asc",
    ".gpg",
    ".conf",
    ".cfg",
    ".ini",
    ".toml",
    ".xml",
    ".html",
    ".md",
    ".sh",
    ".py",
    ".js",
    ".ts",
    ".go",
    ".rs",
    ".sql",
    ".log",
    ".gz",
    ".zip",
    ".tar",
    ".keytab",
    ".key.pub",
    ".properties",
    ".service",
];

/// True if the value of a name of this grade is a secret. `quoted` tells whether it was in quotes.
pub(super) fn is_secret_value(value: &[u8], grade: NameGrade, quoted: bool) -> bool {
    if value.len() < MIN_PASSWORD_BYTES || stands_for_another(value) || is_reference(value, quoted) {
        return false;
    }
    match grade {
        NameGrade::Password => is_mixed(value) || is_phrase(value),
        NameGrade::Token | NameGrade::Authorization => {
            value.len() >= MIN_TOKEN_BYTES && (looks_random(value) || (is_mixed(value) && has_inner_digit(value)))
        }
        NameGrade::Cookie | NameGrade::SetCookie => value.split(|&byte| byte == b';').any(|pair| {
            let at = memchr::memchr(b'=', pair).map_or(pair.len(), |at| at + 1);
            looks_random(pair.get(at..).unwrap_or_default())
        }),
        NameGrade::Key => looks_random(value),
    }
}

/// True if what follows a scheme such as `Bearer` is credentials.
pub(super) fn is_credentials(value: &[u8]) -> bool {
    let signs = value.iter().any(|byte| matches!(byte, b'+' | b'/' | b'=' | b'.' | b'_' | b'~'));
    value.len() >= MIN_TOKEN_BYTES && !stands_for_another(value) && (signs || changes_of_kind(value) > 0)
}

/// True if a password given to a program is one. It may be short, because only the program's option says what it is.
pub(super) fn is_given_password(value: &[u8]) -> bool {
    value.len() >= 4 && !value.iter().all(u8::is_ascii_digit) && !stands_for_another(value) && !is_path(value)
}

/// True if a value is strange enough to be masked wherever it occurs.
pub(super) fn is_worth_learning(value: &[u8]) -> bool {
    LEARNED_BYTES.contains(&value.len())
        && !stands_for_another(value)
        && (looks_random(value) || (is_mixed(value) && !is_compound(value)))
}

/// True for placeholders, variables, templates and values that were masked before.
fn stands_for_another(value: &[u8]) -> bool {
    let Some((&first, &last)) = value.first().zip(value.last()) else { return true };
    let second = value.get(1).copied().unwrap_or(0);
    let enclosed = matches!((first, last), (b'<', b'>') | (b'{', b'}') | (b'[', b']') | (b'%', b'%'));
    let variable =
        first == b'$' && (second.is_ascii_alphanumeric() || matches!(second, b'{' | b'(' | b'_' | b'*' | b'@'));
    let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
    let template = has(b"{{")
        || has(b"${")
        || has(b"$(")
        || has(b"[masked:")
        || has(b"<%")
        || has(b"#{")
        || has(b"...")
        || has("\u{2026}".as_bytes());
    // One byte again and again: `****`, `xxxx`, `0000`.
    let repeated = value.iter().all(|byte| *byte == first);
    let format = has(b"%s") || has(b"%d") || (first == b'%' && value.len() <= 3);
    enclosed
        || variable
        || template
        || repeated
        || format
        || first == b'<'
        || last == b'>'
        || has(b"***")
        || has(b"xxxx")
        || has(b"XXXX")
        || says_stand_in(value)
}

/// True if a value of words and numbers says that it stands for another. A random value may contain such a word by chance.
fn says_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if memchr::memmem::find(&lower, b"redacted").is_some()
        || lower.starts_with(b"your")
        || lower.starts_with(b"changeme")
        || lower.starts_with(b"insert")
    {
        return true;
    }
    let plain = value.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'/'));
    plain
        && !looks_random(value)
        && STAND_INS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// True for paths, addresses, numbers, versions and expressions of a program.
fn is_reference(value: &[u8], quoted: bool) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
    let number = value
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b':' | b'-' | b'+' | b'_' | b'/' | b'e'));
    number
        || has(b"://")
        || is_path(value)
        || is_host(value)
        || is_mail(value)
        || (!quoted && (is_expression(value) || is_member(value)))
}

fn is_path(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let begins = [b"/".as_slice(), b"./", b"../", b"~/", b"~", b"\\\\"].iter().any(|begin| value.starts_with(begin));
    let drive = matches!(value, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let inner = value.contains(&b'/') && !value.contains(&b'+') && !value.ends_with(b"=");
    drive
        || ((begins || inner) && !looks_random(value))
        || EXTENSIONS.iter().any(|extension| lower.ends_with(extension.as_bytes()))
}

/// True for `name.example.com:443`.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = value.split_at(memchr::memrchr(b':', value).unwrap_or(value.len()));
    let plain = |label: &[u8]| {
        !label.is_empty()
            && label.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    let labels: Vec<&[u8]> = host.split(|&byte| byte == b'.').collect();
    let top =
        labels.last().is_some_and(|label| (2..=8).contains(&label.len()) && label.iter().all(u8::is_ascii_lowercase));
    let has_port = port.iter().skip(1).all(u8::is_ascii_digit);
    labels.len() >= 2 && top && has_port && labels.iter().all(|label| plain(label)) && !looks_random(value)
}

fn is_mail(value: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', value) else { return false };
    let (user, host) = value.split_at(at);
    let plain = user.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+'));
    plain && is_host(host.get(1..).unwrap_or_default())
}

/// True for `name(…`, `name[…`, `name!(…` and `*name`: expressions of a program.
fn is_expression(value: &[u8]) -> bool {
    let inner = value.strip_prefix(b"*").or_else(|| value.strip_prefix(b"&"));
    let points = inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_'));
    if points {
        return true;
    }
    let value = inner.unwrap_or(value);
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':');
    let length = value.iter().take_while(|byte| in_name(byte)).count();
    let (name, rest) = value.split_at(length);
    let begins = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let rest = rest.strip_prefix(b"!").unwrap_or(rest);
    begins && (matches!(rest, [b'(' | b'[' | b'{', ..]) || rest.is_empty() && is_plain_name(name))
}

/// True for a name without a digit between its letters.
fn is_plain_name(name: &[u8]) -> bool {
    name.contains(&b'_') && changes_of_kind(name) == 0
}

/// True for `object.member`, `object->member` and `Type::member`.
fn is_member(value: &[u8]) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(value, text).is_some();
    let names = value.split(|&byte| byte == b'.');
    let dotted = value.contains(&b'.')
        && names.clone().all(|name| {
            name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        });
    has(b"->") || has(b"::") || (dotted && !looks_random(value))
}

/// True if a value has letters and digits, or signs that words do not have.
fn is_mixed(value: &[u8]) -> bool {
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let digits = value.iter().any(u8::is_ascii_digit);
    let signs = value.iter().any(|&byte| {
        !byte.is_ascii_alphanumeric()
            && !matches!(byte, b'-' | b'_' | b'.' | b' ' | b'/' | b',' | b':' | b'\'' | b'=' | b'&')
    });
    (letters && digits && !is_compound(value)) || (signs && (letters || digits))
}

/// True for words and numbers in a row, as in `db-creds-v2`, `oauth2` and `scram-sha-256`.
fn is_compound(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| matches!(byte, b'-' | b'_' | b'.' | b' ' | b'/' | b':' | b'=' | b','));
    let count = parts.clone().count();
    parts.all(|part| {
        let letters = part.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let rest = part.get(letters..).unwrap_or_default();
        // A short number after a word belongs to it; a long one is more than that.
        rest.iter().all(u8::is_ascii_digit)
            && (rest.is_empty() || letters == 0 || rest.len() <= 2 && count > 1 || rest.len() <= 1 && letters <= 5)
    })
}

/// True if a digit stands between letters, or a sign that words do not have anywhere.
fn has_inner_digit(value: &[u8]) -> bool {
    let signs = value.iter().any(|&byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b'/'));
    signs || changes_of_kind(value) >= 2
}

/// True for long passwords of at least three words.
fn is_phrase(value: &[u8]) -> bool {
    let words = value.split(|byte| matches!(byte, b'-' | b' ')).filter(|word| word.len() >= 2).count();
    let plain = value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' '));
    value.len() >= MIN_PHRASE_BYTES && words >= 3 && plain
}

/// True if letters, capitals and digits follow each other as they do not in words.
pub(super) fn looks_random(value: &[u8]) -> bool {
    if value.len() < MIN_RANDOM_BYTES {
        return false;
    }
    let hex = value.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if hex && value.len() >= 16 && digits >= 3 && letters >= 3 {
        return true;
    }
    let changes = changes_of_kind(value);
    changes >= 4 && changes * 5 >= value.len().min(120)
}

/// Number of places where a letter meets a digit, or a small letter a capital, the first capital of a word aside.
fn changes_of_kind(value: &[u8]) -> usize {
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 0,
    };
    let pairs = value.windows(2).filter(|pair| {
        let [first, second] = pair else { return false };
        let (first, second) = (kind(*first), kind(*second));
        first != 0 && second != 0 && first != second && !(first == 3 && second == 2)
    });
    pairs.count()
}
