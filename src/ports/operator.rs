//! The side that decides: what it is told, what it is asked, what it answers.
//!
//! Invariant: every question can be answered without a terminal, so an unattended run asks the same questions.

use super::kernel::KernelError;
use super::kernel::Watch;
use crate::history::{CommandFinished, CommandState, Mode, Outcome, RunResult};
use crate::plan::{ChoiceKind, Command, Gate, Plan, Step};
use std::time::Duration;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The terminal is gone.
    #[error("the terminal is gone: {0}")]
    Gone(String),
    /// An unattended run has no answer; says which flag gives it.
    #[error("{0}")]
    Unanswered(String),
    /// The session has ended while the operator was asked.
    #[error(transparent)]
    Session(KernelError),
}

/// Where the run stands; in sight at every question.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The procedure's title.
    pub procedure: &'a str,
    /// The machine.
    pub host: &'a str,
    /// The shell's directory.
    pub cwd: &'a str,
    /// The step's place among those that are to run, from 1.
    pub position: usize,
    /// How many there are.
    pub of: usize,
    /// Since the run began.
    pub elapsed: Duration,
    /// Earlier commands that failed, were negative, interrupted or are unknown; named before anything else runs.
    pub unsettled: Vec<&'a CommandState>,
}

/// A step about to be asked about.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Where the run stands.
    pub standing: Standing<'a>,
    /// The step.
    pub step: &'a Step,
    /// The document's file name, for `RUNBOOK.md:12`.
    pub file: &'a str,
}

/// Something the operator is told.
#[derive(Clone, Debug)]
pub enum Talk<'a> {
    /// The run begins.
    Opening {
        /// The plan.
        plan: &'a Plan,
        /// The document's path.
        file: &'a str,
        /// The machine.
        host: &'a str,
        /// The user.
        user: &'a str,
        /// The directory.
        cwd: &'a str,
        /// Who answers.
        mode: Mode,
        /// Where the record is kept.
        record: &'a str,
    },
    /// A step comes into sight: headings, prose, commands.
    Step(Shown<'a>),
    /// A command was handed to the shell.
    Started {
        /// The text.
        text: &'a str,
        /// The document's line; 0 for a command of one's own.
        line: u32,
    },
    /// It came back.
    Finished {
        /// How.
        finished: &'a CommandFinished,
        /// What it was.
        text: &'a str,
        /// The program whose answer or failure it was, where that is known.
        detail: Option<&'a str>,
    },
    /// The shell died and was started anew.
    Respawned {
        /// How the old one ended.
        how: &'a str,
    },
    /// A step was skipped by a rule.
    Skipped {
        /// The step.
        step: &'a Step,
        /// The rule.
        reason: &'a str,
    },
    /// Something worth knowing.
    Notice(&'a str),
    /// Something that needs attention.
    Warning(&'a str),
    /// The run is over.
    Closing {
        /// How it ended.
        result: RunResult,
        /// Why.
        reason: &'a str,
        /// How many steps were done.
        done: usize,
        /// Of how many.
        of: usize,
        /// The commands that did not succeed.
        unsettled: Vec<&'a CommandState>,
        /// Since the run began.
        elapsed: Duration,
    },
}

/// A question.
#[derive(Clone, Debug)]
pub enum Ask<'a> {
    /// Shall this command run?
    Command(AskCommand<'a>),
    /// A command failed, or was declined at its gate; what now?
    Failure(AskFailure<'a>),
    /// Is this task done?
    Task(AskTask<'a>),
    /// What goes into this message's fields?
    Message(AskMessage<'a>),
    /// Which of these?
    Choice(AskChoice<'a>),
    /// What is this value?
    Input(AskInput<'a>),
}

/// See [`Ask::Command`].
#[derive(Clone, Debug)]
pub struct AskCommand<'a> {
    /// The step, and where the run stands.
    pub shown: Shown<'a>,
    /// The command.
    pub command: &'a Command,
    /// Its place in the step, from 0.
    pub index: usize,
    /// The text that would run, values placed.
    pub text: &'a str,
    /// Why it cannot run as it stands; then it can be edited, skipped or done by hand.
    pub refused: Option<String>,
    /// Why Enter is not enough (a condition, a guess, what the parsers see differently); then `y` is needed.
    pub confirm: Vec<String>,
    /// What its risk asks for.
    pub gate: Gate,
}

/// See [`Ask::Failure`].
#[derive(Clone, Debug)]
pub struct AskFailure<'a> {
    /// The step, and where the run stands.
    pub shown: Shown<'a>,
    /// The command's place in the step, from 0; none for a command of one's own.
    pub index: Option<usize>,
    /// The text that ran, or that was declined.
    pub text: &'a str,
    /// What came of it; none when it was declined at its gate.
    pub outcome: Option<&'a Outcome>,
    /// Its exit status.
    pub status: Option<i32>,
    /// The steps that undo what was done, in the order they would run: number and title.
    pub rollbacks: Vec<(&'a str, &'a str)>,
}

/// See [`Ask::Task`].
#[derive(Clone, Debug)]
pub struct AskTask<'a> {
    /// The step, and where the run stands.
    pub shown: Shown<'a>,
}

/// See [`Ask::Message`].
#[derive(Clone, Debug)]
pub struct AskMessage<'a> {
    /// The step, and where the run stands.
    pub shown: Shown<'a>,
    /// The template's fields, in order, each once: `TIME` for `[TIME]`.
    pub fields: Vec<String>,
}

/// See [`Ask::Choice`].
#[derive(Clone, Debug)]
pub struct AskChoice<'a> {
    /// Where the run stands.
    pub standing: Standing<'a>,
    /// What it is a choice of.
    pub kind: ChoiceKind,
    /// What is asked.
    pub title: &'a str,
    /// The options: title, how many steps, whether it was chosen before.
    pub options: Vec<(&'a str, usize, bool)>,
    /// Their anchors, where they are sections.
    pub anchors: Vec<Option<&'a str>>,
}

/// See [`Ask::Input`].
#[derive(Clone, Debug, Default)]
pub struct AskInput<'a> {
    /// Its name.
    pub name: &'a str,
    /// Why it is asked: `` `sha256sum -c …` reads `BACKUP_FILE`, which is not set ``.
    pub why: &'a str,
    /// What stands there now.
    pub default: Option<&'a str>,
    /// What it is for.
    pub description: Option<&'a str>,
    /// What may be chosen, by number.
    pub choices: Vec<String>,
    /// Nothing else may be given.
    pub only_choices: bool,
    /// What it must be: `a whole number`, `like [a-z]+`.
    pub wanted: Option<String>,
    /// It is read without being shown, and kept nowhere.
    pub secret: bool,
    /// The document's own word, which may stay as it is.
    pub keep: Option<&'a str>,
    /// It names a file; the folder that it is looked for in.
    pub files_from: Option<&'a str>,
}

/// What was chosen at a [`Choice`](crate::plan::Choice).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The option at this place, from 0.
    Option(usize),
    /// None of them: go on.
    GoOn,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Run it.
    Run,
    /// Run it and the rest of the step, until something stops it.
    RunRest,
    /// Do not run it. Why, if said.
    Skip(String),
    /// Run neither it nor the rest of the step. Why, if said.
    SkipRest(String),
    /// Run this text in its stead.
    Edit(String),
    /// Run it again.
    Retry,
    /// Undo what was done.
    RollBack,
    /// Run what it watches again and again instead, and record each time.
    Monitor,
    /// Go on past it.
    GoOn,
    /// Write this down, and ask again.
    Note(String),
    /// Run this command of one's own, and ask again.
    Own(String),
    /// It is done by other means, or the task is done. How, if said.
    Done(String),
    /// To the step before.
    Back,
    /// Stop the run.
    Stop,
    /// The gate was not passed.
    Decline,
    /// A value.
    Value(String),
    /// The filled text of a message.
    Filled(String),
    /// What was chosen.
    Chosen(Chosen),
    /// A secret for the command that is being typed: to be taken in; then the same is asked again.
    Secret(TypedSecret),
}

/// A secret that was typed into a command, which refers to it by its name.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedSecret {
    /// The variable's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl std::fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A wait between two runs of a command that nobody needs to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Pause<'a> {
    /// What comes after it: `try 3 of 10`.
    pub next: &'a str,
    /// What ends with it, when it is enough: `the monitor`.
    pub what: &'a str,
    /// How long.
    pub lasts: Duration,
}

/// How a [`Pause`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// By itself, or the operator wants no more of it.
    Over,
    /// It is enough: nothing comes after it.
    Enough,
}

/// The operator.
pub trait Operator: Watch {
    /// Tells something.
    fn tell(&mut self, talk: &Talk<'_>);
    /// What it is told from here on waits for [`Watch::settled`]: it is not on disk yet.
    fn hold_back(&mut self) {}
    /// Whether a command of a step would be let through without anybody thinking about it, now and whenever it is asked about.
    fn lets_through(&self, _step: &Step, _gate: &Gate) -> bool {
        false
    }
    /// Asks something.
    fn ask(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError>;
    /// Waits.
    fn pause(&mut self, pause: &Pause<'_>) -> Result<Paused, OperatorError>;
}
