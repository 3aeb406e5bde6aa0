//! Questions to the live shell: values of variables, functions and aliases; and setting a variable.
//!
//! Questions are not recorded and leave no trace in the shell.
//!
//! Invariant: only valid names of variables reach bash as names. Refuses to know: why the engine asks.

use super::activity::{Activity, Question};
use super::protocol::{WireReply, WireShadows};
use super::session::Session;
use super::snapshot::{DumpEntry, ShellDump};

impl Session {
    pub(super) fn ask_values(&mut self, names: Vec<String>) {
        let names: Vec<(String, bool)> =
            names.into_iter().map(|name| (is_name(&name), name)).map(|(ok, name)| (name, ok)).collect();
        let lines: Vec<&str> = names.iter().filter(|(_, ok)| *ok).map(|(name, _)| name.as_str()).collect();
        let id = self.shell.next_request_id();
        let mut request = format!("v {id} {}\n", lines.len());
        for name in lines {
            request.push_str(name);
            request.push('\n');
        }
        self.ask_shell(id, Question::Values(names), &request);
    }

    /// Asks for no values: once bash answers, the state it reported after the last command has come, with its functions and
    /// aliases.
    pub(super) fn ask_definitions(&mut self, known_edition: Option<u64>) {
        let id = self.shell.next_request_id();
        self.ask_shell(id, Question::Shadows(known_edition), &format!("v {id} 0\n"));
    }

    pub(super) fn ask_set(&mut self, name: &str, value: &str) {
        if !is_name(name) || value.contains('\0') {
            let refused = Some(format!("`{name}` cannot be set: not a name, or a value with a NUL in it"));
            return self.client.send_reply(&WireReply::Set { refused });
        }
        let id = self.shell.next_request_id();
        self.ask_shell(id, Question::Set, &format!("s {id} {name}\n{value}\0"));
    }

    fn ask_shell(&mut self, id: u64, question: Question, request: &str) {
        self.activity = Activity::Answering(id, question);
        self.shell.send_request(request.as_bytes());
    }

    /// Answers the engine with what bash reported.
    pub(super) fn answer_question(&mut self, question: Question, values: Vec<Option<String>>) {
        let mut values = values.into_iter();
        match question {
            Question::Values(names) => {
                let values =
                    names.into_iter().map(|(name, asked)| (name, if asked { values.next().flatten() } else { None }));
                let values = values.collect();
                self.client.send_reply(&WireReply::Values { values });
            }
            Question::Shadows(known) => {
                let (edition, dump) = self.shell.state.latest_dump();
                let shadows = (known != Some(edition)).then(|| dump.map(list_definitions).unwrap_or_default());
                self.client.send_reply(&WireReply::Shadows { edition, shadows });
            }
            Question::Set => {}
        }
        self.become_idle();
    }

    pub(super) fn answer_set(&mut self, done: bool) {
        let refused = (!done).then(|| "it is readonly in the shell".to_owned());
        self.client.send_reply(&WireReply::Set { refused });
        self.become_idle();
    }
}

/// True if a text is a valid name of a variable.
fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A shell's functions and aliases, without those of `boot.bash`.
fn list_definitions(dump: &ShellDump) -> WireShadows {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_ours = |entry: &&DumpEntry| {
        entry.name.starts_with("__rb_")
            || (entry.name == "exit" && memchr::memmem::find(&entry.text, b"__rb_throw exit").is_some())
    };
    let functions = dump.functions.iter().filter(|entry| !is_ours(entry));
    // Without this option bash ignores aliases.
    let aliases = dump.aliases.iter().filter(|_| dump.shopt.contains("expand_aliases"));
    WireShadows {
        functions: functions.map(|entry| (entry.name.clone(), text(&entry.text))).collect(),
        aliases: aliases.map(|entry| (entry.name.clone(), text(&unquote_alias(&entry.text)))).collect(),
    }
}

/// The value of an alias from `alias NAME='…'`, without the quotes.
fn unquote_alias(text: &[u8]) -> Vec<u8> {
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
            assert_eq!(unquote_alias(text.as_bytes()), wanted.as_bytes(), "{text}");
        }
    }

    #[test]
    fn the_kernels_own_functions_are_nobodys_business() {
        let entry = |name: &str, text: &str| DumpEntry { name: name.into(), text: text.into() };
        let functions = vec![
            entry("__rb_snap", "__rb_snap () \n{ \n    :\n}"),
            entry("exit", "exit () \n{ \n    __rb_throw exit 0\n}"),
            entry("rm", "rm () \n{ \n    :\n}"),
        ];
        let aliases = vec![entry("ll", "alias ll='ls -l'")];
        let found = list_definitions(&ShellDump { functions, aliases, ..ShellDump::default() });
        assert_eq!(found.functions.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["rm"]);
        assert_eq!(found.aliases, [], "without the option they stand for nothing");
    }
}
