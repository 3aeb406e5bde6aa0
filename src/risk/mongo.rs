//! Scripts of `mongosh`.
//!
//! Invariant: a function that is not in the manual makes the script unknown. Refuses to know: servers.

use super::clients::judge_unread_input;
use super::judge::{CommandInput, Judge};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::CommandWord;
use std::ops::Range;

/// Methods of `MongoDB`'s shell, from its manual.
const MONGO_METHODS: &[(&str, Level)] = &[
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

pub(super) fn judge_mongo(
    judge: &mut Judge<'_>,
    name: &str,
    args: &[CommandWord],
    span: &Range<usize>,
    input: &CommandInput,
) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules {
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
            ..OptionRules::default()
        },
    );
    if line.has_any_option(&["--version", "--help"]) {
        return;
    }
    if line.has_any_option(&["-p", "--password"]) {
        judge.add_flag(Flag::Credential);
    }
    let database = line.operand_at(0).filter(|arg| !is_script_file(&arg.text));
    if line.operands.iter().filter_map(|&at| args.get(at)).any(|arg| is_script_file(&arg.text))
        || line.has_any_option(&["-f", "--file"])
    {
        return judge_unread_input(judge, name, "a script of its own", span, database);
    }
    if let Some(script) = line.option_value_arg("--eval") {
        return judge_mongo_script(judge, &script, database);
    }
    match input {
        CommandInput::Text(text) => {
            judge_mongo_script(judge, &CommandWord::from_text(text.clone(), span.clone()), database);
        }
        CommandInput::File(_) | CommandInput::Stream => {
            judge_unread_input(judge, name, "what it reads", span, database);
        }
        CommandInput::Terminal => {
            judge.add_flag(Flag::Interactive);
            judge.mark_unknown(span, format!("`{name}` opens a session"));
        }
    }
}

/// Each `name(` of a script counts; one that is not known makes it unknown.
fn judge_mongo_script(judge: &mut Judge<'_>, script: &CommandWord, database: Option<&CommandWord>) {
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
        if let Some((_, level)) = MONGO_METHODS.iter().find(|row| row.0 == name) {
            let argument: String =
                text.get(at + 1..).unwrap_or("").chars().filter(|c| !c.is_whitespace()).take(3).collect();
            let all =
                matches!(name, "deleteMany" | "remove") && (argument.starts_with("{}") || argument.starts_with(')'));
            let level = if all { Level::Irreversible } else { *level };
            if all {
                judge.add_flag(Flag::Unbounded);
            }
            judge.raise_level(level, &script.span, format!("`{name}` {}", level.as_str()));
            if let Some(database) = database {
                judge.add_object(level, "database", database);
            }
        } else if name == "aggregate" && (text.contains("$out") || text.contains("$merge")) {
            judge.raise_level(Level::Irreversible, &script.span, "`$out` and `$merge` write over a collection");
        } else if matches!(name, "runCommand" | "adminCommand") {
            judge_mongo_command(judge, text.get(at + 1..).unwrap_or(""), &script.span);
        } else if !MONGO_READS.contains(&name) {
            judge.mark_unknown(&script.span, format!("`{name}` is a function that is not known"));
        }
    }
    if calls == 0
        && !text.trim().is_empty()
        && !text.trim_start().starts_with("show ")
        && !text.trim_start().starts_with("use ")
        && !text.trim_start().starts_with("db.")
    {
        judge.mark_unknown(&script.span, "a script that cannot be read");
    }
}

fn judge_mongo_command(judge: &mut Judge<'_>, rest: &str, span: &Range<usize>) {
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
        judge.raise_level(Level::Irreversible, span, format!("`{name}` cannot be undone"));
    } else if stops.contains(&name.as_str()) {
        judge.raise_level(Level::Destroys, span, format!("`{name}` destroys or stops something"));
    } else {
        judge.mark_unknown(span, format!("`{name}` is a command that is not known"));
    }
}

fn is_script_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("js"))
}
