//! What a post-mortem is made from: the journals of an incident and of its runs, read and checked.
//!
//! Invariant: a journal that is damaged or gone is said to be so; what stands before the damage is used. Outputs are not kept.

use crate::history::{Event, Fact};
use crate::ident::{RunId, Seq};
use crate::incident::store::Incident;
use crate::journal::{Reader, Receipt, verify};
use std::path::Path;

/// One journal.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: RunId,
    pub(super) events: Vec<Event>,
    /// What stands for all of it.
    pub(super) receipt: Option<Receipt>,
    /// What is wrong with it; empty when nothing is.
    pub(super) wrong: String,
}

impl Record {
    /// An event of it, as it is referred to: `7c1d9e#12`.
    pub(super) fn reference(&self, seq: Seq) -> String {
        format!("{}#{seq}", self.id.short())
    }
}

/// Everything an incident's post-mortem is made from.
#[derive(Clone, Debug)]
pub struct Records {
    pub(super) incident: Record,
    pub(super) runs: Vec<Record>,
}

impl Records {
    /// Reads them.
    pub fn read(incident: &Incident) -> Self {
        let runs = incident.state.runs.iter().map(|told| read(&told.what.run, &incident.run_folder(&told.what.run)));
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
