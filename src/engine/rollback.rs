//! Undoing what was done, last first.
//!
//! Invariant: each rollback is a step like any, with its own yes; what was not begun is not undone. Refuses to know: what a
//! rollback does.

use super::ahead::Way;
use super::walk::Turn;
use super::{Ending, Engine, EngineError};
use crate::history::{Decision, RunResult, StepResult};
use crate::ident::{Seq, StepId};
use crate::plan::{Step, Undoes};
use crate::ports::{Journal, Kernel, Operator, Talk};

impl<'a, S: Kernel + Journal, O: Operator> Engine<'a, S, O> {
    /// The places of the steps that undo what was done and was not undone since, in the order they are to run: those of
    /// single steps, last first, then those of the whole procedure in order of the document.
    pub(super) fn due_rollbacks(&self) -> Vec<usize> {
        let last = |step: &StepId| self.state.attempts(step).next_back().map(|attempt| attempt.seq);
        let mut single: Vec<(Seq, usize)> = Vec::new();
        let mut whole = Vec::new();
        for place in self.plan.rollbacks() {
            let Some(step) = self.plan.steps.get(place) else { continue };
            let undone = last(&step.id);
            match &step.undoes {
                Some(Undoes::Step(of)) => {
                    single.extend(last(of).filter(|done| undone < Some(*done)).map(|done| (done, place)));
                }
                Some(Undoes::Procedure) => {
                    let others = self.plan.steps.iter().filter(|other| other.undoes.is_none());
                    let done = others.filter_map(|other| last(&other.id)).max();
                    whole.extend(done.filter(|done| undone < Some(*done)).map(|_| place));
                }
                None => {}
            }
        }
        single.sort_unstable_by(|a, b| b.cmp(a));
        single.into_iter().map(|(_, place)| place).chain(whole).collect()
    }

    /// Number and title of those steps.
    pub(super) fn offered_rollbacks(&self) -> Vec<(&'a str, &'a str)> {
        let plan = self.plan;
        let steps = self.due_rollbacks().into_iter().filter_map(|place| plan.steps.get(place));
        steps.map(|step| (step.number.as_str(), step.title.as_str())).collect()
    }

    /// Runs them. An ending, when the run ends in one of them.
    pub(super) fn roll_back(&mut self, failed: &'a Step, number: u32) -> Result<Option<Turn>, EngineError> {
        let due = self.due_rollbacks();
        let why = self.failure_reason();
        self.decide(failed, Some(number), Decision::RollBack, String::new())?;
        // Where it goes on after a rollback is here, not in the plan.
        self.way = Way::default();
        let mut done = 0;
        for place in &due {
            match self.step(*place)? {
                Turn::Next => {}
                Turn::Back => break,
                end @ Turn::End(_) => return Ok(Some(end)),
            }
            self.settle()?;
            let step = self.plan.steps.get(*place).and_then(|step| self.state.steps.get(&step.id));
            done += usize::from(step.is_some_and(|step| step.result != Some(StepResult::Skipped)));
        }
        let notice = format!("rolled back: {done} of {} steps; back at what failed", due.len());
        self.operator.tell(&Talk::Notice(&notice));
        if !self.settings.mode.is_interactive() {
            let reason = format!("{why}; what was done is undone");
            return Ok(Some(Turn::End(Ending { result: RunResult::Failed, reason, next: Some(failed.id.clone()) })));
        }
        Ok(None)
    }
}
