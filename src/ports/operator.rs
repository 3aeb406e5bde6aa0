//! The side that decides: notices, questions and replies.
//!
//! Invariant: every question can be answered without a terminal, so an unattended run asks the same questions. Refuses to
//! know: keys, screens, and what follows from a reply.

use super::kernel::KernelError;
use super::kernel::Watch;
use crate::history::{CommandFinished, CommandState, Mode, Outcome, RunResult};
use crate::plan::{ChoiceKind, Command, Consent, Gate, Plan, Step};
use std::time::Duration;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The terminal is gone, for this reason.
    #[error("the terminal is gone: {0}")]
    Gone(String),
    /// An unattended run has no answer. The text names the flag that gives one.
    #[error("{0}")]
    Unanswered(String),
    /// The session has ended while the operator was asked.
    #[error(transparent)]
    Session(KernelError),
}

/// Where the run stands; shown with every question.
#[derive(Clone, Debug)]
pub struct StepPosition<'a> {
    /// Title of the procedure that is run.
    pub procedure: &'a str,
    /// Name of the machine that the run takes place on.
    pub host: &'a str,
    /// Current directory of the shell.
    pub cwd: &'a str,
    /// Position of the step among those that can be reached, from 1; 0 between steps.
    pub step_number: usize,
    /// How many steps can be reached.
    pub step_count: usize,
    /// Time since the run began.
    pub elapsed: Duration,
    /// Earlier commands that failed, answered no, were interrupted, or have no known end. They are named before anything else runs.
    pub unresolved: Vec<&'a CommandState>,
}

/// A step as it is shown with a question.
#[derive(Clone, Debug)]
pub struct ShownStep<'a> {
    /// Where the run stands at this step.
    pub position: StepPosition<'a>,
    /// The step itself.
    pub step: &'a Step,
    /// File name of the document, for `RUNBOOK.md:12`.
    pub file: &'a str,
}

/// Something that the operator is told and need not answer.
#[derive(Clone, Debug)]
pub enum Notice<'a> {
    /// The run begins with its first step.
    Opening {
        /// The plan to be walked.
        plan: &'a Plan,
        /// Path of the document as the operator typed it.
        file: &'a str,
        /// Name of the machine that the run takes place on.
        host: &'a str,
        /// Name of the user who runs it.
        user: &'a str,
        /// Directory that the shell starts in.
        cwd: &'a str,
        /// Who answers the questions.
        mode: Mode,
        /// Path of the run's record.
        record: &'a str,
    },
    /// A step begins: its headings, prose and commands are shown.
    Step(ShownStep<'a>),
    /// A command was handed to the shell.
    Started {
        /// Text that runs, values included.
        text: &'a str,
        /// Line of the document; 0 for an own command.
        line: u32,
    },
    /// A command came back.
    Finished {
        /// The recorded end.
        finished: &'a CommandFinished,
        /// Text that ran.
        text: &'a str,
        /// The program of a pipeline that answered or failed, where that is known.
        detail: Option<&'a str>,
    },
    /// The shell died and a new one was started.
    Respawned {
        /// How the old shell ended.
        how: &'a str,
    },
    /// A step was skipped by a rule.
    Skipped {
        /// The step that does not run.
        step: &'a Step,
        /// The rule, in words.
        reason: &'a str,
    },
    /// Something worth knowing that needs no attention.
    Info(&'a str),
    /// Something that needs attention.
    Warning(&'a str),
    /// The run is over.
    Closing {
        /// The recorded result.
        result: RunResult,
        /// Reason for the result; may be empty.
        reason: &'a str,
        /// How many steps were done.
        done: usize,
        /// How many steps could be reached.
        of: usize,
        /// The commands that did not succeed and were not mended since.
        unresolved: Vec<&'a CommandState>,
        /// Time since the run began.
        elapsed: Duration,
    },
}

/// A question to the operator.
#[derive(Clone, Debug)]
pub enum Ask<'a> {
    /// Shall this command run?
    Command(AskCommand<'a>),
    /// A command failed, or was declined at its gate; what now?
    Failure(AskFailure<'a>),
    /// Is this task done?
    Task(AskTask<'a>),
    /// How are this message's fields to be filled?
    Message(AskMessage<'a>),
    /// Which of these options is taken?
    Choice(AskChoice<'a>),
    /// Which value does this input have?
    Input(AskInput<'a>),
}

/// The question whether a command shall run.
#[derive(Clone, Debug)]
pub struct AskCommand<'a> {
    /// The step, and where the run stands at it.
    pub shown: ShownStep<'a>,
    /// The command as it is written, or as the operator has edited it.
    pub command: &'a Command,
    /// Index of the command in its step, from 0.
    pub index: usize,
    /// Text that would run, values included.
    pub text: &'a str,
    /// Name of each value in it and where the value came from.
    pub values: Vec<String>,
    /// Why it cannot run as it stands. It can still be edited, skipped or done by hand.
    pub refused: Option<String>,
    /// Reasons why Enter is not enough and `y` is needed: a condition, a guess, a gate. Empty if Enter is enough.
    pub confirm: Vec<String>,
    /// The gate that the command's risk puts before it.
    pub gate: Gate,
}

/// The question what to do after a command that failed or was declined.
#[derive(Clone, Debug)]
pub struct AskFailure<'a> {
    /// The step, and where the run stands at it.
    pub shown: ShownStep<'a>,
    /// Index of the command in its step, from 0; `None` for an own command.
    pub index: Option<usize>,
    /// The text that ran, or that was declined.
    pub text: &'a str,
    /// Outcome of the command; `None` if it was declined at its gate.
    pub outcome: Option<&'a Outcome>,
    /// Exit status, if the command came back with one.
    pub status: Option<i32>,
    /// Number and title of the steps that would undo what was done, in the order they would run.
    pub rollbacks: Vec<(&'a str, &'a str)>,
}

/// The question whether a task is done that no command does.
#[derive(Clone, Debug)]
pub struct AskTask<'a> {
    /// The step, and where the run stands at it.
    pub shown: ShownStep<'a>,
}

/// The question how a message to other people is to be filled.
#[derive(Clone, Debug)]
pub struct AskMessage<'a> {
    /// The step, and where the run stands at it.
    pub shown: ShownStep<'a>,
    /// Fields of the template in order, each once: `TIME` for `[TIME]`.
    pub fields: Vec<String>,
}

/// The question which of several options is taken.
#[derive(Clone, Debug)]
pub struct AskChoice<'a> {
    /// Where the run stands; it is between steps.
    pub position: StepPosition<'a>,
    /// Kind of the options: sections or alternatives.
    pub kind: ChoiceKind,
    /// Title of the choice.
    pub title: &'a str,
    /// Title of each option, how many steps it has, and whether it was chosen before.
    pub options: Vec<(&'a str, usize, bool)>,
    /// Anchor of each option that is a section.
    pub anchors: Vec<Option<&'a str>>,
}

/// The question for the value of an input.
#[derive(Clone, Debug, Default)]
pub struct AskInput<'a> {
    /// Name of the input.
    pub name: &'a str,
    /// Reason for the question: `` `sha256sum -c …` reads `BACKUP_FILE`, which is not set ``.
    pub why: &'a str,
    /// The value that the document has for it.
    pub default: Option<&'a str>,
    /// The document's words about it.
    pub description: Option<&'a str>,
    /// Values that may be chosen by number.
    pub choices: Vec<String>,
    /// True if no other value may be given.
    pub only_choices: bool,
    /// The kind of value that fits, in words: `a whole number`, `like [a-z]+`.
    pub wanted: Option<String>,
    /// True if the value is typed without being shown, and kept nowhere.
    pub secret: bool,
    /// The document's own word, which may stay as it is.
    pub keep: Option<&'a str>,
    /// The folder that a file of this name is looked for in, if the value names one.
    pub files_from: Option<&'a str>,
}

/// The answer to a [`Choice`](crate::plan::Choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The option with this index, from 0.
    Option(usize),
    /// None of them: go on.
    GoOn,
}

/// The operator's reply to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Run the command. The engine judges if the consent is enough.
    Run(Consent),
    /// Run the command and the rest of the step, until something stops it.
    RunRest,
    /// Skip the command or the step, for this reason; it may be empty.
    Skip(String),
    /// Skip the command and the rest of the step, for this reason; it may be empty.
    SkipRest(String),
    /// Replace the command's text by this one.
    Edit(String),
    /// Run the failed command again.
    Retry,
    /// Run the steps that undo what was done.
    RollBack,
    /// Run the command that it watches again and again instead, each time recorded.
    Monitor,
    /// Go on past the failure or the choice.
    GoOn,
    /// Record this note, and ask again.
    Note(String),
    /// Run this own command, and ask again.
    Own(String),
    /// The task is done, or the command is done by other means, in this way; it may be empty.
    Done(String),
    /// Go back to the step before.
    Back,
    /// Stop the run here.
    Stop,
    /// Decline the command at its gate.
    Decline,
    /// The value of the input.
    Value(String),
    /// The filled text of a message.
    Filled(String),
    /// The option that is taken.
    Chosen(Chosen),
    /// Take in this secret for the command that is being typed, and ask again.
    Secret(TypedSecret),
}

/// A secret that was typed into a command; the command refers to it by its name.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedSecret {
    /// Name of the variable that will hold it.
    pub name: String,
    /// The secret itself; never printed.
    pub value: String,
}

impl std::fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A wait between two runs of a command that is repeated without a question.
#[derive(Clone, Copy, Debug)]
pub struct Pause<'a> {
    /// Name of the run that comes after it: `try 3 of 10`.
    pub next: &'a str,
    /// Name of the repetition that the operator can end here: `the monitor`.
    pub what: &'a str,
    /// Length of the wait.
    pub lasts: Duration,
}

/// How a [`Pause`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// The time was over, or the operator cut it short. The next run comes.
    Over,
    /// The operator ended the repetition. Nothing comes after it.
    Enough,
}

/// Whoever decides: a person at a terminal, or the rules of an unattended run.
pub trait Operator: Watch {
    /// Tells something that needs no answer.
    fn show_notice(&mut self, talk: &Notice<'_>);
    /// Defers everything told from here on until [`Watch::on_durable`], because it is not durable yet.
    fn defer_until_durable(&mut self) {}
    /// True if a command of a step would be permitted without anybody thinking about it, now and whenever it is asked about.
    fn lets_through(&self, _step: &Step, _gate: &Gate) -> bool {
        false
    }
    /// Asks a question and waits for the reply. Fails when no reply can come.
    fn ask_question(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError>;
    /// Waits between two runs. Fails when the terminal or the session is gone.
    fn wait_pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError>;
}
