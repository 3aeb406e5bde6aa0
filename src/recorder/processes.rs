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
/// The unit of the last of them, which is the same on every Linux that has not been built otherwise.
const TICKS_A_SECOND: f64 = 100.0;
/// How exact `/proc` is about time, in seconds.
const CLOCK_GRAIN_S: f64 = 0.05;
/// Of a command line this much is told.
const LINE_LIMIT: usize = 60;

/// The processes of a group.
pub(super) fn group_members(group: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter(|&pid| relatives(pid).is_some_and(|(_, of)| of == Some(group)))
        .collect()
}

/// What stands for a command line that is bash's own.
pub(super) const SUBSHELL: &str = "a subshell";

/// A process, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// How it was called.
    pub(super) line: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.line == SUBSHELL { "" } else { "`" };
        write!(f, "{quote}{}{quote} (process {})", self.line, self.pid.as_raw_nonzero())
    }
}

/// This process's children, as `/proc` lists them. The list is looked at after every command, so it is kept open.
#[derive(Debug, Default)]
pub(super) struct Children {
    list: Option<File>,
    text: Vec<u8>,
}

impl Children {
    /// All but one: what has outlived its parents.
    pub(super) fn but(&mut self, one: Option<Pid>) -> Vec<Process> {
        self.read();
        let pids = self.text.split(u8::is_ascii_whitespace);
        let pids = pids.filter_map(|pid| std::str::from_utf8(pid).ok()?.parse().ok()).filter_map(positive);
        pids.filter(|&pid| Some(pid) != one).filter_map(process).collect()
    }

    fn read(&mut self) {
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

fn process(pid: Pid) -> Option<Process> {
    let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    // A process without arguments has ended, and waits to be taken leave of.
    let line = String::from_utf8_lossy(line.split(|&byte| byte == 0).collect::<Vec<_>>().join(&b' ').trim_ascii_end())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LINE_LIMIT)
        .collect::<String>();
    let line = if line.contains("--noprofile --noediting") { SUBSHELL.to_owned() } else { line };
    (!line.is_empty()).then_some(Process { pid, line })
}

/// Whether a process is one of bash's own, or about to become a program.
pub(super) fn is_subshell(pid: Pid) -> bool {
    process(pid).is_some_and(|process| process.line == SUBSHELL)
}

/// Whether a process waits for one of its children, as far as the kernel tells.
pub(super) fn waits_for_child(pid: Pid) -> bool {
    std::fs::read(format!("/proc/{}/wchan", pid.as_raw_nonzero())).is_ok_and(|what| what == b"do_wait")
}

/// The child that a shell has left behind and waits for: one that leads a group of its own, which is not the one in the foreground,
/// started no longer ago than this, while the shell is in the foreground itself.
pub(super) fn left_behind(shell: Pid, no_longer_ago: Duration) -> Option<Pid> {
    let of_shell = stat(shell)?;
    let fields: Vec<&str> = of_shell.split_ascii_whitespace().collect();
    let number = |fields: &[&str], place: usize| fields.get(place).and_then(|field| field.parse::<i64>().ok());
    let in_front = number(&fields, FOREGROUND)? == i64::from(shell.as_raw_nonzero().get());
    if !in_front || !waits_for_child(shell) {
        return None;
    }
    let path = format!("/proc/{0}/task/{0}/children", shell.as_raw_nonzero());
    let children = std::fs::read_to_string(path).ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let started = |pid: Pid| {
        let stat = stat(pid)?;
        let fields: Vec<&str> = stat.split_ascii_whitespace().collect();
        let leads = number(&fields, GROUP)? == i64::from(pid.as_raw_nonzero().get());
        let age = uptime - fields.get(STARTED)?.parse::<f64>().ok()? / TICKS_A_SECOND;
        (leads && age <= no_longer_ago.as_secs_f64() + CLOCK_GRAIN_S).then_some(age)
    };
    // They are listed in the order of their starts, which tells those apart that have begun in the same tick.
    let pids = children.split_ascii_whitespace().rev().filter_map(|pid| pid.parse().ok().and_then(positive));
    let young = pids.filter_map(|pid| Some((started(pid)?, pid)));
    young.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, pid)| pid)
}

/// The descriptors that a process has open, each with what it is open on.
fn descriptors(pid: Pid) -> BTreeSet<(i32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())) else { return BTreeSet::new() };
    let open = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse().ok()?, std::fs::read_link(entry.path()).ok()?))
    });
    open.collect()
}

/// The same, once the process waits for something and is not in the middle of writing to `reports`: bash moves its
/// descriptors about while it tells of itself, which it does after a command's end is known.
pub(super) fn descriptors_at_rest(pid: Pid, reports: i32) -> BTreeSet<(i32, PathBuf)> {
    let mut open = BTreeSet::new();
    for _ in 0..REST_TRIES {
        let rests = waits(pid);
        open = descriptors(pid);
        let on = |number| open.iter().find(|(other, _)| *other == number).map(|(_, on)| on);
        if rests && (on(1).is_none() || on(1) != on(reports)) {
            break;
        }
        std::thread::sleep(REST_PAUSE);
    }
    open
}

/// Whether a process descends from this one: everything bash starts does, even what has left its session, because
/// orphans are handed to the recorder.
pub(super) fn is_descendant(mut pid: Pid, ancestor: Pid) -> bool {
    for _ in 0..ANCESTORS_LIMIT {
        match relatives(pid).and_then(|(parent, _)| parent) {
            Some(parent) if parent == ancestor => return true,
            Some(parent) => pid = parent,
            None => return false,
        }
    }
    true
}

/// Whether a process of the shell's session waits for a key from its terminal, as far as the kernel tells.
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

/// A process's parent and group; none where the kernel has none.
fn relatives(pid: Pid) -> Option<(Option<Pid>, Option<Pid>)> {
    let stat = stat(pid)?;
    let mut fields = stat.split_ascii_whitespace().skip(1).map(|field| field.parse().ok().and_then(positive));
    Some((fields.next()?, fields.next()?))
}

/// Whether a process waits for something. Without an answer it is taken to.
fn waits(pid: Pid) -> bool {
    stat(pid).is_none_or(|stat| stat.trim_start().starts_with('S'))
}

/// What `/proc/PID/stat` says after the process's name: its state, its parent, its group, and more.
fn stat(pid: Pid) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name stands in parentheses and may contain some.
    let after = stat.iter().rposition(|&byte| byte == b')')?;
    Some(std::str::from_utf8(stat.get(after + 1..)?).ok()?.to_owned())
}

fn positive(number: i32) -> Option<Pid> {
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
