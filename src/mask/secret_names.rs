//! Which names are a secret's, by their words.
//!
//! Invariant: a name that tells of a secret (`token_expiry`, `KEY_FILE`) is none.

use super::shape_rule::{RuleRow, SecretShape};

/// How much a name says about the value beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameGrade {
    /// A password: any value that is no plain word is one.
    Password,
    /// A token, a secret or a credential: the name of such a thing may stand there, too.
    Token,
    /// Credentials after a scheme.
    Authorization,
    /// A list of cookies.
    Cookie,
    /// One cookie with its attributes.
    SetCookie,
    /// A key of any kind: only a value that looks random is secret.
    Key,
}

const PASSWORD_WORDS: &str =
    "pass passwd password passphrase passcode pwd pw psw pswd requirepass masterauth passin passout";
const TOKEN_WORDS: &str = "secret token cred creds credential credentials dsn apikey jwt bearer";
const KEY_WORDS: &str = "key auth";
/// Words that make a key a secret one.
const KEY_KINDS: &str = "\
    api secret private access account encryption master signing shared auth license app application service \
    storage deploy session cipher crypto hmac admin";
/// Endings of names that are written in one word.
const PASSWORD_ENDINGS: &str = "password passwd passphrase pwd pass";
const TOKEN_ENDINGS: &str = "\
    token secret apikey secretkey privatekey accesskey accountkey authkey credentials masterkey encryptionkey \
    signingkey sharedkey sessionkey sharedaccesskey";
/// Words that end like a secret's name.
const LOOK_ALIKES: &str = "compass bypass trespass overpass underpass encompass surpass cwd oldpwd";
/// Last words of names that tell of a secret.
const TELLING: &str = "\
    name names id ids file files filename path dir directory folder url uri endpoint type types kind length len \
    size count counter limit min max ttl expiry expires expire expired expiration age policy policies encryption \
    algorithm alg algo hash digest fingerprint version versions format enabled disabled required ref reference \
    selector alias usage usages ring store pair provider audience issuer scope scopes status state field fields \
    column label title prompt hint description desc comment reset change changed rotation manager list map index \
    position valid invalid error errors message class prefix suffix regex pattern generator method mode \
    authentication validation event code board frame mesh press pressed up down left right word words stone \
    signature chars char str interval timeout time at date created updated days hours seconds driver plugin \
    command cmd script var variable template schema arn bits level strength rules rule option options methods used \
    remaining budget cost accessor reviewer request response review verification hashes iterations salt storetype \
    info metadata spec management stdin tag tags iv nonce";
/// Last words that may tell of a secret, or of the place that it is for: only a value that looks random is one.
const PLACES: &str = "\
    service user username host server env role group region owner email source section engine backend config \
    namespace admin port location";
/// Words that make a key or token a public or technical one.
const HARMLESS: &str = "\
    public pub primary foreign partition sort cache idempotency natural bucket schema sequence hot routing csrf \
    xsrf authenticity next page continue continuation cursor no disable skip forgot row group object metric label \
    annotation translation idx index host known issuer map dict hash lock message max min num count total \
    client_id cancellation invalid missing expired wrong gpg fingerprint thumbprint";

const fn named(label: &'static str, trigger: &'static str) -> RuleRow {
    (label, trigger, SecretShape::Named)
}

/// The parts of words that a secret's name contains, as triggers. [`grade_name`] judges the whole name.
pub(super) const TRIGGERS: &[RuleRow] = &[
    named("password", "pass"),
    named("password", "Pass"),
    named("password", "PASS"),
    named("password", "pwd"),
    named("password", "Pwd"),
    named("password", "PWD"),
    named("password", "pw="),
    named("password", "pw:"),
    named("password", "pw\""),
    named("password", "pw'"),
    named("password", "pw "),
    named("password", "pw_"),
    named("password", "pw]"),
    named("password", "Pw="),
    named("password", "Pw:"),
    named("password", "Pw\""),
    named("password", "Pw'"),
    named("password", "Pw "),
    named("password", "Pw_"),
    named("password", "Pw]"),
    named("password", "PW="),
    named("password", "PW:"),
    named("password", "PW\""),
    named("password", "PW'"),
    named("password", "PW "),
    named("password", "PW_"),
    named("password", "PW]"),
    named("password", "_pw"),
    named("password", "_PW"),
    named("password", "psw"),
    named("password", "masterauth"),
    named("secret", "secret"),
    named("secret", "Secret"),
    named("secret", "SECRET"),
    named("token", "token"),
    named("token", "Token"),
    named("token", "TOKEN"),
    named("key", "key"),
    named("key", "Key"),
    named("key", "KEY"),
    named("credential", "cred"),
    named("credential", "Cred"),
    named("credential", "CRED"),
    named("authorization", "auth"),
    named("authorization", "Auth"),
    named("authorization", "AUTH"),
    named("secret", "dsn"),
    named("secret", "Dsn"),
    named("secret", "DSN"),
    named("token", "jwt"),
    named("token", "Jwt"),
    named("token", "JWT"),
    named("cookie", "cookie"),
    named("cookie", "Cookie"),
];

/// The grade of a name, or none when it is no secret's.
pub(super) fn grade_name(name: &str) -> Option<NameGrade> {
    if name.len() < 2 || !is_secret_name(name) {
        return None;
    }
    let words = split_words(name);
    let has = |list: &str| words.iter().any(|word| has_word(list, word));
    let last = words.iter().rev().find(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))?;
    match words.as_slice() {
        [cookie] if cookie == "cookie" => return Some(NameGrade::Cookie),
        [set, cookie] if set == "set" && cookie == "cookie" => return Some(NameGrade::SetCookie),
        [secret, id] if secret == "secret" && id == "id" => return Some(NameGrade::Key),
        _ => {}
    }
    if has_word(TELLING, last) || has(HARMLESS) {
        return None;
    }
    let ends = |endings: &str| words.iter().any(|word| has_ending(endings, word));
    if last == "authorization" {
        Some(NameGrade::Authorization)
    } else if has_word(PLACES, last) {
        Some(NameGrade::Key)
    } else if has(PASSWORD_WORDS) || ends(PASSWORD_ENDINGS) {
        Some(NameGrade::Password)
    } else if has(TOKEN_WORDS) || ends(TOKEN_ENDINGS) || (has("key") && has(KEY_KINDS)) {
        Some(NameGrade::Token)
    } else {
        Some(NameGrade::Key)
    }
}

/// True if a name is a secret's.
fn is_secret_name(name: &str) -> bool {
    if matches!(name, "PWD" | "OLDPWD") {
        return false;
    }
    let lists = [PASSWORD_WORDS, TOKEN_WORDS, KEY_WORDS, "authorization cookie"];
    split_words(name).iter().any(|word| {
        lists.iter().any(|list| has_word(list, word))
            || [PASSWORD_ENDINGS, TOKEN_ENDINGS].iter().any(|list| has_ending(list, word))
    })
}

fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

fn has_ending(list: &str, word: &str) -> bool {
    !has_word(LOOK_ALIKES, word) && list.split(' ').any(|ending| word.ends_with(ending))
}

/// The words of a name in lower case, parted by signs and by capitals.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_alphanumeric() {
            before = ' ';
            continue;
        }
        let next_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins = before == ' '
            || (c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()))
            || (c.is_ascii_uppercase() && before.is_ascii_uppercase() && next_lower);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words
}
