//! Attaching to the recorder of a run that another engine started.
//!
//! Invariant: an engine that is refused is told who drives the session. Refuses to know: the journal.

use super::link::{Link, out_of_turn, recorder_lost};
use super::start::hello_request;
use crate::history::Event;
use crate::ident::RunId;
use crate::ports::KernelError;
use crate::recorder::protocol::{Errand, PROGRAM_VERSION, PROTOCOL, Secret, SessionState, WireReply, WireRequest};
use crate::recorder::socket_link_path;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Why a session cannot be attached to.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// No recorder answers, so the session is not alive.
    #[error("no recorder answers for this run")]
    NotThere,
    /// The recorder refuses, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The connection failed in another way.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

/// A recorder that has welcomed this engine.
pub(super) struct AttachedRecorder {
    pub(super) link: Link,
    pub(super) socket: PathBuf,
    pub(super) shell: u32,
    /// Events appended at the start of the running command, if one runs.
    pub(super) running: Option<Vec<Event>>,
}

fn connect_to_recorder(folder: &Path) -> Result<(Link, PathBuf), AttachError> {
    let note = socket_link_path(folder);
    let socket = std::fs::read_link(&note).map_err(|_| AttachError::NotThere)?;
    let stream = UnixStream::connect(&socket).map_err(|_| AttachError::NotThere)?;
    Ok((Link::new(stream, folder.to_owned()), socket))
}

pub(super) fn attach_to_recorder(run: &RunId, folder: &Path, who: &str) -> Result<AttachedRecorder, AttachError> {
    let (mut link, socket) = connect_to_recorder(folder)?;
    link.send_request(&hello_request(who), b"")?;
    match link.await_answer()? {
        WireReply::Welcome { run: found, shell, running, .. } if found == *run => {
            let running = running.map(|events| events.into_iter().map(Event::from).collect());
            Ok(AttachedRecorder { link, socket, shell, running })
        }
        WireReply::Refused { reason } => Err(AttachError::Refused(reason)),
        _ => Err(recorder_lost("it is the recorder of another run").into()),
    }
}

fn send_errand(folder: &Path, errand: Errand) -> Result<WireReply, AttachError> {
    let (mut link, _) = connect_to_recorder(folder)?;
    let visit = WireRequest::Visit { protocol: PROTOCOL, program: PROGRAM_VERSION.to_owned(), errand };
    link.send_request(&visit, b"")?;
    match link.await_answer()? {
        WireReply::Refused { reason } => Err(AttachError::Refused(reason)),
        reply => Ok(reply),
    }
}

/// Asks a living session for its state.
pub fn session_state(folder: &Path) -> Result<SessionState, AttachError> {
    match send_errand(folder, Errand::State)? {
        WireReply::State(state) => Ok(state),
        _ => Err(out_of_turn().into()),
    }
}

/// Tells a session to end; `who` is recorded as the one who wanted it.
pub fn stop_session(folder: &Path, who: &str) -> Result<(), AttachError> {
    send_errand(folder, Errand::Stop { who: who.to_owned() }).map(|_| ())
}

/// Registers secrets with a session, by name and value. Returns which are refused, and why.
pub fn register_in_session(folder: &Path, secrets: Vec<Secret>) -> Result<Vec<String>, AttachError> {
    match send_errand(folder, Errand::Hide(secrets))? {
        WireReply::Hidden { refused } => Ok(refused),
        _ => Err(out_of_turn().into()),
    }
}
