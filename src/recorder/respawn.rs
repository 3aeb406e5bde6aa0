//! The state of the shell, kept in a snapshot and given to the bash that replaces a dead one.
//!
//! Invariant: a state is restored once; if it ends the new bash too, the next one starts without it. Whatever is not
//! restored is named. Refuses to know: the meaning of bash's texts.

use super::activity::Activity;
use super::folder::write_private;
use super::restore::RestoreScript;
use super::session::{RESTORE_FILE, Session};
use super::snapshot::ShellDump;
use crate::history::{Fact, StateLost};

/// Name of the snapshot in the run's folder.
const SNAPSHOT_FILE: &str = "snapshot";
const SNAPSHOT_DRAFT: &str = ".snapshot";

impl Session {
    /// Keeps the state that bash reported after the request `id`; 0 is its start.
    pub(super) fn accept_snapshot(&mut self, id: u64, dump: &ShellDump) {
        let slot = &mut self.shell;
        slot.state.state_reported(id);
        if id == 0 || (id == slot.state.preparing && slot.state.start.is_none()) {
            slot.state.start = Some(dump.clone());
            slot.state.set_current(dump);
            return;
        }
        // If a command has been sent since, they were looked at before it.
        if let (Some(shell), Activity::Idle) = (&slot.live, &self.activity) {
            slot.state.look_at_descriptors(shell.as_ref());
        }
        let Some(start) = &slot.state.start else { return };
        let masker = self.record.fact_masker();
        self.masking.unseen.learn_from_state(dump);
        let unseen = &self.masking.unseen;
        let is_secret = |name: &str, text: &[u8]| {
            unseen.is_named(name) || unseen.is_in(text) || matches!(masker.mask_bytes(text), std::borrow::Cow::Owned(_))
        };
        let snapshot = RestoreScript::from_difference(dump, start, is_secret);
        slot.state.set_current(dump);
        if slot.state.last.as_ref() == Some(&snapshot) {
            return;
        }
        if self.ending.is_completed {
            return;
        }
        let path = self.options.folder.join(SNAPSHOT_FILE);
        let draft = self.options.folder.join(SNAPSHOT_DRAFT);
        // Not synced: after a crash of the machine only the record is needed to resume.
        if write_private(&draft, &snapshot.script).is_ok() {
            drop(std::fs::rename(&draft, &path));
        }
        slot.state.last = Some(snapshot);
    }

    /// Removes the snapshot of a completed run: nobody needs it, and variables may hold more than a record should keep.
    pub(super) fn remove_snapshot(&self) {
        for name in [SNAPSHOT_FILE, SNAPSHOT_DRAFT] {
            drop(std::fs::remove_file(self.options.folder.join(name)));
        }
    }

    /// Gives a new bash the state of the last one. False if there is none, or if it cannot be handed over.
    pub(super) fn begin_restore(&mut self) -> bool {
        let Some(snapshot) = self.shell.state.last.clone() else { return false };
        let mut script = snapshot.script;
        script.extend_from_slice(format!("__rb_st={0} __rb_ps={0}\n", self.shell.state.status).as_bytes());
        if !self.shell.write_setup_file(RESTORE_FILE, &script) {
            self.note_not_restored("the state could not be written for it");
            return false;
        }
        self.activity = Activity::Restoring(self.shell.send_setup(RESTORE_FILE));
        true
    }

    /// Names, for the operator and the record, what the new bash lacks.
    pub(super) fn record_missing_state(&mut self) {
        let shell = self.shell.local_pid();
        let missing = self.shell.state.take_missing(shell);
        self.note_not_restored(&missing);
    }

    /// Drops a state that has ended the new bash as well.
    pub(super) fn abandon_restore(&mut self) {
        self.shell.state.forget_state();
        self.note_not_restored("anything: the state itself ended the shell");
    }

    /// Adds what is missing to the message about the new bash. Does nothing if the engine did not have another one before.
    pub(super) fn note_not_restored(&mut self, missing: &str) {
        if let Some(respawned) = self.shell.respawned.as_mut().filter(|_| !missing.is_empty()) {
            respawned.push_str("; not restored: ");
            respawned.push_str(missing);
            self.record.add_pending(Fact::StateLost(StateLost { what: missing.to_owned() }));
        }
    }
}
