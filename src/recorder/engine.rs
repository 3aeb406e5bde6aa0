//! The coming and going of a session's engine.
//!
//! Invariant: a session without an engine ends by itself, within a day at most. Refuses to know: how bytes reach the engine.

use super::activity::{Activity, Closing};
use super::connection::Connection;
use super::protocol::{PROGRAM_VERSION, SecretDigest, WireEvent, WireReply};
use super::session::Session;
use crate::history::{EngineLost, Fact, Mode};
use crate::ident::Clock as _;
use crate::journal::Salts;
use std::time::Duration;

impl Session {
    /// Makes a client that has said hello the engine.
    pub(super) fn engine_came(&mut self, connection: Connection, who: &str) {
        self.client.attach_engine(connection, who);
        if self.client.welcomed {
            return self.welcome_back();
        }
        if let Some(reason) = self.shell.start_failure.take() {
            self.client.send_reply(&WireReply::Refused { reason });
            self.closing = Closing::Done;
        } else if !matches!(self.activity, Activity::Starting(_) | Activity::ReadingRc(_) | Activity::Restoring(_)) {
            self.welcome_engine();
        }
    }

    /// Welcomes the first engine, once both it and the shell are there.
    pub(super) fn welcome_engine(&mut self) {
        if self.client.welcomed || self.client.engine.is_none() || self.shell.live.is_none() {
            return;
        }
        let welcome = self.welcome_reply(None);
        self.client.welcomed = true;
        self.client.send_reply(&welcome);
    }

    fn welcome_reply(&self, running: Option<Vec<WireEvent>>) -> WireReply {
        WireReply::Welcome {
            program: PROGRAM_VERSION.to_owned(),
            run: self.options.run.clone(),
            shell: self.shell.process_number(),
            running,
        }
    }

    /// Welcomes an engine that resumes the run, and sends it what the running command has printed so far.
    fn welcome_back(&mut self) {
        let running = match &self.activity {
            Activity::Command(running) => Some(running.start.events.clone()),
            _ => None,
        };
        let welcome = self.welcome_reply(running);
        self.client.send_reply(&welcome);
        let secrets = self.record.fact_masker().secret_values();
        // A fresh salt, so that the digests of two sessions cannot be compared.
        let salt = Salts::open_source().and_then(|mut salts| salts.next_salt());
        let digest =
            |salt: String| secrets.map(|(name, value)| SecretDigest::of_secret(name, value, &salt)).collect::<Vec<_>>();
        // Without a salt nothing is sent: the output is masked here in any case.
        let known = salt.map(digest).unwrap_or_default();
        if !known.is_empty() {
            self.client.send_reply(&WireReply::Known { secrets: known });
        }
        if let (Activity::Command(running), Some(engine)) = (&mut self.activity, self.client.engine.as_mut()) {
            running.ending.limit = running.ending.requested_limit;
            // The facts were sent by the last engine, and so was the wish to go on.
            running.start.sent.clear();
            running.goes_on = false;
            engine.announce_kept_output(running.seq, running.output.capture.kept_bytes());
            let unstored = running.output.unstored.copy_bytes();
            if !unstored.is_empty() {
                engine.send_unstored_output(running.seq, &unstored);
            }
        }
    }

    /// Leaves an attended session as it is, to be resumed within a day; ends an unattended run.
    pub(super) fn wait_for_engine(&mut self) {
        if !self.options.mode.is_interactive() || self.ending.is_over {
            return self.abandon_run();
        }
        self.client.engine_due.get_or_insert(self.clock.now().mono + super::IDLE_LIMIT);
    }

    /// Handles the end of the engine's connection without a goodbye.
    pub(super) fn engine_lost(&mut self) {
        self.client.detach_engine();
        self.shell.respawned = None;
        if self.closing != Closing::No {
            return;
        }
        if self.ending.is_over && matches!(self.activity, Activity::Idle) {
            // Only the goodbye is missing.
            return self.close_shell();
        }
        let now = self.elapsed_time();
        let is_running = matches!(self.activity, Activity::Command(_));
        let then = match (is_running, self.options.mode) {
            (true, _) => "the running command goes on",
            (false, Mode::Attended) => "the session waits to be resumed",
            (false, Mode::Unattended) => "the run ends",
        };
        drop(self.record.append_with_reserve(vec![Fact::EngineLost(EngineLost { then: then.to_owned() })]));
        if let Activity::Command(running) = &mut self.activity {
            let never_ends = running.start.command.never_ends;
            let alone = if never_ends { self.options.limits.monitor_alone } else { super::COMMAND_ALONE };
            let limit = running.ending.limit.unwrap_or(Duration::MAX);
            running.ending.limit = Some(limit.min(now + alone));
        } else {
            self.wait_for_engine();
        }
    }

    /// Ends a session whose engine has not come in time.
    pub(super) fn check_engine_deadline(&mut self, now: Duration) {
        if self.client.engine_due.is_some_and(|due| due <= now) {
            self.client.engine_due = None;
            if self.client.welcomed {
                self.abandon_run();
            } else {
                self.close_shell();
            }
        }
    }
}
