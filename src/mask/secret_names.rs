//! Which names are a secret's, by their words.
//!
//! Invariant: a name that tells of a secret (`token_expiry`, `KEY_FILE`) is none.

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

const PASSWORD_WORDS: &[&str] = &[
    "pass",
    "passwd",
    "password",
    "passphrase",
    "passcode",
    "pwd",
    "pw",
    "psw",
    "pswd",
    "requirepass",
    "masterauth",
    "passin",
    "passout",
];
const TOKEN_WORDS: &[&str] =
    &["secret", "token", "cred", "creds", "credential", "credentials", "dsn", "apikey", "jwt", "bearer"];
const KEY_WORDS: &[&str] = &["key", "auth"];
/// Words that make a key a secret one.
const KEY_KINDS: &[&str] = &[
    "api",
    "secret",
    "private",
    "access",
    "account",
    "encryption",
    "master",
    "signing",
    "shared",
    "auth",
    "license",
    "app",
    "application",
    "service",
    "storage",
    "deploy",
    "license",
    "session",
    "cipher",
    "crypto",
    "hmac",
    "admin",
];
/// Endings of names that are written in one word.
const PASSWORD_ENDINGS: &[&str] = &["password", "passwd", "passphrase", "pwd", "pass"];
const TOKEN_ENDINGS: &[&str] = &[
    "token",
    "secret",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "accountkey",
    "authkey",
    "credentials",
    "masterkey",
    "encryptionkey",
    "signingkey",
    "sharedkey",
    "sessionkey",
    "sharedaccesskey",
];
/// Words that end like a secret's name.
const LOOK_ALIKES: &[&str] =
    &["compass", "bypass", "trespass", "overpass", "underpass", "encompass", "surpass", "cwd", "oldpwd"];
/// Last words of names that tell of a secret.
const TELLING: &[&str] = &[
    "name",
    "names",
    "id",
    "ids",
    "file",
    "files",
    "filename",
    "path",
    "dir",
    "directory",
    "folder",
    "url",
    "uri",
    "endpoint",
    "host",
    "server",
    "port",
    "type",
    "types",
    "kind",
    "length",
    "len",
    "size",
    "count",
    "counter",
    "limit",
    "min",
    "max",
    "ttl",
    "expiry",
    "expires",
    "expire",
    "expired",
    "expiration",
    "age",
    "policy",
    "policies",
    "encryption",
    "algorithm",
    "alg",
    "algo",
    "hash",
    "digest",
    "fingerprint",
    "version",
    "versions",
    "format",
    "enabled",
    "disabled",
    "required",
    "ref",
    "reference",
    "selector",
    "alias",
    "usage",
    "usages",
    "ring",
    "store",
    "pair",
    "provider",
    "audience",
    "issuer",
    "scope",
    "scopes",
    "status",
    "state",
    "field",
    "fields",
    "column",
    "label",
    "title",
    "prompt",
    "hint",
    "description",
    "desc",
    "comment",
    "reset",
    "change",
    "changed",
    "rotation",
    "manager",
    "list",
    "map",
    "index",
    "position",
    "valid",
    "invalid",
    "error",
    "errors",
    "message",
    "class",
    "prefix",
    "suffix",
    "regex",
    "pattern",
    "generator",
    "method",
    "mode",
    "location",
    "source",
    "owner",
    "user",
    "username",
    "email",
    "authentication",
    "validation",
    "event",
    "code",
    "board",
    "frame",
    "mesh",
    "press",
    "pressed",
    "up",
    "down",
    "left",
    "right",
    "word",
    "words",
    "stone",
    "signature",
    "chars",
    "char",
    "str",
    "interval",
    "timeout",
    "time",
    "at",
    "date",
    "created",
    "updated",
    "days",
    "hours",
    "seconds",
    "backend",
    "engine",
    "driver",
    "plugin",
    "service",
    "command",
    "cmd",
    "script",
    "env",
    "var",
    "variable",
    "template",
    "schema",
    "namespace",
    "arn",
    "region",
    "bits",
    "level",
    "strength",
    "rules",
    "rule",
    "group",
    "role",
    "section",
    "option",
    "options",
    "method",
    "methods",
    "used",
    "usage",
    "remaining",
    "budget",
    "cost",
    "accessor",
    "reviewer",
    "request",
    "response",
    "review",
    "verification",
    "hashes",
    "iterations",
    "salt",
    "storetype",
    "info",
    "metadata",
    "spec",
    "config",
    "management",
    "stdin",
    "tag",
    "tags",
    "iv",
    "nonce",
];
/// Words that make a key or token a public or technical one.
const HARMLESS: &[&str] = &[
    "public",
    "pub",
    "primary",
    "foreign",
    "partition",
    "sort",
    "cache",
    "idempotency",
    "natural",
    "bucket",
    "schema",
    "sequence",
    "hot",
    "routing",
    "csrf",
    "xsrf",
    "authenticity",
    "next",
    "page",
    "continue",
    "continuation",
    "cursor",
    "no",
    "disable",
    "skip",
    "forgot",
    "row",
    "group",
    "object",
    "metric",
    "label",
    "annotation",
    "translation",
    "idx",
    "index",
    "host",
    "known",
    "issuer",
    "map",
    "dict",
    "hash",
    "lock",
    "message",
    "max",
    "min",
    "num",
    "count",
    "total",
    "client_id",
    "cancellation",
    "max",
    "invalid",
    "missing",
    "expired",
    "wrong",
    "gpg",
    "fingerprint",
    "thumbprint",
];

/// The grade of a name, or none when it is no secret's.
pub(super) fn grade_name(name: &str) -> Option<NameGrade> {
    if name.len() < 2 || !is_secret_name(name) {
        return None;
    }
    let words = split_words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let last = words.iter().rev().find(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))?;
    match words.as_slice() {
        [cookie] if cookie == "cookie" => return Some(NameGrade::Cookie),
        [set, cookie] if set == "set" && cookie == "cookie" => return Some(NameGrade::SetCookie),
        [secret, id] if secret == "secret" && id == "id" => return Some(NameGrade::Key),
        _ => {}
    }
    if TELLING.contains(&last.as_str()) || has(HARMLESS) {
        return None;
    }
    let ends = |endings: &[&str]| {
        words.iter().any(|word| !LOOK_ALIKES.contains(&word.as_str()) && endings.iter().any(|end| word.ends_with(end)))
    };
    if last == "authorization" {
        Some(NameGrade::Authorization)
    } else if has(PASSWORD_WORDS) || ends(PASSWORD_ENDINGS) {
        Some(NameGrade::Password)
    } else if has(TOKEN_WORDS) || ends(TOKEN_ENDINGS) || (has(&["key"]) && has(KEY_KINDS)) {
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
    split_words(name).iter().any(|word| {
        let word = word.as_str();
        let listed = [PASSWORD_WORDS, TOKEN_WORDS, KEY_WORDS, &["authorization", "cookie"]];
        let ends = |list: &[&str]| list.iter().any(|end| word.ends_with(end));
        !LOOK_ALIKES.contains(&word)
            && (listed.iter().any(|list| list.contains(&word)) || ends(PASSWORD_ENDINGS) || ends(TOKEN_ENDINGS))
    })
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
