//! What a recorder knows and does: one session, its record, its client.
//!
//! Invariant: a command's start is on disk before bash sees it, and its end before the engine hears of it; once the
//! record is broken nothing is run any more. Refuses to know: how readiness is waited for.

use super::capture::{self, Capture};
use super::connection::Connection;
use super::folder::RuntimeFolder;
use super::options::ServeOptions;
use super::protocol::{Channel, Failure, Reply, Request, Run, WireEvent};
use super::report::{Ended, How, Report};
use super::running::{Abort, Running, step_file, step_file_name};
use super::shell::{Shell, quote};
use crate::history::{
    CommandFinished, End, EngineLost, Event, Fact, Mode, RunFinished, RunResult, ShellDied, ShellStarted, judge,
};
use crate::ident::{Clock, SystemClock};
use crate::journal::{Salts, Writer};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// bash must be up after this time.
const START_LIMIT: Duration = Duration::from_secs(20);
/// An engine must have come after this time.
const ENGINE_LIMIT: Duration = Duration::from_secs(20);
/// The first identifier of requests that are no commands.
const FIRST_ASKED: u64 = 1 << 62;

/// What the shell is doing.
pub(super) enum Activity {
    /// It is starting; at this moment it is given up.
    Starting(Duration),
    /// It reads the operator's rc file.
    ReadingRc(u64, PathBuf),
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

/// See the module.
pub(super) struct Session {
    pub(super) options: ServeOptions,
    pub(super) clock: SystemClock,
    pub(super) folder: RuntimeFolder,
    journal: Writer,
    salts: Salts,
    pub(super) shell: Option<Shell>,
    pub(super) engine: Option<Connection>,
    pub(super) activity: Activity,
    pub(super) closing: Closing,
    /// Requests that came while the shell was busy.
    waiting: VecDeque<Request>,
    /// Facts about the shell that are recorded with the next append.
    untold: Vec<Fact>,
    /// The answer that is given once a new shell is up.
    held_reply: Option<(WireEvent, WireEvent)>,
    respawned: Option<String>,
    /// When the session ends if no engine has come.
    engine_due: Option<Duration>,
    /// Why there is no shell, before an engine has come to hear of it.
    no_shell: Option<String>,
    welcomed: bool,
    terminated: bool,
    /// Whether the last command may have touched the ERR trap.
    check_trap: bool,
    trace: bool,
    cwd: PathBuf,
    next_asked: u64,
    asked_names: Vec<(String, bool)>,
    background: Option<(File, u64)>,
    pub(super) buffer: Vec<u8>,
}

impl Session {
    /// Begins the record. The shell is started by [`Session::start_shell`].
    pub(super) fn new(options: ServeOptions, folder: RuntimeFolder, journal: Writer) -> std::io::Result<Self> {
        let clock = SystemClock::start();
        Ok(Self {
            cwd: options.cwd.clone(),
            options,
            folder,
            journal,
            salts: Salts::open()?,
            shell: None,
            engine: None,
            activity: Activity::Starting(START_LIMIT),
            closing: Closing::No,
            waiting: VecDeque::new(),
            untold: Vec::new(),
            held_reply: None,
            respawned: None,
            engine_due: Some(ENGINE_LIMIT),
            no_shell: None,
            welcomed: false,
            terminated: false,
            check_trap: false,
            trace: false,
            next_asked: FIRST_ASKED,
            asked_names: Vec::new(),
            background: None,
            buffer: Vec::new(),
            clock,
        })
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now().mono
    }

    /// Starts a bash where the last one was.
    pub(super) fn start_shell(&mut self) -> std::io::Result<()> {
        let nonce = self.salts.next_salt()?;
        let candidates = [self.cwd.clone(), self.options.cwd.clone(), PathBuf::from("/")];
        let cwd = candidates.iter().find(|dir| dir.is_dir()).map_or(Path::new("/"), PathBuf::as_path);
        let shell = Shell::start(&self.options, self.folder.path(), &nonce, cwd)?;
        self.shell = Some(shell);
        self.activity = Activity::Starting(self.now() + START_LIMIT);
        Ok(())
    }

    /// Appends facts, and with them those of the shell that wait: after the beginning of the run, before anything else.
    /// Once a write has failed, the writer refuses all that follows.
    pub(super) fn append(&mut self, mut facts: Vec<Fact>) -> Result<Vec<Event>, String> {
        let untold = self.untold.len();
        let place = usize::from(matches!(facts.first(), Some(Fact::RunStarted(_))));
        facts.splice(place..place, self.untold.drain(..));
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let at = self.clock.now();
        self.journal.append(&facts, at).map_err(|error| {
            self.untold.extend(facts.drain(place..place + untold));
            error.to_string()
        })
    }

    fn reply(&mut self, reply: &Reply) {
        if let Some(engine) = &mut self.engine {
            engine.send(reply);
        }
    }

    fn fail(&mut self, what: Failure, message: impl Into<String>) {
        self.reply(&Reply::Failed { what, message: message.into() });
    }

    /// A client has said hello and is the engine now.
    pub(super) fn engine_came(&mut self, connection: Connection) {
        self.engine = Some(connection);
        self.engine_due = None;
        if let Some(reason) = self.no_shell.take() {
            self.reply(&Reply::Refused { reason });
            self.closing = Closing::Done;
        } else if !matches!(self.activity, Activity::Starting(_) | Activity::ReadingRc(..)) {
            self.welcome();
        }
    }

    fn welcome(&mut self) {
        let Some(shell) = self.shell.as_ref().filter(|_| self.engine.is_some() && !self.welcomed) else { return };
        let welcome = Reply::Welcome {
            program: super::protocol::PROGRAM_VERSION.to_owned(),
            run: self.options.run.clone(),
            shell: u32::try_from(shell.pid.as_raw_nonzero().get()).unwrap_or_default(),
        };
        self.welcomed = true;
        self.reply(&welcome);
    }

    /// The engine asks for something.
    pub(super) fn requested(&mut self, request: Request, blob: &[u8]) {
        match request {
            Request::Input => self.keys(blob),
            Request::Resize(size) => {
                if let Some(shell) = &self.shell {
                    shell.resize(size);
                }
            }
            Request::Interrupt => self.interrupt(),
            Request::Abort => self.abort(),
            Request::Append { facts } => match self.append(facts) {
                Ok(events) => {
                    let events = events.into_iter().map(WireEvent::from).collect();
                    self.reply(&Reply::Appended { events });
                }
                Err(why) => self.fail(Failure::Record, why),
            },
            // The connection stays until bash is gone: its end tells the engine so.
            Request::Bye => self.close(),
            Request::Hello { .. } => self.fail(Failure::Request, "there was a hello before"),
            request @ (Request::Run(_) | Request::Values { .. } | Request::Set { .. }) => {
                self.waiting.push_back(request);
                self.take_up();
            }
        }
    }

    /// Takes up what waits for the shell, when the shell waits.
    fn take_up(&mut self) {
        while matches!(self.activity, Activity::Idle) {
            let Some(request) = self.waiting.pop_front() else { return };
            if self.shell.is_none() {
                self.fail(Failure::Shell, "the shell is gone, and no new one could be started");
                continue;
            }
            match request {
                Request::Run(run) => self.run(*run),
                Request::Values { names } => self.ask_values(names),
                Request::Set { name, value } => self.ask_set(&name, &value),
                _ => {}
            }
        }
    }

    fn run(&mut self, run: Run) {
        let Run { decided, started, name, limit, size } = run;
        let Ok(salt) = self.salts.next_salt() else {
            return self.fail(Failure::Record, "no random bytes for the salt");
        };
        let name = step_file_name(&name);
        let file = self.folder.path().join(&name);
        // The text is put where bash will find it before it is recorded: bash is not told yet.
        if let Err(error) = write_private(&file, &step_file(&started.text, started.line, self.trace)) {
            return self.fail(Failure::Shell, format!("the command cannot be handed over: {error}"));
        }
        let facts = decided.map(Fact::Decided).into_iter().chain([Fact::CommandStarted(started.clone())]).collect();
        let event = match self.append(facts) {
            Ok(mut events) => events.pop(),
            Err(why) => {
                drop(std::fs::remove_file(&file));
                return self.fail(Failure::Record, why);
            }
        };
        let (Some(event), Some(shell)) = (event, self.shell.as_mut()) else { return };
        shell.flush_input();
        if let Some(size) = size {
            shell.resize(size);
        }
        let since = self.clock.now().mono;
        let check = u8::from(std::mem::replace(&mut self.check_trap, started.text.contains("trap")));
        shell.request(format!("r {} {check} {name}\n", event.seq.0).as_bytes());
        let path = capture::output_path(&self.options.folder, event.seq);
        self.activity = Activity::Command(Box::new(Running {
            seq: event.seq,
            event: event.into(),
            started,
            capture: Capture::new(path, salt, self.options.output_limit_bytes),
            since,
            file,
            begun: false,
            held_keys: Vec::new(),
            held_interrupt: false,
            interrupted: false,
            limit: limit.map(|limit| since + limit),
            abort: Abort::No,
            sync_at: None,
        }));
    }

    fn ask_values(&mut self, names: Vec<String>) {
        self.asked_names = names.into_iter().map(|name| (is_name(&name), name)).map(|(ok, name)| (name, ok)).collect();
        let lines: Vec<&str> = self.asked_names.iter().filter(|(_, ok)| *ok).map(|(name, _)| name.as_str()).collect();
        let mut request = format!("v {} {}\n", self.next_asked, lines.len());
        for name in lines {
            request.push_str(name);
            request.push('\n');
        }
        self.ask(request.as_bytes());
    }

    fn ask_set(&mut self, name: &str, value: &str) {
        if !is_name(name) || value.contains('\0') {
            let refused = Some(format!("`{name}` cannot be set: not a name, or a value with a NUL in it"));
            return self.reply(&Reply::Set { refused });
        }
        let request = format!("s {} {name}\n{value}\0", self.next_asked);
        self.ask(request.as_bytes());
    }

    fn ask(&mut self, request: &[u8]) {
        self.activity = Activity::Answering(self.next_asked);
        self.next_asked += 1;
        if let Some(shell) = &mut self.shell {
            shell.request(request);
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
                self.check_trap = true;
                self.is_idle();
            }
            (Report::Values { id, values }, Activity::Answering(asked)) if id == *asked => {
                let mut values = values.into_iter();
                let names = std::mem::take(&mut self.asked_names);
                let values = names
                    .into_iter()
                    .map(|(name, asked)| (name, if asked { values.next().flatten() } else { None }))
                    .collect();
                self.reply(&Reply::Values { values });
                self.is_idle();
            }
            (Report::Set { id, done }, Activity::Answering(asked)) if id == *asked => {
                let refused = (!done).then(|| "it is readonly in the shell".to_owned());
                self.reply(&Reply::Set { refused });
                self.is_idle();
            }
            _ => {}
        }
    }

    fn shell_is_up(&mut self, version: String, cwd: &str) {
        let Some(shell) = &self.shell else { return };
        shell.started();
        self.cwd = PathBuf::from(cwd);
        self.untold.push(Fact::ShellStarted(ShellStarted {
            pid: u32::try_from(shell.pid.as_raw_nonzero().get()).unwrap_or_default(),
            program: self.options.shell.display().to_string(),
            version,
        }));
        match self.options.rc.clone() {
            Some(rc) => self.read_rc(&rc),
            None => self.is_idle(),
        }
    }

    fn read_rc(&mut self, rc: &Path) {
        let id = self.next_asked;
        self.next_asked += 1;
        let file = self.folder.path().join("rc");
        let mut text = b". ".to_vec();
        text.extend_from_slice(&quote(rc));
        let text = step_file(&String::from_utf8_lossy(&text), 1, false);
        let written = write_private(&file, &text).is_ok();
        if let Some(shell) = self.shell.as_mut().filter(|_| written) {
            shell.request(format!("r {id} 0 rc\n").as_bytes());
            self.activity = Activity::ReadingRc(id, file);
        } else {
            self.is_idle();
        }
    }

    fn is_idle(&mut self) {
        self.activity = Activity::Idle;
        self.welcome();
        if let Some((started, finished)) = self.held_reply.take() {
            // The new shell is recorded before the engine hears of it.
            if let Err(why) = self.append(Vec::new()) {
                self.fail(Failure::Record, why);
            } else {
                let respawned = self.respawned.take();
                self.reply(&Reply::Finished { started, finished, respawned });
            }
        }
        if self.terminated {
            self.stop();
        } else if self.engine.is_none() && self.welcomed {
            self.abandon();
        } else {
            self.take_up();
        }
    }

    /// bash has begun the command: keys that came meanwhile are its own.
    fn begun(&mut self) {
        let Activity::Command(running) = &mut self.activity else { return };
        running.begun = true;
        let keys = std::mem::take(&mut running.held_keys);
        let interrupt = running.held_interrupt;
        if !keys.is_empty() {
            self.keys(&keys);
        }
        if interrupt {
            self.interrupt();
        }
    }

    fn take_state(&mut self, ended: &Ended) {
        if ended.cwd.starts_with('/') {
            self.cwd = PathBuf::from(&ended.cwd);
        }
        self.trace = ended.flags.contains('x');
    }

    fn ended(&mut self, ended: &Ended) {
        self.take_state(ended);
        let end = match ended.how {
            How::Ran => End::Ran,
            How::Returned => End::Returned,
            How::Exited => End::Exited,
            How::Errexit => End::Errexit,
            How::Thrown => End::Thrown,
            How::Stopped => End::Stopped,
            How::Aborted => End::Aborted,
        };
        self.finish(end, Some(ended.status), ended.pipestatus.clone(), None);
    }

    /// Records the end of the running command and tells the engine, or keeps the answer until a new shell is up.
    pub(super) fn finish(&mut self, end: End, status: Option<i32>, pipestatus: Vec<i32>, died: Option<&str>) {
        if !matches!(self.activity, Activity::Command(_)) {
            return;
        }
        let took = self.now();
        self.drain();
        let Activity::Command(running) = std::mem::replace(&mut self.activity, Activity::Idle) else { return };
        if let Some(shell) = &mut self.shell {
            shell.restore_modes();
        }
        drop(std::fs::remove_file(&running.file));
        let Running { seq, event, started, capture, since, interrupted, abort, .. } = *running;
        // A command that is told to end may end in its own way before bash hears of it.
        let end = match (abort, end) {
            (Abort::No, end) => end,
            (_, End::Stopped | End::Exited) => end,
            _ => End::Aborted,
        };
        let outcome = judge(
            end,
            status.unwrap_or_default(),
            &pipestatus,
            &started.answers,
            started.never_ends,
            interrupted,
            capture.head(),
        );
        let finished = CommandFinished {
            started: seq,
            end,
            outcome,
            status,
            pipestatus,
            cwd: self.cwd.display().to_string(),
            took_ns: u64::try_from(took.saturating_sub(since).as_nanos()).unwrap_or(u64::MAX),
            output: capture.finish(),
        };
        let died = died.map(|how| Fact::ShellDied(ShellDied { how: how.to_owned() }));
        let facts = std::iter::once(Fact::CommandFinished(finished)).chain(died.clone()).collect();
        let finished = match self.append(facts) {
            Ok(events) => events.into_iter().find(|event| matches!(event.fact, Fact::CommandFinished(_))),
            Err(why) => {
                self.fail(Failure::Record, why);
                None
            }
        };
        if let Some(finished) = finished {
            if died.is_some() {
                self.held_reply = Some((event, finished.into()));
                return;
            }
            let respawned = self.respawned.take();
            self.reply(&Reply::Finished { started: event, finished: finished.into(), respawned });
        }
        if died.is_none() {
            self.is_idle();
        }
    }

    /// bash has ended.
    pub(super) fn shell_ended(&mut self, how: &str) {
        self.drain();
        self.read_reports();
        let Some(mut shell) = self.shell.take() else { return };
        shell.close();
        if self.closing != Closing::No {
            self.finish(End::ShellDied, None, Vec::new(), Some(how));
            self.closing = Closing::Done;
            return;
        }
        match &self.activity {
            Activity::Starting(_) | Activity::ReadingRc(..) => {
                self.fail_to_start(&format!("it ended at its start: {how}"));
                return;
            }
            Activity::Command(_) => {
                self.respawned = Some(how.to_owned());
                self.finish(End::ShellDied, None, Vec::new(), Some(how));
            }
            Activity::Answering(_) => {
                self.respawned = Some(how.to_owned());
                self.untold.push(Fact::ShellDied(ShellDied { how: how.to_owned() }));
                self.fail(Failure::Shell, format!("it ended: {how}"));
            }
            Activity::Idle => {
                self.respawned = Some(how.to_owned());
                self.untold.push(Fact::ShellDied(ShellDied { how: how.to_owned() }));
            }
        }
        self.trace = false;
        if let Err(error) = self.start_shell() {
            self.fail_to_start(&error.to_string());
        }
    }

    /// There is no shell, and there will be none.
    pub(super) fn fail_to_start(&mut self, why: &str) {
        if let Some(shell) = self.shell.take() {
            shell.signal(rustix::process::Signal::KILL);
        }
        if self.welcomed {
            self.respawned = self.respawned.take().map(|how| format!("{how}; no new shell could be started: {why}"));
            self.is_idle();
        } else if self.engine.is_some() {
            self.reply(&Reply::Refused { reason: why.to_owned() });
            self.closing = Closing::Done;
        } else {
            self.no_shell = Some(why.to_owned());
            self.activity = Activity::Idle;
        }
    }

    /// The engine's connection has ended without a goodbye.
    pub(super) fn engine_lost(&mut self) {
        self.engine = None;
        if self.closing != Closing::No {
            return;
        }
        let now = self.now();
        let running = matches!(self.activity, Activity::Command(_));
        let then = if running { "the running command goes on" } else { "the run ends" };
        drop(self.append(vec![Fact::EngineLost(EngineLost { then: then.to_owned() })]));
        if let Activity::Command(running) = &mut self.activity {
            let alone = if running.started.never_ends { super::MONITOR_ALONE } else { super::COMMAND_ALONE };
            running.limit = Some(running.limit.unwrap_or(Duration::MAX).min(now + alone));
        } else {
            self.abandon();
        }
    }

    fn abandon(&mut self) {
        if self.closing == Closing::No {
            self.end_run(RunResult::Abandoned, "its engine was lost");
        }
    }

    fn end_run(&mut self, result: RunResult, reason: &str) {
        let finished = RunFinished { result, reason: reason.to_owned(), next: None };
        drop(self.append(vec![Fact::RunFinished(finished)]));
        self.close();
    }

    /// The recorder itself is told to end.
    pub(super) fn terminate(&mut self) {
        self.terminated = true;
        if matches!(self.activity, Activity::Command(_)) {
            self.abort();
        } else {
            self.stop();
        }
    }

    fn stop(&mut self) {
        if self.closing == Closing::No {
            self.end_run(RunResult::Interrupted, "its recorder was told to end");
        }
    }

    /// Lets bash exit.
    fn close(&mut self) {
        let Some(shell) = &mut self.shell else {
            self.closing = Closing::Done;
            return;
        };
        shell.close();
        self.closing = Closing::Told(self.clock.now().mono + super::EXIT_GRACE);
    }

    fn keys(&mut self, keys: &[u8]) {
        let (Activity::Command(running), Some(shell), Mode::Attended) =
            (&mut self.activity, &mut self.shell, self.options.mode)
        else {
            return;
        };
        if !running.begun {
            running.held_keys.extend_from_slice(keys);
            return;
        }
        let interrupts = keys.contains(&shell.interrupt_key());
        running.interrupted |= interrupts;
        if interrupts && shell.keys.waiting() > 0 {
            // Behind keys that nobody reads it would never arrive.
            shell.keys.clear();
            shell.interrupt();
            return;
        }
        if shell.keys.waiting() < super::KEYS_LIMIT_BYTES {
            shell.keys.buffer().extend_from_slice(keys);
        }
        shell.flush_keys();
    }

    fn interrupt(&mut self) {
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell) else { return };
        if running.begun {
            running.interrupted = true;
            shell.interrupt();
        } else {
            running.held_interrupt = true;
        }
    }

    /// Output came.
    pub(super) fn printed(&mut self, channel: Channel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if let Activity::Command(running) = &mut self.activity {
            let (offset, kept) = running.capture.take(bytes);
            if running.sync_at.is_none() && running.capture.is_dirty() {
                running.sync_at = Some(self.clock.now().mono + super::SYNC_INTERVAL);
            }
            if let Some(engine) = self.engine.as_mut().filter(|_| kept > 0) {
                let kept = bytes.get(..kept).unwrap_or_default();
                engine.output(Some(running.seq), channel, offset, kept);
            }
            return;
        }
        self.printed_in_background(channel, bytes);
    }

    fn printed_in_background(&mut self, channel: Channel, bytes: &[u8]) {
        if self.background.is_none() {
            let path = capture::background_path(&self.options.folder);
            self.background = capture::open_output(&path).ok().map(|file| (file, 0));
        }
        let Some((file, length)) = &mut self.background else { return };
        if file.write_all(bytes).is_err() {
            return;
        }
        let offset = *length;
        *length += bytes.len() as u64;
        if let Some(engine) = &mut self.engine {
            engine.output(None, channel, offset, bytes);
        }
    }

    /// The next moment at which something is due.
    pub(super) fn due(&self) -> Option<Duration> {
        let activity = match &self.activity {
            Activity::Starting(at) => Some(*at),
            Activity::Command(running) => running.due(),
            Activity::ReadingRc(..) | Activity::Idle | Activity::Answering(_) => None,
        };
        let closing = match self.closing {
            Closing::Told(at) | Closing::HungUp(at) => Some(at),
            Closing::No | Closing::Done => None,
        };
        [activity, closing, self.engine_due].into_iter().flatten().min()
    }

    /// Whether nobody has come in time.
    pub(super) fn nobody_came(&mut self, now: Duration) {
        if self.engine_due.is_some_and(|due| due <= now) {
            self.engine_due = None;
            self.close();
        }
    }

    /// Whether no engine can take the session over any more.
    pub(super) fn is_ending(&self) -> bool {
        self.closing != Closing::No || self.welcomed
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// Whether a text is a variable's name.
fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
