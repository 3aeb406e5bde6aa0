//! Database clients: the statements that they get from options, operands and input.
//!
//! Invariant: a client whose statements cannot be read changes state, and is unknown
//! beyond. Refuses to know: servers.

use super::judge::{CommandInput, Judge, command_span};
use super::line::{OptionRules, ParsedLine};
use super::sql::{self, SqlDialect};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{CommandWord, EXPANSION_MARK};
use std::ops::Range;

/// A client that takes SQL.
struct SqlClient {
    names: &'static [&'static str],
    valued: &'static [&'static str],
    /// Options whose value is SQL.
    sql: &'static [&'static str],
    /// Options that name a file of SQL.
    file: &'static [&'static str],
    /// Options that only list.
    lists: &'static [&'static str],
    /// Options that name the database, and the operand that does, from 0.
    database: (&'static [&'static str], Option<usize>),
    /// The operand that is SQL, from 0.
    operand: Option<usize>,
    host: &'static [&'static str],
}

const SQL_CLIENTS: &[SqlClient] = &[
    SqlClient {
        names: &["psql", "pgcli"],
        valued: &[
            "-c",
            "--command",
            "-d",
            "--dbname",
            "-f",
            "--file",
            "-h",
            "--host",
            "-p",
            "--port",
            "-U",
            "--username",
            "-v",
            "--set",
            "--variable",
            "-F",
            "-R",
            "-P",
            "--pset",
            "-T",
            "-o",
            "--output",
            "-L",
            "--log-file",
        ],
        sql: &["-c", "--command"],
        file: &["-f", "--file"],
        lists: &["-l", "--list", "-V", "--version"],
        database: (&["-d", "--dbname"], Some(0)),
        operand: None,
        host: &["-h", "--host"],
    },
    SqlClient {
        names: &["mysql", "mariadb", "mycli"],
        valued: &[
            "-e",
            "--execute",
            "-h",
            "--host",
            "-P",
            "--port",
            "-u",
            "--user",
            "-S",
            "--socket",
            "-D",
            "--database",
            "--protocol",
            "--default-character-set",
            "--defaults-file",
            "--defaults-extra-file",
            "--login-path",
            "--init-command",
        ],
        sql: &["-e", "--execute", "--init-command"],
        file: &[],
        lists: &["-V", "--version"],
        database: (&["-D", "--database"], Some(0)),
        operand: None,
        host: &["-h", "--host"],
    },
    SqlClient {
        names: &["sqlite3", "duckdb"],
        valued: &["-cmd", "-separator", "-init", "-newline", "-nullvalue"],
        sql: &["-cmd"],
        file: &["-init"],
        lists: &["-version", "--version"],
        database: (&[], Some(0)),
        operand: Some(1),
        host: &[],
    },
    SqlClient {
        names: &[
            "clickhouse-client",
            "clickhouse",
            "cqlsh",
            "cockroach-sql",
            "usql",
            "trino-cli",
            "presto-cli",
            "sqlcmd",
        ],
        valued: &[
            "-q",
            "--query",
            "-e",
            "--execute",
            "-f",
            "--file",
            "-h",
            "--host",
            "-p",
            "--port",
            "-u",
            "--user",
            "-d",
            "--database",
            "--password",
            "--queries-file",
            "-k",
            "--keyspace",
            "-Q",
            "-S",
            "-U",
            "-P",
            "-i",
            "-c",
        ],
        sql: &["-q", "--query", "-e", "--execute", "-Q", "-c"],
        file: &["-f", "--file", "--queries-file", "-i"],
        lists: &["--version"],
        database: (&["-d", "--database", "-k", "--keyspace"], None),
        operand: None,
        host: &["-h", "--host"],
    },
];

/// Programs of this room. False if it is none of them.
pub(super) fn judge_client(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
    input: &CommandInput,
) -> bool {
    let span = command_span(program, args);
    if let Some(client) = SQL_CLIENTS.iter().find(|client| client.names.contains(&name)) {
        judge_sql_client(judge, client, name, args, &span, input);
        return true;
    }
    match name {
        "cockroach" if args.first().is_some_and(|arg| arg.text == "sql") => {
            if let (Some(client), Some(rest)) = (SQL_CLIENTS.last(), args.get(1..)) {
                judge_sql_client(judge, client, "cockroach sql", rest, &span, input);
            }
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" => super::redis::judge_redis(judge, name, args, &span, input),
        "mongosh" | "mongo" => super::mongo::judge_mongo(judge, name, args, &span, input),
        "influx" if args.iter().any(|arg| arg.text == "-execute") => {
            let line = ParsedLine::parse_args(
                args,
                OptionRules { valued: &["-execute", "-database"], long: true, ..OptionRules::default() },
            );
            if let Some(text) = line.option_value_arg("-execute") {
                judge_statements(judge, &text, SqlDialect::Other, None, input);
            }
        }
        _ => return false,
    }
    true
}

fn judge_sql_client(
    judge: &mut Judge<'_>,
    client: &SqlClient,
    name: &str,
    args: &[CommandWord],
    span: &Range<usize>,
    input: &CommandInput,
) {
    let long = name == "sqlite3" || name == "duckdb";
    let dialect = match name {
        "psql" | "pgcli" | "cockroach sql" | "duckdb" => SqlDialect::Postgres,
        "mysql" | "mariadb" | "mycli" => SqlDialect::MySql,
        "sqlite3" => SqlDialect::Sqlite,
        _ => SqlDialect::Other,
    };
    let line = ParsedLine::parse_args(args, OptionRules { valued: client.valued, long, ..OptionRules::default() });
    if client
        .host
        .iter()
        .any(|option| line.option_value(option).is_some_and(|host| !matches!(host, "localhost" | "127.0.0.1" | "::1")))
    {
        judge.add_flag(Flag::Remote);
    }
    let (options, operand) = client.database;
    let database =
        options.iter().find_map(|option| line.option_value_arg(option)).or_else(|| line.operand_at(operand?).cloned());
    let mut has_statements = client.lists.iter().any(|option| line.has_option(option));
    for option in client.sql {
        for value in option_values(args, option, client.valued) {
            has_statements = true;
            judge_statements(judge, &value, dialect, database.as_ref(), input);
        }
    }
    if let Some(text) = client.operand.and_then(|number| line.operand_at(number)) {
        has_statements = true;
        judge_statements(judge, text, dialect, database.as_ref(), input);
    }
    for file in client.file.iter().filter_map(|option| line.option_value_arg(option)) {
        if matches!(file.text.as_str(), "-" | "/dev/stdin") {
            continue;
        }
        has_statements = true;
        judge_unread_input(judge, name, &format!("what stands in `{}`", file.display_text()), span, database.as_ref());
    }
    for option in ["-o", "--output", "-L"] {
        if let Some(target) = line.option_value_arg(option).filter(|_| name == "psql") {
            super::files::judge_written_file(judge, &target, "`psql -o` writes over");
        }
    }
    if has_statements {
        return;
    }
    match input {
        CommandInput::Text(text) => {
            let text = CommandWord::from_text(text.clone(), span.clone());
            judge_statements(judge, &text, dialect, database.as_ref(), input);
        }
        CommandInput::File(file) => {
            judge_unread_input(judge, name, &format!("what stands in `{file}`"), span, database.as_ref());
        }
        CommandInput::Stream => judge_unread_input(judge, name, "what another command prints", span, database.as_ref()),
        CommandInput::Terminal => {
            judge.add_flag(Flag::Interactive);
            judge.mark_unknown(span, format!("`{name}` opens a session"));
        }
    }
}

/// All values of an option that may stand more than once.
fn option_values(args: &[CommandWord], option: &str, valued: &[&str]) -> Vec<CommandWord> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = args.get(from..).filter(|rest| !rest.is_empty()) {
        let line = ParsedLine::parse_args(rest, OptionRules { valued, ..OptionRules::default() });
        let Some(value) = line.option_value_arg(option) else { break };
        let at = rest.iter().position(|arg| arg.span == value.span).unwrap_or(rest.len());
        found.push(value);
        from += at + 1;
    }
    found
}

pub(super) fn judge_unread_input(
    judge: &mut Judge<'_>,
    name: &str,
    what: &str,
    span: &Range<usize>,
    database: Option<&CommandWord>,
) {
    judge.raise_level(Level::Changes, span, format!("`{name}` runs {what}"));
    judge.mark_unknown(span, format!("`{name}` runs {what}"));
    if let Some(database) = database {
        judge.add_object(Level::Changes, "database", database);
    }
}

/// SQL that stands in a word.
fn judge_statements(
    judge: &mut Judge<'_>,
    text: &CommandWord,
    dialect: SqlDialect,
    database: Option<&CommandWord>,
    input: &CommandInput,
) {
    if text.text.trim_matches([EXPANSION_MARK, ' ', ';', '\n']).is_empty() && text.text.contains(EXPANSION_MARK) {
        judge.raise_level(Level::Changes, &text.span, "SQL that comes out of an expansion");
        return judge.mark_unknown(&text.span, "SQL that comes out of an expansion");
    }
    for statement in sql::read_statements(&text.text, dialect) {
        if statement.unknown {
            judge.mark_unknown(&text.span, statement.what.clone());
        }
        judge.raise_level(statement.level, &text.span, statement.what);
        if statement.unbounded {
            judge.add_flag(Flag::Unbounded);
        }
        if let Some(script) = statement.shell {
            judge.judge_nested_script(&CommandWord::from_text(script, text.span.clone()), input);
        }
        match (statement.object, database) {
            (Some((kind, name)), _) => {
                // A name that an expansion makes is shown as it stands there.
                let shown = if name.contains('…') { text.display_text().to_owned() } else { name };
                judge.add_named_object(statement.level, kind, &shown);
            }
            (None, Some(database)) => judge.add_object(statement.level, "database", database),
            (None, None) => {}
        }
    }
}
