//! Clients that do not drive the run: each has one errand.
//!
//! Invariant: none of them can run anything. Refuses to know: who they are; they are the user's own.

use super::processes::reads_terminal;
use super::protocol::{Errand, Failure, Reply, SessionState, WireEvent};
use super::session::{Activity, Session};
use crate::history::{Fact, NoteAdded};

impl Session {
    /// Does an errand.
    pub(super) fn visited(&mut self, errand: &Errand) -> Reply {
        match errand {
            Errand::State => Reply::State(self.state()),
            Errand::Stop { who } => {
                if self.stopped_by.is_empty() && !self.is_ending() {
                    who.clone_into(&mut self.stopped_by);
                }
                self.terminate();
                Reply::Stopping
            }
            Errand::Hide(secrets) => {
                let refused = self.hide(secrets);
                // Whoever drives the run shows things too.
                self.reply(&Reply::Learned { secrets: secrets.clone() });
                Reply::Hidden { refused }
            }
            Errand::Note(text) => {
                let note = Fact::NoteAdded(NoteAdded { step: None, text: text.clone() });
                match self.append(vec![note]) {
                    Ok(events) => Reply::Appended { events: events.into_iter().map(WireEvent::from).collect() },
                    Err(message) => Reply::Failed { what: Failure::Record, message },
                }
            }
        }
    }

    fn state(&self) -> SessionState {
        let shell = self.shell.as_ref().map(|shell| shell.pid);
        let command = match &self.activity {
            Activity::Command(running) => Some(running.seq),
            _ => None,
        };
        SessionState {
            run: self.options.run.clone(),
            driver: self.engine.as_ref().map(|_| self.driver.clone()),
            command,
            reads_terminal: command.is_some() && shell.is_some_and(reads_terminal),
            shell: shell.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()).unwrap_or_default(),
        }
    }
}
