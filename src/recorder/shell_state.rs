//! The state of the shell between commands, as far as bash has reported it.
//!
//! Invariant: errs on the side of a change: until bash has reported its state after a command, the state counts as unknown.
//! Refuses to know: how a state is restored.

use super::plain::leaves_state;
use super::processes::{self, Process};
use super::restore::RestoreScript;
use super::shell_port::{OpenDescriptors, ShellPort};
use super::snapshot::ShellDump;
use crate::history::CommandStarted;
use rustix::process::Pid;
use std::collections::BTreeSet;
use std::path::Path;

/// More surviving processes than this are counted, not named.
const NAMED_LIMIT: usize = 5;

/// Facts about the last command that decide how the next one is given to bash.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    /// True if the command finished as [`FinishedCommand::is_plain`](super::protocol::FinishedCommand::is_plain) defines.
    pub(super) is_plain: bool,
    /// True if the command may have changed the ERR trap.
    pub(super) check_trap: bool,
    /// `$-` at the command's end; `None` until this bash has reported it.
    pub(super) flags: Option<String>,
    /// Name of the file that this bash sourced last.
    pub(super) file: String,
}

impl Carried {
    /// True if the option with this letter is on.
    pub(super) fn has_option(&self, letter: char) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.contains(letter))
    }

    /// True if no option is on that `boot.bash` must switch off around its own code.
    pub(super) fn is_neutral(&self) -> bool {
        self.flags.as_ref().is_some_and(|flags| !flags.contains(['a', 'e', 'n', 'u', 'v', 'x']))
    }
}

/// Descriptors that commands opened in bash; a new bash does not have them.
#[derive(Debug, Default)]
struct OpenedDescriptors {
    /// Numbers open now that were not open at the start.
    numbers: BTreeSet<i32>,
    /// Descriptors of the start, with their files: bash may reuse the number of a file that it has closed since.
    ///
    /// `None` until the first command: while bash starts and reports its state, it moves them about.
    at_start: Option<OpenDescriptors>,
    /// True if a command that may open descriptors has run since they were last looked at.
    is_stale: bool,
}

/// State of the shell between commands, for a new bash.
#[derive(Debug, Default)]
pub(super) struct ShellState {
    /// State before the first command.
    pub(super) start: Option<ShellDump>,
    /// State that bash reported last.
    now: Option<ShellDump>,
    /// Number of the command, or preparation, whose state bash has not reported yet.
    awaits: Option<u64>,
    /// Counts the changes of functions and aliases.
    edition: u64,
    /// Snapshot that was written last, or found at the start.
    pub(super) last: Option<RestoreScript>,
    /// Number of the request that reads the rc file or restores a state.
    pub(super) preparing: u64,
    descriptors: OpenedDescriptors,
    /// True if a command may have set limits with `ulimit`.
    limits_changed: bool,
    /// True if a command that may change the shell has named LINENO, and may have unset it.
    lines_named: bool,
    children: processes::ChildList,
    /// Numbers of the surviving processes that were reported already.
    known_orphans: BTreeSet<i32>,
    /// Status of the last command.
    pub(super) status: i32,
}

impl ShellState {
    /// Starts from the snapshot that an earlier recorder of the same run has written, if there is one.
    pub(super) fn from_snapshot(path: Option<&Path>) -> Self {
        let last = path.and_then(|path| std::fs::read(path).ok()).and_then(RestoreScript::from_script);
        Self { last, ..Self::default() }
    }

    /// Edition of the functions and aliases, and the state they are part of.
    pub(super) fn latest_dump(&self) -> (u64, Option<&ShellDump>) {
        (self.edition, self.now.as_ref())
    }

    /// Makes `dump` the current state.
    pub(super) fn set_current(&mut self, dump: &ShellDump) {
        let is_same = self.now.as_ref().is_some_and(|now| {
            let same_option = now.shopt.contains("expand_aliases") == dump.shopt.contains("expand_aliases");
            same_option && now.functions == dump.functions && now.aliases == dump.aliases
        });
        self.edition += u64::from(!is_same);
        self.now = Some(dump.clone());
    }

    /// Notes that bash has reported its state after the request `id`; 0 is its start.
    pub(super) fn state_reported(&mut self, id: u64) {
        if id == 0 || self.awaits == Some(id) {
            self.awaits = None;
        }
    }

    /// Drops a state that has ended a new bash.
    pub(super) fn forget_state(&mut self) {
        self.last = None;
        self.now = None;
    }

    /// Finds the descriptors that the last command left open. Called while bash waits for a request.
    pub(super) fn look_at_descriptors(&mut self, shell: &dyn ShellPort) {
        let descriptors = &mut self.descriptors;
        let Some(start) = &descriptors.at_start else {
            descriptors.at_start = Some(shell.open_descriptors());
            descriptors.is_stale = false;
            return;
        };
        if std::mem::take(&mut descriptors.is_stale) {
            let open = shell.open_descriptors();
            descriptors.numbers = open.difference(start).map(|(number, _)| *number).collect();
        }
    }

    /// True if a command cannot change the shell. Never true while the shell's state is unknown.
    pub(super) fn is_left_by(&self, started: &CommandStarted) -> bool {
        self.awaits.is_none() && self.now.as_ref().is_some_and(|now| leaves_state(&started.text, now))
    }

    /// True if the shell is known to have a trap of its own for SIGINT.
    pub(super) fn traps_interrupts(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.traps.iter().any(|trap| trap.name == "SIGINT" || trap.name == "INT"))
    }

    /// True if LINENO can be assigned: it is bash's own, not readonly, and `[[`, which assigns it, is no alias.
    pub(super) fn can_set_line(&self) -> bool {
        let is_readonly = |text: &[u8]| {
            let flags = text.split(|&byte| byte == b' ').nth(1);
            flags.is_some_and(|flags| flags.contains(&b'r'))
        };
        let Some(now) = self.now.as_ref().filter(|_| !self.lines_named) else { return false };
        let mut variables = now.variables.iter();
        !variables.any(|variable| variable.name == "LINENO" && is_readonly(&variable.text))
            && !now.aliases.iter().any(|alias| alias.name == "[[")
    }

    /// Notes that a request which may change the shell was sent.
    pub(super) fn may_change(&mut self, id: u64) {
        self.awaits = Some(id);
    }

    /// Notes what a command may do to the shell that bash does not report.
    pub(super) fn will_run(&mut self, started: &CommandStarted, same_shell: bool) {
        self.limits_changed |= started.text.contains("ulimit");
        self.lines_named |= !same_shell && started.text.contains("LINENO");
        self.descriptors.is_stale = started.text.contains("exec") || started.text.contains("coproc");
    }

    /// Children of the recorder other than the shell: processes that have outlived their parents.
    pub(super) fn surviving_processes(&mut self, shell: Option<Pid>) -> Vec<Process> {
        self.children.except_shell(shell)
    }

    /// Programs that have outlived their parents since the last call.
    pub(super) fn new_orphans(&mut self, shell: Option<Pid>) -> Vec<String> {
        let mut orphans = self.surviving_processes(shell);
        // A subshell may be about to become a program; it is named once it is one.
        orphans.retain(|orphan| orphan.line != processes::SUBSHELL);
        let pids: BTreeSet<i32> = orphans.iter().map(|orphan| orphan.pid.as_raw_nonzero().get()).collect();
        let known = std::mem::replace(&mut self.known_orphans, pids);
        let new = orphans.iter().filter(|orphan| !known.contains(&orphan.pid.as_raw_nonzero().get()));
        new.map(ToString::to_string).collect()
    }

    /// Describes what a new bash lacks, and starts over: from here on nothing is missing.
    pub(super) fn take_missing(&mut self, shell: Option<Pid>) -> String {
        let missing = self.describe_missing(shell);
        self.descriptors.numbers.clear();
        self.descriptors.at_start = None;
        self.limits_changed = false;
        missing
    }

    fn describe_missing(&mut self, shell: Option<Pid>) -> String {
        let mut missing = Vec::new();
        if let Some(last) = self.last.as_ref().filter(|last| !last.left_out.is_empty()) {
            missing.push(format!("{} (secrets are not kept)", join_quoted(&last.left_out)));
        }
        if !self.descriptors.numbers.is_empty() {
            let list: Vec<String> = self.descriptors.numbers.iter().map(ToString::to_string).collect();
            missing.push(format!("open descriptors {}", list.join(", ")));
        }
        if self.limits_changed {
            missing.push("limits (`ulimit`)".to_owned());
        }
        let jobs = self.surviving_processes(shell);
        if !jobs.is_empty() {
            let some: Vec<String> = jobs.iter().take(NAMED_LIMIT).map(ToString::to_string).collect();
            let more = jobs.len().saturating_sub(NAMED_LIMIT);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            missing.push(format!("jobs, which go on by themselves: {}{more}", some.join(", ")));
        }
        missing.join("; ")
    }
}

fn join_quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
