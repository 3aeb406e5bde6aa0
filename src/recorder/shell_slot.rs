//! The session's shell: the live one, and the state that survives it.
//!
//! Invariant: at most one shell is live; numbers of requests are never used twice. Refuses to know: commands and the engine.

use super::report::ReportedEnd;
use super::shell_port::ShellPort;
use super::shell_state::{Carried, ShellState};
use super::terminal::ShellRemains;
use rustix::process::Pid;
use std::path::{Path, PathBuf};

/// Requests that are no commands are numbered from here; commands have the numbers of their events.
const FIRST_REQUEST: u64 = 1 << 62;

/// The live shell, if there is one, and everything the next one needs.
pub(super) struct ShellSlot {
    pub(super) live: Option<Box<dyn ShellPort>>,
    /// Left by the last shell, for the next one.
    pub(super) remains: ShellRemains,
    /// Working directory at the end of the last command.
    pub(super) cwd: PathBuf,
    pub(super) carried: Carried,
    pub(super) state: ShellState,
    /// How the last shell ended, until the engine hears of it.
    pub(super) respawned: Option<String>,
    /// Why no shell could be started, until an engine comes to hear of it.
    pub(super) start_failure: Option<String>,
    next_request: u64,
}

impl ShellSlot {
    /// No shell yet. The first one continues from `snapshot`, if that file is there.
    pub(super) fn without_shell(cwd: &Path, snapshot: Option<&Path>) -> Self {
        Self {
            live: None,
            remains: ShellRemains::default(),
            cwd: cwd.to_owned(),
            carried: Carried::default(),
            state: ShellState::from_snapshot(snapshot),
            respawned: None,
            start_failure: None,
            next_request: FIRST_REQUEST,
        }
    }

    pub(super) fn local_pid(&self) -> Option<Pid> {
        self.live.as_ref().and_then(|shell| shell.local_pid())
    }

    /// Process number of the live shell; 0 without one.
    pub(super) fn process_number(&self) -> u32 {
        self.live.as_ref().map_or(0, |shell| shell.process_number())
    }

    /// A number for a request that is no command.
    pub(super) fn next_request_id(&mut self) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        id
    }

    pub(super) fn send_request(&mut self, request: &[u8]) {
        if let Some(shell) = &mut self.live {
            shell.send_request(request);
        }
    }

    /// Sources a setup file that is no command. Returns the request's number.
    pub(super) fn send_setup(&mut self, file_name: &str) -> u64 {
        let id = self.next_request_id();
        self.state.preparing = id;
        if let Some(shell) = self.live.as_mut() {
            shell.send_request(format!("r {id} b {file_name}\n").as_bytes());
            self.state.may_change(id);
            file_name.clone_into(&mut self.carried.file);
        }
        id
    }

    /// Writes a setup file for the live shell. False if that failed.
    pub(super) fn write_setup_file(&mut self, name: &str, text: &[u8]) -> bool {
        self.live.as_mut().is_some_and(|shell| shell.write_setup_file(name, text).is_ok())
    }

    pub(super) fn remove_setup_file(&mut self, name: &str) {
        if let Some(shell) = &mut self.live {
            shell.remove_setup_file(name);
        }
    }

    /// Blanks the text of the last command, and restores the terminal's modes.
    pub(super) fn put_away_command(&mut self) {
        match &mut self.live {
            Some(shell) => {
                shell.restore_modes();
                shell.clear_step_file();
            }
            None => self.remains.step_file.blank_text(),
        }
    }

    /// Takes over the working directory and the options that bash reported.
    pub(super) fn accept_end(&mut self, ended: &ReportedEnd) {
        if ended.cwd.starts_with('/') {
            self.cwd = PathBuf::from(&ended.cwd);
        }
        self.carried.flags = Some(ended.flags.clone());
    }
}
