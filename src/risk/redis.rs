//! Commands of Redis, as words and as input.
//!
//! Invariant: a command that is not in its reference is unknown. Refuses to know: servers.

use super::clients::judge_unread_input;
use super::judge::{CommandInput, Judge};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::CommandWord;
use std::ops::Range;

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

pub(super) fn judge_redis(
    judge: &mut Judge<'_>,
    name: &str,
    args: &[CommandWord],
    span: &Range<usize>,
    input: &CommandInput,
) {
    let line =
        ParsedLine::parse_args(args, OptionRules { valued: REDIS_VALUED, posix: true, ..OptionRules::default() });
    if line.has_any_option(&["-a", "--pass"]) {
        judge.add_flag(Flag::Credential);
    }
    if line.option_value("-h").is_some_and(|host| !matches!(host, "localhost" | "127.0.0.1")) {
        judge.add_flag(Flag::Remote);
    }
    if line.has_any_option(&[
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
    if let Some(target) = line.option_value_arg("--rdb") {
        return super::files::judge_written_file(judge, &target, "`redis-cli --rdb` writes over");
    }
    if line.has_option("--eval") {
        judge.raise_level(Level::Changes, span, "`redis-cli --eval` runs a script");
        return judge.mark_unknown(span, "`redis-cli --eval` runs a script of its own");
    }
    if let Some(action) = line.option_value("--cluster") {
        let level = match action {
            "check" | "info" | "help" => Level::Reads,
            "del-node" | "reshard" | "rebalance" | "fix" | "import" | "create" | "call" => Level::Destroys,
            _ => Level::Changes,
        };
        return judge.raise_level(level, span, format!("`redis-cli --cluster {action}`"));
    }
    if let Some(words) = line.operands.first().and_then(|&at| args.get(at..)) {
        let words: Vec<&str> = words.iter().map(|arg| arg.text.as_str()).collect();
        // The command may stand in one word.
        let split: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
        judge_redis_command(judge, &split, span);
        if let Some(database) = line.option_value_arg("-n") {
            judge.add_object(judge.risk.level, "redis database", &database);
        }
        return;
    }
    match input {
        CommandInput::Text(text) => {
            for command in text.lines() {
                judge_redis_command(judge, &command.split_whitespace().collect::<Vec<_>>(), span);
            }
        }
        CommandInput::File(_) | CommandInput::Stream => judge_unread_input(judge, name, "what it reads", span, None),
        CommandInput::Terminal => {
            judge.add_flag(Flag::Interactive);
            judge.mark_unknown(span, format!("`{name}` opens a session"));
        }
    }
}

pub(super) fn judge_redis_command(judge: &mut Judge<'_>, words: &[&str], span: &Range<usize>) {
    let Some(first) = words.first() else { return };
    let command = first.to_ascii_lowercase();
    let second = words.get(1).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let level = match (command.as_str(), second.as_str()) {
        ("flushall" | "flushdb", _) => Level::Irreversible,
        ("config", "get")
        | ("client", "list" | "id" | "info" | "getname")
        | ("slowlog", "get" | "len")
        | ("acl", "list" | "whoami" | "getuser" | "cat" | "users" | "log")
        | ("cluster", "info" | "nodes" | "slots" | "shards" | "myid" | "keyslot" | "countkeysinslot" | "links")
        | ("script", "exists")
        | (
            "sentinel",
            "masters" | "master" | "slaves" | "replicas" | "get-master-addr-by-name" | "ckquorum" | "sentinels",
        )
        | ("function", "list" | "stats" | "dump")
        | ("module", "list") => Level::Reads,
        ("cluster", "reset" | "flushslots") | ("script", "flush") | ("function", "flush" | "delete") => {
            Level::Irreversible
        }
        ("cluster" | "sentinel", _)
        | ("client", "kill" | "pause")
        | ("slowlog", "reset")
        | ("config", "resetstat")
        | ("acl", "deluser")
        | ("script", "kill")
        | ("module", "unload") => Level::Destroys,
        ("config" | "client" | "acl" | "script" | "module" | "function", _) => Level::Changes,
        (command, _) if REDIS_READS.contains(&command) => Level::Reads,
        (command, _) if REDIS_CHANGES.contains(&command) => Level::Changes,
        (command, _) if REDIS_DESTROYS.contains(&command) => Level::Destroys,
        _ => return judge.mark_unknown(span, format!("`{first}` is a command of Redis that is not known")),
    };
    judge.raise_level(level, span, format!("Redis `{}` {}", first.to_ascii_uppercase(), level.as_str()));
    if level >= Level::Destroys
        && !second.is_empty()
        && !matches!(command.as_str(), "flushall" | "flushdb" | "client" | "cluster")
    {
        judge.add_named_object(level, "key", words.get(1).copied().unwrap_or(""));
    }
}

/// True if a word is a command of Redis that may come over a bare connection.
pub(super) fn is_redis_command(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let own = ["flushall", "flushdb", "config", "client", "acl", "script", "module", "function", "cluster", "sentinel"];
    [REDIS_READS, REDIS_CHANGES, REDIS_DESTROYS, &own].iter().any(|list| list.contains(&word.as_str()))
}
