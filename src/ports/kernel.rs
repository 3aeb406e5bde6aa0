//! The side that acts: the shell session, the journal, and the questions put to bash and to the machine.
//!
//! Invariant: a command is run only as a [`Runnable`]; its start is on disk before the shell sees it. Refuses to know: processes,
//! descriptors and terminals.

use crate::history::{Answers, CommandSource, CommandStarted, Event, Fact};
use crate::ident::{Seq, StepId};
use crate::plan::Runnable;
use crate::risk::Level;
use crate::shell::ShellDefinitions;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Why the session or its record cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The record could not be written; nothing was run after that.
    #[error("the record could not be written: {0}")]
    Record(String),
    /// The recorder is gone.
    #[error("the recorder is gone: {0}")]
    Lost(String),
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(String),
    /// bash could not be started.
    #[error("bash could not be started: {0}")]
    Shell(String),
    /// Somebody else ended the run, and its end is recorded; says who.
    #[error("the run was ended: {0}")]
    Ended(String),
    /// The operator has left the run; its command goes on and is recorded.
    #[error("detached from the run")]
    Detached,
}

/// The stream that output came on. On a terminal there is only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output, or the terminal.
    Out,
    /// Standard error, in an unattended run.
    Err,
}

/// A command to run, and how its run is recorded.
#[derive(Clone, Debug)]
pub struct Request {
    /// Facts that led to it: the step that was entered, the decision. They are recorded in the same append as the start, so
    /// that an ordinary command costs two syncs.
    pub before: Vec<Fact>,
    /// The start as it is recorded before the shell sees the command, apart from the text.
    pub start: CommandStart,
    /// The command to run; its text is also the one that is recorded.
    pub runnable: Runnable,
    /// File name of the document, for the shell's own messages.
    pub file_name: String,
    /// The command is ended after this time; `None`: never.
    pub time_limit: Option<Duration>,
    /// True if it runs even when its start cannot be recorded, because the operator wants that.
    pub may_run_unrecorded: bool,
    /// True if the run goes on by itself after it, so that its end may be put on disk together with the next start.
    pub goes_on: bool,
}

impl Request {
    /// The fact that is recorded before the shell sees the command.
    pub fn started_fact(&self) -> CommandStarted {
        let CommandStart { step, command, of, attempt, source, line, level, never_ends, answers, .. } =
            self.start.clone();
        let text = self.runnable.text().to_owned();
        let level = Some(u32::from(level.as_number()));
        CommandStarted { step, command, of, attempt, source, text, line, level, never_ends, answers }
    }
}

/// The start of a command as it is recorded, apart from its text.
#[derive(Clone, Debug)]
pub struct CommandStart {
    /// The step that the command belongs to.
    pub step: StepId,
    /// Index of the command in its step; `None` for an own command.
    pub command: Option<u32>,
    /// How many commands the step has.
    pub of: u32,
    /// How often the command was started, this time included.
    pub attempt: u32,
    /// Where the text comes from.
    pub source: CommandSource,
    /// Line of the document; 0 for a command that is not part of it.
    pub line: u32,
    /// Level of the command's risk.
    pub level: Level,
    /// True if the command does not end by itself.
    pub never_ends: bool,
    /// Meanings of the exit statuses that are answers.
    pub answers: Answers,
    /// Variables that the command reads without showing what is typed.
    pub unechoed: Vec<String>,
}

/// A command that came back: its start is on disk.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The recorded facts that led to it.
    pub before: Vec<Event>,
    /// The recorded start.
    pub started: Event,
    /// The recorded end; its fact is [`Fact::CommandFinished`].
    pub finished: Event,
    /// True if the end is on disk. Otherwise nobody may be told of it before [`Watch::on_durable`], or before a later append has
    /// returned.
    pub is_durable: bool,
    /// How the old shell ended, if it died and a new one was started.
    pub respawned: Option<String>,
    /// Events that were recorded while it ran: the operator's notes.
    pub meanwhile: Vec<Event>,
    /// Descriptions of the programs that outlive the command and are no jobs of the shell.
    pub left_running: Vec<String>,
}

/// An operator's wish about the command that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAction {
    /// The command goes on, and nothing else happens.
    GoOn,
    /// This note is recorded.
    Note(String),
    /// The command is ended.
    Stop,
    /// The operator leaves; the command goes on.
    Detach,
    /// The command gets the key that brought the operator here.
    Pass,
}

/// Watches a command run.
pub trait Watch {
    /// Called with the bytes that the command printed, as they come. They are on disk already.
    fn on_output(&mut self, stream: Stream, bytes: &[u8]);
    /// Called about ten times a second: how long the command has run, and for how long it has printed nothing.
    fn on_quiet(&mut self, elapsed: Duration, silent: Duration);
    /// Called when the end of an earlier command has become durable, if it was not when the command came back.
    fn on_durable(&mut self) {}
    /// Called when the operator asks for the engine while the command runs. Until this returns, the operator has the terminal
    /// and the command gets no keys.
    fn on_engine_key(&mut self) -> LineAction {
        LineAction::GoOn
    }
}

/// A variable of the live shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellVariable {
    /// Name without the `$`.
    pub name: String,
    /// Value as the shell holds it; `None` if the variable is unset.
    pub value: Option<String>,
}

/// The shell session: one long-lived bash.
pub trait Kernel {
    /// Records the start, runs the command, records the end, and only then returns; see [`Finished::is_durable`]. A non-zero exit is
    /// no error. Fails when nothing was run because the start could not be recorded, or when the session is lost.
    ///
    /// `next` follows unless this command comes back in a way that needs thought. The session may then begin it at once, and the
    /// next call must be for it.
    fn run_request(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError>;
    /// Asks the live shell for the values of these variables. Not recorded.
    fn read_variables(&mut self, names: &[String]) -> Result<Vec<ShellVariable>, KernelError>;
    /// Asks the live shell for its functions and aliases. Not recorded.
    fn shell_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError>;
    /// Sets a variable in the live shell. The caller has recorded the input. Fails if bash refuses it.
    fn set_variable(&mut self, name: &str, value: &str) -> Result<(), KernelError>;
    /// Registers a secret, before anything can print it: from then on the record masks its value. Returns reasons why it cannot
    /// be masked, such as a value that is too short.
    fn register_secret(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError>;
    /// Reads the beginning of a command's recorded output, at most `limit_bytes`; empty if it cannot be read.
    fn read_output(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8>;
    /// True if something exists at this absolute path.
    fn path_exists(&mut self, path: &Path) -> bool;
    /// The path without links, `.` and `..`; `None` if nothing exists there.
    fn resolve_path(&mut self, path: &Path) -> Option<PathBuf>;
}

/// News of the session while the operator is asked, so that a question ends when there is nothing left to answer.
pub trait SessionEvents {
    /// Takes in what has come. Returns `false` while a command runs: what comes then belongs to the command. Fails when the
    /// run cannot go on.
    fn receive_events(&mut self) -> Result<bool, KernelError>;
}

/// The record of the run.
pub trait Journal {
    /// Appends facts and returns them as events; they are on disk when this returns.
    fn append_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError>;
    /// Waits until the end of the last command is on disk.
    fn flush_record(&mut self) -> Result<(), KernelError>;
}

/// The answer of bash to the question whether a text is shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxVerdict {
    /// bash accepts it as complete.
    Accepted,
    /// bash rejects it, with its own message and the line in the text, from 1.
    Rejected {
        /// The message of bash, without file name and line.
        message: String,
        /// The line of the text that bash names, from 1.
        line: u32,
    },
    /// bash could not be asked, for this reason.
    Unavailable(String),
}

/// Asks bash itself whether a text is shell, as `bash -n` does. Nothing is executed.
pub trait Syntax {
    /// Asks bash about one text.
    fn check_syntax(&mut self, text: &str) -> SyntaxVerdict;
}

/// Looks up programs of the machine without starting any.
pub trait Probe {
    /// True if a program of this name, or at this path, exists and can be executed.
    fn is_executable(&mut self, path: &str) -> bool;
}
