//! One session: its state, and how requests and reports move it on.
//!
//! Invariant: the shell gets one request at a time; the others wait until it is idle. Refuses to know: how readiness is
//! waited for.

use super::activity::{Activity, Closing, Ending, Question};
use super::background::BackgroundOutput;
use super::client::Client;
use super::folder::RuntimeFolder;
use super::masks::Masking;
use super::options::ServeOptions;
use super::protocol::{Failure, FinishedCommand, WireEvent, WireReply, WireRequest};
use super::record::Record;
use super::report::Report;
use super::shell_slot::ShellSlot;
use crate::history::{Fact, RunResult};
use crate::ident::{Clock as _, SystemClock};
use crate::journal::JournalWriter;
use std::path::PathBuf;
use std::time::Duration;

/// bash must report within this time after its start.
pub(super) const START_LIMIT: Duration = Duration::from_secs(20);
/// An engine must come within this time after the recorder's start.
const ENGINE_LIMIT: Duration = Duration::from_secs(20);
/// The rc file as a setup file; it sources the operator's own.
pub(super) const RC_FILE: &str = "rc";
/// The state of the last shell as a setup file.
pub(super) const RESTORE_FILE: &str = ".restore";

/// Buffers for reading, kept between reads.
#[derive(Debug, Default)]
pub(super) struct ReadBuffers {
    pub(super) output: Vec<u8>,
    /// Separate: taking up a report reads the last of a command's output.
    pub(super) reports: Vec<u8>,
}

/// One run's session: its record, its engine, its shell.
pub(super) struct Session {
    pub(super) options: ServeOptions,
    pub(super) clock: SystemClock,
    pub(super) folder: RuntimeFolder,
    pub(super) record: Record,
    pub(super) client: Client,
    pub(super) shell: ShellSlot,
    pub(super) activity: Activity,
    pub(super) closing: Closing,
    pub(super) ending: Ending,
    pub(super) masking: Masking,
    pub(super) background: BackgroundOutput,
    pub(super) buffers: ReadBuffers,
}

impl Session {
    /// Begins the record. [`Session::start_shell`] starts the shell.
    ///
    /// Fails when the system gives no random bytes for salts.
    pub(super) fn new(options: ServeOptions, folder: RuntimeFolder, journal: JournalWriter) -> std::io::Result<Self> {
        let clock = SystemClock::start_now();
        let record = Record::new(clock, journal)?;
        Ok(Self {
            masking: Masking::new(record.fact_masker()),
            shell: ShellSlot::without_shell(&options.launch.cwd, options.restore.as_deref()),
            client: Client::awaiting_engine(ENGINE_LIMIT),
            activity: Activity::Starting(START_LIMIT),
            closing: Closing::No,
            ending: Ending::default(),
            background: BackgroundOutput::default(),
            buffers: ReadBuffers::default(),
            folder,
            record,
            options,
            clock,
        })
    }

    pub(super) fn elapsed_time(&self) -> Duration {
        self.clock.now().mono
    }

    /// Syncs an end that was reported before it was durable, and tells the engine.
    pub(super) fn sync_reported_end(&mut self) {
        if self.record.sync_deferred() {
            self.client.send_reply(&WireReply::Settled);
        }
    }

    /// Handles a request of the engine; `blob` is the bytes of its frame.
    pub(super) fn handle_request(&mut self, request: WireRequest, blob: &[u8]) {
        // A run or an append syncs the last end itself; any other request must not overtake it.
        let is_synced_with = matches!(request, WireRequest::Run(_) | WireRequest::Append { .. });
        if !is_synced_with && self.record.sync_deadline().is_some() {
            self.sync_reported_end();
        }
        if self.closing != Closing::No && request.needs_answer() {
            return self.client.send_failure(Failure::Request, "the run has ended");
        }
        match request {
            WireRequest::Input => self.pass_keys(blob),
            WireRequest::Resize(size) => {
                if let Some(shell) = &self.shell.live {
                    shell.resize_terminal(size);
                }
            }
            WireRequest::Interrupt => self.interrupt_command(),
            WireRequest::Abort => {
                if let Activity::Command(running) = &mut self.activity {
                    running.ending.stopped = true;
                }
                self.abort_command();
            }
            WireRequest::Append { facts } => self.append_request(facts),
            // The connection stays until bash has ended: closing it tells the engine so.
            WireRequest::Bye => self.close_shell(),
            WireRequest::Hello { .. } => self.client.send_failure(Failure::Request, "there was a hello before"),
            WireRequest::Hide { secrets } => {
                let refused = self.register_secrets(&secrets);
                self.client.send_reply(&WireReply::Hidden { refused });
            }
            WireRequest::Visit { .. } => self.client.send_failure(Failure::Request, "a driving client has no errand"),
            request @ (WireRequest::Run(_)
            | WireRequest::Values { .. }
            | WireRequest::Shadows { .. }
            | WireRequest::Set { .. }) => {
                self.client.waiting.push_back(request);
                self.serve_waiting_requests();
            }
        }
    }

    fn append_request(&mut self, facts: Vec<Fact>) {
        match self.record.append_synced(facts) {
            Ok(events) => {
                for event in &events {
                    if let Fact::RunFinished(finished) = &event.fact {
                        self.ending.is_over = true;
                        self.ending.is_completed = finished.result == RunResult::Completed;
                    }
                }
                if self.ending.is_completed {
                    self.remove_snapshot();
                }
                let events = events.into_iter().map(WireEvent::from).collect();
                self.record.clear_sync_deadline();
                self.client.send_reply(&WireReply::Appended { events });
            }
            Err(why) => self.client.send_failure(Failure::Record, why),
        }
    }

    /// Gives waiting requests to the shell while it is idle.
    pub(super) fn serve_waiting_requests(&mut self) {
        while matches!(self.activity, Activity::Idle) {
            let Some(request) = self.client.waiting.pop_front() else { return };
            if matches!(&request, WireRequest::Run(run) if run.is_ahead && !self.shell.carried.is_plain) {
                continue;
            }
            if self.shell.live.is_none() {
                self.client.send_failure(Failure::Shell, "the shell is gone, and no new one could be started");
                continue;
            }
            match request {
                WireRequest::Run(run) => self.run_command(*run),
                WireRequest::Values { names } => self.ask_values(names),
                WireRequest::Shadows { known } => self.ask_definitions(known),
                WireRequest::Set { name, value } => self.ask_set(&name, &value),
                _ => {}
            }
        }
    }

    /// Handles a report of bash. Reports that the current activity does not wait for are dropped.
    pub(super) fn handle_report(&mut self, report: Report) {
        match (report, &mut self.activity) {
            (Report::Ready { version, cwd }, Activity::Starting(_)) => self.shell_started(version, &cwd),
            (Report::Go { id }, Activity::Command(running)) if id == running.seq.0 => self.command_began(),
            (Report::End(ended), Activity::Command(running)) if ended.id == running.seq.0 => self.command_ended(&ended),
            (Report::End(ended), Activity::ReadingRc(id)) if ended.id == *id => {
                self.shell.remove_setup_file(RC_FILE);
                self.shell.accept_end(&ended);
                self.shell.carried.check_trap = true;
                self.finish_start();
            }
            (Report::End(ended), Activity::Restoring(id)) if ended.id == *id => {
                self.shell.carried.flags = Some(ended.flags);
                self.shell.carried.check_trap = true;
                self.shell.cwd = PathBuf::from(&ended.cwd);
                self.shell.remove_setup_file(RESTORE_FILE);
                self.record_missing_state();
                self.become_idle();
            }
            (Report::Lost { id, names }, Activity::Restoring(now)) if id == *now => self.note_not_restored(&names),
            (Report::Snapshot { id, dump }, _) => self.accept_snapshot(id, &dump),
            (Report::Values { id, values }, Activity::Answering(asked, question)) if id == *asked => {
                let question = std::mem::replace(question, Question::Set);
                self.answer_question(question, values);
            }
            (Report::Set { id, done }, Activity::Answering(asked, _)) if id == *asked => self.answer_set(done),
            _ => {}
        }
    }

    /// Called whenever the shell can take a request.
    pub(super) fn become_idle(&mut self) {
        self.activity = Activity::Idle;
        self.welcome_engine();
        self.send_held_reply();
        if self.ending.terminated {
            self.stop_run();
        } else if self.client.engine.is_none() && self.client.welcomed {
            self.wait_for_engine();
        } else {
            self.serve_waiting_requests();
        }
    }

    /// Reports the end of a command that ended bash, once the new shell is recorded.
    fn send_held_reply(&mut self) {
        let Some((begun, finished)) = self.client.held_reply.take() else { return };
        if let Err(why) = self.record.append_synced(Vec::new()) {
            return self.client.send_failure(Failure::Record, why);
        }
        let respawned = self.shell.respawned.take();
        let came = FinishedCommand { begun, finished, settled: true, respawned, left: Vec::new(), same_shell: false };
        self.client.send_reply(&WireReply::Finished(Box::new(came)));
    }
}
