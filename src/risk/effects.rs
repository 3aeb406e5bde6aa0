//! What a command touches: what it reads and writes, whom it talks to, which programs it needs.
//!
//! Invariant: only what stands in the text; a program that is not known needs itself and no more. What runs within a
//! container or on another machine is told with its place, and needs nothing here. Refuses to know: the machine.

use super::judge::Judge;
use super::line::{OptionRules, ParsedLine};
use super::table;
use super::verdict::Touched;
use crate::shell::is_builtin;
use crate::shell::simple_command::{CommandWord, EXPANSION_MARK};

/// More of a kind than anybody reads.
const MOST_OF_A_KIND: usize = 32;

fn keep_once<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if list.len() < MOST_OF_A_KIND && !list.contains(&one) {
        list.push(one);
    }
}

/// Programs that read every file they are given.
const FILE_READERS: &[&str] = &[
    "cat",
    "tac",
    "less",
    "more",
    "head",
    "tail",
    "wc",
    "sort",
    "cut",
    "nl",
    "od",
    "xxd",
    "hexdump",
    "strings",
    "file",
    "stat",
    "ls",
    "du",
    "tree",
    "diff",
    "cmp",
    "comm",
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "shasum",
    "b2sum",
    "cksum",
    "zcat",
    "bzcat",
    "xzcat",
    "zstdcat",
    "gunzip",
    "bunzip2",
    "unxz",
    "unzstd",
    "gzip",
    "bzip2",
    "xz",
    "zstd",
    "readlink",
    "realpath",
    "column",
    "base64",
    "unzip",
    "zipinfo",
    "source",
    ".",
    "pg_restore",
    "ansible-playbook",
    "bash",
    "sh",
    "zsh",
    "dash",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
];
/// Programs that read the files behind their first operand.
const READS_AFTER_FIRST: &[&str] = &["grep", "egrep", "fgrep", "zgrep", "rg", "awk", "gawk", "sed", "jq", "yq"];
/// Programs that read all but their last operand.
const READS_BUT_LAST: &[&str] = &["cp", "mv", "scp", "rsync", "install", "ln"];
/// Options whose value is a file that is read.
const READING_OPTIONS: &[(&[&str], &[&str])] = &[
    (&["psql", "mysql", "mariadb", "cqlsh", "clickhouse-client", "sqlcmd"], &["-f", "--file"]),
    (&["kubectl", "oc", "k", "docker-compose", "helm"], &["-f", "--filename", "--file", "--values", "-k"]),
    (&["tar", "bsdtar"], &["-f", "--file"]),
    (&["curl"], &["-T", "--upload-file", "-K", "--config"]),
    (&["openssl"], &["-in", "-CA", "-CAfile"]),
    (&["redis-cli"], &["--eval"]),
];

/// Whom a program talks to; an option, or the operand of a number, says who where it stands.
struct NetworkPeer {
    programs: &'static [&'static str],
    named: &'static str,
    by: &'static [&'static str],
    operand: Option<usize>,
}

const NETWORK_PEERS: &[NetworkPeer] = &[
    peer_row(&["docker", "docker-compose"], "Docker", &["-H", "--host", "--context"], None),
    peer_row(&["podman", "podman-compose"], "Podman", &["--url", "--connection"], None),
    peer_row(&["nerdctl", "crictl", "ctr"], "containerd", &[], None),
    peer_row(
        &["kubectl", "oc", "k", "kubecolor", "helm", "argocd", "flux", "velero", "istioctl", "kustomize"],
        "Kubernetes",
        &["--context", "--kube-context"],
        None,
    ),
    peer_row(&["aws", "eksctl"], "AWS", &["--profile"], None),
    peer_row(&["gcloud", "gsutil", "bq"], "Google Cloud", &["--project"], None),
    peer_row(&["az"], "Azure", &["--subscription"], None),
    peer_row(&["terraform", "tofu", "terragrunt", "pulumi"], "the providers of its configuration", &[], None),
    peer_row(&["systemctl", "journalctl", "service", "loginctl"], "systemd", &["-H", "--host"], None),
    peer_row(
        &["psql", "pg_dump", "pg_restore", "createdb", "dropdb", "pg_isready", "pg_dumpall", "pg_basebackup"],
        "PostgreSQL",
        &["-h", "--host"],
        None,
    ),
    peer_row(&["mysql", "mariadb", "mysqldump", "mysqladmin"], "MySQL", &["-h", "--host"], None),
    peer_row(&["redis-cli", "valkey-cli"], "Redis", &["-h"], None),
    peer_row(&["mongosh", "mongo", "mongodump", "mongorestore"], "MongoDB", &["--host", "-h"], None),
    peer_row(&["etcdctl"], "etcd", &["--endpoints"], None),
    peer_row(&["rabbitmqctl"], "RabbitMQ", &["-n", "--node"], None),
    peer_row(&["vault", "consul", "nomad"], "its server", &["-address"], None),
    peer_row(
        &["apt", "apt-get", "dnf", "yum", "apk", "zypper", "pacman", "brew", "snap"],
        "package servers",
        &[],
        None,
    ),
    peer_row(&["pip", "pip3", "npm", "yarn", "pnpm", "poetry", "gem", "cargo", "uv"], "package servers", &[], None),
    peer_row(&["ssh", "slogin", "sftp"], "", &[], Some(0)),
    peer_row(
        &["ping", "traceroute", "tracepath", "mtr", "nc", "telnet", "host", "nslookup", "whois"],
        "",
        &[],
        Some(0),
    ),
];

const fn peer_row(
    programs: &'static [&'static str],
    named: &'static str,
    by: &'static [&'static str],
    operand: Option<usize>,
) -> NetworkPeer {
    NetworkPeer { programs, named, by, operand }
}

/// Programs that run others within something that they name.
const PROGRAMS_WITH_INSIDE: &[&str] = &[
    "docker",
    "docker-compose",
    "podman",
    "nerdctl",
    "crictl",
    "kubectl",
    "oc",
    "k",
    "kubecolor",
    "lxc",
    "incus",
    "multipass",
    "vagrant",
    "minikube",
    "chroot",
    "gcloud",
    "systemd-nspawn",
];

impl Judge<'_> {
    /// Records the files and peers that a program touches, from its words alone.
    pub(super) fn record_touched(&mut self, name: &str, program: &CommandWord, args: &[CommandWord]) {
        if self.within.is_none() && !is_builtin(name) {
            let named = program.fixed_text().unwrap_or(name);
            keep_once(&mut self.risk.effects.needs, named.to_owned());
        }
        let rules = table::find_program(name).map(OptionRules::from).unwrap_or_default();
        let line = ParsedLine::parse_args(args, rules);
        self.touch_files(name, &line);
        self.touch_peers(name, &line);
    }

    fn touch_files(&mut self, name: &str, line: &ParsedLine<'_>) {
        let operands = || line.operands.iter().filter_map(|&at| line.args.get(at));
        let count = line.operands.len();
        let has_pattern_option = line.has_any_option(&["-e", "--expression", "--regexp", "-c"]);
        let (skip, take) = match name {
            "bash" | "sh" | "zsh" | "dash" | "python" | "python3" | "perl" | "ruby" | "node" | "php" => {
                (0, usize::from(!has_pattern_option && !line.has_option("-m")))
            }
            name if FILE_READERS.contains(&name) => (0, count),
            name if READS_AFTER_FIRST.contains(&name) => (usize::from(!has_pattern_option), count),
            name if READS_BUT_LAST.contains(&name) => (0, count.saturating_sub(1)),
            _ => (0, 0),
        };
        let files: Vec<CommandWord> = operands().take(take).skip(skip).cloned().collect();
        for file in &files {
            self.record_read_file(file);
        }
        if name == "find" {
            let roots = line.args.iter().take_while(|arg| !arg.text.starts_with(['-', '(', '!']));
            for root in roots {
                self.record_read_file(root);
            }
        }
        let by =
            READING_OPTIONS.iter().filter(|(programs, _)| programs.contains(&name)).flat_map(|(_, options)| *options);
        for option in by {
            if let Some(file) = line.option_value_arg(option).filter(|file| file.text != "-") {
                self.record_read_file(&file);
            }
        }
    }

    /// Records a file that the command reads.
    pub(super) fn record_read_file(&mut self, file: &CommandWord) {
        let shown = file.display_text();
        if !shown.is_empty() && !matches!(file.text.as_str(), "-" | "/dev/null" | "/dev/stdin") {
            self.record_read("path", shown);
        }
    }

    pub(super) fn record_read(&mut self, kind: &str, name: &str) {
        let touched = self.touched_thing(kind, name);
        keep_once(&mut self.risk.effects.reads, touched);
    }

    pub(super) fn record_written(&mut self, kind: &str, name: &str) {
        let touched = self.touched_thing(kind, name);
        keep_once(&mut self.risk.effects.writes, touched);
    }

    fn touched_thing(&self, kind: &str, name: &str) -> Touched {
        Touched { kind: kind.to_owned(), name: name.to_owned(), within: self.within.clone() }
    }

    fn touch_peers(&mut self, name: &str, line: &ParsedLine<'_>) {
        let peer = NETWORK_PEERS.iter().find(|peer| peer.programs.contains(&name));
        let mut said = peer.and_then(|peer| {
            let who = peer.by.iter().find_map(|option| line.option_value_arg(option));
            let who = who.or_else(|| line.operand_at(peer.operand?).cloned());
            match who {
                Some(who) if peer.named.is_empty() => Some(format!("`{}`", host_of_url(who.display_text()))),
                Some(who) => Some(format!("{} `{}`", peer.named, who.display_text())),
                None => Some(peer.named.to_owned()).filter(|named| !named.is_empty()),
            }
        });
        match name {
            "curl" | "wget" | "http" | "https" => {
                let urls = line
                    .args
                    .iter()
                    .map(CommandWord::display_text)
                    .filter(|word| word.contains("://") || word.contains(":/"));
                let hosts: Vec<String> = urls.map(|url| format!("`{}`", host_of_url(url))).collect();
                let plain = line.operand_at(0).map(|arg| format!("`{}`", host_of_url(arg.display_text())));
                said = hosts.into_iter().next().or(plain);
            }
            "scp" | "rsync" => {
                let remote = |arg: &&CommandWord| arg.text.split_once(':').is_some_and(|(host, _)| !host.contains('/'));
                let operands = line.operands.iter().filter_map(|&at| line.args.get(at));
                said = operands.into_iter().find(remote).map(|arg| format!("`{}`", host_of_url(arg.display_text())));
            }
            "git"
                if line.operand_at(0).is_some_and(|verb| {
                    matches!(verb.text.as_str(), "push" | "pull" | "fetch" | "clone" | "ls-remote")
                }) =>
            {
                let remote = line.operand_at(1).map_or("origin", CommandWord::display_text);
                said = Some(format!("the repository `{remote}`"));
            }
            "openssl" => said = line.option_value_arg("-connect").map(|to| format!("`{}`", to.display_text())),
            "dig" => {
                let server = line.args.iter().find(|arg| arg.text.starts_with('@'));
                said = Some(
                    server.map_or("DNS".to_owned(), |arg| format!("`{}`", arg.display_text().trim_start_matches('@'))),
                );
            }
            _ => {}
        }
        if let Some(said) = said {
            let within = self.within.as_ref().map_or_else(String::new, |within| format!(" in `{within}`"));
            keep_once(&mut self.risk.effects.talks_to, format!("{said}{within}"));
        }
    }

    /// Judges commands that run inside a container or on a host of this name.
    pub(super) fn judge_inside(&mut self, place: Option<&str>, judge: impl FnOnce(&mut Self)) {
        let Some(place) = place else { return judge(self) };
        let before = self.within.replace(place.to_owned());
        judge(self);
        self.within = before;
    }
}

/// The name of the place that a program runs others in, if it does.
pub(super) fn inside_name<'a>(name: &str, line: &'a ParsedLine<'_>, number: usize) -> Option<&'a str> {
    PROGRAMS_WITH_INSIDE.contains(&name).then(|| line.operand_at(number).map_or("it", CommandWord::display_text))
}

/// The host of `scheme://user@host:port/path` or `user@host:path`.
pub(super) fn host_of_url(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    rest.trim_end_matches([EXPANSION_MARK, ':'])
}
