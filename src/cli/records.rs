//! Finds the record of a run or an incident by the name that was typed.
//!
//! Invariant: a name that fits more than one record is refused.

use super::error::Failure;
use crate::journal::{Folder, FolderError, Folders};
use std::path::Path;

/// Finds a run by name: its id, the beginning or end of it, or its folder; the latest run without a name. Fails when no run matches,
/// or more than one does.
pub(super) fn find_run(root: &Path, name: Option<&str>) -> Result<Folder, Failure> {
    Folders::with_root(root).find_run(name.unwrap_or("latest")).map_err(|error| match error {
        FolderError::NoRuns(_) => {
            Failure::usage_error("no run is recorded yet").with_help("`runbook run FILE#PROCEDURE` records one")
        }
        other => Failure::usage_error(other.to_string()),
    })
}

/// A record that was named on the command line.
pub(super) enum NamedRecord {
    /// The folder of a run.
    Run(Folder),
    /// The folder of an incident.
    Incident(Folder),
}

/// Finds the run or the incident of a name; the latest run without a name. Fails when the name fits both kinds: `redact` on the wrong
/// record cannot be undone.
pub(super) fn find_record(root: &Path, name: Option<&str>) -> Result<NamedRecord, Failure> {
    let incidents = Folders::with_root(root.with_file_name("incidents"));
    let Some(name) = name.filter(|name| *name != "latest") else { return find_run(root, name).map(NamedRecord::Run) };
    if name.contains('/') {
        let folder = find_run(root, Some(name))?;
        let is_incident = folder.folder_path().parent().and_then(Path::file_name) == incidents.root_path().file_name();
        return Ok(if is_incident { NamedRecord::Incident(folder) } else { NamedRecord::Run(folder) });
    }
    match (Folders::with_root(root).find_run(name), incidents.find_run(name)) {
        (Ok(run), Ok(incident)) => {
            let message =
                format!("`{name}` matches the run `{}` and the incident `{}`", run.run_id(), incident.run_id());
            Err(Failure::usage_error(message).with_help("give more of the name, or the path of the folder"))
        }
        (Err(FolderError::Unknown { .. } | FolderError::NoRuns(_)), Ok(incident)) => {
            Ok(NamedRecord::Incident(incident))
        }
        (Err(FolderError::Unknown { .. } | FolderError::NoRuns(_)), Err(FolderError::Ambiguous { candidates, .. })) => {
            let names: Vec<_> = candidates.iter().map(|id| format!("`{id}`")).collect();
            Err(Failure::usage_error(format!(
                "`{name}` matches several incidents: {}; give more of the name",
                names.join(", ")
            )))
        }
        _ => find_run(root, Some(name)).map(NamedRecord::Run),
    }
}
