//! Lines that the operator typed while the terminal did not show them: passwords.
//!
//! Invariant: they are kept in memory alone, to leave them out of snapshots. Refuses to know: which program read them.

/// Most lines that are kept, the newest ones.
const MOST_LINES: usize = 64;
/// Longer lines are no passwords.
const LONGEST_LINE: usize = 4096;
/// Shorter lines could be part of any text.
const SHORTEST_LINE: usize = 3;

/// Collects typed lines that were not shown.
#[derive(Default)]
pub(super) struct UnseenLines {
    current: Vec<u8>,
    lines: Vec<Vec<u8>>,
}

impl UnseenLines {
    /// Takes in keys that went to a terminal which does not show them.
    pub(super) fn collect_keys(&mut self, keys: &[u8]) {
        for &key in keys {
            match key {
                b'\r' | b'\n' => self.end_line(),
                0x08 | 0x7f => drop(self.current.pop()),
                0x15 | 0x03 => self.current.clear(),
                key if self.current.len() < LONGEST_LINE => self.current.push(key),
                _ => {}
            }
        }
    }

    /// True if a text holds one of the lines.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.lines.iter().any(|line| memchr::memmem::find(text, line).is_some())
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.current);
        if line.len() >= SHORTEST_LINE && !self.lines.contains(&line) {
            if self.lines.len() == MOST_LINES {
                self.lines.remove(0);
            }
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_corrected_is_known_as_it_was_sent() {
        let mut unseen = UnseenLines::default();
        unseen.collect_keys(b"wrong\x15hunter3");
        unseen.collect_keys(b"\x7f2\r");
        assert!(unseen.is_in(b"declare -- x=\"hunter2\""));
        assert!(!unseen.is_in(b"declare -- x=\"hunter3\"") && !unseen.is_in(b"wrong"));
        unseen.collect_keys(b"y\r");
        assert!(!unseen.is_in(b"y"));
    }
}
