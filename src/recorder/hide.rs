//! Secrets kept out of the texts of facts.
//!
//! Invariant: every text of a fact passes here before it is written or sent. Refuses to know: what a secret is for.

use crate::history::{CommandSource, Fact};
use crate::ident::{Anchor, StepId};
use crate::mask::Masker;

/// Takes the secrets out of every text of a fact.
pub(super) fn without_secrets(fact: &mut Fact, masker: &Masker) {
    let hide = |text: &mut String| {
        if let std::borrow::Cow::Owned(masked) = masker.text(text) {
            *text = masked;
        }
    };
    if let Some(step) = step_of(fact)
        && let std::borrow::Cow::Owned(masked) = masker.text(step.as_str())
    {
        *step = StepId::new(masked);
    }
    match fact {
        Fact::RunStarted(started) => {
            for text in [&mut started.runbook.path, &mut started.runbook.title, &mut started.procedure_title] {
                hide(text);
            }
            for text in [&mut started.host, &mut started.user, &mut started.cwd] {
                hide(text);
            }
            started.flags.iter_mut().for_each(hide);
            // Anchors and steps are named after headings.
            let mut anchor = started.procedure.as_str().to_owned();
            hide(&mut anchor);
            started.procedure = Anchor::new(anchor);
        }
        Fact::ShellStarted(shell) => {
            hide(&mut shell.program);
            hide(&mut shell.version);
        }
        Fact::ShellDied(died) => hide(&mut died.how),
        Fact::StateLost(lost) => hide(&mut lost.what),
        Fact::LeftRunning(left) => left.processes.iter_mut().for_each(hide),
        Fact::StepEntered(entered) => {
            hide(&mut entered.title);
            hide(&mut entered.number);
            entered.headings.iter_mut().for_each(hide);
        }
        Fact::Decided(decided) => hide(&mut decided.reason),
        Fact::InputGiven(input) => hide(&mut input.value),
        Fact::CommandStarted(started) => {
            hide(&mut started.text);
            match &mut started.source {
                CommandSource::Edited(original)
                | CommandSource::Placed(original)
                | CommandSource::Sampled(original) => {
                    hide(original);
                }
                CommandSource::Document | CommandSource::Own | CommandSource::Until => {}
            }
        }
        // Its output was masked as it came.
        Fact::CommandFinished(finished) => hide(&mut finished.cwd),
        Fact::OutputCompared(compared) => hide(&mut compared.expected),
        Fact::NoteAdded(note) => hide(&mut note.text),
        Fact::ChoiceMade(choice) => {
            hide(&mut choice.question);
            choice.option.iter_mut().for_each(hide);
        }
        Fact::MessageFilled(message) => hide(&mut message.text),
        Fact::EngineLost(lost) => hide(&mut lost.then),
        Fact::RunResumed(resumed) => {
            hide(&mut resumed.user);
            hide(&mut resumed.host);
            resumed.lost.iter_mut().for_each(hide);
        }
        Fact::Redacted(redacted) => hide(&mut redacted.reason),
        Fact::RecordFailed(failed) => hide(&mut failed.why),
        Fact::RunFinished(finished) => hide(&mut finished.reason),
        Fact::IncidentJoined(joined) => {
            hide(&mut joined.severity);
            hide(&mut joined.title);
        }
        Fact::Other(other) => other.fields.values_mut().for_each(hide),
        // An incident's own facts are written, masked, by `incident`, never by a recorder.
        Fact::StepFinished(_) | Fact::Incident(_) => {}
    }
}

fn step_of(fact: &mut Fact) -> Option<&mut StepId> {
    match fact {
        Fact::StepEntered(entered) => Some(&mut entered.step),
        Fact::Decided(decided) => Some(&mut decided.step),
        Fact::InputGiven(input) => input.step.as_mut(),
        Fact::CommandStarted(started) => Some(&mut started.step),
        Fact::NoteAdded(note) => note.step.as_mut(),
        Fact::MessageFilled(message) => Some(&mut message.step),
        Fact::StepFinished(finished) => Some(&mut finished.step),
        Fact::RunFinished(finished) => finished.next.as_mut(),
        _ => None,
    }
}
