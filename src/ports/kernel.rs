//! The side that acts: the shell session, the journal, and the questions put to bash and to the machine.

use crate::history::{Answers, CommandSource, CommandStarted, Event, Fact};
use crate::ident::{Seq, StepId};
use crate::plan::Runnable;
use crate::plan::Shadows;
use std::path::Path;
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
    /// The run was ended from elsewhere, and its end is recorded; says by whom.
    #[error("the run was ended: {0}")]
    Ended(String),
    /// The operator has left the run; its command goes on, recorded.
    #[error("detached from the run")]
    Detached,
}

/// Which stream output came on. On a terminal there is only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output, or the terminal.
    Out,
    /// Standard error, in an unattended run.
    Err,
}

/// A command to run.
#[derive(Clone, Debug)]
pub struct Request {
    /// What led to it (the step that was entered, the decision); recorded in the same append as the start, so that an
    /// ordinary command costs two syncs.
    pub before: Vec<Fact>,
    /// What is recorded before the shell sees it, apart from the text.
    pub start: CommandStart,
    /// The command to run; its text is also the one that is recorded.
    pub text: Runnable,
    /// The name shown in the shell's own messages: the document's file name.
    pub name: String,
    /// After this long it is ended; none: never.
    pub limit: Option<Duration>,
    /// Whether it runs even when its start cannot be recorded: the operator has said so.
    pub unrecorded: bool,
    /// Whether the run goes on by itself after it, so that its end may be put on disk together with the next start.
    pub goes_on: bool,
}

impl Request {
    /// The fact that is recorded before the shell sees the command.
    pub fn started(&self) -> CommandStarted {
        let CommandStart { step, command, of, attempt, source, line, never_ends, answers } = self.start.clone();
        let text = self.text.text().to_owned();
        CommandStarted { step, command, of, attempt, source, text, line, never_ends, answers }
    }
}

/// What is recorded of the start of a command, apart from its text.
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
    /// True if the command does not end by itself.
    pub never_ends: bool,
    /// Meanings of the exit statuses that are answers.
    pub answers: Answers,
}

/// A command that came back: its start is on disk.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What led to it.
    pub before: Vec<Event>,
    /// The start.
    pub started: Event,
    /// The end; its fact is [`Fact::CommandFinished`].
    pub finished: Event,
    /// Whether the end is on disk. If not, nobody is told of it before [`Watch::settled`], or before something that was appended
    /// later is.
    pub settled: bool,
    /// Set when the shell died and a new one was started; says how the old one ended.
    pub respawned: Option<String>,
    /// What was recorded while it ran: the operator's notes.
    pub meanwhile: Vec<Event>,
    /// Programs it has started that outlive it and are no jobs of the shell, each for people.
    pub left_running: Vec<String>,
}

/// What the operator wants of a command that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAction {
    /// Nothing.
    GoOn,
    /// To write this down.
    Note(String),
    /// That it ends.
    Stop,
    /// To leave; it goes on.
    Detach,
    /// To send it the key that brought the operator here.
    Pass,
}

/// Sees a command run.
pub trait Watch {
    /// Bytes the command printed, as they come; already on disk.
    fn output(&mut self, stream: Stream, bytes: &[u8]);
    /// Called about ten times a second while it runs: how long it has run, how long it has printed nothing.
    fn quiet(&mut self, elapsed: Duration, silent: Duration);
    /// Called when the end of an earlier command is on disk that was not when it came back.
    fn settled(&mut self) {}
    /// Called when the operator wants something of the engine while it runs. The terminal is the operator's own until this
    /// returns.
    fn engine_line(&mut self) -> LineAction {
        LineAction::GoOn
    }
}

/// A variable of the live shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveValue {
    /// Its name.
    pub name: String,
    /// Its value; none when it is unset.
    pub value: Option<String>,
}

/// The shell session.
pub trait Kernel {
    /// Records the start, runs the command, records the end, and only then returns; see [`Finished::settled`]. A non-zero exit is no
    /// error.
    ///
    /// `next` is what will be run after it unless it comes back in a way that needs thought: it may be begun by itself then, at once,
    /// and the next call must be for it.
    fn run(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError>;
    /// Asks the live shell for variables. Not recorded.
    fn values(&mut self, names: &[String]) -> Result<Vec<LiveValue>, KernelError>;
    /// The functions and aliases of the live shell. Not recorded.
    fn shadows(&mut self) -> Result<Rc<Shadows>, KernelError>;
    /// Sets a variable in the live shell; the caller has recorded the input.
    fn set(&mut self, name: &str, value: &str) -> Result<(), KernelError>;
    /// Tells the record a secret, before anything can print it: from then on its value is masked. Comes back with why that
    /// cannot be, for a value that is too short, say.
    fn hide(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError>;
    /// The beginning of what a command printed, as it is recorded, at most so many bytes.
    fn printed(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8>;
    /// Whether something is at this path, which is absolute.
    fn is_there(&mut self, path: &Path) -> bool;
}

/// News of the session while the operator is asked, so that a question ends when there is nothing left to answer.
pub trait Hearing {
    /// Takes in what has come. Returns `false` while a command runs: what comes then belongs to the command. Fails when the
    /// run cannot go on.
    fn hear(&mut self) -> Result<bool, KernelError>;
}

/// The record.
pub trait Journal {
    /// Appends facts; they are on disk when this returns.
    fn append(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError>;
    /// Returns when the end of the last command is on disk.
    fn settle(&mut self) -> Result<(), KernelError>;
}

/// What bash says of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// bash accepts it as complete.
    Accepted,
    /// bash rejects it, with its own message and the line in the text, from 1.
    Rejected {
        /// bash's message, without the file name and line.
        message: String,
        /// The line it names, from 1.
        line: u32,
    },
    /// bash could not be asked.
    Unavailable(String),
}

/// bash's own opinion of a text (`bash -n`), nothing executed.
pub trait Syntax {
    /// Asks.
    fn check(&mut self, text: &str) -> Verdict;
}

/// What is there on the machine; looked up without starting anything.
pub trait Probe {
    /// Whether a file exists and can be executed.
    fn is_executable(&mut self, path: &str) -> bool;
}
