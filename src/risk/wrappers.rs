//! Programs that run others in ways no table says: shells, `ssh`, `find`, `xargs`, `env`, `su`.
//!
//! Invariant: what is handed on is judged as a command of its own. Refuses to know: what the others do.

use super::judge::{CommandInput, Judge, command_span, join_words};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{CommandWord, EXPANSION_MARK};
use std::ops::Range;

const SSH_VALUED: &[&str] = &[
    "-p", "-i", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-e", "-m", "-E", "-I", "-O", "-Q", "-S", "-W",
    "-w", "-B",
];

/// Programs of this room. False if it is none of them.
pub(super) fn judge_wrapper(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
    input: &CommandInput,
) -> bool {
    let span = command_span(program, args);
    match name {
        "bash" | "sh" | "zsh" | "dash" | "ash" | "ksh" | "mksh" | "fish" | "rbash" | "csh" | "tcsh" => {
            judge_shell(judge, name, args, &span, input);
        }
        "ssh" | "slogin" | "rsh" | "remsh" | "dbclient" => judge_ssh(judge, args, &span, input),
        "env" | "genv" => judge_env(judge, args, &span, input),
        "su" => judge_su(judge, args, &span, input),
        "xargs" | "gxargs" => judge_xargs(judge, args, &span, input),
        "parallel" => judge_parallel(judge, args, &span, input),
        "find" | "gfind" | "fd" | "fdfind" => judge_find(judge, args, &span),
        "busybox" | "toybox" => {
            if !args.is_empty() && !args.iter().any(|arg| arg.text == "--list") {
                judge.judge_command(args, input);
            }
        }
        "source" | "." => judge_source(judge, args, &span),
        "at" | "batch" => judge_scheduled(judge, args, &span, input),
        _ => return false,
    }
    true
}

fn judge_shell(judge: &mut Judge<'_>, name: &str, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    if let [only] = args
        && matches!(only.text.as_str(), "--version" | "--help" | "-n")
    {
        return;
    }
    let rules = OptionRules {
        valued: &["-o", "-O", "+o", "+O", "--rcfile", "--init-file"],
        posix: true,
        ..OptionRules::default()
    };
    let line = ParsedLine::parse_args(args, rules);
    if line.has_option("-n") && !line.has_option("-c") {
        return;
    }
    if line.has_option("-c") {
        return match line.operand_at(0) {
            Some(script) => judge.judge_nested_script(script, input),
            None => judge.mark_unknown(span, format!("`{name} -c` without a command")),
        };
    }
    match line.operand_at(0).filter(|_| !line.has_option("-s")) {
        Some(file) if file.raw.starts_with("<(") => {
            judge.raise_level(Level::Irreversible, span, format!("`{name}` runs what another command prints"));
        }
        Some(file) if matches!(file.text.as_str(), "/dev/stdin" | "-") => judge_fed_shell(judge, name, span, input),
        Some(file) => judge.mark_unknown(span, format!("`{}` is a script of its own", file.display_text())),
        None => judge_fed_shell(judge, name, span, input),
    }
}

/// A shell that reads its commands.
fn judge_fed_shell(judge: &mut Judge<'_>, name: &str, span: &Range<usize>, input: &CommandInput) {
    match input {
        CommandInput::Text(text) => {
            judge.judge_nested_script(&CommandWord::from_text(text.clone(), span.clone()), &CommandInput::Terminal);
        }
        CommandInput::File(file) => judge.mark_unknown(span, format!("`{name}` runs what stands in `{file}`")),
        CommandInput::Stream => {
            judge.raise_level(Level::Irreversible, span, format!("`{name}` runs what another command prints"));
        }
        CommandInput::Terminal => {
            judge.add_flag(Flag::Interactive);
            judge.mark_unknown(span, format!("`{name}` opens a shell"));
        }
    }
}

fn judge_ssh(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    judge.add_flag(Flag::Remote);
    // Options may stand before and behind the host; then the command begins.
    let line = ParsedLine::parse_args(args, OptionRules { valued: SSH_VALUED, posix: true, ..OptionRules::default() });
    let Some(&host) = line.operands.first() else {
        if !line.has_any_option(&["-V", "-Q", "-G"]) {
            judge.mark_unknown(span, "`ssh` without a host");
        }
        return;
    };
    if line.option_value("-o").is_some_and(|value| value.to_ascii_lowercase().starts_with("proxycommand")) {
        judge.mark_unknown(span, "`ssh` runs a proxy command");
    }
    let rest = line.args.get(host + 1..).unwrap_or_default();
    let behind =
        ParsedLine::parse_args(rest, OptionRules { valued: SSH_VALUED, posix: true, ..OptionRules::default() });
    if line.has_option("-t") || behind.has_option("-t") {
        judge.add_flag(Flag::NeedsTty);
    }
    if let Some(host) = line.args.get(host) {
        judge.add_named_object(Level::Changes, "host", host.display_text().rsplit('@').next().unwrap_or(""));
    }
    let place = line.args.get(host).map(|host| super::effects::host_of_url(host.display_text()).to_owned());
    judge.judge_inside(place.as_deref(), |judge| match behind.operands.first().and_then(|&at| rest.get(at..)) {
        Some(command) if !command.is_empty() => {
            let text = join_words(command);
            judge.judge_nested_script(&text, input);
        }
        _ if line.has_any_option(&["-N", "-O", "-W", "-G", "-Q"]) || behind.has_any_option(&["-N", "-O", "-W"]) => {}
        _ => judge_fed_shell(judge, "ssh", span, input),
    });
}

fn judge_env(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    let rules = OptionRules {
        valued: &["-u", "-C", "--unset", "--chdir", "-S", "--split-string", "-P"],
        posix: true,
        assigns: true,
        ..OptionRules::default()
    };
    let line = ParsedLine::parse_args(args, rules);
    if let Some(split) = line.option_value_arg("-S").or_else(|| line.option_value_arg("--split-string")) {
        let rest = line.operands.first().and_then(|&at| args.get(at..)).map(join_words);
        let text = rest.map_or_else(|| split.text.clone(), |rest| format!("{} {}", split.text, rest.text));
        return judge.judge_nested_script(&CommandWord::from_text(text, split.span.clone()), input);
    }
    for arg in args.iter().take_while(|arg| arg.text.contains('=') || arg.text.starts_with('-')) {
        if let Some((name, value)) = arg.text.split_once('=').filter(|_| !arg.text.starts_with('-')) {
            super::programs::judge_assignment(judge, name, value, &arg.span, true);
        }
    }
    if let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)) {
        judge.judge_command(rest, input);
    } else if args.iter().any(|arg| arg.text.starts_with(EXPANSION_MARK)) {
        judge.mark_unknown(span, "`env` with words that are not known");
    }
}

fn judge_su(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    judge.add_flag(Flag::Privileged);
    let line = ParsedLine::parse_args(
        args,
        OptionRules { valued: &["-c", "--command", "-s", "--shell", "-g", "-G", "-w"], ..OptionRules::default() },
    );
    match line.option_value_arg("-c").or_else(|| line.option_value_arg("--command")) {
        Some(script) => judge.judge_nested_script(&script, input),
        None => judge_fed_shell(judge, "su", span, input),
    }
}

fn judge_xargs(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    let rules = OptionRules {
        valued: &[
            "-I",
            "-n",
            "-P",
            "-L",
            "-d",
            "-s",
            "-E",
            "-a",
            "--max-args",
            "--max-procs",
            "--delimiter",
            "--arg-file",
            "--max-lines",
            "--replace",
            "--max-chars",
        ],
        posix: true,
        ..OptionRules::default()
    };
    let line = ParsedLine::parse_args(args, rules);
    let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)).filter(|rest| !rest.is_empty()) else {
        return;
    };
    let mark = line
        .option_value("-I")
        .or_else(|| line.has_option("-i").then_some("{}"))
        .or_else(|| line.option_value("--replace"));
    if mark.is_some_and(|mark| rest.first().is_some_and(|program| program.text.contains(mark))) {
        return judge.mark_unknown(span, "`xargs` runs what it reads");
    }
    judge_handed_command(judge, rest, mark, input, "names are read from its input");
}

/// A command that gets further words from elsewhere.
fn judge_handed_command(
    judge: &mut Judge<'_>,
    rest: &[CommandWord],
    mark: Option<&str>,
    input: &CommandInput,
    why: &str,
) {
    let before = judge.risk.level;
    let hole = |arg: &CommandWord| match mark {
        Some(mark) if !mark.is_empty() => {
            CommandWord { text: arg.text.replace(mark, &EXPANSION_MARK.to_string()), ..arg.clone() }
        }
        _ => arg.clone(),
    };
    let mut words: Vec<CommandWord> = rest.iter().map(hole).collect();
    if mark.is_none()
        && let Some(last) = rest.last()
    {
        words.push(CommandWord { text: EXPANSION_MARK.to_string(), raw: "…".to_owned(), span: last.span.clone() });
    }
    let removes =
        rest.first().is_some_and(|program| matches!(program.text.rsplit('/').next(), Some("rm" | "unlink" | "shred")));
    judge.judge_command(&words, input);
    if judge.risk.level >= Level::Destroys && (before < judge.risk.level || removes) {
        judge.add_flag(Flag::Unbounded);
        if removes && let Some(first) = rest.first() {
            judge.raise_level(Level::Irreversible, &first.span, format!("removes whatever it is given: {why}"));
        }
    }
}

fn judge_parallel(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    let rules = OptionRules {
        valued: &[
            "-j",
            "--jobs",
            "-a",
            "--arg-file",
            "--colsep",
            "-C",
            "-N",
            "-n",
            "--delay",
            "--timeout",
            "--joblog",
            "-S",
            "--retries",
        ],
        posix: true,
        ..OptionRules::default()
    };
    let line = ParsedLine::parse_args(args, rules);
    let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)) else {
        return judge.mark_unknown(span, "`parallel` runs what it reads");
    };
    let end = rest.iter().position(|arg| arg.text.starts_with(":::")).unwrap_or(rest.len());
    let Some(words) = rest.get(..end).filter(|words| !words.is_empty()) else {
        return judge.mark_unknown(span, "`parallel` runs what it is given");
    };
    match words {
        // One word is a shell text.
        [one] if one.text.contains(' ') => {
            judge.judge_nested_script(
                &CommandWord { text: one.text.replace("{}", &EXPANSION_MARK.to_string()), ..one.clone() },
                input,
            );
        }
        // Without `:::` the names come from its input.
        _ if end == rest.len() => judge_handed_command(judge, words, None, input, "names are read from its input"),
        _ => judge.judge_command(words, input),
    }
}

fn judge_find(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.text.as_str() {
            "-delete" => {
                judge.raise_level(Level::Irreversible, span, "`find -delete` removes all that it finds");
                judge.add_flag(Flag::Unbounded);
                for path in args.iter().take_while(|arg| !arg.text.starts_with(['-', '(', '!'])) {
                    judge.add_object(Level::Irreversible, "path", path);
                }
            }
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => {
                if let Some(target) = args.get(at + 1) {
                    super::files::judge_written_file(judge, target, "`find` empties and writes");
                }
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch" => {
                let rest = args.get(at + 1..).unwrap_or_default();
                let end = rest.iter().position(|arg| matches!(arg.text.as_str(), ";" | "+")).unwrap_or(rest.len());
                let words: Vec<CommandWord> = rest
                    .get(..end)
                    .unwrap_or_default()
                    .iter()
                    .map(|arg| CommandWord { text: arg.text.replace("{}", &EXPANSION_MARK.to_string()), ..arg.clone() })
                    .collect();
                let before = judge.risk.level;
                judge.judge_command(&words, &CommandInput::Terminal);
                if judge.risk.level >= Level::Destroys && before < judge.risk.level {
                    judge.add_flag(Flag::Unbounded);
                }
                at += end;
            }
            _ => {}
        }
        at += 1;
    }
}

fn judge_source(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    match args.first() {
        Some(file) if file.raw.starts_with("<(") => {
            judge.raise_level(Level::Irreversible, span, "runs what another command prints");
        }
        Some(file) => judge.mark_unknown(span, format!("`{}` is a script of its own", file.display_text())),
        None => {}
    }
}

fn judge_scheduled(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>, input: &CommandInput) {
    let line = ParsedLine::parse_args(args, OptionRules { valued: &["-f", "-q", "-t"], ..OptionRules::default() });
    if line.has_any_option(&["-l", "-c", "-V"]) {
        return;
    }
    if line.has_any_option(&["-d", "-r"]) {
        return judge.raise_level(Level::Destroys, span, "`at -d` removes jobs");
    }
    judge.raise_level(Level::Changes, span, "`at` runs it later");
    match input {
        CommandInput::Text(text) => {
            judge.judge_nested_script(&CommandWord::from_text(text.clone(), span.clone()), &CommandInput::Terminal);
        }
        _ => judge.mark_unknown(span, "`at` runs what it reads"),
    }
}
