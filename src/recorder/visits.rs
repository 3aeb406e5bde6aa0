//! Clients that do not drive the run: each has one errand.
//!
//! Invariant: none of them can run a command. Refuses to know: who they are; they belong to this user.

use super::activity::Activity;
use super::protocol::{Errand, Failure, SessionState, WireEvent, WireReply};
use super::session::Session;
use crate::history::{Fact, NoteAdded};

impl Session {
    /// Does an errand and returns the answer.
    pub(super) fn run_errand(&mut self, errand: &Errand) -> WireReply {
        match errand {
            Errand::State => WireReply::State(self.describe_state()),
            Errand::Stop { who } => {
                if self.ending.stopped_by.is_empty() && !self.is_ending() {
                    who.clone_into(&mut self.ending.stopped_by);
                }
                self.terminate_run();
                WireReply::Stopping
            }
            Errand::Hide(secrets) => {
                let refused = self.register_secrets(secrets);
                // The engine must mask them in what it shows.
                self.client.send_reply(&WireReply::Learned { secrets: secrets.clone() });
                WireReply::Hidden { refused }
            }
            Errand::Note(text) => {
                let note = Fact::NoteAdded(NoteAdded { step: None, text: text.clone() });
                match self.record.append_synced(vec![note]) {
                    Ok(events) => WireReply::Appended { events: events.into_iter().map(WireEvent::from).collect() },
                    Err(message) => WireReply::Failed { what: Failure::Record, message },
                }
            }
        }
    }

    fn describe_state(&self) -> SessionState {
        let command = match &self.activity {
            Activity::Command(running) => Some(running.seq),
            _ => None,
        };
        let shell = self.shell.live.as_ref();
        SessionState {
            run: self.options.run.clone(),
            driver: self.client.engine.as_ref().map(|_| self.client.driver.clone()),
            command,
            reads_terminal: command.is_some() && shell.is_some_and(|shell| shell.reads_terminal()),
            shell: self.shell.process_number(),
        }
    }
}
