//! The one judgement on whether a command may run through its gate.
//!
//! Invariant: [`judge_grounds`] alone makes a [`Permission`], and nothing is sent to the session without one. Refuses to know: how the
//! operator was asked, and how a command is executed.

use crate::history::Outcome;
use crate::plan::{Consent, Gate};
use crate::ports::Reply;

/// A command may run. Made by [`judge_grounds`] alone.
#[derive(Debug)]
pub(super) struct Permission {
    scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Command,
    RestOfStep,
    Samples,
}

impl Permission {
    /// True if the rest of the step may run too, until a command needs a question of its own.
    pub(super) fn covers_rest_of_step(&self) -> bool {
        self.scope == Scope::RestOfStep
    }

    /// True if the command is to be run again and again, as a monitor.
    pub(super) fn is_for_samples(&self) -> bool {
        self.scope == Scope::Samples
    }
}

/// Reasons for which a command may be run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grounds<'g> {
    /// The reply to the question about a command of a step, which showed this gate, and reasons to confirm it or none.
    Answered { gate: &'g Gate, needs_confirmation: bool, reply: &'g Reply },
    /// The rest of the step was permitted, and this command gave no reason to ask.
    RestOfStep { gate: &'g Gate },
    /// A command that is not part of the document; `None` if it was not asked about.
    OwnCommand { gate: &'g Gate, reply: Option<&'g Reply> },
    /// The answer that an unattended run would get when it comes to this command.
    SentAhead { gate: &'g Gate, is_let_through: bool },
    /// The reply to the question what to do after a failure. That question shows no gate, so it opens none.
    AfterFailure { gate: &'g Gate, reply: &'g Reply },
    /// The document repeats a permitted command after this outcome.
    Repetition { gate: &'g Gate, outcome: &'g Outcome, earlier: &'g Permission },
    /// The condition behind a permitted command: the command's question was about both.
    Condition { earlier: &'g Permission },
    /// The condition behind a command that ran before the run was resumed. Nobody is asked again.
    ResumedCondition,
}

/// Judges if these grounds are enough to run the command through its gate; `None` if they are not.
///
/// An adapter brings a consent, never a permission: a reply that is not enough for the gate is none.
pub(super) fn judge_grounds(grounds: Grounds<'_>) -> Option<Permission> {
    let scope = match grounds {
        Grounds::Answered { gate, needs_confirmation, reply } => {
            let is_open = !gate.is_closed() && !needs_confirmation;
            match reply {
                Reply::Run(consent) => {
                    let is_confirmed = !needs_confirmation || *consent != Consent::Enter;
                    (is_confirmed && gate.is_passed_by(consent)).then_some(Scope::Command)
                }
                Reply::RunRest => is_open.then_some(Scope::RestOfStep),
                Reply::Monitor => is_open.then_some(Scope::Samples),
                _ => None,
            }
        }
        Grounds::RestOfStep { gate } => (!gate.is_closed()).then_some(Scope::RestOfStep),
        Grounds::OwnCommand { gate, reply: None } => (!gate.is_closed()).then_some(Scope::Command),
        Grounds::OwnCommand { gate, reply: Some(reply) } => match reply {
            Reply::Run(consent) => gate.is_passed_by(consent).then_some(Scope::Command),
            Reply::RunRest => (!gate.is_closed()).then_some(Scope::Command),
            _ => None,
        },
        Grounds::SentAhead { gate, is_let_through } => (is_let_through && !gate.is_closed()).then_some(Scope::Command),
        Grounds::AfterFailure { gate, reply } => {
            (*reply == Reply::Retry && !gate.is_closed()).then_some(Scope::Command)
        }
        // What failed behind a gate needs another yes; an answer like "no match" does not.
        Grounds::Repetition { gate, outcome, earlier } => {
            (outcome.allows_next_command() || !gate.is_closed()).then_some(earlier.scope)
        }
        Grounds::Condition { earlier } => Some(earlier.scope),
        Grounds::ResumedCondition => Some(Scope::Command),
    };
    scope.map(|scope| Permission { scope })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::RequiredAnswer;

    fn closed() -> Gate {
        Gate { required_answer: RequiredAnswer::Yes, ..Gate::default() }
    }

    #[test]
    fn a_closed_gate_is_passed_by_a_consent_that_is_enough_and_by_nothing_else() {
        let gate = closed();
        let passes = |reply: &Reply| {
            judge_grounds(Grounds::Answered { gate: &gate, needs_confirmation: false, reply }).is_some()
        };
        assert!(passes(&Reply::Run(Consent::Yes)));
        for reply in [Reply::Run(Consent::Enter), Reply::RunRest, Reply::Monitor, Reply::Decline] {
            assert!(!passes(&reply), "{reply:?}");
        }
        assert!(judge_grounds(Grounds::RestOfStep { gate: &gate }).is_none());
        assert!(judge_grounds(Grounds::OwnCommand { gate: &gate, reply: None }).is_none());
        assert!(judge_grounds(Grounds::SentAhead { gate: &gate, is_let_through: true }).is_none());
    }

    #[test]
    fn what_cannot_be_undone_takes_its_own_name_alone() {
        let gate = Gate { required_answer: RequiredAnswer::Typed("/srv/old".to_owned()), ..Gate::default() };
        let passes = |consent| {
            let reply = &Reply::Run(consent);
            judge_grounds(Grounds::Answered { gate: &gate, needs_confirmation: true, reply }).is_some()
        };
        assert!(passes(Consent::Typed("/srv/old".to_owned())));
        assert!(!passes(Consent::Typed("/srv/new".to_owned())));
        assert!(!passes(Consent::Yes) && !passes(Consent::Enter));
    }

    #[test]
    fn enter_does_not_confirm_what_the_document_or_a_guess_makes_doubtful() {
        let gate = &Gate::default();
        let passes = |reply| judge_grounds(Grounds::Answered { gate, needs_confirmation: true, reply }).is_some();
        assert!(passes(&Reply::Run(Consent::Yes)));
        assert!(!passes(&Reply::Run(Consent::Enter)) && !passes(&Reply::RunRest) && !passes(&Reply::Monitor));
    }

    #[test]
    fn a_failure_behind_a_closed_gate_is_not_repeated_by_itself() {
        let (open, closed) = (Gate::default(), closed());
        let earlier = &judge_grounds(Grounds::ResumedCondition).unwrap();
        let repeats = |gate| judge_grounds(Grounds::Repetition { gate, outcome: &Outcome::Failed, earlier }).is_some();
        assert!(repeats(&open));
        assert!(!repeats(&closed));
    }

    #[test]
    fn only_the_retry_key_runs_a_failed_command_again_and_no_closed_gate_takes_it() {
        let (open, closed) = (&Gate::default(), &closed());
        assert!(judge_grounds(Grounds::AfterFailure { gate: open, reply: &Reply::Retry }).is_some());
        assert!(judge_grounds(Grounds::AfterFailure { gate: open, reply: &Reply::GoOn }).is_none());
        assert!(judge_grounds(Grounds::AfterFailure { gate: closed, reply: &Reply::Retry }).is_none());
    }
}
