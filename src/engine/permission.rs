//! The one judgement on whether a command may run through its gate.
//!
//! Invariant: [`judge_grounds`] alone makes a [`Permission`], for one text behind one gate, and nothing is sent to the session
//! without one. A consent opens a closed gate once: what runs again needs another. Refuses to know: how the operator was
//! asked, and how a command is executed.

use crate::history::{ConsentForm, GatePassed};
use crate::ident::StepId;
use crate::plan::{Consent, Gate, OpeningFlags, RequiredAnswer, Runnable};
use crate::ports::Reply;
use crate::risk::Level;

/// This text may run now. Made by [`judge_grounds`] alone.
#[derive(Debug)]
pub(super) struct Permission {
    runnable: Runnable,
    scope: Scope,
    consent: Consent,
    level: Level,
    /// How the gate was opened, if it was closed.
    opened: Option<OpenedGate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Command,
    RestOfStep,
    Samples,
}

#[derive(Debug)]
struct OpenedGate {
    unknown: bool,
    asked: String,
    form: ConsentForm,
    given: String,
}

impl Permission {
    /// The command that may run.
    pub(super) fn runnable(&self) -> &Runnable {
        &self.runnable
    }

    /// Level of the command's risk, as it was judged.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// True if the rest of the step may run too, until a command needs a question of its own.
    pub(super) fn covers_rest_of_step(&self) -> bool {
        self.scope == Scope::RestOfStep
    }

    /// True if the command is to be run again and again, as a monitor.
    pub(super) fn is_for_samples(&self) -> bool {
        self.scope == Scope::Samples
    }

    /// The fact that says how a closed gate was opened for this execution; `None` for an open one.
    pub(super) fn passed_gate(&self, step: &StepId, command: Option<u32>) -> Option<GatePassed> {
        let opened = self.opened.as_ref()?;
        Some(GatePassed {
            step: step.clone(),
            command,
            level: u32::from(self.level.as_number()),
            unknown: opened.unknown,
            text: self.runnable.text().to_owned(),
            asked: opened.asked.clone(),
            consent: opened.form,
            given: opened.given.clone(),
        })
    }
}

/// Reasons for which a command may be run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grounds<'g> {
    /// The reply to the question about a command, which showed its gate, and reasons to confirm it or none.
    Answered { needs_confirmation: bool, reply: &'g Reply },
    /// The rest of the step was permitted, and this command gave no reason to ask.
    RestOfStep,
    /// The operator typed the command, and was not asked about it.
    Typed,
    /// The answer that an unattended run would get when it comes to this command.
    SentAhead { is_let_through: bool },
    /// The reply to the question what to do after a failure. That question shows no gate, so it opens none.
    AfterFailure { reply: &'g Reply },
    /// Another form of a command that was just permitted: the first sample of what a `watch` repeats.
    InsteadOf { earlier: &'g Permission },
    /// The document repeats a permitted command, or tries a condition behind it. A consent was for one execution.
    Repetition { earlier: &'g Permission },
}

/// Judges if these grounds are enough to run the command through its gate; `None` if they are not. `flags` says which flags of
/// the command line open this gate.
///
/// An adapter brings a consent, never a permission: a reply that is not enough for the gate is none.
pub(super) fn judge_grounds(
    runnable: &Runnable,
    gate: &Gate,
    grounds: Grounds<'_>,
    flags: impl FnOnce() -> Option<OpeningFlags>,
) -> Option<Permission> {
    let (scope, consent) = match grounds {
        Grounds::Answered { needs_confirmation, reply } => match reply {
            Reply::Run(Consent::Enter) | Reply::RunRest | Reply::Monitor if needs_confirmation => return None,
            Reply::Run(consent) => (Scope::Command, consent.clone()),
            Reply::RunRest => (Scope::RestOfStep, Consent::Enter),
            Reply::Monitor => (Scope::Samples, Consent::Enter),
            _ => return None,
        },
        Grounds::RestOfStep => (Scope::RestOfStep, Consent::Enter),
        Grounds::Typed
        | Grounds::SentAhead { is_let_through: true }
        | Grounds::AfterFailure { reply: Reply::Retry } => (Scope::Command, Consent::Enter),
        Grounds::SentAhead { .. } | Grounds::AfterFailure { .. } => return None,
        // A consent is for the text that was asked about.
        Grounds::InsteadOf { earlier } if earlier.runnable.text() == runnable.text() => {
            (earlier.scope, earlier.consent.clone())
        }
        Grounds::InsteadOf { earlier } | Grounds::Repetition { earlier } => (earlier.scope, Consent::Enter),
    };
    let opened = if gate.is_closed() { Some(open_gate(gate, &consent, flags)?) } else { None };
    Some(Permission { runnable: runnable.clone(), scope, consent, level: gate.risk.level, opened })
}

/// How the consent opens a closed gate; `None` if it does not.
fn open_gate(gate: &Gate, consent: &Consent, flags: impl FnOnce() -> Option<OpeningFlags>) -> Option<OpenedGate> {
    let asked = match &gate.required_answer {
        RequiredAnswer::Enter | RequiredAnswer::Yes => "y".to_owned(),
        RequiredAnswer::Typed(name) => name.clone(),
    };
    let (form, given) = match consent {
        Consent::Flags => {
            let OpeningFlags { flags, is_approved } = flags()?;
            (if is_approved { ConsentForm::Approved } else { ConsentForm::Allowed }, flags)
        }
        consent if !gate.is_passed_by(consent) => return None,
        Consent::Typed(typed) => (ConsentForm::Typed, typed.clone()),
        Consent::Yes | Consent::Enter => (ConsentForm::Yes, "y".to_owned()),
    };
    Some(OpenedGate { unknown: gate.risk.unknown, asked, form, given })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Command, Values};

    fn runnable() -> Runnable {
        Command::from_typed_text("rm -rf /srv/old", 1).bind_values(&Values::new()).unwrap()
    }

    fn closed() -> Gate {
        Gate { required_answer: RequiredAnswer::Yes, ..Gate::default() }
    }

    fn judge(gate: &Gate, grounds: Grounds<'_>) -> Option<Permission> {
        judge_grounds(&runnable(), gate, grounds, || None)
    }

    fn answered(reply: &Reply) -> Grounds<'_> {
        Grounds::Answered { needs_confirmation: false, reply }
    }

    #[test]
    fn a_closed_gate_is_passed_by_a_consent_that_is_enough_and_by_nothing_else() {
        let gate = closed();
        assert!(judge(&gate, answered(&Reply::Run(Consent::Yes))).is_some());
        for reply in
            [Reply::Run(Consent::Enter), Reply::Run(Consent::Flags), Reply::RunRest, Reply::Monitor, Reply::Decline]
        {
            assert!(judge(&gate, answered(&reply)).is_none(), "{reply:?}");
        }
        for grounds in [Grounds::RestOfStep, Grounds::Typed, Grounds::SentAhead { is_let_through: true }] {
            assert!(judge(&gate, grounds).is_none(), "{grounds:?}");
        }
    }

    #[test]
    fn what_cannot_be_undone_takes_its_own_name_alone() {
        let gate = Gate { required_answer: RequiredAnswer::Typed("/srv/old".to_owned()), ..Gate::default() };
        let passes = |consent| judge(&gate, answered(&Reply::Run(consent))).is_some();
        assert!(passes(Consent::Typed(" /srv/old".to_owned())));
        assert!(!passes(Consent::Typed("/srv/new".to_owned())));
        assert!(!passes(Consent::Yes) && !passes(Consent::Enter));
    }

    #[test]
    fn a_reason_to_confirm_takes_more_than_enter_at_an_open_gate() {
        let gate = Gate::default();
        let passes = |reply: &Reply| judge(&gate, Grounds::Answered { needs_confirmation: true, reply }).is_some();
        assert!(passes(&Reply::Run(Consent::Yes)));
        assert!(!passes(&Reply::Run(Consent::Enter)) && !passes(&Reply::RunRest) && !passes(&Reply::Monitor));
    }

    #[test]
    fn an_operators_consent_opens_a_closed_gate_once() {
        let yes = judge(&closed(), answered(&Reply::Run(Consent::Yes))).unwrap();
        assert!(judge(&closed(), Grounds::Repetition { earlier: &yes }).is_none());
        assert!(judge(&Gate::default(), Grounds::Repetition { earlier: &yes }).is_some());
    }

    #[test]
    fn flags_open_the_gate_that_they_are_for_and_repeat_nothing() {
        let opening = || Some(OpeningFlags { flags: "--allow destructive".to_owned(), is_approved: false });
        let by_flags = |grounds: Grounds<'_>| judge_grounds(&runnable(), &closed(), grounds, opening);
        let first = by_flags(answered(&Reply::Run(Consent::Flags))).unwrap();
        let fact = first.passed_gate(&StepId::new("s"), Some(0)).unwrap();
        assert_eq!((fact.consent, &*fact.given, &*fact.asked), (ConsentForm::Allowed, "--allow destructive", "y"));
        assert!(by_flags(Grounds::Repetition { earlier: &first }).is_none());
        assert!(judge(&closed(), answered(&Reply::Run(Consent::Flags))).is_none());
    }

    #[test]
    fn only_the_retry_key_runs_a_failed_command_again_and_no_closed_gate_takes_it() {
        let retry = Grounds::AfterFailure { reply: &Reply::Retry };
        assert!(judge(&Gate::default(), retry).is_some());
        assert!(judge(&Gate::default(), Grounds::AfterFailure { reply: &Reply::GoOn }).is_none());
        assert!(judge(&closed(), retry).is_none());
    }
}
