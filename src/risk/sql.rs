//! A small reader of SQL.
//!
//! Invariant: it tells statements by their first words and never looks into strings, comments or quoted names for
//! keywords; a statement it does not know is unknown. Refuses to know: which server reads it, beyond its quotes.

use super::sql_functions::find_function;
use super::sql_meta::{SqlStatement, mysql_client_command, psql_meta_command, sqlite_dot_command};
pub(super) use super::sql_tokens::SqlDialect;
use super::sql_tokens::{SqlToken, tokenize_sql};
use super::verdict::Level;

/// Reads a text of statements.
pub(super) fn read_statements(text: &str, dialect: SqlDialect) -> Vec<SqlStatement> {
    if dialect != SqlDialect::Other {
        return read_by_rules(text, dialect);
    }
    // The reading that does more counts.
    let readings = [SqlDialect::Postgres, SqlDialect::MySql].map(|dialect| read_by_rules(text, dialect));
    let weight = |statements: &Vec<SqlStatement>| {
        let level = statements.iter().map(|statement| statement.level).max();
        (level, statements.iter().any(|statement| statement.unknown))
    };
    let [first, second] = readings;
    if weight(&second).0 > weight(&first).0 { second } else { first }
}

fn read_by_rules(text: &str, dialect: SqlDialect) -> Vec<SqlStatement> {
    let mut statements = Vec::new();
    let mut sql = String::new();
    for line in text.lines() {
        let at_start = sql.trim().is_empty() || sql.trim_end().ends_with(';');
        let trimmed = line.trim_start();
        let dot = trimmed.strip_prefix('.').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        if let Some(dot) = dot.filter(|_| at_start) {
            statements.push(sqlite_dot_command(dot));
            continue;
        }
        let own = (dialect == SqlDialect::MySql && at_start).then(|| mysql_client_command(line)).flatten();
        if let Some(own) = own {
            statements.push(own);
            continue;
        }
        sql.push_str(line);
        sql.push('\n');
    }
    let tokens = tokenize_sql(&sql, dialect);
    statements
        .extend(tokens.split(|token| *token == SqlToken::End).filter(|tokens| !tokens.is_empty()).map(judge_statement));
    statements
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
    if let Some(SqlToken::Meta(text)) = tokens.first() {
        return psql_meta_command(text);
    }
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
        "SET"
            if matches!(second.as_str(), "GLOBAL" | "PERSIST" | "PASSWORD" | "PERSIST_ONLY") || sets_global(tokens) =>
        {
            // A server that takes no writes, or writes no log, is out of service or loses data.
            let stops = tokens.iter().any(|token| {
                matches!(token, SqlToken::Word(word) if GRAVE_SETTINGS.iter().any(|name| word.eq_ignore_ascii_case(name)))
            });
            let level = if stops { Level::Destroys } else { Level::Changes };
            SqlStatement::with_level(level, format!("{shown} changes the server"))
        }
        "SYSTEM" => system_statement(tokens, &shown),
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
        "VACUUM" if has_keyword(tokens, "FULL") => locking_rewrite(tokens, "`VACUUM FULL`"),
        "REINDEX" | "CLUSTER" if tokens.len() > 1 && !has_keyword(tokens, "CONCURRENTLY") => {
            locking_rewrite(tokens, &format!("`{first}`"))
        }
        "INSERT" | "CREATE" | "COMMENT" | "GRANT" | "VACUUM" | "REINDEX" | "ANALYZE" | "ANALYSE" | "CLUSTER"
        | "REFRESH" | "LOCK" | "UNLOCK" | "OPTIMIZE" | "REPAIR" | "FLUSH" | "CHECKPOINT" | "NOTIFY" | "LOAD"
        | "IMPORT" | "ATTACH" | "RENAME" | "SECURITY" | "REASSIGN" | "START" | "CHANGE" | "INSTALL" | "RESTORE"
        | "BACKUP" | "UNINSTALL" | "BATCH" | "APPLY" | "COMPUTE" | "MSCK" | "UPSERT" => {
            let into = find_keyword(tokens, "INTO").map_or(2, |at| at + 1);
            let overwrites = tokens.iter().take(3).any(|t| t.is_keyword("OVERWRITE"));
            let level = if overwrites { Level::Irreversible } else { Level::Changes };
            SqlStatement::with_level(level, format!("{shown} changes the database"))
                .on_object(if second == "DATABASE" { "database" } else { "table" }, object_name_at(tokens, into))
        }
        "COPY" => copy_statement(tokens),
        "DO" | "EXECUTE" | "CALL" | "EXEC" | "PREPARE" | "HANDLER" => {
            SqlStatement::with_unknown_effect(format!("{shown} runs code of its own"))
        }
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
    let stops = second == "SYSTEM"
        || (matches!(second, "ROLE" | "USER")
            && ["NOLOGIN", "LOCK", "NOSUPERUSER"].iter().any(|word| find_keyword(tokens, word).is_some()))
        || tokens.windows(2).any(|pair| matches!(pair, [a, b] if a.is_keyword("ALLOW_CONNECTIONS") || (a.is_keyword("DISABLE") && !b.is_keyword("NOVALIDATE"))))
        || (second == "DATABASE" && find_keyword(tokens, "OFFLINE").is_some());
    if stops && !drops {
        return SqlStatement::with_level(
            Level::Destroys,
            format!("{shown} may take the server or an account out of service"),
        )
        .on_object("object", name);
    }
    if drops || truncates || clears {
        SqlStatement::with_level(Level::Irreversible, format!("{shown} … DROP loses data")).on_object("table", name)
    } else {
        SqlStatement::with_level(Level::Changes, format!("{shown} changes it")).on_object("object", name)
    }
}

/// `COPY`: rows in, a file out, or a command.
fn copy_statement(tokens: &[SqlToken]) -> SqlStatement {
    if let Some(at) = find_keyword(tokens, "PROGRAM") {
        let mut statement = SqlStatement::with_unknown_effect("`COPY … PROGRAM` runs a command");
        if let Some(SqlToken::Value(script)) = tokens.get(at + 1) {
            statement.shell = Some(script.replace("''", "'"));
        }
        statement
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

/// Settings that stop writes, or that lose data.
const GRAVE_SETTINGS: &[&str] = &[
    "read_only",
    "super_read_only",
    "offline_mode",
    "sql_log_bin",
    "innodb_fast_shutdown",
    "innodb_force_recovery",
    "binlog_expire_logs_seconds",
    "expire_logs_days",
    "foreign_key_checks",
    "local_infile",
    "general_log_file",
    "slow_query_log_file",
    "innodb_flush_log_at_trx_commit",
    "sync_binlog",
];

/// `SET @@GLOBAL.name = …`
fn sets_global(tokens: &[SqlToken]) -> bool {
    tokens.iter().any(|token| {
        matches!(token, SqlToken::Word(word) if ["@global", "@persist"].iter().any(|name| word.eq_ignore_ascii_case(name)))
    })
}

/// A statement that writes a table or its indexes anew, and lets nobody use them until it is done.
fn locking_rewrite(tokens: &[SqlToken], shown: &str) -> SqlStatement {
    const NO_NAMES: &[&str] = &[
        "VACUUM", "FULL", "ANALYZE", "ANALYSE", "VERBOSE", "FREEZE", "REINDEX", "CLUSTER", "TABLE", "INDEX", "SCHEMA",
        "DATABASE", "SYSTEM",
    ];
    let is_option =
        |token: &SqlToken| !matches!(token, SqlToken::Word(_)) || NO_NAMES.iter().any(|word| token.is_keyword(word));
    let at = tokens.iter().position(|token| !is_option(token));
    let kinds = [("DATABASE", "database"), ("SCHEMA", "schema"), ("INDEX", "index")];
    let kind = kinds.into_iter().find(|(word, _)| has_keyword(tokens, word)).map_or("table", |(_, kind)| kind);
    SqlStatement::with_level(Level::Destroys, format!("{shown} locks out everybody who uses it until it is done"))
        .on_object(kind, at.and_then(|at| object_name_at(tokens, at)))
}

fn has_keyword(tokens: &[SqlToken], word: &str) -> bool {
    tokens.iter().any(|token| token.is_keyword(word))
}

/// `SYSTEM` of `ClickHouse`.
fn system_statement(tokens: &[SqlToken], shown: &str) -> SqlStatement {
    let has = |words: &[&str]| words.iter().any(|word| find_keyword(tokens, word).is_some());
    let level = if has(&["REPLICA", "FILESYSTEM"]) && has(&["DROP"]) {
        Level::Irreversible
    } else if has(&["STOP", "SHUTDOWN", "KILL", "SUSPEND", "UNFREEZE"]) {
        Level::Destroys
    } else {
        Level::Changes
    };
    SqlStatement::with_level(level, format!("{shown} acts on the server"))
}

fn judge_select(tokens: &[SqlToken]) -> SqlStatement {
    let mut found = SqlStatement::with_level(Level::Reads, "`SELECT`");
    for pair in tokens.windows(2) {
        let [SqlToken::Word(name) | SqlToken::Name(name), SqlToken::Sign('(')] = pair else { continue };
        let lower = name.to_ascii_lowercase();
        match find_function(&lower) {
            Some((level, what)) if level > found.level => {
                let what = format!("`{name}` {what}");
                found = SqlStatement { unknown: found.unknown, ..SqlStatement::with_level(level, what) };
            }
            Some(_) => {}
            // `WITH name (columns) AS` is no call.
            None if tokens.first().is_some_and(|first| first.is_keyword("WITH"))
                && find_keyword(tokens, "AS").is_some_and(|at| tokens.get(at + 1) == Some(&SqlToken::Sign('(')))
                && is_query_name(tokens, name) => {}
            None => {
                found.unknown = true;
                found.what = format!("effect of the function `{name}` unknown");
            }
        }
    }
    if let Some(into) = find_keyword(tokens, "INTO") {
        let file = tokens.get(into + 1).is_some_and(|t| t.is_keyword("OUTFILE") || t.is_keyword("DUMPFILE"));
        let level = found.level.max(if file { Level::Destroys } else { Level::Changes });
        found = SqlStatement {
            level,
            what: if file { "writes a file".to_owned() } else { "`SELECT … INTO` makes a table".to_owned() },
            ..found
        };
    }
    found
}

/// True if a name is that of a query within `WITH`.
fn is_query_name(tokens: &[SqlToken], name: &str) -> bool {
    tokens.windows(2).any(|pair| {
        matches!(pair, [before, SqlToken::Word(word)] if word == name
            && (before.is_keyword("WITH") || before.is_keyword("RECURSIVE") || *before == SqlToken::Sign(',')))
    })
}

#[cfg(test)]
mod tests {
    use super::{SqlDialect, read_statements};

    fn levels(text: &str) -> Vec<(u8, bool)> {
        read_statements(text, SqlDialect::Postgres).iter().map(|s| (s.level.as_number(), s.unknown)).collect()
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
        assert_eq!(levels("SELECT 1; DROP TABLE t;\n\\dt\n"), [(0, false), (3, false), (0, false)]);
        assert_eq!(levels("DELETE FROM t"), [(3, false)]);
        assert_eq!(levels("DELETE FROM t WHERE a = 1"), [(2, false)]);
        assert_eq!(levels("UPDATE t SET a=1 WHERE 1=1"), [(3, false)]);
        assert_eq!(levels("CALL x()"), [(0, true)]);
        assert_eq!(
            read_statements("DROP DATABASE IF EXISTS shop", SqlDialect::Postgres)
                .first()
                .and_then(|s| s.object.clone()),
            Some(("database", "shop".to_owned()))
        );
    }

    #[test]
    fn each_database_has_its_own_quotes_and_comments() {
        for (text, dialect, worst) in [
            ("SELECT 'a\\'; DROP TABLE x; --'", SqlDialect::Postgres, 3),
            ("SELECT E'a\\'; DROP TABLE x; --'", SqlDialect::Postgres, 0),
            ("SELECT 'a\\'; DROP TABLE x; --'", SqlDialect::Sqlite, 3),
            ("SELECT 'a\\'; DROP TABLE x; -- '", SqlDialect::MySql, 0),
            ("SELECT '\\''; DROP TABLE x; -- '", SqlDialect::MySql, 3),
            ("SELECT 1; --\rDROP TABLE x", SqlDialect::Postgres, 3),
            ("/* a /* b */ DROP TABLE x; */ SELECT 1", SqlDialect::Postgres, 0),
            ("/* a /* b */ DROP TABLE x", SqlDialect::Sqlite, 3),
            ("/*!50000 DROP TABLE x */", SqlDialect::MySql, 3),
            ("/*!50000 DROP TABLE x */ SELECT 1", SqlDialect::Postgres, 0),
            ("SELECT 1 #; DROP TABLE x", SqlDialect::MySql, 0),
            ("SELECT 1 --1; DROP TABLE x", SqlDialect::MySql, 3),
            ("SELECT $a$ ; DROP TABLE x; $a$", SqlDialect::Postgres, 0),
            ("SELECT 'a\\'; DROP TABLE x; --'", SqlDialect::Other, 3),
        ] {
            let found = read_statements(text, dialect).iter().map(|s| s.level.as_number()).max();
            assert_eq!(found, Some(worst), "{dialect:?}: {text}");
        }
    }

    #[test]
    fn a_function_that_no_manual_lists_has_an_unknown_effect() {
        assert_eq!(levels("SELECT tidy_up(3)"), [(0, true)]);
        assert_eq!(levels("SELECT count(*), max(a) FROM t WHERE lower(b) IN ('x')"), [(0, false)]);
        assert_eq!(levels("WITH a(x) AS (SELECT 1) SELECT x FROM a"), [(0, false)]);
    }

    #[test]
    fn a_text_for_a_shell_comes_back() {
        for text in ["SELECT 1 \\o |rm -rf /srv", "\\o|rm -rf /srv", "\\! rm -rf /srv", ".once |rm -rf /srv"] {
            let found = read_statements(text, SqlDialect::Postgres).into_iter().find_map(|s| s.shell);
            assert_eq!(found.as_deref(), Some("rm -rf /srv"), "{text}");
        }
    }
}
