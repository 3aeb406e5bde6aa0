//! The connection to a recorder, and the output files that its messages name.
//!
//! Invariant: messages are taken up in the order they were sent. Refuses to know: the terminal.

use crate::ident::Seq;
use crate::ports::{KernelError, Stream, Watch};
use crate::recorder;
use crate::recorder::protocol;
use crate::recorder::protocol::{Decoder, Failure, OutputChannel, Secret, SecretDigest, WireReply, WireRequest};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::borrow::Cow;
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
/// A recorder that does not answer a question in this time is taken for lost.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// The connection to a recorder, with what has come and was not taken up yet.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: UnixStream,
    decoder: Decoder<WireReply>,
    folder: PathBuf,
    buffer: Vec<u8>,
    /// Buffer for output files, which are shown a piece at a time.
    piece: Vec<u8>,
    /// The output file that was read last, to be read on.
    open_output: Option<(Option<Seq>, File)>,
    /// Output that came while nobody watched; shown to the next watcher.
    late_output: Vec<LateOutput>,
    /// True if the end of the last command that came back is on disk.
    is_durable: bool,
    /// True if that end became durable while nobody watched; the next watcher is notified.
    has_unseen_durable: bool,
    /// Secrets that other clients have registered.
    pub(super) learned_secrets: LearnedSecrets,
}

/// Secrets that other clients than its engine have registered with a session. A clone is the same list.
#[derive(Clone, Debug, Default)]
pub struct LearnedSecrets(Rc<RefCell<Vec<Secret>>>, Rc<RefCell<Vec<SecretDigest>>>);

impl LearnedSecrets {
    fn add_secrets(&self, secrets: impl IntoIterator<Item = Secret>) {
        self.0.borrow_mut().extend(secrets);
    }

    fn add_digests(&self, digests: impl IntoIterator<Item = SecretDigest>) {
        self.1.borrow_mut().extend(digests);
    }

    /// Masks the secrets of which only a digest is known.
    pub fn mask_digests<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        SecretDigest::mask_bytes(&self.1.borrow(), bytes)
    }

    /// The secrets after the first `count`, in the order they were registered.
    pub fn secrets_after(&self, count: usize) -> Vec<Secret> {
        self.0.borrow().get(count..).unwrap_or_default().to_vec()
    }
}

#[derive(Debug)]
struct LateOutput {
    command: Option<Seq>,
    channel: OutputChannel,
    offset: u64,
    length: u64,
}

/// The recorder cannot be talked to any more.
pub(super) fn recorder_lost(why: impl std::fmt::Display) -> KernelError {
    KernelError::Lost(format!("{why}"))
}

/// The recorder gave an answer that does not belong to the request.
pub(super) fn out_of_turn() -> KernelError {
    recorder_lost("it gave an answer to another question")
}

impl Link {
    pub(super) fn new(stream: UnixStream, folder: PathBuf) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            folder,
            buffer: vec![0; READ_BYTES],
            piece: Vec::new(),
            open_output: None,
            late_output: Vec::new(),
            is_durable: true,
            has_unseen_durable: false,
            learned_secrets: LearnedSecrets::default(),
        }
    }

    /// Path of a command's output file.
    pub(super) fn output_path(&self, command: Seq) -> PathBuf {
        recorder::output_path(&self.folder, command)
    }

    /// Sends a request and the bytes that go with it. Fails with the recorder's last word, if it has said why it closed.
    pub(super) fn send_request(&mut self, request: &WireRequest, blob: &[u8]) -> Result<(), KernelError> {
        let mut frame = Vec::new();
        protocol::encode_frame(request, blob, &mut frame).map_err(recorder_lost)?;
        match self.stream.write_all(&frame) {
            Ok(()) => Ok(()),
            // The recorder may have said why it closed the connection.
            Err(error) => Err(self.receive_idle_events().err().unwrap_or_else(|| recorder_lost(error))),
        }
    }

    /// Takes in what has come while no answer is waited for: output, secrets, durability. Fails if the run has ended.
    pub(super) fn receive_idle_events(&mut self) -> Result<(), KernelError> {
        while self.wait_readable(Duration::ZERO)? {
            self.read_available()?;
            while self.next_reply(None)?.is_some() {}
        }
        Ok(())
    }

    /// Reads once from the connection; waits if nothing has come.
    pub(super) fn read_available(&mut self) -> Result<(), KernelError> {
        match rustix::io::read(&self.stream, &mut *self.buffer) {
            Ok(0) => Err(recorder_lost("it has closed the connection")),
            Ok(count) => {
                self.decoder.push_bytes(self.buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(recorder_lost(error)),
        }
    }

    /// The next reply among the messages that were read. Output is shown to `watch`, or kept if nobody watches.
    pub(super) fn next_reply(&mut self, mut watch: Option<&mut dyn Watch>) -> Result<Option<WireReply>, KernelError> {
        while let Some(frame) = self.decoder.next_frame().map_err(recorder_lost)? {
            let (command, channel, offset, length) = match frame.message {
                WireReply::Output { command, channel, offset, length } => (command, channel, offset, length),
                WireReply::Stopped { why } => return Err(KernelError::Ended(why)),
                WireReply::Learned { secrets } => {
                    self.learned_secrets.add_secrets(secrets);
                    continue;
                }
                WireReply::Known { secrets } => {
                    self.learned_secrets.add_digests(secrets);
                    continue;
                }
                WireReply::Settled => {
                    self.mark_durable(&mut watch);
                    continue;
                }
                reply => {
                    if matches!(reply, WireReply::Finished(_) | WireReply::Appended { .. }) {
                        self.mark_durable(&mut watch);
                    }
                    if let WireReply::Finished(came) = &reply {
                        self.is_durable = came.settled;
                    }
                    return Ok(Some(reply));
                }
            };
            if command.is_some() {
                // A command prints only after its start is on disk, and with it all that was recorded before.
                self.mark_durable(&mut watch);
            }
            match &mut watch {
                Some(watch) if frame.blob.is_empty() => {
                    self.show_output(command, channel, offset, length, &mut **watch);
                }
                Some(watch) => watch.on_output(stream_of_channel(channel), &frame.blob),
                None => self.keep_output(command, channel, offset, length),
            }
        }
        Ok(None)
    }

    /// Notes that the end of the last command is on disk, and notifies the watcher.
    fn mark_durable(&mut self, watch: &mut Option<&mut dyn Watch>) {
        if std::mem::replace(&mut self.is_durable, true) {
            return;
        }
        match watch {
            Some(watch) => watch.on_durable(),
            None => self.has_unseen_durable = true,
        }
    }

    fn keep_output(&mut self, command: Option<Seq>, channel: OutputChannel, offset: u64, length: u64) {
        match self.late_output.last_mut() {
            Some(last) if last.command == command && last.offset + last.length == offset => last.length += length,
            _ => self.late_output.push(LateOutput { command, channel, offset, length }),
        }
    }

    /// Shows the output that came while nobody watched.
    pub(super) fn show_late_output(&mut self, watch: &mut dyn Watch) {
        if std::mem::take(&mut self.has_unseen_durable) {
            watch.on_durable();
        }
        for LateOutput { command, channel, offset, length } in std::mem::take(&mut self.late_output) {
            self.show_output(command, channel, offset, length, watch);
        }
    }

    /// Shows a range of an output file. A part that cannot be read is not shown; the record still has it.
    fn show_output(
        &mut self,
        command: Option<Seq>,
        channel: OutputChannel,
        offset: u64,
        length: u64,
        watch: &mut dyn Watch,
    ) {
        if self.open_output.as_ref().is_none_or(|(of, _)| *of != command) {
            let path = match command {
                Some(seq) => recorder::output_path(&self.folder, seq),
                None => recorder::background_path(&self.folder),
            };
            self.open_output = File::open(path).ok().map(|file| (command, file));
        }
        let Some((_, file)) = &self.open_output else { return };
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
                    watch.on_output(stream_of_channel(channel), part.get(..count).unwrap_or_default());
                    at += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for the answer to a question. Fails if the recorder reports a failure, or is silent for a minute.
    pub(super) fn await_answer(&mut self) -> Result<WireReply, KernelError> {
        loop {
            if let Some(reply) = self.next_reply(None)? {
                return match reply {
                    WireReply::Failed { what, message } => Err(kernel_error(what, message)),
                    reply => Ok(reply),
                };
            }
            if !self.wait_readable(ANSWER_LIMIT)? {
                return Err(recorder_lost("it does not answer"));
            }
            self.read_available()?;
        }
    }

    /// Waits until the end of the last command is on disk.
    pub(super) fn await_durable(&mut self) -> Result<(), KernelError> {
        while !self.is_durable {
            if !self.wait_readable(ANSWER_LIMIT)? {
                return Err(recorder_lost("it does not answer"));
            }
            self.read_available()?;
            if self.next_reply(None)?.is_some() {
                return Err(recorder_lost("it gave an answer to no question"));
            }
        }
        Ok(())
    }

    /// Waits until there is something to read. Returns `false` when the time is over.
    pub(super) fn wait_readable(&self, limit: Duration) -> Result<bool, KernelError> {
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        loop {
            match rustix::event::poll(&mut fds, Some(&to_timespec(limit))) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(recorder_lost(error)),
            }
        }
    }
}

pub(super) fn kernel_error(what: Failure, message: String) -> KernelError {
    match what {
        Failure::Record => KernelError::Record(message),
        Failure::Shell => KernelError::Shell(message),
        Failure::Request => KernelError::Lost(message),
    }
}

fn stream_of_channel(channel: OutputChannel) -> Stream {
    match channel {
        OutputChannel::Out => Stream::Out,
        OutputChannel::Err => Stream::Err,
    }
}

pub(super) fn to_timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}
