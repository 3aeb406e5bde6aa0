//! Reports of bash on its report descriptor.
//!
//! Invariant: total over any bytes. Bytes without the session's nonce or the shape of a report are skipped, so a program
//! that writes to the descriptor by accident can neither forge nor lose a report. Refuses to know: what is
//! done about a report.

use super::snapshot::ShellDump;
use std::collections::VecDeque;

const FIELD_LIMIT: usize = 2 * 4096;
/// A report longer than this is dropped.
const BYTES_LIMIT: usize = 64 << 20;
/// A state of more than this is not kept.
const SNAPSHOT_LIMIT: usize = 4 << 20;

/// One report of `boot.bash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// bash is up.
    Ready { version: String, cwd: String },
    /// The command has begun; keys are for the command from here on.
    Go { id: u64 },
    /// The command has ended.
    End(ReportedEnd),
    /// Values of variables, in the order of the question; `None` if unset.
    Values { id: u64, values: Vec<Option<String>> },
    /// A variable was set, or could not be.
    Set { id: u64, done: bool },
    /// State of the shell, for a new bash.
    Snapshot { id: u64, dump: Box<ShellDump> },
    /// Names of what could not be restored in a new bash.
    Lost { id: u64, names: String },
}

/// End of a command, as bash reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportedEnd {
    pub(super) id: u64,
    pub(super) how: EndKind,
    pub(super) status: i32,
    pub(super) pipestatus: Vec<i32>,
    pub(super) cwd: String,
    /// `$-` at the end.
    pub(super) flags: String,
}

/// Way in which a command ended, in the terms of `boot.bash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndKind {
    Ran,
    Returned,
    Exited,
    Errexit,
    Thrown,
    Stopped,
    Aborted,
}

impl EndKind {
    fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"end" => Self::Ran,
            b"return" => Self::Returned,
            b"exit" => Self::Exited,
            b"errexit" => Self::Errexit,
            b"throw" => Self::Thrown,
            b"stopped" => Self::Stopped,
            b"aborted" => Self::Aborted,
            _ => return None,
        })
    }
}

/// Parser of the stream of reports.
#[derive(Debug)]
pub(super) struct ReportReader {
    nonce: Vec<u8>,
    partial: Vec<u8>,
    fields: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl ReportReader {
    pub(super) fn new(nonce: &str) -> Self {
        Self { nonce: nonce.as_bytes().to_vec(), partial: Vec::new(), fields: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(0, rest) {
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
            self.partial.extend_from_slice(piece);
            rest = after.get(1..).unwrap_or_default();
            let field = std::mem::take(&mut self.partial);
            // Outside a report only a nonce is worth keeping.
            if !self.fields.is_empty() || field.ends_with(&self.nonce) {
                self.bytes += field.len();
                self.fields.push_back(field);
            }
        }
        self.partial.extend_from_slice(rest);
        let is_snapshot = self.fields.get(2).is_some_and(|word| word == b"snap");
        if self.bytes + self.partial.len() > if is_snapshot { SNAPSHOT_LIMIT } else { BYTES_LIMIT } {
            self.partial.clear();
            self.fields.clear();
            self.bytes = 0;
        }
    }

    /// The next complete report.
    pub(super) fn next_report(&mut self) -> Option<Report> {
        loop {
            // A torn write may stand directly before a nonce.
            while self.fields.front().is_some_and(|field| !field.ends_with(&self.nonce)) {
                self.drop_fields(1);
            }
            let count: usize = match self.fields.get(3) {
                None => return None,
                Some(field) => {
                    if let Some(count) = parse_number(field).filter(|&count| count <= FIELD_LIMIT) {
                        count
                    } else {
                        self.drop_fields(1);
                        continue;
                    }
                }
            };
            // A nonce in the head means that the report before it was torn.
            if self.fields.iter().skip(1).take(3).any(|field| field.ends_with(&self.nonce)) {
                self.drop_fields(1);
                continue;
            }
            if self.fields.len() < 4 + count {
                return None;
            }
            let taken: Vec<Vec<u8>> = self.fields.drain(..4 + count).collect();
            self.bytes -= taken.iter().map(Vec::len).sum::<usize>();
            if let Some(report) = parse_report(&taken) {
                return Some(report);
            }
        }
    }

    fn drop_fields(&mut self, count: usize) {
        for field in self.fields.drain(..count.min(self.fields.len())) {
            self.bytes -= field.len();
        }
    }
}

fn parse_report(fields: &[Vec<u8>]) -> Option<Report> {
    let (head, rest) = fields.split_at_checked(4)?;
    let id: u64 = parse_number(head.get(1)?)?;
    let word = head.get(2)?.as_slice();
    Some(match (word, rest) {
        (b"ready", [version, cwd]) => Report::Ready { version: lossy_text(version), cwd: lossy_text(cwd) },
        (b"go", []) => Report::Go { id },
        (b"set", [status]) => Report::Set { id, done: status == b"0" },
        (b"values", pairs) => {
            let values = pairs.chunks_exact(2).map(|pair| match pair {
                [set, value] if set == b"set" => Some(lossy_text(value)),
                _ => None,
            });
            Report::Values { id, values: values.collect() }
        }
        (b"snap", fields) => Report::Snapshot { id, dump: Box::new(ShellDump::parse_fields(fields)?) },
        (b"lost", [names]) => Report::Lost { id, names: lossy_text(names).trim().to_owned() },
        (word, [status, pipestatus, cwd, flags]) => Report::End(ReportedEnd {
            id,
            how: EndKind::from_word(word)?,
            status: parse_number(status)?,
            pipestatus: pipestatus.split(|&byte| byte == b' ').filter_map(parse_number).collect(),
            cwd: lossy_text(cwd),
            flags: lossy_text(flags),
        }),
        _ => return None,
    })
}

fn parse_number<T: std::str::FromStr>(field: impl AsRef<[u8]>) -> Option<T> {
    std::str::from_utf8(field.as_ref()).ok()?.parse().ok()
}

fn lossy_text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const END: &[u8] = b"N0NCE\x007\0end\x004\x001\x000 1\0/tmp\0himB\0";

    fn ended() -> Report {
        Report::End(ReportedEnd {
            id: 7,
            how: EndKind::Ran,
            status: 1,
            pipestatus: vec![0, 1],
            cwd: "/tmp".into(),
            flags: "himB".into(),
        })
    }

    fn reports(bytes: &[u8]) -> Vec<Report> {
        let mut reader = ReportReader::new("N0NCE");
        reader.push_bytes(bytes);
        std::iter::from_fn(|| reader.next_report()).collect()
    }

    #[test]
    fn a_report_is_found_behind_garbage_and_behind_a_torn_report() {
        assert_eq!(reports(END), [ended()]);
        assert_eq!(reports(&[b"noise\0more", END].concat()), [ended()]);
        assert_eq!(reports(&[b"N0NCE\x006\0end\0", END].concat()), [ended()]);
        assert_eq!(reports(&[b"N0NCE\x006\0en", END].concat()), [ended()]);
        assert_eq!(reports(&[b"N0NCE\x006\0end\x0099999999\0", END].concat()), [ended()]);
    }

    #[test]
    fn an_unset_variable_differs_from_an_empty_one() {
        let answer = b"N0NCE\x003\0values\x004\0set\0\0\0\0";
        assert_eq!(reports(answer), [Report::Values { id: 3, values: vec![Some(String::new()), None] }]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..400)) {
            drop(reports(&bytes));
            drop(reports(&[&bytes[..], END].concat()));
        }
    }
}
