//! Expected output of commands, as shown in the document.
//!
//! Invariant: an output is attributed to a command only if it belongs to no other; where several commands share one, none
//! gets it. Refuses to know: the actual output.

use crate::document::{LineRole, Runbook};
use crate::history::{CommandSource, CommandStarted};
use std::collections::BTreeMap;

/// Longer expected outputs are not shown.
const MOST_EXPECTED_LINES: usize = 60;

/// Expected outputs of a document, by line.
#[derive(Debug, Default)]
pub(super) struct ExpectedOutputs {
    /// Output by the line of the command before it.
    by_line: BTreeMap<u32, String>,
    /// Output by the first and last line of the cell, valid if the cell has a single command.
    by_cell: Vec<(u32, u32, String)>,
}

impl ExpectedOutputs {
    pub(super) fn from_document(document: Option<&str>) -> Self {
        let Some(document) = document else { return Self::default() };
        let runbook = Runbook::parse_bytes(document.as_bytes());
        let mut expected = Self::default();
        for cell in &runbook.cells {
            if let Some(output) = cell.expected.and_then(|index| runbook.cells.get(index)) {
                expected.by_cell.push((cell.line, cell.end_line, output.joined_text()));
            }
            let mut command = 0;
            for line in &cell.content {
                match line.role {
                    LineRole::Shell => command = line.line,
                    LineRole::Printed => {
                        let text = expected.by_line.entry(command).or_default();
                        text.push_str(&line.text);
                        text.push('\n');
                    }
                }
            }
        }
        expected
    }

    /// Expected output of a command, if the document shows one.
    pub(super) fn output_of_command(&self, started: &CommandStarted) -> Option<&str> {
        if matches!(started.source, CommandSource::Own | CommandSource::Until) || started.line == 0 {
            return None;
        }
        let lines = u32::try_from(started.text.lines().count()).unwrap_or(1).max(1);
        let last = started.line.saturating_add(lines - 1);
        let beside = self.by_line.get(&last).or_else(|| {
            let mut cells = self.by_cell.iter();
            cells.find(|(from, to, _)| started.of == 1 && (*from..=*to).contains(&started.line)).map(|(.., text)| text)
        });
        beside.map(String::as_str).filter(|text| !text.trim().is_empty() && text.lines().count() <= MOST_EXPECTED_LINES)
    }
}
