//! `curl` and `openssl`.
//!
//! Invariant: a request that sends or asks for something other than reading is no reading. Refuses to know: what a server does.

use super::files;
use super::judge::{Judge, command_span};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::shell::programs::curl;
use crate::shell::simple_command::CommandWord;
use std::ops::Range;

/// Programs of this room. False if it is none of them.
pub(super) fn judge_net_program(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
) -> bool {
    let span = command_span(program, args);
    match name {
        "curl" => judge_curl(judge, args, &span),
        "openssl" | "libressl" => judge_openssl(judge, args, &span),
        _ => return false,
    }
    true
}

fn judge_curl(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
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
            let whole = url.is_some_and(|url| is_search_index(&url.text));
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
            if url.is_some_and(|url| url.text.contains("_delete_by_query") || url.text.contains("/shutdown")) {
                judge.raise_level(Level::Irreversible, span, "it removes what the query finds");
            }
            judge.raise_level(Level::Changes, span, format!("`curl -X {method}` sends something to the server"));
        }
    }
    if line.has_any_option(curl::SENDING_OPTIONS)
        && !line.has_any_option(&["-G", "--get"])
        && method.is_none_or(|m| !m.eq_ignore_ascii_case("get"))
    {
        judge.raise_level(Level::Changes, span, "`curl` sends data to the server");
    }
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

/// `http://es:9200/index`, as search servers are asked.
fn is_search_index(url: &str) -> bool {
    url.contains(":9200/") || url.contains("elasticsearch") || url.contains("opensearch")
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
