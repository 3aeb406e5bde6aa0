//! The facts of a run. The engine and the recorder make them; the journal keeps them; the transcript tells them.
//!
//! Invariant: a fact is complete in itself; it never needs the document or the plan to be understood.

use super::incident::{IncidentEvent, IncidentJoined};
use super::outcome::{Answers, End, Outcome};
use super::output::Captured;
use super::runbook_identity::RunbookIdentity;
use crate::ident::{Anchor, Digest, InputName, Moment, RunId, Seq, StepId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact with its place in the journal and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event's number; order is by this alone.
    pub seq: Seq,
    /// When it was recorded.
    pub at: Moment,
    /// What happened.
    pub fact: Fact,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The run began.
    RunStarted(RunStarted),
    /// A bash was started; a second one after the first died.
    ShellStarted(ShellStarted),
    /// The bash ended in a way the session did not ask for.
    ShellDied(ShellDied),
    /// The new bash is not in all as the one that died.
    StateLost(StateLost),
    /// Programs go on though what had started them has ended.
    LeftRunning(LeftRunning),
    /// The operator was shown a step.
    StepEntered(StepEntered),
    /// The operator, or the rules of an unattended run, decided something.
    Decided(Decided),
    /// A value was given.
    InputGiven(InputGiven),
    /// A command is about to be handed to the shell. On disk before the shell sees it.
    CommandStarted(CommandStarted),
    /// A command came back.
    CommandFinished(CommandFinished),
    /// What came back was compared with what the document expects.
    OutputCompared(OutputCompared),
    /// The operator wrote something down.
    NoteAdded(NoteAdded),
    /// A section or an alternative was chosen.
    ChoiceMade(ChoiceMade),
    /// A message's fields were filled in.
    MessageFilled(MessageFilled),
    /// A step was left behind.
    StepFinished(StepFinished),
    /// The engine's connection ended without a goodbye.
    EngineLost(EngineLost),
    /// Somebody took the run up again.
    RunResumed(RunResumed),
    /// Payloads were dropped from the record.
    Redacted(Redacted),
    /// The record could not be written for a while; what follows was written from a reserve.
    RecordFailed(RecordFailed),
    /// The run ended, or was stopped.
    RunFinished(RunFinished),
    /// The run became part of an incident.
    IncidentJoined(IncidentJoined),
    /// Something happened in an incident; in an incident's own journal.
    Incident(IncidentEvent),
    /// A kind this version does not know, kept as it was read.
    Other(Other),
}

/// Who answers the questions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// An operator at a terminal.
    Attended,
    /// Nobody: the flags answer.
    Unattended,
}

impl Mode {
    /// True if an operator can be asked while the run goes on.
    pub const fn is_interactive(self) -> bool {
        matches!(self, Self::Attended)
    }
}

/// See [`Fact::RunStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's name.
    pub run: RunId,
    /// The document.
    pub runbook: RunbookIdentity,
    /// The procedure's anchor; empty for a whole document.
    pub procedure: Anchor,
    /// The procedure's heading.
    pub procedure_title: String,
    /// How many steps the plan has.
    pub steps: u32,
    /// The machine's name.
    pub host: String,
    /// The operator's user name.
    pub user: String,
    /// The directory the shell starts in.
    pub cwd: String,
    /// Who answers.
    pub mode: Mode,
    /// The version of this program.
    pub version: String,
    /// The flags that loosen or narrow the run, as given (`--yes`, `--allow unknown`, `--from 3`).
    pub flags: Vec<String>,
}

/// See [`Fact::ShellStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellStarted {
    /// The shell's process.
    pub pid: u32,
    /// Its path.
    pub program: String,
    /// Its version, as `BASH_VERSION` says.
    pub version: String,
}

/// See [`Fact::ShellDied`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellDied {
    /// How it ended: `exit 3`, `signal 9`.
    pub how: String,
}

/// See [`Fact::StateLost`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLost {
    /// What could not be restored, for people.
    pub what: String,
}

/// See [`Fact::LeftRunning`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRunning {
    /// Each for people: `nginx -g daemon off; (process 4711)`.
    pub processes: Vec<String>,
}

/// A step's kind as the record knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepForm {
    /// Commands under one comment.
    Command,
    /// Commands of a cell that only looks like shell.
    Guessed,
    /// Something the operator does elsewhere.
    Task,
    /// A text with fields to fill in.
    Message,
}

/// See [`Fact::StepEntered`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEntered {
    /// The step.
    pub step: StepId,
    /// The number shown for it: its author's, or its place.
    pub number: String,
    /// Its place in the plan, from 1.
    pub position: u32,
    /// Its kind.
    pub form: StepForm,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its title.
    pub title: String,
    /// Its first line in the document, from 1.
    pub line: u32,
    /// Its last line in the document.
    pub end_line: u32,
    /// The line ranges of the prose shown before it, from 1, inclusive.
    pub prose: Vec<(u32, u32)>,
}

/// What the operator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Run the command.
    Run,
    /// Run the rest of the step without asking again, until something stops it.
    RunRest,
    /// Do not run; go on.
    Skip,
    /// Run a changed text.
    Edit,
    /// Run the command that failed again.
    Retry,
    /// Go on past a failure.
    GoOn,
    /// Run a command of one's own.
    Own,
    /// A task was done, or a step done by other means.
    Done,
    /// Return to an earlier step.
    Back,
    /// Stop the run.
    Stop,
    /// The gate was not passed.
    Decline,
    /// Try what the document waits for.
    Until,
    /// Run it once more, as one sample of a monitor.
    Sample,
    /// Undo what was done.
    RollBack,
}

/// See [`Fact::Decided`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The step in question.
    pub step: StepId,
    /// The command in question, by its place in the step from 0; none for the whole step.
    pub command: Option<u32>,
    /// The choice.
    pub decision: Decision,
    /// Why, in the operator's words or the rule's.
    pub reason: String,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputOrigin {
    /// Given on the command line or in a file.
    Flag,
    /// Typed at a prompt.
    Prompt,
    /// The document's own default, confirmed.
    Default,
}

/// See [`Fact::InputGiven`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputGiven {
    /// The step it was needed in.
    pub step: Option<StepId>,
    /// Its name.
    pub name: InputName,
    /// Its value.
    pub value: String,
    /// Where it came from.
    pub origin: InputOrigin,
}

/// Where a command's text came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandSource {
    /// The document, as written.
    Document,
    /// The document, changed by the operator; the original text is kept.
    Edited(String),
    /// The document, with values of inputs placed; the original text is kept.
    Placed(String),
    /// The operator's own.
    Own,
    /// What the document waits for after a command: `until`.
    Until,
    /// One sample of a monitor; the document's text is kept.
    Sampled(String),
}

/// See [`Fact::CommandStarted`]. The event's `seq` is the command's name from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandStarted {
    /// The step it belongs to.
    pub step: StepId,
    /// Its place in the step, from 0; none for a command of the operator's own.
    pub command: Option<u32>,
    /// How many commands the step has.
    pub of: u32,
    /// 1, or more for a retry.
    pub attempt: u32,
    /// Where the text came from.
    pub source: CommandSource,
    /// The text handed to the shell.
    pub text: String,
    /// The document's line it begins on, from 1; 0 for a command of the operator's own.
    pub line: u32,
    /// Whether it is known never to end by itself (`top`, `logs -f`).
    pub never_ends: bool,
    /// Which exit statuses of it are answers and not failures.
    pub answers: Answers,
}

/// See [`Fact::CommandFinished`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandFinished {
    /// The command: the `seq` of its start.
    pub started: Seq,
    /// How control came back.
    pub end: End,
    /// What that means.
    pub outcome: Outcome,
    /// The exit status; none when the shell died.
    pub status: Option<i32>,
    /// The statuses of the last pipeline's members.
    pub pipestatus: Vec<i32>,
    /// The shell's directory afterwards.
    pub cwd: String,
    /// How long it took, in nanoseconds of the recorder's monotonic clock.
    pub took_ns: u64,
    /// What came back.
    pub output: Captured,
}

/// See [`Fact::OutputCompared`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCompared {
    /// The command: the `seq` of its start.
    pub command: Seq,
    /// What the document expects.
    pub expected: String,
    /// How much of it came, in percent.
    pub percent: u8,
    /// Whether that is enough.
    pub met: bool,
    /// Whether the command failed when it is not.
    pub decides: bool,
}

/// See [`Fact::NoteAdded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteAdded {
    /// The step in sight when it was written.
    pub step: Option<StepId>,
    /// The operator's words.
    pub text: String,
}

/// See [`Fact::ChoiceMade`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceMade {
    /// What was asked, as shown.
    pub question: String,
    /// The option chosen, as shown; none when the operator went on without one.
    pub option: Option<String>,
    /// The document's line of that option, or of the question.
    pub line: u32,
}

/// See [`Fact::MessageFilled`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFilled {
    /// The message's step.
    pub step: StepId,
    /// The text with its fields filled in.
    pub text: String,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// Everything in it was run and succeeded, or it was confirmed as done.
    Done,
    /// It was run, and a failure in it was passed over.
    DoneWithFailures,
    /// Nothing of it was run.
    Skipped,
    /// Some of it was run, the rest skipped.
    PartlyRun,
    /// A failure ended it and the run.
    Failed,
}

/// See [`Fact::StepFinished`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinished {
    /// The step.
    pub step: StepId,
    /// How it ended.
    pub result: StepResult,
}

/// See [`Fact::EngineLost`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineLost {
    /// What the recorder does about it: `the running command goes on`, `the run ends`.
    pub then: String,
}

/// See [`Fact::RunResumed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResumed {
    /// Who did.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// SHA-256 of the document's bytes now.
    pub runbook_digest: Digest,
    /// Whether the session still lived: nothing of the shell's state is lost then.
    pub attached: bool,
    /// What is not as it was, a line each.
    pub lost: Vec<String>,
    /// The version of this program.
    pub version: String,
}

/// See [`Fact::Redacted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The events whose payload was dropped.
    pub events: Vec<Seq>,
    /// Who did it.
    pub user: String,
    /// Why, in their words.
    pub reason: String,
}

/// See [`Fact::RecordFailed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFailed {
    /// The system's answer to the write that failed.
    pub why: String,
    /// How many events could not be recorded.
    pub lost_events: u64,
    /// How many bytes of output came back meanwhile and are not kept.
    pub lost_bytes: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Everything that was to run succeeded.
    Completed,
    /// A command failed.
    Failed,
    /// The operator stopped it, or a gate was not passed.
    Stopped,
    /// A signal ended it.
    Interrupted,
    /// Its engine was lost and nobody came back.
    Abandoned,
}

/// See [`Fact::RunFinished`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// How it ended.
    pub result: RunResult,
    /// Why, when that is not plain from the result.
    pub reason: String,
    /// The step that is next, when the run was stopped before its end.
    pub next: Option<StepId>,
}

/// A fact of a kind this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// The kind, as written.
    pub kind: String,
    /// The fields and payload, as written: JSON texts by name.
    pub fields: BTreeMap<String, String>,
}
