//! Programs that run others in ways no table says: shells, `ssh`, `find`, `xargs`, `env`, `su`.
//!
//! Invariant: what is handed on is judged as a command of its own. Refuses to know: what the others do.

use super::judge::{Input, Judge, joined, span_of};
use super::line::{Line, Rules};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{Arg, HOLE};
use std::ops::Range;

const SSH_VALUED: &[&str] = &[
    "-p", "-i", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-e", "-m", "-E", "-I", "-O", "-Q", "-S", "-W",
    "-w", "-B",
];

/// Programs of this room. False if it is none of them.
pub(super) fn judge(judge: &mut Judge<'_>, name: &str, program: &Arg, args: &[Arg], input: &Input) -> bool {
    let span = span_of(program, args);
    match name {
        "bash" | "sh" | "zsh" | "dash" | "ash" | "ksh" | "mksh" | "fish" | "rbash" | "csh" | "tcsh" => {
            shell(judge, name, args, &span, input);
        }
        "ssh" | "slogin" | "rsh" | "remsh" | "dbclient" => ssh(judge, args, &span, input),
        "env" | "genv" => env(judge, args, &span, input),
        "su" => su(judge, args, &span, input),
        "xargs" | "gxargs" => xargs(judge, args, &span, input),
        "parallel" => parallel(judge, args, &span, input),
        "find" | "gfind" | "fd" | "fdfind" => find(judge, args, &span),
        "busybox" | "toybox" => {
            if !args.is_empty() && !args.iter().any(|arg| arg.text == "--list") {
                judge.command(args, input);
            }
        }
        "source" | "." => source(judge, args, &span),
        "at" | "batch" => scheduled(judge, args, &span, input),
        _ => return false,
    }
    true
}

fn shell(judge: &mut Judge<'_>, name: &str, args: &[Arg], span: &Range<usize>, input: &Input) {
    if let [only] = args
        && matches!(only.text.as_str(), "--version" | "--help" | "-n")
    {
        return;
    }
    let rules = Rules { valued: &["-o", "-O", "+o", "+O", "--rcfile", "--init-file"], posix: true, ..Rules::default() };
    let line = Line::read(args, rules);
    if line.has("-n") && !line.has("-c") {
        return;
    }
    if line.has("-c") {
        return match line.operand(0) {
            Some(script) => judge.nested(script, input),
            None => judge.doubt(span, format!("`{name} -c` without a command")),
        };
    }
    match line.operand(0).filter(|_| !line.has("-s")) {
        Some(file) if file.raw.starts_with("<(") => {
            judge.raise(Level::Irreversible, span, format!("`{name}` runs what another command prints"));
        }
        Some(file) if matches!(file.text.as_str(), "/dev/stdin" | "-") => fed(judge, name, span, input),
        Some(file) => judge.doubt(span, format!("`{}` is a script of its own", file.shown())),
        None => fed(judge, name, span, input),
    }
}

/// A shell that reads its commands.
fn fed(judge: &mut Judge<'_>, name: &str, span: &Range<usize>, input: &Input) {
    match input {
        Input::Text(text) => judge.nested(&Arg::made(text.clone(), span.clone()), &Input::Terminal),
        Input::File(file) => judge.doubt(span, format!("`{name}` runs what stands in `{file}`")),
        Input::Stream => {
            judge.raise(Level::Irreversible, span, format!("`{name}` runs what another command prints"));
        }
        Input::Terminal => {
            judge.flag(Flag::Interactive);
            judge.doubt(span, format!("`{name}` opens a shell"));
        }
    }
}

fn ssh(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    judge.flag(Flag::Remote);
    // Options may stand before and behind the host; then the command begins.
    let line = Line::read(args, Rules { valued: SSH_VALUED, posix: true, ..Rules::default() });
    let Some(&host) = line.operands.first() else {
        if !line.has_any(&["-V", "-Q", "-G"]) {
            judge.doubt(span, "`ssh` without a host");
        }
        return;
    };
    if line.value("-o").is_some_and(|value| value.to_ascii_lowercase().starts_with("proxycommand")) {
        judge.doubt(span, "`ssh` runs a proxy command");
    }
    let rest = line.args.get(host + 1..).unwrap_or_default();
    let behind = Line::read(rest, Rules { valued: SSH_VALUED, posix: true, ..Rules::default() });
    if line.has("-t") || behind.has("-t") {
        judge.flag(Flag::NeedsTty);
    }
    if let Some(host) = line.args.get(host) {
        judge.stake_named(Level::Changes, "host", host.shown().rsplit('@').next().unwrap_or(""));
    }
    let place = line.args.get(host).map(|host| super::effects::host(host.shown()).to_owned());
    judge.inside(place.as_deref(), |judge| match behind.operands.first().and_then(|&at| rest.get(at..)) {
        Some(command) if !command.is_empty() => {
            let text = joined(command);
            judge.nested(&text, input);
        }
        _ if line.has_any(&["-N", "-O", "-W", "-G", "-Q"]) || behind.has_any(&["-N", "-O", "-W"]) => {}
        _ => fed(judge, "ssh", span, input),
    });
}

fn env(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    let rules = Rules {
        valued: &["-u", "-C", "--unset", "--chdir", "-S", "--split-string", "-P"],
        posix: true,
        assigns: true,
        ..Rules::default()
    };
    let line = Line::read(args, rules);
    if let Some(split) = line.value_arg("-S").or_else(|| line.value_arg("--split-string")) {
        let rest = line.operands.first().and_then(|&at| args.get(at..)).map(joined);
        let text = rest.map_or_else(|| split.text.clone(), |rest| format!("{} {}", split.text, rest.text));
        return judge.nested(&Arg::made(text, split.span.clone()), input);
    }
    for arg in args.iter().take_while(|arg| arg.text.contains('=') || arg.text.starts_with('-')) {
        if let Some((name, value)) = arg.text.split_once('=').filter(|_| !arg.text.starts_with('-')) {
            super::programs::assigned(judge, name, value, &arg.span, true);
        }
    }
    if let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)) {
        judge.command(rest, input);
    } else if args.iter().any(|arg| arg.text.starts_with(HOLE)) {
        judge.doubt(span, "`env` with words that are not known");
    }
}

fn su(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    judge.flag(Flag::Privileged);
    let line =
        Line::read(args, Rules { valued: &["-c", "--command", "-s", "--shell", "-g", "-G", "-w"], ..Rules::default() });
    match line.value_arg("-c").or_else(|| line.value_arg("--command")) {
        Some(script) => judge.nested(&script, input),
        None => fed(judge, "su", span, input),
    }
}

fn xargs(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    let rules = Rules {
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
        ..Rules::default()
    };
    let line = Line::read(args, rules);
    let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)).filter(|rest| !rest.is_empty()) else {
        return;
    };
    let mark = line.value("-I").or_else(|| line.has("-i").then_some("{}")).or_else(|| line.value("--replace"));
    if mark.is_some_and(|mark| rest.first().is_some_and(|program| program.text.contains(mark))) {
        return judge.doubt(span, "`xargs` runs what it reads");
    }
    handed(judge, rest, mark, input, "names are read from its input");
}

/// A command that gets further words from elsewhere.
fn handed(judge: &mut Judge<'_>, rest: &[Arg], mark: Option<&str>, input: &Input, why: &str) {
    let before = judge.risk.level;
    let hole = |arg: &Arg| match mark {
        Some(mark) if !mark.is_empty() => Arg { text: arg.text.replace(mark, &HOLE.to_string()), ..arg.clone() },
        _ => arg.clone(),
    };
    let mut words: Vec<Arg> = rest.iter().map(hole).collect();
    if mark.is_none()
        && let Some(last) = rest.last()
    {
        words.push(Arg { text: HOLE.to_string(), raw: "…".to_owned(), span: last.span.clone() });
    }
    let removes =
        rest.first().is_some_and(|program| matches!(program.text.rsplit('/').next(), Some("rm" | "unlink" | "shred")));
    judge.command(&words, input);
    if judge.risk.level >= Level::Destroys && (before < judge.risk.level || removes) {
        judge.flag(Flag::Unbounded);
        if removes && let Some(first) = rest.first() {
            judge.raise(Level::Irreversible, &first.span, format!("removes whatever it is given: {why}"));
        }
    }
}

fn parallel(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    let rules = Rules {
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
        ..Rules::default()
    };
    let line = Line::read(args, rules);
    let Some(rest) = line.operands.first().and_then(|&at| args.get(at..)) else {
        return judge.doubt(span, "`parallel` runs what it reads");
    };
    let end = rest.iter().position(|arg| arg.text.starts_with(":::")).unwrap_or(rest.len());
    let Some(words) = rest.get(..end).filter(|words| !words.is_empty()) else {
        return judge.doubt(span, "`parallel` runs what it is given");
    };
    match words {
        // One word is a shell text.
        [one] if one.text.contains(' ') => {
            judge.nested(&Arg { text: one.text.replace("{}", &HOLE.to_string()), ..one.clone() }, input);
        }
        // Without `:::` the names come from its input.
        _ if end == rest.len() => handed(judge, words, None, input, "names are read from its input"),
        _ => judge.command(words, input),
    }
}

fn find(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.text.as_str() {
            "-delete" => {
                judge.raise(Level::Irreversible, span, "`find -delete` removes all that it finds");
                judge.flag(Flag::Unbounded);
                for path in args.iter().take_while(|arg| !arg.text.starts_with(['-', '(', '!'])) {
                    judge.stake(Level::Irreversible, "path", path);
                }
            }
            "-fprint" | "-fprint0" | "-fprintf" | "-fls" => {
                if let Some(target) = args.get(at + 1) {
                    super::files::written(judge, target, "`find` empties and writes");
                }
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch" => {
                let rest = args.get(at + 1..).unwrap_or_default();
                let end = rest.iter().position(|arg| matches!(arg.text.as_str(), ";" | "+")).unwrap_or(rest.len());
                let words: Vec<Arg> = rest
                    .get(..end)
                    .unwrap_or_default()
                    .iter()
                    .map(|arg| Arg { text: arg.text.replace("{}", &HOLE.to_string()), ..arg.clone() })
                    .collect();
                let before = judge.risk.level;
                judge.command(&words, &Input::Terminal);
                if judge.risk.level >= Level::Destroys && before < judge.risk.level {
                    judge.flag(Flag::Unbounded);
                }
                at += end;
            }
            _ => {}
        }
        at += 1;
    }
}

fn source(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    match args.first() {
        Some(file) if file.raw.starts_with("<(") => {
            judge.raise(Level::Irreversible, span, "runs what another command prints");
        }
        Some(file) => judge.doubt(span, format!("`{}` is a script of its own", file.shown())),
        None => {}
    }
}

fn scheduled(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>, input: &Input) {
    let line = Line::read(args, Rules { valued: &["-f", "-q", "-t"], ..Rules::default() });
    if line.has_any(&["-l", "-c", "-V"]) {
        return;
    }
    if line.has_any(&["-d", "-r"]) {
        return judge.raise(Level::Destroys, span, "`at -d` removes jobs");
    }
    judge.raise(Level::Changes, span, "`at` runs it later");
    match input {
        Input::Text(text) => judge.nested(&Arg::made(text.clone(), span.clone()), &Input::Terminal),
        _ => judge.doubt(span, "`at` runs what it reads"),
    }
}
