//! Walks a plan with its engine, its operator and its session, from the first fact to the ending.
//!
//! Invariant: a resumed run records who goes on before anything else happens.

use super::error::SessionError;
use super::masked::{KnownSecrets, MaskedSession, MaskedWriter};
use super::options::RunOptions;
use super::reminders::OpenIncidentReminders;
use crate::engine::{Ending, Engine, Settings};
use crate::history::{CommandStarted, Event, Fact, Mode, RunResult, RunResumed};
use crate::ident::SystemClock;
use crate::journal::Folder;
use crate::kernel::{self, BashSyntax};
use crate::mask::Masker;
use crate::operator::{PollableEvents, TerminalOperator, UnattendedOperator};
use crate::plan::Plan;
use crate::ports::{IncidentReminders, Journal as _, Notice, Operator};
use std::os::fd::BorrowedFd;

/// The work of a resumed run before its first new step.
pub(super) struct ResumedWork {
    /// Lines for the operator.
    pub(super) told: Vec<String>,
    /// The command that is still running.
    pub(super) running: Option<CommandStarted>,
    /// The fact that is recorded before anything else.
    pub(super) fact: RunResumed,
}

impl PollableEvents for kernel::RecorderEvents {
    fn poll_descriptor(&self) -> BorrowedFd<'_> {
        Self::poll_descriptor(self)
    }
}

/// A run that is ready to walk its plan.
pub(super) struct PreparedRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a RunOptions<'a>,
    pub(super) folder: &'a Folder,
    pub(super) syntax: BashSyntax,
    pub(super) clock: SystemClock,
    pub(super) events: Vec<Event>,
    pub(super) resumed: Option<ResumedWork>,
}

impl PreparedRun<'_> {
    pub(super) fn walk_with_operator(
        &mut self,
        session: &mut kernel::Session,
        masker: &Masker,
    ) -> Result<Ending, SessionError> {
        let look = self.options.look;
        let secrets = KnownSecrets::new(masker, session.learned_secrets());
        let user = &self.options.environment.user;
        let pager = self
            .options
            .incident
            .clone()
            .map(|incident| OpenIncidentReminders::new(incident, user, &self.options.environment.host, &secrets));
        let told = pager.as_ref().map(OpenIncidentReminders::opening_notice);
        let pager = pager.map(|pager| Box::new(pager) as Box<dyn IncidentReminders>);
        match self.options.mode {
            Mode::Attended => {
                let out = Box::new(MaskedWriter::new(std::io::stderr(), &secrets));
                let clock = Box::new(SystemClock::start_now());
                let session_events: Box<dyn PollableEvents> = Box::new(session.recorder_events()?);
                let operator =
                    TerminalOperator::open(out, look, clock, Some(session_events)).map_err(SessionError::Terminal)?;
                // The recorder has masked the output already.
                let mut operator = operator.with_command_output(Box::new(std::io::stderr())).with_incident(pager);
                if let Some(told) = told {
                    operator.show_notice(&Notice::Info(&told));
                }
                self.walk_plan(session, &secrets, &mut operator)
            }
            Mode::Unattended => {
                let talk = Box::new(MaskedWriter::new(std::io::stderr(), &secrets));
                let (out, err) = (Box::new(std::io::stdout()), Box::new(std::io::stderr()));
                let operator = UnattendedOperator::new(self.options.grants.policy.clone(), out, err, talk, look);
                let mut operator = operator.with_incident(pager);
                if let Some(told) = told {
                    operator.show_notice(&Notice::Info(&told));
                }
                self.walk_plan(session, &secrets, &mut operator)
            }
        }
    }

    fn walk_plan<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        secrets: &KnownSecrets,
        operator: &mut O,
    ) -> Result<Ending, SessionError> {
        let settings = engine_settings(self.options, self.folder);
        let masker = self.options.initial_masker();
        let plan = self.plan.clone().with_texts_changed(&|text| masker.mask_text(text).into_owned());
        let resumed = self.resumed.take();
        let is_resumed = resumed.is_some();
        if let Some(resumed) = resumed {
            self.catch_up_with_session(session, operator, resumed)?;
        }
        let mut discreet = MaskedSession::new(session, secrets);
        let syntax = &mut self.syntax;
        let mut engine = Engine::new(&plan, &settings, &mut discreet, operator, syntax, &self.clock, &self.events);
        if is_resumed {
            engine.resume_at(&self.events);
        }
        let mut ending = engine.run_plan()?;
        // A failure that the operator skipped still counts for the exit status.
        let failed = engine
            .run_state()
            .unresolved_commands()
            .iter()
            .any(|command| !command.known_outcome().allows_next_command());
        if ending.result == RunResult::Completed && failed {
            ending.result = RunResult::Failed;
        }
        let left = session.finish_session()?;
        if !left.is_empty() {
            operator.show_notice(&Notice::Warning(&format!("still running after the run: {}", left.join(", "))));
        }
        Ok(ending)
    }

    /// Prints the notices, records who resumes the run, and follows the command that is still running to its end.
    fn catch_up_with_session<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        operator: &mut O,
        resumed: ResumedWork,
    ) -> Result<(), SessionError> {
        for line in &resumed.told {
            operator.show_notice(&Notice::Info(line));
        }
        self.events.extend(session.append_facts(vec![Fact::RunResumed(resumed.fact)])?);
        if let Some(started) = &resumed.running {
            operator.show_notice(&Notice::Started { text: &started.text, line: started.line });
            let came = session.follow_command(operator)?;
            if let Fact::CommandFinished(finished) = &came.finished.fact {
                operator.show_notice(&Notice::Finished { finished, text: &started.text, detail: None });
            }
            if let Some(how) = &came.respawned {
                operator.show_notice(&Notice::Respawned { how });
            }
            self.events.push(came.finished);
        }
        Ok(())
    }
}

fn engine_settings(options: &RunOptions<'_>, folder: &Folder) -> Settings {
    Settings {
        file: options.procedure.path.to_string_lossy().into_owned(),
        file_name: options.procedure.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        host: options.environment.host.clone(),
        user: options.environment.user.clone(),
        cwd: options.environment.cwd.to_string_lossy().into_owned(),
        mode: options.mode,
        policy: options.grants.policy.clone(),
        timeout: options.procedure.runbook.front_matter.timeout.as_deref().and_then(crate::plan::parse_duration),
        record: folder.folder_path().to_string_lossy().into_owned(),
    }
}
