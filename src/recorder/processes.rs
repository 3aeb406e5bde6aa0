//! Who is whose child, as `/proc` says.
//!
//! Invariant: without `/proc` the answers are empty, never an error. Refuses to know: why it is asked.

use rustix::process::Pid;

const ANCESTORS_LIMIT: usize = 256;

/// The processes of a group.
pub(super) fn group_members(group: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(|&pid| rustix::process::getpgid(Some(pid)) == Ok(group))
        .collect()
}

/// Whether a process descends from this one: everything bash starts does, even what has left its session, because
/// orphans are handed to the recorder.
pub(super) fn is_descendant(mut pid: Pid, ancestor: Pid) -> bool {
    for _ in 0..ANCESTORS_LIMIT {
        match parent(pid) {
            Some(parent) if parent == ancestor => return true,
            Some(parent) => pid = parent,
            None => return false,
        }
    }
    true
}

fn parent(pid: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}
