//! The recorder as a process: set-up, the poll loop, who may connect.
//!
//! Invariant: it waits in one place only. Refuses to know: what happens in the session.

use super::activity::Closing;
use super::connection::{Connection, Gone};
use super::folder::RuntimeFolder;
use super::options::{Announcement, ServeOptions};
use super::processes::is_descendant;
use super::protocol::{PROGRAM_VERSION, PROTOCOL, Reply, Request};
use super::session::Session;
use super::shell_port::ShellSource;
use crate::journal::Writer;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use signal_hook::consts::signal;
use std::fs::{DirBuilder, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// Number of clients that may be connected without a hello; beyond it the oldest is dropped.
const GREETING_LIMIT: usize = 8;
/// Signals that must not end the recorder. They are handled, not ignored: bash would inherit an ignored one.
const HANDLED: &[i32] = &[
    signal::SIGINT,
    signal::SIGQUIT,
    signal::SIGHUP,
    signal::SIGTSTP,
    signal::SIGTTIN,
    signal::SIGTTOU,
    signal::SIGUSR1,
    signal::SIGUSR2,
    signal::SIGALRM,
    // A limit on the size of files, met by the journal: an error of the write, not a death.
    signal::SIGXFSZ,
    signal::SIGWINCH,
];

/// Reason why a recorder failed.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The record could not be begun.
    #[error("the record could not be begun: {0}")]
    Record(String),
    /// bash could not be started.
    #[error("bash could not be started: {0}")]
    Shell(String),
    /// Something the recorder needs from the system failed.
    #[error("the recorder cannot work: {0}")]
    System(#[from] std::io::Error),
}

impl From<Errno> for RecorderError {
    fn from(error: Errno) -> Self {
        Self::System(error.into())
    }
}

/// Records one run: announces its socket on standard output and returns when the run is over.
///
/// Fails if the record, bash or the socket cannot be set up, or if polling fails.
pub fn serve(options: ServeOptions) -> Result<(), RecorderError> {
    // No terminal of its own: it survives that of the operator. Fails only when it leads a group already.
    let _ = rustix::process::setsid();
    let log = options.log.then(|| options.folder.join("recorder.log"));
    let mut server = match Server::set_up(options) {
        Ok(server) => server,
        Err(error) => {
            let announcement = match &error {
                RecorderError::Record(why) => Announcement::RecordFailed(why.clone()),
                RecorderError::Shell(why) => Announcement::ShellFailed(why.clone()),
                RecorderError::System(why) => Announcement::Failed(why.to_string()),
            };
            announcement.print()?;
            return Err(error);
        }
    };
    Announcement::Listening { socket: server.socket.clone() }.print()?;
    leave_standard_streams(log.as_deref())?;
    server.run()
}

/// Closes everything that was inherited from the process that started the recorder.
fn leave_standard_streams(log: Option<&Path>) -> std::io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    match log {
        Some(path) => rustix::stdio::dup2_stderr(super::capture::open_output(path)?)?,
        None => rustix::stdio::dup2_stderr(&null)?,
    }
    std::env::set_current_dir("/")
}

struct Server {
    session: Session,
    listener: UnixListener,
    socket: std::path::PathBuf,
    greeting: Vec<Connection>,
    children: UnixStream,
    ending: UnixStream,
}

#[derive(Clone, Copy)]
enum Source {
    Children,
    Ending,
    Listener,
    Greeting,
    Engine,
    Shell(ShellSource),
}

impl Server {
    fn set_up(options: ServeOptions) -> Result<Self, RecorderError> {
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        let children = on_signal(signal::SIGCHLD)?;
        let ending = on_signal(signal::SIGTERM)?;
        let unused = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for &number in HANDLED {
            signal_hook::flag::register(number, std::sync::Arc::clone(&unused))?;
        }
        let output = options.output_folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&output)
            .map_err(|error| RecorderError::Record(format!("`{}`: {error}", output.display())))?;
        let open = if options.resume { Writer::open } else { Writer::create };
        let journal = open(&options.folder, &options.run).map_err(|error| RecorderError::Record(error.to_string()))?;
        if options.resume {
            super::folder::clear_stale(&options.folder, &[options.run.short(), options.run.as_str()]);
        }
        let folder = runtime_folder(&options)?;
        let socket = folder.path().join(".socket");
        let listener = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        super::folder::link_socket(&options.folder, &socket)?;
        listener.set_nonblocking(true)?;
        let mut session = Session::new(options, folder, journal)?;
        session.start_shell().map_err(|error| RecorderError::Shell(error.to_string()))?;
        Ok(Self { session, listener, socket, greeting: Vec::new(), children, ending })
    }

    fn run(&mut self) -> Result<(), RecorderError> {
        let ended = self.serve_until_done();
        drop(std::fs::remove_file(super::folder::socket_note(&self.session.options.folder)));
        ended
    }

    fn serve_until_done(&mut self) -> Result<(), RecorderError> {
        while self.session.closing != Closing::Done {
            let ready = self.wait()?;
            // Output first: a report that is ready says that all of it has been printed.
            for wanted in [Self::serve_shell, Self::serve_others] {
                for &(source, flags) in &ready {
                    wanted(self, source, flags);
                }
            }
            self.session.tick();
            self.session.client.flush_engine();
        }
        self.session.client.flush_engine();
        Ok(())
    }

    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, RecorderError> {
        let mut sources = vec![Source::Children, Source::Ending, Source::Listener];
        let mut fds = vec![
            PollFd::new(&self.children, PollFlags::IN),
            PollFd::new(&self.ending, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        for connection in &self.greeting {
            sources.push(Source::Greeting);
            fds.push(PollFd::new(&connection.stream, PollFlags::IN));
        }
        if let Some(engine) = &self.session.client.engine {
            let wanted = if engine.wants_to_send() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            sources.push(Source::Engine);
            fds.push(PollFd::new(&engine.stream, wanted));
        }
        if let Some(shell) = &self.session.shell.live {
            shell.watch_descriptors(&mut |source, fd, wanted| {
                sources.push(Source::Shell(source));
                fds.push(PollFd::from_borrowed_fd(fd, wanted));
            });
        }
        let timeout = self.session.next_deadline().map(|due| timespec(due.saturating_sub(self.session.now())));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn serve_shell(&mut self, source: Source, flags: PollFlags) {
        match source {
            Source::Shell(ShellSource::Output) => {
                self.session.read_output();
                if let Some(shell) = self.session.shell.live.as_mut().filter(|_| flags.contains(PollFlags::OUT)) {
                    shell.flush_keys();
                }
            }
            Source::Shell(ShellSource::Control) => {
                if let Some(shell) = &mut self.session.shell.live {
                    shell.flush_requests();
                }
            }
            _ => {}
        }
    }

    fn serve_others(&mut self, source: Source, _flags: PollFlags) {
        match source {
            Source::Shell(ShellSource::Report) => self.session.read_reports(),
            Source::Children => {
                empty(&mut self.children);
                self.session.reap_children();
            }
            Source::Ending => {
                empty(&mut self.ending);
                self.session.terminate();
            }
            Source::Engine => self.serve_engine(),
            Source::Greeting => self.serve_greeting(),
            Source::Listener => self.accept(),
            Source::Shell(ShellSource::Output | ShellSource::Control) => {}
        }
    }

    fn serve_engine(&mut self) {
        let Some(engine) = &mut self.session.client.engine else { return };
        let received = engine.receive();
        while let Some(engine) = &mut self.session.client.engine {
            match engine.next_request() {
                Ok(Some(frame)) => self.session.handle_request(frame.message, &frame.blob),
                Ok(None) => break,
                Err(Gone) => return self.session.engine_lost(),
            }
        }
        if received.is_err() && self.session.client.engine.is_some() {
            self.session.engine_lost();
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if let Ok(connection) = Connection::new(stream)
                && is_allowed(&connection.stream)
            {
                if self.greeting.len() >= GREETING_LIMIT {
                    drop(self.greeting.remove(0));
                }
                self.greeting.push(connection);
            }
        }
    }

    fn serve_greeting(&mut self) {
        let mut index = 0;
        while let Some(connection) = self.greeting.get_mut(index) {
            let received = connection.receive();
            match connection.next_request() {
                Ok(None) if received.is_ok() => index += 1,
                Ok(Some(frame)) => {
                    let connection = self.greeting.remove(index);
                    self.greet(connection, &frame.message);
                }
                _ => drop(self.greeting.remove(index)),
            }
        }
    }

    fn greet(&mut self, mut connection: Connection, request: &Request) {
        let reason = match request {
            Request::Hello { protocol, program, .. } | Request::Visit { protocol, program, .. }
                if *protocol != PROTOCOL =>
            {
                format!(
                    "this recorder is of runbook {PROGRAM_VERSION} (protocol {PROTOCOL}), and runbook {program} asks \
                 (protocol {protocol}); use the same version for both"
                )
            }
            Request::Hello { .. } if self.session.client.engine.is_some() => {
                format!("the run is driven by {}", self.session.client.driver)
            }
            Request::Hello { .. } if self.session.is_ending() => "the run is ending".to_owned(),
            Request::Hello { who, .. } => return self.session.engine_came(connection, who),
            Request::Visit { errand, .. } => {
                let reply = self.session.run_errand(errand);
                return connection.send(&reply);
            }
            _ => "the first message must be a hello".to_owned(),
        };
        connection.send(&Reply::Refused { reason });
    }
}

fn runtime_folder(options: &ServeOptions) -> std::io::Result<RuntimeFolder> {
    let create = |name| RuntimeFolder::create(options.runtime_dir.as_deref(), &options.temp_dir, name);
    // Two runs of one day may share the short name; the long one is theirs alone.
    create(options.run.short()).or_else(|_| create(options.run.as_str()))
}

/// True for this user's processes, except those that bash started: a command must not drive its own recorder.
fn is_allowed(stream: &UnixStream) -> bool {
    let Ok(peer) = rustix::net::sockopt::socket_peercred(stream) else { return false };
    peer.uid == rustix::process::geteuid() && !is_descendant(peer.pid, rustix::process::getpid())
}

fn on_signal(number: i32) -> std::io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(number, write)?;
    Ok(read)
}

fn empty(stream: &mut UnixStream) {
    let mut buffer = [0; 64];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
