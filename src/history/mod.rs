//! The facts of runs and incidents, the outcome of a command, and the state of a run that its facts add up to.
//!
//! A new fact needs its struct and variant in `fact`, its line in the table in `fields`, and, if it changes the state, an arm in
//! [`RunState::apply_event`]. Writing, reading and masking follow from the table.
//!
//! Invariant: [`RunState::apply_event`] is the only transition, for a live run and for a journal read back, so resuming
//! cannot drift from running. Refuses to know: files, JSON, the terminal, who recorded a fact or will show it.

mod fact;
mod fields;
mod incident;
mod incident_rules;
mod outcome;
mod output;
mod parts;
pub(crate) mod record;
mod runbook_identity;
#[cfg(test)]
pub(crate) mod samples;
mod state;
mod texts;
mod words;

pub use fact::{
    ChoiceMade, CommandFinished, CommandSource, CommandStarted, ConsentForm, Decided, Decision, EngineLost, Event,
    Fact, GatePassed, InputGiven, InputOrigin, LeftRunning, MessageFilled, Mode, NoteAdded, Other, OutputCompared,
    RecordFailed, Redacted, RunFinished, RunResult, RunResumed, RunStarted, ShellDied, ShellStarted, StateLost,
    StepEntered, StepFinished, StepForm, StepResult,
};
pub use incident::{
    Escalated, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentJoined, IncidentOpened, Milestone,
    Noted, Reached, RunJoined, SeverityChanged, StatusSent, StatusWritten, UnknownMilestone,
};
pub use incident_rules::{
    Contact, EscalationStep, IncidentRules, PostMortem, Response, Seconds, Severity, UpdateInterval,
};
pub use outcome::{Answer, Answers, End, Outcome, judge_end};
pub use output::{Captured, OutputSource};
pub use runbook_identity::RunbookIdentity;
pub use state::{CommandState, Phase, RunState, StepState};
