//! Clients of databases: what they are told by options, words and input.
//!
//! Invariant: a client that is told what to do by something that cannot be read changes something, and is unknown
//! beyond. Refuses to know: servers.

use super::arg::{Arg, HOLE};
use super::judge::{Input, Judge, span_of};
use super::line::{Line, Rules};
use super::sql;
use super::verdict::{Flag, Level};
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
pub(super) fn judge(judge: &mut Judge, name: &str, program: &Arg, args: &[Arg], input: &Input) -> bool {
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
        "redis-cli" | "valkey-cli" | "keydb-cli" => redis(judge, name, args, &span, input),
        "mongosh" | "mongo" => mongo(judge, name, args, &span, input),
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

fn sql_client(judge: &mut Judge, client: &Client, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
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

fn unread(judge: &mut Judge, name: &str, what: &str, span: &Range<usize>, database: Option<&Arg>) {
    judge.raise(Level::Changes, span, format!("`{name}` runs {what}"));
    judge.doubt(span, format!("`{name}` runs {what}"));
    if let Some(database) = database {
        judge.stake(Level::Changes, "database", database);
    }
}

/// SQL that stands in a word.
fn statements(judge: &mut Judge, text: &Arg, database: Option<&Arg>, input: &Input) {
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
                judge.risk.stake(statement.level, kind, &shown);
            }
            (None, Some(database)) => judge.stake(statement.level, "database", database),
            (None, None) => {}
        }
    }
}

/// Commands of Redis, from its command reference.
const REDIS_READS: &[&str] = &[
    "ping",
    "info",
    "get",
    "mget",
    "keys",
    "scan",
    "dbsize",
    "ttl",
    "pttl",
    "type",
    "exists",
    "hget",
    "hgetall",
    "hmget",
    "hkeys",
    "hvals",
    "hlen",
    "lrange",
    "llen",
    "lindex",
    "smembers",
    "scard",
    "sismember",
    "zrange",
    "zcard",
    "zscore",
    "zrangebyscore",
    "zrank",
    "zcount",
    "strlen",
    "getrange",
    "object",
    "memory",
    "time",
    "lastsave",
    "role",
    "echo",
    "command",
    "monitor",
    "subscribe",
    "psubscribe",
    "hexists",
    "sscan",
    "hscan",
    "zscan",
    "xlen",
    "xrange",
    "xinfo",
    "xread",
    "pubsub",
    "bitcount",
    "dump",
    "randomkey",
    "lolwut",
    "auth",
    "select",
    "quit",
    "wait",
    "zrevrange",
    "srandmember",
    "hrandfield",
    "getbit",
    "latency",
    "asking",
    "readonly",
    "geopos",
    "touch",
    "hello",
    "expiretime",
];
const REDIS_CHANGES: &[&str] = &[
    "set",
    "mset",
    "setex",
    "setnx",
    "psetex",
    "append",
    "incr",
    "incrby",
    "decr",
    "decrby",
    "hset",
    "hmset",
    "hincrby",
    "lpush",
    "rpush",
    "sadd",
    "zadd",
    "bgsave",
    "save",
    "bgrewriteaof",
    "expire",
    "expireat",
    "pexpire",
    "persist",
    "xadd",
    "publish",
    "setbit",
    "setrange",
    "hsetnx",
    "linsert",
    "zincrby",
    "copy",
    "incrbyfloat",
    "pfadd",
    "geoadd",
    "msetnx",
    "sync",
];
const REDIS_DESTROYS: &[&str] = &[
    "del",
    "unlink",
    "hdel",
    "lpop",
    "rpop",
    "lrem",
    "ltrim",
    "srem",
    "spop",
    "zrem",
    "zremrangebyscore",
    "zremrangebyrank",
    "rename",
    "renamenx",
    "move",
    "getdel",
    "getset",
    "xdel",
    "xtrim",
    "shutdown",
    "slaveof",
    "replicaof",
    "failover",
    "restore",
    "migrate",
    "swapdb",
    "lset",
    "blpop",
    "brpop",
    "rpoplpush",
    "zpopmin",
    "zpopmax",
    "smove",
    "xgroup",
    "sdiffstore",
    "sinterstore",
    "sunionstore",
    "zunionstore",
    "sort",
    "debug",
    "reset",
    "bitop",
];

const REDIS_VALUED: &[&str] = &[
    "-h",
    "-p",
    "-a",
    "-n",
    "-u",
    "-s",
    "-r",
    "-i",
    "-d",
    "-t",
    "--user",
    "--pass",
    "--cacert",
    "--cert",
    "--key",
    "--sni",
    "--pattern",
    "--eval",
    "--rdb",
    "--functions-rdb",
    "--count",
    "-D",
    "-X",
    "--cluster",
];

fn redis(judge: &mut Judge, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
    let line = Line::read(args, Rules { valued: REDIS_VALUED, posix: true, ..Rules::default() });
    if line.has_any(&["-a", "--pass"]) {
        judge.flag(Flag::Credential);
    }
    if line.value("-h").is_some_and(|host| !matches!(host, "localhost" | "127.0.0.1")) {
        judge.flag(Flag::Remote);
    }
    if line.has_any(&[
        "--scan",
        "--bigkeys",
        "--memkeys",
        "--hotkeys",
        "--stat",
        "--latency",
        "--latency-history",
        "--latency-dist",
        "--version",
        "--help",
        "--intrinsic-latency",
    ]) {
        return;
    }
    if let Some(target) = line.value_arg("--rdb") {
        return super::files::written(judge, &target, "`redis-cli --rdb` writes over");
    }
    if line.has("--eval") {
        judge.raise(Level::Changes, span, "`redis-cli --eval` runs a script");
        return judge.doubt(span, "`redis-cli --eval` runs a script of its own");
    }
    if let Some(action) = line.value("--cluster") {
        let level = match action {
            "check" | "info" | "help" => Level::Reads,
            "del-node" | "reshard" | "rebalance" | "fix" | "import" | "create" | "call" => Level::Destroys,
            _ => Level::Changes,
        };
        return judge.raise(level, span, format!("`redis-cli --cluster {action}`"));
    }
    if let Some(words) = line.operands.first().and_then(|&at| args.get(at..)) {
        let words: Vec<&str> = words.iter().map(|arg| arg.text.as_str()).collect();
        // The command may stand in one word.
        let split: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
        redis_command(judge, &split, span);
        if let Some(database) = line.value_arg("-n") {
            judge.stake(judge.risk.level, "redis database", &database);
        }
        return;
    }
    match input {
        Input::Text(text) => {
            for command in text.lines() {
                redis_command(judge, &command.split_whitespace().collect::<Vec<_>>(), span);
            }
        }
        Input::File(_) | Input::Stream => unread(judge, name, "what it reads", span, None),
        Input::Terminal => {
            judge.flag(Flag::Interactive);
            judge.doubt(span, format!("`{name}` opens a session"));
        }
    }
}

fn redis_command(judge: &mut Judge, words: &[&str], span: &Range<usize>) {
    let Some(first) = words.first() else { return };
    let command = first.to_ascii_lowercase();
    let second = words.get(1).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let level = match (command.as_str(), second.as_str()) {
        ("flushall" | "flushdb", _) => Level::Irreversible,
        ("config", "get")
        | ("client", "list" | "id" | "info" | "getname")
        | ("slowlog", "get" | "len")
        | ("acl", "list" | "whoami" | "getuser" | "cat" | "users" | "log") => Level::Reads,
        ("cluster", "info" | "nodes" | "slots" | "shards" | "myid" | "keyslot" | "countkeysinslot" | "links")
        | ("script", "exists")
        | (
            "sentinel",
            "masters" | "master" | "slaves" | "replicas" | "get-master-addr-by-name" | "ckquorum" | "sentinels",
        ) => Level::Reads,
        ("function", "list" | "stats" | "dump") | ("module", "list") => Level::Reads,
        ("cluster", "reset" | "flushslots") | ("script" | "function", "flush") | ("function", "delete") => {
            Level::Irreversible
        }
        ("cluster", _)
        | ("client", "kill" | "pause")
        | ("slowlog", "reset")
        | ("config", "resetstat")
        | ("acl", "deluser")
        | ("sentinel", _)
        | ("script", "kill")
        | ("module", "unload") => Level::Destroys,
        ("config" | "client" | "acl" | "script" | "module" | "function", _) => Level::Changes,
        (command, _) if REDIS_READS.contains(&command) => Level::Reads,
        (command, _) if REDIS_CHANGES.contains(&command) => Level::Changes,
        (command, _) if REDIS_DESTROYS.contains(&command) => Level::Destroys,
        _ => return judge.doubt(span, format!("`{first}` is a command of Redis that is not known")),
    };
    judge.raise(level, span, format!("Redis `{}` {}", first.to_ascii_uppercase(), level.as_str()));
    if level >= Level::Destroys
        && !second.is_empty()
        && !matches!(command.as_str(), "flushall" | "flushdb" | "client" | "cluster")
    {
        judge.risk.stake(level, "key", words.get(1).copied().unwrap_or(""));
    }
}

/// Methods of MongoDB's shell, from its manual.
const MONGO: &[(&str, Level)] = &[
    ("dropDatabase", Level::Irreversible),
    ("drop", Level::Irreversible),
    ("dropUser", Level::Irreversible),
    ("dropAllUsers", Level::Irreversible),
    ("dropRole", Level::Irreversible),
    ("dropIndex", Level::Destroys),
    ("dropIndexes", Level::Destroys),
    ("deleteOne", Level::Destroys),
    ("deleteMany", Level::Destroys),
    ("remove", Level::Destroys),
    ("findOneAndDelete", Level::Destroys),
    ("findAndModify", Level::Destroys),
    ("findOneAndReplace", Level::Destroys),
    ("findOneAndUpdate", Level::Destroys),
    ("updateOne", Level::Destroys),
    ("updateMany", Level::Destroys),
    ("update", Level::Destroys),
    ("replaceOne", Level::Destroys),
    ("bulkWrite", Level::Destroys),
    ("save", Level::Destroys),
    ("renameCollection", Level::Destroys),
    ("shutdownServer", Level::Destroys),
    ("killOp", Level::Destroys),
    ("stepDown", Level::Destroys),
    ("freeze", Level::Destroys),
    ("killSession", Level::Destroys),
    ("removeShard", Level::Destroys),
    ("stopBalancer", Level::Destroys),
    ("fsyncLock", Level::Destroys),
    ("logout", Level::Reads),
    ("insertOne", Level::Changes),
    ("insertMany", Level::Changes),
    ("insert", Level::Changes),
    ("createIndex", Level::Changes),
    ("createCollection", Level::Changes),
    ("createUser", Level::Changes),
    ("updateUser", Level::Changes),
    ("grantRolesToUser", Level::Changes),
    ("changeUserPassword", Level::Changes),
    ("initiate", Level::Changes),
    ("reconfig", Level::Destroys),
    ("add", Level::Changes),
    ("addShard", Level::Changes),
    ("enableSharding", Level::Changes),
    ("shardCollection", Level::Changes),
    ("startBalancer", Level::Changes),
    ("setProfilingLevel", Level::Changes),
    ("fsyncUnlock", Level::Changes),
    ("setLogLevel", Level::Changes),
    ("compact", Level::Changes),
];
const MONGO_READS: &[&str] = &[
    "find",
    "findOne",
    "count",
    "countDocuments",
    "estimatedDocumentCount",
    "aggregate",
    "distinct",
    "explain",
    "stats",
    "status",
    "getIndexes",
    "getCollectionNames",
    "getCollection",
    "getSiblingDB",
    "currentOp",
    "serverStatus",
    "hostInfo",
    "printReplicationInfo",
    "printSecondaryReplicationInfo",
    "conf",
    "config",
    "isMaster",
    "hello",
    "version",
    "limit",
    "sort",
    "toArray",
    "pretty",
    "forEach",
    "print",
    "printjson",
    "getUsers",
    "getUser",
    "getRoles",
    "getMongo",
    "setReadPref",
    "getName",
    "ISODate",
    "ObjectId",
    "Date",
    "NumberLong",
    "size",
    "length",
    "skip",
    "map",
    "stringify",
    "getDBs",
    "getDBNames",
    "listDatabases",
    "dataSize",
    "totalSize",
    "storageSize",
    "validate",
    "getProfilingStatus",
    "getLog",
    "isBalancerRunning",
    "getBalancerState",
    "printShardingStatus",
    "serverBuildInfo",
    "buildInfo",
    "collStats",
    "dbStats",
    "itcount",
    "hasNext",
    "next",
    "project",
    "secondaryOk",
    "slaveOk",
    "getReplicationInfo",
    "getParameter",
    "latencyStats",
    "auth",
];

fn mongo(judge: &mut Judge, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
    let line = Line::read(
        args,
        Rules {
            valued: &[
                "--eval",
                "-h",
                "--host",
                "--port",
                "-u",
                "--username",
                "-p",
                "--password",
                "--authenticationDatabase",
                "-f",
                "--file",
                "--authenticationMechanism",
                "--tlsCAFile",
            ],
            ..Rules::default()
        },
    );
    if line.has_any(&["--version", "--help"]) {
        return;
    }
    if line.has_any(&["-p", "--password"]) {
        judge.flag(Flag::Credential);
    }
    let database = line.operand(0).filter(|arg| !arg.text.ends_with(".js"));
    if line.operands.iter().filter_map(|&at| args.get(at)).any(|arg| arg.text.ends_with(".js"))
        || line.has_any(&["-f", "--file"])
    {
        return unread(judge, name, "a script of its own", span, database);
    }
    if let Some(script) = line.value_arg("--eval") {
        return mongo_script(judge, &script, database);
    }
    match input {
        Input::Text(text) => mongo_script(judge, &Arg::made(text.clone(), span.clone()), database),
        Input::File(_) | Input::Stream => unread(judge, name, "what it reads", span, database),
        Input::Terminal => {
            judge.flag(Flag::Interactive);
            judge.doubt(span, format!("`{name}` opens a session"));
        }
    }
}

/// Each `name(` of a script counts; one that is not known makes it unknown.
fn mongo_script(judge: &mut Judge, script: &Arg, database: Option<&Arg>) {
    let text = script.text.as_str();
    let mut calls = 0;
    for (at, _) in text.match_indices('(') {
        let before = text.get(..at).unwrap_or("").trim_end();
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        let name = before.get(start..).unwrap_or("");
        if name.is_empty() || matches!(name, "function" | "if" | "for" | "while" | "switch" | "return") {
            continue;
        }
        calls += 1;
        if let Some((_, level)) = MONGO.iter().find(|row| row.0 == name) {
            let argument: String =
                text.get(at + 1..).unwrap_or("").chars().filter(|c| !c.is_whitespace()).take(3).collect();
            let all =
                matches!(name, "deleteMany" | "remove") && (argument.starts_with("{}") || argument.starts_with(')'));
            let level = if all { Level::Irreversible } else { *level };
            if all {
                judge.flag(Flag::Unbounded);
            }
            judge.raise(level, &script.span, format!("`{name}` {}", level.as_str()));
            if let Some(database) = database {
                judge.stake(level, "database", database);
            }
        } else if matches!(name, "runCommand" | "adminCommand") {
            mongo_command(judge, text.get(at + 1..).unwrap_or(""), &script.span);
        } else if !MONGO_READS.contains(&name) {
            judge.doubt(&script.span, format!("`{name}` is a function that is not known"));
        }
    }
    if calls == 0
        && !text.trim().is_empty()
        && !text.trim_start().starts_with("show ")
        && !text.trim_start().starts_with("use ")
        && !text.trim_start().starts_with("db.")
    {
        judge.doubt(&script.span, "a script that cannot be read");
    }
}

fn mongo_command(judge: &mut Judge, rest: &str, span: &Range<usize>) {
    let name: String =
        rest.chars().skip_while(|c| !c.is_ascii_alphabetic()).take_while(char::is_ascii_alphanumeric).collect();
    let reads = [
        "ping",
        "serverStatus",
        "dbStats",
        "collStats",
        "listDatabases",
        "listCollections",
        "replSetGetStatus",
        "buildInfo",
        "hello",
        "isMaster",
        "connectionStatus",
        "getParameter",
        "count",
        "find",
        "getLog",
        "currentOp",
        "top",
        "hostInfo",
        "listIndexes",
    ];
    let final_ = ["dropDatabase", "drop", "dropUser", "dropAllUsersFromDatabase"];
    let stops = [
        "shutdown",
        "replSetStepDown",
        "killOp",
        "delete",
        "dropIndexes",
        "fsync",
        "killAllSessions",
        "replSetFreeze",
        "renameCollection",
    ];
    if reads.contains(&name.as_str()) {
    } else if final_.contains(&name.as_str()) {
        judge.raise(Level::Irreversible, span, format!("`{name}` cannot be undone"));
    } else if stops.contains(&name.as_str()) {
        judge.raise(Level::Destroys, span, format!("`{name}` destroys or stops something"));
    } else {
        judge.doubt(span, format!("`{name}` is a command that is not known"));
    }
}
