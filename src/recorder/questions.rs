//! Questions to the live shell: what a variable is, and setting one. Not recorded, and without a trace in the shell.
//!
//! Invariant: only names of variables reach bash as names. Refuses to know: why it is asked.

use super::protocol::Reply;
use super::session::{Activity, Session};

impl Session {
    pub(super) fn ask_values(&mut self, names: Vec<String>) {
        self.asked_names = names.into_iter().map(|name| (is_name(&name), name)).map(|(ok, name)| (name, ok)).collect();
        let lines: Vec<&str> = self.asked_names.iter().filter(|(_, ok)| *ok).map(|(name, _)| name.as_str()).collect();
        let mut request = format!("v {} {}\n", self.next_asked, lines.len());
        for name in lines {
            request.push_str(name);
            request.push('\n');
        }
        self.ask(request.as_bytes());
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
        let names = std::mem::take(&mut self.asked_names);
        let values = names.into_iter().map(|(name, asked)| (name, if asked { values.next().flatten() } else { None }));
        let values = values.collect();
        self.reply(&Reply::Values { values });
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
