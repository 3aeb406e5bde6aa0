//! A session with a recorder: what the engine asks of it, one request at a time.
//!
//! Invariant: when a command has come back, its start is on disk, and so is its end unless [`Finished::settled`] says otherwise.
//! Refuses to know: what the command is for.

use super::attach::{AttachError, attach};
use super::link::{Learned, Link, lost, out_of_turn};
use super::signals::Signals;
use super::start::{StartOptions, start};
use super::terminal::{RawTerminal, window_size};
use super::watching::Watching;
use crate::history::{Event, Fact, Mode};
use crate::ident::{Clock as _, RunId, Seq, SystemClock};
use crate::ports::{Finished, KernelError, LiveValue, Watch};
use crate::recorder::protocol::{Reply, Request, Run, Secret, WireShadows};
use crate::shell::Definition;
use crate::shell::ShadowKind;
use crate::shell::Shadows;
use std::cell::RefCell;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::rc::Rc;
use std::time::Duration;

/// How long the recorder has after a goodbye to let bash and its EXIT traps end.
const GOODBYE_LIMIT: Duration = Duration::from_secs(10);

/// A shell session. Clones are handles to the same session.
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
    /// The recorder's process; `None` if another engine started it.
    process: Option<Child>,
    signals: Signals,
    mode: Mode,
    clock: SystemClock,
    shadows: KnownDefinitions,
    /// The command that was sent ahead and that the recorder has begun by itself.
    ahead: Option<Run>,
}

/// The shell's functions and aliases as they were last told.
#[derive(Debug, Default)]
struct KnownDefinitions {
    /// Edition and definitions.
    told: Option<(u64, Rc<Shadows>)>,
    /// True while nothing that could change them has run since.
    is_fresh: bool,
}

impl Session {
    /// Starts a recorder, and with it the record and bash. Fails with what could not be started.
    pub fn start(options: &StartOptions) -> Result<Self, KernelError> {
        let signals = Signals::new().map_err(lost)?;
        let started = start(options)?;
        let recorder = started.process.id();
        let learned = started.link.learned.clone();
        let inner = Inner {
            link: started.link,
            process: Some(started.process),
            signals,
            mode: options.run.mode,
            clock: SystemClock::start(),
            shadows: KnownDefinitions::default(),
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

    /// Attaches to the living session of a run. If a command is running, the events appended at its start come with the
    /// session, and [`Session::follow`] must be called next.
    pub fn attach(
        run: &RunId,
        folder: &Path,
        mode: Mode,
        who: &str,
    ) -> Result<(Self, Option<Vec<Event>>), AttachError> {
        let signals = Signals::new().map_err(lost)?;
        let attached = attach(run, folder, who)?;
        let learned = attached.link.learned.clone();
        let (clock, shadows) = (SystemClock::start(), KnownDefinitions::default());
        let inner = Inner { link: attached.link, process: None, signals, mode, clock, shadows, ahead: None };
        let inner = Rc::new(RefCell::new(inner));
        let session = Self { inner, learned, socket: attached.socket, shell: attached.shell, recorder: 0 };
        Ok((session, attached.running))
    }

    /// Watches a command that is already running, from its first output on, until it comes back.
    pub fn follow(&mut self, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.with(|inner| inner.watch(None, None, watch))
    }

    /// Registers secrets, by name and value, to be masked in everything recorded and shown from here on. Returns which are
    /// refused, and why.
    pub fn hide(&mut self, secrets: Vec<Secret>) -> Result<Vec<String>, KernelError> {
        self.with(|inner| match inner.ask(&Request::Hide { secrets })? {
            Reply::Hidden { refused } => Ok(refused),
            _ => Err(out_of_turn()),
        })
    }

    /// Secrets that other clients have registered; later ones appear in it too.
    pub fn learned(&self) -> Learned {
        self.learned.clone()
    }

    /// Path of the recorder's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Process id of the session's first shell.
    pub fn shell_pid(&self) -> u32 {
        self.shell
    }

    /// Process id of the recorder; 0 if another engine started it.
    pub fn recorder_pid(&self) -> u32 {
        self.recorder
    }

    /// Runs a command as [`Kernel::run`](crate::ports::Kernel::run) does, given in the form that the recorder takes.
    pub fn run_command(&mut self, run: Run, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.run_commands(run, None, watch)
    }

    /// Runs a command, and sends the one that follows ahead.
    pub fn run_commands(
        &mut self,
        run: Run,
        next: Option<Run>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.with(|inner| inner.watch(Some(run), next, watch))
    }

    /// Ends the session: bash exits, its EXIT traps run, and the recorder ends. Returns descriptions of the programs that go on
    /// without them. Fails if that takes more than ten seconds.
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

    /// Reads the beginning of a command's output file; empty if there is none.
    pub(super) fn output_head(&self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(inner) = self.inner.try_borrow() else { return bytes };
        let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
        if let Ok(file) = std::fs::File::open(inner.link.output(command)) {
            // A part is better than nothing: values are only offered from it.
            drop(file.take(limit).read_to_end(&mut bytes));
        }
        bytes
    }

    /// A second descriptor of the connection, to wait on.
    pub(super) fn duplicate(&self) -> std::io::Result<OwnedFd> {
        let inner = self.inner.try_borrow().map_err(|_| std::io::ErrorKind::ResourceBusy)?;
        inner.link.stream.try_clone().map(OwnedFd::from)
    }

    /// Takes in what has come while no answer is waited for. Returns `false` while a command runs, whose watcher takes it in.
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

impl Inner {
    fn ask(&mut self, request: &Request) -> Result<Reply, KernelError> {
        self.link.send(request, b"")?;
        self.link.answer()
    }

    /// The shell's functions and aliases. They are asked for only after a command that could change them, so an ordinary command
    /// costs nothing here.
    fn shadows(&mut self) -> Result<Rc<Shadows>, KernelError> {
        if let Some((_, told)) = self.shadows.told.as_ref().filter(|_| self.shadows.is_fresh) {
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
        self.shadows = KnownDefinitions { told: Some((edition, Rc::clone(&told))), is_fresh: true };
        Ok(told)
    }

    /// Runs a command and watches it, or watches the one that is running (`run` is `None`). `next` is sent as soon as the first
    /// is on its way.
    fn watch(&mut self, run: Option<Run>, next: Option<Run>, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        let terminal = if self.mode.is_interactive() { Some(RawTerminal::enter()?) } else { None };
        let size = terminal.as_ref().and_then(|_| window_size());
        let step = run.as_ref().map(|run| run.started.step.clone());
        let Self { link, signals, clock, shadows, ahead, .. } = self;
        // A lost command may have changed the definitions.
        let was_fresh = std::mem::replace(&mut shadows.is_fresh, false);
        let taking = signals.taking();
        link.show_late(watch);
        let mut sent = Vec::new();
        match run {
            Some(mut run) => {
                run.size = size.or(run.size);
                match ahead.take() {
                    None => link.send(&Request::Run(Box::new(run.clone())), b"")?,
                    Some(begun) if begun == run => {}
                    // Sending ahead has made another request than running: a mistake of ours.
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
        shadows.is_fresh = was_fresh && watching.same_shell;
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
