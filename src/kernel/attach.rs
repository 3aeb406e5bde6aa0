//! Reaching the recorder of a run that somebody else started.
//!
//! Invariant: whoever is not let in learns who is there. Refuses to know: the journal.

use super::link::{Link, lost};
use super::start::hello;
use crate::history::Event;
use crate::ident::RunId;
use crate::ports::KernelError;
use crate::recorder::protocol::{Errand, PROGRAM_VERSION, PROTOCOL, Reply, Request, Secret, SessionState};
use crate::recorder::socket_note;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Why a living session cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Nobody answers: it does not live.
    #[error("no recorder answers for this run")]
    NotThere,
    /// It lives, and says no.
    #[error("{0}")]
    Refused(String),
    /// Something else.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

/// A recorder that was reached.
pub(super) struct Attached {
    pub(super) link: Link,
    pub(super) socket: PathBuf,
    pub(super) shell: u32,
    /// What was appended when the running command began.
    pub(super) running: Option<Vec<Event>>,
}

fn connect(folder: &Path) -> Result<(Link, PathBuf), AttachError> {
    let note = socket_note(folder);
    let socket = std::fs::read_link(&note).map_err(|_| AttachError::NotThere)?;
    let stream = UnixStream::connect(&socket).map_err(|_| AttachError::NotThere)?;
    Ok((Link::new(stream, folder.to_owned()), socket))
}

pub(super) fn attach(run: &RunId, folder: &Path, who: &str) -> Result<Attached, AttachError> {
    let (mut link, socket) = connect(folder)?;
    link.send(&hello(who), b"")?;
    match link.answer()? {
        Reply::Welcome { run: found, shell, running, .. } if found == *run => {
            let running = running.map(|events| events.into_iter().map(Event::from).collect());
            Ok(Attached { link, socket, shell, running })
        }
        Reply::Refused { reason } => Err(AttachError::Refused(reason)),
        _ => Err(lost("it is the recorder of another run").into()),
    }
}

fn visit(folder: &Path, errand: Errand) -> Result<Reply, AttachError> {
    let (mut link, _) = connect(folder)?;
    let visit = Request::Visit { protocol: PROTOCOL, program: PROGRAM_VERSION.to_owned(), errand };
    link.send(&visit, b"")?;
    match link.answer()? {
        Reply::Refused { reason } => Err(AttachError::Refused(reason)),
        reply => Ok(reply),
    }
}

/// How a living session stands.
pub fn session_state(folder: &Path) -> Result<SessionState, AttachError> {
    match visit(folder, Errand::State)? {
        Reply::State(state) => Ok(state),
        _ => Err(lost("it gave an answer to another question").into()),
    }
}

/// Tells a session to end, and who says so.
pub fn stop_session(folder: &Path, who: &str) -> Result<(), AttachError> {
    visit(folder, Errand::Stop { who: who.to_owned() }).map(|_| ())
}

/// Teaches a session secrets, by name and value; returns which are refused, and why.
pub fn hide_in_session(folder: &Path, secrets: Vec<Secret>) -> Result<Vec<String>, AttachError> {
    match visit(folder, Errand::Hide(secrets))? {
        Reply::Hidden { refused } => Ok(refused),
        _ => Err(lost("it gave an answer to another question").into()),
    }
}
