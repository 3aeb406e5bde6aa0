//! The recorder as a process: set-up, the poll loop, who may connect.
//!
//! Invariant: it waits in one place only. Refuses to know: what happens in the session.

use super::activity::Closing;
use super::connection::{ClientGone, Connection};
use super::folder::RuntimeFolder;
use super::options::{Announcement, ServeOptions};
use super::processes::is_descendant;
use super::protocol::{PROGRAM_VERSION, PROTOCOL, WireReply, WireRequest};
use super::session::Session;
use super::shell_port::ShellSource;
use crate::journal::JournalWriter;
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
const HANDLED_SIGNALS: &[i32] = &[
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
pub fn serve_run(options: ServeOptions) -> Result<(), RecorderError> {
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
            announcement.print_line()?;
            return Err(error);
        }
    };
    Announcement::Listening { socket: server.socket.clone() }.print_line()?;
    leave_standard_streams(log.as_deref())?;
    server.run_to_end()
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
enum PollSource {
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
        let children = signal_stream(signal::SIGCHLD)?;
        let ending = signal_stream(signal::SIGTERM)?;
        let unused = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for &number in HANDLED_SIGNALS {
            signal_hook::flag::register(number, std::sync::Arc::clone(&unused))?;
        }
        let output = options.output_folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&output)
            .map_err(|error| RecorderError::Record(format!("`{}`: {error}", output.display())))?;
        let open = if options.resume { JournalWriter::open_journal } else { JournalWriter::create_journal };
        let journal = open(&options.folder, &options.run).map_err(|error| RecorderError::Record(error.to_string()))?;
        if options.resume {
            super::folder::remove_stale_folder(&options.folder, &[options.run.random_part(), options.run.as_str()]);
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

    fn run_to_end(&mut self) -> Result<(), RecorderError> {
        let ended = self.serve_until_done();
        drop(std::fs::remove_file(super::folder::socket_link_path(&self.session.options.folder)));
        ended
    }

    fn serve_until_done(&mut self) -> Result<(), RecorderError> {
        while self.session.closing != Closing::Done {
            let ready = self.wait_for_events()?;
            // Output first: a report that is ready says that all of it has been printed.
            for wanted in [Self::serve_shell, Self::serve_others] {
                for &(source, flags) in &ready {
                    wanted(self, source, flags);
                }
            }
            self.session.run_due_work();
            self.session.client.flush_engine();
        }
        self.session.client.flush_engine();
        Ok(())
    }

    fn wait_for_events(&self) -> Result<Vec<(PollSource, PollFlags)>, RecorderError> {
        let mut sources = vec![PollSource::Children, PollSource::Ending, PollSource::Listener];
        let mut fds = vec![
            PollFd::new(&self.children, PollFlags::IN),
            PollFd::new(&self.ending, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        for connection in &self.greeting {
            sources.push(PollSource::Greeting);
            fds.push(PollFd::new(&connection.stream, PollFlags::IN));
        }
        if let Some(engine) = &self.session.client.engine {
            let wanted = if engine.wants_to_send() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            sources.push(PollSource::Engine);
            fds.push(PollFd::new(&engine.stream, wanted));
        }
        if let Some(shell) = &self.session.shell.live {
            shell.watch_descriptors(&mut |source, fd, wanted| {
                sources.push(PollSource::Shell(source));
                fds.push(PollFd::from_borrowed_fd(fd, wanted));
            });
        }
        let timeout =
            self.session.next_deadline().map(|due| to_timespec(due.saturating_sub(self.session.elapsed_time())));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn serve_shell(&mut self, source: PollSource, flags: PollFlags) {
        match source {
            PollSource::Shell(ShellSource::Output) => {
                self.session.read_output();
                if let Some(shell) = self.session.shell.live.as_mut().filter(|_| flags.contains(PollFlags::OUT)) {
                    shell.flush_keys();
                }
            }
            PollSource::Shell(ShellSource::Control) => {
                if let Some(shell) = &mut self.session.shell.live {
                    shell.flush_requests();
                }
            }
            _ => {}
        }
    }

    fn serve_others(&mut self, source: PollSource, _flags: PollFlags) {
        match source {
            PollSource::Shell(ShellSource::Report) => self.session.read_reports(),
            PollSource::Children => {
                drain_stream(&mut self.children);
                self.session.reap_children();
            }
            PollSource::Ending => {
                drain_stream(&mut self.ending);
                self.session.terminate_run();
            }
            PollSource::Engine => self.serve_engine(),
            PollSource::Greeting => self.serve_greeting(),
            PollSource::Listener => self.accept_clients(),
            PollSource::Shell(ShellSource::Output | ShellSource::Control) => {}
        }
    }

    fn serve_engine(&mut self) {
        let Some(engine) = &mut self.session.client.engine else { return };
        let received = engine.receive_bytes();
        while let Some(engine) = &mut self.session.client.engine {
            match engine.next_request() {
                Ok(Some(frame)) => self.session.handle_request(frame.message, &frame.blob),
                Ok(None) => break,
                Err(ClientGone) => return self.session.engine_lost(),
            }
        }
        if received.is_err() && self.session.client.engine.is_some() {
            self.session.engine_lost();
        }
    }

    fn accept_clients(&mut self) {
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
            let received = connection.receive_bytes();
            match connection.next_request() {
                Ok(None) if received.is_ok() => index += 1,
                Ok(Some(frame)) => {
                    let connection = self.greeting.remove(index);
                    self.answer_greeting(connection, &frame.message);
                }
                _ => drop(self.greeting.remove(index)),
            }
        }
    }

    fn answer_greeting(&mut self, mut connection: Connection, request: &WireRequest) {
        let reason = match request {
            WireRequest::Hello { protocol, program, .. } | WireRequest::Visit { protocol, program, .. }
                if *protocol != PROTOCOL =>
            {
                format!(
                    "this recorder is of runbook {PROGRAM_VERSION} (protocol {PROTOCOL}), and runbook {program} asks \
                 (protocol {protocol}); use the same version for both"
                )
            }
            WireRequest::Hello { .. } if self.session.client.engine.is_some() => {
                format!("the run is driven by {}", self.session.client.driver)
            }
            WireRequest::Hello { .. } if self.session.is_ending() => "the run is ending".to_owned(),
            WireRequest::Hello { who, .. } => return self.session.engine_came(connection, who),
            WireRequest::Visit { errand, .. } => {
                let reply = self.session.run_errand(errand);
                return connection.send_reply(&reply);
            }
            _ => "the first message must be a hello".to_owned(),
        };
        connection.send_reply(&WireReply::Refused { reason });
    }
}

fn runtime_folder(options: &ServeOptions) -> std::io::Result<RuntimeFolder> {
    let create = |name| RuntimeFolder::create_private(options.runtime_dir.as_deref(), &options.temp_dir, name);
    // Two runs of one day may share the short name; the long one is theirs alone.
    create(options.run.random_part()).or_else(|_| create(options.run.as_str()))
}

/// True for this user's processes, except those that bash started: a command must not drive its own recorder.
fn is_allowed(stream: &UnixStream) -> bool {
    let Ok(peer) = rustix::net::sockopt::socket_peercred(stream) else { return false };
    peer.uid == rustix::process::geteuid() && !is_descendant(peer.pid, rustix::process::getpid())
}

fn signal_stream(number: i32) -> std::io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(number, write)?;
    Ok(read)
}

fn drain_stream(stream: &mut UnixStream) {
    let mut buffer = [0; 64];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

fn to_timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
