//! Scripts that give a new bash the state of the last one.
//!
//! Invariant: only the difference from the session's start is written, and nothing named like a secret. Whatever is left
//! out is named. Each thing is restored by itself, so one failure does not affect the others. Refuses to know:
//! when it is run.

use super::quoting::quote_bytes;
use super::snapshot::{DumpEntry, ShellDump};
use crate::ident::{has_user_information, is_secret_name, may_name_secret};
use std::collections::BTreeSet;

/// Variables that belong to bash or `boot.bash`.
const SHELL_VARIABLES: &[&str] = &[
    "_",
    "COLUMNS",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "LINES",
    "OLDPWD",
    "PIPESTATUS",
    "PPID",
    "PROMPT_COMMAND",
    "PS1",
    "PS2",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
];
/// Script that restores a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RestoreScript {
    /// Text that bash sources.
    pub(super) script: Vec<u8>,
    /// Names of what the script leaves out as secret.
    pub(super) left_out: Vec<String>,
}

const HEADER: &[u8] = b"# runbook: a session's state, 1\n";
const LEFT_OUT: &[u8] = b"# left out: ";

impl RestoreScript {
    /// Writes the difference between two states. `is_secret` is true of a name, or of a text with a secret in it.
    pub(super) fn from_difference(now: &ShellDump, start: &ShellDump, is_secret: impl Fn(&str, &[u8]) -> bool) -> Self {
        let mut writing = ScriptWriter { out: Vec::new(), left_out: BTreeSet::new(), is_secret };
        writing.write_state(now, start);
        let ScriptWriter { out, left_out, .. } = writing;
        let left_out: Vec<String> = left_out.into_iter().collect();
        let mut script = HEADER.to_vec();
        for name in &left_out {
            script.extend_from_slice(LEFT_OUT);
            script.extend_from_slice(name.as_bytes());
            script.push(b'\n');
        }
        script.extend_from_slice(b"{ __rb_value=''\n");
        script.extend_from_slice(&out);
        script.extend_from_slice(b":\n} >/dev/null 2>&1\n");
        let flags: String = now.flags.chars().filter(char::is_ascii_alphanumeric).collect();
        script.extend_from_slice(
            format!(
                "{{ __rb_lost; __rb_flags={flags} __rb_st={} __rb_ps={} __rb_how=end; }} 2>/dev/null\n",
                now.status, now.status
            )
            .as_bytes(),
        );
        Self { script, left_out }
    }

    /// Reads the file of an earlier session. `None` if it is no snapshot.
    pub(super) fn from_script(script: Vec<u8>) -> Option<Self> {
        let rest = script.strip_prefix(HEADER)?;
        let lines = rest.split(|&byte| byte == b'\n');
        let left_out = lines.map_while(|line| line.strip_prefix(LEFT_OUT));
        let left_out = left_out.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        Some(Self { script, left_out })
    }
}

struct ScriptWriter<F> {
    out: Vec<u8>,
    left_out: BTreeSet<String>,
    is_secret: F,
}

impl<F: Fn(&str, &[u8]) -> bool> ScriptWriter<F> {
    fn write_state(&mut self, now: &ShellDump, start: &ShellDump) {
        if now.shopt.contains("extglob") {
            // Functions may need it to be read.
            self.write_line(&[b"\\builtin shopt -s extglob"]);
        }
        self.write_entries(&now.functions, &start.functions, "-f");
        let variables = |dump: &ShellDump| -> Vec<DumpEntry> {
            dump.variables.iter().filter(|entry| is_state(&entry.name)).cloned().collect()
        };
        self.write_entries(&variables(now), &variables(start), "-v");
        for entry in changed_entries(&now.aliases, &start.aliases) {
            self.write_eval(&entry.text, &format!("alias {}", entry.name));
        }
        for name in removed_names(&now.aliases, &start.aliases) {
            self.write_line(&[b"\\builtin unalias -- ", &quote_bytes(name.as_bytes())]);
        }
        self.write_directories(now, start);
        if now.umask != start.umask && now.umask.bytes().all(|byte| byte.is_ascii_digit()) {
            self.write_line(&[b"\\builtin umask ", now.umask.as_bytes()]);
        }
        if now.positional != start.positional {
            let words = [b"\\builtin set -- ".as_slice(), &now.positional.join(&b' ')].concat();
            self.write_eval(&words, "positional parameters");
        }
        self.write_options(&now.shopt, &start.shopt, ["shopt -s", "shopt -u"]);
        self.write_options(&now.set, &start.set, ["set -o", "set +o"]);
        for entry in changed_entries(&now.traps, &start.traps).filter(|entry| !is_boot_code(&entry.text)) {
            self.write_eval(&entry.text, &format!("trap {}", entry.name));
        }
        for name in removed_names(&now.traps, &start.traps).filter(|name| !["ERR", "SIGUSR1"].contains(name)) {
            self.write_line(&[b"\\builtin trap - ", name.as_bytes()]);
        }
    }

    fn write_directories(&mut self, now: &ShellDump, start: &ShellDump) {
        let mut stack = now.directories.stack.iter().rev();
        match stack.next() {
            Some(bottom) => self.write_directory(b"\\builtin cd ", bottom),
            None => self.write_directory(b"\\builtin cd -- ", &quote_bytes(&now.directories.current)),
        }
        for dir in stack {
            self.write_directory(b"\\builtin pushd ", dir);
        }
        if now.directories.previous != start.directories.previous {
            self.write_directory(b"OLDPWD=", &quote_bytes(&now.directories.previous));
        }
    }

    fn write_directory(&mut self, command: &[u8], quoted: &[u8]) {
        if (self.is_secret)("", quoted) {
            self.left_out.insert("a directory with a secret in its name".to_owned());
        } else {
            self.write_line(&[command, quoted]);
        }
    }

    /// Restores functions or variables: new, changed and removed ones.
    fn write_entries(&mut self, now: &[DumpEntry], start: &[DumpEntry], kind: &str) {
        let before: BTreeSet<&str> = start.iter().map(|entry| entry.name.as_str()).collect();
        for entry in changed_entries(now, start).filter(|entry| !entry.name.starts_with("__rb_")) {
            if kind == "-v" && before.contains(entry.name.as_str()) {
                self.write_unset(kind, &entry.name);
            }
            let name = if kind == "-f" { format!("{}()", entry.name) } else { entry.name.clone() };
            self.write_eval(&entry.text, &name);
        }
        for name in removed_names(now, start) {
            self.write_unset(kind, name);
        }
    }

    fn write_unset(&mut self, kind: &str, name: &str) {
        self.write_line(&[b"\\builtin unset ", kind.as_bytes(), b" ", &quote_bytes(name.as_bytes())]);
    }

    fn write_options(&mut self, now: &BTreeSet<String>, start: &BTreeSet<String>, [on, off]: [&str; 2]) {
        for option in now.difference(start) {
            self.write_line(&[b"\\builtin ", on.as_bytes(), b" ", option.as_bytes()]);
        }
        for option in start.difference(now) {
            self.write_line(&[b"\\builtin ", off.as_bytes(), b" ", option.as_bytes()]);
        }
    }

    /// Restores one thing from bash's own text. If that fails, bash reports the name.
    fn write_eval(&mut self, text: &[u8], name: &str) {
        if is_named_secret(name) || (self.is_secret)(name, text) || has_user_information(&String::from_utf8_lossy(text))
        {
            self.left_out.insert(name.to_owned());
            return;
        }
        let named = quote_bytes(format!(" `{name}`").as_bytes());
        self.write_line(&[b"\\builtin eval ", &quote_bytes(text), b" || __rb_value+=", &named]);
    }

    fn write_line(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.out.push(b'\n');
    }
}

/// Entries that are new or changed.
fn changed_entries<'a>(now: &'a [DumpEntry], start: &'a [DumpEntry]) -> impl Iterator<Item = &'a DumpEntry> {
    let before: BTreeSet<(&str, &[u8])> =
        start.iter().map(|entry| (entry.name.as_str(), entry.text.as_slice())).collect();
    now.iter().filter(move |entry| !before.contains(&(entry.name.as_str(), entry.text.as_slice())))
}

fn removed_names<'a>(now: &'a [DumpEntry], start: &'a [DumpEntry]) -> impl Iterator<Item = &'a str> {
    let left: BTreeSet<&str> = now.iter().map(|entry| entry.name.as_str()).collect();
    start.iter().map(|entry| entry.name.as_str()).filter(move |name| !left.contains(name))
}

fn is_state(name: &str) -> bool {
    !SHELL_VARIABLES.contains(&name) && !name.starts_with("__rb_") && !name.starts_with("BASH")
}

fn is_boot_code(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"__rb_").is_some()
}

/// True if the name of a variable, or of a function or alias, says that it may hold a secret.
fn is_named_secret(name: &str) -> bool {
    let is_variable = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_variable { may_name_secret(name) } else { is_secret_name(name) }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::Directories;
    use super::*;

    #[test]
    fn variables_named_like_secrets_are_left_out_and_functions_only_where_the_name_is_plain() {
        for name in
            ["pw", "MYSQL_PWD", "DBPASS", "AWS_ACCESS_KEY_ID", "db_creds", "BASIC_AUTH", "SENTRY_DSN", "DATABASE_URL"]
        {
            assert!(is_named_secret(name), "{name}");
        }
        for name in ["PWD", "OLDPWD", "HOST", "check_path()", "alias ll"] {
            assert!(!is_named_secret(name), "{name}");
        }
        assert!(is_named_secret("get_token()"));
    }

    fn dump(variables: &[(&str, &str)]) -> ShellDump {
        let variables = variables.iter().map(|(name, value)| DumpEntry {
            name: (*name).to_owned(),
            text: format!("declare -- {name}=\"{value}\"").into_bytes(),
        });
        let directories = Directories { current: b"/".to_vec(), ..Directories::default() };
        ShellDump { variables: variables.collect(), directories, ..ShellDump::default() }
    }

    #[test]
    fn only_the_difference_is_written_and_no_secret() {
        let start = dump(&[("HOME", "/root"), ("AWS_KEY", "inherited"), ("GONE", "1"), ("CHANGED", "1")]);
        let now = dump(&[
            ("HOME", "/root"),
            ("AWS_KEY", "inherited"),
            ("CHANGED", "2"),
            ("DB_PASSWORD", "hunter2"),
            ("NEW", "x"),
            ("ODD", "s3cr3t"),
        ]);
        let snapshot =
            RestoreScript::from_difference(&now, &start, |_, text| memchr::memmem::find(text, b"s3cr3t").is_some());
        let script = String::from_utf8(snapshot.script.clone()).unwrap();
        assert!(!script.contains("inherited") && !script.contains("HOME"), "{script}");
        assert!(!script.contains("hunter2") && !script.contains("s3cr3t"), "{script}");
        assert!(script.contains("unset -v 'GONE'") && script.contains("NEW=\"x\""), "{script}");
        assert_eq!(snapshot.left_out, ["DB_PASSWORD", "ODD"]);
        assert_eq!(RestoreScript::from_script(snapshot.script.clone()), Some(snapshot));
    }
}
