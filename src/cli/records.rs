//! Finds the record of a run or an incident by the name that was typed.
//!
//! Invariant: a name that fits more than one record is refused.

use super::error::Failure;
use crate::journal::{Folder, FolderError, Folders};
use std::path::Path;

/// The run of a name; the latest without one.
pub(super) fn find(root: &Path, name: Option<&str>) -> Result<Folder, Failure> {
    Folders::under(root).find(name.unwrap_or("latest")).map_err(|error| match error {
        FolderError::NoRuns(_) => {
            Failure::usage("no run is recorded yet").help("`runbook run FILE#PROCEDURE` records one")
        }
        other => Failure::usage(other.to_string()),
    })
}

/// A record that somebody means.
pub(super) enum Record {
    /// Of a run.
    Run(Folder),
    /// Of an incident.
    Incident(Folder),
}

/// The record of a name, a run's or an incident's, which lie beside each other; the latest run's without one. A name that fits both
/// is refused: what is done to the wrong one may not be undone.
pub(super) fn record(root: &Path, name: Option<&str>) -> Result<Record, Failure> {
    let incidents = Folders::under(root.with_file_name("incidents"));
    let Some(name) = name.filter(|name| *name != "latest") else { return find(root, name).map(Record::Run) };
    if name.contains('/') {
        let folder = find(root, Some(name))?;
        let is_incident = folder.path().parent().and_then(Path::file_name) == incidents.root().file_name();
        return Ok(if is_incident { Record::Incident(folder) } else { Record::Run(folder) });
    }
    match (Folders::under(root).find(name), incidents.find(name)) {
        (Ok(run), Ok(incident)) => {
            let message = format!("`{name}` matches the run `{}` and the incident `{}`", run.run(), incident.run());
            Err(Failure::usage(message).help("give more of the name, or the path of the folder"))
        }
        (Err(FolderError::Unknown { .. } | FolderError::NoRuns(_)), Ok(incident)) => Ok(Record::Incident(incident)),
        (Err(FolderError::Unknown { .. } | FolderError::NoRuns(_)), Err(FolderError::Ambiguous { candidates, .. })) => {
            let names: Vec<_> = candidates.iter().map(|id| format!("`{id}`")).collect();
            Err(Failure::usage(format!(
                "`{name}` matches several incidents: {}; give more of the name",
                names.join(", ")
            )))
        }
        _ => find(root, Some(name)).map(Record::Run),
    }
}
