//! The wire protocol between the engine and the recorder.
//!
//! A frame is the length of its JSON and of its bytes (each a little-endian `u32`), the JSON, and the bytes. Output and
//! keys travel as bytes, everything else as JSON.
//!
//! Invariant: [`Decoder`] is total: any bytes give messages or an error, never a panic, and never more memory than one
//! frame may have. Refuses to know: sockets.

use crate::history::{CommandStarted, End, Event, Fact, Outcome};
use crate::ident::{Moment, RunId, Seq};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::time::Duration;

pub use crate::mask::SecretDigest;

/// Version of the protocol; both sides must have the same.
pub const PROTOCOL: u32 = 5;
/// Version of this program, sent in the handshake.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

const HEADER_BYTES: usize = 8;
const JSON_LIMIT_BYTES: usize = 16 << 20;
const BLOB_LIMIT_BYTES: usize = 1 << 20;

/// Error of encoding or decoding a frame.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// A frame announces more than a frame may have.
    #[error("a frame of {0} bytes is too large")]
    TooLarge(usize),
    /// The JSON is not a message.
    #[error("a message could not be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A secret: its name, and its value, which need not be text.
pub type Secret = (String, Vec<u8>);

/// Message of the engine, or of a visiting client, to the recorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireRequest {
    /// The first message of a connection.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// [`PROGRAM_VERSION`].
        program: String,
        /// Who drives the run from here on: `ada on db1, terminal /dev/pts/3`.
        who: String,
    },
    /// The first message of a client that does not drive. It gets one answer; then the connection is closed.
    Visit {
        /// [`PROTOCOL`].
        protocol: u32,
        /// [`PROGRAM_VERSION`].
        program: String,
        /// The client's one request.
        errand: Errand,
    },
    /// Mask these secrets in everything recorded and shown from here on.
    Hide {
        /// Secrets to mask.
        secrets: Vec<Secret>,
    },
    /// Record these facts.
    Append {
        /// Facts in the order in which they are recorded.
        facts: Vec<Fact>,
    },
    /// Record the start of a command and run it.
    Run(Box<RunRequest>),
    /// Keys for the running command: the bytes of the frame.
    Input,
    /// The operator's window has this size.
    Resize(TerminalSize),
    /// Ctrl-C for the running command.
    Interrupt,
    /// End the running command.
    Abort,
    /// Ask for the values of variables.
    Values {
        /// Names of the variables.
        names: Vec<String>,
    },
    /// Ask for the shell's functions and aliases.
    Shadows {
        /// Edition that the engine knows already.
        known: Option<u64>,
    },
    /// Set a variable.
    Set {
        /// Name of the variable.
        name: String,
        /// New value of the variable.
        value: String,
    },
    /// The engine is done; end the shell.
    Bye,
}

impl WireRequest {
    /// True if the engine waits for an answer.
    pub fn needs_answer(&self) -> bool {
        !matches!(self, Self::Input | Self::Resize(_) | Self::Interrupt | Self::Abort | Self::Bye)
    }
}

/// The one request of a client that does not drive the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// Ask for the session's state.
    State,
    /// End the run.
    Stop {
        /// Person who asks: `grace on db1, terminal /dev/pts/4`.
        who: String,
    },
    /// Record a note.
    Note(String),
    /// Mask these secrets.
    Hide(Vec<Secret>),
}

/// State of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Run that the session records.
    pub run: RunId,
    /// Person who drives the run; `None` if it waits to be resumed.
    pub driver: Option<String>,
    /// The running command.
    pub command: Option<Seq>,
    /// True if that command waits for a key.
    pub reads_terminal: bool,
    /// Process number of the shell; 0 without one.
    pub shell: u32,
}

/// A command to record and run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    /// Facts that are recorded in the same append, before the command's start.
    pub before: Vec<Fact>,
    /// Start of the command as it is recorded, with the text that runs.
    pub started: CommandStarted,
    /// File name of the document, for bash's own messages.
    pub name: String,
    /// The command is ended after this time.
    pub limit: Option<Duration>,
    /// Size of the operator's window.
    pub size: Option<TerminalSize>,
    /// True if it runs even when its start cannot be recorded.
    pub unrecorded: bool,
    /// True if the engine goes on by itself. Then the end may be reported before it is durable; it is synced together with
    /// the engine's next facts.
    pub goes_on: bool,
    /// True if it was sent before the previous command finished. It runs only if that command finished as
    /// [`FinishedCommand::is_plain`] defines; otherwise it is dropped without an answer.
    pub is_ahead: bool,
    /// Variables that the command reads without showing what is typed. They are left out of snapshots.
    #[serde(default)]
    pub unechoed: Vec<String>,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Height in lines.
    pub rows: u16,
    /// Width in characters.
    pub columns: u16,
}

/// Stream on which output came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputChannel {
    /// The terminal, or standard output.
    Out,
    /// Standard error of an unattended run.
    Err,
}

/// Message of the recorder to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireReply {
    /// The answer to [`WireRequest::Hello`]: the session is ready.
    Welcome {
        /// Version of the recorder's program.
        program: String,
        /// Run that the recorder records.
        run: RunId,
        /// Process number of the shell; 0 without one.
        shell: u32,
        /// Events of the beginning of the command that is running already; its output so far follows.
        running: Option<Vec<WireEvent>>,
    },
    /// The answer to [`Errand::State`].
    State(SessionState),
    /// The answer to [`Errand::Stop`]: the run is being ended.
    Stopping,
    /// The secrets are masked from here on.
    Hidden {
        /// A message for each secret that is refused.
        refused: Vec<String>,
    },
    /// Secrets that this client has not sent itself; it masks them in what it shows.
    Learned {
        /// Secrets to mask.
        secrets: Vec<Secret>,
    },
    /// Secrets that the session knew before this engine came, without their values; it masks them in what it shows.
    Known {
        /// Secrets to mask.
        secrets: Vec<SecretDigest>,
    },
    /// The connection is refused, and closed.
    Refused {
        /// Message for the operator.
        reason: String,
    },
    /// The facts are durable.
    Appended {
        /// Events of the appended facts.
        events: Vec<WireEvent>,
    },
    /// Output that is in its file.
    Output {
        /// Command that printed it; `None` if none was running.
        command: Option<Seq>,
        /// Stream on which it came.
        channel: OutputChannel,
        /// Offset in the file.
        offset: u64,
        /// Number of bytes. They are the bytes of the frame; if it has none, the client reads the file.
        length: u64,
    },
    /// A command has finished. Its start is durable, and its end if [`FinishedCommand::settled`] says so.
    Finished(Box<FinishedCommand>),
    /// An end that was reported early is durable now, or the record has failed and no more commands run.
    ///
    /// Not sent when another message says as much: the answer to an append, output of the next command, or its end.
    Settled,
    /// Values of variables, in the order of the request.
    Values {
        /// Name and value; `None` if it is unset.
        values: Vec<(String, Option<String>)>,
    },
    /// The shell's functions and aliases.
    Shadows {
        /// Counts the changes of functions and aliases.
        edition: u64,
        /// `None` if the engine knows this edition already.
        shadows: Option<WireShadows>,
    },
    /// The answer to [`WireRequest::Set`].
    Set {
        /// Message if the variable could not be set.
        refused: Option<String>,
    },
    /// The run was ended by somebody else; its end is recorded.
    Stopped {
        /// Person or cause, for the operator.
        why: String,
    },
    /// bash has ended. No message follows.
    Ended {
        /// Descriptions of programs that go on.
        left: Vec<String>,
    },
    /// A request failed.
    Failed {
        /// Part that failed.
        what: Failure,
        /// Message for the operator.
        message: String,
    },
}

/// A finished command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinishedCommand {
    /// Events of its beginning; the last one is its start.
    pub begun: Vec<BegunEvent>,
    /// Event of its end.
    pub finished: WireEvent,
    /// True if its end is durable. If not, [`WireReply::Settled`] follows, or a message that says as much.
    pub settled: bool,
    /// How the last shell ended, if a new one was started.
    pub respawned: Option<String>,
    /// Descriptions of programs that outlive it and are no jobs of the shell.
    pub left: Vec<String>,
    /// True if the shell is unchanged, including its functions and aliases.
    pub same_shell: bool,
}

impl FinishedCommand {
    /// True if the command succeeded, and left the shell unchanged and no programs behind.
    ///
    /// The recorder then runs a command that was sent ahead, and the engine knows that it has.
    pub fn is_plain(&self) -> bool {
        let Fact::CommandFinished(finished) = &self.finished.fact else { return false };
        finished.end == End::Ran
            && finished.outcome == Outcome::Succeeded
            && self.same_shell
            && self.respawned.is_none()
            && self.left.is_empty()
    }
}

/// Event of a command's beginning, without what the engine has sent itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BegunEvent {
    /// Number of the event.
    pub seq: Seq,
    /// Time by the wall clock.
    pub utc: jiff::Timestamp,
    /// Time since the recorder's start.
    pub mono: Duration,
    /// Fact of the event.
    pub said: BegunFact,
}

/// Fact of an event of a command's beginning.
///
/// Facts that the engine has just sent are not sent back: they were half of all traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BegunFact {
    /// Index, from 0, among the facts the engine sent: those of [`RunRequest::before`], then the start.
    Sent(usize),
    /// A fact that the recorder has added, or in which it has masked a secret.
    Added(Box<Fact>),
}

impl BegunEvent {
    /// The whole event, given the facts that the engine sent. `None` if the index is not among them.
    pub fn into_event(self, sent: &[Fact]) -> Option<Event> {
        let fact = match self.said {
            BegunFact::Sent(index) => sent.get(index)?.clone(),
            BegunFact::Added(fact) => *fact,
        };
        Some(Event { seq: self.seq, at: Moment { utc: self.utc, mono: self.mono }, fact })
    }
}

/// Functions and aliases of the shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireShadows {
    /// Name and definition.
    pub functions: Vec<(String, String)>,
    /// Name and replacement text.
    pub aliases: Vec<(String, String)>,
}

/// Part of the recorder in which a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The record could not be written.
    Record,
    /// There is no shell.
    Shell,
    /// The request was not valid at that moment.
    Request,
}

/// An event on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireEvent {
    /// Number of the event.
    pub seq: Seq,
    /// Time by the wall clock.
    pub utc: jiff::Timestamp,
    /// Time since the recorder's start.
    pub mono: Duration,
    /// Fact of the event.
    pub fact: Fact,
}

impl From<Event> for WireEvent {
    fn from(event: Event) -> Self {
        Self { seq: event.seq, utc: event.at.utc, mono: event.at.mono, fact: event.fact }
    }
}

impl From<WireEvent> for Event {
    fn from(event: WireEvent) -> Self {
        Self { seq: event.seq, at: Moment { utc: event.utc, mono: event.mono }, fact: event.fact }
    }
}

/// One message with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<M> {
    /// Decoded JSON.
    pub message: M,
    /// Raw bytes of output or keys; empty for other messages.
    pub blob: Vec<u8>,
}

/// Appends a frame to `out`. Fails, and leaves `out` as it was, if the frame is too large.
pub fn encode_frame<M: Serialize>(message: &M, blob: &[u8], out: &mut Vec<u8>) -> Result<(), ProtocolError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    serde_json::to_writer(&mut *out, message)?;
    let json_bytes = out.len() - start - HEADER_BYTES;
    let (json_length, blob_length) = match (u32::try_from(json_bytes), u32::try_from(blob.len())) {
        (Ok(json), Ok(bytes)) if json_bytes <= JSON_LIMIT_BYTES && blob.len() <= BLOB_LIMIT_BYTES => (json, bytes),
        _ => {
            out.truncate(start);
            return Err(ProtocolError::TooLarge(json_bytes.saturating_add(blob.len())));
        }
    };
    let header = json_length.to_le_bytes().into_iter().chain(blob_length.to_le_bytes());
    for (slot, byte) in out.iter_mut().skip(start).zip(header) {
        *slot = byte;
    }
    out.extend_from_slice(blob);
    Ok(())
}

/// Decoder of a stream of frames.
#[derive(Debug)]
pub struct Decoder<M> {
    buffer: Vec<u8>,
    read: usize,
    message: PhantomData<fn() -> M>,
}

impl<M> Default for Decoder<M> {
    fn default() -> Self {
        Self { buffer: Vec::new(), read: 0, message: PhantomData }
    }
}

impl<M: DeserializeOwned> Decoder<M> {
    /// Adds bytes that were received.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame. After an error the stream cannot be decoded any further.
    pub fn next_frame(&mut self) -> Result<Option<Frame<M>>, ProtocolError> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let Some((json_bytes, blob_bytes)) = frame_lengths(rest) else { return Ok(None) };
        if json_bytes > JSON_LIMIT_BYTES || blob_bytes > BLOB_LIMIT_BYTES {
            return Err(ProtocolError::TooLarge(json_bytes.saturating_add(blob_bytes)));
        }
        let json_end = HEADER_BYTES + json_bytes;
        let end = json_end + blob_bytes;
        let (Some(json), Some(blob)) = (rest.get(HEADER_BYTES..json_end), rest.get(json_end..end)) else {
            return Ok(None);
        };
        let frame = Frame { message: serde_json::from_slice(json)?, blob: blob.to_vec() };
        self.read += end;
        Ok(Some(frame))
    }
}

fn frame_lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let (json, rest) = bytes.split_first_chunk::<4>()?;
    let (blob, _) = rest.split_first_chunk::<4>()?;
    let size = |chunk: &[u8; 4]| usize::try_from(u32::from_le_bytes(*chunk)).unwrap_or(usize::MAX);
    Some((size(json), size(blob)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(bytes: &[u8], step: usize) -> Result<Vec<Frame<WireRequest>>, ProtocolError> {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for chunk in bytes.chunks(step.max(1)) {
            decoder.push_bytes(chunk);
            while let Some(frame) = decoder.next_frame()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn messages_survive_any_cut_of_the_stream(step in 1usize..40, keys in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = Vec::new();
            encode_frame(&WireRequest::Input, &keys, &mut bytes).unwrap();
            encode_frame(&WireRequest::Set { name: "A".into(), value: "b\n'".into() }, b"", &mut bytes).unwrap();
            let frames = decode_all(&bytes, step).unwrap();
            prop_assert_eq!(frames.len(), 2);
            prop_assert_eq!(&frames[0].blob, &keys);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), step in 1usize..50) {
            drop(decode_all(&bytes, step));
        }
    }

    #[test]
    fn a_frame_that_announces_gigabytes_is_refused_before_they_come() {
        assert!(matches!(decode_all(&[0xff; 8], 8), Err(ProtocolError::TooLarge(_))));
    }
}
