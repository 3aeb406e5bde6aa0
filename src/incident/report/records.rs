//! The sources of a post-mortem: the journals of an incident and of its runs, read and verified.
//!
//! Invariant: a damaged or missing journal is reported as such, and the events before the damage are used. Outputs of commands
//! are not kept in memory. Refuses to know: what the events say.

use crate::history::{Event, Fact};
use crate::ident::{RunId, Seq};
use crate::incident::store::Incident;
use crate::journal::{JournalReader, Receipt, verify_run};
use std::path::Path;

/// One journal, as far as it could be read.
#[derive(Clone, Debug)]
pub(super) struct JournalRecord {
    pub(super) id: RunId,
    pub(super) events: Vec<Event>,
    /// Receipt of the whole journal; `None` if it could not be verified.
    pub(super) receipt: Option<Receipt>,
    /// Damage found, as a sentence; empty if there is none.
    pub(super) damage: String,
}

impl JournalRecord {
    /// Formats a reference to one of its events: `7c1d9e#12`.
    pub(super) fn event_reference(&self, seq: Seq) -> String {
        format!("{}#{seq}", self.id.random_part())
    }
}

/// The journals of an incident and of its runs.
#[derive(Clone, Debug)]
pub struct IncidentRecords {
    pub(super) incident: JournalRecord,
    pub(super) runs: Vec<JournalRecord>,
}

impl IncidentRecords {
    /// Reads and verifies all journals. Damage is kept in each record instead of failing.
    pub fn read_all(incident: &Incident) -> Self {
        let runs = incident
            .state
            .runs
            .iter()
            .map(|recorded| read_record(&recorded.fact.run, &incident.run_folder(&recorded.fact.run)));
        Self { incident: read_record(incident.id(), incident.folder().folder_path()), runs: runs.collect() }
    }
}

fn read_record(id: &RunId, folder: &Path) -> JournalRecord {
    let mut record = JournalRecord { id: id.clone(), events: Vec::new(), receipt: None, damage: String::new() };
    let reader = match JournalReader::open_journal(folder) {
        Ok(reader) => reader,
        Err(error) => {
            record.damage = error.to_string();
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
                record.damage = error.to_string();
                return record;
            }
        }
    }
    match verify_run(folder, None) {
        Ok(verified) => {
            record.receipt = verified.receipt;
            if let Some(bad) = verified.bad_outputs.first() {
                record.damage = format!("event {}: {}", bad.event, bad.what);
            }
        }
        Err(error) => record.damage = error.to_string(),
    }
    record
}
