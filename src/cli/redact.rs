//! `runbook redact` and `runbook mask add`: secrets that were found too late, and just in time.
//!
//! Invariant: a secret is never an argument.

use super::args::{MaskCommand, RedactArgs};
use super::environment::Environment;
use super::error::{Exit, Failure};
use super::{notice, runs};
use crate::history::Redacted;
use crate::ident::{Clock as _, Seq, SystemClock};
use crate::journal::{Folder, JournalError, redact};
use crate::kernel::{AttachError, hide_in_session};
use crate::mask::Masker;
use crate::session;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Drops payloads from a record.
pub(super) fn run(args: &RedactArgs, environment: &Environment) -> Result<Exit, Failure> {
    let folder = runs::find(&environment.runs_folder()?, Some(&args.run))?;
    let fact = Redacted {
        events: args.seq.iter().copied().map(Seq).collect(),
        user: environment.user(),
        reason: args.reason.clone(),
    };
    let (event, removed) = redact(&folder, &fact, SystemClock::start().now()).map_err(|error| match error {
        JournalError::Locked { .. } => Failure::usage(format!("the run `{}` is live", folder.run()))
            .help(format!("end it first: `runbook stop {}`", folder.run())),
        JournalError::Unwritable { reason, .. } => Failure::usage(reason)
            .help("the numbers are the `seq` of `journal.jsonl`, and stand in the transcript's timeline"),
        other => Failure::record(other.to_string()),
    })?;
    session::render(&folder, false).map_err(|error| Failure::record(error.to_string()))?;
    let numbers: Vec<String> = args.seq.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!("the text of event {} was dropped; event {} says so", numbers.join(", "), event.seq)];
    lines.extend(removed.iter().map(|path| format!("removed: {}", path.display())));
    lines.push("receipts from before still hold; copies of the folder made elsewhere still have the text".to_owned());
    notice(&lines);
    Ok(Exit::Success)
}

/// Teaches a live run a secret.
pub(super) fn mask(command: &MaskCommand, environment: &Environment) -> Result<Exit, Failure> {
    let MaskCommand::Add { run, name } = command;
    let folder = runs::find(&environment.runs_folder()?, run.as_deref())?;
    let secret = read_secret(name)?;
    let told = hide_in_session(folder.path(), vec![(name.clone(), secret.clone())]);
    let refused = told.map_err(|error| match error {
        AttachError::NotThere => Failure::usage(format!("the run `{}` is not live", folder.run()))
            .help("what is in its record already is taken out by `runbook redact`"),
        other => Failure::usage(other.to_string()),
    })?;
    if let Some(why) = refused.first() {
        return Err(Failure::usage(why.clone()));
    }
    let mut lines = vec![format!("from here on `{name}` is masked in `{}`", folder.run())];
    lines.extend(already_there(&folder, name, &secret));
    notice(&lines);
    Ok(Exit::Success)
}

/// Says where the record holds the secret already, and takes it out of the copy of the document.
fn already_there(folder: &Folder, name: &str, secret: &[u8]) -> Vec<String> {
    let mut masker = Masker::new();
    let mut lines = Vec::new();
    if masker.add(name, secret).is_err() {
        return lines;
    }
    if let Ok(document) = std::fs::read(folder.document())
        && let std::borrow::Cow::Owned(masked) = masker.bytes(&document)
    {
        let written = folder.write(&folder.document(), |to| to.write_all(&masked));
        lines.extend(written.err().map(|error| error.to_string()));
    }
    let journal = std::fs::read(folder.journal()).unwrap_or_default();
    for (seq, line) in journal.split(|&byte| byte == b'\n').enumerate().skip(1) {
        let mark = format!("[masked:{name}]");
        let hidden = masker.bytes(line);
        if matches!(hidden, std::borrow::Cow::Owned(_)) && String::from_utf8_lossy(&hidden).contains(&mark) {
            lines.push(format!(
                "event {seq} holds it already: `runbook redact {} --seq {seq}` drops it, once the run is over",
                folder.run()
            ));
        }
    }
    lines
}

/// Its bytes; they need not be text.
fn read_secret(name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("the secret cannot be read: {error}"));
    let stdin = std::io::stdin();
    let mut text = Vec::new();
    if stdin.is_terminal() {
        let mut err = std::io::stderr().lock();
        drop(write!(err, "{name} (not shown): ").and_then(|()| err.flush()));
        let echo = NoEcho::on().map_err(failed)?;
        let read = stdin.lock().read_until(b'\n', &mut text);
        drop(echo);
        drop(writeln!(err));
        read.map_err(failed)?;
    } else {
        stdin.lock().take(1 << 20).read_to_end(&mut text).map_err(failed)?;
    }
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() { Err(Failure::usage("the secret is empty")) } else { Ok(text.to_vec()) }
}

/// The terminal without echo, as long as this lives.
struct NoEcho(rustix::termios::Termios);

impl NoEcho {
    fn on() -> std::io::Result<Self> {
        let stdin = std::io::stdin();
        let before = rustix::termios::tcgetattr(&stdin)?;
        let mut modes = before.clone();
        modes.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        let stdin = std::io::stdin();
        let _ = rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Now, &self.0);
    }
}
