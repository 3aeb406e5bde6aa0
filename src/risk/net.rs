//! `curl`, `openssl`, and text that is sent over a bare connection.
//!
//! Invariant: a request that sends or asks for something other than reading is no reading. Refuses to know: what a server does.

use super::judge::{CommandInput, Judge, command_span};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use super::{files, http, redis};
use crate::shell::programs::curl;
use crate::shell::simple_command::CommandWord;
use std::ops::Range;

/// Programs of this room. False if it is none of them.
pub(super) fn judge_net_program(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
    input: &CommandInput,
) -> bool {
    let span = command_span(program, args);
    match name {
        "curl" => judge_curl(judge, args, &span, input),
        "openssl" | "libressl" => judge_openssl(judge, args, &span),
        "xh" | "http" | "https" if args.iter().any(|arg| arg.text.eq_ignore_ascii_case("delete")) => {
            judge.add_flag(Flag::Remote);
            judge.raise_level(Level::Irreversible, &span, format!("`{name} DELETE` removes something at the server"));
        }
        "nc" | "ncat" | "netcat" | "socat" | "telnet" => {
            let only_scans = args.iter().any(|arg| {
                arg.text.starts_with('-') && !arg.text.starts_with("--") && arg.text.contains(['z', 'l', 'h'])
            });
            if !only_scans {
                judge_sent_text(judge, name, input, &span);
            }
            // The options that run a program stand in the table.
            return false;
        }
        _ => return false,
    }
    true
}

/// Judges a text that goes to a server as it is, by the protocols that take plain lines.
pub(super) fn judge_sent_text(judge: &mut Judge<'_>, name: &str, input: &CommandInput, span: &Range<usize>) {
    judge.add_flag(Flag::Remote);
    let text = match input {
        CommandInput::Text(text) => text,
        CommandInput::Terminal => return,
        CommandInput::File(_) | CommandInput::Stream => {
            judge.raise_level(Level::Changes, span, format!("`{name}` sends its input to a server"));
            return judge.mark_unknown(span, format!("`{name}` sends text that cannot be read here"));
        }
    };
    let text = text.replace("\\r", "\n").replace("\\n", "\n");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut http = false;
    for line in lines.by_ref().take(200) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let first = words.first().copied().unwrap_or_default();
        // Lengths in the protocol of Redis.
        let is_length = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit());
        if first.strip_prefix(['*', '$']).is_some_and(is_length) {
            continue;
        }
        if words.last().is_some_and(|last| last.starts_with("HTTP/")) {
            http = true;
            let method = first.to_ascii_uppercase();
            let path = words.get(1).copied().unwrap_or_default();
            let (level, what) = http::judge_request(&method, path, "");
            judge.raise_level(level, span, what);
        } else if !http {
            judge_sent_line(judge, &words, span);
        }
    }
    if lines.next().is_some() {
        judge.mark_unknown(span, "a long text is sent to a server");
    }
}

/// One line of a plain protocol: memcached, `ZooKeeper`, `HAProxy`, SMTP or Redis.
fn judge_sent_line(judge: &mut Judge<'_>, words: &[&str], span: &Range<usize>) {
    const READS: &[&str] = &[
        "stats", "version", "quit", "get", "gets", "mn", "show", "help", "prompt", "ruok", "stat", "srvr", "mntr",
        "conf", "cons", "envi", "dump", "wchs", "wchc", "wchp", "dirs", "isro", "gtmk", "ehlo", "helo", "noop", "user",
        "pass", "list", "capa", "exit", "open", "status",
    ];
    const CHANGES: &[&str] =
        &["mail", "rcpt", "data", "add", "set", "enable", "srst", "crst", "stmk", "verbosity", "touch", "incr", "decr"];
    const DESTROYS: &[&str] = &[
        "delete",
        "replace",
        "shutdown",
        "disable",
        "kill",
        "del",
        "clear",
        "cas",
        "dele",
        "expunge",
        "quit!",
        "drain",
        "stop",
        "reload",
        "system_reset",
        "system_powerdown",
    ];
    let first = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let shown = format!("`{first}` sent to a server");
    match first.as_str() {
        "flush_all" => judge.raise_level(Level::Irreversible, span, "`flush_all` empties the cache"),
        "set" if words.iter().any(|word| matches!(*word, "maint" | "drain" | "down")) => {
            judge.raise_level(Level::Destroys, span, format!("{shown} takes a server out of service"));
        }
        _ if DESTROYS.contains(&first.as_str()) => {
            judge.raise_level(Level::Destroys, span, format!("{shown} removes or stops something"));
        }
        _ if READS.contains(&first.as_str()) => {}
        _ if CHANGES.contains(&first.as_str()) => {
            judge.raise_level(Level::Changes, span, format!("{shown} changes state"));
        }
        word if redis::is_redis_command(word) => redis::judge_redis_command(judge, words, span),
        _ => judge.mark_unknown(span, format!("{shown}: its effect is unknown")),
    }
}

fn judge_curl(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    judge.add_flag(Flag::Remote);
    let valued = [curl::SENDING_OPTIONS, curl::WRITING_OPTIONS, curl::VALUED_OPTIONS].concat();
    let line = ParsedLine::parse_args(args, OptionRules { valued: &valued, ..OptionRules::default() });
    if line.has_any_option(&["-K", "--config"]) {
        judge.mark_unknown(span, "`curl -K` does what a file says");
    }
    if line.has_any_option(&["-u", "--user", "--oauth2-bearer"])
        || args.iter().any(|arg| arg.text.to_ascii_lowercase().starts_with("authorization:"))
    {
        judge.add_flag(Flag::Credential);
    }
    let url = line
        .operands
        .iter()
        .filter_map(|&at| args.get(at))
        .find(|arg| !arg.text.starts_with('-'))
        .or_else(|| args.last());
    let method = line.option_value("-X").or_else(|| line.option_value("--request"));
    match method.map(str::to_ascii_uppercase).as_deref() {
        Some("DELETE") => {
            // An index or a whole collection does not come back.
            let whole = url.is_some_and(|url| http::is_search_index(&url.text));
            let level = if whole { Level::Irreversible } else { Level::Destroys };
            judge.raise_level(level, span, "`curl -X DELETE` removes something at the server");
            if let Some(url) = url {
                judge.add_object(level, "url", url);
            }
        }
        Some("GET" | "HEAD" | "OPTIONS") | None => {}
        Some("PURGE") => judge.raise_level(Level::Destroys, span, "`curl -X PURGE` empties a cache"),
        Some(_) if method.is_some_and(|m| m.contains(crate::shell::simple_command::EXPANSION_MARK)) => {
            judge.mark_unknown(span, "`curl` with a method that is not known");
        }
        Some(method) => {
            judge.raise_level(Level::Changes, span, format!("`curl -X {method}` sends something to the server"));
        }
    }
    if line.has_any_option(curl::SENDING_OPTIONS)
        && !line.has_any_option(&["-G", "--get"])
        && method.is_none_or(|m| !m.eq_ignore_ascii_case("get"))
    {
        judge.raise_level(Level::Changes, span, "`curl` sends data to the server");
    }
    judge_endpoint(judge, &line, method, span, input);
    if line.has_any_option(&["-Q", "--quote"]) {
        judge.mark_unknown(span, "`curl -Q` sends commands to the server");
    }
    for option in curl::WRITING_OPTIONS {
        if let Some(target) = line.option_value_arg(option).filter(|target| target.text != "-") {
            files::judge_written_file(judge, &target, "`curl` writes over");
        }
    }
    if line.has_any_option(&["-O", "--remote-name", "--remote-name-all", "-J"]) {
        judge.raise_level(Level::Changes, span, "`curl -O` writes a file of the server's name");
    }
}

/// Endpoints of well-known servers that remove data, and SQL that is sent to one.
fn judge_endpoint(
    judge: &mut Judge<'_>,
    line: &ParsedLine<'_>,
    method: Option<&str>,
    span: &Range<usize>,
    input: &CommandInput,
) {
    let mut body = String::new();
    for option in curl::SENDING_OPTIONS {
        for value in line.option_values(option) {
            body.push_str(value);
            body.push('\n');
        }
    }
    if let CommandInput::Text(text) = input
        && body.contains("@-")
    {
        body.push_str(text);
    }
    let sends = !body.is_empty() && !line.has_any_option(&["-G", "--get"]);
    let method = method.map_or(if sends { "POST" } else { "GET" }.to_owned(), str::to_ascii_uppercase);
    for url in line.operands.iter().filter_map(|&at| line.args.get(at)) {
        let (level, what) = http::judge_request(&method, &url.text, &body);
        if level >= Level::Destroys {
            judge.raise_level(level, span, what);
            judge.add_object(level, "url", url);
        }
    }
}

fn judge_openssl(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules {
            long: true,
            valued: &[
                "-out",
                "-in",
                "-keyout",
                "-connect",
                "-subj",
                "-days",
                "-CA",
                "-CAkey",
                "-checkend",
                "-servername",
                "-key",
                "-newkey",
                "-config",
                "-extfile",
            ],
            ..OptionRules::default()
        },
    );
    for option in ["-out", "-keyout", "-sess_out", "-keylogfile"] {
        if let Some(target) = line.option_value_arg(option) {
            files::judge_written_file(judge, &target, "`openssl` writes over");
        }
    }
    let command = line.operand_at(0).map(|arg| arg.text.as_str());
    if matches!(
        command,
        Some("genrsa" | "genpkey" | "rand" | "req" | "pkcs12" | "rsa" | "ec" | "pkey" | "passwd" | "enc" | "ecparam")
    ) {
        judge.add_flag(Flag::Credential);
    }
    if matches!(command, Some("ca")) && !line.has_option("-gencrl") {
        judge.raise_level(Level::Changes, span, "`openssl ca` changes the authority's database");
    }
    if line.option_value("-engine").is_some() || line.option_value("-provider-path").is_some() {
        judge.mark_unknown(span, "`openssl` loads a library");
    }
}
