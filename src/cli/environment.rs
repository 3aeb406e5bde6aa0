//! The environment of this process, read once.
//!
//! Invariant: no other file of the program reads an environment variable.

use crate::operator::TerminalLook;
use crate::term::Color;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::choices::ColorChoice;
use super::error::Failure;

/// A copy of this process's environment variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Copies the environment of this process.
    pub(super) fn from_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// Value of a variable; `None` when it is unset or empty.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Value of a variable as text, with invalid UTF-8 replaced; `None` when it is unset or empty.
    pub(super) fn get_text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// True if a variable is set, even to nothing.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    /// Every variable that is set.
    pub(super) fn all_variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
    }

    /// Folder of recorded runs: `$XDG_STATE_HOME/runbook/runs`, below `~/.local/state` by default. Fails when no home directory is
    /// known.
    pub(super) fn runs_folder(&self) -> Result<PathBuf, Failure> {
        self.state_folder("runbook/runs")
    }

    /// Folder of recorded incidents, beside that of the runs.
    pub(super) fn incidents_folder(&self) -> Result<PathBuf, Failure> {
        self.state_folder("runbook/incidents")
    }

    fn state_folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let state = self.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.get("HOME").map(PathBuf::from).or_else(|| etcetera::home_dir().ok());
        let base = state.or_else(|| home().map(|home| home.join(".local/state")));
        base.map(|base| base.join(name)).ok_or_else(|| {
            Failure::usage_error("there is no place to keep the record: neither `XDG_STATE_HOME` nor `HOME` is set")
                .with_help("set `XDG_STATE_HOME` to a folder")
        })
    }

    /// `$XDG_RUNTIME_DIR`, for the sockets and step files of live runs; `None` when it is not an existing folder.
    pub(super) fn runtime_folder(&self) -> Option<PathBuf> {
        self.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute() && path.is_dir())
    }

    /// User name: `$USER`, `$LOGNAME`, the entry in `/etc/passwd`, or else the number of the user id.
    pub(super) fn user_name(&self) -> String {
        let named = || {
            let id = rustix::process::getuid().as_raw().to_string();
            let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            let line = users.lines().find(|line| line.split(':').nth(2) == Some(&id));
            line.and_then(|line| line.split(':').next()).map_or_else(|| format!("uid {id}"), ToOwned::to_owned)
        };
        self.get_text("USER").or_else(|| self.get_text("LOGNAME")).unwrap_or_else(named)
    }

    /// Decides on colour for a stream, by the rules of <https://no-color.org> and <https://bixense.com/clicolors>.
    pub(super) fn choose_color(&self, choice: ColorChoice, is_terminal: bool) -> Color {
        let yes = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.get("NO_COLOR").is_some() => false,
            ColorChoice::Auto if self.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto => is_terminal && self.get("TERM").is_some_and(|term| term != "dumb"),
        };
        if yes { Color::Always } else { Color::Never }
    }

    /// Styles and characters for notices, by the terminal's type and the locale.
    pub(super) fn terminal_look(&self, color: Color) -> TerminalLook {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.get_text(name));
        TerminalLook::for_terminal(color, &self.get_text("TERM").unwrap_or_default(), &locale.unwrap_or_default())
    }

    /// True if standard input and standard error are terminals, so that an operator can be asked.
    pub(super) fn has_operator() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}
