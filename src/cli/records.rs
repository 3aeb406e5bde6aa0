//! Finds the record of a run or an incident by the name that was typed.
//!
//! Invariant: a name that fits more than one record is refused.

use super::error::Failure;
use crate::journal::{Folder, FolderError, Folders};
use std::path::Path;

/// Finds a run by name: its id, the beginning or end of it, or its folder; the latest run without a name. Fails when no run matches,
/// or more than one does.
pub(super) fn find(root: &Path, name: Option<&str>) -> Result<Folder, Failure> {
    Folders::under(root).find(name.unwrap_or("latest")).map_err(|error| match error {
        FolderError::NoRuns(_) => {
            Failure::usage("no run is recorded yet").help("`runbook run FILE#PROCEDURE` records one")
        }
        other => Failure::usage(other.to_string()),
    })
}

/// A record that was named on the command line.
pub(super) enum Record {
    /// The folder of a run.
    Run(Folder),
    /// The folder of an incident.
    Incident(Folder),
}

/// Finds the run or the incident of a name; the latest run without a name. Fails when the name fits both kinds: `redact` on the wrong
/// record cannot be undone.
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
