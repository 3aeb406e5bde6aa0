//! `curl` and `openssl`.
//!
//! Invariant: a request that sends or asks for something other than reading is no reading. Refuses to know: what a server does.

use super::files;
use super::judge::{Judge, span_of};
use super::line::{Line, Rules};
use super::verdict::{Flag, Level};
use crate::shell::programs::curl;
use crate::shell::simple_command::Arg;
use std::ops::Range;

/// Programs of this room. False if it is none of them.
pub(super) fn judge(judge: &mut Judge<'_>, name: &str, program: &Arg, args: &[Arg]) -> bool {
    let span = span_of(program, args);
    match name {
        "curl" => curl(judge, args, &span),
        "openssl" | "libressl" => openssl(judge, args, &span),
        _ => return false,
    }
    true
}

fn curl(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    judge.flag(Flag::Remote);
    let valued = [curl::SENDS, curl::WRITES, curl::VALUED].concat();
    let line = Line::read(args, Rules { valued: &valued, ..Rules::default() });
    if line.has_any(&["-K", "--config"]) {
        judge.doubt(span, "`curl -K` does what a file says");
    }
    if line.has_any(&["-u", "--user", "--oauth2-bearer"])
        || args.iter().any(|arg| arg.text.to_ascii_lowercase().starts_with("authorization:"))
    {
        judge.flag(Flag::Credential);
    }
    let url = line
        .operands
        .iter()
        .filter_map(|&at| args.get(at))
        .find(|arg| !arg.text.starts_with('-'))
        .or_else(|| args.last());
    let method = line.value("-X").or_else(|| line.value("--request"));
    match method.map(str::to_ascii_uppercase).as_deref() {
        Some("DELETE") => {
            // An index or a whole collection does not come back.
            let whole = url.is_some_and(|url| is_search_index(&url.text));
            let level = if whole { Level::Irreversible } else { Level::Destroys };
            judge.raise(level, span, "`curl -X DELETE` removes something at the server");
            if let Some(url) = url {
                judge.stake(level, "url", url);
            }
        }
        Some("GET" | "HEAD" | "OPTIONS") | None => {}
        Some("PURGE") => judge.raise(Level::Destroys, span, "`curl -X PURGE` empties a cache"),
        Some(_) if method.is_some_and(|m| m.contains(crate::shell::simple_command::HOLE)) => {
            judge.doubt(span, "`curl` with a method that is not known");
        }
        Some(method) => {
            if url.is_some_and(|url| url.text.contains("_delete_by_query") || url.text.contains("/shutdown")) {
                judge.raise(Level::Irreversible, span, "it removes what the query finds");
            }
            judge.raise(Level::Changes, span, format!("`curl -X {method}` sends something to the server"));
        }
    }
    if line.has_any(curl::SENDS)
        && !line.has_any(&["-G", "--get"])
        && method.is_none_or(|m| !m.eq_ignore_ascii_case("get"))
    {
        judge.raise(Level::Changes, span, "`curl` sends data to the server");
    }
    if line.has_any(&["-Q", "--quote"]) {
        judge.doubt(span, "`curl -Q` sends commands to the server");
    }
    for option in curl::WRITES {
        if let Some(target) = line.value_arg(option).filter(|target| target.text != "-") {
            files::written(judge, &target, "`curl` writes over");
        }
    }
    if line.has_any(&["-O", "--remote-name", "--remote-name-all", "-J"]) {
        judge.raise(Level::Changes, span, "`curl -O` writes a file of the server's name");
    }
}

/// `http://es:9200/index`, as search servers are asked.
fn is_search_index(url: &str) -> bool {
    url.contains(":9200/") || url.contains("elasticsearch") || url.contains("opensearch")
}

fn openssl(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(
        args,
        Rules {
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
            ..Rules::default()
        },
    );
    for option in ["-out", "-keyout", "-sess_out", "-keylogfile"] {
        if let Some(target) = line.value_arg(option) {
            files::written(judge, &target, "`openssl` writes over");
        }
    }
    let command = line.operand(0).map(|arg| arg.text.as_str());
    if matches!(
        command,
        Some("genrsa" | "genpkey" | "rand" | "req" | "pkcs12" | "rsa" | "ec" | "pkey" | "passwd" | "enc" | "ecparam")
    ) {
        judge.flag(Flag::Credential);
    }
    if matches!(command, Some("ca")) && !line.has("-gencrl") {
        judge.raise(Level::Changes, span, "`openssl ca` changes the authority's database");
    }
    if line.value("-engine").is_some() || line.value("-provider-path").is_some() {
        judge.doubt(span, "`openssl` loads a library");
    }
}
