//! Which names say that their value is a secret: for inputs, variables, placeholders, snapshots and what is masked.
//!
//! Invariant: the only list of such names. Refuses to know: values.

/// Words of a name that mean a secret wherever they stand.
const SECRET_WORDS: &[&str] = &[
    "pass",
    "passwd",
    "password",
    "passphrase",
    "passcode",
    "pwd",
    "pw",
    "secret",
    "secrets",
    "token",
    "cred",
    "creds",
    "credential",
    "credentials",
    "auth",
    "authorization",
    "dsn",
    "jwt",
    "bearer",
    "connectionstring",
    "connstring",
    "connstr",
];
/// Endings of words that people write without a separator: `PGPASSWORD`, `clientsecret`.
const GLUED_ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "pass",
    "pwd",
    "pw",
];
/// Words with such an ending that mean something else.
const OTHER_WORDS: &[&str] =
    &["bypass", "compass", "trespass", "surpass", "overpass", "underpass", "encompass", "oldpwd", "nontoken", "cwpw"];
/// First parts of a word that ends in `key` and means a secret: `apikey`, `accesskey`.
const KEY_PREFIXES: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "priv",
    "encryption",
    "encrypt",
    "decryption",
    "signing",
    "master",
    "auth",
    "license",
    "service",
    "account",
    "storage",
    "shared",
    "deploy",
    "session",
    "hmac",
    "aes",
    "rsa",
    "webhook",
    "ssh",
    "ssl",
    "tls",
    "write",
];
/// Words before `key` that make it no secret.
const OPEN_KEYS: &[&str] = &[
    "public",
    "pub",
    "primary",
    "foreign",
    "partition",
    "sort",
    "cache",
    "routing",
    "object",
    "row",
    "hash",
    "range",
    "group",
    "map",
    "search",
    "lookup",
    "config",
    "label",
    "kms",
    "issue",
    "project",
    "index",
    "unique",
    "composite",
    "tag",
    "json",
    "redis",
    "etcd",
    "registry",
    "host",
    "known",
    "idempotency",
    "shard",
    "message",
    "metadata",
    "enter",
    "press",
    "any",
    "authorized",
    "lock",
    "queue",
    "topic",
    "event",
    "item",
    "record",
    "node",
    "field",
    "column",
    "table",
    "bucket",
    "s3",
    "consul",
    "metric",
    "translation",
    "locale",
    "property",
    "setting",
    "settings",
    "jira",
    "ticket",
    "some",
];
/// Last words that say that the name is of something about the secret: where it is, how old it may be.
const ABOUT_SECRETS: &[&str] = &[
    "url",
    "uri",
    "file",
    "path",
    "dir",
    "directory",
    "folder",
    "name",
    "names",
    "id",
    "ids",
    "endpoint",
    "host",
    "port",
    "type",
    "ttl",
    "count",
    "limit",
    "expiry",
    "expires",
    "length",
    "size",
    "header",
    "arn",
    "version",
    "rotation",
    "policy",
    "store",
    "manager",
    "server",
    "provider",
    "service",
    "issuer",
    "audience",
    "scope",
    "user",
    "age",
    "days",
    "hours",
    "date",
    "field",
    "label",
    "param",
    "prefix",
    "method",
    "mode",
    "enabled",
    "required",
    "ref",
    "namespace",
    "mount",
    "engine",
    "format",
    "sock",
    "socket",
    "helper",
    "email",
    "rate",
    "list",
    "domain",
    "region",
    "seconds",
    "minutes",
    "rounds",
    "through",
];
/// Words that make `pass` one of several passes.
const ORDINALS: &[&str] = &["first", "second", "third", "last", "next", "single", "one", "two", "multi"];
/// Words that say nothing: `<insert-token-here>`.
const FILLERS: &[&str] =
    &["here", "value", "goes", "your", "my", "the", "insert", "paste", "enter", "new", "old", "a", "it"];
/// Parts of a variable's name that may mean a secret.
const POSSIBLE_PARTS: &[&str] =
    &["PASS", "PWD", "PW", "SECRET", "TOKEN", "KEY", "CRED", "AUTH", "DSN", "DATABASE_URL", "JWT"];

/// True if the name says that its value is a secret: `PGPASSWORD`, `your-api-key-here`, `clientSecret`; not `TOKEN_URL`, `primary-key`.
pub fn is_secret_name(name: &str) -> bool {
    let mut words = split_words(name);
    while words.len() > 1 && words.last().is_some_and(|word| is_filler(word)) {
        words.pop();
    }
    let Some((last, before)) = words.split_last() else { return false };
    // The shell's own, and a placeholder for a directory.
    if before.is_empty() && matches!(last.as_str(), "pwd" | "oldpwd") {
        return false;
    }
    if ABOUT_SECRETS.contains(&last.as_str()) {
        return last == "url" && before.last().is_some_and(|word| word == "database");
    }
    if matches!(last.as_str(), "key" | "keys") {
        let telling: Vec<&String> = before.iter().filter(|word| !is_filler(word)).collect();
        let is_open = telling.iter().any(|word| OPEN_KEYS.contains(&word.as_str()));
        return !before.is_empty() && !is_open;
    }
    let is_counted = words.iter().any(|word| ORDINALS.contains(&word.as_str()));
    words.iter().any(|word| is_secret_word(word) && !(is_counted && word == "pass")) || has_secret_pair(&words)
}

/// True if two words mean a secret together, whatever follows: `API_KEY_STAGING`, `CONNECTION_STRING`.
fn has_secret_pair(words: &[String]) -> bool {
    words.windows(2).any(|pair| match pair {
        [first, second] if second == "key" => KEY_PREFIXES.contains(&first.as_str()),
        [first, second] => second == "string" && matches!(first.as_str(), "connection" | "conn"),
        _ => false,
    })
}

/// True if a variable of this name may hold a secret. Wider than [`is_secret_name`]: a variable that is left out of a file can be
/// set again, and a password in a file cannot be taken back.
pub fn may_name_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !matches!(upper.as_str(), "PWD" | "OLDPWD")
        && (POSSIBLE_PARTS.iter().any(|part| upper.contains(part)) || is_secret_name(name))
}

/// True if a value is an address with a password in it: `postgres://app:pw@db/shop`.
pub fn has_user_information(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let is_scheme = scheme.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|word| !word.is_empty());
    let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    is_scheme && password.is_some_and(|password| !password.is_empty())
}

fn is_secret_word(word: &str) -> bool {
    // `password2`, but `auth0` is a product.
    let word = if word == "auth0" { word } else { word.trim_end_matches(|c: char| c.is_ascii_digit()) };
    if OTHER_WORDS.contains(&word) {
        return false;
    }
    SECRET_WORDS.contains(&word)
        || GLUED_ENDINGS.iter().any(|ending| word.len() > ending.len() + 1 && word.ends_with(ending))
        || word.strip_suffix("key").is_some_and(|prefix| KEY_PREFIXES.contains(&prefix))
}

fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word) || word.chars().all(|c| c.is_ascii_digit())
}

/// The words of a name in lower case, split at separators and at capitals: `clientSecret`, `DB_PASSWORD`, `<api-key>`.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_in_word = false;
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            is_in_word = false;
            continue;
        }
        let begins = !is_in_word || (was_lower && c.is_uppercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        is_in_word = true;
        was_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in [
            "PGPASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "MYSQL_PWD",
            "DBPASS",
            "GOOGLE_CREDENTIALS",
            "ENCRYPTION_KEY",
            "<insert-token-here>",
            "<your-api-key-here>",
            "API_TOKEN",
            "new-anthropic-key",
            "new-payment-key",
            "clientSecret",
            "client_secret",
            "password",
            "db-password",
            "GITHUB_TOKEN",
            "REDIS_AUTH",
            "SENTRY_DSN",
            "DATABASE_URL",
            "apiKey",
            "accessKey",
            "SSH_KEY",
            "SMTP_PASS",
            "rootpw",
            "passphrase",
            "STRIPE_API_KEY_2",
            "<your-key>",
            "AUTH_TOKEN",
            "bearer_token",
            "private-key",
            "credentials",
            "JWT",
            "NEW_PASSWORD",
            "password_1",
            "oldPassword",
            "secret",
            "PASSWORD1",
            "API_KEY_STAGING",
            "private_key_pem",
            "AZURE_STORAGE_CONNECTION_STRING",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_about_secrets_and_other_words_are_none() {
        for name in [
            "token_url",
            "tokens",
            "bypass",
            "secretary",
            "user",
            "PWD",
            "OLDPWD",
            "pwd",
            "primary-key",
            "public_key",
            "cache_key",
            "KEYSPACE",
            "keyboard",
            "AUTHOR",
            "authority",
            "SECRET_NAME",
            "PASSWORD_FILE",
            "secret-name",
            "TOKEN_TTL",
            "compass",
            "passive",
            "key",
            "sort-key",
            "KEYCLOAK_URL",
            "pod-name",
            "namespace",
            "BACKUP_FILE",
            "tokenizer",
            "credential_type",
            "monkey",
            "turnkey",
            "auth_url",
            "DATABASE",
            "passenger",
            "PATH",
            "issue-key",
            "authorized_keys",
            "SSH_AUTH_SOCK",
            "FIRST_PASS",
            "AUTH0_DOMAIN",
            "lock-key",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_variable_that_may_hold_a_secret_is_found_by_a_part_of_its_name() {
        for name in ["AWS_ACCESS_KEY_ID", "pw", "DB_PWD", "KEY", "MY_AUTH_HEADER", "DATABASE_URL"] {
            assert!(may_name_secret(name), "{name}");
        }
        for name in ["PWD", "OLDPWD", "HOME", "BACKUP_FILE", "NAMESPACE"] {
            assert!(!may_name_secret(name), "{name}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_known() {
        assert!(has_user_information("postgres://app:pw@db:5432/shop"));
        assert!(has_user_information("redis://:pw@cache/0"));
        for plain in ["https://example.org/a@b:c", "postgres://app@db/shop", "app:pw@db", "https://db:5432/"] {
            assert!(!has_user_information(plain), "{plain}");
        }
    }
}
