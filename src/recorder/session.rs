//! What a recorder knows and does: one session, its record, its client.
//!
//! Invariant: a command's start is on disk before bash sees it, and its end before the engine hears of it; once the
//! record is broken nothing is run any more. Refuses to know: how readiness is waited for.

use super::connection::Connection;
use super::folder::RuntimeFolder;
use super::handover::Handover;
use super::hide::{Masks, without_secrets};
use super::options::ServeOptions;
use super::protocol::{Begun, CameBack, Failure, Reply, Request, WireEvent};
use super::questions::Asked;
use super::report::Report;
use super::respawn::State;
use super::running::Running;
use super::shell::{Left, Shell};
use crate::history::{Event, Fact, RecordFailed};
use crate::ident::{Clock as _, Moment, Seq, SystemClock};
use crate::journal::{JournalError, Salts, Writer, as_recorded};
use crate::mask::Masker;
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// bash must be up after this time.
pub(super) const START_LIMIT: Duration = Duration::from_secs(20);
/// An engine must have come after this time.
const ENGINE_LIMIT: Duration = Duration::from_secs(20);
/// The first identifier of requests that are no commands.
const FIRST_ASKED: u64 = 1 << 62;
/// The numbers of facts that are in no journal begin here.
const FIRST_UNRECORDED: u64 = 1 << 40;

/// What the shell is doing.
pub(super) enum Activity {
    /// It is starting; at this moment it is given up.
    Starting(Duration),
    /// It reads the operator's rc file.
    ReadingRc(u64, PathBuf),
    /// It is made as the last one was.
    Restoring(u64, PathBuf),
    /// It waits.
    Idle,
    /// It runs a command.
    Command(Box<Running>),
    /// It answers a question.
    Answering(u64),
}

/// How far the end of the session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It goes on.
    No,
    /// bash was told to exit; at this moment it is hung up.
    Told(Duration),
    /// It was hung up; at this moment it is killed.
    HungUp(Duration),
    /// There is no bash any more.
    Done,
}

/// What one command leaves for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    /// It has come back as [`CameBack::is_plain`] has it.
    pub(super) is_plain: bool,
    /// It may have touched the ERR trap.
    pub(super) check_trap: bool,
    /// `$-` at its end; none as long as this bash has not told.
    pub(super) flags: Option<String>,
    /// The file that this bash was told to source last.
    pub(super) file: String,
}

impl Carried {
    /// Whether an option is on, by its letter.
    pub(super) fn has(&self, letter: char) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.contains(letter))
    }

    /// Whether no option is on that has to be switched off and on again around the kernel's own words.
    pub(super) fn is_neutral(&self) -> bool {
        self.flags.as_ref().is_some_and(|flags| !flags.contains(['a', 'e', 'n', 'u', 'v', 'x']))
    }
}

/// How facts are put into the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Put {
    /// Before what they say happens; on disk.
    Ahead,
    /// It has happened: out of the reserve if need be; on disk.
    Happened,
    /// It has happened; on disk with what follows.
    Soon,
}

/// What could not be recorded.
#[derive(Debug, Default)]
pub(super) struct Gap {
    why: String,
    events: u64,
    /// Output that is not kept.
    pub(super) bytes: u64,
    /// It was said, out of the reserve.
    told: bool,
}

impl Gap {
    fn fact(&self) -> Fact {
        let why = self.why.clone();
        Fact::RecordFailed(RecordFailed { why, lost_events: self.events, lost_bytes: self.bytes })
    }
}

/// See the module.
pub(super) struct Session {
    pub(super) options: ServeOptions,
    pub(super) clock: SystemClock,
    pub(super) folder: RuntimeFolder,
    pub(super) journal: Writer,
    pub(super) salts: Salts,
    /// What must not be recorded.
    pub(super) masker: Masker,
    /// What could not be recorded lately.
    pub(super) gap: Option<Gap>,
    pub(super) background_masks: Masks,
    pub(super) shell: Option<Shell>,
    pub(super) engine: Option<Connection>,
    pub(super) activity: Activity,
    pub(super) closing: Closing,
    /// Requests that came while the shell was busy.
    pub(super) waiting: VecDeque<Request>,
    /// Facts about the shell that are recorded with the next append.
    pub(super) untold: Vec<Fact>,
    /// The end of a command was told of and is not on disk yet; at this moment it must be.
    pub(super) settle_at: Option<Duration>,
    /// The answer that is given once a new shell is up.
    pub(super) held_reply: Option<(Vec<Begun>, WireEvent)>,
    pub(super) respawned: Option<String>,
    /// When the session ends if no engine has come.
    pub(super) engine_due: Option<Duration>,
    /// Who drives it.
    pub(super) driver: String,
    /// Why there is no shell, before an engine has come to hear of it.
    pub(super) no_shell: Option<String>,
    pub(super) welcomed: bool,
    pub(super) terminated: bool,
    /// Who has told it to end; nobody: a signal.
    pub(super) stopped_by: String,
    /// The engine has recorded the run's end.
    pub(super) over: bool,
    pub(super) carried: Carried,
    pub(super) state: State,
    /// What the last shell has left.
    pub(super) left: Option<Left>,
    pub(super) cwd: PathBuf,
    pub(super) next_asked: u64,
    pub(super) asked: Asked,
    pub(super) background: Option<(File, u64)>,
    pub(super) handover: Handover,
    pub(super) buffer: Vec<u8>,
    pub(super) report_buffer: Vec<u8>,
    pub(super) masked: Vec<u8>,
}

impl Session {
    /// Begins the record. The shell is started by [`Session::start_shell`].
    pub(super) fn new(options: ServeOptions, folder: RuntimeFolder, journal: Writer) -> std::io::Result<Self> {
        let clock = SystemClock::start();
        let masker = Masker::new();
        Ok(Self {
            background_masks: Masks::new(&masker),
            masker,
            gap: None,
            cwd: options.cwd.clone(),
            folder,
            journal,
            salts: Salts::open()?,
            shell: None,
            engine: None,
            activity: Activity::Starting(START_LIMIT),
            closing: Closing::No,
            waiting: VecDeque::new(),
            untold: Vec::new(),
            settle_at: None,
            held_reply: None,
            respawned: None,
            engine_due: Some(ENGINE_LIMIT),
            driver: String::new(),
            no_shell: None,
            welcomed: false,
            terminated: false,
            stopped_by: String::new(),
            over: false,
            carried: Carried::default(),
            state: State::new(options.restore.as_deref()),
            left: None,
            next_asked: FIRST_ASKED,
            asked: Asked::Nothing,
            background: None,
            handover: Handover::default(),
            buffer: Vec::new(),
            report_buffer: Vec::new(),
            masked: Vec::new(),
            options,
            clock,
        })
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now().mono
    }

    /// Appends facts, and with them those of the shell that wait: after the beginning of the run, before anything else.
    /// Once a write has failed, the writer refuses all that follows.
    pub(super) fn append(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, String> {
        self.record(facts, Put::Ahead)
    }

    /// The same for what has happened already, and is recorded out of the reserve when there is no room.
    pub(super) fn append_last(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, String> {
        self.record(facts, Put::Happened)
    }

    /// The event that a fact will be if it is appended now and nothing goes wrong; none when something already has, or when something
    /// else is recorded before it.
    pub(super) fn foresee(&self, mut fact: Fact) -> Option<Event> {
        if self.gap.is_some() || !self.untold.is_empty() || self.journal.failure().is_some() {
            return None;
        }
        without_secrets(&mut fact, &self.masker);
        Some(Event { seq: self.journal.next_seq(), at: as_recorded(self.clock.now()), fact })
    }

    /// Appends what has happened and was told as it was foreseen: on disk with the next append, or soon.
    pub(super) fn append_soon(&mut self, foreseen: Event) {
        self.settle_at = Some(self.now() + super::SETTLE_LIMIT);
        // One that cannot be recorded was told all the same: the command has run. What is recorded next says so.
        let recorded = self.record_at(vec![foreseen.fact], Put::Soon, foreseen.at);
        debug_assert!(recorded.is_err() || recorded.is_ok_and(|events| events.iter().all(|e| e.seq == foreseen.seq)));
    }

    /// Puts on disk what was told of before it was there, and says so.
    pub(super) fn settle(&mut self) {
        if let Err(error) = self.journal.sync() {
            // Nobody knows what of it is there; nothing is recorded after this.
            self.gap.get_or_insert_with(|| Gap { why: error.to_string(), ..Gap::default() }).events += 1;
        }
        if self.settle_at.take().is_some() {
            self.reply(&Reply::Settled);
        }
    }

    fn record(&mut self, facts: Vec<Fact>, put: Put) -> Result<Vec<Event>, String> {
        self.record_at(facts, put, self.clock.now())
    }

    fn record_at(&mut self, mut facts: Vec<Fact>, put: Put, at: Moment) -> Result<Vec<Event>, String> {
        let happened = put != Put::Ahead;
        let untold = self.untold.len();
        let place = usize::from(matches!(facts.first(), Some(Fact::RunStarted(_))));
        facts.splice(place..place, self.untold.drain(..));
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        for fact in &mut facts {
            without_secrets(fact, &self.masker);
        }
        let appended = self.write_events(&facts, at, put).or_else(|error| {
            self.gap.get_or_insert_with(|| Gap { why: error.to_string(), ..Gap::default() });
            if happened { self.write_last(&facts, at) } else { Err(error) }
        });
        appended.map_err(|error| {
            if happened {
                let gap = self.gap.get_or_insert_default();
                gap.events += (facts.len() - untold) as u64;
            }
            self.untold.extend(facts.drain(place..place + untold));
            error.to_string()
        })
    }

    /// Facts that are in no journal, because there is no room, and the operator has said that it does not matter.
    pub(super) fn unrecorded_events(&mut self, mut facts: Vec<Fact>) -> Vec<Event> {
        let gap = self.gap.get_or_insert_default();
        let first = FIRST_UNRECORDED + gap.events;
        gap.events += facts.len() as u64;
        for fact in &mut facts {
            without_secrets(fact, &self.masker);
        }
        let at = self.clock.now();
        (first..).zip(facts).map(|(seq, fact)| Event { seq: Seq(seq), at, fact }).collect()
    }

    /// The same for what an append has counted among the lost already.
    pub(super) fn unrecorded_end(&mut self, facts: Vec<Fact>, counted: bool) -> Vec<Event> {
        let events = self.unrecorded_events(facts);
        if let Some(gap) = self.gap.as_mut().filter(|_| counted) {
            gap.events = gap.events.saturating_sub(events.len() as u64);
        }
        events
    }

    /// Once there is room again, the first thing recorded is that there was none.
    fn write_events(&mut self, facts: &[Fact], at: Moment, put: Put) -> Result<Vec<Event>, JournalError> {
        let gap = self.gap.as_ref().map(Gap::fact);
        let all: Vec<Fact> = gap.into_iter().chain(facts.iter().cloned()).collect();
        let appended =
            if put == Put::Soon { self.journal.append_unsynced(&all, at) } else { self.journal.append(&all, at) };
        let mut events = appended?;
        self.gap = None;
        Ok(events.split_off(all.len() - facts.len()))
    }

    fn write_last(&mut self, facts: &[Fact], at: Moment) -> Result<Vec<Event>, JournalError> {
        let gap = self.gap.as_ref().filter(|gap| !gap.told).map(Gap::fact);
        let all: Vec<Fact> = gap.into_iter().chain(facts.iter().cloned()).collect();
        let mut events = self.journal.append_last(&all, at)?;
        if let Some(gap) = &mut self.gap {
            *gap = Gap { why: std::mem::take(&mut gap.why), told: true, ..Gap::default() };
        }
        Ok(events.split_off(all.len() - facts.len()))
    }

    pub(super) fn reply(&mut self, reply: &Reply) {
        if let Some(engine) = &mut self.engine {
            engine.send(reply);
        }
    }

    pub(super) fn fail(&mut self, what: Failure, message: impl Into<String>) {
        self.reply(&Reply::Failed { what, message: message.into() });
    }

    /// The engine asks for something.
    pub(super) fn requested(&mut self, request: Request, blob: &[u8]) {
        // Whatever else is asked for first hears of it.
        if !matches!(request, Request::Run(_) | Request::Append { .. }) && self.settle_at.is_some() {
            self.settle();
        }
        if self.closing != Closing::No && request.is_answered() {
            return self.fail(Failure::Request, "the run has ended");
        }
        match request {
            Request::Input => self.keys(blob),
            Request::Resize(size) => {
                if let Some(shell) = &self.shell {
                    shell.resize(size);
                }
            }
            Request::Interrupt => self.interrupt(),
            Request::Abort => {
                if let Activity::Command(running) = &mut self.activity {
                    running.stopped = true;
                }
                self.abort();
            }
            Request::Append { facts } => match self.append(facts) {
                Ok(events) => {
                    self.over |= events.iter().any(|event| matches!(event.fact, Fact::RunFinished(_)));
                    let events = events.into_iter().map(WireEvent::from).collect();
                    self.settle_at = None;
                    self.reply(&Reply::Appended { events });
                }
                Err(why) => self.fail(Failure::Record, why),
            },
            // The connection stays until bash is gone: its end tells the engine so.
            Request::Bye => self.close(),
            Request::Hello { .. } => self.fail(Failure::Request, "there was a hello before"),
            Request::Hide { secrets } => {
                let refused = self.hide(&secrets);
                self.reply(&Reply::Hidden { refused });
            }
            Request::Visit { .. } => self.fail(Failure::Request, "a driving client has no errand"),
            request @ (Request::Run(_) | Request::Values { .. } | Request::Shadows { .. } | Request::Set { .. }) => {
                self.waiting.push_back(request);
                self.take_up();
            }
        }
    }

    /// Takes up what waits for the shell, when the shell waits.
    pub(super) fn take_up(&mut self) {
        while matches!(self.activity, Activity::Idle) {
            let Some(request) = self.waiting.pop_front() else { return };
            if matches!(&request, Request::Run(run) if run.is_ahead && !self.carried.is_plain) {
                continue;
            }
            if self.shell.is_none() {
                self.fail(Failure::Shell, "the shell is gone, and no new one could be started");
                continue;
            }
            match request {
                Request::Run(run) => self.run(*run),
                Request::Values { names } => self.ask_values(names),
                Request::Shadows { known } => self.ask_shadows(known),
                Request::Set { name, value } => self.ask_set(&name, &value),
                _ => {}
            }
        }
    }

    /// bash has reported something.
    pub(super) fn reported(&mut self, report: Report) {
        match (report, &mut self.activity) {
            (Report::Ready { version, cwd }, Activity::Starting(_)) => self.shell_is_up(version, &cwd),
            (Report::Go { id }, Activity::Command(running)) if id == running.seq.0 => self.begun(),
            (Report::End(ended), Activity::Command(running)) if ended.id == running.seq.0 => self.ended(&ended),
            (Report::End(ended), Activity::ReadingRc(id, file)) if ended.id == *id => {
                drop(std::fs::remove_file(file));
                self.take_state(&ended);
                self.carried.check_trap = true;
                self.is_prepared();
            }
            (Report::End(ended), Activity::Restoring(id, file)) if ended.id == *id => {
                let file = std::mem::take(file);
                self.carried.flags = Some(ended.flags);
                self.carried.check_trap = true;
                self.cwd = PathBuf::from(&ended.cwd);
                self.restored(&file);
                self.is_idle();
            }
            (Report::Lost { id, names }, Activity::Restoring(now, _)) if id == *now => self.not_restored(&names),
            (Report::Snapshot { id, dump }, _) => self.snapshot_came(id, &dump),
            (Report::Values { id, values }, Activity::Answering(asked)) if id == *asked => self.values_came(values),
            (Report::Set { id, done }, Activity::Answering(asked)) if id == *asked => self.set_came(done),
            _ => {}
        }
    }

    pub(super) fn is_idle(&mut self) {
        self.activity = Activity::Idle;
        self.welcome();
        if let Some((begun, finished)) = self.held_reply.take() {
            // The new shell is recorded before the engine hears of it.
            if let Err(why) = self.append(Vec::new()) {
                self.fail(Failure::Record, why);
            } else {
                let respawned = self.respawned.take();
                let came = CameBack { begun, finished, settled: true, respawned, left: Vec::new(), same_shell: false };
                self.reply(&Reply::Finished(Box::new(came)));
            }
        }
        if self.terminated {
            self.stop();
        } else if self.engine.is_none() && self.welcomed {
            self.wait_for_engine();
        } else {
            self.take_up();
        }
    }
}

pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}
