//! The condition that a step waits for: tried until it holds.
//!
//! Invariant: a condition passes a gate of its own each time it is tried. Refuses to know: what the condition is behind.

use super::candidate::{Attempt, Candidate};
use super::outcome::may_be_better;
use super::permission::{Grounds, Permission};
use super::position::CommandPosition;
use super::repetition::RepetitionVerdict;
use super::run::Engine;
use super::settings::{Ending, EngineError};
use crate::history::{CommandFinished, CommandSource, Decision};
use crate::plan::{Command, Retry};
use crate::ports::{Journal, Kernel, Operator, Paused, Reply};

/// Reason to try a condition, in the question about it.
const WHY_ASKED: &str = "the step waits until this succeeds";

/// Why a condition is tried now.
#[derive(Clone, Copy, Debug)]
pub(super) enum WaitReason<'w> {
    /// The command before it was permitted, and came back well.
    After(&'w Permission),
    /// The run was resumed behind the command.
    Resumed,
    /// The condition failed, and this is the reply to the question what to do.
    AfterFailure(&'w Reply),
}

/// Result of waiting for a condition.
pub(super) enum Waited {
    /// It was tried, for the last time with this end.
    Finished(CommandFinished),
    /// It was declined, or cannot be recorded.
    NotTried,
    /// The run ends: the operator stops it, or no flag lets the condition through.
    End(Ending),
}

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// Tries a condition until it holds, there were enough tries, or the operator wants no more.
    pub(super) fn wait_until(
        &mut self,
        at: CommandPosition<'a>,
        condition: &Command,
        reason: WaitReason<'_>,
    ) -> Result<Waited, EngineError> {
        let candidate =
            Candidate { command: condition.clone(), source: CommandSource::Until, decision: Decision::Until };
        let Retry { times, every } = at.step.repeat.polling_tries();
        let mut earlier: Option<Permission> = None;
        let mut last = None;
        let mut time = 0;
        loop {
            let grounds = match earlier.as_ref().map_or(reason, WaitReason::After) {
                WaitReason::After(earlier) => Some(Grounds::Repetition { earlier }),
                WaitReason::AfterFailure(reply) => Some(Grounds::AfterFailure { reply }),
                WaitReason::Resumed => None,
            };
            let permission = match self.permit_repetition(at, condition, grounds, WHY_ASKED)? {
                RepetitionVerdict::Permitted(permission) => permission,
                RepetitionVerdict::Declined => return Ok(last.map_or(Waited::NotTried, Waited::Finished)),
                RepetitionVerdict::End(ending) => return Ok(Waited::End(ending)),
            };
            let command_index = Some(at.recorded_index());
            let attempt = Attempt { step: at.step, command_index, candidate: &candidate, decision: Decision::Until };
            let Some(finished) = self.execute_attempt(&attempt, &permission)? else { return Ok(Waited::NotTried) };
            let again = time < times && may_be_better(&finished.outcome);
            time += 1;
            if !again || self.pause_before(&format!("try {time} of {times}"), "waiting", every)? == Paused::Enough {
                return Ok(Waited::Finished(finished));
            }
            earlier = Some(permission);
            last = Some(finished);
        }
    }
}
