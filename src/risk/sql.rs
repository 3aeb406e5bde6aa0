//! A small reader of SQL.
//!
//! Invariant: it tells statements by their first words and never looks into strings, comments or quoted names for
//! keywords; a statement it does not know is unknown. Refuses to know: which server reads it, beyond its quotes.

use super::verdict::Level;
use crate::shell::simple_command::EXPANSION_MARK;

/// Effect of one SQL statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlStatement {
    pub level: Level,
    pub unknown: bool,
    pub unbounded: bool,
    /// Short description of the effect.
    pub what: String,
    /// Kind and name of what is at stake.
    pub object: Option<(&'static str, String)>,
    /// A shell text (`\!`).
    pub shell: Option<String>,
}

impl SqlStatement {
    fn with_level(level: Level, what: impl Into<String>) -> Self {
        Self { level, unknown: false, unbounded: false, what: what.into(), object: None, shell: None }
    }

    fn with_unknown_effect(what: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::with_level(Level::Reads, what) }
    }

    fn on_object(mut self, kind: &'static str, name: Option<String>) -> Self {
        self.object = name.map(|name| (kind, name));
        self
    }
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SqlToken {
    /// A word, as written.
    Word(String),
    /// Name in double quotes or backticks.
    Name(String),
    /// A string or a number.
    Value(String),
    /// Shell expansion that is not known beforehand.
    Hole,
    Sign(char),
    End,
}

impl SqlToken {
    fn is_keyword(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

/// Reads a text of statements.
pub(super) fn read_statements(text: &str) -> Vec<SqlStatement> {
    let mut statements = Vec::new();
    let mut sql = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(meta) = trimmed.strip_prefix('\\') {
            statements.extend(psql_meta_command(meta));
        } else if let Some(dot) = trimmed
            .strip_prefix('.')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()) && sql.trim().is_empty())
        {
            statements.push(sqlite_dot_command(dot));
        } else {
            // psql takes `\g` and `\gexec` at the end of a line.
            let (line, ending) = line.split_once("\\g").map_or((line, None), |(before, after)| (before, Some(after)));
            sql.push_str(line);
            sql.push('\n');
            if let Some(ending) = ending {
                if ending.trim_start().starts_with(['e', '|']) {
                    statements.push(SqlStatement::with_unknown_effect("`\\g` runs what the query gives"));
                }
                sql.push(';');
            }
        }
    }
    let tokens = tokenize_sql(&sql);
    statements
        .extend(tokens.split(|token| *token == SqlToken::End).filter(|tokens| !tokens.is_empty()).map(judge_statement));
    statements
}

/// Reads psql's meta-commands, which begin with a backslash.
fn psql_meta_command(text: &str) -> Vec<SqlStatement> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let one = match name {
        "i" | "ir" | "include" | "include_relative" => {
            SqlStatement::with_unknown_effect(format!("`\\{name}` runs what stands in `{}`", rest.trim()))
        }
        "!" => SqlStatement {
            shell: Some(rest.trim().to_owned()),
            ..SqlStatement::with_level(Level::Reads, "`\\!` runs a shell command")
        },
        _ if name.starts_with('!') => SqlStatement {
            shell: Some(text.trim_start_matches('!').trim().to_owned()),
            ..SqlStatement::with_level(Level::Reads, "`\\!` runs a shell command")
        },
        "copy" => {
            let lower = rest.to_ascii_lowercase();
            if lower.contains(" program ") {
                SqlStatement::with_unknown_effect("`\\copy … program` runs a command")
            } else if lower.contains(" from ") {
                SqlStatement::with_level(Level::Changes, "`\\copy … from` adds rows")
            } else {
                SqlStatement::with_level(Level::Changes, "`\\copy … to` writes a file")
            }
        }
        "o" | "out" | "w" | "write" | "lo_export" | "s" => {
            if rest.trim().is_empty() {
                SqlStatement::with_level(Level::Reads, "output")
            } else {
                SqlStatement::with_level(Level::Changes, "writes a file")
            }
        }
        "lo_unlink" => SqlStatement::with_level(Level::Irreversible, "removes a large object"),
        "lo_import" | "password" | "e" | "ef" | "ev" => SqlStatement::with_level(Level::Changes, "changes something"),
        "gexec" => SqlStatement::with_unknown_effect("`\\gexec` runs what the query gives"),
        "setenv" | "set" if rest.contains('`') => SqlStatement::with_unknown_effect("runs a command in backticks"),
        _ => SqlStatement::with_level(Level::Reads, "shows"),
    };
    vec![one]
}

/// Reads sqlite3's dot commands.
fn sqlite_dot_command(text: &str) -> SqlStatement {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match name.trim_end_matches(';') {
        "shell" | "system" => SqlStatement {
            shell: Some(rest.to_owned()),
            ..SqlStatement::with_level(Level::Reads, "runs a shell command")
        },
        "read" => SqlStatement::with_unknown_effect("`.read` runs what stands in a file"),
        "restore" => SqlStatement::with_level(Level::Irreversible, "`.restore` overwrites the database"),
        "import" | "load" | "backup" | "save" | "clone" | "output" | "once" | "log" => {
            SqlStatement::with_level(Level::Changes, "writes a file or adds rows")
        }
        _ => SqlStatement::with_level(Level::Reads, "shows"),
    }
}

fn tokenize_sql(text: &str) -> Vec<SqlToken> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut after = rest.get(c.len_utf8()..).unwrap_or("");
        match c {
            '-' if after.starts_with('-') => after = after.split_once('\n').map_or("", |(_, after)| after),
            '#' if after.starts_with([' ', '!']) => after = after.split_once('\n').map_or("", |(_, after)| after),
            // `/*! … */` is read by MySQL.
            '/' if after.starts_with("*!") => {
                after = after.get(2..).unwrap_or("").trim_start_matches(|c: char| c.is_ascii_digit());
            }
            '*' if after.starts_with('/') => after = after.get(1..).unwrap_or(""),
            '/' if after.starts_with('*') => after = comment_end(after.get(1..).unwrap_or("")),
            '\'' => {
                let (inner, next) = split_quoted(after, '\'');
                out.push(SqlToken::Value(inner.to_owned()));
                after = next;
            }
            '"' | '`' => {
                let (inner, next) = split_quoted(after, c);
                out.push(SqlToken::Name(inner.to_owned()));
                after = next;
            }
            '$' => {
                let tag_end = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
                if after.get(tag_end..).is_some_and(|rest| rest.starts_with('$')) {
                    let mark = format!("${}$", after.get(..tag_end).unwrap_or(""));
                    let body = after.get(tag_end + 1..).unwrap_or("");
                    let end = body.find(&mark);
                    out.push(SqlToken::Value(String::new()));
                    after = end.and_then(|end| body.get(end + mark.len()..)).unwrap_or("");
                }
            }
            ';' => out.push(SqlToken::End),
            EXPANSION_MARK => out.push(SqlToken::Hole),
            c if c.is_alphabetic() || c == '_' || c == '@' || c == '<' => {
                let mut word = String::from(c);
                // A name may have a dash only within a placeholder.
                let goes_on = |next: char| {
                    next.is_alphanumeric() || matches!(next, '_' | '$') || (c == '<' && matches!(next, '-' | '@' | '>'))
                };
                let end = after.find(|next: char| !goes_on(next)).unwrap_or(after.len());
                word.push_str(after.get(..end).unwrap_or(""));
                after = after.get(end..).unwrap_or("");
                if word == "<" {
                    out.push(SqlToken::Sign('<'));
                } else if word.starts_with('<') && word.ends_with('>') {
                    out.push(SqlToken::Name(word));
                } else {
                    out.push(SqlToken::Word(word));
                }
            }
            c if c.is_ascii_digit() => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(after.len());
                out.push(SqlToken::Value(format!("{c}{}", after.get(..end).unwrap_or(""))));
                after = after.get(end..).unwrap_or("");
            }
            c if c.is_whitespace() => {}
            c => out.push(SqlToken::Sign(c)),
        }
        rest = after;
    }
    out
}

fn comment_end(text: &str) -> &str {
    text.split_once("*/").map_or("", |(_, after)| after)
}

fn split_quoted(text: &str, mark: char) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(mark)).map(|at| at + from) {
        let after = text.get(at + mark.len_utf8()..).unwrap_or("");
        if after.starts_with(mark) {
            from = at + 2 * mark.len_utf8();
            continue;
        }
        // MySQL's `\'`.
        let escapes = text.get(..at).map_or(0, |before| before.len() - before.trim_end_matches('\\').len());
        if escapes % 2 == 1 && mark == '\'' && after.contains(mark) {
            from = at + 1;
            continue;
        }
        return (text.get(..at).unwrap_or(""), after);
    }
    (text, "")
}

/// The name that stands at a place: `a.b`, a quoted one, an expansion.
fn object_name_at(tokens: &[SqlToken], mut at: usize) -> Option<String> {
    while tokens.get(at).is_some_and(|t| {
        ["if", "exists", "not", "only", "table", "concurrently", "low_priority", "quick", "ignore"]
            .iter()
            .any(|word| t.is_keyword(word))
    }) {
        at += 1;
    }
    let mut name = String::new();
    loop {
        match tokens.get(at)? {
            SqlToken::Word(word) | SqlToken::Name(word) => name.push_str(word),
            SqlToken::Hole => name.push('…'),
            _ => break,
        }
        at += 1;
        if tokens.get(at) != Some(&SqlToken::Sign('.')) {
            break;
        }
        name.push('.');
        at += 1;
    }
    (!name.is_empty()).then_some(name)
}

fn find_keyword(tokens: &[SqlToken], word: &str) -> Option<usize> {
    tokens.iter().position(|token| token.is_keyword(word))
}

fn judge_statement(tokens: &[SqlToken]) -> SqlStatement {
    let tokens = match tokens {
        [SqlToken::Sign('('), rest @ ..] => rest,
        all => all,
    };
    let Some(SqlToken::Word(first)) = tokens.first() else {
        return SqlStatement::with_unknown_effect("SQL that comes out of an expansion");
    };
    let first = first.to_ascii_uppercase();
    let second = match tokens.get(1) {
        Some(SqlToken::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    let shown = if second.is_empty() { format!("`{first}`") } else { format!("`{first} {second}`") };
    match first.as_str() {
        "SELECT" | "TABLE" | "VALUES" => judge_select(tokens),
        "WITH" => with_queries(tokens),
        "SHOW" | "DESCRIBE" | "DESC" | "USE" | "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT"
        | "SAVEPOINT" | "RELEASE" | "DECLARE" | "FETCH" | "CLOSE" | "MOVE" | "HELP" | "DISCARD" | "LISTEN"
        | "UNLISTEN" | "GO" | "DELIMITER" | "CONSISTENCY" | "TRACING" | "EXISTS" | "CHECK"
            if !(first == "START" && matches!(second.as_str(), "SLAVE" | "REPLICA")) =>
        {
            SqlStatement::with_level(Level::Reads, shown)
        }
        "SET" if matches!(second.as_str(), "GLOBAL" | "PERSIST" | "PASSWORD" | "PERSIST_ONLY") => {
            SqlStatement::with_level(Level::Changes, format!("{shown} changes the server"))
        }
        "SET" | "RESET" if !matches!(second.as_str(), "MASTER" | "SLAVE" | "REPLICA" | "BINARY") => {
            SqlStatement::with_level(Level::Reads, shown)
        }
        "PRAGMA" => {
            let level = if tokens.contains(&SqlToken::Sign('=')) { Level::Changes } else { Level::Reads };
            SqlStatement::with_level(level, shown)
        }
        "EXPLAIN" => explain_statement(tokens, shown),
        "DELETE" => {
            let from = find_keyword(tokens, "FROM").map_or(1, |at| at + 1);
            bounded_change(tokens, "DELETE").on_object("table", object_name_at(tokens, from))
        }
        "UPDATE" => bounded_change(tokens, "UPDATE").on_object("table", object_name_at(tokens, 1)),
        "DROP" => drop_object(tokens, &second, &shown),
        "TRUNCATE" => SqlStatement::with_level(Level::Irreversible, "`TRUNCATE` empties the table")
            .on_object("table", object_name_at(tokens, 1)),
        "ALTER" => alter_object(tokens, &second, &shown),
        "REVOKE" => SqlStatement::with_level(Level::Destroys, "`REVOKE` takes rights away"),
        "KILL" | "SHUTDOWN" => SqlStatement::with_level(Level::Destroys, format!("`{first}` stops something")),
        "STOP" => SqlStatement::with_level(Level::Destroys, format!("{shown} stops replication")),
        "PURGE" => SqlStatement::with_level(Level::Irreversible, format!("{shown} removes logs")),
        "RESET" => SqlStatement::with_level(Level::Irreversible, format!("{shown} removes the replication state")),
        "MERGE" | "REPLACE" => SqlStatement::with_level(Level::Destroys, format!("`{first}` writes over rows")),
        "DETACH" => SqlStatement::with_level(Level::Destroys, "`DETACH` takes it away"),
        "INSERT" | "CREATE" | "COMMENT" | "GRANT" | "VACUUM" | "REINDEX" | "ANALYZE" | "ANALYSE" | "CLUSTER"
        | "REFRESH" | "LOCK" | "UNLOCK" | "OPTIMIZE" | "REPAIR" | "FLUSH" | "CHECKPOINT" | "NOTIFY" | "LOAD"
        | "IMPORT" | "ATTACH" | "RENAME" | "SECURITY" | "REASSIGN" | "START" | "CHANGE" | "INSTALL" | "RESTORE"
        | "BACKUP" | "SYSTEM" | "UNINSTALL" | "BATCH" | "APPLY" | "COMPUTE" | "MSCK" | "UPSERT" => {
            let into = find_keyword(tokens, "INTO").map_or(2, |at| at + 1);
            let overwrites = tokens.iter().take(3).any(|t| t.is_keyword("OVERWRITE"));
            let level = if overwrites { Level::Irreversible } else { Level::Changes };
            SqlStatement::with_level(level, format!("{shown} changes the database"))
                .on_object(if second == "DATABASE" { "database" } else { "table" }, object_name_at(tokens, into))
        }
        "COPY" => copy_statement(tokens),
        _ => SqlStatement::with_unknown_effect(format!("{shown} is a statement that is not known")),
    }
}

/// `WITH`: the worst of the statements inside it.
fn with_queries(tokens: &[SqlToken]) -> SqlStatement {
    let inner = ["DELETE", "UPDATE", "INSERT", "MERGE"]
        .into_iter()
        .filter_map(|word| find_keyword(tokens, word))
        .filter_map(|at| tokens.get(at..));
    inner
        .map(|tokens| judge_statement(tokens_until_close(tokens)))
        .chain([judge_select(tokens)])
        .max_by_key(|s| (s.level, s.unknown))
        .unwrap_or_else(|| judge_select(tokens))
}

/// `EXPLAIN`, which runs the statement only with `ANALYZE`.
fn explain_statement(tokens: &[SqlToken], shown: String) -> SqlStatement {
    let analyze = tokens.iter().take(12).any(|t| t.is_keyword("ANALYZE") || t.is_keyword("ANALYSE"));
    let inner = tokens.iter().position(|t| {
        ["SELECT", "DELETE", "UPDATE", "INSERT", "WITH", "MERGE", "CREATE", "EXECUTE"].iter().any(|w| t.is_keyword(w))
    });
    match inner.filter(|_| analyze).and_then(|at| tokens.get(at..)) {
        Some(inner) => judge_statement(inner),
        None => SqlStatement::with_level(Level::Reads, shown),
    }
}

/// `DROP`, with what is lost.
fn drop_object(tokens: &[SqlToken], second: &str, shown: &str) -> SqlStatement {
    let kinds = [
        "DATABASE",
        "SCHEMA",
        "TABLE",
        "USER",
        "ROLE",
        "INDEX",
        "VIEW",
        "KEYSPACE",
        "TABLESPACE",
        "COLLECTION",
        "MEASUREMENT",
        "SERIES",
        "RETENTION",
    ];
    let kind = kinds.into_iter().find(|kind| second == *kind);
    let object = match kind {
        Some("DATABASE" | "SCHEMA" | "KEYSPACE") => "database",
        Some("USER" | "ROLE") => "role",
        Some("TABLE") => "table",
        _ => "object",
    };
    let at = if kind.is_some() || !second.is_empty() { 2 } else { 1 };
    SqlStatement::with_level(Level::Irreversible, format!("{shown} cannot be taken back"))
        .on_object(object, object_name_at(tokens, at))
}

/// `ALTER`, which loses data where it drops a part.
fn alter_object(tokens: &[SqlToken], second: &str, shown: &str) -> SqlStatement {
    let drops = tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.is_keyword("DROP") && !b.is_keyword("DEFAULT") && !b.is_keyword("NOT") && !b.is_keyword("IDENTITY") && !b.is_keyword("EXPRESSION")));
    let truncates = tokens.windows(2).any(|pair| matches!(pair, [a, b] if (a.is_keyword("TRUNCATE") || a.is_keyword("DISCARD")) && (b.is_keyword("PARTITION") || b.is_keyword("TABLESPACE"))));
    let clears = second == "TABLE" && tokens.iter().any(|t| t.is_keyword("DELETE"));
    let name = object_name_at(tokens, 2);
    if drops || truncates || clears {
        SqlStatement::with_level(Level::Irreversible, format!("{shown} … DROP loses data")).on_object("table", name)
    } else {
        SqlStatement::with_level(Level::Changes, format!("{shown} changes it")).on_object("object", name)
    }
}

/// `COPY`: rows in, a file out, or a command.
fn copy_statement(tokens: &[SqlToken]) -> SqlStatement {
    if find_keyword(tokens, "PROGRAM").is_some() {
        SqlStatement::with_unknown_effect("`COPY … PROGRAM` runs a command")
    } else if find_keyword(tokens, "STDOUT").is_some() {
        SqlStatement::with_level(Level::Reads, "`COPY … TO STDOUT`")
    } else {
        SqlStatement::with_level(Level::Changes, "`COPY` adds rows or writes a file")
            .on_object("table", object_name_at(tokens, 1))
    }
}

/// Up to the parenthesis that closes a part.
fn tokens_until_close(tokens: &[SqlToken]) -> &[SqlToken] {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            SqlToken::Sign('(') => depth += 1,
            SqlToken::Sign(')') if depth == 0 => return tokens.get(..at).unwrap_or(tokens),
            SqlToken::Sign(')') => depth -= 1,
            _ => {}
        }
    }
    tokens
}

/// Where the statement's own `WHERE` stands, and not one of a query within it.
fn find_own_where(tokens: &[SqlToken]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            SqlToken::Sign('(') => depth += 1,
            SqlToken::Sign(')') => depth = depth.saturating_sub(1),
            token if depth == 0 && token.is_keyword("WHERE") => return Some(at),
            _ => {}
        }
    }
    None
}

/// `DELETE` and `UPDATE`, with a condition that holds for some rows only, or without.
fn bounded_change(tokens: &[SqlToken], what: &str) -> SqlStatement {
    let condition = find_own_where(tokens).and_then(|at| tokens.get(at + 1..));
    let trivial = match condition {
        None | Some([]) => true,
        Some([one]) if one.is_keyword("TRUE") => true,
        Some([one, or, ..]) if one.is_keyword("TRUE") && or.is_keyword("OR") => true,
        Some([SqlToken::Value(a), SqlToken::Sign('='), SqlToken::Value(b)]) => a == b,
        Some([SqlToken::Value(a), SqlToken::Sign('='), SqlToken::Value(b), or, ..]) if or.is_keyword("OR") => a == b,
        Some([SqlToken::Value(a)]) => a != "0",
        Some(condition) => condition.windows(4).any(
            |part| matches!(part, [or, SqlToken::Value(a), SqlToken::Sign('='), SqlToken::Value(b)] if or.is_keyword("OR") && a == b),
        ),
    };
    let limited = find_keyword(tokens, "LIMIT").is_some();
    if trivial && !limited {
        let mut statement =
            SqlStatement::with_level(Level::Irreversible, format!("`{what}` without a `WHERE` touches every row"));
        statement.unbounded = true;
        return statement;
    }
    SqlStatement::with_level(Level::Destroys, format!("`{what}` loses rows or values"))
}

/// Functions that do something.
const ACTING_FUNCTIONS: &[(&str, Level, &str)] = &[
    ("pg_terminate_backend", Level::Destroys, "ends connections"),
    ("pg_cancel_backend", Level::Destroys, "stops queries"),
    ("pg_promote", Level::Destroys, "makes a standby the primary"),
    ("pg_drop_replication_slot", Level::Irreversible, "removes a replication slot"),
    ("pg_replication_slot_advance", Level::Irreversible, "throws changes away"),
    ("pg_stat_reset", Level::Destroys, "forgets statistics"),
    ("pg_stat_statements_reset", Level::Destroys, "forgets statistics"),
    ("pg_wal_replay_pause", Level::Destroys, "stops replay"),
    ("pg_reload_conf", Level::Changes, "reads the configuration again"),
    ("pg_rotate_logfile", Level::Changes, "starts a new log"),
    ("pg_switch_wal", Level::Changes, "starts a new log segment"),
    ("pg_switch_xlog", Level::Changes, "starts a new log segment"),
    ("pg_start_backup", Level::Changes, "starts a backup"),
    ("pg_backup_start", Level::Changes, "starts a backup"),
    ("pg_stop_backup", Level::Changes, "ends a backup"),
    ("pg_backup_stop", Level::Changes, "ends a backup"),
    ("pg_wal_replay_resume", Level::Changes, "goes on with replay"),
    ("pg_create_restore_point", Level::Changes, "makes a restore point"),
    ("pg_create_physical_replication_slot", Level::Changes, "makes a slot"),
    ("pg_create_logical_replication_slot", Level::Changes, "makes a slot"),
    ("lo_unlink", Level::Irreversible, "removes a large object"),
    ("setval", Level::Changes, "sets a sequence"),
    ("nextval", Level::Changes, "advances a sequence"),
    ("set_config", Level::Changes, "sets an option"),
    ("pg_advisory_lock", Level::Changes, "takes a lock"),
    ("dblink_exec", Level::Changes, "runs SQL elsewhere"),
    ("lo_import", Level::Changes, "adds a large object"),
    ("pg_file_unlink", Level::Irreversible, "removes a file"),
    ("pg_file_write", Level::Destroys, "writes a file"),
    ("sys_exec", Level::Irreversible, "runs a command"),
];

/// Parts of a name by which a function of one's own likely does something.
const RISKY_NAME_PARTS: &[&str] = &[
    "delete", "purge", "drop", "truncate", "kill", "remove", "destroy", "wipe", "cleanup", "reset", "exec", "clear",
    "flush", "archive", "expire",
];

fn judge_select(tokens: &[SqlToken]) -> SqlStatement {
    let mut found = SqlStatement::with_level(Level::Reads, "`SELECT`");
    for pair in tokens.windows(2) {
        let [SqlToken::Word(name) | SqlToken::Name(name), SqlToken::Sign('(')] = pair else { continue };
        let lower = name.to_ascii_lowercase();
        if let Some((_, level, what)) = ACTING_FUNCTIONS.iter().find(|row| row.0 == lower) {
            if *level > found.level {
                found = SqlStatement {
                    unknown: found.unknown,
                    ..SqlStatement::with_level(*level, format!("`{name}` {what}"))
                };
            }
        } else if RISKY_NAME_PARTS.iter().any(|verb| lower.split('_').any(|part| part == *verb)) {
            found.unknown = true;
            found.what = format!("`{name}` is a function of its own");
        }
    }
    if let Some(into) = find_keyword(tokens, "INTO") {
        let file = tokens.get(into + 1).is_some_and(|t| t.is_keyword("OUTFILE") || t.is_keyword("DUMPFILE"));
        let level = found.level.max(Level::Changes);
        found = SqlStatement {
            level,
            what: if file { "writes a file".to_owned() } else { "`SELECT … INTO` makes a table".to_owned() },
            ..found
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::read_statements;

    fn levels(text: &str) -> Vec<(u8, bool)> {
        read_statements(text).iter().map(|s| (s.level.as_number(), s.unknown)).collect()
    }

    #[test]
    fn keywords_in_strings_comments_and_names_do_not_count() {
        for text in [
            "SELECT 'DROP TABLE x'",
            "SELECT 1 -- DROP TABLE x",
            "SELECT \"DROP\" FROM t",
            "SELECT $$DROP TABLE x;$$",
            "/* DROP; */ SELECT 1",
            "SELECT 'it''s; DROP'",
        ] {
            assert_eq!(levels(text), [(0, false)], "{text}");
        }
    }

    #[test]
    fn each_statement_of_a_text_counts() {
        assert_eq!(levels("SELECT 1; DROP TABLE t;\n\\dt\n"), [(0, false), (0, false), (3, false)]);
        assert_eq!(levels("DELETE FROM t"), [(3, false)]);
        assert_eq!(levels("DELETE FROM t WHERE a = 1"), [(2, false)]);
        assert_eq!(levels("UPDATE t SET a=1 WHERE 1=1"), [(3, false)]);
        assert_eq!(levels("CALL x()"), [(0, true)]);
        assert_eq!(
            read_statements("DROP DATABASE IF EXISTS shop").first().and_then(|s| s.object.clone()),
            Some(("database", "shop".to_owned()))
        );
    }
}
