//! Guesses if a code fence without a language contains shell.
//!
//! Invariant: conservative. Output, tables, trees, JSON and prose are never taken for commands. A doubtful text is not
//! shell. Refuses to know: how a guess is used.

use super::split::split_commands;
use super::{ShellPart, prompt_length};

/// Programs whose name at the start of a line makes the line a command.
const UNAMBIGUOUS_PROGRAMS: &[&str] = &[
    "ansible",
    "ansible-playbook",
    "apk",
    "apt",
    "apt-get",
    "aws",
    "az",
    "bash",
    "brew",
    "bundle",
    "cargo",
    "cat",
    "cd",
    "certbot",
    "chmod",
    "chown",
    "chroot",
    "cp",
    "crictl",
    "crontab",
    "ctr",
    "curl",
    "dd",
    "df",
    "dig",
    "dmesg",
    "dnf",
    "docker",
    "docker-compose",
    "du",
    "echo",
    "etcdctl",
    "export",
    "flux",
    "gcloud",
    "gh",
    "git",
    "grep",
    "gsutil",
    "gunzip",
    "gzip",
    "helm",
    "htop",
    "iftop",
    "iostat",
    "ip",
    "iptables",
    "jq",
    "journalctl",
    "kubectl",
    "kustomize",
    "ln",
    "ls",
    "lsblk",
    "lsof",
    "mkdir",
    "mongosh",
    "mount",
    "mv",
    "mysql",
    "mysqldump",
    "netstat",
    "nohup",
    "npm",
    "npx",
    "nslookup",
    "oc",
    "openssl",
    "pg_dump",
    "pg_restore",
    "pgrep",
    "ping",
    "pip",
    "pip3",
    "pkill",
    "podman",
    "poetry",
    "psql",
    "pulumi",
    "python",
    "python3",
    "redis-cli",
    "rm",
    "rmdir",
    "rsync",
    "scp",
    "sed",
    "sh",
    "ssh",
    "ss",
    "sudo",
    "systemctl",
    "tail",
    "tar",
    "tcpdump",
    "terraform",
    "tofu",
    "traceroute",
    "ufw",
    "umount",
    "unzip",
    "uptime",
    "vault",
    "velero",
    "vim",
    "virsh",
    "vmstat",
    "wget",
    "xargs",
    "yarn",
    "yq",
    "yum",
    "zcat",
    "zgrep",
];

/// Programs that are also English words. They count only on a line with an argument that prose would not contain.
const ENGLISH_WORD_PROGRAMS: &[&str] = &[
    "awk", "chef", "consul", "cut", "date", "diff", "env", "exit", "find", "free", "go", "head", "host", "kill",
    "less", "make", "man", "more", "nomad", "printf", "ps", "read", "service", "set", "sleep", "sort", "source",
    "split", "test", "time", "top", "touch", "uniq", "watch", "wc", "which",
];

/// True if a text without a language tag is shell: it starts with a prompt, or each command begins with a known program.
pub fn looks_like_shell(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(first) = lines.clone().next() else { return false };
    if prompt_length(first, false).is_some_and(|len| len < first.len()) {
        return true;
    }
    if text.contains(['├', '│', '└', '┌', '═']) || lines.clone().any(is_table_row) {
        return false;
    }
    let mut commands = 0;
    let mut continues = false;
    let all_known = lines.all(|line| {
        let body = line.trim();
        let is_continuation = std::mem::replace(&mut continues, body.ends_with('\\') || body.ends_with('|'));
        if is_continuation || body.starts_with('#') {
            return true;
        }
        commands += 1;
        begins_with_program(body)
    });
    all_known && commands > 0 && split_commands(text).iter().all(is_plausible_part)
}

/// False for a part that looks like a command by its first word but does not parse as one.
fn is_plausible_part(part: &ShellPart) -> bool {
    match part {
        ShellPart::Comment(_) => true,
        ShellPart::NotShell(_) => false,
        ShellPart::Command(command) => command.facts.not_a_command.is_none(),
    }
}

fn is_table_row(line: &str) -> bool {
    let body = line.trim();
    body.starts_with('|') || body.starts_with("+-") || body.starts_with("---")
}

fn begins_with_program(body: &str) -> bool {
    let mut words = body.split_ascii_whitespace().skip_while(|word| is_assignment(word));
    let Some(program) = words.next() else { return true };
    if UNAMBIGUOUS_PROGRAMS.contains(&program) {
        return !body.ends_with(['.', ':']) || body.contains(['/', '"']) || body.ends_with(" .");
    }
    ENGLISH_WORD_PROGRAMS.contains(&program)
        && words.any(|word| word.starts_with(['-', '/', '$', '.', '|', '"', '\'', '+']))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::looks_like_shell;

    #[test]
    fn known_programs_and_prompts_are_shell() {
        for text in [
            "$ whatever --now\nits output",
            "kubectl get pods\nkubectl logs web-0",
            "# see what is there\nls -l",
            "APP=web\ndocker logs $APP",
            "docker run \\\n  --rm alpine \\\n  true",
            "find . -name '*.log'",
            "git add .",
        ] {
            assert!(looks_like_shell(text), "{text}");
        }
    }

    #[test]
    fn output_tables_trees_json_and_prose_are_not() {
        for text in [
            "",
            "# only a comment",
            "NAME   READY   STATUS\nweb-0  1/1     Running",
            "{\n  \"a\": 1\n}",
            "src\n├── main.rs\n└── lib.rs",
            "| a | b |\n|---|---|",
            "find the pod that is broken",
            "make sure it works",
            "Error: connection refused",
            "docker is a program.",
            "kubectl get pods\nNAME   READY\nweb-0  1/1",
            "time to go",
        ] {
            assert!(!looks_like_shell(text), "{text}");
        }
    }
}
