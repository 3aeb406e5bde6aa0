//! Commands that need an operator at the terminal.
//!
//! Invariant: a command that is told what to do by its words or its input is not interactive. Refuses to know: whether
//! an operator is there.

use super::options::{
    EffectiveProgram, ProgramWords, effective_program, find_operands, has_any_flag, valued_before_subcommand,
    words_behind_subcommands,
};
use crate::shell::parse::reading::{CommandInContext, ParsedText};

/// Programs that take over the terminal whatever their words.
const ALWAYS_INTERACTIVE: &[&str] = &[
    "vi",
    "vim",
    "nvim",
    "view",
    "nano",
    "pico",
    "joe",
    "micro",
    "mcedit",
    "less",
    "more",
    "most",
    "man",
    "info",
    "visudo",
    "vipw",
    "vigr",
    "sudoedit",
    "top",
    "htop",
    "atop",
    "btop",
    "ctop",
    "glances",
    "iftop",
    "nethogs",
    "iotop",
    "nload",
    "bmon",
    "k9s",
    "cfdisk",
    "mc",
    "telnet",
    "ftp",
    "screen",
    "mysql_secure_installation",
    "dpkg-reconfigure",
];

/// Clients and interpreters that talk to the operator unless one of these options tells them what to do.
const INTERACTIVE_UNLESS: &[(&str, &[&str])] = &[
    ("psql", &["-c", "--command", "-f", "--file", "-l", "--list", "-V", "--version"]),
    ("mysql", &["-e", "--execute", "-V", "--version"]),
    ("mariadb", &["-e", "--execute", "-V", "--version"]),
    ("mongosh", &["--eval", "-f", "--file", "--version"]),
    ("mongo", &["--eval", "--version"]),
    ("cqlsh", &["-e", "--execute", "-f", "--file", "--version"]),
    ("clickhouse-client", &["-q", "--query", "--queries-file", "--version"]),
    ("sftp", &["-b"]),
    ("fdisk", &["-l", "--list", "-s"]),
    ("parted", &["-s", "--script", "-l", "--list"]),
    ("passwd", &["--stdin", "-l", "-u", "-S", "-d", "-e", "--lock", "--unlock", "--status", "--delete", "--expire"]),
    ("su", &["-c", "--command"]),
    ("emacs", &["--batch", "--script", "--version"]),
    ("gdb", &["-batch", "--batch"]),
    ("tmux", &["-d", "-V"]),
];

/// Shells and interpreters: interactive when nothing is given to run.
const INTERACTIVE_WHEN_BARE: &[&str] =
    &["bash", "sh", "zsh", "dash", "ash", "ksh", "fish", "python", "python3", "ipython", "node", "irb", "psql", "php"];

/// Options with a value, where the operands decide.
const REDIS_VALUED: &[&str] =
    &["-h", "-p", "-a", "-n", "-u", "-s", "-r", "-i", "--user", "--pass", "--cacert", "--cert", "--key", "--sni"];
const SSH_VALUED: &[&str] = &[
    "-p", "-i", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-e", "-m", "-E", "-I", "-O", "-Q", "-S", "-W",
    "-w", "-B",
];
const EXEC_VALUED: &[&str] = &[
    "-u",
    "--user",
    "-e",
    "--env",
    "-w",
    "--workdir",
    "-c",
    "--container",
    "-n",
    "--namespace",
    "--index",
    "--env-file",
    "--detach-keys",
    "--context",
];
const RUN_VALUED: &[&str] = &[
    "-u",
    "--user",
    "-e",
    "--env",
    "-w",
    "--workdir",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--net",
    "--entrypoint",
    "--mount",
    "-l",
    "--label",
    "--env-file",
    "-h",
    "--hostname",
    "--add-host",
    "--link",
    "--platform",
    "--pull",
    "--cpus",
    "-m",
    "--memory",
    "--image",
    "-n",
    "--namespace",
];

/// Why a reading needs an operator at the terminal, for its first command that does.
pub(crate) fn why_interactive(reading: &ParsedText) -> Option<String> {
    let mut awaited =
        reading.commands.iter().filter(|found| !found.context.in_function_body && !found.context.in_background);
    awaited.find_map(why_command_interactive)
}

fn why_command_interactive(found: &CommandInContext) -> Option<String> {
    let effective = effective_program(&found.command)?;
    talks_to_operator(effective, found.context.has_redirected_input).then(|| match effective.words.first() {
        Some(Some(word)) if !matches!(effective.program, "vim" | "vi" | "nano" | "less" | "man") => {
            format!("`{} {word}` wants an operator at the terminal", effective.program)
        }
        _ => format!("`{}` wants an operator at the terminal", effective.program),
    })
}

/// True if a program with these words needs an operator at the terminal.
fn talks_to_operator(effective: EffectiveProgram<'_>, fed: bool) -> bool {
    let EffectiveProgram { program, words, .. } = effective;
    if has_any_flag(words, &["--help"]) {
        return false;
    }
    match program {
        "top" => !has_any_flag(words, &["-b"]),
        "htop" | "less" | "more" if has_any_flag(words, &["--version", "-V"]) => false,
        _ if ALWAYS_INTERACTIVE.contains(&program) => true,
        "crontab" => has_any_flag(words, &["-e"]),
        "read" => !fed && !has_any_flag(words, &["-t"]),
        "sudo" | "doas" => {
            let opens = has_any_flag(words, &["-i", "-s", "--login", "--shell"]);
            has_any_flag(words, &["-e", "--edit"])
                || (opens && find_operands(words, &["-u", "-g", "--user", "--group"]).is_empty())
        }
        "redis-cli" => {
            !fed && find_operands(words, REDIS_VALUED).is_empty()
                && !has_any_flag(
                    words,
                    &[
                        "--scan",
                        "--bigkeys",
                        "--stat",
                        "--pipe",
                        "--rdb",
                        "--latency",
                        "--eval",
                        "--version",
                        "--memkeys",
                        "--hotkeys",
                    ],
                )
        }
        "sqlite3" => !fed && find_operands(words, &["-separator", "-cmd"]).len() < 2,
        "ssh" => {
            !fed && find_operands(words, SSH_VALUED).len() == 1
                && !has_any_flag(words, &["-N", "-f", "-W", "-O", "-G", "-Q"])
        }
        "docker" | "podman" | "docker-compose" | "podman-compose" | "kubectl" | "oc" => {
            container_talks(program, words, fed)
        }
        "git" => opens_editor(words),
        _ if INTERACTIVE_WHEN_BARE.contains(&program) && INTERACTIVE_UNLESS.iter().all(|row| row.0 != program) => {
            !fed && words.iter().all(|word| matches!(word.as_deref(), Some("-i" | "-l" | "-il" | "--login")))
        }
        _ => {
            let row = INTERACTIVE_UNLESS.iter().find(|row| row.0 == program);
            (!fed || program == "passwd") && row.is_some_and(|row| !has_any_flag(words, row.1))
        }
    }
}

/// `exec`, `run`, `attach` and `edit` of container programs: what runs inside decides.
fn container_talks(program: &str, words: ProgramWords<'_>, fed: bool) -> bool {
    let valued = valued_before_subcommand(program);
    let cluster = matches!(program, "kubectl" | "oc");
    let compose = program.ends_with("-compose");
    if !cluster
        && !compose
        && let Some(rest) = words_behind_subcommands(words, &["compose"], valued)
    {
        return container_talks("docker-compose", rest, fed);
    }
    if cluster
        && (words_behind_subcommands(words, &["edit"], valued).is_some()
            || words_behind_subcommands(words, &["attach"], valued).is_some())
    {
        return true;
    }
    if !cluster && !compose && words_behind_subcommands(words, &["attach"], valued).is_some() {
        return true;
    }
    if !cluster && let Some(rest) = words_behind_subcommands(words, &["login"], valued) {
        return !has_any_flag(rest, &["-p", "--password", "--password-stdin"]);
    }
    let exec = words_behind_subcommands(words, &["exec"], valued).map(|rest| (rest, EXEC_VALUED));
    let Some((rest, valued)) =
        exec.or_else(|| words_behind_subcommands(words, &["run"], valued).map(|rest| (rest, RUN_VALUED)))
    else {
        return cluster
            && words_behind_subcommands(words, &["debug"], valued)
                .is_some_and(|rest| has_any_flag(rest, &["-i", "-t", "--tty"]));
    };
    let Some((options, inner)) = inner_command(rest, valued) else { return false };
    let terminal = if compose {
        !has_any_flag(options, &["-T", "-d", "--detach"])
    } else {
        has_any_flag(options, &["-i", "-t", "--tty"])
    };
    terminal
        && !fed
        && inner.map_or(exec.is_none() && !compose, |inner| {
            super::endless::why_program_never_ends(inner).is_some() || talks_to_operator(inner, false)
        })
}

/// The options of `exec` or `run` and the program that runs inside, behind the container's name.
fn inner_command<'a>(
    words: ProgramWords<'a>,
    valued: &[&str],
) -> Option<(ProgramWords<'a>, Option<EffectiveProgram<'a>>)> {
    let mut at = 0;
    while let Some(Some(option)) =
        words.get(at).map(Option::as_deref).filter(|word| word.is_some_and(|w| w.starts_with('-')))
    {
        at += if valued.contains(&option) { 2 } else { 1 };
    }
    let name = at;
    let mut options = words.get(..name)?;
    let mut rest = words.get(name + 1..).unwrap_or(&[]);
    // `kubectl exec pod -c app -it -- sh`: options may stand behind the name too.
    if let Some(dashes) = words.iter().position(|word| word.as_deref() == Some("--")) {
        options = words.get(..dashes)?;
        rest = words.get(dashes + 1..)?;
    }
    let inner = rest.split_first().and_then(|(program, words)| {
        let program = program.as_deref()?;
        Some(EffectiveProgram {
            program: program.rsplit('/').next().unwrap_or(program),
            words,
            bounded: false,
            collected: false,
        })
    });
    Some((options, inner))
}

/// Git opens an editor for a message or a list nobody gave.
fn opens_editor(words: ProgramWords<'_>) -> bool {
    let valued = valued_before_subcommand("git");
    let told = &["-m", "--message", "-F", "--file", "-C", "--no-edit", "--dry-run", "--fixup"];
    words_behind_subcommands(words, &["commit"], valued).is_some_and(|rest| !has_any_flag(rest, told))
        || words_behind_subcommands(words, &["rebase"], valued)
            .is_some_and(|rest| has_any_flag(rest, &["-i", "--interactive"]))
        || words_behind_subcommands(words, &["add"], valued)
            .is_some_and(|rest| has_any_flag(rest, &["-p", "-i", "--patch"]))
}

#[cfg(test)]
mod tests {
    use crate::shell::describe_command;

    #[test]
    fn editors_shells_and_bare_clients_want_an_operator() {
        for text in [
            "vim /etc/hosts",
            "sudo nano x",
            "less log",
            "cat log | less",
            "man ls",
            "crontab -e",
            "sudo crontab -e",
            "visudo",
            "top",
            "htop",
            "psql",
            "psql -U app -d shop",
            "mysql -u root -p",
            "redis-cli -h cache",
            "mongosh mongodb://x",
            "ssh ops@db1",
            "ssh -i key -p 22 db1",
            "docker exec -it web sh",
            "docker exec -it web /bin/bash",
            "docker-compose exec db psql -U app",
            "docker compose -f a.yml exec web bash",
            "kubectl exec -it web-0 -- sh",
            "kubectl -n x exec -it web-0 -c app -- /bin/bash -l",
            "kubectl exec web-0 -it -- bash",
            "docker run -it --rm -v /x:/y alpine",
            "docker run -it --rm alpine sh",
            "kubectl edit deploy web",
            "passwd",
            "sudo passwd ops",
            "sudo -i",
            "sudo -i -u postgres",
            "sudo -e /etc/hosts",
            "su - postgres",
            "python",
            "python3",
            "bash",
            "git commit",
            "git rebase -i main",
            "read -p 'sure? ' answer",
        ] {
            assert!(describe_command(text).interactive_reason.is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_told_what_to_do_does_not() {
        for text in [
            "psql -c 'SELECT 1'",
            "psql -U app -f x.sql",
            "psql < dump.sql",
            "zcat x | psql -U app",
            "mysql -e 'SHOW TABLES'",
            "redis-cli -h cache ping",
            "ssh db1 uptime",
            "ssh -N -L 1:db:2 bastion",
            "docker exec web ls",
            "docker exec -it web ls /",
            "gunzip -c x | docker exec -i db psql -U app",
            "docker-compose exec db psql -U app -c 'SELECT 1'",
            "docker-compose exec backup /usr/local/bin/run.sh",
            "docker-compose run --rm web alembic upgrade head",
            "docker-compose exec -T db psql",
            "kubectl exec web-0 -- cat /etc/hosts",
            "crontab -l",
            "python -c 'print(1)'",
            "python script.py",
            "bash x.sh",
            "bash -c 'ls'",
            "git commit -m x",
            "while read -r x; do echo $x; done < f",
            "echo a | read x",
            "sudo -u postgres psql -c 'SELECT 1'",
            "sudo -i -u postgres psql -c 'SELECT 1'",
            "edit() { vim x; }",
        ] {
            assert_eq!(describe_command(text).interactive_reason, None, "{text}");
        }
    }
}
