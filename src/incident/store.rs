//! The folders of incidents, and the only way to write into one.
//!
//! Invariant: a fact is on disk, masked, in the incident's own journal before anybody sees it. Every event names the last event
//! of each run before it. Several processes may write, one at a time. Refuses to know: what is due, how it is shown.

use super::fact_masking::without_secrets;
use super::moment::Now;
use super::state::IncidentState;
use crate::history::{Event, Fact, IncidentEvent, IncidentFact};
use crate::ident::{IncidentId, RunId, Seq};
use crate::journal::{self, Folder, Folders, JournalError, JournalWriter};
use crate::mask::Masker;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Attempts to get the journal's lock while another process writes, each after a pause: two seconds in all.
const LOCK_ATTEMPTS: u32 = 40;
const LOCK_RETRY_PAUSE: Duration = Duration::from_millis(50);
/// Most candidates listed in an error.
const MAX_CANDIDATES: usize = 10;

/// Reason for which an incident cannot be found or written.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// No incident was ever recorded.
    #[error("no incident is recorded yet")]
    NothingRecorded,
    /// No incident is open.
    #[error("no incident is open")]
    NoneOpen,
    /// No incident's id begins or ends with the name.
    #[error("no incident matches `{name}`; the latest are {candidates}")]
    NoMatch {
        /// Name asked for.
        name: String,
        /// Ids of the latest incidents.
        candidates: String,
    },
    /// Several incidents' ids begin or end with the name.
    #[error("`{name}` matches several incidents: {candidates}; give more of the name")]
    Ambiguous {
        /// Name asked for.
        name: String,
        /// Ids that match.
        candidates: String,
    },
    /// Several incidents are open and none was named; each with its title.
    #[error("{} incidents are open: {}", .0.len(), list_with_titles(.0))]
    SeveralOpen(Vec<(IncidentId, String)>),
    /// The incident is closed.
    #[error("the incident `{0}` is closed")]
    Closed(IncidentId),
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn list_with_titles(open: &[(IncidentId, String)]) -> String {
    let listed: Vec<_> = open.iter().map(|(id, title)| format!("`{id}` ({title})")).collect();
    listed.join(", ")
}

/// The folder of all incidents.
#[derive(Clone, Debug)]
pub struct IncidentStore {
    folders: Folders,
    runs: PathBuf,
}

/// The user who writes, and the secrets that must not be written.
#[derive(Clone, Debug)]
pub struct Author {
    /// Name of the user.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// Masks the secrets known to this process.
    pub masker: Masker,
}

/// One incident as its journal was when last read.
#[derive(Clone, Debug)]
pub struct Incident {
    folder: Folder,
    runs: PathBuf,
    /// Events of its journal.
    pub events: Vec<Event>,
    /// State computed from these events.
    pub state: IncidentState,
}

impl IncidentStore {
    /// Incidents in the folder `incidents`, whose runs are in the folder `runs`. Nothing is read or created yet.
    pub fn in_folders(incidents: impl Into<PathBuf>, runs: impl Into<PathBuf>) -> Self {
        Self { folders: Folders::with_root(incidents), runs: runs.into() }
    }

    /// Creates an incident: folder, journal and a masked copy of the runbook. Fails if the id exists or the disk fails.
    pub fn create_incident(
        &self,
        id: &IncidentId,
        facts: Vec<IncidentFact>,
        document: Option<&[u8]>,
        author: &Author,
        now: &Now,
    ) -> Result<Incident, JournalError> {
        let folder = self.folders.create_folder(id)?;
        if let Some(bytes) = document {
            folder.replace_file(&folder.document_path(), |to| to.write_all(&author.masker.mask_bytes(bytes)))?;
        }
        let mut writer = JournalWriter::create_journal(folder.folder_path(), id)?;
        append_facts(&mut writer, facts, &[], author, now)?;
        drop(writer);
        Incident::read_folder(folder, &self.runs)
    }

    /// Reads all incidents, newest first. One that cannot be read is listed as its error.
    pub fn read_all(&self) -> Result<Vec<Result<Incident, JournalError>>, JournalError> {
        Ok(self.folders.list_runs()?.into_iter().map(|folder| Incident::read_folder(folder, &self.runs)).collect())
    }

    /// Reads the open incidents, newest first. One that cannot be read is left out.
    pub fn read_open(&self) -> Result<Vec<Incident>, JournalError> {
        Ok(self.read_all()?.into_iter().flatten().filter(|incident| incident.state.is_open()).collect())
    }

    /// Returns the only open incident. Fails if none or several are open.
    pub fn only_open(&self) -> Result<Incident, IncidentError> {
        let mut open = self.read_open()?;
        match open.len() {
            0 => Err(IncidentError::NoneOpen),
            1 => open.pop().ok_or(IncidentError::NoneOpen),
            _ => {
                let names = open.iter().map(|found| (found.id().clone(), found.state.title().to_owned())).collect();
                Err(IncidentError::SeveralOpen(names))
            }
        }
    }

    /// Finds an incident by its id, by the beginning or end of it, or by `latest`. Fails if not exactly one matches.
    pub fn find_by_name(&self, name: &str) -> Result<Incident, IncidentError> {
        let all = self.folders.list_runs()?;
        let listed = |found: &[&Folder]| {
            let names: Vec<_> =
                found.iter().take(MAX_CANDIDATES).map(|folder| format!("`{}`", folder.run_id())).collect();
            names.join(", ")
        };
        let Some(latest) = all.first() else { return Err(IncidentError::NothingRecorded) };
        if name == "latest" {
            return Ok(Incident::read_folder(latest.clone(), &self.runs)?);
        }
        let is_it = |folder: &&Folder| {
            let id = folder.run_id().as_str();
            !name.is_empty() && (id.starts_with(name) || id.ends_with(name))
        };
        let matching: Vec<&Folder> = all.iter().filter(is_it).collect();
        match matching.as_slice() {
            [one] => Ok(Incident::read_folder((*one).clone(), &self.runs)?),
            [] => {
                let candidates = listed(&all.iter().collect::<Vec<_>>());
                Err(IncidentError::NoMatch { name: name.to_owned(), candidates })
            }
            several => Err(IncidentError::Ambiguous { name: name.to_owned(), candidates: listed(several) }),
        }
    }
}

impl Incident {
    /// Reads the journal in a folder.
    pub fn read_folder(folder: Folder, runs: &Path) -> Result<Self, JournalError> {
        let events = journal::read_journal(folder.folder_path())?.events;
        let state = IncidentState::from_events(&events);
        Ok(Self { folder, runs: runs.to_owned(), events, state })
    }

    /// Reads the journal again, as another process may have written.
    pub fn reread_journal(&mut self) -> Result<(), JournalError> {
        self.events = journal::read_journal(self.folder.folder_path())?.events;
        self.state = IncidentState::from_events(&self.events);
        Ok(())
    }

    /// Id of the incident.
    pub fn id(&self) -> &IncidentId {
        self.folder.run_id()
    }

    /// Folder with the journal and the copy of the runbook.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Folder of one of the incident's runs.
    pub fn run_folder(&self, run: &RunId) -> PathBuf {
        self.runs.join(run.as_str())
    }

    /// Records facts in order, after reading what others wrote, and returns the events. Fails if another process holds the lock
    /// for more than two seconds.
    pub fn record_facts(
        &mut self,
        facts: Vec<IncidentFact>,
        author: &Author,
        now: &Now,
    ) -> Result<Vec<Event>, JournalError> {
        let mut tries = 0;
        let mut writer = loop {
            match JournalWriter::open_journal(self.folder.folder_path(), self.folder.run_id()) {
                Err(JournalError::Locked { .. }) if tries < LOCK_ATTEMPTS => {
                    tries += 1;
                    std::thread::sleep(LOCK_RETRY_PAUSE);
                }
                opened => break opened?,
            }
        };
        self.reread_journal()?;
        let seen = self.last_run_events();
        let events = append_facts(&mut writer, facts, &seen, author, now)?;
        for event in &events {
            self.state.apply_event(event);
        }
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    /// Returns the last event of each of the incident's runs.
    fn last_run_events(&self) -> Vec<(RunId, Seq)> {
        let runs = self.state.runs.iter().map(|joined| &joined.fact.run);
        runs.map(|run| (run.clone(), journal::read_last_seq(&self.run_folder(run)).unwrap_or(Seq(0)))).collect()
    }
}

fn append_facts(
    writer: &mut JournalWriter,
    facts: Vec<IncidentFact>,
    seen: &[(RunId, Seq)],
    author: &Author,
    now: &Now,
) -> Result<Vec<Event>, JournalError> {
    let fact = |mut what: IncidentFact| {
        without_secrets(&mut what, &author.masker);
        Fact::Incident(IncidentEvent {
            by: author.masker.mask_text(&author.user).into_owned(),
            host: author.host.clone(),
            boot: now.boot_id.clone(),
            seen: seen.to_vec(),
            what,
        })
    };
    let facts: Vec<Fact> = facts.into_iter().map(fact).collect();
    writer.append_facts(&facts, now.at)
}
