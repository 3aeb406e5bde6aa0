//! What a command touches: what it reads and writes, whom it talks to, which programs it needs.
//!
//! Invariant: only what stands in the text; a program that is not known needs itself and no more. What runs within a
//! container or on another machine is told with its place, and needs nothing here. Refuses to know: the machine.

use super::judge::Judge;
use super::line::{Line, Rules};
use super::table;
use super::verdict::Touched;
use crate::shell::is_builtin;
use crate::shell::simple_command::{Arg, HOLE};

/// More of a kind than anybody reads.
const MOST: usize = 32;

fn keep<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if list.len() < MOST && !list.contains(&one) {
        list.push(one);
    }
}

/// Programs that read every file they are given.
const READERS: &[&str] = &[
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
const AFTER_ONE: &[&str] = &["grep", "egrep", "fgrep", "zgrep", "rg", "awk", "gawk", "sed", "jq", "yq"];
/// Programs that read all but their last operand.
const BUT_LAST: &[&str] = &["cp", "mv", "scp", "rsync", "install", "ln"];
/// Options whose value is a file that is read.
const READ_BY: &[(&[&str], &[&str])] = &[
    (&["psql", "mysql", "mariadb", "cqlsh", "clickhouse-client", "sqlcmd"], &["-f", "--file"]),
    (&["kubectl", "oc", "k", "docker-compose", "helm"], &["-f", "--filename", "--file", "--values", "-k"]),
    (&["tar", "bsdtar"], &["-f", "--file"]),
    (&["curl"], &["-T", "--upload-file", "-K", "--config"]),
    (&["openssl"], &["-in", "-CA", "-CAfile"]),
    (&["redis-cli"], &["--eval"]),
];

/// Whom a program talks to; an option, or the operand of a number, says who where it stands.
struct Peer {
    programs: &'static [&'static str],
    named: &'static str,
    by: &'static [&'static str],
    operand: Option<usize>,
}

const PEERS: &[Peer] = &[
    peer(&["docker", "docker-compose"], "Docker", &["-H", "--host", "--context"], None),
    peer(&["podman", "podman-compose"], "Podman", &["--url", "--connection"], None),
    peer(&["nerdctl", "crictl", "ctr"], "containerd", &[], None),
    peer(
        &["kubectl", "oc", "k", "kubecolor", "helm", "argocd", "flux", "velero", "istioctl", "kustomize"],
        "Kubernetes",
        &["--context", "--kube-context"],
        None,
    ),
    peer(&["aws", "eksctl"], "AWS", &["--profile"], None),
    peer(&["gcloud", "gsutil", "bq"], "Google Cloud", &["--project"], None),
    peer(&["az"], "Azure", &["--subscription"], None),
    peer(&["terraform", "tofu", "terragrunt", "pulumi"], "the providers of its configuration", &[], None),
    peer(&["systemctl", "journalctl", "service", "loginctl"], "systemd", &["-H", "--host"], None),
    peer(
        &["psql", "pg_dump", "pg_restore", "createdb", "dropdb", "pg_isready", "pg_dumpall", "pg_basebackup"],
        "PostgreSQL",
        &["-h", "--host"],
        None,
    ),
    peer(&["mysql", "mariadb", "mysqldump", "mysqladmin"], "MySQL", &["-h", "--host"], None),
    peer(&["redis-cli", "valkey-cli"], "Redis", &["-h"], None),
    peer(&["mongosh", "mongo", "mongodump", "mongorestore"], "MongoDB", &["--host", "-h"], None),
    peer(&["etcdctl"], "etcd", &["--endpoints"], None),
    peer(&["rabbitmqctl"], "RabbitMQ", &["-n", "--node"], None),
    peer(&["vault", "consul", "nomad"], "its server", &["-address"], None),
    peer(&["apt", "apt-get", "dnf", "yum", "apk", "zypper", "pacman", "brew", "snap"], "package servers", &[], None),
    peer(&["pip", "pip3", "npm", "yarn", "pnpm", "poetry", "gem", "cargo", "uv"], "package servers", &[], None),
    peer(&["ssh", "slogin", "sftp"], "", &[], Some(0)),
    peer(&["ping", "traceroute", "tracepath", "mtr", "nc", "telnet", "host", "nslookup", "whois"], "", &[], Some(0)),
];

const fn peer(
    programs: &'static [&'static str],
    named: &'static str,
    by: &'static [&'static str],
    operand: Option<usize>,
) -> Peer {
    Peer { programs, named, by, operand }
}

/// Programs that run others within something that they name.
const PLACES: &[&str] = &[
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
    /// What a program touches by its words alone.
    pub(super) fn touch(&mut self, name: &str, program: &Arg, args: &[Arg]) {
        if self.within.is_none() && !is_builtin(name) {
            let named = program.fixed().unwrap_or(name);
            keep(&mut self.risk.effects.needs, named.to_owned());
        }
        let rules = table::program(name).map(Rules::from).unwrap_or_default();
        let line = Line::read(args, rules);
        self.touch_files(name, &line);
        self.touch_peers(name, &line);
    }

    fn touch_files(&mut self, name: &str, line: &Line<'_>) {
        let operands = || line.operands.iter().filter_map(|&at| line.args.get(at));
        let count = line.operands.len();
        let told = line.has_any(&["-e", "--expression", "--regexp", "-c"]);
        let (skip, take) = match name {
            "bash" | "sh" | "zsh" | "dash" | "python" | "python3" | "perl" | "ruby" | "node" | "php" => {
                (0, usize::from(!told && !line.has("-m")))
            }
            name if READERS.contains(&name) => (0, count),
            name if AFTER_ONE.contains(&name) => (usize::from(!told), count),
            name if BUT_LAST.contains(&name) => (0, count.saturating_sub(1)),
            _ => (0, 0),
        };
        let files: Vec<Arg> = operands().take(take).skip(skip).cloned().collect();
        for file in &files {
            self.reads_path(file);
        }
        if name == "find" {
            let roots = line.args.iter().take_while(|arg| !arg.text.starts_with(['-', '(', '!']));
            for root in roots {
                self.reads_path(root);
            }
        }
        let by = READ_BY.iter().filter(|(programs, _)| programs.contains(&name)).flat_map(|(_, options)| *options);
        for option in by {
            if let Some(file) = line.value_arg(option).filter(|file| file.text != "-") {
                self.reads_path(&file);
            }
        }
    }

    /// A file that is read.
    pub(super) fn reads_path(&mut self, file: &Arg) {
        let shown = file.shown();
        if !shown.is_empty() && !matches!(file.text.as_str(), "-" | "/dev/null" | "/dev/stdin") {
            self.reads("path", shown);
        }
    }

    pub(super) fn reads(&mut self, kind: &str, name: &str) {
        let touched = self.touched(kind, name);
        keep(&mut self.risk.effects.reads, touched);
    }

    pub(super) fn writes(&mut self, kind: &str, name: &str) {
        let touched = self.touched(kind, name);
        keep(&mut self.risk.effects.writes, touched);
    }

    fn touched(&self, kind: &str, name: &str) -> Touched {
        Touched { kind: kind.to_owned(), name: name.to_owned(), within: self.within.clone() }
    }

    fn touch_peers(&mut self, name: &str, line: &Line<'_>) {
        let peer = PEERS.iter().find(|peer| peer.programs.contains(&name));
        let mut said = peer.and_then(|peer| {
            let who = peer.by.iter().find_map(|option| line.value_arg(option));
            let who = who.or_else(|| line.operand(peer.operand?).cloned());
            match who {
                Some(who) if peer.named.is_empty() => Some(format!("`{}`", host(who.shown()))),
                Some(who) => Some(format!("{} `{}`", peer.named, who.shown())),
                None => Some(peer.named.to_owned()).filter(|named| !named.is_empty()),
            }
        });
        match name {
            "curl" | "wget" | "http" | "https" => {
                let urls = line.args.iter().map(Arg::shown).filter(|word| word.contains("://") || word.contains(":/"));
                let hosts: Vec<String> = urls.map(|url| format!("`{}`", host(url))).collect();
                let plain = line.operand(0).map(|arg| format!("`{}`", host(arg.shown())));
                said = hosts.into_iter().next().or(plain);
            }
            "scp" | "rsync" => {
                let remote = |arg: &&Arg| arg.text.split_once(':').is_some_and(|(host, _)| !host.contains('/'));
                let operands = line.operands.iter().filter_map(|&at| line.args.get(at));
                said = operands.into_iter().find(remote).map(|arg| format!("`{}`", host(arg.shown())));
            }
            "git"
                if line.operand(0).is_some_and(|verb| {
                    matches!(verb.text.as_str(), "push" | "pull" | "fetch" | "clone" | "ls-remote")
                }) =>
            {
                let remote = line.operand(1).map_or("origin", Arg::shown);
                said = Some(format!("the repository `{remote}`"));
            }
            "openssl" => said = line.value_arg("-connect").map(|to| format!("`{}`", to.shown())),
            "dig" => {
                let server = line.args.iter().find(|arg| arg.text.starts_with('@'));
                said =
                    Some(server.map_or("DNS".to_owned(), |arg| format!("`{}`", arg.shown().trim_start_matches('@'))));
            }
            _ => {}
        }
        if let Some(said) = said {
            let within = self.within.as_ref().map_or_else(String::new, |within| format!(" in `{within}`"));
            keep(&mut self.risk.effects.talks_to, format!("{said}{within}"));
        }
    }

    /// What is judged meanwhile runs within something of this name.
    pub(super) fn inside(&mut self, place: Option<&str>, judge: impl FnOnce(&mut Self)) {
        let Some(place) = place else { return judge(self) };
        let before = self.within.replace(place.to_owned());
        judge(self);
        self.within = before;
    }
}

/// The name of the place that a program runs others in, if it does.
pub(super) fn place<'a>(name: &str, line: &'a Line<'_>, number: usize) -> Option<&'a str> {
    PLACES.contains(&name).then(|| line.operand(number).map_or("it", Arg::shown))
}

/// The host of `scheme://user@host:port/path` or `user@host:path`.
pub(super) fn host(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    rest.trim_end_matches([HOLE, ':'])
}
