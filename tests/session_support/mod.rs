//! A recorder of one's own and a client that speaks its protocol, for the `session_*` tests.
//!
//! Every wait has a deadline.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "test support: the allowances for tests do not cover functions outside a #[test] fn"
)]
#![allow(dead_code, clippy::allow_attributes, reason = "not every test file uses all of it")]

use runbook::history::{Answers, CommandFinished, CommandSource, CommandStarted, Fact, Mode, Outcome};
use runbook::ident::{Clock as _, RunId, StepId, SystemClock};
use runbook::recorder::protocol::{
    self, Decoder, Frame, OutputChannel, PROGRAM_VERSION, PROTOCOL, RunRequest, WireReply, WireRequest,
};
use runbook::recorder::{
    Announcement, MONITOR_ALONE, OUTPUT_LIMIT_BYTES, ServeOptions, SessionLimits, ShellLaunch, background_path,
    output_path,
};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A recorder and the folder of its run.
pub(crate) struct Recorder {
    pub(crate) process: Child,
    pub(crate) socket: PathBuf,
    pub(crate) run: RunId,
    temp: tempfile::TempDir,
}

impl Recorder {
    pub(crate) fn start(mode: Mode) -> Self {
        Self::start_with(mode, |_| {})
    }

    pub(crate) fn start_with(mode: Mode, change: impl FnOnce(&mut ServeOptions)) -> Self {
        Self::try_start_with(mode, change).unwrap_or_else(|announcement| panic!("{announcement:?}"))
    }

    pub(crate) fn try_start_with(mode: Mode, change: impl FnOnce(&mut ServeOptions)) -> Result<Self, Announcement> {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("run");
        std::fs::create_dir(&folder).unwrap();
        let run = RunId::generate_at(&SystemClock::start_now().now());
        let mut options = ServeOptions {
            run: run.clone(),
            folder,
            launch: ShellLaunch {
                program: env!("CARGO_BIN_EXE_runbook").into(),
                shell_subcommand: "__shell".to_owned(),
                shell: bash(),
                cwd: temp.path().canonicalize().unwrap(),
            },
            mode,
            rc: None,
            runtime_dir: Some(temp.path().to_owned()),
            temp_dir: temp.path().to_owned(),
            limits: SessionLimits {
                output_limit_bytes: OUTPUT_LIMIT_BYTES,
                free_disk_percent: 0,
                monitor_alone: MONITOR_ALONE,
            },
            restore: None,
            log: true,
            resume: false,
        };
        change(&mut options);
        let mut process = Command::new(env!("CARGO_BIN_EXE_runbook"))
            .arg("__recorder")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let text = serde_json::to_vec(&options).unwrap();
        process.stdin.take().unwrap().write_all(&text).unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match serde_json::from_str(&line).unwrap() {
            Announcement::Listening { socket } => Ok(Self { process, socket, run, temp }),
            other => {
                process.wait().unwrap();
                Err(other)
            }
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.temp.path().join("run")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.temp.path()
    }

    pub(crate) fn journal(&self) -> String {
        std::fs::read_to_string(self.folder().join("journal.jsonl")).unwrap()
    }

    /// Waits until the session, its engine lost, waits to be resumed; then ends it.
    pub(crate) fn end_when_idle(&mut self) {
        let end = Instant::now() + PATIENCE;
        let waits = || {
            let state = runbook::kernel::session_state(&self.folder());
            state.is_ok_and(|state| state.driver.is_none() && state.command.is_none())
        };
        while !waits() {
            assert!(Instant::now() < end, "a command still runs:\n{}", self.journal());
            std::thread::sleep(Duration::from_millis(5));
        }
        runbook::kernel::stop_session(&self.folder(), "the test").unwrap();
        self.wait();
    }

    /// Waits for the recorder to go.
    pub(crate) fn wait(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.process.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "the recorder is still there:\n{}", self.journal());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let journal = self.journal();
            let lines: Vec<&str> = journal.lines().collect();
            println!("recorder.log: {}\n{}", self.log(), lines[lines.len().saturating_sub(4)..].join("\n"));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The machine's bash, or that of the environment variable `RUNBOOK_TEST_BASH`.
pub(crate) fn bash() -> PathBuf {
    if let Some(bash) = std::env::var_os("RUNBOOK_TEST_BASH") {
        return bash.into();
    }
    ["/usr/bin/bash", "/bin/bash", "/usr/local/bin/bash"].iter().map(PathBuf::from).find(|path| path.exists()).unwrap()
}

/// What the operator does while a command runs.
pub(crate) enum Act {
    /// Waits until this was printed.
    Await(&'static str),
    /// Waits.
    After(Duration),
    Keys(Vec<u8>),
    Send(WireRequest),
}

pub(crate) fn after(millis: u64) -> Act {
    Act::After(Duration::from_millis(millis))
}

pub(crate) fn keys(text: &str) -> Act {
    Act::Keys(text.as_bytes().to_vec())
}

pub(crate) fn ctrl_c() -> Act {
    Act::Keys(vec![3])
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) finished: CommandFinished,
    pub(crate) output: Vec<u8>,
    pub(crate) pieces: Vec<(OutputChannel, Vec<u8>)>,
    pub(crate) respawned: Option<String>,
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.finished.outcome
    }

    pub(crate) fn stream(&self, channel: OutputChannel) -> Vec<u8> {
        self.pieces.iter().filter(|(c, _)| *c == channel).flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

/// A client.
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    decoder: Decoder<WireReply>,
    folder: PathBuf,
    pub(crate) background: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(recorder: &Recorder) -> Self {
        Self::connect_as(recorder, PROTOCOL)
    }

    /// Connects as a program of another protocol would.
    pub(crate) fn connect_as(recorder: &Recorder, protocol: u32) -> Self {
        let stream = UnixStream::connect(&recorder.socket).unwrap();
        let mut client =
            Self { stream, decoder: Decoder::default(), folder: recorder.folder(), background: Vec::new() };
        let who = "another engine".to_owned();
        client.send(&WireRequest::Hello { protocol, program: PROGRAM_VERSION.to_owned(), who }, b"");
        client
    }

    /// The same for a run whose folder is elsewhere.
    pub(crate) fn drive_in(recorder: &Recorder, folder: &Path) -> Self {
        let mut client = Self::connect(recorder);
        folder.clone_into(&mut client.folder);
        assert!(matches!(client.reply(), WireReply::Welcome { .. }));
        client
    }

    /// Connects, and is welcomed.
    pub(crate) fn drive(recorder: &Recorder) -> Self {
        let mut client = Self::connect(recorder);
        assert!(matches!(client.reply(), WireReply::Welcome { .. }));
        client
    }

    pub(crate) fn send(&mut self, request: &WireRequest, blob: &[u8]) {
        let mut frame = Vec::new();
        protocol::encode_frame(request, blob, &mut frame).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    fn poll(&mut self, patience: Duration) -> Option<Frame<WireReply>> {
        let end = Instant::now() + patience;
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(frame);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut buffer = [0; 16384];
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the recorder has closed the connection"),
                Ok(count) => self.decoder.push_bytes(&buffer[..count]),
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                    return None;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Sends, to a recorder that may be gone.
    pub(crate) fn send_if_there(&mut self, request: &WireRequest) {
        let mut frame = Vec::new();
        protocol::encode_frame(request, b"", &mut frame).unwrap();
        drop(self.stream.write_all(&frame));
    }

    /// The next reply until then; the error says that the recorder is gone.
    pub(crate) fn try_frame(&mut self, until: Instant) -> Result<Option<WireReply>, ()> {
        if let Some(frame) = self.decoder.next_frame().unwrap() {
            return Ok(Some(frame.message));
        }
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left)).unwrap();
        let mut buffer = [0; 16384];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(()),
            Ok(count) => {
                self.decoder.push_bytes(&buffer[..count]);
                Ok(None)
            }
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                Ok(None)
            }
            Err(_) => Err(()),
        }
    }

    /// The next reply that is no output.
    pub(crate) fn reply(&mut self) -> WireReply {
        loop {
            let frame = self.poll(PATIENCE).expect("an answer in time");
            match frame.message {
                WireReply::Output { command: None, offset, length, .. } => self.read_background(offset, length),
                WireReply::Output { .. } | WireReply::Learned { .. } | WireReply::Known { .. } | WireReply::Settled => {
                }
                message => return message,
            }
        }
    }

    /// Whether the recorder has hung up.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0; 16384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    fn read_background(&mut self, offset: u64, length: u64) {
        let bytes = std::fs::read(background_path(&self.folder)).unwrap();
        let (start, length) = (usize::try_from(offset).unwrap(), usize::try_from(length).unwrap());
        self.background.extend_from_slice(&bytes[start..start + length]);
    }

    pub(crate) fn command(text: &str) -> RunRequest {
        RunRequest {
            before: Vec::new(),
            started: CommandStarted {
                step: StepId::new("step"),
                command: Some(0),
                of: 1,
                attempt: 1,
                source: CommandSource::Document,
                text: text.to_owned(),
                line: 1,
                level: Some(0),
                never_ends: false,
                answers: Answers::default(),
            },
            name: "RUNBOOK.md".to_owned(),
            limit: None,
            size: None,
            unrecorded: false,
            goes_on: false,
            is_ahead: false,
            unechoed: Vec::new(),
        }
    }

    pub(crate) fn run(&mut self, text: &str) -> Ran {
        self.run_with(Self::command(text), &[])
    }

    pub(crate) fn run_with(&mut self, run: RunRequest, acts: &[Act]) -> Ran {
        self.try_run(run, acts).unwrap_or_else(|failed| panic!("{failed:?}"))
    }

    pub(crate) fn try_run(&mut self, run: RunRequest, acts: &[Act]) -> Result<Ran, WireReply> {
        let text = run.started.text.clone();
        self.send(&WireRequest::Run(Box::new(run)), b"");
        self.watch(&text, acts)
    }

    /// Watches the command that runs already.
    pub(crate) fn finished(&mut self) -> Ran {
        self.watch("the running command", &[]).unwrap_or_else(|failed| panic!("{failed:?}"))
    }

    fn watch(&mut self, text: &str, acts: &[Act]) -> Result<Ran, WireReply> {
        let end = Instant::now() + PATIENCE;
        let mut acts = acts.iter();
        let mut act = acts.next();
        let mut act_at = Instant::now();
        let mut pieces: Vec<(OutputChannel, Vec<u8>)> = Vec::new();
        loop {
            assert!(Instant::now() < end, "`{text}` does not end: {:?}", flat(&pieces));
            let due = match act {
                Some(Act::Await(awaited)) => flat(&pieces).contains(awaited),
                Some(Act::After(time)) => act_at.elapsed() >= *time,
                Some(_) => true,
                None => false,
            };
            if due {
                match act {
                    Some(Act::Keys(keys)) => self.send(&WireRequest::Input, keys),
                    Some(Act::Send(request)) => self.send(request, b""),
                    _ => {}
                }
                act = acts.next();
                act_at = Instant::now();
                continue;
            }
            let Some(frame) = self.poll(Duration::from_millis(10)) else { continue };
            match frame.message {
                WireReply::Output { command: Some(seq), channel, offset, length } => {
                    let bytes = if frame.blob.is_empty() {
                        let all = std::fs::read(output_path(&self.folder, seq)).unwrap();
                        let start = usize::try_from(offset).unwrap();
                        all[start..start + usize::try_from(length).unwrap()].to_vec()
                    } else {
                        frame.blob
                    };
                    pieces.push((channel, bytes));
                }
                WireReply::Output { command: None, offset, length, .. } => self.read_background(offset, length),
                WireReply::Finished(came) => {
                    let Fact::CommandFinished(finished) = came.finished.fact else { panic!("{:?}", came.finished) };
                    let respawned = came.respawned;
                    let output = pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
                    return Ok(Ran { finished, output, pieces, respawned });
                }
                WireReply::Learned { .. } | WireReply::Known { .. } | WireReply::Settled => {}
                failed => return Err(failed),
            }
        }
    }

    pub(crate) fn value(&mut self, name: &str) -> Option<String> {
        self.send(&WireRequest::Values { names: vec![name.to_owned()] }, b"");
        match self.reply() {
            WireReply::Values { mut values } => values.pop().unwrap().1,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> Option<String> {
        self.send(&WireRequest::Set { name: name.to_owned(), value: value.to_owned() }, b"");
        match self.reply() {
            WireReply::Set { refused } => refused,
            other => panic!("{other:?}"),
        }
    }
}

fn flat(pieces: &[(OutputChannel, Vec<u8>)]) -> String {
    pieces.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect()
}

/// A recorder and a client that drives it.
pub(crate) fn session(mode: Mode) -> (Recorder, Client) {
    let recorder = Recorder::start(mode);
    let client = Client::drive(&recorder);
    (recorder, client)
}
impl Recorder {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("recorder.log")).unwrap_or_default()
    }
}
