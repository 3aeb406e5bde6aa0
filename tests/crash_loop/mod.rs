//! Kills recorders at random and named moments, and compares the record with what a witness saw acknowledged.
//!
//! The witness is this process: it drives each recorder over its socket as an engine would, keeps every event that it was
//! told is on disk, and counts in a file of its own how often each command ran.

use runbook::history::{
    Answers, CommandSource, CommandStarted, Decided, Decision, Event, Fact, Mode, NoteAdded, OutputSource as _,
};
use runbook::ident::{Clock as _, Digest, RunId, Seq, StepId, SystemClock};
use runbook::journal::{self, Folder, Folders};
use runbook::recorder::protocol::{Decoder, PROGRAM_VERSION, PROTOCOL, RunRequest, WireReply, WireRequest};
use runbook::recorder::{Announcement, OUTPUT_LIMIT_BYTES, ServeOptions, SessionLimits, ShellLaunch};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// After so many kills a new run is begun.
const KILLS_A_RUN: u32 = 40;
const PATIENCE: Duration = Duration::from_secs(20);

/// When a recorder is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// After a while.
    AtRandom(u64),
    /// As soon as a command was sent.
    CommandSent,
    /// When its first output has come.
    OutputBegun,
    /// When its end was told.
    CommandFinished,
    /// As soon as a note was sent.
    NoteSent,
    /// When the engine is gone and the command goes on.
    EngineLost,
    /// While its shell starts.
    ShellStarting,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Recorders that were killed.
    pub(crate) kills: u32,
    /// Kills at each point.
    pub(crate) points: BTreeMap<String, u32>,
    /// Events that were told to be on disk, and were compared.
    pub(crate) acknowledged: u64,
    /// Commands that were started.
    pub(crate) commands: u64,
    /// Commands without a recorded end.
    pub(crate) unknown: u64,
    /// Journals whose last line was torn.
    pub(crate) torn: u32,
    /// What must not be: each a line.
    pub(crate) faults: Vec<String>,
}

/// Kills so many recorders, for so long at most.
pub(crate) fn crash(program: &Path, kills: u32, limit: Duration, seed: u64) -> Tally {
    let root = tempfile::tempdir().expect("a folder");
    let mut random = Random(seed | 1);
    let mut tally = Tally::default();
    let begun = Instant::now();
    while tally.kills < kills && begun.elapsed() < limit && tally.faults.is_empty() {
        let mut run = Witnessed::new(root.path(), program);
        for _ in 0..KILLS_A_RUN {
            if tally.kills >= kills || begun.elapsed() >= limit || !tally.faults.is_empty() {
                break;
            }
            let point = match random.below(12) {
                0 => Point::CommandSent,
                1 => Point::OutputBegun,
                2 => Point::CommandFinished,
                3 => Point::NoteSent,
                4 => Point::EngineLost,
                5 => Point::ShellStarting,
                _ => Point::AtRandom(random.below(70)),
            };
            run.until_killed(point, &mut random);
            tally.kills += 1;
            let name = format!("{point:?}");
            let name = name.split('(').next().unwrap_or_default().to_owned();
            *tally.points.entry(name).or_default() += 1;
            run.compare(&mut tally);
        }
        run.count(&mut tally);
    }
    tally
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A run, and what was seen of it.
struct Witnessed {
    folder: Folder,
    program: PathBuf,
    work: PathBuf,
    acknowledged: Vec<Event>,
    /// An end that was told of before it was on disk.
    unsettled: Option<Event>,
    /// What each command that was told to have ended printed.
    outputs: BTreeMap<Seq, String>,
    tokens: u64,
}

/// A recorder that lives.
struct Living {
    process: Child,
    stream: UnixStream,
    decoder: Decoder<WireReply>,
    socket: PathBuf,
}

impl Witnessed {
    fn new(root: &Path, program: &Path) -> Self {
        let run = RunId::generate_at(&SystemClock::start_now().now());
        let folder = Folders::with_root(root.join("runs")).create_folder(&run).expect("a run folder");
        let work = root.join(format!("work-{run}"));
        std::fs::create_dir_all(&work).expect("a folder");
        Self {
            folder,
            program: program.to_owned(),
            work,
            acknowledged: Vec::new(),
            unsettled: None,
            outputs: BTreeMap::new(),
            tokens: 0,
        }
    }

    fn start(&self, early: bool) -> Option<Living> {
        let temp = self.work.parent().expect("a parent").to_owned();
        let options = ServeOptions {
            run: self.folder.run_id().clone(),
            folder: self.folder.folder_path().to_owned(),
            launch: ShellLaunch {
                program: self.program.clone(),
                shell_subcommand: "__shell".to_owned(),
                shell: "/bin/bash".into(),
                cwd: self.work.clone(),
            },
            mode: Mode::Attended,
            rc: None,
            runtime_dir: Some(temp.clone()),
            temp_dir: temp,
            limits: SessionLimits {
                output_limit_bytes: OUTPUT_LIMIT_BYTES,
                free_disk_percent: runbook::recorder::FREE_DISK_PERCENT,
                monitor_alone: runbook::recorder::MONITOR_ALONE,
            },
            log: false,
            resume: self.folder.journal_path().exists(),
            restore: Some(self.folder.folder_path().join("snapshot")).filter(|path| path.is_file()),
        };
        #[expect(clippy::zombie_processes, reason = "`Living` waits for it; a panic ends the test")]
        let mut process = Command::new(&self.program)
            .arg("__recorder")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a recorder");
        let text = serde_json::to_vec(&options).expect("options");
        process.stdin.take().expect("stdin").write_all(&text).expect("the options are read");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout")).read_line(&mut line).expect("an announcement");
        let Ok(Announcement::Listening { socket }) = serde_json::from_str(&line) else {
            panic!("the recorder does not start: {line}");
        };
        let stream = connect(&socket)?;
        let mut living = Living { process, stream, decoder: Decoder::default(), socket };
        if early {
            living.kill();
            return None;
        }
        match living.reply()? {
            WireReply::Welcome { .. } => Some(living),
            other => panic!("not welcome: {other:?}"),
        }
    }

    /// Notes and commands, until the recorder is killed at the point.
    fn until_killed(&mut self, point: Point, random: &mut Random) {
        self.unsettled = None;
        let Some(mut living) = self.start(point == Point::ShellStarting) else { return };
        let killer = if let Point::AtRandom(after) = point { Some(kill_later(&living.process, after)) } else { None };
        let before = random.below(3);
        for n in 0..40 {
            let now = n >= before;
            let alive = match random.below(4) {
                0 => self.note(&mut living, now && point == Point::NoteSent),
                _ => self.command(&mut living, point, now, random),
            };
            if alive.is_none() {
                break;
            }
        }
        living.kill();
        if let Some(killer) = killer {
            killer.join().expect("the killer ends");
        }
    }

    fn note(&mut self, living: &mut Living, kill: bool) -> Option<()> {
        let fact = Fact::NoteAdded(NoteAdded { step: None, text: format!("note {}", self.acknowledged.len()) });
        living.send(&WireRequest::Append { facts: vec![fact] })?;
        if kill {
            living.kill();
        }
        loop {
            match living.reply()? {
                WireReply::Settled => self.acknowledged.extend(self.unsettled.take()),
                WireReply::Appended { events } => {
                    self.acknowledged.extend(self.unsettled.take());
                    self.acknowledged.extend(events.into_iter().map(Event::from));
                    return Some(());
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn command(&mut self, living: &mut Living, point: Point, now: bool, random: &mut Random) -> Option<()> {
        self.tokens += 1;
        let token = format!("token-{}-end", self.tokens);
        let lines = random.below(400);
        let status = random.below(3);
        let text = format!(
            "echo {token} >> '{}/ran'; for i in {{0..{lines}}}; do echo {token} $i; done; (exit {status})",
            self.work.display()
        );
        let expected = (0..=lines).map(|i| format!("{token} {i}\r\n")).collect::<Vec<_>>().concat();
        let edited = random.below(5) == 0;
        let step = StepId::new("step");
        let decision = if edited { Decision::Edit } else { Decision::Run };
        let decided = Decided { step: step.clone(), command: Some(0), decision, reason: String::new() };
        let run = RunRequest {
            before: vec![Fact::Decided(decided)],
            started: CommandStarted {
                step,
                command: Some(0),
                of: 1,
                attempt: 1,
                source: if edited { CommandSource::Edited("as written".to_owned()) } else { CommandSource::Document },
                text,
                line: 1,
                level: Some(0),
                never_ends: false,
                answers: Answers::default(),
            },
            name: "RUNBOOK.md".to_owned(),
            limit: None,
            size: None,
            unrecorded: false,
            goes_on: random.below(2) == 0,
            is_ahead: false,
            unechoed: Vec::new(),
        };
        let sent = run.before.iter().cloned().chain([Fact::CommandStarted(run.started.clone())]).collect::<Vec<_>>();
        living.send(&WireRequest::Run(Box::new(run)))?;
        if now && point == Point::CommandSent {
            living.kill();
        }
        if now && point == Point::EngineLost {
            std::thread::sleep(Duration::from_millis(random.below(20)));
            living.stream = connect(&living.socket).or_else(|| reconnect(&living.socket))?;
            living.decoder = Decoder::default();
            if random.below(2) == 0 {
                living.kill();
            }
            return None;
        }
        loop {
            match living.next()? {
                WireReply::Output { .. } => {
                    // Its start stands behind the end before it.
                    self.acknowledged.extend(self.unsettled.take());
                    if now && point == Point::OutputBegun {
                        living.kill();
                    }
                }
                WireReply::Finished(came) => {
                    if now && point == Point::CommandFinished {
                        living.kill();
                    }
                    let start = came.begun.last().expect("a start").seq;
                    self.outputs.insert(start, expected);
                    self.acknowledged.extend(self.unsettled.take());
                    let begun = came.begun.into_iter().map(|begun| begun.into_event(&sent).expect("what was sent"));
                    self.acknowledged.extend(begun);
                    let finished = Event::from(came.finished);
                    if came.settled {
                        self.acknowledged.push(finished);
                    } else {
                        self.unsettled = Some(finished);
                    }
                    return Some(());
                }
                WireReply::Settled => self.acknowledged.extend(self.unsettled.take()),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Holds the record against what was seen.
    fn compare(&self, tally: &mut Tally) {
        let journal = match journal::read_journal(self.folder.folder_path()) {
            Ok(journal) => journal,
            Err(error) => return tally.faults.push(format!("unreadable: {error}")),
        };
        tally.torn += u32::from(journal.torn.is_some());
        let by_seq: BTreeMap<Seq, &Event> = journal.events.iter().map(|event| (event.seq, event)).collect();
        for event in &self.acknowledged {
            tally.acknowledged += 1;
            if by_seq.get(&event.seq) != Some(&event) {
                tally.faults.push(format!("lost or changed: event {}", event.seq));
            }
        }
        let mut output = self.folder.run_outputs();
        for event in &journal.events {
            if let Fact::CommandFinished(finished) = &event.fact {
                output.remember_inline(finished);
                let bytes = output.read_output(finished.started, 0, 1 << 20).unwrap_or_default();
                if Digest::of_parts(&[finished.output.salt.as_bytes(), &bytes]) != finished.output.digest {
                    tally.faults.push(format!("output of {} differs from its digest", finished.started));
                }
                if self.outputs.get(&finished.started).is_some_and(|expected| expected.as_bytes() != bytes) {
                    tally.faults.push(format!("output of {} is not what was printed", finished.started));
                }
            }
        }
        let ran = std::fs::read_to_string(self.work.join("ran")).unwrap_or_default();
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for line in ran.lines() {
            *counts.entry(line).or_default() += 1;
        }
        for (token, count) in counts {
            if count > 1 {
                tally.faults.push(format!("{token} ran {count} times"));
            }
            let mark = format!("echo {token} >>");
            let started = |event: &Event| matches!(&event.fact, Fact::CommandStarted(s) if s.text.starts_with(&mark));
            if !journal.events.iter().any(started) {
                tally.faults.push(format!("{token} ran and its start is not recorded"));
            }
        }
    }

    fn count(&self, tally: &mut Tally) {
        let Ok(journal) = journal::read_journal(self.folder.folder_path()) else { return };
        let starts = journal.events.iter().filter(|event| matches!(event.fact, Fact::CommandStarted(_))).count();
        let ends = journal.events.iter().filter(|event| matches!(event.fact, Fact::CommandFinished(_))).count();
        tally.commands += starts as u64;
        tally.unknown += (starts - ends) as u64;
    }
}

fn connect(socket: &Path) -> Option<UnixStream> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let hello =
        WireRequest::Hello { protocol: PROTOCOL, program: PROGRAM_VERSION.to_owned(), who: "the witness".to_owned() };
    let mut frame = Vec::new();
    runbook::recorder::protocol::encode_frame(&hello, b"", &mut frame).ok()?;
    stream.write_all(&frame).ok()?;
    Some(stream)
}

fn reconnect(socket: &Path) -> Option<UnixStream> {
    std::thread::sleep(Duration::from_millis(5));
    connect(socket)
}

fn kill_later(process: &Child, after: u64) -> std::thread::JoinHandle<()> {
    let pid = process.id();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(after));
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    })
}

impl Living {
    fn send(&mut self, request: &WireRequest) -> Option<()> {
        let mut frame = Vec::new();
        runbook::recorder::protocol::encode_frame(request, b"", &mut frame).expect("a frame");
        self.stream.write_all(&frame).ok()
    }

    /// The next message; none when the recorder is gone.
    fn next(&mut self) -> Option<WireReply> {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("a message") {
                return Some(frame.message);
            }
            let mut buffer = [0; 16384];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.decoder.push_bytes(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// The next message that is no output.
    fn reply(&mut self) -> Option<WireReply> {
        loop {
            match self.next()? {
                WireReply::Output { .. } => {}
                reply => return Some(reply),
            }
        }
    }

    fn kill(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
