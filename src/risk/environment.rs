//! Variables by which programs run other programs, or act elsewhere than their words say.
//!
//! Tabled from the manuals of the programs. Invariant: a variable that no row names changes nothing of a risk. Refuses to know: who sets
//! it.

use super::verdict::Risk;

/// Effect of a variable on the programs that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfluenceKind {
    /// Programs run what the value says.
    RunsPrograms,
    /// Programs act on another host, account or file.
    ActsElsewhere,
    /// Programs behave as if they had been given more options.
    AddsOptions,
}

impl InfluenceKind {
    /// The kind as a clause, after the name of the variable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunsPrograms => "makes programs run others",
            Self::ActsElsewhere => "makes programs act elsewhere",
            Self::AddsOptions => "gives programs further options",
        }
    }
}

/// A variable that changes what programs do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Influence {
    /// Name of the variable.
    pub name: String,
    /// Effect on these programs.
    pub kind: InfluenceKind,
    /// Programs that read it; empty if many do.
    programs: &'static [&'static str],
}

struct Row {
    /// Names; one that ends in `*` is a beginning.
    names: &'static [&'static str],
    kind: InfluenceKind,
    programs: &'static [&'static str],
}

use InfluenceKind::{ActsElsewhere, AddsOptions, RunsPrograms};

const ROWS: &[Row] = &[
    Row { names: &["GIT_*"], kind: RunsPrograms, programs: &["git"] },
    Row {
        names: &["LESSOPEN", "LESSCLOSE", "LESSEDIT", "LESSKEY*"],
        kind: RunsPrograms,
        programs: &["less", "man", "git", "journalctl", "systemctl", "zless"],
    },
    Row {
        names: &["PAGER", "MANPAGER", "SYSTEMD_PAGER", "PSQL_PAGER", "AWS_PAGER", "DELTA_PAGER", "BAT_PAGER"],
        kind: RunsPrograms,
        programs: &["git", "man", "psql", "mysql", "systemctl", "journalctl", "aws", "gh", "bat", "kubectl"],
    },
    Row {
        names: &["EDITOR", "VISUAL", "SUDO_EDITOR", "SYSTEMD_EDITOR", "KUBE_EDITOR", "PSQL_EDITOR", "FCEDIT"],
        kind: RunsPrograms,
        programs: &[
            "git",
            "crontab",
            "visudo",
            "sudoedit",
            "sudo",
            "systemctl",
            "kubectl",
            "oc",
            "psql",
            "less",
            "vipw",
        ],
    },
    Row {
        names: &["BROWSER"],
        kind: RunsPrograms,
        programs: &["gh", "aws", "gcloud", "az", "xdg-open", "python", "python3"],
    },
    Row { names: &["TF_CLI_ARGS*"], kind: AddsOptions, programs: &["terraform", "tofu", "terragrunt"] },
    Row {
        names: &["TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_CONFIG_FILE", "TF_PLUGIN*"],
        kind: ActsElsewhere,
        programs: &["terraform", "tofu", "terragrunt"],
    },
    Row {
        names: &["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST"],
        kind: ActsElsewhere,
        programs: &["docker", "docker-compose", "podman", "podman-compose", "nerdctl", "buildx"],
    },
    Row {
        names: &["KUBECONFIG", "HELM_KUBECONTEXT", "HELM_NAMESPACE", "HELM_KUBEAPISERVER"],
        kind: ActsElsewhere,
        programs: &["kubectl", "oc", "helm", "k9s", "kustomize", "flux", "argocd", "istioctl"],
    },
    Row { names: &["KUBECTL_EXTERNAL_DIFF", "HELM_PLUGINS"], kind: RunsPrograms, programs: &["kubectl", "oc", "helm"] },
    Row {
        names: &[
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_ENDPOINT_URL*",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ],
        kind: ActsElsewhere,
        programs: &["aws", "eksctl", "terraform", "sam", "cdk"],
    },
    Row { names: &["CLOUDSDK_*"], kind: ActsElsewhere, programs: &["gcloud", "gsutil", "bq"] },
    Row {
        names: &["PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGSERVICEFILE", "PGDATABASE", "PGOPTIONS", "PSQLRC"],
        kind: ActsElsewhere,
        programs: &[
            "psql",
            "pg_dump",
            "pg_dumpall",
            "pg_restore",
            "createdb",
            "dropdb",
            "createuser",
            "dropuser",
            "vacuumdb",
            "reindexdb",
            "pgbench",
            "pg_isready",
            "pg_basebackup",
        ],
    },
    Row {
        names: &["MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT", "MYSQL_HOME"],
        kind: ActsElsewhere,
        programs: &["mysql", "mysqladmin", "mysqldump", "mariadb", "mariadb-dump"],
    },
    Row { names: &["RSYNC_RSH", "RSYNC_CONNECT_PROG"], kind: RunsPrograms, programs: &["rsync"] },
    Row { names: &["SSH_ASKPASS"], kind: RunsPrograms, programs: &["ssh", "scp", "sftp", "ssh-add", "git", "rsync"] },
    Row {
        names: &["SSH_AUTH_SOCK"],
        kind: ActsElsewhere,
        programs: &["ssh", "scp", "sftp", "ssh-add", "git", "rsync"],
    },
    Row { names: &["SUDO_ASKPASS"], kind: RunsPrograms, programs: &["sudo"] },
    Row {
        names: &["PERL5OPT", "PERL5LIB", "PERL5DB", "PERLLIB"],
        kind: RunsPrograms,
        programs: &["perl", "cpan", "prove"],
    },
    Row {
        names: &["PYTHON*"],
        kind: RunsPrograms,
        programs: &["python", "python2", "python3", "pip", "pip3", "ansible", "ansible-playbook", "aws"],
    },
    Row {
        names: &["NODE_OPTIONS", "NODE_PATH", "NPM_CONFIG_*", "npm_config_*"],
        kind: RunsPrograms,
        programs: &["node", "npm", "npx", "yarn", "pnpm"],
    },
    Row {
        names: &["RUBYOPT", "RUBYLIB", "BUNDLE_*"],
        kind: RunsPrograms,
        programs: &["ruby", "bundle", "rake", "gem", "rails"],
    },
    Row {
        names: &["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "MAVEN_OPTS", "GRADLE_OPTS"],
        kind: RunsPrograms,
        programs: &["java", "mvn", "gradle", "gradlew", "keytool"],
    },
    Row { names: &["MAKEFLAGS", "MAKEFILES", "GNUMAKEFLAGS"], kind: RunsPrograms, programs: &["make", "gmake"] },
    Row { names: &["TAR_OPTIONS"], kind: RunsPrograms, programs: &["tar", "gtar"] },
    Row { names: &["CURL_HOME", "WGETRC", "SYSTEM_WGETRC", "NETRC"], kind: AddsOptions, programs: &["curl", "wget"] },
    Row {
        names: &["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"],
        kind: ActsElsewhere,
        programs: &["curl", "wget", "git", "pip", "pip3", "npm", "apt-get", "apt", "docker", "http", "xh"],
    },
    Row {
        names: &["ANSIBLE_*"],
        kind: RunsPrograms,
        programs: &["ansible", "ansible-playbook", "ansible-galaxy", "ansible-vault"],
    },
    Row { names: &["VAULT_ADDR", "VAULT_NAMESPACE"], kind: ActsElsewhere, programs: &["vault"] },
    Row { names: &["CONSUL_HTTP_ADDR", "NOMAD_ADDR"], kind: ActsElsewhere, programs: &["consul", "nomad"] },
    Row { names: &["ETCDCTL_*"], kind: ActsElsewhere, programs: &["etcdctl"] },
    Row { names: &["REDISCLI_*"], kind: ActsElsewhere, programs: &["redis-cli"] },
    Row { names: &["GNUPGHOME"], kind: ActsElsewhere, programs: &["gpg", "gpg2", "pass", "git"] },
    Row {
        names: &["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"],
        kind: RunsPrograms,
        programs: &["openssl", "curl", "wget", "ssh"],
    },
    Row { names: &["HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN"], kind: ActsElsewhere, programs: &[] },
    Row { names: &["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"], kind: AddsOptions, programs: &[] },
];

/// Values with which a pager or editor only prints.
const PLAIN_VALUES: &[&str] = &["", "cat", "less", "more", "true", ":", "0", "1"];

/// The influences among these variables, in their order.
pub fn find_influences<'e>(variables: impl Iterator<Item = (&'e str, &'e str)>) -> Vec<Influence> {
    let influence = |(name, value): (&'e str, &'e str)| {
        let is_named = |row: &&Row| row.names.iter().any(|pattern| matches_name(pattern, name));
        let row = ROWS.iter().find(is_named)?;
        let is_plain = row.kind == RunsPrograms && PLAIN_VALUES.contains(&value.trim());
        (!is_plain).then(|| Influence { name: name.to_owned(), kind: row.kind, programs: row.programs })
    };
    variables.filter_map(influence).collect()
}

fn matches_name(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

impl Influence {
    /// Adds to a risk that a program in the command reads the variable, if one does.
    pub fn add_to(&self, risk: &mut Risk) {
        let reads = |needed: &String| self.programs.is_empty() || self.programs.contains(&needed.as_str());
        if let Some(program) = risk.effects.needs.iter().find(|needed| reads(needed)).cloned() {
            let text = format!("the front matter sets `{}`, which {} (`{program}`)", self.name, self.kind.as_str());
            risk.mark_unknown(0..0, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(variable: (&str, &str), command: &str) -> bool {
        let mut risk = super::super::judge_risk(command);
        for influence in find_influences([variable].into_iter()) {
            influence.add_to(&mut risk);
        }
        risk.unknown
    }

    #[test]
    fn a_variable_touches_the_programs_that_read_it_and_no_others() {
        assert!(unknown(("GIT_EXTERNAL_DIFF", "touch x"), "git -C repo diff"));
        assert!(unknown(("LESSOPEN", "|touch x"), "less /etc/hostname | cat"));
        assert!(unknown(("TF_CLI_ARGS_apply", "-destroy"), "terraform plan"));
        assert!(unknown(("DOCKER_HOST", "tcp://prod:2375"), "docker ps"));
        assert!(!unknown(("DOCKER_HOST", "tcp://prod:2375"), "ls -l"));
        assert!(!unknown(("PAGER", "cat"), "git log"));
        assert!(!unknown(("MODE", "fast"), "git log"));
    }
}
