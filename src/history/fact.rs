//! The facts of a run. The engine and the recorder make them, the journal keeps them, the transcript shows them.
//!
//! Invariant: a fact is complete in itself; it never needs the document or the plan to be understood. Field and variant names
//! are also those of the JSON transcript and of the recorder's protocol. Refuses to know: how a fact is recorded; that is the
//! table in [`fields`](super::fields).

use super::incident::{IncidentEvent, IncidentJoined};
use super::outcome::{Answers, End, Outcome};
use super::output::Captured;
use super::runbook_identity::RunbookIdentity;
use crate::ident::{Anchor, Digest, InputName, Moment, RunId, Seq, StepId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact with its number in the journal and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Number of the event; order is by this alone.
    pub seq: Seq,
    /// When the fact was recorded, to the millisecond.
    pub at: Moment,
    /// The fact itself.
    pub fact: Fact,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The run began.
    RunStarted(RunStarted),
    /// A bash was started: the run's first, or another one after that died.
    ShellStarted(ShellStarted),
    /// The bash ended although the session had not asked it to.
    ShellDied(ShellDied),
    /// Some state of the bash that died could not be restored in the new one.
    StateLost(StateLost),
    /// Programs are still running although the command that started them has ended.
    LeftRunning(LeftRunning),
    /// A step was shown to the operator.
    StepEntered(StepEntered),
    /// The operator, or the rules of an unattended run, made a decision.
    Decided(Decided),
    /// A closed gate was opened for a command that is about to start.
    GatePassed(GatePassed),
    /// An input got its value.
    InputGiven(InputGiven),
    /// A command is about to be handed to the shell. On disk before the shell sees it.
    CommandStarted(CommandStarted),
    /// A command ended, or control came back from it.
    CommandFinished(CommandFinished),
    /// The output of a command was compared with what the document expects.
    OutputCompared(OutputCompared),
    /// The operator wrote a note.
    NoteAdded(NoteAdded),
    /// A section or an alternative was chosen.
    ChoiceMade(ChoiceMade),
    /// The fields of a message were filled in.
    MessageFilled(MessageFilled),
    /// A step ended; the run has moved past it.
    StepFinished(StepFinished),
    /// The connection to the engine broke without a goodbye.
    EngineLost(EngineLost),
    /// Somebody resumed the run.
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
    /// A fact of a kind this version does not know, kept as it was read.
    Other(Other),
}

/// Who answers the questions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// An operator at the terminal.
    Attended,
    /// Nobody; the flags answer every question.
    Unattended,
}

impl Mode {
    /// True if an operator can be asked while the run goes on.
    pub const fn is_interactive(self) -> bool {
        matches!(self, Self::Attended)
    }
}

/// The first fact of a run: who runs which procedure of which document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Id of the run.
    pub run: RunId,
    /// The document that is run.
    pub runbook: RunbookIdentity,
    /// Anchor of the procedure; empty when the whole document is run.
    pub procedure: Anchor,
    /// Heading of the procedure.
    pub procedure_title: String,
    /// Number of steps in the plan.
    pub steps: u32,
    /// Name of the machine.
    pub host: String,
    /// User name of the operator.
    pub user: String,
    /// Working directory in which the shell starts.
    pub cwd: String,
    /// Who answers the run's questions.
    pub mode: Mode,
    /// Version of this program.
    pub version: String,
    /// The flags that loosen or narrow the run, as given (`--yes`, `--allow unknown`, `--from 3`).
    pub flags: Vec<String>,
}

/// A bash was started for the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellStarted {
    /// Process id of the shell.
    pub pid: u32,
    /// Path of the shell's executable.
    pub program: String,
    /// The shell's version, from `BASH_VERSION`.
    pub version: String,
}

/// The bash ended unexpectedly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellDied {
    /// Exit status or signal: `exit 3`, `signal 9`.
    pub how: String,
}

/// State of a dead bash that the new one lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLost {
    /// Description for people of everything that could not be restored.
    pub what: String,
}

/// Programs that outlived the command which started them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRunning {
    /// One description for people per program: `nginx -g daemon off; (process 4711)`.
    pub processes: Vec<String>,
}

/// Kind of a step, as the record distinguishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepForm {
    /// Commands under one comment.
    Command,
    /// Commands of a cell that is not marked as shell but looks like it.
    Guessed,
    /// A manual task, done by the operator elsewhere.
    Task,
    /// A message with fields to fill in.
    Message,
}

/// A step was shown to the operator, with all that a reader needs to find it in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEntered {
    /// The step.
    pub step: StepId,
    /// Number shown for the step: the author's own, or its position in the plan.
    pub number: String,
    /// Position in the plan, from 1.
    pub position: u32,
    /// Kind of the step.
    pub form: StepForm,
    /// Headings above the step, outermost first.
    pub headings: Vec<String>,
    /// Title of the step.
    pub title: String,
    /// First line of the step in the document, from 1.
    pub line: u32,
    /// Last line of the step in the document, inclusive.
    pub end_line: u32,
    /// Line ranges of the prose shown before the step, from 1, inclusive.
    pub prose: Vec<(u32, u32)>,
}

/// A choice at a gate or after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Run this command.
    Run,
    /// Run the rest of the step without asking again, until something stops it.
    RunRest,
    /// Skip the command or step.
    Skip,
    /// Run an edited version of the command.
    Edit,
    /// Run the failed command again.
    Retry,
    /// Continue past a failure.
    GoOn,
    /// Run a command that the operator typed.
    Own,
    /// A task is done, or the step was done by other means.
    Done,
    /// Return to an earlier step.
    Back,
    /// Stop the run.
    Stop,
    /// Refuse to pass the gate.
    Decline,
    /// Check the condition that the document waits for (`until`).
    Until,
    /// Run the command once more, as one sample of a monitor.
    Sample,
    /// Run the rollback.
    RollBack,
}

/// A decision about a step or one of its commands, made by the operator or by the rules of an unattended run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The step that was decided about.
    pub step: StepId,
    /// Index of the command within the step, from 0; none when the whole step was decided about.
    pub command: Option<u32>,
    /// The choice that was made.
    pub decision: Decision,
    /// Reason in the words of the operator or the rule; may be empty.
    pub reason: String,
}

/// Source of an input's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputOrigin {
    /// A flag on the command line, or a file of values.
    Flag,
    /// The operator typed it at a prompt.
    Prompt,
    /// The default in the document, confirmed by the operator.
    Default,
    /// The operator took it from a listing.
    Listing,
    /// A command of the document fetched it.
    Command,
}

/// An input got its value. A secret's value is recorded as `[masked:NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputGiven {
    /// The step that needed the value; none when it was given before the first step.
    pub step: Option<StepId>,
    /// Name of the input.
    pub name: InputName,
    /// Value of the input.
    pub value: String,
    /// Where the value came from.
    pub origin: InputOrigin,
}

/// Answer with which a closed gate was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentForm {
    /// The operator typed `y`.
    Yes,
    /// The operator typed the name that was asked for.
    Typed,
    /// Flags of the command line that let a kind of command through, such as `--allow destructive`.
    Allowed,
    /// `--approve`, for the step with these very texts and values.
    Approved,
}

/// A closed gate was opened for one execution of a command. Recorded in the same append as the start, before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatePassed {
    /// The step that the command belongs to.
    pub step: StepId,
    /// Index within the step, from 0; none for a command that is not part of the document.
    pub command: Option<u32>,
    /// Level of the command's risk, from 0 to 3.
    pub level: u32,
    /// True if the risk may be higher.
    pub unknown: bool,
    /// The exact text that the consent is for; the start that follows has the same.
    pub text: String,
    /// The answer that the gate asked for: `y`, or the name to type.
    pub asked: String,
    /// Answer that opened the gate.
    pub consent: ConsentForm,
    /// Typed text, or the flags that opened the gate.
    pub given: String,
}

/// Source of a command's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandSource {
    /// The document, as written.
    Document,
    /// The document, edited by the operator. Holds the original text.
    Edited(String),
    /// The document, with the values of inputs interpolated. Holds the original text.
    Placed(String),
    /// The operator, who typed it.
    Own,
    /// The condition that the document waits for after a command (`until`).
    Until,
    /// One sample of a monitor. Holds the text in the document.
    Sampled(String),
}

/// A command is about to run. From here on the event's `seq` identifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandStarted {
    /// The step that the command belongs to.
    pub step: StepId,
    /// Index within the step, from 0; none for the operator's own command.
    pub command: Option<u32>,
    /// Number of commands in the step.
    pub of: u32,
    /// Number of this attempt, from 1; more for a retry.
    pub attempt: u32,
    /// Where the text came from.
    pub source: CommandSource,
    /// The exact text handed to the shell.
    pub text: String,
    /// Line in the document where the command begins, from 1; 0 for the operator's own command.
    pub line: u32,
    /// Level of the command's risk when it was started, from 0 to 3; none in journals of the first writers.
    pub level: Option<u32>,
    /// True if the command is known never to end by itself (`top`, `logs -f`).
    pub never_ends: bool,
    /// Exit statuses that are answers and not failures.
    pub answers: Answers,
}

/// Control came back from a command, with its outcome and its output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandFinished {
    /// `seq` of the command's start.
    pub started: Seq,
    /// How control came back.
    pub end: End,
    /// Judgement of that end, as [`judge`](super::judge_end) makes it.
    pub outcome: Outcome,
    /// Exit status; none when the shell died.
    pub status: Option<i32>,
    /// Exit statuses of the members of the last pipeline (`PIPESTATUS`).
    pub pipestatus: Vec<i32>,
    /// Working directory of the shell afterwards.
    pub cwd: String,
    /// Duration in nanoseconds of the recorder's monotonic clock.
    pub took_ns: u64,
    /// Output of the command, from both stdout and stderr.
    pub output: Captured,
}

/// The output of a command was compared with an expectation in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCompared {
    /// `seq` of the command's start.
    pub command: Seq,
    /// The text that the document expects.
    pub expected: String,
    /// Share of the expected text that was printed, in percent.
    pub percent: u8,
    /// True if that share is enough.
    pub met: bool,
    /// True if the command counts as failed when the share is not enough.
    pub decides: bool,
}

/// A note by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteAdded {
    /// The current step when the note was written.
    pub step: Option<StepId>,
    /// Text of the note.
    pub text: String,
}

/// The operator chose a section or one of several alternatives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceMade {
    /// The question as it was shown.
    pub question: String,
    /// The chosen option as it was shown; none when the operator continued without one.
    pub option: Option<String>,
    /// Line of that option in the document, or of the question when none was chosen.
    pub line: u32,
}

/// The fields of a message were filled in, and the text is ready to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFilled {
    /// The step of the message.
    pub step: StepId,
    /// The message with its fields filled in.
    pub text: String,
}

/// Result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepResult {
    /// Everything was run and succeeded, or the operator confirmed that the step is done.
    Done,
    /// The step was run, and the operator continued past a failure.
    DoneWithFailures,
    /// No command of the step was run.
    Skipped,
    /// Some commands were run, the rest were skipped.
    PartlyRun,
    /// A failure ended the step and the run.
    Failed,
}

/// A step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinished {
    /// The step.
    pub step: StepId,
    /// How the step or run ended.
    pub result: StepResult,
}

/// The recorder lost its engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineLost {
    /// The recorder's reaction: `the running command goes on`, `the run ends`.
    pub then: String,
}

/// A run that had stopped or lost its engine was resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResumed {
    /// User name of whoever resumed it.
    pub user: String,
    /// Name of the machine on which it was resumed.
    pub host: String,
    /// SHA-256 of the document's bytes at that moment.
    pub runbook_digest: Digest,
    /// True if the session was still alive. Then no state of the shell is lost.
    pub attached: bool,
    /// Differences from the session before, one line each.
    pub lost: Vec<String>,
    /// Version of this program.
    pub version: String,
}

/// Payloads were dropped on purpose, because they held something that must not be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// Events whose payload was dropped.
    pub events: Vec<Seq>,
    /// User name of whoever dropped them; empty in journals of the first writers.
    pub user: String,
    /// Reason in their words.
    pub reason: String,
    /// Digest of the kept document after texts were replaced in it; none if it was left alone.
    pub document: Option<Digest>,
    /// Hash of the event before this one as it was before names were replaced, which gave later events other hashes. None if
    /// every event kept its hash.
    pub head_before: Option<Digest>,
}

/// The journal could not be written for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFailed {
    /// Error of the write that failed.
    pub why: String,
    /// Number of events that could not be recorded.
    pub lost_events: u64,
    /// Number of bytes of output that were printed in that time and not kept.
    pub lost_bytes: u64,
}

/// Result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Everything that had to run succeeded.
    Completed,
    /// A command failed.
    Failed,
    /// The operator stopped the run, or a gate was not passed.
    Stopped,
    /// A signal ended the run.
    Interrupted,
    /// The engine was lost and nobody came back.
    Abandoned,
}

/// The run ended or was stopped. A stopped run can be resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// How the step or run ended.
    pub result: RunResult,
    /// Reason, where the result alone does not tell; may be empty.
    pub reason: String,
    /// Where to resume: the next step, when the run was stopped before its end.
    pub next: Option<StepId>,
}

/// A fact of a kind this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// Kind as it stands in the journal.
    pub kind: String,
    /// Fields by name, each as the JSON text in the journal; the payload under `payload`.
    pub fields: BTreeMap<String, String>,
}
