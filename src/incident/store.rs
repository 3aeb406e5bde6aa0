//! The folders of incidents, and the one way to write into one.
//!
//! Invariant: a fact is on disk, masked, in the incident's own journal before anybody is told; every event says which events
//! of the runs came before it. Several may write, one at a time. Refuses to know: what is due, how it is shown.

use super::hide::without_secrets;
use super::moment::Now;
use super::state::State;
use crate::history::{Event, Fact, IncidentEvent, IncidentFact};
use crate::ident::{IncidentId, RunId, Seq};
use crate::journal::{self, Folder, Folders, JournalError, Writer};
use crate::mask::Masker;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So often and with such a pause another writer is waited for.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// How many candidates an error lists.
const CANDIDATES: usize = 10;

/// Why no incident was found, or none can be written.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// Nothing was opened yet.
    #[error("no incident is recorded yet")]
    None,
    /// No incident is open.
    #[error("no incident is open")]
    NoneOpen,
    /// No incident has such a name.
    #[error("no incident matches `{name}`; the latest are {candidates}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The latest.
        candidates: String,
    },
    /// Several have.
    #[error("`{name}` matches several incidents: {candidates}; give more of the name")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Those it matches.
        candidates: String,
    },
    /// Several are open.
    #[error("{} incidents are open: {}", .0.len(), told(.0))]
    SeveralOpen(Vec<(IncidentId, String)>),
    /// It was closed.
    #[error("the incident `{0}` is closed")]
    Closed(IncidentId),
    /// The record.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn told(open: &[(IncidentId, String)]) -> String {
    let told: Vec<_> = open.iter().map(|(id, title)| format!("`{id}` ({title})")).collect();
    told.join(", ")
}

/// All incidents.
#[derive(Clone, Debug)]
pub struct Incidents {
    folders: Folders,
    runs: PathBuf,
}

/// Who writes, and what must not be written.
#[derive(Clone, Debug)]
pub struct Author {
    /// The user.
    pub by: String,
    /// The machine.
    pub host: String,
    /// The secrets known here.
    pub masker: Masker,
}

/// One incident, as its journal stood when it was read.
#[derive(Clone, Debug)]
pub struct Incident {
    folder: Folder,
    runs: PathBuf,
    /// Its events.
    pub events: Vec<Event>,
    /// What they add up to.
    pub state: State,
}

impl Incidents {
    /// The incidents in one folder, whose runs lie in another.
    pub fn under(incidents: impl Into<PathBuf>, runs: impl Into<PathBuf>) -> Self {
        Self { folders: Folders::under(incidents), runs: runs.into() }
    }

    /// Opens a new one: its folder, its journal, and a copy of the runbook, masked.
    pub fn create(
        &self,
        id: &IncidentId,
        facts: Vec<IncidentFact>,
        document: Option<&[u8]>,
        author: &Author,
        now: &Now,
    ) -> Result<Incident, JournalError> {
        let folder = self.folders.create(id)?;
        if let Some(bytes) = document {
            folder.write(&folder.document(), |to| to.write_all(&author.masker.bytes(bytes)))?;
        }
        let mut writer = Writer::create(folder.path(), id)?;
        append(&mut writer, facts, &[], author, now)?;
        drop(writer);
        Incident::read(folder, &self.runs)
    }

    /// All, newest first. One that cannot be read comes as its error.
    pub fn all(&self) -> Result<Vec<Result<Incident, JournalError>>, JournalError> {
        Ok(self.folders.list()?.into_iter().map(|folder| Incident::read(folder, &self.runs)).collect())
    }

    /// Those that are open, newest first; one that cannot be read is left out.
    pub fn open_ones(&self) -> Result<Vec<Incident>, JournalError> {
        Ok(self.all()?.into_iter().flatten().filter(|incident| incident.state.is_open()).collect())
    }

    /// The one that is meant when none is named: the only one that is open.
    pub fn the_open_one(&self) -> Result<Incident, IncidentError> {
        let mut open = self.open_ones()?;
        match open.len() {
            0 => Err(IncidentError::NoneOpen),
            1 => open.pop().ok_or(IncidentError::NoneOpen),
            _ => {
                let names = open.iter().map(|found| (found.id().clone(), found.state.title().to_owned())).collect();
                Err(IncidentError::SeveralOpen(names))
            }
        }
    }

    /// The one of this name: whole, its beginning or end, or `latest`.
    pub fn find(&self, name: &str) -> Result<Incident, IncidentError> {
        let all = self.folders.list()?;
        let listed = |found: &[&Folder]| {
            let names: Vec<_> = found.iter().take(CANDIDATES).map(|folder| format!("`{}`", folder.run())).collect();
            names.join(", ")
        };
        let Some(latest) = all.first() else { return Err(IncidentError::None) };
        if name == "latest" {
            return Ok(Incident::read(latest.clone(), &self.runs)?);
        }
        let is_it = |folder: &&Folder| {
            let id = folder.run().as_str();
            !name.is_empty() && (id.starts_with(name) || id.ends_with(name))
        };
        let matching: Vec<&Folder> = all.iter().filter(is_it).collect();
        match matching.as_slice() {
            [one] => Ok(Incident::read((*one).clone(), &self.runs)?),
            [] => {
                let candidates = listed(&all.iter().collect::<Vec<_>>());
                Err(IncidentError::Unknown { name: name.to_owned(), candidates })
            }
            several => Err(IncidentError::Ambiguous { name: name.to_owned(), candidates: listed(several) }),
        }
    }
}

impl Incident {
    /// Reads one.
    pub fn read(folder: Folder, runs: &Path) -> Result<Self, JournalError> {
        let events = journal::read(folder.path())?.events;
        let state = State::of(&events);
        Ok(Self { folder, runs: runs.to_owned(), events, state })
    }

    /// Reads it again: others may have written.
    pub fn refresh(&mut self) -> Result<(), JournalError> {
        self.events = journal::read(self.folder.path())?.events;
        self.state = State::of(&self.events);
        Ok(())
    }

    /// Its id.
    pub fn id(&self) -> &IncidentId {
        self.folder.run()
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The folder of one of its runs.
    pub fn run_folder(&self, run: &RunId) -> PathBuf {
        self.runs.join(run.as_str())
    }

    /// Records facts, in order, and reads the incident again. Comes back with the events they became.
    pub fn record(&mut self, facts: Vec<IncidentFact>, author: &Author, now: &Now) -> Result<Vec<Event>, JournalError> {
        let mut tries = 0;
        let mut writer = loop {
            match Writer::open(self.folder.path(), self.folder.run()) {
                Err(JournalError::Locked { .. }) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                opened => break opened?,
            }
        };
        self.refresh()?;
        let seen = self.seen();
        let events = append(&mut writer, facts, &seen, author, now)?;
        for event in &events {
            self.state.apply(event);
        }
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    /// The last event of each of its runs.
    fn seen(&self) -> Vec<(RunId, Seq)> {
        let runs = self.state.runs.iter().map(|told| &told.what.run);
        runs.map(|run| (run.clone(), journal::last_seq(&self.run_folder(run)).unwrap_or(Seq(0)))).collect()
    }
}

fn append(
    writer: &mut Writer,
    facts: Vec<IncidentFact>,
    seen: &[(RunId, Seq)],
    author: &Author,
    now: &Now,
) -> Result<Vec<Event>, JournalError> {
    let fact = |mut what: IncidentFact| {
        without_secrets(&mut what, &author.masker);
        Fact::Incident(IncidentEvent {
            by: author.masker.text(&author.by).into_owned(),
            host: author.host.clone(),
            boot: now.boot.clone(),
            seen: seen.to_vec(),
            what,
        })
    };
    let facts: Vec<Fact> = facts.into_iter().map(fact).collect();
    writer.append(&facts, now.at)
}
