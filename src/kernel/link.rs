//! The connection to a recorder, and the output files it tells of.
//!
//! Invariant: messages are taken up in their order. Refuses to know: the terminal.

use crate::ident::Seq;
use crate::ports::{KernelError, Stream, Watch};
use crate::recorder;
use crate::recorder::protocol;
use crate::recorder::protocol::{Channel, Decoder, Failure, Reply, Request, Secret};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

const READ_BYTES: usize = 64 << 10;
const SHOW_BYTES: usize = 256 << 10;
/// A recorder that does not answer a question in this time is given up.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: UnixStream,
    decoder: Decoder<Reply>,
    folder: PathBuf,
    buffer: Vec<u8>,
    /// What is shown of an output file, a piece at a time.
    piece: Vec<u8>,
    /// The output file read last.
    open: Option<(Option<Seq>, File)>,
    /// Output that came while nobody watched; shown with the next command, or with the one it is of.
    late: Vec<Late>,
    /// Whether the last end that was told of is on disk.
    settled: bool,
    /// It became so while nobody watched: the next watcher is told.
    settled_unseen: bool,
    /// What others have taught the session.
    pub(super) learned: Learned,
}

/// The secrets that a session was told by others than its own client; a clone is the same list.
#[derive(Clone, Debug, Default)]
pub struct Learned(Rc<RefCell<Vec<Secret>>>);

impl Learned {
    fn add(&self, secrets: impl IntoIterator<Item = Secret>) {
        self.0.borrow_mut().extend(secrets);
    }

    /// Those after the first so many.
    pub fn since(&self, count: usize) -> Vec<Secret> {
        self.0.borrow().get(count..).unwrap_or_default().to_vec()
    }
}

#[derive(Debug)]
struct Late {
    command: Option<Seq>,
    channel: Channel,
    offset: u64,
    length: u64,
}

pub(super) fn lost(why: impl std::fmt::Display) -> KernelError {
    KernelError::Lost(format!("{why}"))
}

impl Link {
    pub(super) fn new(stream: UnixStream, folder: PathBuf) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            folder,
            buffer: vec![0; READ_BYTES],
            piece: Vec::new(),
            open: None,
            late: Vec::new(),
            settled: true,
            settled_unseen: false,
            learned: Learned::default(),
        }
    }

    /// Where the output of a command stands.
    pub(super) fn output(&self, command: Seq) -> PathBuf {
        recorder::output_path(&self.folder, command)
    }

    /// Sends a request and the bytes that go with it.
    pub(super) fn send(&mut self, request: &Request, blob: &[u8]) -> Result<(), KernelError> {
        let mut frame = Vec::new();
        protocol::encode(request, blob, &mut frame).map_err(lost)?;
        match self.stream.write_all(&frame) {
            Ok(()) => Ok(()),
            // The last thing that was said is why.
            Err(error) => Err(self.hear().err().unwrap_or_else(|| lost(error))),
        }
    }

    /// Takes in what has come while no answer is waited for: output, secrets, and that the run has ended.
    pub(super) fn hear(&mut self) -> Result<(), KernelError> {
        while self.wait(Duration::ZERO)? {
            self.receive()?;
            while self.next_reply(None)?.is_some() {}
        }
        Ok(())
    }

    /// Reads what is there, at least once.
    pub(super) fn receive(&mut self) -> Result<(), KernelError> {
        match rustix::io::read(&self.stream, &mut *self.buffer) {
            Ok(0) => Err(lost("it has closed the connection")),
            Ok(count) => {
                self.decoder.push(self.buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }

    /// The next message that was read. Output is shown to `watch`, or kept for later without one.
    pub(super) fn next_reply(&mut self, mut watch: Option<&mut dyn Watch>) -> Result<Option<Reply>, KernelError> {
        while let Some(frame) = self.decoder.next_frame().map_err(lost)? {
            let (command, channel, offset, length) = match frame.message {
                Reply::Output { command, channel, offset, length } => (command, channel, offset, length),
                Reply::Stopped { why } => return Err(KernelError::Ended(why)),
                Reply::Learned { secrets } => {
                    self.learned.add(secrets);
                    continue;
                }
                Reply::Settled => {
                    self.take_settled(&mut watch);
                    continue;
                }
                reply => {
                    if matches!(reply, Reply::Finished(_) | Reply::Appended { .. }) {
                        self.take_settled(&mut watch);
                    }
                    if let Reply::Finished(came) = &reply {
                        self.settled = came.settled;
                    }
                    return Ok(Some(reply));
                }
            };
            if command.is_some() {
                // Before it its start was put on disk, and all that stands before that.
                self.take_settled(&mut watch);
            }
            match &mut watch {
                Some(watch) if frame.blob.is_empty() => self.show(command, channel, offset, length, &mut **watch),
                Some(watch) => watch.output(stream(channel), &frame.blob),
                None => self.keep(command, channel, offset, length),
            }
        }
        Ok(None)
    }

    /// The last end that was told of is on disk.
    fn take_settled(&mut self, watch: &mut Option<&mut dyn Watch>) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        match watch {
            Some(watch) => watch.settled(),
            None => self.settled_unseen = true,
        }
    }

    fn keep(&mut self, command: Option<Seq>, channel: Channel, offset: u64, length: u64) {
        match self.late.last_mut() {
            Some(last) if last.command == command && last.offset + last.length == offset => last.length += length,
            _ => self.late.push(Late { command, channel, offset, length }),
        }
    }

    /// Shows what came while nobody watched.
    pub(super) fn show_late(&mut self, watch: &mut dyn Watch) {
        if std::mem::take(&mut self.settled_unseen) {
            watch.settled();
        }
        for Late { command, channel, offset, length } in std::mem::take(&mut self.late) {
            self.show(command, channel, offset, length, watch);
        }
    }

    /// Shows a piece of an output file. What cannot be read is not shown; it is in the record.
    fn show(&mut self, command: Option<Seq>, channel: Channel, offset: u64, length: u64, watch: &mut dyn Watch) {
        if self.open.as_ref().is_none_or(|(of, _)| *of != command) {
            let path = match command {
                Some(seq) => recorder::output_path(&self.folder, seq),
                None => recorder::background_path(&self.folder),
            };
            self.open = File::open(path).ok().map(|file| (command, file));
        }
        let Some((_, file)) = &self.open else { return };
        let end = offset.saturating_add(length);
        let mut at = offset;
        let block = usize::try_from(length).unwrap_or(usize::MAX).min(SHOW_BYTES);
        if self.piece.len() < block {
            self.piece.resize(block, 0);
        }
        while at < end {
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(block);
            let Some(part) = self.piece.get_mut(..wanted) else { return };
            match file.read_at(part, at) {
                Ok(0) => return,
                Ok(count) => {
                    watch.output(stream(channel), part.get(..count).unwrap_or_default());
                    at += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for the answer to a question.
    pub(super) fn answer(&mut self) -> Result<Reply, KernelError> {
        loop {
            if let Some(reply) = self.next_reply(None)? {
                return match reply {
                    Reply::Failed { what, message } => Err(failure(what, message)),
                    reply => Ok(reply),
                };
            }
            if !self.wait(ANSWER_LIMIT)? {
                return Err(lost("it does not answer"));
            }
            self.receive()?;
        }
    }

    /// Waits until the last end that was told of is on disk.
    pub(super) fn settle(&mut self) -> Result<(), KernelError> {
        while !self.settled {
            if !self.wait(ANSWER_LIMIT)? {
                return Err(lost("it does not answer"));
            }
            self.receive()?;
            if self.next_reply(None)?.is_some() {
                return Err(lost("it gave an answer to no question"));
            }
        }
        Ok(())
    }

    /// Waits until there is something to read.
    pub(super) fn wait(&self, limit: Duration) -> Result<bool, KernelError> {
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        loop {
            match rustix::event::poll(&mut fds, Some(&timespec(limit))) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(lost(error)),
            }
        }
    }
}

pub(super) fn failure(what: Failure, message: String) -> KernelError {
    match what {
        Failure::Record => KernelError::Record(message),
        Failure::Shell => KernelError::Shell(message),
        Failure::Request => KernelError::Lost(message),
    }
}

fn stream(channel: Channel) -> Stream {
    match channel {
        Channel::Out => Stream::Out,
        Channel::Err => Stream::Err,
    }
}

pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
