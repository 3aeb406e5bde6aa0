//! Questions to the live shell: what a variable is, what functions and aliases there are, and setting a variable. Not
//! recorded, and without a trace in the shell.
//!
//! Invariant: only names of variables reach bash as names. Refuses to know: why it is asked.

use super::protocol::{Reply, WireShadows};
use super::session::{Activity, Session};
use super::snapshot::{Dump, Entry};

/// What bash was asked.
#[derive(Debug)]
pub(super) enum Asked {
    Nothing,
    /// These variables; whether each is a name.
    Values(Vec<(String, bool)>),
    /// Functions and aliases, of which this edition is known.
    Shadows(Option<u64>),
}

impl Session {
    pub(super) fn ask_values(&mut self, names: Vec<String>) {
        let names: Vec<(String, bool)> =
            names.into_iter().map(|name| (is_name(&name), name)).map(|(ok, name)| (name, ok)).collect();
        let lines: Vec<&str> = names.iter().filter(|(_, ok)| *ok).map(|(name, _)| name.as_str()).collect();
        let mut request = format!("v {} {}\n", self.next_asked, lines.len());
        for name in lines {
            request.push_str(name);
            request.push('\n');
        }
        self.asked = Asked::Values(names);
        self.ask(request.as_bytes());
    }

    /// What bash tells of itself after a command has its functions and aliases in it: once it answers at all, that has come.
    pub(super) fn ask_shadows(&mut self, known: Option<u64>) {
        self.asked = Asked::Shadows(known);
        self.ask(format!("v {} 0\n", self.next_asked).as_bytes());
    }

    pub(super) fn ask_set(&mut self, name: &str, value: &str) {
        if !is_name(name) || value.contains('\0') {
            let refused = Some(format!("`{name}` cannot be set: not a name, or a value with a NUL in it"));
            return self.reply(&Reply::Set { refused });
        }
        let request = format!("s {} {name}\n{value}\0", self.next_asked);
        self.ask(request.as_bytes());
    }

    /// bash has told the values asked for.
    pub(super) fn values_came(&mut self, values: Vec<Option<String>>) {
        let mut values = values.into_iter();
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Values(names) => {
                let values =
                    names.into_iter().map(|(name, asked)| (name, if asked { values.next().flatten() } else { None }));
                let values = values.collect();
                self.reply(&Reply::Values { values });
            }
            Asked::Shadows(known) => {
                let (edition, dump) = self.state.edition();
                let shadows = (known != Some(edition)).then(|| dump.map(shadows).unwrap_or_default());
                self.reply(&Reply::Shadows { edition, shadows });
            }
            Asked::Nothing => {}
        }
        self.is_idle();
    }

    /// bash has set the variable, or could not.
    pub(super) fn set_came(&mut self, done: bool) {
        let refused = (!done).then(|| "it is readonly in the shell".to_owned());
        self.reply(&Reply::Set { refused });
        self.is_idle();
    }

    fn ask(&mut self, request: &[u8]) {
        self.activity = Activity::Answering(self.next_asked);
        self.next_asked += 1;
        if let Some(shell) = &mut self.shell {
            shell.request(request);
        }
    }
}

/// Whether a text is a variable's name.
fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A shell's functions and aliases, without the kernel's own.
fn shadows(dump: &Dump) -> WireShadows {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_ours = |entry: &&Entry| {
        entry.name.starts_with("__rb_")
            || (entry.name == "exit" && memchr::memmem::find(&entry.text, b"__rb_throw exit").is_some())
    };
    let functions = dump.functions.iter().filter(|entry| !is_ours(entry));
    // Without this option they stand for nothing.
    let aliases = dump.aliases.iter().filter(|_| dump.shopt.contains("expand_aliases"));
    WireShadows {
        functions: functions.map(|entry| (entry.name.clone(), text(&entry.text))).collect(),
        aliases: aliases.map(|entry| (entry.name.clone(), text(&unquoted(&entry.text)))).collect(),
    }
}

/// What stands behind the first `=` of `alias NAME='…'`, as bash reads it.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let value = memchr::memchr(b'=', text).and_then(|at| text.get(at + 1..)).unwrap_or_default();
    let (mut out, mut quoted, mut escaped) = (Vec::with_capacity(value.len()), false, false);
    for &byte in value {
        match byte {
            _ if escaped => {
                out.push(byte);
                escaped = false;
            }
            b'\'' => quoted = !quoted,
            b'\\' if !quoted => escaped = true,
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_stands_for_what_bash_reads() {
        let wanted = [("alias ll='ls -l'", "ls -l"), (r"alias a='echo '\''x'\'''", "echo 'x'"), ("alias e=''", "")];
        for (text, wanted) in wanted {
            assert_eq!(unquoted(text.as_bytes()), wanted.as_bytes(), "{text}");
        }
    }

    #[test]
    fn the_kernels_own_functions_are_nobodys_business() {
        let entry = |name: &str, text: &str| Entry { name: name.into(), text: text.into() };
        let functions = vec![
            entry("__rb_snap", "__rb_snap () \n{ \n    :\n}"),
            entry("exit", "exit () \n{ \n    __rb_throw exit 0\n}"),
            entry("rm", "rm () \n{ \n    :\n}"),
        ];
        let aliases = vec![entry("ll", "alias ll='ls -l'")];
        let found = shadows(&Dump { functions, aliases, ..Dump::default() });
        assert_eq!(found.functions.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["rm"]);
        assert_eq!(found.aliases, [], "without the option they stand for nothing");
    }
}
