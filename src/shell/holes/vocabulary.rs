//! Words that authors of runbooks use for values, and words that only look like them.
//!
//! Invariant: lists and no rules but how a compound of them reads. Refuses to know: where a word stands.

/// Programs before a program.
pub(super) const WRAPPERS: &[&str] = &["sudo", "doas", "nohup", "time", "exec", "command", "then", "do", "else", "!"];
/// Reserved words that a program follows.
pub(super) const KEYWORDS: &[&str] = &["if", "while", "until", "then", "do", "else", "elif", "{", "!", "time"];

/// Programs whose words are in a language of their own.
pub(super) const CODE_PROGRAMS: &[&str] = &[
    "awk",
    "gawk",
    "mawk",
    "sed",
    "jq",
    "yq",
    "perl",
    "python",
    "python3",
    "ruby",
    "node",
    "php",
    "grep",
    "egrep",
    "rg",
    "promtool",
    "tr",
    "find",
    "expr",
    "bc",
    "psql",
    "mysql",
    "mongo",
    "mongosh",
    "sqlite3",
    "redis-cli",
    "rabbitmqctl",
    "clickhouse-client",
    "cqlsh",
    "influx",
    "spark-sql",
    "rails",
    "irb",
    "gdb",
    "cypher-shell",
];
/// Programs that are given patterns: what looks like a placeholder is what is looked for.
pub(super) const PATTERN_PROGRAMS: &[&str] = &[
    "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "awk", "gawk", "sed", "tr", "expr", "[[", "[", "test",
    "case", "pgrep", "pkill", "echo", "printf", "jq", "yq",
];
/// Builtins and programs that are given names of variables.
pub(super) const NAMING_PROGRAMS: &[&str] = &[
    "export", "unset", "printenv", "declare", "local", "readonly", "typeset", "read", "set", "env", "trap", "shopt",
    "getopts", "make",
];

/// Hosts that are reserved for examples.
pub(super) const EXAMPLE_HOSTS: &[&str] =
    &["example.com", "example.org", "example.net", ".example", "domain.tld", "mydomain.com"];

/// Files that are really called so.
pub(super) const FILE_NAMES: &[&str] =
    &["VERSION", "README", "LICENSE", "CHANGELOG", "MANIFEST", "TODO", "BUILD", "OWNERS", "NOTICE"];

/// Nouns for values. The last part of a compound decides: `DB_NAME`, `CLUSTER_ID`.
const VALUE_NOUNS: &[&str] = &[
    "ACCOUNT",
    "ADDRESS",
    "APP",
    "APPLICATION",
    "ARN",
    "BACKUP",
    "BRANCH",
    "BUCKET",
    "CLUSTER",
    "CLUSTERNAME",
    "COMMIT",
    "COMPONENT",
    "CONTAINER",
    "CONTEXT",
    "CUSTOMER",
    "DATABASE",
    "DATASET",
    "DATE",
    "DEPLOYMENT",
    "DIGEST",
    "DIR",
    "DIRECTORY",
    "DOMAIN",
    "DRIVE",
    "EMAIL",
    "ENDPOINT",
    "ENVIRONMENT",
    "FILE",
    "FILENAME",
    "FOLDER",
    "FQDN",
    "GROUP",
    "HASH",
    "HOST",
    "HOSTNAME",
    "IDENTIFIER",
    "IMAGE",
    "INSTANCE",
    "IP",
    "JOB",
    "KEY",
    "LOCATION",
    "NAME",
    "NAMESPACE",
    "NODE",
    "NODENAME",
    "NUMBER",
    "ORG",
    "ORGANIZATION",
    "OSD",
    "OWNER",
    "PARTITION",
    "PASSWORD",
    "PATH",
    "PID",
    "POD",
    "PODNAME",
    "POOL",
    "PORT",
    "PROFILE",
    "PROJECT",
    "REGION",
    "RELEASE",
    "REPO",
    "REPOSITORY",
    "REVISION",
    "ROLE",
    "SECRET",
    "SERVER",
    "SERVICE",
    "SHA",
    "SHARD",
    "SITE",
    "SLUG",
    "SNAPSHOT",
    "STACK",
    "SUBSCRIPTION",
    "TABLE",
    "TAG",
    "TENANT",
    "TIMESTAMP",
    "TOKEN",
    "TOPIC",
    "URL",
    "USER",
    "USERNAME",
    "UUID",
    "VALUE",
    "VERSION",
    "VOLUME",
    "WORKSPACE",
    "ZONE",
    "ID",
    "HERE",
    "MM",
    "DD",
    "YYYY",
    "GROUPNAME",
    "PG",
];

/// Nouns that stand alone for something else: SQL's words, parts of commands, variables that every shell has.
const NOUNS_NOT_ALONE: &[&str] = &[
    "USER",
    "PATH",
    "TABLE",
    "KEY",
    "VALUE",
    "DATABASE",
    "ROLE",
    "GROUP",
    "HERE",
    "NUMBER",
    "FILE",
    "DIR",
    "HOST",
    "NODE",
    "IMAGE",
    "PG",
    "MM",
    "DD",
    "OSD",
    "RELEASE",
    "PARTITION",
    "APP",
    "TAG",
    "JOB",
];

/// Compounds that are names of their own.
const CONSTANT_NAMES: &[&str] = &[
    "TABLE_NAME",
    "COLUMN_NAME",
    "SCHEMA_NAME",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_USER",
    "SESSION_USER",
    "HEAD",
    "FETCH_HEAD",
    "AWS_PROFILE",
    "AWS_REGION",
    "HOME",
    "PWD",
    "LC_ALL",
    "GOPATH",
    "JAVA_HOME",
];

/// Words that ask for a value in so many words.
const ASKING_WORDS: &[&str] =
    &["CHANGEME", "CHANGE_ME", "REPLACEME", "REPLACE_ME", "REPLACE_WITH", "FILL_ME_IN", "INSERT", "PLACEHOLDER"];

/// True if a word in capitals names a value. `alone`: nothing is joined to the word.
pub(super) fn is_value_noun(word: &str, alone: bool) -> bool {
    if CONSTANT_NAMES.contains(&word) {
        return false;
    }
    if ASKING_WORDS.iter().any(|asking| word.starts_with(asking)) {
        return true;
    }
    let last = word.rsplit(['_', '-']).next().unwrap_or(word).trim_end_matches(|c: char| c.is_ascii_digit());
    let compound = word.contains(['_', '-']);
    let noun = VALUE_NOUNS.contains(&last)
        || (!compound
            && VALUE_NOUNS
                .iter()
                .any(|noun| noun.len() > 3 && word.strip_suffix(noun).is_some_and(|rest| VALUE_NOUNS.contains(&rest))));
    noun && (compound || alone || !NOUNS_NOT_ALONE.contains(&last))
        && (compound || !matches!(last, "HERE" | "DD" | "MM"))
}
