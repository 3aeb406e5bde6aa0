//! A program's name, values set for it, and programs whose own text decides: `sed`, `awk`, `alias`, `kill`.
//!
//! Invariant: a name is taken for a known program only where that program stands. Refuses to know: what an alias of the
//! session hides; the live shell is asked for that.

use super::judge::{CommandInput, Judge, command_span};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::ident::is_secret_name;
use crate::shell::simple_command::{CommandWord, DetailedCommand, EXPANSION_MARK};
use std::ops::Range;

/// Name of a program, and whether the name is certain.
#[derive(Debug)]
pub(super) struct ProgramName<'a> {
    pub text: &'a str,
    /// It stands at a place where anything may have that name.
    pub elsewhere: bool,
}

/// Folders in which a name means what it says.
const PROGRAM_FOLDERS: &[&str] = &[
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/snap/bin",
    "/usr/libexec",
    "/usr/lib/postgresql",
    "/opt/kafka/bin",
    "/run/current-system/sw/bin",
];

/// The program's name, if it is fixed or plainly looked up: `$(which rm)`.
pub(super) fn program_name(program: &CommandWord) -> Option<ProgramName<'_>> {
    if program.fixed_text().is_none() {
        let inner = program.raw.trim_matches('"');
        let inner = inner
            .strip_prefix("$(")
            .and_then(|rest| rest.strip_suffix(')'))
            .or_else(|| inner.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')))?;
        let mut words = inner.split_whitespace();
        return match (words.next(), words.next(), words.next(), words.next()) {
            (Some("which"), Some(name), None, None)
            | (Some("command"), Some("-v"), Some(name), None)
            | (Some("type"), Some("-p" | "-P"), Some(name), None) => Some(ProgramName { text: name, elsewhere: false }),
            _ => None,
        };
    }
    let text = program.text.as_str();
    Some(match text.rsplit_once('/') {
        Some(("/etc/init.d" | "/etc/rc.d/init.d", _)) => ProgramName { text: "init.d", elsewhere: false },
        Some((folder, name)) if !name.is_empty() => {
            let known = PROGRAM_FOLDERS.contains(&folder)
                || (folder.starts_with("/usr/lib/postgresql/") && folder.ends_with("/bin"));
            // A script with an ending is nobody's but its author's, except for those of kafka and the like.
            ProgramName { text: name, elsewhere: !known && !folder.ends_with("/kafka/bin") }
        }
        _ => ProgramName { text, elsewhere: false },
    })
}

/// Values set for a command or in the session.
pub(super) fn judge_assignments(judge: &mut Judge<'_>, detail: &DetailedCommand) {
    for (name, value) in &detail.assignments {
        judge_assignment(judge, name, &value.text, &value.span, !detail.words.is_empty());
    }
}

/// One value. `for_command` when it is set for one command alone.
pub(super) fn judge_assignment(judge: &mut Judge<'_>, name: &str, value: &str, span: &Range<usize>, for_command: bool) {
    if is_secret_name(name) && !value.is_empty() {
        judge.add_flag(Flag::Credential);
    }
    match name {
        "LD_PRELOAD"
        | "LD_LIBRARY_PATH"
        | "LD_AUDIT"
        | "BASH_ENV"
        | "ENV"
        | "PROMPT_COMMAND"
        | "SHELLOPTS"
        | "PERL5LIB"
        | "PERL5OPT"
        | "PYTHONSTARTUP"
        | "NODE_OPTIONS"
        | "RUBYOPT"
        | "GIT_EXTERNAL_DIFF"
        | "DYLD_INSERT_LIBRARIES" => {
            judge.mark_unknown(span, format!("`{name}` makes programs do something else"));
        }
        "PATH" if for_command => {
            let usual = value.split(':').all(|part| part.contains(EXPANSION_MARK) || PROGRAM_FOLDERS.contains(&part));
            if !usual {
                judge.mark_unknown(span, "`PATH` says which programs run");
            }
        }
        "GIT_SSH_COMMAND" | "PAGER" | "GIT_PAGER" | "EDITOR" | "VISUAL" | "GIT_EDITOR" | "LESSOPEN"
        | "SYSTEMD_PAGER" | "MANPAGER" | "RSYNC_RSH"
            if for_command && !value.is_empty() =>
        {
            judge.judge_nested_script(
                &CommandWord::from_text(value.to_owned(), span.clone()),
                &CommandInput::Text(String::new()),
            );
        }
        _ => {}
    }
}

/// Programs of this room. False if it is none of them.
pub(super) fn judge_known_program(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
    input: &CommandInput,
) -> bool {
    let span = command_span(program, args);
    match name {
        "sed" | "gsed" => judge_sed(judge, args, &span),
        "awk" | "gawk" | "mawk" | "nawk" => judge_awk(judge, args, &span),
        "perl" => judge_perl(judge, args, &span, input),
        "alias" => judge_alias(judge, args),
        "kill" => return judge_kill(judge, args, &span),
        "docker" | "podman" | "nerdctl" => return judge_compose(judge, args, input),
        "export" | "declare" | "typeset" | "local" | "readonly" => {
            for arg in args {
                if let Some((name, value)) = arg.text.split_once('=') {
                    judge_assignment(judge, name, value, &arg.span, false);
                }
            }
            return false;
        }
        "init.d" => {
            let mut words = vec![CommandWord::from_text("service".to_owned(), program.span.clone()), program.clone()];
            words.extend(args.iter().cloned());
            judge.judge_command(&words, input);
        }
        _ if text_decides(name) => judge_interpreter(judge, name, args, &span, input),
        _ => return false,
    }
    true
}

fn text_decides(name: &str) -> bool {
    matches!(
        name,
        "python"
            | "python2"
            | "python3"
            | "node"
            | "ruby"
            | "php"
            | "lua"
            | "pypy3"
            | "nodejs"
            | "deno"
            | "Rscript"
            | "pwsh"
    ) || name.strip_prefix("python3.").is_some_and(|minor| minor.bytes().all(|b| b.is_ascii_digit()))
}

fn judge_interpreter(
    judge: &mut Judge<'_>,
    name: &str,
    args: &[CommandWord],
    span: &Range<usize>,
    input: &CommandInput,
) {
    let first = args.first().map(|arg| arg.text.as_str());
    if let (Some("--version" | "-V" | "-v" | "--help" | "-h"), 1) = (first, args.len()) {
        return;
    }
    if let (Some("-m"), Some(module)) = (first, args.get(1)) {
        match module.text.as_str() {
            "json.tool" | "site" | "platform" | "this" | "calendar" | "timeit" => return,
            "http.server" | "SimpleHTTPServer" => return judge.add_flag(Flag::NeverEnds),
            "venv" | "virtualenv" | "compileall" => {
                return judge.raise_level(Level::Changes, span, format!("`{name} -m` makes files"));
            }
            "pip" | "pip3" => {
                let mut words = vec![CommandWord::from_text("pip".to_owned(), module.span.clone())];
                words.extend(args.iter().skip(2).cloned());
                return judge.judge_command(&words, input);
            }
            _ => {}
        }
    }
    if args.is_empty() || first == Some("-") {
        match input {
            CommandInput::Terminal => judge.add_flag(Flag::Interactive),
            CommandInput::Stream => {
                judge.raise_level(Level::Irreversible, span, format!("`{name}` runs what another command prints"));
            }
            CommandInput::Text(_) | CommandInput::File(_) => {}
        }
    }
    if args.iter().any(|arg| arg.fixed_text().is_none() && super::judge::fetches_text(&arg.raw)) {
        judge.raise_level(Level::Irreversible, span, format!("`{name}` runs what is fetched or decoded"));
    }
    judge.mark_unknown(span, format!("`{name}` runs a program text"));
}

fn judge_sed(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules {
            valued: &["-e", "-f", "-l", "--expression", "--file", "--line-length"],
            gnu: true,
            ..OptionRules::default()
        },
    );
    // `-i.bak` takes the rest of its word.
    let in_place = args.iter().any(|arg| {
        arg.text.starts_with("--in-place")
            || (arg.text.starts_with('-')
                && !arg.text.starts_with("--")
                && arg
                    .text
                    .split_once('i')
                    .is_some_and(|(before, _)| before.chars().skip(1).all(|c| "nrEsuz".contains(c))))
    });
    if line.has_any_option(&["-f", "--file"]) {
        judge.mark_unknown(span, "`sed -f` runs a script of its own");
    }
    let has_script_option = ["-e", "--expression"].iter().any(|option| line.option_value(option).is_some());
    let scripts = line.option_value("-e").into_iter().chain(line.option_value("--expression"));
    let first = (!has_script_option).then(|| line.operand_at(0).map(|arg| arg.text.as_str())).flatten();
    for script in scripts.chain(first) {
        match sed_effect(script) {
            SedEffect::Runs => judge.mark_unknown(span, "`sed` runs a command out of its text"),
            SedEffect::Writes => judge.raise_level(Level::Destroys, span, "`sed` writes a file"),
            SedEffect::Reads => {}
        }
    }
    if in_place {
        judge.raise_level(Level::Destroys, span, "`sed -i` changes files in their place");
        for &at in line.operands.iter().skip(usize::from(!has_script_option)) {
            if let Some(file) = args.get(at) {
                judge.add_object(Level::Destroys, "path", file);
            }
        }
    }
}

enum SedEffect {
    Reads,
    Writes,
    Runs,
}

/// Effect of a sed script beyond printing, read conservatively from its commands `e`, `w` and the flags of `s`.
fn sed_effect(script: &str) -> SedEffect {
    for piece in script.split([';', '\n']) {
        let piece = piece.trim().trim_start_matches(|c: char| c.is_ascii_digit() || "$,! {}".contains(c));
        if let Some(rest) = piece.strip_prefix('s') {
            let Some(mark) = rest.chars().next() else { continue };
            let flags = rest.rsplit(mark).next().unwrap_or("");
            if flags.len() < 24 && flags.starts_with(|c: char| "gpeiImMw0123456789".contains(c)) {
                let set: String = flags.chars().take_while(|c| !c.is_whitespace()).collect();
                if set.contains('e') && set.chars().all(|c| "gpeiImM0123456789".contains(c)) {
                    return SedEffect::Runs;
                }
                if set.contains('w') {
                    return SedEffect::Writes;
                }
            }
        } else if piece == "e" || piece.starts_with("e ") {
            return SedEffect::Runs;
        } else if piece.starts_with("w ") || piece.starts_with("W ") {
            return SedEffect::Writes;
        }
    }
    SedEffect::Reads
}

fn judge_awk(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules {
            valued: &["-F", "-v", "-f", "-i", "-l", "-e", "--file", "--assign", "--field-separator"],
            posix: true,
            ..OptionRules::default()
        },
    );
    if line.has_any_option(&["-f", "--file", "-l", "-E"]) {
        return judge.mark_unknown(span, "`awk -f` runs a script of its own");
    }
    if line.option_value("-i") == Some("inplace") {
        return judge.raise_level(Level::Destroys, span, "`awk -i inplace` changes files in their place");
    }
    let Some(script) = line.operand_at(0) else { return };
    let code = without_strings(&script.text);
    if code.contains("system(")
        || code.contains("system (")
        || code.contains('|') && code.replace("||", "").contains('|')
    {
        return judge.mark_unknown(span, "`awk` runs commands out of its text");
    }
    if code.contains("print")
        && code
            .split(['{', ';', '}'])
            .any(|part| part.trim_start().starts_with("print") && part.contains('>') && !part.contains('('))
    {
        judge.raise_level(Level::Destroys, span, "`awk` writes a file");
    }
}

/// A script without what stands in double quotes and slashes.
fn without_strings(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut quoted = false;
    let mut chars = script.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => {}
            _ => out.push(c),
        }
    }
    // A pattern such as `/a|b/` runs nothing.
    let parts: Vec<&str> = out.split('/').collect();
    if parts.len() >= 3 { parts.iter().step_by(2).copied().collect() } else { out }
}

fn judge_perl(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    let in_place = args.iter().take_while(|arg| arg.text.starts_with('-')).any(|arg| {
        !arg.text.starts_with("--")
            && arg.text.chars().skip(1).take_while(char::is_ascii_alphanumeric).any(|c| c == 'i')
            && arg.text.chars().skip(1).take_while(|c| *c != 'i').all(|c| "pnlawsE0e".contains(c))
    });
    if let [only] = args
        && matches!(only.text.as_str(), "-v" | "--version" | "-V")
    {
        return;
    }
    if in_place {
        judge.raise_level(Level::Destroys, span, "`perl -i` changes files in their place");
        if let Some(file) = args.last() {
            judge.add_object(Level::Destroys, "path", file);
        }
        return;
    }
    if args.is_empty() && matches!(input, CommandInput::Stream) {
        judge.raise_level(Level::Irreversible, span, "`perl` runs what another command prints");
    }
    judge.mark_unknown(span, "`perl` runs a program text");
}

fn judge_alias(judge: &mut Judge<'_>, args: &[CommandWord]) {
    for arg in args {
        if let Some((_, value)) = arg.text.split_once('=').filter(|_| !arg.text.starts_with('-')) {
            judge.judge_nested_script(
                &CommandWord::from_text(value.to_owned(), arg.span.clone()),
                &CommandInput::Terminal,
            );
        }
    }
}

/// `docker compose` is `docker-compose`. False if it is something else.
fn judge_compose(judge: &mut Judge<'_>, args: &[CommandWord], input: &CommandInput) -> bool {
    let line = ParsedLine::parse_args(
        args,
        OptionRules {
            valued: &["-H", "--host", "-c", "--context", "--config", "-l", "--log-level"],
            posix: true,
            ..OptionRules::default()
        },
    );
    let Some((&at, word)) = line.operands.first().and_then(|at| Some((at, args.get(*at)?))) else { return false };
    let (true, Some(rest)) = (word.text == "compose", args.get(at + 1..)) else { return false };
    let mut words = vec![CommandWord { text: "docker-compose".to_owned(), ..word.clone() }];
    words.extend(rest.iter().cloned());
    judge.judge_command(&words, input);
    true
}

/// `kill -9 -1` ends everything; `kill -1 123` is a hangup.
fn judge_kill(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) -> bool {
    let rest = match args.first() {
        Some(first) if matches!(first.text.as_str(), "-s" | "-n" | "--signal") => args.get(2..),
        Some(first) if first.text.starts_with('-') && first.text != "--" => args.get(1..),
        _ => Some(args),
    };
    let everything = rest.unwrap_or_default().iter().any(|arg| arg.text == "-1");
    if everything {
        judge.add_flag(Flag::Unbounded);
        judge.raise_level(Level::Irreversible, span, "`kill -1` ends every process that this user may end");
        return true;
    }
    if args.first().is_some_and(|first| first.text == "-1") {
        judge.raise_level(Level::Changes, span, "`kill -1` sends a hangup");
        return true;
    }
    false
}
