//! Who is whose child, as `/proc` says.
//!
//! Invariant: without `/proc` the answers are empty, never an error. Refuses to know: why it is asked.

use rustix::process::Pid;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::Duration;

const ANCESTORS_LIMIT: usize = 256;
/// A process that does not come to rest in 100 ms is looked at as it is.
const REST_TRIES: usize = 200;
const REST_PAUSE: Duration = Duration::from_micros(500);
/// Fields of `/proc/PID/stat` behind the name, from 0 (proc(5)).
const GROUP: usize = 2;
const FOREGROUND: usize = 5;
const STARTED: usize = 19;
/// Unit of `STARTED`; the same on every usual Linux.
const TICKS_A_SECOND: f64 = 100.0;
/// Precision of times in `/proc`, in seconds.
const CLOCK_GRAIN_S: f64 = 0.05;
/// Longer command lines are cut to this many characters.
const LINE_LIMIT: usize = 60;

/// The processes of a group.
pub(super) fn group_members(group: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(|&pid| parent_and_group(pid).is_some_and(|(_, of)| of == Some(group)))
        .collect()
}

/// Description of a subshell of the session's bash, instead of its command line.
pub(super) const SUBSHELL: &str = "a subshell";

/// A process, described for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// Command line, cut to [`LINE_LIMIT`].
    pub(super) line: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.line == SUBSHELL { "" } else { "`" };
        write!(f, "{quote}{}{quote} (process {})", self.line, self.pid.as_raw_nonzero())
    }
}

/// Children of the recorder. Their list in `/proc` is read after every command, so the file is kept open.
#[derive(Debug, Default)]
pub(super) struct ChildList {
    list: Option<File>,
    text: Vec<u8>,
}

impl ChildList {
    /// All children but the shell: processes that have outlived their parents.
    pub(super) fn except_shell(&mut self, one: Option<Pid>) -> Vec<Process> {
        self.read_list();
        let pids = self.text.split(u8::is_ascii_whitespace);
        let pids = pids.filter_map(|pid| std::str::from_utf8(pid).ok()?.parse().ok()).filter_map(positive_pid);
        pids.filter(|&pid| Some(pid) != one).filter_map(describe_process).collect()
    }

    fn read_list(&mut self) {
        self.text.clear();
        if self.list.is_none() {
            let me = rustix::process::getpid().as_raw_nonzero();
            self.list = File::open(format!("/proc/self/task/{me}/children")).ok();
        }
        let Some(list) = &self.list else { return };
        let mut part = [0; 512];
        while let Ok(count @ 1..) = list.read_at(&mut part, self.text.len() as u64) {
            self.text.extend_from_slice(part.get(..count).unwrap_or_default());
            // A short answer is the whole of it.
            if count < part.len() {
                break;
            }
        }
    }
}

fn describe_process(pid: Pid) -> Option<Process> {
    let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    // A process without arguments is a zombie.
    let line = String::from_utf8_lossy(line.split(|&byte| byte == 0).collect::<Vec<_>>().join(&b' ').trim_ascii_end())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LINE_LIMIT)
        .collect::<String>();
    let line = if line.contains("--noprofile --noediting") { SUBSHELL.to_owned() } else { line };
    (!line.is_empty()).then_some(Process { pid, line })
}

/// True if a process is a subshell, or about to become a program.
pub(super) fn is_subshell(pid: Pid) -> bool {
    describe_process(pid).is_some_and(|process| process.line == SUBSHELL)
}

/// True if a process waits for one of its children, as far as the kernel tells.
pub(super) fn waits_for_child(pid: Pid) -> bool {
    std::fs::read(format!("/proc/{}/wchan", pid.as_raw_nonzero())).is_ok_and(|what| what == b"do_wait")
}

/// The youngest child that a shell waits for while the shell itself is in the foreground.
///
/// Only a child that leads its own process group and started at most `no_longer_ago` counts.
pub(super) fn abandoned_child(shell: Pid, no_longer_ago: Duration) -> Option<Pid> {
    let of_shell = stat_fields(shell)?;
    let fields: Vec<&str> = of_shell.split_ascii_whitespace().collect();
    let number = |fields: &[&str], index: usize| fields.get(index).and_then(|field| field.parse::<i64>().ok());
    let in_front = number(&fields, FOREGROUND)? == i64::from(shell.as_raw_nonzero().get());
    if !in_front || !waits_for_child(shell) {
        return None;
    }
    let path = format!("/proc/{0}/task/{0}/children", shell.as_raw_nonzero());
    let children = std::fs::read_to_string(path).ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let started = |pid: Pid| {
        let stat = stat_fields(pid)?;
        let fields: Vec<&str> = stat.split_ascii_whitespace().collect();
        let leads = number(&fields, GROUP)? == i64::from(pid.as_raw_nonzero().get());
        let age = uptime - fields.get(STARTED)?.parse::<f64>().ok()? / TICKS_A_SECOND;
        (leads && age <= no_longer_ago.as_secs_f64() + CLOCK_GRAIN_S).then_some(age)
    };
    // The list is in the order of starts, so the last of those that began in the same tick is the youngest.
    let pids = children.split_ascii_whitespace().rev().filter_map(|pid| pid.parse().ok().and_then(positive_pid));
    let young = pids.filter_map(|pid| Some((started(pid)?, pid)));
    young.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, pid)| pid)
}

/// Descriptors open in a process, each with the file it is open on.
fn open_descriptors(pid: Pid) -> BTreeSet<(i32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())) else { return BTreeSet::new() };
    let open = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, std::fs::read_link(entry.path()).ok()?))
    });
    open.collect()
}

/// Descriptors of bash once it waits and is not writing to descriptor `reports`.
///
/// bash moves its descriptors about while it reports its state, which it does after the command's end.
pub(super) fn descriptors_at_rest(pid: Pid, reports: i32) -> BTreeSet<(i32, PathBuf)> {
    let mut open = BTreeSet::new();
    for _ in 0..REST_TRIES {
        let rests = is_sleeping(pid);
        open = open_descriptors(pid);
        let on = |number| open.iter().find(|(other, _)| *other == number).map(|(_, on)| on);
        if rests && (on(1).is_none() || on(1) != on(reports)) {
            break;
        }
        std::thread::sleep(REST_PAUSE);
    }
    open
}

/// True if `pid` descends from `ancestor`.
///
/// Everything that bash starts descends from the recorder, even in another session: orphans become its children.
pub(super) fn is_descendant(mut pid: Pid, ancestor: Pid) -> bool {
    for _ in 0..ANCESTORS_LIMIT {
        match parent_and_group(pid).and_then(|(parent, _)| parent) {
            Some(parent) if parent == ancestor => return true,
            Some(parent) => pid = parent,
            None => return false,
        }
    }
    true
}

/// True if the shell or a descendant waits for a key, as far as the kernel tells.
pub(super) fn reads_terminal(shell: Pid) -> bool {
    let waits = |pid: Pid| {
        let what = std::fs::read(format!("/proc/{}/wchan", pid.as_raw_nonzero())).unwrap_or_default();
        matches!(what.as_slice(), b"n_tty_read" | b"wait_woken")
    };
    let Ok(entries) = std::fs::read_dir("/proc") else { return false };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .any(|pid| waits(pid) && (pid == shell || is_descendant(pid, shell)))
}

/// Parent and process group of a process.
fn parent_and_group(pid: Pid) -> Option<(Option<Pid>, Option<Pid>)> {
    let stat = stat_fields(pid)?;
    let mut fields = stat.split_ascii_whitespace().skip(1).map(|field| field.parse().ok().and_then(positive_pid));
    Some((fields.next()?, fields.next()?))
}

/// True if a process sleeps. Also true if `/proc` does not say.
fn is_sleeping(pid: Pid) -> bool {
    stat_fields(pid).is_none_or(|stat| stat.trim_start().starts_with('S'))
}

/// Fields of `/proc/PID/stat` after the process's name: state, parent, group and more.
fn stat_fields(pid: Pid) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name stands in parentheses and may contain some.
    let after = stat.iter().rposition(|&byte| byte == b')')?;
    Some(std::str::from_utf8(stat.get(after + 1..)?).ok()?.to_owned())
}

fn positive_pid(number: i32) -> Option<Pid> {
    Pid::from_raw(number).filter(|_| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_descends_from_its_parent_and_not_from_itself() {
        let me = rustix::process::getpid();
        let parent = rustix::process::getppid().unwrap();
        assert!(is_descendant(me, parent));
        assert!(!is_descendant(parent, me));
        assert!(group_members(rustix::process::getpgrp()).contains(&me));
    }
}
