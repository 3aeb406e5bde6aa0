//! Scripts of `mongosh`.
//!
//! Invariant: a function that is not in the manual makes the script unknown. Refuses to know: servers.

use super::clients::unread;
use super::judge::{Input, Judge};
use super::line::{Line, Rules};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::Arg;
use std::ops::Range;

/// Methods of `MongoDB`'s shell, from its manual.
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

pub(super) fn mongo(judge: &mut Judge<'_>, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
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
    let database = line.operand(0).filter(|arg| !is_script(&arg.text));
    if line.operands.iter().filter_map(|&at| args.get(at)).any(|arg| is_script(&arg.text))
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
fn mongo_script(judge: &mut Judge<'_>, script: &Arg, database: Option<&Arg>) {
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

fn mongo_command(judge: &mut Judge<'_>, rest: &str, span: &Range<usize>) {
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

fn is_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("js"))
}
