//! Reading the words of a command: options, operands, subcommands, and the program behind wrappers.
//!
//! Invariant: a word whose text is not fixed is never taken for an option or a subcommand. Refuses to know: what the
//! options mean.

use crate::shell::{ProgramName, SimpleCommand};

/// The words after a program.
pub(crate) type ProgramWords<'a> = &'a [Option<String>];

/// A program and its words, once wrappers such as `sudo` are taken off.
#[derive(Clone, Copy, Debug)]
pub struct EffectiveProgram<'a> {
    /// The program's name, its folder taken off.
    pub program: &'a str,
    /// Words behind the program.
    pub words: &'a [Option<String>],
    /// True behind `timeout`, which ends the program.
    pub bounded: bool,
    /// `xargs` runs it, as often as it likes, and answers with a status of its own.
    pub collected: bool,
}

/// A program that runs another one.
struct WrapperProgram {
    name: &'static str,
    /// Options of the wrapper that take the next word.
    valued: &'static [&'static str],
    /// How many operands stand before the program.
    operands: usize,
}

/// From the manuals of sudo(8), doas(1), env(1), nice(1), ionice(1), timeout(1), time(1), xargs(1), stdbuf(1),
/// setsid(1), chrt(1) and bash(1).
const WRAPPERS: &[WrapperProgram] = &[
    WrapperProgram {
        name: "sudo",
        valued: &[
            "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group", "--host",
            "--prompt", "--chdir", "--chroot",
        ],
        operands: 0,
    },
    WrapperProgram { name: "doas", valued: &["-u", "-C"], operands: 0 },
    WrapperProgram { name: "env", valued: &["-u", "-C", "--unset", "--chdir"], operands: 0 },
    WrapperProgram { name: "nice", valued: &["-n", "--adjustment"], operands: 0 },
    WrapperProgram { name: "ionice", valued: &["-c", "-n", "--class", "--classdata"], operands: 0 },
    WrapperProgram { name: "timeout", valued: &["-k", "-s", "--kill-after", "--signal"], operands: 1 },
    WrapperProgram { name: "time", valued: &["-f", "-o", "--format", "--output"], operands: 0 },
    WrapperProgram {
        name: "xargs",
        valued: &["-I", "-n", "-P", "-L", "-d", "-s", "-E", "-a", "--max-args", "--max-procs", "--delimiter"],
        operands: 0,
    },
    WrapperProgram { name: "stdbuf", valued: &["-i", "-o", "-e"], operands: 0 },
    WrapperProgram { name: "setsid", valued: &[], operands: 0 },
    WrapperProgram { name: "nohup", valued: &[], operands: 0 },
    WrapperProgram { name: "command", valued: &[], operands: 0 },
    WrapperProgram { name: "builtin", valued: &[], operands: 0 },
    WrapperProgram { name: "exec", valued: &["-a"], operands: 0 },
];

/// The program a simple command comes down to, behind `sudo`, `env`, `timeout` and the like. None if it has none or an
/// expansion makes it. A wrapper without a command counts as the program.
pub fn effective_program(simple: &SimpleCommand) -> Option<EffectiveProgram<'_>> {
    let ProgramName::Named(name) = &simple.program else { return None };
    let mut effective =
        EffectiveProgram { program: base_name(name), words: &simple.words, bounded: false, collected: false };
    while let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == effective.program) {
        let Some(at) = wrapped_program_index(wrapper, effective.words) else { break };
        let (Some(word), Some(rest)) = (effective.words.get(at), effective.words.get(at + 1..)) else { break };
        let program = base_name(word.as_deref()?);
        let bounded = effective.bounded || wrapper.name == "timeout";
        let collected = effective.collected || wrapper.name == "xargs";
        effective = EffectiveProgram { program, words: rest, bounded, collected };
    }
    Some(effective)
}

/// Where the wrapped program stands.
fn wrapped_program_index(wrapper: &WrapperProgram, words: ProgramWords<'_>) -> Option<usize> {
    let mut operands = wrapper.operands;
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        match word.as_deref() {
            // `command -v` only looks a name up.
            Some("-v" | "-V") if wrapper.name == "command" => return None,
            // These make sudo do something of its own.
            Some("-e" | "-i" | "-s" | "-l" | "-v" | "-k" | "--edit" | "--login" | "--shell" | "--list")
                if matches!(wrapper.name, "sudo" | "doas") =>
            {
                return None;
            }
            Some("--") => return words.get(at + 1).map(|_| at + 1),
            Some(option) if option.starts_with('-') && option.len() > 1 => {
                at += if wrapper.valued.contains(&option) { 2 } else { 1 };
            }
            Some(word) if matches!(wrapper.name, "env" | "sudo" | "doas") && word.contains('=') => at += 1,
            _ if operands > 0 => {
                operands -= 1;
                at += 1;
            }
            _ => return Some(at),
        }
    }
}

/// A program's name without its folder.
fn base_name(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((folder, base)) if !base.is_empty() && !folder.starts_with('.') => base,
        _ => name,
    }
}

/// True if one of `flags` is among the words: `--follow`, `--follow=true`, `-f`, or `f` in a cluster as `-tf`.
/// Words after `--` are another program's.
pub(crate) fn has_any_flag(words: ProgramWords<'_>, flags: &[&str]) -> bool {
    let before_dashes = words.iter().take_while(|word| word.as_deref() != Some("--"));
    before_dashes.flatten().any(|word| flags.iter().any(|flag| is_flag(word, flag)))
}

fn is_flag(word: &str, flag: &str) -> bool {
    if word == flag {
        return true;
    }
    if let Some(rest) = word.strip_prefix(flag).filter(|_| flag.starts_with("--")) {
        return rest.starts_with('=') && rest != "=false";
    }
    let (Some(letter), Some(cluster)) = (single_letter(flag), word.strip_prefix('-')) else { return false };
    !cluster.starts_with('-')
        && cluster.split_once(letter).is_some_and(|(before, _)| before.chars().all(|c| c.is_ascii_alphabetic()))
}

fn single_letter(flag: &str) -> Option<char> {
    let mut chars = flag.strip_prefix('-')?.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?;
    chars.next().is_none().then_some(letter)
}

/// The words that are neither options nor an option's value. A word that is not fixed is an operand, as None.
pub(crate) fn find_operands<'a>(words: ProgramWords<'a>, valued: &[&str]) -> Vec<Option<&'a str>> {
    operand_positions(words, valued).into_iter().filter_map(|at| words.get(at)).map(Option::as_deref).collect()
}

/// Where the operands stand.
fn operand_positions(words: ProgramWords<'_>, valued: &[&str]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match word.as_deref() {
            Some("--") => {
                found.extend(at + 1..words.len());
                break;
            }
            Some(option) if option.len() > 1 && option.starts_with('-') => at += usize::from(valued.contains(&option)),
            _ => found.push(at),
        }
        at += 1;
    }
    found
}

/// Words behind the subcommands of `path`, if the words begin with them; options may come between.
pub(crate) fn words_behind_subcommands<'a>(
    words: ProgramWords<'a>,
    path: &[&str],
    valued: &[&str],
) -> Option<ProgramWords<'a>> {
    let mut rest = words;
    for step in path {
        let at = *operand_positions(rest, valued).first()?;
        if rest.get(at)?.as_deref() != Some(step) {
            return None;
        }
        rest = rest.get(at + 1..)?;
    }
    Some(rest)
}

/// Where the operands before a subcommand take values, for programs with subcommands.
pub(crate) fn valued_before_subcommand(program: &str) -> &'static [&'static str] {
    match program {
        "docker" | "podman" | "docker-compose" | "podman-compose" => &[
            "-f",
            "--file",
            "-p",
            "--project-name",
            "--profile",
            "--env-file",
            "--project-directory",
            "--ansi",
            "--parallel",
            "-H",
            "--host",
            "-c",
            "--context",
            "--config",
            "-l",
            "--log-level",
        ],
        "kubectl" | "oc" | "helm" | "stern" => &[
            "-n",
            "--namespace",
            "--context",
            "--cluster",
            "--kubeconfig",
            "--user",
            "-s",
            "--server",
            "--as",
            "--as-group",
            "--token",
            "--request-timeout",
            "--kube-context",
        ],
        "git" => &["-C", "-c", "--git-dir", "--work-tree"],
        "systemctl" | "journalctl" => &["-H", "--host", "-M", "--machine"],
        "aws" => &["--profile", "--region", "--output"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{effective_program, find_operands, has_any_flag, words_behind_subcommands};
    use crate::shell::{ProgramName, SimpleCommand};

    fn words(text: &str) -> Vec<Option<String>> {
        text.split_whitespace().map(|word| (word != "$").then(|| word.to_owned())).collect()
    }

    fn simple(text: &str) -> SimpleCommand {
        let (program, rest) = text.split_once(' ').unwrap_or((text, ""));
        SimpleCommand { program: ProgramName::Named(program.to_owned()), words: words(rest), span: 0..text.len() }
    }

    #[test]
    fn wrappers_are_taken_off() {
        for (text, program) in [
            ("sudo -u postgres psql -l", "psql"),
            ("sudo -E env A=1 B=2 nice -n 5 grep x", "grep"),
            ("timeout -k 5 10s curl x", "curl"),
            ("xargs -n 1 -P 4 rm", "rm"),
            ("/usr/bin/grep x", "grep"),
            ("./deploy.sh x", "./deploy.sh"),
            ("sudo -i", "sudo"),
            ("command -v git", "command"),
            ("nohup -- make", "make"),
        ] {
            let simple = simple(text);
            assert_eq!(effective_program(&simple).map(|e| e.program), Some(program), "{text}");
        }
        assert!(effective_program(&simple("sudo $ x")).is_none(), "an expansion names the program");
        assert!(effective_program(&simple("timeout 5 top")).is_some_and(|e| e.bounded));
    }

    #[test]
    fn flags_are_found_alone_in_clusters_and_with_values() {
        assert!(has_any_flag(&words("-tf x"), &["-f"]));
        assert!(has_any_flag(&words("--follow=true"), &["--follow"]));
        assert!(!has_any_flag(&words("--follow=false"), &["--follow"]));
        assert!(!has_any_flag(&words("--force"), &["-f"]));
        assert!(!has_any_flag(&words("x -- -f"), &["-f"]));
        assert!(!has_any_flag(&words("-n5f"), &["-f"]));
    }

    #[test]
    fn subcommands_are_found_behind_options_and_their_values() {
        let all = words("-f a.yml logs -f api");
        assert_eq!(words_behind_subcommands(&all, &["logs"], &["-f"]).map(<[_]>::len), Some(2));
        assert_eq!(words_behind_subcommands(&all, &["ps"], &["-f"]), None);
        assert_eq!(find_operands(&words("-c 3 host $"), &["-c"]), [Some("host"), None]);
    }
}
