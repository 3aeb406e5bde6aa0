//! The sources of a post-mortem: the journals of an incident and of its runs, read and verified.
//!
//! Invariant: a damaged or missing journal is reported as such, and the events before the damage are used. Outputs of commands
//! are not kept in memory. Refuses to know: what the events say.

use crate::history::{Event, Fact};
use crate::ident::{RunId, Seq};
use crate::incident::store::Incident;
use crate::journal::{Reader, Receipt, verify};
use std::path::Path;

/// One journal, as far as it could be read.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: RunId,
    pub(super) events: Vec<Event>,
    /// Receipt of the whole journal; `None` if it could not be verified.
    pub(super) receipt: Option<Receipt>,
    /// Damage found, as a sentence; empty if there is none.
    pub(super) wrong: String,
}

impl Record {
    /// Formats a reference to one of its events: `7c1d9e#12`.
    pub(super) fn reference(&self, seq: Seq) -> String {
        format!("{}#{seq}", self.id.short())
    }
}

/// The journals of an incident and of its runs.
#[derive(Clone, Debug)]
pub struct Records {
    pub(super) incident: Record,
    pub(super) runs: Vec<Record>,
}

impl Records {
    /// Reads and verifies all journals. Damage is kept in each record instead of failing.
    pub fn read(incident: &Incident) -> Self {
        let runs = incident
            .state
            .runs
            .iter()
            .map(|recorded| read(&recorded.what.run, &incident.run_folder(&recorded.what.run)));
        Self { incident: read(incident.id(), incident.folder().path()), runs: runs.collect() }
    }
}

fn read(id: &RunId, folder: &Path) -> Record {
    let mut record = Record { id: id.clone(), events: Vec::new(), receipt: None, wrong: String::new() };
    let reader = match Reader::open(folder) {
        Ok(reader) => reader,
        Err(error) => {
            record.wrong = error.to_string();
            return record;
        }
    };
    for event in reader {
        match event {
            Ok(mut event) => {
                if let Fact::CommandFinished(finished) = &mut event.fact {
                    finished.output.inline = None;
                }
                record.events.push(event);
            }
            Err(error) => {
                record.wrong = error.to_string();
                return record;
            }
        }
    }
    match verify(folder, None) {
        Ok(verified) => {
            record.receipt = verified.receipt;
            if let Some(bad) = verified.bad_outputs.first() {
                record.wrong = format!("event {}: {}", bad.event, bad.what);
            }
        }
        Err(error) => record.wrong = error.to_string(),
    }
    record
}
