//! A session with a recorder: what the engine asks of it, one request at a time.
//!
//! Invariant: when a command has come back, its start is on disk, and so is its end unless [`Finished::is_durable`] says otherwise.
//! Refuses to know: what the command is for.

use super::attach::{AttachError, attach_to_recorder};
use super::link::{LearnedSecrets, Link, out_of_turn, recorder_lost};
use super::signals::Signals;
use super::start::{StartOptions, start_recorder};
use super::terminal::{RawTerminal, window_size};
use super::watching::WatchedCommand;
use crate::history::{Event, Fact, Mode};
use crate::ident::{Clock as _, RunId, Seq, SystemClock};
use crate::ports::{Finished, KernelError, ShellVariable, Watch};
use crate::recorder::protocol::{RunRequest, Secret, WireReply, WireRequest, WireShadows};
use crate::shell::Definition;
use crate::shell::DefinitionKind;
use crate::shell::ShellDefinitions;
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
    learned_secrets: LearnedSecrets,
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
    definitions: KnownDefinitions,
    /// The command that was sent ahead and that the recorder has begun by itself.
    ahead: Option<RunRequest>,
}

/// The shell's functions and aliases as they were last told.
#[derive(Debug, Default)]
struct KnownDefinitions {
    /// Edition and definitions.
    told: Option<(u64, Rc<ShellDefinitions>)>,
    /// True while nothing that could change them has run since.
    is_fresh: bool,
}

impl Session {
    /// Starts a recorder, and with it the record and bash. Fails with what could not be started.
    pub fn start(options: &StartOptions) -> Result<Self, KernelError> {
        let signals = Signals::new().map_err(recorder_lost)?;
        let started = start_recorder(options)?;
        let recorder = started.process.id();
        let learned = started.link.learned_secrets.clone();
        let inner = Inner {
            link: started.link,
            process: Some(started.process),
            signals,
            mode: options.run.mode,
            clock: SystemClock::start_now(),
            definitions: KnownDefinitions::default(),
            ahead: None,
        };
        Ok(Self {
            inner: Rc::new(RefCell::new(inner)),
            learned_secrets: learned,
            socket: started.socket,
            shell: started.shell,
            recorder,
        })
    }

    /// Attaches to the living session of a run. If a command is running, the events appended at its start come with the
    /// session, and [`Session::follow_command`] must be called next.
    pub fn attach(
        run: &RunId,
        folder: &Path,
        mode: Mode,
        who: &str,
    ) -> Result<(Self, Option<Vec<Event>>), AttachError> {
        let signals = Signals::new().map_err(recorder_lost)?;
        let attached = attach_to_recorder(run, folder, who)?;
        let learned = attached.link.learned_secrets.clone();
        let (clock, shadows) = (SystemClock::start_now(), KnownDefinitions::default());
        let inner =
            Inner { link: attached.link, process: None, signals, mode, clock, definitions: shadows, ahead: None };
        let inner = Rc::new(RefCell::new(inner));
        let session =
            Self { inner, learned_secrets: learned, socket: attached.socket, shell: attached.shell, recorder: 0 };
        Ok((session, attached.running))
    }

    /// Watches a command that is already running, from its first output on, until it comes back.
    pub fn follow_command(&mut self, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.with_inner(|inner| inner.watch_command(None, None, watch))
    }

    /// Registers secrets, by name and value, to be masked in everything recorded and shown from here on. Returns which are
    /// refused, and why.
    pub fn register_secrets(&mut self, secrets: Vec<Secret>) -> Result<Vec<String>, KernelError> {
        self.with_inner(|inner| match inner.ask_recorder(&WireRequest::Hide { secrets })? {
            WireReply::Hidden { refused } => Ok(refused),
            _ => Err(out_of_turn()),
        })
    }

    /// Secrets that other clients have registered; later ones appear in it too.
    pub fn learned_secrets(&self) -> LearnedSecrets {
        self.learned_secrets.clone()
    }

    /// Path of the recorder's socket.
    pub fn socket_path(&self) -> &Path {
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

    /// Runs a command as [`Kernel::run_request`](crate::ports::Kernel::run_request) does, given in the form that the recorder takes.
    pub fn run_command(&mut self, run: RunRequest, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.run_commands(run, None, watch)
    }

    /// Runs a command, and sends the one that follows ahead.
    pub fn run_commands(
        &mut self,
        run: RunRequest,
        next: Option<RunRequest>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.with_inner(|inner| inner.watch_command(Some(run), next, watch))
    }

    /// Ends the session: bash exits, its EXIT traps run, and the recorder ends. Returns descriptions of the programs that go on
    /// without them. Fails if that takes more than ten seconds.
    pub fn finish_session(&mut self) -> Result<Vec<String>, KernelError> {
        self.with_inner(Inner::say_goodbye)
    }

    pub(super) fn send_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.with_inner(|inner| match inner.ask_recorder(&WireRequest::Append { facts })? {
            WireReply::Appended { events } => Ok(events.into_iter().map(Event::from).collect()),
            _ => Err(out_of_turn()),
        })
    }

    pub(super) fn await_durable_end(&mut self) -> Result<(), KernelError> {
        self.with_inner(|inner| inner.link.await_durable())
    }

    pub(super) fn query_variables(&mut self, names: &[String]) -> Result<Vec<ShellVariable>, KernelError> {
        self.with_inner(|inner| match inner.ask_recorder(&WireRequest::Values { names: names.to_vec() })? {
            WireReply::Values { values } => {
                Ok(values.into_iter().map(|(name, value)| ShellVariable { name, value }).collect())
            }
            _ => Err(out_of_turn()),
        })
    }

    pub(super) fn query_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError> {
        self.with_inner(Inner::shell_definitions)
    }

    pub(super) fn send_variable(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        let request = WireRequest::Set { name: name.to_owned(), value: value.to_owned() };
        self.with_inner(|inner| match inner.ask_recorder(&request)? {
            WireReply::Set { refused: None } => Ok(()),
            WireReply::Set { refused: Some(why) } => {
                Err(KernelError::Shell(format!("`{name}` could not be set: {why}")))
            }
            _ => Err(out_of_turn()),
        })
    }

    /// Reads the beginning of a command's output file; empty if there is none.
    pub(super) fn read_output_file(&self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(inner) = self.inner.try_borrow() else { return bytes };
        let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
        if let Ok(file) = std::fs::File::open(inner.link.output_path(command)) {
            // A part is better than nothing: values are only offered from it.
            drop(file.take(limit).read_to_end(&mut bytes));
        }
        bytes
    }

    /// A second descriptor of the connection, to wait on.
    pub(super) fn duplicate_connection(&self) -> std::io::Result<OwnedFd> {
        let inner = self.inner.try_borrow().map_err(|_| std::io::ErrorKind::ResourceBusy)?;
        inner.link.stream.try_clone().map(OwnedFd::from)
    }

    /// Takes in what has come while no answer is waited for. Returns `false` while a command runs, whose watcher takes it in.
    pub(super) fn receive_idle_events(&mut self) -> Result<bool, KernelError> {
        let Ok(mut inner) = self.inner.try_borrow_mut() else { return Ok(false) };
        inner.link.receive_idle_events().map(|()| true)
    }

    fn with_inner<T>(&self, act: impl FnOnce(&mut Inner) -> Result<T, KernelError>) -> Result<T, KernelError> {
        let mut inner = self.inner.try_borrow_mut().map_err(|_| recorder_lost("the session is in use"))?;
        act(&mut inner)
    }
}

fn definitions_from_wire(shadows: WireShadows) -> ShellDefinitions {
    let mut all = ShellDefinitions::default();
    for (kind, list) in [(DefinitionKind::Function, shadows.functions), (DefinitionKind::Alias, shadows.aliases)] {
        for (name, text) in list {
            all.add_or_replace(Definition { kind, name, text });
        }
    }
    all
}

impl Inner {
    fn ask_recorder(&mut self, request: &WireRequest) -> Result<WireReply, KernelError> {
        self.link.send_request(request, b"")?;
        self.link.await_answer()
    }

    /// The shell's functions and aliases. They are asked for only after a command that could change them, so an ordinary command
    /// costs nothing here.
    fn shell_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError> {
        if let Some((_, told)) = self.definitions.told.as_ref().filter(|_| self.definitions.is_fresh) {
            return Ok(Rc::clone(told));
        }
        let known = self.definitions.told.as_ref().map(|(edition, _)| *edition);
        let WireReply::Shadows { edition, shadows } = self.ask_recorder(&WireRequest::Shadows { known })? else {
            return Err(out_of_turn());
        };
        let told = match (shadows, &self.definitions.told) {
            (None, Some((_, told))) => Rc::clone(told),
            (shadows, _) => Rc::new(definitions_from_wire(shadows.unwrap_or_default())),
        };
        self.definitions = KnownDefinitions { told: Some((edition, Rc::clone(&told))), is_fresh: true };
        Ok(told)
    }

    /// Runs a command and watches it, or watches the one that is running (`run` is `None`). `next` is sent as soon as the first
    /// is on its way.
    fn watch_command(
        &mut self,
        run: Option<RunRequest>,
        next: Option<RunRequest>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        let terminal = if self.mode.is_interactive() { Some(RawTerminal::enter_raw_mode()?) } else { None };
        let size = terminal.as_ref().and_then(|_| window_size());
        let step = run.as_ref().map(|run| run.started.step.clone());
        let Self { link, signals, clock, definitions: shadows, ahead, .. } = self;
        // A lost command may have changed the definitions.
        let was_fresh = std::mem::replace(&mut shadows.is_fresh, false);
        let taking = signals.catch_signals();
        link.show_late_output(watch);
        let mut sent = Vec::new();
        match run {
            Some(mut run) => {
                run.size = size.or(run.size);
                match ahead.take() {
                    None => link.send_request(&WireRequest::Run(Box::new(run.clone())), b"")?,
                    Some(begun) if begun == run => {}
                    // Sending ahead has made another request than running: a mistake of ours.
                    Some(_) => return Err(recorder_lost("it runs another command than the one that is wanted")),
                }
                sent = run.before;
                sent.push(Fact::CommandStarted(run.started));
            }
            None => size.map_or(Ok(()), |size| link.send_request(&WireRequest::Resize(size), b""))?,
        }
        if let Some(next) = &next {
            link.send_request(&WireRequest::Run(Box::new(RunRequest { is_ahead: true, ..next.clone() })), b"")?;
        }
        let since = clock.now().mono;
        let meanwhile = Vec::new();
        let mut watching = WatchedCommand {
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
        let finished = watching.follow_command()?;
        shadows.is_fresh = was_fresh && watching.same_shell;
        *ahead = next.filter(|_| watching.is_plain);
        if ahead.is_some() {
            taking.keep_catching();
        }
        Ok(finished)
    }

    fn say_goodbye(&mut self) -> Result<Vec<String>, KernelError> {
        let mut still = Vec::new();
        self.link.send_request(&WireRequest::Bye, b"")?;
        let end = self.clock.now().mono + GOODBYE_LIMIT;
        loop {
            let left = end.saturating_sub(self.clock.now().mono);
            if left.is_zero() || !self.link.wait_readable(left)? {
                return Err(recorder_lost("it did not end in time"));
            }
            // The connection is closed when bash is gone.
            if self.link.read_available().is_err() {
                break;
            }
            while let Some(reply) = self.link.next_reply(None)? {
                if let WireReply::Ended { left } = reply {
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
