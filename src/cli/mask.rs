//! `runbook mask add` keeps a secret out of a live run's record.
//!
//! Invariant: a secret is never an argument.

use super::args::MaskCommand;
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::output::print_notices;
use super::records;
use super::remains::events_with_secret;
use crate::journal::Folder;
use crate::kernel::{AttachError, register_in_session};
use crate::mask::Masker;
use std::borrow::Cow;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Registers a secret with a live run, and reports where its record has it already. Fails when the run is not live.
pub(super) fn mask_secret(command: &MaskCommand, environment: &Environment) -> Result<Exit, Failure> {
    let MaskCommand::Add { run, name } = command;
    let folder = records::find_run(&environment.runs_folder()?, run.as_deref())?;
    let secret = read_secret(name)?;
    let told = register_in_session(folder.folder_path(), vec![(name.clone(), secret.clone())]);
    let refused = told.map_err(|error| match error {
        AttachError::NotThere => Failure::usage_error(format!("the run `{}` is not live", folder.run_id()))
            .with_help("what is in its record already is taken out by `runbook redact`"),
        other => Failure::usage_error(other.to_string()),
    })?;
    if let Some(why) = refused.first() {
        return Err(Failure::usage_error(why.clone()));
    }
    let mut lines = vec![format!("from here on `{name}` is masked in `{}`", folder.run_id())];
    lines.extend(mask_kept_document(&folder, name, &secret));
    print_notices(&lines);
    Ok(Exit::Success)
}

/// Masks the secret in the record's copy of the document. Returns a line for each event that has it already.
fn mask_kept_document(folder: &Folder, name: &str, secret: &[u8]) -> Vec<String> {
    let mut masker = Masker::new();
    let mut lines = Vec::new();
    if masker.add_secret(name, secret).is_err() {
        return lines;
    }
    if let Ok(document) = std::fs::read(folder.document_path())
        && let Cow::Owned(masked) = masker.mask_bytes(&document)
    {
        let written = folder.replace_file(&folder.document_path(), |to| to.write_all(&masked));
        lines.extend(written.err().map(|error| error.to_string()));
    }
    for seq in events_with_secret(folder, &masker) {
        lines.push(format!(
            "event {seq} holds it already: `runbook redact {} --seq {seq}` drops it, once the run is over",
            folder.run_id()
        ));
    }
    lines
}

/// Reads a secret from standard input, without echo on a terminal, and strips the newline at its end. It need not be text.
pub(super) fn read_secret(name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage_error(format!("the secret cannot be read: {error}"));
    let stdin = std::io::stdin();
    let mut text = Vec::new();
    if stdin.is_terminal() {
        let mut err = std::io::stderr().lock();
        drop(write!(err, "{name} (not shown): ").and_then(|()| err.flush()));
        let echo = EchoSwitchedOff::switch_off().map_err(failed)?;
        let read = stdin.lock().read_until(b'\n', &mut text);
        drop(echo);
        drop(writeln!(err));
        read.map_err(failed)?;
    } else {
        stdin.lock().take(1 << 20).read_to_end(&mut text).map_err(failed)?;
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() { Err(Failure::usage_error("the secret is empty")) } else { Ok(text.to_vec()) }
}

/// Turns the terminal's echo off until dropped. Holds the modes to restore.
struct EchoSwitchedOff(rustix::termios::Termios);

impl EchoSwitchedOff {
    fn switch_off() -> std::io::Result<Self> {
        let stdin = std::io::stdin();
        let before = rustix::termios::tcgetattr(&stdin)?;
        let mut modes = before.clone();
        modes.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for EchoSwitchedOff {
    fn drop(&mut self) {
        let stdin = std::io::stdin();
        let _ = rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Now, &self.0);
    }
}
