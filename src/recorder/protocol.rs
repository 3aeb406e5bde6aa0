//! What the engine and the recorder say to each other.
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

/// The protocol's number; both sides must have the same.
pub const PROTOCOL: u32 = 4;
/// The version of this program, told in the handshake.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

const HEADER_BYTES: usize = 8;
const JSON_LIMIT_BYTES: usize = 16 << 20;
const BLOB_LIMIT_BYTES: usize = 1 << 20;

/// Bytes that are no frame.
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

/// What the engine says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The first message of a connection.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// [`PROGRAM_VERSION`].
        program: String,
        /// Who drives the run from here on: `ada on db1, terminal /dev/pts/3`.
        who: String,
    },
    /// The first message of a client that does not drive: it has one errand, and is answered and let go.
    Visit {
        /// [`PROTOCOL`].
        protocol: u32,
        /// [`PROGRAM_VERSION`].
        program: String,
        /// What it wants.
        errand: Errand,
    },
    /// Keep these out of everything recorded and shown from here on.
    Hide {
        /// They.
        secrets: Vec<Secret>,
    },
    /// Record these facts.
    Append {
        /// The facts.
        facts: Vec<Fact>,
    },
    /// Record the start of a command and run it.
    Run(Box<Run>),
    /// Keys for the running command; they are the frame's bytes.
    Input,
    /// The operator's window has this size.
    Resize(Size),
    /// Ctrl-C for the running command.
    Interrupt,
    /// End the running command.
    Abort,
    /// What are these variables?
    Values {
        /// Their names.
        names: Vec<String>,
    },
    /// What functions and aliases has the shell?
    Shadows {
        /// The edition that is known already.
        known: Option<u64>,
    },
    /// Set a variable.
    Set {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The engine is done; end the shell.
    Bye,
}

impl Request {
    /// Whether the engine waits for an answer to it.
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Input | Self::Resize(_) | Self::Interrupt | Self::Abort | Self::Bye)
    }
}

/// See [`Request::Visit`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// How does it stand?
    State,
    /// End the run.
    Stop {
        /// Who wants it: `grace on db1, terminal /dev/pts/4`.
        who: String,
    },
    /// Write this down.
    Note(String),
    /// Keep these out of the record.
    Hide(Vec<Secret>),
}

/// How a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// The run.
    pub run: RunId,
    /// Who drives it; none: it waits to be resumed.
    pub driver: Option<String>,
    /// The command that runs.
    pub command: Option<Seq>,
    /// Whether that command waits for a key.
    pub reads_terminal: bool,
    /// The shell's process.
    pub shell: u32,
}

/// See [`Request::Run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What led to it, recorded in the same append as its start.
    pub before: Vec<Fact>,
    /// The command as recorded; its text is what runs.
    pub started: CommandStarted,
    /// The document's file name, for the shell's own messages.
    pub name: String,
    /// After this long it is ended.
    pub limit: Option<Duration>,
    /// The operator's window.
    pub size: Option<Size>,
    /// Whether it runs even when its start cannot be recorded.
    pub unrecorded: bool,
    /// Whether the engine goes on by itself: then its end may be told before it is on disk, and is put there together with what
    /// the engine records next.
    pub goes_on: bool,
    /// Whether it was sent before the command ahead of it is back: then it is run only if that one has come back as
    /// [`CameBack::is_plain`] has it, and without a word is not run otherwise.
    pub is_ahead: bool,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}

/// Which stream output came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// The terminal, or standard output.
    Out,
    /// Standard error of an unattended run.
    Err,
}

/// What the recorder says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The answer to [`Request::Hello`]: the session is ready.
    Welcome {
        /// The version of the recorder's program.
        program: String,
        /// The run it records.
        run: RunId,
        /// The shell's process.
        shell: u32,
        /// The command that runs already, with what was appended when it began; its output so far follows.
        running: Option<Vec<WireEvent>>,
    },
    /// The answer to [`Errand::State`].
    State(SessionState),
    /// The answer to [`Errand::Stop`]: it is on its way.
    Stopping,
    /// The secrets are known from here on.
    Hidden {
        /// Those that are not, and why.
        refused: Vec<String>,
    },
    /// The session has secrets that this client has not told it of; it keeps them out of what it shows.
    Learned {
        /// They.
        secrets: Vec<Secret>,
    },
    /// The connection is refused, and closed.
    Refused {
        /// Why.
        reason: String,
    },
    /// The facts are on disk.
    Appended {
        /// They, numbered.
        events: Vec<WireEvent>,
    },
    /// Output came back, and stands in its file.
    Output {
        /// The command; none for what came while none ran.
        command: Option<Seq>,
        /// The stream.
        channel: Channel,
        /// Where in the file it begins.
        offset: u64,
        /// How many bytes. The frame's bytes are these, when it has any; otherwise they are read from the file.
        length: u64,
    },
    /// The command came back; its start is on disk, and unless it says otherwise its end.
    Finished(Box<CameBack>),
    /// An end that was told of before it was on disk is there now; or it cannot be, and then nothing more is run. Not said when
    /// something else says as much: an answer to what is appended, output of the next command, or its end.
    Settled,
    /// The variables asked for, in order.
    Values {
        /// Name and value.
        values: Vec<(String, Option<String>)>,
    },
    /// The shell's functions and aliases.
    Shadows {
        /// Counts up whenever one of them has changed.
        edition: u64,
        /// They; none when the edition is the one that is known.
        shadows: Option<WireShadows>,
    },
    /// A variable was set, or was not.
    Set {
        /// Why not.
        refused: Option<String>,
    },
    /// The run was ended from elsewhere; its end is recorded.
    Stopped {
        /// By whom or what.
        why: String,
    },
    /// bash has ended, and this goes on without it. Nothing comes after it.
    Ended {
        /// Programs, each for people.
        left: Vec<String>,
    },
    /// The request could not be done.
    Failed {
        /// What failed.
        what: Failure,
        /// How.
        message: String,
    },
}

/// See [`Reply::Finished`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameBack {
    /// What was appended when it began; the last of them is its start.
    pub begun: Vec<Begun>,
    /// Its end.
    pub finished: WireEvent,
    /// Whether its end is on disk. If not, [`Reply::Settled`] follows, or what says as much.
    pub settled: bool,
    /// How the old shell ended, when a new one had to be started.
    pub respawned: Option<String>,
    /// Programs that outlive it and are no jobs of the shell.
    pub left: Vec<String>,
    /// Whether the shell is as it was before, functions and aliases included.
    pub same_shell: bool,
}

impl CameBack {
    /// Whether it has come back as a command does that leaves nothing to think about: well, and the shell as it was. The recorder
    /// goes on to a command that was sent ahead by this, and the engine knows by it that it has.
    pub fn is_plain(&self) -> bool {
        let Fact::CommandFinished(finished) = &self.finished.fact else { return false };
        finished.end == End::Ran
            && finished.outcome == Outcome::Succeeded
            && self.same_shell
            && self.respawned.is_none()
            && self.left.is_empty()
    }
}

/// An event of the beginning of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Its number.
    pub seq: Seq,
    /// When, by the wall clock.
    pub utc: jiff::Timestamp,
    /// When, by the recorder's own clock.
    pub mono: Duration,
    /// What.
    pub said: Said,
}

/// What an event of the beginning of a command says. Most of it is what the engine has just sent, and is not sent back: that was half of
/// what the two say to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// What the engine sent at this place, from 0: those of [`Run::before`], then the start.
    Sent(usize),
    /// What the recorder adds, or what it has taken a secret out of.
    Added(Box<Fact>),
}

impl Begun {
    /// The event, given what the engine has sent. None when it has not sent as much.
    pub fn event(self, sent: &[Fact]) -> Option<Event> {
        let fact = match self.said {
            Said::Sent(place) => sent.get(place)?.clone(),
            Said::Added(fact) => *fact,
        };
        Some(Event { seq: self.seq, at: Moment { utc: self.utc, mono: self.mono }, fact })
    }
}

/// See [`Reply::Shadows`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireShadows {
    /// Name and definition.
    pub functions: Vec<(String, String)>,
    /// Name and what it stands for.
    pub aliases: Vec<(String, String)>,
}

/// See [`Reply::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The record could not be written.
    Record,
    /// There is no shell.
    Shell,
    /// The request made no sense at that moment.
    Request,
}

/// An event as it travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireEvent {
    /// Its number.
    pub seq: Seq,
    /// When, by the wall clock.
    pub utc: jiff::Timestamp,
    /// When, by the recorder's own clock.
    pub mono: Duration,
    /// What.
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

/// A message and the bytes that came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<M> {
    /// The message.
    pub message: M,
    /// The bytes.
    pub blob: Vec<u8>,
}

/// Appends a frame to `out`.
pub fn encode<M: Serialize>(message: &M, blob: &[u8], out: &mut Vec<u8>) -> Result<(), ProtocolError> {
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

/// Takes bytes as they come, gives messages as they are complete.
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
    /// Takes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, when it is there. After an error the connection is of no more use.
    pub fn next_frame(&mut self) -> Result<Option<Frame<M>>, ProtocolError> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let Some((json_bytes, blob_bytes)) = lengths(rest) else { return Ok(None) };
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

fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let (json, rest) = bytes.split_first_chunk::<4>()?;
    let (blob, _) = rest.split_first_chunk::<4>()?;
    let size = |chunk: &[u8; 4]| usize::try_from(u32::from_le_bytes(*chunk)).unwrap_or(usize::MAX);
    Some((size(json), size(blob)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(bytes: &[u8], step: usize) -> Result<Vec<Frame<Request>>, ProtocolError> {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for chunk in bytes.chunks(step.max(1)) {
            decoder.push(chunk);
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
            encode(&Request::Input, &keys, &mut bytes).unwrap();
            encode(&Request::Set { name: "A".into(), value: "b\n'".into() }, b"", &mut bytes).unwrap();
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
