//! A new bash in the place of one that died.
//!
//! Invariant: a state is restored once; when that ends bash too, the next one starts without it. What is not restored is
//! named. Refuses to know: what bash's texts mean.

use super::plain::leaves_state;
use super::processes;
use super::restore::Snapshot;
use super::session::{Activity, Session, write_private};
use super::shell::REPORT_FD;
use super::snapshot::Dump;
use crate::history::{CommandStarted, Fact, StateLost};
use rustix::process::Pid;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FILE: &str = "snapshot";
/// More surviving processes than this are counted, not named.
const NAMED_LIMIT: usize = 5;

/// What is known of the state between commands, for a new bash.
#[derive(Debug, Default)]
pub(super) struct State {
    /// As it was before the first command.
    start: Option<Dump>,
    /// As it was when bash last told, and what is written of that.
    now: Option<Dump>,
    /// The command after which it has not told yet, and may be another.
    awaits: Option<u64>,
    /// Counts up whenever a function or an alias is another.
    edition: u64,
    last: Option<Snapshot>,
    /// The id of the rc file's reading, and of the restoring: neither is a command.
    pub(super) preparing: u64,
    /// Descriptors open in bash that it had not at its start.
    descriptors: BTreeSet<i32>,
    limits: bool,
    /// A command that may change the shell has named LINENO, and may have unset it.
    lines_named: bool,
    /// Something that opens descriptors has run since they were looked at.
    look: bool,
    /// Those, with what they were open on: bash may have been reading a file under a number that is used again later.
    ///
    /// None until the first command: while bash starts and tells of itself, it moves them about.
    start_descriptors: Option<BTreeSet<(i32, PathBuf)>>,
    pub(super) children: processes::Children,
    /// What has left the shell and was told of.
    orphans: BTreeSet<i32>,
    /// The status of the last command that came back.
    pub(super) status: i32,
}

impl State {
    /// With the snapshot of an earlier recorder of the same run.
    pub(super) fn new(restore: Option<&Path>) -> Self {
        let last = restore.and_then(|path| std::fs::read(path).ok()).and_then(Snapshot::from_script);
        Self { last, ..Self::default() }
    }

    /// What bash last told, and the edition of its functions and aliases.
    pub(super) fn edition(&self) -> (u64, Option<&Dump>) {
        (self.edition, self.now.as_ref())
    }

    fn keep(&mut self, dump: &Dump) {
        let same = self.now.as_ref().is_some_and(|now| {
            let same_option = now.shopt.contains("expand_aliases") == dump.shopt.contains("expand_aliases");
            same_option && now.functions == dump.functions && now.aliases == dump.aliases
        });
        self.edition += u64::from(!same);
        self.now = Some(dump.clone());
    }

    /// A command is about to be sent to bash, which waits for it: what has the last one left open?
    pub(super) fn look_at_descriptors(&mut self, bash: Pid) {
        let Some(start) = &self.start_descriptors else {
            self.start_descriptors = Some(processes::descriptors_at_rest(bash, REPORT_FD));
            self.look = false;
            return;
        };
        if std::mem::take(&mut self.look) {
            let open = processes::descriptors_at_rest(bash, REPORT_FD);
            self.descriptors = open.difference(start).map(|(number, _)| *number).collect();
        }
    }

    /// Whether a command cannot change the shell: never, as long as it is not known what the last one has made of it.
    pub(super) fn is_left_by(&self, started: &CommandStarted) -> bool {
        self.awaits.is_none() && self.now.as_ref().is_some_and(|now| leaves_state(&started.text, now))
    }

    /// Whether the shell has a trap of its own for SIGINT, as far as it has told.
    pub(super) fn traps_interrupts(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.traps.iter().any(|trap| trap.name == "SIGINT" || trap.name == "INT"))
    }

    /// Whether LINENO is what bash made it, and takes a number; and what gives it one is no alias.
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

    /// A command that may change the shell was sent to it.
    pub(super) fn may_change(&mut self, id: u64) {
        self.awaits = Some(id);
    }

    /// A command is about to run: what may it do that bash does not tell?
    pub(super) fn will_run(&mut self, started: &CommandStarted, same_shell: bool) {
        self.limits |= started.text.contains("ulimit");
        self.lines_named |= !same_shell && started.text.contains("LINENO");
        self.look = started.text.contains("exec") || started.text.contains("coproc");
    }
}

impl Session {
    /// bash has told what it is like, after the command `id`, or after the preparation of that number.
    pub(super) fn snapshot_came(&mut self, id: u64, dump: &Dump) {
        let pid = self.shell.as_ref().map(|shell| shell.pid);
        if id == 0 || self.state.awaits == Some(id) {
            self.state.awaits = None;
        }
        if id == 0 || (id == self.state.preparing && self.state.start.is_none()) {
            self.state.start = Some(dump.clone());
            self.state.keep(dump);
            return;
        }
        // When a command has been sent meanwhile, they were looked at before it.
        if let (Some(pid), Activity::Idle) = (pid, &self.activity) {
            self.state.look_at_descriptors(pid);
        }
        let Some(start) = &self.state.start else { return };
        let masker = &self.masker;
        let is_secret = |text: &[u8]| matches!(masker.bytes(text), std::borrow::Cow::Owned(_));
        let snapshot = Snapshot::of(dump, start, is_secret);
        self.state.keep(dump);
        if self.state.last.as_ref() == Some(&snapshot) {
            return;
        }
        let path = self.options.folder.join(FILE);
        let draft = self.options.folder.join(".snapshot");
        // Not synced: after a crash of the machine there is nothing to go on with anyway but the record.
        if write_private(&draft, &snapshot.script).is_ok() {
            drop(std::fs::rename(&draft, &path));
        }
        self.state.last = Some(snapshot);
    }

    /// A new bash is up: gives it the state of the last one. False when there is nothing to give.
    pub(super) fn restore(&mut self) -> bool {
        let Some(snapshot) = self.state.last.clone() else { return false };
        let file = self.folder.path().join(".restore");
        let mut script = snapshot.script;
        script.extend_from_slice(format!("__rb_st={0} __rb_ps={0}\n", self.state.status).as_bytes());
        if write_private(&file, &script).is_err() {
            self.not_restored("the state could not be written for it");
            return false;
        }
        let id = self.prepare(".restore");
        self.activity = Activity::Restoring(id, file);
        true
    }

    /// Sends a file that is no command.
    pub(super) fn prepare(&mut self, name: &str) -> u64 {
        let id = self.next_asked;
        self.next_asked += 1;
        self.state.preparing = id;
        if let Some(shell) = self.shell.as_mut() {
            shell.request(format!("r {id} b {name}\n").as_bytes());
            self.state.may_change(id);
            name.clone_into(&mut self.carried.file);
        }
        id
    }

    /// The new bash is as the last one was, but for what is named.
    pub(super) fn restored(&mut self, file: &PathBuf) {
        drop(std::fs::remove_file(file));
        self.name_missing();
    }

    /// Names what is not as it was, for the operator and for the record.
    pub(super) fn name_missing(&mut self) {
        let missing = self.missing();
        self.not_restored(&missing);
        self.state.descriptors.clear();
        self.state.start_descriptors = None;
        self.state.limits = false;
    }

    /// The state ended the new bash as well.
    pub(super) fn restoring_failed(&mut self, file: &PathBuf) {
        drop(std::fs::remove_file(file));
        self.state.last = None;
        self.state.now = None;
        self.not_restored("anything: the state itself ended the shell");
    }

    /// Programs that have left the shell since this was asked last: their parents have ended, and they have not.
    pub(super) fn new_orphans(&mut self) -> Vec<String> {
        let mut orphans = self.state.children.but(self.shell.as_ref().map(|shell| shell.pid));
        // A subshell may be about to become a program: it is named when it is one.
        orphans.retain(|orphan| orphan.line != processes::SUBSHELL);
        let pids: BTreeSet<i32> = orphans.iter().map(|orphan| orphan.pid.as_raw_nonzero().get()).collect();
        let known = std::mem::replace(&mut self.state.orphans, pids);
        let new = orphans.iter().filter(|orphan| !known.contains(&orphan.pid.as_raw_nonzero().get()));
        new.map(ToString::to_string).collect()
    }

    /// Adds to what is told of the new bash.
    pub(super) fn not_restored(&mut self, what: &str) {
        if let Some(respawned) = self.respawned.as_mut().filter(|_| !what.is_empty()) {
            respawned.push_str("; not restored: ");
            respawned.push_str(what);
            self.untold.push(Fact::StateLost(StateLost { what: what.to_owned() }));
        }
    }

    fn missing(&mut self) -> String {
        let mut missing = Vec::new();
        if let Some(last) = self.state.last.as_ref().filter(|last| !last.left_out.is_empty()) {
            missing.push(format!("{} (secrets are not kept)", named(&last.left_out)));
        }
        if !self.state.descriptors.is_empty() {
            let list: Vec<String> = self.state.descriptors.iter().map(ToString::to_string).collect();
            missing.push(format!("open descriptors {}", list.join(", ")));
        }
        if self.state.limits {
            missing.push("limits (`ulimit`)".to_owned());
        }
        let shell = self.shell.as_ref().map(|shell| shell.pid);
        let jobs = self.state.children.but(shell);
        if !jobs.is_empty() {
            let some: Vec<String> = jobs.iter().take(NAMED_LIMIT).map(ToString::to_string).collect();
            let more = jobs.len().saturating_sub(NAMED_LIMIT);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            missing.push(format!("jobs, which go on by themselves: {}{more}", some.join(", ")));
        }
        missing.join("; ")
    }
}

fn named(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
