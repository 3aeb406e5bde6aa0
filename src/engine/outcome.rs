//! What follows from a command, from a step, and from an answer that is not about the question.
//!
//! Invariant: these are decisions of control flow; none of them is recorded as such. Refuses to know: the engine.

use super::settings::Ending;
use crate::history::{Outcome, RunResult, StepResult};
use crate::plan::Step;

/// How one command of a step was dealt with.
pub(super) enum CommandOutcome {
    Done,
    PassedOver,
    Skipped,
    /// This command and all after it in the step are skipped.
    RestSkipped,
    /// The whole step is done by other means.
    StepDone,
    /// The run leaves the step.
    Leave(Next),
}

impl CommandOutcome {
    /// The run ends at this step.
    pub(super) fn end_run(result: RunResult, reason: String, step: &Step) -> Self {
        Self::Leave(Next::End(Ending { result, reason, next: Some(step.id.clone()) }))
    }
}

/// Where the run goes after a step.
pub(super) enum Next {
    /// To the step after it.
    Forward,
    /// To the step before it.
    Back,
    /// Nowhere: the run is over.
    End(Ending),
}

/// Consequence of an answer that is not about the question.
pub(super) enum SideAction {
    AskAgain,
    /// The step or the command is skipped, for this reason.
    Skip(String),
    Leave(Next),
}

/// How many commands of a step came to which end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CommandTally {
    pub(super) done: usize,
    pub(super) passed_over: usize,
    pub(super) skipped: usize,
}

impl CommandTally {
    /// Result of a step whose commands ended like this.
    pub(super) fn step_result(self) -> StepResult {
        match (self.done, self.passed_over, self.skipped) {
            (_, 1.., _) => StepResult::DoneWithFailures,
            (0, 0, 1..) => StepResult::Skipped,
            (_, 0, 1..) => StepResult::PartlyRun,
            _ => StepResult::Done,
        }
    }
}

/// True for a failure that a document may pass over: nobody chose this end.
pub(super) fn may_be_passed_over(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::TimedOut)
}

/// True if another try may come out better: the command failed or answered no, and nobody ended it.
pub(super) fn may_be_better(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Negative(_) | Outcome::TimedOut)
}
