//! The engine's side of a session: its connection and the requests it has sent.
//!
//! Invariant: messages to an absent engine are dropped. Refuses to know: what the requests mean.

use super::connection::Connection;
use super::protocol::{BegunEvent, Failure, WireEvent, WireReply, WireRequest};
use std::collections::VecDeque;
use std::time::Duration;

/// The engine that drives the session, present or awaited.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) engine: Option<Connection>,
    /// Person and terminal that drive the run, as the engine's hello named them.
    pub(super) driver: String,
    /// True once an engine has been welcomed; stays true when the engine is lost.
    pub(super) welcomed: bool,
    /// The session ends at this moment if no engine has come.
    pub(super) engine_due: Option<Duration>,
    /// Requests that wait until the shell is idle.
    pub(super) waiting: VecDeque<WireRequest>,
    /// End of a command that ended bash; sent when the new shell is up.
    pub(super) held_reply: Option<(Vec<BegunEvent>, WireEvent)>,
}

impl Client {
    /// No engine yet; one must come within `limit` of the session's start.
    pub(super) fn awaiting_engine(limit: Duration) -> Self {
        Self {
            engine: None,
            driver: String::new(),
            welcomed: false,
            engine_due: Some(limit),
            waiting: VecDeque::new(),
            held_reply: None,
        }
    }

    pub(super) fn send_reply(&mut self, reply: &WireReply) {
        if let Some(engine) = &mut self.engine {
            engine.send_reply(reply);
        }
    }

    pub(super) fn send_failure(&mut self, what: Failure, message: impl Into<String>) {
        self.send_reply(&WireReply::Failed { what, message: message.into() });
    }

    /// Sends as much waiting output as the socket takes.
    pub(super) fn flush_engine(&mut self) {
        if let Some(engine) = &mut self.engine {
            engine.flush_output();
        }
    }

    /// Makes `connection` the engine.
    pub(super) fn attach_engine(&mut self, connection: Connection, driver: &str) {
        self.engine = Some(connection);
        self.engine_due = None;
        driver.clone_into(&mut self.driver);
    }

    /// Forgets the engine and what it has asked for.
    pub(super) fn detach_engine(&mut self) {
        self.engine = None;
        self.driver.clear();
        self.waiting.clear();
    }
}
