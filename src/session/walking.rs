//! Walks a plan with its engine, its operator and its session, from the first fact to the ending.
//!
//! Invariant: a resumed run records who goes on before anything else happens.

use super::error::SessionError;
use super::masked::{Discreet, Masked, Secrets};
use super::options::RunOptions;
use super::reminders::IncidentPager;
use crate::engine::{Ending, Engine, Settings};
use crate::history::{CommandStarted, Event, Fact, Mode, RunResult, RunResumed};
use crate::ident::SystemClock;
use crate::journal::Folder;
use crate::kernel::{self, BashSyntax};
use crate::mask::Masker;
use crate::operator::{AtTerminal, PollableEvents, Unattended};
use crate::plan::Plan;
use crate::ports::{Journal as _, Operator, Pager, Talk};
use std::os::fd::BorrowedFd;

/// The work of a resumed run before its first new step.
pub(super) struct Resumed {
    /// Lines for the operator.
    pub(super) told: Vec<String>,
    /// The command that is still running.
    pub(super) running: Option<CommandStarted>,
    /// The fact that is recorded before anything else.
    pub(super) fact: RunResumed,
}

impl PollableEvents for kernel::Ear {
    fn descriptor(&self) -> BorrowedFd<'_> {
        Self::descriptor(self)
    }
}

/// A run that is ready to walk its plan.
pub(super) struct Walking<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a RunOptions<'a>,
    pub(super) folder: &'a Folder,
    pub(super) syntax: BashSyntax,
    pub(super) clock: SystemClock,
    pub(super) events: Vec<Event>,
    pub(super) resumed: Option<Resumed>,
}

impl Walking<'_> {
    pub(super) fn go(&mut self, session: &mut kernel::Session, masker: &Masker) -> Result<Ending, SessionError> {
        let look = self.options.look;
        let secrets = Secrets::new(masker, session.learned());
        let user = &self.options.environment.user;
        let pager = self
            .options
            .incident
            .clone()
            .map(|incident| IncidentPager::new(incident, user, &self.options.environment.host, &secrets));
        let told = pager.as_ref().map(IncidentPager::opening);
        let pager = pager.map(|pager| Box::new(pager) as Box<dyn Pager>);
        match self.options.mode {
            Mode::Attended => {
                let out = Box::new(Masked::new(std::io::stderr(), &secrets));
                let clock = Box::new(SystemClock::start());
                let hearing: Box<dyn PollableEvents> = Box::new(session.ear()?);
                let operator = AtTerminal::open(out, look, clock, Some(hearing)).map_err(SessionError::Terminal)?;
                // The recorder has masked the output already.
                let mut operator = operator.with_output(Box::new(std::io::stderr())).with_pager(pager);
                if let Some(told) = told {
                    operator.tell(&Talk::Notice(&told));
                }
                self.walk(session, &secrets, &mut operator)
            }
            Mode::Unattended => {
                let talk = Box::new(Masked::new(std::io::stderr(), &secrets));
                let (out, err) = (Box::new(std::io::stdout()), Box::new(std::io::stderr()));
                let operator = Unattended::new(self.options.grants.policy.clone(), out, err, talk, look);
                let mut operator = operator.with_pager(pager);
                if let Some(told) = told {
                    operator.tell(&Talk::Notice(&told));
                }
                self.walk(session, &secrets, &mut operator)
            }
        }
    }

    fn walk<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        secrets: &Secrets,
        operator: &mut O,
    ) -> Result<Ending, SessionError> {
        let settings = settings(self.options, self.folder);
        let masker = self.options.initial_masker();
        let plan = self.plan.clone().with_words(&|text| masker.text(text).into_owned());
        let resumed = self.resumed.take();
        let is_resumed = resumed.is_some();
        if let Some(resumed) = resumed {
            self.catch_up(session, operator, resumed)?;
        }
        let mut discreet = Discreet::new(session, secrets);
        let syntax = &mut self.syntax;
        let mut engine = Engine::new(&plan, &settings, &mut discreet, operator, syntax, &self.clock, &self.events);
        if is_resumed {
            engine.resume_at(&self.events);
        }
        let mut ending = engine.run()?;
        // A failure that the operator skipped still counts for the exit status.
        let failed = engine.state().unsettled().iter().any(|command| !command.outcome().goes_on());
        if ending.result == RunResult::Completed && failed {
            ending.result = RunResult::Failed;
        }
        let left = session.finish()?;
        if !left.is_empty() {
            operator.tell(&Talk::Warning(&format!("still running after the run: {}", left.join(", "))));
        }
        Ok(ending)
    }

    /// Prints the notices, records who resumes the run, and follows the command that is still running to its end.
    fn catch_up<O: Operator>(
        &mut self,
        session: &mut kernel::Session,
        operator: &mut O,
        resumed: Resumed,
    ) -> Result<(), SessionError> {
        for line in &resumed.told {
            operator.tell(&Talk::Notice(line));
        }
        self.events.extend(session.append(vec![Fact::RunResumed(resumed.fact)])?);
        if let Some(started) = &resumed.running {
            operator.tell(&Talk::Started { text: &started.text, line: started.line });
            let came = session.follow(operator)?;
            if let Fact::CommandFinished(finished) = &came.finished.fact {
                operator.tell(&Talk::Finished { finished, text: &started.text, detail: None });
            }
            if let Some(how) = &came.respawned {
                operator.tell(&Talk::Respawned { how });
            }
            self.events.push(came.finished);
        }
        Ok(())
    }
}

fn settings(options: &RunOptions<'_>, folder: &Folder) -> Settings {
    Settings {
        file: options.procedure.path.to_string_lossy().into_owned(),
        file_name: options.procedure.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        host: options.environment.host.clone(),
        user: options.environment.user.clone(),
        cwd: options.environment.cwd.to_string_lossy().into_owned(),
        mode: options.mode,
        values: options.grants.policy.values.clone(),
        monitor_for: options.grants.policy.monitor_for,
        timeout: options.procedure.runbook.front_matter.timeout.as_deref().and_then(crate::plan::duration),
        record: folder.path().to_string_lossy().into_owned(),
    }
}
