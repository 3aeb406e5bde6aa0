//! Clients of databases: what they are told by options, words and input.
//!
//! Invariant: a client that is told what to do by something that cannot be read changes something, and is unknown
//! beyond. Refuses to know: servers.

use super::judge::{Input, Judge, span_of};
use super::line::{Line, Rules};
use super::sql;
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{Arg, HOLE};
use std::ops::Range;

/// A client that takes SQL.
struct Client {
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

const CLIENTS: &[Client] = &[
    Client {
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
    Client {
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
    Client {
        names: &["sqlite3", "duckdb"],
        valued: &["-cmd", "-separator", "-init", "-newline", "-nullvalue"],
        sql: &["-cmd"],
        file: &["-init"],
        lists: &["-version", "--version"],
        database: (&[], Some(0)),
        operand: Some(1),
        host: &[],
    },
    Client {
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
pub(super) fn judge(judge: &mut Judge<'_>, name: &str, program: &Arg, args: &[Arg], input: &Input) -> bool {
    let span = span_of(program, args);
    if let Some(client) = CLIENTS.iter().find(|client| client.names.contains(&name)) {
        sql_client(judge, client, name, args, &span, input);
        return true;
    }
    match name {
        "cockroach" if args.first().is_some_and(|arg| arg.text == "sql") => {
            if let (Some(client), Some(rest)) = (CLIENTS.last(), args.get(1..)) {
                sql_client(judge, client, "cockroach sql", rest, &span, input);
            }
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" => super::redis::redis(judge, name, args, &span, input),
        "mongosh" | "mongo" => super::mongo::mongo(judge, name, args, &span, input),
        "influx" if args.iter().any(|arg| arg.text == "-execute") => {
            let line = Line::read(args, Rules { valued: &["-execute", "-database"], long: true, ..Rules::default() });
            if let Some(text) = line.value_arg("-execute") {
                statements(judge, &text, None, input);
            }
        }
        _ => return false,
    }
    true
}

fn sql_client(judge: &mut Judge<'_>, client: &Client, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
    let long = name == "sqlite3" || name == "duckdb";
    let line = Line::read(args, Rules { valued: client.valued, long, ..Rules::default() });
    if client
        .host
        .iter()
        .any(|option| line.value(option).is_some_and(|host| !matches!(host, "localhost" | "127.0.0.1" | "::1")))
    {
        judge.flag(Flag::Remote);
    }
    let (options, operand) = client.database;
    let database = options.iter().find_map(|option| line.value_arg(option)).or_else(|| line.operand(operand?).cloned());
    let mut told = client.lists.iter().any(|option| line.has(option));
    for option in client.sql {
        for value in values(args, option, client.valued) {
            told = true;
            statements(judge, &value, database.as_ref(), input);
        }
    }
    if let Some(text) = client.operand.and_then(|number| line.operand(number)) {
        told = true;
        statements(judge, text, database.as_ref(), input);
    }
    for file in client.file.iter().filter_map(|option| line.value_arg(option)) {
        if matches!(file.text.as_str(), "-" | "/dev/stdin") {
            continue;
        }
        told = true;
        unread(judge, name, &format!("what stands in `{}`", file.shown()), span, database.as_ref());
    }
    for option in ["-o", "--output", "-L"] {
        if let Some(target) = line.value_arg(option).filter(|_| name == "psql") {
            super::files::written(judge, &target, "`psql -o` writes over");
        }
    }
    if told {
        return;
    }
    match input {
        Input::Text(text) => {
            let text = Arg::made(text.clone(), span.clone());
            statements(judge, &text, database.as_ref(), input);
        }
        Input::File(file) => unread(judge, name, &format!("what stands in `{file}`"), span, database.as_ref()),
        Input::Stream => unread(judge, name, "what another command prints", span, database.as_ref()),
        Input::Terminal => {
            judge.flag(Flag::Interactive);
            judge.doubt(span, format!("`{name}` opens a session"));
        }
    }
}

/// All values of an option that may stand more than once.
fn values(args: &[Arg], option: &str, valued: &[&str]) -> Vec<Arg> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = args.get(from..).filter(|rest| !rest.is_empty()) {
        let line = Line::read(rest, Rules { valued, ..Rules::default() });
        let Some(value) = line.value_arg(option) else { break };
        let at = rest.iter().position(|arg| arg.span == value.span).unwrap_or(rest.len());
        found.push(value);
        from += at + 1;
    }
    found
}

pub(super) fn unread(judge: &mut Judge<'_>, name: &str, what: &str, span: &Range<usize>, database: Option<&Arg>) {
    judge.raise(Level::Changes, span, format!("`{name}` runs {what}"));
    judge.doubt(span, format!("`{name}` runs {what}"));
    if let Some(database) = database {
        judge.stake(Level::Changes, "database", database);
    }
}

/// SQL that stands in a word.
fn statements(judge: &mut Judge<'_>, text: &Arg, database: Option<&Arg>, input: &Input) {
    if text.text.trim_matches([HOLE, ' ', ';', '\n']).is_empty() && text.text.contains(HOLE) {
        judge.raise(Level::Changes, &text.span, "SQL that comes out of an expansion");
        return judge.doubt(&text.span, "SQL that comes out of an expansion");
    }
    for statement in sql::read(&text.text) {
        if statement.unknown {
            judge.doubt(&text.span, statement.what.clone());
        }
        judge.raise(statement.level, &text.span, statement.what);
        if statement.unbounded {
            judge.flag(Flag::Unbounded);
        }
        if let Some(script) = statement.shell {
            judge.nested(&Arg::made(script, text.span.clone()), input);
        }
        match (statement.object, database) {
            (Some((kind, name)), _) => {
                // A name that an expansion makes is shown as it stands there.
                let shown = if name.contains('…') { text.shown().to_owned() } else { name };
                judge.stake_named(statement.level, kind, &shown);
            }
            (None, Some(database)) => judge.stake(statement.level, "database", database),
            (None, None) => {}
        }
    }
}
