//! Commands that only read.
//!
//! Invariant: conservative. What is not in the table, or is in it with an option that writes, does not only read.
//! Refuses to know: how much harm the others do; that is risk's.

use super::curl;
use super::options::{
    EffectiveProgram, ProgramWords, effective_program, find_operands, has_any_flag, valued_before_subcommand,
    words_behind_subcommands,
};
use crate::shell::parse::reading::ParsedText;
use crate::shell::{ProgramName, SimpleCommand};

/// Programs that only read, whatever their words.
const READERS: &[&str] = &[
    ":",
    "[",
    "[[",
    "basename",
    "break",
    "cat",
    "cd",
    "cmp",
    "column",
    "comm",
    "continue",
    "cut",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "expr",
    "false",
    "fgrep",
    "file",
    "fold",
    "free",
    "getent",
    "grep",
    "groups",
    "head",
    "hexdump",
    "id",
    "jq",
    "last",
    "logname",
    "ls",
    "lsblk",
    "lscpu",
    "lsof",
    "md5sum",
    "netstat",
    "nl",
    "nproc",
    "od",
    "paste",
    "pgrep",
    "ping",
    "popd",
    "ps",
    "pushd",
    "pwd",
    "readlink",
    "realpath",
    "rev",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "sleep",
    "stat",
    "strings",
    "tac",
    "tail",
    "test",
    "top",
    "tr",
    "true",
    "type",
    "uname",
    "uptime",
    "vmstat",
    "w",
    "wc",
    "which",
    "who",
    "whoami",
    "zcat",
    "zgrep",
];

/// Programs that only read unless one of these options stands there.
const READERS_UNLESS: &[(&str, &[&str])] = &[
    ("base64", &["-o", "--output"]),
    ("sort", &["-o", "--output", "--compress-program"]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("less", &["-o", "-O", "--log-file", "--LOG-FILE"]),
    ("more", &[]),
    ("man", &["-P", "--pager", "-H", "--html"]),
    ("hostname", &["-F", "--file", "-b"]),
    ("date", &["-s", "--set"]),
    ("printf", &["-v"]),
    ("tree", &["-o"]),
    ("dig", &["-f"]),
    ("nslookup", &[]),
    ("host", &[]),
    (
        "journalctl",
        &[
            "--vacuum-size",
            "--vacuum-time",
            "--vacuum-files",
            "--rotate",
            "--flush",
            "--sync",
            "--setup-keys",
            "--update-catalog",
        ],
    ),
    ("dmesg", &["-c", "-C", "--clear", "--read-clear", "-D", "-E", "-n"]),
    ("ss", &["-K", "--kill"]),
    ("iostat", &["-o"]),
    ("find", &["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprintf", "-fls", "-fprint0"]),
];

/// Subcommands that only read, and options that make them write.
const SUBCOMMANDS: &[(&str, &[&str], &[&str])] = &[
    ("docker", &["ps"], &[]),
    ("docker", &["logs"], &[]),
    ("docker", &["stats"], &[]),
    ("docker", &["images"], &[]),
    ("docker", &["inspect"], &[]),
    ("docker", &["top"], &[]),
    ("docker", &["port"], &[]),
    ("docker", &["info"], &[]),
    ("docker", &["version"], &[]),
    ("docker", &["events"], &[]),
    ("docker", &["system", "df"], &[]),
    ("docker", &["volume", "ls"], &[]),
    ("docker", &["volume", "inspect"], &[]),
    ("docker", &["network", "ls"], &[]),
    ("docker", &["network", "inspect"], &[]),
    ("docker", &["container", "ls"], &[]),
    ("docker", &["image", "ls"], &[]),
    ("docker", &["compose", "ps"], &[]),
    ("docker", &["compose", "logs"], &[]),
    ("docker", &["compose", "stats"], &[]),
    ("docker", &["compose", "images"], &[]),
    ("docker", &["compose", "top"], &[]),
    ("docker", &["compose", "ls"], &[]),
    ("docker", &["compose", "config"], &["-o", "--output", "--lock-image-digests"]),
    ("docker-compose", &["ps"], &[]),
    ("docker-compose", &["logs"], &[]),
    ("docker-compose", &["stats"], &[]),
    ("docker-compose", &["images"], &[]),
    ("docker-compose", &["top"], &[]),
    ("docker-compose", &["config"], &["-o", "--output", "--lock-image-digests"]),
    ("podman", &["ps"], &[]),
    ("podman", &["logs"], &[]),
    ("podman", &["inspect"], &[]),
    ("podman", &["images"], &[]),
    ("kubectl", &["get"], &[]),
    ("kubectl", &["describe"], &[]),
    ("kubectl", &["logs"], &[]),
    ("kubectl", &["top"], &[]),
    ("kubectl", &["explain"], &[]),
    ("kubectl", &["version"], &[]),
    ("kubectl", &["cluster-info"], &["--output-directory"]),
    ("kubectl", &["rollout", "status"], &[]),
    ("kubectl", &["rollout", "history"], &[]),
    ("kubectl", &["auth", "can-i"], &[]),
    ("oc", &["get"], &[]),
    ("oc", &["describe"], &[]),
    ("oc", &["logs"], &[]),
    ("helm", &["list"], &[]),
    ("helm", &["ls"], &[]),
    ("helm", &["status"], &[]),
    ("helm", &["history"], &[]),
    ("op", &["read"], &["-o", "--out-file"]),
    ("op", &["item", "get"], &[]),
    ("vault", &["kv", "get"], &[]),
    ("vault", &["read"], &[]),
    ("pass", &["show"], &["-c", "--clip"]),
    ("gopass", &["show"], &["-c", "--clip"]),
    ("bw", &["get"], &["--output"]),
    ("aws", &["secretsmanager", "get-secret-value"], &[]),
    ("aws", &["ssm", "get-parameter"], &[]),
    ("gcloud", &["secrets", "versions", "access"], &["--out-file"]),
    ("az", &["keyvault", "secret", "show"], &[]),
    ("doppler", &["secrets", "get"], &[]),
    ("chamber", &["read"], &[]),
    ("secret-tool", &["lookup"], &[]),
    ("keyring", &["get"], &[]),
    ("lpass", &["show"], &["-c", "--clip"]),
    ("bws", &["secret", "get"], &[]),
    ("security", &["find-generic-password"], &[]),
    ("security", &["find-internet-password"], &[]),
    ("ansible-vault", &["view"], &[]),
    ("git", &["log"], &["--output"]),
    ("git", &["status"], &[]),
    ("git", &["diff"], &["--output"]),
    ("git", &["show"], &["--output"]),
    ("git", &["blame"], &[]),
    ("git", &["rev-parse"], &[]),
    ("git", &["describe"], &[]),
    ("systemctl", &["status"], &[]),
    ("systemctl", &["is-active"], &[]),
    ("systemctl", &["is-enabled"], &[]),
    ("systemctl", &["is-failed"], &[]),
    ("systemctl", &["list-units"], &[]),
    ("systemctl", &["list-timers"], &[]),
    ("systemctl", &["cat"], &[]),
    ("systemctl", &["show"], &[]),
    ("redis-cli", &["info"], &[]),
    ("redis-cli", &["INFO"], &[]),
    ("redis-cli", &["ping"], &[]),
    ("redis-cli", &["PING"], &[]),
    ("terraform", &["show"], &[]),
    ("terraform", &["version"], &[]),
];

/// True if every command of a reading is tabled as read-only.
pub(crate) fn only_runs_readers(reading: &ParsedText) -> bool {
    let more = reading.shell_effects.defines_function
        || reading.shell_effects.writes_file
        || reading.shell_effects.sets_steering_variable;
    !more && !reading.commands.is_empty() && reading.commands.iter().all(|found| is_reading_command(&found.command))
}

fn is_reading_command(simple: &SimpleCommand) -> bool {
    if matches!(simple.program, ProgramName::None) {
        // Values that a command makes are judged by that command.
        return true;
    }
    // A wrapper that hands on its input, or whose program is not the word it seems, is not looked through.
    let wrapped = matches!(&simple.program, ProgramName::Named(name) if matches!(name.as_str(), "xargs" | "exec" | "env" | "nohup"));
    effective_program(simple).is_some_and(|effective| !wrapped && is_reading_program(effective))
}

fn is_reading_program(effective: EffectiveProgram<'_>) -> bool {
    let EffectiveProgram { program, words, .. } = effective;
    if READERS.contains(&program) {
        return true;
    }
    if let Some((_, writing)) = READERS_UNLESS.iter().find(|row| row.0 == program) {
        let fixed = words.iter().all(Option::is_some) || writing.is_empty();
        let named = |word: &String| writing.iter().any(|w| word == w || word.starts_with(&format!("{w}=")));
        let clustered = !matches!(program, "find" | "printf") && has_any_flag(words, writing);
        // `date 010203` and `hostname web` set what they name.
        let sets = match program {
            "hostname" => !find_operands(words, &[]).is_empty(),
            "date" => find_operands(words, &["-d", "--date", "-r", "-f"])
                .iter()
                .any(|w| !w.is_some_and(|w| w.starts_with('+'))),
            _ => false,
        };
        return (fixed || matches!(program, "printf" | "dig" | "sort" | "journalctl"))
            && !sets
            && !clustered
            && !words.iter().flatten().any(named);
    }
    match program {
        "uniq" => find_operands(words, &["-f", "-s", "-w"]).len() < 2,
        "command" => has_any_flag(words, &["-v", "-V"]),
        "curl" => curl_only_reads(effective),
        "openssl" => openssl_only_reads(effective),
        "gpg" | "gpg2" => decrypts_only(words, &["-d", "-q", "-v", "--quiet", "--batch", "--no-tty", "--use-agent"]),
        "age" => decrypts_only(words, &["-d", "-i", "--identity"]),
        "sops" => decrypts_only(words, &["-d", "--extract", "--input-type", "--output-type"]),
        _ => {
            // `git -c core.pager=…` runs what it is told.
            if program == "git" && words.iter().any(|word| matches!(word.as_deref(), None | Some("-c"))) {
                return false;
            }
            let valued = valued_before_subcommand(program);
            SUBCOMMANDS.iter().filter(|row| row.0 == program).any(|(_, path, writing)| {
                words_behind_subcommands(words, path, valued).is_some_and(|rest| !has_any_flag(rest, writing))
            })
        }
    }
}

/// True if a program decrypts to standard output. Every option must be known, because many of them write files.
fn decrypts_only(words: ProgramWords<'_>, harmless: &[&str]) -> bool {
    let is_harmless = |word: &str| {
        let (name, _) = word.split_once('=').unwrap_or((word, ""));
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        let is_letter = |letter: char| harmless.contains(&format!("-{letter}").as_str());
        name == "--decrypt"
            || harmless.contains(&name)
            || letters.is_some_and(|letters| letters.chars().all(is_letter))
            || !word.starts_with('-')
    };
    has_any_flag(words, &["-d", "--decrypt"]) && words.iter().all(|word| word.as_deref().is_some_and(is_harmless))
}

fn curl_only_reads(effective: EffectiveProgram<'_>) -> bool {
    let words = effective.words;
    let mut methods = words.iter().enumerate().filter_map(|(at, word)| {
        let word = word.as_deref()?;
        let attached = word.strip_prefix("-X").or_else(|| word.strip_prefix("--request="));
        match (word, attached) {
            ("-X" | "--request", _) => Some(words.get(at + 1).and_then(Option::as_deref)),
            (_, Some(method)) => Some(Some(method)),
            _ => None,
        }
    });
    // A cluster such as `-sXPOST` hides a method.
    let hidden = words
        .iter()
        .flatten()
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.find('X').is_some_and(|at| at > 1));
    methods.all(|method| matches!(method, Some("GET" | "HEAD")))
        && !hidden
        && ![curl::SENDING_OPTIONS, curl::WRITING_OPTIONS, curl::OPAQUE_OPTIONS]
            .iter()
            .any(|options| has_any_flag(words, options))
        && !words.iter().flatten().any(|word| word.starts_with("--data"))
}

fn openssl_only_reads(effective: EffectiveProgram<'_>) -> bool {
    match effective.words.first().and_then(Option::as_deref) {
        Some("x509") => {
            let words = effective.words;
            let named = |name: &str| words.iter().flatten().any(|word| word == name);
            named("-noout") && !named("-out") && !named("-req") && !named("-signkey") && !named("-CA")
        }
        Some("version" | "s_client" | "verify" | "ciphers") => {
            !effective.words.iter().flatten().any(|word| matches!(word.as_str(), "-out" | "-sess_out" | "-keylogfile"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::shell::describe_command;

    #[test]
    fn commands_that_only_read_are_known() {
        for text in [
            "gpg -qd tok.gpg",
            "gpg --batch --decrypt tok.gpg",
            "sops -d --extract '[\"db\"]' secrets.yaml",
            "age -d -i key.txt tok.age",
            "security find-generic-password -w -s db",
            "keyring get service user",
            "op read op://ops/db/password",
            "op item get db --fields password --reveal",
            "vault kv get -field=token secret/api",
            "pass show mail/smtp",
            "gopass show -o mail/smtp",
            "bw get password db",
            "lpass show --password db",
            "aws secretsmanager get-secret-value --secret-id db --query SecretString --output text",
            "aws ssm get-parameter --name /db --with-decryption --query Parameter.Value --output text",
            "gcloud secrets versions access latest --secret=db",
            "az keyvault secret show --vault-name v --name db --query value -o tsv",
            "kubectl get secret db -o jsonpath='{.data.password}' | base64 -d",
            "doppler secrets get DB --plain",
            "chamber read app db -q",
            "ls -lt backups/*.gz | head -1",
            "df -h",
            "docker ps",
            "docker-compose -f a.yml logs --tail=5 web | grep ERROR",
            "docker system df",
            "kubectl -n x get pods -o wide",
            "git log --since='2 hours ago'",
            "systemctl status nginx",
            "sudo systemctl status nginx",
            "curl -s https://api.example.net/health",
            "curl -I -X HEAD https://x",
            "curl -v https://x 2>&1 | grep -i expire",
            "ls x 2>/dev/null",
            "openssl x509 -in c.pem -noout -dates",
            "cd /srv && pwd",
            "echo $(date)",
            "sort x | uniq -c | sort -rn",
            "A=1",
            "journalctl -u nginx --since today",
            "find . -name '*.log'",
            "sha256sum -c x.sha256",
            "date +%s",
            "if [ -f x ]; then cat x; fi",
        ] {
            assert!(describe_command(text).reads_only, "{text}");
        }
    }

    #[test]
    fn what_may_write_or_cannot_be_told_is_not() {
        for text in [
            "gpg -d -o out tok.gpg",
            "gpg -d --outp out tok.gpg",
            "gpg -qdo out tok.gpg",
            "gpg -d $OPTS tok.gpg",
            "gpg --decrypt-files tok.gpg",
            "sops -d -i secrets.yaml",
            "age -d -oout tok.age",
            "sops secrets.yaml",
            "op read -o out op://a/b/c",
            "pass show -c mail",
            "rm x",
            "ls > out",
            "echo x >> f",
            "cat a | tee b",
            "docker restart web",
            "docker-compose up -d",
            "kubectl delete pod x",
            "git pull",
            "curl -X POST https://x",
            "curl -XDELETE https://x",
            "curl -sXPOST https://x",
            "curl -d a=b https://x",
            "curl --data-raw x https://x",
            "curl -o f https://x",
            "curl -sO https://x",
            "sort -o x x",
            "find . -delete",
            "find . -exec rm {} +",
            "$CMD",
            "./run.sh",
            "echo $(rm x)",
            "xargs cat",
            "uniq a b",
            "date -s now",
            "hostname web",
            "journalctl --vacuum-time=1d",
            "openssl x509 -in a -out b",
            "awk '{print $1}'",
            "sed -i s/a/b/ x",
            "f() { ls; }",
            "echo {a; rm x}",
            "A=$(rm x)",
            "PATH=/tmp ls",
            "LD_PRELOAD=x.so",
            "git -c core.pager=x log",
            "rg --pre x y",
            "sort --compress-program=x y",
            "man -P x ls",
            "sudo -e file",
            "nohup ls",
        ] {
            assert!(!describe_command(text).reads_only, "{text}");
        }
    }
}
