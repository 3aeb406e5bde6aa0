//! One client on the recorder's socket.
//!
//! Invariant: a client that reads nothing costs bounded memory: what cannot be sent at once is sent later as offsets in
//! the output files. Refuses to know: what requests mean.

use super::outbox::{Outbox, OutputRing};
use super::protocol::{self, Decoder, Frame, OutputChannel, WireReply, WireRequest};
use crate::ident::Seq;
use rustix::io::Errno;
use std::os::unix::net::UnixStream;

/// Output in pieces up to this size travels in the message itself.
const INLINE_BYTES: usize = 4096;
/// With this many bytes waiting, output is sent as offsets only.
const FULL_BYTES: usize = 64 << 10;
const READ_BYTES: usize = 64 << 10;
/// More separate pieces than this are merged into one.
const NOTICES_LIMIT: usize = 1024;

#[derive(Debug)]
struct OutputNotice {
    command: Option<Seq>,
    channel: OutputChannel,
    offset: u64,
    length: u64,
}

/// A client's connection: requests in, replies and output out.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: UnixStream,
    decoder: Decoder<WireRequest>,
    outbox: Outbox,
    buffer: Vec<u8>,
    notices: Vec<OutputNotice>,
    /// Output that is in no file, and the command that printed it.
    unstored: (Option<Seq>, OutputRing),
}

/// The client has disconnected or broken the protocol.
#[derive(Debug)]
pub(super) struct ClientGone;

impl Connection {
    pub(super) fn new(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            decoder: Decoder::default(),
            outbox: Outbox::default(),
            buffer: vec![0; READ_BYTES],
            notices: Vec::new(),
            unstored: <(Option<Seq>, OutputRing)>::default(),
        })
    }

    /// Reads what the socket has. Fails when the client has disconnected.
    pub(super) fn receive_bytes(&mut self) -> Result<(), ClientGone> {
        match rustix::io::read(&self.stream, &mut *self.buffer) {
            Ok(0) => Err(ClientGone),
            Ok(count) => {
                self.decoder.push_bytes(self.buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(ClientGone),
        }
    }

    /// The next complete request. Fails when the bytes are no request.
    pub(super) fn next_request(&mut self) -> Result<Option<Frame<WireRequest>>, ClientGone> {
        self.decoder.next_frame().map_err(|_| ClientGone)
    }

    /// Sends a reply, after all output before it.
    pub(super) fn send_reply(&mut self, reply: &WireReply) {
        self.queue_output_notices();
        self.queue_unstored(usize::MAX);
        if protocol::encode_frame(reply, b"", self.outbox.buffer_mut()).is_err() {
            let failed = WireReply::Failed {
                what: protocol::Failure::Request,
                message: "the answer is too large for a message".to_owned(),
            };
            drop(protocol::encode_frame(&failed, b"", self.outbox.buffer_mut()));
        }
        self.flush_output();
    }

    /// Sends output that is in its file: the bytes, or their offset if they are many.
    pub(super) fn send_output(&mut self, command: Option<Seq>, channel: OutputChannel, offset: u64, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let small = command.is_some() && bytes.len() <= INLINE_BYTES;
        if small && self.notices.is_empty() && self.outbox.waiting_bytes() < FULL_BYTES {
            return self.send_inline_output(command, channel, offset, bytes);
        }
        let full = self.notices.len() >= NOTICES_LIMIT;
        match self.notices.last_mut() {
            Some(last)
                if last.command == command
                    && last.offset + last.length == offset
                    && (last.channel == channel || full) =>
            {
                last.length += length;
            }
            _ => self.notices.push(OutputNotice { command, channel, offset, length }),
        }
    }

    /// Sends output that is part of its command's end: at most 4 KiB a command, so always as bytes.
    pub(super) fn send_inline_output(
        &mut self,
        command: Option<Seq>,
        channel: OutputChannel,
        offset: u64,
        bytes: &[u8],
    ) {
        self.queue_output_notices();
        let reply = WireReply::Output { command, channel, offset, length: bytes.len() as u64 };
        drop(protocol::encode_frame(&reply, bytes, self.outbox.buffer_mut()));
    }

    /// Announces all the output of a command that is in its file already.
    pub(super) fn announce_kept_output(&mut self, command: Seq, length: u64) {
        if length > 0 {
            self.notices.push(OutputNotice { command: Some(command), channel: OutputChannel::Out, offset: 0, length });
        }
    }

    /// Sends output that could not be kept. If the client reads slowly, only the last of it.
    pub(super) fn send_unstored_output(&mut self, command: Seq, bytes: &[u8]) {
        self.unstored.0 = Some(command);
        self.unstored.1.push_bytes(bytes);
        self.flush_output();
    }

    fn queue_unstored(&mut self, limit: usize) {
        let command = self.unstored.0;
        let mut left = limit;
        while left > 0 && !self.unstored.1.is_empty() {
            let bytes = self.unstored.1.take_oldest(READ_BYTES);
            let length = bytes.len() as u64;
            left = left.saturating_sub(bytes.len());
            let reply = WireReply::Output { command, channel: OutputChannel::Out, offset: u64::MAX, length };
            drop(protocol::encode_frame(&reply, &bytes, self.outbox.buffer_mut()));
        }
    }

    fn queue_output_notices(&mut self) {
        for OutputNotice { command, channel, offset, length } in self.notices.drain(..) {
            let reply = WireReply::Output { command, channel, offset, length };
            drop(protocol::encode_frame(&reply, b"", self.outbox.buffer_mut()));
        }
    }

    /// True while something waits for the socket.
    pub(super) fn wants_to_send(&self) -> bool {
        self.outbox.waiting_bytes() > 0 || !self.notices.is_empty() || !self.unstored.1.is_empty()
    }

    /// Sends what the socket takes. A lost connection is noticed when reading.
    pub(super) fn flush_output(&mut self) {
        if self.outbox.waiting_bytes() == 0 {
            self.queue_output_notices();
            self.queue_unstored(READ_BYTES);
        }
        if self.outbox.flush_to(&self.stream).is_err() {
            self.outbox.drop_waiting();
            self.notices.clear();
        }
    }
}
