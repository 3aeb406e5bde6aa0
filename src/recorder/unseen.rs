//! What was read while the terminal did not show it: passwords.
//!
//! Invariant: they are kept in memory alone, to leave them out of snapshots. Refuses to know: which program read them.

use super::quoting::undo_quotes;
use super::snapshot::ShellDump;
use std::collections::BTreeSet;

/// Most lines that are kept, the newest ones.
const MOST_LINES: usize = 64;
/// Longer lines are no passwords.
const LONGEST_LINE: usize = 4096;
/// Shorter lines could be part of any text, so only a whole value is compared with them.
const SHORTEST_PART: usize = 3;
/// Most names of variables that are kept.
const MOST_NAMES: usize = 1024;

/// Collects typed lines that were not shown, and the variables that commands read without echo.
#[derive(Default)]
pub(super) struct UnseenLines {
    current: Vec<u8>,
    /// True if the next key is taken as it is (Ctrl-V).
    is_literal: bool,
    lines: Vec<Vec<u8>>,
    names: BTreeSet<String>,
}

impl UnseenLines {
    /// Takes in keys that went to a terminal which does not show them, and edits the line as the terminal does.
    pub(super) fn collect_keys(&mut self, keys: &[u8]) {
        for &key in keys {
            match key {
                _ if std::mem::take(&mut self.is_literal) => self.push_key(key),
                b'\r' | b'\n' => self.end_line(),
                0x08 | 0x7f => drop(self.erase_letter()),
                0x17 => self.erase_word(),
                0x16 => self.is_literal = true,
                0x03 | 0x15 | 0x1a | 0x1c => self.current.clear(),
                // Ctrl-D hands over what was typed, and the line can go on.
                0x04 => {}
                key => self.push_key(key),
            }
        }
    }

    /// Takes in the names of variables that a command reads without echo, from wherever it reads them.
    pub(super) fn add_names(&mut self, names: Vec<String>) {
        let room = MOST_NAMES.saturating_sub(self.names.len());
        self.names.extend(names.into_iter().take(room));
    }

    /// Takes in what a command has read, now that it has ended: a line without an end, and the values of the variables.
    pub(super) fn learn_from_state(&mut self, dump: &ShellDump) {
        self.end_line();
        for entry in &dump.variables {
            if self.names.contains(&entry.name) {
                self.keep_line(assigned_value(&undo_quotes(&entry.text)).to_vec());
            }
        }
    }

    /// True if a command read this variable without echo.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// True if a text of bash holds one of the lines, quoted or not.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let bare = undo_quotes(text);
        let has = |text: &[u8], line: &[u8]| memchr::memmem::find(text, line).is_some();
        self.lines.iter().any(|line| {
            if line.len() < SHORTEST_PART { assigned_value(&bare) == line } else { has(text, line) || has(&bare, line) }
        })
    }

    fn push_key(&mut self, key: u8) {
        if self.current.len() < LONGEST_LINE {
            self.current.push(key);
        }
    }

    /// Takes back the last letter, whose bytes after the first begin with the bits 10. Returns the first byte.
    fn erase_letter(&mut self) -> Option<u8> {
        loop {
            let byte = self.current.pop()?;
            if byte & 0xc0 != 0x80 {
                return Some(byte);
            }
        }
    }

    /// Takes back the last word with everything behind it.
    fn erase_word(&mut self) {
        let mut is_in_word = false;
        while let Some(&last) = self.current.iter().rev().find(|byte| *byte & 0xc0 != 0x80) {
            let is_word = last.is_ascii_alphanumeric() || last == b'_' || last >= 0xc0;
            if is_in_word && !is_word {
                return;
            }
            is_in_word |= is_word;
            self.erase_letter();
        }
        self.current.clear();
    }

    fn end_line(&mut self) {
        self.is_literal = false;
        let line = std::mem::take(&mut self.current);
        self.keep_line(line);
    }

    fn keep_line(&mut self, line: Vec<u8>) {
        if line.is_empty() || line.len() > LONGEST_LINE || self.lines.contains(&line) {
            return;
        }
        if self.lines.len() == MOST_LINES {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }
}

/// The value in `declare -- NAME=VALUE` without its quotes.
fn assigned_value(bare: &[u8]) -> &[u8] {
    memchr::memchr(b'=', bare).and_then(|at| bare.get(at + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::DumpEntry;
    use super::*;

    fn typed(keys: &str) -> UnseenLines {
        let mut unseen = UnseenLines::default();
        unseen.collect_keys(keys.as_bytes());
        unseen
    }

    #[test]
    fn a_line_that_was_corrected_is_known_as_it_was_sent() {
        let unseen = typed("wrong\x15hunter3\x7f2\r");
        assert!(unseen.is_in(b"declare -- x=\"hunter2\""));
        assert!(!unseen.is_in(b"declare -- x=\"hunter3\"") && !unseen.is_in(b"wrong"));
        for keys in ["huntä\x7fer2\r", "wrong \x17hunter2\r", "hunter2 \u{e4}b.\x17\x7f\r", "hunter\x04\x162\r"] {
            assert!(typed(keys).is_in(b"declare -- x=\"hunter2\""), "{keys:?}");
        }
        assert!(typed("a\x16\x17b\r").is_in(b"x=$'a\\027b'"));
    }

    #[test]
    fn a_short_line_is_compared_with_whole_values_only() {
        let unseen = typed("qz\r");
        assert!(unseen.is_in(b"declare -- x=\"qz\"") && !unseen.is_in(b"declare -- x=\"aqzb\""));
    }

    #[test]
    fn the_value_of_a_variable_that_was_read_silently_is_known_in_others() {
        let text = b"declare -- word=\"it's \\\"5\\$\"".to_vec();
        let variables = vec![DumpEntry { name: "word".to_owned(), text }];
        let mut unseen = UnseenLines::default();
        unseen.add_names(vec!["word".to_owned()]);
        unseen.learn_from_state(&ShellDump { variables, ..ShellDump::default() });
        assert!(unseen.is_named("word") && unseen.is_in(b"declare -- copy=\"x-it's \\\"5\\$-y\""));
        assert!(!unseen.is_in(b"declare -- copy=\"other\""));
    }
}
