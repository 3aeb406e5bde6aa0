//! A small reader of SQL.
//!
//! Invariant: it tells statements by their first words and never looks into strings, comments or quoted names for
//! keywords; a statement it does not know is unknown. Refuses to know: which server reads it, beyond its quotes.

use super::verdict::Level;
use crate::shell::simple_command::HOLE;

/// What one statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub level: Level,
    pub unknown: bool,
    pub unbounded: bool,
    /// What it does, in a few words.
    pub what: String,
    /// Kind and name of what is at stake.
    pub object: Option<(&'static str, String)>,
    /// A shell text (`\!`).
    pub shell: Option<String>,
}

impl Statement {
    fn new(level: Level, what: impl Into<String>) -> Self {
        Self { level, unknown: false, unbounded: false, what: what.into(), object: None, shell: None }
    }

    fn unknown(what: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::new(Level::Reads, what) }
    }

    fn on(mut self, kind: &'static str, name: Option<String>) -> Self {
        self.object = name.map(|name| (kind, name));
        self
    }
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A word, as written.
    Word(String),
    /// A quoted name.
    Name(String),
    /// A string or a number.
    Value(String),
    /// An expansion.
    Hole,
    Sign(char),
    End,
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

/// Reads a text of statements.
pub(super) fn read(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut sql = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(meta) = trimmed.strip_prefix('\\') {
            statements.extend(meta_command(meta));
        } else if let Some(dot) = trimmed
            .strip_prefix('.')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()) && sql.trim().is_empty())
        {
            statements.push(dot_command(dot));
        } else {
            // psql takes `\g` and `\gexec` at the end of a line.
            let (line, ending) = line.split_once("\\g").map_or((line, None), |(before, after)| (before, Some(after)));
            sql.push_str(line);
            sql.push('\n');
            if let Some(ending) = ending {
                if ending.trim_start().starts_with(['e', '|']) {
                    statements.push(Statement::unknown("`\\g` runs what the query gives"));
                }
                sql.push(';');
            }
        }
    }
    let tokens = tokens(&sql);
    statements.extend(tokens.split(|token| *token == Token::End).filter(|tokens| !tokens.is_empty()).map(statement));
    statements
}

/// What psql does with `\…`.
fn meta_command(text: &str) -> Vec<Statement> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let one = match name {
        "i" | "ir" | "include" | "include_relative" => {
            Statement::unknown(format!("`\\{name}` runs what stands in `{}`", rest.trim()))
        }
        "!" => Statement {
            shell: Some(rest.trim().to_owned()),
            ..Statement::new(Level::Reads, "`\\!` runs a shell command")
        },
        _ if name.starts_with('!') => Statement {
            shell: Some(text.trim_start_matches('!').trim().to_owned()),
            ..Statement::new(Level::Reads, "`\\!` runs a shell command")
        },
        "copy" => {
            let lower = rest.to_ascii_lowercase();
            if lower.contains(" program ") {
                Statement::unknown("`\\copy … program` runs a command")
            } else if lower.contains(" from ") {
                Statement::new(Level::Changes, "`\\copy … from` adds rows")
            } else {
                Statement::new(Level::Changes, "`\\copy … to` writes a file")
            }
        }
        "o" | "out" | "w" | "write" | "lo_export" | "s" => {
            if rest.trim().is_empty() {
                Statement::new(Level::Reads, "output")
            } else {
                Statement::new(Level::Changes, "writes a file")
            }
        }
        "lo_unlink" => Statement::new(Level::Irreversible, "removes a large object"),
        "lo_import" | "password" | "e" | "ef" | "ev" => Statement::new(Level::Changes, "changes something"),
        "gexec" => Statement::unknown("`\\gexec` runs what the query gives"),
        "setenv" | "set" if rest.contains('`') => Statement::unknown("runs a command in backticks"),
        _ => Statement::new(Level::Reads, "shows"),
    };
    vec![one]
}

/// What sqlite3 does with `.…`.
fn dot_command(text: &str) -> Statement {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match name.trim_end_matches(';') {
        "shell" | "system" => {
            Statement { shell: Some(rest.to_owned()), ..Statement::new(Level::Reads, "runs a shell command") }
        }
        "read" => Statement::unknown("`.read` runs what stands in a file"),
        "restore" => Statement::new(Level::Irreversible, "`.restore` overwrites the database"),
        "import" | "load" | "backup" | "save" | "clone" | "output" | "once" | "log" => {
            Statement::new(Level::Changes, "writes a file or adds rows")
        }
        _ => Statement::new(Level::Reads, "shows"),
    }
}

fn tokens(text: &str) -> Vec<Token> {
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
                let (inner, next) = quoted(after, '\'');
                out.push(Token::Value(inner.to_owned()));
                after = next;
            }
            '"' | '`' => {
                let (inner, next) = quoted(after, c);
                out.push(Token::Name(inner.to_owned()));
                after = next;
            }
            '$' => {
                let tag_end = after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len());
                if after.get(tag_end..).is_some_and(|rest| rest.starts_with('$')) {
                    let mark = format!("${}$", after.get(..tag_end).unwrap_or(""));
                    let body = after.get(tag_end + 1..).unwrap_or("");
                    let end = body.find(&mark);
                    out.push(Token::Value(String::new()));
                    after = end.and_then(|end| body.get(end + mark.len()..)).unwrap_or("");
                }
            }
            ';' => out.push(Token::End),
            HOLE => out.push(Token::Hole),
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
                    out.push(Token::Sign('<'));
                } else if word.starts_with('<') && word.ends_with('>') {
                    out.push(Token::Name(word));
                } else {
                    out.push(Token::Word(word));
                }
            }
            c if c.is_ascii_digit() => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '.').unwrap_or(after.len());
                out.push(Token::Value(format!("{c}{}", after.get(..end).unwrap_or(""))));
                after = after.get(end..).unwrap_or("");
            }
            c if c.is_whitespace() => {}
            c => out.push(Token::Sign(c)),
        }
        rest = after;
    }
    out
}

fn comment_end(text: &str) -> &str {
    text.split_once("*/").map_or("", |(_, after)| after)
}

fn quoted(text: &str, mark: char) -> (&str, &str) {
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
fn name_at(tokens: &[Token], mut at: usize) -> Option<String> {
    while tokens.get(at).is_some_and(|t| {
        ["if", "exists", "not", "only", "table", "concurrently", "low_priority", "quick", "ignore"]
            .iter()
            .any(|word| t.is(word))
    }) {
        at += 1;
    }
    let mut name = String::new();
    loop {
        match tokens.get(at)? {
            Token::Word(word) | Token::Name(word) => name.push_str(word),
            Token::Hole => name.push('…'),
            _ => break,
        }
        at += 1;
        if tokens.get(at) != Some(&Token::Sign('.')) {
            break;
        }
        name.push('.');
        at += 1;
    }
    (!name.is_empty()).then_some(name)
}

fn find(tokens: &[Token], word: &str) -> Option<usize> {
    tokens.iter().position(|token| token.is(word))
}

fn statement(tokens: &[Token]) -> Statement {
    let tokens = match tokens {
        [Token::Sign('('), rest @ ..] => rest,
        all => all,
    };
    let Some(Token::Word(first)) = tokens.first() else {
        return Statement::unknown("SQL that comes out of an expansion");
    };
    let first = first.to_ascii_uppercase();
    let second = match tokens.get(1) {
        Some(Token::Word(word)) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    let said = if second.is_empty() { format!("`{first}`") } else { format!("`{first} {second}`") };
    match first.as_str() {
        "SELECT" | "TABLE" | "VALUES" => select(tokens),
        "WITH" => with_queries(tokens),
        "SHOW" | "DESCRIBE" | "DESC" | "USE" | "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT"
        | "SAVEPOINT" | "RELEASE" | "DECLARE" | "FETCH" | "CLOSE" | "MOVE" | "HELP" | "DISCARD" | "LISTEN"
        | "UNLISTEN" | "GO" | "DELIMITER" | "CONSISTENCY" | "TRACING" | "EXISTS" | "CHECK"
            if !(first == "START" && matches!(second.as_str(), "SLAVE" | "REPLICA")) =>
        {
            Statement::new(Level::Reads, said)
        }
        "SET" if matches!(second.as_str(), "GLOBAL" | "PERSIST" | "PASSWORD" | "PERSIST_ONLY") => {
            Statement::new(Level::Changes, format!("{said} changes the server"))
        }
        "SET" | "RESET" if !matches!(second.as_str(), "MASTER" | "SLAVE" | "REPLICA" | "BINARY") => {
            Statement::new(Level::Reads, said)
        }
        "PRAGMA" => {
            let level = if tokens.contains(&Token::Sign('=')) { Level::Changes } else { Level::Reads };
            Statement::new(level, said)
        }
        "EXPLAIN" => explain(tokens, said),
        "DELETE" => {
            let from = find(tokens, "FROM").map_or(1, |at| at + 1);
            bounded(tokens, "DELETE").on("table", name_at(tokens, from))
        }
        "UPDATE" => bounded(tokens, "UPDATE").on("table", name_at(tokens, 1)),
        "DROP" => drop_object(tokens, &second, &said),
        "TRUNCATE" => {
            Statement::new(Level::Irreversible, "`TRUNCATE` empties the table").on("table", name_at(tokens, 1))
        }
        "ALTER" => alter(tokens, &second, &said),
        "REVOKE" => Statement::new(Level::Destroys, "`REVOKE` takes rights away"),
        "KILL" | "SHUTDOWN" => Statement::new(Level::Destroys, format!("`{first}` stops something")),
        "STOP" => Statement::new(Level::Destroys, format!("{said} stops replication")),
        "PURGE" => Statement::new(Level::Irreversible, format!("{said} removes logs")),
        "RESET" => Statement::new(Level::Irreversible, format!("{said} removes the replication state")),
        "MERGE" | "REPLACE" => Statement::new(Level::Destroys, format!("`{first}` writes over rows")),
        "DETACH" => Statement::new(Level::Destroys, "`DETACH` takes it away"),
        "INSERT" | "CREATE" | "COMMENT" | "GRANT" | "VACUUM" | "REINDEX" | "ANALYZE" | "ANALYSE" | "CLUSTER"
        | "REFRESH" | "LOCK" | "UNLOCK" | "OPTIMIZE" | "REPAIR" | "FLUSH" | "CHECKPOINT" | "NOTIFY" | "LOAD"
        | "IMPORT" | "ATTACH" | "RENAME" | "SECURITY" | "REASSIGN" | "START" | "CHANGE" | "INSTALL" | "RESTORE"
        | "BACKUP" | "SYSTEM" | "UNINSTALL" | "BATCH" | "APPLY" | "COMPUTE" | "MSCK" | "UPSERT" => {
            let into = find(tokens, "INTO").map_or(2, |at| at + 1);
            let overwrites = tokens.iter().take(3).any(|t| t.is("OVERWRITE"));
            let level = if overwrites { Level::Irreversible } else { Level::Changes };
            Statement::new(level, format!("{said} changes the database"))
                .on(if second == "DATABASE" { "database" } else { "table" }, name_at(tokens, into))
        }
        "COPY" => copy(tokens),
        _ => Statement::unknown(format!("{said} is a statement that is not known")),
    }
}

/// `WITH`: the worst of the statements inside it.
fn with_queries(tokens: &[Token]) -> Statement {
    let inner = ["DELETE", "UPDATE", "INSERT", "MERGE"]
        .into_iter()
        .filter_map(|word| find(tokens, word))
        .filter_map(|at| tokens.get(at..));
    inner
        .map(|tokens| statement(until_close(tokens)))
        .chain([select(tokens)])
        .max_by_key(|s| (s.level, s.unknown))
        .unwrap_or_else(|| select(tokens))
}

/// `EXPLAIN`, which runs the statement only with `ANALYZE`.
fn explain(tokens: &[Token], said: String) -> Statement {
    let analyze = tokens.iter().take(12).any(|t| t.is("ANALYZE") || t.is("ANALYSE"));
    let inner = tokens.iter().position(|t| {
        ["SELECT", "DELETE", "UPDATE", "INSERT", "WITH", "MERGE", "CREATE", "EXECUTE"].iter().any(|w| t.is(w))
    });
    match inner.filter(|_| analyze).and_then(|at| tokens.get(at..)) {
        Some(inner) => statement(inner),
        None => Statement::new(Level::Reads, said),
    }
}

/// `DROP`, with what is lost.
fn drop_object(tokens: &[Token], second: &str, said: &str) -> Statement {
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
    Statement::new(Level::Irreversible, format!("{said} cannot be taken back")).on(object, name_at(tokens, at))
}

/// `ALTER`, which loses data where it drops a part.
fn alter(tokens: &[Token], second: &str, said: &str) -> Statement {
    let drops = tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.is("DROP") && !b.is("DEFAULT") && !b.is("NOT") && !b.is("IDENTITY") && !b.is("EXPRESSION")));
    let truncates = tokens.windows(2).any(|pair| matches!(pair, [a, b] if (a.is("TRUNCATE") || a.is("DISCARD")) && (b.is("PARTITION") || b.is("TABLESPACE"))));
    let clears = second == "TABLE" && tokens.iter().any(|t| t.is("DELETE"));
    let name = name_at(tokens, 2);
    if drops || truncates || clears {
        Statement::new(Level::Irreversible, format!("{said} … DROP loses data")).on("table", name)
    } else {
        Statement::new(Level::Changes, format!("{said} changes it")).on("object", name)
    }
}

/// `COPY`: rows in, a file out, or a command.
fn copy(tokens: &[Token]) -> Statement {
    if find(tokens, "PROGRAM").is_some() {
        Statement::unknown("`COPY … PROGRAM` runs a command")
    } else if find(tokens, "STDOUT").is_some() {
        Statement::new(Level::Reads, "`COPY … TO STDOUT`")
    } else {
        Statement::new(Level::Changes, "`COPY` adds rows or writes a file").on("table", name_at(tokens, 1))
    }
}

/// Up to the parenthesis that closes a part.
fn until_close(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') if depth == 0 => return tokens.get(..at).unwrap_or(tokens),
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
    }
    tokens
}

/// Where the statement's own `WHERE` stands, and not one of a query within it.
fn where_at_top(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.saturating_sub(1),
            token if depth == 0 && token.is("WHERE") => return Some(at),
            _ => {}
        }
    }
    None
}

/// `DELETE` and `UPDATE`, with a condition that holds for some rows only, or without.
fn bounded(tokens: &[Token], what: &str) -> Statement {
    let condition = where_at_top(tokens).and_then(|at| tokens.get(at + 1..));
    let trivial = match condition {
        None | Some([]) => true,
        Some([one]) if one.is("TRUE") => true,
        Some([one, or, ..]) if one.is("TRUE") && or.is("OR") => true,
        Some([Token::Value(a), Token::Sign('='), Token::Value(b)]) => a == b,
        Some([Token::Value(a), Token::Sign('='), Token::Value(b), or, ..]) if or.is("OR") => a == b,
        Some([Token::Value(a)]) => a != "0",
        Some(condition) => condition.windows(4).any(
            |part| matches!(part, [or, Token::Value(a), Token::Sign('='), Token::Value(b)] if or.is("OR") && a == b),
        ),
    };
    let limited = find(tokens, "LIMIT").is_some();
    if trivial && !limited {
        let mut statement =
            Statement::new(Level::Irreversible, format!("`{what}` without a `WHERE` touches every row"));
        statement.unbounded = true;
        return statement;
    }
    Statement::new(Level::Destroys, format!("`{what}` loses rows or values"))
}

/// Functions that do something.
const ACTING: &[(&str, Level, &str)] = &[
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
const VERBS: &[&str] = &[
    "delete", "purge", "drop", "truncate", "kill", "remove", "destroy", "wipe", "cleanup", "reset", "exec", "clear",
    "flush", "archive", "expire",
];

fn select(tokens: &[Token]) -> Statement {
    let mut found = Statement::new(Level::Reads, "`SELECT`");
    for pair in tokens.windows(2) {
        let [Token::Word(name) | Token::Name(name), Token::Sign('(')] = pair else { continue };
        let lower = name.to_ascii_lowercase();
        if let Some((_, level, what)) = ACTING.iter().find(|row| row.0 == lower) {
            if *level > found.level {
                found = Statement { unknown: found.unknown, ..Statement::new(*level, format!("`{name}` {what}")) };
            }
        } else if VERBS.iter().any(|verb| lower.split('_').any(|part| part == *verb)) {
            found.unknown = true;
            found.what = format!("`{name}` is a function of its own");
        }
    }
    if let Some(into) = find(tokens, "INTO") {
        let file = tokens.get(into + 1).is_some_and(|t| t.is("OUTFILE") || t.is("DUMPFILE"));
        let level = found.level.max(Level::Changes);
        found = Statement {
            level,
            what: if file { "writes a file".to_owned() } else { "`SELECT … INTO` makes a table".to_owned() },
            ..found
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::read;

    fn levels(text: &str) -> Vec<(u8, bool)> {
        read(text).iter().map(|s| (s.level.number(), s.unknown)).collect()
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
            read("DROP DATABASE IF EXISTS shop").first().and_then(|s| s.object.clone()),
            Some(("database", "shop".to_owned()))
        );
    }
}
