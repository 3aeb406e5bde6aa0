//! A session with a recorder: running a command while the operator watches.
//!
//! Invariant: when a command has come back, its start is on disk, and so is its end unless it says that this follows. Refuses to
//! know: what the command is for.

use super::attach::{AttachError, attach};
use super::link::{Learned, Link, failure, lost, timespec};
use super::signals::{Come, Signals};
use super::start::{StartOptions, start};
use super::terminal::{RawTerminal, window_size};
use crate::history::{Event, Fact, Mode, NoteAdded};
use crate::ident::{Clock as _, RunId, Seq, StepId, SystemClock};
use crate::plan::Definition;
use crate::plan::ShadowKind;
use crate::plan::Shadows;
use crate::ports::{Finished, KernelError, LineAction, LiveValue, Watch};
use crate::recorder::protocol::{CameBack, Reply, Request, Run, Secret, Size, WireShadows};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use std::cell::RefCell;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::rc::Rc;
use std::time::Duration;

/// How often a silent command is looked at.
const QUIET_INTERVAL: Duration = Duration::from_millis(100);
/// After a goodbye the recorder has this long to let bash and its EXIT traps end.
const GOODBYE_LIMIT: Duration = Duration::from_secs(10);
const KEYS_BYTES: usize = 4096;
/// Ctrl-], the key that asks for the engine while a command runs.
const LINE_KEY: u8 = 0x1d;

/// A shell session. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Session {
    inner: Rc<RefCell<Inner>>,
    learned: Learned,
    socket: PathBuf,
    shell: u32,
    recorder: u32,
}

#[derive(Debug)]
struct Inner {
    link: Link,
    /// None when somebody else started it.
    process: Option<Child>,
    signals: Signals,
    mode: Mode,
    clock: SystemClock,
    shadows: Known,
    /// The command that the recorder has begun by itself: it was sent ahead.
    ahead: Option<Run>,
}

/// What is known of the shell's functions and aliases.
#[derive(Debug, Default)]
struct Known {
    /// They, and their edition.
    told: Option<(u64, Rc<Shadows>)>,
    /// Nothing that could change them has run since.
    fresh: bool,
}

impl Session {
    /// Starts a recorder, and with it the record and bash.
    pub fn start(options: &StartOptions) -> Result<Self, KernelError> {
        let signals = Signals::new().map_err(lost)?;
        let started = start(options)?;
        let recorder = started.process.id();
        let learned = started.link.learned.clone();
        let inner = Inner {
            link: started.link,
            process: Some(started.process),
            signals,
            mode: options.mode,
            clock: SystemClock::start(),
            shadows: Known::default(),
            ahead: None,
        };
        Ok(Self {
            inner: Rc::new(RefCell::new(inner)),
            learned,
            socket: started.socket,
            shell: started.shell,
            recorder,
        })
    }

    /// Takes up the living session of a run. With it comes what was appended when the running command began, if one
    /// runs: then [`Session::follow`] is the next thing to do.
    pub fn attach(
        run: &RunId,
        folder: &Path,
        mode: Mode,
        who: &str,
    ) -> Result<(Self, Option<Vec<Event>>), AttachError> {
        let signals = Signals::new().map_err(lost)?;
        let attached = attach(run, folder, who)?;
        let learned = attached.link.learned.clone();
        let (clock, shadows) = (SystemClock::start(), Known::default());
        let inner = Inner { link: attached.link, process: None, signals, mode, clock, shadows, ahead: None };
        let inner = Rc::new(RefCell::new(inner));
        let session = Self { inner, learned, socket: attached.socket, shell: attached.shell, recorder: 0 };
        Ok((session, attached.running))
    }

    /// Watches a command that runs already, from its first output on.
    pub fn follow(&mut self, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.with(|inner| inner.watch(None, None, watch))
    }

    /// Keeps secrets, by name and value, out of everything recorded and shown from here on; returns which are refused,
    /// and why.
    pub fn hide(&mut self, secrets: Vec<Secret>) -> Result<Vec<String>, KernelError> {
        self.with(|inner| match inner.ask(&Request::Hide { secrets })? {
            Reply::Hidden { refused } => Ok(refused),
            _ => Err(out_of_turn()),
        })
    }

    /// The secrets that others have told the session, now and later.
    pub fn learned(&self) -> Learned {
        self.learned.clone()
    }

    /// The recorder's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The first shell's process.
    pub fn shell_pid(&self) -> u32 {
        self.shell
    }

    /// The recorder's process.
    pub fn recorder_pid(&self) -> u32 {
        self.recorder
    }

    /// Runs a command; what [`Kernel::run`](crate::ports::Kernel::run) does, with the request in the form it travels in.
    pub fn run_command(&mut self, run: Run, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.run_commands(run, None, watch)
    }

    /// The same, with the one that is to follow.
    pub fn run_commands(
        &mut self,
        run: Run,
        next: Option<Run>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.with(|inner| inner.watch(Some(run), next, watch))
    }

    /// Ends the session well: bash exits, its EXIT traps run, the recorder goes. Returns what goes on without them.
    pub fn finish(&mut self) -> Result<Vec<String>, KernelError> {
        self.with(Inner::finish)
    }

    pub(super) fn append_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.with(|inner| match inner.ask(&Request::Append { facts })? {
            Reply::Appended { events } => Ok(events.into_iter().map(Event::from).collect()),
            _ => Err(out_of_turn()),
        })
    }

    pub(super) fn settle_record(&mut self) -> Result<(), KernelError> {
        self.with(|inner| inner.link.settle())
    }

    pub(super) fn live_values(&mut self, names: &[String]) -> Result<Vec<LiveValue>, KernelError> {
        self.with(|inner| match inner.ask(&Request::Values { names: names.to_vec() })? {
            Reply::Values { values } => Ok(values.into_iter().map(|(name, value)| LiveValue { name, value }).collect()),
            _ => Err(out_of_turn()),
        })
    }

    pub(super) fn live_shadows(&mut self) -> Result<Rc<Shadows>, KernelError> {
        self.with(Inner::shadows)
    }

    pub(super) fn set_value(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        let request = Request::Set { name: name.to_owned(), value: value.to_owned() };
        self.with(|inner| match inner.ask(&request)? {
            Reply::Set { refused: None } => Ok(()),
            Reply::Set { refused: Some(why) } => Err(KernelError::Shell(format!("`{name}` could not be set: {why}"))),
            _ => Err(out_of_turn()),
        })
    }

    /// The beginning of the output file of a command; nothing where there is none.
    pub(super) fn output_head(&self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(inner) = self.inner.try_borrow() else { return bytes };
        let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
        if let Ok(file) = std::fs::File::open(inner.link.output(command)) {
            // What could be read is better than nothing; it is only offered.
            drop(file.take(limit).read_to_end(&mut bytes));
        }
        bytes
    }

    /// The connection, to wait on.
    pub(super) fn duplicate(&self) -> std::io::Result<OwnedFd> {
        let inner = self.inner.try_borrow().map_err(|_| std::io::ErrorKind::ResourceBusy)?;
        inner.link.stream.try_clone().map(OwnedFd::from)
    }

    /// Takes in what has come while no answer is waited for. False: a command runs, and what comes is its watcher's.
    pub(super) fn hear(&mut self) -> Result<bool, KernelError> {
        let Ok(mut inner) = self.inner.try_borrow_mut() else { return Ok(false) };
        inner.link.hear().map(|()| true)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> Result<T, KernelError>) -> Result<T, KernelError> {
        let mut inner = self.inner.try_borrow_mut().map_err(|_| lost("the session is in use"))?;
        act(&mut inner)
    }
}

fn read(shadows: WireShadows) -> Shadows {
    let mut all = Shadows::default();
    for (kind, list) in [(ShadowKind::Function, shadows.functions), (ShadowKind::Alias, shadows.aliases)] {
        for (name, text) in list {
            all.define(Definition { kind, name, text });
        }
    }
    all
}

fn out_of_turn() -> KernelError {
    lost("it gave an answer to another question")
}

impl Inner {
    fn ask(&mut self, request: &Request) -> Result<Reply, KernelError> {
        self.link.send(request, b"")?;
        self.link.answer()
    }

    /// Asked for only when a command that could change them has run: an ordinary command costs nothing here.
    fn shadows(&mut self) -> Result<Rc<Shadows>, KernelError> {
        if let Some((_, told)) = self.shadows.told.as_ref().filter(|_| self.shadows.fresh) {
            return Ok(Rc::clone(told));
        }
        let known = self.shadows.told.as_ref().map(|(edition, _)| *edition);
        let Reply::Shadows { edition, shadows } = self.ask(&Request::Shadows { known })? else {
            return Err(out_of_turn());
        };
        let told = match (shadows, &self.shadows.told) {
            (None, Some((_, told))) => Rc::clone(told),
            (shadows, _) => Rc::new(read(shadows.unwrap_or_default())),
        };
        self.shadows = Known { told: Some((edition, Rc::clone(&told))), fresh: true };
        Ok(told)
    }

    /// Runs a command and watches it, or watches the one that runs. The next is sent as soon as the first is on its way.
    fn watch(&mut self, run: Option<Run>, next: Option<Run>, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        let terminal = if self.mode.is_interactive() { Some(RawTerminal::enter()?) } else { None };
        let size = terminal.as_ref().and_then(|_| window_size());
        let step = run.as_ref().map(|run| run.started.step.clone());
        let Self { link, signals, clock, shadows, ahead, .. } = self;
        // Until it is back, and has said otherwise.
        let fresh = std::mem::replace(&mut shadows.fresh, false);
        let taking = signals.taking();
        link.show_late(watch);
        let mut sent = Vec::new();
        match run {
            Some(mut run) => {
                run.size = size.or(run.size);
                match ahead.take() {
                    None => link.send(&Request::Run(Box::new(run.clone())), b"")?,
                    Some(begun) if begun == run => {}
                    // Only if what is sent ahead and what is run are not made alike.
                    Some(_) => return Err(lost("it runs another command than the one that is wanted")),
                }
                sent = run.before;
                sent.push(Fact::CommandStarted(run.started));
            }
            None => size.map_or(Ok(()), |size| link.send(&Request::Resize(size), b""))?,
        }
        if let Some(next) = &next {
            link.send(&Request::Run(Box::new(Run { is_ahead: true, ..next.clone() })), b"")?;
        }
        let since = clock.now().mono;
        let meanwhile = Vec::new();
        let mut watching = Watching {
            link,
            signals,
            clock,
            terminal,
            size,
            watch,
            since,
            step,
            sent,
            meanwhile,
            is_plain: false,
            same_shell: false,
        };
        let finished = watching.follow()?;
        shadows.fresh = fresh && watching.same_shell;
        *ahead = next.filter(|_| watching.is_plain);
        if ahead.is_some() {
            taking.keep();
        }
        Ok(finished)
    }

    fn finish(&mut self) -> Result<Vec<String>, KernelError> {
        let mut still = Vec::new();
        self.link.send(&Request::Bye, b"")?;
        let end = self.clock.now().mono + GOODBYE_LIMIT;
        loop {
            let left = end.saturating_sub(self.clock.now().mono);
            if left.is_zero() || !self.link.wait(left)? {
                return Err(lost("it did not end in time"));
            }
            // The connection is closed when bash is gone.
            if self.link.receive().is_err() {
                break;
            }
            while let Some(reply) = self.link.next_reply(None)? {
                if let Reply::Ended { left } = reply {
                    still = left;
                }
            }
        }
        if let Some(process) = &mut self.process {
            drop(process.wait());
        }
        Ok(still)
    }
}

/// A command that runs.
struct Watching<'a> {
    link: &'a mut Link,
    signals: &'a Signals,
    clock: &'a SystemClock,
    terminal: Option<RawTerminal>,
    size: Option<Size>,
    watch: &'a mut dyn Watch,
    since: Duration,
    step: Option<StepId>,
    /// What was sent with it.
    sent: Vec<Fact>,
    meanwhile: Vec<Event>,
    /// The command has come back as [`CameBack::is_plain`] has it.
    is_plain: bool,
    /// The command has left the shell as it was.
    same_shell: bool,
}

struct Ready {
    reply: bool,
    keys: bool,
    signal: bool,
}

impl Watching<'_> {
    fn follow(&mut self) -> Result<Finished, KernelError> {
        let mut heard = self.since;
        let mut looked = self.since;
        // Of a command that was sent ahead something may have come together with the end of the one before.
        if let Some(finished) = self.take_replies()? {
            return Ok(finished);
        }
        loop {
            let ready = self.wait(looked + QUIET_INTERVAL)?;
            let now = self.clock.now().mono;
            if ready.reply {
                self.link.receive()?;
                if let Some(finished) = self.take_replies()? {
                    return Ok(finished);
                }
                (heard, looked) = (now, now);
            }
            if ready.signal {
                let come = self.signals.taken();
                self.signalled(come)?;
            }
            if ready.keys {
                self.forward_keys()?;
            }
            if now >= looked + QUIET_INTERVAL {
                looked = now;
                self.watch.quiet(now.saturating_sub(self.since), now.saturating_sub(heard));
            }
        }
    }

    /// Takes up what was read: the command that has come back, if it has.
    fn take_replies(&mut self) -> Result<Option<Finished>, KernelError> {
        while let Some(reply) = self.link.next_reply(Some(&mut *self.watch))? {
            match reply {
                Reply::Finished(came) => return self.finished(*came).map(Some),
                Reply::Appended { events } => self.meanwhile.extend(events.into_iter().map(Event::from)),
                Reply::Failed { what, message } => return Err(failure(what, message)),
                _ => return Err(out_of_turn()),
            }
        }
        Ok(None)
    }

    fn finished(&mut self, came: CameBack) -> Result<Finished, KernelError> {
        self.is_plain = came.is_plain();
        let CameBack { begun, finished, settled, respawned, left, same_shell } = came;
        self.same_shell = same_shell && respawned.is_none();
        let before: Option<Vec<Event>> = begun.into_iter().map(|begun| begun.event(&self.sent)).collect();
        let mut before = before.ok_or_else(out_of_turn)?;
        let started = before.pop().ok_or_else(out_of_turn)?;
        let meanwhile = std::mem::take(&mut self.meanwhile);
        let finished = finished.into();
        Ok(Finished { before, started, finished, settled, respawned, meanwhile, left_running: left })
    }

    fn wait(&self, until: Duration) -> Result<Ready, KernelError> {
        let stdin = rustix::stdio::stdin();
        let mut fds =
            vec![PollFd::new(&self.link.stream, PollFlags::IN), PollFd::new(&self.signals.wake, PollFlags::IN)];
        if self.terminal.is_some() {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        let left = until.saturating_sub(self.clock.now().mono);
        match rustix::event::poll(&mut fds, Some(&timespec(left))) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready { reply: false, keys: false, signal: true }),
            Err(error) => return Err(lost(error)),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut next = || ready.next().unwrap_or(false);
        Ok(Ready { reply: next(), signal: next(), keys: next() })
    }

    fn signalled(&mut self, come: Come) -> Result<(), KernelError> {
        if come.end {
            return Err(KernelError::Terminal(
                "this program was told to end; the command goes on, recorded".to_owned(),
            ));
        }
        if come.interrupt {
            self.link.send(&Request::Interrupt, b"")?;
        }
        if come.resized && self.terminal.is_some() {
            let size = window_size();
            if let Some(size) = size.filter(|_| size != self.size) {
                self.size = Some(size);
                self.link.send(&Request::Resize(size), b"")?;
            }
        }
        Ok(())
    }

    fn forward_keys(&mut self) -> Result<(), KernelError> {
        let Some(terminal) = &self.terminal else { return Ok(()) };
        let mut buffer = [0; KEYS_BYTES];
        let keys = terminal.read(&mut buffer)?;
        if keys.is_empty() {
            return Ok(());
        }
        let Some(place) = keys.iter().position(|&key| key == LINE_KEY) else {
            return self.link.send(&Request::Input, keys);
        };
        let before = keys.get(..place).unwrap_or_default().to_vec();
        if !before.is_empty() {
            self.link.send(&Request::Input, &before)?;
        }
        self.engine_line()
    }

    /// The operator has asked for the engine.
    fn engine_line(&mut self) -> Result<(), KernelError> {
        // The terminal is as it was before while the operator answers.
        self.terminal = None;
        let action = self.watch.engine_line();
        self.terminal = Some(RawTerminal::enter()?);
        match action {
            LineAction::GoOn => Ok(()),
            LineAction::Note(text) => {
                let note = Fact::NoteAdded(NoteAdded { step: self.step.clone(), text });
                self.link.send(&Request::Append { facts: vec![note] }, b"")
            }
            LineAction::Stop => self.link.send(&Request::Abort, b""),
            LineAction::Detach => Err(KernelError::Detached),
            LineAction::Pass => self.link.send(&Request::Input, &[LINE_KEY]),
        }
    }
}
