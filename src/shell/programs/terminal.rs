//! Commands that want an operator at the terminal.
//!
//! Invariant: a command that is told what to do by its words or its input is not interactive. Refuses to know: whether
//! an operator is there.

use super::options::{Effective, Words, behind, has, operands, program_of, valued_before_subcommand};
use crate::shell::parse::reading::{Found, Reading};

/// Programs that take over the terminal whatever their words.
const ALWAYS: &[&str] = &[
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
const TOLD_BY_OPTION: &[(&str, &[&str])] = &[
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
const BARE: &[&str] =
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

/// Why a reading wants an operator, for its first command that does.
pub(crate) fn interactive(reading: &Reading) -> Option<String> {
    let mut awaited = reading.found.iter().filter(|found| !found.place.deferred && !found.place.background);
    awaited.find_map(why)
}

fn why(found: &Found) -> Option<String> {
    let effective = program_of(&found.simple)?;
    talks(effective, found.place.fed).then(|| match effective.words.first() {
        Some(Some(word)) if !matches!(effective.program, "vim" | "vi" | "nano" | "less" | "man") => {
            format!("`{} {word}` wants an operator at the terminal", effective.program)
        }
        _ => format!("`{}` wants an operator at the terminal", effective.program),
    })
}

/// Whether a program with these words talks to an operator.
fn talks(effective: Effective<'_>, fed: bool) -> bool {
    let Effective { program, words, .. } = effective;
    if has(words, &["--help"]) {
        return false;
    }
    match program {
        "top" => !has(words, &["-b"]),
        "htop" | "less" | "more" if has(words, &["--version", "-V"]) => false,
        _ if ALWAYS.contains(&program) => true,
        "crontab" => has(words, &["-e"]),
        "read" => !fed && !has(words, &["-t"]),
        "sudo" | "doas" => {
            let opens = has(words, &["-i", "-s", "--login", "--shell"]);
            has(words, &["-e", "--edit"]) || (opens && operands(words, &["-u", "-g", "--user", "--group"]).is_empty())
        }
        "redis-cli" => {
            !fed && operands(words, REDIS_VALUED).is_empty()
                && !has(
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
        "sqlite3" => !fed && operands(words, &["-separator", "-cmd"]).len() < 2,
        "ssh" => !fed && operands(words, SSH_VALUED).len() == 1 && !has(words, &["-N", "-f", "-W", "-O", "-G", "-Q"]),
        "docker" | "podman" | "docker-compose" | "podman-compose" | "kubectl" | "oc" => contained(program, words, fed),
        "git" => edits(words),
        _ if BARE.contains(&program) && TOLD_BY_OPTION.iter().all(|row| row.0 != program) => {
            !fed && words.iter().all(|word| matches!(word.as_deref(), Some("-i" | "-l" | "-il" | "--login")))
        }
        _ => {
            let row = TOLD_BY_OPTION.iter().find(|row| row.0 == program);
            (!fed || program == "passwd") && row.is_some_and(|row| !has(words, row.1))
        }
    }
}

/// `exec`, `run`, `attach` and `edit` of container programs: what runs inside decides.
fn contained(program: &str, words: Words<'_>, fed: bool) -> bool {
    let valued = valued_before_subcommand(program);
    let cluster = matches!(program, "kubectl" | "oc");
    let compose = program.ends_with("-compose");
    if !cluster
        && !compose
        && let Some(rest) = behind(words, &["compose"], valued)
    {
        return contained("docker-compose", rest, fed);
    }
    if cluster && (behind(words, &["edit"], valued).is_some() || behind(words, &["attach"], valued).is_some()) {
        return true;
    }
    if !cluster && !compose && behind(words, &["attach"], valued).is_some() {
        return true;
    }
    if !cluster && let Some(rest) = behind(words, &["login"], valued) {
        return !has(rest, &["-p", "--password", "--password-stdin"]);
    }
    let exec = behind(words, &["exec"], valued).map(|rest| (rest, EXEC_VALUED));
    let Some((rest, valued)) = exec.or_else(|| behind(words, &["run"], valued).map(|rest| (rest, RUN_VALUED))) else {
        return cluster && behind(words, &["debug"], valued).is_some_and(|rest| has(rest, &["-i", "-t", "--tty"]));
    };
    let Some((options, inner)) = inner_command(rest, valued) else { return false };
    let terminal =
        if compose { !has(options, &["-T", "-d", "--detach"]) } else { has(options, &["-i", "-t", "--tty"]) };
    terminal
        && !fed
        && inner
            .map_or(exec.is_none() && !compose, |inner| super::endless::endless(inner).is_some() || talks(inner, false))
}

/// The options of `exec` or `run` and the program that runs inside, behind the container's name.
fn inner_command<'a>(words: Words<'a>, valued: &[&str]) -> Option<(Words<'a>, Option<Effective<'a>>)> {
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
        Some(Effective {
            program: program.rsplit('/').next().unwrap_or(program),
            words,
            bounded: false,
            collected: false,
        })
    });
    Some((options, inner))
}

/// Git opens an editor for a message or a list nobody gave.
fn edits(words: Words<'_>) -> bool {
    let valued = valued_before_subcommand("git");
    let told = &["-m", "--message", "-F", "--file", "-C", "--no-edit", "--dry-run", "--fixup"];
    behind(words, &["commit"], valued).is_some_and(|rest| !has(rest, told))
        || behind(words, &["rebase"], valued).is_some_and(|rest| has(rest, &["-i", "--interactive"]))
        || behind(words, &["add"], valued).is_some_and(|rest| has(rest, &["-p", "-i", "--patch"]))
}

#[cfg(test)]
mod tests {
    use crate::shell::describe;

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
            assert!(describe(text).interactive.is_some(), "{text}");
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
            assert_eq!(describe(text).interactive, None, "{text}");
        }
    }
}
