//! What happened in a run: the facts, the outcome of a command, and the state they add up to.
//!
//! Invariant: [`RunState::apply`] is the only transition, for a live run and for a journal read back, so resuming
//! cannot drift from running. Refuses to know: files, JSON, the terminal, who recorded a fact or will show it.

mod fact;
mod incident;
mod outcome;
mod output;
mod state;

pub use fact::{
    ChoiceMade, CommandFinished, CommandSource, CommandStarted, Decided, Decision, EngineLost, Event, Fact, InputGiven,
    InputOrigin, LeftRunning, MessageFilled, Mode, NoteAdded, Other, OutputCompared, RecordFailed, Redacted,
    RunFinished, RunResult, RunResumed, RunStarted, RunbookIdentity, ShellDied, ShellStarted, StateLost, StepEntered,
    StepFinished, StepForm, StepResult,
};
pub use incident::{
    Contact, Escalated, Every, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentJoined, IncidentOpened,
    IncidentRules, Milestone, NoMilestone, Noted, PostMortem, Reached, Response, RunJoined, Rung, Seconds, Severity,
    SeverityChanged, StatusSent, StatusWritten,
};
pub use outcome::{Answer, Answers, End, Outcome, judge};
pub use output::{Captured, OutputSource};
pub use state::{CommandState, Phase, RunState, StepState};
